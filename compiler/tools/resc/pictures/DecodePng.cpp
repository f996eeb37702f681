//===- DecodePng.cpp - PNG through libpng -----------------------*- C++ -*-===//
//
// libpng leaves a function that fails by longjmp, which runs no destructors: nothing that needs one lives in the frames
// between setjmp and libpng, only references to what the caller owns.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/resc/pictures/Picture.h"

#include <cstring>

#include <png.h>

using namespace llvm;

namespace res {

namespace {
struct PngReader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  StringRef rest; // what libpng has not read yet
  std::string problem;

  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
};
} // namespace

[[noreturn]] static void fail(png_structp png, png_const_charp message) {
  static_cast<PngReader *>(png_get_error_ptr(png))->problem = message;
  png_longjmp(png, 1);
}

/// Warnings are about what does not change pixels, such as profiles.
static void ignore(png_structp, png_const_charp) {}

static void readBytes(png_structp png, png_bytep to, size_t count) {
  PngReader &reader = *static_cast<PngReader *>(png_get_io_ptr(png));
  if (count > reader.rest.size())
    png_error(png, "the file is cut short");
  std::memcpy(to, reader.rest.data(), count);
  reader.rest = reader.rest.drop_front(count);
}

/// Asks libpng for 8-bit luma or RGB without transparency.
static void setTransformations(png_structp png, png_infop info, uint32_t channels) {
  if (png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE)
    png_set_palette_to_rgb(png);
  if (channels == 1)
    png_set_expand_gray_1_2_4_to_8(png);
  png_set_scale_16(png);
  png_set_strip_alpha(png); // that of a palette, too
}

/// False where it failed; the reason is in the reader.
static bool decode(PngReader &reader, Picture &picture) {
  png_structp png = reader.png;
  if (setjmp(png_jmpbuf(png)))
    return false;
  png_set_read_fn(png, &reader, readBytes);
  png_read_info(png, reader.info);
  picture.width = png_get_image_width(png, reader.info);
  picture.height = png_get_image_height(png, reader.info);
  picture.channels = png_get_color_type(png, reader.info) & PNG_COLOR_MASK_COLOR ? 3 : 1;
  reader.problem = allocatePixels(picture);
  if (!reader.problem.empty())
    return false;
  setTransformations(png, reader.info, picture.channels);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, reader.info);
  if (png_get_rowbytes(png, reader.info) != picture.rowBytes())
    png_error(png, "its pixels have an unknown format");
  for (int pass = 0; pass < passes; ++pass)
    for (uint32_t y = 0; y < picture.height; ++y)
      png_read_row(png, picture.row(y), nullptr);
  png_read_end(png, nullptr); // a file that ends before it is cut short
  return true;
}

Expected<Picture> decodePng(StringRef content) {
  PngReader reader;
  reader.rest = content;
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, fail, ignore);
  reader.info = reader.png ? png_create_info_struct(reader.png) : nullptr;
  if (!reader.info)
    return makeError("not enough memory");
  // The number of pixels is limited instead.
  png_set_user_limits(reader.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  Picture picture;
  if (!decode(reader, picture))
    return makeError("cannot read the PNG picture: " + asClause(reader.problem));
  return picture;
}

} // namespace res
