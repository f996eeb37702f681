//===- FuzzImporter.cpp - any bytes as a model ------------------*- C++ -*-===//
//
// What the importer takes goes on through the phases up to `planned`. Held: no crash, no hang, no unbounded memory, and
// a failure says why in lines of text.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Pipeline.h"
#include "frontends/onnx/OnnxImporter.h"
#include "tests/fuzz/ScratchFolder.h"

using namespace mlir;
using namespace res;

/// Planning is meant for networks; the time for a graph of many large tensors says nothing about an importer.
static constexpr int64_t kMostOperations = 200, kMostElements = int64_t(1) << 24;

static bool isSmall(ModuleOp module) {
  int64_t operations = 0, elements = 0;
  module.walk([&](Operation *op) {
    ++operations;
    for (Type type : op->getResultTypes())
      if (auto tensor = dyn_cast<RankedTensorType>(type))
        elements += tensor.getNumElements();
  });
  return operations <= kMostOperations && elements <= kMostElements;
}

static void check(bool holds, const char *what) {
  if (holds)
    return;
  llvm::errs() << "fuzz: " << what << "\n";
  abort();
}

/// Types and attributes live as long as their context, so it is a new one from time to time.
static MLIRContext &freshContext() {
  static std::unique_ptr<MLIRContext> context;
  static unsigned uses = 0;
  if (uses++ % 128 == 0)
    context = std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED);
  return *context;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // Models may refer to a file of weights beside them: zeros, as many as the corpus needs.
  static ScratchFolder folder;
  static bool hasWeights = folder.write("weights.bin", std::string(size_t(1) << 20, '\0'));
  (void)hasWeights;
  std::string path = folder.path("model.onnx");
  folder.write("model.onnx", {reinterpret_cast<const char *>(data), size});

  MLIRContext &context = freshContext();
  unsigned errors = 0;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    std::string text = diagnostic.str();
    check(text.find('\n') == std::string::npos, "expected one line for each problem");
    errors += diagnostic.getSeverity() == DiagnosticSeverity::Error;
    return success();
  });
  OwningOpRef<ModuleOp> module = importOnnx(context, path, {});
  check(bool(module) == (errors == 0), "expected a module or an error");
  if (!module || !isSmall(*module))
    return 0;
  (*module)->setAttr(kTargetAttr, StringAttr::get(&context, "x86-64-v4"));
  (*module)->setAttr(kMathAttr, StringAttr::get(&context, "fast"));
  bool planned = succeeded(runPhases(*module, Phase::planned, [](PassManager &) {}));
  check(planned == (errors == 0), "expected a plan or an error");
  return 0;
}
