//===- MemoryMap.cpp - the arena as time x address, as text -----*- C++ -*-===//

#include "compiler/tools/common/Support.h"
#include "compiler/tools/common/TextTable.h"
#include "compiler/tools/inspect/Summary.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace res {

// Bands of addresses, so that a row with the name of its call fits a line.
static constexpr uint64_t kBands = 48;

/// Bytes live during each call. Where a tensor takes the place of another, the call that writes it counts them once.
static std::vector<uint64_t> countLive(const Manifest &manifest) {
  std::vector<uint64_t> live(manifest.steps.size());
  for (const Manifest::Place &place : manifest.memoryMap)
    for (uint64_t step = place.firstStep + (place.overwrites ? 1 : 0); step <= place.lastStep; ++step)
      live[step] += place.bytes;
  return live;
}

/// The first band whose middle is at an address or above it.
static uint64_t bandAt(uint64_t address, uint64_t arena) {
  return std::min(kBands, uint64_t(double(address) / double(arena) * kBands + 0.5));
}

/// A letter in each band of a row of calls: that of the tensor in the middle of the band. Small tensors take a free band.
static void draw(std::string &row, const Manifest::Place &place, uint64_t arena, char letter) {
  const uint64_t begin = bandAt(place.offset, arena), end = bandAt(place.offset + place.bytes, arena);
  for (uint64_t band = begin; band < end; ++band)
    row[band] = letter;
  if (begin == end && row[std::min(begin, kBands - 1)] == '.')
    row[std::min(begin, kBands - 1)] = letter;
}

void printMemoryMap(raw_ostream &stream, const Manifest &manifest) {
  const uint64_t arena = std::max<uint64_t>(1, manifest.arenaBytes);
  std::vector<std::string> rows(manifest.steps.size(), std::string(kBands, '.'));
  for (auto [index, place] : enumerate(manifest.memoryMap)) {
    const char letter = char('a' + index % 26);
    for (uint64_t step = place.firstStep; step <= place.lastStep; ++step)
      draw(rows[step], place, arena, step == place.firstStep ? toUpper(letter) : letter);
  }
  const std::vector<uint64_t> live = countLive(manifest);
  const uint64_t most = live.empty() ? 0 : *llvm::max_element(live);
  stream << fit(manifest.name, 40) << ": arena " << bytesText(manifest.arenaBytes) << ", most is live " << bytesText(most)
         << " (*), bands of " << bytesText(divideCeil(arena, kBands)) << "\n"
         << "a letter is a tensor, upper case during the call that writes it; addresses grow to the right\n";
  using Column = TextTable::Column;
  TextTable table({{"call", Column::Right}, {"live", Column::Right}, {"", Column::Left, 1}, {"arena"}, {"nodes", Column::Left, 28}});
  for (auto [index, step] : enumerate(manifest.steps))
    table.row({std::to_string(index), bytesText(live[index]), live[index] == most ? "*" : "", rows[index],
               fusedNodesText(step)});
  table.print(stream);
}

} // namespace res
