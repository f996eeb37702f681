//===- Support.h - exit codes, messages, output files, text -----*- C++ -*-===//
//
// What the commands of resc share. Nothing here ends the process: a command returns its exit code, so that everything
// on its stack, unfinished output files above all, is cleaned up.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_TOOLS_COMMON_SUPPORT_H
#define RES_COMPILER_TOOLS_COMMON_SUPPORT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"

#include <cstdint>
#include <optional>
#include <string>

namespace res {

enum ExitCode : int { ExitDone = 0, ExitFault = 1, ExitUsage = 2, ExitBug = 70 };

/// Each prints one line on stderr and returns the exit code that belongs to it: the model or an input is at fault,
/// the command line is wrong, resc itself is wrong.
int reportFault(const llvm::Twine &message);
int reportFault(llvm::Error error);
int reportUsage(llvm::StringRef command, const llvm::Twine &message);
int reportBug(const llvm::Twine &message);

llvm::Error makeError(const llvm::Twine &message);

/// The text of a system error as part of a message: lower-case start, no full stop.
std::string errorText(std::error_code code);
/// Any sentence as part of a message.
std::string asClause(llvm::StringRef sentence);

/// Flushes standard output; a full disk or the like is reported. Every command ends with it.
int finishOutput();

/// A file that appears complete under its name, or not at all: written beside the target and renamed. The unfinished
/// file is removed on failure, on destruction, and on a signal that ends the process. Devices and pipes, which a
/// rename would replace, are written directly.
class OutputFile {
public:
  /// Fails early where the file could not be written, so that a long measurement is not lost.
  static llvm::Expected<OutputFile> create(llvm::StringRef path);
  llvm::Error commit(llvm::StringRef content);

  OutputFile(OutputFile &&) = default;
  OutputFile &operator=(OutputFile &&) = delete;
  ~OutputFile();

private:
  explicit OutputFile(llvm::StringRef name) : name(name), target(name) {}

  std::string name;   // as the user wrote it
  std::string target; // symbolic links resolved
  std::unique_ptr<llvm::sys::fs::TempFile> temporary;
};

/// "1x3x224x224", "Nx3x224x224" where the first is any number, or "scalar".
std::string shapeText(llvm::ArrayRef<int64_t> shape);
/// "97.5 MiB".
std::string bytesText(uint64_t bytes);
/// "4.09 G".
std::string countText(double count);
/// Six significant digits, never an exponent that JSON lacks; "null" if not finite.
std::string jsonNumber(double value);
/// A line that cannot move the cursor, at most `width` columns, with its end replaced by ".." if it was longer.
std::string fit(llvm::StringRef text, size_t width);
/// The same, with ".." for its middle: names of nodes tell most at both ends.
std::string fitMiddle(llvm::StringRef text, size_t width);

} // namespace res

#endif
