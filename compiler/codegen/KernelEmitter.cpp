//===- KernelEmitter.cpp - kernels to machine code --------------*- C++ -*-===//
//
// Walks the region of a kernel, builds the algorithm of each operation, applies the schedule and lets Halide compile.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/KernelEmitter.h"
#include "compiler/codegen/Algorithm.h"
#include "compiler/codegen/HalideCompile.h"
#include "compiler/lowering/Passes.h"
#include "dialect/ResShapes.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace res;
using Halide::Expr;
using Halide::Func;
using Halide::ImageParam;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static TensorSize sizeOf(Value value) {
  RankedTensorType type = typeOf(value);
  TensorSize size;
  size.n = type.getDimSize(0), size.c = type.getDimSize(1);
  size.map = type.getRank() == 4;
  if (size.map)
    size.h = type.getDimSize(2), size.w = type.getDimSize(3);
  size.blocked = getBlock(type) != 0;
  return size;
}

static Window2 windowOf(WindowAttr w) {
  ArrayRef<int64_t> kernel = w.getKernel(), strides = w.getStrides(), dilations = w.getDilations();
  return {kernel[0],         kernel[1],       strides[0],      strides[1],   w.getPadBegin(0),
          w.getPadBegin(1),  w.getPadEnd(0),  w.getPadEnd(1),  dilations[0], dilations[1]};
}

/// What res.slice and res.pad select; tensors of rank 2 have the first two dimensions.
static Selection selectionOf(Operation *op) {
  Selection selection;
  if (auto slice = dyn_cast<SliceOp>(op)) {
    llvm::copy(slice.getOffsets(), selection.first);
    llvm::copy(slice.getStrides(), selection.step);
  } else {
    auto pad = cast<PadOp>(op);
    llvm::transform(pad.getLow(), selection.first, [](int64_t low) { return -low; });
    selection.fill = pad.getValue().convertToFloat();
  }
  return selection;
}

/// Extents of a tensor in memory, innermost first.
static std::vector<int> extentsOf(RankedTensorType type, bool flat) {
  ArrayRef<int64_t> shape = type.getShape();
  if (int64_t block = getBlock(type)) {
    int height = int(shape[2]), width = int(shape[3]);
    if (flat)
      width *= height, height = 1;
    return {int(block), width, height, int((shape[1] + block - 1) / block), int(shape[0])};
  }
  return std::vector<int>(shape.rbegin(), shape.rend());
}

static DirectSchedule read(DirectAttr attr) {
  DirectSchedule s{};
  s.blocks = attr.getBlocks(), s.pixels = attr.getPixels(), s.unroll = attr.getUnroll();
  s.order = attr.getOrder() == Order::channels ? LoopOrder::channels : LoopOrder::space;
  s.flat = attr.getFlat(), s.rows = attr.getRows(), s.chunk = attr.getChunk();
  s.staging = attr.getStaging() == Staging::none    ? StagingKind::none
              : attr.getStaging() == Staging::whole ? StagingKind::whole
                                                    : StagingKind::rows;
  return s;
}

/// The group of blocks is the packed filter's: it may be that of another target's schedule.
static WinogradSchedule read(WinogradAttr attr, RankedTensorType filter) {
  WinogradSchedule s{};
  s.tile = attr.getTile(), s.blocks = attr.getBlocks(), s.columns = attr.getColumns(), s.rows = attr.getRows();
  s.macroColumns = attr.getMacroColumns(), s.macroRows = attr.getMacroRows();
  s.chunk = attr.getChunk(), s.unroll = attr.getUnroll();
  s.weights = attr.getWeights() == TransformedWeights::stored      ? WinogradWeights::stored
              : attr.getWeights() == TransformedWeights::registers ? WinogradWeights::registers
                                                                   : WinogradWeights::panels;
  const int64_t place = s.readsTaps() ? 3 : 5;
  s.group = filter.getRank() == 7 ? filter.getDimSize(place) : s.blocks;
  return s;
}

namespace {

class KernelEmitter {
public:
  KernelEmitter(func::FuncOp kernel, const TargetModel &target, llvm::StringRef name)
      : kernel(kernel), target(target), name(name.str()) {}

