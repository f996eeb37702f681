//===- LowerToLLVM.cpp - the driver in the LLVM dialect ---------*- C++ -*-===//
//
// Turns the planned program into steps, their table and the description of the model. The layouts of the structures are
// those of runtime/include/res/runtime.h and abi.h.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/MemoryPlan.h"
#include "compiler/lowering/CheckMemory.h"
#include "compiler/lowering/DriverBuilder.h"
#include "compiler/lowering/KernelNames.h"
#include "compiler/lowering/Passes.h"
#include "compiler/lowering/Scratch.h"
#include "dialect/ResViews.h"

#include "res/abi.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringExtras.h"

#define DEBUG_TYPE "res-lower-to-llvm"

namespace res {
#define GEN_PASS_DEF_LOWERTOLLVMPASS
#include "compiler/lowering/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

namespace {

/// A function that is the network, as a res_abi_program for each target.
struct Program {
  func::FuncOp main;
  std::string prefix;     // of its symbols
  int64_t images = 0;     // of a model of any batch: in a turn
  int64_t turns = 1;      // in which a batch goes through the steps, else
  int64_t steps = 0;
  SmallVector<int64_t> places = {}; // where calls have their scratch, as res_abi_scratch
  Scratch most = {};

  /// Whether inputs and outputs are more than what a turn takes.
  bool takesParts() const { return images > 0 || turns > 1; }
};

struct LowerToLLVMPass : res::impl::LowerToLLVMPassBase<LowerToLLVMPass> {
  using Base::Base;
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto main = module.lookupSymbol<func::FuncOp>("main");
    const SmallVector<func::FuncOp> functions = getPrograms(module);
    if (failed(checkPlanned(main)))
      return signalPassFailure();
    for (func::FuncOp function : functions)
      if ((function != main && failed(checkPlanned(function))) || failed(checkImages(main, function)))
        return signalPassFailure();
    llvm::Expected<std::vector<TargetModel>> known = TargetModel::getAll(moduleString(kTargetAttr, ""));
    if (!known) {
      module.emitError() << llvm::toString(known.takeError());
      return signalPassFailure();
    }
    targets = std::move(*known);
    for (func::FuncOp function : functions) {
      Program &program = programs.emplace_back(Program{function, function == main ? "res_" : "res_together_"});
      program.images = takesAnyBatch(main) ? getImages(function) : 0;
      program.turns = getTurns(function);
      collectScratch(program);
    }
    DriverBuilder driver(module);
    driver.externalData("res_weights");
    if (llvm::any_of(programs, [](const Program &program) { return program.takesParts(); }))
      driver.function("res_rt_turn", driver.i64, {driver.ptr});
    for (auto kernel : llvm::to_vector(module.getOps<func::FuncOp>()))
      if (!llvm::is_contained(functions, kernel))
        declareKernel(driver, kernel);
    for (Program &program : programs)
      for (auto call : program.main.getOps<CallOp>()) {
        for (size_t target = 0; target < targets.size(); ++target)
          lowerCall(driver, program, call, target);
        ++program.steps;
      }
    describe(driver, main);
    for (auto function : llvm::to_vector(module.getOps<func::FuncOp>()))
      function.erase();
  }

  /// Where calls have their scratch, and the most that one needs. Before kernels become declarations.
  static void collectScratch(Program &program) {
    for (auto call : program.main.getOps<CallOp>()) {
      const res_abi_scratch place = getScratchPlace(call);
      for (uint64_t field : {place.offset, place.fits, place.above, place.shared_bytes, place.worker_bytes})
        program.places.push_back(int64_t(field));
      program.most = {std::max(program.most.shared, int64_t(place.shared_bytes)),
                      std::max(program.most.worker, int64_t(place.worker_bytes))};
    }
  }

