//===- InsertPrefetches.h - prefetches inside lowered kernels ---*- C++ -*-===//

#ifndef RES_COMPILER_CODEGEN_INSERTPREFETCHES_H
#define RES_COMPILER_CODEGEN_INSERTPREFETCHES_H

#include <Halide.h>

#include <optional>
#include <string>
#include <vector>

namespace res {

/// What a kernel asks memory for before it needs it. Buffers are named as the kernel's arguments.
struct PrefetchPlan {
  std::string weights;                // read in reduction loops
  std::optional<int64_t> distance;    // floats from a use of weights to those that are asked for then; 0: a panel, which is
                                      // what loops around the use read again and again before they go on; none: do not ask
  std::string through;                // a buffer made of a panel of the weights: loops that read it ask for the next panel,
                                      // not those that read the weights; "": none
  std::string input;                  // whose lines are asked for a block of channels ahead; "": do not
  std::vector<std::string> operands;  // that an epilogue reads: asked for before the reductions of its register tile
};

/// The module with prefetches. Weights: an innermost loop that loads vectors of them asks for those that come `distance`
/// later. Where loops around it read the same weights again, or loops beside it do, each asks for an equal share: the
/// requests are spread evenly over the arithmetic, about one for each line. Nothing is asked for in loops whose extents are
/// not constant. A prefetch never faults, so what lies behind the weights may be asked for, too.
Halide::Module insertPrefetches(const Halide::Module &module, const PrefetchPlan &plan);

} // namespace res

#endif // RES_COMPILER_CODEGEN_INSERTPREFETCHES_H
