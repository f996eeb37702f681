//===- WinogradChoice.h - cost model of Winograd convolutions ---*- C++ -*-===//
//
// F(m x m, 3x3): tiles of m x m outputs by (m + 2)^2 multiplications for each pair of channels instead of 9 m^2.
// (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016.)
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_ANALYSIS_WINOGRADCHOICE_H
#define RES_COMPILER_ANALYSIS_WINOGRADCHOICE_H

#include "compiler/analysis/ScheduleChoice.h"

#include <optional>
#include <string>
#include <vector>

namespace res {

enum class WinogradWeights { stored, registers, panels };

/// See #res.winograd.
struct WinogradSchedule {
  int64_t tile, blocks, columns, rows, macroColumns, macroRows, chunk, unroll;
  WinogradWeights weights;
  int64_t group;    // blocks of output channels that the packed weights have together: a multiple of `blocks`
  double microseconds;
  int64_t images = 0;

  /// Whether the kernel transforms its weights itself.
  bool readsTaps() const { return weights != WinogradWeights::stored; }
  bool inRegisters() const { return weights == WinogradWeights::registers; }
  int64_t points() const { return tile + 2; }
  /// Tiles of the map on an axis of `size` outputs.
  int64_t tilesOf(int64_t size) const { return (size + tile - 1) / tile; }
  /// One macro block holds the whole map.
  bool isWhole(int64_t height, int64_t width) const {
    return macroRows >= tilesOf(height) && macroColumns >= tilesOf(width);
  }
};

/// The first thing about a schedule that does not fit a convolution between blocked maps (schedules come from edited dumps,
/// too), or "". Sizes are the result's, channels in blocks.
std::string checkWinograd(const WinogradSchedule &schedule, int64_t batch, int64_t height, int64_t width, int64_t inputBlocks,
                          int64_t outputBlocks);

/// One Winograd schedule of a convolution for each form that applies, the best first; none unless it is 3x3 with stride 1,
/// in one group, between blocked maps. Its weights are packed so that `others`, too, have a schedule (chooseWinogradLike).
std::vector<WinogradSchedule> listWinograd(const ConvShape &shape, const TargetModel &target,
                                           llvm::ArrayRef<TargetModel> others = {});

/// What counts where a faster kernel has larger weights. Even for speed they are not stored where the transformed weights
/// of one layer would fill a last-level cache and stream through it at more than half of a core's bandwidth.
enum class Prefer { speed, size };

/// The first of them that keeps to the preference.
std::optional<WinogradSchedule> chooseWinograd(const ConvShape &shape, const TargetModel &target,
                                               llvm::ArrayRef<TargetModel> others = {}, Prefer prefer = Prefer::speed);

/// The best one that reads the weights of `packed`, a schedule of another target; `sameBlocks`: with as many as are packed
/// together.
std::optional<WinogradSchedule> chooseWinogradLike(const ConvShape &shape, const TargetModel &target,
                                                   const WinogradSchedule &packed, bool sameBlocks = false);

} // namespace res

#endif // RES_COMPILER_ANALYSIS_WINOGRADCHOICE_H
