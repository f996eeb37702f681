//===- EmitElementwise.cpp - elementwise operations -------------*- C++ -*-===//
//
// Everything here becomes vector code: Halide's exp and sqrt do, its tanh and erf would be calls of the C library for each
// element. Code is compiled without infinities in mind, so arguments of exp are bounded.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/EmitElementwise.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace res;
using Halide::abs;
using Halide::Expr;
using Halide::max;
using Halide::min;
using Halide::select;

//===----------------------------------------------------------------------===//
// Functions of one number
//===----------------------------------------------------------------------===//

/// c0 + x * (c1 + x * (c2 + …))
static Expr polynomial(Expr x, std::initializer_list<double> coefficients) {
  Expr sum;
  for (double c : llvm::reverse(coefficients))
    sum = sum.defined() ? sum * x + float(c) : Expr(float(c));
  return sum;
}

/// Beyond these bounds the result is infinite or less than the smallest normal number.
static Expr exponential(Expr x) { return Halide::exp(max(min(x, 89.f), -88.f)); }

/// 1 + exp(-x), finite for any x.
static Expr logisticDivisor(Expr x) { return 1.f + Halide::exp(max(min(-x, 88.f), -88.f)); }

/// exp(x) - 1 for x <= 0. Close to 0, where the difference would lose digits, its series.
static Expr exponentialMinusOne(Expr x) {
  Expr series = x * polynomial(x, {1.0, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040});
  return select(x > -0.35f, series, exponential(x) - 1.f);
}

/// (1 - t) / (1 + t) with t = exp(-2|x|), close to 0 the series.
static Expr tangent(Expr x) {
  Expr t = exponential(-2.f * abs(x)), far = (1.f - t) / (1.f + t);
  Expr near = x * polynomial(x * x, {1.0, -1.0 / 3, 2.0 / 15, -17.0 / 315, 62.0 / 2835});
  return select(abs(x) < 0.3f, near, select(x < 0.f, -far, far));
}

// Where the series of erf meets the other form.
static constexpr float kErfSeries = 0.75f;

/// erf(x) for |x| < kErfSeries: its series up to the 15th power.
static Expr erfNear(Expr x) {
  return x * (1.128379167f * polynomial(x * x, {1.0, -1.0 / 3, 1.0 / 10, -1.0 / 42, 1.0 / 216, -1.0 / 1320, 1.0 / 9360,
                                                -1.0 / 75600}));
}

/// 1 - erf(x) for x > 0, within 1.5e-7 (Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26).
static Expr erfcFar(Expr x) {
  Expr t = 1.f / (1.f + 0.3275911f * x);
  return t * polynomial(t, {0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429}) * exponential(-x * x);
}

static Expr errorFunction(Expr x) {
  Expr far = 1.f - erfcFar(abs(x));
  return select(abs(x) < kErfSeries, erfNear(x), select(x < 0.f, -far, far));
}

/// x times the share of a normal distribution below x. Below 0 no difference of almost equal numbers is taken.
static Expr gelu(Expr x) {
  Expr z = x * 0.70710678f, tail = 0.5f * erfcFar(abs(z));
  return x * select(abs(z) < kErfSeries, 0.5f + 0.5f * erfNear(z), select(x < 0.f, tail, 1.f - tail));
}

/// (1 + tanh(u)) / 2 = 1 / (1 + exp(-2u))
static Expr geluTanh(Expr x) { return x / logisticDivisor(x * polynomial(x * x, {1.5957691216, 1.5957691216 * 0.044715})); }

/// tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2). From 20 on it is 1.
static Expr mish(Expr x) {
  Expr e = exponential(min(x, 20.f)), n = e * (e + 2.f);
  return x * (n / (n + 2.f));
}

/// max(x, 0) + log(1 + t) with t = exp(-|x|); log(1 + t) = 2 atanh(t / (2 + t)) by its series.
static Expr softplus(Expr x) {
  Expr t = exponential(-abs(x)), s = t / (2.f + t);
  return max(x, 0.f) +
         s * polynomial(s * s, {2.0, 2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13});
}

