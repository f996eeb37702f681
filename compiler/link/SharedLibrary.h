//===- SharedLibrary.h - objects to a shared library ------------*- C++ -*-===//

#ifndef RES_COMPILER_LINK_SHAREDLIBRARY_H
#define RES_COMPILER_LINK_SHAREDLIBRARY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace res {

/// Links objects into a library that needs nothing but libc and exports `exported` alone, with lld in this process. The
/// bytes depend on the objects and their order. Afterwards whatever the library leaves undefined is compared with the names
/// of libc that the runtime may use; names that begin with `provided`, if it is not empty, may be missing, too.
/// `versionScript` is a path for a temporary file.
llvm::Error linkSharedLibrary(const std::vector<std::string> &objects, llvm::ArrayRef<std::string> exported,
                              llvm::StringRef versionScript, llvm::StringRef output, llvm::StringRef provided = "");

} // namespace res

#endif // RES_COMPILER_LINK_SHAREDLIBRARY_H
