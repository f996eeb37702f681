//===- TemporaryFiles.h - files that vanish or appear whole -----*- C++ -*-===//

#ifndef RES_COMPILER_PIPELINE_TEMPORARYFILES_H
#define RES_COMPILER_PIPELINE_TEMPORARYFILES_H

#include "llvm/Support/Error.h"

#include <string>

namespace res {

/// A folder under $TMPDIR that goes with its contents when the object dies or the process is interrupted.
class TemporaryFolder {
public:
  static llvm::Expected<TemporaryFolder> create();
  TemporaryFolder(TemporaryFolder &&other) : path(std::move(other.path)) { other.path.clear(); }
  ~TemporaryFolder();

  const std::string &getPath() const { return path; }
  /// The path of a file in it. It is removed on an interrupt, too.
  std::string file(const std::string &name) const;

private:
  explicit TemporaryFolder(std::string path) : path(std::move(path)) {}
  std::string path;
};

/// A file that is written beside its final place and renamed when it is complete.
class PendingFile {
public:
  explicit PendingFile(std::string path) : path(std::move(path)) {}
  ~PendingFile();

  /// Creates the temporary file, so that an unwritable folder is found before the work.
  llvm::Error open();
  const std::string &getTemporaryPath() const { return temporary; }
  /// Renames. What was at the final place is replaced.
  llvm::Error commit();

private:
  std::string path, temporary;
};

/// Removes temporary files and folders on SIGINT, SIGTERM and SIGHUP, and when something calls exit. Call once at the
/// start of a program.
void removeTemporaryFilesAtTheEnd();

} // namespace res

#endif // RES_COMPILER_PIPELINE_TEMPORARYFILES_H
