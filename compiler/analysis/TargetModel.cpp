//===- TargetModel.cpp - what the compiler knows of a processor -*- C++ -*-===//

#include "compiler/analysis/TargetModel.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Threading.h"

#include <array>

using namespace res;

// Caches are those of the smallest current server core of the level (Zen 4 and 5: 32-48 KB and 1 MB; Skylake-SP: 32 KB
// and 1 MB; client AVX2 cores: 32 KB and 256 KB at least), so that a choice holds on all of them and an artifact's bytes
// do not depend on the machine that compiled it. Bandwidth: 40 GB/s at about 4 GHz, measured on a Zen 5 server core.
// Cycles of weights: fitted to 2x14 against 2x7 and 4x4 tiles on 3x3 layers of ResNet-18 (1.07 and 1.09 times as long); 2x3
// and 1x6 tiles of AVX2 took the same time on ResNet-50 (Zen 5).
// AArch64: a Neoverse N1 (two pipes of 128 bits, 64 KB and at least 512 KB); not measured.
// Last caches: 32 MB, which a chiplet of a server processor has for its cores. Cores: 8 tasks let 2 to 8 threads end together. No
// level includes VNNI.
// The best of a family first.
static const std::array<TargetModel, 3> kModels = {{
    {"x86-64-v4", "x86_64", 16, 32, 2, 4, 32 << 10, 1 << 20, 32 << 20, 10.0, 0.25, 8, false},
    {"x86-64-v3", "x86_64", 8, 16, 2, 4, 32 << 10, 256 << 10, 32 << 20, 8.0, 0.0, 8, false},
    {"aarch64", "aarch64", 4, 32, 2, 4, 64 << 10, 512 << 10, 32 << 20, 8.0, 0.0, 8, false},
}};
static constexpr llvm::StringLiteral kKnown = "host, x86-64-v4, x86-64-v3 or aarch64";

llvm::StringRef TargetModel::hostName() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  // gcc's names of the levels check cpuid and the register state that the operating system saves.
  if (__builtin_cpu_supports("x86-64-v4"))
    return "x86-64-v4";
  if (__builtin_cpu_supports("x86-64-v3"))
    return "x86-64-v3";
#elif defined(__aarch64__)
  return "aarch64";
#endif
  return "";
}

std::optional<TargetModel> TargetModel::thisMachine() {
  for (TargetModel model : kModels)
    if (model.name == hostName()) {
      model.cores = llvm::hardware_concurrency().compute_thread_count(); // knows affinity
#if defined(__x86_64__)
      model.hasVnni = __builtin_cpu_supports("avx512vnni");
#endif
      return model;
    }
  return std::nullopt;
}

std::string TargetModel::describe() const {
  const auto kib = [](int64_t bytes) {
    return bytes < 1 << 20 ? std::to_string(bytes >> 10) + " KiB" : std::to_string(bytes >> 20) + " MiB";
  };
  return std::to_string(vectorFloats) + " floats in each of " + std::to_string(vectorRegisters) + " registers, " +
         std::to_string(fmaPerCycle) + " multiply-adds a cycle, caches of " + kib(l1Bytes) + ", " + kib(l2Bytes) + " and " +
         kib(lastCacheBytes) + ", " + std::to_string(int64_t(dramBytesPerCycle)) + " bytes a cycle from memory, " +
         std::to_string(cores) + (cores == 1 ? " core" : " cores") + (hasVnni ? ", VNNI" : ", no VNNI");
}

bool TargetModel::runsHere() const {
  for (const TargetModel &model : kModels)
    if (model.name == hostName())
      return model.arch == arch && model.vectorFloats >= vectorFloats;
  return false;
}

llvm::Expected<TargetModel> TargetModel::get(llvm::StringRef name) {
  llvm::StringRef wanted = name == "host" ? hostName() : name;
  for (const TargetModel &model : kModels)
    if (model.name == wanted)
      return model;
  if (name == "host")
    return llvm::createStringError("this machine is below x86-64-v3; expected --target with a level to compile for");
  return llvm::createStringError("unknown target '" + name + "', expected " + kKnown);
}

llvm::Expected<std::vector<TargetModel>> TargetModel::getAll(llvm::StringRef names) {
  std::vector<TargetModel> models;
  for (llvm::StringRef name : llvm::split(names, ',')) {
    llvm::Expected<TargetModel> model = get(name);
    if (!model)
      return model.takeError();
    if (!models.empty() && models.front().arch != model->arch)
      return llvm::createStringError("expected targets of one processor family, got '" + models.front().name + "' and '" +
                                     model->name + "'");
    if (llvm::none_of(models, [&](const TargetModel &other) { return other.name == model->name; }))
      models.push_back(std::move(*model));
  }
  llvm::sort(models, [](const TargetModel &a, const TargetModel &b) { return a.vectorFloats > b.vectorFloats; });
  return models;
}

std::string TargetModel::join(llvm::ArrayRef<TargetModel> models) {
  return llvm::join(llvm::map_range(models, [](const TargetModel &model) { return model.name; }), ",");
}
