//===- StepTimer.h - libraries of one model, timed in turn ------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_COMPILER_TUNE_STEPTIMER_H
#define RES_COMPILER_TOOLS_RESC_COMPILER_TUNE_STEPTIMER_H

#include "compiler/tools/common/Artifact.h"

#include <random>
#include <vector>

namespace res {

/// The time of each kernel call in microseconds: of the medians of short turns the lower quartile, as disturbances only add.
using StepTimes = std::vector<double>;

/// Measures libraries that were compiled from one model in different ways, inside the running network: every step finds
/// caches as the steps before it leave them, and weights where they are between inferences.
class StepTimer {
public:
  /// `threads` 0: as many as this process may use.
  explicit StepTimer(unsigned threads) : threads(threads) {}

  /// Loads a library, which gets the next number from 0 and stays loaded until the process ends. Returns an exit code.
  int load(const std::string &path);

  /// Measures some of the libraries for about that many seconds, at least four turns each, and adds the times of each in
  /// the order of `which`. Returns an exit code.
  int measure(llvm::ArrayRef<size_t> which, double seconds, std::vector<StepTimes> &times);

  /// Threads that the last turn had.
  unsigned getThreads() const { return opened; }

private:
  struct Subject {
    Artifact artifact;
    const res_model *model;
  };
  using Turns = std::vector<std::vector<double>>; // of each step, its median in each turn

  struct Free {
    void operator()(char *data) const { std::free(data); }
  };

  void makeBuffers(const res_model &model);
  bool allocateWorkspaces();
  /// `turns` null: only the inference that warms up.
  res_status takeTurn(const Subject &subject, char *workspace, Turns *turns);

  const unsigned threads;
  unsigned opened = 0;
  std::vector<Subject> subjects;
  std::vector<std::vector<float>> inputs, outputs;
  std::vector<const void *> from;
  std::vector<void *> to;
  // All libraries use the same in turn, so that where their pages lie is no library's luck.
  std::vector<std::unique_ptr<char, Free>> workspaces;
  size_t workspaceBytes = 0;
  std::mt19937 generator{1};
};

} // namespace res

#endif // RES_COMPILER_TOOLS_RESC_COMPILER_TUNE_STEPTIMER_H
