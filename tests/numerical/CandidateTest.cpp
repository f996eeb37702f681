//===- CandidateTest.cpp - what tuning measures is right --------*- C++ -*-===//
//
// A layer once with each of the schedules that are listed for it: all compile, and compute the same.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Candidates.h"
#include "compiler/transforms/KernelSchedules.h"
#include "tests/numerical/fixture/NumericalFixture.h"

using namespace mlir;
using namespace res;

namespace {

class CandidateTest : public TargetTest {
protected:
  using AddLayer = std::function<Value(NetworkBuilder &, Value)>;

  /// `least`: how many schedules there are at least.
  template <typename AnchorOp> void checkAll(const Shape &shape, size_t least, const AddLayer &add, bool fast = false) {
    NetworkBuilder n = network();
    if (fast)
      n.useFastMath();
    Value x = n.affine(n.input(shape));
    for (size_t i = 0; i < kMostCandidates; ++i) // with weights of its own, so that none is computed once for all
      n.output(add(n, x), "candidate " + std::to_string(i));
    check(n, [&](ModuleOp module) {
      TargetModel model = llvm::cantFail(TargetModel::get(target));
      size_t index = 0;
      module.walk([&](KernelOp kernel) {
        if (!isa<AnchorOp>(kernel.getAnchor()))
          return;
        llvm::SmallVector<Decision> candidates = listSchedules(kernel, model);
        EXPECT_GE(candidates.size(), least);
        EXPECT_EQ(candidates.front().schedule, kernel.getSchedulesAttr().get(target)) << "the choice comes first";
        setSchedule(kernel, model, candidates[index++ % candidates.size()]);
      });
      EXPECT_EQ(index, kMostCandidates);
    });
  }
};

TEST_P(CandidateTest, Padded) {
  checkAll<ConvOp>({1, 64, 14, 14}, 4, [](NetworkBuilder &n, Value x) {
    return n.globalAvgPool(n.relu(n.conv(x, 64, "3x3, pad = [1, 1, 1, 1]")));
  });
}

TEST_P(CandidateTest, Strided) {
  checkAll<ConvOp>({1, 128, 14, 14}, 4, [](NetworkBuilder &n, Value x) {
    return n.globalAvgPool(n.conv(x, 128, "3x3, stride = 2x2, pad = [1, 1, 1, 1]"));
  });
}

TEST_P(CandidateTest, Pointwise) {
  checkAll<ConvOp>({1, 256, 7, 7}, 4, [](NetworkBuilder &n, Value x) { return n.globalAvgPool(n.relu(n.conv(x, 512, "1x1"))); });
}

TEST_P(CandidateTest, Winograd) {
  for (int64_t size : {8, 30})
    checkAll<ConvOp>(
        {1, 64, size, size}, 4,
        [](NetworkBuilder &n, Value x) { return n.globalAvgPool(n.relu(n.conv(x, 64, "3x3, pad = [1, 1, 1, 1]"))); }, true);
}

TEST_P(CandidateTest, Grouped) {
  for (int64_t groups : {64, 16, 8})
    checkAll<ConvOp>({1, 64, 15, 28}, 4, [&](NetworkBuilder &n, Value x) {
      return n.globalAvgPool(n.relu(n.conv(x, 64, "3x3, pad = [1, 1, 1, 1]", groups)));
    });
}

TEST_P(CandidateTest, Dense) {
  checkAll<GemmOp>({1, 64, 1, 1}, 3, [](NetworkBuilder &n, Value x) { return n.gemm(n.reshape(x, {1, 64}), 200, true, true); });
}

TEST_P(CandidateTest, Map) {
  // Pooling whose results are all one would be computed once: each has a shift of its own.
  checkAll<MaxPoolOp>({1, 32, 28, 28}, 2, [](NetworkBuilder &n, Value x) {
    return n.globalAvgPool(n.affine(n.maxPool(n.affine(x), "3x3, stride = 2x2, pad = [1, 1, 1, 1]")));
  });
}

RES_INSTANTIATE_FOR_TARGETS(CandidateTest);

} // namespace
