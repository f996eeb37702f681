// The functions behind res_model: arguments, workspace, states of an instance, and the objects inside the compiler.
#include "FakeModel.h"
#include "runtime/RuntimeBlob.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

using Memory = std::unique_ptr<char, decltype(&free)>;

Memory allocate(size_t bytes) {
  return Memory(static_cast<char *>(aligned_alloc(128, (bytes + 127) / 128 * 128)), free);
}

TEST(RuntimeTest, WorkspaceBytesIsTheSumOfItsParts) {
  FakeModel model({fakeSum});
  for (int32_t threads : {1, 2, 7, 256})
    EXPECT_EQ(res_rt_workspace_bytes(model, threads),
              res_abi_workspace_bytes(FAKE_ARENA, FAKE_SHARED, FAKE_WORKER, threads));
  EXPECT_GE(res_rt_workspace_bytes(model, 0), res_rt_workspace_bytes(model, 1));
  EXPECT_EQ(res_rt_workspace_bytes(model, -1), 0u);
  EXPECT_EQ(res_rt_workspace_bytes(model, 257), 0u);
  EXPECT_EQ(res_rt_workspace_bytes(nullptr, 1), 0u);
}

TEST(RuntimeTest, DefaultOptions) {
  FakeModel model({fakeSpread, fakeSum});
  res_instance *instance = nullptr;
  ASSERT_EQ(res_rt_open(model, nullptr, &instance), RES_OK);
  EXPECT_EQ(res_rt_threads(instance), res_rt_processors(""));
  res_rt_close(instance);
}

TEST(RuntimeTest, StaysInsideTheCallersWorkspace) {
  FakeModel model({fakeSpread, fakeSum});
  model.program.arena_bytes = 8 * 100 + 1;
  model.program.shared_scratch_bytes -= 50; // the slices end at multiples of 128 all the same
  for (int32_t threads : {1, 3}) {
    size_t bytes = res_rt_workspace_bytes(model, threads);
    for (size_t offset : {128, 64}) { // 64 is the alignment that is asked for
      Memory memory = allocate(bytes + 512);
      memset(memory.get(), 0xff, bytes + 512); // floats: NaN
      res_options options = makeOptions(threads);
      options.workspace = memory.get() + offset;
      options.workspace_bytes = bytes;
      for (int use = 0; use < 2; ++use) { // and again after close, with what the first one left
        FakeInstance instance(model, options);
        ASSERT_EQ(instance.status, RES_OK);
        ASSERT_EQ(instance.run(makeInput(100, 3)), RES_OK);
        EXPECT_EQ(instance.output, expectedSum(3, 0, 100));
      }
      for (size_t i = 0; i < bytes + 512; ++i)
        if (i < offset || i >= offset + bytes) {
          ASSERT_EQ(memory.get()[i], char(0xff)) << "byte " << i;
        }
    }
  }
}

TEST(RuntimeTest, WorkspaceTooSmallOrMisaligned) {
  FakeModel model({fakeSum});
  size_t bytes = res_rt_workspace_bytes(model, 2);
  Memory memory = allocate(bytes + 128);
  res_options options = makeOptions(2);
  options.workspace = memory.get();
  options.workspace_bytes = bytes - 1;
  EXPECT_EQ(FakeInstance(model, options).status, RES_ERROR_WORKSPACE);
  options.workspace_bytes = 0;
  EXPECT_EQ(FakeInstance(model, options).status, RES_ERROR_WORKSPACE);
  options.workspace_bytes = bytes + 64;
  options.workspace = memory.get() + 32;
  EXPECT_EQ(FakeInstance(model, options).status, RES_ERROR_WORKSPACE);
  options.workspace = memory.get() + 64;
  EXPECT_EQ(FakeInstance(model, options).status, RES_OK);
}

TEST(RuntimeTest, WorkspaceThatCannotBeAllocated) {
  FakeModel model({fakeSum});
  model.program.arena_bytes = uint64_t(1) << 60;
  EXPECT_EQ(FakeInstance(model, 1).status, RES_ERROR_MEMORY);
}

