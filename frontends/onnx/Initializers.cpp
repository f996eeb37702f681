//===- Initializers.cpp - constant tensors of a model -----------*- C++ -*-===//

#include "frontends/onnx/Initializers.h"

#include "frontends/onnx/WireSplit.h"
#include "onnx-ml.pb.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"

using namespace llvm;
using namespace res::frontend;
using mlir::FailureOr;
using onnx::TensorProto;

// Ranks and sizes beyond these are mistakes or attacks; below them no product of sizes overflows.
static constexpr size_t kMaxRank = 8;
static constexpr int64_t kMaxElements = int64_t(1) << 40;

std::optional<int64_t> res::frontend::countElements(ArrayRef<int64_t> shape) {
  if (shape.size() > kMaxRank || any_of(shape, [](int64_t size) { return size < 0 || size > kMaxElements; }))
    return std::nullopt;
  // Strides are products of some sizes, so those beside a 0 may not overflow either.
  int64_t count = 1;
  for (int64_t size : shape) {
    if (size > kMaxElements / count)
      return std::nullopt;
    count *= std::max<int64_t>(size, 1);
  }
  return is_contained(shape, 0) ? 0 : count;
}

std::string res::frontend::formatShape(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  auto toText = [](int64_t size) { return std::to_string(size); };
  std::string text = join(map_range(shape.take_front(kMaxRank), toText), "x");
  return shape.size() > kMaxRank ? text + "x…" : text;
}

StringRef res::frontend::getTypeName(int32_t elementType) {
  switch (elementType) {
  case TensorProto::UNDEFINED: return "an undefined type";
  case TensorProto::FLOAT: return "float32";
  case TensorProto::UINT8: return "uint8";
  case TensorProto::INT8: return "int8";
  case TensorProto::UINT16: return "uint16";
  case TensorProto::INT16: return "int16";
  case TensorProto::INT32: return "int32";
  case TensorProto::INT64: return "int64";
  case TensorProto::STRING: return "string";
  case TensorProto::BOOL: return "bool";
  case TensorProto::FLOAT16: return "float16";
  case TensorProto::DOUBLE: return "float64";
  case TensorProto::UINT32: return "uint32";
  case TensorProto::UINT64: return "uint64";
  case TensorProto::BFLOAT16: return "bfloat16";
  default: return "another type";
  }
}

std::string res::frontend::makePrintable(StringRef text) {
  constexpr size_t kMaxShown = 120;
  std::string shown;
  for (char c : text.take_front(kMaxShown))
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return text.size() > kMaxShown ? shown + "…" : shown;
}

std::string res::frontend::quote(StringRef text) { return "'" + makePrintable(text) + "'"; }

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

/// Maps a regular file; anything else has no offsets to refer to.
static Expected<std::unique_ptr<MemoryBuffer>> mapFile(StringRef path) {
  sys::fs::file_status status;
  if (std::error_code error = sys::fs::status(path, status))
    return createStringError(error, error.message());
  if (status.type() != sys::fs::file_type::regular_file)
    return createStringError("expected a regular file");
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError(buffer.getError(), buffer.getError().message());
  return std::move(*buffer);
}

Expected<ModelFiles> ModelFiles::open(StringRef path) {
  SmallString<128> absolute(path);
  if (std::error_code error = sys::fs::make_absolute(absolute))
    return createStringError("cannot read " + quote(path) + ": " + error.message());
  Expected<std::unique_ptr<MemoryBuffer>> buffer = mapFile(absolute);
  if (!buffer)
    return createStringError("cannot read " + quote(path) + ": " + toString(buffer.takeError()));
  sys::path::remove_dots(absolute);
  ModelFiles files;
  files.model = {std::string(absolute), std::move(*buffer)};
  return files;
}

static bool isInside(StringRef file, StringRef folder) {
  return file.consume_front(folder) && (folder.ends_with("/") || file.starts_with("/"));
}

