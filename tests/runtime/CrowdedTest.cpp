// More threads than processors: who waits makes room for whom it waits for.
#include "FakeModel.h"

#include <gtest/gtest.h>

#include <ctime>
#include <sched.h>
#include <thread>

namespace {

// Runs a function on a thread that may use one processor only, as the workers of instances that it opens.
template <typename Function> void onOneProcessor(Function function) {
  std::thread([&] {
    cpu_set_t all, one;
    ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    int first = 0;
    while (!CPU_ISSET(first, &all))
      ++first;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    function();
  }).join();
}

// Processor seconds of all threads for inferences of ten loops each: other processes do not count.
double processorSeconds(int32_t threads, int32_t spinMicroseconds) {
  FakeModel model({fakeNested, fakeNested, fakeNested, fakeNested, fakeNested, fakeNested, fakeNested, fakeNested,
                   fakeNested, fakeNested});
  FakeInstance instance(model, makeOptions(threads, spinMicroseconds));
  EXPECT_EQ(instance.status, RES_OK);
  FakeInput input = makeInput(20);
  input.innerTasks = 5000;
  EXPECT_EQ(instance.run(input), RES_OK); // the workers are past their start
  clock_t start = clock();
  for (int i = 0; i < 40; ++i)
    EXPECT_EQ(instance.run(input), RES_OK);
  EXPECT_EQ(instance.output, expectedSum(1, 0, 100000));
  return double(clock() - start) / CLOCKS_PER_SEC;
}

TEST(CrowdedTest, WaitingTakesLittleOfTheOnlyProcessor) {
  onOneProcessor([] {
    double alone = processorSeconds(1, 0), three = processorSeconds(3, 0);
    EXPECT_LE(three, 1.5 * alone) << "with workers that only spin it is twice to three times as much";
  });
}

// Who asks for it gets the shortest waits, at the expense of others.
TEST(CrowdedTest, LongSpinningKeepsTheProcessor) {
  onOneProcessor([] {
    double alone = processorSeconds(1, 0), three = processorSeconds(3, 30000000);
    EXPECT_GE(three, 1.5 * alone);
  });
}

} // namespace
