// RUN: not res-opt %s --res-lower-to-llvm 2>&1 | FileCheck %s

// CHECK: error: expected a planned module: 'main' has no res.arena_bytes
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  return %x : tensor<1x4xf32>
}
