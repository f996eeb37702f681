//===- ResOps.cpp - verifiers and assembly of res operations ----*- C++ -*-===//

#include "dialect/Res.h"
#include "dialect/ResShapes.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace res;

#define GET_OP_CLASSES
#include "dialect/ResOps.cpp.inc"

static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

/// Fails unless `shape` is what the result has.
static LogicalResult expectShape(Operation *op, FailureOr<Shape> shape) {
  if (failed(shape))
    return failure();
  ArrayRef<int64_t> got = shapeOf(op->getResult(0));
  if (got == ArrayRef<int64_t>(*shape))
    return success();
  InFlightDiagnostic diag = op->emitOpError("expected a result of shape ");
  llvm::interleave(*shape, diag, "x");
  diag << ", got ";
  llvm::interleave(got, diag, "x");
  return diag;
}

static LogicalResult expectVector(Operation *op, Value vector, StringRef what, int64_t size) {
  // Packed vectors are padded to whole blocks.
  int64_t got = shapeOf(vector)[0];
  if (got == size || (got > size && vector.getDefiningOp<PackOp>()) || (got > size && isa<BlockArgument>(vector)))
    return success();
  return op->emitOpError("expected a ") << what << " of " << size << " elements, got " << got;
}

// Factors and strides are below; no product of two of them overflows.
static constexpr int64_t kMostFactor = 65535;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

LogicalResult WeightRefOp::verify() {
  if (int64_t(getOffset()) < 0)
    return emitOpError("expected an offset of at least 0, got ") << int64_t(getOffset());
  return success();
}

LogicalResult ScaleChannelsOp::verify() {
  if (shapeOf(getWeight()).empty())
    return emitOpError("expected a weight of rank 1 or more");
  return expectVector(*this, getScale(), "scale", shapeOf(getWeight())[0]);
}

LogicalResult PhaseFilterOp::verify() {
  ArrayRef<int64_t> weight = shapeOf(getWeight()), result = shapeOf(getResult());
  const int64_t groups = getGroups();
  for (ArrayRef<int64_t> values : {getStrides(), getPads(), getDilations(), getBefore()})
    if (values.size() != 2 || llvm::any_of(values, [](int64_t value) { return value < 0 || value > kMostFactor; }))
      return emitOpError("expected two numbers from 0 to ") << kMostFactor << " of each kind";
  if (llvm::is_contained(getStrides(), 0) || llvm::is_contained(getDilations(), 0))
    return emitOpError("expected strides and dilations of at least 1");
  if (groups < 1 || weight[0] % groups || (groups > 1 && !getInterleaved()))
    return emitOpError("expected groups that divide ") << weight[0] << " channels, interleaved if several, got " << groups;
  return expectShape(*this, Shape{getStrides()[0] * getStrides()[1] * weight[1] * groups, weight[0] / groups, result[2], result[3]});
}

LogicalResult PackOp::verify() {
  return expectShape(*this, inferPack(shapeOf(getWeight()), getPacking(), [&] { return emitOpError(); }));
}

//===----------------------------------------------------------------------===//
// Operations on activations
//===----------------------------------------------------------------------===//

