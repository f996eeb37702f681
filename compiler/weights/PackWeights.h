//===- PackWeights.h - weights in the order kernels read them ---*- C++ -*-===//
//
// Evaluates the weight behind a res.pack and writes it in its packed layout.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_WEIGHTS_PACKWEIGHTS_H
#define RES_COMPILER_WEIGHTS_PACKWEIGHTS_H

#include "compiler/weights/WeightEvaluator.h"

namespace res {

/// Bytes of the packed weight, with the lanes that pad it.
int64_t packedBytes(PackOp pack);

/// Writes the packed weight, its padding lanes zero, to `destination` of packedBytes(pack) / 4 floats. The weight is
/// evaluated in double and rounded to float once, a slice at a time. May be called from several threads at once.
llvm::Error packWeight(WeightEvaluator &evaluator, PackOp pack, llvm::MutableArrayRef<float> destination);

} // namespace res

#endif // RES_COMPILER_WEIGHTS_PACKWEIGHTS_H
