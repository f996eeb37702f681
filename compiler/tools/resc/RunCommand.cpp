//===- RunCommand.cpp - resc run --------------------------------*- C++ -*-===//

#include "compiler/tools/common/Artifact.h"
#include "compiler/tools/resc/Commands.h"
#include "compiler/tools/resc/TensorFiles.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace llvm;

namespace res {

static const char overview[] = R"(runs a compiled model once and prints the result

  resc run resnet50.so --input picture.npy --top 3
  resc run digits.so --input test_images.npy --output scores.npy

  Inputs are float32, from .npy files or raw little-endian .bin files. A .npy file whose first
  dimension is a multiple of the model's is run in slices.
)";

/// Rows of a result that are worth printing when there are many.
static constexpr size_t shownRows = 5;

/// "281 (12.35)": the best classes of one row, best first; values that are not numbers come last.
static std::string topClasses(ArrayRef<float> row, unsigned top) {
  std::vector<size_t> order(row.size());
  std::iota(order.begin(), order.end(), 0);
  size_t count = std::min<size_t>(top, row.size());
  auto better = [&](size_t a, size_t b) {
    if (std::isnan(row[a]) || std::isnan(row[b]))
      return !std::isnan(row[a]) && std::isnan(row[b]);
    return row[a] != row[b] ? row[a] > row[b] : a < b;
  };
  std::partial_sort(order.begin(), order.begin() + count, order.end(), better);
  std::string text;
  raw_string_ostream stream(text);
  for (size_t i = 0; i < count; ++i)
    stream << (i ? "  " : "") << order[i] << format(" (%.4g)", double(row[order[i]]));
  return text;
}

static void printClasses(const res_tensor_info &output, size_t slices, ArrayRef<float> values, unsigned top) {
  size_t classes = output.shape[1], rows = output.shape[0] * slices, shown = std::min(rows, shownRows);
  outs() << "output '" << fit(output.name, 60) << "' " << rows << "x" << classes << ", top "
         << std::min<size_t>(top, classes)
         << (shown < rows ? " of the first " + std::to_string(shown) + " rows" : std::string()) << ":\n";
  for (size_t row = 0; row < shown; ++row) {
    outs() << "  ";
    if (rows > 1)
      outs() << "row " << row << ": ";
    outs() << topClasses(values.slice(row * classes, classes), top) << "\n";
  }
}

static void printStatistics(const res_tensor_info &output, size_t slices, ArrayRef<float> values) {
  double sum = 0, low = INFINITY, high = -INFINITY;
  size_t finite = 0;
  for (float value : values)
    if (std::isfinite(value)) {
      low = std::min<double>(low, value);
      high = std::max<double>(high, value);
      sum += value;
      ++finite;
    }
  std::vector<int64_t> shape = shapeOf(output).vec();
  if (!shape.empty())
    shape[0] *= slices;
  outs() << "output '" << fit(output.name, 60) << "' " << shapeText(shape) << ": ";
  if (finite)
    outs() << format("min %.6g, max %.6g, mean %.6g", low, high, sum / finite);
  if (finite < values.size())
    outs() << (finite ? ", " : "") << values.size() - finite << " values are not finite";
  outs() << "\n";
}

/// Every input, with the same number of batches each.
static Error loadInputs(const res_model &model, ArrayRef<std::string> files, std::vector<InputTensor> &inputs) {
  for (auto [info, file] : zip(inputsOf(model), files)) {
    Expected<InputTensor> input = loadInput(file, info, /*allowSlices=*/true);
    if (!input)
      return input.takeError();
    if (!inputs.empty() && input->slices != inputs[0].slices)
      return makeError("input '" + Twine(info.name) + "': expected " + Twine(inputs[0].slices) +
                       " times the model's batch, as input '" + model.inputs[0].name + "' has, got " +
                       Twine(input->slices));
    inputs.push_back(std::move(*input));
  }
  return Error::success();
}

/// Room for all slices of every output.
static Error makeOutputs(const res_model &model, size_t slices, std::vector<FloatBuffer> &outputs) {
  for (const res_tensor_info &info : outputsOf(model)) {
    if (slices > 1 && info.rank == 0)
      return makeError("output '" + Twine(info.name) + "': expected a batch dimension to run " + Twine(slices) +
                       " slices, got a scalar");
    outputs.emplace_back(slices * (info.bytes / sizeof(float)));
    if (!outputs.back().data)
      return makeError("output '" + Twine(info.name) + "': not enough memory");
  }
  return Error::success();
}

