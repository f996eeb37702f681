//===- WeightEvaluatorTest.cpp - values of symbolic weights -----*- C++ -*-===//

#include "compiler/weights/WeightEvaluator.h"
#include "tests/unit/ModuleFixture.h"

#include <cmath>
#include <thread>

using namespace mlir;
using namespace res;

namespace {

class WeightEvaluatorTest : public ModuleFixture {
protected:
  std::vector<double> evaluate(Value weight) {
    WeightEvaluator evaluator(folder.str().str());
    auto result = evaluator.evaluate(weight);
    EXPECT_TRUE(bool(result)) << llvm::toString(result.takeError());
    return *result;
  }
  std::string failure(Value weight) {
    WeightEvaluator evaluator(folder.str().str());
    return message(evaluator.evaluate(weight));
  }
};

TEST_F(WeightEvaluatorTest, ReadsFloatsAtOddOffset) {
  std::vector<float> values = random(20 * 5 * 3 * 3, 1);
  writeFile("w.bin", 13, values);
  auto op = find<WeightRefOp>(parseBody("%0 = res.weight \"w\" in \"w.bin\" at 13 : tensor<20x5x3x3xf32>"));
  EXPECT_EQ(evaluate(op), std::vector<double>(values.begin(), values.end()));
}

TEST_F(WeightEvaluatorTest, ReadsEveryElementType) {
  auto expectRead = [&](auto values, const std::string &type, std::vector<double> expected) {
    writeFile("w.bin", 3, values);
    auto module = parseBody("%0 = res.weight \"w\" in \"w.bin\" at 3 : tensor<3x" + type + ">");
    EXPECT_EQ(evaluate(find<WeightRefOp>(module)), expected) << type;
    WeightEvaluator evaluator(folder.str().str());
    EXPECT_EQ(llvm::cantFail(evaluator.evaluateSlice(find<WeightRefOp>(module), 1, 2)),
              std::vector<double>(expected.begin() + 1, expected.end()))
        << type;
  };
  expectRead(std::vector<double>{0.1, -2, 1e300}, "f64", {0.1, -2, 1e300});
  expectRead(std::vector<uint16_t>{0x3c00, 0xc100, 0x0001}, "f16", {1, -2.5, std::ldexp(1, -24)});
  expectRead(std::vector<uint16_t>{0x3f80, 0xc020, 0x4049}, "bf16", {1, -2.5, 3.140625});
  expectRead(std::vector<int8_t>{1, -2, 127}, "i8", {1, -2, 127});
  expectRead(std::vector<uint8_t>{1, 200, 255}, "ui8", {1, 200, 255});
  expectRead(std::vector<int16_t>{1, -2, 300}, "i16", {1, -2, 300});
  expectRead(std::vector<int32_t>{1, -70000, 3}, "i32", {1, -70000, 3});
  expectRead(std::vector<int64_t>{1, -(int64_t(1) << 40), 3}, "i64", {1, -std::ldexp(1, 40), 3});
}

TEST_F(WeightEvaluatorTest, ReadsConstants) {
  auto expectConstant = [&](const std::string &text, std::vector<double> expected) {
    EXPECT_EQ(evaluate(find<ConstantOp>(parseBody("%0 = res.constant " + text))), expected) << text;
  };
  expectConstant("dense<0.5> : tensor<3xf32>", {0.5, 0.5, 0.5});
  expectConstant("dense<[[1.0, 2.0], [3.0, -4.0]]> : tensor<2x2xf32>", {1, 2, 3, -4});
  expectConstant("dense<[0.1, 0.2]> : tensor<2xf64>", {0.1, 0.2});
  expectConstant("dense<[7, -8]> : tensor<2xi64>", {7, -8});
  expectConstant("dense<[true, false]> : tensor<2xi1>", {1, 0});
  expectConstant("dense<[200, 8]> : tensor<2xui8>", {200, 8});
  expectConstant("dense<3.0> : tensor<f32>", {3});
}

/// Of a row by stride 2: outputs 2i - 1 + r, so phase 0 has tap 1, and phase 1 tap 2 of input 0 and tap 0 of input 1.
TEST_F(WeightEvaluatorTest, SplitsTransposedFiltersIntoPhases) {
  const std::string weight = "%w = res.constant dense<[[[[1.0, 2.0, 3.0]], [[4.0, 5.0, 6.0]]]]> : tensor<1x2x1x3xf32>\n";
  const std::string phases = "stride [1, 2] pad [0, 1] dilation [1, 1] before [0, 0]";
  auto split = find<PhaseFilterOp>(
      parseBody(weight + "%0 = res.phase_filter %w " + phases + " : tensor<1x2x1x3xf32> -> tensor<4x1x1x2xf32>"));
  const std::vector<double> expected = {2, 0, 5, 0, 3, 1, 6, 4};
  EXPECT_EQ(evaluate(split), expected);
  WeightEvaluator evaluator(folder.str().str());
  for (int64_t row = 0; row < 4; ++row)
    EXPECT_EQ(llvm::cantFail(evaluator.evaluateSlice(split, row, 1)),
              std::vector<double>(expected.begin() + 2 * row, expected.begin() + 2 * row + 2));
  auto interleaved = find<PhaseFilterOp>(parseBody(weight + "%0 = res.phase_filter %w " + phases +
                                                   " interleaved : tensor<1x2x1x3xf32> -> tensor<4x1x1x2xf32>"));
  EXPECT_EQ(evaluate(interleaved), std::vector<double>({2, 0, 3, 1, 5, 0, 6, 4}));
}

TEST_F(WeightEvaluatorTest, FoldsBatchNormInDouble) {
  std::vector<float> gamma = random(5, 1), beta = random(5, 2), mean = random(5, 3), variance = random(5, 4, 0.01, 2);
  std::vector<float> filter = random(5 * 6, 5), bias = random(5, 6);
  std::vector<float> all;
  for (auto &part : {gamma, beta, mean, variance, filter, bias})
    all.insert(all.end(), part.begin(), part.end());
  writeFile("w.bin", 1, all);
  auto module = parseBody(R"(
    %gamma = res.weight "gamma" in "w.bin" at 1 : tensor<5xf32>
    %beta = res.weight "beta" in "w.bin" at 21 : tensor<5xf32>
    %mean = res.weight "mean" in "w.bin" at 41 : tensor<5xf32>
    %variance = res.weight "variance" in "w.bin" at 61 : tensor<5xf32>
    %filter = res.weight "filter" in "w.bin" at 81 : tensor<5x2x3x1xf32>
    %bias = res.weight "bias" in "w.bin" at 201 : tensor<5xf32>
    %scale, %shift = res.batch_norm_affine %gamma, %beta, %mean, %variance epsilon 1.0e-5 : tensor<5xf32>
    %scaled = res.scale_channels %filter by %scale : tensor<5x2x3x1xf32>, tensor<5xf32>
    %folded = res.scale_shift %bias, %scale, %shift : tensor<5xf32>
    %twice = res.scale_channels %scaled by %bias : tensor<5x2x3x1xf32>, tensor<5xf32>)");
  std::vector<double> scale(5), shift(5), scaled(30), folded(5), twice(30);
  for (int k = 0; k < 5; ++k) {
    scale[k] = gamma[k] / std::sqrt(double(variance[k]) + double(1.0e-5f));
    shift[k] = beta[k] - mean[k] * scale[k];
    folded[k] = bias[k] * scale[k] + shift[k];
    for (int i = 6 * k; i < 6 * k + 6; ++i) {
      scaled[i] = filter[i] * scale[k];
      twice[i] = scaled[i] * bias[k];
    }
  }
  auto affine = find<BatchNormAffineOp>(module);
  EXPECT_EQ(evaluate(affine.getScale()), scale);
  EXPECT_EQ(evaluate(affine.getShift()), shift);
  EXPECT_EQ(evaluate(find<ScaleChannelsOp>(module)), scaled);
  EXPECT_EQ(evaluate(find<ScaleShiftOp>(module)), folded);

  // Slices are parts of the whole, also when several threads ask one evaluator.
  WeightEvaluator evaluator(folder.str().str());
  Value value = find<ScaleChannelsOp>(module, 1);
  std::vector<std::thread> threads;
  std::vector<std::vector<double>> slices(8);
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] { slices[i] = llvm::cantFail(evaluator.evaluateSlice(value, i % 4, 2)); });
  for (std::thread &thread : threads)
    thread.join();
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(slices[i], std::vector<double>(twice.begin() + i % 4 * 6, twice.begin() + (i % 4 + 2) * 6));
}

