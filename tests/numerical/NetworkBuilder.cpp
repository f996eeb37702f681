//===- NetworkBuilder.cpp - small networks for tests ------------*- C++ -*-===//

#include "tests/numerical/NetworkBuilder.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/ErrorHandling.h"

#include <cmath>

using namespace mlir;
using namespace res;

NetworkBuilder::NetworkBuilder(MLIRContext &context, StringRef target)
    : builder(&context), loc(builder.getUnknownLoc()) {
  module = ModuleOp::create(loc);
  auto set = [&](StringRef name, StringRef value) { (*module)->setAttr(name, builder.getStringAttr(value)); };
  set(kPhaseAttr, "imported");
  set(kModelNameAttr, "network");
  set(kTargetAttr, target);
  set(kMathAttr, "strict");
  main = func::FuncOp::create(loc, "main", builder.getFunctionType({}, {}));
  module->push_back(main);
  builder.setInsertionPointToStart(main.addEntryBlock());
  file.push_back('\xff'); // weights need no alignment
}

ArrayRef<int64_t> NetworkBuilder::shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

RankedTensorType NetworkBuilder::type(ArrayRef<int64_t> shape) const {
  return RankedTensorType::get(shape, Float32Type::get(loc.getContext()));
}

WindowAttr NetworkBuilder::parseWindow(StringRef text) const {
  Attribute parsed = parseAttribute(("#res.window<" + text + ">").str(), loc.getContext());
  if (!parsed)
    llvm::report_fatal_error("no window: " + text);
  return cast<WindowAttr>(parsed);
}

std::vector<float> NetworkBuilder::random(ArrayRef<int64_t> shape, float least, float most) {
  std::uniform_real_distribution<float> distribution(least, most);
  std::vector<float> values(type(shape).getNumElements());
  for (float &value : values)
    value = distribution(engine);
  return values;
}

Value NetworkBuilder::weight(ArrayRef<int64_t> shape, float most) {
  std::vector<float> values = random(shape, -most, most);
  int64_t offset = file.size();
  file.append(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(float));
  return WeightRefOp::create(builder, loc, type(shape), "weight" + std::to_string(offset), kWeightFile, offset);
}

Value NetworkBuilder::vector(int64_t size, float least, float most) {
  std::vector<float> values = random(size, least, most);
  return ConstantOp::create(builder, loc, type(size), DenseElementsAttr::get(type(size), ArrayRef<float>(values)));
}

Value NetworkBuilder::input(ArrayRef<int64_t> shape) { return main.getBody().addArgument(type(shape), loc); }

void NetworkBuilder::output(Value value, const std::string &label) {
  results.push_back(value);
  labels.push_back(label);
}

/// The inferred shape, which every test must have.
static Shape expectShape(FailureOr<Shape> shape) {
  if (failed(shape))
    llvm::report_fatal_error("the operation does not fit its input");
  return *shape;
}

Value NetworkBuilder::conv(Value x, int64_t filters, StringRef window, int64_t groups, bool bias) {
  WindowAttr attr = parseWindow(window);
  Shape filter{filters, shapeOf(x)[1] / groups, attr.getKernel()[0], attr.getKernel()[1]};
  Shape shape = expectShape(inferConv(shapeOf(x), filter, attr, groups, [&] { return emitError(loc); }));
  // A uniform distribution on [-a, a] has the variance a * a / 3.
  Value weights = weight(filter, std::sqrt(3.f / float(filter[1] * filter[2] * filter[3])));
  Value shift = bias ? vector(filters, -1, 1) : Value();
  return ConvOp::create(builder, loc, type(shape), x, weights, shift, attr, groups);
}

Value NetworkBuilder::maxPool(Value x, StringRef window) {
  WindowAttr attr = parseWindow(window);
  Shape shape = expectShape(inferPool(shapeOf(x), attr, [&] { return emitError(loc); }));
  return MaxPoolOp::create(builder, loc, type(shape), x, attr);
}

Value NetworkBuilder::avgPool(Value x, StringRef window, bool countIncludePad) {
  WindowAttr attr = parseWindow(window);
  Shape shape = expectShape(inferPool(shapeOf(x), attr, [&] { return emitError(loc); }));
  return AvgPoolOp::create(builder, loc, type(shape), x, attr, countIncludePad);
}

Value NetworkBuilder::globalAvgPool(Value x) {
  return GlobalAvgPoolOp::create(builder, loc, type({shapeOf(x)[0], shapeOf(x)[1], 1, 1}), x);
}

Value NetworkBuilder::gemm(Value x, int64_t outputs, bool transposed, bool bias) {
  int64_t inputs = shapeOf(x)[1];
  Shape matrix = transposed ? Shape{outputs, inputs} : Shape{inputs, outputs};
  Value weights = weight(matrix, std::sqrt(3.f / float(inputs)));
  Value shift = bias ? vector(outputs, -1, 1) : Value();
  return GemmOp::create(builder, loc, type({shapeOf(x)[0], outputs}), x, weights, shift, transposed);
}

Value NetworkBuilder::softmax(Value x) { return SoftmaxOp::create(builder, loc, x.getType(), x); }

Value NetworkBuilder::reshape(Value x, ArrayRef<int64_t> shape) {
  return ReshapeOp::create(builder, loc, type(shape), x);
}

Value NetworkBuilder::relu(Value x) { return ReluOp::create(builder, loc, x.getType(), x); }

Value NetworkBuilder::add(Value a, Value b) { return AddOp::create(builder, loc, a.getType(), a, b); }

Value NetworkBuilder::affine(Value x) {
  int64_t channels = shapeOf(x)[1];
  std::vector<float> scale = random(channels, 0.5f, 1.5f);
  for (size_t i = 0; i < scale.size(); i += 4)
    scale[i] = -scale[i];
  Value factors =
      ConstantOp::create(builder, loc, type(channels), DenseElementsAttr::get(type(channels), ArrayRef<float>(scale)));
  return AffineOp::create(builder, loc, x.getType(), x, factors, vector(channels, -1, 1));
}

Value NetworkBuilder::batchNorm(Value x) {
  int64_t channels = shapeOf(x)[1];
  Value gamma = vector(channels, -1.5f, 1.5f), beta = vector(channels, -1, 1), mean = vector(channels, -1, 1);
  Value variance = vector(channels, 0.25f, 4);
  return BatchNormOp::create(builder, loc, x.getType(), x, gamma, beta, mean, variance, builder.getF32FloatAttr(1e-5f));
}

OwningOpRef<ModuleOp> NetworkBuilder::finish() {
  func::ReturnOp::create(builder, loc, results);
  SmallVector<Type> types;
  for (Value result : results)
    types.push_back(result.getType());
  main.setFunctionType(builder.getFunctionType(main.getBody().getArgumentTypes(), types));
  for (auto [index, label] : llvm::enumerate(labels))
    main.setResultAttr(index, kTensorNameAttr, builder.getStringAttr(label));
  return std::move(module);
}
