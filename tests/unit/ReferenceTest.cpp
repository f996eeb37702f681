//===- ReferenceTest.cpp - double-precision evaluator -----------*- C++ -*-===//

#include "compiler/reference/Reference.h"
#include "tests/unit/ModuleFixture.h"

#include <cmath>
#include <limits>
#include <malloc.h>

using namespace mlir;
using namespace res;

namespace {

using Tensor = std::vector<double>;

class ReferenceTest : public ModuleFixture {
protected:
  llvm::Expected<std::vector<Tensor>> tryRun(ModuleOp module, const std::vector<Tensor> &inputs) {
    WeightEvaluator weights(folder.str().str());
    return evaluateReference(module, weights, inputs, options);
  }

  std::vector<Tensor> runAll(const std::string &text, const std::vector<Tensor> &inputs) {
    auto results = tryRun(parse(text), inputs);
    if (!results) {
      ADD_FAILURE() << llvm::toString(results.takeError()) << "\n" << text;
      return {{}, {}, {}};
    }
    return *results;
  }
  Tensor run(const std::string &text, const std::vector<Tensor> &inputs) { return runAll(text, inputs)[0]; }

  /// One operation on arguments %0, %1, ... of the given types.
  Tensor runOp(const std::string &op, const std::vector<std::string> &types, const std::string &result,
               const std::vector<Tensor> &inputs) {
    std::string arguments;
    for (size_t i = 0; i < types.size(); ++i)
      arguments += (i ? ", %" : "%") + std::to_string(i) + ": " + types[i];
    return run("func.func @main(" + arguments + ") -> " + result + " {\n%r = " + op + "\nreturn %r : " + result + "\n}",
               inputs);
  }

  static Tensor randomTensor(size_t size, unsigned seed, float least = -1, float most = 1) {
    std::vector<float> values = random(size, seed, least, most);
    return Tensor(values.begin(), values.end());
  }

  /// Sums may be taken in another order than the test's.
  static void expectNear(const Tensor &got, const Tensor &expected, const std::string &what = "") {
    ASSERT_EQ(got.size(), expected.size()) << what;
    for (size_t i = 0; i < got.size(); ++i)
      ASSERT_NEAR(got[i], expected[i], 1e-12 * (1 + std::abs(expected[i]))) << what << " at " << i;
  }

  ReferenceOptions options;
};

std::string tensor(std::vector<int64_t> shape) {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + "f32>";
}

/// A window with everything spelled out.
struct Window {
  int64_t kernel[2], stride[2], pad[4], dilation[2];

