//===- TemporaryFiles.cpp - files that vanish or appear whole ---*- C++ -*-===//

#include "compiler/pipeline/TemporaryFiles.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"

#include <csignal>
#include <cstring>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace res;

// Plain arrays: a signal handler may not touch the heap. A process has few of these at a time.
static constexpr int kMaxPaths = 8;
static constexpr int kMaxLength = 4096;
static char livePaths[kMaxPaths][kMaxLength];

static void remember(const std::string &path) {
  for (char(&slot)[kMaxLength] : livePaths)
    if (!slot[0] && path.size() < kMaxLength) {
      std::memcpy(slot, path.c_str(), path.size() + 1);
      return;
    }
}

static void forget(const std::string &path) {
  for (char(&slot)[kMaxLength] : livePaths)
    if (path == slot)
      slot[0] = '\0';
}

/// Removes what is remembered, then ends the process by the signal, so that a shell sees an interrupt.
static void onSignal(int signal) {
  for (char(&slot)[kMaxLength] : livePaths) {
    if (!slot[0])
      continue;
    // opendir allocates; the process is about to end and its threads may hold no lock that matters here.
    if (DIR *folder = opendir(slot)) {
      int descriptor = dirfd(folder);
      while (dirent *entry = readdir(folder))
        unlinkat(descriptor, entry->d_name, 0);
      closedir(folder);
      rmdir(slot);
    } else {
      unlink(slot);
    }
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void res::removeTemporaryFilesOnSignals() {
  for (int signal : {SIGINT, SIGTERM, SIGHUP})
    std::signal(signal, onSignal);
}

llvm::Expected<TemporaryFolder> TemporaryFolder::create() {
  llvm::SmallString<128> path;
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("resc", path))
    return llvm::createStringError("cannot create a temporary folder: " + error.message());
  remember(path.str().str());
  return TemporaryFolder(path.str().str());
}

TemporaryFolder::~TemporaryFolder() {
  if (path.empty())
    return;
  llvm::sys::fs::remove_directories(path);
  forget(path);
}

std::string TemporaryFolder::file(const std::string &name) const {
  llvm::SmallString<128> file(path);
  llvm::sys::path::append(file, name);
  return file.str().str();
}

llvm::Error PendingFile::open() {
  llvm::SmallString<128> name;
  int descriptor;
  // The mode of an ordinary file; the process's umask applies.
  if (std::error_code error = llvm::sys::fs::createUniqueFile(path + ".%%%%%%.part", descriptor, name,
                                                              llvm::sys::fs::OF_None, llvm::sys::fs::all_read | llvm::sys::fs::all_write))
    return llvm::createStringError("cannot write '" + path + "': " + error.message());
  llvm::sys::Process::SafelyCloseFileDescriptor(descriptor);
  temporary = name.str().str();
  remember(temporary);
  return llvm::Error::success();
}

llvm::Error PendingFile::commit() {
  if (std::error_code error = llvm::sys::fs::rename(temporary, path))
    return llvm::createStringError("cannot write '" + path + "': " + error.message());
  forget(temporary);
  temporary.clear();
  return llvm::Error::success();
}

PendingFile::~PendingFile() {
  if (temporary.empty())
    return;
  llvm::sys::fs::remove(temporary);
  forget(temporary);
}