  llvm::Error emit(const KernelFiles &files);

private:
  llvm::Error defineParameters();
  llvm::Error define(Operation *op);
  llvm::Error defineAnchor(Operation *op);
  llvm::Expected<Reader> defineConvolution(ConvOp op, Reader input);
  llvm::Error defineOutput(func::ReturnOp op);
  std::string schedule();

  Operation *anchor() { return getAnchor(kernel.getBody().front()); }
  Reader vectorReader(Value vector) {
    if (!vector)
      return {};
    return [param = params.lookup(vector)](const Point &p) -> Expr {
      // Written as lane + block, so that 16 lanes are one aligned vector.
      return param(p.c);
    };
  }
  llvm::Error fail(const llvm::Twine &message) { return llvm::createStringError("kernel '" + name + "': " + message); }

  func::FuncOp kernel;
  const TargetModel &target;
  std::string name;
  KernelVars vars;
  Attribute scheduleAttr;
  bool flat = false;
  DirectSchedule direct{};
  WinogradSchedule winogradSchedule{};
  llvm::DenseMap<Value, ImageParam> params;
  std::vector<ImageParam> arguments;
  llvm::DenseMap<Value, Reader> readers;
  ConvFuncs conv;
  WinogradFuncs winograd;
  DenseFuncs dense;
  MapFuncs map;
  PrefetchPlan prefetches;
};

} // namespace

llvm::Error KernelEmitter::defineParameters() {
  for (BlockArgument argument : kernel.getArguments()) {
    RankedTensorType type = typeOf(argument);
    std::vector<int> extents = extentsOf(type, flat);
    ImageParam param(Halide::Float(32), int(extents.size()), "arg" + std::to_string(argument.getArgNumber()));
    fixShape(param, extents);
    // Blocked maps and packed weights lie at cache lines; inputs of the model wherever the caller has them.
    bool weight = llvm::any_of(argument.getUses(), [](OpOperand &use) {
      return use.getOperandNumber() > 0 && !isa<AddOp>(use.getOwner());
    });
    bool ours = getBlock(type) || weight;
    param.set_host_alignment(ours ? 64 : 4);
    params[argument] = param;
    arguments.push_back(param);
    if (type.getRank() == 4 || type.getRank() == 2)
      readers[argument] = readTensor(param, sizeOf(argument), flat);
  }
  return llvm::Error::success();
}

llvm::Expected<Reader> KernelEmitter::defineConvolution(ConvOp op, Reader input) {
  TensorSize from = sizeOf(op.getInput()), to = sizeOf(op.getOutput());
  RankedTensorType filter = typeOf(op.getFilter());
  Window2 window = windowOf(op.getWindow());
  if (auto attr = dyn_cast<WinogradAttr>(scheduleAttr)) {
    WinogradSchedule s = winogradSchedule = read(attr, filter);
    if (op.getGroups() != 1 || window.height != 3 || window.width != 3 || window.strideX != 1 || window.strideY != 1 ||
        window.dilationX != 1 || window.dilationY != 1 || !from.blocked || !to.blocked)
      return fail("expected #res.winograd only for 3x3 convolutions of blocked maps with stride 1, in one group");
    if (std::string misfit = checkWinograd(s, to.h, to.w, from.blocks(), to.blocks()); !misfit.empty())
      return fail(misfit);
    Attribute packing = s.readsTaps() ? Attribute(PackTapsAttr::get(op.getContext(), kBlock, s.group))
                                      : PackWinogradAttr::get(op.getContext(), kBlock, s.group, s.tile);
    FailureOr<Shape> packed = inferPack({to.c, from.c, 3, 3}, packing, [&] { return op.emitError(); });
    if (failed(packed) || filter.getShape() != ArrayRef<int64_t>(*packed))
      return fail("expected a filter packed as the schedule says");
    WinogradAlgorithm algorithm = defineWinograd(name, vars, input, from, params.lookup(op.getFilter()),
                                                 vectorReader(op.getBias()), to, window, s);
    winograd = algorithm.funcs;
    // Half of the first cache ahead: 256@14 took 1.07 of the time with a quarter, and 1.09 with all of it (Zen 5).
    prefetches.weights = params.lookup(op.getFilter()).name();
    prefetches.distance = target.l1Bytes / 2 / int64_t(sizeof(float));
    if (s.weights == WinogradWeights::panels)
      prefetches.through = name + "_filter";
    return algorithm.value;
  }
  if (filter.getRank() != 6)
    return fail("expected a packed filter");
  prefetches.weights = params.lookup(op.getFilter()).name();
  // What the tiles of a group read again: the whole weights of the group, or a chunk.
  if (direct.order == LoopOrder::channels && window.height * window.width > 1)
    prefetches.distance = 0;
  // Other inputs are staged, or read again for the next tap.
  if (window.height * window.width == 1 && params.count(op.getInput()))
    prefetches.input = params.lookup(op.getInput()).name();
  for (BlockArgument argument : kernel.getArguments())
    if (argument != op.getInput() && typeOf(argument).getRank() == 4 && getBlock(typeOf(argument)))
      prefetches.operands.push_back(params.lookup(argument).name());
  ConvAlgorithm algorithm = defineConv(name, vars, input, from, params.lookup(op.getFilter()), filter.getDimSize(4),
                                       vectorReader(op.getBias()), to, window, op.getGroups(), flat, direct);
  conv = algorithm.funcs;
  return algorithm.value;
}

