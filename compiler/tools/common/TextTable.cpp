//===- TextTable.cpp - aligned columns for terminals ------------*- C++ -*-===//

#include "compiler/tools/common/TextTable.h"
#include "compiler/tools/common/Support.h"

#include "llvm/Support/Locale.h"

#include <algorithm>
#include <cassert>

using namespace llvm;

namespace res {

static size_t widthOf(StringRef cell) { return std::max(0, sys::locale::columnWidth(cell)); }

void TextTable::row(std::vector<std::string> cells) {
  assert(cells.size() == columns.size() && "one cell per column");
  for (size_t i = 0; i < cells.size(); ++i)
    cells[i] = fit(cells[i], columns[i].limit);
  rows.push_back(std::move(cells));
}

void TextTable::print(raw_ostream &stream) const {
  std::vector<std::string> titles;
  bool titled = false;
  for (const Column &column : columns) {
    titles.push_back(column.title);
    titled |= *column.title != 0;
  }
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns.size(); ++i) {
    widths.push_back(widthOf(titles[i]));
    for (const auto &cells : rows)
      widths[i] = std::max(widths[i], widthOf(cells[i]));
  }
  auto printRow = [&](const std::vector<std::string> &cells) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      std::string blanks(widths[i] - std::min(widths[i], widthOf(cells[i])), ' ');
      line += "  " + (columns[i].side == Column::Left ? cells[i] + blanks : blanks + cells[i]);
    }
    stream << StringRef(line).rtrim() << "\n";
  };
  if (titled)
    printRow(titles);
  for (const auto &cells : rows)
    printRow(cells);
}

} // namespace res
