//===- ScheduleTest.cpp - one kernel under many schedules -------*- C++ -*-===//
//
// Edits the schedules of phase `decided`, as a user edits a dump: whatever is accepted computes the same, and what does
// not fit is one clear error.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/TargetModel.h"
#include "compiler/codegen/KernelEmitter.h"
#include "tests/numerical/fixture/NumericalFixture.h"

#include "mlir/AsmParser/AsmParser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Regex.h"

#include <map>
#include <set>

using namespace mlir;
using namespace res;

namespace {

/// Fields of a schedule and their values, as text.
using Fields = std::map<std::string, std::string>;

std::string describe(const Fields &fields) {
  std::vector<std::string> parts;
  for (const auto &[name, value] : fields)
    parts.push_back(name + " = " + value);
  return llvm::join(parts, ", ");
}

/// The schedule with these fields changed; a field that it does not name keeps what was decided.
Attribute withFields(Attribute schedule, const Fields &fields) {
  std::string text;
  llvm::raw_string_ostream(text) << schedule;
  for (const auto &[name, value] : fields) {
    SmallVector<StringRef> parts; // the whole match, the value
    EXPECT_TRUE(llvm::Regex("[<, ]" + name + " = ([a-z0-9-]+)").match(text, &parts))
        << "no field " << name << " in " << text;
    text.replace(parts[1].data() - text.data(), parts[1].size(), value);
  }
  Attribute edited = parseAttribute(text, schedule.getContext());
  EXPECT_TRUE(edited) << text;
  return edited;
}

class ScheduleTest : public TargetTest {
protected:
  using AddLayer = std::function<Value(NetworkBuilder &, Value)>;

  template <typename AnchorOp> static std::vector<KernelOp> kernelsOf(ModuleOp module) {
    std::vector<KernelOp> kernels;
    module.walk([&](KernelOp kernel) {
      if (isa<AnchorOp>(kernel.getAnchor()))
        kernels.push_back(kernel);
    });
    return kernels;
  }

  /// Gives the i-th kernel around an AnchorOp the i-th schedule.
  template <typename AnchorOp> Edit setSchedules(const std::vector<Fields> &candidates) {
    return [this, candidates](ModuleOp module) {
      std::vector<KernelOp> kernels = kernelsOf<AnchorOp>(module);
      ASSERT_EQ(kernels.size(), candidates.size());
      for (auto [kernel, fields] : llvm::zip(kernels, candidates)) {
        NamedAttrList schedules(kernel.getSchedulesAttr());
        schedules.set(target, withFields(schedules.get(target), fields));
        kernel.setSchedulesAttr(schedules.getDictionary(&context));
      }
    };
  }

  /// One input, and the layer once for each candidate, with weights of its own.
  NetworkBuilder layers(const std::vector<Fields> &candidates, const Shape &shape, bool rowMajor, const AddLayer &add) {
    NetworkBuilder n = network();
    Value x = n.input(shape);
    if (!rowMajor)
      x = n.affine(x);
    for (const Fields &fields : candidates)
      n.output(add(n, x), describe(fields));
    return n;
  }

  /// The candidates that code generation accepts. It has to give a reason for the others.
  template <typename AnchorOp>
  std::vector<Fields> acceptable(const std::vector<Fields> &candidates, const Shape &shape, bool rowMajor,
                                 const AddLayer &add) {
    std::vector<Fields> accepted;
    NetworkBuilder n = layers(candidates, shape, rowMajor, add);
    llvm::Error planning = plan(n, setSchedules<AnchorOp>(candidates));
    EXPECT_FALSE(bool(planning)) << llvm::toString(std::move(planning));
    TargetModel model = llvm::cantFail(TargetModel::get(target));
    auto results = cast<func::ReturnOp>(planned->lookupSymbol<func::FuncOp>("main").getBody().front().getTerminator());
    for (auto [index, fields] : llvm::enumerate(candidates)) {
      Value result = results.getOperand(index);
      auto call = result.getDefiningOp<CallOp>();
      // In front of the copy into a row-major output.
      while (call && !holds<AnchorOp>(call))
        call = call.getInputs()[0].template getDefiningOp<CallOp>();
      EXPECT_TRUE(call);
      std::string error = llvm::toString(emitKernel(planned->lookupSymbol<func::FuncOp>(call.getCallee()), model, call.getCallee(), {}));
      if (error.empty())
        accepted.push_back(fields);
      else
        EXPECT_TRUE(StringRef(error).contains("': expected ") && !StringRef(error).contains('\n'))
            << describe(fields) << ": " << error;
    }
    return accepted;
  }

