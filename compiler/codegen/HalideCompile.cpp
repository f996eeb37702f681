//===- HalideCompile.cpp - Halide pipelines to objects ----------*- C++ -*-===//

#include "compiler/codegen/HalideCompile.h"
#include "compiler/analysis/ScheduleChoice.h"

#include "res/abi.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>

#include <sys/mman.h>
#include <unistd.h>

using namespace Halide;
using namespace res;

namespace {

/// Without it warnings would go to stderr; errors must not return.
class QuietReporter : public CompileTimeErrorReporter {
public:
  void warning(const char *) override {}
  void error(const char *message) override { throw CompileError(message); }
};

/// Descriptors of buffers hold an address and nothing else: all bounds are constants (fixShape), and begin at 0. Halide asks
/// for the minimum where it has dropped a clamp that a condition implies.
class KnownMinima : public Internal::IRMutator {
public:
  bool unknown = false; // something else is asked for

private:
  using Internal::IRMutator::visit;

  Expr visit(const Internal::Call *op) override {
    if (op->name == Internal::Call::buffer_get_min)
      return Internal::make_zero(op->type);
    unknown |= op->name == Internal::Call::buffer_get_extent || op->name == Internal::Call::buffer_get_stride;
    return Internal::IRMutator::visit(op);
  }
};

bool fillInMinima(Module &module) {
  Module filled(module.name(), module.target());
  KnownMinima minima;
  for (Internal::LoweredFunc function : module.functions()) {
    function.body = minima.mutate(function.body);
    filled.append(function);
  }
  module = filled;
  return !minima.unknown;
}

/// The most that a lowered function has allocated on the heap at once. A block counts to the end of its scope, even if it
/// is freed before: the runtime reuses it only when the ones behind it are free.
class ScratchMeter : public Internal::IRVisitor {
public:
  int64_t most = 0;
  bool unknown = false;

private:
  using Internal::IRVisitor::visit;

  void visit(const Internal::Allocate *op) override {
    // What Halide keeps on the stack: small and of known size (CodeGen's limit is 16 KB).
    constexpr int64_t kStackLimit = 16 * 1024;
    const int64_t elements = op->constant_allocation_size();
    const int64_t block = (elements + op->padding) * op->type.bytes();
    unknown |= elements == 0;
    const int64_t before = bytes;
    bytes += block > kStackLimit ? (block + RES_ABI_ALIGN - 1) / RES_ABI_ALIGN * RES_ABI_ALIGN : 0;
    most = std::max(most, bytes);
    Internal::IRVisitor::visit(op);
    bytes = before;
  }

  int64_t bytes = 0; // of the scopes around this place
};

/// The need of a module: the bodies of its parallel loops are functions of their own, called by the one named `name`.
/// Returns false when an allocation's size is not a constant.
bool measureScratch(const Module &module, const std::string &name, ScratchBytes &bytes) {
  for (const Internal::LoweredFunc &function : module.functions()) {
    ScratchMeter meter;
    function.body.accept(&meter);
    if (meter.unknown)
      return false;
    int64_t &most = function.name == name ? bytes.shared : bytes.worker;
    most = std::max(most, meter.most);
  }
  return true;
}

} // namespace

/// Halide numbers the names it makes with counters that all threads share, and keeps names in alphabetical maps, whose order
/// the code follows: with t99 and t100 in one kernel, other bytes than with t100 and t101. From here on all numbers of a
/// letter have the same length, so that the order is that of the numbers, which is the same whatever other threads do.
static void makeNamesComparable() {
  for (char letter = 'a'; letter <= 'z'; ++letter)
    for (int number = letter == 't' ? 100'000 : 10'000; number > 0; --number)
      Internal::unique_name(letter);
}

std::string res::catchHalide(const std::function<std::string()> &work) {
  static QuietReporter reporter;
  static std::once_flag installed;
  std::call_once(installed, [] {
    set_custom_compile_time_error_reporter(&reporter);
    makeNamesComparable();
  });
  try {
    return work();
  } catch (const Error &error) {
    return error.what();
  }
}

