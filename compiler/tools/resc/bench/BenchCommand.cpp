//===- BenchCommand.cpp - resc bench ----------------------------*- C++ -*-===//

#include "compiler/tools/resc/bench/BenchReport.h"
#include "compiler/tools/resc/Commands.h"
#include "compiler/tools/resc/bench/MemoryBandwidth.h"
#include "compiler/tools/resc/bench/PeakFlops.h"
#include "compiler/tools/resc/Process.h"
#include "compiler/tools/resc/tensors/InputLoader.h"
#include "compiler/tools/resc/tensors/OutputWriter.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <random>

using namespace llvm;

namespace res {

static const char overview[] = R"(measures the speed of a compiled library, or of a model, which is compiled first

  resc bench resnet50.so --threads 2
  resc bench resnet50.onnx --target x86-64-v3 --layers
  resc bench resnet50.so --json - | jq .p50_ms

  GFLOP/s count a multiply-add as two, over the median. The peak of the multiply-add units is
  measured in the same process, just before and after, on as many threads. Without --input the
  values are seeded normal noise.

  --layers compares each layer with a roofline: the time of its multiply-adds at that peak, or of
  its bytes at the bandwidth at which as many threads read memory (measured as well), whichever is
  longer. What it takes longer is lost.
    GFLOP/s, of peak  the multiply-adds that the layer is defined by: Winograd may exceed 100%
    FMA               those that its algorithm executes, as a share of the peak
    DRAM              weights as stored, activations read and written once, as a share of the
                      bandwidth; above 100% they are in a cache
    limit             compute or memory, whose time is longer; overhead, where both one after the
                      other would take less than half of the time
)";

namespace {
using Clock = std::chrono::steady_clock;

struct Options {
  cl::list<std::string> models{cl::Positional, cl::desc("MODEL.so|MODEL.onnx"), cl::cat(optionCategory())};
  ThreadsOption threads{"threads", cl::value_desc("N"), cl::cat(optionCategory()),
                        cl::desc("Threads, the calling one included; default: all allowed processors")};
  SpinOption spin{"spin", cl::value_desc("N"), cl::cat(optionCategory()),
                  cl::desc("Microseconds that idle threads spin; default 2000")};
  cl::opt<double, false, SecondsParser> seconds{"seconds", cl::value_desc("S"), cl::init(3.0),
                                                cl::cat(optionCategory()),
                                                cl::desc("How long to measure, at least 5 runs; default 3")};
  cl::opt<bool> layers{"layers", cl::desc("Also each layer, and what is lost where"), cl::cat(optionCategory())};
  cl::opt<std::string> json{"json", cl::value_desc("FILE"), cl::cat(optionCategory()),
                            cl::desc("Write the numbers as JSON; '-': as one line on standard output")};
  cl::list<std::string> inputs{"input", cl::value_desc("FILE"), cl::cat(optionCategory()),
                               cl::desc("An input, as in 'resc run'; NAME=FILE, or once for each in order")};
  cl::list<std::string> outputs{"output", cl::value_desc("FILE"), cl::cat(optionCategory()),
                                cl::desc("Write an output of the last run, as in 'resc run'")};
  cl::opt<unsigned, false, CountParser<1, 65536>> batch{
      "batch", cl::value_desc("N"), cl::cat(optionCategory()),
      cl::desc("Images in a run of a model of any batch; default: --input's, or 1")};
  cl::opt<std::string> target{"target", cl::value_desc("T"), cl::desc("For MODEL.onnx: as in 'resc compile'"),
                              cl::cat(optionCategory())};
  cl::opt<std::string> math{"math", cl::value_desc("fast|strict"), cl::desc("For MODEL.onnx: as in 'resc compile'"),
                            cl::cat(optionCategory())};
  cl::opt<std::string> jobs{"jobs", cl::value_desc("N"), cl::desc("For MODEL.onnx: as in 'resc compile'"),
                            cl::cat(optionCategory())};
};
} // namespace

static double millisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

//===----------------------------------------------------------------------===//
// Measuring
//===----------------------------------------------------------------------===//

