/* Hand-written steps that use the runtime as Halide's kernels do, and the runtime's own functions, for RuntimeTest.cpp.
 */
#ifndef RES_TESTS_RUNTIME_FAKEKERNELS_H
#define RES_TESTS_RUNTIME_FAKEKERNELS_H

#include "res/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What inputs[0] of a fake model points to. */
typedef struct FakeInput {
  int32_t tasks, innerTasks;
  int32_t min;     /* index of the first task */
  int32_t badTask; /* in fakeFail: the task that fails, and with what */
  int32_t badResult;
  uint32_t seed;
  int32_t *hits;    /* in fakeHit: how often each task ran */
  int32_t *workers; /* in fakeHit, or null: which worker ran it */
  int32_t waiter;   /* in fakeHit: this task waits ... */
  int32_t awaited;  /* ... until this many others have ended, or, if below 0, until task -awaited has begun */
  int32_t *gate;    /* in fakeGate: 0 at first, 1 when the step waits; goes on at 2 */
  void (*call)(void *worker, void *argument); /* in fakeCall */
  void *argument;
} FakeInput;

enum { FAKE_WORKER_BLOCK = 1000, FAKE_SHARED_BLOCK = 5000, FAKE_MAX_TASKS = 70000 };

/* Every step fits this program: arena, shared and worker scratch. */
enum {
  FAKE_ARENA = 8 * FAKE_MAX_TASKS,
  FAKE_SHARED = (FAKE_SHARED_BLOCK + 127) / 128 * 128,
  FAKE_WORKER = 3 * ((FAKE_WORKER_BLOCK + 127) / 128 * 128)
};

/* arena[i] = fakeValue(seed, i), worked out in scratch; fakeSum writes their sum to outputs[0] (an int64_t). */
int32_t fakeSpread(const void *const *inputs, void *const *outputs, char *arena, void *worker);
int32_t fakeSum(const void *const *inputs, void *const *outputs, char *arena, void *worker);
/* Adds up fakeValue over tasks x innerTasks by a loop in a loop. */
int32_t fakeNested(const void *const *inputs, void *const *outputs, char *arena, void *worker);
int32_t fakeHit(const void *const *inputs, void *const *outputs, char *arena, void *worker);
int32_t fakeFail(const void *const *inputs, void *const *outputs, char *arena, void *worker);
int32_t fakeGate(const void *const *inputs, void *const *outputs, char *arena, void *worker);
int32_t fakeCall(const void *const *inputs, void *const *outputs, char *arena, void *worker);

int64_t fakeValue(uint32_t seed, int32_t index);
int32_t fakeWorkerIndex(const void *worker);

/* The runtime; internal.h documents these. */
size_t res_rt_workspace_bytes(const res_model *model, int32_t threads);
res_status res_rt_open(const res_model *model, const res_options *options, res_instance **instance);
res_status res_rt_run(res_instance *instance, const void *const *inputs, void *const *outputs);
res_status res_rt_run_batch(res_instance *instance, int64_t batch, const void *const *inputs, void *const *outputs,
                            uint64_t *step_nanoseconds);
res_status res_rt_run_timed(res_instance *instance, const void *const *inputs, void *const *outputs,
                            uint64_t *step_nanoseconds);
int32_t res_rt_threads(const res_instance *instance);
void res_rt_close(res_instance *instance);
const char *res_rt_status_text(res_status status);
uint64_t res_rt_turn(const void *worker);
uint32_t res_rt_isa(void);
int32_t res_rt_processors(const char *root);
int halide_do_par_for(void *context, int (*body)(void *, int, uint8_t *), int min, int size, uint8_t *closure);
void *halide_malloc(void *context, size_t bytes);
void halide_free(void *context, void *memory);

#ifdef __cplusplus
}
#endif
#endif
