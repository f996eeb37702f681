//===- Picture.cpp - pixels of a PNG or JPEG file ---------------*- C++ -*-===//

#include "compiler/tools/resc/pictures/Picture.h"

#include <new>

using namespace llvm;

namespace res {

std::string allocatePixels(Picture &picture) {
  const uint64_t limit = 200'000'000; // the largest sensors of today; 600 MB of RGB
  const uint32_t sideLimit = 1'000'000;
  uint64_t count = uint64_t(picture.width) * picture.height;
  if (count == 0 || count > limit || picture.width > sideLimit || picture.height > sideLimit)
    return "expected at most 200 million pixels and 1 million on a side, got " + std::to_string(picture.width) + "x" +
           std::to_string(picture.height);
  picture.pixels.reset(new (std::nothrow) uint8_t[count * picture.channels]);
  return picture.pixels ? "" : "not enough memory";
}

static bool isPng(StringRef start) { return start.starts_with("\x89PNG\r\n\x1a\n"); }
static bool isJpeg(StringRef start) { return start.starts_with("\xff\xd8\xff"); }

bool isPicture(StringRef start) { return isPng(start) || isJpeg(start); }

Expected<Picture> decodePicture(StringRef content) {
  if (isPng(content))
    return decodePng(content);
  if (isJpeg(content))
    return decodeJpeg(content);
  return makeError("expected a PNG or JPEG picture, got another kind of file");
}

Expected<Picture> withChannels(Picture picture, uint32_t channels) {
  if (picture.channels == channels)
    return picture;
  Picture result;
  result.width = picture.width;
  result.height = picture.height;
  result.channels = channels;
  if (std::string problem = allocatePixels(result); !problem.empty())
    return makeError(problem);
  const uint8_t *from = picture.pixels.get();
  const uint8_t *end = from + picture.rowBytes() * picture.height;
  uint8_t *to = result.pixels.get();
  if (channels == 3)
    for (; from < end; ++from, to += 3)
      to[0] = to[1] = to[2] = *from;
  else
    for (; from < end; from += 3, ++to) // the weights in units of 2^-16; their sum is 65536
      *to = (from[0] * 19595 + from[1] * 38470 + from[2] * 7471 + 32768) >> 16;
  return result;
}

} // namespace res
