//===- NodeImport.cpp - what an import function sees of a node --*- C++ -*-===//

#include "frontends/onnx/NodeImport.h"

#include "onnx-ml.pb.h"

using namespace mlir;
using namespace res;
using namespace res::frontend;
using onnx::TensorProto;

// Weights up to this size stand in the text of a module, where people read them.
static constexpr int64_t kMaxDenseElements = 64;

std::string res::frontend::getNodeLabel(const onnx::NodeProto &node) {
  return !node.name().empty() ? node.name() : node.op_type() + ":" + (node.output_size() ? node.output(0) : "");
}

std::string res::frontend::describeNode(const onnx::NodeProto &node) {
  return "node " + quote(getNodeLabel(node)) + " (" + makePrintable(node.op_type()) + ")";
}

ArrayRef<int64_t> Operand::getShape() const {
  return activation ? cast<RankedTensorType>(activation.getType()).getShape() : ArrayRef<int64_t>(constant->shape);
}

NodeImport::NodeImport(GraphState &graph, const onnx::NodeProto &proto)
    : graph(graph), proto(proto), builder(graph.builder),
      loc(NameLoc::get(graph.builder.getStringAttr(getNodeLabel(proto)))), opset(graph.opset),
      attributes(proto, [this] { return emitError(); }) {}

//===----------------------------------------------------------------------===//
// Problems
//===----------------------------------------------------------------------===//

InFlightDiagnostic NodeImport::emitError() { return mlir::emitError(loc) << describeNode(proto) << ": "; }

LogicalResult NodeImport::refuse(const Twine &reason) {
  if (!std::exchange(isRefused, true))
    graph.unsupported.add("unsupported " + describeNode(proto) + ": " + reason.str());
  return failure();
}

LogicalResult NodeImport::refuse(unsigned input, StringRef role, const Twine &reason) {
  return refuse(describeInput(input, role) + " " + reason);
}

