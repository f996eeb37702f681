// Models whose steps have scratch at places of their own, between or above tensors (res_abi_scratch).
#include "FakeModel.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace {

// Room for two threads at 1024, for more at 40960; the second step has none shared and room for all; the third needs none.
constexpr res_abi_scratch kPlaces[] = {{1024, 2, 40960, FAKE_SHARED - 50, FAKE_WORKER - 50},
                                       {896, 200, 65536, 0, FAKE_WORKER},
                                       {0, 0, 0, 0, 0}};

// Tasks on the workers in turn, all in the thread that calls: each worker has one.
int runInTurn(void *user, int count, res_task task, void *argument) {
  for (int i = 0; i < count; ++i)
    if (int result = task(argument, i, i % *static_cast<int32_t *>(user)))
      return result;
  return 0;
}

// Where blocks were allocated, from the start of the arena, in each step: outside of the loop, and by each worker in it.
struct Seen {
  struct Step {
    int64_t shared;
    std::vector<int64_t> workers;
  };
  std::vector<Step> steps;
  char *arena;
  int32_t threads;
};

int allocateInTask(void *worker, int, uint8_t *closure) {
  Seen &seen = *reinterpret_cast<Seen *>(closure);
  void *block = halide_malloc(worker, FAKE_WORKER_BLOCK);
  seen.steps.back().workers.push_back(static_cast<char *>(block) - seen.arena);
  halide_free(worker, block);
  return 0;
}

int32_t allocateStep(const void *const *inputs, void *const *, char *arena, void *worker) {
  Seen &seen = *static_cast<Seen *>(static_cast<const FakeInput *>(inputs[0])->argument);
  seen.arena = arena;
  void *shared = halide_malloc(worker, FAKE_SHARED_BLOCK);
  seen.steps.push_back({shared ? static_cast<char *>(shared) - arena : -1, {}});
  const int32_t result = halide_do_par_for(worker, allocateInTask, 0, seen.threads, reinterpret_cast<uint8_t *>(&seen));
  if (shared)
    halide_free(worker, shared);
  return result;
}

TEST(ScratchTest, EachStepHasItsOwn) {
  FakeModel model({allocateStep, allocateStep, fakeCall});
  model.program.scratch = kPlaces;
  for (int32_t threads : {1, 2, 3, 8}) {
    Seen seen{{}, nullptr, threads};
    res_options options = makeOptions(threads);
    options.parallel_for = runInTurn;
    options.parallel_for_user = &threads;
    FakeInstance instance(model, options);
    ASSERT_EQ(instance.status, RES_OK);
    FakeInput input = makeInput(1);
    input.argument = &seen;
    input.call = [](void *, void *) {};
    for (int inference = 0; inference < 2; ++inference) { // the first step's places are back in the second one
      seen.steps.clear();
      ASSERT_EQ(instance.run(input), RES_OK);
      ASSERT_EQ(seen.steps.size(), 2u);
      const int64_t start = threads <= 2 ? 1024 : 40960;
      EXPECT_EQ(seen.steps[0].shared, start);
      std::vector<int64_t> first, second;
      for (int32_t i = 0; i < threads; ++i) {
        first.push_back(start + FAKE_SHARED + i * FAKE_WORKER);
        second.push_back(896 + i * FAKE_WORKER);
      }
      EXPECT_EQ(seen.steps[0].workers, first) << threads << " threads";
      // Nothing is shared here, and one worker's scratch is too little for the large block.
      EXPECT_EQ(seen.steps[1].shared, -1);
      EXPECT_EQ(seen.steps[1].workers, second) << threads << " threads";
    }
  }
}

