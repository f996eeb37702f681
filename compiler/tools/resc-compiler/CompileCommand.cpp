//===- CompileCommand.cpp - resc compile ------------------------*- C++ -*-===//

#include "compiler/tools/resc-compiler/Commands.h"
#include "compiler/tools/resc-compiler/Model.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace res;

static const char overview[] = R"(compiles a model to a native library

  resc compile resnet50.onnx -o resnet50.so
  resc compile resnet50.onnx --emit decided -o resnet50.mlir    # edit the schedules, then:
  resc compile resnet50.mlir -o resnet50.so

  Writes the library and, beside it, a C header with the model's names and shapes.
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

/// The library's name when none is given: the model's, in the working directory.
static std::string defaultOutput(StringRef input) { return (sys::path::stem(input) + ".so").str(); }

int res::compileCommand(Arguments arguments) {
  ModelOptions options;
  cl::opt<std::string> output("o", cl::desc("the library to write (default: the model's name with .so, here)"),
                              cl::value_desc("file"), cl::cat(optionCategory()));
  cl::opt<std::string> emit("emit", cl::desc("stop after a phase and write its IR: imported, fused, decided, scheduled, planned, llvm"),
                            cl::value_desc("phase"), cl::cat(optionCategory()));
  cl::opt<std::string> dumpFolder("dump-ir", cl::desc("write the IR after every pass, and of each kernel the loops and the assembly"),
                                  cl::value_desc("folder"), cl::cat(optionCategory()));
  if (std::optional<int> done = parseOptions("compile", arguments, overview))
    return *done;

  std::optional<Phase> last = emit.empty() ? Phase::planned : parsePhase(emit);
  if (!last)
    return reportUsage("compile", "--emit: expected imported, fused, decided, scheduled, planned or llvm, got '" + emit + "'");
  std::string target = output.empty() && emit.empty() ? defaultOutput(options.input) : output;
  if (!target.empty() && sys::fs::equivalent(options.input.getValue(), target))
    return reportUsage("compile", "expected an output other than the model, got '" + target + "' for both");

  Model model;
  if (int result = model.read(options))
    return result;
  std::unique_ptr<DumpFolder> dump;
  if (!dumpFolder.empty())
    if (int result = model.startDump(dumpFolder, dump))
      return result;
  if (*getPhase(model.module()) > *last)
    return reportFault("the dump has passed phase '" + getName(*last) + "' already");
  int result = model.advance(*last, [&](mlir::PassManager &passes) {
    if (dump)
      dump->instrument(passes);
  });
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
