//===- Report.h - resc inspect as text, JSON or a page ----------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_INSPECT_REPORT_H
#define RES_COMPILER_TOOLS_INSPECT_REPORT_H

#include "compiler/tools/common/Options.h"
#include "compiler/tools/inspect/Dump.h"

namespace res {

/// How the user wants to see it: as text unless one of these is given.
struct ReportKind {
  bool json = false;
  bool memory = false;
  std::string html; // the page's file; "-" is standard output
};

struct ReportOptions {
  llvm::cl::opt<bool> json, memory;
  llvm::cl::opt<std::string> html;
  ReportOptions();

  /// Reads what was given (linking in this process sets options back, so it is kept apart from them). Returns an exit
  /// code; options that exclude each other have been reported.
  int read(ReportKind &kind) const;
};

/// Prints or writes what was asked for. `manifest` is the JSON of the file `name`, `dump` may be null. Returns the exit
/// code; messages have been printed.
int writeReport(const ReportKind &kind, llvm::StringRef manifest, llvm::StringRef name, const Dump *dump);

} // namespace res

#endif
