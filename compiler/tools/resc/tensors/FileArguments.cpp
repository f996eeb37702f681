//===- FileArguments.cpp - which file belongs to which tensor ---*- C++ -*-===//

#include "compiler/tools/resc/tensors/FileArguments.h"
#include "compiler/tools/resc/pictures/Picture.h"
#include "compiler/tools/resc/tensors/Tensors.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Path.h"

#include <fstream>

using namespace llvm;

namespace res {

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

namespace {
class UnknownName : public ErrorInfo<UnknownName, StringError> {
public:
  static char ID;
  UnknownName(const Twine &message) : ErrorInfo(message, inconvertibleErrorCode()) {}
};
} // namespace

char UnknownName::ID;

int reportArguments(StringRef command, Error error) {
  if (error.isA<UnknownName>())
    return reportFault(std::move(error));
  return reportUsage(command, toString(std::move(error)));
}

//===----------------------------------------------------------------------===//
// One argument
//===----------------------------------------------------------------------===//

namespace {
struct FileArgument {
  std::optional<size_t> tensor; // the index of the one that was named
  StringRef path;
};
} // namespace

static Error argumentError(const cl::Option &option, const Twine &message) {
  return makeError("--" + option.ArgStr + ": " + message);
}

static Expected<FileArgument> splitArgument(const cl::Option &option, StringRef argument,
                                            ArrayRef<res_tensor_info> tensors) {
  // Names may hold '=' themselves, so the tensors decide where the name ends.
  const res_tensor_info *named = llvm::find_if(tensors, [&](const res_tensor_info &tensor) {
    return argument.starts_with((StringRef(tensor.name) + "=").str());
  });
  FileArgument result{std::nullopt, argument};
  std::string owner;
  if (named != tensors.end()) {
    result.tensor = named - tensors.begin();
    owner = " for '" + std::string(named->name) + "'";
    result.path = argument.drop_front(StringRef(named->name).size() + 1);
  } else if (argument.contains('=') && !sys::fs::exists(argument)) {
    std::string known = join(map_range(tensors, [](auto &t) { return "'" + std::string(t.name) + "'"; }), " or ");
    return make_error<UnknownName>("--" + option.ArgStr + ": expected a name that the model has, " + known + ", got '" +
                                   argument.split('=').first + "'");
  }
  if (result.path.empty())
    return argumentError(option, "expected one file" + owner + ", got none");
  return result;
}

static Error tooMany(const cl::Option &option, size_t tensors, StringRef path) {
  return argumentError(option, "expected at most " + Twine(tensors) + " (the model has no more " + option.ArgStr +
                                   "s), got '" + path + "'");
}

static Error two(const cl::Option &option, const res_tensor_info &tensor) {
  return argumentError(option, "expected one file for '" + Twine(tensor.name) + "', got two");
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

static FileKind kindOfName(StringRef path) {
  return StringSwitch<FileKind>(sys::path::extension(path).lower())
      .Case(".npy", FileKind::Npy)
      .Case(".npz", FileKind::Npz)
      .Case(".bin", FileKind::Raw)
      .Cases({".png", ".jpg", ".jpeg"}, FileKind::Picture)
      .Default(FileKind::Unknown);
}

static FileKind kindOfFile(StringRef path) {
  FileKind named = kindOfName(path);
  if (named == FileKind::Raw || !sys::fs::is_regular_file(path))
    return named;
  char start[8] = {};
  std::ifstream(path.str(), std::ios::binary).read(start, sizeof start);
  StringRef magic(start, sizeof start);
  if (magic.starts_with("\x93NUMPY"))
    return FileKind::Npy;
  if (magic.starts_with("PK\3\4") || magic.starts_with("PK\5\6")) // an entry, or the end of an empty archive
    return FileKind::Npz;
  return isPicture(magic) ? FileKind::Picture : named;
}

Expected<std::vector<InputFiles>> assignInputs(const cl::list<std::string> &option, ArrayRef<res_tensor_info> tensors) {
  std::vector<InputFiles> inputs(tensors.size());
  size_t next = 0; // of the plain files
  std::string archive;
  for (StringRef text : option) {
    Expected<FileArgument> argument = splitArgument(option, text, tensors);
    if (!argument)
      return argument.takeError();
    std::string path = argument->path.str();
    FileKind kind = kindOfFile(path);
    if (kind == FileKind::Unknown)
      return argumentError(option, "expected a .npy, .npz, .bin, .png or .jpg file, got '" + path + "'");
    if (kind == FileKind::Npz && !argument->tensor) {
      if (!archive.empty())
        return argumentError(option, "expected at most one .npz file without the name of an input, got '" + path + "'");
      archive = path;
      continue;
    }
    if (!argument->tensor && next < tensors.size() && inputs[next].kind == FileKind::Picture &&
        (kind != FileKind::Picture ||
         (inputs[next].paths.size() >= size_t(imagesOf(tensors[next])) && next + 1 < tensors.size())))
      ++next;
    size_t index = argument->tensor.value_or(next);
    if (index >= tensors.size())
      return tooMany(option, tensors.size(), path);
    InputFiles &input = inputs[index];
    if (!input.paths.empty() && (kind != FileKind::Picture || input.kind != FileKind::Picture))
      return two(option, tensors[index]);
    input.kind = kind;
    input.paths.push_back(path);
    if (!argument->tensor && kind != FileKind::Picture)
      ++next;
  }
  if (archive.empty())
    return inputs;
  if (llvm::none_of(inputs, [](const InputFiles &input) { return input.paths.empty(); }))
    return tooMany(option, tensors.size(), archive);
  for (InputFiles &input : inputs)
    if (input.paths.empty())
      input = {FileKind::Npz, {archive}};
  return inputs;
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

Expected<OutputNames> assignOutputs(const cl::list<std::string> &option, ArrayRef<res_tensor_info> tensors) {
  OutputNames names;
  names.single.resize(tensors.size());
  size_t next = 0; // of the plain files
  for (StringRef text : option) {
    Expected<FileArgument> argument = splitArgument(option, text, tensors);
    if (!argument)
      return argument.takeError();
    FileKind kind = kindOfName(argument->path);
    if (kind == FileKind::Npz && !argument->tensor) {
      if (!names.archive.empty())
        return argumentError(option, "expected one .npz file for all outputs, got two");
      names.archive = argument->path.str();
      continue;
    }
    if (kind == FileKind::Npz)
      return argumentError(option, "expected a .npz file without the name of an output, since it holds all of them, "
                                   "got '" +
                                       text + "'");
    if (kind != FileKind::Npy && kind != FileKind::Raw)
      return argumentError(option,
                           "expected a file name that ends in .npy, .npz or .bin, got '" + argument->path + "'");
    size_t index = argument->tensor ? *argument->tensor : next++;
    if (index >= tensors.size())
      return tooMany(option, tensors.size(), argument->path);
    if (!names.single[index].empty())
      return two(option, tensors[index]);
    names.single[index] = argument->path.str();
  }
  return names;
}

} // namespace res
