//===- ScheduleDirect.cpp - loops of a direct convolution -------*- C++ -*-===//
//
// One register tile (blocks of output channels x pixels of a row) at a time: its whole reduction stays in registers and
// the epilogue runs in the store. All loops over the tile are unrolled, the innermost rolled loops are the reduction's.
//
//===----------------------------------------------------------------------===//

#include "compiler/schedules/KernelFuncs.h"

using namespace Halide;
using namespace res;

/// Makes vectors of a block's lanes. Where a block is several registers they are separate vectors from the start: LLVM
/// splits longer ones too late to order the loads of their parts. `part` then counts the registers of a block.
static void vectorizeLanes(Stage stage, const KernelVars &v, Var part, int64_t lanes) {
  if (lanes < kBlock)
    stage.split(v.ci, part, v.ci, int(lanes)).unroll(part);
  stage.vectorize(v.ci);
}

/// The sums of pieces of the reduction join those of a register tile, close to its registers.
static void schedulePieces(ConvFuncs &funcs, const KernelVars &v, Var tile, Var part, int64_t lanes) {
  Func sum = funcs.sum;
  sum.compute_at(funcs.output, tile).unroll(v.co).unroll(v.x);
  vectorizeLanes(sum, v, part, lanes);
  sum.update().reorder(v.ci, v.co, v.x, funcs.chunks.x).unroll(v.co).unroll(v.x);
  vectorizeLanes(sum.update(), v, part, lanes);
  funcs.acc.compute_at(sum, funcs.chunks.x);
}

/// The partial sums of a group of channel blocks, over the whole map of an image, stay in the cache while chunks of the weights
/// pass.
static void scheduleChunks(ConvFuncs &funcs, const KernelVars &v, const DirectSchedule &s, Var at, Var part, int64_t lanes) {
  Func sum = funcs.sum;
  Var xo("xo"), xi("xi");
  sum.compute_at(funcs.output, at).vectorize(v.ci);
  sum.update().split(v.x, xo, xi, int(s.pixels)).reorder(v.ci, v.co, xi, xo, v.y, funcs.chunks.x);
  sum.update().unroll(v.co).unroll(xi);
  vectorizeLanes(sum.update(), v, part, lanes);
  funcs.acc.compute_at(sum, xo);
  if (funcs.hint.defined())
    funcs.hint.compute_at(sum, xo);
}

void res::orderBandLoops(ConvFuncs &funcs, const KernelVars &v, const DirectSchedule &s, const StageLoops &loops,
                         std::vector<VarOrRVar> inside, Var xo, Var bo) {
  Stage out = storeOf(funcs.output);
  Var row = v.y, rest("rest"), yi("yi"), own("own");
  const bool ownTasks = loops.isInner() && loops.serial;
  if (ownTasks) {
    out.split(v.y, own, yi, int(s.rows), TailStrategy::GuardWithIf);
    row = yi;
  }
  if (loops.isLast()) {
    out.split(v.y, loops.band, rest, int(loops.rows), TailStrategy::GuardWithIf);
    out.split(rest, loops.at, yi, int(loops.step), TailStrategy::GuardWithIf);
    row = yi;
  }
  if (s.order == LoopOrder::channels)
    inside.insert(inside.end(), {xo, row, bo});
  else
    inside.insert(inside.end(), {bo, xo, row});
  if (ownTasks)
    inside.push_back(own);
  if (loops.isLast())
    inside.insert(inside.end(), {loops.at, loops.band});
  inside.push_back(v.n);
  out.reorder(inside);
  if (ownTasks)
    out.parallel(own);
  if (const Var *tasks = loops.isLast() ? loops.tasks(funcs.height) : nullptr)
    out.parallel(*tasks);
}