TEST(RuntimeTest, NullArguments) {
  FakeModel model({fakeSpread, fakeSum});
  res_instance *instance = reinterpret_cast<res_instance *>(8);
  EXPECT_EQ(res_rt_open(nullptr, nullptr, &instance), RES_ERROR_ARGUMENT);
  EXPECT_EQ(instance, nullptr);
  EXPECT_EQ(res_rt_open(model, nullptr, nullptr), RES_ERROR_ARGUMENT);
  EXPECT_EQ(res_rt_threads(nullptr), 0);
  res_rt_close(nullptr);

  FakeInstance open(model, 1);
  FakeInput input = makeInput(3);
  int64_t output = 0;
  uint64_t times[2];
  const void *inputs[] = {&input}, *noInput[] = {nullptr};
  void *outputs[] = {&output}, *noOutput[] = {nullptr};
  EXPECT_EQ(res_rt_run(nullptr, inputs, outputs), RES_ERROR_ARGUMENT);
  EXPECT_EQ(res_rt_run(open.instance, nullptr, outputs), RES_ERROR_ARGUMENT);
  EXPECT_EQ(res_rt_run(open.instance, inputs, nullptr), RES_ERROR_ARGUMENT);
  EXPECT_EQ(res_rt_run(open.instance, noInput, outputs), RES_ERROR_ARGUMENT);
  EXPECT_EQ(res_rt_run(open.instance, inputs, noOutput), RES_ERROR_ARGUMENT);
  EXPECT_EQ(res_rt_run_timed(nullptr, inputs, outputs, times), RES_ERROR_ARGUMENT);
  EXPECT_EQ(res_rt_run_timed(open.instance, inputs, outputs, nullptr), RES_ERROR_ARGUMENT);
  EXPECT_EQ(res_rt_run_timed(open.instance, noInput, outputs, times), RES_ERROR_ARGUMENT);
  EXPECT_EQ(res_rt_run(open.instance, inputs, outputs), RES_OK);
}

TEST(RuntimeTest, OptionsOutOfRange) {
  FakeModel model({fakeSum});
  for (int32_t threads : {-1, 257})
    EXPECT_EQ(FakeInstance(model, threads).status, RES_ERROR_ARGUMENT) << threads;
  EXPECT_EQ(FakeInstance(model, makeOptions(1, -1)).status, RES_ERROR_ARGUMENT);
}

TEST(RuntimeTest, OptionsOfOlderAndNewerCallers) {
  FakeModel model({fakeSum});
  struct {
    res_options options;
    int64_t unknown;
  } newer = {makeOptions(2), 0};
  newer.options.struct_bytes = sizeof newer;
  EXPECT_EQ(FakeInstance(model, newer.options).status, RES_OK);
  newer.unknown = 1;
  res_instance *instance = nullptr;
  EXPECT_EQ(res_rt_open(model, &newer.options, &instance), RES_ERROR_ARGUMENT);

  res_options older = makeOptions(2);
  older.struct_bytes = offsetof(res_options, spin_microseconds);
  older.spin_microseconds = -1; // beyond what this caller knows
  EXPECT_EQ(res_rt_threads(FakeInstance(model, older).instance), 2);
  older.struct_bytes = 0; // forgotten
  EXPECT_EQ(FakeInstance(model, older).status, RES_ERROR_ARGUMENT);
}

TEST(RuntimeTest, ModelOfAnotherVersion) {
  FakeModel model({fakeSum});
  ++model.model.abi_version;
  EXPECT_EQ(FakeInstance(model, 1).status, RES_ERROR_ARGUMENT);
}

#if defined(__x86_64__)
TEST(RuntimeTest, ProcessorWithoutTheInstructions) {
  FakeModel model({fakeSum});
  model.program.isa = 1u << 31;
  EXPECT_EQ(FakeInstance(model, 1).status, RES_ERROR_PROCESSOR);
  model.program.isa = res_rt_isa();
  EXPECT_EQ(FakeInstance(model, 1).status, RES_OK);
}