std::string NodeImport::describeInput(unsigned index, StringRef role) const {
  return role.str() + " " + quote(getInputName(index));
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

StringRef NodeImport::getOpType() const { return proto.op_type(); }
unsigned NodeImport::getNumInputs() const { return proto.input_size(); }
bool NodeImport::hasInput(unsigned index) const { return !getInputName(index).empty(); }
unsigned NodeImport::getNumOutputs() const { return proto.output_size(); }
bool NodeImport::isOutputUsed(unsigned index) const { return graph.usedNames.contains(getOutputName(index)); }

StringRef NodeImport::getInputName(unsigned index) const {
  return index < getNumInputs() ? StringRef(proto.input(index)) : StringRef();
}

StringRef NodeImport::getOutputName(unsigned index) const {
  return index < getNumOutputs() ? StringRef(proto.output(index)) : StringRef();
}

FailureOr<Operand> NodeImport::getOperand(unsigned index) {
  if (!hasInput(index))
    return emitError() << "expected at least " << index + 1 << " inputs, got " << getNumInputs();
  StringRef name = getInputName(index);
  if (auto initializer = graph.initializers.find(name);
      initializer != graph.initializers.end() && !graph.operands.contains(name)) {
    Operand &operand = graph.operands[name]; // stays unknown after a failure: it is reported once
    FailureOr<Constant> constant =
        frontend::readTensor(*initializer->second, name, graph.files, [&] { return emitError(); });
    if (failed(constant))
      return failure();
    graph.constants.push_back(std::move(*constant));
    operand.constant = &graph.constants.back();
  }
  Operand operand = graph.operands.lookup(name);
  if (!operand.isKnown())
    return failure();
  return operand;
}

FailureOr<Constant> NodeImport::readTensor(const TensorProto &tensor) {
  return frontend::readTensor(tensor, getOutputName(0), graph.files, [&] { return emitError(); });
}

FailureOr<TypedValue<RankedTensorType>> NodeImport::getActivation(unsigned index) {
  FailureOr<Operand> operand = getOperand(index);
  if (failed(operand))
    return failure();
  if (!operand->activation)
    return refuse(index, "input", "is constant; expected a tensor that is computed at run time");
  return cast<TypedValue<RankedTensorType>>(operand->activation);
}

FailureOr<const Constant *> NodeImport::getConstant(unsigned index, StringRef role) {
  FailureOr<Operand> operand = getOperand(index);
  if (failed(operand))
    return failure();
  if (!operand->constant)
    return refuse(index, role, "is computed at run time; expected a constant");
  return operand->constant;
}

FailureOr<const Constant *> NodeImport::getWeight(unsigned index, StringRef role) {
  FailureOr<const Constant *> constant = getConstant(index, role);
  if (failed(constant))
    return failure();
  if ((*constant)->elementType != TensorProto::FLOAT)
    return refuse(index, role, "is of " + getTypeName((*constant)->elementType) + "; expected float32");
  if ((*constant)->numElements == 0)
    return emitError() << describeInput(index, role) << ": expected at least one element, got shape "
                       << formatShape((*constant)->shape);
  return constant;
}

FailureOr<Value> NodeImport::getAsActivation(unsigned index) {
  FailureOr<Operand> operand = getOperand(index);
  if (failed(operand))
    return failure();
  if (operand->activation)
    return operand->activation;
  FailureOr<const Constant *> weight = getWeight(index, "input");
  if (failed(weight))
    return failure();
  // An operation on activations makes one of a weight: kernels read all their maps in one layout.
  Value elements = materialize(**weight, (*weight)->numElements);
  return Value(ReshapeOp::create(builder, loc, RankedTensorType::get((*weight)->shape, builder.getF32Type()), elements));
}

FailureOr<Value> NodeImport::getVector(unsigned index, StringRef role, int64_t size) {
  FailureOr<const Constant *> vector = getWeight(index, role);
  if (failed(vector))
    return failure();
  if (ArrayRef<int64_t>((*vector)->shape) != ArrayRef<int64_t>(size))
    return emitError() << describeInput(index, role) << ": expected a vector of " << size << " elements, got shape "
                       << formatShape((*vector)->shape);
  return materialize(**vector);
}

FailureOr<SmallVector<int64_t>> NodeImport::getInts(unsigned index, StringRef role) {
  FailureOr<const Constant *> constant = getConstant(index, role);
  if (failed(constant))
    return failure();
  if ((*constant)->isFloating() || (*constant)->shape.size() > 1 || (*constant)->numElements > kMaxFoldedElements)
    return emitError() << describeInput(index, role) << ": expected a short vector of integers, got shape "
                       << formatShape((*constant)->shape) << " of " << getTypeName((*constant)->elementType);
  Constant loaded = loadValues(**constant);
  SmallVector<int64_t> values(loaded.ints.begin(), loaded.ints.end());
  if (loaded.isSplat())
    values.assign(loaded.numElements, loaded.ints[0]);
  return values;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

Value NodeImport::materialize(const Constant &weight) {
  Value &known = graph.weights[&weight]; // by address: constants outlive the walk
  if (known)
    return known;
  auto type = RankedTensorType::get(weight.shape, builder.getF32Type());
  auto weightLoc = NameLoc::get(builder.getStringAttr(weight.name));
  if (weight.file && weight.numElements > kMaxDenseElements)
    return known = WeightRefOp::create(builder, weightLoc, type, weight.name, weight.file->path, weight.offset);
  Constant loaded = loadValues(weight);
  SmallVector<float> values(loaded.floats.begin(), loaded.floats.end());
  return known = ConstantOp::create(builder, weightLoc, DenseElementsAttr::get(type, ArrayRef(values)));
}

Value NodeImport::materialize(const Constant &weight, ArrayRef<int64_t> shape) {
  if (ArrayRef<int64_t>(weight.shape) == shape)
    return materialize(weight);
  graph.constants.push_back(weight);
  graph.constants.back().shape = Dims(shape);
  return materialize(graph.constants.back());
}

Value NodeImport::createSplat(float value, int64_t size) {
  auto type = RankedTensorType::get(size, builder.getF32Type());
  return ConstantOp::create(builder, loc, DenseElementsAttr::get(type, value));
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType> NodeImport::getResultType(ArrayRef<int64_t> shape) {
  std::optional<int64_t> count = countElements(shape);
  if (!count || *count < 1 || *count > INT32_MAX)
    return emitError() << "expected a result of 1 to " << INT32_MAX << " elements, got shape " << formatShape(shape);
  return RankedTensorType::get(shape, builder.getF32Type());
}

LogicalResult NodeImport::setOutput(const Operand &operand) {
  if (StringRef name = getOutputName(0); !name.empty())
    graph.operands[name] = operand;
  return success();
}

LogicalResult NodeImport::setOutput(Value value) { return setOutput(Operand{value, nullptr}); }

LogicalResult NodeImport::setOutput(Constant constant) {
  constant.name = getOutputName(0);
  graph.constants.push_back(std::move(constant));
  return setOutput(Operand{{}, &graph.constants.back()});
}

LogicalResult NodeImport::setReshapedOutput(const Operand &operand, ArrayRef<int64_t> shape) {
  if (operand.activation)
    return setOutput(createReshape(operand.activation, shape));
  Constant constant = *operand.constant;
  constant.shape = Dims(shape);
  return setOutput(std::move(constant));
}

Value NodeImport::createReshape(Value input, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(input.getType());
  return type.getShape() == shape ? input : ReshapeOp::create(builder, loc, type.clone(shape), input).getResult();
}
