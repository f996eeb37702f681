//===- VerifyCommand.cpp - resc verify --------------------------*- C++ -*-===//

#include "compiler/reference/Reference.h"
#include "compiler/pipeline/TemporaryFiles.h"
#include "compiler/tools/resc-compiler/Commands.h"
#include "compiler/tools/resc-compiler/Model.h"
#include "compiler/tools/common/Artifact.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <random>

using namespace llvm;
using namespace res;

static const char overview[] = R"(compares a compiled model with the double-precision reference

  resc verify resnet50.onnx
  resc verify resnet50.onnx --so resnet50.so --seed 7

  Both compute the same random picture. The error of an output is its largest difference divided by
  the largest element of the reference.
)";

// Bounds of max|error| / max|output|: single precision with sums in any order, and what --math fast may cost.
static constexpr double kStrictBound = 1e-5, kFastBound = 1e-4;

/// Normal noise, the same for a seed on every machine: the distribution of <random> is the library's, so it is made here
/// from the engine, which is fixed by the standard (Box-Muller).
static std::vector<double> makeNoise(size_t count, std::mt19937_64 &engine) {
  auto uniform = [&] { return (double(engine() >> 11) + 0.5) * 0x1p-53; };
  std::vector<double> noise(count);
  for (double &value : noise)
    value = float(std::sqrt(-2.0 * std::log(uniform())) * std::cos(6.283185307179586 * uniform()));
  return noise;
}

/// Runs the library on the inputs, rounded to float.
static Expected<std::vector<std::vector<float>>> runLibrary(StringRef path, const std::vector<std::vector<double>> &inputs) {
  Expected<Artifact> artifact = Artifact::open(path);
  if (!artifact)
    return artifact.takeError();
  Expected<const res_model *> loaded = loadModel(*artifact);
  if (!loaded)
    return loaded.takeError();
  const res_model &model = **loaded;
  if (model.input_count != inputs.size())
    return createStringError("'" + path + "' has " + Twine(model.input_count) + " inputs, expected " + Twine(inputs.size()));
  std::vector<std::vector<float>> rounded, outputs;
  std::vector<const void *> inputPointers;
  std::vector<void *> outputPointers;
  for (auto [index, input] : enumerate(inputs)) {
    rounded.emplace_back(input.begin(), input.end());
    if (model.inputs[index].bytes != input.size() * sizeof(float))
      return createStringError("input '" + Twine(model.inputs[index].name) + "' of '" + path + "' has " +
                               Twine(model.inputs[index].bytes) + " bytes, expected " + Twine(input.size() * sizeof(float)));
  }
  for (unsigned i = 0; i < model.output_count; ++i)
    outputs.emplace_back(model.outputs[i].bytes / sizeof(float), NAN);
  for (auto &input : rounded)
    inputPointers.push_back(input.data());
  for (auto &output : outputs)
    outputPointers.push_back(output.data());
  Instance instance;
  res_status status = openInstance(model, 0, instance);
  if (status == RES_OK)
    status = model.run(instance.get(), inputPointers.data(), outputPointers.data());
  if (status != RES_OK)
    return createStringError(asClause(model.status_text(status)));
  return outputs;
}

namespace {
struct Comparison {
  double error = 0, largest = 0; // absolute
  double relative() const { return largest > 0 ? error / largest : error; }
};
} // namespace

static Comparison compare(ArrayRef<float> got, ArrayRef<double> expected) {
  Comparison result;
  for (auto [g, e] : zip(got, expected)) {
    result.largest = std::max(result.largest, std::fabs(e));
    double difference = std::fabs(double(g) - e);
    result.error = std::isnan(difference) ? INFINITY : std::max(result.error, difference);
  }
  return result;
}

int res::verifyCommand(Arguments arguments) {
  ModelOptions options;
  cl::opt<std::string> library("so", cl::desc("a library compiled from the model (default: compile it now)"),
                               cl::value_desc("file"), cl::cat(optionCategory()));
  cl::opt<unsigned> seed("seed", cl::desc("of the random input (default: 1)"), cl::init(1), cl::value_desc("n"),
                         cl::cat(optionCategory()));
  cl::opt<double> bound("bound", cl::desc("largest error allowed (default: 1e-5; with --math fast 1e-4)"),
                        cl::value_desc("x"), cl::cat(optionCategory()));
  if (std::optional<int> done = parseOptions("verify", arguments, overview))
    return *done;

  Model model;
  if (int result = model.read(options))
    return result;
  if (*getPhase(model.module()) > Phase::planned)
    return reportFault("expected a model or a dump before phase llvm");
  mlir::OwningOpRef<mlir::ModuleOp> original = model.module().clone();
  auto main = original->lookupSymbol<mlir::func::FuncOp>("main");
  bool strict = original.get()->getAttrOfType<mlir::StringAttr>(kMathAttr).getValue() == "strict";
  double allowed = bound.getNumOccurrences() ? double(bound) : strict ? kStrictBound : kFastBound;

  std::optional<TemporaryFolder> folder;
  std::string path = library;
  if (path.empty()) {
    Expected<TemporaryFolder> created = TemporaryFolder::create();
    if (!created)
      return reportFault(created.takeError());
    folder.emplace(std::move(*created));
    path = folder->file("model.so");
    if (int result = model.advance(Phase::planned, nullptr))
      return result;
    BuildOptions build;
    build.output = path;
    build.jobs = options.jobs.getNumOccurrences() ? unsigned(options.jobs) : 0;
    if (int result = model.build(build))
      return result;
  }

  std::mt19937_64 engine(seed);
  std::vector<std::vector<double>> inputs;
  for (mlir::Type type : main.getArgumentTypes())
    inputs.push_back(makeNoise(mlir::cast<mlir::RankedTensorType>(type).getNumElements(), engine));
  WeightEvaluator weights(model.baseFolder);
  Expected<std::vector<std::vector<double>>> expected = evaluateReference(*original, weights, inputs, {});
  if (!expected)
    return reportFault(expected.takeError());
  Expected<std::vector<std::vector<float>>> outputs = runLibrary(path, inputs);
  if (!outputs)
    return reportFault(outputs.takeError());
  if (outputs->size() != expected->size())
    return reportFault("'" + path + "' has " + Twine(outputs->size()) + " outputs, expected " + Twine(expected->size()));

  bool good = true;
  for (auto [index, output] : enumerate(*outputs)) {
    if (output.size() != (*expected)[index].size())
      return reportFault("output " + Twine(index) + " of '" + path + "' has " + Twine(output.size()) +
                         " elements, expected " + Twine((*expected)[index].size()));
    Comparison result = compare(output, (*expected)[index]);
    auto name = main.getResultAttrOfType<mlir::StringAttr>(index, kTensorNameAttr);
    bool within = result.relative() <= allowed;
    outs() << "output '" << (name ? name.getValue() : "") << "': error " << format("%.2e", result.relative())
           << " of the largest element " << format("%.4g", result.largest) << ", bound " << format("%.0e", allowed) << ": "
           << (within ? "good" : "too large") << "\n";
    good &= within;
  }
  int written = finishOutput();
  return good ? written : int(ExitFault);
}
