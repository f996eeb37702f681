//===- KernelWork.cpp - what a kernel computes, for people ------*- C++ -*-===//

#include "compiler/link/KernelWork.h"
#include "compiler/lowering/Scratch.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;
using namespace res;

/// Multiply-adds of one output.
static int64_t tapsOf(ConvOp conv) {
  int64_t taps = conv.getInput().getType().getDimSize(1) / int64_t(conv.getGroups());
  for (int64_t size : conv.getWindow().getKernel())
    taps *= size;
  return taps;
}

static int64_t macsOf(Operation *op) {
  if (auto conv = dyn_cast<ConvOp>(op))
    return conv.getType().getNumElements() * tapsOf(conv);
  if (auto gemm = dyn_cast<GemmOp>(op))
    return gemm.getType().getNumElements() * gemm.getInput().getType().getDimSize(1);
  return 0;
}

static int64_t executedMacsOf(Operation *op, Attribute schedule) {
  auto conv = dyn_cast<ConvOp>(op);
  auto winograd = dyn_cast_or_null<WinogradAttr>(schedule);
  if (!conv || !winograd)
    return macsOf(op);
  ArrayRef<int64_t> out = conv.getType().getShape();
  const int64_t tile = winograd.getTile(), points = (tile + 2) * (tile + 2);
  const int64_t tiles = llvm::divideCeil(out[2], tile) * llvm::divideCeil(out[3], tile);
  return out[0] * out[1] * tiles * points * conv.getInput().getType().getDimSize(1);
}

int64_t res::countMacs(Operation *root) {
  int64_t macs = 0;
  root->walk([&](Operation *op) { macs += macsOf(op); });
  return macs;
}

/// The share of an anchor's rows that bands compute once more: those that two neighbours need.
static double recomputedShareOf(Operation *anchor, BandedAttr banded) {
  Block &body = *anchor->getBlock();
  SmallVector<Operation *> anchors = getAnchors(body);
  SmallVector<BandStage> stages = getBandStages(body, banded);
  if (stages.size() < 2 || !checkBands(stages, banded.getRows(), banded.getStep(), banded.getSerial()).empty())
    return 0;
  if (banded.getSerial()) // the rows that the next band reads stay
    return 0;
  return recomputedShares(stages, banded.getRows())[std::distance(anchors.begin(), llvm::find(anchors, anchor))];
}

int64_t res::countExecutedMacs(Operation *root, Attribute schedule) {
  int64_t macs = 0;
  root->walk([&](Operation *op) {
    if (!isa<ConvOp, GemmOp>(op))
      return;
    const int64_t once = executedMacsOf(op, getStageSchedule(schedule, op));
    macs += once;
    if (auto banded = dyn_cast_or_null<BandedAttr>(schedule))
      macs += std::llround(double(once) * recomputedShareOf(op, banded));
  });
  return macs;
}

std::string res::algorithmName(Attribute schedule) {
  if (auto winograd = dyn_cast_or_null<WinogradAttr>(schedule))
    return "winograd" + std::to_string(winograd.getTile());
  if (auto banded = dyn_cast_or_null<BandedAttr>(schedule)) {
    std::vector<std::string> names;
    for (Attribute stage : banded.getStages())
      names.push_back(algorithmName(stage));
    return llvm::join(names, "+");
  }
  return isa_and_nonnull<DirectAttr>(schedule)    ? "direct"
         : isa_and_nonnull<GroupedAttr>(schedule) ? "grouped"
         : isa_and_nonnull<DenseAttr>(schedule) ? "dense"
         : isa_and_nonnull<MapAttr>(schedule)   ? "map"
                                                : "";
}

/// "14", or "14x20" where the axes differ.
static void printSizes(llvm::raw_ostream &os, ArrayRef<int64_t> sizes) {
  if (llvm::all_equal(sizes))
    os << sizes.front();
  else
    llvm::interleave(sizes, os, "x");
}

std::string res::describeLayer(Operation *anchor) {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto conv = dyn_cast<ConvOp>(anchor);
  if (conv) {
    llvm::interleave(conv.getWindow().getKernel(), os, "x");
    os << "s";
    printSizes(os, conv.getWindow().getStrides());
  } else {
    os << anchor->getName().stripDialect();
  }
  auto input = anchor->getNumOperands() ? dyn_cast<RankedTensorType>(anchor->getOperand(0).getType()) : nullptr;
  auto output = dyn_cast<RankedTensorType>(anchor->getResult(0).getType());
  if (!input || !output || input.getRank() < 2)
    return text;
  os << " " << input.getDimSize(1);
  if (output.getRank() == input.getRank() && output.getDimSize(1) != input.getDimSize(1))
    os << "-" << output.getDimSize(1);
  if (conv && conv.getGroups() > 1)
    os << "g" << conv.getGroups();
  if (input.getRank() > 2) {
    os << "@";
    printSizes(os, input.getShape().drop_front(2));
  }
  return text;
}
