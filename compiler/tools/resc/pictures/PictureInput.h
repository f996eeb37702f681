//===- PictureInput.h - from a picture to a model's input -------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_PICTURES_PICTUREINPUT_H
#define RES_COMPILER_TOOLS_RESC_PICTURES_PICTUREINPUT_H

#include "compiler/tools/common/Support.h"

#include <vector>

namespace res {

/// What a picture goes through: resized, cropped in the middle to the model's size, its values of 0 to 1 normalised to
/// (value - mean) / deviation. Empty vectors stand for ImageNet's numbers (RGB) or 0 and 1 (luma); one number is for
/// all channels.
struct PictureOptions {
  std::optional<uint32_t> resize; // the shorter side; else 256/224 of the model's longer side
  bool crop = true;               // else resized to exactly the model's size, whatever the picture's proportions
  std::vector<float> mean, deviation;
};

/// An input that takes pictures: batch x channels x height x width.
struct PictureShape {
  size_t batch;
  uint32_t channels, height, width;

  size_t count() const { return size_t(channels) * height * width; }
};

/// Nothing unless the shape has four dimensions and 1 or 3 channels.
std::optional<PictureShape> pictureShape(llvm::ArrayRef<int64_t> shape);

/// Whether the options fit the shape. An error is one of usage.
llvm::Error checkOptions(const PictureOptions &options, const PictureShape &shape);

/// Writes one picture as planes of float32, shape.count() values.
llvm::Error loadPicture(llvm::StringRef path, const PictureShape &shape, const PictureOptions &options, float *planes);

} // namespace res

#endif
