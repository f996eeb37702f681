//===- KernelEmitter.cpp - kernels to machine code --------------*- C++ -*-===//
//
// Walks the region of a kernel, builds the algorithm of each operation, applies the schedule and lets Halide compile.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/KernelEmitter.h"
#include "compiler/codegen/EmitElementwise.h"
#include "compiler/codegen/HalideCompile.h"
#include "compiler/codegen/KernelTypes.h"
#include "compiler/lowering/Passes.h"
#include "compiler/lowering/Scratch.h"
#include "dialect/ResShapes.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace res;
using Halide::Expr;
using Halide::Func;
using Halide::ImageParam;

namespace {

/// An anchor with what its algorithm and schedule need. Kernels have one, or several with #res.banded.
struct Stage {
  Operation *anchor;
  Attribute schedule;
  std::string name;
  DirectSchedule direct{};
  WinogradSchedule winogradSchedule{};
  ConvFuncs conv;
  WinogradFuncs winograd;
  DenseFuncs dense;
  MapFuncs map;
  PrefetchPlan prefetches;
  Func result; // of an inner stage, with its epilogue; of the last one the kernel's
};

class KernelEmitter {
public:
  KernelEmitter(func::FuncOp kernel, const TargetModel &target, llvm::StringRef name)
      : kernel(kernel), target(target), name(name.str()) {}

  llvm::Error emit(const KernelFiles &files);

private:
  llvm::Error defineParameters();
  llvm::Error defineStages(Attribute schedule);
  llvm::Error define(Operation *op);
  llvm::Error defineAnchor(Stage &stage);
  llvm::Expected<Reader> defineConvolution(Stage &stage, ConvOp op, Reader input);
  void storeResult(Stage &stage, Value value);
  llvm::Error defineOutput(func::ReturnOp op);
  std::string scheduleStage(Stage &stage, const StageLoops &loops);
  std::string schedule();

  Reader vectorReader(Value vector) {
    if (!vector)
      return {};
    return [param = params.lookup(vector)](const Point &p) -> Expr {
      // Written as lane + block, so that 16 lanes are one aligned vector.
      return param(p.c);
    };
  }
  /// An operation on a tensor of another rank than code is generated for.
  llvm::Error failRank(Operation *op, Value value) {
    const std::string node = getNodeName(op->getLoc()).str();
    return fail((node.empty() ? "" : "node '" + node + "': ") + "expected tensors of rank 2 or 4, got rank " +
                llvm::Twine(typeOf(value).getRank()));
  }
  llvm::Error fail(const llvm::Twine &message) { return llvm::createStringError("kernel '" + name + "': " + message); }

  func::FuncOp kernel;
  const TargetModel &target;
  std::string name;
  KernelVars vars;
  std::vector<Stage> stages;
  BandedAttr banded; // null where there is one stage
  bool flat = false;
  Func output;
  BlockArgument overwritten; // by the output, or null
  llvm::DenseMap<Value, ImageParam> params;
  std::vector<ImageParam> arguments;
  std::set<std::string> permuted; // buffers whose blocks a grouped convolution permutes
  llvm::DenseMap<Value, Reader> readers;
};

} // namespace

/// Whether an argument is an activation: what is read first, or, by operations on equals, in another place.
static bool isTensor(BlockArgument argument) {
  return llvm::any_of(argument.getUses(), [](OpOperand &use) {
    return use.getOperandNumber() == 0 || isa<AddOp, BinaryOp, ConcatOp>(use.getOwner());
  });
}

