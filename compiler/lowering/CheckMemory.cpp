//===- CheckMemory.cpp - what a plan of the memory must hold ----*- C++ -*-===//

#include "compiler/lowering/CheckMemory.h"
#include "compiler/lowering/Scratch.h"

#include "llvm/Support/MathExtras.h"

#include <map>
#include <set>

using namespace mlir;
using namespace res;

namespace {

/// The arena: what lies where. Scratch that a step has left behind is a null value.
class Arena {
public:
  struct Range {
    int64_t begin, end;
    bool overlaps(const Range &other) const { return begin < other.end && other.begin < end; }
  };

  /// What lies in a range, even in part.
  SmallVector<Value> find(Range range) const {
    SmallVector<Value> values;
    auto entry = tensors.lower_bound(range.begin);
    if (entry != tensors.begin() && std::prev(entry)->second.end > range.begin)
      --entry;
    for (; entry != tensors.end() && entry->first < range.end; ++entry)
      values.push_back(entry->second.value);
    return values;
  }

  /// Whatever lay there is gone.
  void write(Range range, Value value) {
    auto entry = tensors.lower_bound(range.begin);
    if (entry != tensors.begin() && std::prev(entry)->second.end > range.begin)
      --entry;
    while (entry != tensors.end() && entry->first < range.end)
      entry = tensors.erase(entry);
    tensors[range.begin] = {range.end, value};
  }

private:
  struct Tensor {
    int64_t end;
    Value value;
  };
  std::map<int64_t, Tensor> tensors; // by their offsets, never overlapping
};

} // namespace

static int64_t bytesOf(Value value) { return getStorageBytes(cast<RankedTensorType>(value.getType())); }

/// Where a value lies in the arena, if it does: a concatenation and a reshape where their first input lies, a slice some
/// whole rows, images or blocks behind it.
static std::optional<Arena::Range> rangeOf(Value value) {
  Operation *op = value.getDefiningOp();
  int64_t begin = -1;
  if (auto call = dyn_cast_or_null<CallOp>(op)) {
    begin = (*call.getOffsets())[cast<OpResult>(value).getResultNumber()];
  } else if (isa_and_nonnull<ConcatOp, ReshapeOp, SliceOp>(op)) {
    if (std::optional<Arena::Range> first = rangeOf(op->getOperand(0)))
      begin = first->begin;
  }
  if (begin < 0)
    return std::nullopt;
  if (auto slice = dyn_cast<SliceOp>(op)) {
    auto from = slice.getInput().getType();
    int64_t elements = 1, first = 0; // of memory in one position of a dimension; the first that is read
    for (size_t axis = from.getRank(); axis-- > 0;) {
      const int64_t block = axis == 1 && getBlock(from) ? getBlock(from) : 1;
      first += slice.getOffsets()[axis] / block * block * elements;
      elements *= llvm::divideCeil(from.getDimSize(axis), block) * block;
    }
    // With [C/16][H][W][16] a channel of a block counts for all of its pixels, so that the sum above holds for blocks, too.
    begin += first * from.getElementTypeBitWidth() / 8;
  }
  return Arena::Range{begin, begin + bytesOf(value)};
}

/// Whether every byte of a value, which is read where `begin` is, is still as the call that computed it wrote it.
static bool isIntact(Value value, Arena::Range range, const Arena &arena) {
  Operation *op = value.getDefiningOp();
  if (auto concat = dyn_cast_or_null<ConcatOp>(op)) {
    for (Value input : concat.getInputs()) {
      std::optional<Arena::Range> place = rangeOf(input);
      if (!place || place->begin != range.begin || !isIntact(input, *place, arena))
        return false;
      range.begin = place->end;
    }
    return true;
  }
  while (isa_and_nonnull<ReshapeOp, SliceOp>(op)) {
    value = op->getOperand(0);
    op = value.getDefiningOp();
  }
  if (isa_and_nonnull<ConcatOp>(op)) // under another shape
    return isIntact(value, *rangeOf(value), arena);
  return arena.find(range) == SmallVector<Value>{value};
}

/// Whether a value is, or has a part in, what a call reads.
static bool isReadBy(CallOp call, Value value) {
  SmallVector<Value> inputs(call.getInputs());
  while (!inputs.empty()) {
    Value input = inputs.pop_back_val();
    if (input == value)
      return true;
    if (Operation *op = input.getDefiningOp(); isa_and_nonnull<ConcatOp, ReshapeOp, SliceOp>(op))
      llvm::append_range(inputs, op->getOperands());
  }
  return false;
}

/// Numbers that cannot overflow, however they are added up. Dumps are input.
static LogicalResult checkNumbers(CallOp call) {
  constexpr uint64_t kMost = uint64_t(1) << 48;
  auto attr = call->getAttrOfType<DenseI64ArrayAttr>(kScratchPlaceAttr);
  const res_abi_scratch place = getScratchPlace(call);
  if ((place.shared_bytes || place.worker_bytes) && (!attr || attr.size() != 3))
    return call.emitOpError("expected three numbers in ") << kScratchPlaceAttr << ", as its kernel needs scratch";
  for (uint64_t number : {place.offset, place.above, place.shared_bytes, place.worker_bytes})
    if (number > kMost)
      return call.emitOpError("expected scratch of 0 to ") << kMost << " bytes and places up to there, got " << int64_t(number);
  return success();
}

