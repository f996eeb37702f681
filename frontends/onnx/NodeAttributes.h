//===- NodeAttributes.h - typed reads of attributes -------------*- C++ -*-===//
//
// Attributes of one ONNX node: each is read once, by type, with its bounds; what nobody asked for is diagnosed.
//
//===----------------------------------------------------------------------===//

#ifndef RES_FRONTENDS_ONNX_NODEATTRIBUTES_H
#define RES_FRONTENDS_ONNX_NODEATTRIBUTES_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

#include <functional>
#include <optional>

namespace onnx {
class AttributeProto;
class NodeProto;
class TensorProto;
} // namespace onnx

namespace res::frontend {

/// Reads report what is wrong at once and return the fallback; `finish` says whether all went well.
class NodeAttributes {
public:
  NodeAttributes(const onnx::NodeProto &node, std::function<mlir::InFlightDiagnostic()> emitError);

  bool has(llvm::StringRef name) const { return attributes.contains(name); }

  /// An integer; it has to lie between `least` and `most`.
  int64_t getInt(llvm::StringRef name, int64_t fallback, int64_t least = INT64_MIN, int64_t most = INT64_MAX);
  /// An integer that is 0 or 1.
  bool getFlag(llvm::StringRef name, bool fallback) { return getInt(name, fallback, 0, 1); }
  float getFloat(llvm::StringRef name, float fallback);
  llvm::StringRef getString(llvm::StringRef name, llvm::StringRef fallback);
  /// Nothing when the attribute is missing. Each has to lie between `least` and `most`.
  std::optional<llvm::SmallVector<int64_t>> getInts(llvm::StringRef name, int64_t least = INT64_MIN,
                                                    int64_t most = INT64_MAX);
  std::optional<llvm::SmallVector<float>> getFloats(llvm::StringRef name);
  /// Null when the attribute is missing.
  const onnx::TensorProto *getTensor(llvm::StringRef name);
  /// An attribute that makes no difference to inference.
  void ignore(llvm::StringRef name) { take(name); }

  /// Reports attributes that were not read. Fails after any problem.
  llvm::LogicalResult finish();

private:
  /// The attribute, which counts as read from now on; null when missing.
  const onnx::AttributeProto *take(llvm::StringRef name);
  /// The same, null also when it is not of the type (an AttributeProto::AttributeType).
  const onnx::AttributeProto *take(llvm::StringRef name, int type, llvm::StringRef typeName);
  bool inBounds(llvm::StringRef name, int64_t value, int64_t least, int64_t most);
  mlir::InFlightDiagnostic emitError(llvm::StringRef name);

  struct Entry {
    const onnx::AttributeProto *attribute;
    bool isRead;
  };
  llvm::StringMap<Entry> attributes;
  std::function<mlir::InFlightDiagnostic()> emitNodeError;
  bool hasFailed = false;
};

} // namespace res::frontend

#endif // RES_FRONTENDS_ONNX_NODEATTRIBUTES_H
