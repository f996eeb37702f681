//===- ScheduleOther.cpp - fully connected layers and maps ------*- C++ -*-===//
//
// Both are bound by memory: one stream per task, vectors along what is contiguous.
//
//===----------------------------------------------------------------------===//

#include "compiler/schedules/KernelFuncs.h"

using namespace Halide;
using namespace res;

/// Unrolled code grows with these; Halide's recursion ends a process that asks for far more.
static constexpr int64_t kMostUnrolled = 64;

std::string res::scheduleDense(DenseFuncs &funcs, const KernelVars &v, const DenseSchedule &s) {
  if (s.blocks < 1 || s.blocks > kMostUnrolled || s.unroll < 1 || s.unroll > kMostUnrolled)
    return "expected blocks and unroll between 1 and " + std::to_string(kMostUnrolled) + ", got " +
           std::to_string(s.blocks) + " and " + std::to_string(s.unroll);
  Func out = funcs.output, acc = funcs.acc;
  Var task("task"), rest("rest"), lane("lane"), block("block");
  const int64_t width = kBlock * s.blocks;
  out.split(v.c, task, rest, int(width), TailStrategy::GuardWithIf).split(rest, block, lane, int(kBlock));
  out.reorder(lane, block, v.n, task).vectorize(lane);
  if (funcs.outputs > width)
    out.parallel(task);

  // The matrix is read once for all images of the batch: they are innermost of the reduction.
  Func sum = funcs.sum;
  sum.compute_at(out, task).vectorize(funcs.lane).unroll(funcs.block);
  sum.update().reorder(funcs.lane, funcs.block, v.n, funcs.passes.x).vectorize(funcs.lane).unroll(funcs.block);
  acc.compute_at(sum, funcs.passes.x).vectorize(funcs.lane).unroll(funcs.block);
  acc.update().reorder(funcs.lane, funcs.block, v.n, funcs.inputs.x).vectorize(funcs.lane).unroll(funcs.block);
  constexpr int64_t kAccumulators = 16;
  if (funcs.batch * s.blocks <= kAccumulators) {
    for (Func part : {acc, sum}) {
      part.unroll(v.n);
      part.update().unroll(v.n);
    }
  }
  if (s.unroll > 1)
    acc.update().unroll(funcs.inputs.x, int(s.unroll), TailStrategy::GuardWithIf);
  return "";
}

std::string res::scheduleMap(MapFuncs &funcs, const KernelVars &v, const MapSchedule &s, const StageLoops &loops) {
  if (s.pixels < 1 || s.pixels > kMostUnrolled || s.rows < 0)
    return "expected pixels between 1 and " + std::to_string(kMostUnrolled) + " and rows of at least 0, got " +
           std::to_string(s.pixels) + " and " + std::to_string(s.rows);
  if (!loops.isAlone() && (!loops.isLast() || funcs.layout != MapFuncs::Layout::blocked))
    return "expected pooling of blocked maps only as the last stage of bands";
  Func out = funcs.output;
  Var xo("xo"), xi("xi"), yo("yo"), yi("yi");
  Var at = v.n; // where the parts of a task are computed
  if (funcs.layout == MapFuncs::Layout::matrix) {
    out.vectorize(v.c, int(kBlock), TailStrategy::GuardWithIf);
  } else {
    const bool blocked = funcs.layout == MapFuncs::Layout::blocked;
    Var plane = blocked ? v.co : v.c;
    if (blocked) {
      const int64_t pixels = std::min(s.pixels, funcs.width);
      out.split(v.x, xo, xi, int(pixels), TailStrategy::ShiftInwards).vectorize(v.ci).unroll(xi);
      out.reorder(v.ci, xi, xo, v.y, plane, v.n);
    } else {
      out.split(v.x, xo, xi, int(kBlock), TailStrategy::GuardWithIf).vectorize(xi);
      out.reorder(xi, xo, v.y, plane, v.n);
    }
    at = xo;
    if (loops.isLast()) {
      out.split(v.y, loops.band, yo, int(loops.rows), TailStrategy::GuardWithIf);
      out.split(yo, loops.at, yi, int(loops.step), TailStrategy::GuardWithIf);
      out.reorder(v.ci, xi, xo, yi, plane, loops.at, loops.band, v.n);
      if (const Var *tasks = loops.tasks(funcs.height))
        out.parallel(*tasks);
    } else if (s.rows > 0 && s.rows < funcs.height) {
      out.split(v.y, yo, yi, int(s.rows), TailStrategy::GuardWithIf);
      blocked ? out.reorder(v.ci, xi, xo, yi, plane, yo, v.n) : out.reorder(xi, xo, yi, plane, yo, v.n);
      out.parallel(yo);
    }
  }
  for (Func &part : funcs.parts) {
    part.compute_at(out, at);
    for (const Var &var : part.args())
      if (var.name() == v.ci.name()) {
        part.vectorize(v.ci);
        part.update().vectorize(v.ci);
      }
  }
  return "";
}

std::string res::scheduleLines(MapFuncs &funcs, const KernelVars &v, const MapSchedule &s) {
  if (s.pixels < 1 || s.pixels > kMostUnrolled || s.rows < 0)
    return "expected pixels between 1 and " + std::to_string(kMostUnrolled) + " and rows of at least 0, got " +
           std::to_string(s.pixels) + " and " + std::to_string(s.rows);
  Func out = funcs.output, line = funcs.line;
  Var xo("xo"), xi("xi"), yo("yo"), yi("yi");
  // Lines of some pixels stay in the first cache, and on the stack.
  const int64_t pixels = std::max<int64_t>(
      1, std::min({s.pixels, funcs.width, MapFuncs::kMostLineChannels / funcs.lineChannels}));
  out.split(v.x, xo, xi, int(pixels), TailStrategy::ShiftInwards).vectorize(v.ci).unroll(xi);
  out.reorder(v.ci, xi, v.co, xo, v.y, v.n);
  if (s.rows > 0 && s.rows < funcs.height) {
    out.split(v.y, yo, yi, int(s.rows), TailStrategy::GuardWithIf);
    out.reorder(v.ci, xi, v.co, xo, yi, yo, v.n).parallel(yo);
  }
  line.compute_at(out, xo).bound(v.c, 0, int(funcs.lineChannels)).bound_extent(v.x, int(pixels)).vectorize(v.c, int(kBlock));
  for (size_t input = 0; input < funcs.lineBlocks.size(); ++input) {
    const RDom &blocks = funcs.lineBlocks[input];
    line.update(int(input)).reorder(blocks.x, v.x, blocks.y, v.y, v.n).allow_race_conditions().vectorize(blocks.x).unroll(v.x);
  }
  return "";
}
