// RUN: res-opt %s --res-outline-kernels | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK: %[[A:.*]] = res.call @res_f32_maxpool2x2_16x8x8_16x7x7(%arg0)
// CHECK: %[[B:.*]] = res.call @res_f32_maxpool2x2_16x8x8_16x7x7(%arg1)
// CHECK: %[[C:.*]] = res.call @[[PADDED:res_f32_maxpool2x2_16x8x8_16x7x7_0]](%arg0)
// CHECK: %[[D:.*]] = res.call @[[SCHEDULED:res_f32_maxpool2x2_16x8x8_16x7x7_1]](%arg0)
// CHECK: return %[[A]], %[[B]], %[[C]], %[[D]]

// Equal kernels share a function.
// CHECK-LABEL: func.func private @res_f32_maxpool2x2_16x8x8_16x7x7(
// CHECK-SAME: res.schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}
// CHECK-SAME: res.scratch = array<i64: 0, 0>
// CHECK-NEXT: res.max_pool %arg0 window<2x2> :
// CHECK-NEXT: return

// Another window, another function; another schedule, too.
// CHECK: func.func private @[[PADDED]](
// CHECK-NEXT: res.max_pool %arg0 window<2x2, pad = [1, 0, 0, 1], dilation = 2x2> :
// CHECK: func.func private @[[SCHEDULED]](
// CHECK-SAME: #res.map<pixels = 2, rows = 0>
!map = tensor<1x16x8x8xf32, #res.blocked<16>>
!out = tensor<1x16x7x7xf32, #res.blocked<16>>
func.func @main(%x: !map, %y: !map) -> (!out, !out, !out, !out) {
  %0 = res.kernel(%a = %x : !map) -> !out attributes {schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %p = res.max_pool %a window<2x2> : !map -> !out
    res.yield %p : !out
  }
  %1 = res.kernel(%a = %y : !map) -> !out attributes {schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %p = res.max_pool %a window<2x2> : !map -> !out
    res.yield %p : !out
  }
  %2 = res.kernel(%a = %x : !map) -> !out attributes {schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %p = res.max_pool %a window<2x2, pad = [1, 0, 0, 1], dilation = 2x2> : !map -> !out
    res.yield %p : !out
  }
  %3 = res.kernel(%a = %x : !map) -> !out attributes {schedules = {"x86-64-v4" = #res.map<pixels = 2, rows = 0>}} {
    %p = res.max_pool %a window<2x2> : !map -> !out
    res.yield %p : !out
  }
  return %0, %1, %2, %3 : !out, !out, !out, !out
}

// Scratch: the whole input with its padding, 16 channels x 10 x 10 floats, and a spare piece; none per worker.
// CHECK: func.func private @res_f32_conv3x3_16x8x8_16x8x8(
// CHECK-SAME: res.scratch = array<i64: 6528, 0>
func.func @staged(%x: !map) -> !map {
  %w = res.weight "w" in "f" at 0 : tensor<16x16x3x3xf32>
  %f = res.pack %w : tensor<16x16x3x3xf32> -> tensor<1x1x3x3x16x16xf32> as #res.pack_conv<block = 16, inner = 16>
  %0 = res.kernel(%a = %x : !map, %b = %f : tensor<1x1x3x3x16x16xf32>) -> !map attributes {schedules = {"x86-64-v4" =
      #res.direct<blocks = 1, pixels = 8, unroll = 4, order = channels, flat = false, staging = whole, rows = 1, chunk = 0>}} {
    %c = res.conv %a, %b window<3x3, pad = [1, 1, 1, 1]> : (!map, tensor<1x1x3x3x16x16xf32>) -> !map
    res.yield %c : !map
  }
  return %0 : !map
}

// Two rows of outputs need 9 rows and 12 columns of the input under a window that spans 7 and 5 (dilation 3 and 2) and moves
// by 2 and 1: 16 x 9 x 12 floats and a spare piece, for each worker.
// CHECK: func.func private @res_f32_conv3x3s2x1_16x8x8_16x4x8(
// CHECK-SAME: res.scratch = array<i64: 0, 7040>
!half = tensor<1x16x4x8xf32, #res.blocked<16>>
func.func @bands(%x: !map) -> !half {
  %w = res.weight "w" in "f" at 0 : tensor<16x16x3x3xf32>
  %f = res.pack %w : tensor<16x16x3x3xf32> -> tensor<1x1x3x3x16x16xf32> as #res.pack_conv<block = 16, inner = 16>
  %0 = res.kernel(%a = %x : !map, %b = %f : tensor<1x1x3x3x16x16xf32>) -> !half attributes {schedules = {"x86-64-v4" =
      #res.direct<blocks = 1, pixels = 8, unroll = 4, order = space, flat = false, staging = rows, rows = 2, chunk = 0>}} {
    %c = res.conv %a, %b window<3x3, stride = 2x1, pad = [3, 2, 3, 2], dilation = 3x2> : (!map, tensor<1x1x3x3x16x16xf32>) -> !half
    res.yield %c : !half
  }
  return %0 : !half
}
