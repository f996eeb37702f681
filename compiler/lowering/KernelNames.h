//===- KernelNames.h - names of kernels -------------------------*- C++ -*-===//

#ifndef RES_COMPILER_LOWERING_KERNELNAMES_H
#define RES_COMPILER_LOWERING_KERNELNAMES_H

#include "dialect/Res.h"

#include <string>

namespace res {

/// A C identifier that tells what a kernel computes: element type, operations in order, sizes of its first input and of
/// its result, such as res_f32_conv3x3s2_add_relu_64x56x56_128x28x28. Not unique.
std::string describeKernel(KernelOp kernel);

} // namespace res

#endif // RES_COMPILER_LOWERING_KERNELNAMES_H
