//===- Tensors.cpp - the values of a model's inputs and outputs -*- C++ -*-===//

#include "compiler/tools/resc/tensors/Tensors.h"

#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace res {

FloatBuffer::FloatBuffer(size_t count) : count(count) {
  size_t bytes;
  if (!__builtin_mul_overflow(count, sizeof(float), &bytes) && bytes <= SIZE_MAX - 64)
    data.reset(static_cast<float *>(std::aligned_alloc(64, std::max<size_t>(alignTo(bytes, 64), 64))));
}

int64_t imagesOf(const res_tensor_info &tensor) { return tensor.rank ? std::max<int64_t>(tensor.shape[0], 1) : 1; }

std::vector<int64_t> shapeOfSlices(const res_tensor_info &tensor, size_t slices) {
  std::vector<int64_t> shape = shapeOf(tensor).vec();
  if (!shape.empty())
    shape[0] = imagesOf(tensor) * int64_t(slices);
  return shape;
}

ArrayRef<int64_t> shapeOf(const res_tensor_info &tensor) { return ArrayRef(tensor.shape, tensor.rank); }
ArrayRef<res_tensor_info> inputsOf(const res_model &model) { return ArrayRef(model.inputs, model.input_count); }
ArrayRef<res_tensor_info> outputsOf(const res_model &model) { return ArrayRef(model.outputs, model.output_count); }

Error tensorError(StringRef kind, const res_tensor_info &tensor, const Twine &message) {
  return makeError(kind + " '" + tensor.name + "': " + message);
}

Error checkElementTypes(const res_model &model) {
  for (auto [kind, tensors] : {std::pair("input", inputsOf(model)), std::pair("output", outputsOf(model))})
    for (const res_tensor_info &tensor : tensors)
      if (tensor.type != RES_F32)
        return tensorError(kind, tensor, "expected type float32, got another one, which this command cannot handle");
  return Error::success();
}

} // namespace res
