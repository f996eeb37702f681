//===- CheckMemory.h - what a plan of the memory must hold ------*- C++ -*-===//

#ifndef RES_COMPILER_LOWERING_CHECKMEMORY_H
#define RES_COMPILER_LOWERING_CHECKMEMORY_H

#include "dialect/Res.h"

namespace res {

/// Runs a planned @main over an arena that remembers who wrote each byte: every call must find what it reads as it was
/// written, and may write over one of its inputs only as `over` says. Its scratch lies in the workspace, apart from all
/// that, for 1, 2, 8 and the most threads and where it moves as they get more. Knows nothing of lifetimes, which the
/// planner works with. Emits an error at the first call that does not hold. Offsets must be there and lie in the arena.
llvm::LogicalResult checkMemory(mlir::func::FuncOp main);

} // namespace res

#endif // RES_COMPILER_LOWERING_CHECKMEMORY_H