  template <typename AnchorOp> bool holds(CallOp call) {
    auto kernel = planned->lookupSymbol<func::FuncOp>(call.getCallee());
    return !kernel.getBody().getOps<AnchorOp>().empty();
  }

  /// Compiles and checks the acceptable ones, which have to be at least `least`. Returns them.
  template <typename AnchorOp>
  std::vector<Fields> sweep(const std::vector<Fields> &candidates, const Shape &shape, bool rowMajor,
                            const AddLayer &add, size_t least) {
    std::vector<Fields> accepted = acceptable<AnchorOp>(candidates, shape, rowMajor, add);
    EXPECT_GE(accepted.size(), least);
    NetworkBuilder n = layers(accepted, shape, rowMajor, add);
    check(n, setSchedules<AnchorOp>(accepted));
    return accepted;
  }

  /// Schedules of a direct convolution, drawn by a fixed seed.
  static std::vector<Fields> drawDirect(size_t count, int64_t width, int64_t height, bool padded, bool pointwise,
                                        unsigned seed) {
    std::mt19937 engine(seed);
    auto pick = [&](std::vector<std::string> values) { return values[engine() % values.size()]; };
    std::vector<Fields> candidates;
    std::set<Fields> drawn;
    for (size_t i = 0; i < 50 * count && candidates.size() < count; ++i) {
      Fields f;
      f["flat"] = pointwise ? pick({"true", "false"}) : "false";
      int64_t pixels = f["flat"] == "true" ? width * height : width;
      f["blocks"] = pick({"1", "2", "3"});
      // Tiles that divide the row and tiles that do not, up to the whole row.
      f["pixels"] = pick({"1", "2", "3", "5", "8", std::to_string(std::min<int64_t>(pixels, 28))});
      f["unroll"] = pick({"1", "2", "3", "4", "16"});
      f["order"] = pick({"channels", "space"});
      f["staging"] = padded ? pick({"none", "whole", "rows"}) : "none"; // none: not of row-major inputs
      f["rows"] = pick({"1", "2", "3", std::to_string(height), std::to_string(height - 1)});
      if (drawn.insert(f).second)
        candidates.push_back(f);
    }
    return candidates;
  }

