//===- ElfObject.h - data as a relocatable object ---------------*- C++ -*-===//

#ifndef RES_COMPILER_LINK_ELFOBJECT_H
#define RES_COMPILER_LINK_ELFOBJECT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace res {

/// Writes an ELF object of two read-only sections: `.rodata.weights`, 64-byte aligned, under the hidden symbol
/// `res_weights`, which `fill` fills in place in the mapped file; and `.note.resc` with the text of the manifest. Assemblers
/// and objcopy need 3 to 10 times as long for the same and a copy in memory. `arch`: "x86_64" or "aarch64".
llvm::Error writeDataObject(llvm::StringRef path, llvm::StringRef arch, uint64_t weightsBytes,
                            llvm::function_ref<llvm::Error(llvm::MutableArrayRef<char>)> fill, llvm::StringRef manifest);

} // namespace res

#endif // RES_COMPILER_LINK_ELFOBJECT_H
