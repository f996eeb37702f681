//===- ResShapes.h - shape inference ----------------------------*- C++ -*-===//
//
// Result shapes of the operations whose result differs from their operands. Importers build types with these, verifiers
// compare with them.
//
//===----------------------------------------------------------------------===//

#ifndef RES_DIALECT_RESSHAPES_H
#define RES_DIALECT_RESSHAPES_H

#include "dialect/Res.h"

namespace res {

using EmitError = llvm::function_ref<mlir::InFlightDiagnostic()>;
using Shape = llvm::SmallVector<int64_t, 4>;

/// Result size of a window on one axis: floor((size + pads - span) / stride) + 1, not positive when it does not fit.
int64_t windowedSize(int64_t size, WindowAttr window, unsigned axis);

/// NxCxHxW by KxC/gxRxS. Checks ranks, channels, groups and that the window fits.
mlir::FailureOr<Shape> inferConv(llvm::ArrayRef<int64_t> input, llvm::ArrayRef<int64_t> filter, WindowAttr window,
                                 int64_t groups, EmitError error);

/// NxCxHxW under a window. Checks ranks and that the window fits.
mlir::FailureOr<Shape> inferPool(llvm::ArrayRef<int64_t> input, WindowAttr window, EmitError error);

/// NxC by KxC (transposed) or CxK.
mlir::FailureOr<Shape> inferGemm(llvm::ArrayRef<int64_t> input, llvm::ArrayRef<int64_t> weight, bool transposed,
                                 EmitError error);

/// Shapes one behind the other along an axis. Checks that there is one, the axis, ranks, and all other sizes.
mlir::FailureOr<Shape> inferConcat(llvm::ArrayRef<llvm::ArrayRef<int64_t>> inputs, int64_t axis, EmitError error);

/// Two tensors of one rank, where sizes of 1 are as good as any other: along each of the first two dimensions, and along all
/// the others together. None when they do not fit.
std::optional<Shape> inferBinary(llvm::ArrayRef<int64_t> lhs, llvm::ArrayRef<int64_t> rhs);

/// The shape of a packed weight; `packing` is one of the #res.pack_ attributes.
mlir::FailureOr<Shape> inferPack(llvm::ArrayRef<int64_t> weight, mlir::Attribute packing, EmitError error);

/// Rows of an operation's result, of its input from one to the next and under one, and of padding above. Without a window 1, 1
/// and 0.
struct RowWindow {
  int64_t height, stride, span, pad;
};
RowWindow getRowWindow(mlir::Operation *op);

} // namespace res

#endif // RES_DIALECT_RESSHAPES_H
