// RUN: res-opt %s --res-form-kernels --res-decide-schedules=target=x86-64-v4 | FileCheck %s
// RUN: res-opt %s --res-form-kernels --res-decide-schedules=target=x86-64-v4 --res-decide-schedules=target=x86-64-v3 | FileCheck %s --check-prefix=BOTH
// RUN: res-opt %s --res-form-kernels --res-decide-schedules | FileCheck %s --check-prefix=MODULE
// RUN: not res-opt %s --res-decide-schedules=target=vax 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// RUN: res-opt %s --res-form-kernels --res-decide-schedules=target=x86-64-v3,x86-64-v4 | FileCheck %s --check-prefix=BOTH
// RUN: res-opt %s --res-form-kernels --res-decide-schedules=target=aarch64 | FileCheck %s --check-prefix=NEON
// RUN: not res-opt %s --res-decide-schedules=target=x86-64-v4,aarch64 2>&1 | FileCheck %s --check-prefix=FAMILY

// FAMILY: error: expected targets of one processor family, got 'x86-64-v4' and 'aarch64'
// NEON: schedules = {aarch64 = #res.direct<
// UNKNOWN: error: unknown target 'vax', expected host, x86-64-v4, x86-64-v3 or aarch64

// The module's target counts where the option names none.
// MODULE-LABEL: func.func @every_kernel_has_one
// MODULE: schedules = {"x86-64-v3" = #res.direct<{{[^>]*}}>}
module attributes {res.target = "x86-64-v3"} {

// CHECK-LABEL: func.func @every_kernel_has_one
// CHECK: res.kernel
// CHECK-SAME: estimate_us = {{[0-9.]+}} : f64
// CHECK-SAME: layouts = [#res.blocked<16>]
// CHECK-SAME: schedules = {"x86-64-v4" = #res.direct<{{.*}}staging = {{rows|whole}}
// CHECK-NEXT: res.conv
// CHECK: res.kernel
// CHECK-SAME: layouts = [#res.blocked<16>], schedules = {"x86-64-v4" = #res.map<
// CHECK-NEXT: res.global_avg_pool
// CHECK: res.kernel
// CHECK-SAME: layouts = [unit], schedules = {"x86-64-v4" = #res.map<
// CHECK-NEXT: res.reshape
// CHECK: res.kernel
// CHECK-SAME: schedules = {"x86-64-v4" = #res.dense<
// CHECK-NEXT: res.gemm
// BOTH: schedules = {"x86-64-v3" = #res.direct<{{.*}}>, "x86-64-v4" = #res.direct<
// The matrix is packed once.
// BOTH: schedules = {"x86-64-v3" = #res.dense<blocks = 1, {{.*}}>, "x86-64-v4" = #res.dense<blocks = 1,
func.func @every_kernel_has_one(%x: tensor<1x3x32x32xf32>) -> tensor<1x10xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<32x3x3x3xf32>
  %k = res.weight "k" in "f" at 4000 : tensor<10x32xf32>
  %0 = res.conv %x, %w window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x3x32x32xf32>, tensor<32x3x3x3xf32>) -> tensor<1x32x32x32xf32>
  %1 = res.global_avg_pool %0 : tensor<1x32x32x32xf32> -> tensor<1x32x1x1xf32>
  %2 = res.reshape %1 : tensor<1x32x1x1xf32> -> tensor<1x32xf32>
  %3 = res.gemm %2, %k transposed : (tensor<1x32xf32>, tensor<10x32xf32>) -> tensor<1x10xf32>
  return %3 : tensor<1x10xf32>
}

