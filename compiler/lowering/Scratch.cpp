//===- Scratch.cpp - scratch memory of kernels ------------------*- C++ -*-===//

#include "compiler/lowering/Scratch.h"
#include "compiler/lowering/Passes.h"

#include "dialect/ResShapes.h"
#include "res/abi.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace res;

// The runtime hands out scratch in pieces of this size, and Halide may read one vector beyond an allocation.
static constexpr int64_t kPiece = RES_ABI_ALIGN;

/// Rows (axis 0) or columns (axis 1) of padded input under `size` outputs of a window.
static int64_t covered(WindowAttr window, unsigned axis, int64_t size) {
  return (size - 1) * window.getStrides()[axis] + window.getSpan(axis);
}

static int64_t stagedBytes(ConvOp op, int64_t rows) {
  RankedTensorType input = op.getInput().getType();
  int64_t block = getBlock(input);
  int64_t channels = block ? llvm::alignTo(input.getDimSize(1), block) : input.getDimSize(1);
  int64_t bytes = channels * covered(op.getWindow(), 0, rows) * covered(op.getWindow(), 1, op.getType().getDimSize(3)) *
                  input.getElementTypeBitWidth() / 8;
  return llvm::alignTo(bytes, kPiece) + kPiece;
}

/// Bytes of `channels` channels of all points of some tiles.
static int64_t pointBytes(WinogradAttr s, int64_t tiles, int64_t channels) {
  const int64_t points = s.getTile() + 2, bytes = points * points * tiles * channels * int64_t(sizeof(float));
  return llvm::alignTo(bytes, kPiece) + kPiece;
}

/// The transformed input of a macro block and the sums of a group. Where all tiles are one block, its input is shared by
/// the tasks; a loop of one task is no parallel loop.
static void addWinograd(Scratch &scratch, ConvOp conv, WinogradAttr s, int64_t group) {
  auto tilesOf = [&](int64_t size) { return int64_t(llvm::divideCeil(size, s.getTile())); };
  const int64_t rows = tilesOf(conv.getType().getDimSize(2)), columns = tilesOf(conv.getType().getDimSize(3));
  const int64_t images = s.getImages() ? conv.getType().getDimSize(0) : 1;
  const int64_t tiles =
      images * int64_t(llvm::alignTo(s.getMacroColumns(), s.getColumns()) * llvm::alignTo(s.getMacroRows(), s.getRows()));
  const int64_t input = pointBytes(s, tiles, llvm::alignTo(conv.getInput().getType().getDimSize(1), 16));
  const int64_t sums = pointBytes(s, tiles, group * 16);
  const bool whole = s.getMacroColumns() >= columns && s.getMacroRows() >= rows;
  // Transformed weights: of a pass of a group, or all. Seventeen channels: see schedulePanels.
  int64_t panels = 0;
  if (s.getWeights() == TransformedWeights::panels) {
    const int64_t inputs = llvm::divideCeil(conv.getInput().getType().getDimSize(1), 16);
    panels = pointBytes(s, 1, (whole && s.getChunk() ? s.getChunk() : inputs) * 17 * 16 * group);
    if (!whole)
      panels *= llvm::divideCeil(conv.getType().getDimSize(1), 16 * group);
  }
  scratch.worker = std::max(scratch.worker, whole ? sums + panels : input + sums);
  int64_t shared = whole ? input : panels;
  const int64_t tasks = whole ? llvm::divideCeil(conv.getType().getDimSize(1), 16 * group)
                              : llvm::divideCeil(rows, s.getMacroRows());
  if (tasks <= 1)
    shared += whole ? sums + panels : input + sums;
  scratch.shared = std::max(scratch.shared, shared);
}

/// The need of one convolution with a schedule of its own. `group`: blocks of a packed Winograd filter.
static Scratch scratchOf(ConvOp conv, Attribute schedule, int64_t group) {
  Scratch scratch;
  const int64_t height = conv.getType().getDimSize(2), map = height * conv.getType().getDimSize(3);
  if (auto winograd = dyn_cast<WinogradAttr>(schedule);
      winograd && winograd.getTile() > 0 && winograd.getColumns() > 0 && winograd.getRows() > 0)
    addWinograd(scratch, conv, winograd, group);
  auto direct = dyn_cast<DirectAttr>(schedule);
  if (!direct)
    return scratch;
  if (direct.getStaging() == Staging::whole)
    scratch.shared = stagedBytes(conv, height);
  if (direct.getStaging() == Staging::rows) {
    // A band that is the whole map is no parallel loop.
    int64_t rows = std::min<int64_t>(direct.getRows(), height);
    (rows == height ? scratch.shared : scratch.worker) = stagedBytes(conv, rows);
  }
  if (direct.getChunk()) { // partial sums of a group of blocks, of which there may be one or many
    int64_t sums = llvm::alignTo(map * int64_t(direct.getBlocks()) * 16 * sizeof(float), kPiece) + kPiece;
    scratch.worker = std::max(scratch.worker, sums);
    scratch.shared += sums;
  }
  return scratch;
}

SmallVector<BandStage> res::getBandStages(Block &body, BandedAttr schedule) {
  SmallVector<BandStage> stages;
  for (Operation *anchor : getAnchors(body)) {
    const RowWindow rows = getRowWindow(anchor);
    auto winograd = dyn_cast_or_null<WinogradAttr>(getStageSchedule(schedule, anchor));
    stages.push_back({rows.height, rows.stride, rows.span, winograd ? int64_t(winograd.getTile()) : 1, rows.pad});
  }
  return stages;
}

bool res::overwritesItsInput(Block &body, DictionaryAttr schedules) {
  return schedules && !schedules.empty() && llvm::all_of(schedules, [&](NamedAttribute entry) {
    auto banded = dyn_cast<BandedAttr>(entry.getValue());
    return banded && banded.getSerial() && banded.getRows() > banded.getStep() && readsAhead(getBandStages(body, banded));
  });
}

