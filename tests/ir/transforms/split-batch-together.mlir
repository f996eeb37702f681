// RUN: res-opt %s -split-input-file --res-form-kernels --res-split-batch=images=1 | FileCheck %s

// What moves data between images keeps them together.
// CHECK-NOT: res.turns
// CHECK-LABEL: func.func @main(%{{.*}}: tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32> {
module attributes {res.target = "x86-64-v4"} {
func.func @main(%x: tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32> {
  %0 = res.slice %x from [1, 0, 0, 0] by [-1, 1, 1, 1] : tensor<2x3x4x4xf32> -> tensor<2x3x4x4xf32>
  return %0 : tensor<2x3x4x4xf32>
}
}

// -----

// CHECK-LABEL: func.func @main(%{{.*}}: tensor<2x8x1x1xf32>) -> tensor<4x4xf32> {
module attributes {res.target = "x86-64-v4"} {
func.func @main(%x: tensor<2x8x1x1xf32>) -> tensor<4x4xf32> {
  %0 = res.reshape %x : tensor<2x8x1x1xf32> -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}
}
