//===- Dump.cpp - a folder written by --dump-ir -----------------*- C++ -*-===//

#include "compiler/tools/inspect/Dump.h"
#include "compiler/tools/common/Support.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace res {

static std::string inside(StringRef folder, StringRef name) {
  SmallString<256> path(folder);
  sys::path::append(path, name);
  return path.str().str();
}

static Expected<std::string> readText(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/true, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeError("cannot read '" + path + "': " + errorText(buffer.getError()));
  return json::fixUTF8((*buffer)->getBuffer());
}

Expected<Dump> Dump::read(StringRef folder) {
  std::string index = inside(folder, "index.txt");
  if (!sys::fs::exists(index))
    return makeError("'" + folder +
                     "': expected a folder written by 'resc compile --dump-ir', got one without index.txt");
  Expected<std::string> list = readText(index);
  if (!list)
    return list.takeError();
  Dump dump;
  dump.manifestFile = inside(folder, "manifest.json");
  SmallVector<StringRef> lines;
  StringRef(*list).split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef line : lines) {
    auto [name, remark] = line.split(' ');
    // The index comes with the folder, so it must not reach beyond it.
    if (sys::path::filename(name) != name || name.starts_with("."))
      return makeError("'" + index + "': expected names of files in the folder, got '" + fit(name, 60) + "'");
    StringRef kernel = sys::path::stem(name), extension = sys::path::extension(name);
    std::string *place = nullptr;
    if (extension == ".mlir")
      place = &dump.passes.emplace_back(Pass{name.str(), remark.trim().str(), ""}).text;
    else if (extension == ".stmt")
      place = &dump.statements[kernel];
    else if (extension == ".s")
      place = &dump.assemblies[kernel];
    else if (name == "manifest.json")
      place = &dump.manifestText;
    else
      return makeError("'" + index + "': expected .mlir, .stmt, .s and manifest.json, got '" + fit(name, 60) + "'");
    Expected<std::string> text = readText(inside(folder, name));
    if (!text)
      return text.takeError();
    *place = std::move(*text);
  }
  if (dump.manifestText.empty())
    return makeError("'" + folder + "': expected the dump of a whole compilation, got one without manifest.json");
  return dump;
}

} // namespace res
