//===- ScheduleBands.cpp - stages of banded kernels -------------*- C++ -*-===//
//
// Stages before the last one are computed for a step of rows where the last stage computes these, from a sliding window of
// rows that stays in scratch for a band; or for a whole band, where bands come one after the other and keep the rows that the
// next one reads, too.
//
//===----------------------------------------------------------------------===//

#include "compiler/schedules/KernelFuncs.h"

using namespace Halide;
using namespace res;

void res::placeStage(Func result, Func staged, int64_t stagedRows, const BandRows &rows, Func output, const KernelVars &v,
                     const StageLoops &loops) {
  if (loops.serial) {
    result.compute_at(output, loops.band);
    if (rows.slides())
      result.store_at(output, v.n).fold_storage(v.y, int(rows.kept));
    else
      result.bound_storage(v.y, int(rows.kept));
    return;
  }
  result.compute_at(output, loops.at);
  if (rows.slides() && loops.rows > loops.step) // a band of one step has no loop to slide along
    result.store_at(output, loops.band).fold_storage(v.y, int(rows.kept));
  else
    result.bound_storage(v.y, int(rows.kept));
  if (staged.defined())
    staged.compute_at(output, loops.at).bound_storage(v.y, int(stagedRows));
}
