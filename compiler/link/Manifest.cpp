//===- Manifest.cpp - what an artifact says about itself --------*- C++ -*-===//

#include "compiler/link/Manifest.h"
#include "compiler/lowering/Scratch.h"
#include "compiler/analysis/TargetModel.h"
#include "compiler/link/KernelWork.h"
#include "compiler/lowering/Passes.h"
#include "dialect/ResViews.h"

#include "res/abi.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace res;
namespace json = llvm::json;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static std::string shapeText(Type type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(cast<RankedTensorType>(type).getShape(), os, "x");
  os << "x" << cast<RankedTensorType>(type).getElementType();
  return text;
}

static std::string attrText(Attribute attr) {
  std::string text;
  llvm::raw_string_ostream os(text);
  attr.print(os);
  return text;
}

/// One schedule alone, several with their targets.
static std::string scheduleText(DictionaryAttr schedules) {
  if (!schedules || schedules.empty())
    return "";
  if (schedules.size() == 1)
    return attrText(schedules.begin()->getValue());
  return llvm::join(llvm::map_range(schedules, [](NamedAttribute entry) {
                      return entry.getName().str() + ": " + attrText(entry.getValue());
                    }), "; ");
}

static json::Object tensorObject(func::FuncOp main, Type type, StringAttr name) {
  return json::Object{{"name", name ? name.str() : ""},
                      {"type", "f32"},
                      {"shape", json::Array(getModelShape(main, type))},
                      {"bytes", getStorageBytes(getTypeOfTurns(type, getTurns(main)))}};
}

int64_t res::countParameters(ModuleOp module) {
  int64_t elements = 0;
  module.lookupSymbol<func::FuncOp>("main").walk([&](Operation *op) {
    if (isa<WeightRefOp, ConstantOp>(op))
      elements += typeOf(op->getResult(0)).getNumElements();
  });
  return elements;
}

static Operation *anchorOf(func::FuncOp kernel) { return getAnchor(kernel.getBody().front()); }

static StringRef anchorName(func::FuncOp kernel) { return anchorOf(kernel)->getName().stripDialect(); }

/// The layers of all stages, with plus signs between them.
static std::string describeLayers(func::FuncOp kernel) {
  SmallVector<Operation *> anchors = getAnchors(kernel.getBody().front());
  if (anchors.empty())
    return describeLayer(anchorOf(kernel));
  return llvm::join(llvm::map_range(anchors, describeLayer), " + ");
}

/// Bytes of scratch: shared by all threads, and of each thread.
static ArrayRef<int64_t> scratchOf(func::FuncOp kernel) {
  static constexpr int64_t none[2] = {0, 0};
  auto scratch = kernel->getAttrOfType<DenseI64ArrayAttr>(kScratchAttr);
  return scratch && scratch.size() == 2 ? scratch.asArrayRef() : ArrayRef<int64_t>(none);
}

namespace {

class ManifestBuilder {
public:
  ManifestBuilder(ModuleOp module, func::FuncOp program) : module(module), main(program), turns(getTurns(main)) {
    for (auto [step, call] : llvm::enumerate(main.getOps<CallOp>())) {
      ++calls[call.getCallee()];
      stepOf[call] = step;
    }
  }

  /// All that the artifact says.
  json::Object build();
  /// What it says of one program: memory, kernels, steps and where tensors lie.
  json::Object buildProgram();

private:
  /// Where a value comes from: the number of the step that computes it, -1 - i for the model's input i.
  std::optional<int64_t> sourceOf(Value value);
  int64_t lastReader(Value value);
  json::Array kernels();
  json::Array steps();
  json::Array memoryMap();
  int64_t total(StringRef name) { return main->getAttrOfType<IntegerAttr>(name).getInt(); }
  std::string text(StringRef name) {
    auto attr = module->getAttrOfType<StringAttr>(name);
    return attr ? attr.str() : "";
  }

  ModuleOp module;
  func::FuncOp main;
  const int64_t turns;
  llvm::MapVector<StringRef, int64_t> calls; // kernel -> number of calls, in order of the first
  llvm::DenseMap<Operation *, int64_t> stepOf;
};

} // namespace

std::optional<int64_t> ManifestBuilder::sourceOf(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return -1 - int64_t(argument.getArgNumber());
  auto step = stepOf.find(value.getDefiningOp());
  return step == stepOf.end() ? std::nullopt : std::optional<int64_t>(step->second);
}

