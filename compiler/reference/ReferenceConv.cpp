//===- ReferenceConv.cpp - convolution loops --------------------*- C++ -*-===//
//
// Convolution with any window as a sum of shifted images.
//
// The input is copied once into images that are padded and, for a stride of n, split by coordinate modulo n. Then tap
// (c, r, s) of a filter contributes weight * image[position + offset(c, r, s)], where position runs over the rows of
// the output at the pitch of the image: one contiguous loop over the whole map for any kernel, stride and dilation. The
// positions between the end of an output row and the pitch compute rubbish, which is left out when rows are written.
//
//===----------------------------------------------------------------------===//

#include "compiler/reference/ReferenceKernels.h"

#include <algorithm>
#include <vector>

using namespace res;
using namespace res::reference;

namespace {

/// Filters and taps that one pass over the positions handles: 4 x 4 weights in registers, 8 loads and 4 stores for 16
/// multiplications. Of 4x2, 2x4 and 4x4 the fastest with SSE2, AVX2 and AVX-512.
constexpr int64_t kFilters = 4, kTaps = 4;
/// Positions of a task: its sums (6 KiB) stay in the first-level cache.
constexpr int64_t kPositions = 192;
/// Blocks of filters of a task.
constexpr int64_t kBlocksPerTask = 8;

/// One axis of the padded and split image.
struct Phases {
  explicit Phases(const Axis &axis)
      : axis(axis),
        size(((axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation) / axis.stride + 1) {}

  int64_t phaseOf(int64_t tap) const { return tap * axis.dilation % axis.stride; }
  int64_t indexOf(int64_t tap) const { return tap * axis.dilation / axis.stride; }
  /// Input coordinate of an index of a phase; outside of the map for padding.
  int64_t inputOf(int64_t phase, int64_t index) const { return index * axis.stride + phase - axis.padBegin; }

  const Axis &axis;
  int64_t size; // of each phase
};

/// The images of one batch element: [channel][row phase][column phase][rows][columns].
class Images {
public:
  Images(const ConvSize &size)
      : rows(size.y), columns(size.x), plane(rows.size * columns.size),
        channel(plane * size.y.stride * size.x.stride), data(size.channels * channel) {}

  void fill(const ConvSize &size, const double *input, Workers &workers) {
    workers.run(size.channels, [&](int64_t c) { fillChannel(input + c * size.y.input * size.x.input, c * channel); });
  }

  int64_t offsetOf(int64_t c, int64_t r, int64_t s) const {
    return c * channel + (rows.phaseOf(r) * columns.axis.stride + columns.phaseOf(s)) * plane +
           rows.indexOf(r) * columns.size + columns.indexOf(s);
  }

