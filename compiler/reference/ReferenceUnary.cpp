//===- ReferenceUnary.cpp - functions of one number -------------*- C++ -*-===//
//
// Each as it is defined, by the C library.
//
//===----------------------------------------------------------------------===//

#include "compiler/reference/ReferenceOps.h"

#include <algorithm>
#include <cmath>

using namespace res;

double reference::applyUnary(UnaryFunction function, double x, double alpha, double beta) {
  switch (function) {
  case UnaryFunction::abs: return std::abs(x);
  case UnaryFunction::celu: return std::max(x, 0.0) + std::min(alpha * std::expm1(x / alpha), 0.0);
  case UnaryFunction::clip: return std::min(std::max(x, alpha), beta);
  case UnaryFunction::elu: return x > 0 ? x : alpha * std::expm1(x);
  case UnaryFunction::erf: return std::erf(x);
  case UnaryFunction::exp: return std::exp(x);
  case UnaryFunction::gelu: return x * std::erfc(-x * M_SQRT1_2) / 2;
  case UnaryFunction::gelu_tanh: return x / (1 + std::exp(-2 * std::sqrt(M_2_PI) * (x + 0.044715 * x * x * x)));
  case UnaryFunction::hard_sigmoid: return std::min(std::max(alpha * x + beta, 0.0), 1.0);
  case UnaryFunction::hard_swish: return x * std::min(std::max(x / 6 + 0.5, 0.0), 1.0);
  case UnaryFunction::leaky_relu: return x > 0 ? x : alpha * x;
  case UnaryFunction::mish: return x * std::tanh(std::log1p(std::exp(x)));
  case UnaryFunction::reciprocal: return 1 / x;
  case UnaryFunction::selu: return x > 0 ? beta * x : beta * alpha * std::expm1(x);
  case UnaryFunction::sigmoid: return 1 / (1 + std::exp(-x));
  case UnaryFunction::softplus: return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
  case UnaryFunction::softsign: return x / (1 + std::abs(x));
  case UnaryFunction::sqrt: return std::sqrt(x);
  case UnaryFunction::swish: return x / (1 + std::exp(-alpha * x));
  case UnaryFunction::tanh: return std::tanh(x);
  }
  return std::nan("");
}

double reference::applyBinary(BinaryFunction function, double lhs, double rhs) {
  switch (function) {
  case BinaryFunction::add: return lhs + rhs;
  case BinaryFunction::sub: return lhs - rhs;
  case BinaryFunction::mul: return lhs * rhs;
  case BinaryFunction::div: return lhs / rhs;
  case BinaryFunction::max: return std::max(lhs, rhs);
  case BinaryFunction::min: return std::min(lhs, rhs);
  }
  return std::nan("");
}