llvm::Error KernelEmitter::defineParameters() {
  output = Func(name + "_out");
  if (auto place = kernel->getAttrOfType<IntegerAttr>(kInPlaceAttr)) {
    if (place.getInt() < 0 || place.getInt() >= int64_t(kernel.getNumArguments()) ||
        !canOverwrite(kernel.getArgument(place.getInt())) || !isa<ConvOp>(stages.back().anchor) ||
        !getBlock(kernel.getArgument(place.getInt()).getType()))
      return fail("expected to overwrite only a blocked map that a convolution's epilogue reads");
    overwritten = kernel.getArgument(place.getInt());
    // What the output holds before it is defined; the definition that follows reads it at the point that it stores to.
    output(vars.ci, vars.x, vars.y, vars.co, vars.n) = Halide::undef<float>();
    readers[overwritten] = [out = output](const Point &p) -> Expr { return out(p.ci, p.x, p.y, p.co, p.n); };
  }
  for (BlockArgument argument : kernel.getArguments()) {
    if (argument == overwritten)
      continue;
    RankedTensorType type = typeOf(argument);
    const bool isMatrix = type.getRank() != 4 && isTensor(argument);
    std::vector<int> extents = isMatrix ? matrixOf(type) : extentsOf(type, flat);
    ImageParam param(Halide::Float(32), int(extents.size()), "arg" + std::to_string(argument.getArgNumber()));
    fixShape(param, extents);
    // Blocked maps and packed weights lie at cache lines; inputs of the model wherever the caller has them.
    bool weight = llvm::any_of(argument.getUses(), [](OpOperand &use) {
      return use.getOperandNumber() > 0 && !isa<AddOp, BinaryOp, ConcatOp>(use.getOwner());
    });
    bool ours = getBlock(type) || weight;
    param.set_host_alignment(ours ? 64 : 4);
    params[argument] = param;
    arguments.push_back(param);
    if (isMatrix || type.getRank() == 4)
      readers[argument] = readTensor(param, sizeOf(argument), flat);
  }
  return llvm::Error::success();
}

llvm::Expected<Reader> KernelEmitter::defineConvolution(Stage &stage, ConvOp op, Reader input) {
  TensorSize from = sizeOf(op.getInput()), to = sizeOf(op.getOutput());
  RankedTensorType filter = typeOf(op.getFilter());
  Window2 window = windowOf(op.getWindow());
  if (auto attr = dyn_cast<WinogradAttr>(stage.schedule)) {
    WinogradSchedule s = stage.winogradSchedule = readSchedule(attr, filter);
    if (op.getGroups() != 1 || window.height != 3 || window.width != 3 || window.strideX != 1 || window.strideY != 1 ||
        window.dilationX != 1 || window.dilationY != 1 || !from.blocked || !to.blocked)
      return fail("expected #res.winograd only for 3x3 convolutions of blocked maps with stride 1, in one group");
    if (std::string misfit = checkWinograd(s, to.n, to.h, to.w, from.blocks(), to.blocks()); !misfit.empty())
      return fail(misfit);
    Attribute packing = s.readsTaps() ? Attribute(PackTapsAttr::get(op.getContext(), kBlock, s.group))
                                      : PackWinogradAttr::get(op.getContext(), kBlock, s.group, s.tile);
    FailureOr<Shape> packed = inferPack({to.c, from.c, 3, 3}, packing, [&] { return op.emitError(); });
    if (failed(packed) || filter.getShape() != ArrayRef<int64_t>(*packed))
      return fail("expected a filter packed as the schedule says");
    WinogradAlgorithm algorithm = defineWinograd(stage.name, vars, input, from, params.lookup(op.getFilter()),
                                                 vectorReader(op.getBias()), to, window, s);
    stage.winograd = algorithm.funcs;
    // Half of the first cache ahead: 256@14 took 1.07 of the time with a quarter, and 1.09 with all of it (Zen 5).
    stage.prefetches.weights = params.lookup(op.getFilter()).name();
    stage.prefetches.distance = target.l1Bytes / 2 / int64_t(sizeof(float));
    if (s.weights == WinogradWeights::panels)
      stage.prefetches.through = stage.name + "_filter";
    return algorithm.value;
  }
  if (filter.getRank() != 6)
    return fail("expected a packed filter");
  if (isa<GroupedAttr>(stage.schedule)) {
    const int64_t inputs = from.c / op.getGroups(), outputs = to.c / op.getGroups();
    if (laneGroups(op.getGroups(), inputs, outputs) == GroupLanes::none || filter.getDimSize(4) != inputs || !from.blocked ||
        !to.blocked)
      return fail("expected #res.grouped only for blocked maps whose groups share blocks of channels");
    // What the input is made of, beside maps that elementwise operations read.
    for (BlockArgument argument : kernel.getArguments())
      if (params.count(argument) && (getBlock(typeOf(argument)) || typeOf(argument).getRank() == 1))
        permuted.insert(params.lookup(argument).name());
    if (&stage != &stages.front())
      permuted.insert(std::prev(&stage)->result.name());
    ConvAlgorithm algorithm = defineGrouped(stage.name, vars, input, from, params.lookup(op.getFilter()),
                                            vectorReader(op.getBias()), to, window, op.getGroups(), target.vectorFloats);
    stage.conv = algorithm.funcs;
    return algorithm.value;
  }
  stage.prefetches.weights = params.lookup(op.getFilter()).name();
  // What the tiles of a group read again: the whole weights of the group, or a chunk.
  if (stage.direct.order == LoopOrder::channels && window.height * window.width > 1)
    stage.prefetches.distance = 0;
  // Other inputs are staged, or read again for the next tap.
  if (window.height * window.width == 1 && params.count(op.getInput()))
    stage.prefetches.input = params.lookup(op.getInput()).name();
  auto isAddend = [](BlockArgument argument) {
    return llvm::all_of(argument.getUsers(), [](Operation *user) { return isElementwise(user); });
  };
  const bool isLast = &stage == &stages.back();
  for (BlockArgument argument : kernel.getArguments())
    if (isLast && argument != op.getInput() && typeOf(argument) == typeOf(op.getOutput()) && getBlock(typeOf(argument)) &&
        (!banded || isAddend(argument)))
      stage.prefetches.operands.push_back(argument == overwritten ? output.name() : params.lookup(argument).name());
  ConvAlgorithm algorithm = defineConv(stage.name, vars, input, from, params.lookup(op.getFilter()), filter.getDimSize(4),
                                       vectorReader(op.getBias()), to, window, op.getGroups(), flat, stage.direct);
  stage.conv = algorithm.funcs;
  return algorithm.value;
}

