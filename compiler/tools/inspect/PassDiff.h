//===- PassDiff.h - what a pass changed in the IR ---------------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_INSPECT_PASSDIFF_H
#define RES_COMPILER_TOOLS_INSPECT_PASSDIFF_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace res {

/// A dump as lines for people. Locations become a remark with the names of ONNX nodes, `… // /conv1/Conv, /relu/Relu`,
/// and their definitions go.
struct PassLines {
  std::vector<std::string> text;
  /// What a line says whatever its values are numbered: every `%12` stands as the operation and the node that defined
  /// it. Lines with equal keys count as unchanged.
  std::vector<std::string> keys;
};

PassLines readPassLines(llvm::StringRef dump);

/// Lines [oldBegin, oldEnd) became lines [newBegin, newEnd); one of the ranges may be empty.
struct Hunk {
  size_t oldBegin, oldEnd, newBegin, newEnd;
};

/// The changes between two lists of lines, in order, everything between them being equal. Takes time proportional to
/// the number of lines (times a constant that bounds how deep and how thoroughly stretches without unique lines are
/// searched), so two dumps without a common line are no trouble.
std::vector<Hunk> diffLines(llvm::ArrayRef<std::string> before, llvm::ArrayRef<std::string> after);

} // namespace res

#endif
