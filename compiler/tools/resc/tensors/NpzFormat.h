//===- NpzFormat.h - named arrays in NumPy's .npz archives ------*- C++ -*-===//
//
// An .npz archive is a zip file of .npy files, NAME.npy for the array NAME, stored (numpy.savez) or deflated
// (numpy.savez_compressed).
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_TOOLS_RESC_TENSORS_NPZFORMAT_H
#define RES_COMPILER_TOOLS_RESC_TENSORS_NPZFORMAT_H

#include "compiler/tools/resc/tensors/Tensors.h"

namespace res {

/// Reads the array that has the tensor's name; arrays with other names do not matter. `readNpy` tells what it may be.
llvm::Expected<InputTensor> readNpz(const std::string &path, const res_tensor_info &tensor, bool allowSlices);

/// The content of an archive with one array for each tensor, stored; its first dimension is `slices` times the
/// tensor's. The same values give the same bytes.
llvm::Expected<std::string> writeNpz(llvm::ArrayRef<res_tensor_info> tensors, size_t slices,
                                     llvm::ArrayRef<FloatBuffer> values);

} // namespace res

#endif
