//===- KernelCache.cpp - compiled kernels from earlier runs -----*- C++ -*-===//
//
// An entry is the object file with its hash in front, so that a damaged one is recognised. It appears by a rename, and is
// never changed: two compilers that write one key at once write the same.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/KernelCache.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/CachePruning.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace res;

// llvm::pruneCache looks at files with this prefix alone.
static constexpr llvm::StringLiteral kPrefix = "llvmcache-";
// A ResNet-50 has about 30 kernels of 3 to 60 KB: room for hundreds of models.
static constexpr uint64_t kMostBytes = 256 << 20;
static constexpr std::chrono::seconds kPruneInterval = std::chrono::hours(1);

using Hash = llvm::BLAKE3Result<16>;

static Hash hashOf(StringRef text) { return llvm::BLAKE3::hash<16>(llvm::arrayRefFromStringRef(text)); }

/// What this compiler is: kernels of another build may differ. The program's own bytes stand for all of it but Halide, which
/// is another file and pinned by its version.
static const Hash &ownHash() {
  static const Hash hash = [] {
    auto self = llvm::MemoryBuffer::getFile("/proc/self/exe", /*IsText=*/false, /*RequiresNullTerminator=*/false);
    return hashOf(self ? (*self)->getBuffer() : StringRef(RES_VERSION));
  }();
  return hash;
}

KernelCache::KernelCache() {
  SmallString<128> path;
  if (const char *wanted = std::getenv("RESC_CACHE_DIR"); wanted && *wanted)
    path = wanted;
  else if (llvm::sys::path::cache_directory(path))
    llvm::sys::path::append(path, "resc");
  if (!path.empty() && !llvm::sys::fs::create_directories(path))
    folder = path.str().str();
}

KernelCache::~KernelCache() {
  if (folder.empty())
    return;
  llvm::CachePruningPolicy policy;
  policy.Interval = kPruneInterval;
  policy.Expiration = std::chrono::hours(24 * 90);
  policy.MaxSizeBytes = kMostBytes;
  llvm::pruneCache(folder, policy);
}

std::string KernelCache::keyOf(func::FuncOp kernel, StringRef target, StringRef symbol) {
  std::string text;
  llvm::raw_string_ostream os(text);
  kernel->print(os, OpPrintingFlags().useLocalScope());
  os << target << '\0' << symbol << '\0';
  os.write(reinterpret_cast<const char *>(ownHash().data()), ownHash().size());
  return llvm::toHex(hashOf(text), /*LowerCase=*/true);
}

std::string KernelCache::entryPath(StringRef key) const {
  SmallString<128> path(folder);
  llvm::sys::path::append(path, kPrefix + key);
  return path.str().str();
}

bool KernelCache::load(StringRef key, const std::string &object) const {
  if (folder.empty())
    return false;
  auto entry = llvm::MemoryBuffer::getFile(entryPath(key), /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!entry)
    return false;
  StringRef bytes = (*entry)->getBuffer(), content = bytes.drop_front(std::min<size_t>(bytes.size(), sizeof(Hash)));
  Hash hash = hashOf(content);
  if (content.empty() || bytes.take_front(sizeof(Hash)) != llvm::toStringRef(hash))
    return false;
  std::error_code error;
  llvm::raw_fd_ostream os(object, error);
  if (error)
    return false;
  os << content;
  os.close();
  bool written = !os.has_error();
  os.clear_error();
  return written;
}

void KernelCache::store(StringRef key, const std::string &object) const {
  auto content = llvm::MemoryBuffer::getFile(object, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (folder.empty() || !content)
    return;
  auto temporary = llvm::sys::fs::TempFile::create(entryPath(key) + ".%%%%%%%%");
  if (!temporary)
    return llvm::consumeError(temporary.takeError());
  llvm::raw_fd_ostream os(temporary->FD, /*shouldClose=*/false);
  os << llvm::toStringRef(hashOf((*content)->getBuffer())) << (*content)->getBuffer();
  os.flush();
  bool written = !os.has_error();
  os.clear_error();
  llvm::consumeError(written ? temporary->keep(entryPath(key)) : temporary->discard());
}
