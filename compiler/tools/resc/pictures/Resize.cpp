//===- Resize.cpp - antialiased bilinear resampling -------------*- C++ -*-===//

#include "compiler/tools/resc/pictures/Resize.h"

#include <algorithm>
#include <cmath>
#include <vector>

using namespace llvm;

namespace res {

namespace {
/// What one pixel of the result is made of, along one axis: pixels first, first + 1, … of the input.
struct Taps {
  uint32_t first;
  std::vector<float> weights; // their sum is 1

  uint32_t end() const { return first + weights.size(); }
};
} // namespace

static Taps tapsAt(uint64_t x, uint64_t resized, uint32_t size) {
  double scale = double(size) / resized, radius = std::max(scale, 1.0), center = (x + 0.5) * scale;
  uint32_t first = std::max(0.0, std::floor(center - radius + 0.5));
  uint32_t end = std::min<double>(size, std::floor(center + radius + 0.5));
  Taps taps{first, {}};
  double sum = 0;
  for (uint32_t i = first; i < end; ++i) {
    double weight = std::max(0.0, 1 - std::abs(i + 0.5 - center) / radius);
    taps.weights.push_back(weight);
    sum += weight;
  }
  for (float &weight : taps.weights)
    weight /= sum;
  return taps;
}

static std::vector<Taps> tapsOf(uint64_t start, uint32_t count, uint64_t resized, uint32_t size) {
  std::vector<Taps> taps;
  for (uint32_t x = 0; x < count; ++x)
    taps.push_back(tapsAt(start + x, resized, size));
  return taps;
}

/// One row of the input along x; `line` has the channels one after the other.
static void resizeRow(const uint8_t *row, uint32_t channels, ArrayRef<Taps> columns, float *line) {
  for (uint32_t c = 0; c < channels; ++c)
    for (const Taps &column : columns) {
      const uint8_t *pixel = row + size_t(column.first) * channels + c;
      float sum = 0;
      for (float weight : column.weights) {
        sum += weight * *pixel;
        pixel += channels;
      }
      *line++ = sum;
    }
}

void resizeWindow(const Picture &picture, const ResizeWindow &window, float *planes) {
  std::vector<Taps> columns = tapsOf(window.left, window.width, window.resizedWidth, picture.width);
  std::vector<Taps> rows = tapsOf(window.top, window.height, window.resizedHeight, picture.height);
  const size_t plane = size_t(window.width) * window.height;
  std::fill_n(planes, plane * picture.channels, 0.0f);
  std::vector<float> line(size_t(window.width) * picture.channels);
  // Each row of the input is resized along x once and added to the rows of the result that need it. Both ends of their
  // taps grow with y, so these are a range that moves downwards.
  uint32_t begin = 0, end = 0;
  for (uint32_t y = rows.front().first; y < rows.back().end(); ++y) {
    resizeRow(picture.row(y), picture.channels, columns, line.data());
    while (end < window.height && rows[end].first <= y)
      ++end;
    while (begin < end && rows[begin].end() <= y)
      ++begin;
    for (uint32_t out = begin; out < end; ++out) {
      float weight = rows[out].weights[y - rows[out].first];
      for (uint32_t c = 0; c < picture.channels; ++c) {
        float *to = planes + c * plane + size_t(out) * window.width;
        const float *from = line.data() + size_t(c) * window.width;
        for (uint32_t x = 0; x < window.width; ++x)
          to[x] += weight * from[x];
      }
    }
  }
}

} // namespace res
