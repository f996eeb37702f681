//===- FuzzArtifact.cpp - any bytes as a compiled library -------*- C++ -*-===//
//
// Opened and described as `resc inspect` does; nothing of it is executed.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/common/Manifest.h"
#include "tests/fuzz/ScratchFolder.h"

using namespace res;

template <typename T>
static void consume(llvm::Expected<T> result) {
  if (!result && llvm::toString(result.takeError()).find('\n') != std::string::npos)
    abort(); // a message is one line
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static ScratchFolder folder;
  folder.write("model.so", {reinterpret_cast<const char *>(data), size});
  llvm::Expected<Artifact> artifact = Artifact::open(folder.path("model.so"));
  if (!artifact) {
    consume(std::move(artifact));
    return 0;
  }
  consume(parseManifestJson(*artifact));
  consume(parseManifest(*artifact));
  return 0;
}
