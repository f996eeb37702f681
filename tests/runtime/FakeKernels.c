/* Hand-written steps that use the runtime as Halide's kernels do. */
#include "FakeKernels.h"

#include <string.h>

#include "internal.h"

struct Closure {
  const FakeInput *in;
  char *arena;
  void *shared;
  int32_t outer;
  int32_t begun[2], ended;
  int64_t sum;
};

int64_t fakeValue(uint32_t seed, int32_t index) { return (int64_t)(seed * 2654435761u ^ (uint32_t)index * 40503u); }

int32_t fakeWorkerIndex(const void *worker) { return ((const res_worker *)worker)->index; }

static int64_t *scratchBlock(void *context, int64_t value) {
  int64_t *block = halide_malloc(context, FAKE_WORKER_BLOCK);
  block[0] = block[FAKE_WORKER_BLOCK / 8 - 1] = value;
  return block;
}

static int blockHolds(const int64_t *block, int64_t value) {
  return block[0] == value && block[FAKE_WORKER_BLOCK / 8 - 1] == value;
}

/* Frees the first block while the second is in use, as Halide does, and allocates a third. */
static int spreadTask(void *context, int i, uint8_t *closure) {
  struct Closure *c = (struct Closure *)closure;
  int64_t value = fakeValue(c->in->seed, i);
  int64_t *first = scratchBlock(context, value), *second = scratchBlock(context, ~value);
  int good = blockHolds(first, value);
  halide_free(context, first);
  int64_t *third = scratchBlock(context, value + 1);
  good = good && blockHolds(second, ~value) && blockHolds(third, value + 1);
  halide_free(context, second);
  halide_free(context, third);
  ((int64_t *)c->arena)[i - c->in->min] = good ? value : -1;
  return 0;
}

int32_t fakeSpread(const void *const *inputs, void *const *outputs, char *arena, void *worker) {
  const FakeInput *in = inputs[0];
  (void)outputs;
  struct Closure c = {.in = in, .arena = arena};
  c.shared = halide_malloc(worker, FAKE_SHARED_BLOCK);
  memset(c.shared, 0x5a, FAKE_SHARED_BLOCK);
  int result = halide_do_par_for(worker, spreadTask, in->min, in->tasks, (uint8_t *)&c);
  for (int i = 0; i < FAKE_SHARED_BLOCK; ++i)
    if (((char *)c.shared)[i] != 0x5a)
      result = -1;
  halide_free(worker, c.shared);
  return result;
}

int32_t fakeSum(const void *const *inputs, void *const *outputs, char *arena, void *worker) {
  const FakeInput *in = inputs[0];
  (void)worker;
  int64_t sum = 0;
  for (int i = 0; i < in->tasks; ++i)
    sum += ((int64_t *)arena)[i];
  *(int64_t *)outputs[0] = sum;
  return 0;
}

static int innerTask(void *context, int i, uint8_t *closure) {
  struct Closure *c = (struct Closure *)closure;
  (void)context;
  c->sum += fakeValue(c->in->seed, c->outer * c->in->innerTasks + i); /* inline, hence not atomic */
  return 0;
}

static int outerTask(void *context, int i, uint8_t *closure) {
  struct Closure inner = *(struct Closure *)closure;
  inner.outer = i;
  inner.sum = 0;
  int result = halide_do_par_for(context, innerTask, 0, inner.in->innerTasks, (uint8_t *)&inner);
  __atomic_fetch_add(&((struct Closure *)closure)->sum, inner.sum, __ATOMIC_RELAXED);
  return result;
}

int32_t fakeNested(const void *const *inputs, void *const *outputs, char *arena, void *worker) {
  const FakeInput *in = inputs[0];
  struct Closure c = {.in = in, .arena = arena};
  int result = halide_do_par_for(worker, outerTask, 0, in->tasks, (uint8_t *)&c);
  *(int64_t *)outputs[0] = c.sum;
  return result;
}

static int hitTask(void *context, int i, uint8_t *closure) {
  struct Closure *c = (struct Closure *)closure;
  const FakeInput *in = c->in;
  if (i == in->waiter && in->awaited < 0)
    while (!__atomic_load_n(&c->begun[0], __ATOMIC_ACQUIRE))
      ;
  if (in->awaited < 0 && i == -in->awaited)
    __atomic_store_n(&c->begun[0], 1, __ATOMIC_RELEASE);
  if (i == in->waiter && in->awaited > 0)
    while (__atomic_load_n(&c->ended, __ATOMIC_ACQUIRE) < in->awaited)
      ;
  __atomic_fetch_add(&in->hits[i - in->min], 1, __ATOMIC_RELAXED);
  if (in->workers)
    in->workers[i - in->min] = fakeWorkerIndex(context);
  __atomic_fetch_add(&c->ended, 1, __ATOMIC_RELEASE);
  return 0;
}

int32_t fakeHit(const void *const *inputs, void *const *outputs, char *arena, void *worker) {
  const FakeInput *in = inputs[0];
  (void)outputs;
  struct Closure c = {.in = in, .arena = arena};
  return halide_do_par_for(worker, hitTask, in->min, in->tasks, (uint8_t *)&c);
}

/* Gives up without freeing its scratch. */
static int failTask(void *context, int i, uint8_t *closure) {
  const FakeInput *in = ((struct Closure *)closure)->in;
  if (i != in->badTask)
    return 0;
  halide_malloc(context, FAKE_WORKER_BLOCK);
  return in->badResult;
}

int32_t fakeFail(const void *const *inputs, void *const *outputs, char *arena, void *worker) {
  const FakeInput *in = inputs[0];
  (void)outputs;
  struct Closure c = {.in = in, .arena = arena};
  return halide_do_par_for(worker, failTask, 0, in->tasks, (uint8_t *)&c);
}

int32_t fakeGate(const void *const *inputs, void *const *outputs, char *arena, void *worker) {
  int32_t *gate = ((const FakeInput *)inputs[0])->gate;
  (void)outputs, (void)arena, (void)worker;
  __atomic_store_n(gate, 1, __ATOMIC_RELEASE);
  while (__atomic_load_n(gate, __ATOMIC_ACQUIRE) != 2)
    ;
  return 0;
}

int32_t fakeCall(const void *const *inputs, void *const *outputs, char *arena, void *worker) {
  const FakeInput *in = inputs[0];
  (void)outputs, (void)arena;
  in->call(worker, in->argument);
  return 0;
}