llvm::Error KernelEmitter::defineAnchor(Stage &stage) {
  Operation *op = stage.anchor;
  Value input = op->getOperand(0), output = op->getResult(0);
  for (Value value : {input, output})
    if (typeOf(value).getRank() != 4 && typeOf(value).getRank() != 2 && !isa<ReshapeOp, RelayoutOp>(op))
      return failRank(op, value);
  TensorSize from = sizeOf(input), to = sizeOf(output);
  Reader read = readers.lookup(input), value;
  if (auto c = dyn_cast<ConvOp>(op)) {
    llvm::Expected<Reader> reader = defineConvolution(stage, c, read);
    if (!reader)
      return reader.takeError();
    value = *reader;
  } else if (auto g = dyn_cast<GemmOp>(op)) {
    if (typeOf(g.getWeight()).getRank() != 4)
      return fail("expected a packed weight");
    DenseAlgorithm algorithm = defineDense(stage.name, vars, read, from, params.lookup(g.getWeight()), vectorReader(g.getBias()),
                                           to.c, typeOf(g.getWeight()).getDimSize(2));
    stage.dense = algorithm.funcs;
    stage.prefetches.weights = params.lookup(g.getWeight()).name();
    // With two threads 8% more of the memory's bandwidth (4096x25088, Zen 5), with one the same.
    stage.prefetches.distance = target.l1Bytes / 2 / int64_t(sizeof(float));
    value = algorithm.value;
  } else if (auto p = dyn_cast<MaxPoolOp>(op)) {
    value = defineMaxPool(stage.name, vars, read, from, windowOf(p.getWindow()), stage.map.parts);
  } else if (auto p = dyn_cast<AvgPoolOp>(op)) {
    value = defineAvgPool(stage.name, vars, read, from, windowOf(p.getWindow()), p.getCountIncludePad(), stage.map.parts);
  } else if (isa<GlobalAvgPoolOp>(op)) {
    value = defineGlobalAvgPool(stage.name, vars, read, from, stage.map.parts);
  } else if (isa<SoftmaxOp>(op)) {
    value = defineSoftmax(stage.name, vars, read, from, stage.map.parts);
  } else if (auto l = dyn_cast<LrnOp>(op)) {
    auto number = [](const llvm::APFloat &f) { return double(f.convertToFloat()); };
    const ResponseNorm norm{int64_t(l.getSize()), number(l.getAlpha()), number(l.getBeta()), number(l.getBias())};
    value = defineLrn(stage.name, vars, read, from, norm, stage.map);
  } else if (isa<ReshapeOp>(op)) {
    value = defineReshape(read, from, to);
  } else if (isa<SliceOp, PadOp>(op)) {
    value = defineSelection(read, from, to, selectionOf(op));
  } else if (auto c = dyn_cast<ConcatOp>(op)) {
    std::vector<Reader> inputs;
    std::vector<TensorSize> sizes;
    for (Value part : c.getInputs()) {
      inputs.push_back(readers.lookup(part));
      sizes.push_back(sizeOf(part));
    }
    value = defineConcat(stage.name, vars, inputs, sizes, to, c.getAxis(), stage.map);
  } else if (auto r = dyn_cast<ResizeOp>(op)) {
    auto positions = [](ArrayRef<int64_t> axis) { return Positions{axis[0], axis[1], axis[2]}; };
    value = defineResize(read, from, to, positions(r.getRows()), positions(r.getColumns()), r.getLinear());
  } else if (auto d = dyn_cast<DepthToSpaceOp>(op)) {
    value = defineDepthToSpace(read, from, to, d.getFactors()[0], d.getFactors()[1], d.getInterleaved());
  } else if (isa<RelayoutOp>(op)) {
    value = read;
  } else {
    return fail("no code for '" + op->getName().getStringRef() + "'");
  }
  readers[output] = value;
  return llvm::Error::success();
}

