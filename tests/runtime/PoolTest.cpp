// Parallel loops and scratch: every task runs exactly once, in its worker's share, with scratch of its own.
#include "FakeModel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <random>
#include <thread>

namespace {

// Runs fakeHit and returns how many of the tasks did not run exactly once.
int badHits(FakeInstance &instance, FakeInput input) {
  std::vector<int32_t> hits(input.tasks, 0);
  input.hits = hits.data();
  EXPECT_EQ(instance.run(input), RES_OK);
  return static_cast<int>(input.tasks - std::count(hits.begin(), hits.end(), 1));
}

TEST(PoolTest, RightForAnyThreadsAndTasks) {
  FakeModel model({fakeSpread, fakeSum});
  for (int32_t threads = 1; threads <= 8; ++threads) {
    FakeInstance instance(model, threads);
    ASSERT_EQ(instance.status, RES_OK);
    EXPECT_EQ(res_rt_threads(instance.instance), threads);
    for (int32_t tasks : {0, 1, 2, 3, 5, 7, 8, 9, 63, 1000}) {
      ASSERT_EQ(instance.run(makeInput(tasks, tasks + threads, -3)), RES_OK);
      EXPECT_EQ(instance.output, expectedSum(tasks + threads, -3, tasks))
          << tasks << " tasks, " << threads << " threads";
    }
  }
}

TEST(PoolTest, LoopsLongerThanARange) {
  FakeModel model({fakeHit, fakeSpread, fakeSum});
  FakeInstance instance(model, 3);
  for (int32_t tasks : {65534, 65535, 65536, int32_t(FAKE_MAX_TASKS)})
    EXPECT_EQ(badHits(instance, makeInput(tasks, 5, 100)), 0) << tasks;
  EXPECT_EQ(instance.output, expectedSum(5, 100, FAKE_MAX_TASKS));
}

TEST(PoolTest, LoopInALoopRunsInline) {
  FakeModel model({fakeNested});
  for (int32_t threads : {1, 2, 5}) {
    FakeInstance instance(model, threads);
    for (int32_t tasks : {1, 2, 17}) { // a loop of one task leaves the inner one parallel, so that has one task too
      FakeInput input = makeInput(tasks, 9);
      input.innerTasks = tasks == 1 ? 1 : 13;
      ASSERT_EQ(instance.run(input), RES_OK);
      EXPECT_EQ(instance.output, expectedSum(9, 0, tasks * input.innerTasks));
    }
  }
}

TEST(PoolTest, EachWorkerStartsWithItsOwnShare) {
  FakeModel model({fakeHit});
  FakeInstance instance(model, 2);
  std::vector<int32_t> hits(9, 0), workers(9, -1);
  FakeInput input = makeInput(9);
  input.hits = hits.data();
  input.workers = workers.data();
  input.waiter = 0;
  input.awaited = -5; // shares are 0-4 and 5-8
  ASSERT_EQ(instance.run(input), RES_OK);
  EXPECT_EQ(workers[5], 1);
}

TEST(PoolTest, WhoIsDoneHelpsTheOthers) {
  FakeModel model({fakeHit});
  FakeInstance instance(model, 2);
  for (int32_t stuck : {0, 5}) { // the first task of a share waits until all others are done, or for ever without help
    std::vector<int32_t> hits(10, 0), workers(10, -1);
    FakeInput input = makeInput(10);
    input.hits = hits.data();
    input.workers = workers.data();
    input.waiter = stuck;
    input.awaited = 9;
    ASSERT_EQ(instance.run(input), RES_OK);
    EXPECT_EQ(hits, std::vector<int32_t>(10, 1));
    if (workers[stuck] == stuck / 5) { // it was not taken over by the other worker
      EXPECT_EQ(std::count(workers.begin(), workers.end(), workers[stuck]), 1);
    }
  }
}

TEST(PoolTest, ManyThreadsOnOneModel) {
  FakeModel model({fakeSpread, fakeSum});
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      FakeInstance instance(model, 2);
      for (int i = 0; i < 200; ++i)
        wrong[t] += instance.run(makeInput(11 + t, i * 4 + t)) != RES_OK ||
                    instance.output != expectedSum(i * 4 + t, 0, 11 + t);
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(PoolTest, TwoModelsAtOnce) {
  FakeModel sum({fakeSpread, fakeSum}), nested({fakeNested});
  int wrong[2] = {0, 0};
  std::thread other([&] {
    FakeInstance instance(nested, 3);
    FakeInput input = makeInput(6, 77);
    input.innerTasks = 4;
    for (int i = 0; i < 300; ++i)
      wrong[1] += instance.run(input) != RES_OK || instance.output != expectedSum(77, 0, 24);
  });
  FakeInstance instance(sum, 3);
  for (int i = 0; i < 300; ++i)
    wrong[0] += instance.run(makeInput(20, i)) != RES_OK || instance.output != expectedSum(i, 0, 20);
  other.join();
  EXPECT_EQ(wrong[0] + wrong[1], 0);
}

TEST(PoolTest, SurvivesRandomLoops) {
  FakeModel model({fakeHit, fakeSpread, fakeSum});
  std::mt19937 random(3);
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (std::chrono::steady_clock::now() < end) {
    // Short spinning, so that workers fall asleep in the middle of things.
    FakeInstance instance(model, makeOptions(1 + random() % 6, 1 + random() % 50));
    for (int i = 0; i < 300; ++i) {
      FakeInput input = makeInput(1 + random() % (i % 10 ? 12 : 2000), i, random() % 5);
      ASSERT_EQ(badHits(instance, input), 0);
      ASSERT_EQ(instance.output, expectedSum(i, input.min, input.tasks));
      if (random() % 50 == 0)
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 300));
    }
  }
}

