// DEFINE: %{decide} = res-opt --res-form-kernels --res-fuse-epilogue --res-fuse-residual-add --res-decide-schedules --res-decide-bands
// RUN: %{decide} %s | FileCheck %s
// RUN: sed s/auto/always/ %s | %{decide} | FileCheck %s --check-prefix=ALWAYS
// RUN: sed s/auto/never/ %s | %{decide} | FileCheck %s --check-prefix=NEVER
// RUN: sed 's/"auto"/"auto", res.memory_limit = 1 : i64/' %s | %{decide} | FileCheck %s --check-prefix=LIMIT
// RUN: sed 's/"auto"/"auto", res.memory_limit = 100000000 : i64/' %s | %{decide} | FileCheck %s --check-prefix=LOOSE
// RUN: sed 's/auto/always/; s/strict/fast/' %s | %{decide} | FileCheck %s --check-prefix=FAST

// NEVER-NOT: res.bands = {{.*}}res.remark
// NEVER: res.remark = "stem + pool: kept apart as asked: -
// NEVER-NOT: res.bands = {{.*}}res.remark
module attributes {res.target = "x86-64-v4", res.math = "strict", res.tile_bottlenecks = "auto"} {

// The map between them is larger than the core's cache.
// CHECK-LABEL: func.func @merges_to_save_time
// CHECK: res.bands = #res.bands<stages = 2, rows = {{[0-9]+}}, step = {{[0-9]+}}>, res.remark = "stem + pool: merged to save time: -{{[0-9.]+}} us (rows computed twice +{{[0-9.]+}}, other schedules +0.0, traffic -{{[0-9.]+}}, barriers -1.0), peak 3920 -> {{[0-9]+}} KB, bands of
// CHECK-NEXT: res.max_pool
// ALWAYS-LABEL: func.func @merges_to_save_time
// ALWAYS: res.remark = "stem + pool: merged as asked: -
// LOOSE-LABEL: func.func @merges_to_save_time
// LOOSE: res.remark = "stem + pool: merged to save time: -
func.func @merges_to_save_time(%x: tensor<1x3x224x224xf32>) -> tensor<1x64x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<64x3x7x7xf32>
  %0 = res.conv %x, %w window<7x7, stride = 2x2, pad = [3, 3, 3, 3]> : (tensor<1x3x224x224xf32>, tensor<64x3x7x7xf32>) -> tensor<1x64x112x112xf32> loc("stem")
  %1 = res.max_pool %0 window<3x3, stride = 2x2, pad = [1, 1, 1, 1]> : tensor<1x64x112x112xf32> -> tensor<1x64x56x56xf32> loc("pool")
  %2 = res.global_avg_pool %1 : tensor<1x64x56x56xf32> -> tensor<1x64x1x1xf32>
  return %2 : tensor<1x64x1x1xf32>
}

// Pointwise layers read each row once, so that it costs nothing to have few rows of the wide map.
// CHECK-LABEL: func.func @merges_for_a_smaller_peak
// CHECK: res.remark = "wide + narrow: merged for a smaller peak: {{.*}}rows computed twice +0.0, {{.*}}, peak 833 -> {{[1-7]?[0-9][0-9]}} KB
// LOOSE-LABEL: func.func @merges_for_a_smaller_peak
// LOOSE: res.remark = "wide + narrow: kept apart: {{.*}}, peak 833 -> {{[1-7]?[0-9][0-9]}} KB
func.func @merges_for_a_smaller_peak(%in: tensor<1x16x28x28xf32>) -> tensor<1x16x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<256x16x3x3xf32>
  %v = res.weight "v" in "f" at 300000 : tensor<16x256x1x1xf32>
  %0 = res.conv %in, %w window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x16x28x28xf32>, tensor<256x16x3x3xf32>) -> tensor<1x256x28x28xf32> loc("wide")
  %1 = res.conv %0, %v window<1x1> : (tensor<1x256x28x28xf32>, tensor<16x256x1x1xf32>) -> tensor<1x16x28x28xf32> loc("narrow")
  %2 = res.global_avg_pool %1 : tensor<1x16x28x28xf32> -> tensor<1x16x1x1xf32>
  return %2 : tensor<1x16x1x1xf32>
}

// Rows that bands share cost more than the budget, and a limit asks for the smaller peak all the same.
// CHECK-LABEL: func.func @keeps_apart_what_costs_time
// CHECK-NOT: res.bands =
// CHECK: res.remark = "first + second: kept apart: +{{[0-9.]+}} us
// CHECK: return
// ALWAYS-LABEL: func.func @keeps_apart_what_costs_time
// ALWAYS: res.bands = #res.bands<stages = 2, {{.*}} res.remark = "first + second: merged as asked: +
// LIMIT-LABEL: func.func @keeps_apart_what_costs_time
// LIMIT: res.bands = #res.bands<stages = 2, rows = {{[0-9]+}}, step = 1>, res.remark = "first + second: merged for a smaller peak: +
func.func @keeps_apart_what_costs_time(%in: tensor<1x16x28x28xf32>) -> tensor<1x16x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<64x16x3x3xf32>
  %v = res.weight "v" in "f" at 300000 : tensor<16x64x3x3xf32>
  %0 = res.conv %in, %w window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x16x28x28xf32>, tensor<64x16x3x3xf32>) -> tensor<1x64x28x28xf32> loc("first")
  %1 = res.conv %0, %v window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x64x28x28xf32>, tensor<16x64x3x3xf32>) -> tensor<1x16x28x28xf32> loc("second")
  %2 = res.global_avg_pool %1 : tensor<1x16x28x28xf32> -> tensor<1x16x1x1xf32>
  return %2 : tensor<1x16x1x1xf32>
}

