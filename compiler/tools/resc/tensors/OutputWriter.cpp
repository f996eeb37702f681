//===- OutputWriter.cpp - outputs to .npy, .npz and .bin files --*- C++ -*-===//

#include "compiler/tools/resc/tensors/OutputWriter.h"
#include "compiler/tools/resc/tensors/NpyFormat.h"
#include "compiler/tools/resc/tensors/NpzFormat.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace res {

static Error openFile(StringRef name, std::optional<OutputFile> &file) {
  if (name.empty())
    return Error::success();
  Expected<OutputFile> created = OutputFile::create(name);
  if (!created)
    return created.takeError();
  file.emplace(std::move(*created));
  return Error::success();
}

Expected<OutputWriter> OutputWriter::create(OutputNames names) {
  OutputWriter writer;
  writer.names = std::move(names);
  writer.single.resize(writer.names.single.size());
  for (auto [name, file] : zip(writer.names.single, writer.single))
    if (Error error = openFile(name, file))
      return error;
  if (Error error = openFile(writer.names.archive, writer.archive))
    return error;
  return writer;
}

Error OutputWriter::write(ArrayRef<res_tensor_info> tensors, size_t slices, ArrayRef<FloatBuffer> values) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (!single[i])
      continue;
    StringRef raw(reinterpret_cast<const char *>(values[i].data.get()), values[i].count * sizeof(float));
    if (StringRef(names.single[i]).ends_with_insensitive(".bin")) {
      if (Error error = single[i]->commit(raw))
        return error;
      continue;
    }
    Expected<std::string> content = writeNpy(tensors[i], slices, values[i]);
    if (!content)
      return makeError("'" + names.single[i] + "': " + toString(content.takeError()));
    if (Error error = single[i]->commit(*content))
      return error;
  }
  if (!archive)
    return Error::success();
  Expected<std::string> content = writeNpz(tensors, slices, values);
  if (!content)
    return makeError("'" + names.archive + "': " + toString(content.takeError()));
  return archive->commit(*content);
}

} // namespace res
