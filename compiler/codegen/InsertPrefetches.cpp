//===- InsertPrefetches.cpp - prefetches inside lowered kernels -*- C++ -*-===//
//
// Halide's own prefetch directive asks for the same box in every iteration of a loop; here the requests have to be spread
// over loops that use the box again. So this works on the lowered loops, where the addresses of all loads are known.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/InsertPrefetches.h"
#include "compiler/codegen/FindLoads.h"

#include <algorithm>
#include <iterator>
#include <set>

using namespace Halide;
using namespace Halide::Internal;
using namespace res;

/// Floats in a cache line, and the lanes of a block of channels.
static constexpr int64_t kLine = 16;

namespace {

struct Loop {
  const For *loop;
  int64_t extent; // 0: not constant
  Expr variable() const { return Variable::make(Int(32), loop->name); }
};

/// Weights that a loop reads one after the other, panel by panel.
struct Stream {
  Expr base;                      // of the first load, where all loops that go along the panel begin
  Expr offset;                    // of the load behind it
  int64_t stride, panel;          // floats in a step of the loop, and in a panel
  int64_t reuse;                  // how often the panel is read before the next one
  Expr repetition;                // which time it is
};

/// Runs twice over a function: how many loops share a stream is known only at its end.
class Inserter : public IRMutator {
public:
  explicit Inserter(const PrefetchPlan &plan) : plan(plan) {}

  Stmt run(const Stmt &body) {
    mutate(body);
    counting = false;
    return mutate(body);
  }

private:
  using IRMutator::visit;
  Stmt visit(const LetStmt *op) override {
    if (op->value.type().is_int() && op->value.type().is_scalar())
      bindings[op->name] = substitute(bindings, op->value);
    return IRMutator::visit(op);
  }
  Stmt visit(const For *op) override;

  std::optional<Stream> follow(const Expr &load, size_t outside) const;
  std::vector<Stream> findStreams(const std::vector<Expr> &loads, size_t outside) const;
  void count(const std::vector<Stream> &streams);
  std::vector<Stream> shareStreams(const std::vector<Expr> &loads);
  Stmt fetchWeights(const For *loop, const std::vector<Stream> &streams);
  Stmt fetchThrough(const For *loop);
  Stmt fetchInput(const For *loop, const std::vector<Expr> &loads) const;
  Stmt fetchOperands(const For *loop, const Stmt &result) const;
  static Stmt fetch(const std::string &buffer, const Expr &index);

  /// Innermost loops that read the same weights, one after the other.
  struct Sharers {
    Stream stream;
    std::vector<Loop> around; // all of them
    int64_t count, seen;
  };
  Sharers *findSharers(const std::vector<Stream> &streams);

  /// A load of weights in loops that make something of them.
  struct Maker {
    Expr load;
    std::vector<Loop> around;
    int64_t readers, seen; // loops that read what is made
  };

  const PrefetchPlan &plan;
  bool counting = true;
  std::optional<Maker> maker;
  Bindings bindings;
  std::vector<Loop> loops;
  std::vector<Sharers> shared;
};

} // namespace

Stmt Inserter::fetch(const std::string &buffer, const Expr &index) {
  Expr base = Variable::make(type_of<void *>(), buffer);
  return Evaluate::make(Call::make(Float(32), Call::prefetch, {base, simplify(index), 1, int(kLine)}, Call::Intrinsic));
}

