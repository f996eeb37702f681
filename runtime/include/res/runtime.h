/* resc runtime: the whole public C API of a compiled model.
 *
 * A compiled model is one shared library that exports a function returning its description, `<name>_get_model` (in the
 * header generated beside the library) and the same under the fixed name `res_get_model` for programs that load
 * libraries by name. Everything else is reached through the res_model it returns:
 *
 *     const res_model *m = resnet50_get_model();
 *     res_instance *instance;
 *     res_status s = m->open(m, NULL, &instance);              // NULL: all the processors this process may use
 *     if (s == RES_OK) s = m->run(instance, inputs, outputs);  // arrays of pointers, in the order of m->inputs
 *     m->close(instance);
 *
 * A model is constant and may be shared by any number of threads. An instance holds all the state of one running
 * inference: one thread at a time may use it, different instances are independent of each other. `run` neither
 * allocates nor locks, and makes no system call while inferences follow one another.
 */
#ifndef RES_RUNTIME_H
#define RES_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Grows when a structure below changes its meaning; a library with another version must not be used. */
#define RES_ABI_VERSION 1u

/* What a call returns. Zero is success; res_model::status_text has a sentence for each. */
typedef enum res_status {
  RES_OK = 0,              /* done */
  RES_ERROR_ARGUMENT = 1,  /* a pointer is null, or a count is out of range */
  RES_ERROR_WORKSPACE = 2, /* the workspace is smaller than workspace_bytes says, or not aligned to 64 bytes */
  RES_ERROR_MEMORY = 3,    /* the workspace could not be allocated */
  RES_ERROR_THREADS = 4,   /* a worker thread could not be started */
  RES_ERROR_PROCESSOR = 5, /* this processor lacks instructions that the model was compiled for */
  RES_ERROR_BUSY = 6,      /* another thread is using this instance */
  RES_ERROR_TASK = 7       /* the caller's parallel_for failed, or named a worker that does not exist */
} res_status;

/* Element types. */
typedef enum res_type {
  RES_F32 = 1,
  RES_F16 = 2,
  RES_BF16 = 3,
  RES_U8 = 4,
  RES_S8 = 5,
  RES_S32 = 6,
  RES_S64 = 7
} res_type;

/* An input or output: dense, row-major, in the model's own order of dimensions (NCHW for pictures). */
typedef struct res_tensor_info {
  const char *name; /* as in the model file */
  const int64_t *shape; /* of a model of any batch (res_takes_any_batch) the first size of all inputs and outputs is -1 */
  size_t bytes;         /* and this is for one image */
  uint32_t rank;
  uint32_t type; /* a res_type */
} res_tensor_info;

/* The caller's own thread pool: runs task(argument, index, worker) for every index in [0, count), in any order and on
 * any threads, and returns 0 when all are done, or the first value other than 0 that a task returned. `worker` must be
 * below the instance's number of threads, and no two tasks that run at the same time may share it. The calling thread
 * is worker 0. */
typedef int (*res_task)(void *argument, int index, int worker);
typedef int (*res_parallel_for)(void *user, int count, res_task task, void *argument);

/* How to open a model. Zero-initialise, set struct_bytes = sizeof(res_options), then what should differ. */
typedef struct res_options {
  size_t struct_bytes;
  int32_t threads;           /* 1 to 256; 0: as many as the affinity mask and the cgroup quota of this process allow */
  int32_t spin_microseconds; /* how long a worker spins between inferences before it sleeps; 0: 2000. Waking one costs
                                about 50 us. Within an inference a thread that waits yields after a quarter of it */
  void *workspace;           /* 64-byte aligned memory for all state, or null: open allocates it and close frees it */
  size_t workspace_bytes;    /* its size, at least workspace_bytes(model, threads) */
  res_parallel_for parallel_for; /* null: the instance has its own workers */
  void *parallel_for_user;       /* handed to parallel_for */
} res_options;

typedef struct res_instance res_instance;
struct res_abi_program; /* what only the runtime inside the library reads */

typedef struct res_model {
  uint32_t abi_version;   /* RES_ABI_VERSION of the compiler */
  uint32_t struct_bytes;  /* of this structure that the model has */
  const char *name;       /* a C identifier made of the model file's name */
  const char *target;     /* what it was compiled for, such as x86-64-v4, or several, the best first: x86-64-v4,x86-64-v3 */
  const char *compiler;   /* such as "resc 0.1.0" */
  const char *model_hash; /* of the model file's content */
  uint32_t input_count, output_count;
  const res_tensor_info *inputs, *outputs;
  uint32_t step_count; /* kernel calls per inference; of a model of any batch: those for one image, then those for several */
  uint32_t reserved;
  const struct res_abi_program *program;

  /* Bytes of workspace that an instance with this many threads needs: arena, scratch and its own state. `threads` as in
   * res_options; 0 bytes when it is out of range. */
  size_t (*workspace_bytes)(const struct res_model *model, int32_t threads);
  /* Makes an instance and starts its workers; options may be null. On failure *instance is null. */
  res_status (*open)(const struct res_model *model, const res_options *options, res_instance **instance);
  /* One inference; of a model of any batch: with one image. inputs[i] and outputs[i] point to inputs[i].bytes and outputs[i].bytes bytes, aligned to the
   * element. Outputs may not overlap inputs. */
  res_status (*run)(res_instance *instance, const void *const *inputs, void *const *outputs);
  /* The same, and the duration of each of the step_count steps in nanoseconds. */
  res_status (*run_timed)(res_instance *instance, const void *const *inputs, void *const *outputs,
                          uint64_t *step_nanoseconds);
  /* How many threads the instance uses, the caller's own included. */
  int32_t (*threads)(const res_instance *instance);
  /* Ends the workers and frees what open allocated. Null is allowed; no other call may be using the instance. */
  void (*close)(res_instance *instance);
  /* A sentence in English, for every value. Never null. */
  const char *(*status_text)(res_status status);

  /* Only models of any batch have what follows: see res_takes_any_batch. */

  /* One inference with `batch` images, at least 1: inputs[i] and outputs[i] point to batch times inputs[i].bytes and
   * outputs[i].bytes bytes. step_nanoseconds as in run_timed, or null; 0 of steps that this batch does not need. */
  res_status (*run_batch)(res_instance *instance, int64_t batch, const void *const *inputs, void *const *outputs,
                          uint64_t *step_nanoseconds);
} res_model;

typedef const res_model *(*res_get_model_function)(void);

/* Whether each call says how many images it has (run_batch), as the model was compiled with --batch dynamic. */
static inline int res_takes_any_batch(const res_model *model) {
  return model->struct_bytes > offsetof(res_model, run_batch);
}

/* One inference with `batch` images by any model: RES_ERROR_ARGUMENT where the model was compiled for another batch, the
 * first size of its inputs. */
static inline res_status res_run_batch(const res_model *model, res_instance *instance, int64_t batch,
                                       const void *const *inputs, void *const *outputs) {
  uint32_t i;
  if (res_takes_any_batch(model))
    return model->run_batch(instance, batch, inputs, outputs, NULL);
  for (i = 0; i < model->input_count; ++i)
    if (model->inputs[i].rank == 0 || model->inputs[i].shape[0] != batch)
      return RES_ERROR_ARGUMENT;
  return model->run(instance, inputs, outputs);
}

#ifdef __cplusplus
}
#endif
#endif
