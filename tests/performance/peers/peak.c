/* Prints what one core can do on registers alone: GFLOP/s of fp32 multiply-adds and, where there is AVX-512 VNNI, GOP/s of
 * int8 dot products. A multiply-add counts as two. The best of 40 pieces: it was not interrupted.
 */
#include <stdio.h>
#include <time.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

/* Independent accumulators, each pinned to a register by an empty assembly statement: latency 4 x 2 units want 8. */
#define TWELVE(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#ifdef __AVX512F__
#define BYTES 64
#define COUNT 24
#define REGISTER "+v"
#define ALL(X) TWELVE(X) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)
#else
#define BYTES 32
#define COUNT 12
#define REGISTER "+x"
#define ALL(X) TWELVE(X)
#endif

typedef float vector __attribute__((vector_size(BYTES)));
enum { PIECES = 40, ITERATIONS = 200000 };
static volatile float sink;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static double multiply_adds(void) {
  vector b = (vector){0} + 1.0000001f, c = (vector){0} + 1e-9f;
  double best = 1e9;
#define DEFINE(i) vector a##i = c + (float)i;
#define STEP(i) a##i = a##i * b + c; __asm__ volatile("" : REGISTER(a##i));
#define USE(i) sink += a##i[0];
  ALL(DEFINE)
  for (int piece = 0; piece < PIECES; ++piece) {
    double start = now();
    for (int i = 0; i < ITERATIONS; ++i) {
      ALL(STEP)
    }
    double seconds = now() - start;
    if (seconds < best)
      best = seconds;
  }
  ALL(USE)
  return (double)ITERATIONS * COUNT * (BYTES / 4) * 2 / best / 1e9;
}

#ifdef __AVX512VNNI__
static double dot_products(void) {
  __m512i one = _mm512_set1_epi8(1);
  double best = 1e9;
#define DEFINE_INT(i) __m512i k##i = _mm512_set1_epi32(i);
#define STEP_INT(i) k##i = _mm512_dpbusd_epi32(k##i, one, one); __asm__ volatile("" : "+v"(k##i));
#define USE_INT(i) sink += _mm512_reduce_add_epi32(k##i);
  ALL(DEFINE_INT)
  for (int piece = 0; piece < PIECES; ++piece) {
    double start = now();
    for (int i = 0; i < ITERATIONS; ++i) {
      ALL(STEP_INT)
    }
    double seconds = now() - start;
    if (seconds < best)
      best = seconds;
  }
  ALL(USE_INT)
  return (double)ITERATIONS * COUNT * 128 / best / 1e9;
}
#endif

int main(void) {
  printf("%.1f", multiply_adds());
#ifdef __AVX512VNNI__
  printf(" %.1f", dot_products());
#endif
  printf("\n");
  return 0;
}
