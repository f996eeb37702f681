//===- ReferenceKernels.h - loops of the reference --------------*- C++ -*-===//
//
// The loops behind the operations, by family. They know neither MLIR nor layouts: all tensors are row-major doubles.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_REFERENCE_REFERENCEKERNELS_H
#define RES_COMPILER_REFERENCE_REFERENCEKERNELS_H

#include "compiler/reference/Workers.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>

/// Compiles a function once for each level of the instruction set; the loader picks. Callees are not included, so loops
/// are written out in the function itself.
#ifdef __x86_64__
#define RES_REFERENCE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define RES_REFERENCE_CLONES
#endif

namespace res::reference {

/// A window that slides over one axis: output o reads inputs o * stride - padBegin + tap * dilation.
struct Axis {
  int64_t input, output, kernel, stride, padBegin, dilation;
};

struct ConvSize {
  int64_t batch, channels, filters, groups;
  Axis y, x;
};

/// output[N][K][OH][OW] = input[N][C][H][W] by filter[K][C / groups][R][S], plus bias[K] unless null.
void convolve(const ConvSize &size, const double *input, const double *filter, const double *bias, double *output,
              Workers &workers);

enum class Pool { Max, Mean, MeanWithPadding };

/// output[planes][OH][OW] from input[planes][H][W]. The mean divides by the elements of the window inside the map, with
/// padding by all of them. A window that lies outside has the maximum -inf and the mean 0.
void pool(Pool kind, int64_t planes, const Axis &y, const Axis &x, const double *input, double *output,
          Workers &workers);

/// output[planes] = mean of input[planes][elements].
void meanOfPlanes(int64_t planes, int64_t elements, const double *input, double *output);

/// output[n][k] = sum over c of input[n][c] * matrix[k][c] for n < batch and the `rows` filters k that `matrix` holds.
/// Both output and input are given by their first row; rows of the output are `outputStride` apart.
void multiplyByRows(int64_t batch, int64_t channels, int64_t rows, const double *input, const double *matrix,
                    double *output, int64_t outputStride);

/// output[n][k] += sum over c of input[n][c] * matrix[c][k] for the `rows` channels c that `matrix` holds. Rows of the
/// input are `inputStride` apart.
void accumulateRows(int64_t batch, int64_t rows, int64_t filters, const double *input, int64_t inputStride,
                    const double *matrix, double *output);

/// output[n] = exp(input[n] - max) / sum for each of `rows` rows.
void softmax(int64_t rows, int64_t columns, const double *input, double *output);

/// output[outer][c][inner] = (input[outer][c][inner] - mean[c]) * scale[c] + shift[c]
void normalize(int64_t outer, int64_t channels, int64_t inner, const double *input, const double *mean,
               const double *scale, const double *shift, double *output);

/// output[outer][c][inner] = input[outer][c][inner] * scale[c] + shift[c]
void scaleAndShift(int64_t outer, int64_t channels, int64_t inner, const double *input, const double *scale,
                   const double *shift, double *output);

/// output[outer][c][inner] = input[outer][c][inner] / (bias + alpha / size * sum of squares)^beta, of the channels from
/// c - (size - 1) / 2 to c + size / 2.
void normalizeResponses(int64_t outer, int64_t channels, int64_t inner, int64_t size, double alpha, double beta, double bias,
                        const double *input, double *output);

/// output[outer][c][inner] = input[outer][c][inner], times slope[c] where that is negative
void prelu(int64_t outer, int64_t channels, int64_t inner, const double *input, const double *slope, double *output);
/// Element i of an axis lies at (step * i + first) / divisor of the input's.
struct Sampling {
  int64_t input, output, step, first, divisor;
};
/// output[planes][OH][OW] from input[planes][H][W]: the elements at the integers below, `linear`: between those around.
void resize(bool linear, int64_t planes, const Sampling &y, const Sampling &x, const double *input, double *output);

void relu(int64_t elements, const double *input, double *output);
void add(int64_t elements, const double *lhs, const double *rhs, double *output);

/// Which element of the input each of the output is: first + index * step in each dimension, `fill` where that lies
/// outside.
struct Selection {
  llvm::SmallVector<int64_t, 4> first, step;
  double fill;
};
void select(const Selection &selection, llvm::ArrayRef<int64_t> inputShape, llvm::ArrayRef<int64_t> outputShape,
            const double *input, double *output);

} // namespace res::reference

#endif // RES_COMPILER_REFERENCE_REFERENCEKERNELS_H
