//===- CompileCommand.cpp - resc compile ------------------------*- C++ -*-===//

#include "compiler/tools/resc-compiler/Commands.h"
#include "compiler/tools/resc-compiler/tune/Tuner.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace res;

static const char overview[] = R"(compiles a model to a native library

  resc compile resnet50.onnx -o resnet50.so
  resc compile resnet50.onnx --emit decided -o resnet50.mlir    # edit the schedules, then:
  resc compile resnet50.mlir -o resnet50.so
  resc compile resnet50.onnx -o resnet50.so --tune 20           # also writes resnet50.tuned.mlir

  Writes the library and, beside it, a C header with the model's names and shapes. --tune measures a few
  schedules of each kernel in the running network, and writes those that are fastest on this machine as
  a dump that compiles to the same library.
)";

/// Prints the module after a phase to a file, or to standard output.
static int emitPhase(Model &model, StringRef path) {
  std::string text = textOf(model.module());
  if (path.empty() || path == "-") {
    outs() << text;
    return finishOutput();
  }
  Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return reportFault(file.takeError());
  if (Error error = file->commit(text))
    return reportFault(std::move(error));
  return ExitDone;
}

/// The network's decisions, one line for each kernel that has one: on standard error, as a dump may go to standard output.
static void printRemarks(mlir::ModuleOp module) {
  module.walk([](KernelOp kernel) {
    if (auto remark = kernel->getAttrOfType<mlir::StringAttr>(kRemarkAttr))
      errs() << "resc: remark: " << remark.getValue() << "\n";
  });
}

/// The library's name when none is given: the model's, in the working directory.
static std::string defaultOutput(StringRef input) { return (sys::path::stem(input) + ".so").str(); }

namespace {
/// What belongs to --tune.
struct TuneFlags {
  cl::opt<double, false, SecondsParser> seconds{
      "tune", cl::desc("measure schedules for so many seconds and take the fastest"), cl::value_desc("seconds"),
      cl::cat(optionCategory())};
  ThreadsOption threads{"threads", cl::desc("with --tune: how many to measure with (default: all allowed processors)"),
                        cl::value_desc("n"), cl::cat(optionCategory())};
  cl::opt<std::string> output{"tune-output",
                              cl::desc("with --tune: the dump to write (default: the library's name with .tuned.mlir)"),
                              cl::value_desc("file"), cl::cat(optionCategory())};

  /// Completes the options, or says what does not go together. Returns an exit code.
  int check(TuneOptions &options, StringRef input, StringRef emit, StringRef dumpFolder) const {
    for (const cl::Option *option : std::initializer_list<const cl::Option *>{&threads, &output})
      if (option->getNumOccurrences() && !seconds.getNumOccurrences())
        return reportUsage("compile", "--" + option->ArgStr + ": expected --tune, which it belongs to");
    if (!seconds.getNumOccurrences())
      return ExitDone;
    if (!emit.empty())
      return reportUsage("compile", "--tune: expected no --emit; the tuned dump has phase decided");
    if (!dumpFolder.empty())
      return reportUsage("compile", "--tune: expected no --dump-ir; compile the tuned dump with it");
    if (options.dump.empty()) {
      SmallString<128> path(options.output);
      sys::path::replace_extension(path, "tuned.mlir");
      options.dump = path.str().str();
    }
    for (StringRef other : {input, StringRef(options.output)})
      if (options.dump == other || sys::fs::equivalent(options.dump, other))
        return reportUsage("compile", "--tune-output: expected a file of its own, got '" + options.dump + "'");
    return ExitDone;
  }
};
} // namespace

int res::compileCommand(Arguments arguments) {
  ModelOptions options;
  cl::opt<std::string> output("o", cl::desc("the library to write (default: the model's name with .so, here)"),
                              cl::value_desc("file"), cl::cat(optionCategory()));
  cl::opt<std::string> emit("emit", cl::desc("stop after a phase and write its IR: imported, fused, decided, scheduled, planned, llvm"),
                            cl::value_desc("phase"), cl::cat(optionCategory()));
  cl::opt<std::string> dumpFolder("dump-ir", cl::desc("write the IR after every pass, and of each kernel the loops and the assembly"),
                                  cl::value_desc("folder"), cl::cat(optionCategory()));
  cl::opt<bool> remarks("remarks", cl::desc("print which kernels are computed together, and why the others are not"),
                        cl::cat(optionCategory()));
  freeOptionName("threads"); // of LLVM's optimisation at link time
  TuneFlags tune;
  if (std::optional<int> done = parseOptions("compile", arguments, overview))
    return *done;

  std::optional<Phase> last = emit.empty() ? Phase::planned : parsePhase(emit);
  if (!last)
    return reportUsage("compile", "--emit: expected imported, fused, decided, scheduled, planned or llvm, got '" + emit + "'");
  std::string target = output.empty() && emit.empty() ? defaultOutput(options.input) : output;
  if (!target.empty() && sys::fs::equivalent(options.input.getValue(), target))
    return reportUsage("compile", "expected an output other than the model, got '" + target + "' for both");

  TuneOptions tuning = {tune.seconds, tune.threads, target, tune.output};
  if (int result = tune.check(tuning, options.input, emit, dumpFolder))
    return result;

  Model model;
  if (int result = model.read(options))
    return result;
  if (tuning.seconds > 0 && takesAnyBatch(model.module().lookupSymbol<mlir::func::FuncOp>("main")))
    return reportUsage("compile", "--tune: expected one batch to measure with, got a model of any batch; give --batch N");
  if (tuning.seconds > 0)
    return tuneModel(model, tuning);
  std::unique_ptr<DumpFolder> dump;
  if (!dumpFolder.empty())
    if (int result = model.startDump(dumpFolder, dump))
      return result;
  if (*getPhase(model.module()) > *last)
    return reportFault("the dump has passed phase '" + getName(*last) + "' already");
  auto advance = [&](Phase phase) {
    return model.advance(phase, [&](mlir::PassManager &passes) {
      if (dump)
        dump->instrument(passes);
    });
  };
  if (remarks && (*last < Phase::decided || *getPhase(model.module()) > Phase::decided))
    return reportUsage("compile", "--remarks: expected a compilation that passes phase decided");
  int result = remarks ? advance(Phase::decided) : ExitDone;
  if (remarks && result == ExitDone)
    printRemarks(model.module());
  if (result == ExitDone)
    result = advance(*last);
  if (result == ExitDone && emit.empty()) {
    BuildOptions build;
    build.output = target;
    build.dump = dump.get();
    result = model.build(build);
  } else if (result == ExitDone) {
    Error error = dump ? dump->finish() : Error::success();
    return error ? reportFault(std::move(error)) : emitPhase(model, target);
  }
  if (result != ExitDone && dump)
    consumeError(dump->finish()); // why the compilation failed has been said
  return result;
}
