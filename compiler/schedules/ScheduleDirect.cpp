//===- ScheduleDirect.cpp - loops of a direct convolution -------*- C++ -*-===//
//
// One register tile (blocks of output channels x pixels of a row) at a time: its whole reduction stays in registers and
// the epilogue runs in the store. All loops over the tile are unrolled, the innermost rolled loops are the reduction's.
//
//===----------------------------------------------------------------------===//

#include "compiler/schedules/KernelFuncs.h"

using namespace Halide;
using namespace res;

static std::string expected(const char *what, int64_t least, int64_t most, int64_t got) {
  if (got >= least && got <= most)
    return "";
  return std::string("expected ") + what + " between " + std::to_string(least) + " and " + std::to_string(most) +
         ", got " + std::to_string(got);
}

static std::string check(const ConvFuncs &funcs, const DirectSchedule &s) {
  for (std::string error : {expected("blocks", 1, funcs.blocks, s.blocks), expected("pixels", 1, funcs.width, s.pixels),
                            expected("unroll", 1, funcs.innerChannels, s.unroll),
                            expected("rows", 1, std::max<int64_t>(funcs.width, funcs.height), s.rows)})
    if (!error.empty())
      return error;
  if (!funcs.padded && s.staging != StagingKind::none)
    return "expected no staging without pads";
  if (funcs.padded && s.staging == StagingKind::none && !funcs.inputBlocked)
    return "expected a padded row-major input to be staged";
  // Two tasks must not compute the same output: they may round it differently, and results must not depend on threads.
  if (s.order == LoopOrder::channels && funcs.blocks % s.blocks)
    return "expected blocks that divide the " + std::to_string(funcs.blocks) + " of the output where channels are outermost, got " +
           std::to_string(s.blocks);
  if (s.staging == StagingKind::rows && s.order == LoopOrder::channels)
    return "expected staging by rows only with space outermost";
  if (s.chunk != 0 && (s.order != LoopOrder::channels || funcs.width % s.pixels || s.chunk >= funcs.steps))
    return "expected a chunk only with channels outermost, pixels that divide the row, and more than one chunk";
  return "";
}

/// The sums of pieces of the reduction join those of a register tile, close to its registers.
static void schedulePieces(ConvFuncs &funcs, const KernelVars &v, Var tile) {
  Func sum = funcs.sum;
  sum.compute_at(funcs.output, tile).vectorize(v.ci).unroll(v.co).unroll(v.x);
  sum.update().reorder(v.ci, v.co, v.x, funcs.chunks.x).vectorize(v.ci).unroll(v.co).unroll(v.x);
  funcs.acc.compute_at(sum, funcs.chunks.x);
}

/// The partial sums of a group of channel blocks, over the whole map, stay in the cache while chunks of the weights pass.
static void scheduleChunks(ConvFuncs &funcs, const KernelVars &v, const DirectSchedule &s, Var group) {
  Func sum = funcs.sum;
  Var xo("xo"), xi("xi");
  sum.compute_at(funcs.output, group).vectorize(v.ci);
  sum.update().split(v.x, xo, xi, int(s.pixels)).reorder(v.ci, v.co, xi, xo, v.y, funcs.chunks.x);
  sum.update().vectorize(v.ci).unroll(v.co).unroll(xi);
  funcs.acc.compute_at(sum, xo);
  if (funcs.hint.defined())
    funcs.hint.compute_at(sum, xo);
}

std::string res::scheduleDirect(ConvFuncs &funcs, const KernelVars &v, const DirectSchedule &s) {
  if (std::string error = check(funcs, s); !error.empty())
    return error;
  Func out = funcs.output, acc = funcs.acc;
  Var xo("xo"), xi("xi"), bo("bo"), bi("bi"), yo("yo"), yi("yi"), task("task");
  const int64_t groups = (funcs.blocks + s.blocks - 1) / s.blocks;
  const int64_t tiles = (funcs.width + s.pixels - 1) / s.pixels;

  auto placeSums = [&](Var tile) {
    if (funcs.sum.defined())
      schedulePieces(funcs, v, tile);
    else
      acc.compute_at(out, tile);
  };

  // The last tile of a row and the last group of blocks are shifted inwards: they compute again what they overlap.
  out.split(v.x, xo, xi, int(s.pixels), TailStrategy::ShiftInwards);
  out.split(v.co, bo, bi, int(s.blocks), TailStrategy::ShiftInwards);
  out.vectorize(v.ci).unroll(bi).unroll(xi);
  if (s.order == LoopOrder::channels) {
    out.reorder(v.ci, bi, xi, xo, v.y, bo, v.n);
    if (groups > 1)
      out.parallel(bo);
    if (s.chunk)
      scheduleChunks(funcs, v, s, bo);
    else
      placeSums(xo);
    if (funcs.staged.defined())
      funcs.staged.compute_at(out, v.n);
  } else if (s.flat) {
    out.split(xo, task, xo, int(s.rows), TailStrategy::GuardWithIf);
    out.reorder(v.ci, bi, xi, bo, xo, task, v.y, v.n);
    if (tiles > s.rows)
      out.parallel(task);
    placeSums(bo);
  } else {
    const int64_t rows = std::min(s.rows, funcs.height);
    out.split(v.y, yo, yi, int(rows), TailStrategy::GuardWithIf); // bands do not overlap: see check()
    out.reorder(v.ci, bi, xi, bo, xo, yi, yo, v.n);
    if (funcs.height > rows)
      out.parallel(yo);
    placeSums(bo);
    if (funcs.staged.defined())
      s.staging == StagingKind::rows ? funcs.staged.compute_at(out, yo) : funcs.staged.compute_at(out, v.n);
  }

  acc.vectorize(v.ci).unroll(v.x).unroll(v.co);
  RVar channel = funcs.window[0], outer("outer"), inner("inner");
  if (s.unroll < funcs.innerChannels && funcs.innerChannels % s.unroll == 0) {
    acc.update().split(channel, outer, inner, int(s.unroll));
    acc.update().reorder(v.ci, v.co, v.x, v.y, inner, outer, funcs.window[1], funcs.window[2], funcs.window[3]);
    acc.update().unroll(inner);
  } else {
    acc.update().reorder(v.ci, v.co, v.x, v.y, channel, funcs.window[1], funcs.window[2], funcs.window[3]);
    if (s.unroll == funcs.innerChannels && s.unroll <= 16)
      acc.update().unroll(channel);
  }
  acc.update().vectorize(v.ci).unroll(v.co).unroll(v.x);

  if (funcs.staged.defined()) {
    if (funcs.inputBlocked) {
      funcs.staged.vectorize(v.ci);
      if (s.staging == StagingKind::whole)
        funcs.staged.parallel(v.co);
    } else {
      funcs.staged.vectorize(v.x, 16, TailStrategy::GuardWithIf);
      if (s.staging == StagingKind::whole)
        funcs.staged.parallel(v.y);
    }
  }
  return "";
}
