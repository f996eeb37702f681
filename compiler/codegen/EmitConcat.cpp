//===- EmitConcat.cpp - tensors one behind the other ------------*- C++ -*-===//
//
// Copies, for concatenations that are not views (res-place-views).
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Algorithm.h"

using namespace Halide;
using namespace res;

/// Every element asks which input it comes from. Vectors along channels stay vectors where the axis is another one.
static Reader selectInput(std::vector<Reader> inputs, const std::vector<TensorSize> &from, const TensorSize &to, int64_t axis) {
  return [=](const Point &p) -> Expr {
    // Lanes beyond the last channel of a blocked result repeat it.
    Expr channel = to.blocked ? min(p.c, int(to.c) - 1) : p.c;
    Expr position = axis == 0 ? p.n : axis == 1 ? channel : axis == 2 ? p.y : p.x;
    Expr value;
    int64_t end = axis == 0 ? to.n : axis == 1 ? to.c : axis == 2 ? to.h : to.w;
    for (size_t input = inputs.size(); input-- > 0;) {
      const TensorSize &size = from[input];
      const int64_t count = axis == 0 ? size.n : axis == 1 ? size.c : axis == 2 ? size.h : size.w;
      Expr at = clamp(position - int(end - count), 0, int(count) - 1);
      Point q = p;
      if (axis == 1)
        q = Point::plain(p.x, p.y, at, p.n);
      else
        (axis == 0 ? q.n : axis == 2 ? q.y : q.x) = at;
      value = value.defined() ? select(position < int(end), inputs[input](q), value) : inputs[input](q);
      end -= count;
    }
    return value;
  };
}

Reader res::defineConcat(const std::string &name, const KernelVars &v, std::vector<Reader> inputs,
                         const std::vector<TensorSize> &from, const TensorSize &to, int64_t axis, MapFuncs &map) {
  // Each input stores whole blocks, whose pad lanes the next one overwrites.
  int64_t written = 0, begin = 0;
  for (const TensorSize &size : from) {
    written = begin + size.blocks() * kBlock;
    begin += size.c;
  }
  const int64_t channels = std::max(written, to.blocks() * kBlock);
  if (!to.map || !to.blocked || axis != 1 || channels > MapFuncs::kMostLineChannels)
    return selectInput(std::move(inputs), from, to, axis);
  Func line(name + "_line");
  // Lanes beyond the last channel have to be finite.
  line(v.c, v.x, v.y, v.n) = written < to.blocks() * kBlock ? Expr(0.f) : undef<float>();
  begin = 0;
  for (size_t input = 0; input < inputs.size(); ++input) {
    RDom r(0, int(kBlock), 0, int(from[input].blocks()), name + "_r" + std::to_string(input));
    line(int(begin) + r.y * int(kBlock) + r.x, v.x, v.y, v.n) = inputs[input](Point::blocked(r.x, v.x, v.y, r.y, v.n));
    map.lineBlocks.push_back(r);
    begin += from[input].c;
  }
  map.line = line;
  map.lineChannels = (channels + kBlock - 1) / kBlock * kBlock;
  return [line](const Point &p) -> Expr { return line(p.co * int(kBlock) + p.ci, p.x, p.y, p.n); };
}
