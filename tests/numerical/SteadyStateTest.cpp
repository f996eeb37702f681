//===- SteadyStateTest.cpp - what inferences ask of the system --*- C++ -*-===//
//
// A thousand inferences of a compiled network that follow one another allocate nothing and make no system call.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/TargetModel.h"
#include "tests/support/CountAllocations.h"
#include "tests/numerical/fixture/LoadedModel.h"
#include "tests/numerical/fixture/NumericalFixture.h"

#include <chrono>
#include <csignal>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace mlir;
using namespace res;

namespace {

/// An instance of two threads that is past its first inferences.
class Runner {
public:
  explicit Runner(const res_model &model) : model(model) {
    res_options options = {};
    options.struct_bytes = sizeof options;
    options.threads = 2;
    options.spin_microseconds = 30'000'000; // workers stay awake when another process holds this one up
    if (model.open(&model, &options, &instance) != RES_OK)
      return;
    input.resize(model.inputs[0].bytes / sizeof(float));
    for (size_t i = 0; i < input.size(); ++i)
      input[i] = float(i % 17) / 8 - 1;
    expected.resize(model.outputs[0].bytes / sizeof(float));
    output.resize(expected.size());
    isWarm = infer(expected);
    // Until the worker is past its start.
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    for (int i = 0; i < 20; ++i)
      isWarm &= infer(output);
  }
  Runner(const Runner &) = delete;
  ~Runner() { model.close(instance); }

  bool inferThousandTimes() {
    for (int i = 0; i < 1000; ++i)
      if (!infer(output) || output != expected)
        return false;
    return true;
  }

  bool isWarm = false;

private:
  bool infer(std::vector<float> &result) {
    const void *inputs[] = {input.data()};
    void *outputs[] = {result.data()};
    return model.run(instance, inputs, outputs) == RES_OK;
  }

  const res_model &model;
  res_instance *instance = nullptr;
  std::vector<float> input, output, expected;
};

/// From now on any system call in any thread of the process kills it, but those that end it.
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

class SteadyStateTest : public NumericalFixture {
protected:
  void SetUp() override {
    NumericalFixture::SetUp();
    StringRef host = TargetModel::hostName();
    useTarget(host.empty() ? "x86-64-v3" : host);
  }

  /// A network with every kind of kernel: staged and in-place convolutions, parallel loops, pools, a head.
  std::string compileNetwork() {
    NetworkBuilder n = network();
    Value x = n.relu(n.conv(n.input({1, 3, 57, 61}), 32, "7x7, stride = 2x2, pad = [3, 3, 3, 3]"));
    x = n.maxPool(x, "3x3, stride = 2x2, pad = [1, 1, 1, 1]");
    Value y = n.relu(n.conv(x, 64, "3x3, pad = [1, 1, 1, 1]"));
    y = n.conv(y, 32, "3x3, pad = [1, 1, 1, 1]");
    x = n.relu(n.add(n.conv(x, 32, "1x1"), y));
    n.output(n.softmax(n.gemm(n.reshape(n.globalAvgPool(x), {1, 32}), 100, true, true)), "scores");
    std::string path = file("network.so");
    std::string error = llvm::toString(compile(n, path));
    EXPECT_EQ(error, "");
    return path;
  }

  /// Runs `inside` with a warm instance in a child process without system calls.
  template <typename Function> static int inChildWithoutSystemCalls(const res_model &model, Function inside) {
    pid_t child = fork();
    if (child == 0) {
      Runner runner(model);
      if (!runner.isWarm)
        _exit(NotWarm);
      if (!forbidSystemCalls())
        _exit(NoFilter);
      syscall(SYS_exit_group, inside(runner) ? Good : WrongOutput); // _exit would be a call into the sanitizer
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? Killed : WEXITSTATUS(status);
  }
};

TEST_F(SteadyStateTest, ThousandInferencesAskNothingOfTheSystem) {
  LoadedModel library(compileNetwork());
  ASSERT_TRUE(library.model) << library.error;

  {
    Runner runner(*library.model);
    ASSERT_TRUE(runner.isWarm);
    long before = allocations;
    bool good = runner.inferThousandTimes();
    long after = allocations;
    EXPECT_TRUE(good);
    EXPECT_GT(before, 0) << "the counter counts";
    EXPECT_EQ(after - before, 0);
  }

  int control = inChildWithoutSystemCalls(*library.model, [](Runner &) { return syscall(SYS_getppid) > 0; });
  if (control == NoFilter)
    GTEST_SKIP() << "[SKIP] this system has no seccomp filters";
  ASSERT_EQ(control, Killed) << "the filter works";
  EXPECT_EQ(inChildWithoutSystemCalls(*library.model, [](Runner &runner) { return runner.inferThousandTimes(); }),
            Good);
}

} // namespace