TEST(ScratchTest, WorkspaceHoldsTheStepThatNeedsMost) {
  FakeModel model({fakeSpread, fakeSpread, fakeSum});
  model.program.scratch = kPlaces;
  auto bytesFor = [&](uint64_t arena, int32_t threads) {
    model.program.arena_bytes = arena;
    return res_rt_workspace_bytes(model, threads) - res_abi_workspace_bytes(0, 0, 0, uint32_t(threads));
  };
  EXPECT_EQ(bytesFor(800, 1), 1024u + FAKE_SHARED + FAKE_WORKER);
  EXPECT_EQ(bytesFor(800, 2), 1024u + FAKE_SHARED + 2 * FAKE_WORKER);
  EXPECT_EQ(bytesFor(800, 3), 40960u + FAKE_SHARED + 3 * FAKE_WORKER);
  EXPECT_EQ(bytesFor(800, 8), 40960u + FAKE_SHARED + 8 * FAKE_WORKER);
  EXPECT_EQ(bytesFor(800, 200), 40960u + FAKE_SHARED + 200 * FAKE_WORKER);
  EXPECT_EQ(bytesFor(800, 256), 65536u + 256 * FAKE_WORKER) << "the second step's, above as well";
  // A tensor above all scratch; whole units.
  EXPECT_EQ(bytesFor(900'001, 2), 900'096u);
}

// Values in the arena, before the scratch and behind it, survive steps that fill their scratch, and so does all around the
// workspace; with workers of the instance, who find their places after every step.
TEST(ScratchTest, MissesTensorsAndEndsInTheWorkspace) {
  constexpr int32_t kTasks = 100;
  constexpr int64_t kMarker = 16384;
  auto writeMarker = [](const void *const *, void *const *, char *arena, void *) -> int32_t {
    memset(arena + kMarker, 0x77, 1024);
    return 0;
  };
  auto readMarker = [](const void *const *, void *const *, char *arena, void *) -> int32_t {
    for (int i = 0; i < 1024; ++i)
      if (arena[kMarker + i] != 0x77)
        return -1;
    return 0;
  };
  FakeModel model({writeMarker, fakeSpread, readMarker, fakeSum});
  const res_abi_scratch need = {1024, 2, kMarker + 1024, FAKE_SHARED, FAKE_WORKER};
  static_assert(1024 + FAKE_SHARED + 2 * FAKE_WORKER <= kMarker, "two threads fit");
  const res_abi_scratch places[] = {{}, need, {}, {}};
  model.program.scratch = places;
  model.program.arena_bytes = kMarker + 1024;
  for (int32_t threads : {1, 2, 3, 8}) {
    const size_t bytes = res_rt_workspace_bytes(model, threads);
    std::unique_ptr<char, decltype(&free)> memory(static_cast<char *>(aligned_alloc(128, (bytes + 639) / 128 * 128)), free);
    memset(memory.get(), 0xff, bytes + 512);
    res_options options = makeOptions(threads);
    options.workspace = memory.get() + 128;
    options.workspace_bytes = bytes;
    FakeInstance instance(model, options);
    ASSERT_EQ(instance.status, RES_OK);
    for (uint32_t seed : {1, 2, 3}) {
      ASSERT_EQ(instance.run(makeInput(kTasks, seed)), RES_OK) << threads << " threads";
      EXPECT_EQ(instance.output, expectedSum(seed, 0, kTasks));
    }
    for (size_t i = 0; i < bytes + 512; ++i)
      if (i < 128 || i >= 128 + bytes) {
        ASSERT_EQ(memory.get()[i], char(0xff)) << "byte " << i;
      }
  }
}

TEST(ScratchTest, IsWholeAgainAfterAFailure) {
  FakeModel model({fakeFail, fakeSpread, fakeSum});
  const res_abi_scratch places[] = {{896, 8, 896, 0, FAKE_WORKER}, {896, 8, 896, FAKE_SHARED, FAKE_WORKER}, {}};
  model.program.scratch = places;
  FakeInstance instance(model, 1);
  FakeInput input = makeInput(100);
  input.badTask = 1, input.badResult = -7; // keeps a block
  EXPECT_EQ(instance.run(input), RES_ERROR_TASK);
  input.badTask = -1;
  EXPECT_EQ(instance.run(input), RES_OK);
  EXPECT_EQ(instance.output, expectedSum(1, 0, 100));
}

} // namespace
