//===- ReferenceOps.cpp - single operations of the reference ----*- C++ -*-===//
//
// Evaluates one operation on activations, whose operands are known.
//
//===----------------------------------------------------------------------===//

#include "compiler/reference/ReferenceOps.h"
#include "compiler/reference/ReferenceKernels.h"

#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>
#include <mutex>

using namespace mlir;
using namespace res;
using namespace res::reference;
using llvm::Error;
using llvm::Expected;

static Shape shapeOf(Value value) { return Shape(cast<RankedTensorType>(value.getType()).getShape()); }

static std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream out(text);
  llvm::interleave(shape, out, "x");
  return text;
}

static int64_t product(ArrayRef<int64_t> sizes) {
  int64_t result = 1;
  for (int64_t size : sizes)
    result *= size;
  return result;
}

static Axis axisOf(WindowAttr window, unsigned axis, ArrayRef<int64_t> input, ArrayRef<int64_t> output) {
  return {input[axis + 2],
          output[axis + 2],
          window.getKernel()[axis],
          window.getStrides()[axis],
          window.getPadBegin(axis),
          window.getDilations()[axis]};
}

static Operand activation(Operation *op, std::shared_ptr<const std::vector<double>> elements) {
  return {shapeOf(op->getResult(0)), std::move(elements), Value(), Attribute()};
}

static std::shared_ptr<std::vector<double>> allocate(Operation *op) {
  return std::make_shared<std::vector<double>>(product(shapeOf(op->getResult(0))));
}

