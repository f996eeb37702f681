//===- RunCommand.cpp - resc run --------------------------------*- C++ -*-===//

#include "compiler/tools/common/Artifact.h"
#include "compiler/tools/resc/Commands.h"
#include "compiler/tools/resc/run/ClassReport.h"
#include "compiler/tools/resc/tensors/InputLoader.h"
#include "compiler/tools/resc/tensors/OutputWriter.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>
#include <functional>

using namespace llvm;

namespace res {

static const char overview[] = R"(runs a compiled model once and prints the result

  resc run resnet50.so --input cat.jpg --labels imagenet.txt --top 3
  resc run digits.so --input test_images.npy --output scores.npy

  Inputs are float32: .npy files, .npz archives whose arrays have the names of the model's inputs,
  raw little-endian .bin files. An array whose first dimension is a multiple of the model's is run
  in slices; a model of any batch runs all of it at once. PNG and JPEG pictures, one --input for
  each, are resized, cropped in the middle to the model's size and normalised as ImageNet's are;
  flags change that.
)";

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

namespace {
/// A finite number; with Positive, more than zero.
template <bool Positive>
struct NumberParser : cl::parser<float> {
  using parser::parser;
  bool parse(cl::Option &option, StringRef, StringRef text, float &value) {
    double number;
    if (!text.getAsDouble(number) && std::isfinite(float(number)) && (!Positive || float(number) > 0)) {
      value = number;
      return false;
    }
    return option.error(Twine("expected ") + (Positive ? "numbers above 0" : "numbers") +
                        " such as 0.45 or 0.48,0.45,0.4, got '" + text + "'");
  }
};

struct Options {
  cl::list<std::string> models{cl::Positional, cl::desc("MODEL.so"), cl::cat(optionCategory())};
  cl::list<std::string> inputs{"input", cl::value_desc("FILE"), cl::cat(optionCategory()),
                               cl::desc("An input, .npy .npz .bin .png .jpg; NAME=FILE, or once for each in order")};
  cl::list<std::string> outputs{"output", cl::value_desc("FILE"), cl::cat(optionCategory()),
                                cl::desc("Write an output, .npy or .bin; NAME=FILE, or in order; .npz: all of them")};
  ThreadsOption threads{"threads", cl::value_desc("N"), cl::cat(optionCategory()),
                        cl::desc("Threads, the calling one included; default: all allowed processors")};
  SpinOption spin{"spin", cl::value_desc("N"), cl::cat(optionCategory()),
                  cl::desc("Microseconds that idle threads spin; default 2000")};
  cl::opt<unsigned, false, CountParser<1, 1000000>> top{"top", cl::value_desc("N"), cl::init(5),
                                                        cl::cat(optionCategory()),
                                                        cl::desc("Classes to print for each row; default 5")};
  cl::opt<std::string> labels{"labels", cl::value_desc("FILE"), cl::cat(optionCategory()),
                              cl::desc("The name of each class, one on a line")};
  cl::opt<unsigned, false, CountParser<1, 100000>> resize{
      "resize", cl::value_desc("N"), cl::cat(optionCategory()),
      cl::desc("Pictures: the shorter side before the crop; default: 256/224 of the model's")};
  cl::opt<std::string> crop{"crop", cl::value_desc("MODE"), cl::init("center"), cl::cat(optionCategory()),
                            cl::desc("Pictures: center, or none to squeeze all into the model's size")};
  cl::list<float, bool, NumberParser<false>> mean{
      "mean", cl::value_desc("R,G,B"), cl::CommaSeparated, cl::cat(optionCategory()),
      cl::desc("Pictures: subtracted from values of 0 to 1; default 0.485,0.456,0.406; gray: 0")};
  cl::list<float, bool, NumberParser<true>> deviation{
      "std", cl::value_desc("R,G,B"), cl::CommaSeparated, cl::cat(optionCategory()),
      cl::desc("Pictures: then divided by; default 0.229,0.224,0.225; gray: 1")};
};
} // namespace

/// The flags for pictures. Without a picture they would do nothing, so that one of them then is an error.
static Expected<PictureOptions> pictureOptions(const Options &options, ArrayRef<InputFiles> inputs) {
  bool pictures = llvm::any_of(inputs, [](const InputFiles &input) { return input.kind == FileKind::Picture; });
  const std::reference_wrapper<const cl::Option> flags[] = {options.resize, options.crop, options.mean,
                                                            options.deviation};
  for (const cl::Option &option : flags)
    if (option.getNumOccurrences() && !pictures)
      return makeError("--" + option.ArgStr + ": expected a picture as --input, got none");
  PictureOptions result;
  if (options.resize.getNumOccurrences())
    result.resize = options.resize;
  if (options.crop != "center" && options.crop != "none")
    return makeError("--crop: expected center or none, got '" + options.crop + "'");
  result.crop = options.crop == "center";
  result.mean.assign(options.mean.begin(), options.mean.end());
  result.deviation.assign(options.deviation.begin(), options.deviation.end());
  return result;
}

