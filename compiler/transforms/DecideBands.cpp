//===- DecideBands.cpp - kernels that are computed together -----*- C++ -*-===//
//
// Lists the kernels that could be computed together, in bands of rows, asks the cost model which of them should, and writes
// its answers beside the kernels. Nothing but attributes changes.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/ScheduleChoice.h"
#include "compiler/analysis/TilingChoice.h"
#include "compiler/lowering/Scratch.h"
#include "compiler/transforms/KernelSchedules.h"
#include "compiler/transforms/KernelUtils.h"
#include "compiler/transforms/Passes.h"
#include "dialect/ResViews.h"
#include "dialect/ResShapes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#define DEBUG_TYPE "res-decide-bands"

namespace res {
#define GEN_PASS_DEF_DECIDEBANDSPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

/// Stages of a banded kernel at most: a bottleneck block has three convolutions.
static constexpr size_t kMostStages = 3;
/// The share of the network's time that smaller peaks may cost. The promise is that bands cost less than 1%.
static constexpr double kBudget = 0.005;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Whether all results are maps in blocks.
static bool isBlocked(KernelOp kernel) {
  return kernel.getLayoutsAttr() &&
         llvm::all_of(kernel.getLayoutsAttr(), [](Attribute layout) { return isa<BlockedAttr>(layout); });
}

/// Whether the anchor reads the kernel's first input, perhaps through elementwise operations, and nothing else does.
static bool anchorReadsFirstInput(KernelOp kernel) {
  Value value = getInner(kernel, 0);
  while (value.hasOneUse()) {
    Operation *user = *value.getUsers().begin();
    if (user == kernel.getAnchor())
      return user->getOperand(0) == value;
    if (!isElementwise(user))
      return false;
    value = user->getResult(0);
  }
  return false;
}

/// Views are no steps.
static SmallVector<KernelOp> kernelsOf(func::FuncOp function) {
  SmallVector<KernelOp> kernels(function.getOps<KernelOp>());
  llvm::erase_if(kernels, isView);
  return kernels;
}

namespace {

/// A candidate with the schedules that its stages would have, by target.
struct StageSchedules {
  SmallVector<SmallVector<Attribute>> byTarget; // [target][stage]
};

class BandDecider {
public:
  BandDecider(func::FuncOp function, ArrayRef<TargetModel> models, bool limited)
      : models(models), limited(limited), kernels(kernelsOf(function)) {
    for (auto [index, kernel] : llvm::enumerate(kernels))
      indexOf[kernel] = int(index);
    for (KernelOp kernel : kernels)
      steps.push_back(stepOf(kernel));
    for (KernelOp kernel : kernels)
      listCandidates(kernel);
  }

  double estimateAll();
  void apply(const TilingChoice &choice, const TilingGoal &goal);

  ArrayRef<TargetModel> models;
  bool limited; // in memory
  SmallVector<KernelOp> kernels;
  std::vector<MemoryStep> steps;
  std::vector<TilingCandidate> candidates;

private:
  MemoryStep stepOf(KernelOp kernel);
  KernelOp producerOf(KernelOp reader);
  void listCandidates(KernelOp last);
  void addCandidate(ArrayRef<KernelOp> stages);
  bool mayTransform(ArrayRef<KernelOp> stages, size_t index);
  TilingStage stageOf(ArrayRef<KernelOp> stages, size_t index, StageSchedules &schedules, int64_t &onlyStep);
  int64_t bandBytes(ArrayRef<KernelOp> stages, ArrayRef<BandStage> bands, const BandLoopChoice &loops,
                    const StageSchedules &schedules);
  std::string describe(int candidate, StringRef decision, const TilingChoice &choice, const TilingGoal &goal);