LogicalResult ConvOp::verify() {
  ArrayRef<int64_t> filter = shapeOf(getFilter()), output = shapeOf(getOutput());
  Shape logical(filter);
  if (filter.size() == 7) { // packed for Winograd: [K'][P][P][C/16][16][blocks][16] or [K'][C/16][16][blocks][3][3][16]
    bool taps = filter[4] == 3 && filter[5] == 3;
    if (output[1] > filter[0] * filter[taps ? 3 : 5] * filter[6] ||
        shapeOf(getInput())[1] > (taps ? filter[1] * filter[2] : filter[3] * filter[4]) || getGroups() != 1)
      return emitOpError("expected the packed filter to cover the channels of input and output, in one group");
    logical = {output[1], shapeOf(getInput())[1], 3, 3};
  } else if (filter.size() == 6) { // packed: [K/16][C/inner][R][S][inner][16], so K and C come from the tensors
    if (output[1] > filter[0] * filter[5] || shapeOf(getInput())[1] > filter[1] * filter[4] * int64_t(getGroups()))
      return emitOpError("expected the packed filter to cover the channels of input and output");
    logical = {output[1], shapeOf(getInput())[1] / int64_t(getGroups()), filter[2], filter[3]};
  }
  if (failed(expectShape(*this, inferConv(shapeOf(getInput()), logical, getWindow(), getGroups(),
                                          [&] { return emitOpError(); }))))
    return failure();
  return getBias() ? expectVector(*this, getBias(), "bias", output[1]) : success();
}

LogicalResult MaxPoolOp::verify() {
  return expectShape(*this, inferPool(shapeOf(getInput()), getWindow(), [&] { return emitOpError(); }));
}

LogicalResult AvgPoolOp::verify() {
  return expectShape(*this, inferPool(shapeOf(getInput()), getWindow(), [&] { return emitOpError(); }));
}

LogicalResult GlobalAvgPoolOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput());
  return expectShape(*this, Shape{input[0], input[1], 1, 1});
}

LogicalResult GemmOp::verify() {
  ArrayRef<int64_t> weight = shapeOf(getWeight()), input = shapeOf(getInput()), output = shapeOf(getOutput());
  if (weight.size() == 4) { // packed: [K/(16*blocks)][C][blocks][16]
    if (weight[1] != input[1] || output[0] != input[0] || output[1] > weight[0] * weight[2] * weight[3])
      return emitOpError("expected the packed weight to cover input and output");
  } else if (failed(expectShape(*this, inferGemm(input, weight, getTransposed(), [&] { return emitOpError(); })))) {
    return failure();
  }
  return getBias() ? expectVector(*this, getBias(), "bias", output[1]) : success();
}

LogicalResult LrnOp::verify() {
  if (getSize() < 1 || int64_t(getSize()) > INT32_MAX)
    return emitOpError("expected a size of 1 to ") << INT32_MAX << ", got " << int64_t(getSize());
  // Else the power might be of a negative number.
  if (!(getBias() > APFloat(0.f)) || getAlpha() < APFloat(0.f))
    return emitOpError("expected a bias above 0 and an alpha of at least 0, got ")
           << getBias().convertToFloat() << " and " << getAlpha().convertToFloat();
  return success();
}

LogicalResult ReshapeOp::verify() {
  int64_t from = getInput().getType().getNumElements(), to = getType().getNumElements();
  if (from != to)
    return emitOpError("expected as many elements as the input has, ") << from << ", got " << to;
  return success();
}

LogicalResult RelayoutOp::verify() {
  return expectShape(*this, Shape(shapeOf(getInput())));
}

LogicalResult SliceOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput()), output = shapeOf(getOutput());
  if (output.size() != input.size() || getOffsets().size() != input.size() || getStrides().size() != input.size())
    return emitOpError("expected a result, offsets and strides of the input's rank, ") << input.size();
  for (auto [axis, size] : llvm::enumerate(input)) {
    int64_t first = getOffsets()[axis], last = 0;
    bool overflows = llvm::MulOverflow(output[axis] - 1, getStrides()[axis], last) || llvm::AddOverflow(last, first, last);
    if (getStrides()[axis] == 0 || overflows || std::min(first, last) < 0 || std::max(first, last) >= size)
      return emitOpError("expected elements 0 to ") << size - 1 << " of dimension " << axis << ", got " << output[axis]
                                                    << " from " << first << " by " << getStrides()[axis];
  }
  return success();
}

LogicalResult PadOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput()), output = shapeOf(getOutput());
  if (output.size() != input.size() || getLow().size() != input.size())
    return emitOpError("expected a result and pads of the input's rank, ") << input.size();
  for (int64_t low : getLow())
    if (low < INT32_MIN || low > INT32_MAX)
      return emitOpError("expected pads of 32 bits, got ") << low;
  return success();
}

