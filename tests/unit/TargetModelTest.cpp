//===- TargetModelTest.cpp - the numbers of a processor ---------*- C++ -*-===//

#include "compiler/analysis/TargetModel.h"

#include <gtest/gtest.h>

using namespace res;

static TargetModel get(llvm::StringRef name) {
  llvm::Expected<TargetModel> model = TargetModel::get(name);
  EXPECT_TRUE(bool(model));
  return *model;
}

TEST(TargetModelTest, KnowsTheLevels) {
  TargetModel v4 = get("x86-64-v4"), v3 = get("x86-64-v3");
  EXPECT_EQ(v4.vectorFloats, 16);
  EXPECT_EQ(v4.vectorRegisters, 32);
  EXPECT_EQ(v4.registersPerBlock(), 1);
  EXPECT_EQ(v4.peakFlopsPerCycle(), 64);
  EXPECT_EQ(v3.vectorFloats, 8);
  EXPECT_EQ(v3.vectorRegisters, 16);
  EXPECT_EQ(v3.registersPerBlock(), 2);
  EXPECT_EQ(v3.peakFlopsPerCycle(), 32);
}

TEST(TargetModelTest, HostIsALevel) {
  if (TargetModel::hostName().empty())
    GTEST_SKIP() << "this machine is below x86-64-v3";
  EXPECT_EQ(get("host").name, TargetModel::hostName());
}

TEST(TargetModelTest, NamesWhatItKnows) {
  llvm::Expected<TargetModel> model = TargetModel::get("sparc");
  ASSERT_FALSE(bool(model));
  EXPECT_EQ(llvm::toString(model.takeError()), "unknown target 'sparc', expected host, x86-64-v4 or x86-64-v3");
}
