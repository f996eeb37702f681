// A model made of hand-written steps, and an instance of it that closes itself.
#ifndef RES_TESTS_RUNTIME_FAKEMODEL_H
#define RES_TESTS_RUNTIME_FAKEMODEL_H

#include "FakeKernels.h"

#include <initializer_list>
#include <vector>

class FakeModel {
public:
  FakeModel(std::initializer_list<res_abi_step> list) : steps(list) {
    program = {steps.data(), FAKE_ARENA, FAKE_SHARED, FAKE_WORKER, /*isa=*/0, 0, nullptr, nullptr, steps.size(), 0, nullptr};
    model.abi_version = RES_ABI_VERSION;
    model.struct_bytes = offsetof(res_model, run_batch);
    model.name = "fake";
    model.input_count = model.output_count = 1;
    model.inputs = model.outputs = &tensor;
    model.step_count = static_cast<uint32_t>(steps.size());
    model.program = &program;
  }
  FakeModel(const FakeModel &) = delete;

  operator const res_model *() const { return &model; }

  std::vector<res_abi_step> steps;
  res_tensor_info tensor = {"x", nullptr, 8, 0, RES_S64};
  res_abi_program program;
  res_model model = {};
};

inline res_options makeOptions(int32_t threads, int32_t spinMicroseconds = 0) {
  res_options options = {};
  options.struct_bytes = sizeof options;
  options.threads = threads;
  options.spin_microseconds = spinMicroseconds;
  return options;
}

class FakeInstance {
public:
  FakeInstance(const res_model *model, const res_options &options) { status = res_rt_open(model, &options, &instance); }
  FakeInstance(const res_model *model, int32_t threads) : FakeInstance(model, makeOptions(threads)) {}
  FakeInstance(const FakeInstance &) = delete;
  ~FakeInstance() { res_rt_close(instance); }

  // One inference; the result is in `output`.
  res_status run(const FakeInput &input) {
    const void *inputs[] = {&input};
    void *outputs[] = {&output};
    return res_rt_run(instance, inputs, outputs);
  }

  res_instance *instance = nullptr;
  res_status status;
  int64_t output = -1;
};

// What fakeSpread and fakeSum, or fakeNested with tasks * innerTasks, have to find.
inline int64_t expectedSum(uint32_t seed, int32_t min, int32_t tasks) {
  int64_t sum = 0;
  for (int32_t i = 0; i < tasks; ++i)
    sum += fakeValue(seed, min + i);
  return sum;
}

inline FakeInput makeInput(int32_t tasks, uint32_t seed = 1, int32_t min = 0) {
  FakeInput input = {};
  input.tasks = tasks;
  input.seed = seed;
  input.min = min;
  input.waiter = -1;
  return input;
}

#endif