LogicalResult ConcatOp::verify() {
  SmallVector<ArrayRef<int64_t>> shapes(llvm::map_range(getInputs(), shapeOf));
  return expectShape(*this, inferConcat(shapes, getAxis(), [&] { return emitOpError(); }));
}

/// Positions are computed in 32 bits.
static LogicalResult verifyPositions(ResizeOp op, ArrayRef<int64_t> axis, int64_t count, StringRef name) {
  auto fits = [](int64_t value) { return value >= -INT32_MAX && value <= INT32_MAX; };
  if (axis.size() != 3 || axis[0] < 0 || axis[2] < 1 || !llvm::all_of(axis, fits) || !fits(axis[0] * count) ||
      !fits(axis[0] * count + axis[1]))
    return op.emitOpError("expected '") << name << "' to be a step of at least 0, a first position and a divisor of at least "
                                        << "1, of 32 bits up to the last of " << count << " positions";
  return success();
}

LogicalResult ResizeOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput()), output = shapeOf(getOutput());
  if (failed(verifyPositions(*this, getRows(), output[2], "rows")) ||
      failed(verifyPositions(*this, getColumns(), output[3], "columns")))
    return failure();
  return expectShape(*this, Shape{input[0], input[1], output[2], output[3]});
}

LogicalResult DepthToSpaceOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput()), output = shapeOf(getOutput()), factors = getFactors();
  auto isFactor = [](int64_t factor) { return factor >= 1 && factor <= kMostFactor; };
  if (factors.size() != 2 || !llvm::all_of(factors, isFactor))
    return emitOpError("expected two factors from 1 to ") << kMostFactor;
  if (input[1] % (factors[0] * factors[1]))
    return emitOpError("expected channels that are a multiple of ") << factors[0] * factors[1] << ", got " << input[1];
  Shape shape{input[0], input[1] / (factors[0] * factors[1]), output[2], output[3]};
  for (unsigned axis : {0, 1})
    if (llvm::divideCeil(output[axis + 2], factors[axis]) != uint64_t(input[axis + 2]))
      shape[axis + 2] = input[axis + 2] * factors[axis];
  return expectShape(*this, shape);
}

static LogicalResult verifyChannelVector(Operation *op, Value input, Value vector, StringRef what) {
  if (shapeOf(input).size() < 2)
    return op->emitOpError("expected an input of rank 2 or more");
  return expectVector(op, vector, what, shapeOf(input)[1]);
}

LogicalResult BatchNormOp::verify() {
  for (auto [vector, what] : {std::pair<Value, StringRef>{getGamma(), "gamma"}, {getBeta(), "beta"}, {getMean(), "mean"},
                              {getVariance(), "variance"}})
    if (failed(verifyChannelVector(*this, getInput(), vector, what)))
      return failure();
  return success();
}

LogicalResult AffineOp::verify() { return verifyChannelVector(*this, getInput(), getScale(), "scale"); }

LogicalResult PReluOp::verify() { return verifyChannelVector(*this, getInput(), getSlope(), "slope"); }

