/* Prefetching of weights that kernels will read soon. */
#include "internal.h"

/* Asks for `lines` cache lines from line `start` on of what a halide_buffer_t describes, and for as many of each of the
 * `count` - 1 pieces that follow at a distance of `stride` lines. Kernels call it once per register tile; the value goes into
 * the tile's accumulators. A prefetch never faults. */
float res_rt_prefetch(const void *buffer, int32_t start, int32_t stride, int32_t count, int32_t lines) {
  enum { HOST_OFFSET = 16, LINE = 64 }; /* of halide_buffer_t; bytes */
  const char *host = *(const char *const *)((const char *)buffer + HOST_OFFSET);
  for (int32_t piece = 0; piece < count; ++piece) {
    const char *line = host + ((int64_t)start + (int64_t)piece * stride) * LINE;
    for (int32_t i = 0; i < lines; ++i, line += LINE)
      __builtin_prefetch(line, 0, 3);
  }
  return 0;
}
