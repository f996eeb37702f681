/* The functions behind res_model: opening, running and closing an instance, all of whose state is in its workspace. */
#include "internal.h"

enum {
  DEFAULT_SPIN_MICROSECONDS = 2000,
  WAITS_PER_SPIN = 4, /* a wait inside an inference is not as long as a break between two: 500 us by default */
  WORKSPACE_ALIGNMENT = 64
};

/* Programs of a model run one after the other in one workspace. */
static size_t bytes_for(const struct res_abi_program *program, int32_t threads) {
  const size_t larger = program->larger ? bytes_for(program->larger, threads) : 0;
  uint64_t bytes = program->arena_bytes, shared = program->shared_scratch_bytes, worker = program->worker_scratch_bytes;
  for (uint64_t i = 0; program->scratch && i < program->step_count; ++i) {
    uint64_t end = res_abi_step_bytes(&program->scratch[i], (uint32_t)threads);
    bytes = end > bytes ? end : bytes;
  }
  if (program->scratch)
    shared = worker = 0;
  const size_t own = res_abi_workspace_bytes(bytes, shared, worker, (uint32_t)threads);
  return own > larger ? own : larger;
}

/* 0 becomes the default; own workers in a process without a thread library: 1. The result is -1 if out of range. */
static int32_t resolve_threads(int32_t threads, bool own_workers) {
  if (threads < 0 || threads > RES_ABI_MAX_THREADS)
    return -1;
  if (own_workers && !res_rt_have_threads())
    return 1;
  return threads ? threads : res_rt_processors("");
}

size_t res_rt_workspace_bytes(const res_model *model, int32_t threads) {
  int32_t resolved = resolve_threads(threads, false);
  return model && resolved > 0 ? bytes_for(model->program, resolved) : 0;
}

/* The options of a caller whose structure may be older, or newer as long as nothing is set that is not known here. */
static bool read_options(const res_options *given, res_options *options) {
  static const res_options defaults;
  *options = defaults;
  if (!given)
    return true;
  if (given->struct_bytes < sizeof given->struct_bytes)
    return false;
  const char *from = (const char *)given;
  for (size_t i = 0; i < given->struct_bytes; ++i)
    if (i < sizeof *options)
      ((char *)options)[i] = from[i];
    else if (from[i])
      return false;
  return true;
}

/* The first program that this processor can run, or null. */
static const struct res_abi_program *choose_program(const struct res_abi_program *program) {
  const uint32_t isa = res_rt_isa();
  while (program && (isa & program->isa) != program->isa)
    program = program->otherwise;
  return program;
}

static res_instance *lay_out(char *workspace, const res_model *model, const struct res_abi_program *program,
                             int32_t threads) {
  res_instance *instance = (res_instance *)workspace;
  size_t state_bytes = RES_ABI_INSTANCE_BYTES + (size_t)threads * RES_ABI_WORKER_BYTES;
  memset(workspace, 0, state_bytes);
  instance->model = model;
  instance->program = program;
  instance->threads = threads;
  instance->workers = (res_worker *)(workspace + RES_ABI_INSTANCE_BYTES);
  instance->arena = workspace + state_bytes;
  for (int32_t i = 0; i < threads; ++i) {
    res_worker *worker = &instance->workers[i];
    worker->instance = instance;
    worker->index = i;
    worker->inside_loop = i > 0; /* the others never run anything but tasks */
  }
  const uint64_t end = res_abi_align(program->arena_bytes);
  const struct res_abi_scratch behind = {end, 0, end, program->shared_scratch_bytes, program->worker_scratch_bytes};
  if (!program->scratch)
    res_rt_place_scratch(instance, &behind);
  return instance;
}

res_status res_rt_open(const res_model *model, const res_options *given, res_instance **result) {
  res_options options;
  if (!result)
    return RES_ERROR_ARGUMENT;
  *result = 0;
  if (!model || model->abi_version != RES_ABI_VERSION || !read_options(given, &options) ||
      options.spin_microseconds < 0)
    return RES_ERROR_ARGUMENT;
  int32_t threads = resolve_threads(options.threads, !options.parallel_for);
  if (threads < 1)
    return RES_ERROR_ARGUMENT;
  const struct res_abi_program *program = choose_program(model->program);
  if (!program)
    return RES_ERROR_PROCESSOR;

  size_t bytes = bytes_for(program, threads);
  void *allocation = 0, *workspace = options.workspace;
  if (!workspace) {
    workspace = allocation = aligned_alloc(RES_ABI_ALIGN, bytes);
    if (!workspace)
      return RES_ERROR_MEMORY;
  } else if (options.workspace_bytes < bytes || (uintptr_t)workspace % WORKSPACE_ALIGNMENT) {
    return RES_ERROR_WORKSPACE;
  }

  res_instance *instance = lay_out(workspace, model, program, threads);
  instance->allocation = allocation;
  instance->parallel_for = options.parallel_for;
  instance->parallel_for_user = options.parallel_for_user;
  uint64_t microseconds = options.spin_microseconds ? (uint64_t)options.spin_microseconds : DEFAULT_SPIN_MICROSECONDS;
  instance->spin_nanoseconds = microseconds * 1000;
  uint64_t patience = instance->spin_nanoseconds / WAITS_PER_SPIN;
  instance->most_patience = patience < UINT32_MAX / 2 ? (uint32_t)patience : UINT32_MAX / 2;
  for (int32_t i = 0; i < threads; ++i)
    instance->workers[i].patience = instance->most_patience;
  res_status status = options.parallel_for ? RES_OK : res_rt_start_workers(instance);
  if (status == RES_OK)
    *result = instance;
  else
    free(allocation);
  return status;
}

