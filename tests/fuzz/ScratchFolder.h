//===- ScratchFolder.h - inputs as files ------------------------*- C++ -*-===//

#ifndef RES_TESTS_FUZZ_SCRATCHFOLDER_H
#define RES_TESTS_FUZZ_SCRATCHFOLDER_H

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"

#include <cstdio>
#include <cstdlib>
#include <string>

/// A folder of its own for each process, removed at its end unless that is a crash.
class ScratchFolder {
public:
  ScratchFolder() {
    if (llvm::sys::fs::createUniqueDirectory("fuzz", folder))
      abort();
  }
  ~ScratchFolder() { llvm::sys::fs::remove_directories(folder); }

  std::string path(const char *name) const { return (folder + "/" + name).str(); }
  /// Replaces the file.
  bool write(const char *name, llvm::StringRef content) {
    std::FILE *file = std::fopen(path(name).c_str(), "wb");
    if (!file || std::fwrite(content.data(), 1, content.size(), file) != content.size() || std::fclose(file) != 0)
      abort();
    return true;
  }

private:
  llvm::SmallString<128> folder;
};

#endif // RES_TESTS_FUZZ_SCRATCHFOLDER_H