/// The Halide target of an instruction set. Kernels need no runtime but halide_do_par_for and halide_malloc, check
/// nothing, and hand their first argument to both.
static Target halideTarget(const TargetModel &target, bool findsRaces) {
  std::string features = target.arch == "aarch64" ? "arm-64-linux" : "x86-64-linux-sse41";
  if (findsRaces)
    features += "-tsan"; // which passes over accesses of more than 16 bytes, so vectors have no more
  else if (target.arch != "aarch64")
    features += "-avx-avx2-fma-f16c";
  if (target.name == "x86-64-v4" && !findsRaces)
    features += "-avx512-avx512_skylake";
  return Target(features + "-no_runtime-no_asserts-no_bounds_query-user_context");
}

namespace {

/// A file in memory for Halide to write to: where it cannot write, as on a full disk, it would end the process.
class MemoryFile {
public:
  MemoryFile() : descriptor(memfd_create("kernel", MFD_CLOEXEC)) {}
  ~MemoryFile() { close(descriptor); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor); }
  /// Writes what it holds to a file of the disk. Returns an error message or "".
  std::string copyTo(const std::string &file) const {
    std::ofstream stream(file, std::ios::binary | std::ios::trunc);
    char part[1 << 16];
    for (ssize_t got = 0, offset = 0; stream && (got = pread(descriptor, part, sizeof part, offset)) > 0; offset += got)
      stream.write(part, got);
    stream.close();
    return stream ? "" : "cannot write '" + file + "': " + std::strerror(errno);
  }

private:
  int descriptor;
};

} // namespace

std::string res::compileKernel(Func output, const std::vector<ImageParam> &arguments, const std::string &name,
                               const TargetModel &target, ScratchBytes planned, const std::vector<PrefetchPlan> &prefetches,
                               const std::set<std::string> &permuted, const KernelFiles &files) {
  std::vector<Argument> args(arguments.begin(), arguments.end());
  // Without metadata: that names the Func of the output, and Halide numbers names by counters that all threads share, so that
  // the bytes would depend on what else is compiled. All other names are of symbols that the linker strips.
  Module module = Pipeline(output).compile_to_module(args, name, halideTarget(target, files.findsRaces), LinkageType::External);
  if (!fillInMinima(module))
    return "kernel '" + name + "': a shape that is not constant";
  if (!permuted.empty()) // vectors of 16 lanes: AVX-512, whose loads have masks
    module = permuteLoads(module, permuted, target.vectorFloats >= kBlock);
  for (const PrefetchPlan &plan : prefetches)
    if (!plan.weights.empty())
      module = insertPrefetches(module, plan);
  ScratchBytes needed{0, 0};
  if (!measureScratch(module, name, needed))
    return "kernel '" + name + "': scratch of unknown size";
  if (needed.shared > planned.shared || needed.worker > planned.worker)
    return "kernel '" + name + "': planned " + std::to_string(planned.shared) + " and " + std::to_string(planned.worker) +
           " bytes of scratch, Halide allocates " + std::to_string(needed.shared) + " and " + std::to_string(needed.worker);
  const std::pair<OutputFileType, const std::string &> wanted[] = {{OutputFileType::object, files.object},
                                                                   {OutputFileType::stmt, files.statement},
                                                                   {OutputFileType::assembly, files.assembly}};
  MemoryFile memory[std::size(wanted)];
  std::map<OutputFileType, std::string> outputs;
  for (size_t i = 0; i < std::size(wanted); ++i)
    if (!wanted[i].second.empty())
      outputs[wanted[i].first] = memory[i].path();
  module.compile(outputs);
  std::string problem;
  for (size_t i = 0; i < std::size(wanted) && problem.empty(); ++i)
    if (!wanted[i].second.empty())
      problem = memory[i].copyTo(wanted[i].second);
  return problem;
}