llvm::Error KernelEmitter::defineAnchor(Operation *op) {
  Value input = op->getOperand(0), output = op->getResult(0);
  for (Value value : {input, output})
    if (typeOf(value).getRank() != 4 && typeOf(value).getRank() != 2)
      return fail("expected tensors of rank 2 or 4, got rank " + llvm::Twine(typeOf(value).getRank()));
  TensorSize from = sizeOf(input), to = sizeOf(output);
  Reader read = readers.lookup(input), value;
  if (auto c = dyn_cast<ConvOp>(op)) {
    llvm::Expected<Reader> reader = defineConvolution(c, read);
    if (!reader)
      return reader.takeError();
    value = *reader;
  } else if (auto g = dyn_cast<GemmOp>(op)) {
    if (typeOf(g.getWeight()).getRank() != 4)
      return fail("expected a packed weight");
    DenseAlgorithm algorithm = defineDense(name, vars, read, from, params.lookup(g.getWeight()), vectorReader(g.getBias()),
                                           to.c, typeOf(g.getWeight()).getDimSize(2));
    dense = algorithm.funcs;
    prefetches.weights = params.lookup(g.getWeight()).name();
    // With two threads 8% more of the memory's bandwidth (4096x25088, Zen 5), with one the same.
    prefetches.distance = target.l1Bytes / 2 / int64_t(sizeof(float));
    value = algorithm.value;
  } else if (auto p = dyn_cast<MaxPoolOp>(op)) {
    value = defineMaxPool(name, vars, read, from, windowOf(p.getWindow()), map.parts);
  } else if (auto p = dyn_cast<AvgPoolOp>(op)) {
    value = defineAvgPool(name, vars, read, from, windowOf(p.getWindow()), p.getCountIncludePad(), map.parts);
  } else if (isa<GlobalAvgPoolOp>(op)) {
    value = defineGlobalAvgPool(name, vars, read, from, map.parts);
  } else if (isa<SoftmaxOp>(op)) {
    value = defineSoftmax(name, vars, read, from, map.parts);
  } else if (isa<ReshapeOp>(op)) {
    value = defineReshape(read, from, to);
  } else if (isa<SliceOp, PadOp>(op)) {
    value = defineSelection(read, from, to, selectionOf(op));
  } else if (isa<RelayoutOp>(op)) {
    value = read;
  } else {
    return fail("no code for '" + op->getName().getStringRef() + "'");
  }
  readers[output] = value;
  return llvm::Error::success();
}

llvm::Error KernelEmitter::define(Operation *op) {
  if (!isElementwise(op))
    return defineAnchor(op);
  Reader a = readers.lookup(op->getOperand(0));
  readers[op->getResult(0)] =
      llvm::TypeSwitch<Operation *, Reader>(op)
          .Case([&](ReluOp) { return [a](const Point &p) { return Halide::max(a(p), 0.f); }; })
          .Case([&](AddOp add) {
            return [a, b = readers.lookup(add.getRhs())](const Point &p) { return a(p) + b(p); };
          })
          .Case([&](AffineOp affine) {
            return [a, scale = vectorReader(affine.getScale()), shift = vectorReader(affine.getShift())](const Point &p) {
              return a(p) * scale(p) + shift(p);
            };
          });
  if (!readers[op->getResult(0)])
    return fail("no code for '" + op->getName().getStringRef() + "'");
  return llvm::Error::success();
}

