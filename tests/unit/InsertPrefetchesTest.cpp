//===- InsertPrefetchesTest.cpp - which lines a kernel asks for -*- C++ -*-===//
//
// Walks through the loops of a lowered matrix product and records, in order, the lines of weights that it reads and those
// it asks for.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/InsertPrefetches.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <set>

using namespace Halide;
using namespace Halide::Internal;
using namespace res;

namespace {

constexpr int kLine = 16, kBlocks = 2, kChannels = 8, kPasses = 3, kTiles = 4, kGroups = 2;
constexpr int kPanel = kBlocks * kChannels; // lines of a pass of a group

/// Executes loops and records the first element of every vector load and prefetch of a buffer.
class Walker : public IRVisitor {
public:
  explicit Walker(std::string buffer) : buffer(std::move(buffer)) {}

  struct Event {
    int64_t line;
    bool prefetch;
  };
  std::vector<Event> events;

private:
  using IRVisitor::visit;
  int64_t evaluate(const Expr &e) {
    auto value = as_const_int(simplify(substitute(values, e)));
    EXPECT_TRUE(value) << e;
    return value ? *value : 0;
  }
  void visit(const For *op) override {
    const int64_t first = evaluate(op->min), count = evaluate(op->extent);
    for (int64_t i = first; i < first + count; ++i) {
      values[op->name] = int(i);
      op->body.accept(this);
    }
  }
  void visit(const LetStmt *op) override {
    if (op->value.type().is_int())
      values[op->name] = simplify(substitute(values, op->value));
    op->body.accept(this);
  }
  void visit(const Let *op) override {
    if (op->value.type().is_int())
      values[op->name] = simplify(substitute(values, op->value));
    op->value.accept(this);
    op->body.accept(this);
  }
  void visit(const Load *op) override {
    if (const Ramp *ramp = op->index.as<Ramp>(); ramp && op->name == buffer)
      events.push_back({evaluate(ramp->base) / kLine, false});
    else if (op->name == buffer && op->index.type().is_scalar())
      events.push_back({evaluate(op->index) / kLine, false});
    IRVisitor::visit(op);
  }
  void visit(const Call *op) override {
    if (op->is_intrinsic(Call::prefetch))
      events.push_back({evaluate(op->args[1]) / kLine, true});
    IRVisitor::visit(op);
  }

