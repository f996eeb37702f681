//===- ElfObject.cpp - data as a relocatable object -------------*- C++ -*-===//
//
// The layout of an ELF64 relocatable file: header, sections, section headers (System V ABI, chapter 4).
//
//===----------------------------------------------------------------------===//

#include "compiler/link/ElfObject.h"

#include "res/abi.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>
#include <fcntl.h>

using namespace llvm::ELF;

namespace {
enum Section { kNull, kWeights, kNote, kSymbols, kStrings, kSectionNames, kStack, kSectionCount };
} // namespace

// Names are offsets into this table; adjacent literals keep each name with its terminator.
static constexpr char kNames[] = "\0.rodata.weights\0" RES_ABI_NOTE_SECTION "\0.symtab\0.strtab\0.shstrtab\0.note.GNU-stack";
static constexpr char kSymbolNames[] = "\0res_weights";

static Elf64_Word nameOffset(llvm::StringRef name) {
  return llvm::StringRef(kNames, sizeof(kNames)).find(std::string(1, '\0') + name.str() + std::string(1, '\0')) + 1;
}

/// {size of the owner, size of the text, type}, owner and text padded to 4 bytes.
static std::string makeNote(llvm::StringRef text) {
  const llvm::StringRef owner(RES_ABI_NOTE_OWNER, sizeof(RES_ABI_NOTE_OWNER)); // with its terminator
  const uint32_t header[3] = {uint32_t(owner.size()), uint32_t(text.size()), RES_ABI_VERSION};
  std::string note(reinterpret_cast<const char *>(header), sizeof(header));
  for (llvm::StringRef part : {owner, text}) {
    note += part;
    note.resize(llvm::alignTo(note.size(), 4), '\0');
  }
  return note;
}

/// Creates a file of `size` bytes and maps it. Its blocks are reserved first: writing to a mapped file that the disk
/// has no room for ends the process.
static llvm::Expected<llvm::sys::fs::mapped_file_region> createMapped(llvm::StringRef path, uint64_t size) {
  using llvm::sys::fs::mapped_file_region;
  int descriptor;
  if (std::error_code error = llvm::sys::fs::openFileForReadWrite(path, descriptor, llvm::sys::fs::CD_CreateAlways,
                                                                  llvm::sys::fs::OF_None))
    return llvm::createFileError(path, error);
  std::error_code error(posix_fallocate(descriptor, 0, size), std::generic_category());
  mapped_file_region region;
  if (!error)
    region = mapped_file_region(descriptor, mapped_file_region::readwrite, size, 0, error);
  llvm::sys::fs::file_t file = descriptor;
  llvm::sys::fs::closeFile(file);
  if (error)
    return llvm::createFileError(path, error);
  return region;
}

llvm::Error res::writeDataObject(llvm::StringRef path, llvm::StringRef arch, uint64_t weightsBytes,
                                 llvm::function_ref<llvm::Error(llvm::MutableArrayRef<char>)> fill,
                                 llvm::StringRef manifest) {
  const std::string note = makeNote(manifest);
  Elf64_Sym symbols[2] = {};
  symbols[1].st_name = 1;
  symbols[1].setBindingAndType(STB_GLOBAL, STT_OBJECT);
  symbols[1].st_other = STV_HIDDEN;
  symbols[1].st_shndx = kWeights;
  symbols[1].st_size = weightsBytes;

  Elf64_Shdr headers[kSectionCount] = {};
  uint64_t end = sizeof(Elf64_Ehdr);
  auto place = [&](Section section, llvm::StringRef name, uint32_t type, uint64_t flags, uint64_t size, uint64_t align) {
    Elf64_Shdr &header = headers[section];
    end = llvm::alignTo(end, align);
    header.sh_name = nameOffset(name), header.sh_type = type, header.sh_flags = flags;
    header.sh_offset = end, header.sh_size = size, header.sh_addralign = align;
    end += size;
  };
  place(kWeights, ".rodata.weights", SHT_PROGBITS, SHF_ALLOC, weightsBytes, 64);
  place(kNote, RES_ABI_NOTE_SECTION, SHT_NOTE, SHF_ALLOC, note.size(), 4);
  place(kSymbols, ".symtab", SHT_SYMTAB, 0, sizeof(symbols), 8);
  headers[kSymbols].sh_link = kStrings, headers[kSymbols].sh_info = 1, headers[kSymbols].sh_entsize = sizeof(Elf64_Sym);
  place(kStrings, ".strtab", SHT_STRTAB, 0, sizeof(kSymbolNames), 1);
  place(kSectionNames, ".shstrtab", SHT_STRTAB, 0, sizeof(kNames), 1);
  place(kStack, ".note.GNU-stack", SHT_PROGBITS, 0, 0, 1); // says: no executable stack

  Elf64_Ehdr file = {};
  std::memcpy(file.e_ident, ElfMagic, 4);
  file.e_ident[EI_CLASS] = ELFCLASS64, file.e_ident[EI_DATA] = ELFDATA2LSB, file.e_ident[EI_VERSION] = EV_CURRENT;
  file.e_type = ET_REL, file.e_machine = arch == "aarch64" ? EM_AARCH64 : EM_X86_64, file.e_version = EV_CURRENT;
  file.e_ehsize = sizeof(file), file.e_shentsize = sizeof(Elf64_Shdr);
  file.e_shnum = kSectionCount, file.e_shstrndx = kSectionNames;
  file.e_shoff = llvm::alignTo(end, 8);

  auto region = createMapped(path, file.e_shoff + sizeof(headers));
  if (!region)
    return region.takeError();
  char *start = region->data();
  auto write = [&](Section section, const void *data) {
    std::memcpy(start + headers[section].sh_offset, data, headers[section].sh_size);
  };
  std::memcpy(start, &file, sizeof(file));
  if (llvm::Error error = fill({start + headers[kWeights].sh_offset, weightsBytes}))
    return error;
  write(kNote, note.data());
  write(kSymbols, symbols);
  write(kStrings, kSymbolNames);
  write(kSectionNames, kNames);
  std::memcpy(start + file.e_shoff, headers, sizeof(headers));
  return llvm::Error::success();
}