llvm::Error KernelEmitter::define(Operation *op) {
  if (!isElementwise(op)) {
    auto stage = llvm::find_if(stages, [&](const Stage &s) { return s.anchor == op; });
    if (stage != stages.begin())
      storeResult(*std::prev(stage), op->getOperand(0));
    return defineAnchor(*stage);
  }
  if (isa<AffineOp, PReluOp>(op) && typeOf(op->getResult(0)).getRank() != 4 && typeOf(op->getResult(0)).getRank() != 2)
    return failRank(op, op->getResult(0));
  Reader value = defineElementwise(
      op, [&](Value operand) { return readers.lookup(operand); }, [&](Value vector) { return vectorReader(vector); });
  if (!value)
    return fail("no code for '" + op->getName().getStringRef() + "'");
  // What is read more than once at a point is one expression, and copies of the reader share what they read: both would
  // grow with powers of a chain's length.
  struct Known {
    Reader value;
    Point point;
    Expr expression;
  };
  readers[op->getResult(0)] = [known = std::make_shared<Known>(Known{value, {}, {}})](const Point &p) {
    if (!known->expression.defined() || !known->point.isSameAs(p))
      known->point = p, known->expression = known->value(p);
    return known->expression;
  };
  return llvm::Error::success();
}

/// The value that the next stage reads becomes a Func of its own.
void KernelEmitter::storeResult(Stage &stage, Value value) {
  const KernelVars &v = vars;
  const TensorSize size = sizeOf(value);
  stage.result = Func(stage.name + "_rows");
  stage.result(v.ci, v.x, v.y, v.co, v.n) = readers.lookup(value)(Point::blocked(v.ci, v.x, v.y, v.co, v.n));
  stage.result.bound(v.ci, 0, int(kBlock)).bound(v.x, 0, int(size.w)).bound(v.co, 0, int(size.blocks()));
  stage.conv.output = stage.winograd.output = stage.map.output = stage.result;
  readers[value] = [rows = stage.result](const Point &p) -> Expr { return rows(p.ci, p.x, p.y, p.co, p.n); };
}

