//===- Pipeline.h - the phases of a compilation -----------------*- C++ -*-===//

#ifndef RES_COMPILER_PIPELINE_PIPELINE_H
#define RES_COMPILER_PIPELINE_PIPELINE_H

#include "dialect/Res.h"

#include "mlir/Pass/PassManager.h"

#include <optional>

namespace res {

/// What holds after each phase is told in dialect/Rationale.md.
enum class Phase { imported, fused, decided, scheduled, planned, llvm };

inline constexpr llvm::StringLiteral kPhaseNames[] = {"imported", "fused", "decided", "scheduled", "planned", "llvm"};

std::optional<Phase> parsePhase(llvm::StringRef name);
inline llvm::StringRef getName(Phase phase) { return kPhaseNames[unsigned(phase)]; }

/// The phase that a module's `res.phase` says it completed; none when it says nothing known.
std::optional<Phase> getPhase(mlir::ModuleOp module);

/// Appends the passes that complete `phase`, one phase after the one before, and the note of it in the module.
void addPhase(mlir::OpPassManager &passes, Phase phase);

/// Runs all phases after the module's own up to `last`. `instrument` may add instrumentation to the pass manager.
mlir::LogicalResult runPhases(mlir::ModuleOp module, Phase last,
                              llvm::function_ref<void(mlir::PassManager &)> instrument);

} // namespace res

#endif // RES_COMPILER_PIPELINE_PIPELINE_H
