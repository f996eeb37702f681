//===- InputLoader.h - from files to the values of an input -----*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_TENSORS_INPUTLOADER_H
#define RES_COMPILER_TOOLS_RESC_TENSORS_INPUTLOADER_H

#include "compiler/tools/resc/pictures/PictureInput.h"
#include "compiler/tools/resc/tensors/FileArguments.h"
#include "compiler/tools/resc/tensors/Tensors.h"

namespace res {

/// Whether pictures can be the values of an input: its shape, their count, the options. An error is one of usage.
llvm::Error checkPictures(const InputFiles &files, const res_tensor_info &tensor, const PictureOptions &options,
                          bool allowSlices);

/// Reads one input, which has files: an array of the tensor's shape (NumPy, float32), raw little-endian float32 of
/// exactly one batch, or as many pictures as the batch holds, which checkPictures has to have
/// accepted. With `allowSlices` an array or the pictures may be
/// several batches.
llvm::Expected<InputTensor> loadInput(const InputFiles &files, const res_tensor_info &tensor,
                                      const PictureOptions &pictures, bool allowSlices);

} // namespace res

#endif
