//===- NpyFormat.cpp - one array in NumPy's .npy format ---------*- C++ -*-===//

#include "compiler/tools/resc/tensors/NpyFormat.h"

#include "llvm/ADT/StringSwitch.h"

#include <cstring>

#include "xtensor/xadapt.hpp"
#include "xtensor/xnpy.hpp"

using namespace llvm;

namespace res {

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {
struct NpyHeader {
  std::string type; // such as "<f4"
  bool columnMajor = false;
  std::vector<size_t> shape;
  size_t bytes = 0; // where the values start
};
} // namespace

/// Reads up to the first value. xtensor's own reader takes lengths above 127 for negative ones and allocates whatever
/// the header asks for, so only the text of the header is left to it.
static Expected<NpyHeader> readHeader(ByteSource source) {
  unsigned char start[10];
  if (!source.read(reinterpret_cast<char *>(start), sizeof start) || std::memcmp(start, "\x93NUMPY", 6) != 0)
    return makeError("expected an array in NumPy's .npy format, got another kind of file");
  if (start[6] != 1)
    return makeError("expected version 1 of the .npy format, got " + Twine(unsigned(start[6])));
  std::string text(start[8] | start[9] << 8, ' ');
  if (text.empty() || !source.read(text.data(), text.size()))
    return makeError("the .npy header is cut short");
  if (text.front() != '{') // xtensor takes that for granted
    return makeError("cannot read the .npy header");
  NpyHeader header;
  header.bytes = sizeof start + text.size();
  try {
    xt::detail::parse_header(text, header.type, &header.columnMajor, header.shape);
  } catch (const std::exception &error) {
    return makeError("cannot read the .npy header: " + asClause(error.what()));
  }
  return header;
}

/// "float64" for "<f8".
static std::string typeName(StringRef type) {
  StringRef kind = StringSwitch<StringRef>(type.substr(1, 1))
                       .Case("f", "float")
                       .Case("i", "int")
                       .Case("u", "uint")
                       .Case("c", "complex")
                       .Default("bool");
  unsigned bytes = 0;
  type.substr(2).getAsInteger(10, bytes);
  return (type.starts_with(">") ? "big-endian " : "") + kind.str() +
         (kind == "bool" ? std::string() : std::to_string(bytes * 8));
}

/// How many batches of the model (images, where it takes any) an array holds, if its other dimensions match.
static std::optional<size_t> countSlices(ArrayRef<size_t> got, ArrayRef<int64_t> expected, bool allowSlices) {
  auto same = [](size_t a, int64_t b) { return a == size_t(b); };
  if (got.size() != expected.size())
    return std::nullopt;
  const bool isAny = !expected.empty() && expected[0] < 0;
  if (std::equal(got.begin(), got.end(), expected.begin(), same))
    return 1;
  if (!(allowSlices || isAny) || got.empty() || got[0] == 0 || expected[0] == 0 || (!isAny && got[0] % expected[0] != 0) ||
      !std::equal(got.begin() + 1, got.end(), expected.begin() + 1, same))
    return std::nullopt;
  return isAny ? got[0] : got[0] / expected[0];
}

Expected<InputTensor> readNpy(ByteSource source, const res_tensor_info &tensor, bool allowSlices) {
  Expected<NpyHeader> header = readHeader(source);
  if (!header)
    return header.takeError();
  if (header->type != "<f4")
    return tensorError("input", tensor, "expected type float32, got " + typeName(header->type));
  std::optional<size_t> slices = countSlices(header->shape, shapeOf(tensor), allowSlices);
  if (!slices)
    return tensorError("input", tensor,
                       "expected shape " + shapeText(shapeOf(tensor)) + ", got " +
                           shapeText(std::vector<int64_t>(header->shape.begin(), header->shape.end())));
  uint64_t available = source.bytes - std::min<uint64_t>(source.bytes, header->bytes);
  if (available / *slices < tensor.bytes)
    return tensorError("input", tensor,
                       "is cut short: expected " + Twine(*slices) + " x " + Twine(tensor.bytes) +
                           " bytes of values, got " + Twine(available));
  InputTensor input{FloatBuffer(*slices * tensor.bytes / sizeof(float)), *slices};
  float *values = input.values.data.get();
  if (!values || !source.read(reinterpret_cast<char *>(values), *slices * tensor.bytes))
    return tensorError("input", tensor, values ? "cannot read the values" : "not enough memory");
  if (header->columnMajor) {
    auto stored =
        xt::adapt<xt::layout_type::column_major>(values, input.values.count, xt::no_ownership(), header->shape);
    xt::xarray<float, xt::layout_type::row_major> ordered = stored;
    std::copy(ordered.data(), ordered.data() + ordered.size(), values);
  }
  return input;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

Expected<std::string> writeNpy(const res_tensor_info &tensor, size_t slices, const FloatBuffer &values) {
  const std::vector<int64_t> sizes = shapeOfSlices(tensor, slices);
  const std::vector<size_t> shape(sizes.begin(), sizes.end());
  try {
    return xt::dump_npy(xt::adapt(values.data.get(), values.count, xt::no_ownership(), shape));
  } catch (const std::exception &error) {
    return tensorError("output", tensor, "cannot be put into the .npy format: " + asClause(error.what()));
  }
}

} // namespace res
