//===- Options.cpp - command lines through llvm::cl -------------*- C++ -*-===//

#include "compiler/tools/common/Options.h"

#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace res {

cl::OptionCategory &optionCategory() {
  static cl::OptionCategory category("Options");
  return category;
}

void freeOptionName(StringRef name) {
  auto &registered = cl::getRegisteredOptions();
  if (auto found = registered.find(name); found != registered.end())
    found->second->removeArgument();
}

/// One line in our style made of what llvm::cl says: "PROGRAM: Unknown command line argument '--x'.  Try: …", and
/// perhaps a second line "PROGRAM: Did you mean '--y'?".
static std::string oneLine(StringRef text, StringRef program) {
  auto [first, second] = text.split('\n');
  auto strip = [&](StringRef line) {
    line.consume_front((program + ": ").str());
    return line.rtrim();
  };
  std::string message = asClause(strip(first).split(".  Try:").first);
  StringRef hint = strip(second);
  if (hint.starts_with("Did you mean '--"))
    message += ", " + asClause(hint);
  return message;
}

std::optional<int> parseOptions(StringRef command, Arguments arguments, StringRef overview) {
  bool help = false;
  for (StringRef argument : arguments)
    help |= argument == "--help" || argument == "-help" || argument == "-h";
  // llvm::cl puts the program's name into the usage line and in front of the messages that it prints itself.
  std::string program = help ? ("resc " + command).str() : "resc: error";

  SmallVector<const char *> full = {program.c_str()};
  full.append(arguments.begin(), arguments.end());
  cl::HideUnrelatedOptions(optionCategory());
  cl::SetVersionPrinter([](raw_ostream &stream) { stream << "resc " RES_VERSION "\n"; });

  std::string captured;
  raw_string_ostream stream(captured);
  if (cl::ParseCommandLineOptions(full.size(), full.data(), overview, &stream))
    return std::nullopt;
  // Messages about an option's value have already been printed: llvm::cl does not hand those over.
  return captured.empty() ? int(ExitUsage) : reportUsage(command, oneLine(captured, program));
}

} // namespace res
