//===- ScheduleWinograd.cpp - loops of a Winograd convolution ---*- C++ -*-===//
//
// Per macro block of tiles the input is transformed for all channels; then, per group of blocks of output channels, the
// products of all points go into `sums`, and from there through the output transform and the epilogue into the output.
//
//===----------------------------------------------------------------------===//

#include "compiler/schedules/KernelFuncs.h"

#include "llvm/Support/MathExtras.h"

using namespace Halide;
using namespace res;

/// The products: a register tile's whole pass over the channels stays in registers.
static void scheduleProducts(WinogradFuncs &f, const WinogradSchedule &s, const KernelVars &v) {
  const WinogradVars &w = f.vars;
  Var txi("txi"), tyi("tyi"), bi("bi"), ni("ni");
  f.sums.compute_at(f.output, w.b).vectorize(w.k).align_bounds(w.tx, int(s.columns)).align_bounds(w.ty, int(s.rows));
  Stage sums = s.chunk ? f.sums.update() : Stage(f.sums);
  sums.split(w.tx, w.tx, txi, int(s.columns), s.chunk ? TailStrategy::GuardWithIf : TailStrategy::RoundUp);
  sums.split(w.ty, w.ty, tyi, int(s.rows), s.chunk ? TailStrategy::GuardWithIf : TailStrategy::RoundUp);
  sums.split(w.b, w.b, bi, int(s.blocks), s.chunk ? TailStrategy::GuardWithIf : TailStrategy::RoundUp);
  if (s.images)
    sums.split(v.n, v.n, ni, int(s.images), s.chunk ? TailStrategy::GuardWithIf : TailStrategy::RoundUp).unroll(ni);
  // Weights of a point serve all its tiles: those of all images, where a macro block has them.
  if (s.images && s.chunk && s.weights == WinogradWeights::panels)
    sums.reorder({w.k, bi, txi, tyi, ni, w.tx, w.ty, v.n, w.b, w.j, w.i, f.passes.x});
  else if (s.images && s.chunk)
    sums.reorder({w.k, bi, txi, tyi, ni, w.tx, w.ty, v.n, w.b, f.passes.x, w.j, w.i});
  else if (s.images)
    sums.reorder(w.k, bi, txi, tyi, ni, w.tx, w.ty, v.n, w.b, w.j, w.i);
  else if (s.inRegisters())
    sums.reorder(w.k, txi, tyi, w.j, bi, w.tx, w.ty, w.i, f.passes.x, w.b, v.n).unroll(w.j).unroll(w.i);
  else if (s.chunk && s.weights == WinogradWeights::panels)
    sums.reorder(w.k, bi, txi, tyi, w.tx, w.ty, w.b, w.j, w.i, f.passes.x, v.n).unroll(w.i); // see schedulePanels
  else if (s.chunk)
    sums.reorder(w.k, bi, txi, tyi, w.tx, w.ty, w.b, f.passes.x, w.j, w.i, v.n);
  else
    sums.reorder(w.k, bi, txi, tyi, w.tx, w.ty, w.b, w.j, w.i, v.n);
  sums.vectorize(w.k).unroll(bi).unroll(txi).unroll(tyi);

  Func acc = f.acc;
  const Var at = s.inRegisters() ? bi : w.tx;
  acc.compute_at(f.sums, at).vectorize(w.k).unroll(w.tx).unroll(w.ty);
  RVar channel = f.channels.x, outer("outer"), inner("inner");
  if (s.inRegisters()) {
    acc.unroll(w.j);
    acc.update().reorder(w.k, w.tx, w.ty, w.j, w.b, channel, f.channels.y);
    acc.update().vectorize(w.k).unroll(w.tx).unroll(w.ty).unroll(w.j);
    f.filter.compute_at(acc, channel).vectorize(w.k).unroll(w.j).unroll(w.i);
    f.filterRows.compute_at(acc, channel).vectorize(w.k).unroll(w.kx).unroll(w.i);
  } else {
    acc.unroll(w.b).unroll(v.n);
    acc.update().split(channel, outer, inner, int(s.unroll)).reorder(w.k, w.b, w.tx, w.ty, v.n, inner, outer, f.channels.y);
    acc.update().vectorize(w.k).unroll(w.b).unroll(w.tx).unroll(w.ty).unroll(v.n).unroll(inner);
  }
}

/// Transformed weights of a pass of a group where the map is one macro block, else of all groups, before everything else. A
/// pass makes them row by row of points: a row stays in the first cache until it is used, and costs 12 operations for each
/// channel and block instead of a sixth of 54. All points at once took twice as long, waiting for the second cache.
static void schedulePanels(WinogradFuncs &f, const WinogradSchedule &s, const KernelVars &v) {
  const WinogradVars &w = f.vars;
  if (!s.isWhole(f.height, f.width))
    f.filter.compute_at(f.output, v.n).parallel(w.cb);
  else if (s.chunk)
    f.filter.compute_at(f.sums, s.images ? Var(f.passes.x.name()) : w.i);
  else
    f.filter.compute_at(f.output, w.b);
  f.filter.reorder(w.k, w.j, w.i, w.bi, w.c, w.cb, w.b).vectorize(w.k).unroll(w.j).unroll(w.i);
  // Planes of points would lie a multiple of 4 KB apart otherwise, in one set of the first cache.
  f.filter.bound_extent(w.bi, int(s.group)).align_storage(w.c, int(kBlock) + 1);
  f.filterRows.compute_at(f.filter, w.bi).vectorize(w.k).unroll(w.kx).unroll(w.i);
}

