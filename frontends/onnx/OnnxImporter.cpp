//===- OnnxImporter.cpp - from .onnx to the res dialect ---------*- C++ -*-===//
//
// One walk over the graph in its own order. A name whose meaning is unknown, because of a problem that was reported,
// makes everything that depends on it unknown without another report: so one walk finds all independent problems.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/OnnxImporter.h"

#include "frontends/onnx/AnyBatch.h"
#include "frontends/onnx/NodeImport.h"
#include "frontends/onnx/WireSplit.h"
#include "onnx-ml.pb.h"

#include "mlir/IR/Verifier.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace res;
using namespace res::frontend;

static constexpr int64_t kOldestOpset = 7;

/// A C identifier from the name of the file without its extension.
static std::string getModelName(StringRef path) {
  std::string name = llvm::sys::path::stem(path).str();
  for (char &c : name)
    if (!llvm::isAlnum(c))
      c = '_';
  return name.empty() || llvm::isDigit(name[0]) ? "model_" + name : name;
}

namespace {

class GraphImporter {
public:
  GraphImporter(MLIRContext &context, ModelFiles &files, const onnx::GraphProto &proto, int64_t opset,
                const OnnxImportOptions &options, int64_t images)
      : state(context, files, opset), proto(proto), options(options), images(images),
        module(ModuleOp::create(UnknownLoc::get(&context))) {}

  /// Null after problems, all of which were emitted.
  OwningOpRef<ModuleOp> run();

  /// For each input of @main, whether any batch may be its first dimension.
  ArrayRef<bool> getTakesAnyBatch() const { return takesAnyBatch; }

private:
  void collectNames();
  void importInputs();
  void importInput(const onnx::ValueInfoProto &input);
  std::optional<Dims> getInputShape(StringRef name, const onnx::TypeProto::Tensor &type, bool &isAnyBatch);
  void importNode(const onnx::NodeProto &node);
  LogicalResult importKnownNode(const onnx::NodeProto &node);
  bool areInputsDefined(const onnx::NodeProto &node);
  bool isDefined(StringRef name) const { return state.operands.contains(name) || state.initializers.contains(name); }
  void importOutputs();
  void emitProblems();
  InFlightDiagnostic emitError() { return mlir::emitError(module->getLoc()); }

  GraphState state;
  const onnx::GraphProto &proto;
  const OnnxImportOptions &options;
  const int64_t images; // what a symbolic first dimension stands for where options.batch does not say it
  OwningOpRef<ModuleOp> module;
  func::FuncOp main;
  llvm::StringMap<const onnx::NodeProto *> producers;
  llvm::SmallSetVector<const NodeRule *, 8> tooNew; // operators the model has in a newer opset
  SmallVector<bool> takesAnyBatch;
  Problems errors;
};

} // namespace

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

