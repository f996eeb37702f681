//===- InspectCommand.cpp - resc inspect on what is compiled ----*- C++ -*-===//

#include "compiler/tools/common/Artifact.h"
#include "compiler/tools/inspect/Report.h"
#include "compiler/tools/resc/Commands.h"

using namespace llvm;

namespace res {

static const char overview[] = R"(shows what a compiled library, a model or a folder of dumps is made of

  resc inspect resnet50.so
  resc inspect resnet50.so --json | jq .arena_bytes
  resc inspect resnet50.so --memory
  resc compile resnet50.onnx --dump-ir ir && resc inspect ir --html resnet50.html

  The library is not executed. The page is one file: graph, kernels and memory map, and of a folder
  of dumps or a model also what each pass changed, and each kernel's loops and assembly.
)";

bool isModelSource(StringRef path) { return path.ends_with(".onnx") || path.ends_with(".mlir"); }

int inspectCommand(Arguments arguments) {
  static cl::list<std::string> paths(cl::Positional, cl::desc("MODEL.so|FOLDER|MODEL.onnx|FILE.mlir"),
                                     cl::cat(optionCategory()));
  ReportOptions options;
  if (std::optional<int> code = parseOptions("inspect", arguments, overview))
    return *code;
  if (paths.size() != 1)
    return reportUsage("inspect",
                       "expected one compiled library, model or folder of dumps, got " + Twine(paths.size()));
  ReportKind kind;
  if (int code = options.read(kind))
    return code;
  if (sys::fs::is_directory(paths[0])) {
    Expected<Dump> dump = Dump::read(paths[0]);
    if (!dump)
      return reportFault(dump.takeError());
    return writeReport(kind, dump->manifestText, dump->manifestFile, &*dump);
  }
  Expected<Artifact> artifact = Artifact::open(paths[0]);
  if (!artifact)
    return reportFault(artifact.takeError());
  return writeReport(kind, artifact->manifestText(), artifact->path(), nullptr);
}

} // namespace res
