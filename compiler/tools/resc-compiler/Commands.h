//===- Commands.h - the commands that need the compiler ---------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_COMPILER_COMMANDS_H
#define RES_COMPILER_TOOLS_RESC_COMPILER_COMMANDS_H

#include "compiler/tools/common/Options.h"

namespace res {

/// Each takes the arguments after its name and returns the exit code.
int compileCommand(Arguments arguments);
int verifyCommand(Arguments arguments);
int inspectModelCommand(Arguments arguments);

} // namespace res

#endif
