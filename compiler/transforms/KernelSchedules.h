//===- KernelSchedules.h - the cost model's answers about a kernel *- C++ -*-===//

#ifndef RES_COMPILER_TRANSFORMS_KERNELSCHEDULES_H
#define RES_COMPILER_TRANSFORMS_KERNELSCHEDULES_H

#include "compiler/analysis/TargetModel.h"
#include "compiler/analysis/WinogradChoice.h"
#include "dialect/Res.h"

namespace res {

/// A schedule and its estimate in microseconds.
struct Decision {
  mlir::Attribute schedule;
  double estimate;
};

/// What a module says that it prefers.
Prefer preferenceOf(mlir::ModuleOp module);

/// What the cost model chooses for a kernel whose layouts are decided. `packed` is a schedule for another target, which has
/// decided how weights are packed; fails where `target` cannot read them so. Or it is null, and then `others` will follow.
/// `sameBlocks`: the choice is the first for this kernel, so that its own blocks say how its weights are packed.
mlir::FailureOr<Decision> chooseSchedule(KernelOp kernel, const TargetModel &target, Prefer prefer,
                                         llvm::ArrayRef<TargetModel> others = {}, mlir::Attribute packed = {},
                                         bool sameBlocks = false);

/// The schedule of a kernel as a stage of a banded one. A Winograd schedule that it has stays where `mayTransform`; other
/// convolutions become direct ones whose tasks are rows.
Decision chooseStageSchedule(KernelOp kernel, const TargetModel &target, bool mayTransform);

/// The schedules worth measuring for a kernel on its only target, the choice first. Equal kernels have equal lists.
/// Algorithms other than direct ones are among them when the module's `res.math` is fast.
llvm::SmallVector<Decision> listSchedules(KernelOp kernel, const TargetModel &target);

/// Writes a decision beside the kernel, in the place of an earlier one for the target.
void setSchedule(KernelOp kernel, const TargetModel &target, const Decision &decision);

} // namespace res

#endif // RES_COMPILER_TRANSFORMS_KERNELSCHEDULES_H
