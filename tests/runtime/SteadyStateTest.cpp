// What inferences cost besides the kernels: no allocation, no system call, and no processor time once they stop.
#include "FakeModel.h"
#include "tests/support/CountAllocations.h"

#include <gtest/gtest.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace {

// Long enough that workers do not fall asleep when another process holds this one up.
constexpr int32_t patient = 30000000;

// One inference in which both workers of an instance have a part: task 0 waits until task 1 has begun.
bool inferTogether(FakeInstance &instance) {
  int32_t hits[2], workers[2] = {-1, -1};
  FakeInput input = makeInput(2);
  input.hits = hits;
  input.workers = workers;
  input.waiter = 0;
  input.awaited = -1;
  return instance.run(input) == RES_OK && workers[1] == 1;
}

bool infer1000(FakeInstance &instance) {
  int32_t hits[64] = {};
  for (int i = 0; i < 1000; ++i) {
    FakeInput input = makeInput(2 + i % 30, i);
    input.hits = hits;
    if (instance.run(input) != RES_OK || instance.output != expectedSum(i, 0, input.tasks))
      return false;
    if (i % 50 == 0 && !inferTogether(instance))
      return false;
  }
  return true;
}

TEST(SteadyStateTest, ThousandInferencesAllocateNothing) {
  FakeModel model({fakeHit, fakeSpread, fakeSum});
  FakeInstance instance(model, makeOptions(2, patient));
  ASSERT_TRUE(inferTogether(instance)); // the worker is past its start
  long before = allocations;
  bool good = infer1000(instance);
  long after = allocations;
  EXPECT_TRUE(good);
  EXPECT_EQ(after - before, 0);
  EXPECT_GT(before, 0) << "the counter counts";
}

// From now on any system call in any thread of the process kills it, but those that end it.
bool forbidSystemCalls() {
  sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
  sock_fprog program = {4, code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

enum ChildResult { Good = 0, NotWarm = 2, NoFilter = 3, WrongOutput = 4, Killed = -1 };

// Runs `inside` with an instance of two threads that both are past their start, in a child without system calls.
template <typename Function> int inChildWithoutSystemCalls(Function inside) {
  FakeModel model({fakeHit, fakeSpread, fakeSum});
  pid_t child = fork();
  if (child == 0) {
    FakeInstance instance(model, makeOptions(2, patient));
    if (instance.status != RES_OK || !inferTogether(instance))
      _exit(NotWarm);
    if (!forbidSystemCalls())
      _exit(NoFilter);
    syscall(SYS_exit_group, inside(instance) ? Good : WrongOutput); // _exit would be a call into the sanitizer
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? Killed : WEXITSTATUS(status);
}

TEST(SteadyStateTest, ThousandInferencesMakeNoSystemCall) {
  int control = inChildWithoutSystemCalls([](FakeInstance &) { return syscall(SYS_getppid) > 0; });
  if (control == NoFilter)
    GTEST_SKIP() << "[SKIP] this system has no seccomp filters";
  ASSERT_EQ(control, Killed) << "the filter works";
  EXPECT_EQ(inChildWithoutSystemCalls(infer1000), Good);
}

double processorSeconds() { return double(clock()) / CLOCKS_PER_SEC; }
void sleepMilliseconds(int count) { std::this_thread::sleep_for(std::chrono::milliseconds(count)); }

// Threads of this process, but the calling one, that run or wait for a processor.
int runnableOthers() {
  int count = 0;
  for (const auto &task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "stat");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    count += task.path().filename() != std::to_string(gettid()) && text.find(") R ") != std::string::npos;
  }
  return count;
}

// A worker that fell asleep between the loops of an inference would need a system call to wake up.
TEST(SteadyStateTest, WorkersDoNotSleepDuringAnInference) {
  FakeModel model({fakeHit, fakeCall, fakeHit});
  FakeInstance instance(model, makeOptions(2, 1));
  int runnable = 0;
  int32_t hits[2];
  FakeInput input = makeInput(2);
  input.hits = hits;
  input.argument = &runnable;
  input.call = [](void *, void *argument) {
    for (int i = 0; i < 20; ++i) {
      sleepMilliseconds(5);
      *static_cast<int *>(argument) += runnableOthers();
    }
  };
  ASSERT_EQ(instance.run(input), RES_OK);
  EXPECT_EQ(runnable, 20) << "the worker waits awake";
}

TEST(SteadyStateTest, IdleWorkersSleepAndWakeUp) {
  FakeModel model({fakeHit});
  FakeInstance instance(model, makeOptions(4, 100));
  for (int round = 0; round < 5; ++round) {
    // Task 0 waits until the one of the last worker has begun: somebody has to wake up.
    int32_t hits[4] = {};
    FakeInput input = makeInput(4);
    input.hits = hits;
    input.waiter = 0;
    input.awaited = -3;
    ASSERT_EQ(instance.run(input), RES_OK);
    double used = 1;
    for (int i = 0; i < 100 && used > 0.001; ++i) {
      double before = processorSeconds();
      sleepMilliseconds(20);
      used = processorSeconds() - before;
    }
    EXPECT_LE(used, 0.001) << "three spinning workers would use about 0.02 s per processor";
  }
}

} // namespace
