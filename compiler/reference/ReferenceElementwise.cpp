//===- ReferenceElementwise.cpp - elementwise loops -------------*- C++ -*-===//
//
// Operations that compute each element from one element of each operand; normalisation by the channels around it.
//
//===----------------------------------------------------------------------===//

#include "compiler/reference/ReferenceKernels.h"

#include <algorithm>
#include <cmath>

using namespace res;

RES_REFERENCE_CLONES
void reference::normalize(int64_t outer, int64_t channels, int64_t inner, const double *input, const double *mean,
                          const double *scale, const double *shift, double *output) {
  for (int64_t plane = 0; plane < outer * channels; ++plane) {
    int64_t c = plane % channels;
    for (int64_t i = plane * inner; i < (plane + 1) * inner; ++i)
      output[i] = (input[i] - mean[c]) * scale[c] + shift[c];
  }
}

RES_REFERENCE_CLONES
void reference::scaleAndShift(int64_t outer, int64_t channels, int64_t inner, const double *input, const double *scale,
                              const double *shift, double *output) {
  for (int64_t plane = 0; plane < outer * channels; ++plane) {
    int64_t c = plane % channels;
    for (int64_t i = plane * inner; i < (plane + 1) * inner; ++i)
      output[i] = input[i] * scale[c] + shift[c];
  }
}

RES_REFERENCE_CLONES
void reference::prelu(int64_t outer, int64_t channels, int64_t inner, const double *input, const double *slope, double *output) {
  for (int64_t plane = 0; plane < outer * channels; ++plane) {
    int64_t c = plane % channels;
    for (int64_t i = plane * inner; i < (plane + 1) * inner; ++i)
      output[i] = input[i] < 0 ? input[i] * slope[c] : input[i];
  }
}

void reference::normalizeResponses(int64_t outer, int64_t channels, int64_t inner, int64_t size, double alpha, double beta,
                                   double bias, const double *input, double *output) {
  for (int64_t n = 0; n < outer; ++n, input += channels * inner, output += channels * inner)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t i = 0; i < inner; ++i) {
        double sum = 0;
        for (int64_t k = std::max<int64_t>(c - (size - 1) / 2, 0); k <= std::min(c + size / 2, channels - 1); ++k)
          sum += input[k * inner + i] * input[k * inner + i];
        output[c * inner + i] = input[c * inner + i] / std::pow(bias + alpha / double(size) * sum, beta);
      }
}

RES_REFERENCE_CLONES
void reference::relu(int64_t elements, const double *input, double *output) {
  // A NaN stays one.
  for (int64_t i = 0; i < elements; ++i)
    output[i] = input[i] < 0 ? 0 : input[i];
}

RES_REFERENCE_CLONES
void reference::add(int64_t elements, const double *lhs, const double *rhs, double *output) {
  for (int64_t i = 0; i < elements; ++i)
    output[i] = lhs[i] + rhs[i];
}

void reference::select(const Selection &selection, llvm::ArrayRef<int64_t> inputShape,
                       llvm::ArrayRef<int64_t> outputShape, const double *input, double *output) {
  if (outputShape.empty()) {
    *output = *input;
    return;
  }
  int64_t inputPlane = 1, outputPlane = 1;
  for (size_t axis = 1; axis < outputShape.size(); ++axis)
    inputPlane *= inputShape[axis], outputPlane *= outputShape[axis];
  Selection inner{{selection.first.begin() + 1, selection.first.end()},
                  {selection.step.begin() + 1, selection.step.end()},
                  selection.fill};
  for (int64_t i = 0; i < outputShape[0]; ++i, output += outputPlane) {
    int64_t at = selection.first[0] + i * selection.step[0];
    if (at < 0 || at >= inputShape[0])
      std::fill_n(output, outputPlane, selection.fill);
    else
      select(inner, inputShape.drop_front(), outputShape.drop_front(), input + at * inputPlane, output);
  }
}
