//===- Initializers.h - constant tensors of a model -------------*- C++ -*-===//
//
// The model file, the files of its external data, and the constant tensors in them.
//
//===----------------------------------------------------------------------===//

#ifndef RES_FRONTENDS_ONNX_INITIALIZERS_H
#define RES_FRONTENDS_ONNX_INITIALIZERS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace onnx {
class TensorProto;
}

namespace res::frontend {

using Dims = llvm::SmallVector<int64_t, 4>;
using EmitError = llvm::function_ref<mlir::InFlightDiagnostic()>;

/// Tensors of more elements are never computed with, only passed on.
inline constexpr int64_t kMaxFoldedElements = 4096;

/// Number of elements, or nothing for a negative size, a rank above 8 or a product above 2^40.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);

/// "1x64x56x56"; "scalar" for rank 0.
std::string formatShape(llvm::ArrayRef<int64_t> shape);

/// "float32" for TensorProto::FLOAT, and so on.
llvm::StringRef getTypeName(int32_t elementType);

/// `text` from a file, shortened, and without characters that would break a line of output.
std::string makePrintable(llvm::StringRef text);

/// The same in single quotes.
std::string quote(llvm::StringRef text);

/// The model and, as tensors ask for them, the files of its external data. All stay mapped.
class ModelFiles {
public:
  /// Maps the model. The error is a sentence that names `path`.
  static llvm::Expected<ModelFiles> open(llvm::StringRef path);

  struct File {
    std::string path; // absolute
    std::unique_ptr<llvm::MemoryBuffer> buffer;
    llvm::StringRef getBytes() const { return buffer->getBuffer(); }
  };
  const File &getModel() const { return model; }

  /// An external data file. `location` is relative to the model's folder and may not lead out of it.
  llvm::Expected<const File *> openExternal(llvm::StringRef location);

  /// "xxh3:" and 32 hexadecimal digits over all files that were opened.
  std::string computeHash() const;

private:
  File model;
  std::map<std::string, File> externals; // by location
};

/// A tensor whose elements are known.
struct Constant {
  std::string name;
  int32_t elementType = 0; // of TensorProto; float32, float64, int32, int64 or bool
  Dims shape;
  int64_t numElements = 1;

  /// The elements: little-endian in a mapped file ...
  const ModelFiles::File *file = nullptr;
  uint64_t offset = 0;
  /// ... or, by type, here. One value stands for all when there are more elements.
  std::vector<double> floats;
  std::vector<int64_t> ints;

  bool isFloating() const;
  /// True when all elements are one value that is stored once.
  bool isSplat() const { return !file && numElements != 1 && floats.size() + ints.size() == 1; }
  bool isFoldable() const { return isSplat() || numElements <= kMaxFoldedElements; }
};

/// Reads a tensor whose raw_data may be a stand-in (WireSplit.h). `name` is for messages.
mlir::FailureOr<Constant> readTensor(const onnx::TensorProto &tensor, llvm::StringRef name, ModelFiles &files,
                                     EmitError emitError);

/// The same constant with its elements in `floats` or `ints`.
Constant loadValues(const Constant &constant);

} // namespace res::frontend

#endif // RES_FRONTENDS_ONNX_INITIALIZERS_H