  std::string buffer;
  std::map<std::string, Expr> values;
};

std::vector<Walker::Event> walk(Func output, const std::vector<Argument> &arguments, const PrefetchPlan &plan,
                                const std::string &buffer) {
  Target target("x86-64-linux-sse41-avx-avx2-fma-no_runtime-no_asserts-no_bounds_query");
  Module module = insertPrefetches(output.compile_to_module(arguments, "kernel", target), plan);
  Walker walker(buffer);
  for (const LoweredFunc &function : module.functions())
    function.body.accept(&walker);
  return walker.events;
}

enum class Tiles { one, loop, unrolled };

/// out(k, x, b, g) += in(c, x) * w(k, b, c, pass, g): tiles of x read the weights of a pass again, in a loop or in loops one
/// after the other.
std::vector<Walker::Event> run(Tiles tiles, int64_t distance) {
  ImageParam in(Float(32), 2, "in"), weights(Float(32), 5, "weights");
  Var k("k"), x("x"), b("b"), g("g"), p("p"), xo("xo"), xi("xi");
  RDom c(0, kChannels, "c"), passes(0, kPasses, "passes");
  Func acc("acc"), sum("sum"), out("out");
  acc(k, x, b, g, p) += in(p * kChannels + c, x) * weights(k, b, c, p, g);
  sum(k, x, b, g) += acc(k, x, b, g, passes);
  out(k, x, b, g) = sum(k, x, b, g);
  const int extents[] = {kLine, kBlocks, kChannels, kPasses, kGroups};
  for (int i = 0, stride = 1; i < 5; stride *= extents[i++])
    weights.dim(i).set_bounds(0, extents[i]).set_stride(stride);
  in.dim(0).set_bounds(0, kChannels * kPasses), in.dim(1).set_bounds(0, kTiles * 2).set_stride(kChannels * kPasses);
  out.bound(k, 0, kLine).bound(x, 0, tiles == Tiles::one ? 2 : kTiles * 2).bound(b, 0, kBlocks).bound(g, 0, kGroups);
  out.vectorize(k);
  sum.compute_at(out, g).vectorize(k);
  sum.update().split(x, xo, xi, 2).reorder(k, b, xi, xo, passes, g).vectorize(k).unroll(b).unroll(xi);
  if (tiles == Tiles::unrolled)
    sum.update().unroll(xo);
  acc.compute_at(sum, xo).vectorize(k).unroll(b).unroll(x);
  acc.update().reorder(k, b, x, c, g).vectorize(k).unroll(b).unroll(x);
  return walk(out, {in, weights}, {"weights", distance, "", "", {}}, "weights");
}

class InsertPrefetches : public testing::TestWithParam<Tiles> {};
INSTANTIATE_TEST_SUITE_P(, InsertPrefetches, testing::Values(Tiles::loop, Tiles::unrolled));

TEST_P(InsertPrefetches, SpreadsAPanelOverTheLoopsThatReadItAgain) {
  // While a panel is read the next one is asked for, each line once, in order.
  int64_t expected = kPanel, panel = 0, reads = 0;
  for (const Walker::Event &event : run(GetParam(), 0)) {
    if (event.prefetch) {
      EXPECT_EQ(event.line, expected++);
      EXPECT_EQ(event.line / kPanel, reads / (kTiles * kPanel * 2) + 1);
    } else {
      ++reads;
      panel = event.line / kPanel;
    }
  }
  EXPECT_EQ(panel, kPasses * kGroups - 1);
  EXPECT_EQ(expected, kPanel * (kPasses * kGroups + 1));
}

TEST(InsertPrefetchesTest, AsksAtADistance) {
  const int64_t ahead = 5;
  int64_t expected = ahead;
  for (const Walker::Event &event : run(Tiles::one, ahead * kLine)) {
    if (event.prefetch) {
      EXPECT_EQ(event.line, expected);
      ++expected;
    }
  }
  EXPECT_EQ(expected, ahead + kPanel * kPasses * kGroups);
}

TEST(InsertPrefetchesTest, AsksForOperandsOfATile) {
  ImageParam in(Float(32), 2, "in"), weights(Float(32), 2, "weights"), residual(Float(32), 2, "residual");
  Var k("k"), x("x"), xo("xo"), xi("xi");
  RDom c(0, kChannels, "c");
  Func acc("acc"), out("out");
  acc(k, x) += in(c, x) * weights(k, c);
  out(k, x) = acc(k, x) + residual(k, x);
  weights.dim(0).set_bounds(0, kLine), weights.dim(1).set_bounds(0, kChannels).set_stride(kLine);
  residual.dim(0).set_bounds(0, kLine), residual.dim(1).set_bounds(0, kTiles * 2).set_stride(kLine);
  out.bound(k, 0, kLine).bound(x, 0, kTiles * 2).split(x, xo, xi, 2).vectorize(k).unroll(xi);
  acc.compute_at(out, xo).vectorize(k).unroll(x).update().reorder(k, x, c).vectorize(k).unroll(x);
  std::vector<int64_t> asked, read;
  for (const Walker::Event &event :
       walk(out, {in, weights, residual}, {"weights", std::nullopt, "", "", {"residual"}}, "residual")) {
    (event.prefetch ? asked : read).push_back(event.line);
    EXPECT_TRUE(event.prefetch ? asked.size() - read.size() <= 2 : asked.size() >= read.size());
  }
  EXPECT_EQ(asked.size(), size_t(kTiles * 2));
  EXPECT_EQ(asked, read);
}

TEST(InsertPrefetchesTest, AsksForTheNextBlockOfTheInput) {
  constexpr int kPixels = 6, kInputBlocks = 3;
  ImageParam in(Float(32), 3, "in"), weights(Float(32), 3, "weights");
  Var k("k"), x("x"), xo("xo"), xi("xi");
  RDom c(0, kLine, 0, kInputBlocks, "c");
  Func acc("acc"), out("out");
  acc(k, x) += in(c[0], x, c[1]) * weights(k, c[0], c[1]);
  out(k, x) = acc(k, x);
  in.dim(0).set_bounds(0, kLine), in.dim(1).set_bounds(0, kTiles * kPixels).set_stride(kLine);
  in.dim(2).set_bounds(0, kInputBlocks).set_stride(kTiles * kPixels * kLine);
  weights.dim(0).set_bounds(0, kLine), weights.dim(1).set_bounds(0, kLine).set_stride(kLine);
  weights.dim(2).set_bounds(0, kInputBlocks).set_stride(kLine * kLine);
  out.bound(k, 0, kLine).bound(x, 0, kTiles * kPixels).split(x, xo, xi, kPixels).vectorize(k).unroll(xi);
  acc.compute_at(out, xo).vectorize(k).unroll(x).update().reorder(k, x, c[0], c[1]).vectorize(k).unroll(x);
  // The lines that a block asks for hold those that the next one reads.
  std::vector<std::set<int64_t>> asked{{}}, read{{}};
  for (const Walker::Event &event : walk(out, {in, weights}, {"weights", std::nullopt, "", "in", {}}, "in")) {
    if (!event.prefetch && !read.back().empty() && *read.back().begin() / kPixels != event.line / kPixels)
      asked.emplace_back(), read.emplace_back();
    (event.prefetch ? asked : read).back().insert(event.line);
  }
  ASSERT_EQ(read.size(), size_t(kTiles * kInputBlocks));
  for (size_t block = 0; block + 1 < read.size(); ++block) {
    // The step that begins a block asks before it reads: its request is counted with the block before.
    std::set<int64_t> all = asked[block];
    EXPECT_TRUE(std::includes(all.begin(), all.end(), std::next(read[block + 1].begin()), read[block + 1].end())) << block;
  }
}

/// made(k, c, row, p) is computed of the weights of a pass, row by row, before tiles read it.
static void checkThrough(int rows) {
  ImageParam in(Float(32), 2, "in"), weights(Float(32), 3, "weights");
  Var k("k"), x("x"), xo("xo"), xi("xi"), c("c"), p("p"), row("row");
  RDom channel(0, kChannels, "channel"), passes(0, kPasses, "passes");
  Func made("made"), acc("acc"), sum("sum"), out("out");
  made(k, c, row, p) = weights(k, c, p) * (row + 2);
  acc(k, x, row, p) += in(p * kChannels + channel, x) * made(k, channel, row, p);
  sum(k, x, row) += acc(k, x, row, passes);
  out(k, x, row) = sum(k, x, row);
  for (int i = 0, stride = 1; i < 3; ++i) {
    const int extents[] = {kLine, kChannels, kPasses};
    weights.dim(i).set_bounds(0, extents[i]).set_stride(stride);
    stride *= extents[i];
  }
  out.bound(k, 0, kLine).bound(x, 0, kTiles * 2).bound(row, 0, rows).vectorize(k);
  sum.compute_root().bound_extent(row, rows).vectorize(k);
  sum.update().split(x, xo, xi, 2).reorder(k, xi, xo, row, passes).vectorize(k).unroll(xi).unroll(row);
  acc.compute_at(sum, xo).vectorize(k).unroll(x).update().reorder(k, x, channel).vectorize(k).unroll(x);
  made.compute_at(sum, row).vectorize(k);
  std::vector<int64_t> asked;
  int64_t read = 0;
  for (const Walker::Event &event : walk(out, {in, weights}, {"weights", 0, "made", "", {}}, "weights")) {
    if (event.prefetch)
      asked.push_back(event.line);
    else
      ++read;
    // Those of a pass are asked for during the pass before.
    EXPECT_LE(read, (int64_t(asked.size()) + kChannels) * rows);
  }
  std::vector<int64_t> expected(kChannels * kPasses);
  std::iota(expected.begin(), expected.end(), kChannels);
  EXPECT_EQ(asked, expected);
}

TEST(InsertPrefetchesTest, AsksThroughWhatIsMadeOfAPanel) { checkThrough(1); }

TEST(InsertPrefetchesTest, AsksOnceThroughAllRowsThatAreMadeOfAPanel) { checkThrough(2); }

TEST_P(InsertPrefetches, AsksEvenly) {
  // Between two requests there is always the same number of reads.
  int64_t reads = 0;
  std::set<int64_t> between;
  for (const Walker::Event &event : run(GetParam(), 0)) {
    if (event.prefetch && reads)
      between.insert(reads), reads = 0;
    reads += !event.prefetch;
  }
  EXPECT_EQ(between.size(), 1u);
}

} // namespace
