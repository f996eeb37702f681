//===- DumpIR.cpp - the IR after every pass, in files -----------*- C++ -*-===//

#include "compiler/pipeline/DumpIR.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace res;

std::string res::textOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  OpPrintingFlags flags;
  flags.enableDebugInfo(true, /*prettyForm=*/false);
  module->print(os, flags);
  os << "\n";
  return text;
}

namespace res {

class DumpInstrumentation : public PassInstrumentation {
public:
  explicit DumpInstrumentation(DumpFolder &folder) : folder(folder) {}

  void runAfterPass(Pass *pass, Operation *op) override {
    auto module = dyn_cast<ModuleOp>(op);
    if (!module)
      return;
    std::string text = textOf(module);
    if (text == folder.baseline)
      return;
    folder.addNumbered(pass->getArgument(), text, "after the pass");
    folder.baseline = std::move(text);
  }

private:
  DumpFolder &folder;
};

} // namespace res

llvm::Expected<std::unique_ptr<DumpFolder>> DumpFolder::create(StringRef path) {
  if (std::error_code error = llvm::sys::fs::create_directories(path))
    return llvm::createStringError("cannot create the dump folder '" + path + "': " + error.message());
  llvm::SmallString<128> index(path);
  llvm::sys::path::append(index, "index.txt");
  std::error_code error;
  llvm::sys::fs::directory_iterator first(path, error), end;
  if (!error && first != end && !llvm::sys::fs::exists(index))
    return llvm::createStringError("the dump folder '" + path + "' holds other files; expected an empty folder or an earlier dump");
  // Files of an earlier dump would mix with the new ones: numbered dumps and kernels go.
  for (; !error && first != end; first.increment(error)) {
    StringRef extension = llvm::sys::path::extension(first->path());
    if (extension == ".mlir" || extension == ".stmt" || extension == ".s" || extension == ".txt" ||
        llvm::sys::path::filename(first->path()) == "manifest.json")
      llvm::sys::fs::remove(first->path());
  }
  return std::unique_ptr<DumpFolder>(new DumpFolder(path.str()));
}

void DumpFolder::write(StringRef name, StringRef text) {
  llvm::SmallString<128> file(path);
  llvm::sys::path::append(file, name);
  std::error_code error;
  llvm::raw_fd_ostream os(file, error);
  if (!error) {
    os << text;
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (error && firstError.empty())
    firstError = "cannot write '" + file.str().str() + "': " + error.message();
}

void DumpFolder::addNumbered(StringRef name, StringRef text, StringRef remark) {
  std::string file = llvm::formatv("{0,0+2}-{1}.mlir", count++, name);
  write(file, text);
  index += llvm::formatv("{0,-60} {1}\n", file, remark);
}

std::string DumpFolder::addFile(StringRef name, StringRef remark) {
  index += llvm::formatv("{0,-60} {1}\n", name, remark);
  llvm::SmallString<128> file(path);
  llvm::sys::path::append(file, name);
  return file.str().str();
}

void DumpFolder::instrument(PassManager &passes) {
  passes.addInstrumentation(std::make_unique<DumpInstrumentation>(*this));
}

void DumpFolder::setBaseline(ModuleOp module) { baseline = textOf(module); }

llvm::Error DumpFolder::finish() {
  write("index.txt", index);
  return firstError.empty() ? llvm::Error::success() : llvm::createStringError(firstError);
}