/// Every input has to have files, and pictures have to fit.
static Error checkInputs(const res_model &model, ArrayRef<InputFiles> files, const PictureOptions &pictures) {
  for (auto [info, input] : zip(inputsOf(model), files)) {
    if (input.paths.empty())
      return makeError("expected --input for '" + Twine(info.name) + "' (float32, " + shapeText(shapeOf(info)) +
                       "), got none");
    if (input.kind == FileKind::Picture)
      if (Error error = checkPictures(input, info, pictures, /*allowSlices=*/true))
        return error;
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// Every input, with the same number of batches each.
static Error loadInputs(const res_model &model, ArrayRef<InputFiles> files, const PictureOptions &pictures,
                        std::vector<InputTensor> &inputs) {
  for (auto [info, file] : zip(inputsOf(model), files)) {
    Expected<InputTensor> input = loadInput(file, info, pictures, /*allowSlices=*/true);
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

/// Runs all slices, at once if the model takes any batch; outputs[i] has room for all of them.
static res_status runSlices(const res_model &model, res_instance *instance, ArrayRef<InputTensor> inputs,
                            MutableArrayRef<FloatBuffer> outputs, size_t slices) {
  std::vector<const void *> from(inputs.size());
  std::vector<void *> to(outputs.size());
  const bool atOnce = res_takes_any_batch(&model);
  for (size_t slice = 0; slice < (atOnce ? 1 : slices); ++slice) {
    for (size_t i = 0; i < inputs.size(); ++i)
      from[i] = inputs[i].values.data.get() + slice * (model.inputs[i].bytes / sizeof(float));
    for (size_t i = 0; i < outputs.size(); ++i)
      to[i] = outputs[i].data.get() + slice * (model.outputs[i].bytes / sizeof(float));
    if (res_status status = atOnce ? model.run_batch(instance, int64_t(slices), from.data(), to.data(), nullptr)
                                   : model.run(instance, from.data(), to.data()))
      return status;
  }
  return RES_OK;
}

int runCommand(Arguments arguments) {
  static Options options;
  if (std::optional<int> code = parseOptions("run", arguments, overview))
    return *code;
  if (options.models.size() != 1)
    return reportUsage("run", "expected one compiled model, got " + Twine(options.models.size()));
  Expected<Artifact> artifact = Artifact::open(options.models[0]);
  if (!artifact)
    return reportFault(artifact.takeError());
  Expected<const res_model *> loaded = loadModel(*artifact);
  if (!loaded)
    return reportFault(loaded.takeError());
  const res_model &model = **loaded;
  if (Error error = checkElementTypes(model))
    return reportFault(std::move(error));

  auto inputFiles = assignInputs(options.inputs, inputsOf(model));
  if (!inputFiles)
    return reportArguments("run", inputFiles.takeError());
  auto outputNames = assignOutputs(options.outputs, outputsOf(model));
  if (!outputNames)
    return reportArguments("run", outputNames.takeError());
  Expected<PictureOptions> pictures = pictureOptions(options, *inputFiles);
  if (!pictures)
    return reportUsage("run", toString(pictures.takeError()));
  if (Error error = checkInputs(model, *inputFiles, *pictures))
    return reportUsage("run", toString(std::move(error)));

  ClassReportOptions report;
  report.top = options.top;
  for (const InputFiles &input : *inputFiles) // each picture was named, so each has its row
    if (input.kind == FileKind::Picture)
      report.rows = std::max(report.rows, input.paths.size());
  if (!options.labels.empty()) {
    Expected<Labels> labels = readLabels(options.labels, outputsOf(model));
    if (!labels)
      return reportFault(labels.takeError());
    report.labels = std::move(*labels);
  }
  std::vector<InputTensor> inputs;
  if (Error error = loadInputs(model, *inputFiles, *pictures, inputs))
    return reportFault(std::move(error));
  size_t slices = inputs.empty() ? 1 : inputs[0].slices;
  std::vector<FloatBuffer> outputs;
  if (Error error = makeOutputs(model, slices, outputs))
    return reportFault(std::move(error));
  Expected<OutputWriter> writer = OutputWriter::create(std::move(*outputNames));
  if (!writer)
    return reportFault(writer.takeError());

  Instance instance;
  if (res_status status = openInstance(model, options.threads, instance, options.spin))
    return reportStatus(*artifact, model, status);
  if (res_status status = runSlices(model, instance.get(), inputs, outputs, slices))
    return reportStatus(*artifact, model, status);

  if (Error error = writer->write(outputsOf(model), slices, outputs))
    return reportFault(std::move(error));
  for (auto [info, output] : zip(outputsOf(model), outputs))
    printOutput(outs(), info, slices, ArrayRef(output.data.get(), output.count), report);
  return finishOutput();
}

} // namespace res
