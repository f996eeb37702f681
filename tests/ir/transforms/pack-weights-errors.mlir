// RUN: res-opt %s --res-pack-weights --split-input-file --verify-diagnostics

func.func @gemm_without_schedule(%x: tensor<1x4xf32>) -> tensor<1x3xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x3xf32>
  // expected-error @+1 {{expected a #res.dense schedule for a gemm}}
  %0 = res.kernel(%a = %x : tensor<1x4xf32>, %m = %w : tensor<4x3xf32>) -> tensor<1x3xf32> {
    %1 = res.gemm %a, %m : (tensor<1x4xf32>, tensor<4x3xf32>) -> tensor<1x3xf32>
    res.yield %1 : tensor<1x3xf32>
  }
  return %0 : tensor<1x3xf32>
}

// -----

func.func @weight_as_activation(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<1x4xf32>
  %0 = res.kernel(%a = %x : tensor<1x4xf32>, %m = %w : tensor<1x4xf32>) -> tensor<1x4xf32> {
    // expected-error @+1 {{expected activations as operands, got a weight}}
    %1 = res.add %a, %m : tensor<1x4xf32>
    res.yield %1 : tensor<1x4xf32>
  }
  return %0 : tensor<1x4xf32>
}
