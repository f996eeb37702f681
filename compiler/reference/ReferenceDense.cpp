//===- ReferenceDense.cpp - fully connected loops ---------------*- C++ -*-===//
//
// Products of a few rows with a large matrix, given in parts, and softmax.
//
//===----------------------------------------------------------------------===//

#include "compiler/reference/ReferenceKernels.h"

#include <algorithm>
#include <cmath>

using namespace res;

RES_REFERENCE_CLONES
void reference::multiplyByRows(int64_t batch, int64_t channels, int64_t rows, const double *input, const double *matrix,
                               double *output, int64_t outputStride) {
  // Independent partial sums, which is what lets the loop be vectorised: two of AVX-512's vectors.
  constexpr int64_t kSums = 16;
  for (int64_t k = 0; k < rows; ++k)
    for (int64_t n = 0; n < batch; ++n) {
      const double *left = input + n * channels, *right = matrix + k * channels;
      double sums[kSums] = {};
      int64_t c = 0;
      for (; c + kSums <= channels; c += kSums)
        for (int64_t i = 0; i < kSums; ++i)
          sums[i] += left[c + i] * right[c + i];
      double sum = 0;
      for (; c < channels; ++c)
        sum += left[c] * right[c];
      for (double part : sums)
        sum += part;
      output[n * outputStride + k] = sum;
    }
}

RES_REFERENCE_CLONES
void reference::accumulateRows(int64_t batch, int64_t rows, int64_t filters, const double *input, int64_t inputStride,
                               const double *matrix, double *output) {
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t c = 0; c < rows; ++c) {
      double factor = input[n * inputStride + c];
      for (int64_t k = 0; k < filters; ++k)
        output[n * filters + k] += factor * matrix[c * filters + k];
    }
}

void reference::softmax(int64_t rows, int64_t columns, const double *input, double *output) {
  for (int64_t n = 0; n < rows; ++n, input += columns, output += columns) {
    double maximum = *std::max_element(input, input + columns), sum = 0;
    for (int64_t c = 0; c < columns; ++c)
      sum += output[c] = std::exp(input[c] - maximum);
    for (int64_t c = 0; c < columns; ++c)
      output[c] /= sum;
  }
}
