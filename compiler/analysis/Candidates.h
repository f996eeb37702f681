//===- Candidates.h - the schedules worth measuring -------------*- C++ -*-===//
//
// What the cost model chooses for a kernel, and the few others that it cannot tell apart from that: estimates know register
// tiles and the traffic of weights, but little of caches, so the loops around a tile are varied one at a time. Plain
// numbers: neither MLIR nor Halide.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_ANALYSIS_CANDIDATES_H
#define RES_COMPILER_ANALYSIS_CANDIDATES_H

#include "compiler/analysis/GroupedChoice.h"
#include "compiler/analysis/WinogradChoice.h"

#include <variant>
#include <vector>

namespace res {

/// The most schedules that are listed for a kernel.
inline constexpr size_t kMostCandidates = 12;

using ConvSchedule = std::variant<DirectSchedule, WinogradSchedule, GroupedSchedule>;

/// The schedule of a convolution that the cost model prefers. `fast`: not only direct ones; the result is in blocks then.
/// Targets that shall read the same packed weights are `others`.
ConvSchedule chooseConv(const ConvShape &shape, bool fast, const TargetModel &target, llvm::ArrayRef<TargetModel> others = {},
                        Prefer prefer = Prefer::speed);

/// Each list starts with the cost model's choice, which for convolutions is that of chooseConv; no two are equal, and
/// each one fits its kernel. Convolutions: other algorithms and forms, then register tiles, then loops.
std::vector<ConvSchedule> listConv(const ConvShape &shape, bool fast, const TargetModel &target,
                                   Prefer prefer = Prefer::speed);
std::vector<DenseSchedule> listDense(int64_t batch, int64_t inputs, int64_t outputs, const TargetModel &target);
std::vector<MapSchedule> listMap(int64_t elements, int64_t lines, int64_t width, int64_t reads, const TargetModel &target);

/// What direct schedules of a convolution have to fit; with `flat` its maps are one row.
DirectLimits limitsOf(const ConvShape &shape, bool flat);

} // namespace res

#endif // RES_COMPILER_ANALYSIS_CANDIDATES_H
