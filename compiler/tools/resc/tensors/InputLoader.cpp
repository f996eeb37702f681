//===- InputLoader.cpp - from files to the values of an input ---*- C++ -*-===//

#include "compiler/tools/resc/tensors/InputLoader.h"
#include "compiler/tools/resc/tensors/NpyFormat.h"
#include "compiler/tools/resc/tensors/NpzFormat.h"

#include "llvm/ADT/STLExtras.h"

#include <cerrno>
#include <fstream>

using namespace llvm;

namespace res {

static Error prefixed(StringRef path, Error error) {
  return makeError("'" + path + "': " + toString(std::move(error)));
}

static Expected<InputTensor> readRaw(ByteSource source, const res_tensor_info &tensor) {
  const bool isAny = tensor.rank && tensor.shape[0] < 0;
  if (isAny ? source.bytes == 0 || source.bytes % tensor.bytes : source.bytes != tensor.bytes)
    return tensorError("input", tensor, (isAny ? "expected a multiple of " : "expected ") + Twine(tensor.bytes) +
                                            " bytes, got " + Twine(source.bytes));
  InputTensor input{FloatBuffer(source.bytes / sizeof(float)), size_t(source.bytes / tensor.bytes)};
  char *values = reinterpret_cast<char *>(input.values.data.get());
  if (!values || !source.read(values, source.bytes))
    return tensorError("input", tensor, values ? "cannot read the values" : "not enough memory");
  return input;
}

/// The size of a file that can be read from its start to its end.
static Expected<uint64_t> checkFile(StringRef path) {
  sys::fs::file_status status;
  std::error_code error = sys::fs::status(path, status);
  if (!error && sys::fs::is_directory(status))
    error = std::make_error_code(std::errc::is_a_directory);
  if (!error && !sys::fs::is_regular_file(status)) // its size would be unknown
    return makeError("'" + path + "': expected a regular file, got a device or pipe");
  if (error)
    return makeError("cannot open '" + path + "': " + errorText(error));
  return status.getSize();
}

static Expected<InputTensor> loadArray(const InputFiles &files, const res_tensor_info &tensor, bool allowSlices) {
  const std::string &path = files.paths.front();
  Expected<uint64_t> bytes = checkFile(path);
  if (!bytes)
    return bytes.takeError();
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    return makeError("cannot open '" + path + "': " + errorText(std::error_code(errno, std::generic_category())));
  auto read = [&](char *to, size_t count) { return bool(stream.read(to, count)); };
  Expected<InputTensor> input = files.kind == FileKind::Npz   ? readNpz(path, tensor, allowSlices)
                                : files.kind == FileKind::Npy ? readNpy({read, *bytes}, tensor, allowSlices)
                                                              : readRaw({read, *bytes}, tensor);
  if (!input)
    return prefixed(path, input.takeError());
  return input;
}

/// The pictures one after the other, each in planes.
static Expected<InputTensor> loadPictures(const InputFiles &files, const res_tensor_info &tensor,
                                          const PictureOptions &options) {
  PictureShape shape = *pictureShape(shapeOf(tensor));
  InputTensor input{FloatBuffer(files.paths.size() * shape.count()), files.paths.size() / shape.batch};
  if (!input.values.data)
    return tensorError("input", tensor, "not enough memory");
  float *values = input.values.data.get();
  for (const std::string &path : files.paths) {
    if (Expected<uint64_t> bytes = checkFile(path); !bytes)
      return bytes.takeError();
    if (Error error = loadPicture(path, shape, options, values))
      return prefixed(path, std::move(error));
    values += shape.count();
  }
  return input;
}

Error checkPictures(const InputFiles &files, const res_tensor_info &tensor, const PictureOptions &options,
                    bool allowSlices) {
  std::optional<PictureShape> shape = pictureShape(shapeOf(tensor));
  if (!shape)
    return tensorError("input", tensor,
                       "expected an array, since pictures need a model's input of shape Nx3xHxW or Nx1xHxW, got the "
                       "picture '" +
                           files.paths.front() + "' for " + shapeText(shapeOf(tensor)));
  size_t count = files.paths.size();
  if (count % shape->batch != 0 || (!allowSlices && tensor.shape[0] > 0 && count != shape->batch))
    return tensorError("input", tensor,
                       "expected " + Twine(shape->batch) + " pictures, since its shape is " +
                           shapeText(shapeOf(tensor)) + ", got " + Twine(count));
  return checkOptions(options, *shape);
}

Expected<InputTensor> loadInput(const InputFiles &files, const res_tensor_info &tensor, const PictureOptions &pictures,
                                bool allowSlices) {
  return files.kind == FileKind::Picture ? loadPictures(files, tensor, pictures)
                                         : loadArray(files, tensor, allowSlices);
}

} // namespace res