// ---- The caller's parallel_for ----

// Threads of its own, one per worker, that take every count-th task.
int goodParallelFor(void *user, int count, res_task task, void *argument) {
  int workers = *static_cast<int *>(user), result = 0;
  std::vector<std::thread> threads;
  for (int w = 0; w < workers; ++w)
    threads.emplace_back([=, &result] {
      for (int i = w; i < count; i += workers)
        if (int r = task(argument, i, w))
          __atomic_store_n(&result, r, __ATOMIC_RELAXED);
    });
  for (std::thread &thread : threads)
    thread.join();
  return result;
}

int refusingParallelFor(void *, int, res_task, void *) { return 42; }

// Names worker or task *user in its last call, and does not hand on what the task returns.
int wrongWorkerParallelFor(void *user, int count, res_task task, void *argument) {
  for (int i = 0; i < count; ++i)
    task(argument, i, i == count - 1 ? *static_cast<int *>(user) : 0);
  return 0;
}
int wrongTaskParallelFor(void *user, int, res_task task, void *argument) {
  task(argument, *static_cast<int *>(user), 0);
  return 0;
}

res_options callerOptions(int32_t threads, res_parallel_for parallelFor, int &user) {
  res_options options = makeOptions(threads);
  options.parallel_for = parallelFor;
  options.parallel_for_user = &user;
  return options;
}

int threadCount() {
  int count = 0;
  if (FILE *status = fopen("/proc/self/status", "r")) {
    for (char line[256]; fgets(line, sizeof line, status);)
      sscanf(line, "Threads: %d", &count);
    fclose(status);
  }
  return count;
}

