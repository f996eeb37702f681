//===- KernelWork.h - what a kernel computes, for people --------*- C++ -*-===//

#ifndef RES_COMPILER_LINK_KERNELWORK_H
#define RES_COMPILER_LINK_KERNELWORK_H

#include "dialect/Res.h"

#include <string>

namespace res {

/// Multiply-adds of all convolutions and gemms below an operation as their definitions have them, padding included.
int64_t countMacs(mlir::Operation *root);

/// Those that kernels of this schedule execute: F(m x m, 3x3) needs (m + 2)^2 for each tile of m x m outputs instead of
/// 9 m^2, also for tiles that reach beyond the map, and bands compute rows that two of them need twice. The additions of its
/// transforms are not counted.
int64_t countExecutedMacs(mlir::Operation *root, mlir::Attribute schedule);

/// "direct", "winograd4" (its tile), "dense", "map"; "" without a schedule.
std::string algorithmName(mlir::Attribute schedule);

/// What layers of one shape share: window, stride, channels and the input's map, as "3x3s1 256@14",
/// "1x1s2 1024-2048@14", "3x3s1 128g32@28" (groups), "gemm 512-1000", "max_pool 64@112".
std::string describeLayer(mlir::Operation *anchor);

} // namespace res

#endif // RES_COMPILER_LINK_KERNELWORK_H
