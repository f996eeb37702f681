//===- Page.h - a compilation as one HTML page ------------------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_INSPECT_PAGE_H
#define RES_COMPILER_TOOLS_INSPECT_PAGE_H

#include "compiler/tools/inspect/Dump.h"

namespace res {

/// A page that needs no other file and no network: summary, graph of the calls, passes, kernels, memory map. Without a
/// dump, passes, statements and assembly say how to get them. `manifest` is checked JSON (parseManifest); whatever
/// names and texts hold stays text.
std::string renderPage(llvm::StringRef manifest, const Dump *dump);

} // namespace res

#endif