static std::string countOf(int64_t threads) { return std::to_string(threads) + (threads == 1 ? " thread" : " threads"); }

/// Where the runtime gives scratch to `threads` workers: first the shared part, then each worker's, in whole units.
static Arena::Range scratchOf(CallOp call, int64_t threads) {
  auto units = [](uint64_t bytes) { return int64_t(llvm::alignTo(bytes, RES_ABI_ALIGN)); };
  const res_abi_scratch place = getScratchPlace(call);
  const int64_t begin = int64_t(uint64_t(threads) <= place.fits ? place.offset : place.above);
  return {begin, begin + units(place.shared_bytes) + threads * units(place.worker_bytes)};
}

/// The scratch of a call lies in the workspace, whose part from the arena on has `bytes`, apart from what the call reads.
static LogicalResult checkScratch(CallOp call, const Arena &arena, Arena::Range scratch, int64_t bytes, int64_t threads) {
  if (scratch.begin % RES_ABI_ALIGN)
    return call.emitOpError("expected scratch at a multiple of ") << RES_ABI_ALIGN << ", got " << scratch.begin;
  if (scratch.end > bytes)
    return call.emitOpError("expected scratch that ends in the workspace of ")
           << countOf(threads) << ", at " << bytes << ", got its end at " << scratch.end;
  for (Value other : arena.find(scratch))
    if (isReadBy(call, other))
      return call.emitOpError("expected scratch of ") << countOf(threads) << " apart from inputs and results";
  return success();
}

/// Whether the input that the result overwrites may be the first input, too.
static bool mayReadTwice(CallOp call) {
  auto kernel = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(call, call.getCalleeAttr());
  return kernel && llvm::count(call.getInputs(), call.getInputs()[*call.getInPlace()]) == 2 &&
         call.getInputs().front() == call.getInputs()[*call.getInPlace()] &&
         overwritesItsInput(kernel.getBody().front(), kernel->getAttrOfType<DictionaryAttr>(kSchedulesAttr));
}

/// A call with `threads` workers, whose workspace has `bytes` from the arena on.
static LogicalResult checkCall(CallOp call, Arena &arena, int64_t bytes, int64_t threads) {
  for (auto [index, input] : llvm::enumerate(call.getInputs()))
    if (std::optional<Arena::Range> range = rangeOf(input)) {
      if (isIntact(input, *range, arena))
        continue;
      InFlightDiagnostic error =
          call.emitOpError("expected input ") << index << " to lie in the arena as it was written, got it overwritten";
      if (llvm::is_contained(arena.find(*range), Value()))
        error << " by scratch of " << countOf(threads);
      return error;
    }
  const Arena::Range scratch = scratchOf(call, threads);
  if (scratch.begin < scratch.end) {
    if (failed(checkScratch(call, arena, scratch, bytes, threads)))
      return failure();
    arena.write(scratch, Value());
  }
  Value overwritten = call.getInPlace() ? Value(call.getInputs()[*call.getInPlace()]) : Value();
  for (Value output : call.getOutputs()) {
    std::optional<Arena::Range> range = rangeOf(output);
    if (overwritten) {
      std::optional<Arena::Range> place = rangeOf(overwritten);
      if (!overwritten.getDefiningOp<CallOp>() || !place || !range || place->begin != range->begin)
        return call.emitOpError("expected the result at the place of the input that it overwrites");
      if (llvm::count(call.getInputs(), overwritten) > 1 && !mayReadTwice(call))
        return call.emitOpError("expected the input that is overwritten to be one input alone");
    }
    if (!range)
      continue;
    if (range->overlaps(scratch))
      return call.emitOpError("expected scratch of ") << countOf(threads) << " apart from inputs and results";
    for (Value other : arena.find(*range))
      if (other && other != overwritten && (isReadBy(call, other) || llvm::is_contained(call.getOutputs(), other)))
        return call.emitOpError("expected results apart from inputs and from each other");
    arena.write(*range, output);
  }
  return success();
}

LogicalResult res::checkMemory(func::FuncOp main) {
  // Scratch moves where one thread more than fits between tensors has it, for each step at another number.
  std::set<int64_t> threads{1, 2, 8, RES_ABI_MAX_THREADS};
  for (auto call : main.getOps<CallOp>()) {
    if (failed(checkNumbers(call)))
      return failure();
    const uint64_t fits = getScratchPlace(call).fits;
    if (fits > 0 && fits < RES_ABI_MAX_THREADS)
      threads.insert({int64_t(fits), int64_t(fits) + 1});
  }
  for (int64_t count : threads) {
    const int64_t bytes = getWorkspaceBytes(main, uint32_t(count)) - getStateBytes(uint32_t(count));
    Arena arena;
    for (auto call : main.getOps<CallOp>())
      if (failed(checkCall(call, arena, bytes, count)))
        return failure();
  }
  return success();
}
