//===- EmitResize.cpp - maps of other heights and widths --------*- C++ -*-===//
//
// Resizing and channels as pixels. Pixels move and lanes stay, so that vectors stay vectors: a pixel is a load and a store.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Algorithm.h"

using namespace Halide;
using namespace res;

//===----------------------------------------------------------------------===//
// Resizing
//===----------------------------------------------------------------------===//

namespace {
/// The two elements around a position, and how far it lies behind the first.
struct Neighbours {
  Expr low, high, fraction;
};
} // namespace

/// An element, or the one at the border where `least` to `most`, which are known, lead outside.
static Expr clampInto(Expr at, int64_t least, int64_t most, int64_t size) {
  if (least >= 0 && most < size)
    return at;
  return clamp(at, 0, int(size) - 1);
}

static Neighbours findNeighbours(Expr index, const Positions &p, int64_t results, int64_t size) {
  Expr scaled = index * int(p.step) + int(p.first);
  // Both divisions round down, here and in Halide's integers.
  auto floorOf = [&](int64_t value) { return value >= 0 ? value / p.divisor : -((-value + p.divisor - 1) / p.divisor); };
  const int64_t least = floorOf(p.first), most = floorOf(p.first + p.step * (results - 1));
  Expr at = scaled / int(p.divisor);
  return {clampInto(at, least, most, size), clampInto(at + 1, least + 1, most + 1, size),
          cast<float>(scaled % int(p.divisor)) * float(1.0 / double(p.divisor))};
}

/// Whether all positions are integers, so that nothing lies between elements.
static bool isWhole(const Positions &p) { return p.step % p.divisor == 0 && p.first % p.divisor == 0; }

Reader res::defineResize(Reader input, const TensorSize &from, const TensorSize &to, const Positions &rows,
                         const Positions &columns, bool linear) {
  return [=](const Point &p) -> Expr {
    Neighbours y = findNeighbours(p.y, rows, to.h, from.h), x = findNeighbours(p.x, columns, to.w, from.w);
    auto at = [&](Expr row, Expr column) {
      Point q = p;
      q.y = row, q.x = column;
      return input(q);
    };
    auto inRow = [&](Expr row) -> Expr {
      Expr left = at(row, x.low);
      return linear && !isWhole(columns) ? left + (at(row, x.high) - left) * x.fraction : left;
    };
    Expr above = inRow(y.low);
    return linear && !isWhole(rows) ? above + (inRow(y.high) - above) * y.fraction : above;
  };
}

//===----------------------------------------------------------------------===//
// Channels as pixels
//===----------------------------------------------------------------------===//

Reader res::defineDepthToSpace(Reader input, const TensorSize &from, const TensorSize &to, int64_t rows, int64_t columns,
                               bool interleaved) {
  // Whole blocks that move keep their lanes.
  const bool byBlocks = from.blocked && to.blocked && !interleaved && to.c % kBlock == 0;
  return [=](const Point &p) -> Expr {
    Expr y = p.y / int(rows), x = p.x / int(columns);
    Expr phase = (p.y % int(rows)) * int(columns) + p.x % int(columns);
    if (byBlocks)
      return input(Point::blocked(p.ci, x, y, phase * int(to.blocks()) + p.co, p.n));
    // Lanes beyond the last channel of a blocked result repeat it.
    Expr c = to.blocked ? min(p.c, int(to.c) - 1) : p.c;
    Expr channel = interleaved ? c * int(rows * columns) + phase : phase * int(to.c) + c;
    return input(Point::plain(x, y, channel, p.n));
  };
}