int64_t res::computeStageScratch(Operation *anchor, Attribute schedule, int64_t group, const BandRows &rows) {
  auto conv = dyn_cast<ConvOp>(anchor);
  if (!conv)
    return 0;
  auto direct = dyn_cast<DirectAttr>(schedule);
  if (direct && direct.getStaging() == Staging::rows)
    return stagedBytes(conv, rows.kept);
  const Scratch need = scratchOf(conv, schedule, group);
  return std::max(need.shared, need.worker);
}

/// Rows in a task of a stage of serial bands.
static int64_t rowsOfTask(BandedAttr schedule, size_t index) {
  if (index + 1 == schedule.getStages().size())
    return schedule.getStep();
  if (auto winograd = dyn_cast<WinogradAttr>(schedule.getStages()[index]))
    return winograd.getMacroRows() * winograd.getTile();
  if (auto grouped = dyn_cast<GroupedAttr>(schedule.getStages()[index]))
    return grouped.getRows();
  auto direct = dyn_cast<DirectAttr>(schedule.getStages()[index]);
  return direct ? int64_t(direct.getRows()) : INT64_MAX;
}

/// The rows that stages keep, and what each needs itself: its task is one step, whose input it may have to pad.
static Scratch bandedScratch(KernelOp kernel, BandedAttr schedule) {
  Block &body = kernel.getBody().front();
  SmallVector<Operation *> anchors = getAnchors(body);
  SmallVector<BandStage> stages = getBandStages(body, schedule);
  if (schedule.getStep() < 1 || !checkBands(stages, schedule.getRows(), schedule.getStep(), schedule.getSerial()).empty())
    return {}; // code generation says why
  SmallVector<BandRows> rows = rowsOfBands(stages, schedule.getSerial() ? schedule.getRows() : schedule.getStep());
  int64_t bytes = 0, own = 0; // rows of maps; what stages need themselves
  Scratch tasks;              // the most of these, of stages with one task for a band and with several
  for (auto [index, anchor] : llvm::enumerate(anchors)) {
    auto type = cast<RankedTensorType>(anchor->getResult(0).getType());
    if (index + 1 < anchors.size())
      bytes += llvm::alignTo(getStorageBytes(type) / type.getDimSize(0) / type.getDimSize(2) * rows[index].kept, kPiece) + kPiece;
    const int64_t group = getPackedBlocks(getStageSchedules(kernel.getSchedulesAttr(), anchor));
    const int64_t need = computeStageScratch(anchor, schedule.getStages()[index], group, rows[index]);
    own += need;
    const bool several = rows[index].kept > rowsOfTask(schedule, index);
    (several ? tasks.worker : tasks.shared) = std::max(several ? tasks.worker : tasks.shared, need);
  }
  if (schedule.getSerial()) {
    return {bytes + tasks.shared, tasks.worker}; // one stage at a time
  }
  const bool isParallel = schedule.getRows() < stages.back().height;
  return isParallel ? Scratch{0, bytes + own} : Scratch{bytes + own, 0};
}

Scratch res::computeScratch(KernelOp kernel) {
  Scratch scratch;
  for (NamedAttribute entry : kernel.getSchedulesAttr() ? kernel.getSchedulesAttr().getValue() : ArrayRef<NamedAttribute>()) {
    Scratch need;
    if (auto banded = dyn_cast<BandedAttr>(entry.getValue()))
      need = bandedScratch(kernel, banded);
    else if (auto conv = dyn_cast<ConvOp>(kernel.getAnchor()))
      need = scratchOf(conv, entry.getValue(), getPackedBlocks(kernel.getSchedulesAttr()));
    scratch.shared = std::max(scratch.shared, need.shared);
    scratch.worker = std::max(scratch.worker, need.worker);
  }
  return scratch;
}

Scratch res::getScratch(CallOp call) {
  auto kernel = call->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>(call.getCallee());
  auto scratch = kernel ? kernel->getAttrOfType<DenseI64ArrayAttr>(kScratchAttr) : DenseI64ArrayAttr();
  return scratch && scratch.size() == 2 ? Scratch{scratch[0], scratch[1]} : Scratch();
}

res_abi_scratch res::getScratchPlace(CallOp call) {
  const Scratch scratch = getScratch(call);
  res_abi_scratch place{};
  if (auto attr = call->getAttrOfType<DenseI64ArrayAttr>(kScratchPlaceAttr); attr && attr.size() == 3)
    place = {uint64_t(attr[0]), uint64_t(attr[1]), uint64_t(attr[2]), 0, 0};
  place.shared_bytes = scratch.shared, place.worker_bytes = scratch.worker;
  return place;
}

int64_t res::getWorkspaceBytes(func::FuncOp main, uint32_t threads) {
  auto arena = main->getAttrOfType<IntegerAttr>(kArenaBytesAttr);
  uint64_t bytes = arena ? arena.getInt() : 0;
  for (auto call : main.getOps<CallOp>()) {
    const res_abi_scratch place = getScratchPlace(call);
    bytes = std::max(bytes, res_abi_step_bytes(&place, threads));
  }
  return res_abi_workspace_bytes(bytes, 0, 0, threads);
}

int64_t res::getWorkspaceBytes(ModuleOp planned, uint32_t threads) {
  int64_t bytes = 0;
  for (func::FuncOp program : getPrograms(planned))
    bytes = std::max(bytes, getWorkspaceBytes(program, threads));
  return bytes;
}

int64_t res::getStateBytes(uint32_t threads) { return int64_t(res_abi_workspace_bytes(0, 0, 0, threads)); }