/// Runs all slices; outputs[i] has room for all of them.
static res_status runSlices(const res_model &model, res_instance *instance, ArrayRef<InputTensor> inputs,
                            MutableArrayRef<FloatBuffer> outputs, size_t slices) {
  std::vector<const void *> from(inputs.size());
  std::vector<void *> to(outputs.size());
  for (size_t slice = 0; slice < slices; ++slice) {
    for (size_t i = 0; i < inputs.size(); ++i)
      from[i] = inputs[i].values.data.get() + slice * (model.inputs[i].bytes / sizeof(float));
    for (size_t i = 0; i < outputs.size(); ++i)
      to[i] = outputs[i].data.get() + slice * (model.outputs[i].bytes / sizeof(float));
    if (res_status status = model.run(instance, from.data(), to.data()))
      return status;
  }
  return RES_OK;
}

int runCommand(Arguments arguments) {
  static cl::list<std::string> models(cl::Positional, cl::desc("MODEL.so"), cl::cat(optionCategory()));
  static cl::list<std::string> inputArguments("input", cl::value_desc("FILE"), cl::cat(optionCategory()),
                                              cl::desc("An input, .npy or .bin; NAME=FILE, or once for each in order"));
  static cl::list<std::string> outputArguments("output", cl::value_desc("FILE"), cl::cat(optionCategory()),
                                               cl::desc("Write an output, .npy or .bin; NAME=FILE, or in order"));
  static ThreadsOption threads("threads", cl::value_desc("N"), cl::cat(optionCategory()),
                               cl::desc("Threads, the calling one included; default: all allowed processors"));
  static cl::opt<unsigned, false, CountParser<1, 1000000>> top("top", cl::value_desc("N"), cl::init(5),
                                                               cl::cat(optionCategory()),
                                                               cl::desc("Classes to print for each row; default 5"));
  if (std::optional<int> code = parseOptions("run", arguments, overview))
    return *code;
  if (models.size() != 1)
    return reportUsage("run", "expected one compiled model, got " + Twine(models.size()));
  Expected<Artifact> artifact = Artifact::open(models[0]);
  if (!artifact)
    return reportFault(artifact.takeError());
  Expected<const res_model *> loaded = loadModel(*artifact);
  if (!loaded)
    return reportFault(loaded.takeError());
  const res_model &model = **loaded;
  if (Error error = checkElementTypes(model))
    return reportFault(std::move(error));

  auto inputFiles = assignFiles(inputArguments, inputsOf(model));
  if (!inputFiles)
    return reportUsage("run", toString(inputFiles.takeError()));
  auto outputFiles = assignFiles(outputArguments, outputsOf(model));
  if (!outputFiles)
    return reportUsage("run", toString(outputFiles.takeError()));
  for (auto [info, file] : zip(inputsOf(model), *inputFiles))
    if (file.empty())
      return reportUsage("run", "expected --input for '" + Twine(info.name) + "' (float32, " +
                                    shapeText(shapeOf(info)) + "), got none");

  std::vector<InputTensor> inputs;
  if (Error error = loadInputs(model, *inputFiles, inputs))
    return reportFault(std::move(error));
  size_t slices = inputs.empty() ? 1 : inputs[0].slices;
  std::vector<FloatBuffer> outputs;
  if (Error error = makeOutputs(model, slices, outputs))
    return reportFault(std::move(error));
  Expected<OutputWriter> writer = OutputWriter::create(*outputFiles);
  if (!writer)
    return reportFault(writer.takeError());

  Instance instance;
  if (res_status status = openInstance(model, threads, instance))
    return reportStatus(*artifact, model, status);
  if (res_status status = runSlices(model, instance.get(), inputs, outputs, slices))
    return reportStatus(*artifact, model, status);

  for (size_t i = 0; i < outputs.size(); ++i) {
    const res_tensor_info &info = model.outputs[i];
    ArrayRef<float> values(outputs[i].data.get(), outputs[i].count);
    if (info.rank == 2)
      printClasses(info, slices, values, top);
    else
      printStatistics(info, slices, values);
    if (Error error = writer->write(i, info, slices, outputs[i]))
      return reportFault(std::move(error));
  }
  return finishOutput();
}

} // namespace res
