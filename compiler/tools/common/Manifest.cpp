//===- Manifest.cpp - how a compiled library describes itself ---*- C++ -*-===//

#include "compiler/tools/common/Manifest.h"
#include "compiler/tools/common/Support.h"

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
static bool checkIndices(const Manifest &manifest, json::Path path) {
  for (size_t i = 0; i < manifest.kernels.size(); ++i)
    if (manifest.kernels[i].scratch.size() != 2) {
      path.field("kernels").index(i).field("scratch").report("expected two sizes");
      return false;
    }
  for (size_t i = 0; i < manifest.steps.size(); ++i) {
    const Manifest::Step &step = manifest.steps[i];
    if (step.kernel >= manifest.kernels.size()) {
      path.field("steps").index(i).field("kernel").report("expected an index into kernels");
      return false;
    }
    for (int64_t source : step.reads)
      if (!isSource(manifest, source, i)) {
        path.field("steps").index(i).field("reads").report("expected earlier steps or inputs");
        return false;
      }
  }
  for (size_t i = 0; i < manifest.outputs.size(); ++i)
    if (manifest.outputs[i].source && !isSource(manifest, *manifest.outputs[i].source, manifest.steps.size())) {
      path.field("outputs").index(i).field("source").report("expected a step or an input");
      return false;
    }
  for (size_t i = 0; i < manifest.memoryMap.size(); ++i) {
    const Manifest::Place &place = manifest.memoryMap[i];
    if (place.firstStep > place.lastStep || place.lastStep >= manifest.steps.size()) {
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

static bool fromJSON(const json::Value &value, Manifest &manifest, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", manifest.name) && map.map("compiler", manifest.compiler) &&
         map.map("model_hash", manifest.modelHash) && map.map("target", manifest.target) &&
         map.map("math", manifest.math) && map.mapOptional("processors", manifest.processors) && map.map("inputs", manifest.inputs) && map.map("outputs", manifest.outputs) &&
         map.map("parameters", manifest.parameters) && map.map("weights_bytes", manifest.weightsBytes) &&
         map.map("arena_bytes", manifest.arenaBytes) &&
         map.map("arena_lower_bound_bytes", manifest.arenaLowerBoundBytes) &&
         map.map("scratch_shared_bytes", manifest.scratchSharedBytes) &&
         map.map("scratch_worker_bytes", manifest.scratchWorkerBytes) &&
         map.map("workspace_bytes", manifest.workspaceBytes) && map.map("macs", manifest.macs) &&
         map.mapOptional("turns", manifest.turns) && map.map("kernels", manifest.kernels) && map.map("steps", manifest.steps) &&
         map.map("memory_map", manifest.memoryMap) && checkIndices(manifest, path);
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
