//===- DumpIR.h - the IR after every pass, in files -------------*- C++ -*-===//

#ifndef RES_COMPILER_PIPELINE_DUMPIR_H
#define RES_COMPILER_PIPELINE_DUMPIR_H

#include "dialect/Res.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace res {

/// A module as dumps and `--emit` print it: with locations, which carry the names of ONNX nodes, so that compiling the text
/// gives the same artifact as compiling the module. Weights are symbolic, so a text is small, and comparing texts is the
/// simplest test for a change.
std::string textOf(mlir::ModuleOp module);

/// A folder with one numbered file for each pass that changed something, one for each completed phase, and what code
/// generation adds; `index.txt` lists them.
class DumpFolder {
public:
  /// Creates the folder. Fails when it cannot be created or is not empty of anything but an earlier dump.
  static llvm::Expected<std::unique_ptr<DumpFolder>> create(llvm::StringRef path);

  /// Writes `text` to a file numbered after the ones before, such as 03-res-fold-batch-norm.mlir.
  void addNumbered(llvm::StringRef name, llvm::StringRef text, llvm::StringRef remark);
  /// The path of a file below the folder that the caller writes; lists it in the index.
  std::string addFile(llvm::StringRef name, llvm::StringRef remark);
  /// A pass manager's instrumentation that adds a file after each pass that changed the module.
  void instrument(mlir::PassManager &passes);
  /// Remembers the module, so that the next pass is compared with it.
  void setBaseline(mlir::ModuleOp module);

  /// Writes the index of what there is so far. Reports the first file that could not be written.
  llvm::Error finish();

  const std::string &getPath() const { return path; }

private:
  explicit DumpFolder(std::string path) : path(std::move(path)) {}

  friend class DumpInstrumentation;
  void write(llvm::StringRef name, llvm::StringRef text);

  std::string path, baseline, index;
  std::string firstError;
  unsigned count = 0;
};

} // namespace res

#endif // RES_COMPILER_PIPELINE_DUMPIR_H
