//===- Summary.cpp - what a compilation is made of, as text -----*- C++ -*-===//

#include "compiler/tools/inspect/Summary.h"
#include "compiler/tools/common/Support.h"
#include "compiler/tools/common/TextTable.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using namespace llvm;

namespace res {

static void printTensors(raw_ostream &stream, StringRef title, ArrayRef<Manifest::Tensor> tensors) {
  stream << title << "\n";
  TextTable table(
      {{"", TextTable::Column::Left, 48}, {""}, {"", TextTable::Column::Left, 24}, {"", TextTable::Column::Right}});
  for (const Manifest::Tensor &tensor : tensors)
    table.row({tensor.name, tensor.type, shapeText(tensor.shape), bytesText(tensor.bytes)});
  table.print(stream);
}

/// Prints items behind a title with commas between them; further lines are indented as far as the title reaches.
static void printList(raw_ostream &stream, StringRef title, ArrayRef<std::string> items) {
  std::string line = title.str();
  for (auto [index, item] : enumerate(items)) {
    std::string text = " " + fit(item, lineWidth - title.size() - 2) + (index + 1 < items.size() ? "," : "");
    if (line.size() + text.size() > lineWidth) {
      stream << line << "\n";
      line = std::string(title.size(), ' ');
    }
    line += text;
  }
  stream << line << "\n";
}

void printOperations(raw_ostream &stream, OperationCounts counts) {
  auto entries = counts.takeVector();
  llvm::stable_sort(entries, [](const auto &a, const auto &b) { return a.second > b.second; });
  std::vector<std::string> items;
  for (const auto &[name, count] : entries)
    items.push_back(name.str() + " " + std::to_string(count));
  printList(stream, "  operations ", items);
}

static void printSize(raw_ostream &stream, const Manifest &manifest) {
  OperationCounts operations;
  for (const Manifest::Kernel &kernel : manifest.kernels)
    for (const std::string &operation : kernel.operations)
      operations[operation] += kernel.calls;
  stream << "size\n";
  printOperations(stream, std::move(operations));
  stream << "  parameters  " << countText(manifest.parameters) << "\n  MACs        " << countText(manifest.macs)
         << "\n";
}

static void printMemory(raw_ostream &stream, const Manifest &manifest) {
  stream << "memory\n";
  stream << "  weights    " << bytesText(manifest.weightsBytes) << "\n";
  stream << "  arena      " << bytesText(manifest.arenaBytes) << ", of which "
         << bytesText(manifest.arenaLowerBoundBytes) << " are live at once";
  if (manifest.arenaLowerBoundBytes)
    stream << format(" (%.3f x)", double(manifest.arenaBytes) / manifest.arenaLowerBoundBytes);
  stream << "\n  scratch    " << bytesText(manifest.scratchSharedBytes) << ", and "
         << bytesText(manifest.scratchWorkerBytes) << " per thread\n";
  std::vector<std::pair<unsigned, uint64_t>> workspaces;
  for (const auto &[threads, bytes] : manifest.workspaceBytes) {
    unsigned count = 0;
    if (!StringRef(threads).getAsInteger(10, count))
      workspaces.emplace_back(count, bytes);
  }
  llvm::sort(workspaces);
  std::vector<std::string> items;
  for (const auto &[threads, bytes] : workspaces)
    items.push_back(bytesText(bytes) + " for " + std::to_string(threads));
  if (!items.empty())
    items.back() += " threads";
  printList(stream, "  workspace ", items);
}

static std::vector<std::string> splitList(StringRef text) {
  std::vector<std::string> items;
  for (StringRef item : split(text, ", "))
    items.push_back(item.str());
  return items;
}

/// One line of numbers per kernel, then its shapes and its schedule.
static void printKernels(raw_ostream &stream, const Manifest &manifest) {
  // Summed over the calls, which may differ where a kernel serves several nodes.
  std::vector<uint64_t> macs(manifest.kernels.size());
  for (const Manifest::Step &step : manifest.steps)
    macs[step.kernel] += step.macs;
  stream << "kernels: " << manifest.kernels.size() << ", called " << manifest.steps.size() << " times, ";
  if (manifest.turns > 1)
    stream << "in " << manifest.turns << " turns of a part of the batch each, ";
  stream
         << countText(manifest.macs) << " MACs\n";
  for (size_t i = 0; i < manifest.kernels.size(); ++i) {
    const Manifest::Kernel &kernel = manifest.kernels[i];
    stream << right_justify(std::to_string(i), 5) << "  " << left_justify(fit(kernel.name, 60), 60)
           << right_justify(std::to_string(kernel.calls) + (kernel.calls == 1 ? " call" : " calls"), 11);
    if (macs[i])
      stream << right_justify(countText(macs[i]) + " MACs", 16);
    stream << "\n";
    printList(stream, "      ",
              splitList(kernel.op + " " + join(kernel.inputs, ", ") + " -> " + join(kernel.outputs, ", ")));
    if (!kernel.schedule.empty())
      printList(stream, "      ", splitList(kernel.schedule));
  }
}

/// Length of the blocks that two names share: "/layer1/layer1.0/", or "stage1.block1." where names have no slashes.
static size_t sharedBlocks(StringRef a, StringRef b) {
  char separator = a.contains('/') || b.contains('/') ? '/' : '.';
  size_t length = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()) && a[i] == b[i]; ++i)
    if (a[i] == separator)
      length = i + 1;
  return length;
}

std::string fusedNodesText(const Manifest::Step &step) {
  std::string text = step.nodes.empty() ? step.node : step.nodes[0];
  for (size_t i = 1; i < step.nodes.size(); ++i)
    text += " + " + step.nodes[i].substr(sharedBlocks(step.nodes[0], step.nodes[i]));
  return text;
}

static void printSteps(raw_ostream &stream, const Manifest &manifest) {
  stream << "calls in order, each with the nodes that are fused in it\n";
  using Column = TextTable::Column;
  TextTable table(
      {{"call", Column::Right}, {"kernel", Column::Right}, {"MACs", Column::Right}, {"nodes", Column::Left, 74}});
  for (auto [index, step] : enumerate(manifest.steps))
    table.row({std::to_string(index), std::to_string(step.kernel), step.macs ? countText(step.macs) : "",
               fusedNodesText(step)});
  table.print(stream);
}

static void printBatches(raw_ostream &stream, const Manifest &manifest) {
  if (!manifest.takesAnyBatch())
    return;
  stream << "any batch: ";
  if (const std::optional<ManifestProgram> &together = manifest.together)
    stream << "of " << together->images << " images at a time, by " << together->kernels.size() << " kernels, called "
           << together->steps.size() << " times, in " << bytesText(together->arenaBytes) << " of arena; the rest ";
  stream << "image by image, as below\n";
}

void printSummary(raw_ostream &stream, const Manifest &manifest) {
  stream << fit(manifest.name, 40) << ": target " << fit(manifest.target, 20) << ", math " << fit(manifest.math, 8)
         << ", made by " << fit(manifest.compiler, 16) << "\n";
  stream << "  model hash " << fit(manifest.modelHash, 64) << "\n";
  for (const std::string &processor : manifest.processors)
    printList(stream, "  planned for", splitList(processor));
  printTensors(stream, "inputs", manifest.inputs);
  printTensors(stream, "outputs", manifest.outputs);
  printBatches(stream, manifest);
  printSize(stream, manifest);
  printMemory(stream, manifest);
  printKernels(stream, manifest);
  printSteps(stream, manifest);
}

} // namespace res
