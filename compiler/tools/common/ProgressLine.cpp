//===- ProgressLine.cpp - how far long work has come ------------*- C++ -*-===//

#include "compiler/tools/common/ProgressLine.h"

#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace res {

ProgressLine::ProgressLine(StringRef what)
    : what(what), terminal(sys::Process::StandardErrIsDisplayed()), start(std::chrono::steady_clock::now()) {}

ProgressLine::~ProgressLine() {
  if (shown)
    errs() << "\r\x1b[K"; // to the start of the line, and clear it
}

void ProgressLine::show(unsigned done, unsigned all) {
  if (!terminal || std::chrono::steady_clock::now() - start < std::chrono::seconds(1))
    return;
  std::lock_guard<std::mutex> lock(mutex);
  if (done <= shown)
    return;
  shown = done;
  // One write, so that a terminal never shows half of it. The number only grows: the new line covers the old one.
  errs() << ("\r" + what + " " + std::to_string(done) + "/" + std::to_string(all));
}

} // namespace res
