//===- Options.h - command lines through llvm::cl ---------------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_COMMON_OPTIONS_H
#define RES_COMPILER_TOOLS_COMMON_OPTIONS_H

#include "compiler/tools/common/Support.h"

#include "llvm/Support/CommandLine.h"

namespace res {

using Arguments = llvm::ArrayRef<const char *>;

/// A whole number from Low to High.
template <unsigned Low, unsigned High>
struct CountParser : llvm::cl::parser<unsigned> {
  using parser::parser;
  bool parse(llvm::cl::Option &option, llvm::StringRef, llvm::StringRef text, unsigned &value) {
    if (!text.getAsInteger(10, value) && value >= Low && value <= High)
      return false;
    return option.error("expected a whole number from " + llvm::Twine(Low) + " to " + llvm::Twine(High) + ", got '" +
                        text + "'");
  }
};

/// A number of seconds, more than 0 and at most a day.
struct SecondsParser : llvm::cl::parser<double> {
  using parser::parser;
  bool parse(llvm::cl::Option &option, llvm::StringRef, llvm::StringRef text, double &value) {
    if (!text.getAsDouble(value) && value > 0 && value <= 86400)
      return false;
    return option.error("expected seconds, more than 0 and at most 86400, got '" + text + "'");
  }
};

using ThreadsOption = llvm::cl::opt<unsigned, false, CountParser<1, 256>>;
/// Microseconds, at most a minute.
using SpinOption = llvm::cl::opt<unsigned, false, CountParser<1, 60'000'000>>;

/// The category that a command puts its options into; --help shows only these.
llvm::cl::OptionCategory &optionCategory();

/// Takes a name from an option of LLVM's that nothing here uses, so that a command may have one of that name.
void freeOptionName(llvm::StringRef name);

/// Parses the arguments after the name of the command into the options that exist by now. `overview` is what --help
/// shows first. Nothing is returned if the command shall run, otherwise the exit code; a message has been printed.
std::optional<int> parseOptions(llvm::StringRef command, Arguments arguments, llvm::StringRef overview);

} // namespace res

#endif
