//===- PackWeights.cpp - weights in the order kernels read them -*- C++ -*-===//
//
// Evaluates the weight behind a res.pack and writes it in its packed layout.
//
//===----------------------------------------------------------------------===//

#include "compiler/weights/PackWeights.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace mlir;
using namespace res;
using llvm::Error;
using llvm::Expected;

int64_t res::packedBytes(PackOp pack) { return getStorageBytes(pack.getType()); }

/// Calls `use(firstRow, rows, elements)` for slices of `step` indices of dimension 0, so that only one slice exists as
/// doubles at a time.
static Error forEachSlice(WeightEvaluator &evaluator, Value weight, int64_t step,
                          llvm::function_ref<void(int64_t, int64_t, ArrayRef<double>)> use) {
  int64_t size = cast<RankedTensorType>(weight.getType()).getDimSize(0);
  for (int64_t first = 0; first < size; first += step) {
    int64_t rows = std::min(step, size - first);
    Expected<std::vector<double>> slice = evaluator.evaluateSlice(weight, first, rows);
    if (!slice)
      return slice.takeError();
    use(first, rows, *slice);
  }
  return Error::success();
}

/// [K][C][R][S] to [K/block][C/inner][R][S][inner][block].
static Error packConv(WeightEvaluator &evaluator, Value weight, PackConvAttr packing, MutableArrayRef<float> out) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(weight.getType()).getShape();
  int64_t channels = shape[1], taps = shape[2] * shape[3], block = packing.getBlock(), inner = packing.getInner();
  int64_t sliceSize = int64_t(llvm::alignTo(channels, inner)) * taps * block; // packed
  return forEachSlice(evaluator, weight, block, [&](int64_t first, int64_t rows, ArrayRef<double> slice) {
    float *to = out.data() + first / block * sliceSize;
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t tap = 0; tap < taps; ++tap) {
        float *lanes = to + ((c / inner * taps + tap) * inner + c % inner) * block;
        for (int64_t lane = 0; lane < rows; ++lane)
          lanes[lane] = float(slice[(lane * channels + c) * taps + tap]);
      }
  });
}

/// [K][C][3][3] to G g G' as [K/(block * blocks)][points][points][C/block][block][blocks][block].
static Error packWinograd(WeightEvaluator &evaluator, Value weight, PackWinogradAttr packing, MutableArrayRef<float> out) {
  // Rows of G for the points 0, 1, -1 (and 2, -2), infinity.
  static constexpr double kF2[4][3] = {{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}};
  static constexpr double kF4[6][3] = {{1 / 4., 0, 0},           {-1 / 6., -1 / 6., -1 / 6.}, {-1 / 6., 1 / 6., -1 / 6.},
                                       {1 / 24., 1 / 12., 1 / 6.}, {1 / 24., -1 / 12., 1 / 6.}, {0, 0, 1}};
  if (packing.getTile() != 2 && packing.getTile() != 4)
    return llvm::createStringError("expected a packing for tiles of 2 or 4, got " + llvm::Twine(packing.getTile()));
  const double(*g)[3] = packing.getTile() == 2 ? kF2 : kF4;
  ArrayRef<int64_t> shape = cast<RankedTensorType>(weight.getType()).getShape();
  const int64_t channels = shape[1], block = packing.getBlock(), blocks = packing.getBlocks();
  const int64_t points = packing.getTile() + 2, group = block * blocks;
  const int64_t plane = int64_t(llvm::alignTo(channels, block)) * group; // of one point
  return forEachSlice(evaluator, weight, block, [&](int64_t first, int64_t rows, ArrayRef<double> slice) {
    float *to = out.data() + first / group * points * points * plane + first % group;
    for (int64_t lane = 0; lane < rows; ++lane)
      for (int64_t c = 0; c < channels; ++c) {
        const double *taps = slice.data() + (lane * channels + c) * 9;
        for (int64_t i = 0; i < points; ++i) {
          double row[3];
          for (int x = 0; x < 3; ++x)
            row[x] = g[i][0] * taps[x] + g[i][1] * taps[3 + x] + g[i][2] * taps[6 + x];
          for (int64_t j = 0; j < points; ++j)
            to[(i * points + j) * plane + c * group + lane] = float(g[j][0] * row[0] + g[j][1] * row[1] + g[j][2] * row[2]);
        }
      }
  });
}

