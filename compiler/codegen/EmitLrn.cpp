//===- EmitLrn.cpp - local response normalisation ---------------*- C++ -*-===//
//
// The channels around each channel lie in neighbouring blocks, so the squares of a pixel's channels are put one behind the
// other first: each of the window's taps then is one unaligned vector.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Algorithm.h"

using namespace Halide;
using namespace res;

// Up to this many taps are written out; beyond, a loop keeps the code small.
static constexpr int64_t kUnrolledTaps = 16;

/// t^-beta. The usual exponents are roots, which are exact to the last bits and faster than a logarithm.
static Expr inversePower(Expr t, double beta) {
  if (beta == 1)
    return 1.f / t;
  if (beta == 0.5)
    return 1.f / sqrt(t);
  if (beta == 0.75) {
    Expr root = sqrt(t);
    return 1.f / (root * sqrt(root));
  }
  return exp(float(-beta) * log(t));
}

Reader res::defineLrn(const std::string &name, const KernelVars &v, Reader input, const TensorSize &size,
                      const ResponseNorm &norm, MapFuncs &map) {
  const int64_t before = std::min((norm.size - 1) / 2, size.c - 1), after = std::min(norm.size / 2, size.c - 1);
  const int64_t taps = before + 1 + after;
  // Around the line are zeros, before it a whole number of blocks: stores are aligned.
  const int64_t margin = (before + kBlock - 1) / kBlock * kBlock;
  const int64_t written = margin + size.blocks() * kBlock;
  const int64_t channels = (written + after + kBlock - 1) / kBlock * kBlock;
  std::function<Expr(const Point &, Expr)> squareAt;
  if (size.blocked && channels <= MapFuncs::kMostLineChannels) {
    Func line(name + "_line");
    line(v.c, v.x, v.y, v.n) = 0.f;
    RDom r(0, int(kBlock), 0, int(size.blocks()), name + "_r");
    Expr value = input(Point::blocked(r.x, v.x, v.y, r.y, v.n));
    Expr square = value * value;
    if (size.c % kBlock)
      square = select(r.y * int(kBlock) + r.x < int(size.c), square, 0.f);
    line(int(margin) + r.y * int(kBlock) + r.x, v.x, v.y, v.n) = square;
    map.line = line;
    map.lineChannels = channels;
    map.lineBlocks.push_back(r);
    squareAt = [=](const Point &p, Expr tap) -> Expr {
      return line(p.co * int(kBlock) + p.ci + int(margin - before) + tap, p.x, p.y, p.n);
    };
  } else {
    squareAt = [=](const Point &p, Expr tap) -> Expr {
      Expr at = p.c - int(before) + tap;
      Expr value = input(Point::plain(p.x, p.y, clamp(at, 0, int(size.c) - 1), p.n));
      return select(at >= 0 && at < int(size.c), value * value, 0.f);
    };
  }
  return [=](const Point &p) {
    Expr sum;
    for (int tap = 0; tap < taps && taps <= kUnrolledTaps; ++tap)
      sum = sum.defined() ? sum + squareAt(p, tap) : squareAt(p, tap);
    if (!sum.defined()) {
      RDom r(0, int(taps), name + "_taps");
      sum = Halide::sum(squareAt(p, r), name + "_sum");
    }
    return input(p) * inversePower(float(norm.bias) + float(norm.alpha / double(norm.size)) * sum, norm.beta);
  };
}
