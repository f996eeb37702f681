//===- ResAttrs.td - attributes of the res dialect ------------*- tablegen -*-===//
//
// Windows, layouts, packings of weights and schedules of kernels.
//
//===----------------------------------------------------------------------===//

#ifndef RES_ATTRS_TD
#define RES_ATTRS_TD

include "dialect/ResDialect.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/TensorEncoding.td"

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

def Res_WindowAttr : Res_Attr<"Window", "window"> {
  let summary = "the window of a convolution or a pooling";
  let description = [{
    `#res.window<3x3, stride = 2x2, pad = [1, 1, 1, 1], dilation = 1x1>`; what equals its default is left out. Pads are
    in ONNX's order: the beginnings of all axes, then the ends. Windows may have any rank, and pads may not be negative.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$kernel, ArrayRefParameter<"int64_t">:$strides,
                    ArrayRefParameter<"int64_t">:$pads, ArrayRefParameter<"int64_t">:$dilations);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Elements the dilated window spans on an axis.
    int64_t getSpan(unsigned axis) const { return (getKernel()[axis] - 1) * getDilations()[axis] + 1; }
    int64_t getPadBegin(unsigned axis) const { return getPads()[axis]; }
    int64_t getPadEnd(unsigned axis) const { return getPads()[getKernel().size() + axis]; }
    bool hasPads() const;
    bool hasDilations() const;
  }];
}

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

def Res_BlockedAttr : Res_Attr<"Blocked", "blocked", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "channels in blocks, innermost in memory";
  let description = [{
    The encoding of `tensor<NxCxHxWxf32, #res.blocked<16>>`: memory holds `[N][ceil(C/16)][H][W][16]`. The type's shape
    stays the logical one. Lanes beyond C hold finite values, whatever they are: whoever reads them multiplies by zero
    or discards the result.
  }];
  let parameters = (ins "int64_t":$block);
  let assemblyFormat = "`<` $block `>`";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Packings of weights
//===----------------------------------------------------------------------===//