TEST(CallerPoolTest, RunsTheLoops) {
  FakeModel model({fakeHit, fakeSpread, fakeSum});
  int threads = 3, before = threadCount();
  FakeInstance instance(model, callerOptions(threads, goodParallelFor, threads));
  ASSERT_EQ(instance.status, RES_OK);
  EXPECT_EQ(threadCount(), before) << "an instance with the caller's pool has no workers";
  for (int32_t tasks : {0, 1, 2, 3, 50}) {
    std::vector<int32_t> hits(tasks, 0), workers(tasks, -1);
    FakeInput input = makeInput(tasks, tasks, 7);
    input.hits = hits.data();
    input.workers = workers.data();
    ASSERT_EQ(instance.run(input), RES_OK);
    EXPECT_EQ(instance.output, expectedSum(tasks, 7, tasks));
    EXPECT_EQ(hits, std::vector<int32_t>(tasks, 1));
    for (int32_t i = 0; i < tasks; ++i)
      EXPECT_EQ(workers[i], tasks == 1 ? 0 : i % threads);
  }
}

TEST(CallerPoolTest, LoopInALoopStaysInItsTask) {
  FakeModel model({fakeNested});
  int threads = 2;
  FakeInstance instance(model, callerOptions(threads, goodParallelFor, threads));
  FakeInput input = makeInput(10, 4);
  input.innerTasks = 10;
  ASSERT_EQ(instance.run(input), RES_OK);
  EXPECT_EQ(instance.output, expectedSum(4, 0, 100));
}

TEST(CallerPoolTest, FailuresAreReported) {
  FakeModel model({fakeSpread, fakeSum});
  int user = 0;
  FakeInput input = makeInput(10);
  EXPECT_EQ(FakeInstance(model, callerOptions(2, refusingParallelFor, user)).run(input), RES_ERROR_TASK);
  for (int worker : {-1, 2, 1 << 30}) {
    user = worker;
    FakeInstance instance(model, callerOptions(2, wrongWorkerParallelFor, user));
    EXPECT_EQ(instance.run(input), RES_ERROR_TASK) << "worker " << worker;
    user = 1;
    EXPECT_EQ(instance.run(input), RES_OK) << "an instance works again after a failure";
    EXPECT_EQ(instance.output, expectedSum(1, 0, 10));
  }
  for (int task : {-1, 10}) {
    user = task;
    FakeInstance instance(model, callerOptions(2, wrongTaskParallelFor, user));
    EXPECT_EQ(instance.run(input), RES_ERROR_TASK) << "task " << task;
  }
}

TEST(CallerPoolTest, TaskFailureThatThePoolSwallowsIsReported) {
  FakeModel model({fakeFail});
  int worker = 0;
  FakeInstance instance(model, callerOptions(2, wrongWorkerParallelFor, worker));
  FakeInput input = makeInput(10);
  input.badTask = 4;
  input.badResult = -9;
  EXPECT_EQ(instance.run(input), RES_ERROR_TASK);
}

TEST(PoolTest, FailedTaskFailsTheRunAndLeavesNoScratch) {
  FakeModel model({fakeFail, fakeSpread, fakeSum});
  for (int32_t threads : {1, 3}) {
    FakeInstance instance(model, threads);
    FakeInput input = makeInput(10);
    for (int32_t bad = 0; bad < 10; ++bad) { // more often than the scratch would hold
      input.badTask = bad;
      input.badResult = 5;
      instance.output = -1;
      EXPECT_EQ(instance.run(input), RES_ERROR_TASK);
      EXPECT_EQ(instance.output, -1) << "later steps do not run";
    }
    input.badResult = 0;
    input.badTask = -1;
    EXPECT_EQ(instance.run(input), RES_OK);
    EXPECT_EQ(instance.output, expectedSum(1, 0, 10));
  }
}