/// The stored Func: a tuple when the kernel has several results, which then share their type.
llvm::Error KernelEmitter::defineOutput(func::ReturnOp op) {
  RankedTensorType type = typeOf(op.getOperand(0));
  TensorSize size = sizeOf(op.getOperand(0));
  KernelVars &v = vars;
  Stage &stage = stages.back();
  MapFuncs &map = stage.map;
  std::vector<Halide::Var> order;
  Point point;
  if (size.blocked) {
    order = {v.ci, v.x, v.y, v.co, v.n};
    point = Point::blocked(v.ci, v.x, v.y, v.co, v.n);
    map.layout = MapFuncs::Layout::blocked;
  } else if (size.map) {
    order = {v.x, v.y, v.c, v.n};
    point = Point::plain(v.x, v.y, v.c, v.n);
    map.layout = MapFuncs::Layout::rowMajorMap;
  } else {
    order = {v.c, v.n};
    point = Point::plain(0, 0, v.c, v.n);
    map.layout = MapFuncs::Layout::matrix;
  }
  std::vector<Expr> values;
  for (Value value : op.getOperands()) {
    if (value.getType() != type)
      return fail("expected results of one type");
    values.push_back(readers.lookup(value)(point));
  }
  if (values.size() == 1)
    output(order) = values[0];
  else
    output(order) = Halide::Tuple(values);
  std::vector<int> extents = size.map ? extentsOf(type, flat) : matrixOf(type);
  for (size_t i = 0; i < order.size(); ++i)
    output.bound(order[i], 0, extents[i]);
  for (Halide::OutputImageParam buffer : output.output_buffers()) {
    fixShape(buffer, extents);
    buffer.set_host_alignment(size.blocked ? 64 : 4);
  }
  stage.result = stage.conv.output = stage.winograd.output = stage.dense.output = map.output = output;
  map.width = flat ? size.w * size.h : size.w;
  map.height = flat ? 1 : size.h;
  return llvm::Error::success();
}

/// Applies the schedule of a stage; returns what does not fit, or "".
std::string KernelEmitter::scheduleStage(Stage &stage, const StageLoops &loops) {
  Operation *op = stage.anchor;
  if (isa<DirectAttr>(stage.schedule) && isa<ConvOp>(op))
    return scheduleDirect(stage.conv, vars, stage.direct, target, loops);
  if (auto attr = dyn_cast<GroupedAttr>(stage.schedule); attr && isa<ConvOp>(op))
    return scheduleGrouped(stage.conv, vars, readSchedule(attr), target, loops);
  if (isa<WinogradAttr>(stage.schedule) && isa<ConvOp>(op))
    return scheduleWinograd(stage.winograd, vars, stage.winogradSchedule, target, loops);
  if (auto attr = dyn_cast<DenseAttr>(stage.schedule); attr && isa<GemmOp>(op) && loops.isAlone()) {
    if (typeOf(cast<GemmOp>(op).getWeight()).getDimSize(2) != int64_t(attr.getBlocks()))
      return "expected blocks as in the packed weight";
    return scheduleDense(stage.dense, vars, {int64_t(attr.getBlocks()), int64_t(attr.getUnroll()), 0});
  }
  const bool mayBeStage = isa<MaxPoolOp, AvgPoolOp>(op) || loops.isAlone();
  if (auto attr = dyn_cast<MapAttr>(stage.schedule); attr && !isa<ConvOp, GemmOp>(op) && mayBeStage)
    return stage.map.line.defined() ? scheduleLines(stage.map, vars, {int64_t(attr.getPixels()), int64_t(attr.getRows()), 0}) : scheduleMap(stage.map, vars, {int64_t(attr.getPixels()), int64_t(attr.getRows()), 0}, loops);
  std::string text;
  llvm::raw_string_ostream(text) << "expected a schedule for '" << op->getName() << "', got " << stage.schedule;
  return text;
}

std::string KernelEmitter::schedule() {
  if (!banded)
    return scheduleStage(stages.front(), {});
  SmallVector<BandStage> bands = getBandStages(kernel.getBody().front(), banded);
  if (std::string misfit = checkBands(bands, banded.getRows(), banded.getStep(), banded.getSerial()); !misfit.empty())
    return misfit;
  SmallVector<BandRows> rows = rowsOfBands(bands, banded.getSerial() ? banded.getRows() : banded.getStep());
  StageLoops loops;
  loops.rows = banded.getRows(), loops.step = banded.getStep(), loops.serial = banded.getSerial();
  for (auto [index, stage] : llvm::enumerate(stages)) {
    const BandRows kept = rows[index];
    const bool isLast = &stage == &stages.back();
    loops.part = isLast ? StageLoops::Part::last : StageLoops::Part::inner;
    if (std::string misfit = scheduleStage(stage, loops); !misfit.empty())
      return misfit;
    Func output = stages.back().result;
    if (!isLast)
      placeStage(stage.result, stage.conv.staged, (kept.kept - 1) * bands[index].stride + bands[index].span, kept, output,
                 vars, loops);
    else if (stage.conv.staged.defined())
      stage.conv.staged.compute_at(output, loops.at);
  }
  return "";
}

