/* A library that resc compiled. */
#include "runner.h"

#include "res/runtime.h"

#include <dlfcn.h>
#include <stdlib.h>

const float *run_resc(struct job *job, size_t *elements) {
  void *library = dlopen(job->library, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    fail(job->library, dlerror());
  const res_model *model = ((res_get_model_function)symbol(library, "res_get_model"))();
  if (model->input_count != 1 || model->inputs[0].bytes != job->input_elements * sizeof(float))
    fail(job->library, "expected one input, of another size");
  res_options options = {.struct_bytes = sizeof options, .threads = job->threads};
  res_instance *instance;
  res_status status = model->open(model, &options, &instance);
  job->loaded = now();
  float *output = malloc(model->outputs[0].bytes);
  *elements = model->outputs[0].bytes / sizeof(float);
  if (status == RES_OK)
    status = model->run(instance, (const void *[]){job->input}, (void *[]){output});
  if (status != RES_OK)
    fail(job->library, model->status_text(status));
  return output;
}
