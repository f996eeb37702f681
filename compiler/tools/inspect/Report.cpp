//===- Report.cpp - resc inspect as text, JSON or a page --------*- C++ -*-===//

#include "compiler/tools/inspect/Report.h"
#include "compiler/tools/inspect/Page.h"
#include "compiler/tools/inspect/Summary.h"

#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace res {

ReportOptions::ReportOptions()
    : json("json", cl::desc("print everything as JSON"), cl::cat(optionCategory())),
      memory("memory", cl::desc("print the memory map: what lies where in the arena during each call"),
             cl::cat(optionCategory())),
      html("html", cl::desc("write a page: graph, passes, kernels, memory map; - is standard output"),
           cl::value_desc("file"), cl::cat(optionCategory())) {}

int ReportOptions::read(ReportKind &kind) const {
  if (html.getNumOccurrences() && html.empty())
    return reportUsage("inspect", "--html: expected a file name, got none");
  if (json && !html.empty())
    return reportUsage("inspect", "expected --json or --html, got both");
  if (memory && (json || !html.empty()))
    return reportUsage("inspect", Twine("expected --memory or --") + (json ? "json" : "html") + ", got both");
  kind = {json, memory, html};
  return ExitDone;
}

static int writePage(const std::string &path, StringRef page) {
  if (path == "-") {
    outs() << page;
    return finishOutput();
  }
  Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return reportFault(file.takeError());
  if (Error error = file->commit(page))
    return reportFault(std::move(error));
  return ExitDone;
}

int writeReport(const ReportKind &kind, StringRef manifest, StringRef name, const Dump *dump) {
  if (kind.json) {
    Expected<json::Value> value = parseManifestJson(manifest, name);
    if (!value)
      return reportFault(value.takeError());
    outs() << formatv("{0:2}", *value) << "\n";
    return finishOutput();
  }
  Expected<Manifest> parsed = parseManifest(manifest, name);
  if (!parsed)
    return reportFault(parsed.takeError());
  if (!kind.html.empty())
    return writePage(kind.html, renderPage(manifest, dump));
  if (kind.memory)
    printMemoryMap(outs(), *parsed);
  else
    printSummary(outs(), *parsed);
  return finishOutput();
}

} // namespace res
