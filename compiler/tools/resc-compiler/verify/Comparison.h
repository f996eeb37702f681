//===- Comparison.h - how far values are from the reference -----*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_COMPILER_VERIFY_COMPARISON_H
#define RES_COMPILER_TOOLS_RESC_COMPILER_VERIFY_COMPARISON_H

#include "llvm/ADT/ArrayRef.h"

#include <algorithm>
#include <cmath>

namespace res {

struct Comparison {
  double error = 0, largest = 0; // max|got - expected|, infinite with a NaN on one side, and max|expected|
  /// The error relative to the largest element; what bounds are about.
  double relative() const { return largest > 0 ? error / largest : error; }
};

/// Compares as many elements as both have.
template <typename T>
Comparison compare(llvm::ArrayRef<T> got, llvm::ArrayRef<double> expected) {
  Comparison result;
  for (size_t i = 0, count = std::min(got.size(), expected.size()); i < count; ++i) {
    result.largest = std::max(result.largest, std::fabs(expected[i]));
    double difference = std::fabs(double(got[i]) - expected[i]);
    // Infinities on both sides are equal, whatever their difference says, and so are roots of negative numbers.
    if (double(got[i]) != expected[i] && !(std::isnan(got[i]) && std::isnan(expected[i])))
      result.error = std::isnan(difference) ? INFINITY : std::max(result.error, difference);
  }
  return result;
}

} // namespace res

#endif