  int64_t output(int axis, int64_t input) const {
    return (input + pad[axis] + pad[axis + 2] - (kernel[axis] - 1) * dilation[axis] - 1) / stride[axis] + 1;
  }
  int64_t input(int axis, int64_t output, int64_t tap) const {
    return output * stride[axis] - pad[axis] + tap * dilation[axis];
  }
  std::string text() const {
    auto pair = [](const int64_t *sizes) { return std::to_string(sizes[0]) + "x" + std::to_string(sizes[1]); };
    std::string pads;
    for (int64_t size : pad)
      pads += (pads.empty() ? "" : ", ") + std::to_string(size);
    return "window<" + pair(kernel) + ", stride = " + pair(stride) + ", pad = [" + pads + "], dilation = " +
           pair(dilation) + ">";
  }
};

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

TEST_F(ReferenceTest, ConvMatchesTripleLoop) {
  struct Case {
    int64_t N, C, H, W, K, groups;
    Window window;
  } cases[] = {
      {1, 5, 7, 9, 20, 1, {{3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}}},
      {1, 3, 13, 11, 6, 1, {{7, 7}, {2, 2}, {3, 3, 3, 3}, {1, 1}}},
      {2, 5, 6, 5, 7, 1, {{1, 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}}},
      {2, 4, 7, 8, 3, 1, {{1, 1}, {2, 2}, {0, 0, 0, 0}, {1, 1}}},
      {1, 4, 9, 10, 5, 1, {{3, 2}, {2, 1}, {0, 1, 2, 0}, {1, 1}}},  // asymmetric pads
      {1, 2, 12, 13, 5, 1, {{3, 3}, {1, 1}, {2, 3, 2, 3}, {2, 3}}}, // dilation
      {1, 2, 12, 13, 5, 1, {{3, 2}, {2, 3}, {1, 0, 0, 4}, {3, 2}}}, // dilation and stride
      {2, 6, 5, 7, 15, 3, {{3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}}},  // groups
      {1, 7, 8, 6, 7, 7, {{3, 3}, {2, 2}, {1, 1, 0, 0}, {1, 1}}},   // depthwise
      {1, 3, 23, 21, 40, 1, {{3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}}}, // several tasks
      {1, 3, 9, 9, 4, 1, {{2, 2}, {4, 5}, {0, 0, 0, 0}, {1, 1}}},   // stride beyond the kernel
      {1, 1, 1, 1, 1, 1, {{3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}}},
  };
  for (unsigned threads : {1, 3})
    for (bool hasBias : {false, true})
      for (const Case &c : cases) {
        options.threads = threads;
        const Window &w = c.window;
        int64_t OH = w.output(0, c.H), OW = w.output(1, c.W), Cg = c.C / c.groups, R = w.kernel[0], S = w.kernel[1];
        Tensor x = randomTensor(c.N * c.C * c.H * c.W, 1), f = randomTensor(c.K * Cg * R * S, 2);
        Tensor b = randomTensor(c.K, 3), expected;
        for (int64_t n = 0; n < c.N; ++n)
          for (int64_t k = 0; k < c.K; ++k)
            for (int64_t oy = 0; oy < OH; ++oy)
              for (int64_t ox = 0; ox < OW; ++ox) {
                double sum = hasBias ? b[k] : 0;
                for (int64_t i = 0; i < Cg; ++i)
                  for (int64_t r = 0; r < R; ++r)
                    for (int64_t s = 0; s < S; ++s) {
                      int64_t y = w.input(0, oy, r), xx = w.input(1, ox, s), ci = k / (c.K / c.groups) * Cg + i;
                      if (y >= 0 && y < c.H && xx >= 0 && xx < c.W)
                        sum += x[((n * c.C + ci) * c.H + y) * c.W + xx] * f[((k * Cg + i) * R + r) * S + s];
                    }
                expected.push_back(sum);
              }
        std::vector<std::string> types{tensor({c.N, c.C, c.H, c.W}), tensor({c.K, Cg, R, S})};
        std::vector<Tensor> inputs{x, f};
        if (hasBias) {
          types.push_back(tensor({c.K}));
          inputs.push_back(b);
        }
        std::string result = tensor({c.N, c.K, OH, OW});
        std::string op = "res.conv %0, %1" + std::string(hasBias ? " bias %2" : "") + " " + w.text() +
                         " {groups = " + std::to_string(c.groups) + " : i64} : (" + types[0] + ", " + types[1] +
                         (hasBias ? ", " + types[2] : "") + ") -> " + result;
        expectNear(runOp(op, types, result, inputs), expected, op);
      }
}

TEST_F(ReferenceTest, PoolsMatchNaiveLoops) {
  const Window windows[] = {
      {{3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}},
      {{2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}},
      {{3, 2}, {1, 3}, {2, 0, 1, 1}, {1, 1}},
      {{2, 3}, {2, 1}, {1, 2, 0, 1}, {3, 2}},
  };
  const int64_t N = 2, C = 3, H = 7, W = 9;
  Tensor x = randomTensor(N * C * H * W, 1, -3, -1); // below zero: padding must not win
  for (const Window &w : windows) {
    int64_t OH = w.output(0, H), OW = w.output(1, W);
    Tensor maximum, mean, meanWithPadding;
    for (int64_t plane = 0; plane < N * C; ++plane)
      for (int64_t oy = 0; oy < OH; ++oy)
        for (int64_t ox = 0; ox < OW; ++ox) {
          double best = -INFINITY, sum = 0, count = 0;
          for (int64_t r = 0; r < w.kernel[0]; ++r)
            for (int64_t s = 0; s < w.kernel[1]; ++s) {
              int64_t iy = w.input(0, oy, r), ix = w.input(1, ox, s);
              if (iy < 0 || iy >= H || ix < 0 || ix >= W)
                continue;
              double element = x[(plane * H + iy) * W + ix];
              best = std::max(best, element);
              sum += element;
              count += 1;
            }
          maximum.push_back(best);
          mean.push_back(sum / count);
          meanWithPadding.push_back(sum / double(w.kernel[0] * w.kernel[1]));
        }
    std::string from = tensor({N, C, H, W}), to = tensor({N, C, OH, OW}), types = " : " + from + " -> " + to;
    expectNear(runOp("res.max_pool %0 " + w.text() + types, {from}, to, {x}), maximum, "max " + w.text());
    expectNear(runOp("res.avg_pool %0 " + w.text() + types, {from}, to, {x}), mean, "mean " + w.text());
    expectNear(runOp("res.avg_pool %0 " + w.text() + " count_include_pad" + types, {from}, to, {x}), meanWithPadding,
               "mean with padding " + w.text());
  }
}

TEST_F(ReferenceTest, PoolsOfSmallMap) {
  const std::string types = " : tensor<1x1x2x2xf32> -> tensor<1x1x2x2xf32>", window = "window<2x2, pad = [1, 1, 0, 0]>";
  auto pool = [&](const std::string &op) {
    return runOp(op + types, {"tensor<1x1x2x2xf32>"}, "tensor<1x1x2x2xf32>", {{-1, -2, -3, -6}});
  };
  EXPECT_EQ(pool("res.max_pool %0 " + window), (Tensor{-1, -1, -1, -1}));
  EXPECT_EQ(pool("res.avg_pool %0 " + window), (Tensor{-1, -1.5, -2, -3}));
  EXPECT_EQ(pool("res.avg_pool %0 " + window + " count_include_pad"), (Tensor{-0.25, -0.75, -1, -3}));
}

TEST_F(ReferenceTest, GlobalAvgPool) {
  EXPECT_EQ(runOp("res.global_avg_pool %0 : tensor<1x2x2x3xf32> -> tensor<1x2x1x1xf32>", {"tensor<1x2x2x3xf32>"},
                  "tensor<1x2x1x1xf32>", {{1, 2, 3, 4, 5, 9, -6, 0, 0, 0, 0, 0}}),
            (Tensor{4, -1}));
}

//===----------------------------------------------------------------------===//
// Other anchors
//===----------------------------------------------------------------------===//

TEST_F(ReferenceTest, GemmOfWeightsInSlices) {
  // 300 x 1000 doubles are three slices; the odd sizes leave tails everywhere.
  const int64_t N = 2, C = 1003, K = 301;
  std::vector<float> matrix = random(K * C, 1), bias = random(K, 2);
  writeFile("w.bin", 3, matrix);
  writeFile("b.bin", 1, bias);
  Tensor x = randomTensor(N * C, 3);
  for (bool transposed : {true, false}) {
    Tensor expected;
    for (int64_t n = 0; n < N; ++n)
      for (int64_t k = 0; k < K; ++k) {
        double sum = bias[k];
        for (int64_t c = 0; c < C; ++c)
          sum += x[n * C + c] * matrix[transposed ? k * C + c : c * K + k];
        expected.push_back(sum);
      }
    std::string type = transposed ? tensor({K, C}) : tensor({C, K});
    std::string packing = " -> tensor<10x1003x2x16xf32> as #res.pack_dense<block = 16, blocks = 2, transposed = " +
                          std::string(transposed ? "true>" : "false>");
    std::string weights = "func.func @main(%x: tensor<2x1003xf32>) -> tensor<2x301xf32> {\n"
                          "%w = res.weight \"w\" in \"w.bin\" at 3 : " + type + "\n"
                          "%b = res.weight \"b\" in \"b.bin\" at 1 : tensor<301xf32>\n";
    std::string end = "\nreturn %r : tensor<2x301xf32>\n}";
    for (unsigned threads : {1, 3}) {
      options.threads = threads;
      Tensor plain = run(weights + "%r = res.gemm %x, %w bias %b" + (transposed ? " transposed" : "") +
                             " : (tensor<2x1003xf32>, " + type + ", tensor<301xf32>) -> tensor<2x301xf32>" + end, {x});
      expectNear(plain, expected);
      Tensor packed = run(weights + "%pw = res.pack %w : " + type + packing +
                              "\n%pb = res.pack %b : tensor<301xf32> -> tensor<320xf32>"
                              " as #res.pack_vector<multiple = 32>"
                              "\n%r = res.gemm %x, %pw bias %pb transposed : (tensor<2x1003xf32>, "
                              "tensor<10x1003x2x16xf32>, tensor<320xf32>) -> tensor<2x301xf32>" + end, {x});
      EXPECT_EQ(packed, plain);
    }
  }
}

TEST_F(ReferenceTest, GemmOfActivations) {
  EXPECT_EQ(runOp("res.gemm %0, %1 : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>",
                  {"tensor<2x3xf32>", "tensor<3x2xf32>"}, "tensor<2x2xf32>", {{1, 2, 3, 4, 5, 6}, {1, 0, 2, 1, 0, 3}}),
            (Tensor{5, 11, 14, 23}));
}

TEST_F(ReferenceTest, Softmax) {
  // The second row would overflow without the subtraction of the maximum.
  Tensor got = runOp("res.softmax %0 : tensor<2x3xf32>", {"tensor<2x3xf32>"}, "tensor<2x3xf32>",
                     {{0, std::log(2.0), std::log(5.0), 1000, 1000, 1000}});
  expectNear(got, {0.125, 0.25, 0.625, 1.0 / 3, 1.0 / 3, 1.0 / 3});
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

TEST_F(ReferenceTest, BatchNorm) {
  const std::string vector = "tensor<2xf32>";
  const double epsilon = 0.5f;
  for (std::string type : {"tensor<2x2x1x2xf32>", "tensor<4x2xf32>"}) {
    Tensor x{1, 2, 3, 4, 5, 6, 7, 8}, gamma{2, -3}, beta{1, 0.5}, mean{-1, 2}, variance{3.5, 15.5}, expected;
    for (int i = 0; i < 8; ++i) {
      int c = type == "tensor<4x2xf32>" ? i % 2 : i / 2 % 2;
      expected.push_back((x[i] - mean[c]) / std::sqrt(variance[c] + epsilon) * gamma[c] + beta[c]);
    }
    expectNear(runOp("res.batch_norm %0, %1, %2, %3, %4 epsilon 5.0e-1 : " + type + ", " + vector,
                     {type, vector, vector, vector, vector}, type, {x, gamma, beta, mean, variance}),
               expected);
  }
}

TEST_F(ReferenceTest, AffineReluAdd) {
  const std::string type = "tensor<1x2x1x3xf32>", vector = "tensor<2xf32>";
  Tensor x{1, -2, 3, -4, 5, -6};
  EXPECT_EQ(runOp("res.affine %0, %1, %2 : " + type + ", " + vector, {type, vector, vector}, type,
                  {x, {2, -1}, {10, 20}}),
            (Tensor{12, 6, 16, 24, 15, 26}));
  EXPECT_EQ(runOp("res.relu %0 : " + type, {type}, type, {x}), (Tensor{1, 0, 3, 0, 5, 0}));
  EXPECT_EQ(runOp("res.add %0, %1 : " + type, {type, type}, type, {x, {1, 1, 1, 2, 2, 2}}),
            (Tensor{2, -1, 4, -2, 7, -4}));
}

TEST_F(ReferenceTest, NanIsNotSwallowed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(runOp("res.relu %0 : tensor<1xf32>", {"tensor<1xf32>"}, "tensor<1xf32>", {{nan}})[0]));
  for (Tensor x : {Tensor{nan, 1}, Tensor{1, nan}})
    EXPECT_TRUE(std::isnan(runOp("res.max_pool %0 window<1x2> : tensor<1x1x1x2xf32> -> tensor<1x1x1x1xf32>",
                                 {"tensor<1x1x1x2xf32>"}, "tensor<1x1x1x1xf32>", {x})[0]));
}

TEST_F(ReferenceTest, ReshapeAndRelayoutKeepRowMajorOrder) {
  Tensor x = randomTensor(2 * 20 * 3, 1);
  EXPECT_EQ(run(R"(
    func.func @main(%x: tensor<2x20x1x3xf32>) -> tensor<2x60xf32> {
      %0 = res.relayout %x : tensor<2x20x1x3xf32> -> tensor<2x20x1x3xf32, #res.blocked<16>>
      %1 = res.relayout %0 : tensor<2x20x1x3xf32, #res.blocked<16>> -> tensor<2x20x1x3xf32>
      %2 = res.reshape %1 : tensor<2x20x1x3xf32> -> tensor<2x60xf32>
      return %2 : tensor<2x60xf32>
    })", {x}), x);
}

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

/// A residual block with a projection, in three phases.
class ReferencePhasesTest : public ReferenceTest {
protected:
  void SetUp() override {
    ReferenceTest::SetUp();
    writeFile("w.bin", 5, random(20 * 5 * 9 + 20 * 5 + 5 * 20, 1));
    options.observe = [&](Operation *op, ArrayRef<double> result) {
      observed.push_back(op->getName().getStringRef().str());
      observedResults.emplace_back(result.begin(), result.end());
    };
  }

  const std::string weights = R"(
    %w1 = res.weight "w1" in "w.bin" at 5 : tensor<20x5x3x3xf32>
    %w2 = res.weight "w2" in "w.bin" at 3605 : tensor<20x5x1x1xf32>
    %s = res.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 0.5, -1.0, -2.0, -3.0, -4.0, -5.0, 0.25,
                             0.125, 3.5, 4.5]> : tensor<20xf32>
    %v1 = res.scale_channels %w1 by %s : tensor<20x5x3x3xf32>, tensor<20xf32>)";

