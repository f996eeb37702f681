//===- Artifact.h - compiled libraries on disk and in memory ----*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_COMMON_ARTIFACT_H
#define RES_COMPILER_TOOLS_COMMON_ARTIFACT_H

#include "compiler/tools/common/Support.h"
#include "res/abi.h"

#include "llvm/Support/MemoryBuffer.h"

#include <memory>

namespace res {

/// A compiled library as a file: its note has been found, nothing of it has been executed.
class Artifact {
public:
  /// Checks that the file is a whole ELF library made by a resc of this ABI version. Messages name the file.
  static llvm::Expected<Artifact> open(llvm::StringRef path);

  const std::string &path() const { return name; }
  /// The processor family, as ELF numbers it.
  unsigned elfMachine() const { return machine; }
  /// The JSON text of the note.
  llvm::StringRef manifestText() const { return text; }

private:
  std::string name;
  std::unique_ptr<llvm::MemoryBuffer> image; // mapped, not read
  llvm::StringRef text;
  unsigned machine = 0;
};

/// Loads the library (and so runs its initialisers, if it has any) and asks it for its model. It stays loaded.
llvm::Expected<const res_model *> loadModel(const Artifact &artifact);

/// What an instance of a model needs, released at the end of the scope.
struct InstanceCloser {
  const res_model *model;
  void operator()(res_instance *instance) const { model->close(instance); }
};
using Instance = std::unique_ptr<res_instance, InstanceCloser>;

/// `threads` 0: as many as this process may use; `spinMicroseconds` as in res_options, 0: its default.
res_status openInstance(const res_model &model, unsigned threads, Instance &instance, unsigned spinMicroseconds = 0);

/// Prints why a call into the library failed and returns the exit code: some reasons lie in this machine, all others
/// would be our bug.
int reportStatus(const Artifact &artifact, const res_model &model, res_status status);

} // namespace res

#endif
