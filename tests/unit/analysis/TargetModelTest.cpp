//===- TargetModelTest.cpp - the numbers of a processor ---------*- C++ -*-===//

#include "compiler/analysis/TargetModel.h"

#include <gtest/gtest.h>

#include <sched.h>

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
  TargetModel neon = get("aarch64");
  EXPECT_EQ(neon.vectorFloats, 4);
  EXPECT_EQ(neon.vectorRegisters, 32);
  EXPECT_EQ(neon.registersPerBlock(), 4);
  EXPECT_EQ(neon.arch, "aarch64");
  EXPECT_EQ(v3.arch, "x86_64");
}

TEST(TargetModelTest, NamedTargetsHaveStatedCores) {
  for (llvm::StringRef name : {"x86-64-v4", "x86-64-v3", "aarch64"}) {
    EXPECT_EQ(get(name).cores, 8) << name.str();
    EXPECT_FALSE(get(name).hasVnni) << name.str();
  }
  EXPECT_EQ(get("x86-64-v4").describe(), "16 floats in each of 32 registers, 2 multiply-adds a cycle, caches of 32 KiB, 1 MiB "
                                         "and 32 MiB, 10 bytes a cycle from memory, 8 cores, no VNNI");
}

TEST(TargetModelTest, MachineHasTheCoresOfItsAffinity) {
  std::optional<TargetModel> before = TargetModel::thisMachine();
  if (!before)
    GTEST_SKIP() << "this machine is below x86-64-v3";
  EXPECT_EQ(before->name, TargetModel::hostName());
  cpu_set_t all, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  EXPECT_EQ(before->cores, CPU_COUNT(&all));
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i)
    if (CPU_ISSET(i, &all))
      CPU_SET(i, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(TargetModel::thisMachine()->cores, 1);
  EXPECT_EQ(get("host").cores, 8); // what schedules are chosen for does not depend on it
  ASSERT_EQ(sched_setaffinity(0, sizeof all, &all), 0);
}

TEST(TargetModelTest, HostIsALevel) {
  if (TargetModel::hostName().empty())
    GTEST_SKIP() << "this machine is below x86-64-v3";
  EXPECT_EQ(get("host").name, TargetModel::hostName());
}

TEST(TargetModelTest, MachinesRunTheLevelsBelow) {
  const bool v4 = TargetModel::hostName() == "x86-64-v4", v3 = TargetModel::hostName() == "x86-64-v3";
  EXPECT_EQ(get("x86-64-v4").runsHere(), v4);
  EXPECT_EQ(get("x86-64-v3").runsHere(), v4 || v3);
  EXPECT_EQ(get("aarch64").runsHere(), TargetModel::hostName() == "aarch64");
}

TEST(TargetModelTest, NamesWhatItKnows) {
  llvm::Expected<TargetModel> model = TargetModel::get("sparc");
  ASSERT_FALSE(bool(model));
  EXPECT_EQ(llvm::toString(model.takeError()), "unknown target 'sparc', expected host, x86-64-v4, x86-64-v3 or aarch64");
}

TEST(TargetModelTest, ListsAreOfOneFamilyBestFirst) {
  auto join = [](llvm::StringRef names) -> std::string {
    llvm::Expected<std::vector<TargetModel>> models = TargetModel::getAll(names);
    return models ? TargetModel::join(*models) : llvm::toString(models.takeError());
  };
  EXPECT_EQ(join("x86-64-v3"), "x86-64-v3");
  EXPECT_EQ(join("x86-64-v3,x86-64-v4"), "x86-64-v4,x86-64-v3");
  EXPECT_EQ(join("x86-64-v4,x86-64-v3,x86-64-v4"), "x86-64-v4,x86-64-v3");
  EXPECT_EQ(join("aarch64,x86-64-v4"), "expected targets of one processor family, got 'aarch64' and 'x86-64-v4'");
  EXPECT_EQ(join("x86-64-v4,vax"), "unknown target 'vax', expected host, x86-64-v4, x86-64-v3 or aarch64");
}
