// The default number of threads, read from made-up /proc and /sys folders.
#include "FakeKernels.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <string>
#include <thread>

namespace {

class ProcessorsTest : public testing::Test {
protected:
  void SetUp() override {
    char pattern[] = "/tmp/res-processors-XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    root = pattern;
    available = res_rt_processors(root.c_str());
  }
  void TearDown() override { std::filesystem::remove_all(root); }

  void write(const std::string &path, const std::string &text) {
    std::filesystem::path file = root + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  int32_t count() { return res_rt_processors(root.c_str()); }

  std::string root;
  int32_t available = 0; // by affinity alone
};

TEST_F(ProcessorsTest, AffinityOfTheThread) {
  cpu_set_t set;
  ASSERT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  EXPECT_EQ(available, std::min(CPU_COUNT(&set), RES_ABI_MAX_THREADS));
  std::thread([&] {
    int first = 0;
    while (!CPU_ISSET(first, &set))
      ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(count(), 1);
  }).join();
}

TEST_F(ProcessorsTest, QuotaOfVersion2) {
  write("/proc/self/cgroup", "0::/user/job\n");
  EXPECT_EQ(count(), available);
  write("/sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
  EXPECT_EQ(count(), available);
  write("/sys/fs/cgroup/user/job/cpu.max", "199999 100000\n");
  EXPECT_EQ(count(), 1) << "rounded down";
  write("/sys/fs/cgroup/user/job/cpu.max", "20000 100000\n");
  EXPECT_EQ(count(), 1) << "at least one";
  write("/sys/fs/cgroup/user/job/cpu.max", "200000 100000\n");
  EXPECT_EQ(count(), std::min(available, 2));
  write("/sys/fs/cgroup/user/job/cpu.max", "99999900000 100000\n");
  EXPECT_EQ(count(), available);
}

TEST_F(ProcessorsTest, QuotaOfAGroupAbove) {
  write("/proc/self/cgroup", "12:pids:/x\n0::/user/job/\n");
  write("/sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
  write("/sys/fs/cgroup/user/cpu.max", "100000 100000\n");
  EXPECT_EQ(count(), 1);
}

TEST_F(ProcessorsTest, QuotaOfAContainer) {
  write("/proc/self/cgroup", "0::/docker/0123456789abcdef");
  write("/sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_EQ(count(), 1);
}

TEST_F(ProcessorsTest, QuotaOfVersion1) {
  write("/proc/self/cgroup", "5:cpuset:/a\n4:cpu,cpuacct:/user:1/job\n1:name=systemd:/\n");
  write("/sys/fs/cgroup/cpuset/a/cpu.cfs_quota_us", "100000\n");
  write("/sys/fs/cgroup/cpuset/a/cpu.cfs_period_us", "100000\n");
  write("/sys/fs/cgroup/cpu,cpuacct/user:1/job/cpu.cfs_quota_us", "-1\n");
  write("/sys/fs/cgroup/cpu,cpuacct/user:1/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(count(), available);
  write("/sys/fs/cgroup/cpu,cpuacct/user:1/job/cpu.cfs_quota_us", "150000\n");
  EXPECT_EQ(count(), 1);
}

TEST_F(ProcessorsTest, NonsenseIsNoQuota) {
  for (const char *groups : {"", "\n", ":\n", "::", "0::", "no colons\n\n", "0::\n"}) {
    write("/proc/self/cgroup", groups);
    EXPECT_EQ(count(), available) << groups;
  }
  write("/proc/self/cgroup", "0::/a\n");
  for (const char *quota : {"", "x", "100000", "0 100000", "100000 0", "-5 1", "99999999999999999999999999 1"}) {
    write("/sys/fs/cgroup/a/cpu.max", quota);
    EXPECT_EQ(count(), available) << quota;
  }
  write("/proc/self/cgroup", "0::/" + std::string(10000, 'a'));
  EXPECT_EQ(count(), available);
}

} // namespace
