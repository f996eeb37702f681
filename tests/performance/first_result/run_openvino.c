/* OpenVINO, whose C API has a function for each call. The settings are those of the comparison of speed. */
#include "runner.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* Calls a function that returns a status. */
#define CALL(name, types, ...)                                                                                         \
  do {                                                                                                                 \
    if (((int(*) types)symbol(library, name))(__VA_ARGS__) != 0)                                                       \
      fail(name, NULL);                                                                                                \
  } while (0)

const float *run_openvino(struct job *job, size_t *elements) {
  void *library = dlopen(job->library, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    fail(job->library, dlerror());
  char threads[16];
  snprintf(threads, sizeof threads, "%d", job->threads);
  void *core, *compiled, *request, *input, *output, *data;
  CALL("ov_core_create", (void **), &core);
  /* The number counts keys and values; what follows is variadic. */
  CALL("ov_core_compile_model_from_file", (void *, const char *, const char *, size_t, void **, ...), core, job->model,
       "CPU", (size_t)8, &compiled, "PERFORMANCE_HINT", "LATENCY", "NUM_STREAMS", "1", "INFERENCE_NUM_THREADS", threads,
       "INFERENCE_PRECISION_HINT", "f32");
  CALL("ov_compiled_model_create_infer_request", (void *, void **), compiled, &request);
  job->loaded = now();
  CALL("ov_infer_request_get_input_tensor", (void *, void **), request, &input);
  CALL("ov_tensor_data", (void *, void **), input, &data);
  memcpy(data, job->input, job->input_elements * sizeof(float));
  CALL("ov_infer_request_infer", (void *), request);
  CALL("ov_infer_request_get_output_tensor", (void *, void **), request, &output);
  CALL("ov_tensor_get_size", (void *, size_t *), output, elements);
  CALL("ov_tensor_data", (void *, void **), output, &data);
  return data;
}
