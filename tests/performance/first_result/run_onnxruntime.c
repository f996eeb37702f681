/* ONNX Runtime. Its packages on PyPI have the library, but not the header: what is needed of the C API is declared
 * here. OrtApi is a table of function pointers whose order never changes; the numbers are those of its entries.
 */
#include "runner.h"

#include <dlfcn.h>

struct api_base {
  const void *const *(*get_api)(uint32_t version);
  const char *(*get_version)(void);
};

enum entry {
  GetErrorMessage = 2,
  CreateEnv = 3,
  CreateSession = 7,
  Run = 9,
  CreateSessionOptions = 10,
  SetSessionGraphOptimizationLevel = 23,
  SetIntraOpNumThreads = 24,
  SetInterOpNumThreads = 25,
  CreateTensorWithDataAsOrtValue = 49,
  GetTensorMutableData = 51,
  GetTensorShapeElementCount = 64,
  GetTensorTypeAndShape = 65,
  CreateCpuMemoryInfo = 69
};
/* Of the enumerations in OrtApi. */
enum { LogError = 3, OptimizeAll = 99, Float = 1, ArenaAllocator = 1, DefaultMemory = 0 };

static const void *const *api;

static void check(void *status, const char *call) {
  if (status)
    fail(call, ((const char *(*)(void *))api[GetErrorMessage])(status));
}

/* Calls an entry whose parameters have the given types. */
#define CALL(entry, types, ...) check(((void *(*)types)api[entry])(__VA_ARGS__), #entry)

const float *run_onnxruntime(struct job *job, size_t *elements) {
  void *library = dlopen(job->library, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    fail(job->library, dlerror());
  const struct api_base *base = ((const struct api_base *(*)(void))symbol(library, "OrtGetApiBase"))();
  api = base->get_api(11); /* any version that has these entries */
  if (!api)
    fail(job->library, "expected version 11 of the API, or a later one");
  void *environment, *options, *session, *memory, *input, *output = 0, *info;
  CALL(CreateEnv, (int, const char *, void **), LogError, "first_result", &environment);
  CALL(CreateSessionOptions, (void **), &options);
  CALL(SetSessionGraphOptimizationLevel, (void *, int), options, OptimizeAll);
  CALL(SetIntraOpNumThreads, (void *, int), options, job->threads);
  CALL(SetInterOpNumThreads, (void *, int), options, 1);
  CALL(CreateSession, (void *, const char *, void *, void **), environment, job->model, options, &session);
  job->loaded = now();
  CALL(CreateCpuMemoryInfo, (int, int, void **), ArenaAllocator, DefaultMemory, &memory);
  CALL(CreateTensorWithDataAsOrtValue, (void *, void *, size_t, const int64_t *, size_t, int, void **), memory,
       job->input, job->input_elements * sizeof(float), job->shape, job->rank, Float, &input);
  CALL(Run, (void *, void *, const char *const *, void *const *, size_t, const char *const *, size_t, void **), session,
       0, &job->input_name, &input, 1, &job->output_name, 1, &output);
  float *data;
  CALL(GetTensorMutableData, (void *, void **), output, (void **)&data);
  CALL(GetTensorTypeAndShape, (void *, void **), output, &info);
  CALL(GetTensorShapeElementCount, (void *, size_t *), info, elements);
  return data;
}
