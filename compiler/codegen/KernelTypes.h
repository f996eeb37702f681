//===- KernelTypes.h - the IR as algorithms and schedules see it *- C++ -*-===//
//
// Types, windows and schedules of the dialect in the plain numbers of Algorithm.h and the cost model.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_CODEGEN_KERNELTYPES_H
#define RES_COMPILER_CODEGEN_KERNELTYPES_H

#include "compiler/codegen/Algorithm.h"
#include "dialect/Res.h"

namespace res {

inline mlir::RankedTensorType typeOf(mlir::Value value) { return mlir::cast<mlir::RankedTensorType>(value.getType()); }

/// Tensors of other ranks than 4 are matrices in code: the first dimension by all others, vectors one row. Innermost first.
std::vector<int> matrixOf(mlir::RankedTensorType type);

TensorSize sizeOf(mlir::Value value);
Window2 windowOf(WindowAttr window);

/// What res.slice and res.pad select; tensors of rank 2 have the first two dimensions.
Selection selectionOf(mlir::Operation *op);

/// Extents of a tensor in memory, innermost first. With `flat` a blocked map is one row.
std::vector<int> extentsOf(mlir::RankedTensorType type, bool flat);

DirectSchedule readSchedule(DirectAttr attr);
GroupedSchedule readSchedule(GroupedAttr attr);
/// The group of blocks is the packed filter's: it may be that of another target's schedule.
WinogradSchedule readSchedule(WinogradAttr attr, mlir::RankedTensorType filter);

} // namespace res

#endif // RES_COMPILER_CODEGEN_KERNELTYPES_H
