//===- EmitWinograd.cpp - Winograd convolutions as algorithms ---*- C++ -*-===//
//
// F(m x m, 3x3) on a = m + 2 points (Lavin and Gray 2016): with d a tile of a x a inputs and g a filter,
//
//     V = B' d B,   U = G g G',   M[p] = sum over channels of V[p] U[p] for each point p,   output = A' M A.
//
// The matrices are those of the points 0, 1, -1 (and 2, -2), infinity. Where the kernel transforms filters itself, G has
// no factors, (1 0 0) (1 1 1) (1 -1 1) (1 2 4) (1 -2 4) (0 0 1), and B carries them: six operations instead of nine for
// six columns.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Algorithm.h"

#include <algorithm>

using namespace Halide;
using namespace res;

using Exprs = std::vector<Expr>;

/// One dimension of B' d.
static Exprs transformInput(int64_t tile, const Exprs &d, bool factors) {
  const float half = factors ? 0.5f : 1.f;
  if (tile == 2)
    return {d[0] - d[2], half * (d[1] + d[2]), half * (d[2] - d[1]), d[1] - d[3]};
  Expr a = d[4] - 4.f * d[2], b = d[3] - 4.f * d[1], c = d[4] - d[2], e = d[3] - d[1];
  Expr last = 4.f * d[1] - 5.f * d[3] + d[5];
  if (!factors)
    return {4.f * d[0] - 5.f * d[2] + d[4], a + b, a - b, c + 2.f * e, c - 2.f * e, last};
  a *= -1.f / 6.f, b *= -1.f / 6.f, c *= 1.f / 24.f, e *= 1.f / 12.f;
  return {d[0] - 1.25f * d[2] + 0.25f * d[4], a + b, a - b, c + e, c - e, last};
}

/// One dimension of G g, without factors.
static Exprs transformFilter(int64_t tile, const Exprs &g) {
  Expr near = g[0] + g[2], far = g[0] + 4.f * g[2];
  if (tile == 2)
    return {g[0], near + g[1], near - g[1], g[2]};
  return {g[0], near + g[1], near - g[1], far + 2.f * g[1], far - 2.f * g[1], g[2]};
}

/// One dimension of A' m.
static Exprs transformOutput(int64_t tile, const Exprs &m) {
  if (tile == 2)
    return {m[0] + m[1] + m[2], m[1] - m[2] - m[3]};
  Expr a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], e = m[3] - m[4];
  return {m[0] + a + c, b + 2.f * e, a + 4.f * c, b + 8.f * e + m[5]};
}

/// The input at a place of the padded map, zero outside the map: also where the last tiles reach beyond the padding.
static Expr paddedInput(const Reader &input, const TensorSize &size, const Window2 &window, Expr ci, Expr x, Expr y,
                        Expr co, Expr n) {
  Expr row = y - int(window.padTop), column = x - int(window.padLeft);
  Expr inside = row >= 0 && row < int(size.h) && column >= 0 && column < int(size.w);
  row = clamp(row, 0, int(size.h) - 1), column = clamp(column, 0, int(size.w) - 1);
  return select(inside, input(Point::blocked(ci, column, row, co, n)), 0.f);
}

/// U of 3x3 filters (k, kx, ky, block of the group, c, co, group), by the rows of points first.
static void defineFilterTransform(const std::string &name, WinogradFuncs &f, ImageParam filter, int64_t tile) {
  const WinogradVars &w = f.vars;
  Func rows(name + "_filter_rows"), transformed(name + "_filter");
  Exprs g, columns;
  for (int t = 0; t < 3; ++t)
    g.push_back(filter(w.k, w.kx, t, w.bi, w.c, w.cb, w.b));
  rows(w.k, w.kx, w.i, w.bi, w.c, w.cb, w.b) = mux(w.i, transformFilter(tile, g));
  for (int t = 0; t < 3; ++t)
    columns.push_back(rows(w.k, t, w.i, w.bi, w.c, w.cb, w.b));
  transformed(w.k, w.bi, w.c, w.cb, w.j, w.i, w.b) = mux(w.j, transformFilter(tile, columns));
  f.filterRows = rows;
  f.filter = transformed;
}

