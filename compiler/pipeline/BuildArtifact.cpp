//===- BuildArtifact.cpp - a planned module to a library --------*- C++ -*-===//

#include "compiler/pipeline/BuildArtifact.h"
#include "compiler/codegen/KernelEmitter.h"
#include "compiler/link/DriverObject.h"
#include "compiler/link/ElfObject.h"
#include "compiler/link/Manifest.h"
#include "compiler/link/SharedLibrary.h"
#include "compiler/lowering/KernelNames.h"
#include "compiler/pipeline/KernelCache.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/pipeline/TemporaryFiles.h"
#include "compiler/weights/PackWeights.h"
#include "runtime/RuntimeBlob.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/raw_ostream.h"

#include <atomic>
#include <mutex>

using namespace mlir;
using namespace res;

namespace {

/// Collects the first error of parallel work; which one that is depends on the order of the work, not on its timing.
class FirstError {
public:
  void add(size_t order, llvm::Error error) {
    if (!error)
      return;
    std::lock_guard<std::mutex> lock(mutex);
    std::string text = llvm::toString(std::move(error));
    if (order < first) {
      first = order;
      message = std::move(text);
    }
  }
  llvm::Error take() { return first == SIZE_MAX ? llvm::Error::success() : llvm::createStringError(message); }

private:
  std::mutex mutex;
  size_t first = SIZE_MAX;
  std::string message;
};

} // namespace

static llvm::Error writeFile(StringRef path, StringRef text) {
  std::error_code failed;
  llvm::raw_fd_ostream os(path, failed);
  if (failed)
    return llvm::createFileError(path, failed);
  os << text;
  os.close();
  failed = os.error();
  os.clear_error();
  return failed ? llvm::createFileError(path, failed) : llvm::Error::success();
}

namespace {
/// A kernel for one of the targets.
struct KernelJob {
  func::FuncOp kernel;
  const TargetModel *target;
  std::string symbol;
  KernelFiles files;
};
} // namespace

/// Compiles every kernel for every target, in parallel.
static llvm::Error compileKernels(MutableArrayRef<KernelJob> jobs, const BuildOptions &options) {
  FirstError errors;
  std::atomic<unsigned> done{0};
  if (options.dump)
    for (KernelJob &job : jobs) {
      job.files.statement = options.dump->addFile(job.symbol + ".stmt", "Halide's loops of the kernel");
      job.files.assembly = options.dump->addFile(job.symbol + ".s", "the kernel's assembly");
    }
  std::optional<KernelCache> cache;
  if (options.useCache && options.instrumentedRuntime.empty())
    cache.emplace();
  auto compile = [&](const KernelJob &job) -> llvm::Error {
    std::string key = cache ? KernelCache::keyOf(job.kernel, job.target->name, job.symbol) : "";
    // A dump wants the statement and the assembly, which only a compilation has.
    if (cache && !options.dump && cache->load(key, job.files.object))
      return llvm::Error::success();
    if (llvm::Error error = emitKernel(job.kernel, *job.target, job.symbol, job.files))
      return error;
    if (cache)
      cache->store(key, job.files.object);
    return llvm::Error::success();
  };
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(options.jobs));
  for (size_t i = 0; i < jobs.size(); ++i)
    pool.async([&, i] {
      errors.add(i, compile(jobs[i]));
      if (options.progress)
        options.progress(++done, jobs.size());
    });
  pool.wait();
  return errors.take();
}

/// Packs every weight into its place of the mapped section.
static llvm::Error packWeights(ModuleOp module, const BuildOptions &options, MutableArrayRef<char> section) {
  WeightEvaluator evaluator(options.baseFolder);
  FirstError errors;
  SmallVector<PackOp> packs;
  llvm::DenseSet<int64_t> offsets; // programs share weights
  for (func::FuncOp program : getPrograms(module))
    program.walk([&](PackOp pack) {
      if (pack.getOffset() && offsets.insert(*pack.getOffset()).second)
        packs.push_back(pack);
    });
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(options.jobs));
  for (auto [i, pack] : llvm::enumerate(packs)) {
    int64_t offset = *pack.getOffset(), bytes = packedBytes(pack);
    if (offset < 0 || offset % 64 || bytes > int64_t(section.size()) || offset > int64_t(section.size()) - bytes)
      return llvm::createStringError("expected a packed weight inside the weights section, got offset " + llvm::Twine(offset));
    pool.async([&, i = i, pack = pack, offset, bytes] {
      MutableArrayRef<float> place(reinterpret_cast<float *>(section.data() + offset), bytes / sizeof(float));
      errors.add(i, packWeight(evaluator, pack, place));
    });
  }
  pool.wait();
  return errors.take();
}

