//===- Scratch.h - scratch memory of kernels --------------------*- C++ -*-===//

#ifndef RES_COMPILER_LOWERING_SCRATCH_H
#define RES_COMPILER_LOWERING_SCRATCH_H

#include "compiler/analysis/Bands.h"
#include "dialect/Res.h"

#include "res/abi.h"

namespace res {

/// Bytes of scratch that the schedules of a kernel allocate, the most over all instruction sets.
struct Scratch {
  int64_t shared = 0; // outside parallel loops, by the calling worker
  int64_t worker = 0; // inside them, by each worker
};

/// The anchors of a body as bands see their rows.
llvm::SmallVector<BandStage> getBandStages(mlir::Block &body, BandedAttr schedule);

/// Whether a kernel of several stages may overwrite the input of its first stage with its result, by all of its schedules:
/// serial bands that read ahead (readsAhead). The loads and the stores of such a place are in functions of their own, the tasks
/// of two parallel loops: Halide tells LLVM that parameters do not alias, which holds within each.
bool overwritesItsInput(mlir::Block &body, mlir::DictionaryAttr schedules);

/// The need of a stage of a banded kernel for itself, such as a padded copy of its input, when `rows` of its result are
/// computed in a step. `group`: blocks that its packed Winograd filter has together.
int64_t computeStageScratch(mlir::Operation *anchor, mlir::Attribute schedule, int64_t group, const BandRows &rows);

/// What a call's kernel needs (its kScratchAttr), or nothing.
Scratch getScratch(CallOp call);

/// The same with its place, as the runtime reads it.
res_abi_scratch getScratchPlace(CallOp call);

/// Bytes of the workspace of a planned program: arena, and scratch above what is live in each step.
int64_t getWorkspaceBytes(mlir::func::FuncOp main, uint32_t threads);
/// The most of all programs, of which one runs at a time.
int64_t getWorkspaceBytes(mlir::ModuleOp planned, uint32_t threads);

/// The need of a kernel with layouts and schedules. Code generation compares what Halide allocates with it.
Scratch computeScratch(KernelOp kernel);

/// Bytes of the workspace beside arena and scratch: the state of an instance.
int64_t getStateBytes(uint32_t threads);

} // namespace res

#endif // RES_COMPILER_LOWERING_SCRATCH_H