/// The loops around a load, but for the `outside` outermost: first those that go along a panel, then those that read it again.
std::optional<Stream> Inserter::follow(const Expr &load, size_t outside) const {
  Expr next = substitute(loops.back().loop->name, loops.back().variable() + 1, load);
  auto stride = as_const_int(simplify(next - load));
  if (!stride || *stride <= 0 || *stride % kLine)
    return std::nullopt;
  Stream stream{Expr(), Expr(), *stride, *stride, 1, Expr(0)};
  Bindings beginning;
  auto loop = loops.rbegin(), end = loops.rend() - outside;
  for (; loop != end && expr_uses_var(load, loop->loop->name); ++loop) {
    stream.panel *= loop->extent;
    beginning[loop->loop->name] = loop->loop->min;
  }
  for (; loop != end && !expr_uses_var(load, loop->loop->name); ++loop) {
    stream.repetition = stream.repetition + (loop->variable() - loop->loop->min) * int(stream.reuse);
    stream.reuse *= loop->extent;
  }
  if (stream.panel == 0 || stream.reuse == 0)
    return std::nullopt;
  stream.base = simplify(substitute(beginning, load));
  stream.offset = simplify(load - stream.base);
  return stream;
}

/// How far `a` begins before `b` if they are of one stream: less than a step apart.
static std::optional<int64_t> leadOf(const Stream &a, const Stream &b) {
  auto distance = as_const_int(simplify(b.base - a.base));
  if (!distance || std::abs(*distance) >= a.stride || a.stride != b.stride)
    return std::nullopt;
  return *distance;
}

std::vector<Stream> Inserter::findStreams(const std::vector<Expr> &loads, size_t outside) const {
  std::vector<Stream> streams;
  for (const Expr &load : loads) {
    std::optional<Stream> stream = follow(load, outside);
    if (!stream)
      return {};
    auto same = std::find_if(streams.begin(), streams.end(), [&](const Stream &other) { return leadOf(*stream, other); });
    if (same == streams.end())
      streams.push_back(*stream);
    else if (*leadOf(*stream, *same) > 0)
      *same = *stream;
  }
  return streams;
}

/// A loop like another, with other statements in its body.
static Stmt withBody(const For *loop, const std::vector<Stmt> &body) {
  return For::make(loop->name, loop->min, loop->extent, loop->for_type, loop->partition_policy, loop->device_api,
                   Block::make(body));
}

/// The step with which the current granule of a loop begins.
static Expr granuleStart(const For *loop, int64_t granule) {
  if (granule == 1)
    return Variable::make(Int(32), loop->name);
  return Variable::make(Int(32), loop->name + ".granule") * int(granule) + loop->min;
}

/// A loop in granules of some steps. Each begins with statements that may use granuleStart.
static Stmt inGranules(const For *loop, int64_t count, int64_t granule, std::vector<Stmt> body) {
  if (granule == 1) {
    body.push_back(loop->body);
    return withBody(loop, body);
  }
  body.push_back(For::make(loop->name, granuleStart(loop, granule), int(granule), loop->for_type, loop->partition_policy,
                           loop->device_api, loop->body));
  return For::make(loop->name + ".granule", 0, int(count), loop->for_type, loop->partition_policy, loop->device_api,
                   Block::make(body));
}

/// Each granule begins with the requests for its share of the lines, one or more.
Stmt Inserter::fetchWeights(const For *loop, const std::vector<Stream> &streams) {
  if (streams.empty())
    return loop;
  const int64_t extent = loops.back().extent;
  int64_t granule = extent;
  for (const Stream &stream : streams)
    while (granule > 1 && (extent % granule || granule * stream.stride > kLine * stream.reuse))
      --granule;
  Expr start = granuleStart(loop, granule);
  std::vector<Stmt> body;
  for (const Stream &stream : streams) {
    const int64_t distance = *plan.distance ? *plan.distance : stream.panel;
    Expr index = stream.base + int(distance) + stream.repetition * int(stream.panel / stream.reuse) +
                 substitute(loop->name, start, stream.offset) / int(stream.reuse);
    const int64_t share = granule * stream.stride; // floats of the stream, for all that read it
    for (int64_t i = 0; i < share; i += kLine * stream.reuse)
      body.push_back(fetch(plan.weights, index + int(i / stream.reuse)));
  }
  return inGranules(loop, extent / granule, granule, body);
}

