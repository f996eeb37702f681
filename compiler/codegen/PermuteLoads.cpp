//===- PermuteLoads.cpp - loads with strides as permutations ----*- C++ -*-===//

#include "compiler/codegen/PermuteLoads.h"
#include "compiler/analysis/ScheduleChoice.h"

using namespace Halide;
using namespace Halide::Internal;

namespace {

class LoadPermuter : public IRMutator {
public:
  LoadPermuter(const std::set<std::string> &buffers, bool masked) : buffers(buffers), masked(masked) {}

private:
  using IRMutator::visit;

  Expr visit(const Load *op) override {
    const Ramp *ramp = op->index.as<Ramp>();
    const auto stride = ramp ? as_const_int(ramp->stride) : std::nullopt;
    if (!stride || *stride < 2 || !buffers.count(op->name) || !is_const_one(op->predicate))
      return IRMutator::visit(op);
    // A block is whole where the vector begins less than a stride behind a multiple of its size.
    const int step = int(*stride), span = step * ramp->lanes;
    const ModulusRemainder place = op->alignment;
    if (res::kBlock % span || place.modulus % span)
      return IRMutator::visit(op);
    const int first = int(((place.remainder % span) + span) % span);
    if (first >= step)
      return IRMutator::visit(op);
    Expr needed = const_true(span);
    if (masked)
      needed = Ramp::make(0, 1, span) % Broadcast::make(step, span) == Broadcast::make(first, span);
    Expr index = Ramp::make(simplify(ramp->base - first), 1, span);
    Expr block = Load::make(op->type.with_lanes(span), op->name, index, op->image, op->param, needed,
                            ModulusRemainder(span, 0));
    return Shuffle::make_slice(block, first, step, ramp->lanes);
  }

  const std::set<std::string> &buffers;
  bool masked;
};

} // namespace

Module res::permuteLoads(const Module &module, const std::set<std::string> &buffers, bool masked) {
  Module permuted(module.name(), module.target());
  LoadPermuter permuter(buffers, masked);
  for (LoweredFunc function : module.functions()) {
    function.body = permuter.mutate(function.body);
    permuted.append(function);
  }
  return permuted;
}
