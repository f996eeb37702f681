//===- ResOps.td - operations of the res dialect --------------*- tablegen -*-===//
//
// Weights and pure functions of them, operations on activations, kernels and calls.
//
//===----------------------------------------------------------------------===//

#ifndef RES_OPS_TD
#define RES_OPS_TD

include "dialect/ResAttrs.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Res_Tensor : Type<CPred<"::llvm::isa<::mlir::RankedTensorType>($_self) && "
                            "::llvm::all_of(::llvm::cast<::mlir::RankedTensorType>($_self).getShape(), "
                            "               [](int64_t size) { return size > 0; })">,
                      "tensor with a static shape and elements", "::mlir::RankedTensorType">;
def Res_Tensor4 : Type<And<[Res_Tensor.predicate,
                                      CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getRank() == 4">]>,
                                 "NxCxHxW tensor with a static shape", "::mlir::RankedTensorType">;
def Res_Tensor2 : Type<And<[Res_Tensor.predicate,
                                      CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getRank() == 2">]>,
                                 "NxC tensor with a static shape", "::mlir::RankedTensorType">;
def Res_Vector : Type<And<[Res_Tensor.predicate,
                                     CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getRank() == 1">]>,
                                "vector over channels", "::mlir::RankedTensorType">;

//===----------------------------------------------------------------------===//
// Weights: sources and pure functions, evaluated in double precision while they are packed
//===----------------------------------------------------------------------===//

class Res_WeightOp<string m, list<Trait> traits = []> : Res_Op<m, !listconcat([Pure], traits)>;

def Res_WeightRefOp : Res_WeightOp<"weight"> {
  let summary = "a tensor that lies in a file";
  let description = [{
    `%w = res.weight "conv1.weight" in "resnet18.onnx" at 1042 : tensor<64x3x7x7xf32>` stands for the little-endian,
    row-major values at a byte offset of a file. Offsets need no alignment. A relative path starts at the folder of the
    `.mlir` file (importers write absolute ones).
  }];
  let arguments = (ins StrAttr:$name, StrAttr:$file, I64Attr:$offset);
  let results = (outs Res_Tensor:$result);
  let assemblyFormat = "$name `in` $file `at` $offset attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Res_ConstantOp : Res_WeightOp<"constant", [ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "a small tensor in the text";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Res_Tensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

def Res_BatchNormAffineOp : Res_WeightOp<"batch_norm_affine",
    [AllTypesMatch<["gamma", "beta", "mean", "variance", "scale", "shift"]>]> {
  let summary = "batch normalisation as one multiplication and one addition";
  let description = [{
    `scale = gamma / sqrt(variance + epsilon)`, `shift = beta - mean * scale`.
  }];
  let arguments = (ins Res_Vector:$gamma, Res_Vector:$beta, Res_Vector:$mean, Res_Vector:$variance, F32Attr:$epsilon);
  let results = (outs Res_Vector:$scale, Res_Vector:$shift);
  let assemblyFormat = "$gamma `,` $beta `,` $mean `,` $variance `epsilon` $epsilon attr-dict `:` type($scale)";
}

def Res_ScaleChannelsOp : Res_WeightOp<"scale_channels", [AllTypesMatch<["weight", "result"]>]> {
  let summary = "multiplies each slice of the first dimension by its factor";
  let arguments = (ins Res_Tensor:$weight, Res_Vector:$scale);
  let results = (outs Res_Tensor:$result);
  let assemblyFormat = "$weight `by` $scale attr-dict `:` type($weight) `,` type($scale)";
  let hasVerifier = 1;
}

def Res_ScaleShiftOp : Res_WeightOp<"scale_shift", [AllTypesMatch<["vector", "scale", "shift", "result"]>]> {
  let summary = "vector * scale + shift";
  let arguments = (ins Res_Vector:$vector, Res_Vector:$scale, Res_Vector:$shift);
  let results = (outs Res_Vector:$result);
  let assemblyFormat = "$vector `,` $scale `,` $shift attr-dict `:` type($result)";
}

def Res_PhaseFilterOp : Res_WeightOp<"phase_filter"> {
  let summary = "the filter of a transposed convolution as that of a convolution with stride 1";
  let description = [{
    A transposed convolution scatters input i by tap r to output `i * stride - pad + r * dilation`. Outputs of one phase,
    their position modulo the stride, are a convolution of the input; all phases together are one whose filters are
    computed here from the transposed one, `[C][K / groups][R][S]`: with F the number of phases,

    `result[f * K + k][c][j…] = weight[c][k][(f… + pads… - strides… * (j… - before…)) / dilations…]`,

    0 where that is no integer or no tap. With `interleaved` it is filter `k * F + f`, which groups need.
  }];
  let arguments = (ins Res_Tensor4:$weight, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations,
                   DenseI64ArrayAttr:$before, DefaultValuedAttr<I64Attr, "1">:$groups, UnitAttr:$interleaved);
  let results = (outs Res_Tensor4:$result);
  let assemblyFormat = [{
    $weight `stride` $strides `pad` $pads `dilation` $dilations `before` $before (`interleaved` $interleaved^)? attr-dict
    `:` type($weight) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Res_PackOp : Res_WeightOp<"pack"> {
  let summary = "weights in the order in which a kernel reads them";
  let description = [{
    The result type is the packed one, `offset` its place in the weights section of the artifact (phase `planned`).
  }];
  let arguments = (ins Res_Tensor:$weight, AnyAttr:$packing, OptionalAttr<I64Attr>:$offset);
  let results = (outs Res_Tensor:$result);
  let assemblyFormat = "$weight `:` type($weight) `->` type($result) `as` $packing (`at` $offset^)? attr-dict";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Operations with a window
//===----------------------------------------------------------------------===//

def Res_ConvOp : Res_Op<"conv", [Pure]> {
  let summary = "convolution, NCHW by KCRS";
  let description = [{
    Filter `[K][C / groups][R][S]`, or packed (`res.pack`), when `channels` of the result is the number of filters.
  }];
  let arguments = (ins Res_Tensor4:$input, Res_Tensor:$filter, Optional<Res_Vector>:$bias, Res_WindowAttr:$window,
                   DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs Res_Tensor4:$output);
  let assemblyFormat = [{
    $input `,` $filter (`bias` $bias^)? `window` `` $window attr-dict `:` functional-type(operands, $output)
  }];
  let hasVerifier = 1;
}

def Res_MaxPoolOp : Res_Op<"max_pool", [Pure]> {
  let summary = "maximum over a window; what lies in the padding does not count";
  let arguments = (ins Res_Tensor4:$input, Res_WindowAttr:$window);
  let results = (outs Res_Tensor4:$output);
  let assemblyFormat = "$input `window` `` $window attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Res_AvgPoolOp : Res_Op<"avg_pool", [Pure]> {
  let summary = "mean over a window";
  let description = [{
    The divisor is the number of elements of the window inside the map, or all of them with `count_include_pad`.
  }];
  let arguments = (ins Res_Tensor4:$input, Res_WindowAttr:$window, UnitAttr:$count_include_pad);
  let results = (outs Res_Tensor4:$output);
  let assemblyFormat = "$input `window` `` $window (`count_include_pad` $count_include_pad^)? attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Res_GlobalAvgPoolOp : Res_Op<"global_avg_pool", [Pure]> {
  let summary = "mean over the whole map";
  let arguments = (ins Res_Tensor4:$input);
  let results = (outs Res_Tensor4:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Other anchors
//===----------------------------------------------------------------------===//

def Res_GemmOp : Res_Op<"gemm", [Pure]> {
  let summary = "fully connected layer";
  let description = [{
    `output[n][k] = sum over c of input[n][c] * weight[k][c] + bias[k]`; without `transposed` the weight is `[c][k]`. A
    packed weight (`res.pack`) has rank 4.
  }];
  let arguments = (ins Res_Tensor2:$input, Res_Tensor:$weight, Optional<Res_Vector>:$bias, UnitAttr:$transposed);
  let results = (outs Res_Tensor2:$output);
  let assemblyFormat = [{
    $input `,` $weight (`bias` $bias^)? (`transposed` $transposed^)? attr-dict `:` functional-type(operands, $output)
  }];
  let hasVerifier = 1;
}

def Res_SoftmaxOp : Res_Op<"softmax", [Pure, AllTypesMatch<["input", "output"]>]> {
  let summary = "exp(x - max) / sum, along the second dimension of an NxC tensor";
  let arguments = (ins Res_Tensor2:$input);
  let results = (outs Res_Tensor2:$output);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Res_LrnOp : Res_Op<"lrn", [Pure, AllTypesMatch<["input", "output"]>]> {
  let summary = "local response normalisation across channels";
  let description = [{
    `output[c] = input[c] / (bias + alpha / size * sum of input[i]^2)^beta` at each pixel, over the channels i from
    `c - (size - 1) / 2` to `c + size / 2` (rounded down) that there are. The bias is positive and alpha not negative.
  }];
  let arguments = (ins Res_Tensor4:$input, I64Attr:$size, F32Attr:$alpha, F32Attr:$beta, F32Attr:$bias);
  let results = (outs Res_Tensor4:$output);
  let assemblyFormat = "$input `size` $size `alpha` $alpha `beta` $beta `bias` $bias attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Res_ReshapeOp : Res_Op<"reshape", [Pure]> {
  let summary = "the same elements in row-major order under another shape";
  let arguments = (ins Res_Tensor:$input);
  let results = (outs Res_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Res_RelayoutOp : Res_Op<"relayout", [Pure]> {
  let summary = "the same tensor in another layout, or a copy";
  let arguments = (ins Res_Tensor:$input);
  let results = (outs Res_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Res_SliceOp : Res_Op<"slice", [Pure]> {
  let summary = "every so many-th element along each dimension";
  let description = [{
    `result[i…] = input[offsets + i * strides …]`; strides may be negative. The size of the result says where it ends.
  }];
  let arguments = (ins Res_Tensor:$input, DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$strides);
  let results = (outs Res_Tensor:$output);
  let assemblyFormat = "$input `from` $offsets `by` $strides attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Res_PadOp : Res_Op<"pad", [Pure]> {
  let summary = "the input inside a larger tensor of one value";
  let description = [{
    `result[i…] = input[i - low …]` where that lies in the input, `value` elsewhere. The size of the result says how much
    lies behind the input; negative `low` crops.
  }];
  let arguments = (ins Res_Tensor:$input, DenseI64ArrayAttr:$low, F32Attr:$value);
  let results = (outs Res_Tensor:$output);
  let assemblyFormat = "$input `at` $low `with` $value attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Res_ConcatOp : Res_Op<"concat", [Pure]> {
  let summary = "tensors one behind the other along an axis";
  let description = [{
    At least one input; all have one rank, and one shape but for the axis: `res.concat %a, %b along 1`.
  }];
  let arguments = (ins Variadic<Res_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs Res_Tensor:$output);
  let assemblyFormat = "$inputs `along` $axis attr-dict `:` functional-type($inputs, $output)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Res_ResizeOp : Res_Op<"resize", [Pure]> {
  let summary = "a map of another height and width, of the nearest pixels or between them";
  let description = [{
    `rows` and `columns` are `[step, first, divisor]`: row i of the result lies at `(step * i + first) / divisor` of the
    input. The result is the pixel at the integer below, or with `linear` between that and the next one, by the fraction.
    Pixels beyond a border are those at it. Other roundings are part of `first`:
    `res.resize %x rows [1, 0, 2] columns [1, 0, 2]` repeats every pixel.
  }];
  let arguments = (ins Res_Tensor4:$input, UnitAttr:$linear, DenseI64ArrayAttr:$rows, DenseI64ArrayAttr:$columns);
  let results = (outs Res_Tensor4:$output);
  let assemblyFormat = "$input (`linear` $linear^)? `rows` $rows `columns` $columns attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Res_DepthToSpaceOp : Res_Op<"depth_to_space", [Pure]> {
  let summary = "channels as pixels";
  let description = [{
    With `factors` FyxFx and K channels of the result, pixel (y, x) of channel k is pixel (y / Fy, x / Fx) of channel
    `f * K + k`, with `interleaved` of channel `k * Fy * Fx + f`, where `f = (y mod Fy) * Fx + x mod Fx`. The result may lack
    some of the last Fy - 1 rows and Fx - 1 columns.
  }];
  let arguments = (ins Res_Tensor4:$input, DenseI64ArrayAttr:$factors, UnitAttr:$interleaved);
  let results = (outs Res_Tensor4:$output);
  let assemblyFormat = "$input `by` $factors (`interleaved` $interleaved^)? attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Elementwise: these fuse into the kernel of an anchor
//===----------------------------------------------------------------------===//

class Res_ElementwiseOp<string m, list<Trait> traits = []> : Res_Op<m, !listconcat([Pure], traits)>;

def Res_BatchNormOp : Res_ElementwiseOp<"batch_norm",
    [AllTypesMatch<["input", "output"]>, AllTypesMatch<["gamma", "beta", "mean", "variance"]>]> {
  let summary = "batch normalisation with stored statistics, over dimension 1";
  let arguments = (ins Res_Tensor:$input, Res_Vector:$gamma, Res_Vector:$beta, Res_Vector:$mean, Res_Vector:$variance,
                   F32Attr:$epsilon);
  let results = (outs Res_Tensor:$output);
  let assemblyFormat = [{
    $input `,` $gamma `,` $beta `,` $mean `,` $variance `epsilon` $epsilon attr-dict `:` type($input) `,` type($gamma)
  }];
  let hasVerifier = 1;
}

def Res_AffineOp : Res_ElementwiseOp<"affine", [AllTypesMatch<["input", "output"]>, AllTypesMatch<["scale", "shift"]>]> {
  let summary = "input * scale + shift, over dimension 1";
  let arguments = (ins Res_Tensor:$input, Res_Vector:$scale, Res_Vector:$shift);
  let results = (outs Res_Tensor:$output);
  let assemblyFormat = "$input `,` $scale `,` $shift attr-dict `:` type($input) `,` type($scale)";
  let hasVerifier = 1;
}

def Res_ReluOp : Res_ElementwiseOp<"relu", [SameOperandsAndResultType, Idempotent]> {
  let summary = "max(x, 0)";
  let arguments = (ins Res_Tensor:$input);
  let results = (outs Res_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input)";
  let hasFolder = 1;
}

def Res_AddOp : Res_ElementwiseOp<"add", [SameOperandsAndResultType, Commutative]> {
  let summary = "elementwise sum";
  let arguments = (ins Res_Tensor:$lhs, Res_Tensor:$rhs);
  let results = (outs Res_Tensor:$output);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($output)";
}

def Res_BinaryOp : Res_ElementwiseOp<"binary"> {
  let summary = "a function of two tensors, of which one may be read again and again";
  let description = [{
    `res.binary mul %x, %gate : (tensor<1x64x56x56xf32>, tensor<1x64x1x1xf32>) -> tensor<1x64x56x56xf32>`: where an operand
    has one image, channel, or one row and column, and the result more, it is read for all of them. Rows and columns go
    together: an operand has all of the result's or one of each.
  }];
  let arguments = (ins Res_BinaryFunctionAttr:$function, Res_Tensor:$lhs, Res_Tensor:$rhs);
  let results = (outs Res_Tensor:$output);
  let assemblyFormat = "`` $function $lhs `,` $rhs attr-dict `:` functional-type(operands, $output)";
  let hasVerifier = 1;
}

def Res_PReluOp : Res_ElementwiseOp<"prelu", [AllTypesMatch<["input", "output"]>]> {
  let summary = "input where it is positive, else input * slope, over dimension 1";
  let arguments = (ins Res_Tensor:$input, Res_Vector:$slope);
  let results = (outs Res_Tensor:$output);
  let assemblyFormat = "$input `,` $slope attr-dict `:` type($input) `,` type($slope)";
  let hasVerifier = 1;
}

def Res_UnaryOp : Res_ElementwiseOp<"unary", [SameOperandsAndResultType]> {
  let summary = "a function of each element";
  let description = [{
    `res.unary clip %x alpha 0.0 beta 6.0 : tensor<1x64x56x56xf32>`. What `alpha` and `beta` are tells the list of functions;
    they are left out where they are 0.
  }];
  let arguments = (ins Res_UnaryFunctionAttr:$function, Res_Tensor:$input, DefaultValuedAttr<F32Attr, "0.0f">:$alpha,
                   DefaultValuedAttr<F32Attr, "0.0f">:$beta);
  let results = (outs Res_Tensor:$output);
  let assemblyFormat = "`` $function $input (`alpha` $alpha^)? (`beta` $beta^)? attr-dict `:` type($output)";
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

def Res_KernelOp : Res_Op<"kernel", [IsolatedFromAbove, SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "operations that one compiled function computes together";
  let description = [{
    A region with one anchor (a convolution, a pooling, a gemm ...) and the elementwise operations that fused with it:

    ```
    %2 = res.kernel(%x = %0 : tensor<1x64x56x56xf32>, %w = %1 : tensor<64x64x1x1xf32>) -> tensor<1x64x56x56xf32> {
      %c = res.conv %x, %w window<1x1> : (...) -> tensor<1x64x56x56xf32>
      %r = res.relu %c : tensor<1x64x56x56xf32>
      res.yield %r : tensor<1x64x56x56xf32>
    }
    ```

    Kernels are not pure: two that are equal stay two, as each writes a place of its own.

    Phase `decided` adds `schedules`, a schedule for each instruction set of the target; `layouts` of the results; and
    `estimate_us`, the estimate that decided. In phase `planned`, before kernels are outlined, `in_place` is the number of
    the input whose place in memory the result takes: every element of it is read and then overwritten by the same store.
  }];
  let arguments = (ins Variadic<Res_Tensor>:$inputs, OptionalAttr<DictionaryAttr>:$schedules,
                   OptionalAttr<ArrayAttr>:$layouts, OptionalAttr<F64Attr>:$estimate_us,
                   OptionalAttr<I64Attr>:$in_place);
  let results = (outs Variadic<Res_Tensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    YieldOp getYield();
    ::mlir::Operation *getAnchor();
  }];
}

def Res_YieldOp : Res_Op<"yield", [Pure, Terminator, ReturnLike, HasParent<"KernelOp">]> {
  let summary = "the results of a kernel";
  let arguments = (ins Variadic<Res_Tensor>:$values);
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def Res_CallOp : Res_Op<"call", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs an outlined kernel";
  let description = [{
    `%2 = res.call @k3(%0, %1) at [802816] : (…) -> tensor<…>`: phase `planned` gives the byte offset of each result in
    the arena; -1 stands for a result that is written to the output of the model that returns it.

    `res.call @k3(%0, %1, %2) over 2 at [802816]`: the result takes the place of input 2, of which this is the last use. The
    kernel, whose `res.in_place` says the same, gets one address for both.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<Res_Tensor>:$inputs, OptionalAttr<DenseI64ArrayAttr>:$offsets,
                   OptionalAttr<I64Attr>:$in_place);
  let results = (outs Variadic<Res_Tensor>:$outputs);
  let assemblyFormat = [{
    $callee `(` $inputs `)` (`over` $in_place^)? (`at` $offsets^)? attr-dict `:` functional-type($inputs, $outputs)
  }];
  let hasVerifier = 1;
}

#endif // RES_OPS_TD
