//===- NpzFormat.cpp - named arrays in NumPy's .npz archives ----*- C++ -*-===//

#include "compiler/tools/resc/tensors/NpzFormat.h"
#include "compiler/tools/resc/tensors/NpyFormat.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cstring>

#include <minizip/unzip.h>
#include <minizip/zip.h>

using namespace llvm;

namespace res {

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {
struct Closer {
  void operator()(void *archive) const { unzClose(archive); }
};
using Archive = std::unique_ptr<void, Closer>;

struct Entry {
  std::string name; // of the array, without .npy
  unz64_file_pos position;
  unz_file_info64 info;
};
} // namespace

/// All arrays of an archive, in its order.
static Expected<std::vector<Entry>> listEntries(unzFile archive) {
  std::vector<Entry> entries;
  int status = unzGoToFirstFile(archive);
  for (; status == UNZ_OK; status = unzGoToNextFile(archive)) {
    Entry entry;
    if (unzGetCurrentFileInfo64(archive, &entry.info, nullptr, 0, nullptr, 0, nullptr, 0) != UNZ_OK)
      return makeError("the archive is damaged");
    std::string name(entry.info.size_filename, 0);
    if (unzGetCurrentFileInfo64(archive, &entry.info, name.data(), name.size(), nullptr, 0, nullptr, 0) != UNZ_OK ||
        unzGetFilePos64(archive, &entry.position) != UNZ_OK)
      return makeError("the archive is damaged");
    entry.name = StringRef(name).ends_with(".npy") ? name.substr(0, name.size() - 4) : name;
    entries.push_back(std::move(entry));
  }
  if (status != UNZ_END_OF_LIST_OF_FILE)
    return makeError("the archive is damaged");
  return entries;
}

/// "'a', 'b', 'c'", with the rest of a long list left out.
static std::string namesOf(ArrayRef<Entry> entries) {
  const size_t shown = 5;
  std::vector<std::string> names;
  for (const Entry &entry : entries.take_front(shown))
    names.push_back("'" + fit(entry.name, 40) + "'");
  if (entries.size() > shown)
    names.push_back(std::to_string(entries.size() - shown) + " more");
  return names.empty() ? "none" : join(names, ", ");
}

static Expected<Entry> findEntry(unzFile archive, const res_tensor_info &tensor) {
  Expected<std::vector<Entry>> entries = listEntries(archive);
  if (!entries)
    return entries.takeError();
  auto named = [&](const Entry &entry) { return entry.name == tensor.name; };
  auto found = llvm::find_if(*entries, named);
  if (found == entries->end())
    return makeError("expected an array named '" + Twine(tensor.name) + "', got " + namesOf(*entries));
  if (llvm::count_if(*entries, named) > 1)
    return makeError("expected one array named '" + Twine(tensor.name) + "', got more");
  if (found->info.flag & 1)
    return tensorError("input", tensor, "expected an array in the clear, got an encrypted one");
  if (found->info.compression_method != 0 && found->info.compression_method != Z_DEFLATED)
    return tensorError("input", tensor,
                       "expected a stored or deflated array, got compression method " +
                           Twine(uint64_t(found->info.compression_method)));
  return *found;
}

/// Reads the current entry, whose size is only as true as the archive: deflate gets at most 1032 bytes out of one.
static Expected<InputTensor> readEntry(unzFile archive, const Entry &entry, const res_tensor_info &tensor,
                                       bool allowSlices) {
  uint64_t atMost = SaturatingMultiply<uint64_t>(entry.info.compressed_size, 1032);
  if (entry.info.uncompressed_size > (entry.info.compression_method ? atMost : entry.info.compressed_size))
    return makeError("the archive is damaged");
  uint64_t left = entry.info.uncompressed_size;
  auto read = [&](char *to, size_t count) {
    while (count > 0) {
      int got = unzReadCurrentFile(archive, to, std::min<size_t>(count, 1 << 30));
      if (got <= 0)
        return false;
      to += got;
      count -= got;
      left -= got;
    }
    return true;
  };
  Expected<InputTensor> input = readNpy({read, entry.info.uncompressed_size}, tensor, allowSlices);
  if (input && left > 0)
    return tensorError("input", tensor, "expected nothing after the values, got " + Twine(left) + " bytes");
  return input;
}

Expected<InputTensor> readNpz(const std::string &path, const res_tensor_info &tensor, bool allowSlices) {
  Archive archive(unzOpen64(path.c_str()));
  if (!archive)
    return makeError("expected an .npz archive with arrays, got a file that is empty, damaged or of another kind");
  Expected<Entry> entry = findEntry(archive.get(), tensor);
  if (!entry)
    return entry.takeError();
  if (unzGoToFilePos64(archive.get(), &entry->position) != UNZ_OK || unzOpenCurrentFile(archive.get()) != UNZ_OK)
    return makeError("the archive is damaged");
  Expected<InputTensor> input = readEntry(archive.get(), *entry, tensor, allowSlices);
  int status = unzCloseCurrentFile(archive.get()); // compares the checksum, if all was read
  if (input && status != UNZ_OK)
    return tensorError("input", tensor, "expected values that match the archive's checksum, got others");
  return input;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

namespace {
/// A file in memory, as minizip writes one: front to back, with corrections of what it has written.
struct MemoryFile {
  std::string bytes;
  size_t position = 0;

  static MemoryFile &of(void *opaque) { return *static_cast<MemoryFile *>(opaque); }
  static void *open(void *opaque, const void *, int) { return opaque; }
  static uLong read(void *, void *, void *, uLong) { return 0; }
  static uLong write(void *opaque, void *, const void *from, uLong count) {
    MemoryFile &file = of(opaque);
    file.bytes.resize(std::max<size_t>(file.bytes.size(), file.position + count));
    std::memcpy(file.bytes.data() + file.position, from, count);
    file.position += count;
    return count;
  }
  static ZPOS64_T tell(void *opaque, void *) { return of(opaque).position; }
  static long seek(void *opaque, void *, ZPOS64_T offset, int origin) {
    MemoryFile &file = of(opaque);
    size_t from = origin == ZLIB_FILEFUNC_SEEK_SET   ? 0
                  : origin == ZLIB_FILEFUNC_SEEK_CUR ? file.position
                                                     : file.bytes.size();
    file.position = from + offset;
    return 0;
  }
  static int close(void *, void *) { return 0; }
  static int error(void *, void *) { return 0; }
};
} // namespace

/// Appends one stored entry. Its time is the earliest that zip knows, 1980-01-01 (day, month and year from bit 16 on).
static bool addEntry(zipFile archive, const std::string &name, StringRef content) {
  zip_fileinfo info = {};
  info.dosDate = 1 << 21 | 1 << 16;
  const bool ascii = llvm::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  const unsigned long utf8 = 1 << 11; // the flag that says how a name is encoded
  const bool large = content.size() >= UINT32_MAX;
  if (zipOpenNewFileInZip4_64(archive, name.c_str(), &info, nullptr, 0, nullptr, 0, nullptr, /*method=*/0,
                              /*level=*/0, /*raw=*/0, -MAX_WBITS, DEF_MEM_LEVEL, Z_DEFAULT_STRATEGY,
                              /*password=*/nullptr, /*crcForCrypting=*/0, /*versionMadeBy=*/0, ascii ? 0 : utf8,
                              large) != ZIP_OK)
    return false;
  for (bool done = false; !done; done = content.empty()) {
    StringRef piece = content.take_front(1 << 30);
    if (zipWriteInFileInZip(archive, piece.data(), piece.size()) != ZIP_OK)
      return false;
    content = content.drop_front(piece.size());
  }
  return zipCloseFileInZip(archive) == ZIP_OK;
}

Expected<std::string> writeNpz(ArrayRef<res_tensor_info> tensors, size_t slices, ArrayRef<FloatBuffer> values) {
  MemoryFile file;
  zlib_filefunc64_def functions = {MemoryFile::open, MemoryFile::read,  MemoryFile::write, MemoryFile::tell,
                                   MemoryFile::seek, MemoryFile::close, MemoryFile::error, &file};
  zipFile archive = zipOpen2_64("", APPEND_STATUS_CREATE, nullptr, &functions);
  Error error = archive ? Error::success() : makeError("cannot start an .npz archive");
  for (auto [tensor, buffer] : zip(tensors, values)) {
    if (error)
      break;
    Expected<std::string> content = writeNpy(tensor, slices, buffer);
    if (!content)
      error = content.takeError();
    else if (!addEntry(archive, std::string(tensor.name) + ".npy", *content))
      error = tensorError("output", tensor, "cannot be put into an .npz archive");
  }
  if (archive && zipClose(archive, nullptr) != ZIP_OK && !error)
    error = makeError("cannot finish an .npz archive");
  if (error)
    return error;
  return std::move(file.bytes);
}

} // namespace res
