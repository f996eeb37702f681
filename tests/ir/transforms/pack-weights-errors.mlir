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

// -----

func.func @weight_that_nothing_reads(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4xf32>
  // expected-error @+1 {{expected every weight to be read, got none that reads input 1}}
  %0 = res.kernel(%a = %x : tensor<1x4xf32>, %m = %w : tensor<4xf32>) -> tensor<1x4xf32> {
    %1 = res.relu %a : tensor<1x4xf32>
    res.yield %1 : tensor<1x4xf32>
  }
  return %0 : tensor<1x4xf32>
}

// -----

func.func @packed_without_a_pack(%x: tensor<1x4x8x8xf32>) -> tensor<1x16x8x8xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<1x1x1x1x4x16xf32>
  // expected-error @+1 {{expected a weight of rank 4, got rank 6}}
  %0 = res.kernel(%a = %x : tensor<1x4x8x8xf32>, %f = %w : tensor<1x1x1x1x4x16xf32>) -> tensor<1x16x8x8xf32> {
    %1 = res.conv %a, %f window<1x1> : (tensor<1x4x8x8xf32>, tensor<1x1x1x1x4x16xf32>) -> tensor<1x16x8x8xf32>
    res.yield %1 : tensor<1x16x8x8xf32>
  }
  return %0 : tensor<1x16x8x8xf32>
}
