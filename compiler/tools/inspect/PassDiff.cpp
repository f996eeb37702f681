//===- PassDiff.cpp - what a pass changed in the IR -------------*- C++ -*-===//

#include "compiler/tools/inspect/PassDiff.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

#include <algorithm>

using namespace llvm;

namespace res {

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

namespace {

/// Turns the lines of one dump into text and keys.
class LineReader {
public:
  explicit LineReader(StringRef dump) { dump.split(lines, '\n'); }
  PassLines read();

private:
  void readLocations();
  std::string namesOf(StringRef location) const;
  std::string makeKey(StringRef line, StringRef nodes) const;
  void define(StringRef line, StringRef nodes);

  SmallVector<StringRef> lines;
  StringMap<std::string> locations; // "#loc12" -> names
  StringMap<std::string> values;    // "%12" -> "res.conv of /conv1/Conv"
};

} // namespace

static bool isNamePart(char c) { return isAlnum(c) || c == '_' || c == '$' || c == '.' || c == '-' || c == '#'; }

/// `#loc12 = loc("/conv1/Conv")` and, after those, `#loc13 = loc(fused[#loc12, #loc4])`.
void LineReader::readLocations() {
  for (StringRef line : lines) {
    auto [name, value] = line.split(" = loc(");
    if (!line.starts_with("#loc") || !value.consume_back(")"))
      continue;
    locations[name] = namesOf(value);
  }
}

/// The nodes that the inside of `loc(…)` names.
std::string LineReader::namesOf(StringRef location) const {
  if (location.starts_with("#"))
    return locations.lookup(location);
  if (location.consume_front("fused[") && location.consume_back("]")) {
    SmallVector<StringRef> parts;
    location.split(parts, ", ");
    return join(make_filter_range(map_range(parts, [&](StringRef part) { return namesOf(part); }),
                                  [](const std::string &name) { return !name.empty(); }),
                ", ");
  }
  if (location.size() < 2 || !location.starts_with("\"") || !location.ends_with("\""))
    return "";
  return location.drop_front().drop_back().str();
}

/// Splits ` loc(…)` off the end of a line.
static std::pair<StringRef, StringRef> splitLocation(StringRef line) {
  size_t at = line.rfind(" loc(");
  if (at == StringRef::npos || !line.ends_with(")"))
    return {line, ""};
  return {line.take_front(at), line.drop_front(at + 5).drop_back()};
}

std::string LineReader::makeKey(StringRef line, StringRef nodes) const {
  std::string key;
  bool result = line.ltrim().starts_with("%"); // left of the equals sign
  for (size_t i = 0; i < line.size();) {
    if (line[i] != '%') {
      if (line[i] == '=')
        result = false;
      key += line[i++];
      continue;
    }
    size_t end = i + 1;
    while (end < line.size() && isNamePart(line[end]))
      ++end;
    auto known = result ? values.end() : values.find(line.slice(i, end));
    key += known == values.end() ? std::string("%") : "%(" + known->second + ")";
    i = end;
  }
  return key + " // " + nodes.split(", ").first.str();
}

/// Notes what the values left of the equals sign stand for.
void LineReader::define(StringRef line, StringRef nodes) {
  StringRef body = line.ltrim();
  auto [names, right] = body.split(" = ");
  if (!body.starts_with("%") || right.empty())
    return;
  std::string meaning =
      (right.take_until([](char c) { return c == ' ' || c == '('; }) + " of " + nodes.split(", ").first).str();
  SmallVector<StringRef> parts;
  names.split(parts, ", ");
  for (auto [index, part] : enumerate(parts))
    values[part.split(':').first] = meaning + (index ? "#" + std::to_string(index) : "");
}

PassLines LineReader::read() {
  readLocations();
  PassLines result;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty() || lines[i].starts_with("#loc"))
      continue;
    auto [whole, location] = splitLocation(lines[i]);
    std::string line = whole.str(), nodes = namesOf(location);
    // Arguments in the middle of a line have locations, too, none of them known.
    for (size_t at; (at = line.find(" loc(unknown)")) != std::string::npos;)
      line.erase(at, StringRef(" loc(unknown)").size());
    result.text.push_back(nodes.empty() ? line : line + "  // " + nodes);
    result.keys.push_back(makeKey(line, nodes));
    // An operation with a body has its location behind the body: its first operation stands for it.
    if (location.empty() && i + 1 < lines.size())
      nodes = namesOf(splitLocation(lines[i + 1]).second);
    define(line, nodes);
  }
  return result;
}

PassLines readPassLines(StringRef dump) { return LineReader(dump).read(); }

//===----------------------------------------------------------------------===//
// Difference
//===----------------------------------------------------------------------===//

namespace {

/// Patience difference: lines that occur once on both sides are the anchors between which the rest is compared, and
/// short stretches without anchors are aligned exactly.
class Differ {
public:
  Differ(std::vector<unsigned> before, std::vector<unsigned> after, size_t kinds)
      : before(std::move(before)), after(std::move(after)), seen(kinds) {}
  std::vector<Hunk> run() {
    compare({0, before.size(), 0, after.size()}, 0);
    return std::move(hunks);
  }

private:
  void compare(Hunk range, unsigned depth);
  std::vector<std::pair<size_t, size_t>> findAnchors(const Hunk &range);
  void alignExactly(const Hunk &range);
  void add(const Hunk &hunk);

