//===- CountAllocations.h - allocations of all threads ----------*- C++ -*-===//
//
// For one source file of an executable. The definitions come before libc's, for loaded libraries, too; under the
// address sanitizer, which has definitions of its own, its hook counts.
//
//===----------------------------------------------------------------------===//

#ifndef RES_TESTS_COUNTALLOCATIONS_H
#define RES_TESTS_COUNTALLOCATIONS_H

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

static std::atomic<long> allocations{0};

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RES_COUNTED_BY_HOOK
#endif
#endif

#ifdef RES_COUNTED_BY_HOOK
#include <sanitizer/allocator_interface.h>

static const int hookIsInstalled = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void *, size_t) { ++allocations; }, [](const volatile void *) {});
#else
extern "C" {
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

void *malloc(size_t bytes) { return ++allocations, __libc_malloc(bytes); }
void *calloc(size_t count, size_t bytes) { return ++allocations, __libc_calloc(count, bytes); }
void *realloc(void *memory, size_t bytes) { return ++allocations, __libc_realloc(memory, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) { return ++allocations, __libc_memalign(alignment, bytes); }
int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  ++allocations;
  return (*memory = __libc_memalign(alignment, bytes)) ? 0 : ENOMEM;
}
}
#endif

#endif // RES_TESTS_COUNTALLOCATIONS_H
