/* A stand-in for a compiled library: implements the ABI by hand, so that the driver is tested without the compiler.
 *
 * -DVARIANT:      input 'data' 2x3x2x2, output 'prob' 2x5 with prob[b][k] = 2 * data[b].flat[k] - k.
 * -DVARIANT_ANY:  the same, with any batch.
 * -DVARIANT_TWO:  inputs 'left' and 'right' 1x4, outputs 'sum' 1x4 (left + right) and 'maps' 1x2x2x1 (left - right).
 * -DVARIANT_RGB:  input 'image' 1x3x6x8, output 'copy' of the same shape and values.
 * -DVARIANT_GRAY: the same with 1x1x6x8. Both have the description (the note) of -DVARIANT.
 * By its description the work of conv1 is nothing, that of conv2 bytes and that of fc multiply-adds.
 * FAKE_OPEN_STATUS and FAKE_RUN_STATUS in the environment make open and run fail with that res_status.
 */
#define _POSIX_C_SOURCE 199309L /* clock_gettime */

#include "res/abi.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Turned into a string twice: once as the JSON text, once more as the literal that the assembler reads. */
#define TEXT(...) #__VA_ARGS__
#define QUOTED(text) TEXT(text)

#ifdef VARIANT_GRAY
#define CHANNELS 1
#else
#define CHANNELS 3
#endif

#ifdef VARIANT_TWO
static const int64_t row_shape[] = {1, 4}, maps_shape[] = {1, 2, 2, 1};
static const res_tensor_info inputs[] = {{"left", row_shape, 16, 2, RES_F32}, {"right", row_shape, 16, 2, RES_F32}};
static const res_tensor_info outputs[] = {{"sum", row_shape, 16, 2, RES_F32}, {"maps", maps_shape, 16, 4, RES_F32}};
#define MANIFEST_TENSORS                                                                                               \
  "\"inputs\":[{\"name\":\"left\",\"type\":\"f32\",\"shape\":[1,4],\"bytes\":16},"                                     \
  "{\"name\":\"right\",\"type\":\"f32\",\"shape\":[1,4],\"bytes\":16}],"                                               \
  "\"outputs\":[{\"name\":\"sum\",\"type\":\"f32\",\"shape\":[1,4],\"bytes\":16},"                                     \
  "{\"name\":\"maps\",\"type\":\"f32\",\"shape\":[1,2,2,1],\"bytes\":16}],"
#else
#if defined(VARIANT_RGB) || defined(VARIANT_GRAY)
static const int64_t image_shape[] = {1, CHANNELS, 6, 8};
static const res_tensor_info inputs[] = {{"image", image_shape, CHANNELS * 6 * 8 * 4, 4, RES_F32}};
static const res_tensor_info outputs[] = {{"copy", image_shape, CHANNELS * 6 * 8 * 4, 4, RES_F32}};
#elif defined(VARIANT_ANY)
static const int64_t data_shape[] = {-1, 3, 2, 2}, prob_shape[] = {-1, 5};
static const res_tensor_info inputs[] = {{"data", data_shape, 48, 4, RES_F32}};
static const res_tensor_info outputs[] = {{"prob", prob_shape, 20, 2, RES_F32}};
#define MANIFEST_TENSORS                                                                                               \
  "\"inputs\":[{\"name\":\"data\",\"type\":\"f32\",\"shape\":[-1,3,2,2],\"bytes\":48}],"                               \
  "\"outputs\":[{\"name\":\"prob\",\"type\":\"f32\",\"shape\":[-1,5],\"bytes\":20}],"
#else
static const int64_t data_shape[] = {2, 3, 2, 2}, prob_shape[] = {2, 5};
static const res_tensor_info inputs[] = {{"data", data_shape, 96, 4, RES_F32}};
static const res_tensor_info outputs[] = {{"prob", prob_shape, 40, 2, RES_F32}};
#endif
#ifndef MANIFEST_TENSORS
#define MANIFEST_TENSORS                                                                                               \
  "\"inputs\":[{\"name\":\"data\",\"type\":\"f32\",\"shape\":[2,3,2,2],\"bytes\":96}],"                                \
  "\"outputs\":[{\"name\":\"prob\",\"type\":\"f32\",\"shape\":[2,5],\"bytes\":40}],"
#endif
#endif

