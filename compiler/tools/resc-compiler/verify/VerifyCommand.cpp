//===- VerifyCommand.cpp - resc verify --------------------------*- C++ -*-===//

#include "compiler/pipeline/TemporaryFiles.h"
#include "compiler/reference/Reference.h"
#include "compiler/tools/common/Artifact.h"
#include "compiler/tools/common/TextTable.h"
#include "compiler/tools/resc-compiler/Commands.h"
#include "compiler/tools/resc-compiler/Model.h"
#include "compiler/tools/resc-compiler/verify/Comparison.h"
#include "compiler/tools/resc-compiler/verify/LayerTrace.h"
#include "compiler/tools/resc-compiler/verify/PassCheck.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <random>

using namespace llvm;
using namespace res;

static const char overview[] = R"(compares a compiled model with the double-precision reference

  resc verify resnet50.onnx
  resc verify resnet50.onnx --so resnet50.so --seed 7
  resc verify resnet50.onnx --layers --passes       # which layer is wrong first, and which pass made it so

  Both compute the same random picture, or as many as a model of any batch takes together and one more. The error of a tensor is its largest difference divided by
  the largest element of the reference.
)";

// Bounds of max|error| / max|output|: single precision with sums in any order, and what --math fast may cost.
static constexpr double kStrictBound = 1e-5, kFastBound = 1e-4;
// Tensors inside a network may be off by more than its outputs, which average over them: up to 4e-5 in a ResNet-152. What
// is wrong is off by orders of magnitude.
static constexpr double kLayerFactor = 10;

namespace {
struct VerifyOptions {
  ModelOptions model;
  cl::opt<std::string> library{"so", cl::desc("a library compiled from the model (default: compile it now)"),
                               cl::value_desc("file"), cl::cat(optionCategory())};
  cl::opt<bool> layers{"layers", cl::desc("compare every tensor that a kernel writes, and name the first wrong one"),
                       cl::cat(optionCategory())};
  cl::opt<bool> passes{"passes", cl::desc("run the reference after every pass, and name the one that changed the result"),
                       cl::cat(optionCategory())};
  cl::opt<unsigned> seed{"seed", cl::desc("of the random input (default: 1)"), cl::init(1), cl::value_desc("n"),
                         cl::cat(optionCategory())};
  cl::opt<double> bound{"bound", cl::desc("largest error allowed (default: 1e-5; with --math fast 1e-4; of layers ten times that)"),
                        cl::value_desc("x"), cl::cat(optionCategory())};
};

/// One layer beside the reference.
struct LayerRow {
  const LayerResult *layer;
  Comparison comparison;
};

using Values = std::vector<std::vector<double>>;

class Verification {
public:
  explicit Verification(const VerifyOptions &options);
  int run(const ModelOptions &options);

private:
  void makeInputs(mlir::ModuleOp module);
  int compileLibrary();
  Error runLibrary();
  Error runReference();
  int reportPasses(const PassCheck &check);
  int reportLayers();
  int reportOutputs();

  // Of the options; their own values end when the linker, which shares llvm::cl, resets all that it knows.
  const bool checksLayers, checksPasses;
  const unsigned seed;
  const std::optional<double> bound;
  std::string library;

  Model model;
  mlir::OwningOpRef<mlir::ModuleOp> original; // before any pass
  std::optional<TemporaryFolder> folder;
  double allowed = 0, allowedOfLayers = 0;
  int64_t images = 0; // of a model of any batch
  Values inputs, expected;
  std::vector<std::vector<float>> outputs;
  std::vector<LayerResult> trace;
  std::vector<LayerRow> rows;
};
} // namespace

/// Normal noise, the same for a seed on every machine: the distribution of <random> is the library's, so it is made here
/// from the engine, which is fixed by the standard (Box-Muller).
static std::vector<double> makeNoise(size_t count, std::mt19937_64 &engine) {
  auto uniform = [&] { return (double(engine() >> 11) + 0.5) * 0x1p-53; };
  std::vector<double> noise(count);
  for (double &value : noise)
    value = float(std::sqrt(-2.0 * std::log(uniform())) * std::cos(6.283185307179586 * uniform()));
  return noise;
}

Verification::Verification(const VerifyOptions &options)
    : checksLayers(options.layers), checksPasses(options.passes), seed(options.seed),
      bound(options.bound.getNumOccurrences() ? std::optional<double>(options.bound) : std::nullopt),
      library(options.library) {}

