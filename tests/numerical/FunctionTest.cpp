//===- FunctionTest.cpp - functions of elements, gates ----------*- C++ -*-===//

#include "tests/numerical/fixture/NumericalFixture.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace res;

namespace {

class FunctionTest : public TargetTest {
protected:
  /// What of x lies below 0, times a factor, so that a function is seen near 0 and where it is flat.
  static Value scaled(NetworkBuilder &n, Value x, float factor) {
    return n.unary(UnaryFunction::leaky_relu, n.unary(UnaryFunction::clip, x, -1e30f, 0), factor);
  }
};

constexpr const char *kSame = "3x3, pad = [1, 1, 1, 1]";

struct Case {
  UnaryFunction function;
  float alpha = 0, beta = 0;
};
const Case kCases[] = {
    {UnaryFunction::abs},
    {UnaryFunction::celu, 0.5f},
    {UnaryFunction::clip, -0.25f, 0.5f},
    {UnaryFunction::elu, 1.5f},
    {UnaryFunction::erf},
    {UnaryFunction::exp},
    {UnaryFunction::gelu},
    {UnaryFunction::gelu_tanh},
    {UnaryFunction::hard_sigmoid, 0.2f, 0.5f},
    {UnaryFunction::hard_swish},
    {UnaryFunction::leaky_relu, -0.1f},
    {UnaryFunction::mish},
    {UnaryFunction::selu, 1.67f, 1.05f},
    {UnaryFunction::sigmoid},
    {UnaryFunction::softplus},
    {UnaryFunction::softsign},
    {UnaryFunction::swish, 1.7f},
    {UnaryFunction::tanh},
};

TEST_P(FunctionTest, BehindConvolutionsAndInputs) {
  for (const Case &c : kCases) {
    const std::string name = stringifyUnaryFunction(c.function).str();
    SCOPED_TRACE(name);
    NetworkBuilder n = network();
    Value x = n.input({1, 19, 7, 9}), m = n.input({3, 21});
    n.output(n.unary(c.function, x, c.alpha, c.beta), name + " of an input");
    n.output(n.unary(c.function, n.conv(x, 33, kSame), c.alpha, c.beta), name + " of a convolution");
    n.output(n.conv(n.unary(c.function, n.maxPool(x, "2x2"), c.alpha, c.beta), 8, "1x1"), name + " of a pooling, read by a convolution");
    n.output(n.unary(c.function, n.gemm(m, 18, true, true), c.alpha, c.beta), name + " of a layer");
    check(n);
  }
}

// Results are compared with the largest of an output: these have no large ones, or reach to where exp is 0 or infinite.
TEST_P(FunctionTest, SmallAndLargeNumbers) {
  for (float factor : {1e-3f, 0.5f, 30.f, 1e6f, 1e12f}) {
    NetworkBuilder n = network();
    Value x = n.input({1, 16, 32, 32}), negative = scaled(n, x, factor), positive = n.unary(UnaryFunction::abs, negative);
    for (const Case &c : kCases) {
      if (c.function == UnaryFunction::exp && factor >= 30)
        continue; // infinite
      const std::string name = (stringifyUnaryFunction(c.function) + " at " + std::to_string(factor)).str();
      n.output(n.unary(c.function, positive, c.alpha, c.beta), name);
      // What is all but 0 everywhere has no element to compare with.
      if (factor <= 1)
        n.output(n.unary(c.function, negative, c.alpha, c.beta), name + ", below 0");
      else
        n.output(n.add(n.unary(c.function, negative, c.alpha, c.beta), n.unary(UnaryFunction::sigmoid, x)), name + ", below 0");
    }
    check(n);
  }
}

TEST_P(FunctionTest, Slopes) {
  NetworkBuilder n = network();
  Value x = n.input({2, 19, 7, 9}), m = n.input({3, 21});
  n.output(n.prelu(x), "of an input");
  n.output(n.prelu(n.add(n.prelu(n.conv(x, 19, kSame)), x)), "of a sum");
  n.output(n.prelu(n.gemm(m, 18, true, true)), "of a layer");
  check(n);
}

// Lanes without a channel hold 0 and other values here, and filters read them: 0 / 0 and sqrt of less than 0 must not stay.
TEST_P(FunctionTest, PolesInLanesWithoutChannels) {
  NetworkBuilder n = network();
  Value x = n.input({1, 19, 7, 9}), positive = n.unary(UnaryFunction::exp, x);
  Value sum = n.unary(UnaryFunction::softplus, n.conv(x, 19, kSame));
  n.output(n.conv(n.binary(BinaryFunction::div, sum, positive), 8, kSame), "quotient");
  Value sizes = n.unary(UnaryFunction::abs, n.conv(x, 19, kSame)); // of three the sum is not close to 0, but where it is 0
  for (int i = 0; i < 2; ++i)
    sizes = n.add(sizes, n.unary(UnaryFunction::abs, n.conv(x, 19, kSame)));
  n.output(n.conv(n.unary(UnaryFunction::reciprocal, sizes), 8, kSame), "reciprocals");
  Value difference = n.binary(BinaryFunction::sub, n.add(n.unary(UnaryFunction::abs, n.conv(x, 19, "1x1")), positive), positive);
  n.output(n.conv(n.unary(UnaryFunction::sqrt, n.unary(UnaryFunction::abs, difference)), 8, kSame), "root of a difference");
  Value ones = n.affine(n.affine(positive));
  n.output(n.conv(n.binary(BinaryFunction::div, x, n.unary(UnaryFunction::exp, ones)), 8, "1x1"), "quotient of functions");
  check(n);
}

TEST_P(FunctionTest, BinaryOfEveryShape) {
  for (auto function : {BinaryFunction::add, BinaryFunction::sub, BinaryFunction::mul, BinaryFunction::div}) {
    SCOPED_TRACE(stringifyBinaryFunction(function).str());
    NetworkBuilder n = network();
    Value x = n.input({2, 19, 5, 7});
    for (const Shape &shape : {Shape{2, 19, 5, 7}, {2, 19, 1, 1}, {1, 19, 1, 1}, {2, 1, 5, 7}, {1, 1, 5, 7}, {1, 1, 1, 1}, {1, 19, 5, 7}}) {
      Value other = n.unary(UnaryFunction::exp, n.input(shape));
      std::string label = llvm::join(llvm::map_range(shape, [](int64_t size) { return std::to_string(size); }), "x");
      n.output(n.binary(function, x, other), label + " on the right, inputs");
      n.output(n.binary(function, n.conv(x, 19, kSame), other), label + " behind a convolution");
      n.output(n.binary(function, other, n.unary(UnaryFunction::exp, n.conv(x, 19, "1x1"))), label + " on the left of a flat one");
      n.output(n.conv(n.binary(function, n.maxPool(x, kSame), other), 8, "1x1"), label + " behind a pooling");
    }
    Value gate = n.input({2, 19, 1, 1}), spot = n.unary(UnaryFunction::exp, n.input({2, 1, 5, 7}));
    n.output(n.binary(function, gate, spot), "both smaller than the result");
    Value m = n.input({3, 21}), row = n.unary(UnaryFunction::exp, n.input({1, 21})), column = n.unary(UnaryFunction::exp, n.input({3, 1}));
    n.output(n.binary(function, m, row), "a row");
    n.output(n.binary(function, n.gemm(m, 21, true, true), column), "a column behind a layer");
    n.output(n.binary(function, n.gemm(m, 21, true, true), m), "a matrix behind a layer");
    check(n);
  }
}

TEST_P(FunctionTest, GatesOfChannels) {
  for (int64_t batch : {1, 2})
    for (int64_t channels : {16, 20}) {
      NetworkBuilder n = network();
      n.useFastMath();
      Value x = n.unary(UnaryFunction::swish, n.conv(n.input({batch, 3, 13, 15}), channels, kSame), 1);
      Value squeezed = n.relu(n.conv(n.globalAvgPool(x), 4, "1x1"));
      Value gate = n.unary(UnaryFunction::sigmoid, n.conv(squeezed, channels, "1x1"));
      Value excited = n.binary(BinaryFunction::mul, gate, x);
      n.output(n.conv(excited, 8, "1x1"), "read by a convolution");
      n.output(n.relu(n.add(n.binary(BinaryFunction::mul, n.conv(x, channels, kSame), gate), x)), "behind a convolution, with a residual");
      check(n);
    }
}

// Expressions of a chain share what they read twice, or this would take for ever.
TEST_P(FunctionTest, LongChains) {
  NetworkBuilder n = network();
  Value x = n.conv(n.input({1, 16, 4, 4}), 16, "1x1");
  for (int i = 0; i < 12; ++i) {
    x = n.binary(BinaryFunction::mul, x, n.unary(UnaryFunction::sigmoid, x));
    x = n.add(x, n.unary(UnaryFunction::tanh, x));
  }
  n.output(x, "products");
  check(n);
}

TEST_P(FunctionTest, InBands) {
  NetworkBuilder n = network();
  n.tileAlways();
  Value x = n.maxPool(n.input({1, 32, 21, 19}), kSame);
  Value gate = n.unary(UnaryFunction::sigmoid, n.conv(n.globalAvgPool(x), 32, "1x1"));
  Value y = n.unary(UnaryFunction::hard_swish, n.conv(x, 16, "1x1"));
  y = n.unary(UnaryFunction::hard_swish, n.conv(y, 16, kSame));
  n.output(n.maxPool(n.add(n.binary(BinaryFunction::mul, n.conv(y, 32, "1x1"), gate), x), "2x2"), "bottleneck with a gate");
  check(n);
}

RES_INSTANTIATE_FOR_TARGETS(FunctionTest);

} // namespace
