//===- SharedLibrary.cpp - objects to a shared library ----------*- C++ -*-===//

#include "compiler/link/SharedLibrary.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <fcntl.h>
#include <unistd.h>

LLD_HAS_DRIVER(elf)

// What the runtime takes from libc, and what compilers emit calls of.
static constexpr llvm::StringLiteral kAllowed[] = {
    "aligned_alloc", "clock_gettime", "close", "free",           "memcpy",           "memmove", "memset",
    "open",          "pthread_create", "pthread_join", "read", "sched_getaffinity", "syscall"};

static llvm::Error writeVersionScript(llvm::StringRef path, llvm::ArrayRef<std::string> exported) {
  std::error_code failed;
  llvm::raw_fd_ostream os(path, failed);
  if (failed)
    return llvm::createFileError(path, failed);
  os << "{ global: " << llvm::join(exported, "; ") << "; local: *; };\n";
  os.close();
  failed = os.error();
  os.clear_error(); // left uncleared, LLVM would end the process
  return failed ? llvm::createFileError(path, failed) : llvm::Error::success();
}

/// `-shared` accepts any undefined symbol; a missing one would only show at the user's dlopen.
static llvm::Error checkUndefined(llvm::StringRef path, llvm::StringRef provided) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return llvm::createFileError(path, buffer.getError());
  auto file = llvm::object::ObjectFile::createELFObjectFile((*buffer)->getMemBufferRef());
  if (!file)
    return file.takeError();
  std::string unknown;
  for (const llvm::object::ELFSymbolRef symbol :
       llvm::cast<llvm::object::ELFObjectFileBase>(file->get())->getDynamicSymbolIterators()) {
    auto flags = symbol.getFlags();
    auto name = symbol.getName();
    if (!flags || !name)
      return llvm::joinErrors(flags.takeError(), name.takeError());
    const bool isProvided = !provided.empty() && name->starts_with(provided);
    if ((*flags & llvm::object::SymbolRef::SF_Undefined) && !name->empty() && !isProvided && !llvm::is_contained(kAllowed, *name))
      unknown += " " + name->str();
  }
  return unknown.empty() ? llvm::Error::success()
                         : llvm::createStringError("the linked library lacks symbols:" + unknown);
}

/// The linker writes through a mapping, which ends the process where the disk has no room, so that is tried first: the
/// library is about as large as what it is made of.
static llvm::Error checkRoom(llvm::StringRef path, const std::vector<std::string> &objects) {
  uint64_t all = 0;
  for (const std::string &object : objects) {
    uint64_t size = 0;
    if (std::error_code error = llvm::sys::fs::file_size(object, size))
      return llvm::createFileError(object, error);
    all += size;
  }
  int descriptor;
  std::error_code error = llvm::sys::fs::openFileForWrite(path, descriptor);
  if (!error) {
    error = std::error_code(posix_fallocate(descriptor, 0, all), std::generic_category());
    if (ftruncate(descriptor, 0) != 0 && !error)
      error = std::error_code(errno, std::generic_category());
    close(descriptor);
  }
  return error ? llvm::createFileError(path, error) : llvm::Error::success();
}

llvm::Error res::linkSharedLibrary(const std::vector<std::string> &objects, llvm::ArrayRef<std::string> exported,
                                   llvm::StringRef versionScript, llvm::StringRef output, llvm::StringRef provided) {
  if (llvm::Error error = writeVersionScript(versionScript, exported))
    return error;
  if (llvm::Error error = checkRoom(output, objects))
    return error;
  // nodelete: workers of the pool run code of the library, so dlclose may not unmap it.
  std::vector<std::string> args{"ld.lld",       "-shared", "--version-script=" + versionScript.str(),
                                "-z",           "now",     "-z",
                                "relro",        "-z",      "noexecstack",
                                "-z",           "nodelete", "--gc-sections",
                                "-s",           "--build-id=none", "--hash-style=gnu",
                                "--threads=1",  "-o",      output.str()};
  args.insert(args.end(), objects.begin(), objects.end());
  std::vector<const char *> argv;
  for (const std::string &arg : args)
    argv.push_back(arg.c_str());
  std::string messages;
  llvm::raw_string_ostream os(messages);
  lld::Result result = lld::lldMain(argv, os, os, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0) {
    llvm::StringRef first = llvm::StringRef(messages).trim().split('\n').first;
    first.consume_front("ld.lld: error: ");
    return llvm::createStringError("the linker failed: " + first);
  }
  return checkUndefined(output, provided);
}
