//===- NpyFormat.h - one array in NumPy's .npy format -----------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_TENSORS_NPYFORMAT_H
#define RES_COMPILER_TOOLS_RESC_TENSORS_NPYFORMAT_H

#include "compiler/tools/resc/tensors/Tensors.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace res {

/// Where an array is read from: a file, or an entry of an archive.
struct ByteSource {
  llvm::function_ref<bool(char *to, size_t count)> read; // the next bytes, all or nothing
  uint64_t bytes;                                        // how many there are in all
};

/// Reads a float32 array of the tensor's shape, stored in either order of dimensions. With `allowSlices` its first
/// dimension may be a multiple of the tensor's. Bytes that follow the values are left alone.
llvm::Expected<InputTensor> readNpy(ByteSource source, const res_tensor_info &tensor, bool allowSlices);

/// The array as a file's content; its first dimension is `slices` times the tensor's.
llvm::Expected<std::string> writeNpy(const res_tensor_info &tensor, size_t slices, const FloatBuffer &values);

} // namespace res

#endif
