//===- Manifest.cpp - how a compiled library describes itself ---*- C++ -*-===//

#include "compiler/tools/resc/Manifest.h"

using namespace llvm;

namespace res {

static bool fromJSON(const json::Value &value, Manifest::Tensor &tensor, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", tensor.name) && map.map("type", tensor.type) && map.map("shape", tensor.shape) &&
         map.map("bytes", tensor.bytes);
}

static bool fromJSON(const json::Value &value, Manifest::Kernel &kernel, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", kernel.name) && map.map("op", kernel.op) && map.map("inputs", kernel.inputs) &&
         map.map("outputs", kernel.outputs) && map.map("schedule", kernel.schedule) && map.map("macs", kernel.macs) &&
         map.map("calls", kernel.calls);
}

static bool fromJSON(const json::Value &value, Manifest::Step &step, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("node", step.node) && map.map("kernel", step.kernel) && map.map("op", step.op) &&
         map.map("macs", step.macs) && map.map("bytes", step.bytes);
}

static bool fromJSON(const json::Value &value, Manifest &manifest, json::Path path) {
  json::ObjectMapper map(value, path);
  if (!map || !map.map("name", manifest.name) || !map.map("compiler", manifest.compiler) ||
      !map.map("model_hash", manifest.modelHash) || !map.map("target", manifest.target) ||
      !map.map("math", manifest.math) || !map.map("inputs", manifest.inputs) || !map.map("outputs", manifest.outputs) ||
      !map.map("weights_bytes", manifest.weightsBytes) || !map.map("arena_bytes", manifest.arenaBytes) ||
      !map.map("arena_lower_bound_bytes", manifest.arenaLowerBoundBytes) ||
      !map.map("scratch_shared_bytes", manifest.scratchSharedBytes) ||
      !map.map("scratch_worker_bytes", manifest.scratchWorkerBytes) ||
      !map.map("workspace_bytes", manifest.workspaceBytes) || !map.map("macs", manifest.macs) ||
      !map.map("kernels", manifest.kernels) || !map.map("steps", manifest.steps))
    return false;
  for (size_t i = 0; i < manifest.steps.size(); ++i)
    if (manifest.steps[i].kernel >= manifest.kernels.size()) {
      path.field("steps").index(i).field("kernel").report("expected an index into kernels");
      return false;
    }
  return true;
}

Expected<json::Value> parseManifestJson(const Artifact &artifact) {
  Expected<json::Value> value = json::parse(artifact.manifestText());
  if (!value)
    return makeError("'" + artifact.path() + "': the manifest is not JSON: " + toString(value.takeError()));
  return value;
}

Expected<Manifest> parseManifest(const Artifact &artifact) {
  Expected<json::Value> value = parseManifestJson(artifact);
  if (!value)
    return value.takeError();
  Manifest manifest;
  json::Path::Root root("manifest");
  if (!fromJSON(*value, manifest, root))
    return makeError("'" + artifact.path() + "': " + asClause(toString(root.getError())));
  return manifest;
}

} // namespace res