  /// What the lowering relies on. Dumps of this phase are input, so what is wrong is said and not assumed.
  LogicalResult checkPlanned(func::FuncOp main) {
    for (StringRef name : {kArenaBytesAttr, kArenaLowerBoundAttr, kWeightsBytesAttr})
      if (!main || !main->getAttrOfType<IntegerAttr>(name))
        return getOperation().emitError("expected a planned module: 'main' has no ") << name;
    for (auto kernel : getOperation().getOps<func::FuncOp>())
      if (auto scratch = kernel->getAttrOfType<DenseI64ArrayAttr>(kScratchAttr); scratch && scratch.size() != 2)
        return kernel.emitOpError("expected two sizes in ") << kScratchAttr << ", got " << scratch.size();
    for (auto call : main.getOps<CallOp>()) {
      for (Value input : call.getInputs()) {
        auto pack = input.getDefiningOp<PackOp>();
        if (isViewOp(input.getDefiningOp())) {
          if (failed(checkView(input)))
            return failure();
          continue;
        }
        if (input.getDefiningOp() && !input.getDefiningOp<CallOp>() && !(pack && pack.getOffset()))
          return call.emitOpError("expected results of calls and packed weights with an offset as inputs");
      }
      if (!call.getOffsets())
        return call.emitOpError("expected offsets of its results");
      for (auto [result, offset] : llvm::zip(call.getOutputs(), *call.getOffsets()))
        if (failed(checkPlace(main, call, result, offset)))
          return failure();
    }
    if (failed(checkMemory(main)))
      return failure();
    llvm::SmallPtrSet<Value, 4> written;
    for (Value output : main.getBody().front().getTerminator()->getOperands())
      if (!output.getDefiningOp<CallOp>() || !written.insert(output).second)
        return main.emitOpError("expected each output to be the result of a call, and none twice");
    return success();
  }

  /// In a model of any batch, @main is for one image, and @main_together the same for several.
  static LogicalResult checkImages(func::FuncOp main, func::FuncOp program) {
    const int64_t images = getImages(program);
    auto isSame = [&](auto both) {
      auto one = dyn_cast<RankedTensorType>(std::get<0>(both)), several = dyn_cast<RankedTensorType>(std::get<1>(both));
      return one && several && one.getRank() && one.getRank() == several.getRank() && several.getDimSize(0) == images &&
             one.getShape().drop_front() == several.getShape().drop_front();
    };
    if (program == main && !takesAnyBatch(main))
      return success();
    if (!takesAnyBatch(main) || (program == main) != (images == 1) || getTurns(program) > 1 ||
        main.getNumArguments() != program.getNumArguments() || main.getNumResults() != program.getNumResults() ||
        !llvm::all_of(llvm::zip(main.getArgumentTypes(), program.getArgumentTypes()), isSame) ||
        !llvm::all_of(llvm::zip(main.getResultTypes(), program.getResultTypes()), isSame))
      return program.emitOpError("expected the arguments and results of a model of any batch, 'main' for one image and '")
             << kTogetherFunction << "' for several";
    return success();
  }

  /// A view is of tensors that calls compute, or under another name an input of the model.
  static LogicalResult checkView(Value view) {
    Operation *op = view.getDefiningOp();
    if (!getViewOffsets(op))
      return op->emitOpError("expected elements that lie in memory as the operands have them");
    for (Value operand : op->getOperands()) {
      if (isViewOp(operand.getDefiningOp())) {
        if (failed(checkView(operand)))
          return failure();
      } else if (operand.getDefiningOp() ? !operand.getDefiningOp<CallOp>() || isReturned(operand) : isa<ConcatOp>(op)) {
        return op->emitOpError("expected results of calls that stay in the arena");
      }
    }
    return success();
  }

  static bool isReturned(Value value) {
    return llvm::any_of(value.getUsers(), [](Operation *user) { return isa<func::ReturnOp>(user); });
  }