static Expr applyUnary(UnaryFunction function, Expr x, float alpha, float beta) {
  switch (function) {
  case UnaryFunction::abs: return abs(x);
  case UnaryFunction::celu: return max(x, 0.f) + min(alpha * exponentialMinusOne(min(x / alpha, 0.f)), 0.f);
  case UnaryFunction::clip: return min(max(x, alpha), beta);
  case UnaryFunction::elu: return select(x > 0.f, x, alpha * exponentialMinusOne(min(x, 0.f)));
  case UnaryFunction::erf: return errorFunction(x);
  case UnaryFunction::exp: return exponential(x);
  case UnaryFunction::gelu: return gelu(x);
  case UnaryFunction::gelu_tanh: return geluTanh(x);
  case UnaryFunction::hard_sigmoid: return min(max(alpha * x + beta, 0.f), 1.f);
  case UnaryFunction::hard_swish: return x * min(max(x * (1.f / 6) + 0.5f, 0.f), 1.f);
  case UnaryFunction::leaky_relu: return select(x > 0.f, x, alpha * x);
  case UnaryFunction::mish: return mish(x);
  case UnaryFunction::reciprocal: return 1.f / x;
  case UnaryFunction::selu: return select(x > 0.f, beta * x, beta * alpha * exponentialMinusOne(min(x, 0.f)));
  case UnaryFunction::sigmoid: return 1.f / logisticDivisor(x);
  case UnaryFunction::softplus: return softplus(x);
  case UnaryFunction::softsign: return x / (1.f + abs(x));
  case UnaryFunction::sqrt: return Halide::sqrt(x);
  case UnaryFunction::swish: return x / logisticDivisor(alpha * x);
  case UnaryFunction::tanh: return tangent(x);
  }
  return Expr();
}

static Expr applyBinary(BinaryFunction function, Expr a, Expr b) {
  switch (function) {
  case BinaryFunction::add: return a + b;
  case BinaryFunction::sub: return a - b;
  case BinaryFunction::mul: return a * b;
  case BinaryFunction::div: return a / b;
  case BinaryFunction::max: return max(a, b);
  case BinaryFunction::min: return min(a, b);
  }
  return Expr();
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

/// Whether the result may be no finite number where the operand is one.
static bool hasPoles(Operation *op) {
  if (auto unary = dyn_cast<UnaryOp>(op))
    return unary.getFunction() == UnaryFunction::reciprocal || unary.getFunction() == UnaryFunction::sqrt ||
           unary.getFunction() == UnaryFunction::exp;
  auto binary = dyn_cast<BinaryOp>(op);
  return binary && binary.getFunction() == BinaryFunction::div;
}

/// Lanes beyond the last channel have to be finite, and what they hold before may be anything.
static Reader keepFinite(Reader value, const TensorSize &size) {
  if (!size.blocked || size.c % kBlock == 0)
    return value;
  return [=](const Point &p) { return select(p.c < int(size.c), value(p), 0.f); };
}

/// Reads an operand for every point of a larger result.
static Reader spread(Reader operand, const TensorSize &from, const TensorSize &to) {
  return [=](const Point &p) {
    Point q = p;
    if (from.n < to.n)
      q.n = 0;
    if (from.c < to.c)
      q.c = q.ci = q.co = 0;
    if (from.h < to.h || from.w < to.w)
      q.y = q.x = 0;
    return operand(q);
  };
}

Reader res::defineElementwise(Operation *op, llvm::function_ref<Reader(Value)> readerOf,
                              llvm::function_ref<Reader(Value)> vectorOf) {
  const TensorSize size = sizeOf(op->getResult(0));
  Reader a = readerOf(op->getOperand(0));
  Reader value =
      llvm::TypeSwitch<Operation *, Reader>(op)
          .Case([&](ReluOp) { return [a](const Point &p) { return max(a(p), 0.f); }; })
          .Case([&](AddOp add) {
            return [a, b = readerOf(add.getRhs())](const Point &p) { return a(p) + b(p); };
          })
          .Case([&](AffineOp affine) {
            return [a, scale = vectorOf(affine.getScale()), shift = vectorOf(affine.getShift())](const Point &p) {
              return a(p) * scale(p) + shift(p);
            };
          })
          .Case([&](BinaryOp binary) {
            return [function = binary.getFunction(), left = spread(a, sizeOf(binary.getLhs()), size),
                    right = spread(readerOf(binary.getRhs()), sizeOf(binary.getRhs()), size)](const Point &p) {
              return applyBinary(function, left(p), right(p));
            };
          })
          .Case([&](PReluOp prelu) {
            return [a, slope = vectorOf(prelu.getSlope())](const Point &p) {
              Expr x = a(p);
              return select(x > 0.f, x, slope(p) * x);
            };
          })
          .Case([&](UnaryOp unary) {
            return [a, function = unary.getFunction(), alpha = unary.getAlpha().convertToFloat(),
                    beta = unary.getBeta().convertToFloat()](const Point &p) {
              return applyUnary(function, a(p), alpha, beta);
            };
          })
          .Default([](Operation *) { return Reader(); });
  return hasPoles(op) ? keepFinite(value, size) : value;
}