/// The loop reads what has been made of a panel of weights, and asks for its share of the next panel. Common loops around the
/// maker and this loop go from panel to panel.
Stmt Inserter::fetchThrough(const For *loop) {
  size_t common = 0;
  while (common < std::min(loops.size(), maker->around.size()) && loops[common].loop == maker->around[common].loop)
    ++common;
  const std::string &innermost = maker->around.back().loop->name;
  auto stride = as_const_int(simplify(substitute(innermost, maker->around.back().variable() + 1, maker->load) - maker->load));
  if (!stride || *stride <= 0)
    return loop;
  int64_t panel = *stride, steps = 1;
  Expr base = maker->load, number = 0;
  for (size_t i = common; i < maker->around.size(); ++i) {
    base = substitute(maker->around[i].loop->name, maker->around[i].loop->min, base);
    panel *= maker->around[i].extent;
  }
  for (size_t i = loops.size(); i-- > common;) {
    number = number + (loops[i].variable() - loops[i].loop->min) * int(steps);
    steps *= loops[i].extent;
  }
  number = number + int(maker->seen++ * steps);
  steps *= maker->readers;
  if (panel == 0 || steps == 0)
    return loop;
  const int64_t extent = loops.back().extent;
  int64_t granule = extent;
  while (granule > 1 && (extent % granule || granule * panel > kLine * steps))
    --granule;
  Expr start = granuleStart(loop, granule);
  Expr index = base + int(panel) + substitute(loop->name, start, number) * int(panel / kLine) / int(steps) * int(kLine);
  std::vector<Stmt> body;
  for (int64_t i = 0; i < granule * panel; i += kLine * steps)
    body.push_back(fetch(plan.weights, index + int(i / steps)));
  return inGranules(loop, extent / granule, granule, body);
}

/// Places at equal distances, in ascending order, relative to the first of the indices.
struct Places {
  int64_t first, distance, count;
};
static std::optional<Places> findPlaces(const std::vector<Expr> &indices) {
  std::set<int64_t> places;
  for (const Expr &index : indices) {
    auto place = as_const_int(simplify(index - indices[0]));
    if (!place)
      return std::nullopt;
    places.insert(*place);
  }
  const int64_t first = *places.begin(), count = int64_t(places.size());
  const int64_t distance = count > 1 ? *std::next(places.begin()) - first : kLine;
  if (*places.rbegin() != first + (count - 1) * distance)
    return std::nullopt;
  return Places{first, distance, count};
}

/// The innermost loop goes over the lanes of a block of channels and reads them for the pixels of a tile. Each step asks for
/// its share of the lines that the next block reads, or behind the last block the next tile's first.
Stmt Inserter::fetchInput(const For *loop, const std::vector<Expr> &loads) const {
  std::optional<Places> pixels = findPlaces(loads);
  const Loop &lanes = loops.back();
  if (!pixels || lanes.extent == 0)
    return loop;
  Expr first = substitute(lanes.loop->name, lanes.loop->min, loads[0]) + int(pixels->first);
  const auto usesVariable = [&](const Loop &loop) { return expr_uses_var(first, loop.loop->name); };
  auto block = std::find_if(loops.rbegin() + 1, loops.rend(), usesVariable);
  if (block == loops.rend())
    return loop;
  Expr next = substitute(block->loop->name, block->variable() + 1, first);
  if (auto tile = std::find_if(block + 1, loops.rend(), usesVariable); tile != loops.rend()) {
    Expr isLast = block->variable() == block->loop->min + block->loop->extent - 1;
    Bindings behind{{block->loop->name, block->loop->min}, {tile->loop->name, tile->variable() + 1}};
    next = select(isLast, substitute(behind, first), next);
  }
  std::vector<Stmt> requests;
  const int64_t perStep = (pixels->count + lanes.extent - 1) / lanes.extent;
  Expr step = lanes.variable() - lanes.loop->min;
  for (int64_t i = 0; i < perStep; ++i)
    requests.push_back(fetch(plan.input, next + (step * int(perStep) + int(i)) * int(pixels->distance)));
  requests.push_back(loop->body);
  return withBody(loop, requests);
}

