/* Time from process start to the first result, and peak resident memory, of one runtime through its C API.
 *
 *   first_result resc        MODEL.so           MODEL.onnx THREADS INPUT OUTPUT 1x3x224x224
 *   first_result onnxruntime LIBONNXRUNTIME.so  MODEL.onnx THREADS INPUT OUTPUT 1x3x224x224
 *   first_result openvino    LIBOPENVINO_C.so   MODEL.onnx THREADS INPUT OUTPUT 1x3x224x224
 *
 * Prints a line of JSON. Times begin when the process was asked for, if the environment has that as FIRST_RESULT_START
 * (seconds of the monotonic clock), else in main. The input is the same noise for all; `index` and `value` of the
 * largest output tell whether all computed the same.
 */
#define _GNU_SOURCE
#include "runner.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

_Noreturn void fail(const char *what, const char *detail) {
  fprintf(stderr, "first_result: error: %s: %s\n", what, detail ? detail : "failed");
  exit(1);
}

void *symbol(void *library, const char *name) {
  void *address = library ? dlsym(library, name) : NULL;
  if (!address)
    fail(name, dlerror());
  return address;
}

/* Kilobytes that have been resident at most; what getrusage says may be that of the program which started this one. */
static long peak_resident(void) {
  char line[256];
  long kilobytes = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "VmHWM: %ld", &kilobytes) == 1)
      break;
  if (file)
    fclose(file);
  return kilobytes;
}

static void parse_shape(struct job *job, const char *text) {
  job->input_elements = 1;
  for (char *end = (char *)text; job->rank < 8; text = end + 1) {
    job->shape[job->rank] = strtoll(text, &end, 10);
    job->input_elements *= (size_t)job->shape[job->rank++];
    if (*end != 'x')
      break;
  }
}

/* Between -1 and 1, the same everywhere. */
static void fill(float *values, size_t count) {
  uint32_t state = 1;
  for (size_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    values[i] = (float)(int32_t)state / 2147483648.f;
  }
}

int main(int argc, char **argv) {
  const char *given = getenv("FIRST_RESULT_START");
  const double start = given ? atof(given) : now();
  if (argc != 8)
    fail("usage", "first_result RUNTIME LIBRARY MODEL THREADS INPUT OUTPUT SHAPE");
  struct job job = {
      .library = argv[2], .model = argv[3], .threads = atoi(argv[4]), .input_name = argv[5], .output_name = argv[6]};
  parse_shape(&job, argv[7]);
  job.input = malloc(job.input_elements * sizeof *job.input);
  if (!job.input)
    fail("input", "not enough memory");
  fill(job.input, job.input_elements);

  size_t elements = 0;
  const float *output = !strcmp(argv[1], "resc")          ? run_resc(&job, &elements)
                        : !strcmp(argv[1], "onnxruntime") ? run_onnxruntime(&job, &elements)
                        : !strcmp(argv[1], "openvino")    ? run_openvino(&job, &elements)
                                                          : NULL;
  const double done = now();
  if (!output)
    fail(argv[1], "expected resc, onnxruntime or openvino");
  size_t best = 0;
  for (size_t i = 1; i < elements; ++i)
    best = output[i] > output[best] ? i : best;
  printf("{\"runtime\": \"%s\", \"threads\": %d, \"first_result_ms\": %.2f, \"load_ms\": %.2f, \"peak_resident_mb\": "
         "%.1f, "
         "\"index\": %zu, \"value\": %.4f}\n",
         argv[1], job.threads, 1e3 * (done - start), 1e3 * (job.loaded - start), peak_resident() * 1024e-6, best,
         (double)output[best]);
  fflush(stdout);
  _Exit(0); /* ending is not measured */
}
