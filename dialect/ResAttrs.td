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
    - `staging`: `none` reads the input in place, `whole` copies it once with its padding into scratch, `rows` copies
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

#endif // RES_ATTRS_TD
