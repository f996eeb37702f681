//===- PermuteLoads.h - loads with strides as permutations ------*- C++ -*-===//

#ifndef RES_COMPILER_CODEGEN_PERMUTELOADS_H
#define RES_COMPILER_CODEGEN_PERMUTELOADS_H

#include <Halide.h>

#include <set>
#include <string>

namespace res {

/// Loads every second, fourth or eighth float of a block from buffers that consist of blocks: one load of the block and a
/// permutation, of which LLVM makes one with the broadcast that follows, instead of a load for each part. `masked`: each of
/// these loads leaves out what it does not need. It makes loads of one block for different channels different for LLVM, which
/// else keeps blocks in registers from channel to channel, and spills.
Halide::Module permuteLoads(const Halide::Module &module, const std::set<std::string> &buffers, bool masked);

} // namespace res

#endif // RES_COMPILER_CODEGEN_PERMUTELOADS_H
