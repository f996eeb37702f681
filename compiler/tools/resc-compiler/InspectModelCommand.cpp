//===- InspectModelCommand.cpp - resc inspect of a model --------*- C++ -*-===//

#include "compiler/link/KernelWork.h"
#include "compiler/link/Manifest.h"
#include "compiler/pipeline/TemporaryFiles.h"
#include "compiler/tools/inspect/Report.h"
#include "compiler/tools/inspect/Summary.h"
#include "compiler/tools/resc-compiler/Commands.h"
#include "compiler/tools/resc-compiler/Model.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace res;

static const char overview[] = R"(shows what is in a model or in a dump of the IR, and what it becomes

  resc inspect resnet50.onnx
  resc inspect resnet50.onnx --json
  resc inspect resnet50.onnx --memory
  resc inspect resnet50.onnx --html resnet50.html      # compiles it

  Kernels are decided and memory is planned, but without --html nothing is compiled.
)";

/// The operations of the model as it was read, without weights and what holds operations together. In a model of any batch
/// they are there twice.
static OperationCounts countOperations(mlir::ModuleOp module) {
  OperationCounts counts;
  module.walk<mlir::WalkOrder::PreOrder>([&](mlir::Operation *op) {
    if (auto function = mlir::dyn_cast<mlir::func::FuncOp>(op); function && function.getName() == kTogetherFunction)
      return mlir::WalkResult::skip();
    if (mlir::isa<ResDialect>(op->getDialect()) && !isWeightOp(op) && !mlir::isa<KernelOp, YieldOp, CallOp>(op))
      ++counts[op->getName().stripDialect()];
    return mlir::WalkResult::advance();
  });
  return counts;
}

/// As they are counted for one image, or a batch.
static int64_t countMacsOf(mlir::ModuleOp module) {
  auto together = module.lookupSymbol<mlir::func::FuncOp>(kTogetherFunction);
  return countMacs(module) - (together ? countMacs(together) : 0);
}

/// What the model itself says; the manifest of its compilation follows.
static json::Object describeModel(mlir::ModuleOp module) {
  json::Object operations;
  for (auto [name, count] : countOperations(module))
    operations[name] = count;
  return json::Object{{"phase", getName(*getPhase(module))},
                      {"parameters", countParameters(module)},
                      {"macs", countMacsOf(module)},
                      {"operations", std::move(operations)}};
}

static void printModel(mlir::ModuleOp module, StringRef path) {
  outs() << fit(sys::path::filename(path), 60) << ": phase " << getName(*getPhase(module)) << "\n";
  printOperations(outs(), countOperations(module));
  outs() << "  parameters  " << countText(countParameters(module)) << "\n"
         << "  MACs        " << countText(countMacsOf(module)) << "\n\n";
}

/// Compiles with a dump into a folder that goes afterwards, and makes the page of it.
static int writeModelPage(Model &model, const ReportKind &report) {
  Expected<TemporaryFolder> dumpFolder = TemporaryFolder::create();
  if (!dumpFolder)
    return reportFault(dumpFolder.takeError());
  Expected<TemporaryFolder> folder = TemporaryFolder::create();
  if (!folder)
    return reportFault(folder.takeError());
  std::unique_ptr<DumpFolder> dump;
  if (int result = model.startDump(dumpFolder->getPath(), dump))
    return result;
  if (int result = model.advance(Phase::planned, [&](mlir::PassManager &passes) { dump->instrument(passes); }))
    return result;
  BuildOptions build;
  build.output = folder->file("model.so");
  build.dump = dump.get();
  if (int result = model.build(build))
    return result;
  if (Error error = dump->finish())
    return reportFault(std::move(error));
  Expected<Dump> read = Dump::read(dumpFolder->getPath());
  if (!read)
    return reportFault(read.takeError());
  return writeReport(report, read->manifestText, read->manifestFile, &*read);
}

int res::inspectModelCommand(Arguments arguments) {
  ModelOptions options;
  ReportOptions reportOptions;
  if (std::optional<int> done = parseOptions("inspect", arguments, overview))
    return *done;
  ReportKind report;
  if (int code = reportOptions.read(report))
    return code;
  // An unwritable place is found before the compilation.
  if (!report.html.empty() && report.html != "-")
    if (Expected<OutputFile> file = OutputFile::create(report.html); !file)
      return reportFault(file.takeError());
  Model model;
  if (int result = model.read(options))
    return result;
  if (!report.html.empty())
    return writeModelPage(model, report);

  json::Object described = describeModel(model.module());
  if (!report.json && !report.memory)
    printModel(model.module(), options.input.getValue());
  if (int result = model.advance(Phase::planned, [](mlir::PassManager &) {}))
    return result;
  std::string manifest = describeArtifact(model.module());
  if (!report.json)
    return writeReport(report, manifest, options.input, nullptr);
  json::Value value = cantFail(json::parse(manifest));
  value.getAsObject()->insert({"model", std::move(described)});
  outs() << formatv("{0:2}\n", value);
  return finishOutput();
}
