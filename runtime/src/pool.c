/* The workers of an instance, and Halide's parallel loop on top of them or of the caller's parallel_for.
 *
 * A loop is cut into one contiguous share per worker, so that a worker finds in its cache the rows that it has just
 * written; who is done helps the others from the far end of their shares. Starting a loop costs each worker one
 * transferred cache line. The caller waits for tasks, not for workers: a late one costs nothing. */
#include "internal.h"

enum {
  MAX_LOOP = 0xffff,         /* tasks that a range can number; longer loops run as several */
  PAUSES_PER_CLOCK = 128,    /* between looks at the clock: 2 to 5 us */
  LEAST_PATIENCE = 20000,    /* nanoseconds */
  SOMEBODY_ELSE_RAN = 10000, /* nanoseconds in sched_yield: below 1000 if nobody wants the processor */
};

static inline void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  __asm__ volatile("isb"); /* about as long as pause is on x86; yield does nothing on most cores */
#endif
}

/* ---- Waiting ---- */

/* A wait for other threads of the instance. Whoever waits while there are more threads than processors may be in the
 * way of whom it waits for: a time slice of 3 ms each time, where the wait itself takes microseconds. So it offers its
 * processor to others once its patience ends. That shrinks when somebody took the offer, and grows again when nobody
 * did, so that there are no system calls where every thread has a processor. */
struct wait {
  uint64_t since, waited; /* nanoseconds; 0 until the first look at the clock */
  unsigned pauses;
  bool offered; /* the processor, to whoever wants it */
};

/* One pause; true when it looked at the clock after it. */
static bool wait_a_moment(res_worker *self, struct wait *wait) {
  pause_briefly();
  if (++wait->pauses % PAUSES_PER_CLOCK)
    return false;
  uint64_t now = res_now();
  if (!wait->since)
    wait->since = now;
  wait->waited = now - wait->since;
  if (wait->waited < self->patience)
    return true;
  syscall(RES_SYS_SCHED_YIELD);
  uint32_t most = self->instance->most_patience;
  if (res_now() - now >= SOMEBODY_ELSE_RAN)
    self->patience = most < LEAST_PATIENCE ? most : LEAST_PATIENCE;
  else if (!wait->offered)
    self->patience = self->patience < most - most / 8 ? self->patience + most / 8 : most;
  wait->offered = true;
  return true;
}

/* ---- Shares of a loop ---- */

struct task {
  res_loop_body body;
  uint8_t *closure;
  int index;
};

static void publish(res_worker *owner, uint32_t epoch, int begin, int end, int shares, const struct task *first) {
  atomic_store_explicit(&owner->body, first->body, memory_order_relaxed);
  atomic_store_explicit(&owner->closure, first->closure, memory_order_relaxed);
  atomic_store_explicit(&owner->min, first->index, memory_order_relaxed);
  atomic_store_explicit(&owner->shares, shares, memory_order_relaxed);
  atomic_store_explicit(&owner->range, (uint64_t)epoch << 32 | (uint64_t)end << 16 | (uint64_t)begin,
                        memory_order_release);
}

/* Takes one task of the owner's share. The fields are read before the compare-and-swap and are right if it succeeds: it
 * fails when the range is of another epoch, and while a task is left nobody publishes the next loop. */
static bool claim(res_worker *owner, bool front, struct task *task) {
  uint64_t range = atomic_load_explicit(&owner->range, memory_order_acquire);
  for (;;) {
    int next = range & 0xffff, end = range >> 16 & 0xffff;
    if (next >= end)
      return false;
    task->body = atomic_load_explicit(&owner->body, memory_order_relaxed);
    task->closure = atomic_load_explicit(&owner->closure, memory_order_relaxed);
    task->index = atomic_load_explicit(&owner->min, memory_order_relaxed) + (front ? next : end - 1);
    uint64_t rest = front ? range + 1 : range - (1u << 16);
    if (atomic_compare_exchange_weak_explicit(&owner->range, &range, rest, memory_order_acq_rel, memory_order_acquire))
      return true;
  }
}

static void execute(res_worker *self, const struct task *task) {
  int result = task->body(self, task->index, task->closure);
  int none = 0;
  if (result)
    atomic_compare_exchange_strong_explicit(&self->instance->failure, &none, result, memory_order_relaxed,
                                            memory_order_relaxed);
}

/* The own share, front to back, then the others'. Finished tasks are counted per share: the counter is shared. */
static void work(res_worker *self) {
  res_instance *instance = self->instance;
  struct task task;
  int finished = 0;
  for (; claim(self, true, &task); ++finished)
    execute(self, &task);
  if (finished)
    atomic_fetch_add_explicit(&instance->done, finished, memory_order_release);
  int shares = atomic_load_explicit(&self->shares, memory_order_relaxed);
  for (int step = 1, other = self->index; step < shares; ++step) {
    other = other + 1 < shares ? other + 1 : 0;
    while (claim(&instance->workers[other], false, &task)) {
      execute(self, &task);
      atomic_fetch_add_explicit(&instance->done, 1, memory_order_release);
    }
  }
}

static int run_on_workers(res_instance *instance, struct task first, int size) {
  int shares = size < instance->threads ? size : instance->threads;
  uint32_t epoch = ++instance->epoch;
  atomic_store_explicit(&instance->done, 0, memory_order_relaxed);
  atomic_store_explicit(&instance->failure, 0, memory_order_relaxed);
  for (int i = 0, begin = 0; i < shares; ++i) {
    int end = begin + size / shares + (i < size % shares);
    publish(&instance->workers[i], epoch, begin, end, shares, &first);
    begin = end;
  }
  work(&instance->workers[0]);
  struct wait wait = {0};
  while (atomic_load_explicit(&instance->done, memory_order_acquire) != size)
    wait_a_moment(&instance->workers[0], &wait);
  return atomic_load_explicit(&instance->failure, memory_order_relaxed);
}

