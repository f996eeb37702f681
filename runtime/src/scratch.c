/* Halide's allocator: a stack in the calling worker's slice of the workspace. No lock, no thread-local storage.
 *
 * Halide frees a block right after its last use, which need not be the last one allocated: a freed block leaves the
 * stack when all above it are free. Each block starts a multiple of RES_ABI_ALIGN, a unit, after the start of the slice
 * and is listed by the number of its first unit. Blocks that find the list full leave the stack together. */
#include "internal.h"

static const uint32_t freed_bit = 1u << 31; /* in the list */

void res_rt_reset_scratch(res_worker *worker) {
  worker->scratch_used = 0;
  worker->block_count = worker->unlisted_count = 0;
}

void res_rt_place_scratch(res_instance *instance, const struct res_abi_scratch *scratch) {
  /* Worker 0 allocates outside and inside of parallel loops: its slice is the shared one and its own, side by side. */
  const uint64_t shared = res_abi_align(scratch->shared_bytes), own = res_abi_align(scratch->worker_bytes);
  char *start = instance->arena + res_abi_scratch_offset(scratch, (uint32_t)instance->threads);
  for (int32_t i = 0; i < instance->threads; ++i) {
    res_worker *worker = &instance->workers[i];
    worker->scratch = i ? start + shared + (uint64_t)i * own : start;
    worker->scratch_bytes = i ? own : shared + own;
  }
}

/* Null when the slice is full, which the compiler's sizes rule out: kernels do not check. */
void *halide_malloc(void *context, size_t bytes) {
  res_worker *self = context;
  bytes = bytes ? bytes : 1; /* no two blocks at one address */
  if (bytes > self->scratch_bytes - self->scratch_used) /* whole units both, so what fits also fits rounded up */
    return 0;
  uint64_t start = self->scratch_used;
  uint32_t unit = (uint32_t)(start / RES_ABI_ALIGN);
  self->scratch_used += res_abi_align(bytes);
  if (!self->unlisted_count && self->block_count < RES_ABI_SCRATCH_BLOCKS)
    self->blocks[self->block_count++] = unit;
  else if (!self->unlisted_count++)
    self->first_unlisted = unit;
  return self->scratch + start;
}

void halide_free(void *context, void *memory) {
  res_worker *self = context;
  if (!memory)
    return;
  uint32_t unit = (uint32_t)((uint64_t)((char *)memory - self->scratch) / RES_ABI_ALIGN);
  uint32_t i = self->block_count;
  while (i > 0 && self->blocks[i - 1] != unit)
    --i;
  if (i > 0)
    self->blocks[i - 1] |= freed_bit;
  else if (!--self->unlisted_count)
    self->scratch_used = (uint64_t)self->first_unlisted * RES_ABI_ALIGN;
  if (self->unlisted_count)
    return;
  while (self->block_count > 0 && self->blocks[self->block_count - 1] & freed_bit)
    self->scratch_used = (uint64_t)(self->blocks[--self->block_count] & ~freed_bit) * RES_ABI_ALIGN;
}
