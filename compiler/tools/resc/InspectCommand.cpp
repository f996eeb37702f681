//===- InspectCommand.cpp - resc inspect on a compiled library --*- C++ -*-===//

#include "compiler/tools/resc/Commands.h"
#include "compiler/tools/resc/Manifest.h"
#include "compiler/tools/common/TextTable.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace res {

static const char overview[] = R"(shows what a compiled library, a model or a folder of dumps is made of

  resc inspect resnet50.so
  resc inspect resnet50.so --json | jq .arena_bytes

  The library is not executed.
)";

bool isModelSource(StringRef path) {
  return path.ends_with(".onnx") || path.ends_with(".mlir") || (!path.starts_with("-") && sys::fs::is_directory(path));
}

static void printTensors(StringRef title, ArrayRef<Manifest::Tensor> tensors) {
  outs() << title << "\n";
  TextTable table(
      {{"", TextTable::Column::Left, 48}, {""}, {"", TextTable::Column::Left, 24}, {"", TextTable::Column::Right}});
  for (const Manifest::Tensor &tensor : tensors)
    table.row({tensor.name, tensor.type, shapeText(tensor.shape), bytesText(tensor.bytes)});
  table.print(outs());
}

static void printMemory(const Manifest &manifest) {
  outs() << "memory\n";
  outs() << "  weights    " << bytesText(manifest.weightsBytes) << "\n";
  outs() << "  arena      " << bytesText(manifest.arenaBytes) << ", of which "
         << bytesText(manifest.arenaLowerBoundBytes) << " are live at once";
  if (manifest.arenaLowerBoundBytes)
    outs() << format(" (%.3f x)", double(manifest.arenaBytes) / manifest.arenaLowerBoundBytes);
  outs() << "\n  scratch    " << bytesText(manifest.scratchSharedBytes) << ", and "
         << bytesText(manifest.scratchWorkerBytes) << " per thread\n";
  std::vector<std::pair<unsigned, uint64_t>> workspaces;
  for (const auto &[threads, bytes] : manifest.workspaceBytes) {
    unsigned count = 0;
    if (!StringRef(threads).getAsInteger(10, count))
      workspaces.emplace_back(count, bytes);
  }
  llvm::sort(workspaces);
  std::string text;
  for (const auto &[threads, bytes] : workspaces)
    text += (text.empty() ? "" : ", ") + bytesText(bytes) + " for " + std::to_string(threads);
  outs() << "  workspace  " << fit(text, lineWidth - 21) << " threads\n";
}

/// One line of numbers per kernel, then its shapes and its schedule.
static void printKernels(const Manifest &manifest) {
  // Summed over the calls, which may differ where a kernel serves several nodes.
  std::vector<uint64_t> macs(manifest.kernels.size());
  for (const Manifest::Step &step : manifest.steps)
    macs[step.kernel] += step.macs;
  outs() << "kernels: " << manifest.kernels.size() << ", called " << manifest.steps.size() << " times, "
         << countText(manifest.macs) << " MACs\n";
  for (size_t i = 0; i < manifest.kernels.size(); ++i) {
    const Manifest::Kernel &kernel = manifest.kernels[i];
    outs() << right_justify(std::to_string(i), 5) << "  " << left_justify(fit(kernel.name, 60), 60)
           << right_justify(std::to_string(kernel.calls) + (kernel.calls == 1 ? " call " : " calls"), 11)
           << right_justify(macs[i] ? countText(macs[i]) + " MACs" : "", 16) << "\n";
    outs() << "       "
           << fit(kernel.op + " " + join(kernel.inputs, ", ") + " -> " + join(kernel.outputs, ", "), lineWidth - 7)
           << "\n";
    if (!kernel.schedule.empty())
      outs() << "       " << fit(kernel.schedule, lineWidth - 7) << "\n";
  }
}

int inspectCommand(Arguments arguments) {
  static cl::list<std::string> paths(cl::Positional, cl::desc("MODEL.so"), cl::cat(optionCategory()));
  static cl::opt<bool> json("json", cl::desc("Print everything that the library says about itself as JSON"),
                            cl::cat(optionCategory()));
  if (std::optional<int> code = parseOptions("inspect", arguments, overview))
    return *code;
  if (paths.size() != 1)
    return reportUsage("inspect",
                       "expected one compiled library, model or folder of dumps, got " + Twine(paths.size()));
  Expected<Artifact> artifact = Artifact::open(paths[0]);
  if (!artifact)
    return reportFault(artifact.takeError());
  if (json) {
    Expected<json::Value> value = parseManifestJson(*artifact);
    if (!value)
      return reportFault(value.takeError());
    outs() << formatv("{0:2}", *value) << "\n";
    return finishOutput();
  }
  Expected<Manifest> manifest = parseManifest(*artifact);
  if (!manifest)
    return reportFault(manifest.takeError());
  outs() << fit(manifest->name, 40) << ": target " << fit(manifest->target, 20) << ", math " << fit(manifest->math, 8)
         << ", made by " << fit(manifest->compiler, 16) << "\n";
  outs() << "  model hash " << fit(manifest->modelHash, 64) << "\n";
  printTensors("inputs", manifest->inputs);
  printTensors("outputs", manifest->outputs);
  printMemory(*manifest);
  printKernels(*manifest);
  return finishOutput();
}

} // namespace res
