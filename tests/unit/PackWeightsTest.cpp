//===- PackWeightsTest.cpp - weights in the order kernels read --*- C++ -*-===//

#include "compiler/weights/PackWeights.h"
#include "tests/unit/ModuleFixture.h"

#include <cmath>

using namespace mlir;
using namespace res;

namespace {

class PackWeightsTest : public ModuleFixture {
protected:
  std::vector<float> pack(ModuleOp module) {
    auto op = find<PackOp>(module);
    WeightEvaluator evaluator(folder.str().str());
    std::vector<float> packed(packedBytes(op) / sizeof(float), NAN);
    llvm::Error error = packWeight(evaluator, op, packed);
    EXPECT_FALSE(bool(error)) << llvm::toString(std::move(error));
    return packed;
  }

  static int64_t blocksOf(int64_t size, int64_t block) { return (size + block - 1) / block; }
};

TEST_F(PackWeightsTest, ConvOfBlockedInput) {
  // More input channels than a block, neither K nor C a multiple of it.
  const int64_t K = 20, C = 18, R = 3, S = 2, inner = 16;
  std::vector<float> filter = random(K * C * R * S, 1);
  writeFile("w.bin", 7, filter);
  std::vector<float> packed = pack(parseBody(R"(
    %0 = res.weight "w" in "w.bin" at 7 : tensor<20x18x3x2xf32>
    %1 = res.pack %0 : tensor<20x18x3x2xf32> -> tensor<2x2x3x2x16x16xf32> as #res.pack_conv<block = 16, inner = 16>)"));
  ASSERT_EQ(packed.size(), size_t(2 * 2 * R * S * 16 * 16));
  size_t at = 0;
  for (int64_t kb = 0; kb < 2; ++kb)
    for (int64_t cb = 0; cb < 2; ++cb)
      for (int64_t r = 0; r < R; ++r)
        for (int64_t s = 0; s < S; ++s)
          for (int64_t ci = 0; ci < inner; ++ci)
            for (int64_t ki = 0; ki < 16; ++ki, ++at) {
              int64_t k = kb * 16 + ki, c = cb * inner + ci;
              float expected = k < K && c < C ? filter[((k * C + c) * R + r) * S + s] : 0.0f;
              ASSERT_EQ(packed[at], expected) << kb << " " << cb << " " << r << " " << s << " " << ci << " " << ki;
            }
}

TEST_F(PackWeightsTest, ConvOfPlainInput) {
  const int64_t K = 20, C = 5, R = 3, S = 3;
  std::vector<float> filter = random(K * C * R * S, 2);
  writeFile("w.bin", 1, filter);
  std::vector<float> packed = pack(parseBody(R"(
    %0 = res.weight "w" in "w.bin" at 1 : tensor<20x5x3x3xf32>
    %1 = res.pack %0 : tensor<20x5x3x3xf32> -> tensor<2x1x3x3x5x16xf32> as #res.pack_conv<block = 16, inner = 5>)"));
  for (int64_t k = 0; k < 32; ++k)
    for (int64_t c = 0; c < C; ++c)
      for (int64_t tap = 0; tap < R * S; ++tap)
        ASSERT_EQ(packed[((k / 16 * R * S + tap) * C + c) * 16 + k % 16],
                  k < K ? filter[(k * C + c) * R * S + tap] : 0.0f);
}

TEST_F(PackWeightsTest, DenseOfBothOrders) {
  const int64_t K = 83, C = 37, block = 16, blocks = 2;
  std::vector<float> matrix = random(K * C, 3);
  writeFile("w.bin", 5, matrix);
  const std::string packing = " -> tensor<3x37x2x16xf32> as #res.pack_dense<block = 16, blocks = 2, transposed = ";
  std::vector<float> byRow = pack(parseBody("%0 = res.weight \"w\" in \"w.bin\" at 5 : tensor<83x37xf32>\n"
                                            "%1 = res.pack %0 : tensor<83x37xf32>" + packing + "true>"));
  std::vector<float> byColumn = pack(parseBody("%0 = res.weight \"w\" in \"w.bin\" at 5 : tensor<37x83xf32>\n"
                                               "%1 = res.pack %0 : tensor<37x83xf32>" + packing + "false>"));
  size_t at = 0;
  for (int64_t g = 0; g < blocksOf(K, block * blocks); ++g)
    for (int64_t c = 0; c < C; ++c)
      for (int64_t b = 0; b < blocks; ++b)
        for (int64_t lane = 0; lane < block; ++lane, ++at) {
          int64_t k = (g * blocks + b) * block + lane;
          ASSERT_EQ(byRow[at], k < K ? matrix[k * C + c] : 0.0f) << k << " " << c;
          ASSERT_EQ(byColumn[at], k < K ? matrix[c * K + k] : 0.0f) << k << " " << c;
        }
  EXPECT_EQ(at, byRow.size());
}

TEST_F(PackWeightsTest, VectorIsPaddedWithZeros) {
  std::vector<float> packed = pack(parseBody(R"(
    %0 = res.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
    %1 = res.pack %0 : tensor<3xf32> -> tensor<16xf32> as #res.pack_vector<multiple = 16>)"));
  std::vector<float> expected(16, 0.0f);
  std::copy_n(std::vector<float>{1, 2, 3}.begin(), 3, expected.begin());
  EXPECT_EQ(packed, expected);
}

TEST_F(PackWeightsTest, RoundsOnce) {
  // Rounding after each factor would change a good part of the products.
  std::vector<float> filter = random(20 * 5, 4), first = random(20, 5), second = random(20, 6);
  std::vector<float> all(filter);
  all.insert(all.end(), first.begin(), first.end());
  all.insert(all.end(), second.begin(), second.end());
  writeFile("w.bin", 3, all);
  std::vector<float> packed = pack(parseBody(R"(
    %0 = res.weight "w" in "w.bin" at 3 : tensor<20x5x1x1xf32>
    %1 = res.weight "a" in "w.bin" at 403 : tensor<20xf32>
    %2 = res.weight "b" in "w.bin" at 483 : tensor<20xf32>
    %3 = res.scale_channels %0 by %1 : tensor<20x5x1x1xf32>, tensor<20xf32>
    %4 = res.scale_channels %3 by %2 : tensor<20x5x1x1xf32>, tensor<20xf32>
    %5 = res.pack %4 : tensor<20x5x1x1xf32> -> tensor<2x1x1x1x5x16xf32> as #res.pack_conv<block = 16, inner = 5>)"));
  int roundedTwiceDiffers = 0;
  for (int64_t k = 0; k < 20; ++k)
    for (int64_t c = 0; c < 5; ++c) {
      float once = float(double(filter[k * 5 + c]) * double(first[k]) * double(second[k]));
      EXPECT_EQ(packed[(k / 16 * 5 + c) * 16 + k % 16], once);
      roundedTwiceDiffers += once != filter[k * 5 + c] * first[k] * second[k];
    }
  EXPECT_GT(roundedTwiceDiffers, 0);
}

TEST_F(PackWeightsTest, PassesErrorsOn) {
  auto op = find<PackOp>(parseBody(R"(
    %0 = res.weight "w" in "missing.bin" at 3 : tensor<20x5x1x1xf32>
    %1 = res.pack %0 : tensor<20x5x1x1xf32> -> tensor<2x1x1x1x5x16xf32> as #res.pack_conv<block = 16, inner = 5>)"));
  WeightEvaluator evaluator(folder.str().str());
  std::vector<float> packed(packedBytes(op) / sizeof(float));
  std::string got = llvm::toString(packWeight(evaluator, op, packed));
  EXPECT_EQ(got.find("weight 'w': cannot read file '"), 0u) << got;
}

} // namespace