  struct Occurrence {
    unsigned oldCount = 0, newCount = 0;
    size_t oldLine = 0;
  };
  // An exact alignment takes this many cells at most; anchors nest at most so deep.
  static constexpr size_t kMaxCells = 1 << 18;
  static constexpr unsigned kMaxDepth = 48;
  std::vector<unsigned> before, after;
  std::vector<Occurrence> seen; // by kind of line, all zero between two searches
  std::vector<Hunk> hunks;
};

} // namespace

/// Neighbouring hunks become one.
void Differ::add(const Hunk &hunk) {
  if (hunk.oldBegin == hunk.oldEnd && hunk.newBegin == hunk.newEnd)
    return;
  if (!hunks.empty() && hunks.back().oldEnd == hunk.oldBegin && hunks.back().newEnd == hunk.newBegin) {
    hunks.back().oldEnd = hunk.oldEnd;
    hunks.back().newEnd = hunk.newEnd;
  } else {
    hunks.push_back(hunk);
  }
}

/// The longest list of pairs of equal unique lines that rises on both sides.
std::vector<std::pair<size_t, size_t>> Differ::findAnchors(const Hunk &range) {
  for (size_t i = range.oldBegin; i < range.oldEnd; ++i) {
    ++seen[before[i]].oldCount;
    seen[before[i]].oldLine = i;
  }
  for (size_t i = range.newBegin; i < range.newEnd; ++i)
    ++seen[after[i]].newCount;
  std::vector<std::pair<size_t, size_t>> pairs;
  for (size_t i = range.newBegin; i < range.newEnd; ++i)
    if (const Occurrence &line = seen[after[i]]; line.oldCount == 1 && line.newCount == 1)
      pairs.emplace_back(line.oldLine, i);
  for (size_t i = range.oldBegin; i < range.oldEnd; ++i)
    seen[before[i]] = {};
  for (size_t i = range.newBegin; i < range.newEnd; ++i)
    seen[after[i]] = {};

  // Patience sorting: tails[k] ends the rising list of length k + 1 with the smallest end.
  std::vector<size_t> tails, previous(pairs.size());
  for (size_t i = 0; i < pairs.size(); ++i) {
    auto place =
        llvm::lower_bound(tails, pairs[i].first, [&](size_t tail, size_t line) { return pairs[tail].first < line; });
    previous[i] = place == tails.begin() ? SIZE_MAX : place[-1];
    if (place == tails.end())
      tails.push_back(i);
    else
      *place = i;
  }
  std::vector<std::pair<size_t, size_t>> anchors;
  for (size_t i = tails.empty() ? SIZE_MAX : tails.back(); i != SIZE_MAX; i = previous[i])
    anchors.push_back(pairs[i]);
  std::reverse(anchors.begin(), anchors.end());
  return anchors;
}

/// By the longest common subsequence.
void Differ::alignExactly(const Hunk &range) {
  size_t rows = range.oldEnd - range.oldBegin, columns = range.newEnd - range.newBegin;
  if (!rows || !columns || rows * columns > kMaxCells)
    return add(range);
  std::vector<unsigned> length((rows + 1) * (columns + 1)); // of the rest
  auto at = [&](size_t i, size_t j) -> unsigned & { return length[i * (columns + 1) + j]; };
  auto equal = [&](size_t i, size_t j) { return before[range.oldBegin + i] == after[range.newBegin + j]; };
  for (size_t i = rows; i-- > 0;)
    for (size_t j = columns; j-- > 0;)
      at(i, j) = equal(i, j) ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
  for (size_t i = 0, j = 0; i < rows || j < columns;) {
    size_t oldLine = range.oldBegin + i, newLine = range.newBegin + j;
    if (i < rows && j < columns && equal(i, j)) {
      ++i, ++j;
    } else if (j == columns || (i < rows && at(i + 1, j) >= at(i, j + 1))) {
      add({oldLine, oldLine + 1, newLine, newLine});
      ++i;
    } else {
      add({oldLine, oldLine, newLine, newLine + 1});
      ++j;
    }
  }
}

void Differ::compare(Hunk range, unsigned depth) {
  while (range.oldBegin < range.oldEnd && range.newBegin < range.newEnd &&
         before[range.oldBegin] == after[range.newBegin])
    ++range.oldBegin, ++range.newBegin;
  while (range.oldBegin < range.oldEnd && range.newBegin < range.newEnd &&
         before[range.oldEnd - 1] == after[range.newEnd - 1])
    --range.oldEnd, --range.newEnd;
  std::vector<std::pair<size_t, size_t>> anchors;
  if (depth < kMaxDepth && range.oldBegin < range.oldEnd && range.newBegin < range.newEnd)
    anchors = findAnchors(range);
  if (anchors.empty())
    return alignExactly(range);
  size_t oldLine = range.oldBegin, newLine = range.newBegin;
  for (auto [oldAnchor, newAnchor] : anchors) {
    compare({oldLine, oldAnchor, newLine, newAnchor}, depth + 1);
    oldLine = oldAnchor + 1;
    newLine = newAnchor + 1;
  }
  compare({oldLine, range.oldEnd, newLine, range.newEnd}, depth + 1);
}

std::vector<Hunk> diffLines(ArrayRef<std::string> before, ArrayRef<std::string> after) {
  StringMap<unsigned> kinds;
  auto number = [&](ArrayRef<std::string> lines) {
    std::vector<unsigned> numbers;
    for (const std::string &line : lines)
      numbers.push_back(kinds.try_emplace(line, kinds.size()).first->second);
    return numbers;
  };
  std::vector<unsigned> oldNumbers = number(before), newNumbers = number(after);
  return Differ(std::move(oldNumbers), std::move(newNumbers), kinds.size()).run();
}

} // namespace res