Expected<const ModelFiles::File *> ModelFiles::openExternal(StringRef location) {
  if (auto known = externals.find(location.str()); known != externals.end())
    return &known->second;
  auto fail = [&](const Twine &why) { return createStringError("external data file " + quote(location) + why); };
  if (location.empty() || location.contains('\0'))
    return fail(": expected the name of a file");
  if (sys::path::is_absolute(location))
    return fail(" has an absolute path; expected one relative to the model's folder");
  if (is_contained(make_range(sys::path::begin(location), sys::path::end(location)), ".."))
    return fail(" lies outside the model's folder");

  SmallString<128> path(sys::path::parent_path(model.path));
  sys::path::append(path, location);
  Expected<std::unique_ptr<MemoryBuffer>> buffer = mapFile(path);
  if (!buffer)
    return fail(": " + toString(buffer.takeError()));
  // Symbolic links may not lead out either, except where the model itself is one and its data lies beside its target.
  SmallString<128> realFile, realFolder, realModel;
  if (sys::fs::real_path(path, realFile) || sys::fs::real_path(sys::path::parent_path(model.path), realFolder) ||
      sys::fs::real_path(model.path, realModel))
    return fail(": cannot be resolved");
  if (!isInside(realFile, realFolder) && !isInside(realFile, sys::path::parent_path(realModel)))
    return fail(" lies outside the model's folder");
  File &file = externals[location.str()];
  file = {std::string(path), std::move(*buffer)};
  return &file;
}