/// The stored Func: a tuple when the kernel has several results, which then share their type.
llvm::Error KernelEmitter::defineOutput(func::ReturnOp op) {
  RankedTensorType type = typeOf(op.getOperand(0));
  TensorSize size = sizeOf(op.getOperand(0));
  KernelVars &v = vars;
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
  Func output(name + "_out");
  if (values.size() == 1)
    output(order) = values[0];
  else
    output(order) = Halide::Tuple(values);
  std::vector<int> extents = extentsOf(type, flat);
  for (size_t i = 0; i < order.size(); ++i)
    output.bound(order[i], 0, extents[i]);
  for (Halide::OutputImageParam buffer : output.output_buffers()) {
    fixShape(buffer, extents);
    buffer.set_host_alignment(size.blocked ? 64 : 4);
  }
  conv.output = winograd.output = dense.output = map.output = output;
  map.width = flat ? size.w * size.h : size.w;
  map.height = flat ? 1 : size.h;
  return llvm::Error::success();
}

/// Applies the schedule; returns what does not fit, or "".
std::string KernelEmitter::schedule() {
  Operation *op = anchor();
  if (isa<DirectAttr>(scheduleAttr) && isa<ConvOp>(op))
    return scheduleDirect(conv, vars, direct, target);
  if (auto attr = dyn_cast<WinogradAttr>(scheduleAttr); attr && isa<ConvOp>(op)) {
    scheduleWinograd(winograd, vars, winogradSchedule);
    return "";
  }
  if (auto attr = dyn_cast<DenseAttr>(scheduleAttr); attr && isa<GemmOp>(op)) {
    if (typeOf(cast<GemmOp>(op).getWeight()).getDimSize(2) != int64_t(attr.getBlocks()))
      return "expected blocks as in the packed weight";
    return scheduleDense(dense, vars, {int64_t(attr.getBlocks()), int64_t(attr.getUnroll()), 0});
  }
  if (auto attr = dyn_cast<MapAttr>(scheduleAttr); attr && !isa<ConvOp, GemmOp>(op))
    return scheduleMap(map, vars, {int64_t(attr.getPixels()), int64_t(attr.getRows()), 0});
  std::string text;
  llvm::raw_string_ostream(text) << "expected a schedule for '" << op->getName() << "', got " << scheduleAttr;
  return text;
}

llvm::Error KernelEmitter::emit(const KernelFiles &files) {
  auto schedules = kernel->getAttrOfType<DictionaryAttr>(kSchedulesAttr);
  scheduleAttr = schedules ? schedules.get(target.name) : Attribute();
  if (!scheduleAttr)
    return fail("no schedule for " + target.name);
  if (auto attr = dyn_cast<DirectAttr>(scheduleAttr)) {
    direct = read(attr);
    flat = direct.flat;
  }
  if (auto c = dyn_cast<ConvOp>(anchor()); c && flat) {
    Window2 w = windowOf(c.getWindow());
    if (w.height != 1 || w.width != 1 || w.strideX != 1 || w.strideY != 1 || w.padded() || !getBlock(typeOf(c.getInput())))
      return fail("expected flat only for 1x1 convolutions of blocked maps with stride 1 and without pads");
  }
  if (isa<DirectAttr>(scheduleAttr) && (direct.blocks < 1 || direct.pixels < 1))
    return fail("expected blocks and pixels of at least 1, got " + llvm::Twine(direct.blocks) + " and " +
                llvm::Twine(direct.pixels));
  if (auto c = dyn_cast<ConvOp>(anchor()); c && direct.chunk) {
    auto filter = typeOf(c.getFilter());
    if (direct.chunk < 0 || filter.getRank() != 6 || filter.getDimSize(1) % direct.chunk)
      return fail("expected a chunk that divides the blocks of input channels, got " + llvm::Twine(direct.chunk));
  }
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
    return compileKernel(conv.output, arguments, name, target, {scratch[0], scratch[1]}, prefetches, files);
  });
  return error.empty() ? llvm::Error::success() : llvm::createStringError(error);
}

llvm::Error res::emitKernel(func::FuncOp kernel, const TargetModel &target, llvm::StringRef symbol,
                            const KernelFiles &files) {
  return KernelEmitter(kernel, target, symbol).emit(files);
}