  const std::string head =
      "func.func @main(%x: tensor<1x5x6x7xf32>) -> (tensor<1x20x6x7xf32>, tensor<1x20x6x7xf32>) {" + weights;

  const std::string flat = head + R"(
    %1 = res.conv %x, %w2 window<1x1> : (tensor<1x5x6x7xf32>, tensor<20x5x1x1xf32>) -> tensor<1x20x6x7xf32>
    %2 = res.conv %x, %v1 bias %s window<3x3, pad = [1, 1, 1, 1]>
       : (tensor<1x5x6x7xf32>, tensor<20x5x3x3xf32>, tensor<20xf32>) -> tensor<1x20x6x7xf32>
    %3 = res.add %2, %1 : tensor<1x20x6x7xf32>
    %4 = res.relu %3 : tensor<1x20x6x7xf32>
    return %3, %4 : tensor<1x20x6x7xf32>, tensor<1x20x6x7xf32>
  })";

  const std::string kernels = head + R"(
    %1 = res.kernel(%a = %x : tensor<1x5x6x7xf32>, %w = %w2 : tensor<20x5x1x1xf32>) -> tensor<1x20x6x7xf32> {
      %c = res.conv %a, %w window<1x1> : (tensor<1x5x6x7xf32>, tensor<20x5x1x1xf32>) -> tensor<1x20x6x7xf32>
      res.yield %c : tensor<1x20x6x7xf32>
    }
    %2:2 = res.kernel(%a = %x : tensor<1x5x6x7xf32>, %w = %v1 : tensor<20x5x3x3xf32>, %b = %s : tensor<20xf32>,
                      %p = %1 : tensor<1x20x6x7xf32>) -> (tensor<1x20x6x7xf32>, tensor<1x20x6x7xf32>) {
      %c = res.conv %a, %w bias %b window<3x3, pad = [1, 1, 1, 1]>
         : (tensor<1x5x6x7xf32>, tensor<20x5x3x3xf32>, tensor<20xf32>) -> tensor<1x20x6x7xf32>
      %d = res.add %c, %p : tensor<1x20x6x7xf32>
      %e = res.relu %d : tensor<1x20x6x7xf32>
      res.yield %d, %e : tensor<1x20x6x7xf32>, tensor<1x20x6x7xf32>
    }
    return %2#0, %2#1 : tensor<1x20x6x7xf32>, tensor<1x20x6x7xf32>
  })";

  // Both kernels read an input that a relayout has blocked, and packed weights.
  const std::string calls = R"(
  !in = tensor<1x5x6x7xf32, #res.blocked<16>>
  !out = tensor<1x20x6x7xf32, #res.blocked<16>>
  func.func private @k0(%a: !in, %w: tensor<2x1x1x1x16x16xf32>) -> !out {
    %c = res.conv %a, %w window<1x1> : (!in, tensor<2x1x1x1x16x16xf32>) -> !out
    return %c : !out
  }
  func.func private @k1(%a: !in, %w: tensor<2x1x3x3x16x16xf32>, %b: tensor<32xf32>, %p: !out) -> (!out, !out) {
    %c = res.conv %a, %w bias %b window<3x3, pad = [1, 1, 1, 1]>
       : (!in, tensor<2x1x3x3x16x16xf32>, tensor<32xf32>) -> !out
    %d = res.add %c, %p : !out
    %e = res.relu %d : !out
    return %d, %e : !out, !out
  }
  func.func @main(%x: tensor<1x5x6x7xf32>) -> (tensor<1x20x6x7xf32>, !out) {)" + weights + R"(
    %p1 = res.pack %v1 : tensor<20x5x3x3xf32> -> tensor<2x1x3x3x16x16xf32>
       as #res.pack_conv<block = 16, inner = 16> at 0
    %p2 = res.pack %w2 : tensor<20x5x1x1xf32> -> tensor<2x1x1x1x16x16xf32>
       as #res.pack_conv<block = 16, inner = 16> at 64
    %pb = res.pack %s : tensor<20xf32> -> tensor<32xf32> as #res.pack_vector<multiple = 32> at 128
    %0 = res.relayout %x : tensor<1x5x6x7xf32> -> !in
    %1 = res.call @k0(%0, %p2) at [0] : (!in, tensor<2x1x1x1x16x16xf32>) -> !out
    %2:2 = res.call @k1(%0, %p1, %pb, %1) at [64, -1]
         : (!in, tensor<2x1x3x3x16x16xf32>, tensor<32xf32>, !out) -> (!out, !out)
    %3 = res.relayout %2#0 : !out -> tensor<1x20x6x7xf32>
    return %3, %2#1 : tensor<1x20x6x7xf32>, !out
  })";

  const Tensor x = randomTensor(5 * 6 * 7, 2);
  std::vector<std::string> observed;
  std::vector<Tensor> observedResults;
};

