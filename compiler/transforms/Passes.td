//===- Passes.td - passes on tensors --------------------------*- tablegen -*-===//
//
// The catalogue of the passes from `imported` to `scheduled`, in the order in which the compiler runs them.
//
//===----------------------------------------------------------------------===//

#ifndef RES_TRANSFORMS_PASSES_TD
#define RES_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

class Res_Pass<string argument> : Pass<argument, "::mlir::ModuleOp"> {
  let dependentDialects = ["::res::ResDialect"];
}

//===----------------------------------------------------------------------===//
// imported -> fused
//===----------------------------------------------------------------------===//

def FoldBatchNormPass : Res_Pass<"res-fold-batch-norm"> {
  let summary = "fold batch normalisation into the weights of the layer before it";
  let description = [{
    A batch normalisation (or `res.affine`) whose input is a convolution or a transposed gemm with no other user becomes
    part of its weights:

    ```
    %c = res.conv %x, %w window<3x3>
    %n = res.batch_norm %c, %gamma, %beta, %mean, %variance epsilon 1.0e-05
    ==>
    %scale, %shift = res.batch_norm_affine %gamma, %beta, %mean, %variance epsilon 1.0e-05
    %v = res.scale_channels %w by %scale
    %n = res.conv %x, %v bias %shift window<3x3>
    ```

    An existing bias b becomes `b * scale + shift`. Every other batch normalisation becomes `res.affine`, and `res.affine` of
    `res.affine` becomes one.
  }];
  let statistics = [Statistic<"numFolded", "num-folded", "normalisations folded into weights">];
}

def SubsampleShortcutPass : Res_Pass<"res-subsample-shortcut"> {
  let summary = "let strided 1x1 shortcuts read a copy of the pixels that they need";
  let description = [{
    ```
    %s = res.conv %x, %w window<1x1, stride = 2x2>
    ==>
    %p = res.slice %x from [0, 0, 0, 0] by [1, 1, 2, 2]
    %s = res.conv %p, %w window<1x1>
    ```
    where something else reads all of %x. A quarter of the map waits for the shortcut instead of the whole: in ResNet-50 the
    block that is the peak needs 4.4 MB instead of 5.2 MB.
  }];
  let statistics = [Statistic<"numSubsampled", "num-subsampled", "shortcuts that read a copy">];
}

def FormKernelsPass : Res_Pass<"res-form-kernels"> {
  let summary = "put every operation on activations into a kernel of its own";
  let description = [{
    Weights stay outside and become inputs of the kernel. Kernels with `res.relayout` stand where maps cross the border of
    the model: between an input and an elementwise operation, and before an output, so that each output has a kernel of
    its own that writes it row-major.
  }];
}

def PlaceViewsPass : Res_Pass<"res-place-views"> {
  let summary = "let concatenations, reshapes and slices lie where their operands lie";
  let description = [{
    A kernel that only moves elements gets `res.view` where they can stay where they are: a concatenation of whole blocks of
    channels for one image, whose inputs are then written one behind the other; a reshape that keeps the order in memory; a
    slice of whole leading parts. Where an input of a concatenation cannot lie there (it is an input of the model, or beside
    something else already), the concatenation reads a copy of it.
  }];
  let statistics = [Statistic<"numViews", "num-views", "kernels that are views">,
                    Statistic<"numCopied", "num-copied", "inputs of concatenations that are copies">];
}

def FuseEpiloguePass : Res_Pass<"res-fuse-epilogue"> {
  let summary = "move elementwise kernels of one activation into the kernel that computes it";
  let description = [{
    `conv` followed by `relu` becomes one kernel with both, provided that nothing else reads the convolution's result.
    Elementwise kernels of several activations take in the elementwise kernels that compute for them alone, so that
    `x * sigmoid(x)` is one kernel of one activation, which joins the kernel of x.
  }];
  let statistics = [Statistic<"numFused", "num-fused", "kernels fused into their producer">];
}

def FuseResidualAddPass : Res_Pass<"res-fuse-residual-add"> {
  let summary = "move an addition of two activations into the kernel of one of them";
  let description = [{
    The addition that closes a residual block joins the kernel of the convolution that is computed last, as long as
    nothing else reads that convolution's result; the other addend becomes an input of the kernel. So do gates and any
    elementwise work on several activations, of which one of the result's size is computed for it alone:

    ```
    %c = res.kernel(%x, %w) { conv }
    %s = res.kernel(%a = %c, %b = %shortcut) { add %a, %b }
    ==>
    %s = res.kernel(%x, %w, %b = %shortcut) { add (conv), %b }
    ```
  }];
  let statistics = [Statistic<"numFused", "num-fused", "additions fused into a producer">];
}

