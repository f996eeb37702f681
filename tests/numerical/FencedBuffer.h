//===- FencedBuffer.h - memory with fences around it ------------*- C++ -*-===//
//
// A buffer that touches a page which nobody may read or write, so that an access beyond it ends the process.
//
//===----------------------------------------------------------------------===//

#ifndef RES_TESTS_NUMERICAL_FENCEDBUFFER_H
#define RES_TESTS_NUMERICAL_FENCEDBUFFER_H

#include "llvm/ADT/ArrayRef.h"

#include <cstddef>

namespace res {

class FencedBuffer {
public:
  /// The side that touches the fence. `back` aligns the buffer to nothing but its size, `front` to a page.
  enum class Edge { front, back };

  FencedBuffer(size_t bytes, Edge edge);
  FencedBuffer(FencedBuffer &&other);
  ~FencedBuffer();

  void *data() const { return start; }
  size_t size() const { return bytes; }
  llvm::MutableArrayRef<float> floats() const { return {static_cast<float *>(data()), bytes / sizeof(float)}; }
  /// Fills the buffer with 0xff bytes: NaN as floats, and no valid pointer or offset.
  void poison() const;
  /// The bytes between the other side and its fence are as they were.
  bool isIntact() const;

private:
  char *pages;
  size_t pagesBytes;
  char *start;
  size_t bytes;
};

} // namespace res

#endif // RES_TESTS_NUMERICAL_FENCEDBUFFER_H