/// For a model of any batch: an image more than are computed together.
void Verification::makeInputs(mlir::ModuleOp module) {
  std::mt19937_64 engine(seed);
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main"), together = module.lookupSymbol<mlir::func::FuncOp>(kTogetherFunction);
  images = takesAnyBatch(main) ? 1 + (together ? getImages(together) : 0) : 0;
  const int64_t turns = images ? images : getTurns(main);
  for (mlir::Type type : main.getArgumentTypes())
    inputs.push_back(makeNoise(getTypeOfTurns(type, turns).getNumElements(), engine));
}

/// Runs all passes, and compiles the library unless there is one.
int Verification::compileLibrary() {
  std::optional<PassCheck> check;
  if (checksPasses)
    check.emplace(*original, model.baseFolder, inputs, expected);
  int result = model.advance(Phase::planned, [&](mlir::PassManager &passes) {
    if (check)
      check->instrument(passes);
  });
  if (result == ExitDone && check)
    result = reportPasses(*check);
  if (result != ExitDone || !library.empty())
    return result;
  Expected<TemporaryFolder> created = TemporaryFolder::create();
  if (!created)
    return reportFault(created.takeError());
  folder.emplace(std::move(*created));
  library = folder->file("model.so");
  BuildOptions build;
  build.output = library;
  return model.build(build);
}

/// Runs the library on the inputs, rounded to float.
Error Verification::runLibrary() {
  Expected<Artifact> artifact = Artifact::open(library);
  if (!artifact)
    return artifact.takeError();
  Expected<const res_model *> loaded = loadModel(*artifact);
  if (!loaded)
    return loaded.takeError();
  const res_model &compiled = **loaded;
  if (compiled.input_count != inputs.size())
    return createStringError("'" + library + "' has " + Twine(compiled.input_count) + " inputs, expected " +
                             Twine(inputs.size()));
  std::vector<std::vector<float>> rounded;
  std::vector<const void *> from;
  std::vector<void *> to;
  if (bool(images) != bool(res_takes_any_batch(&compiled)))
    return createStringError("'" + library + "' takes " + (images ? "one batch" : "any batch") + ", expected " +
                             (images ? "any; --batch N says which" : "one; --batch dynamic is what it was compiled with"));
  const size_t batches = images ? images : 1;
  for (auto [index, input] : enumerate(inputs)) {
    rounded.emplace_back(input.begin(), input.end());
    if (batches * compiled.inputs[index].bytes != input.size() * sizeof(float))
      return createStringError("input '" + Twine(compiled.inputs[index].name) + "' of '" + library + "' has " +
                               Twine(batches * compiled.inputs[index].bytes) + " bytes, expected " +
                               Twine(input.size() * sizeof(float)));
  }
  for (unsigned i = 0; i < compiled.output_count; ++i)
    outputs.emplace_back(batches * compiled.outputs[i].bytes / sizeof(float), NAN);
  for (auto &input : rounded)
    from.push_back(input.data());
  for (auto &output : outputs)
    to.push_back(output.data());
  if (checksLayers) {
    auto traced = traceLibrary(*artifact, compiled, model.module(), from, to, images);
    if (!traced)
      return traced.takeError();
    trace = std::move(*traced);
  }
  Instance instance;
  res_status status = openInstance(compiled, 0, instance);
  if (status == RES_OK)
    status = images ? compiled.run_batch(instance.get(), images, from.data(), to.data(), nullptr)
                    : compiled.run(instance.get(), from.data(), to.data());
  return status == RES_OK ? Error::success() : createStringError("'" + library + "': " + asClause(compiled.status_text(status)));
}

/// The reference of the outputs, and of the layers that were traced.
Error Verification::runReference() {
  // Names are the models' own and may repeat: then the closest tensor counts.
  StringMap<SmallVector<size_t, 1>> layersOf;
  rows.clear();
  for (const LayerResult &layer : trace) {
    layersOf[layer.node].push_back(rows.size());
    rows.push_back({&layer, {INFINITY, NAN}});
  }
  ReferenceOptions reference;
  if (!trace.empty())
    reference.observe = [&](mlir::Operation *op, ArrayRef<double> result) {
      for (size_t i : layersOf.lookup(getResultNodeName(op->getLoc()))) {
        LayerRow &row = rows[i];
        if (row.layer->values.size() != result.size())
          continue;
        Comparison comparison = compare<float>(row.layer->values, result);
        if (std::isnan(row.comparison.largest) || comparison.relative() < row.comparison.relative())
          row.comparison = comparison;
      }
    };
  WeightEvaluator weights(model.baseFolder);
  Expected<Values> values = evaluateReference(*original, weights, inputs, reference);
  if (!values)
    return values.takeError();
  expected = std::move(*values);
  llvm::erase_if(rows, [](const LayerRow &row) { return std::isnan(row.comparison.largest); });
  return Error::success();
}

static std::string numberText(const char *pattern, double value) {
  std::string text;
  raw_string_ostream(text) << format(pattern, value);
  return text;
}