/* ---- The caller's pool ---- */

struct caller_loop {
  res_instance *instance;
  struct task first;
  int size;
  atomic_int failure;
};

static int run_caller_task(void *argument, int index, int worker) {
  struct caller_loop *loop = argument;
  if (index < 0 || index >= loop->size || worker < 0 || worker >= loop->instance->threads) {
    /* Kept here too: the caller's parallel_for may not hand it on. */
    atomic_store_explicit(&loop->failure, RES_ERROR_TASK, memory_order_relaxed);
    return RES_ERROR_TASK;
  }
  int result = loop->first.body(&loop->instance->workers[worker], loop->first.index + index, loop->first.closure);
  if (result)
    atomic_store_explicit(&loop->failure, result, memory_order_relaxed);
  return result;
}

static int run_on_caller_pool(res_instance *instance, struct task first, int size) {
  struct caller_loop loop = {instance, first, size, 0};
  int result = instance->parallel_for(instance->parallel_for_user, size, run_caller_task, &loop);
  return result ? result : atomic_load_explicit(&loop.failure, memory_order_relaxed);
}

/* ---- The loop ---- */

/* Runs body(context of a worker, i, closure) for all i in [min, min + size) and returns 0, or what a failed one
 * returned. A loop inside a loop runs inline in its worker. */
int halide_do_par_for(void *context, res_loop_body body, int min, int size, uint8_t *closure) {
  res_worker *self = context;
  res_instance *instance = self->instance;
  int result = 0;
  if (size <= 1 || instance->threads == 1 || self->inside_loop) {
    for (int i = 0; i < size && !result; ++i)
      result = body(self, min + i, closure);
    return result;
  }
  struct task first = {body, closure, min};
  self->inside_loop = 1;
  if (instance->parallel_for)
    result = run_on_caller_pool(instance, first, size);
  else
    while (size > 0 && !result) {
      int part = size < MAX_LOOP ? size : MAX_LOOP;
      result = run_on_workers(instance, first, part);
      first.index += part;
      size -= part;
    }
  self->inside_loop = 0;
  return result;
}

/* ---- Worker threads: spin, then sleep ---- */

/* A worker sets `asleep` and then looks at `busy`; an inference sets `busy` and then looks at `asleep`: one of them
 * sees the other. An inference that cleared `asleep` has counted `wake` up, so the futex refuses who read it before. */
static void sleep_until_woken(res_instance *instance) {
  uint32_t wake = atomic_load(&instance->wake);
  atomic_store(&instance->asleep, 1);
  if (!atomic_load(&instance->busy) && !atomic_load(&instance->stop))
    syscall(RES_SYS_FUTEX, &instance->wake, RES_FUTEX_WAIT_PRIVATE, wake, (void *)0, (void *)0, 0);
}

static void wake_all(res_instance *instance) {
  atomic_fetch_add(&instance->wake, 1);
  syscall(RES_SYS_FUTEX, &instance->wake, RES_FUTEX_WAKE_PRIVATE, INT32_MAX, (void *)0, (void *)0, 0);
}

void res_rt_wake_workers(res_instance *instance) {
  if (!atomic_load(&instance->asleep))
    return;
  atomic_store(&instance->asleep, 0);
  wake_all(instance);
}

/* Waits until the epoch of the own range is not `seen`, and sleeps when no inference has run for the spin time. */
static bool wait_for_loop(res_worker *self, uint32_t seen) {
  res_instance *instance = self->instance;
  struct wait wait = {0};
  uint64_t idle_since = 0; /* of `waited` */
  bool idle = false;
  while (atomic_load_explicit(&self->range, memory_order_acquire) >> 32 == seen) {
    if (!wait_a_moment(self, &wait))
      continue;
    if (atomic_load_explicit(&instance->stop, memory_order_relaxed))
      return false;
    bool was_idle = idle;
    idle = !atomic_load_explicit(&instance->busy, memory_order_relaxed);
    if (!was_idle)
      idle_since = wait.waited;
    else if (idle && wait.waited - idle_since >= instance->spin_nanoseconds) {
      sleep_until_woken(instance);
      wait = (struct wait){0};
      idle = false;
    }
  }
  return true;
}

static void *run_worker(void *argument) {
  res_worker *self = argument;
  uint32_t seen = 0; /* the range of a new instance is of epoch 0 and empty */
  while (wait_for_loop(self, seen)) {
    seen = (uint32_t)(atomic_load_explicit(&self->range, memory_order_relaxed) >> 32);
    work(self);
  }
  return 0;
}

bool res_rt_have_threads(void) { return pthread_create && pthread_join; }

res_status res_rt_start_workers(res_instance *instance) {
  for (int32_t i = 1; i < instance->threads; ++i) {
    res_worker *worker = &instance->workers[i];
    if (pthread_create(&worker->thread, 0, run_worker, worker)) {
      res_rt_stop_workers(instance);
      return RES_ERROR_THREADS;
    }
    instance->started = i;
  }
  return RES_OK;
}

void res_rt_stop_workers(res_instance *instance) {
  if (!instance->started)
    return;
  atomic_store(&instance->stop, 1);
  wake_all(instance);
  for (int32_t i = 1; i <= instance->started; ++i)
    pthread_join(instance->workers[i].thread, 0);
  instance->started = 0;
}
