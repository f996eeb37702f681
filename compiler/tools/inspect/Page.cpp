//===- Page.cpp - a compilation as one HTML page ----------------*- C++ -*-===//

#include "compiler/tools/inspect/Page.h"
#include "compiler/tools/inspect/PassDiff.h"
#include "compiler/tools/inspect/page/Assets.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace res {

/// JSON as the content of a script element. `<` occurs in strings only, and escaped it can neither end the element nor
/// begin a comment.
static void addData(std::string &page, const Twine &id, const json::Value &value) {
  std::string text;
  raw_string_ostream(text) << value;
  page += "<script type=\"application/json\" id=\"data-" + id.str() + "\">";
  for (char c : text)
    if (c == '<')
      page += "\\u003c";
    else
      page += c;
  page += "</script>\n";
}

/// Every dump with its lines, and what differs from the one before it.
static void addPasses(std::string &page, ArrayRef<Dump::Pass> passes) {
  json::Array list;
  PassLines before;
  for (auto [index, pass] : enumerate(passes)) {
    PassLines lines = readPassLines(pass.text);
    json::Array hunks;
    int64_t removed = 0, added = 0;
    for (const Hunk &hunk : index ? diffLines(before.keys, lines.keys) : std::vector<Hunk>()) {
      hunks.push_back(
          json::Array{int64_t(hunk.oldBegin), int64_t(hunk.oldEnd), int64_t(hunk.newBegin), int64_t(hunk.newEnd)});
      removed += hunk.oldEnd - hunk.oldBegin;
      added += hunk.newEnd - hunk.newBegin;
    }
    list.push_back(json::Object{{"file", pass.file},
                                {"remark", pass.remark},
                                {"lines", int64_t(lines.text.size())},
                                {"removed", removed},
                                {"added", added},
                                {"hunks", std::move(hunks)}});
    addData(page, "pass-" + Twine(index), join(lines.text, "\n"));
    before = std::move(lines);
  }
  addData(page, "passes", std::move(list));
}

static void addTexts(std::string &page, StringRef kind, const StringMap<std::string> &texts) {
  std::vector<StringRef> names(texts.keys().begin(), texts.keys().end());
  llvm::sort(names); // the same bytes each time
  json::Object ids;
  for (auto [index, name] : enumerate(names)) {
    std::string id = (kind + "-" + Twine(index)).str();
    addData(page, id, texts.find(name)->second);
    ids[name] = id;
  }
  addData(page, kind, std::move(ids));
}

std::string renderPage(StringRef manifest, const Dump *dump) {
  std::string data;
  addData(data, "manifest", cantFail(json::parse(manifest)));
  addPasses(data, dump ? ArrayRef(dump->passes) : ArrayRef<Dump::Pass>());
  addTexts(data, "statements", dump ? dump->statements : StringMap<std::string>());
  addTexts(data, "assemblies", dump ? dump->assemblies : StringMap<std::string>());
  auto [head, rest] = StringRef(pageFrame).split("<!-- style -->");
  auto [middle, tail] = rest.split("<!-- data and script -->");
  return (head + "<style>\n" + pageStyle + "</style>" + middle + data + "<script>\n" + pageScript + "</script>" + tail)
      .str();
}

} // namespace res
