//===- TensorFiles.h - inputs and outputs as .npy and .bin files -*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_TENSORFILES_H
#define RES_COMPILER_TOOLS_RESC_TENSORFILES_H

#include "compiler/tools/common/Options.h"
#include "res/runtime.h"

#include <cstdlib>
#include <memory>

namespace res {

/// float32 values in row-major order, aligned to 64 bytes. A count that does not fit in memory leaves `data` null.
struct FloatBuffer {
  struct Free {
    void operator()(float *data) const { std::free(data); }
  };

  FloatBuffer() = default;
  explicit FloatBuffer(size_t count);

  size_t count = 0;
  std::unique_ptr<float, Free> data;
};

/// The values of one input. A .npy file may hold several batches: its first dimension is `slices` times the model's.
struct InputTensor {
  FloatBuffer values;
  size_t slices = 1;
};

llvm::ArrayRef<int64_t> shapeOf(const res_tensor_info &tensor);
llvm::ArrayRef<res_tensor_info> inputsOf(const res_model &model);
llvm::ArrayRef<res_tensor_info> outputsOf(const res_model &model);

/// All inputs and outputs have to be float32.
llvm::Error checkElementTypes(const res_model &model);

/// Which file belongs to which tensor: "NAME=FILE" says it, a plain "FILE" is the next tensor in order. The result has
/// one entry per tensor, empty where none was given. Files have to end in .npy or .bin. An error is one of usage.
llvm::Expected<std::vector<std::string>> assignFiles(const llvm::cl::list<std::string> &option,
                                                     llvm::ArrayRef<res_tensor_info> tensors);

/// Reads FILE.npy (NumPy, float32, either order of dimensions) or FILE.bin (raw little-endian float32, exactly one
/// batch). With `allowSlices` a .npy file may hold several batches.
llvm::Expected<InputTensor> loadInput(llvm::StringRef path, const res_tensor_info &tensor, bool allowSlices);

/// Output files under the names that assignFiles returned, of which some may be empty.
class OutputWriter {
public:
  /// Fails early where a file could not be written.
  static llvm::Expected<OutputWriter> create(llvm::ArrayRef<std::string> names);
  /// Writes output number `index` if it was asked for, as .npy or .bin. Its first dimension is `slices` times the
  /// tensor's.
  llvm::Error write(size_t index, const res_tensor_info &tensor, size_t slices, const FloatBuffer &values);

private:
  std::vector<std::string> names;
  std::vector<std::optional<OutputFile>> files;
};

} // namespace res

#endif
