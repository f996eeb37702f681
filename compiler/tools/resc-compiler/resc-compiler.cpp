//===- resc-compiler.cpp - the part of resc that compiles -------*- C++ -*-===//
//
// What `resc compile`, `resc verify` and `resc inspect MODEL.onnx` become. It is a program of its own, so that running and
// timing a compiled model never loads MLIR and Halide.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/TemporaryFiles.h"
#include "compiler/tools/resc-compiler/Commands.h"

#include <csignal>

int main(int argc, char **argv) {
  std::signal(SIGPIPE, SIG_IGN); // a closed pipe is an error of a write, reported as such
  std::signal(SIGXFSZ, SIG_IGN); // and so is the limit on the size of files
  res::removeTemporaryFilesAtTheEnd();
  llvm::StringRef command = argc > 1 ? argv[1] : "";
  res::Arguments arguments(argv + std::min(argc, 2), argv + argc);
  if (command == "compile")
    return res::compileCommand(arguments);
  if (command == "verify")
    return res::verifyCommand(arguments);
  if (command == "inspect")
    return res::inspectModelCommand(arguments);
  return res::reportUsage("", "expected the command compile, verify or inspect, got '" + command + "'");
}