/// [K][C][R][S] to [K/(block * blocks)][C/block][block][blocks][R][S][block].
static Error packTaps(WeightEvaluator &evaluator, Value weight, PackTapsAttr packing, MutableArrayRef<float> out) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(weight.getType()).getShape();
  const int64_t channels = shape[1], taps = shape[2] * shape[3], block = packing.getBlock(), blocks = packing.getBlocks();
  const int64_t group = block * blocks, groupSize = int64_t(llvm::alignTo(channels, block)) * group * taps;
  return forEachSlice(evaluator, weight, block, [&](int64_t first, int64_t rows, ArrayRef<double> slice) {
    float *to = out.data() + first / group * groupSize + first % group / block * taps * block;
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t tap = 0; tap < taps; ++tap)
        for (int64_t lane = 0; lane < rows; ++lane)
          to[(c * blocks * taps + tap) * block + lane] = float(slice[(lane * channels + c) * taps + tap]);
  });
}

/// [K][C], or [C][K], to [K/(block * blocks)][C][blocks][block].
static Error packDense(WeightEvaluator &evaluator, Value weight, PackDenseAttr packing, MutableArrayRef<float> out) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(weight.getType()).getShape();
  int64_t block = packing.getBlock(), group = block * packing.getBlocks();
  if (packing.getTransposed()) {
    int64_t inputs = shape[1];
    return forEachSlice(evaluator, weight, block, [&](int64_t first, int64_t rows, ArrayRef<double> slice) {
      float *to = out.data() + first / group * inputs * group + first % group;
      for (int64_t c = 0; c < inputs; ++c)
        for (int64_t lane = 0; lane < rows; ++lane)
          to[c * group + lane] = float(slice[lane * inputs + c]);
    });
  }
  // 16 rows are a few hundred kilobytes of the widest layers: they stay in the cache on their way.
  int64_t inputs = shape[0], outputs = shape[1];
  return forEachSlice(evaluator, weight, 16, [&](int64_t first, int64_t rows, ArrayRef<double> slice) {
    for (int64_t k = 0; k < outputs; k += group)
      for (int64_t row = 0; row < rows; ++row) {
        float *to = out.data() + (k / group * inputs + first + row) * group;
        for (int64_t lane = 0, lanes = std::min(group, outputs - k); lane < lanes; ++lane)
          to[lane] = float(slice[row * outputs + k + lane]);
      }
  });
}

static Error packVector(WeightEvaluator &evaluator, Value weight, MutableArrayRef<float> out) {
  Expected<std::vector<double>> vector = evaluator.evaluate(weight);
  if (!vector)
    return vector.takeError();
  std::transform(vector->begin(), vector->end(), out.begin(), [](double element) { return float(element); });
  return Error::success();
}

Error res::packWeight(WeightEvaluator &evaluator, PackOp pack, MutableArrayRef<float> destination) {
  Value weight = pack.getWeight();
  if (!pack.getType().getElementType().isF32())
    return llvm::createStringError("expected a packed weight of f32");
  assert(int64_t(destination.size() * sizeof(float)) == packedBytes(pack));
  std::fill(destination.begin(), destination.end(), 0.0f);
  return llvm::TypeSwitch<Attribute, Error>(pack.getPacking())
      .Case([&](PackConvAttr packing) { return packConv(evaluator, weight, packing, destination); })
      .Case([&](PackWinogradAttr packing) { return packWinograd(evaluator, weight, packing, destination); })
      .Case([&](PackTapsAttr packing) { return packTaps(evaluator, weight, packing, destination); })
      .Case([&](PackDenseAttr packing) { return packDense(evaluator, weight, packing, destination); })
      .Case([&](PackVectorAttr) { return packVector(evaluator, weight, destination); })
      .Default([](Attribute) -> Error { return llvm::createStringError("expected a packing that res.pack knows"); });
}
