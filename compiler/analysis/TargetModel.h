//===- TargetModel.h - what the compiler knows of a processor ---*- C++ -*-===//
//
// The numbers that schedules and the cost model ask for. No other file holds numbers of this kind.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_ANALYSIS_TARGETMODEL_H
#define RES_COMPILER_ANALYSIS_TARGETMODEL_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <optional>
#include <string>
#include <vector>

namespace res {

struct TargetModel {
  std::string name;         // a micro-architecture level of the x86-64 psABI, or "aarch64": Armv8-A with NEON
  std::string arch;         // the processor family, "x86_64" or "aarch64": of one library
  int64_t vectorFloats;     // floats in a vector register
  int64_t vectorRegisters;  // architectural vector registers
  int64_t fmaPerCycle;      // vector fused multiply-adds a core starts per cycle
  int64_t fmaLatency;       // cycles until a multiply-add may use the result of another
  int64_t l1Bytes;          // data cache of a core
  int64_t l2Bytes;          // cache of a core
  int64_t lastCacheBytes;   // of all cores together
  double dramBytesPerCycle; // what one core streams from memory
  double weightCycles;      // that a vector of weights costs a register tile beyond its load, as it comes from the second cache
  int64_t cores;            // that a parallel loop should have tasks for
  bool hasVnni;             // 8-bit dot products (AVX-512 VNNI, Armv8.4 DotProd): shown only, as kernels compute in float

  /// The model of a target's name; "host" is the best level this machine has. Fails with the names that are known.
  static llvm::Expected<TargetModel> get(llvm::StringRef name);

  /// The models of names with commas between them, all of one family: the best first, and none twice.
  static llvm::Expected<std::vector<TargetModel>> getAll(llvm::StringRef names);

  /// The names again, as res.target has them.
  static std::string join(llvm::ArrayRef<TargetModel> models);

  /// The model of this machine's level, with the cores that this process may use and what cpuid says: for people. Schedules are
  /// chosen by `get` alone, so that the same target gives the same bytes on every machine. Empty below x86-64-v3.
  static std::optional<TargetModel> thisMachine();

  /// "16 floats in each of 32 registers, 2 multiply-adds a cycle, …": the numbers, but for the name.
  std::string describe() const;

  /// The level of this machine, from cpuid: "x86-64-v4", "x86-64-v3", or "" below that; "aarch64".
  static llvm::StringRef hostName();

  /// Whether this machine runs code for it: one of a family runs what is for those below it.
  bool runsHere() const;

  /// Vector registers that one block of 16 channels takes.
  int64_t registersPerBlock() const { return (16 + vectorFloats - 1) / vectorFloats; }

  /// Floating point operations per cycle of a core (a multiply-add counts as 2).
  double peakFlopsPerCycle() const { return 2.0 * double(vectorFloats * fmaPerCycle); }
};

} // namespace res

#endif // RES_COMPILER_ANALYSIS_TARGETMODEL_H
