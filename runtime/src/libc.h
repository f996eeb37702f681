/* Every name of libc that the runtime uses, declared by hand: it is compiled for any target without a sysroot. A
 * library may refer to nothing else; memcpy, memmove and memset also because compilers emit calls to them. */
#ifndef RES_RUNTIME_LIBC_H
#define RES_RUNTIME_LIBC_H

#include <stddef.h>
#include <stdint.h>

/* All of these are the same on x86-64 and AArch64. */
enum {
  RES_O_RDONLY_CLOEXEC = 0x80000,
  RES_CLOCK_MONOTONIC = 1,
  RES_FUTEX_WAIT_PRIVATE = 128,
  RES_FUTEX_WAKE_PRIVATE = 129
};
#if defined(__x86_64__)
enum { RES_SYS_FUTEX = 202, RES_SYS_SCHED_YIELD = 24 };
#elif defined(__aarch64__)
enum { RES_SYS_FUTEX = 98, RES_SYS_SCHED_YIELD = 124 };
#else
#error "the runtime knows x86-64 and AArch64"
#endif

struct timespec {
  long tv_sec, tv_nsec;
};
/* glibc's pthread_t is an unsigned long and musl's a pointer: either is one register wide. */
typedef uintptr_t res_pthread;

void *memset(void *to, int value, size_t bytes);
void *aligned_alloc(size_t alignment, size_t bytes);
void free(void *memory);
long syscall(long number, ...);
int clock_gettime(int clock, struct timespec *time);
int sched_getaffinity(int process, size_t bytes, void *mask);
int open(const char *path, int flags, ...);
ptrdiff_t read(int file, void *to, size_t bytes);
int close(int file);

/* Weak: before glibc 2.34 they are not in libc itself, and a process that did not load libpthread gets one thread. */
__attribute__((weak)) int pthread_create(res_pthread *thread, const void *attributes, void *(*start)(void *),
                                         void *argument);
__attribute__((weak)) int pthread_join(res_pthread thread, void **result);

/* Nanoseconds of a clock that never jumps. The vdso answers: no system call where the kernel's clock source is usable
 * from user space. */
static inline uint64_t res_now(void) {
  struct timespec now;
  clock_gettime(RES_CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