def OrderKernelsPass : Res_Pass<"res-order-kernels"> {
  let summary = "put independent kernels into the order in which the fewest bytes are live";
  let description = [{
    Branches of a block may run one after the other or in turns. Of all possible orders one with the smallest peak of live
    bytes is taken, where a sum may take the place of an addend that dies (res-write-in-place). Kernels keep their order
    where another does not lower the peak of the whole network.
  }];
  let statistics = [Statistic<"numMoved", "num-moved", "kernels that are another step than before">];
}

//===----------------------------------------------------------------------===//
// fused -> decided -> scheduled
//===----------------------------------------------------------------------===//

def SplitBatchPass : Res_Pass<"res-split-batch"> {
  let summary = "let a batch go through the network in turns of some images";
  let description = [{
    Where the activations of all images do not stay in the caches from layer to layer, `@main` becomes the network for a few
    images, with `res.turns` for the number of times that it is run:

    ```
    func.func @main(%x: tensor<8x3x224x224xf32>) -> tensor<8x1000xf32> {
    ==>
    func.func @main(%x: tensor<2x3x224x224xf32>) -> tensor<2x1000xf32> attributes {res.turns = 4 : i64} {
    ```

    Nothing changes where operations move data from image to image.

    In a model of any batch (`res.any_batch`) it is `@main_together` that becomes the network for fewer images, if any; it goes
    where that is one image, as in `@main`, and under a limit of the memory. That images meet is an error then.
  }];
  let options = [Option<"images", "images", "int64_t", "0", "images in a turn; default: what the cost model chooses">];
}

def DecideSchedulesPass : Res_Pass<"res-decide-schedules"> {
  let summary = "annotate every kernel with its schedule, its layouts and the estimate that decided them";
  let description = [{
    Nothing but attributes changes: `schedules` by instruction set, `layouts` of the results, `estimate_us`. Kernels that
    carry schedules for the target already keep them, so an edited dump of this phase is a schedule file.
  }];
  let options = [Option<"target", "target", "std::string", "\"\"",
                        "instruction sets to decide for, with commas; default: the module's res.target">];
}

def DecideBandsPass : Res_Pass<"res-decide-bands"> {
  let summary = "decide which kernels of a block are computed together, in bands of rows";
  let description = [{
    Weighs, for neighbouring kernels of which each is the only reader of the one before, the time that it costs to compute
    them together (rows that bands share, schedules that they have only alone, less what traffic and barriers cost) against
    what is live at the same time. `res.tile_bottlenecks` of the module says `auto`, `always` or `never`, `res.memory_limit`
    asks for a smaller peak at any price. Writes `res.bands`, the schedules of the stages, and `res.remark` with the numbers.
    Kernels that have `res.bands` already keep them, and then nothing else is decided.
  }];
}

def SharePackingPass : Res_Pass<"res-share-packing"> {
  let summary = "let all batches read one packing of the weights";
  let description = [{
    In a model of any batch, kernels of `@main_together` whose schedules want their weights in another order than those of
    `@main` get schedules that read that order; bands that they are computed in are given up. Nothing but attributes changes.
  }];
  let statistics = [Statistic<"numChanged", "num-changed", "kernels with another schedule than before">];
}

def TileBottleneckPass : Res_Pass<"res-tile-bottleneck"> {
  let summary = "merge the kernels of a block that were decided to be computed together, band by band";
  let description = [{
    A kernel with `res.bands` takes the kernels before it into its region. The maps between them are no tensors any more,
    a band of their rows lives in scratch:

    ```
    %a = res.kernel(%x, %w1) { conv 1x1, relu }    schedules = {v4 = S1}
    %b = res.kernel(%a, %w2) { conv 3x3, relu }    schedules = {v4 = S2}
    %c = res.kernel(%b, %w3, %x) { conv 1x1, add, relu }    schedules = {v4 = S3}, res.bands = <stages = 3, rows = 28, step = 4>
    ==>
    %c = res.kernel(%x, %w1, %w2, %w3) { conv, relu, conv, relu, conv, add, relu }
           schedules = {v4 = #res.banded<rows = 28, step = 4, stages = [S1, S2, S3]>}
    ```
  }];
  let statistics = [Statistic<"numMerged", "num-merged", "kernels merged into the one that reads their result">];
}

def ApplyLayoutsPass : Res_Pass<"res-apply-layouts"> {
  let summary = "put the decided layouts into the types";
}

def PackWeightsPass : Res_Pass<"res-pack-weights"> {
  let summary = "give every kernel its weights in the order in which its schedule reads them";
}

#endif // RES_TRANSFORMS_PASSES_TD
