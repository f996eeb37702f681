//===- Bands.cpp - rows of kernels that are computed in bands ---*- C++ -*-===//

#include "compiler/analysis/Bands.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace res;

llvm::SmallVector<BandRows> res::rowsOfBands(llvm::ArrayRef<BandStage> stages, int64_t step) {
  llvm::SmallVector<BandRows> rows(stages.size());
  rows.back() = {step, step};
  for (size_t i = stages.size() - 1; i > 0; --i) {
    const BandStage &reader = stages[i];
    // The first step of a band computes all the rows that its reader keeps.
    const int64_t fresh = rows[i].fresh * reader.stride, read = (rows[i].kept - 1) * reader.stride + reader.span;
    rows[i - 1] = {fresh, std::max(fresh, read)};
  }
  return rows;
}

llvm::SmallVector<double> res::recomputedShares(llvm::ArrayRef<BandStage> stages, int64_t rows) {
  llvm::SmallVector<double> shares(stages.size(), 0.0);
  const int64_t bands = llvm::divideCeil(stages.back().height, rows);
  int64_t overlap = 0; // rows of a stage that two neighbouring bands both read
  for (size_t i = stages.size() - 1; i > 0; --i) {
    const BandStage &reader = stages[i];
    overlap = std::max<int64_t>(0, overlap * reader.stride + reader.span - reader.stride);
    shares[i - 1] = double(overlap * (bands - 1)) / double(stages[i - 1].height);
  }
  return shares;
}

bool res::readsAhead(llvm::ArrayRef<BandStage> stages) {
  int64_t ahead = 0; // of a band's first new row of a stage before the band's first row of the last one
  for (size_t i = stages.size(); i > 0; --i) {
    const BandStage &stage = stages[i - 1];
    if (stage.stride != 1 || stage.height != stages.back().height)
      return false;
    ahead += i > 1 ? stage.span - 1 - stage.pad : -stage.pad;
  }
  return ahead >= 0;
}

std::string res::checkBands(llvm::ArrayRef<BandStage> stages, int64_t rows, int64_t step, bool serial) {
  const BandStage &last = stages.back();
  if (step < 1 || step > last.height || rows < step || rows > last.height + step)
    return "expected steps of 1 to " + std::to_string(last.height) + " rows and bands of at least a step, got " +
           std::to_string(step) + " and " + std::to_string(rows);
  if (rows % step)
    return "expected bands of whole steps, got " + std::to_string(rows) + " rows in steps of " + std::to_string(step);
  llvm::SmallVector<BandRows> counts = rowsOfBands(stages, serial ? rows : step);
  for (size_t i = 0; i < stages.size(); ++i) {
    if (counts[i].fresh % stages[i].tile)
      return "expected steps of whole tiles of " + std::to_string(stages[i].tile) + " rows in stage " + std::to_string(i) +
             ", got " + std::to_string(counts[i].fresh);
    if (stages[i].tile > 1 && i + 1 < stages.size() && counts[i].slides())
      return "expected tiles in stage " + std::to_string(i) + " only where steps read no row twice";
  }
  return "";
}
