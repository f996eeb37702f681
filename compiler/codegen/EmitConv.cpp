//===- EmitConv.cpp - convolutions and fully connected layers ---*- C++ -*-===//

#include "compiler/codegen/Algorithm.h"

using namespace Halide;
using namespace res;

namespace {
/// A chunk of packed weights as the prefetch sees it, in cache lines (one line is 16 output channels of a tap).
struct ChunkShape {
  int64_t blocks, passes, segmentLines, tilesX, tiles; // segment: a chunk of one block of output channels
};
} // namespace

/// The input with zeros in its pads, indexed from the corner of the padding.
static Func definePadded(const std::string &name, const KernelVars &v, const Reader &input, const TensorSize &size,
                         const Window2 &window) {
  Func padded(name + "_padded");
  Expr row = v.y - int(window.padTop), column = v.x - int(window.padLeft);
  Expr inside = row >= 0 && row < int(size.h) && column >= 0 && column < int(size.w);
  row = clamp(row, 0, int(size.h) - 1), column = clamp(column, 0, int(size.w) - 1);
  if (size.blocked)
    padded(v.ci, v.x, v.y, v.co, v.n) = select(inside, input(Point::blocked(v.ci, column, row, v.co, v.n)), 0.f);
  else
    padded(v.x, v.y, v.c, v.n) = select(inside, input(Point::plain(column, row, v.c, v.n)), 0.f);
  return padded;
}

/// 0, after asking for a share of the weights that follow a chunk: each of the register tiles of a chunk, (xt, y), fetches an
/// equal part of the next chunk of its group of blocks or, behind the last one, of the next group's first. A prefetch
/// never faults, so what lies behind the last group may be fetched, too: it is what the next kernel reads.
static Func definePrefetch(const std::string &name, const KernelVars &v, ImageParam filter, const ChunkShape &chunk) {
  Var xt("xt"), group("group"), pass("pass");
  Func hint(name + "_hint");
  const int64_t blockLines = chunk.passes * chunk.segmentLines;
  Expr last = pass == int(chunk.passes) - 1;
  Expr start = (group + select(last, 1, 0)) * int(chunk.blocks * blockLines) +
               select(last, 0, (pass + 1) * int(chunk.segmentLines));
  Expr tile = v.y * int(chunk.tilesX) + xt;
  Expr from = tile * int(chunk.segmentLines) / int(chunk.tiles), to = (tile + 1) * int(chunk.segmentLines) / int(chunk.tiles);
  Expr buffer = Internal::Variable::make(type_of<halide_buffer_t *>(), filter.name() + ".buffer", filter.parameter());
  hint(xt, v.y, group, pass, v.n) =
      Internal::Call::make(Float(32), "res_rt_prefetch",
                           {buffer, start + from, Expr(int(blockLines)), Expr(int(chunk.blocks)), to - from},
                           Internal::Call::Extern);
  return hint;
}

/// Pieces of a reduction whose sum is taken before it joins the others: rounding errors grow with the length of a sum, and
/// sums of sums are short. The largest divisor of `steps`, of `products` each, with at most 640 products; a register tile
/// that writes its sums that seldom loses nothing.
static int64_t sumInPieces(int64_t steps, int64_t products) {
  constexpr int64_t kMost = 640;
  int64_t pieces = 1;
  for (int64_t candidate = 2; candidate <= steps && candidate * products <= kMost; ++candidate)
    if (steps % candidate == 0)
      pieces = candidate;
  return pieces * products * 4 < kMost ? steps : pieces; // a prime number of steps, say
}

