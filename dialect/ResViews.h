//===- ResViews.h - results that are no copies ------------------*- C++ -*-===//
//
// Concatenations, reshapes and slices whose result lies in memory just as their operands do. As long as kernels are
// regions, such a one is a kernel with the attribute `res.view`; in phase `planned` it stands in @main as it is.
//
//===----------------------------------------------------------------------===//

#ifndef RES_DIALECT_RESVIEWS_H
#define RES_DIALECT_RESVIEWS_H

#include "dialect/Res.h"

namespace res {

/// Of a kernel: its only operation moves nothing.
inline constexpr llvm::StringLiteral kViewAttr = "res.view";

inline bool isView(KernelOp kernel) { return kernel->hasAttr(kViewAttr); }

/// True for the result of a kernel that is a view, or that a view is of.
bool isOfView(mlir::Value value);

/// True for the operation of a view outside of kernels.
bool isViewOp(mlir::Operation *op);

/// Parts of a memory row begin at multiples of this, as everything in the arena does.
inline constexpr int64_t kViewAlignment = 64;

/// For an operation on tensors `from` whose result `to` can be a view of them: the byte at which each operand begins,
/// counted from the first byte of the result (negative where the result is a slice of the operand). nullopt where elements
/// have to move. Types are those with layouts.
std::optional<llvm::SmallVector<int64_t>> getViewOffsets(mlir::Operation *op, llvm::ArrayRef<mlir::RankedTensorType> from,
                                                         mlir::RankedTensorType to);
/// The same with the operation's own types.
std::optional<llvm::SmallVector<int64_t>> getViewOffsets(mlir::Operation *op);

/// A tensor that no view makes, and where it begins, in bytes counted from a value that it is part of.
struct ViewPart {
  mlir::Value value;
  int64_t offset;
};
/// What a value outside of kernels consists of: itself, or, of a view, the parts in their order. Views have to be ones
/// (getViewOffsets).
llvm::SmallVector<ViewPart> getViewParts(mlir::Value value);

} // namespace res

#endif // RES_DIALECT_RESVIEWS_H
