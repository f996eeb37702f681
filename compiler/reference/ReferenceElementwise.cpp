//===- ReferenceElementwise.cpp - elementwise loops -------------*- C++ -*-===//
//
// Operations that compute each element from the same element of their operands.
//
//===----------------------------------------------------------------------===//

#include "compiler/reference/ReferenceKernels.h"

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