#define MANIFEST                                                                                                       \
  "{\"abi_version\":1,\"name\":\"fake\",\"compiler\":\"resc 0.1.0\",\"model_hash\":\"0123abcd\","                      \
  "\"target\":\"x86-64-v3\",\"math\":\"strict\"," MANIFEST_TENSORS                                                     \
  "\"parameters\":1000,\"weights_bytes\":4096,\"arena_bytes\":1100,\"arena_lower_bound_bytes\":1000,"                  \
  "\"scratch_shared_bytes\":128,\"scratch_worker_bytes\":256,\"workspace_bytes\":{\"1\":2944,\"2\":3456,\"16\":10624},"\
  "\"macs\":3000,"                                                                                                     \
  "\"kernels\":[{\"name\":\"res_f32_conv3x3_s1_relu\",\"op\":\"conv\",\"layer\":\"3x3s1 3-8@2\","                      \
  "\"algorithm\":\"winograd2\",\"operations\":[\"conv\",\"relu\"],"                                                    \
  "\"inputs\":[\"2x3x2x2xf32\"],\"outputs\":[\"2x8x2x2xf32\"],\"schedule\":\"tile 2x4\","                              \
  "\"scratch\":[0,256],\"macs\":1000,\"executed_macs\":250,\"calls\":2},"                                              \
  "{\"name\":\"res_f32_gemm\",\"op\":\"gemm\",\"layer\":\"gemm 8-5\",\"algorithm\":\"dense\","                         \
  "\"operations\":[\"gemm\"],\"inputs\":[\"2x8xf32\"],\"outputs\":[\"2x5xf32\"],\"schedule\":\"\","                    \
  "\"scratch\":[128,0],\"macs\":1000,\"executed_macs\":50000000,\"calls\":1}],"                                        \
  "\"steps\":[{\"node\":\"/layer1/conv1\",\"nodes\":[\"/layer1/conv1\",\"/layer1/relu1\"],\"reads\":[-1],\"kernel\":0,"\
  "\"op\":\"conv\",\"macs\":1000,\"bytes\":64},"                                                                       \
  "{\"node\":\"/layer1/conv2\",\"nodes\":[\"/layer1/conv2\",\"/relu2\"],\"reads\":[0],\"kernel\":0,\"op\":\"conv\","   \
  "\"macs\":1000,\"bytes\":8000000},"                                                                                  \
  "{\"node\":\"/fc\",\"nodes\":[\"/fc\"],\"reads\":[1,0],\"kernel\":1,\"op\":\"gemm\",\"macs\":1000,\"bytes\":64}],"   \
  "\"memory_map\":[{\"name\":\"/layer1/conv1\",\"offset\":0,\"bytes\":64,\"first_step\":0,\"last_step\":2}]}"

/* Owner "resc", type RES_ABI_VERSION; both parts padded to 4 bytes. */
__asm__(".pushsection .note.resc,\"a\",@note\n"
        ".balign 4\n"
        ".long 5, 2f - 1f, " QUOTED(1) "\n"
        ".asciz \"resc\"\n"
        ".balign 4\n"
        "1: .ascii " QUOTED(MANIFEST) "\n"
        "2: .balign 4\n"
        ".popsection\n");

struct res_instance {
  int32_t threads;
};

static res_status status_from(const char *variable) {
  const char *value = getenv(variable);
  return value ? (res_status)atoi(value) : RES_OK;
}

static size_t workspace_bytes(const res_model *model, int32_t threads) {
  (void)model;
  return res_abi_workspace_bytes(1100, 128, 256, (uint32_t)threads);
}

static res_status open_instance(const res_model *model, const res_options *options, res_instance **instance) {
  (void)model;
  *instance = NULL;
  if (status_from("FAKE_OPEN_STATUS") != RES_OK)
    return status_from("FAKE_OPEN_STATUS");
  if (options && options->spin_microseconds == 12345) /* shows that the option arrives */
    return RES_ERROR_THREADS;
  *instance = malloc(sizeof **instance);
  (*instance)->threads = options && options->threads ? options->threads : 2;
  return RES_OK;
}

static res_status run_images(res_instance *instance, int64_t batch, const void *const *from, void *const *to) {
  (void)instance, (void)batch;
#ifdef VARIANT_TWO
  const float *left = from[0], *right = from[1];
  float *sum = to[0], *maps = to[1];
  for (int i = 0; i < 4; ++i) {
    sum[i] = left[i] + right[i];
    maps[i] = left[i] - right[i];
  }
#elif defined(VARIANT) || defined(VARIANT_ANY)
  const float *data = from[0];
  float *prob = to[0];
  for (int64_t b = 0; b < batch; ++b)
    for (int k = 0; k < 5; ++k)
      prob[b * 5 + k] = 2 * data[b * 12 + k] - (float)k;
#else
  memcpy(to[0], from[0], inputs[0].bytes);
#endif
  /* Long enough that the clock sees it. */
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do
    clock_gettime(CLOCK_MONOTONIC, &now);
  while ((now.tv_sec - start.tv_sec) * 1000000000L + now.tv_nsec - start.tv_nsec < 20000);
  return status_from("FAKE_RUN_STATUS");
}

static res_status run_batch(res_instance *instance, int64_t batch, const void *const *from, void *const *to,
                            uint64_t *nanoseconds) {
  if (nanoseconds) {
    nanoseconds[0] = 12000;
    nanoseconds[1] = 6000;
    nanoseconds[2] = 2000;
  }
  return batch > 0 ? run_images(instance, batch, from, to) : RES_ERROR_ARGUMENT;
}

#ifdef VARIANT_ANY
#define BATCH 1
#define STRUCT_BYTES sizeof(res_model)
#else
#define BATCH 2
#define STRUCT_BYTES offsetof(res_model, run_batch)
#endif

static res_status run(res_instance *instance, const void *const *from, void *const *to) {
  return run_batch(instance, BATCH, from, to, NULL);
}

static res_status run_timed(res_instance *instance, const void *const *from, void *const *to, uint64_t *nanoseconds) {
  return run_batch(instance, BATCH, from, to, nanoseconds);
}

static int32_t threads(const res_instance *instance) { return instance->threads; }
static void close_instance(res_instance *instance) { free(instance); }
static const char *status_text(res_status status) {
  return status == RES_ERROR_PROCESSOR ? "This processor lacks instructions." : "Something failed.";
}

const res_model *res_get_model(void) {
  static const res_model model = {RES_ABI_VERSION, STRUCT_BYTES, "fake", "x86-64-v3", "resc 0.1.0", "0123abcd",
                                  sizeof inputs / sizeof *inputs, sizeof outputs / sizeof *outputs, inputs, outputs,
                                  3, 0, NULL, workspace_bytes, open_instance, run, run_timed, threads, close_instance,
                                  status_text, run_batch};
  return &model;
}
