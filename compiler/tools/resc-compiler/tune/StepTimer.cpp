//===- StepTimer.cpp - libraries of one model, timed in turn ----*- C++ -*-===//

#include "compiler/tools/resc-compiler/tune/StepTimer.h"
#include "compiler/tools/common/ProgressLine.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <optional>

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace llvm;
using namespace res;

using Clock = std::chrono::steady_clock;

// A turn: long against opening an instance and the first inference, short against changes of the machine's speed.
static constexpr double kTurnMicroseconds = 30e3;
static constexpr unsigned kMostRuns = 50, kLeastTurns = 4, kWorkspaces = 4;

static double microsecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

/// The element that `share` of the others are below.
static double quantile(std::vector<double> values, double share) {
  auto at = values.begin() + size_t(double(values.size()) * share);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

/// The pages of a library's code: [begin, end), or nothing.
struct CodePages {
  uintptr_t inside; // an address in the library
  uintptr_t begin = 0, end = 0;
};

static int findCode(dl_phdr_info *info, size_t, void *found) {
  auto &code = *static_cast<CodePages *>(found);
  const uintptr_t page = uintptr_t(sysconf(_SC_PAGESIZE));
  for (const auto &segment : ArrayRef(info->dlpi_phdr, info->dlpi_phnum)) {
    const uintptr_t begin = info->dlpi_addr + segment.p_vaddr, end = begin + segment.p_memsz;
    if (segment.p_type != PT_LOAD || !(segment.p_flags & PF_X) || code.inside < begin || code.inside >= end)
      continue;
    code.begin = alignDown(begin, page), code.end = alignTo(end, page);
    return 1;
  }
  return 0;
}

/// Gives the code of a library, which nobody runs now, other physical pages at the same addresses. Where they lie decides
/// for as long as a library is loaded: kernels whose maps exceed the second cache took up to 1.5 times as long in every
/// third or fourth copy of one library, and it was others when the code moved, not when the weights did (Zen 5, in a
/// virtual machine). Does nothing where code may not be written.
static void moveCode(const res_model &model, std::mt19937 &generator) {
  CodePages code{reinterpret_cast<uintptr_t>(model.run)};
  dl_iterate_phdr(findCode, &code);
  // Somewhere among more pages than needed: those that are freed are the first to be given away again.
  const size_t bytes = code.end - code.begin, page = size_t(sysconf(_SC_PAGESIZE)), spare = 64 * page;
  void *area = bytes ? mmap(nullptr, bytes + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)
                     : MAP_FAILED;
  if (area == MAP_FAILED)
    return;
  const size_t before = generator() % 64 * page;
  char *pages = static_cast<char *>(area) + before;
  std::memcpy(pages, reinterpret_cast<void *>(code.begin), bytes);
  if (mprotect(pages, bytes, PROT_READ | PROT_EXEC) == 0 &&
      mremap(pages, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, reinterpret_cast<void *>(code.begin)) != MAP_FAILED) {
    // The hole that it left may be anyone's by now.
    if (before)
      munmap(area, before);
    if (before < spare)
      munmap(pages + bytes, spare - before);
    return;
  }
  munmap(area, bytes + spare);
}

void StepTimer::makeBuffers(const res_model &model) {
  std::normal_distribution<float> normal;
  for (const res_tensor_info &info : ArrayRef(model.inputs, model.input_count)) {
    inputs.emplace_back(info.bytes / sizeof(float));
    std::generate(inputs.back().begin(), inputs.back().end(), [&] { return normal(generator); });
  }
  for (const res_tensor_info &info : ArrayRef(model.outputs, model.output_count))
    outputs.emplace_back(info.bytes / sizeof(float));
  for (auto &input : inputs)
    from.push_back(input.data());
  for (auto &output : outputs)
    to.push_back(output.data());
}

int StepTimer::load(const std::string &path) {
  Expected<Artifact> artifact = Artifact::open(path);
  if (!artifact)
    return reportFault(artifact.takeError());
  Expected<const res_model *> model = loadModel(*artifact);
  if (!model)
    return reportFault(model.takeError());
  if (subjects.empty())
    makeBuffers(**model);
  subjects.push_back({std::move(*artifact), *model});
  return ExitDone;
}

bool StepTimer::allocateWorkspaces() {
  size_t bytes = 0;
  for (const Subject &subject : subjects)
    bytes = std::max(bytes, subject.model->workspace_bytes(subject.model, int32_t(threads)));
  if (bytes <= workspaceBytes)
    return true;
  workspaces.clear();
  for (unsigned i = 0; i < kWorkspaces; ++i)
    workspaces.emplace_back(static_cast<char *>(std::aligned_alloc(RES_ABI_ALIGN, res_abi_align(bytes))));
  workspaceBytes = bytes;
  return llvm::all_of(workspaces, [](const auto &workspace) { return workspace != nullptr; });
}

/// Opens an instance, lets caches and page tables settle for one inference, and measures some. It is closed again, so that
/// no idle workers spin beside the library that is measured next.
res_status StepTimer::takeTurn(const Subject &subject, char *workspace, Turns *turns) {
  const res_model &model = *subject.model;
  moveCode(model, generator);
  res_options options = {};
  options.struct_bytes = sizeof options;
  options.threads = int32_t(threads);
  options.workspace = workspace;
  options.workspace_bytes = workspaceBytes;
  res_instance *raw = nullptr;
  if (res_status status = model.open(&model, &options, &raw))
    return status;
  Instance instance(raw, InstanceCloser{&model});
  opened = unsigned(model.threads(instance.get()));
  auto start = Clock::now();
  if (res_status status = model.run(instance.get(), from.data(), to.data()))
    return status;
  if (!turns)
    return RES_OK;
  const double first = std::max(microsecondsSince(start), 1.0);
  const auto runs = unsigned(std::clamp(kTurnMicroseconds / first, 1.0, double(kMostRuns)));
  std::vector<uint64_t> nanoseconds(model.step_count);
  std::vector<std::vector<double>> steps(model.step_count);
  for (unsigned run = 0; run < runs; ++run) {
    if (res_status status = model.run_timed(instance.get(), from.data(), to.data(), nanoseconds.data()))
      return status;
    for (auto [step, time] : zip(steps, nanoseconds))
      step.push_back(double(time) * 1e-3);
  }
  turns->resize(steps.size());
  for (auto [all, step] : zip(*turns, steps))
    all.push_back(quantile(std::move(step), 0.5));
  return RES_OK;
}

int StepTimer::measure(ArrayRef<size_t> which, double seconds, std::vector<StepTimes> &times) {
  if (!allocateWorkspaces())
    return reportFault("not enough memory for " + llvm::Twine(kWorkspaces) + " workspaces of " + bytesText(workspaceBytes));
  // The pages of code and weights are there from then on.
  for (size_t at : which)
    if (res_status status = takeTurn(subjects[at], workspaces[0].get(), nullptr))
      return reportStatus(subjects[at].artifact, *subjects[at].model, status);
  std::vector<Turns> turns(which.size());
  std::optional<ProgressLine> progress(std::in_place, "tuning: measuring, seconds");
  auto start = Clock::now();
  for (unsigned round = 0; round < kLeastTurns || microsecondsSince(start) < seconds * 1e6; ++round)
    for (size_t i = 0; i < which.size(); ++i) {
      // Back and forth, so that none always follows the same one.
      const size_t at = round % 2 ? which.size() - 1 - i : i;
      const Subject &subject = subjects[which[at]];
      if (res_status status = takeTurn(subject, workspaces[round % kWorkspaces].get(), &turns[at])) {
        progress.reset(); // before an error is printed
        return reportStatus(subject.artifact, *subject.model, status);
      }
      progress->show(unsigned(std::min(microsecondsSince(start) * 1e-6, seconds)), unsigned(std::ceil(seconds)));
    }
  for (Turns &turn : turns) {
    StepTimes &result = times.emplace_back();
    for (std::vector<double> &step : turn)
      result.push_back(quantile(std::move(step), 0.25));
  }
  return ExitDone;
}
