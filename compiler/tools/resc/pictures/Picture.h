//===- Picture.h - pixels of a PNG or JPEG file -----------------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_PICTURES_PICTURE_H
#define RES_COMPILER_TOOLS_RESC_PICTURES_PICTURE_H

#include "compiler/tools/common/Support.h"

#include <memory>

namespace res {

/// Rows from top to bottom, 8 bits per channel, channels interleaved: 1 is luma, 3 are red, green and blue.
struct Picture {
  uint32_t width = 0, height = 0, channels = 0;
  std::unique_ptr<uint8_t[]> pixels;

  size_t rowBytes() const { return size_t(width) * channels; }
  uint8_t *row(size_t y) { return pixels.get() + y * rowBytes(); }
  const uint8_t *row(size_t y) const { return pixels.get() + y * rowBytes(); }
};

/// Makes room for the pixels once the other members are known. Pictures beyond any camera are refused before they take
/// memory: a file of some kilobytes may claim to be one. Returns what is wrong, or an empty text.
std::string allocatePixels(Picture &picture);

/// Whether a file that starts like this is a PNG or JPEG. Eight bytes tell.
bool isPicture(llvm::StringRef start);

/// Decodes a file's content. Transparency and colour profiles are dropped, 16-bit channels reduced to 8; anything but
/// luma becomes RGB. A damaged or truncated file is an error, even if part of it could be shown.
llvm::Expected<Picture> decodePicture(llvm::StringRef content);
llvm::Expected<Picture> decodePng(llvm::StringRef content);
llvm::Expected<Picture> decodeJpeg(llvm::StringRef content);

/// The picture with 1 or 3 channels. Luma is that of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, rounded to 8 bits.
llvm::Expected<Picture> withChannels(Picture picture, uint32_t channels);

} // namespace res

#endif
