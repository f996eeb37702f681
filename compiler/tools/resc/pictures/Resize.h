//===- Resize.h - antialiased bilinear resampling ---------------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_PICTURES_RESIZE_H
#define RES_COMPILER_TOOLS_RESC_PICTURES_RESIZE_H

#include "compiler/tools/resc/pictures/Picture.h"

namespace res {

/// A window of a resized picture: of what would be resizedWidth x resizedHeight, the width x height pixels from
/// (left, top) on. It has to lie within.
struct ResizeWindow {
  uint64_t resizedWidth, resizedHeight, left, top;
  uint32_t width, height;
};

/// Writes the window as planes, [channels][height][width], in the pixels' own scale of 0 to 255, unrounded.
///
/// Along each axis, with s = input size / resized size and r = max(s, 1), pixel x of the result is
///
///     sum over i of w(i) p(i) / sum over i of w(i),   w(i) = max(0, 1 - |i + 1/2 - (x + 1/2) s| / r)
///
/// over the pixels i of the input: a triangle as wide as two pixels of the coarser grid, so that shrinking averages
/// instead of skipping. Pillow and torchvision (with antialias) resize so, too, apart from their rounding to 8 bits.
/// Only what the window needs is computed.
void resizeWindow(const Picture &picture, const ResizeWindow &window, float *planes);

} // namespace res

#endif