std::string res::scheduleDirect(ConvFuncs &funcs, const KernelVars &v, const DirectSchedule &s, const TargetModel &target,
                                const StageLoops &loops) {
  const DirectLimits limits{funcs.width, funcs.height, funcs.blocks, funcs.innerChannels, funcs.steps, funcs.padded,
                            funcs.inputBlocked};
  if (std::string error = checkDirect(s, limits); !error.empty())
    return error;
  if (!loops.isAlone() && (s.flat || s.chunk || s.staging == StagingKind::whole))
    return "expected stages of bands that are not flat, in no chunks and with no whole staged input";
  if (loops.serial && s.staging != StagingKind::none)
    return "expected stages of serial bands with no staged input";
  Func acc = funcs.acc;
  Stage out = storeOf(funcs.output);
  Var xo("xo"), xi("xi"), bo("bo"), bi("bi"), yo("yo"), yi("yi"), task("task"), part("part");
  const int64_t lanes = std::min(target.vectorFloats, kBlock);
  const int64_t groups = (funcs.blocks + s.blocks - 1) / s.blocks;
  const int64_t tiles = (funcs.width + s.pixels - 1) / s.pixels;

  auto placeSums = [&](Var tile) {
    if (funcs.sum.defined())
      schedulePieces(funcs, v, tile, part, lanes);
    else
      acc.compute_at(funcs.output, tile);
  };

  // The last tile of a row and the last group of blocks are shifted inwards: they compute again what they overlap, which a
  // definition that reads its own output must not.
  const bool inPlace = funcs.output.has_update_definition();
  if (inPlace && !storesOnce(s, limits))
    return "expected pixels and blocks that divide the output, as it overwrites an input";
  const TailStrategy tail = inPlace ? TailStrategy::RoundUp : TailStrategy::ShiftInwards;
  out.split(v.x, xo, xi, int(s.pixels), tail);
  out.split(v.co, bo, bi, int(s.blocks), tail);
  out.unroll(bi).unroll(xi);
  // One parallel loop for all images, whose tasks are pieces of an image. Not where input is staged: what a task needs would
  // have no constant size.
  auto runTasks = [&](Var task, bool several) {
    if (funcs.batch > 1)
      out.fuse(task, v.n, task).parallel(task);
    else if (several)
      out.parallel(task);
  };
  if (!loops.isAlone()) {
    orderBandLoops(funcs, v, s, loops, {v.ci, bi, xi}, xo, bo);
    placeSums(s.order == LoopOrder::channels ? xo : bo);
  } else if (s.order == LoopOrder::channels) {
    // The weights of a group come from memory once for all images.
    const bool inside = funcs.batch > 1 && groups > 1 && !funcs.staged.defined();
    if (inside)
      out.reorder(v.ci, bi, xi, xo, v.y, v.n, bo);
    else
      out.reorder(v.ci, bi, xi, xo, v.y, bo, v.n);
    if (groups > 1)
      out.parallel(bo);
    if (s.chunk)
      scheduleChunks(funcs, v, s, inside ? v.n : bo, part, lanes);
    else
      placeSums(xo);
    if (funcs.staged.defined())
      funcs.staged.compute_at(funcs.output, v.n);
  } else if (s.flat) {
    out.split(xo, task, xo, int(s.rows), TailStrategy::GuardWithIf);
    if (funcs.batch > 1)
      out.reorder(v.ci, bi, xi, bo, xo, v.y, task, v.n);
    else
      out.reorder(v.ci, bi, xi, bo, xo, task, v.y, v.n);
    runTasks(task, tiles > s.rows);
    placeSums(bo);
  } else {
    const int64_t rows = std::min(s.rows, funcs.height);
    out.split(v.y, yo, yi, int(rows), TailStrategy::GuardWithIf); // bands do not overlap: see checkDirect
    out.reorder(v.ci, bi, xi, bo, xo, yi, yo, v.n);
    placeSums(bo);
    if (!funcs.staged.defined())
      runTasks(yo, funcs.height > rows);
    else if (funcs.height > rows)
      out.parallel(yo);
    if (funcs.staged.defined())
      funcs.staged.compute_at(funcs.output, s.staging == StagingKind::rows ? yo : v.n);
  }

  vectorizeLanes(out, v, part, lanes);

  acc.unroll(v.x).unroll(v.co);
  vectorizeLanes(acc, v, part, lanes);
  Stage update = acc.update();
  RVar channel = funcs.window[0], outer("outer"), inner("inner");
  const bool split = s.unroll < funcs.innerChannels && funcs.innerChannels % s.unroll == 0;
  // The innermost loop over the tile is the one whose operands stay in registers.
  std::vector<VarOrRVar> order{v.ci, v.co, v.x};
  if (holdsPixels(s.blocks, s.pixels, target))
    order = {v.ci, v.x, v.co};
  order.push_back(v.y);
  if (split) {
    update.split(channel, outer, inner, int(s.unroll));
    order.push_back(inner), order.push_back(outer);
  } else {
    order.push_back(channel);
  }
  for (int i = 1; i <= 3; ++i)
    order.push_back(funcs.window[i]);
  update.reorder(order).unroll(v.co).unroll(v.x);
  if (split)
    update.unroll(inner);
  else if (s.unroll == funcs.innerChannels && s.unroll <= 16)
    update.unroll(channel);
  if (lanes < kBlock) {
    update.split(v.ci, part, v.ci, int(lanes));
    if (holdsPixels(s.blocks, s.pixels, target))
      update.reorder(v.ci, v.x, part, v.co);
    update.unroll(part);
  }
  update.vectorize(v.ci);

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