def Res_PackConvAttr : Res_Attr<"PackConv", "pack_conv"> {
  let summary = "convolution filters in the order a direct kernel reads them";
  let description = [{
    `[K][C][R][S]` becomes `[ceil(K/16)][ceil(C/inner)][R][S][inner][16]` for block 16, zero beyond K and C. `inner` is
    the block of the input's layout, or C for an input in NCHW.
  }];
  let parameters = (ins "int64_t":$block, "int64_t":$inner);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Res_PackWinogradAttr : Res_Attr<"PackWinograd", "pack_winograd"> {
  let summary = "3x3 filters, transformed for Winograd convolutions F(tile x tile, 3x3)";
  let description = [{
    `U = G g G^T` of every 3x3 filter g, `points = tile + 2` squared numbers, in the order the multiplications read them:
    `[K][C][3][3]` becomes `[ceil(K/(16*blocks))][points][points][ceil(C/16)][16][blocks][16]` for block 16, zero beyond K
    and C. (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016.)
  }];
  let parameters = (ins "int64_t":$block, "int64_t":$blocks, "int64_t":$tile);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Res_PackTapsAttr : Res_Attr<"PackTaps", "pack_taps"> {
  let summary = "3x3 filters for Winograd convolutions that transform them themselves";
  let description = [{
    `[K][C][R][S]` becomes `[ceil(K/(16*blocks))][ceil(C/16)][16][blocks][R][S][16]` for block 16, zero beyond K and C: the
    taps of one input channel are together.
  }];
  let parameters = (ins "int64_t":$block, "int64_t":$blocks);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Res_PackDenseAttr : Res_Attr<"PackDense", "pack_dense"> {
  let summary = "matrix of a fully connected layer, one stream for each group of output blocks";
  let description = [{
    The K x C matrix (`transposed = false`: C x K) becomes `[ceil(K/(16*blocks))][C][blocks][16]` for block 16, zero
    beyond K.
  }];
  let parameters = (ins "int64_t":$block, "int64_t":$blocks, "bool":$transposed);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Res_PackVectorAttr : Res_Attr<"PackVector", "pack_vector"> {
  let summary = "a vector over channels, padded with zeros to a multiple of `multiple`";
  let parameters = (ins "int64_t":$multiple);
  let assemblyFormat = "`<` struct(params) `>`";
}

//===----------------------------------------------------------------------===//
// Schedules of kernels
//===----------------------------------------------------------------------===//

def Res_Order : I32EnumAttr<"Order", "which loops are outermost", [
    I32EnumAttrCase<"channels", 0>, I32EnumAttrCase<"space", 1>]> {
  let cppNamespace = "::res";
  let genSpecializedAttr = 0;
}

def Res_Staging : I32EnumAttr<"Staging", "where the padded input is staged", [
    I32EnumAttrCase<"none", 0>, I32EnumAttrCase<"whole", 1>, I32EnumAttrCase<"rows", 2>]> {
  let cppNamespace = "::res";
  let genSpecializedAttr = 0;
}

def Res_DirectAttr : Res_Attr<"Direct", "direct"> {
  let summary = "schedule of a direct convolution";
  let description = [{
    One register tile is `blocks` blocks of 16 output channels times `pixels` pixels of a row; its whole reduction stays
    in registers, `unroll` input channels at a time.

    - `order`: `channels` puts groups of channel blocks outermost (their weights stay in the caches while the map streams
      by), `space` the rows.
    - `flat`: a 1x1 convolution treats the map as one row of H*W pixels.
    - `staging`: `none` reads the input in place (a padded one only if it is blocked: tiles at the border then have code
      of their own), `whole` copies it once with its padding into scratch, `rows` copies
      the rows that a task of `rows` output rows needs.
    - `rows`: output rows (flat: register tiles) in a task when space is outermost.
    - `chunk`: blocks of input channels in a pass over the map, with partial sums in memory between passes; 0: all in one.
      Weights that come cold are then read once, at the pace of the arithmetic. Only with channels outermost.
  }];
  let parameters = (ins "int64_t":$blocks, "int64_t":$pixels, "int64_t":$unroll, EnumParameter<Res_Order>:$order,
                    "bool":$flat, EnumParameter<Res_Staging>:$staging, "int64_t":$rows,
                    "int64_t":$chunk);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Res_GroupedAttr : Res_Attr<"Grouped", "grouped"> {
  let summary = "schedule of a depthwise or grouped convolution whose groups share blocks of channels";
  let description = [{
    A lane is an output channel, whose group may differ from its neighbour's: each channel of a group is read as a vector
    that holds for every lane the channel of its own group. A register tile is `pixels` pixels of a row of one block.

    - `whole`: all rows of the window are unrolled, so that its weights stay in registers; else they are a loop.
    - `blocks`, `rows`: blocks of output channels and output rows in a task.

    The maps are blocked, and the filter is packed as #res.direct reads it, with `inner` the channels of a group.
  }];
  let parameters = (ins "int64_t":$pixels, "bool":$whole, "int64_t":$blocks, "int64_t":$rows);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Res_TransformedWeights : I32EnumAttr<"TransformedWeights", "where weights are transformed", [
    I32EnumAttrCase<"stored", 0>, I32EnumAttrCase<"registers", 1>, I32EnumAttrCase<"panels", 2>]> {
  let cppNamespace = "::res";
  let genSpecializedAttr = 0;
}

def Res_WinogradAttr : Res_Attr<"Winograd", "winograd"> {
  let summary = "schedule of a Winograd convolution F(tile x tile, 3x3)";
  let description = [{
    The map is cut into tiles of `tile` x `tile` outputs. A macro block of `macro_columns` x `macro_rows` tiles transforms
    its input once; then for each group of `blocks` blocks of 16 output channels (tile + 2)^2 small matrices are multiplied
    and the results transformed back, with the epilogue, into the output.

    - `columns`, `rows`: tiles of a register tile, times `blocks` blocks.
    - `chunk`: blocks of input channels in a pass over the tiles of a macro block, with sums in memory between passes, so
      that weights stream at the pace of the arithmetic; 0: all in one.
    - `unroll`: input channels in a step of the innermost loop.
    - `weights`: `stored` reads transformed weights (`#res.pack_winograd`). The others read 3x3 weights
      (`#res.pack_taps`): `registers` transforms those of a channel for all columns of a tile at once; `panels` those of a
      pass and group before the pass where the map is one macro block, else all of them at the beginning.
    - `images`: a macro block has the maps of all images of the batch, and a register tile `images` of them, so that weights
      are read or transformed once for all. 0, the default: one image after the other.
  }];
  let parameters = (ins "int64_t":$tile, "int64_t":$blocks, "int64_t":$columns, "int64_t":$rows,
                    "int64_t":$macro_columns, "int64_t":$macro_rows, "int64_t":$chunk, "int64_t":$unroll,
                    EnumParameter<Res_TransformedWeights>:$weights, DefaultValuedParameter<"int64_t", "0">:$images);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Res_DenseAttr : Res_Attr<"Dense", "dense"> {
  let summary = "schedule of a fully connected layer";
  let description = [{
    A task computes `blocks` blocks of 16 outputs, `unroll` inputs at a time; its part of the matrix is one stream.
  }];
  let parameters = (ins "int64_t":$blocks, "int64_t":$unroll);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Res_MapAttr : Res_Attr<"Map", "map"> {
  let summary = "schedule of everything that is bound by memory: pooling, elementwise, reshape";
  let description = [{
    Vectors run along the block of channels (or the innermost dimension of other layouts), a task is `rows` rows; 0
    means one task for all, which is the choice for work that is smaller than waking the other threads.
  }];
  let parameters = (ins "int64_t":$pixels, "int64_t":$rows);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Res_BandsAttr : Res_Attr<"Bands", "bands"> {
  let summary = "decision to compute kernels together, in bands of rows";
  let description = [{
    `res.bands = #res.bands<stages = 3, rows = 28, step = 4>` on a kernel stands for: it becomes one kernel with the two
    before it, each of which is read by the next alone, as its first input. Rows, and `serial`, are as in #res.banded.
  }];
  let parameters = (ins "int64_t":$stages, "int64_t":$rows, "int64_t":$step, DefaultValuedParameter<"bool", "false">:$serial);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Res_BandedAttr : Res_Attr<"Banded", "banded"> {
  let summary = "schedule of a kernel with several anchors";
  let description = [{
    The anchors are the stages of the kernel, each reads the result of the one before it. Tasks are bands of `rows` rows of
    the last result, computed in steps of `step` rows; the results of the others stay in scratch, as many rows as a step
    reads, and a step computes those that the one before it has not. `stages` holds the schedule of each; what they say of
    tasks (`rows` of #res.direct and #res.map) does not count.

    With `serial` the bands come one after the other, and each stage computes its rows of a band in tasks of its own, of
    `step` rows in the last stage, of `rows` of its schedule in the others: all caches serve one stage at a time, as if it
    were a kernel. Rows that the next band reads, too, stay, so that none is computed twice.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$step, DefaultValuedParameter<"bool", "false">:$serial,
                    ArrayRefParameter<"::mlir::Attribute">:$stages);
  let assemblyFormat = [{
    `<` `rows` `=` $rows `,` `step` `=` $step `,` `stages` `=` `[` $stages `]` (`,` `serial` `=` $serial^)? `>`
  }];
}

//===----------------------------------------------------------------------===//
// Elementwise functions
//===----------------------------------------------------------------------===//

// A new one is a line here, one where code is generated (codegen/EmitElementwise), one in the reference (ReferenceUnary) and one
// where models are read (onnx/ops/ImportUnary).
def Res_UnaryFunction : I32EnumAttr<"UnaryFunction", "a function of one number", [
    I32EnumAttrCase<"abs", 0>,           // |x|
    I32EnumAttrCase<"celu", 1>,          // max(x, 0) + min(alpha (exp(x / alpha) - 1), 0)
    I32EnumAttrCase<"clip", 2>,          // min(max(x, alpha), beta)
    I32EnumAttrCase<"elu", 3>,           // x where x > 0, else alpha (exp(x) - 1)
    I32EnumAttrCase<"erf", 4>,
    I32EnumAttrCase<"exp", 5>,
    I32EnumAttrCase<"gelu", 6>,          // x (1 + erf(x / sqrt(2))) / 2
    I32EnumAttrCase<"gelu_tanh", 7>,     // x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
    I32EnumAttrCase<"hard_sigmoid", 8>,  // min(max(alpha x + beta, 0), 1)
    I32EnumAttrCase<"hard_swish", 9>,    // x min(max(x / 6 + 1 / 2, 0), 1)
    I32EnumAttrCase<"leaky_relu", 10>,   // x where x > 0, else alpha x
    I32EnumAttrCase<"mish", 11>,         // x tanh(softplus(x))
    I32EnumAttrCase<"reciprocal", 12>,   // 1 / x
    I32EnumAttrCase<"selu", 13>,         // beta x where x > 0, else beta alpha (exp(x) - 1)
    I32EnumAttrCase<"sigmoid", 14>,      // 1 / (1 + exp(-x))
    I32EnumAttrCase<"softplus", 15>,     // log(1 + exp(x))
    I32EnumAttrCase<"softsign", 16>,     // x / (1 + |x|)
    I32EnumAttrCase<"sqrt", 17>,
    I32EnumAttrCase<"swish", 18>,        // x / (1 + exp(-alpha x))
    I32EnumAttrCase<"tanh", 19>]> {
  let cppNamespace = "::res";
  let genSpecializedAttr = 0;
}
def Res_UnaryFunctionAttr : EnumAttr<Res_Dialect, Res_UnaryFunction, "unary"> {
  let assemblyFormat = "$value";
}

def Res_BinaryFunction : I32EnumAttr<"BinaryFunction", "a function of two numbers", [
    I32EnumAttrCase<"add", 0>, I32EnumAttrCase<"sub", 1>, I32EnumAttrCase<"mul", 2>, I32EnumAttrCase<"div", 3>,
    I32EnumAttrCase<"max", 4>, I32EnumAttrCase<"min", 5>]> {
  let cppNamespace = "::res";
  let genSpecializedAttr = 0;
}
def Res_BinaryFunctionAttr : EnumAttr<Res_Dialect, Res_BinaryFunction, "binary"> {
  let assemblyFormat = "$value";
}

#endif // RES_ATTRS_TD
