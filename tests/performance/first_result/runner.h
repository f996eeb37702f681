/* One inference in C, from nothing: what each runtime implements for first_result.c. */
#ifndef RES_TESTS_PERFORMANCE_RUNNER_H
#define RES_TESTS_PERFORMANCE_RUNNER_H

#include <stddef.h>
#include <stdint.h>

/* What to run. One input and one output, both float32. */
struct job {
  const char *library, *model; /* of resc, the library is the model */
  const char *input_name, *output_name;
  int64_t shape[8];
  size_t rank, input_elements;
  int threads;
  float *input;
  double loaded; /* set by the runner: when the model could be called, as by now() */
};

/* Seconds of the monotonic clock. */
double now(void);
/* Prints the message and ends the program. */
_Noreturn void fail(const char *what, const char *detail);
/* A function of a library that was opened with dlopen. */
void *symbol(void *library, const char *name);

/* Each opens its library, loads the model, runs it once and returns the output, which stays valid. */
const float *run_resc(struct job *job, size_t *elements);
const float *run_onnxruntime(struct job *job, size_t *elements);
const float *run_openvino(struct job *job, size_t *elements);

#endif