namespace {

/// How much of a tile the transforms hold: the (m + 2)^2 values between their two steps are more than there are registers,
/// and LLVM would store and load again what it cannot keep. So they go over a row of tiles in sweeps, each for a few rows of
/// the result, and read the tiles again from the first cache. A sweep is a loop of its own: LLVM merges what two read of
/// one tile. Where a block is several registers, a loop over these parts is innermost, else its single step vanishes.
struct Sweeps {
  const int rows, lanes;
  Var sweep{"sweep"}, part{"part"};

  explicit Sweeps(const TargetModel &target)
      : rows(target.vectorRegisters < 32 ? 1 : 2), lanes(int(std::min(target.vectorFloats, kBlock))) {}
};

} // namespace

static void scheduleInput(WinogradFuncs &f, const WinogradSchedule &s, const KernelVars &v, Sweeps t) {
  const WinogradVars &w = f.vars;
  f.input.split(w.i, t.sweep, w.i, t.rows).split(w.c, t.part, w.c, t.lanes);
  if (s.images)
    f.input.reorder(w.c, w.j, w.i, t.part, w.tx, t.sweep, w.ty, v.n, w.cb);
  else
    f.input.reorder(w.c, w.j, w.i, t.part, w.tx, t.sweep, w.ty, w.cb, v.n);
  f.input.vectorize(w.c).unroll(w.i).unroll(w.j).unroll(t.sweep);
  f.inputRows.compute_at(f.input, t.part).vectorize(w.c).unroll(w.i).unroll(w.j);
}

std::string res::scheduleWinograd(WinogradFuncs &f, const KernelVars &v, const WinogradSchedule &s,
                                  const TargetModel &target, const StageLoops &loops) {
  const bool isWhole = s.isWhole(f.height, f.width);
  if (!loops.isAlone() && (isWhole || s.weights == WinogradWeights::panels))
    return "expected stages of bands in macro blocks that are not the whole map, with weights that are not panels";
  if (loops.isLast() && loops.step != s.macroRows * s.tile)
    return "expected steps of " + std::to_string(s.macroRows * s.tile) + " rows, as a macro block has, got " +
           std::to_string(loops.step);
  const WinogradVars &w = f.vars;
  Stage out = storeOf(f.output);
  Var xm("xm"), bi("bi"), ym = loops.at;
  const auto tail = [&](int64_t size) { return size % s.tile ? TailStrategy::GuardWithIf : TailStrategy::Auto; };
  // Only lanes are vectors, so a guard at the border is a scalar branch for a pixel.
  out.split(v.x, w.tx, w.u, int(s.tile), tail(f.width)).split(v.y, w.ty, w.v, int(s.tile), tail(f.height));
  out.split(v.co, w.b, bi, int(s.group));
  out.split(w.tx, xm, w.tx, int(s.macroColumns), TailStrategy::GuardWithIf);
  out.split(w.ty, ym, w.ty, int(s.macroRows), TailStrategy::GuardWithIf);
  if (loops.isLast()) {
    out.split(ym, loops.band, ym, int(loops.rows / loops.step), TailStrategy::GuardWithIf);
    out.reorder(v.ci, w.u, w.v, w.tx, w.ty, bi, w.b, xm, ym, loops.band, v.n);
  } else if (s.images) {
    out.reorder(v.ci, w.u, w.v, w.tx, w.ty, bi, v.n, w.b, xm, ym);
  } else {
    out.reorder(v.ci, w.u, w.v, w.tx, w.ty, bi, w.b, xm, ym, v.n);
  }
  // Rows of outputs that share sums (transformOutput) are two apart.
  const Sweeps t(target);
  out.split(w.v, w.v, t.sweep, int(s.tile) / t.rows).split(v.ci, t.part, v.ci, t.lanes);
  out.reorder(v.ci, w.u, w.v, t.part, w.tx, t.sweep, w.ty).vectorize(v.ci).unroll(w.u).unroll(w.v).unroll(t.sweep);
  f.outputRows.compute_at(f.output, t.part).vectorize(w.k).unroll(w.j).unroll(w.v);
  scheduleProducts(f, s, v);
  if (s.weights == WinogradWeights::panels)
    schedulePanels(f, s, v);
  // Where macro blocks do not divide the map the last ones are smaller; what is allocated has a constant size.
  for (Func part : {f.input, f.sums}) {
    part.bound_storage(w.tx, int(llvm::alignTo(s.macroColumns, s.columns)));
    part.bound_storage(w.ty, int(llvm::alignTo(s.macroRows, s.rows)));
  }
  f.outputRows.bound_storage(w.tx, 1).bound_storage(w.ty, 1);

  if (isWhole) {
    f.input.compute_at(f.output, s.images ? ym : v.n).parallel(w.cb);
    out.parallel(w.b);
  } else {
    f.input.compute_at(f.output, xm);
    if (loops.isAlone())
      out.parallel(ym);
    else if (const Var *tasks = loops.isLast() ? loops.tasks(f.height) : nullptr)
      out.parallel(*tasks);
    else if (loops.isInner())
      f.output.align_bounds(v.y, int(s.tile));
    if (loops.isInner() && loops.serial)
      out.parallel(ym);
  }
  scheduleInput(f, s, v, t);
  return "";
}
