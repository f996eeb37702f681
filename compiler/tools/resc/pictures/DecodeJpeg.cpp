//===- DecodeJpeg.cpp - JPEG through libjpeg-turbo --------------*- C++ -*-===//
//
// libjpeg's errors leave by longjmp, which runs no destructors: nothing that needs one lives in the frames between
// setjmp and libjpeg, only references to what the caller owns.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/resc/pictures/Picture.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>

#include <jerror.h>

using namespace llvm;

namespace res {

namespace {
struct JpegReader {
  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  std::jmp_buf escape;
  std::string problem;

  ~JpegReader() { jpeg_destroy_decompress(&info); }
};
} // namespace

static JpegReader &readerOf(j_common_ptr info) { return *static_cast<JpegReader *>(info->client_data); }

[[noreturn]] static void fail(j_common_ptr info) {
  char message[JMSG_LENGTH_MAX];
  info->err->format_message(info, message);
  readerOf(info).problem = message;
  std::longjmp(readerOf(info).escape, 1);
}

/// What libjpeg only warns of, it has made up pixels for: an error here, but for oddities that cost no pixel.
static void warn(j_common_ptr info, int level) {
  switch (info->err->msg_code) {
  case JWRN_ADOBE_XFORM:
  case JWRN_BOGUS_ICC:
  case JWRN_EXTRANEOUS_DATA:
  case JWRN_JFIF_MAJOR:
    return;
  default:
    if (level < 0) // others are traces
      fail(info);
  }
}

/// A progressive file of a few kilobytes could ask for thousands of passes over all pixels; real ones have about ten.
static void limitScans(j_common_ptr info) {
  const int limit = 100;
  if (info->is_decompressor && reinterpret_cast<j_decompress_ptr>(info)->input_scan_number > limit) {
    readerOf(info).problem = "expected at most " + std::to_string(limit) + " scans, got more";
    std::longjmp(readerOf(info).escape, 1);
  }
}

/// One row of CMYK to RGB, in place from its start: R = 255 (1 - C) (1 - K). Adobe's programs, and all that follow
/// them, store 255 - ink.
static void cmykToRgb(uint8_t *pixels, uint32_t count, bool inverted) {
  const uint8_t *from = pixels;
  for (uint32_t x = 0; x < count; ++x, from += 4) {
    unsigned black = inverted ? from[3] : 255 - from[3];
    for (int c = 0; c < 3; ++c, ++pixels)
      *pixels = ((inverted ? from[c] : 255 - from[c]) * black + 127) / 255;
  }
}

/// False where it failed; the reason is in the reader.
static bool decode(JpegReader &reader, StringRef content, Picture &picture, std::unique_ptr<uint8_t[]> &line) {
  jpeg_decompress_struct &info = reader.info;
  if (setjmp(reader.escape))
    return false;
  jpeg_create_decompress(&info);
  info.progress = &reader.progress;
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char *>(content.data()), content.size());
  jpeg_read_header(&info, TRUE);
  const bool cmyk = info.num_components == 4;
  info.out_color_space = cmyk ? JCS_CMYK : info.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  picture.width = info.image_width;
  picture.height = info.image_height;
  picture.channels = info.num_components == 1 ? 1 : 3;
  reader.problem = allocatePixels(picture);
  if (!reader.problem.empty())
    return false;
  line.reset(new uint8_t[size_t(picture.width) * 4]); // at most 65500 pixels
  jpeg_start_decompress(&info);
  while (info.output_scanline < info.output_height) {
    uint8_t *to = picture.row(info.output_scanline);
    uint8_t *row = cmyk ? line.get() : to;
    jpeg_read_scanlines(&info, &row, 1);
    if (cmyk) {
      cmykToRgb(row, picture.width, info.saw_Adobe_marker);
      std::copy(row, row + picture.rowBytes(), to);
    }
  }
  jpeg_finish_decompress(&info);
  return true;
}

Expected<Picture> decodeJpeg(StringRef content) {
  JpegReader reader;
  reader.info.err = jpeg_std_error(&reader.errors);
  reader.errors.error_exit = fail;
  reader.errors.emit_message = warn;
  reader.progress.progress_monitor = limitScans;
  reader.info.client_data = &reader;
  Picture picture;
  std::unique_ptr<uint8_t[]> line;
  if (!decode(reader, content, picture, line))
    return makeError("cannot read the JPEG picture: " + asClause(reader.problem));
  return picture;
}

} // namespace res
