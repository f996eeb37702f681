//===- ClassReport.h - what resc run prints ---------------------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_RUN_CLASSREPORT_H
#define RES_COMPILER_TOOLS_RESC_RUN_CLASSREPORT_H

#include "compiler/tools/resc/tensors/Tensors.h"

#include "llvm/Support/raw_ostream.h"

#include <vector>

namespace res {

/// One name for each class, in the order of the output's columns.
using Labels = std::vector<std::string>;

/// A label on each line; empty lines at the end do not count. There have to be as many as one of the outputs, which is
/// a matrix of rows and classes, has classes.
llvm::Expected<Labels> readLabels(llvm::StringRef path, llvm::ArrayRef<res_tensor_info> outputs);

struct ClassReportOptions {
  unsigned top = 5; // classes of each row
  size_t rows = 5;  // that are worth printing when there are many
  Labels labels;    // or none
};

/// An output of rows and classes as the best classes of each row with their scores, best first; another output as its
/// range. Scores are the model's numbers as they are: whether they are probabilities, only the model knows.
void printOutput(llvm::raw_ostream &stream, const res_tensor_info &output, size_t slices, llvm::ArrayRef<float> values,
                 const ClassReportOptions &options);

} // namespace res

#endif
