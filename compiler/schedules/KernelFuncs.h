//===- KernelFuncs.h - what a schedule is applied to ------------*- C++ -*-===//
//
// The Funcs of a kernel's algorithm, by the part they play. Code generation defines them, schedules order their loops.
// Maps have dimensions (ci, x, y, co, n): lane of a block, column, row, block of channels, image; innermost first.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_SCHEDULES_KERNELFUNCS_H
#define RES_COMPILER_SCHEDULES_KERNELFUNCS_H

#include "compiler/analysis/Bands.h"
#include "compiler/analysis/GroupedChoice.h"
#include "compiler/analysis/WinogradChoice.h"

#include <Halide.h>

namespace res {

/// The loop variables of every kernel.
struct KernelVars {
  Halide::Var ci{"ci"}, x{"x"}, y{"y"}, co{"co"}, n{"n"}; // blocked maps
  Halide::Var c{"c"};                                     // row-major tensors: (x, y, c, n) and (c, n)
};

/// A direct convolution with its epilogue. Sizes are those of the result.
struct ConvFuncs {
  Halide::Func output;
  Halide::Func acc;    // the reduction: (ci, x, y, co, n), updated over (channel, column, row, block) of the window
  Halide::RDom window;
  Halide::Func sum;    // with chunks, acc has a chunk as its last dimension and `sum` adds the chunks up; else undefined
  Halide::RDom chunks;
  Halide::Func hint;   // with chunks: prefetches, once per register tile, its share of the weights of the next chunk
  Halide::Func staged; // the padded input, or undefined: (ci, x, y, co, n), row-major inputs (x, y, c, n)
  bool padded = false, inputBlocked = true;
  int64_t width = 0, height = 0, blocks = 0, innerChannels = 0, steps = 0; // steps: blocks of input channels
  int64_t batch = 1;
  int64_t windowWidth = 1; // of a grouped convolution, whose window is (channel of a group, column, row)
  bool permuted = false;   // and whether its lanes read permuted blocks
};

/// Loop variables of a Winograd convolution. Points are numbered (j, i), column and row; tiles (tx, ty).
struct WinogradVars {
  Halide::Var c{"c"}, cb{"cb"};                // lane and block of input channels
  Halide::Var k{"k"}, b{"b"}, bi{"bi"};        // lane and block of output channels, block of a group
  Halide::Var tx{"tx"}, ty{"ty"};              // a tile of the map
  Halide::Var j{"j"}, i{"i"}, u{"u"}, v{"v"};  // a point of a tile, and an output of it
  Halide::Var kx{"kx"}, h{"h"};                // a tap of a filter, and a pass over the channels
};

/// A Winograd convolution F(m x m, 3x3) with its epilogue. Sizes are those of the result.
struct WinogradFuncs {
  WinogradVars vars;
  Halide::Func output;             // (ci, x, y, co, n)
  Halide::Func inputRows, input;   // (c, j, i, tx, ty, cb, n) and (c, tx, ty, cb, j, i, n); here i is 0 for the last row
  Halide::Func filterRows, filter; // (k, kx, i, bi, c, cb, b) and (k, bi, c, cb, j, i, b); undefined for stored weights
  Halide::Func acc, sums;          // (k, tx, ty, b, j, i, h, n) of a pass, and without h of all passes
  Halide::Func outputRows;         // (k, j, v, tx, ty, b, n)
  Halide::RDom channels, passes;
  int64_t width = 0, height = 0, blocks = 0, inputBlocks = 0, batch = 0;
};

/// A fully connected layer: output (c, n), sum (lane, block of the task, task, n) of acc (lane, block, task, pass, n).
struct DenseFuncs {
  Halide::Func output;
  Halide::Func acc;    // the inputs of a pass
  Halide::Func sum;    // all passes
  Halide::RDom inputs, passes;
  Halide::Var lane, block, task;
  int64_t batch = 0, outputs = 0;
};

/// Anything bound by memory. `parts` are reductions that are computed where they are used. `line` (c, x, y, n): the
/// channels of a pixel one behind the other, an update for the `lineBlocks` of each input.
struct MapFuncs {
  static constexpr int64_t kMostLineChannels = 4096; // that Halide has on the stack: 16 KB
  Halide::Func output, line;
  std::vector<Halide::RDom> lineBlocks;
  int64_t lineChannels = 0;
  std::vector<Halide::Func> parts;
  enum class Layout { blocked, rowMajorMap, matrix } layout = Layout::blocked;
  int64_t width = 0, height = 0;
};

/// Which loops over rows a schedule makes: tasks as it says itself, or those of its stage of a banded kernel (#res.banded).
/// The last stage has tasks of `rows` rows in steps of `step` rows, the loops over both are `band` and `at`; the others have
/// no loops but over the rows that they are asked for. With `serial` the steps are the tasks, and the others have their own.
struct StageLoops {
  enum class Part { alone, inner, last } part = Part::alone;
  int64_t rows = 0, step = 0;
  bool serial = false;
  Halide::Var band{"band"}, at{"at"};
  bool isAlone() const { return part == Part::alone; }
  bool isLast() const { return part == Part::last; }
  bool isInner() const { return part == Part::inner; }
  /// The loop over tasks of the last stage, of `height` rows, or null where there is one task.
  const Halide::Var *tasks(int64_t height) const {
    if (serial)
      return std::min(rows, height) > step ? &at : nullptr;
    return height > rows ? &band : nullptr;
  }
};

/// The definition that stores to a kernel's output. Where the output overwrites an input it is an update of that.
inline Halide::Stage storeOf(Halide::Func output) {
  return output.has_update_definition() ? output.update() : Halide::Stage(output);
}

/// Each names the first thing about a schedule that does not fit the kernel (schedules come from edited dumps, too), or
/// returns "" when it was applied.
std::string scheduleDirect(ConvFuncs &funcs, const KernelVars &vars, const DirectSchedule &schedule,
                           const TargetModel &target, const StageLoops &loops = {});
std::string scheduleGrouped(ConvFuncs &funcs, const KernelVars &vars, const GroupedSchedule &schedule,
                            const TargetModel &target, const StageLoops &loops = {});
std::string scheduleDense(DenseFuncs &funcs, const KernelVars &vars, const DenseSchedule &schedule);
std::string scheduleMap(MapFuncs &funcs, const KernelVars &vars, const MapSchedule &schedule, const StageLoops &loops = {});

/// The same for blocked maps with a line: concatenations, normalisation across channels.
std::string scheduleLines(MapFuncs &funcs, const KernelVars &vars, const MapSchedule &schedule);

/// The schedule has been checked (checkWinograd), as the algorithm depends on it, too.
std::string scheduleWinograd(WinogradFuncs &funcs, const KernelVars &vars, const WinogradSchedule &schedule,
                             const TargetModel &target, const StageLoops &loops = {});

/// The loops of a stage outside register tiles: `inside` are those over a tile, innermost first, xo and bo those over tiles.
void orderBandLoops(ConvFuncs &funcs, const KernelVars &vars, const DirectSchedule &schedule, const StageLoops &loops,
                    std::vector<Halide::VarOrRVar> inside, Halide::Var xo, Halide::Var bo);

/// Keeps the rows of an inner stage's result that a step of `output` reads. `staged`: its padded input, of `stagedRows` rows
/// for a step, or undefined.
void placeStage(Halide::Func result, Halide::Func staged, int64_t stagedRows, const BandRows &rows, Halide::Func output,
                const KernelVars &vars, const StageLoops &loops);

} // namespace res

#endif // RES_COMPILER_SCHEDULES_KERNELFUNCS_H
