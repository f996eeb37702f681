//===- Process.h - other programs: the compiler, resc itself ----*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_PROCESS_H
#define RES_COMPILER_TOOLS_RESC_PROCESS_H

#include "compiler/tools/common/Options.h"

#include <csignal>
#include <string>
#include <vector>

namespace res {

/// The path of this executable.
std::string ownPath();
/// The path of the compiler that was installed with it: ../libexec/resc-compiler.
llvm::Expected<std::string> findCompiler();

/// Becomes the compiler: `resc-compiler COMMAND ARGUMENTS`. Returns only on failure, the exit code.
int becomeCompiler(llvm::StringRef command, Arguments arguments);

/// Runs child processes with a temporary folder that outlives none of them: a signal that would end this process is
/// passed on to the child, and takes effect here after the folder is gone.
class Supervisor {
public:
  Supervisor();
  ~Supervisor();
  Supervisor(const Supervisor &) = delete;

  /// Creates the folder on the first call.
  llvm::Expected<std::string> folder();
  /// Runs a program to its end and returns its exit code, with `quiet` its standard output going to stderr. Failing
  /// to start it, and its end by a signal of its own, are errors.
  llvm::Expected<int> run(std::vector<std::string> command, bool quiet);

private:
  sigset_t waitedFor, before;
  int caught = 0; // the signal that ends this process
  std::string path;
};

} // namespace res

#endif
