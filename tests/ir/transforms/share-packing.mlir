// RUN: res-opt %s --res-decide-schedules | FileCheck %s --check-prefix=ALONE
// RUN: res-opt %s --res-decide-schedules --res-share-packing | FileCheck %s
// RUN: res-opt %s --res-decide-schedules --res-share-packing --res-apply-layouts --res-pack-weights --res-outline-kernels --res-plan-memory | FileCheck %s --check-prefix=PLAN

// For several images the cost model would have another algorithm, another tile and another number of blocks. The network for
// one image, whose schedules are given, says how weights are packed; what does not belong to the packing is chosen anew.
// ALONE-LABEL: func.func @main_together
// ALONE: #res.winograd<tile = 4, blocks = 2
// ALONE: #res.winograd<tile = 4, blocks = 2
// ALONE: #res.dense<blocks = 4
// CHECK-LABEL: func.func @main_together
// CHECK: #res.direct<
// CHECK: #res.winograd<tile = 2, blocks = 1, columns = 7, rows = {{.*}}, weights = stored
// CHECK: #res.dense<blocks = 1

// So weights have one place for both.
// PLAN-LABEL: func.func @main(
// PLAN-SAME: res.weights_bytes = [[BYTES:[0-9]+]]
// PLAN: res.pack %{{.*}} at [[W:[0-9]+]]
// PLAN: res.pack %{{.*}} at [[V:[0-9]+]]
// PLAN: res.pack %{{.*}} at [[K:[0-9]+]]
// PLAN-LABEL: func.func @main_together(
// PLAN-SAME: res.weights_bytes = [[BYTES]]
// PLAN: res.pack %{{.*}} at [[W]]
// PLAN: res.pack %{{.*}} at [[V]]
// PLAN: res.pack %{{.*}} at [[K]]
module attributes {res.target = "x86-64-v4", res.math = "fast"} {
func.func @main(%x: tensor<1x64x14x14xf32>, %y: tensor<1x64xf32>) -> tensor<1x64xf32> attributes {res.any_batch} {
  %w = res.weight "w" in "f" at 0 : tensor<64x64x3x3xf32>
  %v = res.weight "v" in "f" at 147456 : tensor<64x64x3x3xf32>
  %k = res.weight "k" in "f" at 294912 : tensor<64x64xf32>
  %0 = res.kernel(%a = %x : tensor<1x64x14x14xf32>) -> tensor<1x64x14x14xf32> attributes {layouts = [#res.blocked<16>], schedules = {"x86-64-v4" = #res.map<pixels = 2, rows = 1>}} {
    %r = res.max_pool %a window<1x1> : tensor<1x64x14x14xf32> -> tensor<1x64x14x14xf32>
    res.yield %r : tensor<1x64x14x14xf32>
  }
  %1 = res.kernel(%a = %0 : tensor<1x64x14x14xf32>, %f = %w : tensor<64x64x3x3xf32>) -> tensor<1x64x14x14xf32> attributes {layouts = [#res.blocked<16>], schedules = {"x86-64-v4" = #res.direct<blocks = 2, pixels = 14, unroll = 1, order = space, flat = false, staging = none, rows = 1, chunk = 0>}} {
    %r = res.conv %a, %f window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x64x14x14xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x14x14xf32>
    res.yield %r : tensor<1x64x14x14xf32>
  }
  %2 = res.kernel(%a = %1 : tensor<1x64x14x14xf32>, %f = %v : tensor<64x64x3x3xf32>) -> tensor<1x64x14x14xf32> attributes {layouts = [#res.blocked<16>], schedules = {"x86-64-v4" = #res.winograd<tile = 2, blocks = 1, columns = 7, rows = 1, macro_columns = 7, macro_rows = 7, chunk = 0, unroll = 1, weights = stored>}} {
    %r = res.conv %a, %f window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x64x14x14xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x14x14xf32>
    res.yield %r : tensor<1x64x14x14xf32>
  }
  %3 = res.kernel(%a = %y : tensor<1x64xf32>, %f = %k : tensor<64x64xf32>) -> tensor<1x64xf32> attributes {layouts = [unit], schedules = {"x86-64-v4" = #res.dense<blocks = 1, unroll = 4>}} {
    %r = res.gemm %a, %f : (tensor<1x64xf32>, tensor<64x64xf32>) -> tensor<1x64xf32>
    res.yield %r : tensor<1x64xf32>
  }
  return %3 : tensor<1x64xf32>
}
func.func @main_together(%x: tensor<2x64x14x14xf32>, %y: tensor<2x64xf32>) -> tensor<2x64xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<64x64x3x3xf32>
  %v = res.weight "v" in "f" at 147456 : tensor<64x64x3x3xf32>
  %k = res.weight "k" in "f" at 294912 : tensor<64x64xf32>
  %0 = res.kernel(%a = %x : tensor<2x64x14x14xf32>) -> tensor<2x64x14x14xf32> attributes {layouts = [#res.blocked<16>]} {
    %r = res.max_pool %a window<1x1> : tensor<2x64x14x14xf32> -> tensor<2x64x14x14xf32>
    res.yield %r : tensor<2x64x14x14xf32>
  }
  %1 = res.kernel(%a = %0 : tensor<2x64x14x14xf32>, %f = %w : tensor<64x64x3x3xf32>) -> tensor<2x64x14x14xf32> attributes {layouts = [#res.blocked<16>]} {
    %r = res.conv %a, %f window<3x3, pad = [1, 1, 1, 1]> : (tensor<2x64x14x14xf32>, tensor<64x64x3x3xf32>) -> tensor<2x64x14x14xf32>
    res.yield %r : tensor<2x64x14x14xf32>
  }
  %2 = res.kernel(%a = %1 : tensor<2x64x14x14xf32>, %f = %v : tensor<64x64x3x3xf32>) -> tensor<2x64x14x14xf32> attributes {layouts = [#res.blocked<16>]} {
    %r = res.conv %a, %f window<3x3, pad = [1, 1, 1, 1]> : (tensor<2x64x14x14xf32>, tensor<64x64x3x3xf32>) -> tensor<2x64x14x14xf32>
    res.yield %r : tensor<2x64x14x14xf32>
  }
  %3 = res.kernel(%a = %y : tensor<2x64xf32>, %f = %k : tensor<64x64xf32>) -> tensor<2x64xf32> attributes {layouts = [unit]} {
    %r = res.gemm %a, %f : (tensor<2x64xf32>, tensor<64x64xf32>) -> tensor<2x64xf32>
    res.yield %r : tensor<2x64xf32>
  }
  return %3 : tensor<2x64xf32>
}
}
