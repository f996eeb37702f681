//===- PictureInput.cpp - from a picture to a model's input -----*- C++ -*-===//

#include "compiler/tools/resc/pictures/PictureInput.h"
#include "compiler/tools/resc/pictures/Picture.h"
#include "compiler/tools/resc/pictures/Resize.h"

#include "llvm/Support/MemoryBuffer.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace res {

std::optional<PictureShape> pictureShape(ArrayRef<int64_t> shape) {
  if (shape.size() != 4 || (shape[1] != 1 && shape[1] != 3) || shape[0] == 0 || shape[2] < 1 || shape[3] < 1 ||
      shape[2] > UINT32_MAX || shape[3] > UINT32_MAX)
    return std::nullopt;
  return PictureShape{size_t(std::max<int64_t>(shape[0], 1)), uint32_t(shape[1]), uint32_t(shape[2]), uint32_t(shape[3])};
}

Error checkOptions(const PictureOptions &options, const PictureShape &shape) {
  for (auto [flag, numbers] : {std::pair("--mean", &options.mean), std::pair("--std", &options.deviation)})
    if (numbers->size() > 1 && numbers->size() != shape.channels)
      return makeError(Twine(flag) + ": expected one number" +
                       (shape.channels == 1 ? ", since the model's input has one channel" : " or three") + ", got " +
                       Twine(numbers->size()));
  if (options.resize && !options.crop)
    return makeError("--resize: expected --crop center, got none, which resizes to the model's size");
  return Error::success();
}

/// Which part of which size the model sees. As torchvision's Resize and CenterCrop: the longer side is rounded down,
/// the margins to the nearest, halves to even.
static Expected<ResizeWindow> placeWindow(const Picture &picture, const PictureShape &shape,
                                          const PictureOptions &options) {
  if (!options.crop)
    return ResizeWindow{shape.width, shape.height, 0, 0, shape.width, shape.height};
  uint64_t resize = options.resize.value_or(std::lround(std::max(shape.height, shape.width) * 256.0 / 224.0));
  uint64_t shorter = std::min(picture.width, picture.height);
  uint64_t width = resize * picture.width / shorter, height = resize * picture.height / shorter;
  if (width < shape.width || height < shape.height)
    return makeError("expected a --resize that leaves at least the model's " + Twine(shape.width) + "x" +
                     Twine(shape.height) + " pixels, got " + Twine(resize) + ", which makes " + Twine(width) + "x" +
                     Twine(height) + " of " + Twine(picture.width) + "x" + Twine(picture.height));
  uint64_t left = std::nearbyint((width - shape.width) / 2.0), top = std::nearbyint((height - shape.height) / 2.0);
  return ResizeWindow{width, height, left, top, shape.width, shape.height};
}

/// The number for one channel.
static float pick(ArrayRef<float> given, ArrayRef<float> imageNet, float ofLuma, const PictureShape &shape, size_t c) {
  if (given.empty())
    return shape.channels == 1 ? ofLuma : imageNet[c];
  return given.size() == 1 ? given[0] : given[c];
}

static void normalise(const PictureShape &shape, const PictureOptions &options, float *planes) {
  // Mean and standard deviation of ImageNet's training pictures, as torchvision's models were trained with.
  const float imageNetMean[] = {0.485f, 0.456f, 0.406f}, imageNetDeviation[] = {0.229f, 0.224f, 0.225f};
  const size_t plane = size_t(shape.height) * shape.width;
  for (size_t c = 0; c < shape.channels; ++c) {
    float mean = pick(options.mean, imageNetMean, 0, shape, c);
    float deviation = pick(options.deviation, imageNetDeviation, 1, shape, c);
    for (float &value : MutableArrayRef(planes + c * plane, plane))
      value = (value / 255 - mean) / deviation;
  }
}

Error loadPicture(StringRef path, const PictureShape &shape, const PictureOptions &options, float *planes) {
  auto content = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!content)
    return makeError(errorText(content.getError()));
  Expected<Picture> decoded = decodePicture((*content)->getBuffer());
  if (!decoded)
    return decoded.takeError();
  Expected<Picture> picture = withChannels(std::move(*decoded), shape.channels);
  if (!picture)
    return picture.takeError();
  Expected<ResizeWindow> window = placeWindow(*picture, shape, options);
  if (!window)
    return window.takeError();
  resizeWindow(*picture, *window, planes);
  normalise(shape, options, planes);
  return Error::success();
}

} // namespace res
