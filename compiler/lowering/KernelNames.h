//===- KernelNames.h - names of kernels -------------------------*- C++ -*-===//

#ifndef RES_COMPILER_LOWERING_KERNELNAMES_H
#define RES_COMPILER_LOWERING_KERNELNAMES_H

#include "compiler/analysis/TargetModel.h"
#include "dialect/Res.h"

#include <string>

namespace res {

/// A C identifier that tells what a kernel computes: element type, operations in order, sizes of its first input and of
/// its result, such as res_f32_conv3x3s2_add_relu_64x56x56_128x28x28. Not unique.
std::string describeKernel(KernelOp kernel);

/// The symbol of what is made for the target at a place in the list of all targets: the name itself for the first, else with
/// the target behind it.
std::string symbolFor(llvm::StringRef name, llvm::ArrayRef<TargetModel> targets, size_t place);

} // namespace res

#endif // RES_COMPILER_LOWERING_KERNELNAMES_H