TEST_F(ReferencePhasesTest, KernelsAndCallsGiveTheSame) {
  std::vector<Tensor> expected = runAll(flat, {x});
  EXPECT_NE(expected[0], expected[1]);
  EXPECT_EQ(runAll(kernels, {x}), expected);
  EXPECT_EQ(runAll(calls, {x}), expected);
}

TEST_F(ReferencePhasesTest, ObservesResultsInOrder) {
  std::vector<Tensor> results = runAll(flat, {x});
  EXPECT_EQ(observed, (std::vector<std::string>{"res.conv", "res.conv", "res.add", "res.relu"}));
  EXPECT_EQ(observedResults[2], results[0]);
  EXPECT_EQ(observedResults[3], results[1]);
  std::vector<Tensor> flatResults = observedResults;

  observed.clear();
  observedResults.clear();
  runAll(kernels, {x});
  EXPECT_EQ(observed, (std::vector<std::string>{"res.conv", "res.kernel", "res.conv", "res.add", "res.relu",
                                                "res.kernel", "res.kernel"}));
  EXPECT_EQ(observedResults, (std::vector<Tensor>{flatResults[0], flatResults[0], flatResults[1], flatResults[2],
                                                  flatResults[3], flatResults[2], flatResults[3]}));

  observed.clear();
  runAll(calls, {x});
  EXPECT_EQ(observed, (std::vector<std::string>{"res.relayout", "res.conv", "res.call", "res.conv", "res.add",
                                                "res.relu", "res.call", "res.call", "res.relayout"}));
}