  static LogicalResult checkPlace(func::FuncOp main, CallOp call, Value result, int64_t offset) {
    const bool leaves = isReturned(result);
    if (leaves != (offset == -1))
      return call.emitOpError("expected the offset -1 for what 'main' returns and nothing else, got ") << offset;
    int64_t arena = main->getAttrOfType<IntegerAttr>(kArenaBytesAttr).getInt();
    int64_t bytes = getStorageBytes(cast<RankedTensorType>(result.getType()));
    if (!leaves && (offset < 0 || offset % kArenaAlignment || arena < bytes || offset > arena - bytes))
      return call.emitOpError("expected an offset that is a multiple of ")
             << kArenaAlignment << " and leaves " << bytes << " bytes of the arena's " << arena << ", got " << offset;
    return success();
  }

  std::string stepName(const Program &program, int64_t step, size_t target) {
    return symbolFor(program.prefix + "step_" + std::to_string(step), targets, target);
  }

  /// int kernel(void *context, halide_buffer_t *input…, halide_buffer_t *output…), without the input that the output
  /// overwrites. The name is taken by the function of the dialect until that one is erased, so it moves aside.
  void declareKernel(DriverBuilder &driver, func::FuncOp kernel) {
    std::string name = kernel.getName().str();
    kernel.setName(name + ".res");
    const unsigned shared = kernel->hasAttr(kInPlaceAttr);
    SmallVector<Type> arguments(1 + kernel.getNumArguments() + kernel.getNumResults() - shared, driver.ptr);
    for (size_t target = 0; target < targets.size(); ++target)
      driver.function(symbolFor(name, targets, target), driver.i32, arguments);
  }

  /// int32_t step(inputs, outputs, arena, worker)
  void lowerCall(DriverBuilder &driver, const Program &program, CallOp call, size_t target) {
    auto function = driver.function(stepName(program, program.steps, target), driver.i32, SmallVector<Type>(4, driver.ptr), LLVM::Linkage::Internal);
    OpBuilder &builder = driver.builder;
    Block *entry = function.addEntryBlock(builder);
    builder.setInsertionPointToStart(entry);
    SmallVector<Value> arguments{entry->getArgument(3)};
    for (auto [index, operand] : llvm::enumerate(call.getInputs()))
      if (index != call.getInPlace())
        arguments.push_back(descriptor(driver, placeOf(driver, program, entry, operand)));
    for (Value result : call.getOutputs())
      arguments.push_back(descriptor(driver, placeOf(driver, program, entry, result)));
    auto type = LLVM::LLVMFunctionType::get(driver.i32, SmallVector<Type>(arguments.size(), driver.ptr));
    auto callee = FlatSymbolRefAttr::get(&getContext(), symbolFor(call.getCallee(), targets, target));
    auto called = LLVM::CallOp::create(builder, driver.loc, type, callee, arguments);
    LLVM::ReturnOp::create(builder, driver.loc, called.getResult());
  }

  /// Where a value of a program lies.
  Value placeOf(DriverBuilder &driver, const Program &program, Block *entry, Value value) {
    if (isViewOp(value.getDefiningOp())) { // which begins where its first part lies, or inside
      const ViewPart part = getViewParts(value).front();
      return driver.advance(placeOf(driver, program, entry, part.value), -part.offset);
    }
    if (auto argument = dyn_cast<BlockArgument>(value))
      return placeOfTurn(driver, program, entry, driver.loadPointer(entry->getArgument(0), argument.getArgNumber()), value);
    if (auto pack = value.getDefiningOp<PackOp>())
      return driver.advance(driver.address("res_weights"), pack.getOffset().value_or(0));
    auto result = cast<OpResult>(value);
    int64_t offset = (*cast<CallOp>(result.getOwner()).getOffsets())[result.getResultNumber()];
    if (offset >= 0)
      return driver.advance(entry->getArgument(2), offset);
    for (OpOperand &use : value.getUses())
      if (isa<func::ReturnOp>(use.getOwner()))
        return placeOfTurn(driver, program, entry, driver.loadPointer(entry->getArgument(1), use.getOperandNumber()), value);
    return driver.null();
  }

