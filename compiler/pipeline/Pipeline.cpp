//===- Pipeline.cpp - the phases of a compilation ---------------*- C++ -*-===//
//
// The table of contents of the compiler: every pass, in order.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Pipeline.h"
#include "compiler/lowering/Passes.h"
#include "compiler/lowering/Scratch.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace res;

std::optional<Phase> res::parsePhase(StringRef name) {
  auto found = llvm::find(kPhaseNames, name);
  if (found == std::end(kPhaseNames))
    return std::nullopt;
  return Phase(found - std::begin(kPhaseNames));
}

std::optional<Phase> res::getPhase(ModuleOp module) {
  auto name = module->getAttrOfType<StringAttr>(kPhaseAttr);
  return name ? parsePhase(name) : std::nullopt;
}

void res::addPhase(OpPassManager &passes, Phase phase) {
  switch (phase) {
  case Phase::imported:
    break;
  case Phase::fused:
    // 1. Identical weights and operations become one, what nothing reads goes.
    passes.addPass(createCSEPass());
    passes.addPass(createCanonicalizerPass());
    // 2. Batch normalisation into weights, before fusion hides the layers in kernels.
    passes.addPass(createFoldBatchNormPass());
    passes.addPass(createSubsampleShortcutPass());
    // 3. One kernel per operation; what is a view, as it fuses with nothing; then activations first, so that an addition finds the branch it joins complete, and
    //    again for the activation behind the addition.
    passes.addPass(createFormKernelsPass());
    passes.addPass(createPlaceViewsPass());
    passes.addPass(createFuseEpiloguePass());
    passes.addPass(createFuseResidualAddPass());
    passes.addPass(createFuseEpiloguePass());
    // 4. The weights that folding left without users.
    passes.addPass(createCSEPass());
    // 5. Branches in the order that needs least memory, before anything is decided about steps.
    passes.addPass(createOrderKernelsPass());
    break;
  case Phase::decided:
    // 1. How many images go through at once, as schedules depend on it.
    passes.addPass(createSplitBatchPass());
    passes.addPass(createDecideSchedulesPass());
    passes.addPass(createDecideBandsPass());
    // 2. Of a model of any batch: one packing for its programs.
    passes.addPass(createSharePackingPass());
    break;
  case Phase::scheduled:
    // Kernels that were decided to be one merge before layouts fix their types.
    passes.addPass(createTileBottleneckPass());
    passes.addPass(createApplyLayoutsPass());
    passes.addPass(createPackWeightsPass());
    // Weights that several kernels read in one packing are packed once.
    passes.addPass(createCSEPass());
    break;
  case Phase::planned:
    passes.addPass(createWriteInPlacePass());
    passes.addPass(createOutlineKernelsPass());
    passes.addPass(createPlanMemoryPass());
    break;
  case Phase::llvm:
    passes.addPass(createLowerToLLVMPass());
    break;
  }
}

static LogicalResult runPhase(ModuleOp module, Phase phase, llvm::function_ref<void(PassManager &)> instrument) {
  PassManager passes(module.getContext());
  instrument(passes);
  addPhase(passes, phase);
  if (failed(passes.run(module)))
    return failure();
  module->setAttr(kPhaseAttr, StringAttr::get(module.getContext(), getName(phase)));
  return success();
}

static void setLimit(ModuleOp module, int64_t bytes) {
  module->setAttr(kMemoryLimitAttr, IntegerAttr::get(IntegerType::get(module.getContext(), 64), bytes));
}

/// Bytes of the workspace for one thread when decisions are made for a limit; none if they cannot be made.
static std::optional<int64_t> planFor(ModuleOp fused, int64_t limit) {
  OwningOpRef<ModuleOp> trial = fused.clone();
  ScopedDiagnosticHandler quiet(fused.getContext(), [](Diagnostic &) { return success(); }); // they come again
  auto run = [&](Phase phase) { return runPhase(*trial, phase, [](PassManager &) {}); };
  setLimit(*trial, limit);
  if (failed(run(Phase::decided)))
    return std::nullopt;
  trial->getOperation()->removeAttr(kMemoryLimitAttr); // planning would fail above it
  if (failed(run(Phase::scheduled)) || failed(run(Phase::planned)))
    return std::nullopt;
  return getWorkspaceBytes(*trial, 1);
}

/// The limit that decisions have to be made for so that the workspace meets `limit`: they expect tensors and scratch to lie
/// side by side, and in the end there are gaps. Lower and lower ones are tried, last the smallest of
/// all: what that leads to is the least limit that can be met.
static int64_t chooseLimit(ModuleOp fused, int64_t limit) {
  constexpr int kTrials = 4;
  int64_t next = limit;
  for (int trial = 0; trial < kTrials && next > 0; ++trial) {
    std::optional<int64_t> bytes = planFor(fused, next);
    if (!bytes || *bytes <= limit)
      return next;
    next -= *bytes - limit;
  }
  return 1;
}

LogicalResult res::runPhases(ModuleOp module, Phase last, llvm::function_ref<void(PassManager &)> instrument) {
  std::optional<Phase> done = getPhase(module);
  if (!done)
    return module.emitError("expected a module with '") << kPhaseAttr << "', the phase it completed";
  for (unsigned next = unsigned(*done) + 1; next <= unsigned(last); ++next) {
    auto limit = Phase(next) == Phase::decided ? module->getAttrOfType<IntegerAttr>(kMemoryLimitAttr) : IntegerAttr();
    if (limit)
      setLimit(module, chooseLimit(module, limit.getInt()));
    if (failed(runPhase(module, Phase(next), instrument)))
      return failure();
    if (limit)
      module->setAttr(kMemoryLimitAttr, limit);
  }
  return success();
}