namespace {
/// One model with its buffers.
struct Subject {
  const res_model *model = nullptr;
  Instance instance;
  std::vector<FloatBuffer> inputs, outputs;
  std::vector<const void *> from;
  std::vector<void *> to;
  size_t batch = 0; // where the model takes any; 0: not known yet

  /// `nanoseconds`: of each step, or null.
  res_status run(uint64_t *nanoseconds = nullptr) {
    if (res_takes_any_batch(model))
      return model->run_batch(instance.get(), int64_t(batch), from.data(), to.data(), nanoseconds);
    return nanoseconds ? model->run_timed(instance.get(), from.data(), to.data(), nanoseconds)
                       : model->run(instance.get(), from.data(), to.data());
  }
};
} // namespace

/// Seeded, so that two runs see the same values.
static void fillWithNoise(FloatBuffer &buffer) {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  for (size_t i = 0; i < buffer.count; ++i)
    buffer.data.get()[i] = normal(generator);
}

/// Reads or invents the inputs and makes room for the outputs. The inputs that are read say how large the batch is, if
/// nothing else does.
static Error prepareBuffers(Subject &subject, ArrayRef<InputFiles> inputFiles) {
  const bool isAny = res_takes_any_batch(subject.model);
  subject.inputs.resize(inputFiles.size());
  for (auto [info, files, values] : zip(inputsOf(*subject.model), inputFiles, subject.inputs)) {
    if (files.paths.empty())
      continue;
    Expected<InputTensor> input = loadInput(files, info, {}, /*allowSlices=*/false);
    if (!input)
      return input.takeError();
    if (isAny && subject.batch && subject.batch != input->slices)
      return tensorError("input", info, "expected a batch of " + Twine(subject.batch) + ", got " + Twine(input->slices));
    subject.batch = input->slices;
    values = std::move(input->values);
  }
  subject.batch = isAny ? std::max<size_t>(subject.batch, 1) : 1;
  for (auto [info, values] : zip(inputsOf(*subject.model), subject.inputs)) {
    if (!values.data) {
      values = FloatBuffer(subject.batch * (info.bytes / sizeof(float)));
      if (values.data)
        fillWithNoise(values);
    }
    subject.from.push_back(values.data.get());
  }
  for (const res_tensor_info &info : outputsOf(*subject.model)) {
    subject.outputs.emplace_back(subject.batch * (info.bytes / sizeof(float)));
    subject.to.push_back(subject.outputs.back().data.get());
  }
  if (is_contained(subject.from, nullptr) || is_contained(subject.to, nullptr))
    return makeError("not enough memory for the inputs and outputs");
  return Error::success();
}

/// Until caches, page tables and clock frequency have settled.
static res_status warmUp(Subject &subject) {
  auto start = Clock::now();
  for (int runs = 0; runs < 3 || millisecondsSince(start) < 80; ++runs)
    if (res_status status = subject.run())
      return status;
  return RES_OK;
}

/// Single inferences, each with its own time.
static res_status timeRuns(Subject &subject, double seconds, std::vector<double> &runs) {
  const size_t atMost = 10'000'000; // bounds the memory of a long measurement of a tiny model
  auto start = Clock::now();
  while (runs.size() < 5 || (millisecondsSince(start) < seconds * 1e3 && runs.size() < atMost)) {
    auto before = Clock::now();
    if (res_status status = subject.run())
      return status;
    runs.push_back(millisecondsSince(before));
  }
  llvm::sort(runs);
  return RES_OK;
}

/// The median time of each of some steps. A thousand runs are enough for one.
static res_status timeLayers(Subject &subject, double seconds, ArrayRef<size_t> steps, std::vector<double> &layers) {
  std::vector<std::vector<uint64_t>> samples(steps.size());
  std::vector<uint64_t> nanoseconds(subject.model->step_count);
  auto start = Clock::now();
  for (int run = 0; run < 5 || (millisecondsSince(start) < seconds * 1e3 && run < 1000); ++run) {
    if (res_status status = subject.run(nanoseconds.data()))
      return status;
    for (auto [step, sample] : zip(steps, samples))
      sample.push_back(nanoseconds[step]);
  }
  for (std::vector<uint64_t> &sample : samples) {
    std::nth_element(sample.begin(), sample.begin() + sample.size() / 2, sample.end());
    layers.push_back(sample[sample.size() / 2] * 1e-6);
  }
  return RES_OK;
}

