//===- ReferenceOpsTest.cpp - what each operation computes ------*- C++ -*-===//

#include "tests/unit/ReferenceFixture.h"

#include <limits>

using namespace mlir;
using namespace res;

namespace {

class ReferenceOpsTest : public ReferenceFixture {};

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

TEST_F(ReferenceOpsTest, ConvMatchesTripleLoop) {
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

TEST_F(ReferenceOpsTest, PoolsMatchNaiveLoops) {
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

TEST_F(ReferenceOpsTest, PoolsOfSmallMap) {
  const std::string types = " : tensor<1x1x2x2xf32> -> tensor<1x1x2x2xf32>", window = "window<2x2, pad = [1, 1, 0, 0]>";
  auto pool = [&](const std::string &op) {
    return runOp(op + types, {"tensor<1x1x2x2xf32>"}, "tensor<1x1x2x2xf32>", {{-1, -2, -3, -6}});
  };
  EXPECT_EQ(pool("res.max_pool %0 " + window), (Tensor{-1, -1, -1, -1}));
  EXPECT_EQ(pool("res.avg_pool %0 " + window), (Tensor{-1, -1.5, -2, -3}));
  EXPECT_EQ(pool("res.avg_pool %0 " + window + " count_include_pad"), (Tensor{-0.25, -0.75, -1, -3}));
}

TEST_F(ReferenceOpsTest, GlobalAvgPool) {
  EXPECT_EQ(runOp("res.global_avg_pool %0 : tensor<1x2x2x3xf32> -> tensor<1x2x1x1xf32>", {"tensor<1x2x2x3xf32>"},
                  "tensor<1x2x1x1xf32>", {{1, 2, 3, 4, 5, 9, -6, 0, 0, 0, 0, 0}}),
            (Tensor{4, -1}));
}

//===----------------------------------------------------------------------===//
// Other anchors
//===----------------------------------------------------------------------===//

TEST_F(ReferenceOpsTest, GemmOfWeightsInSlices) {
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

TEST_F(ReferenceOpsTest, GemmOfActivations) {
  EXPECT_EQ(runOp("res.gemm %0, %1 : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>",
                  {"tensor<2x3xf32>", "tensor<3x2xf32>"}, "tensor<2x2xf32>", {{1, 2, 3, 4, 5, 6}, {1, 0, 2, 1, 0, 3}}),
            (Tensor{5, 11, 14, 23}));
}

TEST_F(ReferenceOpsTest, Softmax) {
  // The second row would overflow without the subtraction of the maximum.
  Tensor got = runOp("res.softmax %0 : tensor<2x3xf32>", {"tensor<2x3xf32>"}, "tensor<2x3xf32>",
                     {{0, std::log(2.0), std::log(5.0), 1000, 1000, 1000}});
  expectNear(got, {0.125, 0.25, 0.625, 1.0 / 3, 1.0 / 3, 1.0 / 3});
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

TEST_F(ReferenceOpsTest, BatchNorm) {
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

TEST_F(ReferenceOpsTest, AffineReluAdd) {
  const std::string type = "tensor<1x2x1x3xf32>", vector = "tensor<2xf32>";
  Tensor x{1, -2, 3, -4, 5, -6};
  EXPECT_EQ(runOp("res.affine %0, %1, %2 : " + type + ", " + vector, {type, vector, vector}, type,
                  {x, {2, -1}, {10, 20}}),
            (Tensor{12, 6, 16, 24, 15, 26}));
  EXPECT_EQ(runOp("res.relu %0 : " + type, {type}, type, {x}), (Tensor{1, 0, 3, 0, 5, 0}));
  EXPECT_EQ(runOp("res.add %0, %1 : " + type, {type, type}, type, {x, {1, 1, 1, 2, 2, 2}}),
            (Tensor{2, -1, 4, -2, 7, -4}));
}

TEST_F(ReferenceOpsTest, NanIsNotSwallowed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(runOp("res.relu %0 : tensor<1xf32>", {"tensor<1xf32>"}, "tensor<1xf32>", {{nan}})[0]));
  for (Tensor x : {Tensor{nan, 1}, Tensor{1, nan}})
    EXPECT_TRUE(std::isnan(runOp("res.max_pool %0 window<1x2> : tensor<1x1x1x2xf32> -> tensor<1x1x1x1xf32>",
                                 {"tensor<1x1x1x2xf32>"}, "tensor<1x1x1x1xf32>", {x})[0]));
}

TEST_F(ReferenceOpsTest, ReshapeAndRelayoutKeepRowMajorOrder) {
  Tensor x = randomTensor(2 * 20 * 3, 1);
  EXPECT_EQ(run(R"(
    func.func @main(%x: tensor<2x20x1x3xf32>) -> tensor<2x60xf32> {
      %0 = res.relayout %x : tensor<2x20x1x3xf32> -> tensor<2x20x1x3xf32, #res.blocked<16>>
      %1 = res.relayout %0 : tensor<2x20x1x3xf32, #res.blocked<16>> -> tensor<2x20x1x3xf32>
      %2 = res.reshape %1 : tensor<2x20x1x3xf32> -> tensor<2x60xf32>
      return %2 : tensor<2x60xf32>
    })", {x}), x);
}

} // namespace