TEST_F(ReferenceTest, OneKernelServesTwoCalls) {
  EXPECT_EQ(run(R"(
    func.func private @double(%a: tensor<2xf32>) -> tensor<2xf32> {
      %0 = res.add %a, %a : tensor<2xf32>
      return %0 : tensor<2xf32>
    }
    func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
      %0 = res.call @double(%x) : (tensor<2xf32>) -> tensor<2xf32>
      %1 = res.call @double(%0) : (tensor<2xf32>) -> tensor<2xf32>
      %2 = res.add %1, %x : tensor<2xf32>
      return %2 : tensor<2xf32>
    })", {{1, 10}}), (Tensor{5, 50}));
}

TEST_F(ReferenceTest, FreesValuesAfterTheirLastUse) {
  // Twelve operations on 8 MiB: an operand and a result are alive at a time.
  std::string text = "func.func @main(%v0: tensor<1048576xf32>) -> tensor<1048576xf32> {\n";
  for (int i = 0; i < 12; ++i)
    text += "%v" + std::to_string(i + 1) + " = res.add %v" + std::to_string(i) + ", %v" + std::to_string(i) +
            " : tensor<1048576xf32>\n";
  ModuleOp module = parse(text + "return %v12 : tensor<1048576xf32>\n}");
  std::vector<Tensor> inputs{Tensor(1 << 20, 1.0)};
  auto allocated = [] {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  size_t before = allocated(), most = 0;
  options.observe = [&](Operation *, ArrayRef<double>) { most = std::max(most, allocated()); };
  auto results = tryRun(module, inputs);
  ASSERT_TRUE(bool(results));
  EXPECT_EQ((*results)[0][0], 4096);
  EXPECT_LT(most, before + 3 * (8 << 20));
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

TEST_F(ReferenceTest, RefusesWrongInputs) {
  ModuleOp module = parse("func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> { return %x : tensor<2x3xf32> }");
  EXPECT_EQ(message(tryRun(module, {{1, 2, 3}})), "expected input 0 of 6 elements, got 3");
  EXPECT_EQ(message(tryRun(module, {})), "expected 1 inputs, got 0");
  EXPECT_EQ(message(tryRun(parse("func.func private @other()"), {})), "expected a function 'main' of one block");
}

TEST_F(ReferenceTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(message(tryRun(parse(R"(
    func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> { return %x : tensor<2xf32> }
    func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
      %0 = func.call @f(%x) : (tensor<2xf32>) -> tensor<2xf32> loc("conv1")
      return %0 : tensor<2xf32>
    })"), {{1, 2}})),
            "node 'conv1': expected an operation on activations of the res dialect, got 'func.call'");
  EXPECT_EQ(message(tryRun(parse(R"(
    func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
      %0 = res.call @main(%x) : (tensor<2xf32>) -> tensor<2xf32>
      return %0 : tensor<2xf32>
    })"), {{1, 2}})),
            "'res.call': expected no call inside of an outlined kernel");
}

TEST_F(ReferenceTest, NamesWeightsThatCannotBeRead) {
  for (std::string kind : {"", " transposed"}) {
    std::string got = message(tryRun(parse(R"(
      func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
        %w = res.weight "fc.w" in "missing.bin" at 0 : tensor<4x4xf32>
        %0 = res.gemm %x, %w)" + kind + R"( : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>
        return %0 : tensor<1x4xf32>
      })"), {{1, 2, 3, 4}}));
    EXPECT_EQ(got.find("weight 'fc.w': cannot read file '"), 0u) << got;
  }
}

TEST_F(ReferenceTest, RefusesPackedWeightOfAnotherShape) {
  // Three filters behind a packing that would do for sixteen.
  EXPECT_EQ(message(tryRun(parse(R"(
    func.func @main(%x: tensor<1x2x1x1xf32>) -> tensor<1x5x1x1xf32> {
      %w = res.constant dense<1.0> : tensor<3x2x1x1xf32>
      %p = res.pack %w : tensor<3x2x1x1xf32> -> tensor<1x1x1x1x2x16xf32> as #res.pack_conv<block = 16, inner = 2>
      %0 = res.conv %x, %p window<1x1> : (tensor<1x2x1x1xf32>, tensor<1x1x1x1x2x16xf32>) -> tensor<1x5x1x1xf32> loc("c")
      return %0 : tensor<1x5x1x1xf32>
    })"), {{1, 2}})),
            "node 'c': expected operand 1 to be 5x2x1x1, got 3x2x1x1");
}

} // namespace
