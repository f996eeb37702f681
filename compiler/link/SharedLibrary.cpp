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
  return llvm::Error::success();
}

/// `-shared` accepts any undefined symbol; a missing one would only show at the user's dlopen.
static llvm::Error checkUndefined(llvm::StringRef path) {
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
    if ((*flags & llvm::object::SymbolRef::SF_Undefined) && !name->empty() && !llvm::is_contained(kAllowed, *name))
      unknown += " " + name->str();
  }
  return unknown.empty() ? llvm::Error::success()
                         : llvm::createStringError("the linked library lacks symbols:" + unknown);
}

llvm::Error res::linkSharedLibrary(const std::vector<std::string> &objects, llvm::ArrayRef<std::string> exported,
                                   llvm::StringRef versionScript, llvm::StringRef output) {
  if (llvm::Error error = writeVersionScript(versionScript, exported))
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
  if (result.retCode != 0)
    return llvm::createStringError("the linker failed: " + llvm::StringRef(messages).trim());
  return checkUndefined(output);
}