LogicalResult BinaryOp::verify() {
  if (std::optional<Shape> shape = inferBinary(shapeOf(getLhs()), shapeOf(getRhs())))
    return expectShape(*this, *shape);
  InFlightDiagnostic diag = emitOpError("expected operands of equal sizes, or of 1 along images, channels, or rows and columns, got ");
  llvm::interleave(shapeOf(getLhs()), diag, "x");
  diag << " and ";
  llvm::interleave(shapeOf(getRhs()), diag, "x");
  return diag;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

YieldOp KernelOp::getYield() { return cast<YieldOp>(getBody().front().getTerminator()); }

Operation *KernelOp::getAnchor() { return res::getAnchor(getBody().front()); }

LogicalResult KernelOp::verify() {
  Block &body = getBody().front();
  if (body.getArgumentTypes() != getInputs().getTypes())
    return emitOpError("expected the arguments of the region to have the types of the inputs");
  if (body.without_terminator().empty())
    return emitOpError("expected at least one operation in the region");
  if (getYield().getValues().getTypes() != getOutputs().getTypes())
    return emitOpError("expected the yielded values to have the types of the results");
  const size_t anchors = getAnchors(body).size();
  DictionaryAttr schedules = getSchedulesAttr();
  auto failAnchors = [&] {
    return emitOpError("expected at most one anchor, got ") << anchors << " without #res.banded schedules";
  };
  if (anchors > 1 && (!schedules || schedules.empty()))
    return failAnchors();
  for (NamedAttribute schedule : schedules ? schedules.getValue() : ArrayRef<NamedAttribute>()) {
    auto banded = dyn_cast<BandedAttr>(schedule.getValue());
    if (anchors > 1 && !banded)
      return failAnchors();
    if (banded && banded.getStages().size() != anchors)
      return emitOpError("expected a stage of #res.banded for each of ") << anchors << " anchors, got "
                                                                         << banded.getStages().size();
  }
  if (std::optional<uint64_t> place = getInPlace(); place && (*place >= body.getNumArguments() || !canOverwrite(body.getArgument(*place))))
    return emitOpError("expected 'in_place' to be an input that only elementwise operations read, of the type of the only "
                       "result, got ")
           << int64_t(*place);
  return success();
}

// res.kernel(%x = %0 : type, …) -> types attributes {…} { … }
ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Type> types;
  SMLoc loc = parser.getCurrentLocation();
  auto parseInput = [&]() -> ParseResult {
    OpAsmParser::Argument &argument = arguments.emplace_back();
    if (parser.parseArgument(argument) || parser.parseEqual() || parser.parseOperand(operands.emplace_back()) ||
        parser.parseColonType(argument.type))
      return failure();
    types.push_back(argument.type);
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseInput) ||
      parser.parseArrowTypeList(result.types) || parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.parseRegion(*result.addRegion(), arguments))
    return failure();
  return parser.resolveOperands(operands, types, loc, result.operands);
}

void KernelOp::print(OpAsmPrinter &printer) {
  printer << "(";
  llvm::interleaveComma(llvm::zip(getBody().getArguments(), getInputs()), printer, [&](auto pair) {
    auto [argument, input] = pair;
    printer << argument << " = " << input << " : " << input.getType();
  });
  printer << ")";
  printer.printArrowTypeList(getOutputs().getTypes());
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs());
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult CallOp::verify() {
  if (getOffsets() && getOffsets()->size() != getOutputs().size())
    return emitOpError("expected an offset for each of ") << getOutputs().size() << " results, got "
                                                           << getOffsets()->size();
  if (std::optional<uint64_t> place = getInPlace();
      place && (*place >= getInputs().size() || getNumResults() != 1 || getInputs()[*place].getType() != getResult(0).getType()))
    return emitOpError("expected an input of the only result's type to be overwritten, got ") << int64_t(*place);
  return success();
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto callee = tables.lookupNearestSymbolFrom<func::FuncOp>(*this, getCalleeAttr());
  if (!callee)
    return emitOpError("expected a function of the module, got '") << getCallee() << "'";
  if (TypeRange(callee.getFunctionType().getInputs()) != TypeRange(getInputs()) ||
      TypeRange(callee.getFunctionType().getResults()) != TypeRange(getOutputs()))
    return emitOpError("expected the types of '") << getCallee() << "', " << callee.getFunctionType();
  if (callee->getAttr(kInPlaceAttr) != getInPlaceAttr())
    return emitOpError("expected to overwrite the input that '") << getCallee() << "' overwrites, if any";
  return success();
}
