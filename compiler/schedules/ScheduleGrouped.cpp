//===- ScheduleGrouped.cpp - loops of a grouped convolution -----*- C++ -*-===//
//
// One register tile (pixels of a row of one vector of output channels) at a time. Tasks are blocks of channels and rows of
// them, so that what a task reads and writes is its own, but for a few rows of the input.
//
//===----------------------------------------------------------------------===//

#include "compiler/schedules/KernelFuncs.h"

using namespace Halide;
using namespace res;

std::string res::scheduleGrouped(ConvFuncs &funcs, const KernelVars &v, const GroupedSchedule &s, const TargetModel &target,
                                 const StageLoops &loops) {
  if (std::string error = checkGrouped(s, funcs.width, funcs.height, funcs.blocks); !error.empty())
    return error;
  Func acc = funcs.acc;
  Stage out = storeOf(funcs.output);
  Var xo("xo"), xi("xi"), bo("bo"), bi("bi"), yo("yo"), yi("yi"), part("part"), task("task");
  const int64_t lanes = std::min(target.vectorFloats, kBlock);
  const bool inPlace = funcs.output.has_update_definition();
  if (inPlace && funcs.width % s.pixels)
    return "expected pixels that divide the output, as it overwrites an input";
  out.split(v.x, xo, xi, int(s.pixels), inPlace ? TailStrategy::RoundUp : TailStrategy::ShiftInwards).unroll(xi);
  // Where a block is several vectors they come one after the other: each lane is a convolution of its own.
  Var tile = xo;
  std::vector<VarOrRVar> inside{v.ci, xi};
  if (lanes < kBlock) {
    out.split(v.ci, part, v.ci, int(lanes));
    inside.push_back(part);
    tile = part;
  }
  if (!loops.isAlone()) {
    DirectSchedule order{};
    order.order = LoopOrder::channels, order.rows = s.rows;
    orderBandLoops(funcs, v, order, loops, inside, xo, v.co);
  } else {
    const int64_t tasks = ((funcs.blocks + s.blocks - 1) / s.blocks) * ((funcs.height + s.rows - 1) / s.rows) * funcs.batch;
    out.split(v.co, bo, bi, int(s.blocks), TailStrategy::GuardWithIf);
    out.split(v.y, yo, yi, int(s.rows), TailStrategy::GuardWithIf);
    inside.insert(inside.end(), {xo, yi, bi, yo, bo, v.n});
    out.reorder(inside).fuse(yo, bo, task);
    if (funcs.batch > 1)
      out.fuse(task, v.n, task);
    if (tasks > 1)
      out.parallel(task);
  }
  out.vectorize(v.ci);

  acc.compute_at(funcs.output, tile).unroll(v.x).vectorize(v.ci, int(lanes));
  RVar channel = funcs.window[0], column = funcs.window[1], row = funcs.window[2];
  Stage update = acc.update();
  update.reorder(v.ci, v.x, column, channel, v.y, v.co, row).vectorize(v.ci, int(lanes)).unroll(v.x);
  // A step has one row of the window and, of a permuted block, all channels: which they are is part of the instruction.
  constexpr int64_t kMostUnrolled = 512;
  if (s.pixels * funcs.windowWidth <= kMostUnrolled)
    update.unroll(column);
  if (funcs.permuted && s.pixels * funcs.windowWidth * funcs.innerChannels <= kMostUnrolled)
    update.unroll(channel);
  if (s.whole)
    update.unroll(row);
  return "";
}