TEST(RuntimeTest, TheFirstProgramThatTheProcessorHas) {
  FakeModel model({fakeSpread, fakeSum}), other({fakeSpread, fakeSum});
  for (res_abi_step &step : model.steps)
    step = fakeFail;
  model.program.isa = 1u << 31;
  model.program.otherwise = &other.program;
  FakeInstance instance(model, 1);
  ASSERT_EQ(instance.status, RES_OK);
  EXPECT_EQ(instance.run(makeInput(10)), RES_OK);
  EXPECT_EQ(instance.output, expectedSum(1, 0, 10));
  other.program.isa = 1u << 31;
  EXPECT_EQ(FakeInstance(model, 1).status, RES_ERROR_PROCESSOR);
}

TEST(RuntimeTest, IsaAgreesWithTheHostCompiler) {
  __builtin_cpu_init();
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512cd");
  EXPECT_EQ(static_cast<int>(res_rt_isa()), avx2 * RES_ABI_ISA_AVX2 + avx512 * RES_ABI_ISA_AVX512);
}
#endif

TEST(RuntimeTest, SecondCallerIsTurnedAway) {
  FakeModel model({fakeGate, fakeSpread, fakeSum});
  FakeInstance instance(model, 2);
  int32_t gate = 0;
  FakeInput input = makeInput(10);
  input.gate = &gate;
  res_status first = RES_ERROR_ARGUMENT;
  int64_t output = 0;
  std::thread runner([&] {
    const void *inputs[] = {&input};
    void *outputs[] = {&output};
    first = res_rt_run(instance.instance, inputs, outputs);
  });
  while (__atomic_load_n(&gate, __ATOMIC_ACQUIRE) != 1)
    std::this_thread::yield();
  EXPECT_EQ(instance.run(input), RES_ERROR_BUSY);
  __atomic_store_n(&gate, 2, __ATOMIC_RELEASE);
  runner.join();
  EXPECT_EQ(first, RES_OK);
  EXPECT_EQ(output, expectedSum(1, 0, 10));
  gate = 2;
  std::thread opener([&] {
    while (__atomic_load_n(&gate, __ATOMIC_ACQUIRE) != 1)
      std::this_thread::yield();
    __atomic_store_n(&gate, 2, __ATOMIC_RELEASE);
  });
  EXPECT_EQ(instance.run(input), RES_OK) << "free again";
  opener.join();
}

TEST(RuntimeTest, TimesOfTheSteps) {
  FakeModel model({fakeSpread, fakeCall, fakeSum});
  FakeInstance instance(model, 2);
  FakeInput input = makeInput(10);
  input.call = [](void *, void *) { std::this_thread::sleep_for(std::chrono::milliseconds(5)); };
  const void *inputs[] = {&input};
  void *outputs[] = {&instance.output};
  uint64_t times[4] = {0, 0, 0, 4711};
  auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(res_rt_run_timed(instance.instance, inputs, outputs, times), RES_OK);
  auto total = std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
  EXPECT_EQ(instance.output, expectedSum(1, 0, 10));
  EXPECT_GE(times[1], 5000000u);
  EXPECT_LE(times[0] + times[1] + times[2], static_cast<uint64_t>(total));
  EXPECT_EQ(times[3], 4711u);
}

TEST(RuntimeTest, StepsRunForEveryTurn) {
  struct Seen {
    std::vector<uint64_t> turns;
  } seen;
  FakeModel model({fakeCall, fakeCall});
  model.program.turns = 3;
  FakeInstance instance(model, 2);
  ASSERT_EQ(instance.status, RES_OK);
  FakeInput input = makeInput(1);
  input.argument = &seen;
  input.call = [](void *worker, void *argument) { static_cast<Seen *>(argument)->turns.push_back(res_rt_turn(worker)); };
  for (int inference = 0; inference < 2; ++inference) {
    seen.turns.clear();
    EXPECT_EQ(instance.run(input), RES_OK);
    EXPECT_EQ(seen.turns, (std::vector<uint64_t>{0, 0, 1, 1, 2, 2}));
  }
  // The times of a step are those of all turns.
  input.call = [](void *, void *) {
    timespec pause = {0, 2'000'000};
    nanosleep(&pause, nullptr);
  };
  uint64_t times[2] = {0, 0};
  const void *inputs[] = {&input};
  void *outputs[] = {&instance.output};
  ASSERT_EQ(res_rt_run_timed(instance.instance, inputs, outputs, times), RES_OK);
  for (uint64_t time : times)
    EXPECT_GE(time, 6'000'000u);
}

