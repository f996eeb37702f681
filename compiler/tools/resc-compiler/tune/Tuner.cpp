//===- Tuner.cpp - schedules by measurement ---------------------*- C++ -*-===//
//
// In library k every unique kernel has its k-th candidate, so a few libraries measure all candidates at once, each in the
// running network. The best of each kernel meet the default once more (the luckiest of many looks better than it is), then
// those that hold meet it as a whole.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/resc-compiler/tune/Tuner.h"
#include "compiler/analysis/Candidates.h"
#include "compiler/pipeline/TemporaryFiles.h"
#include "compiler/tools/resc-compiler/tune/StepTimer.h"
#include "compiler/tools/resc-compiler/tune/TuneReport.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"

#include <numeric>

using namespace mlir;
using namespace res;

// A candidate has to beat what was decided by this much: medians of one schedule differ by about 1% from run to run.
static constexpr double kMargin = 0.02;
// Shares of the measuring time: all candidates, the best of each kernel, the whole.
static constexpr double kFirstShare = 0.5, kSecondShare = 0.3, kWholeShare = 0.2;
// Libraries stay on disk and mapped while others are measured: about this many bytes of them, and three at least.
static constexpr uint64_t kLibraryBytes = uint64_t(4) << 30;

namespace {

class Tuner {
public:
  Tuner(Model &model, const TuneOptions &options, TargetModel target, TemporaryFolder folder)
      : model(model), options(options), target(std::move(target)), folder(std::move(folder)), timer(options.threads) {}

  int run();

private:
  /// The first library, with the kernels that it calls.
  int start();
  /// Compiles and loads a library with these candidates; it is the last of `choices`.
  int addLibrary(const Choice &choice, const llvm::Twine &what);
  /// Measures libraries from number `first` on, and the default; keeps the best time of each candidate of each kernel.
  int measureCandidates(size_t first, double share);
  int compareCandidates();
  int compareWhole();
  int writeResult();
  void report();

  double sumOf(const UniqueKernel &kernel, const StepTimes &times) const {
    return std::accumulate(kernel.steps.begin(), kernel.steps.end(), 0.0,
                           [&](double sum, size_t step) { return sum + times[step]; });
  }

  Model &model;
  const TuneOptions &options;
  const TargetModel target;
  TemporaryFolder folder;
  StepTimer timer;

  std::vector<UniqueKernel> kernels;
  std::vector<Choice> choices;                          // of each library; the first has what was decided
  std::vector<std::vector<std::optional<double>>> best; // times of the last measurement, by kernel and candidate
  Choice tuned;
  std::vector<KernelTimes> times;
  double wholeDecided = 0, wholeTuned = 0;
  bool isFaster = false;
};

} // namespace

int Tuner::addLibrary(const Choice &choice, const llvm::Twine &what) {
  OwningOpRef<ModuleOp> module = model.module().clone();
  applyChoice(*module, kernels, choice, target);
  if (failed(runPhases(*module, Phase::planned, [](PassManager &) {})))
    return ExitFault;
  if (kernels.empty()) {
    auto found = findUniqueKernels(model.module(), *module, target);
    if (!found)
      return reportBug(llvm::toString(found.takeError()));
    kernels = std::move(*found);
  }
  BuildOptions build;
  build.output = folder.file("candidate" + std::to_string(choices.size()) + ".so");
  if (int result = model.build(*module, build, ("tuning: " + what + ": compiling kernels").str()))
    return result;
  choices.push_back(choice.empty() ? Choice(kernels.size(), 0) : choice);
  return timer.load(build.output);
}

int Tuner::start() {
  if (int result = addLibrary({}, "first library"))
    return result;
  uint64_t bytes = 0;
  if (std::error_code error = llvm::sys::fs::file_size(folder.file("candidate0.so"), bytes))
    return reportFault("cannot read a temporary library: " + errorText(error));
  const auto most = size_t(std::clamp<uint64_t>(kLibraryBytes / std::max<uint64_t>(bytes, 1), 3, kMostCandidates + 1));
  size_t count = 1;
  for (UniqueKernel &kernel : kernels) {
    kernel.candidates.truncate(std::min(kernel.candidates.size(), most));
    count = std::max(count, kernel.candidates.size());
  }
  for (size_t k = 1; k < count; ++k) {
    Choice choice;
    for (const UniqueKernel &kernel : kernels)
      choice.push_back(k < kernel.candidates.size() ? k : 0);
    if (int result = addLibrary(choice, "library " + llvm::Twine(k + 1) + " of " + llvm::Twine(count)))
      return result;
  }
  return ExitDone;
}

int Tuner::measureCandidates(size_t first, double share) {
  std::vector<size_t> which = {0};
  for (size_t i = first; i < choices.size(); ++i)
    which.push_back(i);
  std::vector<StepTimes> results;
  if (int result = timer.measure(which, share * options.seconds, results))
    return result;
  for (auto [index, kernel] : llvm::enumerate(kernels)) {
    best[index].assign(kernel.candidates.size(), std::nullopt);
    for (auto [library, result] : llvm::zip(which, results)) {
      // Where a kernel has no candidate of its own in a library, neighbours may still differ: the default's time counts.
      const size_t candidate = choices[library][index];
      if (library == 0 || candidate != 0)
        best[index][candidate] = sumOf(kernel, result);
    }
  }
  return ExitDone;
}

/// The best measured candidate that takes less than `share` of the default's time, else the default.
static size_t bestOf(llvm::ArrayRef<std::optional<double>> times, double share) {
  size_t chosen = 0;
  for (size_t i = 1; i < times.size(); ++i)
    if (times[i] && *times[i] < share * *times[0] && (chosen == 0 || *times[i] < *times[chosen]))
      chosen = i;
  return chosen;
}

