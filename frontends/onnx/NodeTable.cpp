//===- NodeTable.cpp - operators and their import functions -----*- C++ -*-===//
//
// Which ONNX operators are handled, in which opsets, and by whom.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/NodeImport.h"

using namespace res::frontend;

// The newest opset whose definition of each operator was compared with its import function. Since their last version
// here, these operators gained element types only.
static constexpr int64_t kNewest = 28;

static constexpr unsigned kAny = ~0u;

static constexpr NodeRule kRules[] = {
    // operator, oldest and newest opset, inputs at most, function
    {"Abs", 7, kNewest, 1, importUnary},
    {"Add", 7, kNewest, 2, importAdd},
    {"AveragePool", 7, kNewest, 1, importAveragePool},
    {"BatchNormalization", 7, kNewest, 5, importBatchNorm},
    {"Cast", 7, kNewest, 1, importCast},
    {"CastLike", 15, kNewest, 2, importCastLike},
    {"Celu", 12, kNewest, 1, importUnary},
    {"Clip", 7, kNewest, 3, importClip},
    {"Concat", 7, kNewest, kAny, importConcat},
    {"Constant", 7, kNewest, 0, importConstant},
    {"ConstantOfShape", 9, kNewest, 1, importConstantOfShape},
    {"Conv", 7, kNewest, 3, importConv},
    {"ConvTranspose", 7, kNewest, 3, importConvTranspose},
    {"DepthToSpace", 7, kNewest, 1, importDepthToSpace},
    {"Div", 7, kNewest, 2, importDiv},
    {"Dropout", 7, kNewest, 3, importDropout},
    {"Elu", 7, kNewest, 1, importUnary},
    {"Erf", 9, kNewest, 1, importUnary},
    {"Exp", 7, kNewest, 1, importUnary},
    {"Expand", 8, kNewest, 2, importExpand},
    {"Flatten", 7, kNewest, 1, importFlatten},
    {"Gather", 7, kNewest, 2, importGather},
    {"Gelu", 20, kNewest, 1, importGelu},
    {"Gemm", 7, kNewest, 3, importGemm},
    {"GlobalAveragePool", 7, kNewest, 1, importGlobalAveragePool},
    {"GlobalMaxPool", 7, kNewest, 1, importGlobalMaxPool},
    {"HardSigmoid", 7, kNewest, 1, importUnary},
    {"HardSwish", 14, kNewest, 1, importUnary},
    {"Identity", 7, kNewest, 1, importIdentity},
    {"LRN", 7, kNewest, 1, importLrn},
    {"LeakyRelu", 7, kNewest, 1, importUnary},
    {"MatMul", 7, kNewest, 2, importMatMul},
    {"Max", 8, kNewest, kAny, importMax},
    {"MaxPool", 7, kNewest, 1, importMaxPool},
    {"Mean", 8, kNewest, kAny, importMean},
    {"Min", 8, kNewest, kAny, importMin},
    {"Mish", 18, kNewest, 1, importUnary},
    {"Mul", 7, kNewest, 2, importMul},
    {"Neg", 7, kNewest, 1, importNeg},
    {"PRelu", 7, kNewest, 2, importPRelu},
    {"Pad", 7, kNewest, 4, importPad},
    {"Pow", 7, kNewest, 2, importPow},
    {"Reciprocal", 7, kNewest, 1, importUnary},
    {"ReduceMean", 7, kNewest, 2, importReduceMean},
    {"Relu", 7, kNewest, 1, importRelu},
    {"Reshape", 7, kNewest, 2, importReshape},
    {"Resize", 10, kNewest, 4, importResize},
    {"Selu", 7, kNewest, 1, importUnary},
    {"Shape", 7, kNewest, 1, importShape},
    {"Sigmoid", 7, kNewest, 1, importUnary},
    {"Slice", 7, kNewest, 5, importSlice},
    {"Softmax", 7, kNewest, 1, importSoftmax},
    {"Softplus", 7, kNewest, 1, importUnary},
    {"Softsign", 7, kNewest, 1, importUnary},
    {"Sqrt", 7, kNewest, 1, importUnary},
    {"Squeeze", 7, kNewest, 2, importSqueeze},
    {"Sub", 7, kNewest, 2, importSub},
    {"Sum", 8, kNewest, kAny, importSum},
    {"Swish", 24, kNewest, 1, importUnary},
    {"Tanh", 7, kNewest, 1, importUnary},
    {"Transpose", 7, kNewest, 1, importTranspose},
    {"Unsqueeze", 7, kNewest, 2, importUnsqueeze},
    {"Upsample", 7, 9, 2, importUpsample},
};

const NodeRule *res::frontend::findNodeRule(llvm::StringRef opType) {
  auto rule = llvm::find_if(kRules, [&](const NodeRule &rule) { return rule.opType == opType; });
  return rule == std::end(kRules) ? nullptr : rule;
}
