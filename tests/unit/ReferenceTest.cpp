//===- ReferenceTest.cpp - modules, phases and errors -----------*- C++ -*-===//

#include "tests/unit/ReferenceFixture.h"

#include <malloc.h>

using namespace mlir;
using namespace res;

namespace {

class ReferenceTest : public ReferenceFixture {};

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

/// A residual block with a projection, in three phases.
class ReferencePhasesTest : public ReferenceFixture {
protected:
  void SetUp() override {
    ReferenceFixture::SetUp();
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
