//===- Manifest.h - how a compiled library describes itself -----*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_MANIFEST_H
#define RES_COMPILER_TOOLS_RESC_MANIFEST_H

#include "compiler/tools/common/Artifact.h"

#include "llvm/Support/JSON.h"

#include <map>
#include <vector>

namespace res {

/// The content of the note, with the names of its JSON keys. Sizes are bytes, MACs are multiply-adds.
struct Manifest {
  struct Tensor {
    std::string name, type;
    std::vector<int64_t> shape;
    uint64_t bytes = 0;
  };
  struct Kernel {
    std::string name, op, schedule;
    std::vector<std::string> inputs, outputs; // "1x64x56x56xf32"
    uint64_t macs = 0, calls = 0;
  };
  struct Step {
    std::string node, op;
    uint64_t kernel = 0; // index into kernels
    uint64_t macs = 0, bytes = 0;
  };

  std::string name, compiler, modelHash, target, math;
  std::vector<Tensor> inputs, outputs;
  uint64_t weightsBytes = 0, arenaBytes = 0, arenaLowerBoundBytes = 0, scratchSharedBytes = 0, scratchWorkerBytes = 0;
  std::map<std::string, uint64_t> workspaceBytes; // by number of threads
  uint64_t macs = 0;
  std::vector<Kernel> kernels;
  std::vector<Step> steps;
};

/// The note as JSON.
llvm::Expected<llvm::json::Value> parseManifestJson(const Artifact &artifact);
/// The note as a structure; a key that is missing or of another type is named.
llvm::Expected<Manifest> parseManifest(const Artifact &artifact);

} // namespace res

#endif