  /// The part of an input or output that belongs to the current turn.
  Value placeOfTurn(DriverBuilder &driver, const Program &program, Block *entry, Value pointer, Value value) {
    if (!program.takesParts())
      return pointer;
    auto type = LLVM::LLVMFunctionType::get(driver.i64, {driver.ptr});
    Value turn = LLVM::CallOp::create(driver.builder, driver.loc, type, FlatSymbolRefAttr::get(&getContext(), "res_rt_turn"),
                                      entry->getArgument(3)).getResult();
    Value bytes = driver.integer(driver.i64, getStorageBytes(cast<RankedTensorType>(value.getType())));
    Value offset = LLVM::MulOp::create(driver.builder, driver.loc, turn, bytes);
    return LLVM::GEPOp::create(driver.builder, driver.loc, driver.ptr, driver.i8, pointer, ArrayRef<LLVM::GEPArg>{offset});
  }

  /// A halide_buffer_t of which only `host` is set. Kernels have constant bounds and strides and read nothing else.
  Value descriptor(DriverBuilder &driver, Value host) {
    OpBuilder &builder = driver.builder;
    // {device, interface, host, flags, type, dimensions, dim, padding}
    auto type = LLVM::LLVMStructType::getLiteral(&getContext(), {driver.i64, driver.ptr, driver.ptr, driver.i64, driver.i32,
                                                                 driver.i32, driver.ptr, driver.ptr});
    Value buffer = LLVM::AllocaOp::create(builder, driver.loc, driver.ptr, type, driver.integer(driver.i64, 1), 16);
    Value field = LLVM::GEPOp::create(builder, driver.loc, driver.ptr, type, buffer, ArrayRef<LLVM::GEPArg>{0, 2});
    LLVM::StoreOp::create(builder, driver.loc, host, field);
    return buffer;
  }

  StringRef moduleString(StringRef name, StringRef fallback) {
    auto attr = getOperation()->getAttrOfType<StringAttr>(name);
    return attr ? attr.getValue() : fallback;
  }

  /// res_tensor_info of arguments or results, as one constant array.
  void describeTensors(DriverBuilder &driver, StringRef name, func::FuncOp main, TypeRange types,
                       llvm::function_ref<StringAttr(unsigned)> nameOf) {
    auto part = [&](StringRef what, unsigned index) { return (name + "_" + what + llvm::Twine(index)).str(); };
    for (auto [index, type] : llvm::enumerate(types)) {
      StringAttr tensorName = nameOf(index);
      driver.string(part("name", index), tensorName ? tensorName.getValue() : "");
      driver.integers(part("shape", index), getModelShape(main, type));
    }
    driver.aggregate(name, [&] {
      SmallVector<Value> fields;
      for (auto [index, type] : llvm::enumerate(types)) {
        RankedTensorType tensor = getTypeOfTurns(type, getTurns(main));
        fields.append({driver.address(part("name", index)), driver.address(part("shape", index)),
                       driver.integer(driver.i64, getStorageBytes(tensor)), driver.integer(driver.i32, tensor.getRank()),
                       driver.integer(driver.i32, RES_F32)});
      }
      return fields;
    });
  }

  /// What the processor must have (RES_ABI_ISA_).
  static int64_t isaOf(const TargetModel &target) {
    if (target.arch != "x86_64")
      return 0;
    return target.name == "x86-64-v4" ? RES_ABI_ISA_AVX2 | RES_ABI_ISA_AVX512 : RES_ABI_ISA_AVX2;
  }

