/* What the compiler and the runtime in a compiled library agree on; not for users. Changes with RES_ABI_VERSION. */
#ifndef RES_ABI_H
#define RES_ABI_H

#include "res/runtime.h"

/* One kernel call: fills the kernel's buffer descriptors and calls it. `worker` is the context of the calling worker,
 * which Halide hands on as user_context. Returns 0, or what a failed parallel loop returned. */
typedef int32_t (*res_abi_step)(const void *const *inputs, void *const *outputs, char *arena, void *worker);

/* Instruction sets, as bits: a program runs where all of its bits are present. On AArch64 there are none. */
enum { RES_ABI_ISA_AVX2 = 1 /* with FMA and F16C */, RES_ABI_ISA_AVX512 = 2 /* F, BW, VL, DQ and CD */ };

/* Where a step has its scratch: between or above what is live in the arena then, first the shared part, then that of each
 * worker. Offsets are from the start of the arena, and multiples of RES_ABI_ALIGN. */
struct res_abi_scratch {
  uint64_t offset;       /* for up to `fits` threads */
  uint64_t fits;
  uint64_t above;        /* for more */
  uint64_t shared_bytes; /* as in res_abi_program, of this step */
  uint64_t worker_bytes;
};

/* Emitted by the compiler as constant data, in this order of fields. */
struct res_abi_program {
  const res_abi_step *steps;     /* step_count (below) of them */
  uint64_t arena_bytes;          /* all tensors between kernels, offsets are multiples of 64 */
  uint64_t shared_scratch_bytes; /* scratch allocated outside parallel loops, by the calling worker */
  uint64_t worker_scratch_bytes; /* scratch allocated inside parallel loops, by every worker; each is the most that a
                                  * kernel needs: the sum of its blocks, rounded up to RES_ABI_ALIGN each */
  uint32_t isa;                  /* RES_ABI_ISA_ bits */
  uint32_t turns;                /* times that all steps run for an inference, each for a part of the batch; 0 is one. Their
                                  * inputs and outputs are those of the whole batch, and res_rt_turn tells which part it is */
  const struct res_abi_program *otherwise; /* the same for processors that lack some of `isa`, or null: the first program
                                            * that an instance can run is its program. All agree in sizes and scratch */
  const struct res_abi_scratch *scratch; /* step_count of them, or null: behind the arena, of the sizes above */
  uint64_t step_count;
  uint64_t images;                       /* of a model of any batch: in a turn, there are as many turns as a call needs; or 0 */
  const struct res_abi_program *larger;  /* for more images in a turn, which takes what it can of a batch before this
                                          * program takes the rest, image by image; or null. Its steps count behind those
                                          * of this program, its `otherwise` and `larger` mean nothing */
};

/* Workspace, in order: the instance's own state, one context per worker, arena, shared scratch, worker scratch; or, where
 * steps have scratch of their own, the arena and as much behind it as the scratch of any step needs.
 * Each part is rounded up to RES_ABI_ALIGN, so parts of different workers never share a cache line pair. */
#define RES_ABI_ALIGN 128u
#define RES_ABI_INSTANCE_BYTES 1024u
#define RES_ABI_WORKER_BYTES 256u
#define RES_ABI_MAX_THREADS 256
/* Blocks of scratch that a worker tells apart. Those above this many at once are reused only when all of them are free:
 * a kernel that allocates them in a loop may need more than the sum of its blocks. */
#define RES_ABI_SCRATCH_BLOCKS 16u
static inline uint64_t res_abi_align(uint64_t bytes) {
  return (bytes + RES_ABI_ALIGN - 1) / RES_ABI_ALIGN * RES_ABI_ALIGN;
}
static inline uint64_t res_abi_workspace_bytes(uint64_t arena, uint64_t shared_scratch, uint64_t worker_scratch,
                                               uint32_t threads) {
  return RES_ABI_INSTANCE_BYTES + res_abi_align(arena) + res_abi_align(shared_scratch) +
         threads * (RES_ABI_WORKER_BYTES + res_abi_align(worker_scratch));
}

static inline uint64_t res_abi_scratch_offset(const struct res_abi_scratch *scratch, uint32_t threads) {
  return threads <= scratch->fits ? scratch->offset : scratch->above;
}
/* From the start of the arena to the end of a step's scratch. */
static inline uint64_t res_abi_step_bytes(const struct res_abi_scratch *scratch, uint32_t threads) {
  return res_abi_scratch_offset(scratch, threads) + res_abi_align(scratch->shared_bytes) + threads * res_abi_align(scratch->worker_bytes);
}

/* The library describes itself in an ELF note: section RES_ABI_NOTE_SECTION, owner RES_ABI_NOTE_OWNER, type
 * RES_ABI_VERSION, content a JSON object in UTF-8. Reading it never executes the library. */
#define RES_ABI_NOTE_SECTION ".note.resc"
#define RES_ABI_NOTE_OWNER "resc"

#endif