static bool any_null(const void *const *pointers, uint32_t count) {
  if (count && !pointers)
    return true;
  for (uint32_t i = 0; i < count; ++i)
    if (!pointers[i])
      return true;
  return false;
}

/* All steps of a program for each of the turns from `first` on. Adds their times to those in `nanoseconds`, if it is not
 * null, where *start is the time now. */
static int32_t run_turns(res_instance *instance, const struct res_abi_program *program, uint64_t first, uint64_t end,
                         const void *const *inputs, void *const *outputs, uint64_t *nanoseconds, uint64_t *start) {
  int32_t failure = 0;
  for (instance->turn = first; instance->turn < end && !failure; ++instance->turn)
    for (uint64_t i = 0; i < program->step_count && !failure; ++i) {
      if (program->scratch)
        res_rt_place_scratch(instance, &program->scratch[i]);
      failure = program->steps[i](inputs, outputs, instance->arena, &instance->workers[0]);
      if (nanoseconds) {
        uint64_t now = res_now();
        nanoseconds[i] += now - *start;
        *start = now;
      }
    }
  return failure;
}

/* `batch`: images of a model of any batch. */
static res_status run(res_instance *instance, uint64_t batch, const void *const *inputs, void *const *outputs,
                      uint64_t *nanoseconds) {
  const res_model *model = instance->model;
  if (any_null(inputs, model->input_count) || any_null((const void *const *)outputs, model->output_count))
    return RES_ERROR_ARGUMENT;
  if (atomic_exchange(&instance->busy, 1))
    return RES_ERROR_BUSY;
  res_rt_wake_workers(instance);
  const struct res_abi_program *program = instance->program, *larger = program->larger;
  const uint64_t together = larger ? batch / larger->images : 0; /* turns of the larger program */
  const uint64_t first = larger ? together * larger->images : 0, turns = program->turns ? program->turns : 1;
  for (uint32_t i = 0; nanoseconds && i < model->step_count; ++i)
    nanoseconds[i] = 0;
  uint64_t start = nanoseconds ? res_now() : 0;
  int32_t failure = 0;
  if (together)
    failure = run_turns(instance, larger, 0, together, inputs, outputs,
                        nanoseconds ? nanoseconds + program->step_count : 0, &start);
  if (!failure)
    failure = run_turns(instance, program, first, program->images ? batch : turns, inputs, outputs, nanoseconds, &start);
  if (failure) /* a kernel that gives up may not have freed its scratch */
    for (int32_t i = 0; i < instance->threads; ++i)
      res_rt_reset_scratch(&instance->workers[i]);
  atomic_store_explicit(&instance->busy, 0, memory_order_release);
  return failure ? RES_ERROR_TASK : RES_OK;
}

res_status res_rt_run(res_instance *instance, const void *const *inputs, void *const *outputs) {
  return instance ? run(instance, 1, inputs, outputs, 0) : RES_ERROR_ARGUMENT;
}

res_status res_rt_run_timed(res_instance *instance, const void *const *inputs, void *const *outputs,
                            uint64_t *step_nanoseconds) {
  return instance && step_nanoseconds ? run(instance, 1, inputs, outputs, step_nanoseconds) : RES_ERROR_ARGUMENT;
}

res_status res_rt_run_batch(res_instance *instance, int64_t batch, const void *const *inputs, void *const *outputs,
                            uint64_t *step_nanoseconds) {
  return instance && batch > 0 ? run(instance, (uint64_t)batch, inputs, outputs, step_nanoseconds) : RES_ERROR_ARGUMENT;
}

uint64_t res_rt_turn(const void *worker) { return ((const res_worker *)worker)->instance->turn; }

int32_t res_rt_threads(const res_instance *instance) { return instance ? instance->threads : 0; }

void res_rt_close(res_instance *instance) {
  if (!instance)
    return;
  res_rt_stop_workers(instance);
  free(instance->allocation);
}
