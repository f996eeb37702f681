// RUN: res-opt %s -split-input-file --res-form-kernels --res-split-batch -verify-diagnostics

module attributes {res.target = "x86-64-v4"} {
func.func @main(%x: tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32> attributes {res.any_batch} {
  %0 = res.relu %x : tensor<1x3x4x4xf32>
  return %0 : tensor<1x3x4x4xf32>
}
func.func @main_together(%x: tensor<8x3x4x4xf32>) -> tensor<8x3x4x4xf32> {
  // expected-error @below {{expected images that do not meet, as the model takes any batch}}
  %0 = res.slice %x from [7, 0, 0, 0] by [-1, 1, 1, 1] : tensor<8x3x4x4xf32> -> tensor<8x3x4x4xf32>
  return %0 : tensor<8x3x4x4xf32>
}
}
