//===- FencedBuffer.cpp - memory with fences around it ----------*- C++ -*-===//

#include "tests/numerical/FencedBuffer.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>
#include <sys/mman.h>

using namespace res;

static constexpr size_t kPage = 4096;
static constexpr char kGuard = 0x5a;

FencedBuffer::FencedBuffer(size_t bytes, Edge edge) : bytes(bytes) {
  // The middle always has a byte of guard, so that the other side is watched, too.
  size_t middle = llvm::alignTo(bytes + 1, kPage);
  pagesBytes = middle + 2 * kPage;
  void *mapped = mmap(nullptr, pagesBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED || mprotect(static_cast<char *>(mapped) + kPage, middle, PROT_READ | PROT_WRITE))
    llvm::report_fatal_error("no memory for a buffer");
  pages = static_cast<char *>(mapped);
  std::memset(pages + kPage, kGuard, middle);
  start = pages + kPage + (edge == Edge::front ? 0 : middle - bytes);
  poison();
}

FencedBuffer::FencedBuffer(FencedBuffer &&other)
    : pages(other.pages), pagesBytes(other.pagesBytes), start(other.start), bytes(other.bytes) {
  other.pages = nullptr;
}

FencedBuffer::~FencedBuffer() {
  if (pages)
    munmap(pages, pagesBytes);
}

void FencedBuffer::poison() const { std::memset(start, 0xff, bytes); }

bool FencedBuffer::isIntact() const {
  for (const char *at = pages + kPage; at < pages + pagesBytes - kPage; ++at)
    if ((at < start || at >= start + bytes) && *at != kGuard)
      return false;
  return true;
}
