/* A sentence for every res_status. */
#include "internal.h"

const char *res_rt_status_text(res_status status) {
  switch (status) {
  case RES_OK:
    return "success";
  case RES_ERROR_ARGUMENT:
    return "an argument is null or out of range";
  case RES_ERROR_WORKSPACE:
    return "the workspace is smaller than workspace_bytes says or not aligned to 64 bytes";
  case RES_ERROR_MEMORY:
    return "the workspace could not be allocated";
  case RES_ERROR_THREADS:
    return "a worker thread could not be started";
  case RES_ERROR_PROCESSOR:
    return "this processor lacks instructions that the model was compiled for";
  case RES_ERROR_BUSY:
    return "another thread is using this instance";
  case RES_ERROR_TASK:
    return "the caller's parallel_for failed or named a worker that does not exist";
  }
  return "unknown status";
}
