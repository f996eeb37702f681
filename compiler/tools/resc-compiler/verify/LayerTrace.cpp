//===- LayerTrace.cpp - every tensor that a library computes ----*- C++ -*-===//
//
// Steps are functions of the arena alone, so a program of one step at a time leaves what the whole program would.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/resc-compiler/verify/LayerTrace.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace res;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// A tensor in memory as row-major values of its logical shape.
static std::vector<float> unpack(RankedTensorType type, const float *data) {
  std::vector<float> values(type.getNumElements());
  int64_t block = getBlock(type);
  if (!block) {
    std::copy_n(data, values.size(), values.begin());
    return values;
  }
  // [N][C / block][H * W][block]
  int64_t channels = type.getDimSize(1), pixels = type.getDimSize(2) * type.getDimSize(3);
  int64_t blocks = llvm::divideCeil(channels, block);
  for (size_t i = 0; i < values.size(); ++i) {
    int64_t pixel = i % pixels, c = i / pixels % channels, n = i / pixels / channels;
    values[i] = data[((n * blocks + c / block) * pixels + pixel) * block + c % block];
  }
  return values;
}

namespace {

/// An instance whose program is one step of the library's, which can be exchanged between runs, and one turn.
class SteppedInstance {
public:
  explicit SteppedInstance(const res_model &whole)
      : steps(whole.program->steps), scratch(whole.program->scratch), program(*whole.program), model(whole) {
    bytes = model.workspace_bytes(&model, 1); // of all steps
    model.program = &program;
    model.step_count = 1;
  }

  res_status open() {
    workspace.reset(static_cast<char *>(std::aligned_alloc(RES_ABI_ALIGN, res_abi_align(bytes))));
    if (!workspace)
      return RES_ERROR_MEMORY;
    res_options options = {};
    options.struct_bytes = sizeof options;
    options.threads = 1;
    options.workspace = workspace.get();
    options.workspace_bytes = bytes;
    res_instance *opened = nullptr;
    // Steps are of one program, so the one that this processor runs is found here and not when the library opens.
    res_status status = RES_ERROR_PROCESSOR;
    for (const res_abi_program *next = &program; next && status == RES_ERROR_PROCESSOR;) {
      program = *next;
      next = program.otherwise, steps = program.steps, scratch = program.scratch;
      program.otherwise = program.larger = nullptr, program.turns = 1, program.step_count = 1;
      status = model.open(&model, &options, &opened);
    }
    instance = Instance(opened, InstanceCloser{&model});
    return status;
  }

  res_status run(unsigned step, const std::vector<const void *> &inputs, const std::vector<void *> &outputs) {
    program.steps = steps + step;
    program.scratch = scratch ? scratch + step : nullptr;
    return model.run(instance.get(), inputs.data(), outputs.data());
  }

  /// See abi.h for the order of a workspace.
  const char *arena() const { return workspace.get() + RES_ABI_INSTANCE_BYTES + RES_ABI_WORKER_BYTES; }

private:
  struct Free {
    void operator()(char *data) const { std::free(data); }
  };
  const res_abi_step *steps;
  const res_abi_scratch *scratch;
  size_t bytes;
  res_abi_program program;
  res_model model;
  std::unique_ptr<char, Free> workspace;
  Instance instance; // closed before its workspace goes
};

} // namespace

/// Where inputs or outputs of a turn begin.
template <typename Pointer>
static std::vector<Pointer> partsOf(const std::vector<Pointer> &whole, TypeRange types, int64_t turn) {
  using Byte = std::conditional_t<std::is_const_v<std::remove_pointer_t<Pointer>>, const char, char>;
  std::vector<Pointer> parts;
  for (auto [pointer, type] : llvm::zip_equal(whole, types))
    parts.push_back(static_cast<Byte *>(pointer) + turn * getStorageBytes(cast<RankedTensorType>(type)));
  return parts;
}

llvm::Expected<std::vector<LayerResult>> res::traceLibrary(const Artifact &artifact, const res_model &model,
                                                           ModuleOp planned, const std::vector<const void *> &inputs,
                                                           const std::vector<void *> &outputs, int64_t images) {
  auto main = planned.lookupSymbol<func::FuncOp>("main");
  SmallVector<CallOp> calls(main.getOps<CallOp>());
  uint64_t arenaBytes = main->getAttrOfType<IntegerAttr>(kArenaBytesAttr).getInt();
  if (model.program->step_count != calls.size() || model.program->arena_bytes != arenaBytes)
    return llvm::createStringError("'" + artifact.path() + "' was compiled from another model or with other flags: expected " +
                                   llvm::Twine(calls.size()) + " kernel calls in " + llvm::Twine(arenaBytes) +
                                   " bytes, got " + llvm::Twine(model.program->step_count) + " in " +
                                   llvm::Twine(model.program->arena_bytes));
  llvm::DenseMap<Value, unsigned> outputOf;
  for (OpOperand &operand : main.getBody().front().getTerminator()->getOpOperands())
    outputOf[operand.get()] = operand.getOperandNumber();

  SteppedInstance instance(model);
  res_status status = instance.open();
  std::vector<LayerResult> results;
  const int64_t turns = images ? images : getTurns(main), first = images ? images - 1 : 0;
  for (int64_t turn = first; turn < turns; ++turn) {
    const std::vector<const void *> from = partsOf(inputs, main.getArgumentTypes(), turn);
    const std::vector<void *> to = partsOf(outputs, main.getResultTypes(), turn);
    auto result = results.begin();
    for (auto [step, call] : llvm::enumerate(calls)) {
      if (status == RES_OK)
        status = instance.run(step, from, to);
      if (status != RES_OK)
        return llvm::createStringError("'" + artifact.path() + "': " + asClause(model.status_text(status)));
      for (auto [value, offset] : llvm::zip(call.getOutputs(), *call.getOffsets())) {
        const void *data = offset < 0 ? to[outputOf.lookup(value)] : instance.arena() + offset;
        std::vector<float> values = unpack(typeOf(value), static_cast<const float *>(data));
        if (turn == first)
          results.push_back({unsigned(step), getResultNodeName(call.getLoc()).str(), call.getCallee().str(), std::move(values)});
        else
          llvm::append_range((result++)->values, values);
      }
    }
  }
  return results;
}
