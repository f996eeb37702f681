//===- Process.cpp - other programs: the compiler, resc itself --*- C++ -*-===//

#include "compiler/tools/resc/Process.h"

#include "llvm/Support/Path.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;

namespace res {

std::string ownPath() { return sys::fs::getMainExecutable(nullptr, nullptr); }

Expected<std::string> findCompiler() {
  SmallString<256> path(ownPath());
  sys::path::remove_filename(path);
  sys::path::append(path, "..", "libexec", "resc-compiler");
  sys::path::remove_dots(path, /*remove_dot_dot=*/true);
  if (!sys::fs::can_execute(path))
    return makeError("expected the compiler at '" + path + "', found none; is resc installed completely?");
  return path.str().str();
}

static std::string cannotStart(StringRef program, int error) {
  return ("cannot start '" + program + "': " + errorText(std::error_code(error, std::generic_category()))).str();
}

int becomeCompiler(StringRef command, Arguments arguments) {
  Expected<std::string> program = findCompiler();
  if (!program)
    return reportFault(program.takeError());
  std::string name = command.str();
  SmallVector<char *> full = {program->data(), name.data()};
  for (const char *argument : arguments)
    full.push_back(const_cast<char *>(argument));
  full.push_back(nullptr);
  execv(full[0], full.data());
  return reportFault(cannotStart(*program, errno));
}

//===----------------------------------------------------------------------===//
// Supervisor
//===----------------------------------------------------------------------===//

Supervisor::Supervisor() {
  sigemptyset(&waitedFor);
  sigaddset(&waitedFor, SIGCHLD);
  for (int signal : {SIGHUP, SIGINT, SIGTERM}) {
    // What was ignored when we were started, as by nohup, stays ignored.
    struct sigaction action;
    if (sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN)
      sigaddset(&waitedFor, signal);
  }
  sigprocmask(SIG_BLOCK, &waitedFor, &before);
}

Supervisor::~Supervisor() {
  if (!path.empty())
    sys::fs::remove_directories(path);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (caught)
    raise(caught);
}

Expected<std::string> Supervisor::folder() {
  SmallString<128> created;
  if (path.empty()) {
    if (std::error_code error = sys::fs::createUniqueDirectory("resc", created))
      return makeError("cannot create a temporary folder: " + errorText(error));
    path = created.str().str();
  }
  return path;
}

Expected<int> Supervisor::run(std::vector<std::string> command, bool quiet) {
  std::vector<char *> arguments;
  for (std::string &argument : command)
    arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &before);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (quiet)
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  pid_t child;
  int failed = posix_spawn(&child, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed)
    return makeError(cannotStart(command[0], failed));

  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    siginfo_t info;
    int signal = sigwaitinfo(&waitedFor, &info);
    if (signal <= 0 || signal == SIGCHLD)
      continue;
    caught = signal;
    if (info.si_code != SI_KERNEL) // a terminal has told the child already
      kill(child, signal);
  }
  if (caught)
    return 128 + caught;
  if (WIFEXITED(status))
    return WEXITSTATUS(status);
  return makeError("'" + sys::path::filename(command[0]) + "' was ended by signal " + Twine(WTERMSIG(status)));
}

} // namespace res
