//===- InPlaceTest.cpp - sums where their addend lies -----------*- C++ -*-===//

#include "compiler/analysis/TargetModel.h"
#include "compiler/codegen/KernelEmitter.h"
#include "tests/numerical/fixture/NumericalFixture.h"

#include "mlir/AsmParser/AsmParser.h"

using namespace mlir;
using namespace res;

namespace {

class InPlaceTest : public TargetTest {
protected:
  /// A block whose sum may take the place of its input, and a layer behind it, so that neither is the model's.
  static void addBlock(NetworkBuilder &n, ArrayRef<int64_t> shape, const std::string &window, const std::string &label) {
    Value x = n.relu(n.conv(n.input(shape), shape[1], "1x1"));
    Value y = n.relu(n.add(n.conv(n.relu(n.conv(x, 24, "1x1")), shape[1], window), x));
    n.output(n.conv(y, 8, "1x1"), label);
  }

  /// Calls that overwrite an input.
  unsigned countInPlace() {
    unsigned count = 0;
    planned->walk([&](CallOp call) { count += call.getInPlace().has_value(); });
    return count;
  }

  /// Sets the schedule of the kernel that adds.
  Edit withSchedule(const std::string &text) {
    return [this, text](ModuleOp module) {
      module.walk([&](KernelOp kernel) {
        bool adds = false;
        kernel.walk([&](AddOp) { adds = true; });
        if (adds)
          kernel.setSchedulesAttr(DictionaryAttr::get(
              &context, NamedAttribute(StringAttr::get(&context, target), parseAttribute(text, &context))));
      });
    };
  }
};

constexpr const char *kSame = "3x3, pad = [1, 1, 1, 1]";

TEST_P(InPlaceTest, EverySchedule) {
  struct Case {
    Shape input;
    const char *window, *schedule;
  };
  const Case cases[] = {
      {{1, 48, 6, 10}, "1x1", "direct<blocks = 1, pixels = 5, unroll = 1, order = space, flat = true, staging = none, rows = 3, chunk = 0>"},
      {{2, 64, 6, 10}, "1x1", "direct<blocks = 2, pixels = 10, unroll = 1, order = channels, flat = true, staging = none, rows = 1, chunk = 0>"},
      {{1, 33, 5, 8}, "1x1", "direct<blocks = 1, pixels = 4, unroll = 1, order = space, flat = false, staging = none, rows = 2, chunk = 0>"},
      {{1, 32, 5, 8}, "1x1", "direct<blocks = 2, pixels = 8, unroll = 1, order = channels, flat = false, staging = none, rows = 1, chunk = 1>"},
      {{1, 48, 7, 9}, kSame, "direct<blocks = 3, pixels = 3, unroll = 1, order = space, flat = false, staging = rows, rows = 3, chunk = 0>"},
      {{1, 32, 7, 9}, kSame, "direct<blocks = 2, pixels = 9, unroll = 1, order = channels, flat = false, staging = whole, rows = 1, chunk = 0>"},
      {{1, 32, 7, 9}, kSame, "direct<blocks = 1, pixels = 9, unroll = 1, order = space, flat = false, staging = none, rows = 1, chunk = 0>"},
      {{1, 48, 13, 11}, kSame, "winograd<tile = 4, blocks = 1, columns = 3, rows = 1, macro_columns = 3, macro_rows = 1, chunk = 0, unroll = 1, weights = stored>"},
      {{1, 32, 7, 7}, kSame, "winograd<tile = 2, blocks = 2, columns = 4, rows = 1, macro_columns = 4, macro_rows = 4, chunk = 1, unroll = 1, weights = stored>"},
  };
  for (const Case &c : cases) {
    SCOPED_TRACE(c.schedule);
    NetworkBuilder n = network();
    n.useFastMath();
    addBlock(n, c.input, c.window, c.schedule);
    check(n, withSchedule("#res." + std::string(c.schedule)));
    EXPECT_EQ(countInPlace(), 1u);
  }
}

// Gates of one row and column, or of one channel, are read for many elements; the map beside them is overwritten. T * H +
// (1 - T) * x reads what it overwrites twice.
TEST_P(InPlaceTest, Gates) {
  for (int64_t channels : {32, 40}) {
    NetworkBuilder n = network();
    Value in = n.input({1, channels, 6, 8});
    Value x = n.relu(n.conv(in, channels, "1x1")), y = n.relu(n.conv(in, channels, "1x1"));
    Value gate = n.unary(UnaryFunction::sigmoid, n.conv(n.globalAvgPool(x), channels, "1x1"));
    Value spot = n.unary(UnaryFunction::sigmoid, n.conv(x, 1, "1x1"));
    Value inner = n.binary(BinaryFunction::mul, n.binary(BinaryFunction::mul, n.conv(n.relu(n.conv(x, 24, "1x1")), channels, "1x1"), gate), spot);
    Value sum = n.binary(BinaryFunction::sub, inner, x);
    n.output(n.conv(sum, 8, "1x1"), "gates, " + std::to_string(channels));
    Value t = n.unary(UnaryFunction::sigmoid, n.conv(y, channels, "1x1")), h = n.relu(n.conv(n.relu(n.conv(y, 24, "1x1")), channels, "1x1"));
    Value highway = n.add(n.binary(BinaryFunction::mul, t, h), n.binary(BinaryFunction::mul, n.affine(t), y));
    n.output(n.conv(highway, 8, "1x1"), "highway, " + std::to_string(channels));
    check(n);
    EXPECT_GE(countInPlace(), 1u);
  }
}

// Tiles that are shifted inwards at the end of a row, or of the blocks, store twice.
TEST_P(InPlaceTest, NotWhereElementsAreStoredTwice) {
  for (const char *schedule :
       {"#res.direct<blocks = 1, pixels = 7, unroll = 1, order = space, flat = true, staging = none, rows = 3, chunk = 0>",
        "#res.direct<blocks = 2, pixels = 10, unroll = 1, order = space, flat = false, staging = none, rows = 2, chunk = 0>"}) {
    SCOPED_TRACE(schedule);
    NetworkBuilder n = network();
    addBlock(n, {1, 48, 6, 10}, "1x1", schedule);
    check(n, withSchedule(schedule));
    EXPECT_EQ(countInPlace(), 0u);
  }
}

// An edited dump of phase `planned` may ask for it: the emitter refuses.
TEST_P(InPlaceTest, TheEmitterRefusesToStoreTwice) {
  NetworkBuilder n = network();
  addBlock(n, {1, 32, 6, 10}, "1x1", "");
  ASSERT_FALSE(bool(plan(n)));
  ASSERT_EQ(countInPlace(), 1u);
  for (auto kernel : planned->getOps<func::FuncOp>()) {
    if (!kernel->hasAttr(kInPlaceAttr))
      continue;
    Attribute schedule = parseAttribute("#res.direct<blocks = 2, pixels = 7, unroll = 1, order = space, flat = true, "
                                        "staging = none, rows = 2, chunk = 0>", &context);
    kernel->setAttr(kSchedulesAttr, DictionaryAttr::get(&context, NamedAttribute(StringAttr::get(&context, target), schedule)));
    std::string error = llvm::toString(emitKernel(kernel, llvm::cantFail(TargetModel::get(target)), "k", {}));
    EXPECT_EQ(error, "kernel 'k': expected pixels and blocks that divide the output, as it overwrites an input");
  }
}

RES_INSTANTIATE_FOR_TARGETS(InPlaceTest);

} // namespace
