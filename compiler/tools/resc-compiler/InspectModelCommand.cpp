//===- InspectModelCommand.cpp - resc inspect of a model --------*- C++ -*-===//

#include "compiler/tools/resc-compiler/Commands.h"
#include "compiler/tools/resc-compiler/Model.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace res;

static const char overview[] = R"(shows what is in a model or in a dump of the IR

  resc inspect resnet50.onnx
  resc inspect resnet50.onnx --json
)";

static json::Array describeTensors(mlir::TypeRange types, function_ref<mlir::StringAttr(unsigned)> nameOf) {
  json::Array list;
  for (auto [index, type] : enumerate(types)) {
    mlir::StringAttr name = nameOf(index);
    list.push_back(json::Object{{"name", name ? name.str() : ""},
                                {"type", "f32"},
                                {"shape", json::Array(mlir::cast<mlir::RankedTensorType>(type).getShape())}});
  }
  return list;
}

int res::inspectModelCommand(Arguments arguments) {
  ModelOptions options;
  cl::opt<bool> asJson("json", cl::desc("print JSON"), cl::cat(optionCategory()));
  if (std::optional<int> done = parseOptions("inspect", arguments, overview))
    return *done;
  Model model;
  if (int result = model.read(options))
    return result;
  auto main = model.module().lookupSymbol<mlir::func::FuncOp>("main");
  MapVector<StringRef, int64_t> counts;
  int64_t parameters = 0;
  model.module().walk([&](mlir::Operation *op) {
    if (auto weight = mlir::dyn_cast<WeightRefOp>(op))
      parameters += weight.getType().getNumElements();
    if (mlir::isa<ResDialect>(op->getDialect()) && !isWeightOp(op) && !mlir::isa<YieldOp>(op))
      ++counts[op->getName().stripDialect()];
  });

  json::Array inputs = describeTensors(main.getArgumentTypes(), [&](unsigned i) {
    return main.getArgAttrOfType<mlir::StringAttr>(i, kTensorNameAttr);
  });
  json::Array outputs = describeTensors(main.getResultTypes(), [&](unsigned i) {
    return main.getResultAttrOfType<mlir::StringAttr>(i, kTensorNameAttr);
  });
  if (asJson) {
    json::Object operations;
    for (auto [name, count] : counts)
      operations[name] = count;
    outs() << formatv("{0:2}\n", json::Value(json::Object{{"phase", getName(*getPhase(model.module()))},
                                                          {"inputs", std::move(inputs)},
                                                          {"outputs", std::move(outputs)},
                                                          {"parameters", parameters},
                                                          {"operations", std::move(operations)}}));
    return finishOutput();
  }
  auto printTensors = [](StringRef title, const json::Array &tensors) {
    for (const json::Value &tensor : tensors) {
      const json::Object &object = *tensor.getAsObject();
      outs() << title << " '" << *object.getString("name") << "': ";
      interleave(*object.getArray("shape"), outs(), [](const json::Value &size) { outs() << *size.getAsInteger(); }, "x");
      outs() << " f32\n";
    }
  };
  outs() << "phase: " << getName(*getPhase(model.module())) << "\n";
  printTensors("input", inputs);
  printTensors("output", outputs);
  outs() << "parameters: " << parameters << "\noperations:";
  for (auto [name, count] : counts)
    outs() << " " << name << " " << count;
  outs() << "\n";
  return finishOutput();
}
