//===- Summary.h - what a compilation is made of, as text -------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_INSPECT_SUMMARY_H
#define RES_COMPILER_TOOLS_INSPECT_SUMMARY_H

#include "compiler/tools/common/Manifest.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/raw_ostream.h"

namespace res {

using OperationCounts = llvm::MapVector<llvm::StringRef, uint64_t>;

/// Prints "  operations  conv 53, relu 49, …", the most frequent first, in lines that fit a terminal.
void printOperations(llvm::raw_ostream &stream, OperationCounts counts);

/// Prints tensors, sizes, memory, every kernel and every call with the nodes that are computed in it, in lines that fit
/// a terminal.
void printSummary(llvm::raw_ostream &stream, const Manifest &manifest);

/// Prints the arena as time x address: a row for each call with the bytes that are live during it, and a letter for what lies
/// in each band of addresses.
void printMemoryMap(llvm::raw_ostream &stream, const Manifest &manifest);

/// How a step's nodes are shown: the names after the first lose the blocks they share with it,
/// "/layer1/conv1/Conv + relu/Relu".
std::string fusedNodesText(const Manifest::Step &step);

} // namespace res

#endif
