//===- ReferencePooling.cpp - pooling and resizing --------------*- C++ -*-===//
//
// Maxima and means over windows and over whole maps; maps of other sizes.
//
//===----------------------------------------------------------------------===//

#include "compiler/reference/ReferenceKernels.h"

#include <algorithm>
#include <limits>

using namespace res;
using namespace res::reference;

static void poolPlane(Pool kind, const Axis &y, const Axis &x, const double *input, double *output) {
  for (int64_t oy = 0; oy < y.output; ++oy)
    for (int64_t ox = 0; ox < x.output; ++ox) {
      double maximum = -std::numeric_limits<double>::infinity(), sum = 0;
      int64_t inside = 0;
      for (int64_t r = 0; r < y.kernel; ++r) {
        int64_t iy = oy * y.stride - y.padBegin + r * y.dilation;
        if (iy < 0 || iy >= y.input)
          continue;
        for (int64_t s = 0; s < x.kernel; ++s) {
          int64_t ix = ox * x.stride - x.padBegin + s * x.dilation;
          if (ix < 0 || ix >= x.input)
            continue;
          double element = input[iy * x.input + ix];
          // A NaN in the window is the result.
          maximum = element > maximum || element != element ? element : maximum;
          sum += element;
          ++inside;
        }
      }
      int64_t divisor = kind == Pool::MeanWithPadding ? y.kernel * x.kernel : std::max<int64_t>(inside, 1);
      output[oy * x.output + ox] = kind == Pool::Max ? maximum : sum / double(divisor);
    }
}

void reference::pool(Pool kind, int64_t planes, const Axis &y, const Axis &x, const double *input, double *output,
                     Workers &workers) {
  workers.run(planes, [&](int64_t plane) {
    poolPlane(kind, y, x, input + plane * y.input * x.input, output + plane * y.output * x.output);
  });
}

void reference::meanOfPlanes(int64_t planes, int64_t elements, const double *input, double *output) {
  for (int64_t plane = 0; plane < planes; ++plane) {
    double sum = 0;
    for (int64_t i = 0; i < elements; ++i)
      sum += input[plane * elements + i];
    output[plane] = sum / double(elements);
  }
}

namespace {
/// Elements around a position, and how far it lies behind the first.
struct Neighbours {
  int64_t low, high;
  double fraction;
};
} // namespace

static Neighbours neighboursOf(const Sampling &axis, int64_t index, bool linear) {
  const int64_t at = axis.step * index + axis.first;
  const int64_t below = at / axis.divisor - (at % axis.divisor < 0);
  const int64_t last = axis.input - 1;
  const double fraction = linear ? double(at - below * axis.divisor) / double(axis.divisor) : 0;
  return {std::clamp<int64_t>(below, 0, last), std::clamp<int64_t>(below + 1, 0, last), fraction};
}

void reference::resize(bool linear, int64_t planes, const Sampling &y, const Sampling &x, const double *input,
                       double *output) {
  for (int64_t plane = 0; plane < planes; ++plane, input += y.input * x.input)
    for (int64_t i = 0; i < y.output; ++i) {
      const Neighbours row = neighboursOf(y, i, linear);
      for (int64_t j = 0; j < x.output; ++j) {
        const Neighbours column = neighboursOf(x, j, linear);
        auto at = [&](int64_t r) {
          const double *line = input + r * x.input;
          return line[column.low] * (1 - column.fraction) + line[column.high] * column.fraction;
        };
        *output++ = at(row.low) * (1 - row.fraction) + at(row.high) * row.fraction;
      }
    }
}
