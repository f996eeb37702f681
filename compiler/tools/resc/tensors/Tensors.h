//===- Tensors.h - the values of a model's inputs and outputs ---*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_TENSORS_TENSORS_H
#define RES_COMPILER_TOOLS_RESC_TENSORS_TENSORS_H

#include "compiler/tools/common/Support.h"
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

/// The values of one input: `slices` batches of the model, one after the other; or images, where it takes any batch.
struct InputTensor {
  FloatBuffer values;
  size_t slices = 1;
};

/// The first dimension, 1 where it is any batch.
int64_t imagesOf(const res_tensor_info &tensor);
/// The shape of so many batches of the model.
std::vector<int64_t> shapeOfSlices(const res_tensor_info &tensor, size_t slices);
llvm::ArrayRef<int64_t> shapeOf(const res_tensor_info &tensor);
llvm::ArrayRef<res_tensor_info> inputsOf(const res_model &model);
llvm::ArrayRef<res_tensor_info> outputsOf(const res_model &model);

/// "input 'data': MESSAGE".
llvm::Error tensorError(llvm::StringRef kind, const res_tensor_info &tensor, const llvm::Twine &message);

/// All inputs and outputs have to be float32.
llvm::Error checkElementTypes(const res_model &model);

} // namespace res

#endif
