// Every operation and attribute, printed and parsed again; what is printed twice must be the same.
// RUN: res-opt %s --verify-roundtrip | FileCheck %s
// RUN: res-opt %s | res-opt | FileCheck %s

module attributes {res.phase = "planned", res.model = "m", res.target = "x86-64-v4"} {

// CHECK-LABEL: func.func @weights
func.func @weights() -> tensor<20x5x3x3xf32> {
  // CHECK: res.weight "w" in "model.onnx" at 17 : tensor<20x5x3x3xf32>
  %w = res.weight "w" in "model.onnx" at 17 : tensor<20x5x3x3xf32>
  // CHECK: res.constant dense<1.000000e+00> : tensor<20xf32>
  %v = res.constant dense<1.0> : tensor<20xf32>
  // CHECK: res.batch_norm_affine %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} epsilon 9.99999974E-6 : tensor<20xf32>
  %scale, %shift = res.batch_norm_affine %v, %v, %v, %v epsilon 1.0e-5 : tensor<20xf32>
  // CHECK: res.scale_channels %{{.*}} by %{{.*}} : tensor<20x5x3x3xf32>, tensor<20xf32>
  %s = res.scale_channels %w by %scale : tensor<20x5x3x3xf32>, tensor<20xf32>
  // CHECK: res.scale_shift %{{.*}}, %{{.*}}, %{{.*}} : tensor<20xf32>
  %b = res.scale_shift %v, %scale, %shift : tensor<20xf32>
  // CHECK: res.pack %{{.*}} : tensor<20x5x3x3xf32> -> tensor<2x1x3x3x16x16xf32> as #res.pack_conv<block = 16, inner = 16> at 64
  %p = res.pack %s : tensor<20x5x3x3xf32> -> tensor<2x1x3x3x16x16xf32> as #res.pack_conv<block = 16, inner = 16> at 64
  // CHECK: as #res.pack_vector<multiple = 16>{{$}}
  %q = res.pack %b : tensor<20xf32> -> tensor<32xf32> as #res.pack_vector<multiple = 16>
  // CHECK: res.phase_filter %{{.*}} stride [2, 1] pad [1, 0] dilation [1, 2] before [1, 4] interleaved {groups = 5 : i64} : tensor<20x5x3x3xf32> -> tensor<50x4x3x5xf32>
  %f = res.phase_filter %w stride [2, 1] pad [1, 0] dilation [1, 2] before [1, 4] interleaved {groups = 5 : i64} : tensor<20x5x3x3xf32> -> tensor<50x4x3x5xf32>
  %m = res.weight "m" in "model.onnx" at 0 : tensor<10x20xf32>
  // CHECK: as #res.pack_dense<block = 16, blocks = 4, transposed = true>
  %d = res.pack %m : tensor<10x20xf32> -> tensor<1x20x4x16xf32> as #res.pack_dense<block = 16, blocks = 4, transposed = true>
  return %s : tensor<20x5x3x3xf32>
}

// CHECK-LABEL: func.func @activations
func.func @activations(%x: tensor<1x16x9x7xf32>, %w: tensor<20x8x3x3xf32>, %b: tensor<20xf32>, %m: tensor<20x10xf32>,
                       %k: tensor<10xf32>) -> tensor<1x10xf32> {
  // CHECK: res.conv %{{.*}}, %{{.*}} bias %{{.*}} window<3x3, stride = 2x1, pad = [1, 2, 3, 4], dilation = 1x2> {groups = 2 : i64} :
  %0 = res.conv %x, %w bias %b window<3x3, stride = 2x1, pad = [1, 2, 3, 4], dilation = 1x2> {groups = 2 : i64}
      : (tensor<1x16x9x7xf32>, tensor<20x8x3x3xf32>, tensor<20xf32>) -> tensor<1x20x6x9xf32>
  // CHECK: res.batch_norm %{{.*}} epsilon
  %1 = res.batch_norm %0, %b, %b, %b, %b epsilon 1.0e-5 : tensor<1x20x6x9xf32>, tensor<20xf32>
  // CHECK: res.affine %{{.*}}, %{{.*}}, %{{.*}} : tensor<1x20x6x9xf32>, tensor<20xf32>
  %2 = res.affine %1, %b, %b : tensor<1x20x6x9xf32>, tensor<20xf32>
  // CHECK: res.lrn %{{.*}} size 5 alpha 5.000000e-01 beta 7.500000e-01 bias 1.000000e+00 : tensor<1x16x9x7xf32>
  %normed = res.lrn %x size 5 alpha 0.5 beta 0.75 bias 1.0 : tensor<1x16x9x7xf32>
  // CHECK: res.resize %{{.*}} rows [1, 0, 2] columns [2, -1, 4] : tensor<1x16x9x7xf32> -> tensor<1x16x18x14xf32>
  %resized = res.resize %x rows [1, 0, 2] columns [2, -1, 4] : tensor<1x16x9x7xf32> -> tensor<1x16x18x14xf32>
  // CHECK: res.resize %{{.*}} linear rows [0, 0, 1] columns [1, 0, 1]
  %between = res.resize %x linear rows [0, 0, 1] columns [1, 0, 1] : tensor<1x16x9x7xf32> -> tensor<1x16x1x7xf32>
  // CHECK: res.depth_to_space %{{.*}} by [2, 4] : tensor<1x16x9x7xf32> -> tensor<1x2x17x28xf32>
  %pixels = res.depth_to_space %x by [2, 4] : tensor<1x16x9x7xf32> -> tensor<1x2x17x28xf32>
  // CHECK: res.depth_to_space %{{.*}} by [2, 2] interleaved : tensor<1x16x9x7xf32> -> tensor<1x4x18x14xf32>
  %interleaved = res.depth_to_space %x by [2, 2] interleaved : tensor<1x16x9x7xf32> -> tensor<1x4x18x14xf32>
  // CHECK: res.relu %{{.*}} : tensor<1x20x6x9xf32>
  %3 = res.relu %2 : tensor<1x20x6x9xf32>
  // CHECK: res.add %{{.*}}, %{{.*}} : tensor<1x20x6x9xf32>
  %4 = res.add %3, %2 : tensor<1x20x6x9xf32>
  // CHECK: res.max_pool %{{.*}} window<2x3> : tensor<1x20x6x9xf32> -> tensor<1x20x5x7xf32>
  %5 = res.max_pool %4 window<2x3> : tensor<1x20x6x9xf32> -> tensor<1x20x5x7xf32>
  // CHECK: res.avg_pool %{{.*}} window<2x2, pad = [1, 1, 0, 0]> count_include_pad : tensor<1x20x5x7xf32> -> tensor<1x20x5x7xf32>
  %6 = res.avg_pool %5 window<2x2, pad = [1, 1, 0, 0]> count_include_pad : tensor<1x20x5x7xf32> -> tensor<1x20x5x7xf32>
  // CHECK: res.relayout %{{.*}} : tensor<1x20x5x7xf32> -> tensor<1x20x5x7xf32, #res.blocked<16>>
  %7 = res.relayout %6 : tensor<1x20x5x7xf32> -> tensor<1x20x5x7xf32, #res.blocked<16>>
  // CHECK: res.global_avg_pool %{{.*}} : tensor<1x20x5x7xf32, #res.blocked<16>> -> tensor<1x20x1x1xf32, #res.blocked<16>>
  %8 = res.global_avg_pool %7 : tensor<1x20x5x7xf32, #res.blocked<16>> -> tensor<1x20x1x1xf32, #res.blocked<16>>
  // CHECK: res.reshape %{{.*}} : tensor<1x20x1x1xf32, #res.blocked<16>> -> tensor<1x20xf32>
  %9 = res.reshape %8 : tensor<1x20x1x1xf32, #res.blocked<16>> -> tensor<1x20xf32>
  // CHECK: res.gemm %{{.*}}, %{{.*}} bias %{{.*}} : (tensor<1x20xf32>, tensor<20x10xf32>, tensor<10xf32>) -> tensor<1x10xf32>
  %10 = res.gemm %9, %m bias %k : (tensor<1x20xf32>, tensor<20x10xf32>, tensor<10xf32>) -> tensor<1x10xf32>
  // CHECK: res.concat %{{.*}}, %{{.*}}, %{{.*}} along 1 : (tensor<1x20x5x7xf32>, tensor<1x20x5x7xf32>, tensor<1x20x5x7xf32>) -> tensor<1x60x5x7xf32>
  %c = res.concat %5, %6, %5 along 1 : (tensor<1x20x5x7xf32>, tensor<1x20x5x7xf32>, tensor<1x20x5x7xf32>) -> tensor<1x60x5x7xf32>
  // CHECK: res.softmax %{{.*}} : tensor<1x10xf32>
  %11 = res.softmax %10 : tensor<1x10xf32>
  return %11 : tensor<1x10xf32>
}

// CHECK-LABEL: func.func @functions
func.func @functions(%x: tensor<2x20x6x9xf32>, %g: tensor<2x20x1x1xf32>, %b: tensor<20xf32>, %r: tensor<1x20xf32>,
                     %m: tensor<2x1xf32>) -> tensor<2x20xf32> {
  // CHECK: res.unary sigmoid %{{.*}} : tensor<2x20x6x9xf32>
  %0 = res.unary sigmoid %x : tensor<2x20x6x9xf32>
  // CHECK: res.unary leaky_relu %{{.*}} alpha 5.000000e-01 : tensor<2x20x6x9xf32>
  %1 = res.unary leaky_relu %0 alpha 0.5 : tensor<2x20x6x9xf32>
  // CHECK: res.unary clip %{{.*}} beta 6.000000e+00 : tensor<2x20x6x9xf32>
  %2 = res.unary clip %1 alpha 0.0 beta 6.0 : tensor<2x20x6x9xf32>
  // CHECK: res.prelu %{{.*}}, %{{.*}} : tensor<2x20x6x9xf32>, tensor<20xf32>
  %3 = res.prelu %2, %b : tensor<2x20x6x9xf32>, tensor<20xf32>
  // CHECK: res.binary mul %{{.*}}, %{{.*}} : (tensor<2x20x6x9xf32>, tensor<2x20x1x1xf32>) -> tensor<2x20x6x9xf32>
  %4 = res.binary mul %3, %g : (tensor<2x20x6x9xf32>, tensor<2x20x1x1xf32>) -> tensor<2x20x6x9xf32>
  // CHECK: res.binary max %{{.*}}, %{{.*}} : (tensor<1x20xf32>, tensor<2x1xf32>) -> tensor<2x20xf32>
  %larger = res.binary max %r, %m : (tensor<1x20xf32>, tensor<2x1xf32>) -> tensor<2x20xf32>
  // CHECK: res.binary sub %{{.*}}, %{{.*}} : (tensor<1x20xf32>, tensor<2x1xf32>) -> tensor<2x20xf32>
  %5 = res.binary sub %r, %m : (tensor<1x20xf32>, tensor<2x1xf32>) -> tensor<2x20xf32>
  return %5 : tensor<2x20xf32>
}

// CHECK-LABEL: func.func @kernel
func.func @kernel(%x: tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32> {
  // CHECK: res.kernel(%{{.*}} = %{{.*}} : tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32> attributes
  // CHECK-SAME: #res.map<pixels = 2, rows = 0>
  // CHECK-NEXT: res.relu
  // CHECK-NEXT: res.yield %{{.*}} : tensor<1x16x8x8xf32>
  %0 = res.kernel(%a = %x : tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32> attributes {estimate_us = 1.0 : f64, layouts = [unit], schedules = {"x86-64-v4" = #res.map<pixels = 2, rows = 0>}} {
    %1 = res.relu %a : tensor<1x16x8x8xf32>
    res.yield %1 : tensor<1x16x8x8xf32>
  }
  return %0 : tensor<1x16x8x8xf32>
}

// Kernels of several stages, and the decision to make one.
// CHECK-LABEL: func.func @bands
func.func @bands(%x: tensor<1x16x8x8xf32>) -> tensor<1x16x5x5xf32> {
  // CHECK: res.kernel
  // CHECK-SAME: schedules = {"x86-64-v4" = #res.banded<rows = 6, step = 2, stages = [#res.map<pixels = 2, rows = 0>, #res.map<pixels = 3, rows = 1>], serial = true>}
  // CHECK-NEXT: res.max_pool
  // CHECK-NEXT: res.relu
  // CHECK-NEXT: res.max_pool
  %0 = res.kernel(%a = %x : tensor<1x16x8x8xf32>) -> tensor<1x16x6x6xf32> attributes {schedules = {"x86-64-v4" = #res.banded<rows = 6, step = 2, stages = [#res.map<pixels = 2, rows = 0>, #res.map<pixels = 3, rows = 1>], serial = true>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x8x8xf32> -> tensor<1x16x7x7xf32>
    %2 = res.relu %1 : tensor<1x16x7x7xf32>
    %3 = res.max_pool %2 window<2x2> : tensor<1x16x7x7xf32> -> tensor<1x16x6x6xf32>
    res.yield %3 : tensor<1x16x6x6xf32>
  }
  // CHECK: res.kernel
  // CHECK-SAME: attributes {res.bands = #res.bands<stages = 2, rows = 3, step = 1>, res.remark = "why"}
  %1 = res.kernel(%a = %0 : tensor<1x16x6x6xf32>) -> tensor<1x16x5x5xf32> attributes {res.bands = #res.bands<stages = 2, rows = 3, step = 1>, res.remark = "why"} {
    %p = res.max_pool %a window<2x2> : tensor<1x16x6x6xf32> -> tensor<1x16x5x5xf32>
    res.yield %p : tensor<1x16x5x5xf32>
  }
  // CHECK: #res.bands<stages = 2, rows = 2, step = 1, serial = true>
  // CHECK-SAME: #res.banded<rows = 4, step = 1, stages = [#res.map<pixels = 1, rows = 0>, #res.map<pixels = 1, rows = 0>]>
  %2 = res.kernel(%a = %0 : tensor<1x16x6x6xf32>) -> tensor<1x16x4x4xf32> attributes {res.bands = #res.bands<stages = 2, rows = 2, step = 1, serial = true>, schedules = {"x86-64-v4" = #res.banded<rows = 4, step = 1, stages = [#res.map<pixels = 1, rows = 0>, #res.map<pixels = 1, rows = 0>]>}} {
    %p = res.max_pool %a window<2x2> : tensor<1x16x6x6xf32> -> tensor<1x16x5x5xf32>
    %q = res.max_pool %p window<2x2> : tensor<1x16x5x5xf32> -> tensor<1x16x4x4xf32>
    res.yield %q : tensor<1x16x4x4xf32>
  }
  return %1 : tensor<1x16x5x5xf32>
}

// CHECK: func.func private @outlined
// CHECK-SAME: #res.dense<blocks = 4, unroll = 2>
// CHECK-SAME: #res.direct<blocks = 2, pixels = 14, unroll = 4, order = space, flat = false, staging = rows, rows = 3, chunk = 0>
func.func private @outlined(%x: tensor<1x16xf32>) -> tensor<1x16xf32> attributes {res.schedules = {
    "x86-64-v3" = #res.dense<blocks = 4, unroll = 2>,
    "x86-64-v4" = #res.direct<blocks = 2, pixels = 14, unroll = 4, order = space, flat = false, staging = rows, rows = 3, chunk = 0>}} {
  return %x : tensor<1x16xf32>
}

// CHECK: func.func private @inplace({{.*}} attributes {res.in_place = 0 : i64}
func.func private @inplace(%x: tensor<1x16xf32>) -> tensor<1x16xf32> attributes {res.in_place = 0 : i64} {
  return %x : tensor<1x16xf32>
}

// CHECK-LABEL: func.func @call
func.func @call(%x: tensor<1x16xf32>) -> tensor<1x16xf32> {
  // CHECK: res.call @outlined(%{{.*}}) at [128] : (tensor<1x16xf32>) -> tensor<1x16xf32>
  %0 = res.call @outlined(%x) at [128] : (tensor<1x16xf32>) -> tensor<1x16xf32>
  // CHECK: res.call @outlined(%{{.*}}) : (tensor<1x16xf32>) -> tensor<1x16xf32>
  %1 = res.call @outlined(%0) : (tensor<1x16xf32>) -> tensor<1x16xf32>
  // CHECK: res.call @inplace(%{{.*}}) over 0 at [64] : (tensor<1x16xf32>) -> tensor<1x16xf32>
  %2 = res.call @inplace(%1) over 0 at [64] : (tensor<1x16xf32>) -> tensor<1x16xf32>
  return %1 : tensor<1x16xf32>
}
}
