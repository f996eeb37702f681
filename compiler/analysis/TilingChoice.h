//===- TilingChoice.h - which kernels are computed in bands -----*- C++ -*-===//
//
// Pure functions that weigh what computing kernels together costs in time against the memory that it saves. Plain numbers:
// neither MLIR nor Halide.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_ANALYSIS_TILINGCHOICE_H
#define RES_COMPILER_ANALYSIS_TILINGCHOICE_H

#include "compiler/analysis/Bands.h"
#include "compiler/analysis/TargetModel.h"

#include <optional>
#include <string>
#include <vector>

namespace res {

/// A stage that could be computed in bands: its rows, what it takes alone, and what it needs of scratch.
struct TilingStage {
  BandStage band;
  double alone;         // microseconds as a kernel of its own
  double banded;        // the same with the schedule that it has in bands
  int64_t mapBytes;     // of its result
  int64_t scratchBytes; // of its own, such as transformed tiles; for a step of the smallest size
  int64_t weightBytes;  // as it reads them,
  int64_t weightPasses; // and how often they pass for the whole map
  int64_t taskRows;     // of a task of its own in serial bands
  int64_t inputBytes;   // of a row of the map that it reads
  bool feedsPool;       // whose time is that of reading the map
};

/// Tasks and steps of a banded kernel, and what was expected of them.
struct BandLoopChoice {
  int64_t rows, step;
  bool serial = false;
  double recomputed;   // microseconds: rows that neighbouring bands both need
  double lost;         // microseconds: schedules that stages have only alone
  double traffic;      // microseconds: maps that no longer leave the core's cache and come back
  double barriers;     // microseconds
  int64_t sharedBytes; // of scratch
  int64_t workerBytes; // of each thread
  double cost() const { return recomputed + lost - traffic - barriers; }
};

/// The loops, in parallel bands, that cost least. With `small` steps are as small as they can be; `onlyStep` is the step of
/// a last stage that can have no other. None when no step fits.
std::optional<BandLoopChoice> chooseBandLoops(llvm::ArrayRef<TilingStage> stages, const TargetModel &target, bool small,
                                              std::optional<int64_t> onlyStep = {});

/// The same for serial bands, each stage with tasks of its own: caches serve one stage at a time, for more scratch and more
/// barriers.
std::optional<BandLoopChoice> chooseSerialBands(llvm::ArrayRef<TilingStage> stages);

/// A kernel of a network in the order of execution.
struct MemoryStep {
  llvm::SmallVector<int> reads;       // steps whose results it reads
  int64_t bytes;                      // of its result in the arena; 0 for one that leaves the model
  int64_t sharedScratch, workerScratch;
  int updates = -1;                   // a step whose result it overwrites when nothing reads that later
};

/// Kernels that can become one, at the place of the last.
struct TilingCandidate {
  llvm::SmallVector<int> steps;
  BandLoopChoice loops;
  bool overwritesInput = false; // the sum may take the place of what the first step reads
};

/// What is wanted of a choice.
struct TilingGoal {
  enum class Mode { never, always, automatic } mode = Mode::automatic;
  double budget = 0;                   // microseconds that smaller peaks may cost altogether
  std::optional<int64_t> memoryLimit;  // bytes at the peak; smaller ones than that are not asked for at any price
  int64_t threads = 2;                 // whose scratch counts
};

struct TilingChoice {
  std::vector<int> chosen;      // candidates, none of which share a step
  std::vector<int> forMemory;   // those of them that were chosen for a smaller peak only
  int64_t peakBefore = 0, peakAfter = 0; // bytes live at once, with scratch
};

/// Bytes live at each step, scratch of `threads` threads included, when some candidates are merged.
std::vector<int64_t> liveBytes(llvm::ArrayRef<MemoryStep> steps, llvm::ArrayRef<TilingCandidate> candidates,
                               llvm::ArrayRef<int> merged, int64_t threads);

/// Takes what saves time and does not raise the peak, then, one after the other, what lowers the peak at the least cost
/// while the budget lasts.
TilingChoice chooseTiling(llvm::ArrayRef<MemoryStep> steps, llvm::ArrayRef<TilingCandidate> candidates,
                          const TilingGoal &goal);

} // namespace res

#endif // RES_COMPILER_ANALYSIS_TILINGCHOICE_H