void GraphImporter::collectNames() {
  for (const onnx::TensorProto &tensor : proto.initializer())
    if (!state.initializers.try_emplace(tensor.name(), &tensor).second)
      emitError() << "initializer " << quote(tensor.name()) << " is given twice";
  for (const onnx::SparseTensorProto &tensor : proto.sparse_initializer()) {
    emitError() << "sparse initializer " << quote(tensor.values().name()) << " is not handled";
    state.operands[tensor.values().name()] = {};
  }
  for (const onnx::NodeProto &node : proto.node()) {
    for (const std::string &name : node.input())
      state.usedNames.insert(name);
    for (const std::string &name : node.output())
      producers.try_emplace(name, &node);
  }
  for (const onnx::ValueInfoProto &output : proto.output())
    state.usedNames.insert(output.name());
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

/// The static shape of an input, with the options applied. `isAnyBatch`: the first of it is `images`.
std::optional<Dims> GraphImporter::getInputShape(StringRef name, const onnx::TypeProto::Tensor &type,
                                                 bool &isAnyBatch) {
  auto error = [&] { return emitError() << "input " << quote(name) << ": "; };
  auto wanted = options.inputShapes.find(name);
  bool isGiven = wanted != options.inputShapes.end();
  if (!type.has_shape()) {
    if (isGiven)
      return Dims(ArrayRef(wanted->second));
    error() << "has no shape; expected --input-shape " << makePrintable(name) << "=…";
    return std::nullopt;
  }
  int rank = type.shape().dim_size();
  if (isGiven && int(wanted->second.size()) != rank) {
    error() << "expected --input-shape of " << rank << " dimensions, got " << formatShape(wanted->second);
    return std::nullopt;
  }

  Dims shape;
  SmallVector<std::string> symbolic;
  for (int axis = 0; axis < rank; ++axis) {
    const onnx::TensorShapeProto::Dimension &dim = type.shape().dim(axis);
    // Some exporters write 0 or -1 for a size that is not known.
    bool isStatic = dim.has_dim_value() && dim.dim_value() > 0;
    bool takesBatch = !isGiven && axis == 0 && options.batch;
    bool takesImages = axis == 0 && !isStatic && !options.batch && (!isGiven || (options.anyBatch && wanted->second[0] == 1));
    isAnyBatch |= takesImages;
    int64_t size = takesBatch ? *options.batch : takesImages ? images : isGiven ? wanted->second[axis] : dim.dim_value();
    shape.push_back(size);
    if (isStatic && size != dim.dim_value()) {
      error() << "expected " << dim.dim_value() << " at dimension " << axis << ", which is not symbolic, got " << size
              << " from " << (isGiven ? "--input-shape" : "--batch");
      return std::nullopt;
    }
    if (!isStatic && !isGiven && !takesBatch && !takesImages)
      symbolic.push_back(std::to_string(axis) + (dim.dim_param().empty() ? "" : " (" + quote(dim.dim_param()) + ")"));
  }
  if (symbolic.empty())
    return shape;
  bool isOne = symbolic.size() == 1;
  error() << (isOne ? "dimension " : "dimensions ") << llvm::join(symbolic, ", ") << (isOne ? " is" : " are")
          << " symbolic; expected --input-shape " << makePrintable(name) << "=…"
          << (isOne && symbolic[0][0] == '0' ? " or --batch" : "");
  return std::nullopt;
}

void GraphImporter::importInput(const onnx::ValueInfoProto &input) {
  if (state.initializers.contains(input.name()))
    return; // a weight that is listed as an input
  if (!state.operands.try_emplace(input.name()).second) {
    emitError() << "input " << quote(input.name()) << " is given twice";
    return;
  }
  if (!input.type().has_tensor_type()) {
    emitError() << "input " << quote(input.name()) << ": expected a float32 tensor, got another kind of value";
    return;
  }
  const onnx::TypeProto::Tensor &type = input.type().tensor_type();
  if (type.elem_type() != onnx::TensorProto::FLOAT) {
    emitError() << "input " << quote(input.name()) << ": expected float32, got " << getTypeName(type.elem_type());
    return;
  }
  bool isAnyBatch = false;
  std::optional<Dims> shape = getInputShape(input.name(), type, isAnyBatch);
  if (!shape)
    return;
  int64_t count = countElements(*shape).value_or(0);
  if (count < 1 || count > INT32_MAX || shape->empty()) {
    emitError() << "input " << quote(input.name()) << ": expected rank 1 to 8 and 1 to " << INT32_MAX
                << " elements, got shape " << formatShape(*shape);
    return;
  }
  auto tensor = RankedTensorType::get(*shape, state.builder.getF32Type());
  unsigned index = main.getNumArguments();
  NamedAttribute name(kTensorNameAttr, state.builder.getStringAttr(input.name()));
  if (failed(main.insertArgument(index, tensor, state.builder.getDictionaryAttr(name), main.getLoc())))
    return;
  state.operands[input.name()].activation = main.getArgument(index);
  takesAnyBatch.push_back(isAnyBatch);
}

void GraphImporter::importInputs() {
  for (const onnx::ValueInfoProto &input : proto.input())
    importInput(input);
  SmallVector<StringRef> unknown;
  for (const auto &entry : options.inputShapes)
    if (llvm::none_of(proto.input(), [&](auto &input) { return input.name() == entry.first(); }) ||
        state.initializers.contains(entry.first()))
      unknown.push_back(entry.first());
  llvm::sort(unknown);
  for (StringRef name : unknown)
    emitError() << "--input-shape names " << quote(name) << ", which is no input of the model";
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

bool GraphImporter::areInputsDefined(const onnx::NodeProto &node) {
  for (const std::string &name : node.input()) {
    if (name.empty() || isDefined(name))
      continue;
    InFlightDiagnostic error = emitError() << describeNode(node) << ": input " << quote(name);
    if (auto producer = producers.find(name); producer != producers.end())
      error << " is not computed yet: it comes from " << describeNode(*producer->second)
            << "; expected nodes in topological order, without cycles";
    else
      error << " is not defined: no input, initializer or node has this name";
    return false;
  }
  return true;
}

/// Imports a node whose operator is in the table.
LogicalResult GraphImporter::importKnownNode(const onnx::NodeProto &proto) {
  NodeImport node(state, proto);
  if (!proto.domain().empty() && proto.domain() != "ai.onnx")
    return node.refuse("operators of domain " + quote(proto.domain()) + " are not handled");
  const NodeRule *rule = findNodeRule(proto.op_type());
  if (!rule)
    return node.refuse("the operator is not handled");
  if (state.opset < rule->oldest)
    return node.refuse("expected opset " + Twine(rule->oldest) + " or newer, got " + Twine(state.opset));
  if (state.opset > rule->newest) {
    tooNew.insert(rule);
    return failure();
  }
  if (!areInputsDefined(proto))
    return failure();
  if (node.getNumInputs() > rule->maxInputs)
    return node.emitError() << "expected at most " << rule->maxInputs << " inputs, got " << node.getNumInputs();
  for (unsigned output = 1; output < node.getNumOutputs(); ++output)
    if (node.isOutputUsed(output) && !node.getOutputName(output).empty())
      return node.refuse("output " + quote(node.getOutputName(output)) + " is used; expected only the first to be");
  return rule->import(node);
}

void GraphImporter::importNode(const onnx::NodeProto &node) {
  bool isRedefinition = false;
  for (const std::string &name : node.output())
    if (!name.empty() && isDefined(name)) {
      emitError() << describeNode(node) << ": output " << quote(name) << " is defined already";
      isRedefinition = true;
    }
  if (!isRedefinition)
    (void)importKnownNode(node);
  for (const std::string &name : node.output())
    if (!name.empty())
      state.operands.try_emplace(name); // unknown, unless it was imported
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

void GraphImporter::importOutputs() {
  OpBuilder &builder = state.builder;
  if (proto.output().empty())
    emitError() << "the graph has no outputs";
  SmallVector<Value> values;
  SmallVector<Type> types;
  SmallVector<Attribute> attributes;
  llvm::StringSet<> names;
  for (const onnx::ValueInfoProto &output : proto.output()) {
    auto error = [&] { return emitError() << "output " << quote(output.name()); };
    if (!names.insert(output.name()).second)
      error() << " is given twice";
    else if (!isDefined(output.name()))
      error() << " is not defined: no node computes it";
    Operand operand = state.operands.lookup(output.name());
    if (operand.constant || state.initializers.contains(output.name()))
      error() << " is constant; expected a tensor that is computed from the inputs";
    Value value = operand.activation;
    if (!value)
      continue;
    // Outputs are different tensors and not inputs: each has a buffer of its own.
    if (isa<BlockArgument>(value) || llvm::is_contained(values, value))
      value = RelayoutOp::create(builder, NameLoc::get(builder.getStringAttr(output.name())), value.getType(), value);
    values.push_back(value);
    types.push_back(value.getType());
    NamedAttribute name(kTensorNameAttr, builder.getStringAttr(output.name()));
    attributes.push_back(builder.getDictionaryAttr(name));
  }
  func::ReturnOp::create(builder, main.getLoc(), values);
  main.setFunctionType(builder.getFunctionType(main.getArgumentTypes(), types));
  main.setAllResultAttrs(attributes);
}

//===----------------------------------------------------------------------===//
// Everything
//===----------------------------------------------------------------------===//

void GraphImporter::emitProblems() {
  for (const std::string &line : state.unsupported.lines)
    emitError() << line;
  if (size_t shown = state.unsupported.lines.size(); shown < state.unsupported.count)
    emitError() << "and " << state.unsupported.count - shown << " more unsupported nodes";
  for (const std::string &line : errors.lines)
    emitError() << line;
  if (size_t shown = errors.lines.size(); shown < errors.count)
    emitError() << "and " << errors.count - shown << " more errors";
}

OwningOpRef<ModuleOp> GraphImporter::run() {
  OpBuilder &builder = state.builder;
  {
    // Held back, so that nodes that are not handled come first.
    ScopedDiagnosticHandler handler(builder.getContext(), [&](Diagnostic &diagnostic) {
      errors.add(diagnostic.str());
      return success();
    });
    builder.setInsertionPointToEnd(module->getBody());
    main = func::FuncOp::create(builder, module->getLoc(), "main", builder.getFunctionType({}, {}));
    builder.setInsertionPointToEnd(main.addEntryBlock());
    collectNames();
    importInputs();
    for (const onnx::NodeProto &node : proto.node())
      importNode(node);
    importOutputs();
    if (!tooNew.empty()) {
      InFlightDiagnostic error = emitError() << "opset " << state.opset << " is too new for ";
      llvm::interleaveComma(tooNew, error, [&](const NodeRule *rule) {
        error << rule->opType << " (newest handled: " << rule->newest << ")";
      });
    }
  }
  if (errors.count || state.unsupported.count) {
    emitProblems();
    return {};
  }
  if (images > 1) // the second reading: the first has said the rest
    return succeeded(verify(*module)) ? std::move(module) : OwningOpRef<ModuleOp>();
  (*module)->setAttr(kPhaseAttr, builder.getStringAttr("imported"));
  (*module)->setAttr(kModelNameAttr, builder.getStringAttr(getModelName(state.files.getModel().path)));
  (*module)->setAttr(kModelHashAttr, builder.getStringAttr(state.files.computeHash()));
  return succeeded(verify(*module)) ? std::move(module) : OwningOpRef<ModuleOp>();
}

/// The version of the default operator set, or 0.
static int64_t getOpset(const onnx::ModelProto &model) {
  int64_t opset = 0;
  for (const onnx::OperatorSetIdProto &set : model.opset_import())
    if (set.domain().empty() || set.domain() == "ai.onnx")
      opset = std::max(opset, set.version());
  return opset;
}

OwningOpRef<ModuleOp> res::importOnnx(MLIRContext &context, StringRef path, const OnnxImportOptions &options) {
  context.loadDialect<func::FuncDialect, ResDialect>();
  auto fail = [&](const Twine &why) {
    emitError(UnknownLoc::get(&context)) << why;
    return OwningOpRef<ModuleOp>();
  };
  auto failNoModel = [&](const Twine &why) { return fail(quote(path) + " is not an ONNX model: " + why); };

  llvm::Expected<ModelFiles> files = ModelFiles::open(path);
  if (!files)
    return fail(toString(files.takeError()));
  StringRef bytes = files->getModel().getBytes();
  if (bytes.empty())
    return failNoModel("the file is empty");
  llvm::Expected<std::string> skeleton = splitModel(bytes);
  if (!skeleton)
    return failNoModel(toString(skeleton.takeError()));
  onnx::ModelProto model;
  if (skeleton->size() > INT32_MAX || !model.ParseFromString(*skeleton))
    return failNoModel("its fields have other types");
  if (!model.has_graph() || model.graph().node().empty())
    return failNoModel("it has no graph with nodes");
  int64_t opset = getOpset(model);
  if (opset == 0)
    return fail(quote(path) + ": expected an opset_import of the default domain (is the file cut short?)");
  if (opset < kOldestOpset)
    return fail(quote(path) + " uses opset " + Twine(opset) + "; expected " + Twine(kOldestOpset) + " or newer");
  auto import = [&](int64_t images, SmallVectorImpl<bool> &takesAnyBatch) {
    GraphImporter importer(context, *files, model.graph(), opset, options, images);
    OwningOpRef<ModuleOp> module = importer.run();
    takesAnyBatch.assign(importer.getTakesAnyBatch().begin(), importer.getTakesAnyBatch().end());
    return module;
  };
  SmallVector<bool> takesAnyBatch;
  OwningOpRef<ModuleOp> module = import(1, takesAnyBatch);
  if (!module || (!options.anyBatch && !llvm::is_contained(takesAnyBatch, true)))
    return module;
  if (failed(checkInputs(*module, takesAnyBatch)))
    return {};
  // Shapes are computed while a model is read, so it is read again for several images.
  std::string problem;
  OwningOpRef<ModuleOp> together;
  {
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      problem = problem.empty() ? diagnostic.str() : problem;
      return success();
    });
    together = import(kImagesTogether, takesAnyBatch);
  }
  if (!together)
    return fail("expected a model that takes any batch, or --batch N; with " + Twine(kImagesTogether) + " images: " + problem);
  if (failed(joinAnyBatch(*module, *together, kImagesTogether)))
    return {};
  return module;
}
