//===- Model.cpp - models for the commands that compile ---------*- C++ -*-===//

#include "compiler/tools/resc-compiler/Model.h"
#include "compiler/analysis/TargetModel.h"
#include "compiler/lowering/CheckMemory.h"
#include "compiler/tools/common/ProgressLine.h"
#include "frontends/onnx/OnnxImporter.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace res;
namespace cl = llvm::cl;

bool BatchParser::parse(cl::Option &option, StringRef, StringRef text, unsigned &value) {
  if (text == "dynamic") {
    value = 0;
    return false;
  }
  if (!text.getAsInteger(10, value) && value >= 1 && value <= 65536)
    return false;
  return option.error("expected a whole number from 1 to 65536, or dynamic, got '" + text + "'");
}

ModelOptions::ModelOptions()
    : input(cl::Positional, cl::Required, cl::desc("MODEL.onnx|FILE.mlir"), cl::cat(optionCategory())),
      target("target", cl::desc("host (default), x86-64-v4, x86-64-v3 or aarch64; x86-64-v3,x86-64-v4: the best that a machine has"),
             cl::value_desc("name[,name]"),
             cl::cat(optionCategory())),
      math("math", cl::desc("strict: direct convolutions only; fast: others within 1e-4 of the largest output, too"),
           cl::value_desc("strict|fast"), cl::cat(optionCategory())),
      prefer("prefer", cl::desc("size: at most a tenth more weights than the model has, for a few percent of the time; default: speed"),
             cl::value_desc("speed|size"), cl::cat(optionCategory())),
      tiling("tile-bottlenecks", cl::desc("compute kernels of a block together, in bands of rows: auto (default) where memory or "
                                          "time gain by it, always where possible, never"),
             cl::value_desc("auto|always|never"), cl::cat(optionCategory())),
      memoryLimit("memory-limit", cl::desc("the most that the workspace of one thread may take, whatever time it costs"),
                  cl::value_desc("bytes"), cl::cat(optionCategory())),
      inputShapes("input-shape", cl::desc("the whole shape of an input, such as data=1x3x224x224"),
                  cl::value_desc("name=shape"), cl::cat(optionCategory())),
      batch("batch", cl::desc("what a symbolic first dimension of inputs stands for: so many images, or dynamic (the default "
                              "where there is one): any number of them, which each call says"),
            cl::value_desc("n|dynamic"), cl::cat(optionCategory())),
      jobs("jobs", cl::desc("kernels compiled at a time (default: one for each core)"), cl::value_desc("n"),
           cl::cat(optionCategory())),
      noCache("no-cache", cl::desc("compile every kernel anew (kept in $RESC_CACHE_DIR, or your cache folder)"),
              cl::cat(optionCategory())) {}

/// Where a diagnostic is, in front of its text: file and line, or the ONNX node unless the text names it.
static std::string placeText(Location loc, llvm::StringRef message) {
  if (auto file = dyn_cast<FileLineColLoc>(loc)) {
    std::string text;
    llvm::raw_string_ostream(text) << file.getFilename().strref() << ":" << file.getLine() << ":" << file.getColumn() << ": ";
    return text;
  }
  StringRef node = getNodeName(loc);
  return node.empty() || message.contains(node) ? "" : "node '" + node.str() + "': ";
}

static LogicalResult printDiagnostic(Diagnostic &diagnostic) {
  if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
    return success();
  std::string message = diagnostic.str();
  reportFault(placeText(diagnostic.getLocation(), message) + message);
  return success();
}

ModelHooks &res::modelHooks() {
  static ModelHooks hooks;
  return hooks;
}

// One thread in MLIR: kernels compile in threads of our own, and dumps want passes in order.
Model::Model() : context(MLIRContext::Threading::DISABLED), diagnostics(&context, printDiagnostic) {
  context.printOpOnDiagnostic(false);
  context.loadDialect<ResDialect, func::FuncDialect, LLVM::LLVMDialect>();
}

