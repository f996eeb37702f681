//===- Manifest.h - how a compiled library describes itself -----*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_COMMON_MANIFEST_H
#define RES_COMPILER_TOOLS_COMMON_MANIFEST_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace res {

/// What an artifact says of the network for some images, with the names of its JSON keys. Sizes are bytes, MACs are
/// multiply-adds. A source is the number of the step that computes a value, or -1 - i for the model's input i.
struct ManifestProgram {
  struct Kernel {
    std::string name, op, schedule;
    std::string layer;                        // what layers of one shape share: "3x3s1 256@14"
    std::string algorithm;                    // "direct", "winograd4"
    std::vector<std::string> operations;      // of its body, in order
    std::vector<std::string> inputs, outputs; // "1x64x56x56xf32"
    std::vector<uint64_t> scratch;            // shared by all threads, of each thread
    uint64_t macs = 0, executedMacs = 0;      // as defined, and what the algorithm needs
    uint64_t calls = 0;
  };
  struct Step {
    std::string node, op;
    std::vector<std::string> nodes; // every ONNX node that is computed in it, in order
    std::vector<int64_t> reads;     // sources
    uint64_t kernel = 0;            // index into kernels
    uint64_t macs = 0, bytes = 0;
  };
  /// A tensor's place in the arena while it is live, from the step that writes it to the last that reads it. It may be that
  /// of an earlier one in the list, which the step that writes it is the last to read.
  struct Place {
    std::string name;
    uint64_t offset = 0, bytes = 0, firstStep = 0, lastStep = 0;
    std::optional<int64_t> overwrites;
  };

  uint64_t images = 1; // at once, in a model of any batch
  uint64_t arenaBytes = 0, arenaLowerBoundBytes = 0, scratchSharedBytes = 0, scratchWorkerBytes = 0;
  uint64_t macs = 0;
  std::vector<Kernel> kernels;
  std::vector<Step> steps;
  std::vector<Place> memoryMap;
};

/// The content of an artifact's note. Of a model of any batch, whose inputs and outputs have -1 as their first dimension, the
/// program is that for one image.
struct Manifest : ManifestProgram {
  struct Tensor {
    std::string name, type;
    std::vector<int64_t> shape;
    uint64_t bytes = 0;            // of one image, in a model of any batch
    std::optional<int64_t> source; // of an output
  };

  std::string name, compiler, modelHash, target, math;
  std::vector<std::string> processors; // what the compiler knew of each target, as text
  std::vector<Tensor> inputs, outputs;
  uint64_t parameters = 0;
  uint64_t weightsBytes = 0;
  std::map<std::string, uint64_t> workspaceBytes; // by number of threads
  uint64_t turns = 1; // in which a batch goes through all steps; what is said of kernels is for one, of steps for all
  std::optional<ManifestProgram> together; // in a model of any batch: the program for several images

  bool takesAnyBatch() const { return !inputs.empty() && !inputs[0].shape.empty() && inputs[0].shape[0] < 0; }
};

/// What a model of any batch does with so many images: turns of the larger program, and one image at a time. Work is that of
/// all turns. `numbers`: of its steps, as the library counts them.
ManifestProgram getProgramFor(const Manifest &manifest, uint64_t batch, std::vector<size_t> &numbers);

/// The text as JSON. `file` is what messages name.
llvm::Expected<llvm::json::Value> parseManifestJson(llvm::StringRef text, llvm::StringRef file);
/// The text as a structure; a key that is missing, of another type or out of range is named.
llvm::Expected<Manifest> parseManifest(llvm::StringRef text, llvm::StringRef file);

} // namespace res

#endif