  const Phases rows, columns;
  const int64_t plane, channel;
  std::vector<double> data;

private:
  void fillChannel(const double *input, int64_t at) {
    for (int64_t yPhase = 0; yPhase < rows.axis.stride; ++yPhase)
      for (int64_t xPhase = 0; xPhase < columns.axis.stride; ++xPhase)
        for (int64_t row = 0; row < rows.size; ++row, at += columns.size) {
          int64_t y = rows.inputOf(yPhase, row);
          if (y < 0 || y >= rows.axis.input)
            continue; // zeros since the construction
          for (int64_t column = 0; column < columns.size; ++column) {
            int64_t x = columns.inputOf(xPhase, column);
            if (x >= 0 && x < columns.axis.input)
              data[at + column] = input[y * columns.axis.input + x];
          }
        }
  }
};

/// sumF[i] += filter[tap][F] * image[offset of the tap + i], over all taps and positions i. The sums are parameters of
/// their own because GCC trusts `restrict` on parameters only.
RES_REFERENCE_CLONES
void accumulate(const double *image, const int64_t *offsets, int64_t taps, const double *filter, int64_t positions,
                double *__restrict sum0, double *__restrict sum1, double *__restrict sum2, double *__restrict sum3) {
  int64_t tap = 0;
  for (; tap + kTaps <= taps; tap += kTaps) {
    const double *w = filter + tap * kFilters;
    const double *in0 = image + offsets[tap], *in1 = image + offsets[tap + 1];
    const double *in2 = image + offsets[tap + 2], *in3 = image + offsets[tap + 3];
    for (int64_t i = 0; i < positions; ++i) {
      sum0[i] += w[0] * in0[i] + w[4] * in1[i] + w[8] * in2[i] + w[12] * in3[i];
      sum1[i] += w[1] * in0[i] + w[5] * in1[i] + w[9] * in2[i] + w[13] * in3[i];
      sum2[i] += w[2] * in0[i] + w[6] * in1[i] + w[10] * in2[i] + w[14] * in3[i];
      sum3[i] += w[3] * in0[i] + w[7] * in1[i] + w[11] * in2[i] + w[15] * in3[i];
    }
  }
  for (; tap < taps; ++tap) {
    const double *w = filter + tap * kFilters, *in = image + offsets[tap];
    for (int64_t i = 0; i < positions; ++i) {
      sum0[i] += w[0] * in[i];
      sum1[i] += w[1] * in[i];
      sum2[i] += w[2] * in[i];
      sum3[i] += w[3] * in[i];
    }
  }
}

} // namespace

/// filter[K][taps] as [groups][blocks][taps][kFilters], zeros for the filters that fill up a group.
static std::vector<double> blockFilters(const ConvSize &size, int64_t blocks, int64_t taps, const double *filter) {
  std::vector<double> blocked(size.groups * blocks * taps * kFilters);
  int64_t perGroup = size.filters / size.groups;
  for (int64_t k = 0; k < size.filters; ++k) {
    int64_t block = k / perGroup * blocks + k % perGroup / kFilters;
    double *to = blocked.data() + block * taps * kFilters + k % perGroup % kFilters;
    for (int64_t tap = 0; tap < taps; ++tap)
      to[tap * kFilters] = filter[k * taps + tap];
  }
  return blocked;
}

/// Writes the outputs among positions [first, last) of a plane, whose sums begin at `sums`.
static void writeRows(const ConvSize &size, int64_t pitch, int64_t first, int64_t last, const double *sums, double bias,
                      double *plane) {
  for (int64_t row = first / pitch; row * pitch < last; ++row) {
    int64_t begin = std::max(first, row * pitch), end = std::min(last, row * pitch + size.x.output);
    for (int64_t position = begin; position < end; ++position)
      plane[row * size.x.output + position - row * pitch] = sums[position - first] + bias;
  }
}

void reference::convolve(const ConvSize &size, const double *input, const double *filter, const double *bias,
                         double *output, Workers &workers) {
  int64_t channels = size.channels / size.groups, filters = size.filters / size.groups;
  int64_t taps = channels * size.y.kernel * size.x.kernel;
  int64_t blocks = (filters + kFilters - 1) / kFilters;
  std::vector<double> blocked = blockFilters(size, blocks, taps, filter);

  Images images(size);
  std::vector<int64_t> offsets;
  offsets.reserve(taps);
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t r = 0; r < size.y.kernel; ++r)
      for (int64_t s = 0; s < size.x.kernel; ++s)
        offsets.push_back(images.offsetOf(c, r, s));

  // The last output is the last position, so that no tap reads behind its plane.
  int64_t pitch = images.columns.size, positions = (size.y.output - 1) * pitch + size.x.output;
  int64_t parts = (positions + kPositions - 1) / kPositions;
  int64_t bundles = (blocks + kBlocksPerTask - 1) / kBlocksPerTask;

  for (int64_t n = 0; n < size.batch; ++n) {
    images.fill(size, input + n * size.channels * size.y.input * size.x.input, workers);
    workers.run(size.groups * parts * bundles, [&](int64_t task) {
      int64_t bundle = task % bundles, part = task / bundles % parts, group = task / bundles / parts;
      int64_t first = part * kPositions, last = std::min(first + kPositions, positions);
      const double *image = images.data.data() + group * channels * images.channel + first;
      for (int64_t block = bundle * kBlocksPerTask; block < std::min((bundle + 1) * kBlocksPerTask, blocks); ++block) {
        alignas(64) double sums[kFilters * kPositions] = {};
        accumulate(image, offsets.data(), taps, blocked.data() + (group * blocks + block) * taps * kFilters,
                   last - first, sums, sums + kPositions, sums + 2 * kPositions, sums + 3 * kPositions);
        for (int64_t k = block * kFilters; k < std::min((block + 1) * kFilters, filters); ++k) {
          int64_t filterIndex = group * filters + k;
          writeRows(size, pitch, first, last, sums + k % kFilters * kPositions, bias ? bias[filterIndex] : 0,
                    output + (n * size.filters + filterIndex) * size.y.output * size.x.output);
        }
      }
    });
  }
}