int Model::read(const ModelOptions &options) {
  jobs = options.jobs.getNumOccurrences() ? unsigned(options.jobs) : 0;
  useCache = !options.noCache;
  StringRef path = options.input;
  fromDump = llvm::sys::path::extension(path) == ".mlir";
  int result = fromDump ? readDump(path) : readOnnx(path, options);
  return result == ExitDone ? applyOptions(options) : result;
}

int Model::readDump(StringRef path) {
  baseFolder = llvm::sys::path::parent_path(path).str();
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return reportFault("cannot read '" + path + "': " + errorText(buffer.getError()));
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  owned = parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
  if (!owned)
    return ExitFault;
  std::optional<Phase> phase = getPhase(*owned);
  auto main = owned->lookupSymbol<func::FuncOp>("main");
  if (!phase || !main)
    return reportFault("'" + path + "' is no dump of a phase before llvm: expected a module with res.phase and a function 'main'");
  for (auto function : owned->getOps<func::FuncOp>())
    if (!llvm::hasSingleElement(function.getBody()))
      return reportFault("'" + path + "': expected a body of one block of '" + function.getName() + "'");
  for (func::FuncOp program : getPrograms(*owned)) {
    if (program.getNumArguments() != main.getNumArguments() || program.getNumResults() != main.getNumResults())
      return reportFault("'" + path + "': expected as many inputs and outputs of '" + program.getName() + "' as of 'main'");
    for (Type type : llvm::concat<const Type>(program.getArgumentTypes(), program.getResultTypes())) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor || !tensor.hasStaticShape() || !tensor.getElementType().isF32())
        return reportFault("'" + path + "': expected f32 tensors with static shapes as inputs and outputs of '" +
                           program.getName() + "'");
    }
  }
  return ExitDone;
}

/// "data=1x3x224x224"
static llvm::Error parseInputShape(StringRef text, OnnxImportOptions &options) {
  auto [name, shape] = text.rsplit('=');
  SmallVector<int64_t> sizes;
  SmallVector<StringRef> parts;
  shape.split(parts, 'x');
  for (StringRef part : parts)
    if (part.getAsInteger(10, sizes.emplace_back()) || sizes.back() < 1)
      return llvm::createStringError("--input-shape: expected name=1x3x224x224, got '" + text + "'");
  options.inputShapes[name] = sizes;
  return llvm::Error::success();
}

int Model::readOnnx(StringRef path, const ModelOptions &options) {
  OnnxImportOptions import;
  for (const std::string &text : options.inputShapes)
    if (llvm::Error error = parseInputShape(text, import))
      return reportUsage("compile", llvm::toString(std::move(error)));
  import.anyBatch = options.batch.getNumOccurrences() && options.batch == 0;
  if (options.batch.getNumOccurrences() && options.batch > 0)
    import.batch = options.batch;
  owned = importOnnx(context, path, import);
  return owned ? ExitDone : ExitFault;
}

/// Sets an attribute of the module from a flag. A dump that was decided under another value keeps it.
int Model::setOnce(StringRef attribute, StringRef flag, StringRef given, StringRef fallback) {
  auto present = (*owned)->getAttrOfType<StringAttr>(attribute);
  if (present && *getPhase(*owned) >= Phase::decided && !given.empty() && given != present.getValue())
    return reportFault("the dump was decided for " + flag + " " + present.getValue() + ", expected no " + flag + " or the same, got '" + given + "'");
  StringRef value = !given.empty() ? given : present ? present.getValue() : fallback;
  (*owned)->setAttr(attribute, StringAttr::get(&context, value));
  return ExitDone;
}