Error reference::makeError(Operation *op, const llvm::Twine &message) {
  StringRef node = getNodeName(op->getLoc());
  if (node.empty())
    return llvm::createStringError("'" + op->getName().getStringRef() + "': " + message);
  return llvm::createStringError("node '" + node + "': " + message);
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

Expected<Elements> OpEvaluator::elementsOf(const Operand &operand) {
  if (operand.elements)
    return operand.elements;
  Expected<std::vector<double>> evaluated = weights.evaluate(operand.weight);
  if (!evaluated)
    return evaluated.takeError();
  return std::make_shared<const std::vector<double>>(std::move(*evaluated));
}

/// The logical weight behind a packing may be of another shape than the packed one allows for.
static Error expectShape(Operation *op, unsigned index, const Operand &operand, ArrayRef<int64_t> shape) {
  if (ArrayRef<int64_t>(operand.shape) == shape)
    return Error::success();
  return makeError(op, "expected operand " + llvm::Twine(index) + " to be " + shapeText(shape) + ", got " +
                           shapeText(operand.shape));
}

Expected<SmallVector<Elements>> OpEvaluator::elementsOf(Operation *op, ArrayRef<Operand> operands,
                                                        ArrayRef<Shape> shapes) {
  SmallVector<Elements> result;
  for (auto [index, operand] : llvm::enumerate(operands)) {
    if (Error error = expectShape(op, index, operand, shapes[index]))
      return error;
    Expected<Elements> elements = elementsOf(operand);
    if (!elements)
      return elements.takeError();
    result.push_back(*elements);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

Expected<Operand> OpEvaluator::evaluate(Operation *op, ArrayRef<Operand> operands) {
  return llvm::TypeSwitch<Operation *, Expected<Operand>>(op)
      .Case([&](ConvOp conv) { return this->conv(conv, operands); })
      .Case([&](GemmOp gemm) { return this->gemm(gemm, operands); })
      .Case([&](MaxPoolOp maxPool) { return pool(op, maxPool.getWindow(), operands); })
      .Case([&](AvgPoolOp avgPool) { return pool(op, avgPool.getWindow(), operands); })
      .Case<PadOp, SliceOp>([&](Operation *) { return select(op, operands); })
      .Case([&](BinaryOp binary) { return this->binary(binary, operands); })
      .Case([&](ConcatOp concat) { return this->concat(concat, operands); })
      .Case([&](LrnOp lrn) { return this->lrn(lrn, operands); })
      .Case([&](ResizeOp resize) { return this->resize(resize, operands); })
      .Case([&](DepthToSpaceOp move) { return depthToSpace(move, operands); })
      .Case([&](UnaryOp unary) { return this->unary(unary, operands); })
      .Case<AffineOp, BatchNormOp, PReluOp>([&](Operation *) { return perChannel(op, operands); })
      .Case<AddOp, GlobalAvgPoolOp, ReluOp, SoftmaxOp>([&](Operation *) { return plain(op, operands); })
      .Case<ReshapeOp, RelayoutOp>([&](Operation *) -> Expected<Operand> {
        // Neither moves an element of the row-major logical tensor.
        Expected<Elements> elements = elementsOf(operands[0]);
        if (!elements)
          return elements.takeError();
        return activation(op, *elements);
      })
      .Default([&](Operation *) -> Expected<Operand> {
        return makeError(op, "expected an operation on activations of the res dialect, got '" +
                                 op->getName().getStringRef() + "'");
      });
}

Expected<Operand> OpEvaluator::conv(ConvOp op, ArrayRef<Operand> operands) {
  Shape input = shapeOf(op.getInput()), output = shapeOf(op.getOutput());
  int64_t groups = op.getGroups();
  Shape filter{output[1], input[1] / groups};
  llvm::append_range(filter, op.getWindow().getKernel());
  auto in = elementsOf(op, operands, {input, filter, Shape{output[1]}});
  if (!in)
    return in.takeError();
  ConvSize size{input[0], input[1], output[1], groups, axisOf(op.getWindow(), 0, input, output),
                axisOf(op.getWindow(), 1, input, output)};
  auto result = allocate(op);
  convolve(size, (*in)[0]->data(), (*in)[1]->data(), op.getBias() ? (*in)[2]->data() : nullptr, result->data(),
           workers);
  return activation(op, result);
}

Expected<Operand> OpEvaluator::gemm(GemmOp op, ArrayRef<Operand> operands) {
  Shape input = shapeOf(op.getInput()), output = shapeOf(op.getOutput());
  // What was packed may have been in the other order than the operation says.
  auto packing = dyn_cast_or_null<PackDenseAttr>(operands[1].packing);
  bool transposed = packing ? packing.getTransposed() : op.getTransposed();
  Shape matrix = transposed ? Shape{output[1], input[1]} : Shape{input[1], output[1]};
  if (Error error = expectShape(op, 1, operands[1], matrix))
    return error;
  auto in = elementsOf(op, operands[0], input);
  if (!in)
    return in.takeError();
  auto result = allocate(op);
  if (Error error = multiply(operands[1], transposed, input[0], (*in)[0]->data(), result->data()))
    return error;
  if (op.getBias()) {
    auto bias = elementsOf(op, operands[2], Shape{output[1]});
    if (!bias)
      return bias.takeError();
    for (int64_t n = 0; n < output[0]; ++n)
      add(output[1], result->data() + n * output[1], (*bias)[0]->data(), result->data() + n * output[1]);
  }
  return activation(op, result);
}

Error OpEvaluator::multiply(const Operand &matrix, bool transposed, int64_t batch, const double *input,
                            double *output) {
  // A slice is about a megabyte: VGG's largest matrix would be 800 of them.
  int64_t rows = matrix.shape[0], columns = matrix.shape[1];
  int64_t step = std::max<int64_t>((1 << 17) / std::max<int64_t>(columns, 1), 1);
  std::mutex mutex;
  std::optional<Error> failure;
  auto useSlice = [&](int64_t first, llvm::function_ref<void(int64_t count, const double *slice)> use) {
    int64_t count = std::min(step, rows - first);
    if (matrix.elements)
      return use(count, matrix.elements->data() + first * columns);
    Expected<std::vector<double>> slice = weights.evaluateSlice(matrix.weight, first, count);
    if (slice)
      return use(count, slice->data());
    std::lock_guard<std::mutex> lock(mutex);
    if (failure)
      llvm::consumeError(slice.takeError());
    else
      failure.emplace(slice.takeError());
  };
  int64_t slices = (rows + step - 1) / step;
  if (transposed) {
    workers.run(slices, [&](int64_t i) {
      useSlice(i * step, [&](int64_t count, const double *slice) {
        multiplyByRows(batch, columns, count, input, slice, output + i * step, rows);
      });
    });
  } else {
    // Slices add to the same outputs, in their order.
    for (int64_t i = 0; i < slices && !failure; ++i)
      useSlice(i * step, [&](int64_t count, const double *slice) {
        accumulateRows(batch, count, columns, input + i * step, rows, slice, output);
      });
  }
  return failure ? std::move(*failure) : Error::success();
}

Expected<Operand> OpEvaluator::pool(Operation *op, WindowAttr window, ArrayRef<Operand> operands) {
  Shape input = shapeOf(op->getOperand(0)), output = shapeOf(op->getResult(0));
  auto in = elementsOf(op, operands, input);
  if (!in)
    return in.takeError();
  auto average = dyn_cast<AvgPoolOp>(op);
  Pool kind = !average ? Pool::Max : average.getCountIncludePad() ? Pool::MeanWithPadding : Pool::Mean;
  auto result = allocate(op);
  reference::pool(kind, input[0] * input[1], axisOf(window, 0, input, output), axisOf(window, 1, input, output),
                  (*in)[0]->data(), result->data(), workers);
  return activation(op, result);
}

Expected<Operand> OpEvaluator::perChannel(Operation *op, ArrayRef<Operand> operands) {
  Shape input = shapeOf(op->getOperand(0));
  int64_t inner = product(ArrayRef<int64_t>(input).drop_front(2));
  SmallVector<Shape> shapes(operands.size(), Shape{input[1]});
  shapes[0] = input;
  auto in = elementsOf(op, operands, shapes);
  if (!in)
    return in.takeError();
  auto result = allocate(op);
  if (auto norm = dyn_cast<BatchNormOp>(op)) {
    // gamma * (x - mean) / sqrt(variance + epsilon) + beta, as it is defined and not as it is folded
    std::vector<double> scale(input[1]);
    double epsilon = norm.getEpsilon().convertToFloat();
    for (int64_t c = 0; c < input[1]; ++c)
      scale[c] = (*(*in)[1])[c] / std::sqrt((*(*in)[4])[c] + epsilon);
    normalize(input[0], input[1], inner, (*in)[0]->data(), (*in)[3]->data(), scale.data(), (*in)[2]->data(),
              result->data());
  } else if (isa<PReluOp>(op)) {
    prelu(input[0], input[1], inner, (*in)[0]->data(), (*in)[1]->data(), result->data());
  } else {
    scaleAndShift(input[0], input[1], inner, (*in)[0]->data(), (*in)[1]->data(), (*in)[2]->data(), result->data());
  }
  return activation(op, result);
}

Expected<Operand> OpEvaluator::select(Operation *op, ArrayRef<Operand> operands) {
  Shape input = shapeOf(op->getOperand(0)), output = shapeOf(op->getResult(0));
  auto in = elementsOf(op, operands, input);
  if (!in)
    return in.takeError();
  Selection selection{Shape(input.size(), 0), Shape(input.size(), 1), 0};
  if (auto slice = dyn_cast<SliceOp>(op)) {
    selection.first = Shape(slice.getOffsets()), selection.step = Shape(slice.getStrides());
  } else {
    auto pad = cast<PadOp>(op);
    selection.fill = pad.getValue().convertToFloat();
    for (auto [first, low] : llvm::zip(selection.first, pad.getLow()))
      first = -low;
  }
  auto result = allocate(op);
  reference::select(selection, input, output, (*in)[0]->data(), result->data());
  return activation(op, result);
}

Expected<Operand> OpEvaluator::concat(ConcatOp op, ArrayRef<Operand> operands) {
  SmallVector<Shape> shapes = llvm::map_to_vector(op.getInputs(), shapeOf);
  auto in = elementsOf(op, operands, shapes);
  if (!in)
    return in.takeError();
  // What lies at one position of the dimensions before the axis is contiguous in every input.
  auto result = allocate(op);
  const int64_t rows = product(ArrayRef<int64_t>(shapes[0]).take_front(op.getAxis()));
  auto to = result->begin();
  for (int64_t row = 0; row < rows; ++row)
    for (const Elements &part : *in) {
      const int64_t count = part->size() / rows;
      to = std::copy_n(part->begin() + row * count, count, to);
    }
  return activation(op, result);
}

Expected<Operand> OpEvaluator::binary(BinaryOp op, ArrayRef<Operand> operands) {
  const Shape lhs = shapeOf(op.getLhs()), rhs = shapeOf(op.getRhs()), output = shapeOf(op.getOutput());
  auto in = elementsOf(op, operands, {lhs, rhs});
  if (!in)
    return in.takeError();
  // Elements to go on in an operand for each step along an axis: none where it has one element for all.
  auto stridesOf = [](const Shape &shape) {
    Shape strides(shape.size(), 0);
    int64_t stride = 1;
    for (size_t axis = shape.size(); axis-- > 0; stride *= shape[axis])
      strides[axis] = shape[axis] == 1 ? 0 : stride;
    return strides;
  };
  const Shape left = stridesOf(lhs), right = stridesOf(rhs);
  auto result = allocate(op);
  for (int64_t i = 0; i < int64_t(result->size()); ++i) {
    int64_t leftAt = 0, rightAt = 0, rest = i;
    for (size_t axis = output.size(); axis-- > 0; rest /= output[axis]) {
      leftAt += rest % output[axis] * left[axis];
      rightAt += rest % output[axis] * right[axis];
    }
    (*result)[i] = applyBinary(op.getFunction(), (*(*in)[0])[leftAt], (*(*in)[1])[rightAt]);
  }
  return activation(op, result);
}

Expected<Operand> OpEvaluator::unary(UnaryOp op, ArrayRef<Operand> operands) {
  auto in = elementsOf(op, operands, shapeOf(op.getInput()));
  if (!in)
    return in.takeError();
  const double alpha = op.getAlpha().convertToFloat(), beta = op.getBeta().convertToFloat();
  auto result = allocate(op);
  llvm::transform(*(*in)[0], result->begin(), [&](double x) { return applyUnary(op.getFunction(), x, alpha, beta); });
  return activation(op, result);
}

Expected<Operand> OpEvaluator::lrn(LrnOp op, ArrayRef<Operand> operands) {
  const Shape shape = shapeOf(op.getInput());
  auto in = elementsOf(op, operands, shape);
  if (!in)
    return in.takeError();
  auto result = allocate(op);
  normalizeResponses(shape[0], shape[1], shape[2] * shape[3], op.getSize(), op.getAlpha().convertToFloat(),
                     op.getBeta().convertToFloat(), op.getBias().convertToFloat(), (*in)[0]->data(), result->data());
  return activation(op, result);
}

Expected<Operand> OpEvaluator::resize(ResizeOp op, ArrayRef<Operand> operands) {
  Shape input = shapeOf(op.getInput()), output = shapeOf(op.getOutput());
  auto in = elementsOf(op, operands, input);
  if (!in)
    return in.takeError();
  Sampling y{input[2], output[2], op.getRows()[0], op.getRows()[1], op.getRows()[2]};
  Sampling x{input[3], output[3], op.getColumns()[0], op.getColumns()[1], op.getColumns()[2]};
  auto result = allocate(op);
  reference::resize(op.getLinear(), input[0] * input[1], y, x, (*in)[0]->data(), result->data());
  return activation(op, result);
}

Expected<Operand> OpEvaluator::depthToSpace(DepthToSpaceOp op, ArrayRef<Operand> operands) {
  Shape input = shapeOf(op.getInput()), output = shapeOf(op.getOutput());
  auto in = elementsOf(op, operands, input);
  if (!in)
    return in.takeError();
  const int64_t rows = op.getFactors()[0], columns = op.getFactors()[1];
  auto result = allocate(op);
  auto to = result->begin();
  for (int64_t n = 0; n < output[0]; ++n)
    for (int64_t k = 0; k < output[1]; ++k)
      for (int64_t y = 0; y < output[2]; ++y)
        for (int64_t x = 0; x < output[3]; ++x) {
          const int64_t phase = y % rows * columns + x % columns;
          const int64_t channel = op.getInterleaved() ? k * rows * columns + phase : phase * output[1] + k;
          *to++ = (*(*in)[0])[((n * input[1] + channel) * input[2] + y / rows) * input[3] + x / columns];
        }
  return activation(op, result);
}

Expected<Operand> OpEvaluator::plain(Operation *op, ArrayRef<Operand> operands) {
  SmallVector<Shape> shapes = llvm::map_to_vector(op->getOperands(), shapeOf);
  auto in = elementsOf(op, operands, shapes);
  if (!in)
    return in.takeError();
  const Shape &input = shapes[0];
  auto result = allocate(op);
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](AddOp) { add(result->size(), (*in)[0]->data(), (*in)[1]->data(), result->data()); })
      .Case([&](GlobalAvgPoolOp) {
        meanOfPlanes(input[0] * input[1], input[2] * input[3], (*in)[0]->data(), result->data());
      })
      .Case([&](ReluOp) { relu(result->size(), (*in)[0]->data(), result->data()); })
      .Case([&](SoftmaxOp) { softmax(input[0], input[1], (*in)[0]->data(), result->data()); });
  return activation(op, result);
}