json::Object ManifestBuilder::build() {
  json::Array inputs, outputs;
  for (unsigned i = 0; i < main.getNumArguments(); ++i)
    inputs.push_back(tensorObject(main, main.getArgumentTypes()[i], main.getArgAttrOfType<StringAttr>(i, kTensorNameAttr)));
  Operation *terminator = main.getBody().front().getTerminator();
  for (unsigned i = 0; i < main.getNumResults(); ++i) {
    outputs.push_back(tensorObject(main, main.getResultTypes()[i], main.getResultAttrOfType<StringAttr>(i, kTensorNameAttr)));
    if (std::optional<int64_t> source = sourceOf(terminator->getOperand(i)))
      outputs.back().getAsObject()->insert({"source", *source});
  }

  json::Object workspace;
  for (uint32_t threads : {1, 2, 4, 8, 16, 32, 64})
    workspace[std::to_string(threads)] = getWorkspaceBytes(module, threads);

  json::Object object = buildProgram();
  json::Object about{{"abi_version", int64_t(RES_ABI_VERSION)},
                      {"name", text(kModelNameAttr)},
                      {"compiler", "resc " RES_VERSION},
                      {"model_hash", text(kModelHashAttr)},
                      {"target", text(kTargetAttr)},
                      {"math", text(kMathAttr)},
                      {"inputs", std::move(inputs)},
                      {"outputs", std::move(outputs)},
                      {"parameters", countParameters(module)},
                      {"weights_bytes", total(kWeightsBytesAttr)},
                      {"workspace_bytes", std::move(workspace)}};
  for (auto &entry : about)
    object[entry.first] = std::move(entry.second);
  if (turns > 1)
    object["turns"] = turns;
  if (auto together = module.lookupSymbol<func::FuncOp>(kTogetherFunction)) {
    json::Object program = ManifestBuilder(module, together).buildProgram();
    program["images"] = getImages(together);
    object["together"] = std::move(program);
  }
  if (auto targets = TargetModel::getAll(text(kTargetAttr))) {
    json::Array processors;
    for (const TargetModel &target : *targets)
      processors.push_back(target.name + ": " + target.describe());
    object["processors"] = std::move(processors);
  } else {
    llvm::consumeError(targets.takeError()); // of an edited dump: whoever compiles it says so
  }
  return object;
}

json::Object ManifestBuilder::buildProgram() {
  int64_t shared = 0, worker = 0, macs = 0;
  for (auto [name, count] : calls) {
    auto kernel = module.lookupSymbol<func::FuncOp>(name);
    ArrayRef<int64_t> scratch = scratchOf(kernel);
    shared = std::max(shared, scratch[0]);
    worker = std::max(worker, scratch[1]);
    macs += countMacs(kernel) * count * turns;
  }
  return json::Object{{"arena_bytes", total(kArenaBytesAttr)},
                      {"arena_lower_bound_bytes", total(kArenaLowerBoundAttr)},
                      {"scratch_shared_bytes", shared},
                      {"scratch_worker_bytes", worker},
                      {"macs", macs},
                      {"kernels", kernels()},
                      {"steps", steps()},
                      {"memory_map", memoryMap()}};
}

/// The last step that reads a value or a view of it, or -1.
int64_t ManifestBuilder::lastReader(Value value) {
  int64_t last = -1;
  for (Operation *user : value.getUsers()) {
    auto step = stepOf.find(user);
    last = std::max(last, step != stepOf.end() ? step->second : isViewOp(user) ? lastReader(user->getResult(0)) : -1);
  }
  return last;
}

json::Array ManifestBuilder::kernels() {
  json::Array list;
  for (auto [name, count] : calls) {
    auto kernel = module.lookupSymbol<func::FuncOp>(name);
    auto shapes = [](TypeRange types) {
      json::Array texts;
      for (Type type : types)
        texts.push_back(shapeText(type));
      return texts;
    };
    json::Array operations;
    for (Operation &op : kernel.getBody().front().without_terminator())
      operations.push_back(op.getName().stripDialect());
    auto schedules = kernel->getAttrOfType<DictionaryAttr>(kSchedulesAttr);
    // All targets have one algorithm and tile (res-pack-weights), so any schedule tells it.
    Attribute schedule = schedules && !schedules.empty() ? schedules.begin()->getValue() : Attribute();
    list.push_back(json::Object{{"name", name},
                                {"op", anchorName(kernel)},
                                {"layer", describeLayers(kernel)},
                                {"algorithm", algorithmName(schedule)},
                                {"operations", std::move(operations)},
                                {"inputs", shapes(kernel.getArgumentTypes())},
                                {"outputs", shapes(kernel.getResultTypes())},
                                {"schedule", scheduleText(schedules)},
                                {"scratch", json::Array(scratchOf(kernel))},
                                {"macs", countMacs(kernel)},
                                {"executed_macs", countExecutedMacs(kernel, schedule)},
                                {"calls", count}});
  }
  return list;
}

