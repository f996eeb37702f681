// RUN: res-opt %s --res-tile-bottleneck | FileCheck %s

// Weights and the addend become inputs; the layouts are those of the last kernel, the nodes those of all.
// CHECK-LABEL: func.func @merges_a_chain_into_its_last_kernel
// CHECK: %[[X:.*]] = res.kernel
// CHECK: %[[Y:.*]] = res.kernel(%[[A:.*]] = %[[X]] : tensor<1x16x8x8xf32>, %[[F:.*]] = %{{.*}} : tensor<16x16x1x1xf32>, %[[G:.*]] = %{{.*}} : tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32>
// CHECK-SAME: layouts = [#res.blocked<16>]
// CHECK-SAME: schedules = {"x86-64-v4" = #res.banded<rows = 4, step = 2, stages = [#res.map<pixels = 1, rows = 1>, #res.map<pixels = 2, rows = 2>]>}
// CHECK-NEXT: %[[C:.*]] = res.conv %[[A]], %[[F]]
// CHECK-NEXT: %[[R:.*]] = res.relu %[[C]]
// CHECK-NEXT: %[[D:.*]] = res.conv %[[R]], %[[G]]
// CHECK-NEXT: %[[S:.*]] = res.add %[[D]], %[[A]]
// CHECK-NEXT: res.yield %[[S]]
// CHECK: return %[[Y]]
func.func @merges_a_chain_into_its_last_kernel(%in: tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<16x16x1x1xf32>
  %v = res.weight "v" in "f" at 1024 : tensor<16x16x3x3xf32>
  %x = res.kernel(%a = %in : tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32> attributes {schedules = {"x86-64-v4" = #res.map<pixels = 9, rows = 9>}} {
    %1 = res.relu %a : tensor<1x16x8x8xf32>
    res.yield %1 : tensor<1x16x8x8xf32>
  }
  %0 = res.kernel(%a = %x : tensor<1x16x8x8xf32>, %f = %w : tensor<16x16x1x1xf32>) -> tensor<1x16x8x8xf32> attributes {layouts = [unit], schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 1>}} {
    %1 = res.conv %a, %f window<1x1> : (tensor<1x16x8x8xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x8x8xf32>
    %2 = res.relu %1 : tensor<1x16x8x8xf32>
    res.yield %2 : tensor<1x16x8x8xf32>
  }
  %y = res.kernel(%a = %0 : tensor<1x16x8x8xf32>, %f = %v : tensor<16x16x3x3xf32>, %b = %x : tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32> attributes {layouts = [#res.blocked<16>], res.bands = #res.bands<stages = 2, rows = 4, step = 2>, schedules = {"x86-64-v4" = #res.map<pixels = 2, rows = 2>}} {
    %1 = res.conv %a, %f window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32>
    %2 = res.add %1, %b : tensor<1x16x8x8xf32>
    res.yield %2 : tensor<1x16x8x8xf32>
  }
  return %y : tensor<1x16x8x8xf32>
}

// CHECK-LABEL: func.func @merges_the_schedules_of_each_target
// CHECK: schedules = {"x86-64-v3" = #res.banded<rows = 3, step = 1, stages = [#res.map<pixels = 1, rows = 0>, #res.map<pixels = 2, rows = 0>, #res.map<pixels = 3, rows = 0>]>, "x86-64-v4" = #res.banded<rows = 3, step = 1, stages = [#res.map<pixels = 4, rows = 0>, #res.map<pixels = 5, rows = 0>, #res.map<pixels = 6, rows = 0>]>}
// CHECK-NOT: res.kernel
func.func @merges_the_schedules_of_each_target(%in: tensor<1x16x8x8xf32>) -> tensor<1x16x5x5xf32> {
  %0 = res.kernel(%a = %in : tensor<1x16x8x8xf32>) -> tensor<1x16x7x7xf32> attributes {schedules = {"x86-64-v3" = #res.map<pixels = 1, rows = 0>, "x86-64-v4" = #res.map<pixels = 4, rows = 0>}} {
    %p = res.max_pool %a window<2x2> : tensor<1x16x8x8xf32> -> tensor<1x16x7x7xf32>
    res.yield %p : tensor<1x16x7x7xf32>
  }
  %1 = res.kernel(%a = %0 : tensor<1x16x7x7xf32>) -> tensor<1x16x6x6xf32> attributes {schedules = {"x86-64-v3" = #res.map<pixels = 2, rows = 0>, "x86-64-v4" = #res.map<pixels = 5, rows = 0>}} {
    %p = res.max_pool %a window<2x2> : tensor<1x16x7x7xf32> -> tensor<1x16x6x6xf32>
    res.yield %p : tensor<1x16x6x6xf32>
  }
  %2 = res.kernel(%a = %1 : tensor<1x16x6x6xf32>) -> tensor<1x16x5x5xf32> attributes {res.bands = #res.bands<stages = 3, rows = 3, step = 1>, schedules = {"x86-64-v3" = #res.map<pixels = 3, rows = 0>, "x86-64-v4" = #res.map<pixels = 6, rows = 0>}} {
    %p = res.max_pool %a window<2x2> : tensor<1x16x6x6xf32> -> tensor<1x16x5x5xf32>
    res.yield %p : tensor<1x16x5x5xf32>
  }
  return %2 : tensor<1x16x5x5xf32>
}

// CHECK-LABEL: func.func @leaves_kernels_without_bands_alone
// CHECK-COUNT-2: res.kernel
func.func @leaves_kernels_without_bands_alone(%in: tensor<1x16x8x8xf32>) -> tensor<1x16x6x6xf32> {
  %0 = res.kernel(%a = %in : tensor<1x16x8x8xf32>) -> tensor<1x16x7x7xf32> {
    %p = res.max_pool %a window<2x2> : tensor<1x16x8x8xf32> -> tensor<1x16x7x7xf32>
    res.yield %p : tensor<1x16x7x7xf32>
  }
  %1 = res.kernel(%a = %0 : tensor<1x16x7x7xf32>) -> tensor<1x16x6x6xf32> {
    %p = res.max_pool %a window<2x2> : tensor<1x16x7x7xf32> -> tensor<1x16x6x6xf32>
    res.yield %p : tensor<1x16x6x6xf32>
  }
  return %1 : tensor<1x16x6x6xf32>
}
