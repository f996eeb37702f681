//===- Tuner.h - schedules by measurement -----------------------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_COMPILER_TUNE_TUNER_H
#define RES_COMPILER_TOOLS_RESC_COMPILER_TUNE_TUNER_H

#include "compiler/tools/resc-compiler/Model.h"

namespace res {

struct TuneOptions {
  double seconds = 0;   // of measuring; compiling comes on top
  unsigned threads = 0; // 0: as many as this process may use
  std::string output;   // the library
  std::string dump;     // the module in phase `decided`, with the schedules that were chosen
};

/// Measures the candidates of every unique kernel of a model that has not passed phase `decided`, in the running network on
/// this machine, and writes the dump with the best ones and the library that it compiles to; with the schedules of the
/// cost model where the others are not faster. Prints what was chosen. Returns an exit code; on failure neither file
/// was touched.
int tuneModel(Model &model, const TuneOptions &options);

} // namespace res

#endif // RES_COMPILER_TOOLS_RESC_COMPILER_TUNE_TUNER_H
