//===- Support.cpp - exit codes, messages, output files, text ---*- C++ -*-===//

#include "compiler/tools/common/Support.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <csignal>

using namespace llvm;

namespace res {

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

int reportFault(const Twine &message) {
  errs() << "resc: error: " << message << "\n";
  return ExitFault;
}

int reportFault(Error error) { return reportFault(toString(std::move(error))); }

int reportUsage(StringRef command, const Twine &message) {
  errs() << "resc: error: " << message << " (see 'resc " << command << (command.empty() ? "" : " ") << "--help')\n";
  return ExitUsage;
}

int reportBug(const Twine &message) {
  errs() << "resc: internal error: " << message << "; this is a bug in resc, please report it\n";
  return ExitBug;
}

Error makeError(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

std::string asClause(StringRef sentence) {
  std::string clause = sentence.rtrim(". \n").str();
  // An abbreviation in capitals at the start stays as it is.
  if (clause.size() > 1 && !isUpper(clause[1]))
    clause[0] = toLower(clause[0]);
  return clause;
}

std::string errorText(std::error_code code) { return asClause(code.message()); }

int finishOutput() {
  outs().flush();
  std::error_code error = outs().error();
  if (!error)
    return ExitDone;
  // Left uncleared, LLVM would end the process with a message of its own.
  outs().clear_error();
  return reportFault("cannot write standard output: " + errorText(error));
}

//===----------------------------------------------------------------------===//
// Output files
//===----------------------------------------------------------------------===//

Expected<OutputFile> OutputFile::create(StringRef path) {
  auto failure = [&](std::error_code error) { return makeError("cannot write '" + path + "': " + errorText(error)); };
  OutputFile file(path);
  sys::fs::file_status status;
  if (!sys::fs::status(path, status)) {
    if (sys::fs::is_directory(status))
      return failure(std::make_error_code(std::errc::is_a_directory));
    if (!sys::fs::is_regular_file(status))
      return file;
    SmallString<256> resolved;
    if (std::error_code error = sys::fs::real_path(path, resolved))
      return failure(error);
    file.target = resolved.str().str();
  }
  // No signal comes between the creation of the file and its entry among those to be removed.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  Expected<sys::fs::TempFile> temporary = sys::fs::TempFile::create(file.target + ".%%%%%%.tmp");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!temporary)
    return failure(errorToErrorCode(temporary.takeError()));
  file.temporary = std::make_unique<sys::fs::TempFile>(std::move(*temporary));
  return file;
}

Error OutputFile::commit(StringRef content) {
  std::error_code error;
  std::optional<raw_fd_ostream> stream;
  if (temporary)
    stream.emplace(temporary->FD, /*shouldClose=*/false);
  else
    stream.emplace(target, error);
  if (!error) {
    *stream << content;
    stream->flush();
    error = stream->error();
  }
  stream->clear_error();
  if (!error && temporary) {
    error = errorToErrorCode(temporary->keep(target));
    temporary.reset();
  }
  if (error)
    return makeError("cannot write '" + name + "': " + errorText(error));
  return Error::success();
}

OutputFile::~OutputFile() {
  if (temporary)
    consumeError(temporary->discard());
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

template <typename... Values>
static std::string formatted(const char *pattern, Values... values) {
  std::string text;
  raw_string_ostream(text) << format(pattern, values...);
  return text;
}

std::string shapeText(ArrayRef<int64_t> shape) {
  return shape.empty() ? "scalar" : join(map_range(shape, [](int64_t d) { return d < 0 ? "N" : std::to_string(d); }), "x");
}

/// Three significant digits.
static std::string threeDigits(double value) {
  return formatted(value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value);
}

std::string bytesText(uint64_t bytes) {
  static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024)
    return std::to_string(bytes) + " B";
  double value = bytes / 1024.0;
  size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < std::size(units); ++unit)
    value /= 1024;
  return threeDigits(value) + " " + units[unit];
}

std::string countText(double count) {
  static const char *const units[] = {"", " k", " M", " G", " T"};
  if (count < 1000)
    return formatted("%.0f", count);
  size_t unit = 0;
  for (; count >= 999.5 && unit + 1 < std::size(units); ++unit)
    count /= 1000;
  return threeDigits(count) + units[unit];
}

std::string jsonNumber(double value) { return std::isfinite(value) ? formatted("%.6g", value) : "null"; }

/// A line that cannot move the cursor.
static std::string oneLine(StringRef text) {
  std::string line;
  for (char c : text)
    line += static_cast<unsigned char>(c) < ' ' || c == 0x7f ? '?' : c;
  return line;
}

/// Whether a UTF-8 character goes on here, so that a cut would leave half of it.
static bool isContinuation(StringRef text, size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
}

std::string fit(StringRef text, size_t width) {
  std::string line = oneLine(text);
  if (line.size() <= width)
    return line;
  size_t end = width < 2 ? 0 : width - 2;
  while (end > 0 && isContinuation(line, end))
    --end;
  return line.substr(0, end) + StringRef("..").take_front(width).str();
}

std::string fitMiddle(StringRef text, size_t width) {
  std::string line = oneLine(text);
  if (line.size() <= width || width < 4)
    return fit(line, width);
  size_t head = (width - 2) / 2, tail = line.size() - (width - 2 - head);
  while (head > 0 && isContinuation(line, head))
    --head;
  while (isContinuation(line, tail))
    ++tail;
  return line.substr(0, head) + ".." + line.substr(tail);
}

} // namespace res
