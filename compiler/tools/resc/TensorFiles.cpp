//===- TensorFiles.cpp - inputs and outputs as .npy and .bin files -*- C++ -*-===//

#include "compiler/tools/resc/TensorFiles.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <fstream>

#include "xtensor/xadapt.hpp"
#include "xtensor/xnpy.hpp"

using namespace llvm;

namespace res {

FloatBuffer::FloatBuffer(size_t count) : count(count) {
  size_t bytes;
  if (!__builtin_mul_overflow(count, sizeof(float), &bytes) && bytes <= SIZE_MAX - 64)
    data.reset(static_cast<float *>(std::aligned_alloc(64, std::max<size_t>(alignTo(bytes, 64), 64))));
}

ArrayRef<int64_t> shapeOf(const res_tensor_info &tensor) { return ArrayRef(tensor.shape, tensor.rank); }
ArrayRef<res_tensor_info> inputsOf(const res_model &model) { return ArrayRef(model.inputs, model.input_count); }
ArrayRef<res_tensor_info> outputsOf(const res_model &model) { return ArrayRef(model.outputs, model.output_count); }

static Error tensorError(StringRef kind, const res_tensor_info &tensor, const Twine &message) {
  return makeError(kind + " '" + tensor.name + "': " + message);
}

Error checkElementTypes(const res_model &model) {
  for (auto [kind, tensors] : {std::pair("input", inputsOf(model)), std::pair("output", outputsOf(model))})
    for (const res_tensor_info &tensor : tensors)
      if (tensor.type != RES_F32)
        return tensorError(kind, tensor, "expected type float32, got another one, which this command cannot handle");
  return Error::success();
}

Expected<std::vector<std::string>> assignFiles(const cl::list<std::string> &option, ArrayRef<res_tensor_info> tensors) {
  std::vector<std::string> files(tensors.size());
  size_t next = 0;
  for (StringRef argument : option) {
    // Names may hold '=' themselves, so the tensors decide where the name ends.
    const res_tensor_info *named = llvm::find_if(tensors, [&](const res_tensor_info &tensor) {
      return argument.starts_with((StringRef(tensor.name) + "=").str());
    });
    size_t index = named - tensors.begin();
    if (named != tensors.end()) {
      argument = argument.drop_front(StringRef(named->name).size() + 1);
    } else if (argument.contains('=') && !sys::fs::exists(argument)) {
      std::string known = join(map_range(tensors, [](auto &t) { return "'" + std::string(t.name) + "'"; }), " or ");
      return makeError("--" + option.ArgStr + ": expected a name that the model has, " + known + ", got '" +
                       argument.split('=').first + "'");
    } else {
      index = next++;
      if (index >= tensors.size())
        return makeError("--" + option.ArgStr + ": expected at most " + Twine(tensors.size()) +
                         " (the model has no more " + option.ArgStr + "s), got '" + argument + "'");
    }
    if (argument.empty() || !files[index].empty())
      return makeError("--" + option.ArgStr + ": expected one file for '" + tensors[index].name + "', got " +
                       (argument.empty() ? "none" : "two"));
    if (!argument.ends_with(".npy") && !argument.ends_with(".bin"))
      return makeError("--" + option.ArgStr + ": expected a file name that ends in .npy or .bin, got '" + argument +
                       "'");
    files[index] = argument.str();
  }
  return files;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {
struct NpyHeader {
  std::string type; // such as "<f4"
  bool columnMajor = false;
  std::vector<size_t> shape;
};
} // namespace

/// Reads up to the first value. xtensor's own reader takes lengths above 127 for negative ones and allocates whatever
/// the header asks for, so only the text of the header is left to it.
static Expected<NpyHeader> readNpyHeader(std::istream &stream) {
  unsigned char start[10];
  if (!stream.read(reinterpret_cast<char *>(start), sizeof start) || std::memcmp(start, "\x93NUMPY", 6) != 0)
    return makeError("expected an array in NumPy's .npy format, got another kind of file");
  if (start[6] != 1)
    return makeError("expected version 1 of the .npy format, got " + Twine(unsigned(start[6])));
  std::string text(start[8] | start[9] << 8, ' ');
  if (text.empty() || !stream.read(text.data(), text.size()))
    return makeError("the .npy header is cut short");
  if (text.front() != '{') // xtensor takes that for granted
    return makeError("cannot read the .npy header");
  NpyHeader header;
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

/// How many batches of the model an array holds, if its other dimensions match.
static std::optional<size_t> countSlices(ArrayRef<size_t> got, ArrayRef<int64_t> expected, bool allowSlices) {
  auto same = [](size_t a, int64_t b) { return a == size_t(b); };
  if (got.size() != expected.size())
    return std::nullopt;
  if (std::equal(got.begin(), got.end(), expected.begin(), same))
    return 1;
  if (!allowSlices || got.empty() || got[0] == 0 || expected[0] <= 0 || got[0] % expected[0] != 0 ||
      !std::equal(got.begin() + 1, got.end(), expected.begin() + 1, same))
    return std::nullopt;
  return got[0] / expected[0];
}

static Expected<InputTensor> loadNpy(std::istream &stream, uint64_t fileBytes, const res_tensor_info &tensor,
                                     bool allowSlices) {
  Expected<NpyHeader> header = readNpyHeader(stream);
  if (!header)
    return header.takeError();
  if (header->type != "<f4")
    return tensorError("input", tensor, "expected type float32, got " + typeName(header->type));
  std::optional<size_t> slices = countSlices(header->shape, shapeOf(tensor), allowSlices);
  if (!slices)
    return tensorError("input", tensor,
                       "expected shape " + shapeText(shapeOf(tensor)) + ", got " +
                           shapeText(std::vector<int64_t>(header->shape.begin(), header->shape.end())));
  uint64_t available = fileBytes - stream.tellg();
  if (available / *slices < tensor.bytes)
    return tensorError("input", tensor,
                       "is cut short: expected " + Twine(*slices) + " x " + Twine(tensor.bytes) +
                           " bytes of values, got " + Twine(available));
  InputTensor input{FloatBuffer(*slices * tensor.bytes / sizeof(float)), *slices};
  float *values = input.values.data.get();
  if (!values || !stream.read(reinterpret_cast<char *>(values), *slices * tensor.bytes))
    return tensorError("input", tensor, values ? "cannot read the values" : "not enough memory");
  if (header->columnMajor) {
    auto stored =
        xt::adapt<xt::layout_type::column_major>(values, input.values.count, xt::no_ownership(), header->shape);
    xt::xarray<float, xt::layout_type::row_major> ordered = stored;
    std::copy(ordered.data(), ordered.data() + ordered.size(), values);
  }
  return input;
}

static Expected<InputTensor> loadRaw(std::istream &stream, uint64_t fileBytes, const res_tensor_info &tensor) {
  if (fileBytes != tensor.bytes)
    return tensorError("input", tensor, "expected " + Twine(tensor.bytes) + " bytes, got " + Twine(fileBytes));
  InputTensor input{FloatBuffer(tensor.bytes / sizeof(float)), 1};
  if (!input.values.data || !stream.read(reinterpret_cast<char *>(input.values.data.get()), tensor.bytes))
    return tensorError("input", tensor, input.values.data ? "cannot read the values" : "not enough memory");
  return input;
}

Expected<InputTensor> loadInput(StringRef path, const res_tensor_info &tensor, bool allowSlices) {
  sys::fs::file_status status;
  std::error_code error = sys::fs::status(path, status);
  if (!error && sys::fs::is_directory(status))
    error = std::make_error_code(std::errc::is_a_directory);
  if (!error && !sys::fs::is_regular_file(status)) // its size would be unknown
    return makeError("'" + path + "': expected a regular file, got a device or pipe");
  std::ifstream stream;
  if (!error) {
    stream.open(path.str(), std::ios::binary);
    if (!stream)
      error = std::error_code(errno, std::generic_category());
  }
  if (error)
    return makeError("cannot open '" + path + "': " + errorText(error));
  Expected<InputTensor> input = path.ends_with(".npy") ? loadNpy(stream, status.getSize(), tensor, allowSlices)
                                                       : loadRaw(stream, status.getSize(), tensor);
  if (!input)
    return makeError("'" + path + "': " + toString(input.takeError()));
  return input;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

Expected<OutputWriter> OutputWriter::create(ArrayRef<std::string> names) {
  OutputWriter writer;
  writer.names = names.vec();
  writer.files.resize(names.size());
  for (auto [name, file] : zip(writer.names, writer.files)) {
    if (name.empty())
      continue;
    Expected<OutputFile> created = OutputFile::create(name);
    if (!created)
      return created.takeError();
    file.emplace(std::move(*created));
  }
  return writer;
}

Error OutputWriter::write(size_t index, const res_tensor_info &tensor, size_t slices, const FloatBuffer &values) {
  if (!files[index])
    return Error::success();
  const float *data = values.data.get();
  if (StringRef(names[index]).ends_with(".bin"))
    return files[index]->commit(StringRef(reinterpret_cast<const char *>(data), values.count * sizeof(float)));
  std::vector<size_t> shape(shapeOf(tensor).begin(), shapeOf(tensor).end());
  if (!shape.empty())
    shape[0] *= slices;
  std::string content;
  try {
    content = xt::dump_npy(xt::adapt(data, values.count, xt::no_ownership(), shape));
  } catch (const std::exception &error) {
    return makeError("cannot write '" + names[index] + "': " + asClause(error.what()));
  }
  return files[index]->commit(content);
}

} // namespace res