/// The most memory that this process has had resident, in units of 10^6 bytes. (What getrusage says may be that of the
/// program which started this one.)
static double residentMegabytes() {
  auto file = MemoryBuffer::getFileAsStream("/proc/self/status");
  if (!file)
    return 0;
  StringRef value = (*file)->getBuffer().split("VmHWM:").second.ltrim();
  uint64_t kibibytes = 0;
  value.consumeInteger(10, kibibytes);
  return kibibytes * 1024e-6;
}

static res_status measure(Subject &subject, const Options &options, ArrayRef<size_t> steps, BenchResult &result) {
  result.peakGflops = measurePeakGflops(subject.model->target, result.threads);
  if (res_status status = warmUp(subject))
    return status;
  if (res_status status = timeRuns(subject, options.seconds, result.runs))
    return status;
  if (options.layers)
    if (res_status status = timeLayers(subject, options.seconds, steps, result.layers))
      return status;
  subject.instance.reset(); // workers that still spin would disturb the next line
  result.peakGflops = std::max(result.peakGflops, measurePeakGflops(subject.model->target, result.threads));
  result.rssMb = residentMegabytes();
  if (options.layers) // last, as it needs memory itself
    result.readGbytesPerSecond = measureReadBandwidth(result.threads);
  return RES_OK;
}

//===----------------------------------------------------------------------===//
// The command
//===----------------------------------------------------------------------===//

static int benchLibrary(const Options &options) {
  Expected<Artifact> artifact = Artifact::open(options.models[0]);
  if (!artifact)
    return reportFault(artifact.takeError());
  Expected<Manifest> manifest = parseManifest(artifact->manifestText(), artifact->path());
  if (!manifest)
    return reportFault(manifest.takeError());

  BenchResult result;
  Subject subject;
  auto start = Clock::now();
  Expected<const res_model *> model = loadModel(*artifact);
  if (!model)
    return reportFault(model.takeError());
  subject.model = *model;
  if (res_status status = openInstance(**model, options.threads, subject.instance, options.spin))
    return reportStatus(*artifact, **model, status);
  result.loadMs = millisecondsSince(start);
  result.threads = (*model)->threads(subject.instance.get());
  const size_t allSteps = manifest->steps.size() + (manifest->together ? manifest->together->steps.size() : 0);
  if ((*model)->step_count != allSteps)
    return reportFault("'" + artifact->path() + "': expected as many steps as the manifest has, " + Twine(allSteps) +
                       ", got " + Twine((*model)->step_count));
  if (options.batch.getNumOccurrences()) {
    const int64_t only = inputsOf(**model).empty() ? 1 : imagesOf(inputsOf(**model).front());
    if (!res_takes_any_batch(*model) && int64_t(options.batch) != only)
      return reportUsage("bench", "--batch: expected " + Twine(only) + ", for which the library was compiled, got " +
                                      Twine(unsigned(options.batch)));
    subject.batch = options.batch;
  }
  if (Error error = checkElementTypes(**model))
    return reportFault(std::move(error));

  auto inputFiles = assignInputs(options.inputs, inputsOf(**model));
  if (!inputFiles)
    return reportArguments("bench", inputFiles.takeError());
  auto outputNames = assignOutputs(options.outputs, outputsOf(**model));
  if (!outputNames)
    return reportArguments("bench", outputNames.takeError());
  for (auto [info, files] : zip(inputsOf(**model), *inputFiles))
    if (files.kind == FileKind::Picture)
      if (Error error = checkPictures(files, info, {}, /*allowSlices=*/false))
        return reportUsage("bench", toString(std::move(error)));
  if (Error error = prepareBuffers(subject, *inputFiles))
    return reportFault(std::move(error));
  std::vector<size_t> steps(manifest->steps.size()); // that run
  std::iota(steps.begin(), steps.end(), 0);
  if (res_takes_any_batch(*model)) {
    steps.clear();
    static_cast<ManifestProgram &>(*manifest) = getProgramFor(*manifest, subject.batch, steps);
    result.batch = subject.batch;
  }

  // Opened now, so that no measurement is lost to a name that cannot be written.
  Expected<OutputWriter> writer = OutputWriter::create(std::move(*outputNames));
  if (!writer)
    return reportFault(writer.takeError());
  bool toStdout = options.json == "-";
  std::optional<OutputFile> json;
  if (!options.json.empty() && !toStdout) {
    Expected<OutputFile> file = OutputFile::create(options.json);
    if (!file)
      return reportFault(file.takeError());
    json.emplace(std::move(*file));
  }

  bool progress = sys::Process::StandardErrIsDisplayed();
  if (progress)
    errs() << format("measuring for about %.3g s\r", options.seconds * (options.layers ? 2 : 1));
  auto firstStart = Clock::now();
  res_status status = subject.run();
  result.firstMs = result.loadMs + millisecondsSince(firstStart);
  if (!status)
    status = measure(subject, options, steps, result);
  if (progress)
    errs() << "\x1b[K"; // clears the line
  if (status)
    return reportStatus(*artifact, **model, status);

  if (Error error = writer->write(outputsOf(**model), subject.batch, subject.outputs))
    return reportFault(std::move(error));
  if (json)
    if (Error error = json->commit(jsonReport(*manifest, result, /*oneLine=*/false)))
      return reportFault(std::move(error));
  if (toStdout)
    outs() << jsonReport(*manifest, result, /*oneLine=*/true);
  else
    printReport(outs(), *manifest, result);
  return finishOutput();
}