int Verification::reportPasses(const PassCheck &check) {
  outs() << "outputs of the reference after each pass that changed something, against those before:\n";
  TextTable table({{"error", TextTable::Column::Right}, {"pass"}, {""}});
  const PassCheck::Row *wrong = nullptr;
  for (const PassCheck::Row &row : check.rows()) {
    table.row({row.problem.empty() ? numberText("%.1e", row.error) : "-", row.pass, row.isGood() ? "good" : "wrong"});
    wrong = wrong || row.isGood() ? wrong : &row;
  }
  table.print(outs());
  outs().flush();
  if (!wrong)
    return ExitDone;
  if (!wrong->problem.empty())
    return reportFault("pass '" + wrong->pass + "' broke the model: " + wrong->problem);
  return reportFault("pass '" + wrong->pass + "' changed the result: error " + numberText("%.1e", wrong->error) +
                     ", bound " + numberText("%.0e", PassCheck::kBound));
}

int Verification::reportLayers() {
  outs() << "tensors in the order of the kernel calls, against the reference:\n";
  TextTable table({{"step", TextTable::Column::Right}, {"error", TextTable::Column::Right},
                   {"largest", TextTable::Column::Right}, {""}, {"node", TextTable::Column::Left, 64}});
  const LayerRow *wrong = nullptr;
  for (const LayerRow &row : rows) {
    bool good = row.comparison.relative() <= allowedOfLayers;
    table.row({std::to_string(row.layer->step), numberText("%.2e", row.comparison.relative()),
               numberText("%.4g", row.comparison.largest), good ? "good" : "wrong", row.layer->node});
    wrong = wrong || good ? wrong : &row;
  }
  table.print(outs());
  if (rows.size() < trace.size())
    outs() << trace.size() - rows.size() << " tensors are no node's output and were not compared\n";
  outs().flush();
  if (!wrong)
    return ExitDone;
  return reportFault("node '" + wrong->layer->node + "' is the first whose output is wrong: error " +
                     numberText("%.2e", wrong->comparison.relative()) + ", bound " + numberText("%.0e", allowedOfLayers) +
                     "; kernel '" + wrong->layer->kernel + "' computes it in step " + Twine(wrong->layer->step));
}

int Verification::reportOutputs() {
  if (outputs.size() != expected.size())
    return reportFault("'" + library + "' has " + Twine(outputs.size()) + " outputs, expected " + Twine(expected.size()));
  auto main = original->lookupSymbol<mlir::func::FuncOp>("main");
  bool good = true;
  for (auto [index, output] : enumerate(outputs)) {
    if (output.size() != expected[index].size())
      return reportFault("output " + Twine(index) + " of '" + library + "' has " + Twine(output.size()) +
                         " elements, expected " + Twine(expected[index].size()));
    Comparison result = compare<float>(output, expected[index]);
    auto name = main.getResultAttrOfType<mlir::StringAttr>(index, kTensorNameAttr);
    bool within = result.relative() <= allowed;
    outs() << "output '" << (name ? name.getValue() : "") << "': error " << format("%.2e", result.relative())
           << " of the largest element " << format("%.4g", result.largest) << ", bound " << format("%.0e", allowed)
           << ": " << (within ? "good" : "too large") << "\n";
    good &= within;
  }
  int written = finishOutput();
  return good ? written : int(ExitFault);
}

int Verification::run(const ModelOptions &options) {
  if (int result = model.read(options))
    return result;
  if (*getPhase(model.module()) > Phase::planned)
    return reportFault("expected a model or a dump before phase llvm");
  original = model.module().clone();
  bool strict = original.get()->getAttrOfType<mlir::StringAttr>(kMathAttr).getValue() == "strict";
  allowed = bound.value_or(strict ? kStrictBound : kFastBound);
  allowedOfLayers = bound ? *bound : kLayerFactor * allowed;
  makeInputs(*original);
  // Passes are checked against outputs alone; layers need the library's tensors, so the reference runs after it.
  if (checksPasses)
    if (Error error = runReference())
      return reportFault(std::move(error));
  if (int result = compileLibrary())
    return result;
  if (Error error = runLibrary())
    return reportFault(std::move(error));
  if (!checksPasses || checksLayers)
    if (Error error = runReference())
      return reportFault(std::move(error));
  int layers = checksLayers ? reportLayers() : int(ExitDone);
  int result = reportOutputs();
  return layers ? layers : result;
}

int res::verifyCommand(Arguments arguments) {
  VerifyOptions options;
  if (std::optional<int> done = parseOptions("verify", arguments, overview))
    return *done;
  return Verification(options).run(options.model);
}
