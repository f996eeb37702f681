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

// -----

func.func @targets_of_two_algorithms(%x: tensor<1x16x4x4xf32, #res.blocked<16>>) -> tensor<1x48x4x4xf32, #res.blocked<16>> {
  %w = res.weight "w" in "f" at 0 : tensor<48x16x3x3xf32>
  // expected-error @+1 {{expected one algorithm for all targets, as they share the packed weights}}
  %0 = res.kernel(%a = %x : tensor<1x16x4x4xf32, #res.blocked<16>>, %f = %w : tensor<48x16x3x3xf32>) -> tensor<1x48x4x4xf32, #res.blocked<16>> attributes {schedules = {"x86-64-v3" = #res.direct<blocks = 1, pixels = 4, unroll = 1, order = space, flat = false, staging = rows, rows = 1, chunk = 0>, "x86-64-v4" = #res.winograd<tile = 4, blocks = 1, columns = 1, rows = 1, macro_columns = 1, macro_rows = 1, chunk = 0, unroll = 1, weights = stored>}} {
    %1 = res.conv %a, %f window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x16x4x4xf32, #res.blocked<16>>, tensor<48x16x3x3xf32>) -> tensor<1x48x4x4xf32, #res.blocked<16>>
    res.yield %1 : tensor<1x48x4x4xf32, #res.blocked<16>>
  }
  return %0 : tensor<1x48x4x4xf32, #res.blocked<16>>
}

// -----

func.func @targets_of_two_tiles(%x: tensor<1x16x4x4xf32, #res.blocked<16>>) -> tensor<1x48x4x4xf32, #res.blocked<16>> {
  %w = res.weight "w" in "f" at 0 : tensor<48x16x3x3xf32>
  // expected-error @+1 {{expected the same tile and weights for all targets, and blocks that divide the largest of them, as they share the packed weights}}
  %0 = res.kernel(%a = %x : tensor<1x16x4x4xf32, #res.blocked<16>>, %f = %w : tensor<48x16x3x3xf32>) -> tensor<1x48x4x4xf32, #res.blocked<16>> attributes {schedules = {"x86-64-v3" = #res.winograd<tile = 2, blocks = 1, columns = 1, rows = 1, macro_columns = 1, macro_rows = 1, chunk = 0, unroll = 1, weights = stored>, "x86-64-v4" = #res.winograd<tile = 4, blocks = 1, columns = 1, rows = 1, macro_columns = 1, macro_rows = 1, chunk = 0, unroll = 1, weights = stored>}} {
    %1 = res.conv %a, %f window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x16x4x4xf32, #res.blocked<16>>, tensor<48x16x3x3xf32>) -> tensor<1x48x4x4xf32, #res.blocked<16>>
    res.yield %1 : tensor<1x48x4x4xf32, #res.blocked<16>>
  }
  return %0 : tensor<1x48x4x4xf32, #res.blocked<16>>
}

// -----

func.func @targets_with_blocks_that_do_not_divide(%x: tensor<1x16x4x4xf32, #res.blocked<16>>) -> tensor<1x48x4x4xf32, #res.blocked<16>> {
  %w = res.weight "w" in "f" at 0 : tensor<48x16x3x3xf32>
  // expected-error @+1 {{expected the same tile and weights for all targets, and blocks that divide the largest of them}}
  %0 = res.kernel(%a = %x : tensor<1x16x4x4xf32, #res.blocked<16>>, %f = %w : tensor<48x16x3x3xf32>) -> tensor<1x48x4x4xf32, #res.blocked<16>> attributes {schedules = {"x86-64-v3" = #res.winograd<tile = 4, blocks = 2, columns = 1, rows = 1, macro_columns = 1, macro_rows = 1, chunk = 0, unroll = 1, weights = stored>, "x86-64-v4" = #res.winograd<tile = 4, blocks = 3, columns = 1, rows = 1, macro_columns = 1, macro_rows = 1, chunk = 0, unroll = 1, weights = stored>}} {
    %1 = res.conv %a, %f window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x16x4x4xf32, #res.blocked<16>>, tensor<48x16x3x3xf32>) -> tensor<1x48x4x4xf32, #res.blocked<16>>
    res.yield %1 : tensor<1x48x4x4xf32, #res.blocked<16>>
  }
  return %0 : tensor<1x48x4x4xf32, #res.blocked<16>>
}
