//===- Passes.td - passes from kernels to a program -----------*- tablegen -*-===//
//
// The catalogue of the passes from `scheduled` to `llvm`, in the order in which the compiler runs them.
//
//===----------------------------------------------------------------------===//

#ifndef RES_LOWERING_PASSES_TD
#define RES_LOWERING_PASSES_TD

include "mlir/Pass/PassBase.td"

class Res_LoweringPass<string argument> : Pass<argument, "::mlir::ModuleOp"> {
  let dependentDialects = ["::res::ResDialect", "::mlir::LLVM::LLVMDialect"];
}

def WriteInPlacePass : Res_LoweringPass<"res-write-in-place"> {
  let summary = "let the sum that closes a residual block take the place of its addend";
  let description = [{
    A kernel gets `in_place`, the number of the input that its result overwrites: one that its epilogue reads, of the
    result's type and layout, whose last use this is, and which is neither an input nor an output of the model. Only where
    the schedules of all targets store each element once: tiles that are shifted inwards at the border would add twice.

    A block whose first stage reads the addend, too, gets it once more, as the input that is overwritten: where serial bands
    read rows of it before they store to them.
  }];
  let statistics = [Statistic<"numInPlace", "num-in-place", "kernels that overwrite an input">];
}

def OutlineKernelsPass : Res_LoweringPass<"res-outline-kernels"> {
  let summary = "make a private function of every different kernel, and calls of the kernels";
  let description = [{
    Kernels that agree in operations, types and schedules share one function, named after what it computes, such as
    `res_f32_conv3x3s2_relu_64x56x56_128x28x28`. `res.scratch` of a function is the scratch that its schedule needs, in
    bytes: outside parallel loops, and inside them for each worker.
  }];
  let statistics = [Statistic<"numShared", "num-shared", "kernels that found their function already there">];
}

def PlanMemoryPass : Res_LoweringPass<"res-plan-memory"> {
  let summary = "give every tensor its place in the arena and every weight its place in the weights section";
  let description = [{
    A tensor lives from the call that writes it to the last call that reads it; programs for one image and for several, of
    which one runs at a time, each have the whole arena. Weights lie in the order of the calls
    that read them first. `@main` gets the totals: `res.arena_bytes`, `res.arena_lower_bound_bytes` (the most that is
    live at any step) and `res.weights_bytes`.
  }];
}

def LowerToLLVMPass : Res_LoweringPass<"res-lower-to-llvm"> {
  let summary = "turn the planned program into the driver in the LLVM dialect";
  let description = [{
    One function per call, which fills the `host` fields of the kernel's buffer descriptors (all that a kernel reads)
    and calls it; a table of these; and the constant description of the model that the runtime's C API hands out.
  }];
}

#endif // RES_LOWERING_PASSES_TD
