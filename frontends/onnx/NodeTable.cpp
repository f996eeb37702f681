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
    {"Add", 7, kNewest, 2, importAdd},
    {"AveragePool", 7, kNewest, 1, importAveragePool},
    {"BatchNormalization", 7, kNewest, 5, importBatchNorm},
    {"Cast", 7, kNewest, 1, importCast},
    {"CastLike", 15, kNewest, 2, importCastLike},
    {"Concat", 7, kNewest, kAny, importConcat},
    {"Constant", 7, kNewest, 0, importConstant},
    {"ConstantOfShape", 9, kNewest, 1, importConstantOfShape},
    {"Conv", 7, kNewest, 3, importConv},
    {"Div", 7, kNewest, 2, importDiv},
    {"Dropout", 7, kNewest, 3, importDropout},
    {"Expand", 8, kNewest, 2, importExpand},
    {"Flatten", 7, kNewest, 1, importFlatten},
    {"Gather", 7, kNewest, 2, importGather},
    {"Gemm", 7, kNewest, 3, importGemm},
    {"GlobalAveragePool", 7, kNewest, 1, importGlobalAveragePool},
    {"Identity", 7, kNewest, 1, importIdentity},
    {"MatMul", 7, kNewest, 2, importMatMul},
    {"MaxPool", 7, kNewest, 1, importMaxPool},
    {"Mul", 7, kNewest, 2, importMul},
    {"Pad", 7, kNewest, 4, importPad},
    {"ReduceMean", 7, kNewest, 2, importReduceMean},
    {"Relu", 7, kNewest, 1, importRelu},
    {"Reshape", 7, kNewest, 2, importReshape},
    {"Shape", 7, kNewest, 1, importShape},
    {"Slice", 7, kNewest, 5, importSlice},
    {"Softmax", 7, kNewest, 1, importSoftmax},
    {"Squeeze", 7, kNewest, 2, importSqueeze},
    {"Sub", 7, kNewest, 2, importSub},
    {"Transpose", 7, kNewest, 1, importTranspose},
    {"Unsqueeze", 7, kNewest, 2, importUnsqueeze},
};

const NodeRule *res::frontend::findNodeRule(llvm::StringRef opType) {
  auto rule = llvm::find_if(kRules, [&](const NodeRule &rule) { return rule.opType == opType; });
  return rule == std::end(kRules) ? nullptr : rule;
}
