//===- EmitOther.cpp - pooling, softmax, reshape, selection -----*- C++ -*-===//

#include "compiler/codegen/Algorithm.h"

#include <limits>

using namespace Halide;
using namespace res;

Point Point::blocked(Expr ci, Expr x, Expr y, Expr co, Expr n) { return {n, co * int(kBlock) + ci, y, x, ci, co}; }

Point Point::plain(Expr x, Expr y, Expr c, Expr n) { return {n, c, y, x, c % int(kBlock), c / int(kBlock)}; }

bool Point::isSameAs(const Point &p) const {
  return n.same_as(p.n) && c.same_as(p.c) && y.same_as(p.y) && x.same_as(p.x) && ci.same_as(p.ci) && co.same_as(p.co);
}

Reader res::readTensor(ImageParam param, const TensorSize &size, bool flat) {
  return [=](const Point &p) -> Expr {
    if (!size.map)
      return param(p.c, p.n);
    if (size.blocked)
      return flat ? param(p.ci, p.x, 0, p.co, p.n) : param(p.ci, p.x, p.y, p.co, p.n);
    // Lanes beyond the last channel repeat it: any finite value will do.
    return param(p.x, p.y, clamp(p.c, 0, int(size.c) - 1), p.n);
  };
}

//===----------------------------------------------------------------------===//
// Pooling
//===----------------------------------------------------------------------===//

namespace {
/// Visits an input element under a window: its value (clamped into the map) and whether it lies in the map.
struct Tap {
  Expr value, inside;
};
} // namespace

static Tap tapAt(const Reader &input, const TensorSize &size, const Window2 &w, const Point &p, Expr ky, Expr kx) {
  Expr row = p.y * int(w.strideY) - int(w.padTop) + ky * int(w.dilationY);
  Expr column = p.x * int(w.strideX) - int(w.padLeft) + kx * int(w.dilationX);
  Expr inside = row >= 0 && row < int(size.h) && column >= 0 && column < int(size.w);
  Point q = p;
  q.y = clamp(row, 0, int(size.h) - 1);
  q.x = clamp(column, 0, int(size.w) - 1);
  return {input(q), w.padded() ? inside : Expr(true)};
}

// Up to this many taps are written out; beyond, a loop keeps the code small.
static constexpr int64_t kUnrolledTaps = 16;

/// A reduction over the window of a blocked map, as a Func.
static Reader reduceWindow(const std::string &name, const KernelVars &v, const Window2 &w, Expr start,
                           const std::function<Expr(Expr, const Point &, Expr, Expr)> &step, std::vector<Func> &parts) {
  Func f(name);
  RDom r(0, int(w.width), 0, int(w.height), name + "_r");
  Point p = Point::blocked(v.ci, v.x, v.y, v.co, v.n);
  f(v.ci, v.x, v.y, v.co, v.n) = start;
  f(v.ci, v.x, v.y, v.co, v.n) = step(f(v.ci, v.x, v.y, v.co, v.n), p, r.y, r.x);
  parts.push_back(f);
  return [f](const Point &q) -> Expr { return f(q.ci, q.x, q.y, q.co, q.n); };
}

Reader res::defineMaxPool(const std::string &name, const KernelVars &v, Reader input, const TensorSize &size,
                          const Window2 &w, std::vector<Func> &parts) {
  // An undilated window that starts or ends in the pads holds the border element that a clamped tap repeats, so
  // clamping alone is right; dilated windows need the comparison.
  const bool clampIsEnough = w.dilationX == 1 && w.dilationY == 1;
  Expr lowest = std::numeric_limits<float>::lowest();
  auto step = [=](Expr most, const Point &p, Expr ky, Expr kx) {
    Tap tap = tapAt(input, size, w, p, ky, kx);
    return max(most, clampIsEnough ? tap.value : select(tap.inside, tap.value, lowest));
  };
  if (w.width * w.height > kUnrolledTaps)
    return reduceWindow(name + "_max", v, w, lowest, step, parts);
  return [=](const Point &p) {
    Expr most = lowest;
    for (int ky = 0; ky < w.height; ++ky)
      for (int kx = 0; kx < w.width; ++kx)
        most = step(most, p, ky, kx);
    return most;
  };
}

