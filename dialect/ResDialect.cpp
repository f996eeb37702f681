//===- ResDialect.cpp - registration of the res dialect ---------*- C++ -*-===//

#include "dialect/Res.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace res;

#include "dialect/ResDialect.cpp.inc"

void ResDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "dialect/ResOps.cpp.inc"
      >();
}

Operation *ResDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  return elements && elements.getType() == type ? ConstantOp::create(builder, loc, elements).getOperation() : nullptr;
}

bool res::isElementwise(Operation *op) { return isa<AddOp, AffineOp, BatchNormOp, BinaryOp, PReluOp, ReluOp, UnaryOp>(op); }

Operation *res::getAnchor(Block &body) {
  for (Operation &op : body.without_terminator())
    if (!isElementwise(&op))
      return &op;
  return &body.front();
}

SmallVector<Operation *> res::getAnchors(Block &body) {
  SmallVector<Operation *> anchors;
  for (Operation &op : body.without_terminator())
    if (!isElementwise(&op))
      anchors.push_back(&op);
  return anchors;
}

Attribute res::getStageSchedule(Attribute schedule, Operation *anchor) {
  auto banded = dyn_cast_or_null<BandedAttr>(schedule);
  if (!banded)
    return schedule;
  SmallVector<Operation *> anchors = getAnchors(*anchor->getBlock());
  const size_t stage = llvm::find(anchors, anchor) - anchors.begin();
  return stage < banded.getStages().size() ? banded.getStages()[stage] : Attribute();
}

DictionaryAttr res::getStageSchedules(DictionaryAttr schedules, Operation *anchor) {
  if (!schedules)
    return schedules;
  NamedAttrList list;
  for (NamedAttribute entry : schedules)
    if (Attribute stage = getStageSchedule(entry.getValue(), anchor))
      list.set(entry.getName(), stage);
  return list.getDictionary(schedules.getContext());
}

bool res::canOverwrite(BlockArgument argument) {
  Block &body = *argument.getOwner();
  Operation *terminator = body.getTerminator();
  if (terminator->getNumOperands() != 1 || terminator->getOperand(0).getType() != argument.getType())
    return false;
  llvm::SmallPtrSet<Value, 4> derived{argument};
  for (Operation &op : body.without_terminator()) {
    if (llvm::none_of(op.getOperands(), [&](Value operand) { return derived.contains(operand); }))
      continue;
    // What is made larger is read again for other elements.
    if (!isElementwise(&op) || op.getResult(0).getType() != argument.getType())
      return false;
    derived.insert(op.result_begin(), op.result_end());
  }
  return true;
}

bool res::isWeightOp(Operation *op) {
  return isa<WeightRefOp, ConstantOp, BatchNormAffineOp, PhaseFilterOp, ScaleChannelsOp, ScaleShiftOp, PackOp>(op);
}

SmallVector<func::FuncOp> res::getPrograms(ModuleOp module) {
  SmallVector<func::FuncOp> programs;
  for (StringRef name : {StringRef("main"), StringRef(kTogetherFunction)})
    if (auto program = module.lookupSymbol<func::FuncOp>(name))
      programs.push_back(program);
  return programs;
}

int64_t res::getImages(func::FuncOp program) {
  auto type = program.getNumArguments() ? dyn_cast<RankedTensorType>(program.getArgumentTypes().front()) : RankedTensorType();
  return type && type.getRank() ? type.getDimSize(0) : 1;
}

// Attributes and types are unique in a context.
static void appendWeightKey(Value weight, std::vector<const void *> &key) {
  Operation *op = weight.getDefiningOp();
  key.push_back(weight.getType().getAsOpaquePointer());
  if (!op) {
    key.push_back(weight.getAsOpaquePointer());
    return;
  }
  key.push_back(op->getName().getAsOpaquePointer());
  key.push_back(op->getAttrDictionary().getAsOpaquePointer());
  key.push_back(reinterpret_cast<const void *>(uintptr_t(cast<OpResult>(weight).getResultNumber())));
  for (Value operand : op->getOperands())
    appendWeightKey(operand, key);
}

std::vector<const void *> res::getWeightKey(Value weight) {
  std::vector<const void *> key;
  appendWeightKey(weight, key);
  return key;
}

int64_t res::getTurns(func::FuncOp main) {
  auto turns = main->getAttrOfType<IntegerAttr>(kTurnsAttr);
  return turns ? std::max<int64_t>(turns.getInt(), 1) : 1;
}

RankedTensorType res::getTypeOfTurns(Type type, int64_t turns) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensor.getShape());
  if (!shape.empty())
    shape[0] *= turns;
  return tensor.clone(shape);
}

SmallVector<int64_t> res::getModelShape(func::FuncOp main, Type type) {
  SmallVector<int64_t> shape(getTypeOfTurns(type, getTurns(main)).getShape());
  if (takesAnyBatch(main) && !shape.empty())
    shape[0] = -1;
  return shape;
}

int64_t res::getBlock(Type type) {
  auto blocked = dyn_cast_or_null<BlockedAttr>(cast<RankedTensorType>(type).getEncoding());
  return blocked ? blocked.getBlock() : 0;
}

int64_t res::getPackedBlocks(DictionaryAttr schedules) {
  int64_t most = 0;
  for (NamedAttribute entry : schedules ? schedules.getValue() : ArrayRef<NamedAttribute>())
    if (auto winograd = dyn_cast<WinogradAttr>(entry.getValue()))
      most = std::max<int64_t>(most, winograd.getBlocks());
  return most;
}

int64_t res::getStorageBytes(RankedTensorType type) {
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  int64_t block = getBlock(type);
  for (auto [axis, size] : llvm::enumerate(type.getShape()))
    bytes *= block && axis == 1 ? llvm::alignTo(size, block) : size;
  return bytes;
}

static void appendNodeNames(Location loc, SmallVector<StringRef> &names) {
  if (auto name = dyn_cast<NameLoc>(loc))
    names.push_back(name.getName().strref());
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      appendNodeNames(part, names);
}

SmallVector<StringRef> res::getNodeNames(Location loc) {
  SmallVector<StringRef> names;
  appendNodeNames(loc, names);
  return names;
}

StringRef res::getNodeName(Location loc) {
  SmallVector<StringRef> names = getNodeNames(loc);
  return names.empty() ? "" : names.front();
}

StringRef res::getResultNodeName(Location loc) {
  SmallVector<StringRef> names = getNodeNames(loc);
  return names.empty() ? "" : names.back();
}