  std::vector<StageSchedules> schedules; // of the candidates
  llvm::DenseMap<Operation *, int> indexOf;
};

} // namespace

static double estimateOf(KernelOp kernel) {
  return kernel.getEstimateUs() ? kernel.getEstimateUs()->convertToDouble() : 0.0;
}

/// Bytes of a result with the layout that was decided for it.
static int64_t resultBytes(KernelOp kernel, unsigned index) {
  auto type = cast<RankedTensorType>(kernel.getResult(index).getType());
  if (auto blocked = kernel.getLayoutsAttr() ? dyn_cast<BlockedAttr>(kernel.getLayoutsAttr()[index]) : BlockedAttr())
    type = RankedTensorType::get(type.getShape(), type.getElementType(), blocked);
  return getStorageBytes(type);
}

/// Whether the schedules of all targets store each element once, so that a sum may take the place of an addend: what
/// WriteInPlace will ask.
static bool storesOnceEverywhere(KernelOp kernel) {
  auto conv = dyn_cast<ConvOp>(kernel.getAnchor());
  if (!conv || !isBlocked(kernel))
    return false;
  ArrayRef<int64_t> shape = conv.getType().getShape();
  return llvm::all_of(kernel.getSchedulesAttr(), [&](NamedAttribute entry) {
    auto direct = dyn_cast<DirectAttr>(entry.getValue());
    if (!direct)
      return isa<WinogradAttr>(entry.getValue());
    DirectLimits limits{};
    limits.width = direct.getFlat() ? shape[2] * shape[3] : shape[3];
    limits.blocks = llvm::divideCeil(shape[1], 16);
    DirectSchedule tile{};
    tile.pixels = direct.getPixels(), tile.blocks = direct.getBlocks();
    return tile.pixels > 0 && tile.blocks > 0 && storesOnce(tile, limits);
  });
}

MemoryStep BandDecider::stepOf(KernelOp kernel) {
  MemoryStep step{};
  for (Value input : kernel.getInputs())
    for (KernelOp producer : getProducers(input))
      step.reads.push_back(indexOf.lookup(producer));
  for (auto [index, result] : llvm::enumerate(kernel.getOutputs()))
    if (llvm::none_of(result.getUsers(), [](Operation *user) { return isa<func::ReturnOp>(user); }))
      step.bytes += resultBytes(kernel, unsigned(index));
  const Scratch scratch = computeScratch(kernel);
  step.sharedScratch = scratch.shared, step.workerScratch = scratch.worker;
  // A sum may take the place of the addend that does not come from the anchor.
  if (!storesOnceEverywhere(kernel))
    return step;
  for (auto [argument, input] : llvm::zip(kernel.getBody().getArguments(), kernel.getInputs()))
    if (auto producer = input.getDefiningOp<KernelOp>();
        producer && !isOfView(producer.getResult(0)) && canOverwrite(argument))
      step.updates = indexOf.lookup(producer);
  return step;
}

/// The kernel whose result is the first input of `reader`, if both can be stages.
KernelOp BandDecider::producerOf(KernelOp reader) {
  if (reader.getInputs().empty() || !isBlocked(reader) || reader.getNumResults() != 1)
    return {};
  KernelOp producer = getSoleProducer(reader.getInputs().front(), reader);
  if (!producer || producer.getNumResults() != 1 || !isBlocked(producer) || !isa<ConvOp>(producer.getAnchor()) ||
      typeOf(reader.getOutputs().front()).getRank() != 4 || !isa<ConvOp, MaxPoolOp, AvgPoolOp>(reader.getAnchor()) ||
      !anchorReadsFirstInput(reader))
    return {};
  return producer;
}

void BandDecider::listCandidates(KernelOp last) {
  SmallVector<KernelOp> stages{last};
  while (stages.size() < kMostStages) {
    KernelOp producer = producerOf(stages.front());
    if (!producer)
      return;
    stages.insert(stages.begin(), producer);
    addCandidate(stages);
  }
}

/// Whether a stage may keep its Winograd schedules: whole tiles in a step, and none computed twice.
bool BandDecider::mayTransform(ArrayRef<KernelOp> stages, size_t index) {
  KernelOp kernel = stages[index];
  const RowWindow rows = getRowWindow(kernel.getAnchor());
  if (index + 1 < stages.size()) {
    KernelOp reader = stages[index + 1];
    const RowWindow read = getRowWindow(reader.getAnchor());
    if (read.span > read.stride)
      return false;
  }
  auto type = typeOf(kernel.getOutputs().front());
  return llvm::all_of(kernel.getSchedulesAttr(), [&](NamedAttribute entry) {
    auto winograd = dyn_cast<WinogradAttr>(entry.getValue());
    return winograd && winograd.getWeights() == TransformedWeights::stored &&
           (winograd.getMacroRows() * winograd.getTile() < rows.height ||
            winograd.getMacroColumns() * winograd.getTile() < type.getDimSize(3));
  });
}

TilingStage BandDecider::stageOf(ArrayRef<KernelOp> stages, size_t index, StageSchedules &schedules, int64_t &onlyStep) {
  constexpr double kWithoutChunks = 1.2; // weights of small maps come all at once
  constexpr int64_t kUsualStep = 4;
  KernelOp kernel = stages[index];
  Operation *anchor = kernel.getAnchor();
  const bool isLast = index + 1 == stages.size(), transforms = mayTransform(stages, index);
  const RowWindow rows = getRowWindow(anchor);
  TilingStage stage{};
  stage.band = {rows.height, rows.stride, rows.span, 1, rows.pad};
  stage.alone = estimateOf(kernel);
  stage.mapBytes = resultBytes(kernel, 0);
  auto read = typeOf(anchor->getOperand(0));
  stage.inputBytes = getStorageBytes(read) / read.getDimSize(0) / read.getDimSize(2);
  stage.feedsPool = !isLast && !isa<ConvOp>(KernelOp(stages[index + 1]).getAnchor());
  for (auto [target, model] : llvm::enumerate(models)) {
    const Decision decision = chooseStageSchedule(kernel, model, transforms);
    schedules.byTarget[target].push_back(decision.schedule);
    if (target > 0)
      continue;
    stage.banded = decision.estimate;
    auto winograd = dyn_cast<WinogradAttr>(decision.schedule);
    if (winograd && isLast)
      onlyStep = winograd.getMacroRows() * winograd.getTile();
    else if (winograd)
      stage.band.tile = winograd.getTile();
    const int64_t group = winograd ? getPackedBlocks(kernel.getSchedulesAttr()) : 1;
    const int64_t kept = kUsualStep * rows.stride + rows.span;
    stage.scratchBytes = computeStageScratch(anchor, decision.schedule, group, {kept, kept});
  }
  if (auto conv = dyn_cast<ConvOp>(anchor)) {
    stage.weightBytes = typeOf(conv.getFilter()).getNumElements() * 4;
    const int64_t width = typeOf(conv.getOutput()).getDimSize(3);
    Attribute banded = schedules.byTarget.front().back();
    if (auto winograd = dyn_cast<WinogradAttr>(banded)) {
      const int64_t tile = winograd.getTile();
      stage.taskRows = winograd.getMacroRows() * tile;
      stage.weightBytes = stage.weightBytes * (tile + 2) * (tile + 2) / 9;
      stage.weightPasses =
          llvm::divideCeil(rows.height, stage.taskRows) * llvm::divideCeil(width, winograd.getMacroColumns() * tile);
    } else if (auto direct = dyn_cast<DirectAttr>(banded)) {
      stage.taskRows = direct.getRows();
      stage.weightPasses =
          rows.height * (direct.getOrder() == Order::space ? llvm::divideCeil(width, direct.getPixels()) : 1);
    } else if (auto grouped = dyn_cast<GroupedAttr>(banded)) {
      stage.taskRows = grouped.getRows(), stage.weightPasses = rows.height;
    }
    auto direct = dyn_cast<DirectAttr>(kernel.getSchedulesAttr().get(models.front().name));
    if (direct && direct.getChunk())
      stage.banded *= kWithoutChunks;
  }
  return stage;
}

/// Scratch of parallel bands, as computeScratch will find it when stages are merged, with the layouts that were decided.
int64_t BandDecider::bandBytes(ArrayRef<KernelOp> stages, ArrayRef<BandStage> bands, const BandLoopChoice &loops,
                               const StageSchedules &schedules) {
  constexpr int64_t kPiece = 64;
  SmallVector<BandRows> rows = rowsOfBands(bands, loops.step);
  int64_t most = 0;
  for (ArrayRef<Attribute> parts : schedules.byTarget) {
    int64_t bytes = 0;
    for (auto [index, stage] : llvm::enumerate(stages)) {
      KernelOp kernel = stage;
      if (index + 1 < stages.size()) {
        const int64_t images = typeOf(kernel.getOutputs().front()).getDimSize(0);
        bytes += llvm::alignTo(resultBytes(kernel, 0) / images / bands[index].height * rows[index].kept, kPiece) + kPiece;
      }
      const int64_t group = isa<WinogradAttr>(parts[index]) ? getPackedBlocks(kernel.getSchedulesAttr()) : 0;
      bytes += computeStageScratch(kernel.getAnchor(), parts[index], group, rows[index]);
    }
    most = std::max(most, bytes);
  }
  return most;
}

void BandDecider::addCandidate(ArrayRef<KernelOp> kernels) {
  StageSchedules stageSchedules;
  stageSchedules.byTarget.resize(models.size());
  SmallVector<TilingStage> stages;
  int64_t onlyStep = 0;
  for (size_t index = 0; index < kernels.size(); ++index)
    stages.push_back(stageOf(kernels, index, stageSchedules, onlyStep));
  SmallVector<BandStage> bands;
  for (const TilingStage &stage : stages)
    bands.push_back(stage.band);
  TilingCandidate candidate;
  for (KernelOp kernel : kernels)
    candidate.steps.push_back(indexOf.lookup(kernel));
  auto add = [&](const BandLoopChoice &loops) {
    candidate.loops = loops;
    candidate.overwritesInput = loops.serial && readsAhead(bands);
    candidates.push_back(candidate);
    schedules.push_back(stageSchedules);
  };
  // For a limit the smallest steps as well: where the usual ones are enough, they take less time.
  int64_t usualStep = 0;
  for (bool small : {false, true}) {
    if (small && !limited)
      continue;
    std::optional<BandLoopChoice> loops =
        chooseBandLoops(stages, models.front(), small, onlyStep ? std::optional<int64_t>(onlyStep) : std::nullopt);
    if (!loops || loops->step == usualStep)
      continue;
    usualStep = loops->step;
    (loops->sharedBytes ? loops->sharedBytes : loops->workerBytes) = bandBytes(kernels, bands, *loops, stageSchedules);
    add(*loops);
  }
  // Copies of an input's rows have no place between tasks that come one after the other.
  const bool isStaged = llvm::any_of(stageSchedules.byTarget, [](ArrayRef<Attribute> ofStages) {
    return llvm::any_of(ofStages, [](Attribute schedule) {
      auto direct = dyn_cast<DirectAttr>(schedule);
      return direct && direct.getStaging() != Staging::none;
    });
  });
  if (isStaged || onlyStep)
    return;
  if (std::optional<BandLoopChoice> serial = chooseSerialBands(stages))
    add(*serial);
}

double BandDecider::estimateAll() {
  double sum = 0;
  for (KernelOp kernel : kernels)
    sum += estimateOf(kernel);
  return sum;
}

/// One line: the nodes, the decision, what it was made from. Peaks are those of the network with these kernels apart and
/// together, and the others as they were decided.
std::string BandDecider::describe(int index, StringRef decision, const TilingChoice &choice, const TilingGoal &goal) {
  const TilingCandidate &candidate = candidates[index];
  const BandLoopChoice &loops = candidate.loops;
  auto peakOf = [&](ArrayRef<int> merged) {
    std::vector<int64_t> live = liveBytes(steps, candidates, merged, goal.threads);
    return *llvm::max_element(live) / 1024;
  };
  std::vector<int> apart = choice.chosen;
  llvm::erase(apart, index);
  std::vector<int> together = apart;
  together.push_back(index);
  auto nodes = llvm::map_range(candidate.steps, [&](int step) {
    const StringRef node = getNodeName(kernels[step].getLoc());
    return node.empty() ? kernels[step].getAnchor()->getName().stripDialect() : node;
  });
  std::string text = llvm::join(nodes, " + ");
  llvm::raw_string_ostream(text)
      << ": " << decision
      << llvm::format(": %+.1f us (rows computed twice %+.1f, other schedules %+.1f, traffic %+.1f, barriers %+.1f)",
                      loops.cost(), loops.recomputed, loops.lost, 0.0 - loops.traffic, 0.0 - loops.barriers)
      << ", peak " << peakOf(apart) << " -> " << peakOf(together) << " KB, " << (loops.serial ? "serial " : "")
      << "bands of " << loops.rows << " rows in steps of " << loops.step << ", " << loops.sharedBytes / 1024
      << " KB of scratch, " << loops.workerBytes / 1024 << " KB for each thread";
  return text;
}

void BandDecider::apply(const TilingChoice &choice, const TilingGoal &goal) {
  Builder builder(kernels.front().getContext());
  auto remark = [&](int candidate, StringRef decision) {
    kernels[candidates[candidate].steps.back()]->setAttr(
        kRemarkAttr, builder.getStringAttr(describe(candidate, decision, choice, goal)));
  };
  std::vector<bool> taken(kernels.size());
  for (int index : choice.chosen) {
    const TilingCandidate &candidate = candidates[index];
    for (auto [stage, step] : llvm::enumerate(candidate.steps)) {
      NamedAttrList list(kernels[step].getSchedulesAttr());
      for (auto [target, model] : llvm::enumerate(models))
        list.set(model.name, schedules[index].byTarget[target][stage]);
      kernels[step].setSchedulesAttr(list.getDictionary(builder.getContext()));
      taken[step] = true;
    }
    kernels[candidate.steps.back()]->setAttr(
        kBandsAttr, BandsAttr::get(builder.getContext(), candidate.steps.size(), candidate.loops.rows, candidate.loops.step,
                                   candidate.loops.serial));
    remark(index, goal.mode == TilingGoal::Mode::always          ? "merged as asked"
                  : llvm::is_contained(choice.forMemory, index) ? "merged for a smaller peak"
                                                                : "merged to save time");
  }
  const char *apart = goal.mode == TilingGoal::Mode::never ? "kept apart as asked" : "kept apart";
  // Of what stays apart, the cheapest candidate that ends with a kernel says why.
  std::vector<int> cheapest(kernels.size(), -1);
  for (int index = 0; index < int(candidates.size()); ++index) {
    ArrayRef<int> steps = candidates[index].steps;
    int &best = cheapest[steps.back()];
    if (llvm::none_of(steps, [&](int step) { return taken[step]; }) &&
        (best < 0 || candidates[index].loops.cost() < candidates[best].loops.cost()))
      best = index;
  }
  for (int index : cheapest)
    if (index >= 0)
      remark(index, apart);
}

namespace {

struct DecideBandsPass : res::impl::DecideBandsPassBase<DecideBandsPass> {
  using Base::Base;
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto text = [&](StringRef name) {
      auto attr = module->getAttrOfType<StringAttr>(name);
      return attr ? attr.getValue() : StringRef();
    };
    const StringRef target = text(kTargetAttr);
    llvm::Expected<std::vector<TargetModel>> models = TargetModel::getAll(target.empty() ? "host" : target);
    if (!models) {
      module.emitError() << llvm::toString(models.takeError());
      return signalPassFailure();
    }
    TilingGoal goal;
    goal.mode = text(kTilingAttr) == "never"    ? TilingGoal::Mode::never
                : text(kTilingAttr) == "always" ? TilingGoal::Mode::always
                                                : TilingGoal::Mode::automatic;
    if (auto limit = module->getAttrOfType<IntegerAttr>(kMemoryLimitAttr)) {
      goal.memoryLimit = limit.getInt() - getStateBytes(1);
      goal.threads = 1;
    }
    for (auto function : module.getOps<func::FuncOp>())
      decide(function, *models, goal);
  }

  static void decide(func::FuncOp function, ArrayRef<TargetModel> models, TilingGoal goal) {
    SmallVector<KernelOp> kernels = kernelsOf(function);
    auto wasDecided = [](KernelOp kernel) { return kernel->hasAttr(kBandsAttr); };
    auto lacksSchedule = [](KernelOp kernel) { return !kernel.getSchedulesAttr() || !kernel.getLayoutsAttr(); };
    if (kernels.empty() || llvm::any_of(kernels, wasDecided) || llvm::any_of(kernels, lacksSchedule))
      return;
    BandDecider decider(function, models, goal.memoryLimit.has_value());
    goal.budget = kBudget * decider.estimateAll();
    decider.apply(chooseTiling(decider.steps, decider.candidates, goal), goal);
  }
};

} // namespace
