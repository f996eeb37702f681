//===- TextTable.h - aligned columns for terminals --------------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_COMMON_TEXTTABLE_H
#define RES_COMPILER_TOOLS_COMMON_TEXTTABLE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace res {

/// All output fits this many columns.
constexpr size_t lineWidth = 100;

/// Rows of cells; each column is as wide as its widest cell, and cells above its limit are cut.
class TextTable {
public:
  struct Column {
    const char *title;
    enum { Left, Right } side = Left;
    size_t limit = lineWidth;
  };

  TextTable(std::vector<Column> columns) : columns(std::move(columns)) {}
  void row(std::vector<std::string> cells);
  /// Two spaces before each column; a line of titles unless all are empty.
  void print(llvm::raw_ostream &stream) const;

private:
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
};

} // namespace res

#endif