static llvm::Error buildDriver(ModuleOp module, const BuildOptions &options, StringRef arch, StringRef object) {
  OwningOpRef<ModuleOp> driver = module.clone();
  auto instrument = [&](PassManager &passes) {
    if (options.dump)
      options.dump->instrument(passes);
  };
  // What is wrong with the plan becomes the error, so that it is said once.
  std::string message = "the driver could not be lowered";
  ScopedDiagnosticHandler handler(module.getContext(), [&](Diagnostic &diagnostic) {
    StringRef node = getNodeName(diagnostic.getLocation());
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      message = (node.empty() ? "" : "node '" + node.str() + "': ") + diagnostic.str();
    return success();
  });
  if (failed(runPhases(*driver, Phase::llvm, instrument)))
    return llvm::createStringError(message);
  return writeDriverObject(*driver, arch, object);
}

static llvm::Error writeRuntime(const BuildOptions &options, StringRef arch, StringRef object) {
  if (options.instrumentedRuntime.empty())
    return writeFile(object, runtimeObject(arch));
  std::error_code failed = llvm::sys::fs::copy_file(options.instrumentedRuntime, object);
  return failed ? llvm::createFileError(options.instrumentedRuntime, failed) : llvm::Error::success();
}

llvm::Error res::buildArtifact(ModuleOp module, const BuildOptions &options) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  auto targetName = module->getAttrOfType<StringAttr>(kTargetAttr);
  auto modelName = module->getAttrOfType<StringAttr>(kModelNameAttr);
  auto weightsAttr = main ? main->getAttrOfType<IntegerAttr>(kWeightsBytesAttr) : IntegerAttr();
  if (!weightsAttr || weightsAttr.getInt() < 0 || !targetName || !modelName)
    return llvm::createStringError("expected a planned module with a target and a model name");
  llvm::Expected<std::vector<TargetModel>> targets = TargetModel::getAll(targetName);
  if (!targets)
    return targets.takeError();
  const std::string &arch = targets->front().arch;

  // Both files exist beside their places from here on, so that an unwritable folder is found before the work.
  SmallString<128> headerPath(options.output);
  llvm::sys::path::replace_extension(headerPath, "h");
  PendingFile library(options.output), header(headerPath.str().str());
  for (PendingFile *file : {&library, &header})
    if (llvm::Error error = file->open())
      return error;
  auto folder = TemporaryFolder::create();
  if (!folder)
    return folder.takeError();
  const SmallVector<func::FuncOp> programs = getPrograms(module);
  std::vector<KernelJob> jobs;
  std::vector<std::string> objects;
  for (auto function : module.getOps<func::FuncOp>())
    for (size_t place = 0; !llvm::is_contained(programs, function) && place < targets->size(); ++place) {
      objects.push_back(folder->file("kernel" + std::to_string(objects.size()) + ".o"));
      jobs.push_back({function, &(*targets)[place], symbolFor(function.getName(), *targets, place),
                      {objects.back(), "", "", !options.instrumentedRuntime.empty()}});
    }
  if (llvm::Error error = compileKernels(jobs, options))
    return error;

  for (const char *name : {"driver.o", "runtime.o", "data.o"})
    objects.push_back(folder->file(name));
  const std::string &driver = objects.end()[-3], &runtime = objects.end()[-2], &data = objects.end()[-1];
  if (llvm::Error error = buildDriver(module, options, arch, driver))
    return error;
  if (llvm::Error error = writeRuntime(options, arch, runtime))
    return error;
  int64_t weightsBytes = weightsAttr.getInt();
  auto fill = [&](MutableArrayRef<char> section) { return packWeights(module, options, section); };
  std::string manifest = describeArtifact(module);
  if (options.dump)
    if (llvm::Error error = writeFile(options.dump->addFile("manifest.json", "what the artifact says about itself"), manifest))
      return error;
  if (llvm::Error error = writeDataObject(data, arch, weightsBytes, fill, manifest))
    return error;

  if (llvm::Error error = linkSharedLibrary(objects, {"res_get_model", modelName.str() + "_get_model"},
                                            folder->file("exports.map"), library.getTemporaryPath(),
                                            options.instrumentedRuntime.empty() ? "" : "__tsan_"))
    return error;
  if (llvm::Error error = writeFile(header.getTemporaryPath(), generateHeader(module)))
    return error;
  if (options.dump)
    if (llvm::Error error = options.dump->finish())
      return error;
  if (llvm::Error error = header.commit())
    return error;
  return library.commit();
}
