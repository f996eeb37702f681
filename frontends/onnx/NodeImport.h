//===- NodeImport.h - what an import function sees of a node ----*- C++ -*-===//
//
// Operands, attributes, results and problems of one ONNX node, and the table of import functions.
//
//===----------------------------------------------------------------------===//

#ifndef RES_FRONTENDS_ONNX_NODEIMPORT_H
#define RES_FRONTENDS_ONNX_NODEIMPORT_H

#include "dialect/Res.h"
#include "frontends/onnx/Initializers.h"
#include "frontends/onnx/NodeAttributes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <deque>

namespace onnx {
class NodeProto;
}

namespace res::frontend {

/// What the name of a tensor stands for. Neither: it is unknown, and the reason was reported.
struct Operand {
  mlir::Value activation; // a float32 tensor that is computed at run time
  const Constant *constant = nullptr;
  bool isKnown() const { return activation || constant; }
  /// Of a known operand.
  llvm::ArrayRef<int64_t> getShape() const;
};

/// Lines of problems; of many, the first few are kept.
struct Problems {
  static constexpr size_t kMaxShown = 20;
  std::vector<std::string> lines;
  size_t count = 0;
  void add(std::string line) {
    if (count++ < kMaxShown)
      lines.push_back(std::move(line));
  }
};

/// What all nodes of a graph share.
struct GraphState {
  GraphState(mlir::MLIRContext &context, ModelFiles &files, int64_t opset)
      : builder(&context), files(files), opset(opset) {}

  mlir::OpBuilder builder;
  ModelFiles &files;
  int64_t opset;
  llvm::StringMap<const onnx::TensorProto *> initializers;
  llvm::StringMap<Operand> operands;      // everything else defined so far, and initializers that were read
  llvm::StringSet<> usedNames;            // everything a node or the graph's outputs read
  std::deque<Constant> constants;         // at stable addresses
  llvm::DenseMap<const Constant *, mlir::Value> weights; // those that are operations already
  Problems unsupported;                   // nodes that are not handled
};

/// One node. Import functions read attributes first, so that what is wrong with them is found even where an operand is
/// unknown; then `attributes.finish()`, operands, results.
class NodeImport {
  GraphState &graph;
  const onnx::NodeProto &proto;
  bool isRefused = false;

public:
  NodeImport(GraphState &graph, const onnx::NodeProto &proto);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  int64_t opset;
  NodeAttributes attributes; // last: it reports what it finds while it is made

  llvm::StringRef getOpType() const;
  unsigned getNumInputs() const;
  /// False for an optional input that is left out.
  bool hasInput(unsigned index) const;
  llvm::StringRef getInputName(unsigned index) const;
  unsigned getNumOutputs() const;
  llvm::StringRef getOutputName(unsigned index) const;
  bool isOutputUsed(unsigned index) const;

  /// An operand of either kind. Like all the following, fails when it is missing (reported) or unknown (silently).
  mlir::FailureOr<Operand> getOperand(unsigned index);
  /// An operand that is computed at run time.
  mlir::FailureOr<mlir::TypedValue<mlir::RankedTensorType>> getActivation(unsigned index);
  /// An operand with known elements. `role` is what messages call it.
  mlir::FailureOr<const Constant *> getConstant(unsigned index, llvm::StringRef role);
  /// A float32 constant of at least one element.
  mlir::FailureOr<const Constant *> getWeight(unsigned index, llvm::StringRef role);
  /// A float32 vector of `size` elements, as a value.
  mlir::FailureOr<mlir::Value> getVector(unsigned index, llvm::StringRef role, int64_t size);
  /// The elements of an integer constant of rank 0 or 1.
  mlir::FailureOr<llvm::SmallVector<int64_t>> getInts(unsigned index, llvm::StringRef role);

  /// A tensor of an attribute, named as the first output.
  mlir::FailureOr<Constant> readTensor(const onnx::TensorProto &tensor);

  /// An operand of either kind as an activation: a float32 constant is copied at run time.
  mlir::FailureOr<mlir::Value> getAsActivation(unsigned index);

  /// The operation for a weight: res.weight, or res.constant when it is small or was computed.
  mlir::Value materialize(const Constant &weight);
  /// The same under another shape of as many elements.
  mlir::Value materialize(const Constant &weight, llvm::ArrayRef<int64_t> shape);
  /// A vector of equal elements, as a value.
  mlir::Value createSplat(float value, int64_t size);

  /// The type of a result; fails when it is empty or too large to be indexed by 32 bits.
  mlir::FailureOr<mlir::RankedTensorType> getResultType(llvm::ArrayRef<int64_t> shape);
  /// Defines the first output. Always succeeds.
  llvm::LogicalResult setOutput(mlir::Value value);
  llvm::LogicalResult setOutput(Constant constant);
  llvm::LogicalResult setOutput(const Operand &operand);
  /// Defines the first output as the operand under a shape of as many elements.
  llvm::LogicalResult setReshapedOutput(const Operand &operand, llvm::ArrayRef<int64_t> shape);
  /// res.reshape to a shape of as many elements, or `input` itself where it has that shape.
  mlir::Value createReshape(mlir::Value input, llvm::ArrayRef<int64_t> shape);

