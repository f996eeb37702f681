//===- TuneReport.cpp - what tuning chose, as text --------------*- C++ -*-===//

#include "compiler/tools/resc-compiler/tune/TuneReport.h"
#include "compiler/tools/common/TextTable.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace res;

namespace {
/// #res.kind<name = value, ...>
struct ScheduleText {
  std::string kind;
  std::vector<std::pair<std::string, std::string>> fields;

  explicit ScheduleText(Attribute attr) {
    std::string text;
    llvm::raw_string_ostream(text) << attr;
    auto [name, rest] = llvm::StringRef(text).split('<');
    name.consume_front("#res.");
    kind = name.str();
    SmallVector<llvm::StringRef> parts;
    rest.rtrim('>').split(parts, ", ");
    for (llvm::StringRef part : parts) {
      auto [field, value] = part.split(" = ");
      fields.push_back({field.str(), value.str()});
    }
  }
};
} // namespace

std::string res::describeChange(Attribute decided, Attribute chosen) {
  ScheduleText before(decided), after(chosen);
  std::vector<std::string> parts;
  if (before.kind != after.kind || before.fields.size() != after.fields.size()) {
    for (auto &[name, value] : after.fields)
      parts.push_back(name + " " + value);
    return before.kind + " -> " + after.kind + ": " + llvm::join(parts, ", ");
  }
  for (auto [from, to] : llvm::zip(before.fields, after.fields))
    if (from != to)
      parts.push_back(from.first + " " + from.second + " -> " + to.second);
  return after.kind + (parts.empty() ? "" : ": " + llvm::join(parts, ", "));
}

static std::string microsecondsText(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.1f", value);
  return text;
}

void res::printChoices(llvm::raw_ostream &stream, llvm::ArrayRef<UniqueKernel> kernels, const Choice &choice,
                       llvm::ArrayRef<KernelTimes> times) {
  TextTable table({{"kernel", TextTable::Column::Left, 36},
                   {"nodes", TextTable::Column::Right},
                   {"default", TextTable::Column::Right},
                   {"tuned us", TextTable::Column::Right},
                   {"schedule", TextTable::Column::Left, 33}});
  for (auto [kernel, chosen, time] : llvm::zip_equal(kernels, choice, times)) {
    llvm::StringRef name = kernel.name;
    name.consume_front("res_f32_");
    table.row({name.str(), std::to_string(kernel.steps.size()), microsecondsText(time.decided),
               microsecondsText(time.chosen),
               describeChange(kernel.candidates[0].schedule, kernel.candidates[chosen].schedule)});
  }
  table.print(stream);
}