json::Array ManifestBuilder::steps() {
  json::Array list;
  for (auto call : main.getOps<CallOp>()) {
    auto kernel = module.lookupSymbol<func::FuncOp>(call.getCallee());
    int64_t bytes = 0;
    for (Value value : call->getOperands())
      bytes += getStorageBytes(typeOf(value));
    for (Value value : call->getResults())
      bytes += getStorageBytes(typeOf(value));
    json::Array names, reads;
    for (StringRef node : getNodeNames(call.getLoc()))
      names.push_back(json::fixUTF8(node));
    llvm::SetVector<int64_t> sources;
    for (Value value : call->getOperands())
      for (ViewPart part : getViewParts(value))
        if (std::optional<int64_t> source = sourceOf(part.value); source && sources.insert(*source))
          reads.push_back(*source);
    list.push_back(json::Object{{"node", getNodeName(call.getLoc())},
                                {"nodes", std::move(names)},
                                {"reads", std::move(reads)},
                                {"kernel", int64_t(std::distance(calls.begin(), calls.find(call.getCallee())))},
                                {"op", anchorName(kernel)},
                                {"macs", turns * countMacs(kernel)},
                                {"bytes", turns * bytes}});
  }
  return list;
}

json::Array ManifestBuilder::memoryMap() {
  json::Array list;
  llvm::DenseMap<Value, int64_t> places; // indices into the list
  for (auto call : main.getOps<CallOp>())
    for (auto [result, offset] : llvm::zip(call.getOutputs(), *call.getOffsets())) {
      if (offset < 0)
        continue;
      const int64_t last = std::max(stepOf[call], lastReader(result));
      json::Object place{{"name", getNodeName(call.getLoc())},
                         {"offset", offset},
                         {"bytes", getStorageBytes(typeOf(result))},
                         {"first_step", stepOf[call]},
                         {"last_step", last}};
      if (std::optional<uint64_t> overwritten = call.getInPlace())
        place.insert({"overwrites", places.lookup(call.getInputs()[*overwritten])});
      places[result] = int64_t(list.size());
      list.push_back(std::move(place));
    }
  return list;
}

std::string res::describeArtifact(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << json::Value(ManifestBuilder(module, module.lookupSymbol<func::FuncOp>("main")).build());
  return text;
}

/// A macro name: upper case, everything but letters and digits replaced.
static std::string macroName(StringRef model, StringRef kind, unsigned index, StringRef what) {
  std::string name = (model + "_" + kind + llvm::Twine(index) + "_" + what).str();
  for (char &c : name)
    c = llvm::isAlnum(c) ? llvm::toUpper(c) : '_';
  return name;
}

std::string res::generateHeader(ModuleOp module) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  auto nameAttr = module->getAttrOfType<StringAttr>(kModelNameAttr);
  StringRef model = nameAttr ? nameAttr.getValue() : "model";
  std::string text, guard = ("RES_MODEL_" + model + "_H").str();
  llvm::raw_string_ostream os(text);
  os << "/* Generated by resc " RES_VERSION " for the model '" << model << "'. The API is described in res/runtime.h. */\n"
     << "#ifndef " << guard << "\n#define " << guard << "\n\n#include \"res/runtime.h\"\n\n"
     << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  auto describe = [&](StringRef kind, unsigned index, Type type, StringAttr name) {
    RankedTensorType tensor = getTypeOfTurns(type, getTurns(main)); // of one image, where the model takes any batch
    std::string escaped;
    llvm::raw_string_ostream escape(escaped);
    llvm::printEscapedString(name ? name.getValue() : "", escape);
    os << "#define " << macroName(model, kind, index, "name") << " \"" << escaped << "\"\n"
       << "#define " << macroName(model, kind, index, "shape") << " {";
    llvm::interleaveComma(getModelShape(main, type), os);
    os << "}\n#define " << macroName(model, kind, index, "rank") << " " << tensor.getRank() << "\n"
       << "#define " << macroName(model, kind, index, "elements") << " " << tensor.getNumElements() << "\n";
  };
  for (unsigned i = 0; i < main.getNumArguments(); ++i)
    describe("input", i, main.getArgumentTypes()[i], main.getArgAttrOfType<StringAttr>(i, kTensorNameAttr));
  for (unsigned i = 0; i < main.getNumResults(); ++i)
    describe("output", i, main.getResultTypes()[i], main.getResultAttrOfType<StringAttr>(i, kTensorNameAttr));
  if (takesAnyBatch(main))
    os << "\n/* Any batch: sizes of -1. ELEMENTS are those of one image; run_batch says how many there are. */\n";
  os << "\n/* The compiled model: constant, for any number of threads. */\nconst res_model *" << model
     << "_get_model(void);\n\n#ifdef __cplusplus\n}\n#endif\n#endif\n";
  return text;
}
