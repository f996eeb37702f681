//===- resc.cpp - the command resc ------------------------------*- C++ -*-===//
//
// Runs, benchmarks and inspects compiled libraries by itself, and starts in milliseconds for that: what needs the
// compiler is done by a second executable, which loads MLIR and Halide.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/resc/Commands.h"
#include "compiler/tools/resc/Process.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace res;

static const char help[] = R"(resc compiles a trained residual network to one self-contained native library.

usage: resc COMMAND [options] ...

  compile  MODEL.onnx -o MODEL.so        compile a model
  run      MODEL.so --input x.npy        run it once and print the result
  bench    MODEL.so|MODEL.onnx           measure its speed
  inspect  MODEL.so|MODEL.onnx|FOLDER    show what it is made of
  verify   MODEL.onnx                    compare the result with a double-precision reference

'resc COMMAND --help' shows the options of a command, 'resc --version' the version.

example: resc compile resnet50.onnx -o resnet50.so && resc bench resnet50.so --threads 2
)";

static int dispatch(int argc, char **argv) {
  if (argc < 2) {
    errs() << help;
    return ExitUsage;
  }
  StringRef command = argv[1];
  Arguments arguments(argv + 2, argc - 2);
  if (command == "--help" || command == "-h" || command == "help") {
    outs() << help;
    return finishOutput();
  }
  if (command == "--version") {
    outs() << "resc " RES_VERSION "\n";
    return finishOutput();
  }
  if (command == "run")
    return runCommand(arguments);
  if (command == "bench")
    return benchCommand(arguments);
  if (command == "inspect" && none_of(arguments, isModelSource))
    return inspectCommand(arguments);
  if (command == "compile" || command == "verify" || command == "inspect")
    return becomeCompiler(command, arguments);
  return reportUsage("", "expected a command (compile, run, bench, inspect, verify), got '" + command + "'");
}

int main(int argc, char **argv) {
  // A reader that leaves, as `head` does, ends us quietly even if our parent ignored that.
  std::signal(SIGPIPE, SIG_DFL);
  std::signal(SIGXFSZ, SIG_IGN); // a limit on the size of files is an error of a write
  return dispatch(argc, argv);
}
