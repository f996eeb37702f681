//===- BatchChoiceTest.cpp - how many images go through at once -*- C++ -*-===//

#include "compiler/analysis/BatchChoice.h"

#include <gtest/gtest.h>

using namespace res;

static constexpr int64_t kMiB = 1 << 20;
// ResNet-50, VGG-19 and a small network at 224x224 and 28x28.
static constexpr ImageWork kResNet{7 * kMiB, 100 * kMiB, 8 * kMiB}, kVgg{25 * kMiB, 110 * kMiB, 494 * kMiB},
    kSmall{kMiB / 4, kMiB, kMiB / 100};

static int64_t choose(int64_t batch, const ImageWork &work, llvm::StringRef name = "x86-64-v4") {
  return chooseImages(batch, work, llvm::cantFail(TargetModel::get(name)));
}

TEST(BatchChoiceTest, ActivationsStayInTheLastCache) {
  EXPECT_EQ(choose(8, kResNet), 2); // 14 MiB of 16
  EXPECT_EQ(choose(4, kResNet), 2);
  EXPECT_EQ(choose(2, kResNet), 2);
  EXPECT_EQ(choose(64, kResNet), 2);
}

TEST(BatchChoiceTest, TurnsAreEqual) {
  EXPECT_EQ(choose(3, kResNet), 1);
  EXPECT_EQ(choose(7, kResNet), 1);
  EXPECT_EQ(choose(1, kResNet), 1);
}

TEST(BatchChoiceTest, SmallNetworksGoThroughAtOnce) {
  EXPECT_EQ(choose(8, kSmall), 8);
  EXPECT_EQ(choose(64, kSmall), 64);
}

TEST(BatchChoiceTest, LargeMatricesAreReadOnce) { EXPECT_EQ(choose(8, kVgg), 8); }

TEST(BatchChoiceTest, IsTheSameOnEveryMachine) {
  // The host's cores and instructions are shown, and decide nothing.
  for (llvm::StringRef name : {"x86-64-v3", "aarch64"})
    EXPECT_EQ(choose(8, kResNet, name), 2);
}
