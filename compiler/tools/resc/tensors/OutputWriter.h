//===- OutputWriter.h - outputs to .npy, .npz and .bin files ----*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_TENSORS_OUTPUTWRITER_H
#define RES_COMPILER_TOOLS_RESC_TENSORS_OUTPUTWRITER_H

#include "compiler/tools/resc/tensors/FileArguments.h"
#include "compiler/tools/resc/tensors/Tensors.h"

namespace res {

/// The files that were asked for.
class OutputWriter {
public:
  /// Fails early where a file could not be written.
  static llvm::Expected<OutputWriter> create(OutputNames names);
  /// Writes all of them; the first dimension of an array is `slices` times the tensor's.
  llvm::Error write(llvm::ArrayRef<res_tensor_info> tensors, size_t slices, llvm::ArrayRef<FloatBuffer> values);

private:
  OutputNames names;
  std::vector<std::optional<OutputFile>> single; // as in names
  std::optional<OutputFile> archive;
};

} // namespace res

#endif