  /// The values of a field among schedules.
  static std::set<std::string> valuesOf(const std::vector<Fields> &schedules, const std::string &field) {
    std::set<std::string> values;
    for (const Fields &fields : schedules)
      values.insert(fields.at(field));
    return values;
  }
};

TEST_P(ScheduleTest, DirectPadded) {
  AddLayer layer = [](NetworkBuilder &n, Value x) { return n.relu(n.conv(x, 40, "3x3, pad = [1, 1, 1, 1]")); };
  std::vector<Fields> accepted = sweep<ConvOp>(drawDirect(24, 15, 9, true, false, 1), {2, 20, 9, 15}, false, layer, 8);
  EXPECT_EQ(valuesOf(accepted, "order").size(), 2u);
  EXPECT_EQ(valuesOf(accepted, "staging").size(), 3u);
}

TEST_P(ScheduleTest, DirectStridedWithResidual) {
  AddLayer layer = [](NetworkBuilder &n, Value x) {
    Value skip = n.affine(n.input({1, 33, 7, 8})); // first: the last of both takes the addition
    return n.relu(n.add(n.conv(x, 33, "3x3, stride = 2x2, pad = [0, 1, 2, 1]"), skip));
  };
  sweep<ConvOp>(drawDirect(12, 8, 7, true, false, 2), {1, 16, 13, 15}, false, layer, 4);
}

TEST_P(ScheduleTest, DirectInPlace) {
  AddLayer layer = [](NetworkBuilder &n, Value x) { return n.conv(x, 48, "3x3, stride = 1x2"); };
  std::vector<Fields> accepted = sweep<ConvOp>(drawDirect(12, 7, 8, false, false, 3), {1, 17, 10, 15}, false, layer, 4);
  EXPECT_EQ(valuesOf(accepted, "order").size(), 2u);
}

TEST_P(ScheduleTest, DirectPointwise) {
  AddLayer layer = [](NetworkBuilder &n, Value x) { return n.relu(n.conv(x, 40, "1x1")); };
  std::vector<Fields> accepted = sweep<ConvOp>(drawDirect(24, 13, 5, false, true, 4), {2, 32, 5, 13}, false, layer, 8);
  EXPECT_EQ(valuesOf(accepted, "flat").size(), 2u);
  EXPECT_EQ(valuesOf(accepted, "order").size(), 2u);
}

// Partial sums between chunks of input channels, flat and not, one group of blocks and several.
TEST_P(ScheduleTest, DirectInChunks) {
  std::vector<Fields> candidates;
  for (const char *chunk : {"1", "2", "3", "4"}) // of six blocks: 4 leaves a smaller last chunk
    for (const char *blocks : {"1", "2"})
      candidates.push_back({{"chunk", chunk}, {"blocks", blocks}, {"pixels", "3"}, {"order", "channels"}});
  const std::vector<Fields> inPlace = candidates;
  for (Fields &fields : candidates)
    fields["staging"] = "whole";
  candidates.insert(candidates.end(), inPlace.begin(), inPlace.end());
  AddLayer padded = [](NetworkBuilder &n, Value x) { return n.relu(n.conv(x, 32, "3x3, pad = [1, 1, 1, 1]")); };
  sweep<ConvOp>(candidates, {2, 96, 5, 6}, false, padded, 12);
  AddLayer pointwise = [](NetworkBuilder &n, Value x) { return n.relu(n.conv(x, 64, "1x1")); };
  sweep<ConvOp>(inPlace, {1, 90, 7, 3}, false, pointwise, 6);
  sweep<ConvOp>(inPlace, {3, 90, 7, 3}, false, pointwise, 6);
}

TEST_P(ScheduleTest, DirectRowMajorInput) {
  AddLayer layer = [](NetworkBuilder &n, Value x) {
    return n.relu(n.conv(x, 33, "5x5, stride = 2x2, pad = [2, 2, 2, 2]"));
  };
  std::vector<Fields> accepted = sweep<ConvOp>(drawDirect(24, 11, 8, true, false, 5), {1, 3, 15, 21}, true, layer, 4);
  EXPECT_EQ(valuesOf(accepted, "staging").size(), 2u);
}

TEST_P(ScheduleTest, DirectOddGroups) {
  AddLayer layer = [](NetworkBuilder &n, Value x) { return n.conv(x, 33, "3x3, pad = [1, 1, 1, 1]", 11); };
  sweep<ConvOp>(drawDirect(60, 9, 7, true, false, 6), {1, 33, 7, 9}, false, layer, 2);
}

TEST_P(ScheduleTest, Grouped) {
  std::vector<Fields> candidates;
  for (const char *pixels : {"1", "4", "9", "20"})
    for (const char *whole : {"false", "true"})
      for (const auto &[blocks, rows] : {std::pair("1", "7"), {"2", "3"}, {"3", "1"}, {"4", "2"}})
        candidates.push_back({{"pixels", pixels}, {"whole", whole}, {"blocks", blocks}, {"rows", rows}});
  for (int64_t groups : {40, 10}) {
    AddLayer layer = [=](NetworkBuilder &n, Value x) { return n.conv(x, 40, "3x3, pad = [1, 1, 1, 1]", groups); };
    sweep<ConvOp>(candidates, {1, 40, 7, 9}, false, layer, 10);
  }
}

TEST_P(ScheduleTest, Dense) {
  std::vector<Fields> candidates;
  for (const char *blocks : {"1", "2", "3", "4", "8"})
    for (const char *unroll : {"1", "3", "4", "16"})
      candidates.push_back({{"blocks", blocks}, {"unroll", unroll}});
  AddLayer layer = [](NetworkBuilder &n, Value x) { return n.gemm(x, 65, true, true); };
  sweep<GemmOp>(candidates, {3, 37}, true, layer, 10);
}

TEST_P(ScheduleTest, Map) {
  std::vector<Fields> candidates;
  for (const char *pixels : {"1", "2", "3", "7", "100"})
    for (const char *rows : {"0", "1", "2", "3", "100"})
      candidates.push_back({{"pixels", pixels}, {"rows", rows}});
  AddLayer pool = [](NetworkBuilder &n, Value x) { return n.maxPool(x, "3x3, stride = 2x2, pad = [1, 1, 1, 1]"); };
  // Pooling whose results are all one would be computed once: each has a shift of its own.
  AddLayer layer = [&](NetworkBuilder &n, Value x) { return n.affine(pool(n, n.affine(x))); };
  sweep<MaxPoolOp>(candidates, {1, 20, 13, 15}, false, layer, 10);
}

//===----------------------------------------------------------------------===//
// Schedules that do not fit
//===----------------------------------------------------------------------===//

class MisfitTest : public ScheduleTest {
protected:
  /// Every edit ends the compilation with one line and leaves nothing behind.
  template <typename AnchorOp>
  void refuse(const Shape &shape, const AddLayer &layer, const Edit &edit, const std::string &what) {
    NetworkBuilder n = layers(std::vector<Fields>(1), shape, false, layer);
    std::string error = llvm::toString(compile(n, file("network.so"), edit));
    EXPECT_FALSE(error.empty()) << what;
    EXPECT_FALSE(StringRef(error).contains('\n')) << what << ": " << error;
    EXPECT_TRUE(StringRef(error).contains("expected")) << what << ": " << error;
    std::error_code code;
    for (llvm::sys::fs::directory_iterator entry(folder, code), end; entry != end; entry.increment(code))
      EXPECT_TRUE(StringRef(entry->path()).ends_with(NetworkBuilder::kWeightFile)) << what << " left " << entry->path();
  }
  template <typename AnchorOp> void refuseFields(const Shape &shape, const AddLayer &layer, const Fields &fields) {
    refuse<AnchorOp>(shape, layer, setSchedules<AnchorOp>({fields}), describe(fields));
  }
};

TEST_P(MisfitTest, Direct) {
  AddLayer padded = [](NetworkBuilder &n, Value x) { return n.conv(x, 40, "3x3, pad = [1, 1, 1, 1]"); };
  const Shape shape = {1, 20, 9, 15};
  for (const Fields &fields : std::vector<Fields>{{{"blocks", "0"}},
                                                  {{"blocks", "4"}},
                                                  {{"pixels", "0"}},
                                                  {{"pixels", "16"}},
                                                  {{"unroll", "0"}},
                                                  {{"unroll", "17"}},
                                                  {{"rows", "0"}},
                                                  {{"rows", "-1"}},
                                                  {{"flat", "true"}},
                                                  {{"chunk", "-1"}},
                                                  {{"chunk", "3"}}})
    refuseFields<ConvOp>(shape, padded, fields);
  AddLayer pointwise = [](NetworkBuilder &n, Value x) { return n.conv(x, 40, "1x1"); };
  refuseFields<ConvOp>(shape, pointwise, {{"staging", "whole"}});
  AddLayer strided = [](NetworkBuilder &n, Value x) { return n.conv(x, 40, "1x1, stride = 2x2"); };
  refuseFields<ConvOp>(shape, strided, {{"flat", "true"}});
}

TEST_P(MisfitTest, Others) {
  AddLayer gemm = [](NetworkBuilder &n, Value x) { return n.gemm(n.reshape(x, {1, 60}), 10, true, true); };
  refuseFields<GemmOp>({1, 20, 3, 1}, gemm, {{"blocks", "0"}});
  refuseFields<GemmOp>({1, 20, 3, 1}, gemm, {{"unroll", "0"}});
  AddLayer pool = [](NetworkBuilder &n, Value x) { return n.maxPool(x, "2x2"); };
  refuseFields<MaxPoolOp>({1, 20, 3, 5}, pool, {{"pixels", "0"}});
  refuseFields<MaxPoolOp>({1, 20, 3, 5}, pool, {{"rows", "-1"}});
}

TEST_P(MisfitTest, AnotherKind) {
  AddLayer conv = [](NetworkBuilder &n, Value x) { return n.conv(x, 17, "1x1"); };
  auto replace = [&](StringRef text) -> Edit {
    return [this, text](ModuleOp module) {
      for (KernelOp kernel : kernelsOf<ConvOp>(module))
        kernel.setSchedulesAttr(DictionaryAttr::get(
            &context, NamedAttribute(StringAttr::get(&context, target), parseAttribute(text, &context))));
    };
  };
  refuse<ConvOp>({1, 20, 3, 5}, conv, replace("#res.map<pixels = 1, rows = 0>"), "map");
  refuse<ConvOp>({1, 20, 3, 5}, conv, replace("#res.dense<blocks = 1, unroll = 1>"), "dense");
  refuse<ConvOp>({1, 20, 3, 5}, conv, replace("42"), "a number");
}

RES_INSTANTIATE_FOR_TARGETS(ScheduleTest);
RES_INSTANTIATE_FOR_TARGETS(MisfitTest);

} // namespace