  /// The model is wrong at this node.
  mlir::InFlightDiagnostic emitError();
  /// The model may be right, but this node is not handled. Always a failure; a node's first reason is reported.
  llvm::LogicalResult refuse(const llvm::Twine &reason);
  /// The same for an operand: "filter 'w' reason".
  llvm::LogicalResult refuse(unsigned input, llvm::StringRef role, const llvm::Twine &reason);

private:
  std::string describeInput(unsigned index, llvm::StringRef role) const;
};

/// "node 'conv1' (Conv)". Nodes without a name are called by operator and first output.
std::string describeNode(const onnx::NodeProto &node);

/// The name that locations carry: the node's, or "Conv:output".
std::string getNodeLabel(const onnx::NodeProto &node);

//===----------------------------------------------------------------------===//
// Import functions. Each fails after it has reported why, or because an operand is unknown.
//===----------------------------------------------------------------------===//

using ImportFunction = llvm::LogicalResult (*)(NodeImport &);

llvm::LogicalResult importAdd(NodeImport &node);
llvm::LogicalResult importAveragePool(NodeImport &node);
llvm::LogicalResult importBatchNorm(NodeImport &node);
llvm::LogicalResult importCast(NodeImport &node);
llvm::LogicalResult importCastLike(NodeImport &node);
llvm::LogicalResult importClip(NodeImport &node);
llvm::LogicalResult importConcat(NodeImport &node);
llvm::LogicalResult importConstant(NodeImport &node);
llvm::LogicalResult importConstantOfShape(NodeImport &node);
llvm::LogicalResult importConv(NodeImport &node);
llvm::LogicalResult importConvTranspose(NodeImport &node);
llvm::LogicalResult importDepthToSpace(NodeImport &node);
llvm::LogicalResult importDiv(NodeImport &node);
llvm::LogicalResult importDropout(NodeImport &node);
llvm::LogicalResult importExpand(NodeImport &node);
llvm::LogicalResult importFlatten(NodeImport &node);
llvm::LogicalResult importGather(NodeImport &node);
llvm::LogicalResult importGemm(NodeImport &node);
llvm::LogicalResult importGelu(NodeImport &node);
llvm::LogicalResult importGlobalAveragePool(NodeImport &node);
llvm::LogicalResult importGlobalMaxPool(NodeImport &node);
llvm::LogicalResult importIdentity(NodeImport &node);
llvm::LogicalResult importLrn(NodeImport &node);
llvm::LogicalResult importMatMul(NodeImport &node);
llvm::LogicalResult importMax(NodeImport &node);
llvm::LogicalResult importMaxPool(NodeImport &node);
llvm::LogicalResult importMean(NodeImport &node);
llvm::LogicalResult importMin(NodeImport &node);
llvm::LogicalResult importMul(NodeImport &node);
llvm::LogicalResult importNeg(NodeImport &node);
llvm::LogicalResult importPad(NodeImport &node);
llvm::LogicalResult importPRelu(NodeImport &node);
llvm::LogicalResult importPow(NodeImport &node);
llvm::LogicalResult importReduceMean(NodeImport &node);
llvm::LogicalResult importRelu(NodeImport &node);
llvm::LogicalResult importReshape(NodeImport &node);
llvm::LogicalResult importResize(NodeImport &node);
llvm::LogicalResult importShape(NodeImport &node);
llvm::LogicalResult importSlice(NodeImport &node);
llvm::LogicalResult importSoftmax(NodeImport &node);
llvm::LogicalResult importSqueeze(NodeImport &node);
llvm::LogicalResult importSub(NodeImport &node);
llvm::LogicalResult importSum(NodeImport &node);
llvm::LogicalResult importTranspose(NodeImport &node);
llvm::LogicalResult importUnary(NodeImport &node);
llvm::LogicalResult importUnsqueeze(NodeImport &node);
llvm::LogicalResult importUpsample(NodeImport &node);

/// Folds Add, Sub, Mul, Div, Max or Min (`opType`) of all operands, which are constants.
llvm::LogicalResult foldArithmetic(NodeImport &node, llvm::StringRef opType);

/// A row of the table: what is known of an operator.
struct NodeRule {
  llvm::StringLiteral opType;
  int64_t oldest, newest; // opsets
  unsigned maxInputs;
  ImportFunction import;
};

/// Null when the operator is not handled.
const NodeRule *findNodeRule(llvm::StringRef opType);

} // namespace res::frontend

#endif // RES_FRONTENDS_ONNX_NODEIMPORT_H
