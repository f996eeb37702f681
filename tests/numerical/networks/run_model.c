/* Runs a library once: run_model MODEL.so IN.bin OUT.bin THREADS, raw tensors of its first input and output. For processors
 * that are emulated, on which resc itself would take minutes to start or has not been built. Exits with the res_status. */
#include "res/runtime.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what, const char *why, int code) {
  fprintf(stderr, "run_model: error: %s: %s\n", what, why);
  return code;
}

/* Reads or writes all bytes of a file; false if they are not there. */
static int transfer(const char *path, const char *mode, void *data, size_t bytes) {
  FILE *file = fopen(path, mode);
  if (!file)
    return 0;
  size_t done = mode[0] == 'r' ? fread(data, 1, bytes, file) : fwrite(data, 1, bytes, file);
  return fclose(file) == 0 && done == bytes;
}

int main(int argc, char **argv) {
  if (argc != 5)
    return fail("usage", "run_model MODEL.so IN.bin OUT.bin THREADS", 100);
  void *library = dlopen(argv[1], RTLD_NOW);
  if (!library)
    return fail(argv[1], dlerror(), 101);
  const res_model *model = ((res_get_model_function)dlsym(library, "res_get_model"))();
  const res_options options = {.struct_bytes = sizeof options, .threads = atoi(argv[4])};
  res_instance *instance;
  res_status status = model->open(model, &options, &instance);
  if (status != RES_OK)
    return fail("open", model->status_text(status), status);
  void *input = malloc(model->inputs[0].bytes), *output = malloc(model->outputs[0].bytes);
  if (!transfer(argv[2], "rb", input, model->inputs[0].bytes))
    return fail(argv[2], "expected as many bytes as the input has", 102);
  status = model->run(instance, (const void *[]){input}, (void *[]){output});
  if (status != RES_OK)
    return fail("run", model->status_text(status), status);
  if (!transfer(argv[3], "wb", output, model->outputs[0].bytes))
    return fail(argv[3], "cannot be written", 103);
  model->close(instance);
  return 0;
}
