//===- GroupedChoice.h - depthwise and grouped convolutions -----*- C++ -*-===//
//
// Schedules of convolutions whose groups share blocks of channels: #res.grouped. Plain numbers: neither MLIR nor Halide.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_ANALYSIS_GROUPEDCHOICE_H
#define RES_COMPILER_ANALYSIS_GROUPEDCHOICE_H

#include "compiler/analysis/ScheduleChoice.h"

#include <vector>

namespace res {

/// See #res.grouped.
struct GroupedSchedule {
  int64_t pixels;
  bool whole;
  int64_t blocks, rows;
  double microseconds; // the estimate, on one core at 3 GHz
};

/// How the lanes of a block of outputs find the channel of their group.
enum class GroupLanes {
  none,     // they cannot: groups are whole blocks, or lie across blocks at odd places
  permuted, // all groups of a block read one block: a vector of it, permuted
  halves,   // each half of a block is in one group: a broadcast for each
};
GroupLanes laneGroups(int64_t groups, int64_t groupInputs, int64_t groupOutputs);

/// Whether a convolution can have a grouped schedule.
inline bool fitsGrouped(const ConvShape &shape) {
  return shape.blocked && !shape.readsBlocks() &&
         laneGroups(shape.groups, shape.channels / shape.groups, shape.filters / shape.groups) != GroupLanes::none;
}

/// The schedule of a convolution that fits.
GroupedSchedule chooseGrouped(const ConvShape &shape, const TargetModel &target);

/// The choice first, then others worth measuring.
std::vector<GroupedSchedule> listGrouped(const ConvShape &shape, const TargetModel &target);

/// The first thing about a schedule that does not fit an output of `blocks` x `height` x `width`, or "".
std::string checkGrouped(const GroupedSchedule &schedule, int64_t width, int64_t height, int64_t blocks);

} // namespace res

#endif // RES_COMPILER_ANALYSIS_GROUPEDCHOICE_H