Inserter::Sharers *Inserter::findSharers(const std::vector<Stream> &streams) {
  for (Sharers &sharers : shared)
    if (streams.size() == 1 && leadOf(streams[0], sharers.stream))
      return &sharers;
  return nullptr;
}

void Inserter::count(const std::vector<Stream> &streams) {
  if (Sharers *sharers = findSharers(streams)) {
    ++sharers->count;
    if (*leadOf(streams[0], sharers->stream) > 0)
      sharers->stream = streams[0];
    size_t common = 0, most = std::min(loops.size(), sharers->around.size());
    while (common < most && loops[common].loop == sharers->around[common].loop)
      ++common;
    sharers->around.resize(common);
  } else if (streams.size() == 1) {
    shared.push_back({streams[0], loops, 1, 0});
  }
}

/// The streams of a loop. A panel that several loops read ends with the loop around them all.
std::vector<Stream> Inserter::shareStreams(const std::vector<Expr> &loads) {
  std::vector<Stream> streams = findStreams(loads, 0);
  Sharers *sharers = findSharers(streams);
  if (!sharers || sharers->count == 1)
    return streams;
  const int64_t late = *leadOf(sharers->stream, streams[0]);
  streams = findStreams(loads, sharers->around.size());
  for (Stream &stream : streams) {
    stream.base = stream.base - int(late);
    stream.repetition = stream.repetition + int(sharers->seen++ * stream.reuse);
    stream.reuse *= sharers->count;
  }
  return streams;
}

/// A loop that has reductions inside it and reads operands itself, with requests for these at its beginning.
Stmt Inserter::fetchOperands(const For *loop, const Stmt &result) const {
  class HasLoads : public IRVisitor {
  public:
    explicit HasLoads(const std::string &buffer) : buffer(buffer) {}
    bool found = false;

  private:
    using IRVisitor::visit;
    void visit(const Load *op) override { found |= op->name == buffer; }
    const std::string &buffer;
  };
  HasLoads weights(plan.weights);
  loop->body.accept(&weights);
  std::vector<Stmt> body;
  for (const std::string &operand : plan.operands) {
    FindLoads loads(operand, bindings);
    loop->body.accept(&loads);
    if (weights.found && loads.hasLoops)
      for (const Expr &base : loads.bases)
        body.push_back(fetch(operand, base));
  }
  if (counting || body.empty())
    return result;
  body.push_back(result.as<For>()->body);
  return withBody(result.as<For>(), body);
}

Stmt Inserter::visit(const For *loop) {
  auto extent = as_const_int(loop->extent);
  loops.push_back({loop, extent ? *extent : 0});
  FindLoads weights(plan.weights, bindings), input(plan.input, bindings);
  loop->body.accept(&weights);
  FindLoads made(plan.through, bindings);
  if (maker)
    loop->body.accept(&made);
  Stmt result = loop;
  if (!made.hasLoops && !made.bases.empty()) {
    if (counting)
      ++maker->readers;
    else
      result = fetchThrough(loop);
  } else if (weights.hasLoops || weights.bases.empty()) {
    result = fetchOperands(loop, IRMutator::visit(loop));
  } else if (counting) {
    if (plan.through.empty())
      count(findStreams(weights.bases, 0));
    else if (!maker)
      maker = Maker{weights.bases[0], loops, 0, 0};
  } else {
    loop->body.accept(&input);
    if (!input.scalars.empty())
      result = fetchInput(loop, input.scalars);
    if (plan.distance && plan.through.empty())
      result = fetchWeights(result.as<For>(), shareStreams(weights.bases));
  }
  loops.pop_back();
  return result;
}

Module res::insertPrefetches(const Module &module, const PrefetchPlan &plan) {
  Module result(module.name(), module.target());
  for (LoweredFunc function : module.functions()) {
    function.body = Inserter(plan).run(function.body);
    result.append(function);
  }
  return result;
}
