//===- EmitGrouped.cpp - depthwise and grouped convolutions -----*- C++ -*-===//

#include "compiler/codegen/Algorithm.h"

using namespace Halide;
using namespace res;

/// Channel `j` of the group of each lane of the outputs `v`, at a row and column. Where the groups of a block read one block,
/// lanes are divided before blocks are added, so that Halide sees a vector with a constant stride, or one channel.
static Expr readGroups(const Reader &input, const KernelVars &v, Expr column, Expr row, Expr j, int groupInputs,
                       int groupOutputs, GroupLanes lanes, int vectorFloats) {
  Expr first = v.ci / vectorFloats * vectorFloats; // of the vector: the same for all its lanes
  if (lanes == GroupLanes::permuted) {
    const int blocks = groupOutputs / groupInputs; // of outputs, for each of inputs
    Expr lane = groupOutputs < vectorFloats ? Expr(v.ci) : first;
    lane = groupOutputs == 1 ? lane : lane / groupOutputs * groupInputs + j;
    if (blocks > 1)
      lane += v.co % blocks * (int(kBlock) / blocks);
    return input(Point::blocked(lane, column, row, v.co / blocks, v.n));
  }
  constexpr int half = int(kBlock) / 2;
  auto broadcast = [&](Expr lane) {
    Expr channel = (v.co * int(kBlock) + lane) / groupOutputs * groupInputs + j;
    return input(Point::blocked(channel % int(kBlock), column, row, channel / int(kBlock), v.n));
  };
  if (vectorFloats <= half)
    return broadcast(first);
  return select(v.ci < half, broadcast(0), broadcast(half));
}

ConvAlgorithm res::defineGrouped(const std::string &name, const KernelVars &v, Reader input, const TensorSize &inputSize,
                                 ImageParam filter, Reader bias, const TensorSize &outputSize, const Window2 &window,
                                 int64_t groups, int64_t vectorFloats) {
  ConvAlgorithm conv;
  ConvFuncs &funcs = conv.funcs;
  const int groupInputs = int(inputSize.c / groups), groupOutputs = int(outputSize.c / groups);
  const GroupLanes lanes = laneGroups(groups, groupInputs, groupOutputs);
  RDom r(0, groupInputs, 0, int(window.width), 0, int(window.height), name + "_r");
  Expr column = v.x * int(window.strideX) + r[1] * int(window.dilationX) - int(window.padLeft);
  Expr row = v.y * int(window.strideY) + r[2] * int(window.dilationY) - int(window.padTop);
  // Columns outside the map read zero, and rows outside it are left out of the sum. Loops have code of their own for tiles at
  // the border, whose columns are constants: there the zeros vanish.
  Expr inside = likely(column >= 0 && column < int(inputSize.w));
  if (window.padded()) {
    r.where(row >= 0 && row < int(inputSize.h));
    row = clamp(row, 0, int(inputSize.h) - 1), column = clamp(column, 0, int(inputSize.w) - 1);
  }
  // Lanes of the last block beyond the last channel read what lies there, or another channel, and meet zero weights.
  Reader guarded = [&](const Point &p) {
    Point q = p;
    if (lanes == GroupLanes::halves)
      q = Point::blocked(p.ci, p.x, p.y, min(p.co, int(inputSize.blocks()) - 1), p.n);
    return input(q);
  };
  Expr element = readGroups(guarded, v, column, row, r[0], groupInputs, groupOutputs, lanes,
                             int(std::min(vectorFloats, kBlock)));
  if (window.padded())
    element = select(inside, element, 0.f);
  Func acc(name + "_acc");
  acc(v.ci, v.x, v.y, v.co, v.n) = 0.f;
  acc(v.ci, v.x, v.y, v.co, v.n) += element * filter(v.ci, r[0], r[1], r[2], 0, v.co);

  funcs.acc = acc;
  funcs.window = r;
  funcs.padded = window.padded();
  funcs.batch = outputSize.n, funcs.width = outputSize.w, funcs.height = outputSize.h, funcs.blocks = outputSize.blocks();
  funcs.innerChannels = groupInputs, funcs.steps = 1;
  funcs.windowWidth = window.width, funcs.permuted = lanes == GroupLanes::permuted;
  conv.value = [acc, bias](const Point &p) {
    Expr sum = acc(p.ci, p.x, p.y, p.co, p.n);
    return bias ? sum + bias(p) : sum;
  };
  return conv;
}