Reader res::defineAvgPool(const std::string &name, const KernelVars &v, Reader input, const TensorSize &size,
                          const Window2 &w, bool countIncludePad, std::vector<Func> &parts) {
  auto add = [=](Expr sum, const Point &p, Expr ky, Expr kx) {
    Tap tap = tapAt(input, size, w, p, ky, kx);
    return sum + select(tap.inside, tap.value, 0.f);
  };
  // Taps inside the map: their number in a column times their number in a row.
  auto count = [=](const Point &p) -> Expr {
    if (countIncludePad || !w.padded())
      return float(w.width * w.height);
    auto along = [](Expr start, int64_t taps, int64_t dilation, int64_t extent) {
      Expr inside = 0.f;
      for (int k = 0; k < taps; ++k) {
        Expr at = start + int(k * dilation);
        inside += select(at >= 0 && at < int(extent), 1.f, 0.f);
      }
      return inside;
    };
    return along(p.y * int(w.strideY) - int(w.padTop), w.height, w.dilationY, size.h) *
           along(p.x * int(w.strideX) - int(w.padLeft), w.width, w.dilationX, size.w);
  };
  Reader sum;
  if (w.width * w.height > kUnrolledTaps)
    sum = reduceWindow(name + "_sum", v, w, 0.f, add, parts);
  else
    sum = [=](const Point &p) {
      Expr total = 0.f;
      for (int ky = 0; ky < w.height; ++ky)
        for (int kx = 0; kx < w.width; ++kx)
          total = add(total, p, ky, kx);
      return total;
    };
  return [=](const Point &p) { return sum(p) / count(p); };
}

Reader res::defineGlobalAvgPool(const std::string &name, const KernelVars &v, Reader input, const TensorSize &size,
                                std::vector<Func> &parts) {
  Window2 whole{size.h, size.w, 1, 1, 0, 0, 0, 0, 1, 1};
  auto add = [=](Expr sum, const Point &p, Expr ky, Expr kx) {
    Point q = p;
    q.y = ky, q.x = kx;
    return sum + input(q);
  };
  Reader sum = reduceWindow(name + "_sum", v, whole, 0.f, add, parts);
  const float scale = float(1.0 / (double(size.h) * double(size.w)));
  return [=](const Point &p) { return sum(p) * scale; };
}

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

Reader res::defineSoftmax(const std::string &name, const KernelVars &v, Reader input, const TensorSize &size,
                          std::vector<Func> &parts) {
  RDom r(0, int(size.c), name + "_r");
  Func most(name + "_max"), sum(name + "_sum");
  most(v.n) = std::numeric_limits<float>::lowest();
  most(v.n) = max(most(v.n), input(Point::plain(0, 0, r, v.n)));
  sum(v.n) = 0.f;
  sum(v.n) += Halide::exp(input(Point::plain(0, 0, r, v.n)) - most(v.n));
  parts.push_back(most);
  parts.push_back(sum);
  return [=](const Point &p) { return Halide::exp(input(p) - most(p.n)) / sum(p.n); };
}

Reader res::defineReshape(Reader input, const TensorSize &from, const TensorSize &to) {
  return [=](const Point &p) {
    // Lanes beyond the last channel of a blocked result repeat it.
    Expr c = to.blocked ? min(p.c, int(to.c) - 1) : p.c;
    Expr index = ((p.n * int(to.c) + c) * int(to.h) + p.y) * int(to.w) + p.x;
    Expr x = index % int(from.w), rows = index / int(from.w);
    Expr y = rows % int(from.h), planes = rows / int(from.h);
    return input(Point::plain(x, y, planes % int(from.c), planes / int(from.c)));
  };
}

//===----------------------------------------------------------------------===//
// Selection
//===----------------------------------------------------------------------===//

/// Where `results` positions lead in an axis of `size` elements. Where some lead outside, the result is clamped and
/// `inside` says so.
static Expr movePosition(Expr position, int64_t first, int64_t step, int64_t results, int64_t size, Expr &inside) {
  Expr at = position * int(step) + int(first);
  const int64_t last = first + (results - 1) * step;
  if (std::min(first, last) >= 0 && std::max(first, last) < size)
    return at;
  Expr here = at >= 0 && at < int(size);
  inside = inside.defined() ? inside && here : here;
  return clamp(at, 0, int(size) - 1);
}

Reader res::defineSelection(Reader input, const TensorSize &from, const TensorSize &to, const Selection &s) {
  // Whole blocks that move keep their lanes, so that a vector stays one.
  const bool byBlocks =
      from.blocked && to.blocked && s.step[1] == 1 && s.first[1] % kBlock == 0 && from.c % kBlock == 0;
  return [=](const Point &p) -> Expr {
    Expr inside;
    Expr n = movePosition(p.n, s.first[0], s.step[0], to.n, from.n, inside);
    Expr y = movePosition(p.y, s.first[2], s.step[2], to.h, from.h, inside);
    Expr x = movePosition(p.x, s.first[3], s.step[3], to.w, from.w, inside);
    Point q;
    if (byBlocks) {
      Expr co = movePosition(p.co, s.first[1] / kBlock, 1, to.blocks(), from.blocks(), inside);
      q = Point::blocked(p.ci, x, y, co, n);
    } else {
      // Lanes beyond the last channel of a blocked result repeat it.
      Expr c = to.blocked ? min(p.c, int(to.c) - 1) : p.c;
      q = Point::plain(x, y, movePosition(c, s.first[1], s.step[1], to.c, from.c, inside), n);
    }
    Expr value = input(q);
    return inside.defined() ? select(inside, value, s.fill) : value;
  };
}
