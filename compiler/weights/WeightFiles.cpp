//===- WeightFiles.cpp - files that hold weights ----------------*- C++ -*-===//
//
// Maps the files that res.weight names, each once and read-only.
//
//===----------------------------------------------------------------------===//

#include "compiler/weights/WeightFiles.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace res;

Expected<ArrayRef<char>> WeightFiles::read(StringRef weight, StringRef file, uint64_t offset, uint64_t bytes) {
  auto fail = [&](const Twine &reason) { return createStringError("weight '" + weight + "': " + reason); };
  MemoryBuffer *buffer;
  {
    std::lock_guard<std::mutex> lock(mutex);
    std::unique_ptr<MemoryBuffer> &slot = buffers[file];
    if (!slot) {
      SmallString<256> path(file);
      if (!sys::path::is_absolute(path)) {
        path = baseFolder;
        sys::path::append(path, file);
      }
      // Without a terminator to provide, anything larger than a few pages is mapped and not copied.
      auto opened = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
      if (!opened)
        return fail("cannot read file '" + path + "': " + opened.getError().message());
      slot = std::move(*opened);
    }
    buffer = slot.get();
  }
  // Written so that it cannot overflow, whatever the IR says.
  uint64_t size = buffer->getBufferSize();
  if (offset > size || bytes > size - offset)
    return fail("expected " + Twine(bytes) + " bytes at offset " + Twine(offset) + " of file '" + file +
                "', got a file of " + Twine(size) + " bytes");
  return ArrayRef<char>(buffer->getBufferStart() + offset, bytes);
}
