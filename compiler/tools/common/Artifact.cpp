//===- Artifact.cpp - compiled libraries on disk and in memory --*- C++ -*-===//

#include "compiler/tools/common/Artifact.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>
#include <tuple>

#include <dlfcn.h>

using namespace llvm;

namespace res {

//===----------------------------------------------------------------------===//
// Finding the note
//===----------------------------------------------------------------------===//

/// Copies a structure out of the file, if it lies within.
template <typename T>
static bool readAt(StringRef image, uint64_t offset, T &value) {
  if (image.size() < sizeof(T) || offset > image.size() - sizeof(T))
    return false;
  std::memcpy(&value, image.data() + offset, sizeof(T));
  return true;
}

static Error cutShort(uint64_t expected, StringRef image) {
  return makeError("is cut short: expected at least " + Twine(expected) + " bytes, got " + Twine(image.size()));
}

/// The header of a 64-bit little-endian shared library.
static Expected<ELF::Elf64_Ehdr> readHeader(StringRef image) {
  if (image.empty())
    return makeError("is empty");
  if (!image.starts_with(StringRef(ELF::ElfMagic, 4)))
    return makeError("expected a library made by 'resc compile', got a file that is not ELF");
  ELF::Elf64_Ehdr header;
  if (!readAt(image, 0, header))
    return cutShort(sizeof header, image);
  if (header.e_ident[ELF::EI_CLASS] != ELF::ELFCLASS64 || header.e_ident[ELF::EI_DATA] != ELF::ELFDATA2LSB ||
      header.e_type != ELF::ET_DYN || header.e_phentsize != sizeof(ELF::Elf64_Phdr))
    return makeError("expected a 64-bit little-endian shared library, got another kind of ELF file");
  uint64_t sectionTableEnd = SaturatingAdd<uint64_t>(header.e_shoff, uint64_t(header.e_shnum) * header.e_shentsize);
  if (sectionTableEnd > image.size())
    return cutShort(sectionTableEnd, image);
  return header;
}

/// The first note of ours among those of one segment. Owner and content are padded to the segment's alignment.
static std::optional<std::pair<unsigned, StringRef>> findOwnNote(StringRef notes, uint64_t alignment) {
  ELF::Elf64_Nhdr note;
  StringRef owner(RES_ABI_NOTE_OWNER, sizeof RES_ABI_NOTE_OWNER); // its zero is part of it
  alignment = alignment == 8 ? 8 : 4;
  for (uint64_t offset = 0; readAt(notes, offset, note);) {
    uint64_t ownerAt = offset + sizeof note;
    uint64_t contentAt = alignTo(ownerAt + note.n_namesz, alignment);
    if (contentAt > notes.size() || note.n_descsz > notes.size() - contentAt)
      break;
    if (notes.substr(ownerAt, note.n_namesz) == owner)
      return std::make_pair(unsigned(note.n_type), notes.substr(contentAt, note.n_descsz));
    offset = alignTo(contentAt + note.n_descsz, alignment);
  }
  return std::nullopt;
}

/// The processor family and the manifest. Every segment has to lie within the file, so a library that lost its end is
/// found here and not by a crash while it runs.
static Expected<std::pair<unsigned, StringRef>> findManifest(StringRef image) {
  Expected<ELF::Elf64_Ehdr> header = readHeader(image);
  if (!header)
    return header.takeError();
  std::optional<std::pair<unsigned, StringRef>> found;
  for (unsigned i = 0; i < header->e_phnum; ++i) {
    ELF::Elf64_Phdr segment;
    uint64_t offset = SaturatingAdd<uint64_t>(header->e_phoff, i * sizeof segment);
    if (!readAt(image, offset, segment))
      return cutShort(SaturatingAdd<uint64_t>(offset, sizeof segment), image);
    uint64_t end = SaturatingAdd<uint64_t>(segment.p_offset, segment.p_filesz);
    if (end > image.size())
      return cutShort(end, image);
    if (segment.p_type == ELF::PT_NOTE && !found)
      found = findOwnNote(image.substr(segment.p_offset, segment.p_filesz), segment.p_align);
  }
  if (!found)
    return makeError("expected a library made by 'resc compile', got another shared library");
  auto [version, text] = *found;
  if (version != RES_ABI_VERSION)
    return makeError("expected ABI version " + Twine(RES_ABI_VERSION) + ", got " + Twine(version) +
                     "; compile the model again with this resc");
  return std::make_pair(unsigned(header->e_machine), text.rtrim('\0'));
}

Expected<Artifact> Artifact::open(StringRef path) {
  auto prefixed = [&](const Twine &message) { return makeError("'" + path + "': " + message); };
  sys::fs::file_status status;
  if (std::error_code error = sys::fs::status(path, status))
    return makeError("cannot open '" + path + "': " + errorText(error));
  if (sys::fs::is_directory(status))
    return prefixed("expected a library made by 'resc compile', got a directory");
  if (!sys::fs::is_regular_file(status))
    return prefixed("expected a library made by 'resc compile', got a special file");
  if (path.ends_with(".onnx") || path.ends_with(".mlir"))
    return prefixed("expected a library made by 'resc compile', got a model: compile it first");
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeError("cannot open '" + path + "': " + errorText(buffer.getError()));
  auto found = findManifest((*buffer)->getBuffer());
  if (!found)
    return prefixed(toString(found.takeError()));
  Artifact artifact;
  artifact.name = path.str();
  artifact.image = std::move(*buffer);
  std::tie(artifact.machine, artifact.text) = *found;
  return artifact;
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

Expected<const res_model *> loadModel(const Artifact &artifact) {
#if defined(__aarch64__)
  constexpr unsigned hostMachine = ELF::EM_AARCH64;
#else
  constexpr unsigned hostMachine = ELF::EM_X86_64;
#endif
  if (artifact.elfMachine() != hostMachine)
    return makeError("'" + artifact.path() + "': expected a library for this processor, got one for another family");
  // A name without a slash would be searched for among the system's libraries.
  SmallString<256> file;
  if (std::error_code error = sys::fs::real_path(artifact.path(), file))
    return makeError("cannot open '" + artifact.path() + "': " + errorText(error));
  void *library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return makeError("'" + artifact.path() + "': cannot load: " + asClause(dlerror()));
  auto getModel = reinterpret_cast<res_get_model_function>(dlsym(library, "res_get_model"));
  if (!getModel)
    return makeError("'" + artifact.path() + "': expected a function 'res_get_model', got none");
  const res_model *model = getModel();
  if (model->abi_version != RES_ABI_VERSION ||
      !is_contained({offsetof(res_model, run_batch), sizeof(res_model)}, model->struct_bytes))
    return makeError("'" + artifact.path() + "': expected ABI version " + Twine(RES_ABI_VERSION) + ", got " +
                     Twine(model->abi_version) + "; compile the model again with this resc");
  return model;
}

res_status openInstance(const res_model &model, unsigned threads, Instance &instance, unsigned spinMicroseconds) {
  res_options options = {};
  options.struct_bytes = sizeof options;
  options.threads = threads;
  options.spin_microseconds = spinMicroseconds;
  res_instance *opened = nullptr;
  res_status status = model.open(&model, &options, &opened);
  instance = Instance(opened, InstanceCloser{&model});
  return status;
}

int reportStatus(const Artifact &artifact, const res_model &model, res_status status) {
  std::string message = "'" + artifact.path() + "': " + asClause(model.status_text(status));
  switch (status) {
  case RES_ERROR_PROCESSOR:
    return reportFault(message + " (target " + model.target + ")");
  case RES_ERROR_MEMORY:
  case RES_ERROR_THREADS:
    return reportFault(message);
  default:
    return reportBug(message);
  }
}

} // namespace res