int Model::applyOptions(const ModelOptions &options) {
  std::string math = options.math, prefer = options.prefer, tiling = options.tiling, target = options.target;
  if (!math.empty() && math != "strict" && math != "fast")
    return reportUsage("compile", "--math: expected strict or fast, got '" + math + "'");
  if (!prefer.empty() && prefer != "speed" && prefer != "size")
    return reportUsage("compile", "--prefer: expected speed or size, got '" + prefer + "'");
  if (!tiling.empty() && tiling != "auto" && tiling != "always" && tiling != "never")
    return reportUsage("compile", "--tile-bottlenecks: expected auto, always or never, got '" + tiling + "'");
  auto present = (*owned)->getAttrOfType<StringAttr>(kTargetAttr);
  if (!target.empty() || !present) {
    llvm::Expected<std::vector<TargetModel>> models = TargetModel::getAll(target.empty() ? "host" : StringRef(target));
    if (!models)
      return reportUsage("compile", "--target: " + llvm::toString(models.takeError()));
    target = TargetModel::join(*models);
  }
  if (int result = setOnce(kMathAttr, "--math", math, "fast"))
    return result;
  if (int result = setOnce(kPreferAttr, "--prefer", prefer, "speed"))
    return result;
  if (int result = setOnce(kTilingAttr, "--tile-bottlenecks", tiling, "auto"))
    return result;
  if (int result = setLimit(std::string(options.memoryLimit)))
    return result;
  return setOnce(kTargetAttr, "--target", target, "");
}

/// "4000000", "4000K", "4M" or "1G"; 0 for anything else.
static uint64_t parseBytes(StringRef text) {
  const unsigned shift = text.consume_back("K") ? 10 : text.consume_back("M") ? 20 : text.consume_back("G") ? 30 : 0;
  uint64_t value = 0;
  const bool fits = !text.getAsInteger(10, value) && value <= (uint64_t(1) << 50) >> shift;
  return fits ? value << shift : 0;
}

/// A dump keeps the limit that it was decided for.
int Model::setLimit(StringRef given) {
  if (given.empty())
    return ExitDone;
  const uint64_t bytes = parseBytes(given);
  if (!bytes)
    return reportUsage("compile", "--memory-limit: expected bytes, such as 4000000, 4000K or 4M, got '" + given + "'");
  auto present = (*owned)->getAttrOfType<IntegerAttr>(kMemoryLimitAttr);
  if (*getPhase(*owned) >= Phase::decided && (!present || uint64_t(present.getInt()) != bytes))
    return reportFault("the dump was decided for another --memory-limit, expected none or the same, got " + given);
  (*owned)->setAttr(kMemoryLimitAttr, IntegerAttr::get(IntegerType::get(&context, 64), int64_t(bytes)));
  return ExitDone;
}

int Model::startDump(StringRef path, std::unique_ptr<DumpFolder> &dump) {
  llvm::Expected<std::unique_ptr<DumpFolder>> folder = DumpFolder::create(path);
  if (!folder)
    return reportFault(folder.takeError());
  dump = std::move(*folder);
  dump->addNumbered(getName(*getPhase(*owned)), textOf(*owned), "as it was read");
  dump->setBaseline(*owned);
  return ExitDone;
}

int Model::advance(Phase last, llvm::function_ref<void(PassManager &)> instrument) {
  auto instrumentAll = [&](PassManager &passes) {
    instrument(passes);
    if (modelHooks().passes)
      modelHooks().passes(passes);
  };
  const bool plansMemory = getPhase(*owned) < std::optional(Phase::planned) && last == Phase::planned;
  if (failed(runPhases(*owned, last, instrumentAll)))
    return ExitFault;
  if (plansMemory && llvm::any_of(getPrograms(*owned), [](func::FuncOp program) { return failed(checkMemory(program)); }))
    return reportBug("the plan of the memory does not hold");
  return ExitDone;
}

int Model::build(ModuleOp planned, BuildOptions options, llvm::StringRef what) {
  if (modelHooks().kernels)
    modelHooks().kernels(planned);
  options.baseFolder = baseFolder;
  options.jobs = jobs;
  options.useCache = useCache;
  auto buildWithProgress = [&] {
    ProgressLine progress(what); // gone before an error is printed
    options.progress = [&](unsigned done, unsigned all) { progress.show(done, all); };
    return buildArtifact(planned, options);
  };
  if (llvm::Error error = buildWithProgress())
    return reportFault(std::move(error));
  return ExitDone;
}