  void describeProgram(DriverBuilder &driver, const Program &program, size_t target) {
    auto total = [&](StringRef name) { return func::FuncOp(program.main)->getAttrOfType<IntegerAttr>(name).getInt(); };
    std::string table = symbolFor(program.prefix + "steps", targets, target);
    driver.aggregate(table, [&] {
      SmallVector<Value> fields;
      for (int64_t step = 0; step < program.steps; ++step)
        fields.push_back(driver.address(stepName(program, step, target)));
      return fields;
    });
    auto nameOf = [&](const Program &other, size_t place) { return symbolFor(other.prefix + "program", targets, place); };
    driver.aggregate(nameOf(program, target), [&]() -> SmallVector<Value> {
      const bool hasOther = target + 1 < targets.size(), hasLarger = &program != &programs.back();
      return {driver.address(table),
              driver.integer(driver.i64, total(kArenaBytesAttr)),
              driver.integer(driver.i64, program.most.shared),
              driver.integer(driver.i64, program.most.worker),
              driver.integer(driver.i32, isaOf(targets[target])),
              driver.integer(driver.i32, program.turns > 1 ? program.turns : 0),
              hasOther ? driver.address(nameOf(program, target + 1)) : driver.null(),
              driver.address(program.prefix + "scratch"),
              driver.integer(driver.i64, program.steps),
              driver.integer(driver.i64, program.images),
              hasLarger ? driver.address(nameOf(*(&program + 1), target)) : driver.null()};
    });
  }

  void describe(DriverBuilder &driver, func::FuncOp main) {
    StringRef model = moduleString(kModelNameAttr, "model");
    describeTensors(driver, "res_inputs", main, main.getArgumentTypes(),
                    [&](unsigned i) { return main.getArgAttrOfType<StringAttr>(i, kTensorNameAttr); });
    describeTensors(driver, "res_outputs", main, main.getResultTypes(),
                    [&](unsigned i) { return main.getResultAttrOfType<StringAttr>(i, kTensorNameAttr); });
    driver.string("res_name", model);
    driver.string("res_target", TargetModel::join(targets));
    driver.string("res_compiler", "resc " RES_VERSION);
    driver.string("res_hash", moduleString(kModelHashAttr, ""));
    // The last first: each program refers to the one for more images, and to that for processors that lack something of its
    // instruction set.
    for (const Program &program : llvm::reverse(programs)) {
      driver.integers(program.prefix + "scratch", program.places);
      for (size_t target = targets.size(); target-- > 0;)
        describeProgram(driver, program, target);
    }
    int64_t steps = 0;
    for (const Program &program : programs)
      steps += program.steps;

    const bool anyBatch = takesAnyBatch(main);
    SmallVector<StringRef> entries{"res_rt_workspace_bytes", "res_rt_open",  "res_rt_run",        "res_rt_run_timed",
                                   "res_rt_threads",         "res_rt_close", "res_rt_status_text"};
    if (anyBatch)
      entries.push_back("res_rt_run_batch");
    for (StringRef entry : entries) // only their addresses matter here
      driver.function(entry, driver.i32, {});
    driver.aggregate("res_model_data", [&] {
      SmallVector<Value> fields{driver.integer(driver.i32, RES_ABI_VERSION),
                                driver.integer(driver.i32, anyBatch ? sizeof(res_model) : offsetof(res_model, run_batch)),
                                driver.address("res_name"),
                                driver.address("res_target"),
                                driver.address("res_compiler"),
                                driver.address("res_hash"),
                                driver.integer(driver.i32, main.getNumArguments()),
                                driver.integer(driver.i32, main.getNumResults()),
                                driver.address("res_inputs"),
                                driver.address("res_outputs"),
                                driver.integer(driver.i32, steps),
                                driver.integer(driver.i32, 0),
                                driver.address("res_program")};
      for (StringRef entry : entries)
        fields.push_back(driver.address(entry));
      return fields;
    });
    for (const std::string &name : {std::string("res_get_model"), (model + "_get_model").str()}) {
      auto getter = driver.function(name, driver.ptr, {}, LLVM::Linkage::External, /*isPublic=*/true);
      driver.builder.setInsertionPointToStart(getter.addEntryBlock(driver.builder));
      LLVM::ReturnOp::create(driver.builder, driver.loc, driver.address("res_model_data"));
    }
  }

  std::vector<TargetModel> targets; // a program for each, the best first
  std::vector<Program> programs;    // @main, and @main_together if there is one
};

} // namespace
