//===- ModuleFixture.h - modules and weight files for tests -----*- C++ -*-===//
//
// A fixture that parses modules from text and writes weight files into a folder that lives as long as the test.
//
//===----------------------------------------------------------------------===//

#ifndef RES_TESTS_UNIT_MODULEFIXTURE_H
#define RES_TESTS_UNIT_MODULEFIXTURE_H

#include "dialect/Res.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <random>
#include <string>
#include <vector>

namespace res {

class ModuleFixture : public testing::Test {
protected:
  ModuleFixture() { context.loadDialect<ResDialect, mlir::func::FuncDialect>(); }

  void SetUp() override { ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("res-test", folder)); }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  /// Parses and verifies.
  mlir::ModuleOp parse(const std::string &text) {
    modules.push_back(mlir::parseSourceString<mlir::ModuleOp>(text, &context));
    EXPECT_TRUE(modules.back()) << text;
    return *modules.back();
  }

  /// A function without results around `body`.
  mlir::ModuleOp parseBody(const std::string &body) {
    return parse("func.func @main() {\n" + body + "\nreturn\n}");
  }

  /// Writes a file of `offset` bytes of rubbish and then the elements.
  template <typename T>
  void writeFile(const std::string &name, size_t offset, const std::vector<T> &elements) {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, name);
    std::error_code error;
    llvm::raw_fd_ostream out(path, error);
    ASSERT_FALSE(error);
    out << std::string(offset, '\xff');
    out.write(reinterpret_cast<const char *>(elements.data()), elements.size() * sizeof(T));
  }

  /// Floats that are far from being representable in fewer bits, the same in every run.
  static std::vector<float> random(size_t size, unsigned seed, float least = -1, float most = 1) {
    std::mt19937 engine(seed);
    std::uniform_real_distribution<float> distribution(least, most);
    std::vector<float> result(size);
    for (float &element : result)
      element = distribution(engine);
    return result;
  }

  template <typename OpT>
  static OpT find(mlir::ModuleOp module, unsigned index = 0) {
    OpT result;
    module.walk([&](OpT op) {
      if (index-- == 0)
        result = op;
    });
    return result;
  }

  template <typename T>
  static std::string message(llvm::Expected<T> value) {
    return value ? "" : llvm::toString(value.takeError());
  }

  mlir::MLIRContext context;
  llvm::SmallString<128> folder;
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules;
};

} // namespace res

#endif // RES_TESTS_UNIT_MODULEFIXTURE_H
