//===- ClassReport.cpp - what resc run prints -------------------*- C++ -*-===//

#include "compiler/tools/resc/run/ClassReport.h"
#include "compiler/tools/common/TextTable.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace llvm;

namespace res {

//===----------------------------------------------------------------------===//
// Labels
//===----------------------------------------------------------------------===//

Expected<Labels> readLabels(StringRef path, ArrayRef<res_tensor_info> outputs) {
  auto content = MemoryBuffer::getFile(path);
  if (!content)
    return makeError("cannot open '" + path + "': " + errorText(content.getError()));
  Labels labels;
  for (StringRef rest = (*content)->getBuffer(); !rest.empty();) {
    StringRef line;
    std::tie(line, rest) = rest.split('\n');
    labels.push_back(line.trim().str());
  }
  while (!labels.empty() && labels.back().empty())
    labels.pop_back();

  auto hasClasses = [](const res_tensor_info &output) { return output.rank == 2; };
  auto fits = [&](const res_tensor_info &output) {
    return hasClasses(output) && size_t(output.shape[1]) == labels.size();
  };
  if (llvm::any_of(outputs, fits))
    return labels;
  const res_tensor_info *first = llvm::find_if(outputs, hasClasses);
  if (first == outputs.end())
    return makeError("'" + path + "': expected a model with an output of rows and classes, got none");
  return makeError("'" + path + "': expected " + Twine(first->shape[1]) + " labels, as output '" + first->name +
                   "' has classes, got " + Twine(labels.size()));
}

//===----------------------------------------------------------------------===//
// Classes
//===----------------------------------------------------------------------===//

/// The best classes of one row, best first; values that are not numbers come last.
static std::vector<size_t> bestClasses(ArrayRef<float> row, unsigned top) {
  std::vector<size_t> order(row.size());
  std::iota(order.begin(), order.end(), 0);
  size_t count = std::min<size_t>(top, row.size());
  auto better = [&](size_t a, size_t b) {
    if (std::isnan(row[a]) || std::isnan(row[b]))
      return !std::isnan(row[a]) && std::isnan(row[b]);
    return row[a] != row[b] ? row[a] > row[b] : a < b;
  };
  std::partial_sort(order.begin(), order.begin() + count, order.end(), better);
  order.resize(count);
  return order;
}

static std::string scoreText(float score) {
  std::string text;
  raw_string_ostream(text) << format("%.4g", double(score));
  return text;
}

/// "281 (12.35)  285 (9.1)".
static void printNumbers(raw_ostream &stream, ArrayRef<float> row, ArrayRef<size_t> classes) {
  for (size_t i = 0; i < classes.size(); ++i)
    stream << (i ? "  " : "") << classes[i] << " (" << scoreText(row[classes[i]]) << ")";
}

/// A line for each class, the label at its end since only that has spaces.
static void printLabels(raw_ostream &stream, ArrayRef<float> row, ArrayRef<size_t> classes, const Labels &labels) {
  TextTable table({{"", TextTable::Column::Right}, {"", TextTable::Column::Right}, {"", TextTable::Column::Left, 70}});
  for (size_t number : classes)
    table.row({std::to_string(number), scoreText(row[number]), labels[number]});
  table.print(stream);
}

static void printClasses(raw_ostream &stream, const res_tensor_info &output, size_t slices, ArrayRef<float> values,
                         const ClassReportOptions &options) {
  size_t classes = output.shape[1], rows = imagesOf(output) * slices, shown = std::min(rows, options.rows);
  const bool labelled = options.labels.size() == classes && classes > 0;
  stream << "output '" << fit(output.name, 60) << "' " << rows << "x" << classes << ", top "
         << std::min<size_t>(options.top, classes)
         << (shown < rows ? " of the first " + std::to_string(shown) + " rows" : std::string()) << ":\n";
  for (size_t row = 0; row < shown; ++row) {
    ArrayRef<float> scores = values.slice(row * classes, classes);
    std::vector<size_t> best = bestClasses(scores, options.top);
    if (rows > 1)
      stream << "  row " << row << ":" << (labelled ? "\n" : " ");
    else if (!labelled)
      stream << "  ";
    if (labelled) {
      printLabels(stream, scores, best, options.labels);
    } else {
      printNumbers(stream, scores, best);
      stream << "\n";
    }
  }
}

static void printStatistics(raw_ostream &stream, const res_tensor_info &output, size_t slices, ArrayRef<float> values) {
  double sum = 0, low = INFINITY, high = -INFINITY;
  size_t finite = 0;
  for (float value : values)
    if (std::isfinite(value)) {
      low = std::min<double>(low, value);
      high = std::max<double>(high, value);
      sum += value;
      ++finite;
    }
  stream << "output '" << fit(output.name, 60) << "' " << shapeText(shapeOfSlices(output, slices)) << ": ";
  if (finite)
    stream << format("min %.6g, max %.6g, mean %.6g", low, high, sum / finite);
  if (finite < values.size())
    stream << (finite ? ", " : "") << values.size() - finite << " values are not finite";
  stream << "\n";
}

void printOutput(raw_ostream &stream, const res_tensor_info &output, size_t slices, ArrayRef<float> values,
                 const ClassReportOptions &options) {
  if (output.rank == 2)
    printClasses(stream, output, slices, values, options);
  else
    printStatistics(stream, output, slices, values);
}

} // namespace res