// What a step of a program of any batch was called for: the program, and its turn.
struct Part {
  char program;
  uint64_t turn;
  bool operator==(const Part &other) const { return program == other.program && turn == other.turn; }
};
std::vector<Part> parts;

int32_t oneStep(const void *const *, void *const *, char *, void *worker) {
  parts.push_back({'1', res_rt_turn(worker)});
  return 0;
}
int32_t severalStep(const void *const *, void *const *, char *, void *worker) {
  parts.push_back({'s', res_rt_turn(worker)});
  timespec pause = {0, 1'000'000};
  nanosleep(&pause, nullptr);
  return 0;
}

// A model of any batch with a program of two steps for one image, and of one step for `together` at a time, if not 0.
class AnyBatchModel : public FakeModel {
public:
  explicit AnyBatchModel(uint64_t together) : FakeModel({oneStep, oneStep}) {
    larger = program;
    larger.steps = &several, larger.step_count = 1, larger.images = together, larger.arena_bytes *= 4;
    program.images = 1;
    program.larger = together ? &larger : nullptr;
    model.struct_bytes = sizeof(res_model);
    model.step_count = together ? 3 : 2;
    model.run = res_rt_run;
    model.run_batch = res_rt_run_batch;
  }

private:
  res_abi_step several = severalStep;
  res_abi_program larger;
};

std::vector<Part> partsOf(const res_model *model, int64_t batch) {
  FakeInstance instance(model, 1);
  FakeInput input = makeInput(1);
  const void *inputs[] = {&input};
  void *outputs[] = {&instance.output};
  parts.clear();
  EXPECT_EQ(res_run_batch(model, instance.instance, batch, inputs, outputs), RES_OK);
  return parts;
}

TEST(RuntimeTest, AnyBatchTakesTurnsOfSeveralThenImages) {
  AnyBatchModel model(4);
  EXPECT_TRUE(res_takes_any_batch(model));
  // The turn of the program for one image is the image.
  EXPECT_EQ(partsOf(model, 1), (std::vector<Part>{{'1', 0}, {'1', 0}}));
  EXPECT_EQ(partsOf(model, 4), (std::vector<Part>{{'s', 0}}));
  EXPECT_EQ(partsOf(model, 9), (std::vector<Part>{{'s', 0}, {'s', 1}, {'1', 8}, {'1', 8}}));
  EXPECT_EQ(partsOf(model, 3), (std::vector<Part>{{'1', 0}, {'1', 0}, {'1', 1}, {'1', 1}, {'1', 2}, {'1', 2}}));
  AnyBatchModel alone(0);
  EXPECT_EQ(partsOf(alone, 2), (std::vector<Part>{{'1', 0}, {'1', 0}, {'1', 1}, {'1', 1}}));
  // The call that knows no batch has one image.
  FakeInstance instance(model, 1);
  parts.clear();
  EXPECT_EQ(instance.run(makeInput(1)), RES_OK);
  EXPECT_EQ(parts, (std::vector<Part>{{'1', 0}, {'1', 0}}));
}

TEST(RuntimeTest, AnyBatchWorkspaceIsThatOfTheLargerProgram) {
  AnyBatchModel model(4);
  EXPECT_EQ(res_rt_workspace_bytes(model, 3), res_abi_workspace_bytes(4 * FAKE_ARENA, FAKE_SHARED, FAKE_WORKER, 3));
}

