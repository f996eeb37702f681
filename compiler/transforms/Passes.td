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

    An existing bias b becomes `b * scale + shift`. Every other batch normalisation becomes `res.affine`.
  }];
  let statistics = [Statistic<"numFolded", "num-folded", "normalisations folded into weights">];
}

def FormKernelsPass : Res_Pass<"res-form-kernels"> {
  let summary = "put every operation on activations into a kernel of its own";
  let description = [{
    Weights stay outside and become inputs of the kernel. Kernels with `res.relayout` stand where maps cross the border of
    the model: between an input and an elementwise operation, and before an output, so that each output has a kernel of
    its own that writes it row-major.
  }];
}

def FuseEpiloguePass : Res_Pass<"res-fuse-epilogue"> {
  let summary = "move elementwise kernels of one activation into the kernel that computes it";
  let description = [{
    `conv` followed by `relu` becomes one kernel with both, provided that nothing else reads the convolution's result.
  }];
  let statistics = [Statistic<"numFused", "num-fused", "kernels fused into their producer">];
}

def FuseResidualAddPass : Res_Pass<"res-fuse-residual-add"> {
  let summary = "move an addition of two activations into the kernel of one of them";
  let description = [{
    The addition that closes a residual block joins the kernel of the convolution that is computed last, as long as
    nothing else reads that convolution's result; the other addend becomes an input of the kernel:

    ```
    %c = res.kernel(%x, %w) { conv }
    %s = res.kernel(%a = %c, %b = %shortcut) { add %a, %b }
    ==>
    %s = res.kernel(%x, %w, %b = %shortcut) { add (conv), %b }
    ```
  }];
  let statistics = [Statistic<"numFused", "num-fused", "additions fused into a producer">];
}

//===----------------------------------------------------------------------===//
// fused -> decided -> scheduled
//===----------------------------------------------------------------------===//

def DecideSchedulesPass : Res_Pass<"res-decide-schedules"> {
  let summary = "annotate every kernel with its schedule, its layouts and the estimate that decided them";
  let description = [{
    Nothing but attributes changes: `schedules` by instruction set, `layouts` of the results, `estimate_us`. Kernels that
    carry schedules for the target already keep them, so an edited dump of this phase is a schedule file.
  }];
  let options = [Option<"target", "target", "std::string", "\"\"",
                        "instruction sets to decide for, with commas; default: the module's res.target">];
}

def ApplyLayoutsPass : Res_Pass<"res-apply-layouts"> {
  let summary = "put the decided layouts into the types";
}

def PackWeightsPass : Res_Pass<"res-pack-weights"> {
  let summary = "give every kernel its weights in the order in which its schedule reads them";
}

#endif // RES_TRANSFORMS_PASSES_TD
