//===- Windows.h - windows of convolutions and pools ------------*- C++ -*-===//
//
// The attributes that Conv, MaxPool and AveragePool share, and the window they mean for an input.
//
//===----------------------------------------------------------------------===//

#ifndef RES_FRONTENDS_ONNX_OPS_WINDOWS_H
#define RES_FRONTENDS_ONNX_OPS_WINDOWS_H

#include "frontends/onnx/NodeImport.h"

namespace res::frontend {

/// auto_pad, kernel_shape, strides, pads and dilations as the file spells them.
struct WindowSpec {
  std::string autoPad;
  std::optional<llvm::SmallVector<int64_t>> kernel, strides, pads, dilations;
};

WindowSpec readWindowSpec(NodeAttributes &attributes);

/// Refuses what is not NxCxHxW; `what` is "convolution" or "pooling".
llvm::LogicalResult expectTwoSpatialAxes(NodeImport &node, llvm::ArrayRef<int64_t> input, llvm::StringRef what);

/// The window for an NxCxHxW input. auto_pad becomes pads; with `ceilMode` the pads at the ends grow until the last,
/// partial position of the window counts.
mlir::FailureOr<WindowAttr> resolveWindow(NodeImport &node, const WindowSpec &spec, llvm::ArrayRef<int64_t> input,
                                          llvm::ArrayRef<int64_t> kernel, bool ceilMode);

} // namespace res::frontend

#endif // RES_FRONTENDS_ONNX_OPS_WINDOWS_H