// CHECK-LABEL: func.func @leaves_maps_alone_that_others_read
// CHECK-NOT: res.remark
// CHECK: return
// ALWAYS-LABEL: func.func @leaves_maps_alone_that_others_read
// ALWAYS-NOT: res.remark
// ALWAYS: return
func.func @leaves_maps_alone_that_others_read(%in: tensor<1x16x28x28xf32>) -> (tensor<1x16x1x1xf32>, tensor<1x16x1x1xf32>) {
  %w = res.weight "w" in "f" at 0 : tensor<16x16x3x3xf32>
  %0 = res.conv %in, %w window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x16x28x28xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x28x28xf32>
  %1 = res.max_pool %0 window<2x2, stride = 2x2> : tensor<1x16x28x28xf32> -> tensor<1x16x14x14xf32>
  %2 = res.global_avg_pool %1 : tensor<1x16x14x14xf32> -> tensor<1x16x1x1xf32>
  %3 = res.global_avg_pool %0 : tensor<1x16x28x28xf32> -> tensor<1x16x1x1xf32>
  return %2, %3 : tensor<1x16x1x1xf32>, tensor<1x16x1x1xf32>
}

// An edited dump: what else could be merged is left alone, too.
// CHECK-LABEL: func.func @keeps_bands_that_are_there
// CHECK-NOT: res.remark
// CHECK: res.bands = #res.bands<stages = 2, rows = 3, step = 1>, schedules
// CHECK-NEXT: res.max_pool
// CHECK-NOT: res.remark
// CHECK: return
// ALWAYS-LABEL: func.func @keeps_bands_that_are_there
// ALWAYS-NOT: res.remark
// ALWAYS: return
func.func @keeps_bands_that_are_there(%in: tensor<1x16x28x28xf32>) -> tensor<1x16x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<16x16x3x3xf32>
  %0 = res.conv %in, %w window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x16x28x28xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x28x28xf32>
  %1 = res.kernel(%a = %0 : tensor<1x16x28x28xf32>) -> tensor<1x16x14x14xf32> attributes {res.bands = #res.bands<stages = 2, rows = 3, step = 1>} {
    %p = res.max_pool %a window<2x2, stride = 2x2> : tensor<1x16x28x28xf32> -> tensor<1x16x14x14xf32>
    res.yield %p : tensor<1x16x14x14xf32>
  }
  %2 = res.conv %1, %w window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x16x14x14xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x14x14xf32>
  %3 = res.conv %2, %w window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x16x14x14xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x14x14xf32>
  %4 = res.global_avg_pool %3 : tensor<1x16x14x14xf32> -> tensor<1x16x1x1xf32>
  return %4 : tensor<1x16x1x1xf32>
}

// Each step computes rows that only it reads, so whole tiles are possible.
// FAST-LABEL: func.func @keeps_transforms_where_tiles_are_whole
// FAST: schedules = {"x86-64-v4" = #res.winograd<tile = 4,
// FAST: res.bands = #res.bands<stages = 2, rows = {{[0-9]*[02468]}}, step = {{[0-9]*[02468]}}{{(, serial = true)?}}>
func.func @keeps_transforms_where_tiles_are_whole(%in: tensor<1x64x56x56xf32>) -> tensor<1x64x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<64x64x3x3xf32>
  %x = res.relu %in : tensor<1x64x56x56xf32>
  %0 = res.conv %x, %w window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x56x56xf32>
  %1 = res.max_pool %0 window<2x2, stride = 2x2> : tensor<1x64x56x56xf32> -> tensor<1x64x28x28xf32>
  %2 = res.global_avg_pool %1 : tensor<1x64x28x28xf32> -> tensor<1x64x1x1xf32>
  return %2 : tensor<1x64x1x1xf32>
}

// FAST-LABEL: func.func @drops_transforms_where_steps_share_rows
// FAST-NOT: #res.winograd
// FAST: schedules = {"x86-64-v4" = #res.direct<
// FAST-NOT: #res.winograd
// FAST: res.bands = #res.bands<stages = 2
func.func @drops_transforms_where_steps_share_rows(%in: tensor<1x64x56x56xf32>) -> tensor<1x64x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<64x64x3x3xf32>
  %x = res.relu %in : tensor<1x64x56x56xf32>
  %0 = res.conv %x, %w window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x56x56xf32>
  %1 = res.max_pool %0 window<3x3, stride = 2x2, pad = [1, 1, 1, 1]> : tensor<1x64x56x56xf32> -> tensor<1x64x28x28xf32>
  %2 = res.global_avg_pool %1 : tensor<1x64x28x28xf32> -> tensor<1x64x1x1xf32>
  return %2 : tensor<1x64x1x1xf32>
}
}