TEST(PoolTest, CloseJoinsTheWorkers) {
  FakeModel model({fakeSpread, fakeSum});
  int before = threadCount();
  for (int32_t spin : {1, 1000000})
    for (bool run : {false, true}) {
      {
        FakeInstance instance(model, makeOptions(5, spin));
        EXPECT_EQ(threadCount(), before + 4);
        if (run)
          instance.run(makeInput(20));
      }
      // The kernel may list a joined thread a moment longer.
      for (int i = 0; i < 1000 && threadCount() != before; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      EXPECT_EQ(threadCount(), before);
    }
}

// ---- Scratch ----

template <typename Function> void callInStep(FakeInstance &instance, Function function) {
  FakeInput input = makeInput(0);
  input.argument = &function;
  input.call = [](void *worker, void *argument) { (*static_cast<Function *>(argument))(worker); };
  EXPECT_EQ(instance.run(input), RES_OK);
}

TEST(ScratchTest, HoldsWhatTheProgramSaysAndNoMore) {
  FakeModel model({fakeCall});
  FakeInstance instance(model, 2);
  callInStep(instance, [](void *worker) {
    void *all = halide_malloc(worker, FAKE_SHARED + FAKE_WORKER); // worker 0: outside and inside of loops
    ASSERT_NE(all, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(all) % 128, 0u);
    EXPECT_EQ(halide_malloc(worker, 1), nullptr);
    halide_free(worker, all);
    halide_free(worker, nullptr);
    EXPECT_EQ(halide_malloc(worker, FAKE_SHARED + FAKE_WORKER + 1), nullptr);
    EXPECT_EQ(halide_malloc(worker, SIZE_MAX), nullptr);
    EXPECT_EQ(halide_malloc(worker, 1), all);
  });
  char *other = nullptr; // worker 1 has its own, and only what loops need
  callInStep(instance, [&](void *worker) {
    void *context = static_cast<char *>(worker) + RES_ABI_WORKER_BYTES;
    ASSERT_EQ(fakeWorkerIndex(context), 1);
    other = static_cast<char *>(halide_malloc(context, FAKE_WORKER));
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(halide_malloc(context, 1), nullptr);
    halide_free(context, other);
  });
}

TEST(ScratchTest, ReusesWhatIsAboveManyBlocks) {
  FakeModel model({fakeCall});
  FakeInstance instance(model, 1);
  callInStep(instance, [](void *worker) {
    for (unsigned i = 0; i <= RES_ABI_SCRATCH_BLOCKS; ++i) {
      for (int k = 0; k < 100; ++k) {
        void *passing = halide_malloc(worker, 2000);
        ASSERT_NE(passing, nullptr) << k << " above " << i;
        halide_free(worker, passing);
      }
      ASSERT_NE(halide_malloc(worker, 0), nullptr);
    }
  });
}

// Blocks freed in any order: live ones never overlap, and none is lost at the end.
TEST(ScratchTest, AnyOrderOfFreeing) {
  FakeModel model({fakeCall});
  model.program.shared_scratch_bytes = 1 << 16;
  FakeInstance instance(model, 1);
  callInStep(instance, [](void *worker) {
    std::mt19937 random(1);
    struct Block {
      char *at;
      size_t bytes;
      char value;
    };
    auto intact = [](const Block &b) {
      return std::all_of(b.at, b.at + b.bytes, [&](char c) { return c == b.value; });
    };
    for (int round = 0; round < 500; ++round) {
      std::vector<Block> live;
      for (int step = 0, most = round % 2 ? 10 : 60; step < most; ++step) { // 60: more than the runtime lists
        Block block = {nullptr, random() % 700, static_cast<char>(random())};
        block.at = static_cast<char *>(halide_malloc(worker, block.bytes));
        ASSERT_NE(block.at, nullptr);
        std::fill_n(block.at, block.bytes, block.value);
        live.push_back(block);
        if (random() % 3 == 0) {
          std::swap(live[random() % live.size()], live.back());
          EXPECT_TRUE(intact(live.back()));
          halide_free(worker, live.back().at);
          live.pop_back();
        }
      }
      std::shuffle(live.begin(), live.end(), random);
      for (const Block &block : live) {
        EXPECT_TRUE(intact(block));
        halide_free(worker, block.at);
      }
      void *all = halide_malloc(worker, (1 << 16) + FAKE_WORKER);
      ASSERT_NE(all, nullptr) << "round " << round;
      halide_free(worker, all);
    }
  });
}

} // namespace
