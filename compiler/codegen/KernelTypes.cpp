//===- KernelTypes.cpp - the IR as algorithms and schedules see it *- C++ -*-===//

#include "compiler/codegen/KernelTypes.h"

using namespace mlir;
using namespace res;

std::vector<int> res::matrixOf(RankedTensorType type) {
  const int64_t rows = type.getRank() > 1 ? type.getDimSize(0) : 1;
  return {int(type.getNumElements() / rows), int(rows)};
}

TensorSize res::sizeOf(Value value) {
  RankedTensorType type = typeOf(value);
  TensorSize size;
  size.map = type.getRank() == 4;
  if (!size.map) {
    std::vector<int> extents = matrixOf(type);
    size.c = extents[0], size.n = extents[1];
    return size;
  }
  size.n = type.getDimSize(0), size.c = type.getDimSize(1);
  size.h = type.getDimSize(2), size.w = type.getDimSize(3);
  size.blocked = getBlock(type) != 0;
  return size;
}

Window2 res::windowOf(WindowAttr w) {
  ArrayRef<int64_t> kernel = w.getKernel(), strides = w.getStrides(), dilations = w.getDilations();
  return {kernel[0],         kernel[1],       strides[0],      strides[1],   w.getPadBegin(0),
          w.getPadBegin(1),  w.getPadEnd(0),  w.getPadEnd(1),  dilations[0], dilations[1]};
}

Selection res::selectionOf(Operation *op) {
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

std::vector<int> res::extentsOf(RankedTensorType type, bool flat) {
  ArrayRef<int64_t> shape = type.getShape();
  if (int64_t block = getBlock(type)) {
    int height = int(shape[2]), width = int(shape[3]);
    if (flat)
      width *= height, height = 1;
    return {int(block), width, height, int((shape[1] + block - 1) / block), int(shape[0])};
  }
  return std::vector<int>(shape.rbegin(), shape.rend());
}

DirectSchedule res::readSchedule(DirectAttr attr) {
  DirectSchedule s{};
  s.blocks = attr.getBlocks(), s.pixels = attr.getPixels(), s.unroll = attr.getUnroll();
  s.order = attr.getOrder() == Order::channels ? LoopOrder::channels : LoopOrder::space;
  s.flat = attr.getFlat(), s.rows = attr.getRows(), s.chunk = attr.getChunk();
  s.staging = attr.getStaging() == Staging::none    ? StagingKind::none
              : attr.getStaging() == Staging::whole ? StagingKind::whole
                                                    : StagingKind::rows;
  return s;
}

GroupedSchedule res::readSchedule(GroupedAttr attr) {
  return {int64_t(attr.getPixels()), attr.getWhole(), int64_t(attr.getBlocks()), int64_t(attr.getRows()), 0};
}

WinogradSchedule res::readSchedule(WinogradAttr attr, RankedTensorType filter) {
  WinogradSchedule s{};
  s.tile = attr.getTile(), s.blocks = attr.getBlocks(), s.columns = attr.getColumns(), s.rows = attr.getRows();
  s.macroColumns = attr.getMacroColumns(), s.macroRows = attr.getMacroRows();
  s.chunk = attr.getChunk(), s.unroll = attr.getUnroll(), s.images = attr.getImages();
  s.weights = attr.getWeights() == TransformedWeights::stored      ? WinogradWeights::stored
              : attr.getWeights() == TransformedWeights::registers ? WinogradWeights::registers
                                                                   : WinogradWeights::panels;
  const int64_t place = s.readsTaps() ? 3 : 5;
  s.group = filter.getRank() == 7 ? filter.getDimSize(place) : s.blocks;
  return s;
}
