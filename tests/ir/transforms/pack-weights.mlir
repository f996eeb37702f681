// RUN: res-opt %s --res-form-kernels --res-decide-schedules=target=x86-64-v4 --res-apply-layouts --res-pack-weights | FileCheck %s

// CHECK-LABEL: func.func @filters_bias_and_matrix
// The first convolution reads NCHW: its channels are innermost as they are.
// CHECK: res.pack %{{.*}} : tensor<20x3x3x3xf32> -> tensor<2x1x3x3x3x16xf32> as #res.pack_conv<block = 16, inner = 3>
// CHECK: res.pack %{{.*}} : tensor<20xf32> -> tensor<32xf32> as #res.pack_vector<multiple = 16>
// CHECK: res.conv %{{.*}} (tensor<1x3x8x8xf32>, tensor<2x1x3x3x3x16xf32>, tensor<32xf32>) -> tensor<1x20x8x8xf32, #res.blocked<16>>
// The second reads blocks.
// CHECK: res.pack %{{.*}} : tensor<36x20x1x1xf32> -> tensor<3x2x1x1x16x16xf32> as #res.pack_conv<block = 16, inner = 16>
// CHECK: res.pack %{{.*}} : tensor<10x36xf32> -> tensor<1x36x1x16xf32> as #res.pack_dense<block = 16, blocks = 1, transposed = true>
func.func @filters_bias_and_matrix(%x: tensor<1x3x8x8xf32>) -> tensor<1x10xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<20x3x3x3xf32>
  %b = res.weight "b" in "f" at 3000 : tensor<20xf32>
  %v = res.weight "v" in "f" at 4000 : tensor<36x20x1x1xf32>
  %k = res.weight "k" in "f" at 8000 : tensor<10x36xf32>
  %0 = res.conv %x, %w bias %b window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x3x8x8xf32>, tensor<20x3x3x3xf32>, tensor<20xf32>) -> tensor<1x20x8x8xf32>
  %1 = res.conv %0, %v window<1x1> : (tensor<1x20x8x8xf32>, tensor<36x20x1x1xf32>) -> tensor<1x36x8x8xf32>
  %2 = res.global_avg_pool %1 : tensor<1x36x8x8xf32> -> tensor<1x36x1x1xf32>
  %3 = res.reshape %2 : tensor<1x36x1x1xf32> -> tensor<1x36xf32>
  %4 = res.gemm %3, %k transposed : (tensor<1x36xf32>, tensor<10x36xf32>) -> tensor<1x10xf32>
  return %4 : tensor<1x10xf32>
}

// CHECK-LABEL: func.func @groups_of_whole_blocks_or_not
// CHECK: tensor<64x32x1x1xf32> -> tensor<4x2x1x1x16x16xf32> as #res.pack_conv<block = 16, inner = 16>
// CHECK: tensor<64x1x3x3xf32> -> tensor<4x1x3x3x1x16xf32> as #res.pack_conv<block = 16, inner = 1>
// CHECK: tensor<48x32x1x1xf32> -> tensor<3x1x1x1x32x16xf32> as #res.pack_conv<block = 16, inner = 32>
func.func @groups_of_whole_blocks_or_not(%x: tensor<1x64x8x8xf32>) -> tensor<1x48x6x6xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<64x32x1x1xf32>
  %v = res.weight "v" in "f" at 9000 : tensor<64x1x3x3xf32>
  %u = res.weight "u" in "f" at 12000 : tensor<48x32x1x1xf32>
  %0 = res.max_pool %x window<1x1> : tensor<1x64x8x8xf32> -> tensor<1x64x8x8xf32>
  %1 = res.conv %0, %w window<1x1> {groups = 2 : i64} : (tensor<1x64x8x8xf32>, tensor<64x32x1x1xf32>) -> tensor<1x64x8x8xf32>
  %2 = res.conv %1, %v window<3x3> {groups = 64 : i64} : (tensor<1x64x8x8xf32>, tensor<64x1x3x3xf32>) -> tensor<1x64x6x6xf32>
  %3 = res.conv %2, %u window<1x1> {groups = 2 : i64} : (tensor<1x64x6x6xf32>, tensor<48x32x1x1xf32>) -> tensor<1x48x6x6xf32>
  return %3 : tensor<1x48x6x6xf32>
}

// Elements that a reshape makes an activation stay as they are.
// CHECK-LABEL: func.func @weight_that_becomes_an_activation
// CHECK: res.pack %{{.*}} : tensor<40xf32> -> tensor<40xf32> as #res.pack_vector<multiple = 1>
func.func @weight_that_becomes_an_activation(%x: tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<40xf32>
  %0 = res.reshape %w : tensor<40xf32> -> tensor<1x4x2x5xf32>
  %1 = res.add %x, %0 : tensor<1x4x2x5xf32>
  return %1 : tensor<1x4x2x5xf32>
}

// A dump that is packed already goes through unchanged.
// CHECK-LABEL: func.func @keeps_what_is_packed
// CHECK: %[[P:.*]] = res.pack
// CHECK-NOT: res.pack %
// CHECK: res.kernel({{.*}} = %[[P]] : tensor<16xf32>)
func.func @keeps_what_is_packed(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4xf32>
  %p = res.pack %w : tensor<4xf32> -> tensor<16xf32> as #res.pack_vector<multiple = 16>
  %0 = res.kernel(%a = %x : tensor<1x4xf32>, %v = %p : tensor<16xf32>) -> tensor<1x4xf32> attributes {layouts = [unit]} {
    %1 = res.affine %a, %v, %v : tensor<1x4xf32>, tensor<16xf32>
    res.yield %1 : tensor<1x4xf32>
  }
  return %0 : tensor<1x4xf32>
}
