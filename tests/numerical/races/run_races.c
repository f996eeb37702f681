/* Runs an instrumented library on 1, 2 and 4 threads, some inferences each: run_races MODEL.so. The thread sanitizer, which
 * this program brings, exits with 66 after a race; 1 is another fault, such as results that depend on the threads. */
#include "res/runtime.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 3 };

static int fail(const char *what, const char *why) {
  fprintf(stderr, "run_races: error: %s: %s\n", what, why);
  return 1;
}

static void **allocate(const res_tensor_info *tensors, uint32_t count) {
  void **buffers = calloc(count, sizeof *buffers);
  for (uint32_t i = 0; i < count; ++i)
    buffers[i] = calloc(1, tensors[i].bytes);
  return buffers;
}

/* Values from -1 to 1. */
static void fill(float *values, uint64_t bytes, uint32_t seed) {
  for (uint64_t i = 0; i < bytes / sizeof *values; ++i) {
    seed = seed * 1664525u + 1013904223u;
    values[i] = (float)(int32_t)seed * 0x1p-31f;
  }
}

int main(int argc, char **argv) {
  void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : 0;
  if (!library)
    return fail("dlopen", argc == 2 ? dlerror() : "expected MODEL.so");
  const res_model *model = ((res_get_model_function)dlsym(library, "res_get_model"))();
  void **inputs = allocate(model->inputs, model->input_count), **outputs = allocate(model->outputs, model->output_count);
  void **expected[RUNS];
  for (int threads = 1; threads <= 4; threads *= 2) {
    const res_options options = {.struct_bytes = sizeof options, .threads = threads};
    res_instance *instance;
    res_status status = model->open(model, &options, &instance);
    for (uint32_t run = 0; run < RUNS && status == RES_OK; ++run) {
      for (uint32_t i = 0; i < model->input_count; ++i)
        fill(inputs[i], model->inputs[i].bytes, 100 * run + i);
      status = model->run(instance, (const void *const *)inputs, outputs);
      if (threads == 1)
        expected[run] = allocate(model->outputs, model->output_count);
      for (uint32_t i = 0; i < model->output_count; ++i)
        if (threads == 1)
          memcpy(expected[run][i], outputs[i], model->outputs[i].bytes);
        else if (memcmp(expected[run][i], outputs[i], model->outputs[i].bytes))
          return fail(model->outputs[i].name, "expected the results of one thread");
    }
    if (status != RES_OK)
      return fail("open or run", model->status_text(status));
    model->close(instance);
  }
  return 0;
}