/// Compiles into a temporary folder and measures in a process of its own, so that time and memory of the compiler do
/// not count.
static int benchSource(const Options &options) {
  Supervisor supervisor;
  Expected<std::string> folder = supervisor.folder();
  if (!folder)
    return reportFault(folder.takeError());
  std::string library = *folder + "/model.so";
  Expected<std::string> compiler = findCompiler();
  if (!compiler)
    return reportFault(compiler.takeError());
  std::vector<std::string> compile = {*compiler, "compile", options.models[0], "-o", library};
  for (const cl::opt<std::string> *option : {&options.target, &options.math, &options.jobs})
    if (option->getNumOccurrences())
      compile.push_back(("--" + option->ArgStr + "=" + option->getValue()).str());
  Expected<int> code = supervisor.run(compile, /*quiet=*/true);
  if (!code)
    return reportFault(code.takeError());
  if (*code != 0)
    return *code;

  std::vector<std::string> bench = {ownPath(), "bench", library, "--seconds=" + jsonNumber(options.seconds)};
  if (options.threads)
    bench.push_back("--threads=" + std::to_string(options.threads));
  if (options.spin)
    bench.push_back("--spin=" + std::to_string(options.spin));
  if (options.layers)
    bench.push_back("--layers");
  if (options.batch.getNumOccurrences())
    bench.push_back("--batch=" + std::to_string(options.batch));
  if (!options.json.empty())
    bench.push_back("--json=" + options.json);
  for (const std::string &input : options.inputs)
    bench.push_back("--input=" + input);
  for (const std::string &output : options.outputs)
    bench.push_back("--output=" + output);
  code = supervisor.run(bench, /*quiet=*/false);
  return code ? *code : reportFault(code.takeError());
}

int benchCommand(Arguments arguments) {
  static Options options;
  if (std::optional<int> code = parseOptions("bench", arguments, overview))
    return *code;
  if (options.models.size() != 1)
    return reportUsage("bench", "expected one compiled library or model, got " + Twine(options.models.size()));
  StringRef model = options.models[0];
  if (isModelSource(model) && !sys::fs::is_directory(model))
    return benchSource(options);
  for (const cl::opt<std::string> *option : {&options.target, &options.math, &options.jobs})
    if (option->getNumOccurrences())
      return reportUsage("bench", "--" + option->ArgStr + ": expected a model to compile, got '" + model + "'");
  return benchLibrary(options);
}

} // namespace res
