/* Which of the instruction sets that a model may need this processor has and the operating system saves. */
#include "internal.h"

#if defined(__x86_64__)

struct cpuid {
  uint32_t a, b, c, d;
};

static struct cpuid cpuid(uint32_t leaf) {
  struct cpuid r;
  __asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(0));
  return r;
}

static bool all(uint32_t word, uint32_t bits) { return (word & bits) == bits; }

uint32_t res_rt_isa(void) {
  const uint32_t fma = 1u << 12, osxsave = 1u << 27, avx = 1u << 28, f16c = 1u << 29;
  const uint32_t avx2 = 1u << 5, avx512 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31; /* F DQ CD BW VL */
  const uint32_t ymm_state = 0x6, zmm_state = 0xe6; /* of XCR0: SSE and AVX; opmask and both halves of ZMM as well */
  if (cpuid(0).a < 7 || !all(cpuid(1).c, fma | osxsave | avx | f16c))
    return 0;
  uint32_t state, high;
  __asm__ volatile("xgetbv" : "=a"(state), "=d"(high) : "c"(0));
  uint32_t features = cpuid(7).b;
  if (!all(state, ymm_state) || !all(features, avx2))
    return 0;
  return RES_ABI_ISA_AVX2 | (all(state, zmm_state) && all(features, avx512) ? RES_ABI_ISA_AVX512 : 0);
}

#else

/* AArch64 has NEON and FMA throughout; the bits are of x86 only. */
uint32_t res_rt_isa(void) { return ~0u; }

#endif