static bool isDefault(const Choice &choice) {
  return llvm::all_of(choice, [](size_t candidate) { return candidate == 0; });
}

/// The best candidate of each kernel again, and the choice.
int Tuner::compareCandidates() {
  Choice better;
  for (const auto &measured : best)
    better.push_back(bestOf(measured, 1));
  if (!isDefault(better)) {
    if (int result = addLibrary(better, "the best of each"))
      return result;
    if (int result = measureCandidates(choices.size() - 1, kSecondShare))
      return result;
  }
  for (const auto &measured : best)
    tuned.push_back(isDefault(better) ? 0 : bestOf(measured, 1 - kMargin));
  return ExitDone;
}

int Tuner::compareWhole() {
  std::vector<StepTimes> results;
  std::vector<size_t> which = {0};
  if (!isDefault(tuned)) {
    if (tuned != choices.back())
      if (int result = addLibrary(tuned, "the choice"))
        return result;
    which.push_back(choices.size() - 1);
  }
  if (int result = timer.measure(which, kWholeShare * options.seconds, results))
    return result;
  wholeDecided = std::accumulate(results.front().begin(), results.front().end(), 0.0);
  wholeTuned = std::accumulate(results.back().begin(), results.back().end(), 0.0);
  isFaster = wholeTuned < wholeDecided;
  for (size_t i = 0; i < kernels.size(); ++i)
    times.push_back({sumOf(kernels[i], results.front()), sumOf(kernels[i], results.back())});
  return ExitDone;
}

int Tuner::writeResult() {
  if (isFaster)
    applyChoice(model.module(), kernels, tuned, target);
  llvm::Expected<OutputFile> dump = OutputFile::create(options.dump);
  if (!dump)
    return reportFault(dump.takeError());
  const std::string decided = textOf(model.module());
  if (int result = model.advance(Phase::planned, [](PassManager &) {}))
    return result;
  BuildOptions build;
  build.output = options.output;
  if (int result = model.build(build))
    return result;
  if (llvm::Error error = dump->commit(decided))
    return reportFault(std::move(error));
  return ExitDone;
}

void Tuner::report() {
  llvm::raw_ostream &stream = llvm::outs();
  printChoices(stream, kernels, tuned, times);
  const unsigned threads = timer.getThreads();
  stream << llvm::format("default %.4g ms, tuned %.4g ms", wholeDecided * 1e-3, wholeTuned * 1e-3);
  stream << ", " << threads << (threads == 1 ? " thread" : " threads");
  if (isFaster)
    stream << llvm::format(": %.1f%% less time\n", 100 * (1 - wholeTuned / wholeDecided));
  else if (!isDefault(tuned))
    stream << ": not faster, the default was written\n";
  else
    stream << ": no other schedule is faster, the default was written\n";
}

int Tuner::run() {
  if (int result = start())
    return result;
  best.resize(kernels.size());
  if (int result = measureCandidates(1, kFirstShare))
    return result;
  if (int result = compareCandidates())
    return result;
  if (int result = compareWhole())
    return result;
  if (int result = writeResult())
    return result;
  report();
  return finishOutput();
}

/// The target to measure: the only one, which also those schedules are for that the module has already.
static llvm::Expected<TargetModel> findTarget(ModuleOp module) {
  auto names = module->getAttrOfType<StringAttr>(kTargetAttr);
  llvm::Expected<std::vector<TargetModel>> targets = TargetModel::getAll(names);
  if (!targets)
    return targets.takeError();
  std::string others = targets->size() > 1 ? TargetModel::join(*targets) : "";
  const TargetModel target = targets->front();
  module.walk([&](KernelOp kernel) {
    if (DictionaryAttr schedules = kernel.getSchedulesAttr())
      for (NamedAttribute schedule : schedules)
        if (others.empty() && schedule.getName() != target.name)
          others = "schedules for " + schedule.getName().str();
  });
  if (!others.empty())
    return makeError("--tune: expected one target, as it measures on one machine, got " + others);
  if (!target.runsHere())
    return makeError("--tune: expected a target that this machine runs, to measure on it, got " + target.name);
  return target;
}

/// Finds what cannot be written before the work.
static llvm::Error checkOutputs(const TuneOptions &options) {
  llvm::SmallString<128> header(options.output);
  llvm::sys::path::replace_extension(header, "h");
  for (llvm::StringRef path : {llvm::StringRef(options.output), header.str()}) {
    PendingFile file(path.str());
    if (llvm::Error error = file.open())
      return error;
  }
  return OutputFile::create(options.dump).takeError();
}

int res::tuneModel(Model &model, const TuneOptions &options) {
  if (*getPhase(model.module()) > Phase::decided)
    return reportFault("--tune: expected a model or a dump before phase scheduled, got phase " +
                       getName(*getPhase(model.module())));
  llvm::Expected<TargetModel> target = findTarget(model.module());
  if (!target)
    return reportFault(target.takeError());
  if (llvm::Error error = checkOutputs(options))
    return reportFault(std::move(error));
  auto folder = TemporaryFolder::create();
  if (!folder)
    return reportFault(folder.takeError());
  if (int result = model.advance(Phase::decided, [](PassManager &) {}))
    return result;
  if (std::optional<TargetModel> machine = TargetModel::thisMachine())
    llvm::outs() << "measuring on this machine: " << machine->name << ", " << machine->describe() << "\n";
  return Tuner(model, options, *target, std::move(*folder)).run();
}