TEST(RuntimeTest, AnyBatchTimes) {
  AnyBatchModel model(2);
  FakeInstance instance(model, 1);
  FakeInput input = makeInput(1);
  const void *inputs[] = {&input};
  void *outputs[] = {&instance.output};
  uint64_t times[] = {1, 2, 3, 4711};
  ASSERT_EQ(res_rt_run_batch(instance.instance, 4, inputs, outputs, times), RES_OK);
  EXPECT_EQ(times[0] + times[1], 0u); // did not run
  EXPECT_GE(times[2], 2'000'000u);
  EXPECT_EQ(times[3], 4711u);
}

TEST(RuntimeTest, WrongBatches) {
  AnyBatchModel any(4);
  FakeInstance instance(any, 1);
  FakeInput input = makeInput(1);
  const void *inputs[] = {&input};
  void *outputs[] = {&instance.output};
  for (int64_t batch : {int64_t(0), int64_t(-1), INT64_MIN})
    EXPECT_EQ(res_run_batch(any, instance.instance, batch, inputs, outputs), RES_ERROR_ARGUMENT);
  EXPECT_EQ(res_rt_run_batch(nullptr, 1, inputs, outputs, nullptr), RES_ERROR_ARGUMENT);
  EXPECT_EQ(res_rt_run_batch(instance.instance, 1, nullptr, outputs, nullptr), RES_ERROR_ARGUMENT);
  // A model for one batch takes that alone.
  FakeModel fixed({fakeSum});
  const int64_t shape[] = {2, 1};
  fixed.tensor.shape = shape, fixed.tensor.rank = 2;
  fixed.model.run = res_rt_run;
  EXPECT_FALSE(res_takes_any_batch(fixed));
  FakeInstance other(fixed, 1);
  void *results[] = {&other.output};
  for (int64_t batch : {1, 3})
    EXPECT_EQ(res_run_batch(fixed, other.instance, batch, inputs, results), RES_ERROR_ARGUMENT);
  EXPECT_EQ(res_run_batch(fixed, other.instance, 2, inputs, results), RES_OK);
}

TEST(RuntimeTest, FailureEndsTheTurns) {
  FakeModel model({fakeFail, fakeSum});
  model.program.turns = 2;
  FakeInstance instance(model, 1);
  FakeInput input = makeInput(2);
  input.badTask = 1, input.badResult = -7;
  EXPECT_EQ(instance.run(input), RES_ERROR_TASK);
}

TEST(RuntimeTest, EveryStatusHasItsOwnSentence) {
  std::set<std::string> texts;
  for (int status = RES_OK; status <= RES_ERROR_TASK + 1; ++status) {
    std::string text = res_rt_status_text(static_cast<res_status>(status));
    EXPECT_GE(text.size(), 7u);
    EXPECT_NE(text.back(), '.');
    EXPECT_EQ(text == "unknown status", status > RES_ERROR_TASK) << text;
    texts.insert(text);
  }
  EXPECT_EQ(texts.size(), RES_ERROR_TASK + 2u);
}

// The blob holds ELF relocatable objects (e_type 1) of the machine asked for (e_machine).
TEST(RuntimeBlobTest, HoldsAnObjectPerTarget) {
  auto half = [](std::string_view object, size_t at) {
    return static_cast<unsigned char>(object[at]) | static_cast<unsigned char>(object[at + 1]) << 8;
  };
  for (auto [arch, machine] : {std::pair("x86_64", 62), std::pair("aarch64", 183)}) {
    std::string_view object = res::runtimeObject(arch);
    ASSERT_GT(object.size(), 1000u);
    EXPECT_EQ(object.substr(0, 4), "\x7f"
                                   "ELF");
    EXPECT_EQ(half(object, 16), 1);
    EXPECT_EQ(half(object, 18), machine);
  }
  EXPECT_TRUE(res::runtimeObject("riscv64").empty());
  EXPECT_TRUE(res::runtimeObject("").empty());
}

} // namespace
