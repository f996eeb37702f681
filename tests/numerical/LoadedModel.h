//===- LoadedModel.h - a compiled library in this process -------*- C++ -*-===//

#ifndef RES_TESTS_NUMERICAL_LOADEDMODEL_H
#define RES_TESTS_NUMERICAL_LOADEDMODEL_H

#include "res/runtime.h"

#include <dlfcn.h>
#include <string>

namespace res {

/// A library that stays loaded as long as the object lives. `model` is null on failure, and `error` says why.
class LoadedModel {
public:
  explicit LoadedModel(const std::string &path) : handle(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    void *getter = handle ? dlsym(handle, "res_get_model") : nullptr;
    if (getter)
      model = reinterpret_cast<res_get_model_function>(getter)();
    else
      error = dlerror();
  }
  LoadedModel(const LoadedModel &) = delete;
  ~LoadedModel() {
    if (handle)
      dlclose(handle);
  }

  const res_model *model = nullptr;
  std::string error;

private:
  void *handle;
};

} // namespace res

#endif // RES_TESTS_NUMERICAL_LOADEDMODEL_H
