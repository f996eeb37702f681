//===- FuzzArtifact.cpp - any bytes as a compiled library -------*- C++ -*-===//
//
// Opened and described as `resc inspect` does, as text and as a page; nothing of it is executed.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/common/Artifact.h"
#include "compiler/tools/common/Manifest.h"
#include "compiler/tools/inspect/Page.h"
#include "compiler/tools/inspect/Summary.h"
#include "tests/fuzz/ScratchFolder.h"

#include "llvm/Support/raw_ostream.h"

using namespace res;

/// A message is one line.
static void check(llvm::Error error) {
  if (error && llvm::toString(std::move(error)).find('\n') != std::string::npos)
    abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static ScratchFolder folder;
  folder.write("model.so", {reinterpret_cast<const char *>(data), size});
  llvm::Expected<Artifact> artifact = Artifact::open(folder.path("model.so"));
  if (!artifact) {
    check(artifact.takeError());
    return 0;
  }
  llvm::Expected<Manifest> manifest = parseManifest(artifact->manifestText(), artifact->path());
  if (!manifest) {
    check(manifest.takeError());
    return 0;
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  printSummary(os, *manifest);
  renderPage(artifact->manifestText(), nullptr);
  return 0;
}