// A schedule that is there stays: an edited dump is the schedule file.
// CHECK-LABEL: func.func @keeps_an_edited_schedule
// CHECK: layouts = [unit], schedules = {"x86-64-v4" = #res.map<pixels = 7, rows = 9>}
func.func @keeps_an_edited_schedule(%x: tensor<1x4x2x2xf32>) -> tensor<1x4x1x1xf32> {
  %0 = res.kernel(%a = %x : tensor<1x4x2x2xf32>) -> tensor<1x4x2x2xf32> attributes {layouts = [unit], schedules = {"x86-64-v4" = #res.map<pixels = 7, rows = 9>}} {
    %1 = res.relu %a : tensor<1x4x2x2xf32>
    res.yield %1 : tensor<1x4x2x2xf32>
  }
  %2 = res.global_avg_pool %0 : tensor<1x4x2x2xf32> -> tensor<1x4x1x1xf32>
  return %2 : tensor<1x4x1x1xf32>
}

// CHECK-LABEL: func.func @outputs_are_row_major
// CHECK: layouts = [unit]
// CHECK-NEXT: res.relayout
func.func @outputs_are_row_major(%x: tensor<1x4x2x2xf32>) -> tensor<1x4x2x2xf32> {
  return %x : tensor<1x4x2x2xf32>
}

// An operation before the convolution works on blocks, so the convolution reads blocks: 1x1 is flat, 4 channels at a time.
// CHECK-LABEL: func.func @reads_blocks_from_an_operation_before_the_conv
// CHECK: schedules = {"x86-64-v4" = #res.direct<{{.*}}unroll = 1, {{.*}}flat = true
// CHECK-NEXT: res.relu
func.func @reads_blocks_from_an_operation_before_the_conv(%x: tensor<1x20x8x8xf32>) -> tensor<1x1x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<1x20x1x1xf32>
  %0 = res.kernel(%a = %x : tensor<1x20x8x8xf32>, %f = %w : tensor<1x20x1x1xf32>) -> tensor<1x1x8x8xf32> {
    %r = res.relu %a : tensor<1x20x8x8xf32>
    %c = res.conv %r, %f window<1x1> : (tensor<1x20x8x8xf32>, tensor<1x20x1x1xf32>) -> tensor<1x1x8x8xf32>
    res.yield %c : tensor<1x1x8x8xf32>
  }
  %1 = res.global_avg_pool %0 : tensor<1x1x8x8xf32> -> tensor<1x1x1x1xf32>
  return %1 : tensor<1x1x1x1xf32>
}

// A model's input is row-major: nothing is flat.
// CHECK-LABEL: func.func @reads_rows_from_an_input
// CHECK: schedules = {"x86-64-v4" = #res.direct<{{.*}}flat = false, staging = none
func.func @reads_rows_from_an_input(%x: tensor<1x20x8x8xf32>) -> tensor<1x1x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<1x20x1x1xf32>
  %0 = res.conv %x, %w window<1x1> : (tensor<1x20x8x8xf32>, tensor<1x20x1x1xf32>) -> tensor<1x1x8x8xf32>
  %1 = res.global_avg_pool %0 : tensor<1x1x8x8xf32> -> tensor<1x1x1x1xf32>
  return %1 : tensor<1x1x1x1xf32>
}

// Groups that share blocks of channels; those that are whole blocks have direct schedules.
// CHECK-LABEL: func.func @grouped
// CHECK: schedules = {"x86-64-v4" = #res.direct<
// CHECK: schedules = {"x86-64-v4" = #res.grouped<pixels = 14, whole = false, blocks = {{[0-9]+}}, rows = {{[0-9]+}}>}
// CHECK: schedules = {"x86-64-v4" = #res.grouped<pixels = 14, whole = false,
// CHECK: schedules = {"x86-64-v4" = #res.direct<
func.func @grouped(%x: tensor<1x3x14x14xf32>) -> tensor<1x64x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<64x3x1x1xf32>
  %d = res.weight "d" in "f" at 4000 : tensor<64x1x3x3xf32>
  %g = res.weight "g" in "f" at 8000 : tensor<64x4x3x3xf32>
  %b = res.weight "b" in "f" at 20000 : tensor<64x16x3x3xf32>
  %0 = res.conv %x, %w window<1x1> : (tensor<1x3x14x14xf32>, tensor<64x3x1x1xf32>) -> tensor<1x64x14x14xf32>
  %1 = res.conv %0, %d window<3x3, pad = [1, 1, 1, 1]> {groups = 64 : i64} : (tensor<1x64x14x14xf32>, tensor<64x1x3x3xf32>) -> tensor<1x64x14x14xf32>
  %2 = res.conv %1, %g window<3x3, pad = [1, 1, 1, 1]> {groups = 16 : i64} : (tensor<1x64x14x14xf32>, tensor<64x4x3x3xf32>) -> tensor<1x64x14x14xf32>
  %3 = res.conv %2, %b window<3x3, pad = [1, 1, 1, 1]> {groups = 4 : i64} : (tensor<1x64x14x14xf32>, tensor<64x16x3x3xf32>) -> tensor<1x64x14x14xf32>
  %4 = res.global_avg_pool %3 : tensor<1x64x14x14xf32> -> tensor<1x64x1x1xf32>
  return %4 : tensor<1x64x1x1xf32>
}
}