WinogradAlgorithm res::defineWinograd(const std::string &name, const KernelVars &v, Reader input,
                                      const TensorSize &inputSize, ImageParam filter, Reader bias,
                                      const TensorSize &outputSize, const Window2 &window, const WinogradSchedule &s) {
  WinogradAlgorithm winograd;
  WinogradFuncs &f = winograd.funcs;
  const WinogradVars &w = f.vars;
  const int m = int(s.tile), points = int(s.points()), group = int(s.group);
  f.blocks = outputSize.blocks(), f.width = outputSize.w, f.height = outputSize.h, f.inputBlocks = inputSize.blocks();
  f.batch = outputSize.n;

  // Input, the columns of points of a tile first.
  Func inputRows(name + "_input_rows"), transformed(name + "_input");
  Exprs d, rows;
  for (int t = 0; t < points; ++t)
    d.push_back(paddedInput(input, inputSize, window, w.c, w.tx * m + w.j, w.ty * m + t, w.cb, v.n));
  // With the last row of points first, those that share sums are next to each other: (5, 0), (1, 2), (3, 4).
  Exprs paired = transformInput(m, d, s.readsTaps());
  std::rotate(paired.begin(), paired.end() - 1, paired.end());
  inputRows(w.c, w.j, w.i, w.tx, w.ty, w.cb, v.n) = mux(w.i, paired);
  for (int t = 0; t < points; ++t)
    rows.push_back(inputRows(w.c, t, w.i, w.tx, w.ty, w.cb, v.n));
  transformed(w.c, w.tx, w.ty, w.cb, w.j, w.i, v.n) = mux(w.j, transformInput(m, rows, s.readsTaps()));
  f.inputRows = inputRows;
  f.input = transformed;
  if (s.readsTaps())
    defineFilterTransform(name, f, filter, s.tile);

  // One product for each point, in passes over the input channels.
  const int64_t chunk = s.chunk ? s.chunk : f.inputBlocks, passes = f.inputBlocks / chunk;
  RDom r(0, int(kBlock), 0, int(chunk), name + "_r"), pass(0, int(passes), name + "_passes");
  Expr block = w.h * int(chunk) + r[1];
  Expr u = s.readsTaps() ? f.filter(w.k, w.b % group, r[0], block, w.j, w.i, w.b / group)
                         : filter(w.k, w.b % group, r[0], block, w.j, w.i, w.b / group);
  Func acc(name + "_acc"), sums(name + "_sums");
  acc(w.k, w.tx, w.ty, w.b, w.j, w.i, w.h, v.n) = 0.f;
  Expr row = (w.i + 1) % points;
  acc(w.k, w.tx, w.ty, w.b, w.j, w.i, w.h, v.n) += transformed(r[0], w.tx, w.ty, block, w.j, row, v.n) * u;
  if (s.chunk) {
    sums(w.k, w.tx, w.ty, w.b, w.j, w.i, v.n) = 0.f;
    sums(w.k, w.tx, w.ty, w.b, w.j, w.i, v.n) += acc(w.k, w.tx, w.ty, w.b, w.j, w.i, pass, v.n);
  } else {
    sums(w.k, w.tx, w.ty, w.b, w.j, w.i, v.n) = acc(w.k, w.tx, w.ty, w.b, w.j, w.i, 0, v.n);
  }
  f.acc = acc, f.sums = sums, f.channels = r, f.passes = pass;

  // Output: rows of a tile, then columns with the epilogue.
  Func outputRows(name + "_output_rows");
  Exprs columns, along;
  for (int t = 0; t < points; ++t)
    columns.push_back(sums(w.k, w.tx, w.ty, w.b, w.j, t, v.n));
  outputRows(w.k, w.j, w.v, w.tx, w.ty, w.b, v.n) = mux(w.v, transformOutput(m, columns));
  f.outputRows = outputRows;
  winograd.value = [=](const Point &p) {
    Exprs along;
    for (int t = 0; t < points; ++t)
      along.push_back(outputRows(p.ci, t, p.y % m, p.x / m, p.y / m, p.co, p.n));
    Expr sum = mux(p.x % m, transformOutput(m, along));
    return bias ? sum + bias(p) : sum;
  };
  return winograd;
}