std::string ModelFiles::computeHash() const {
  auto digest = [](StringRef bytes) {
    XXH128_hash_t hash = xxh3_128bits(arrayRefFromStringRef(bytes));
    return utohexstr(hash.high64, /*LowerCase=*/true, 16) + utohexstr(hash.low64, /*LowerCase=*/true, 16);
  };
  std::string all = digest(model.getBytes());
  for (auto &[location, file] : externals)
    all += digest(file.getBytes());
  return "xxh3:" + (externals.empty() ? all : digest(all));
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// Bytes of an element, or 0 for types that are not handled.
static int64_t getElementBytes(int32_t elementType) {
  switch (elementType) {
  case TensorProto::BOOL: return 1;
  case TensorProto::FLOAT:
  case TensorProto::INT32: return 4;
  case TensorProto::DOUBLE:
  case TensorProto::INT64: return 8;
  default: return 0;
  }
}

bool Constant::isFloating() const {
  return elementType == TensorProto::FLOAT || elementType == TensorProto::DOUBLE;
}

/// Appends the little-endian elements in `bytes` to the constant's values.
static void decode(StringRef bytes, Constant &constant) {
  using namespace support;
  for (const char *at = bytes.begin(); at != bytes.end(); at += getElementBytes(constant.elementType)) {
    switch (constant.elementType) {
    case TensorProto::BOOL: constant.ints.push_back(*at != 0); break;
    case TensorProto::FLOAT: constant.floats.push_back(bit_cast<float>(endian::read32le(at))); break;
    case TensorProto::INT32: constant.ints.push_back(int32_t(endian::read32le(at))); break;
    case TensorProto::DOUBLE: constant.floats.push_back(bit_cast<double>(endian::read64le(at))); break;
    case TensorProto::INT64: constant.ints.push_back(int64_t(endian::read64le(at))); break;
    }
  }
}

Constant res::frontend::loadValues(const Constant &constant) {
  Constant loaded = constant;
  if (constant.file) {
    loaded.file = nullptr;
    size_t bytes = constant.numElements * getElementBytes(constant.elementType);
    decode(constant.file->getBytes().substr(constant.offset, bytes), loaded);
  }
  return loaded;
}

namespace {

/// Where data_location = EXTERNAL says that the bytes are.
struct ExternalRange {
  StringRef location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};

} // namespace

static FailureOr<ExternalRange> readExternalRange(const TensorProto &tensor, EmitError error) {
  ExternalRange range;
  for (const onnx::StringStringEntryProto &entry : tensor.external_data()) {
    StringRef key = entry.key(), value = entry.value();
    uint64_t number = 0;
    if (key == "location") {
      range.location = value;
    } else if (key == "offset" || key == "length") {
      if (value.getAsInteger(10, number))
        return error() << "expected a number as the " << key << " of external data, got " << quote(value);
      if (key == "offset")
        range.offset = number;
      else
        range.length = number;
    }
  }
  if (range.location.empty())
    return error() << "expected the location of external data";
  return range;
}

/// Makes `constant` refer to `expected` bytes of another file.
static mlir::LogicalResult readExternal(const TensorProto &tensor, uint64_t expected, ModelFiles &files,
                                        Constant &constant, EmitError error) {
  FailureOr<ExternalRange> range = readExternalRange(tensor, error);
  if (failed(range))
    return mlir::failure();
  if (range->length && *range->length != expected)
    return error() << "expected " << expected << " bytes of external data for shape " << formatShape(constant.shape)
                   << " of " << getTypeName(constant.elementType) << ", got " << *range->length;
  Expected<const ModelFiles::File *> file = files.openExternal(range->location);
  if (!file)
    return error() << toString(file.takeError());
  uint64_t size = (*file)->getBytes().size();
  if (range->offset > size || expected > size - range->offset)
    return error() << "external data file " << quote(range->location) << " is too short: expected " << expected
                   << " bytes at offset " << range->offset << ", got a file of " << size << " bytes";
  constant.file = *file;
  constant.offset = range->offset;
  return mlir::success();
}

/// Fills `constant` from the field of its type that is not raw_data.
static mlir::LogicalResult readTyped(const TensorProto &tensor, Constant &constant, EmitError error) {
  switch (constant.elementType) {
  case TensorProto::FLOAT: constant.floats.assign(tensor.float_data().begin(), tensor.float_data().end()); break;
  case TensorProto::DOUBLE: constant.floats.assign(tensor.double_data().begin(), tensor.double_data().end()); break;
  case TensorProto::INT64: constant.ints.assign(tensor.int64_data().begin(), tensor.int64_data().end()); break;
  default: constant.ints.assign(tensor.int32_data().begin(), tensor.int32_data().end()); break;
  }
  int64_t got = constant.floats.size() + constant.ints.size();
  if (got != constant.numElements)
    return error() << "expected " << constant.numElements << " elements for shape " << formatShape(constant.shape)
                   << ", got " << got;
  return mlir::success();
}

FailureOr<Constant> res::frontend::readTensor(const TensorProto &tensor, StringRef name, ModelFiles &files,
                                              EmitError emitError) {
  auto error = [&] { return emitError() << "tensor " << quote(name) << ": "; };
  Constant constant;
  constant.name = name;
  constant.elementType = tensor.data_type();
  constant.shape.assign(tensor.dims().begin(), tensor.dims().end());
  std::optional<int64_t> count = countElements(constant.shape);
  if (!count)
    return error() << "expected at most " << kMaxRank << " dimensions of sensible size, got "
                   << formatShape(constant.shape);
  constant.numElements = *count;
  int64_t elementBytes = getElementBytes(constant.elementType);
  if (!elementBytes)
    return error() << "expected float32, got " << getTypeName(constant.elementType);
  if (tensor.has_segment())
    return error() << "data in segments is not handled";
  uint64_t expected = constant.numElements * elementBytes;

  if (tensor.data_location() == TensorProto::EXTERNAL) {
    if (failed(readExternal(tensor, expected, files, constant, error)))
      return mlir::failure();
    return constant;
  }
  if (!tensor.has_raw_data()) {
    if (failed(readTyped(tensor, constant, error)))
      return mlir::failure();
    return constant;
  }
  if (tensor.float_data_size() || tensor.int32_data_size() || tensor.int64_data_size() || tensor.double_data_size())
    return error() << "expected raw data or typed data, got both";
  std::optional<FileRange> range = getStandIn(tensor.raw_data());
  uint64_t got = range ? range->size : tensor.raw_data().size();
  if (got != expected)
    return error() << "expected " << expected << " bytes for shape " << formatShape(constant.shape) << " of "
                   << getTypeName(constant.elementType) << ", got " << got;
  if (range) {
    constant.file = &files.getModel();
    constant.offset = range->offset;
  } else {
    decode(tensor.raw_data(), constant);
  }
  return constant;
}
