//===- TemporaryFiles.cpp - files that vanish or appear whole ---*- C++ -*-===//

#include "compiler/pipeline/TemporaryFiles.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"

#include <csignal>
#include <cstdlib>
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

/// Removes a folder while other threads may still put files into it. Bounded, should one never stop.
static void removeFolder(const char *path) {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    // opendir allocates; the process is about to end and its threads may hold no lock that matters here.
    DIR *folder = opendir(path);
    if (!folder)
      return;
    int descriptor = dirfd(folder);
    while (dirent *entry = readdir(folder))
      unlinkat(descriptor, entry->d_name, 0);
    closedir(folder);
    if (rmdir(path) == 0)
      return;
  }
}

static void removeAll() {
  for (char(&slot)[kMaxLength] : livePaths)
    if (slot[0] && unlink(slot) != 0)
      removeFolder(slot);
}

/// Removes what is remembered, then ends the process by the signal, so that a shell sees an interrupt.
static void onSignal(int signal) {
  removeAll();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void res::removeTemporaryFilesAtTheEnd() {
  for (int signal : {SIGINT, SIGTERM, SIGHUP})
    if (std::signal(signal, onSignal) == SIG_IGN)
      std::signal(signal, SIG_IGN); // as under nohup
  std::atexit(removeAll); // a library may call exit, as LLVM does where it can go on no further
}

namespace {
/// No signal comes between the creation of a file and its entry among those to be removed.
class SignalsHeld {
public:
  SignalsHeld() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
  }
  ~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }

private:
  sigset_t before;
};
} // namespace

llvm::Expected<TemporaryFolder> TemporaryFolder::create() {
  llvm::SmallString<128> path;
  SignalsHeld held;
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
  // A rename would put a file in the place of a device, and fails only at the end where there is a folder.
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) && !llvm::sys::fs::is_regular_file(status))
    return llvm::createStringError("cannot write '" + path + "': expected a regular file, got a " +
                                   (llvm::sys::fs::is_directory(status) ? "folder" : "device or pipe"));
  llvm::SmallString<128> name;
  int descriptor;
  SignalsHeld held;
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