TEST_F(WeightEvaluatorTest, SlicesConstantsAndVectors) {
  auto module = parseBody(R"(
    %0 = res.constant dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi32>
    %1 = res.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>)");
  WeightEvaluator evaluator("");
  EXPECT_EQ(llvm::cantFail(evaluator.evaluateSlice(find<ConstantOp>(module), 1, 2)), (std::vector<double>{3, 4, 5, 6}));
  EXPECT_EQ(llvm::cantFail(evaluator.evaluateSlice(find<ConstantOp>(module, 1), 2, 1)), std::vector<double>{3});
}

TEST_F(WeightEvaluatorTest, NamesWeightAndFileOnErrors) {
  writeFile("short.bin", 10, std::vector<float>{1, 2});
  auto expectFailure = [&](const std::string &weight, const std::string &expected) {
    std::string got = failure(find<WeightRefOp>(parseBody("%0 = res.weight \"conv1.w\" in " + weight)));
    EXPECT_NE(got.find(expected), std::string::npos) << got;
    EXPECT_EQ(got.find('\n'), std::string::npos) << got;
  };
  expectFailure("\"missing.bin\" at 0 : tensor<2xf32>", "weight 'conv1.w': cannot read file '" + folder.str().str() +
                                                            "/missing.bin': No such file or directory");
  expectFailure("\"short.bin\" at 11 : tensor<2xf32>",
                "weight 'conv1.w': expected 8 bytes at offset 11 of file 'short.bin', got a file of 18 bytes");
  expectFailure("\"short.bin\" at 9223372036854775807 : tensor<1x1xf32>", "got a file of 18 bytes");
  // Offset and size add up to 7 modulo 2^64.
  expectFailure("\"short.bin\" at 9223372036854775807 : tensor<2305843009213693954x1xf32>", "got a file of 18 bytes");
  // More than any memory: refused before it is allocated.
  expectFailure("\"short.bin\" at 0 : tensor<1000000x1000000000xf32>", "expected 4000000000000000 bytes");
  expectFailure("\"short.bin\" at 0 : tensor<4294967296x4294967296xf32>", "expected a tensor that fits into a file");
  expectFailure("\"short.bin\" at 0 : tensor<2xi1>", "expected float or integer elements of whole bytes");
}

TEST_F(WeightEvaluatorTest, RefusesWhatIsNoWeight) {
  auto module = parse(R"(
    func.func @main(%x: tensor<2x3xf32>, %s: tensor<2xf32>) {
      %0 = res.relu %x : tensor<2x3xf32>
      %1 = res.scale_channels %0 by %s : tensor<2x3xf32>, tensor<2xf32>
      return
    })");
  EXPECT_EQ(failure(find<ReluOp>(module)), "expected a weight or a function of weights, got a result of 'res.relu'");
  EXPECT_EQ(failure(find<ScaleChannelsOp>(module)), "expected a weight or a function of weights, got a block argument");
}

} // namespace
