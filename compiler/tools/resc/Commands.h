//===- Commands.h - what resc does itself -----------------------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_COMMANDS_H
#define RES_COMPILER_TOOLS_RESC_COMMANDS_H

#include "compiler/tools/common/Options.h"

namespace res {

/// Each takes the arguments after the command's name and returns the exit code.
int runCommand(Arguments arguments);
int benchCommand(Arguments arguments);
int inspectCommand(Arguments arguments);

/// Whether a path is something that only the compiler can read.
bool isModelSource(llvm::StringRef path);

} // namespace res

#endif
