//===- Manifest.cpp - how a compiled library describes itself ---*- C++ -*-===//

#include "compiler/tools/common/Manifest.h"
#include "compiler/tools/common/Support.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace res {

static bool fromJSON(const json::Value &value, Manifest::Tensor &tensor, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", tensor.name) && map.map("type", tensor.type) && map.map("shape", tensor.shape) &&
         map.map("bytes", tensor.bytes) && map.mapOptional("source", tensor.source);
}

static bool fromJSON(const json::Value &value, Manifest::Kernel &kernel, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", kernel.name) && map.map("op", kernel.op) && map.map("layer", kernel.layer) &&
         map.map("algorithm", kernel.algorithm) && map.map("operations", kernel.operations) &&
         map.map("inputs", kernel.inputs) && map.map("outputs", kernel.outputs) &&
         map.map("schedule", kernel.schedule) && map.map("scratch", kernel.scratch) && map.map("macs", kernel.macs) &&
         map.map("executed_macs", kernel.executedMacs) && map.map("calls", kernel.calls);
}

static bool fromJSON(const json::Value &value, Manifest::Step &step, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("node", step.node) && map.map("nodes", step.nodes) && map.map("reads", step.reads) &&
         map.map("kernel", step.kernel) && map.map("op", step.op) && map.map("macs", step.macs) &&
         map.map("bytes", step.bytes);
}

static bool fromJSON(const json::Value &value, Manifest::Place &place, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", place.name) && map.map("offset", place.offset) && map.map("bytes", place.bytes) &&
         map.map("first_step", place.firstStep) && map.map("last_step", place.lastStep) &&
         map.mapOptional("overwrites", place.overwrites);
}

static bool isSource(const Manifest &manifest, int64_t source, size_t steps) {
  return source >= -int64_t(manifest.inputs.size()) && source < int64_t(steps);
}

/// Every index is used without a check from here on.
static bool checkIndices(const Manifest &manifest, const ManifestProgram &program, json::Path path) {
  for (size_t i = 0; i < program.kernels.size(); ++i)
    if (program.kernels[i].scratch.size() != 2) {
      path.field("kernels").index(i).field("scratch").report("expected two sizes");
      return false;
    }
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const Manifest::Step &step = program.steps[i];
    if (step.kernel >= program.kernels.size()) {
      path.field("steps").index(i).field("kernel").report("expected an index into kernels");
      return false;
    }
    for (int64_t source : step.reads)
      if (!isSource(manifest, source, i)) {
        path.field("steps").index(i).field("reads").report("expected earlier steps or inputs");
        return false;
      }
  }
  for (size_t i = 0; i < program.memoryMap.size(); ++i) {
    const Manifest::Place &place = program.memoryMap[i];
    if (place.firstStep > place.lastStep || place.lastStep >= program.steps.size()) {
      path.field("memory_map").index(i).field("last_step").report("expected a step, not before first_step");
      return false;
    }
    if (place.overwrites && (*place.overwrites < 0 || *place.overwrites >= int64_t(i))) {
      path.field("memory_map").index(i).field("overwrites").report("expected an earlier place");
      return false;
    }
  }
  return true;
}

static bool checkOutputs(const Manifest &manifest, json::Path path) {
  for (size_t i = 0; i < manifest.outputs.size(); ++i)
    if (manifest.outputs[i].source && !isSource(manifest, *manifest.outputs[i].source, manifest.steps.size())) {
      path.field("outputs").index(i).field("source").report("expected a step or an input");
      return false;
    }
  return true;
}

static bool mapProgram(json::ObjectMapper &map, ManifestProgram &program) {
  return map.map("arena_bytes", program.arenaBytes) && map.map("arena_lower_bound_bytes", program.arenaLowerBoundBytes) &&
         map.map("scratch_shared_bytes", program.scratchSharedBytes) &&
         map.map("scratch_worker_bytes", program.scratchWorkerBytes) && map.map("macs", program.macs) &&
         map.map("kernels", program.kernels) && map.map("steps", program.steps) && map.map("memory_map", program.memoryMap);
}

static bool fromJSON(const json::Value &value, ManifestProgram &together, json::Path path) {
  json::ObjectMapper map(value, path);
  if (!map || !map.map("images", together.images) || !mapProgram(map, together))
    return false;
  if (together.images < 2)
    path.field("images").report("expected several");
  return together.images >= 2;
}

static bool fromJSON(const json::Value &value, Manifest &manifest, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", manifest.name) && map.map("compiler", manifest.compiler) &&
         map.map("model_hash", manifest.modelHash) && map.map("target", manifest.target) &&
         map.map("math", manifest.math) && map.mapOptional("processors", manifest.processors) && map.map("inputs", manifest.inputs) && map.map("outputs", manifest.outputs) &&
         map.map("parameters", manifest.parameters) && map.map("weights_bytes", manifest.weightsBytes) &&
         map.map("workspace_bytes", manifest.workspaceBytes) && map.mapOptional("turns", manifest.turns) &&
         mapProgram(map, manifest) && map.mapOptional("together", manifest.together) &&
         checkIndices(manifest, manifest, path) && checkOutputs(manifest, path) &&
         (!manifest.together || checkIndices(manifest, *manifest.together, path.field("together")));
}

/// Adds the kernels of a program, whose steps the library counts from `first` on, and these where there are turns of it.
static void addTurns(ManifestProgram &sum, const ManifestProgram &program, uint64_t turns, size_t first,
                     std::vector<size_t> &numbers) {
  const uint64_t kernels = sum.kernels.size();
  for (ManifestProgram::Kernel kernel : program.kernels) {
    kernel.macs *= turns, kernel.executedMacs *= turns;
    sum.kernels.push_back(std::move(kernel));
  }
  for (auto [index, step] : enumerate(turns ? ArrayRef(program.steps) : ArrayRef<ManifestProgram::Step>())) {
    numbers.push_back(first + index);
    sum.steps.push_back(step);
    sum.steps.back().kernel += kernels;
    sum.steps.back().macs *= turns, sum.steps.back().bytes *= turns;
  }
  sum.macs += turns * program.macs;
}

ManifestProgram getProgramFor(const Manifest &manifest, uint64_t batch, std::vector<size_t> &numbers) {
  ManifestProgram sum;
  const uint64_t turns = manifest.together ? batch / manifest.together->images : 0;
  addTurns(sum, manifest, turns ? batch % manifest.together->images : batch, 0, numbers);
  if (manifest.together)
    addTurns(sum, *manifest.together, turns, manifest.steps.size(), numbers);
  return sum;
}

Expected<json::Value> parseManifestJson(StringRef text, StringRef file) {
  Expected<json::Value> value = json::parse(text);
  if (!value)
    return makeError("'" + file + "': the manifest is not JSON: " + toString(value.takeError()));
  return value;
}

Expected<Manifest> parseManifest(StringRef text, StringRef file) {
  Expected<json::Value> value = parseManifestJson(text, file);
  if (!value)
    return value.takeError();
  Manifest manifest;
  json::Path::Root root("manifest");
  if (!fromJSON(*value, manifest, root))
    return makeError("'" + file + "': " + asClause(toString(root.getError())));
  return manifest;
}

} // namespace res