ConvAlgorithm res::defineConv(const std::string &name, const KernelVars &v, Reader input, const TensorSize &inputSize,
                              ImageParam filter, int64_t inner, Reader bias, const TensorSize &outputSize,
                              const Window2 &window, int64_t groups, bool flat, const DirectSchedule &tile) {
  ConvAlgorithm conv;
  ConvFuncs &funcs = conv.funcs;
  // In place, columns outside the map read zero, and rows outside it are left out of the sum.
  const bool inPlace = window.padded() && tile.staging == StagingKind::none && inputSize.blocked;
  funcs.padded = window.padded(), funcs.inputBlocked = inputSize.blocked;
  if (inPlace) {
    input = [input, width = int(inputSize.w)](const Point &p) {
      Expr inside = likely(p.x >= 0 && p.x < width);
      return select(inside, input(Point::blocked(p.ci, clamp(p.x, 0, width - 1), p.y, p.co, p.n)), 0.f);
    };
  } else if (window.padded()) {
    Func padded = funcs.staged = definePadded(name, v, input, inputSize, window);
    input = [padded, blocked = inputSize.blocked](const Point &p) {
      return blocked ? padded(p.ci, p.x, p.y, p.co, p.n) : padded(p.x, p.y, p.c, p.n);
    };
  }

  // Channels of a group, in `steps` pieces of `inner`; lanes beyond C meet zero weights.
  const int64_t groupInputs = inputSize.c / groups, groupOutputs = outputSize.c / groups;
  const int64_t steps = (groupInputs + inner - 1) / inner;
  const int64_t pieces = tile.chunk ? tile.chunk : sumInPieces(steps, inner * window.width * window.height);
  const int64_t chunk = pieces < steps ? pieces : 0;
  const bool byBlocks = inputSize.blocked && inner == kBlock && (groups == 1 || groupOutputs % kBlock == 0);
  const int64_t chunkSteps = chunk ? chunk : steps;
  RDom r(0, int(inner), 0, int(window.width), 0, int(window.height), 0, int(chunkSteps), name + "_r");
  Var pass("pass"); // the chunk
  Expr step = chunk ? pass * int(chunk) + r[3] : Expr(r[3]);
  Expr column = v.x * int(window.strideX) + r[1] * int(window.dilationX);
  Expr row = v.y * int(window.strideY) + r[2] * int(window.dilationY);
  if (inPlace) {
    row -= int(window.padTop), column -= int(window.padLeft);
    r.where(row >= 0 && row < int(inputSize.h));
    row = clamp(row, 0, int(inputSize.h) - 1);
  }
  Expr element;
  if (byBlocks) {
    Expr first = groups == 1 ? Expr(0) : (v.co / int(groupOutputs / kBlock)) * int(steps);
    element = input(Point::blocked(r[0], column, row, first + step, v.n));
  } else {
    // Groups that are not whole blocks: every lane may belong to another group.
    Expr group = groups == 1 ? Expr(0) : min((v.co * int(kBlock) + v.ci) / int(groupOutputs), int(groups) - 1);
    Expr channel = group * int(groupInputs) + step * int(inner) + r[0];
    element = inputSize.blocked
                  ? input(Point::blocked(channel % int(kBlock), column, row, channel / int(kBlock), v.n))
                  : input(Point::plain(column, row, channel, v.n));
  }
  Func acc(name + "_acc");
  std::vector<Var> at{v.ci, v.x, v.y, v.co, v.n};
  if (chunk)
    at.push_back(pass);
  Expr zero = 0.f;
  if (tile.chunk && window.height * window.width == 1 && outputSize.blocks() % tile.blocks == 0) {
    ChunkShape shape;
    shape.blocks = tile.blocks;
    shape.passes = steps / chunk;
    shape.segmentLines = chunk * inner * window.width * window.height;
    shape.tilesX = (flat ? outputSize.h * outputSize.w : outputSize.w) / tile.pixels;
    shape.tiles = shape.tilesX * (flat ? 1 : outputSize.h);
    funcs.hint = definePrefetch(name, v, filter, shape);
    zero = funcs.hint(v.x / int(tile.pixels), v.y, v.co / int(tile.blocks), pass, v.n);
  }
  acc(at) = zero;
  acc(at) += element * filter(v.ci, r[0], r[1], r[2], step, v.co);
  Func total = acc;
  if (chunk) {
    RDom passes(0, int(steps / chunk), name + "_passes");
    Func sum(name + "_sum");
    sum(v.ci, v.x, v.y, v.co, v.n) = 0.f;
    sum(v.ci, v.x, v.y, v.co, v.n) += acc(v.ci, v.x, v.y, v.co, v.n, passes.x);
    funcs.sum = total = sum;
    funcs.chunks = passes;
  }

  funcs.acc = acc;
  funcs.window = r;
  funcs.batch = outputSize.n;
  funcs.width = flat ? outputSize.h * outputSize.w : outputSize.w;
  funcs.height = flat ? 1 : outputSize.h;
  funcs.blocks = outputSize.blocks();
  funcs.innerChannels = inner;
  funcs.steps = steps;
  conv.value = [total, bias](const Point &p) {
    Expr sum = total(p.ci, p.x, p.y, p.co, p.n);
    return bias ? sum + bias(p) : sum;
  };
  return conv;
}

/// Inputs that are summed up before their sum joins the others: rounding errors grow with the length of a sum, and
/// sums of sums are short. The largest divisor of the number of inputs up to 512, or all of them when that is small.
static int64_t denseChunk(int64_t inputs) {
  constexpr int64_t kMost = 512, kLeast = 64;
  for (int64_t chunk = std::min(inputs, kMost); chunk >= kLeast; --chunk)
    if (inputs % chunk == 0)
      return chunk;
  return inputs;
}

DenseAlgorithm res::defineDense(const std::string &name, const KernelVars &v, Reader input, const TensorSize &inputSize,
                                ImageParam weight, Reader bias, int64_t outputs, int64_t blocks) {
  DenseAlgorithm dense;
  DenseFuncs &funcs = dense.funcs;
  const int64_t chunk = denseChunk(inputSize.c);
  RDom r(0, int(chunk), name + "_r"), passes(0, int(inputSize.c / chunk), name + "_passes");
  Func acc(name + "_acc"), sum(name + "_sum");
  Var pass("pass");
  Expr c = pass * int(chunk) + r.x;
  acc(funcs.lane, funcs.block, funcs.task, pass, v.n) = 0.f;
  acc(funcs.lane, funcs.block, funcs.task, pass, v.n) +=
      input(Point::plain(0, 0, c, v.n)) * weight(funcs.lane, funcs.block, c, funcs.task);
  sum(funcs.lane, funcs.block, funcs.task, v.n) = 0.f;
  sum(funcs.lane, funcs.block, funcs.task, v.n) += acc(funcs.lane, funcs.block, funcs.task, passes.x, v.n);
  funcs.acc = acc;
  funcs.sum = sum;
  funcs.inputs = r;
  funcs.passes = passes;
  funcs.batch = inputSize.n;
  funcs.outputs = outputs;
  dense.value = [sum, bias, blocks](const Point &p) {
    Expr total = sum(p.c % int(kBlock), (p.c / int(kBlock)) % int(blocks), p.c / int(kBlock * blocks), p.n);
    return bias ? total + bias(p) : total;
  };
  return dense;
}
