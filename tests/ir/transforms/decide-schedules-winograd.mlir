// RUN: res-opt %s --res-form-kernels --res-decide-schedules --res-apply-layouts --res-pack-weights | FileCheck %s
// RUN: sed s/fast/strict/ %s | res-opt --res-form-kernels --res-decide-schedules | FileCheck %s --check-prefix=STRICT
// RUN: sed s/x86-64-v4/x86-64-v3,x86-64-v4/ %s | res-opt --res-form-kernels --res-decide-schedules --res-apply-layouts --res-pack-weights | FileCheck %s --check-prefix=BOTH

// RUN: sed 's/"fast"/"fast", res.prefer = "size"/' %s | res-opt --res-form-kernels --res-decide-schedules | FileCheck %s --check-prefix=SIZE

// STRICT-NOT: #res.winograd
module attributes {res.target = "x86-64-v4", res.math = "fast"} {

// CHECK-LABEL: func.func @many_tiles
// CHECK: res.pack {{.*}} : tensor<64x64x3x3xf32> -> tensor<2x6x6x4x16x2x16xf32> as #res.pack_winograd<block = 16, blocks = 2, tile = 4>
// CHECK: #res.winograd<tile = 4, blocks = 2, {{.*}}, macro_rows = 1, chunk = 0, {{.*}}weights = stored>
func.func @many_tiles(%x: tensor<1x64x56x56xf32>) -> tensor<1x64x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<64x64x3x3xf32>
  %0 = res.relu %x : tensor<1x64x56x56xf32>
  %1 = res.conv %0, %w window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x56x56xf32>
  %2 = res.global_avg_pool %1 : tensor<1x64x56x56xf32> -> tensor<1x64x1x1xf32>
  return %2 : tensor<1x64x1x1xf32>
}

// The whole map is one macro block; weights that stream from memory come in short passes.
// CHECK-LABEL: func.func @whole_map_in_passes
// CHECK: #res.winograd<tile = 4, {{.*}}macro_columns = 7, macro_rows = 7, chunk = 8, {{.*}}weights = stored>
func.func @whole_map_in_passes(%x: tensor<1x256x28x28xf32>) -> tensor<1x256x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<256x256x3x3xf32>
  %0 = res.relu %x : tensor<1x256x28x28xf32>
  %1 = res.conv %0, %w window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x256x28x28xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x28x28xf32>
  %2 = res.global_avg_pool %1 : tensor<1x256x28x28xf32> -> tensor<1x256x1x1xf32>
  return %2 : tensor<1x256x1x1xf32>
}

// Two targets share weights that both can read: stored ones, in groups of which the other may take a part, or 3x3 ones, which
// each transforms as its registers allow.
// BOTH-LABEL: func.func @whole_map_in_passes
// BOTH: as #res.pack_winograd<block = 16, blocks = 2, tile = 4>
// BOTH: {"x86-64-v3" = #res.winograd<tile = 4, blocks = 1, {{.*}}weights = stored>, "x86-64-v4" = #res.winograd<tile = 4, blocks = 2, {{.*}}weights = stored>}
// BOTH-LABEL: func.func @four_tiles
// BOTH: as #res.pack_taps<
// BOTH: {"x86-64-v3" = #res.winograd<{{.*}}weights = panels>, "x86-64-v4" = #res.winograd<{{.*}}weights = registers>}
// BOTH-LABEL: func.func @where_it_does_not_apply

// All of a network's larger weights together would exceed what may be stored with size preferred (see
// decide-schedules-size.mlir).
// SIZE-NOT: weights = stored
// SIZE: macro_rows = 1, chunk = 0, unroll = 1, weights = panels>
// SIZE-NOT: weights = stored
// SIZE: macro_rows = 7, chunk = 1, unroll = 1, weights = panels>
// SIZE-NOT: weights = stored

// Four tiles: their accumulators for a row of points fit the registers, and weights stay 3x3.
// CHECK-LABEL: func.func @four_tiles
// CHECK: res.pack {{.*}} -> tensor<32x32x16x1x3x3x16xf32> as #res.pack_taps<block = 16, blocks = 1>
// CHECK: #res.winograd<tile = 4, blocks = 1, columns = 2, rows = 2, {{.*}}weights = registers>
func.func @four_tiles(%x: tensor<1x512x7x7xf32>) -> tensor<1x512x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<512x512x3x3xf32>
  %0 = res.relu %x : tensor<1x512x7x7xf32>
  %1 = res.conv %0, %w window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x512x7x7xf32>, tensor<512x512x3x3xf32>) -> tensor<1x512x7x7xf32>
  %2 = res.global_avg_pool %1 : tensor<1x512x7x7xf32> -> tensor<1x512x1x1xf32>
  return %2 : tensor<1x512x1x1xf32>
}

// Strides, dilations, groups, other windows, inputs of the model (row-major) and outputs of it are direct.
// CHECK-LABEL: func.func @where_it_does_not_apply
// CHECK-NOT: #res.winograd
func.func @where_it_does_not_apply(%x: tensor<1x64x28x28xf32>) -> (tensor<1x64x1x1xf32>, tensor<1x64x1x1xf32>, tensor<1x64x1x1xf32>, tensor<1x64x1x1xf32>, tensor<1x64x1x1xf32>) {
  %w = res.weight "w" in "f" at 0 : tensor<64x64x3x3xf32>
  %g = res.weight "g" in "f" at 0 : tensor<64x16x3x3xf32>
  %v = res.weight "v" in "f" at 0 : tensor<64x64x1x3xf32>
  %b = res.relu %x : tensor<1x64x28x28xf32>
  %0 = res.conv %b, %w window<3x3, stride = 2x2, pad = [1, 1, 1, 1]> : (tensor<1x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x14x14xf32>
  %1 = res.conv %b, %w window<3x3, pad = [2, 2, 2, 2], dilation = 2x2> : (tensor<1x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x28x28xf32>
  %2 = res.conv %b, %g window<3x3, pad = [1, 1, 1, 1]> {groups = 4 : i64} : (tensor<1x64x28x28xf32>, tensor<64x16x3x3xf32>) -> tensor<1x64x28x28xf32>
  %3 = res.conv %b, %v window<1x3, pad = [0, 1, 0, 1]> : (tensor<1x64x28x28xf32>, tensor<64x64x1x3xf32>) -> tensor<1x64x28x28xf32>
  %4 = res.conv %x, %w window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x28x28xf32>
  %5 = res.global_avg_pool %0 : tensor<1x64x14x14xf32> -> tensor<1x64x1x1xf32>
  %6 = res.global_avg_pool %1 : tensor<1x64x28x28xf32> -> tensor<1x64x1x1xf32>
  %7 = res.global_avg_pool %2 : tensor<1x64x28x28xf32> -> tensor<1x64x1x1xf32>
  %8 = res.global_avg_pool %3 : tensor<1x64x28x28xf32> -> tensor<1x64x1x1xf32>
  %9 = res.global_avg_pool %4 : tensor<1x64x28x28xf32> -> tensor<1x64x1x1xf32>
  return %5, %6, %7, %8, %9 : tensor<1x64x1x1xf32>, tensor<1x64x1x1xf32>, tensor<1x64x1x1xf32>, tensor<1x64x1x1xf32>, tensor<1x64x1x1xf32>
}
}