/// The anchors and their schedules, as far as they can be checked alone.
llvm::Error KernelEmitter::defineStages(Attribute schedule) {
  banded = dyn_cast<BandedAttr>(schedule);
  SmallVector<Operation *> anchors = getAnchors(kernel.getBody().front());
  if (anchors.empty())
    anchors.push_back(getAnchor(kernel.getBody().front()));
  if (banded ? banded.getStages().size() != anchors.size() || anchors.size() < 2 : anchors.size() != 1)
    return fail("expected #res.banded for several anchors, with a stage for each");
  for (auto [index, anchor] : llvm::enumerate(anchors)) {
    if (index > 0 && (typeOf(anchor->getOperand(0)).getRank() != 4 || !getBlock(typeOf(anchor->getOperand(0))) ||
                      isa<BlockArgument>(anchor->getOperand(0))))
      return fail("expected every stage but the first to read a blocked map of the stage before it");
    Stage &stage = stages.emplace_back();
    stage.anchor = anchor, stage.schedule = getStageSchedule(schedule, anchor);
    stage.name = index ? name + "_s" + std::to_string(index) : name;
    auto conv = dyn_cast<ConvOp>(anchor);
    auto attr = dyn_cast<DirectAttr>(stage.schedule);
    if (!attr)
      continue;
    const DirectSchedule direct = stage.direct = readSchedule(attr);
    flat = direct.flat;
    if (direct.blocks < 1 || direct.pixels < 1)
      return fail("expected blocks and pixels of at least 1, got " + llvm::Twine(direct.blocks) + " and " +
                  llvm::Twine(direct.pixels));
    if (!conv)
      continue;
    const Window2 w = windowOf(conv.getWindow());
    if (flat && (banded || w.height != 1 || w.width != 1 || w.strideX != 1 || w.strideY != 1 || w.padded() ||
                 !getBlock(typeOf(conv.getInput()))))
      return fail("expected flat only for 1x1 convolutions of blocked maps with stride 1 and without pads");
    auto filter = typeOf(conv.getFilter());
    if (direct.chunk && (direct.chunk < 0 || filter.getRank() != 6 || filter.getDimSize(1) % direct.chunk))
      return fail("expected a chunk that divides the blocks of input channels, got " + llvm::Twine(direct.chunk));
  }
  return llvm::Error::success();
}

llvm::Error KernelEmitter::emit(const KernelFiles &files) {
  auto schedules = kernel->getAttrOfType<DictionaryAttr>(kSchedulesAttr);
  Attribute scheduleAttr = schedules ? schedules.get(target.name) : Attribute();
  if (!scheduleAttr)
    return fail("no schedule for " + target.name);
  if (llvm::Error problem = defineStages(scheduleAttr))
    return problem;
  std::string error = catchHalide([&]() -> std::string {
    llvm::Error problem = defineParameters();
    for (Operation &op : kernel.getBody().front().without_terminator())
      if (!problem)
        problem = define(&op);
    if (!problem)
      problem = defineOutput(cast<func::ReturnOp>(kernel.getBody().front().getTerminator()));
    if (problem)
      return llvm::toString(std::move(problem));
    if (std::string misfit = schedule(); !misfit.empty())
      return "kernel '" + name + "': " + misfit;
    auto scratch = kernel->getAttrOfType<DenseI64ArrayAttr>(kScratchAttr);
    if (!scratch || scratch.size() != 2)
      return "kernel '" + name + "': expected two sizes in " + kScratchAttr.str();
    std::vector<PrefetchPlan> prefetches;
    for (Stage &stage : stages) {
      // Weights of stages pass again and again through the core's cache, and are there.
      if (banded)
        stage.prefetches.distance = std::nullopt, stage.prefetches.through = "";
      prefetches.push_back(stage.prefetches);
    }
    return compileKernel(stages.back().result, arguments, name, target, {scratch[0], scratch[1]}, prefetches, permuted,
                         files);
  });
  return error.empty() ? llvm::Error::success() : llvm::createStringError(error);
}

llvm::Error res::emitKernel(func::FuncOp kernel, const TargetModel &target, llvm::StringRef symbol,
                            const KernelFiles &files) {
  return KernelEmitter(kernel, target, symbol).emit(files);
}
