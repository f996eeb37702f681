/* What the files of the runtime share: the instance, the context of a worker, and the functions between the files. */
#ifndef RES_RUNTIME_INTERNAL_H
#define RES_RUNTIME_INTERNAL_H

#include "libc.h"
#include "res/abi.h"

#include <stdatomic.h>
#include <stdbool.h>

/* The body of a parallel loop as Halide compiles it; `context` is the res_worker that runs it. */
typedef int (*res_loop_body)(void *context, int index, uint8_t *closure);

/* Halide's user_context: two cache line pairs, of which other workers touch only the first. */
typedef struct res_worker {
  union {
    struct {
      /* The worker's share of the current loop: epoch in bits 32-63, end in 16-31, next in 0-15. The rest of this
       * line describes the loop of that epoch, and is only valid for who then wins a compare-and-swap on `range`. */
      _Atomic uint64_t range;
      _Atomic(res_loop_body) body;
      _Atomic(uint8_t *) closure;
      atomic_int min;
      atomic_int shares; /* workers that got a share: 0 .. shares - 1 */
    };
    char loop_line[RES_ABI_ALIGN];
  };
  union {
    struct {
      struct res_instance *instance;
      char *scratch;
      uint64_t scratch_bytes, scratch_used;
      res_pthread thread;
      int32_t index;
      int32_t inside_loop;                                  /* parallel loops started now run inline */
      uint32_t block_count, unlisted_count, first_unlisted; /* see scratch.c */
      uint32_t blocks[RES_ABI_SCRATCH_BLOCKS];
      uint32_t patience; /* nanoseconds of waiting before the processor is offered to others; see pool.c */
    };
    char own_line[RES_ABI_ALIGN];
  };
} res_worker;
_Static_assert(sizeof(res_worker) == RES_ABI_WORKER_BYTES, "the workspace has this much for a worker");

/* Each part is a cache line pair of its own, by how often it is written. */
struct res_instance {
  union {
    struct { /* between open and close: never */
      const res_model *model;
      const struct res_abi_program *program;
      res_worker *workers;
      char *arena;
      void *allocation; /* what close frees, or null */
      res_parallel_for parallel_for;
      void *parallel_for_user;
      uint64_t spin_nanoseconds;
      uint32_t most_patience; /* nanoseconds */
      int32_t threads;
      int32_t started; /* worker threads that run, at most threads - 1 */
    };
    char constant_line[RES_ABI_ALIGN];
  };
  union {
    struct {            /* once per inference and loop, by the calling thread */
      atomic_uint busy; /* an inference runs; no worker goes to sleep meanwhile */
      uint32_t epoch;   /* number of the last parallel loop */
      uint64_t turn;    /* of the program that runs; of one for one image, the image of the batch */
    };
    char run_line[RES_ABI_ALIGN];
  };
  union {
    struct { /* when workers go to sleep or end */
      atomic_uint asleep, stop;
      _Atomic uint32_t wake; /* the futex: counts calls to wake up */
    };
    char sleep_line[RES_ABI_ALIGN];
  };
  union {
    struct {           /* whenever a worker has finished some tasks */
      atomic_int done; /* finished tasks of the current loop */
      atomic_int failure;
    };
    char done_line[RES_ABI_ALIGN];
  };
};
_Static_assert(sizeof(struct res_instance) <= RES_ABI_INSTANCE_BYTES, "the workspace has this much for the instance");

/* pool.c. Start returns RES_OK or RES_ERROR_THREADS, and then no thread is left running. */
bool res_rt_have_threads(void);
res_status res_rt_start_workers(res_instance *instance);
void res_rt_stop_workers(res_instance *instance);
/* Wakes sleeping workers; called when an inference starts, after `busy` was set. */
void res_rt_wake_workers(res_instance *instance);
int halide_do_par_for(void *context, res_loop_body body, int min, int size, uint8_t *closure);

/* scratch.c. */
/* Gives the workers the scratch of a step, or of all steps: none of them may be in a task. */
void res_rt_place_scratch(res_instance *instance, const struct res_abi_scratch *scratch);
void res_rt_reset_scratch(res_worker *worker);
void *halide_malloc(void *context, size_t bytes);
void halide_free(void *context, void *memory);

/* isa.c: the RES_ABI_ISA_ bits of this processor and operating system. */
uint32_t res_rt_isa(void);

/* instance.c: the turn that runs, from 0: steps of a program with several find their part of inputs and outputs by it. */
uint64_t res_rt_turn(const void *worker);

/* processors.c: how many threads pay off under this thread's affinity mask and the process's cgroup quota, 1 to
 * RES_ABI_MAX_THREADS. `root` goes before the paths of /proc and /sys: empty but in tests. */
int32_t res_rt_processors(const char *root);

/* The functions of res_model, which documents them. */
size_t res_rt_workspace_bytes(const res_model *model, int32_t threads);
res_status res_rt_open(const res_model *model, const res_options *options, res_instance **instance);
res_status res_rt_run(res_instance *instance, const void *const *inputs, void *const *outputs);
res_status res_rt_run_timed(res_instance *instance, const void *const *inputs, void *const *outputs,
                            uint64_t *step_nanoseconds);
res_status res_rt_run_batch(res_instance *instance, int64_t batch, const void *const *inputs, void *const *outputs,
                            uint64_t *step_nanoseconds);
int32_t res_rt_threads(const res_instance *instance);
void res_rt_close(res_instance *instance);
const char *res_rt_status_text(res_status status);

#endif
