// RUN: res-opt %s --res-write-in-place | FileCheck %s

!map = tensor<1x16x8x8xf32, #res.blocked<16>>
!filter = tensor<1x1x1x1x16x16xf32>

// The second convolution adds what the first computes and nothing reads later.
// CHECK-LABEL: func.func @overwrites_an_addend_that_dies
// CHECK: res.kernel(%{{.*}} = %arg0
// CHECK-NOT: in_place
// CHECK: res.kernel(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) -> {{.*}} attributes {in_place = 2 : i64,
// CHECK: res.max_pool
func.func @overwrites_an_addend_that_dies(%x: !map, %f: !filter) -> tensor<1x16x7x7xf32, #res.blocked<16>> {
  %0 = res.kernel(%a = %x : !map, %b = %f : !filter) -> !map attributes {schedules = {"x86-64-v4" = #res.direct<blocks = 1,
      pixels = 8, unroll = 1, order = space, flat = false, staging = none, rows = 1, chunk = 0>}} {
    %c = res.conv %a, %b window<1x1> : (!map, !filter) -> !map
    res.yield %c : !map
  }
  %1 = res.kernel(%a = %x : !map, %b = %f : !filter, %r = %0 : !map) -> !map attributes {schedules = {"x86-64-v4" = #res.direct<blocks = 1,
      pixels = 8, unroll = 1, order = space, flat = false, staging = none, rows = 1, chunk = 0>}} {
    %c = res.conv %a, %b window<1x1> : (!map, !filter) -> !map
    %s = res.add %c, %r : !map
    %y = res.relu %s : !map
    res.yield %y : !map
  }
  %2 = res.kernel(%a = %1 : !map) -> tensor<1x16x7x7xf32, #res.blocked<16>> {
    %p = res.max_pool %a window<2x2> : !map -> tensor<1x16x7x7xf32, #res.blocked<16>>
    res.yield %p : tensor<1x16x7x7xf32, #res.blocked<16>>
  }
  return %2 : tensor<1x16x7x7xf32, #res.blocked<16>>
}

// Tiles of 14 of 64 pixels are shifted inwards at the end, for one of the targets: they would add twice.
// CHECK-LABEL: func.func @keeps_apart_where_a_schedule_stores_twice
// CHECK-NOT: in_place
// CHECK: return
func.func @keeps_apart_where_a_schedule_stores_twice(%x: !map, %f: !filter) -> tensor<1x16x7x7xf32, #res.blocked<16>> {
  %0 = res.kernel(%a = %x : !map) -> !map {
    %y = res.relu %a : !map
    res.yield %y : !map
  }
  %1 = res.kernel(%a = %x : !map, %b = %f : !filter, %r = %0 : !map) -> !map attributes {schedules = {
      "x86-64-v3" = #res.direct<blocks = 1, pixels = 8, unroll = 1, order = space, flat = true, staging = none, rows = 1, chunk = 0>,
      "x86-64-v4" = #res.direct<blocks = 1, pixels = 14, unroll = 1, order = space, flat = true, staging = none, rows = 1, chunk = 0>}} {
    %c = res.conv %a, %b window<1x1> : (!map, !filter) -> !map
    %s = res.add %c, %r : !map
    res.yield %s : !map
  }
  %2 = res.kernel(%a = %1 : !map) -> tensor<1x16x7x7xf32, #res.blocked<16>> {
    %p = res.max_pool %a window<2x2> : !map -> tensor<1x16x7x7xf32, #res.blocked<16>>
    res.yield %p : tensor<1x16x7x7xf32, #res.blocked<16>>
  }
  return %2 : tensor<1x16x7x7xf32, #res.blocked<16>>
}

// Inputs of the model are the caller's; outputs lie there, too; what is read later, or by the convolution itself, stays.
// CHECK-LABEL: func.func @keeps_what_it_must_not_overwrite
// CHECK-NOT: in_place
// CHECK: return
func.func @keeps_what_it_must_not_overwrite(%x: !map, %f: !filter) -> (!map, !map) {
  %0 = res.kernel(%a = %x : !map, %b = %f : !filter, %r = %x : !map) -> !map attributes {schedules = {"x86-64-v4" = #res.direct<blocks = 1,
      pixels = 8, unroll = 1, order = space, flat = false, staging = none, rows = 1, chunk = 0>}} {
    %c = res.conv %a, %b window<1x1> : (!map, !filter) -> !map
    %s = res.add %c, %r : !map
    res.yield %s : !map
  }
  // Its addend is read later, by the last kernel.
  %1 = res.kernel(%a = %x : !map, %b = %f : !filter, %r = %0 : !map) -> !map attributes {schedules = {"x86-64-v4" = #res.direct<blocks = 1,
      pixels = 8, unroll = 1, order = space, flat = false, staging = none, rows = 1, chunk = 0>}} {
    %c = res.conv %a, %b window<1x1> : (!map, !filter) -> !map
    %s = res.add %c, %r : !map
    res.yield %s : !map
  }
  // The convolution reads what it adds.
  %2 = res.kernel(%a = %1 : !map, %b = %f : !filter) -> !map attributes {schedules = {"x86-64-v4" = #res.direct<blocks = 1,
      pixels = 8, unroll = 1, order = space, flat = false, staging = none, rows = 1, chunk = 0>}} {
    %c = res.conv %a, %b window<1x1> : (!map, !filter) -> !map
    %s = res.add %c, %a : !map
    res.yield %s : !map
  }
  // An output.
  %3 = res.kernel(%a = %0 : !map, %b = %f : !filter, %r = %2 : !map) -> !map attributes {schedules = {"x86-64-v4" = #res.direct<blocks = 1,
      pixels = 8, unroll = 1, order = space, flat = false, staging = none, rows = 1, chunk = 0>}} {
    %c = res.conv %a, %b window<1x1> : (!map, !filter) -> !map
    %s = res.add %c, %r : !map
    res.yield %s : !map
  }
  return %3, %1 : !map, !map
}

// A gate of one row and column is read for every pixel; the map beside it is overwritten.
// CHECK-LABEL: func.func @overwrites_no_gate
// CHECK: in_place = 3 : i64
func.func @overwrites_no_gate(%x: !map, %f: !filter) -> tensor<1x16x7x7xf32, #res.blocked<16>> {
  %0 = res.kernel(%a = %x : !map) -> tensor<1x16x1x1xf32, #res.blocked<16>> {
    %p = res.global_avg_pool %a : !map -> tensor<1x16x1x1xf32, #res.blocked<16>>
    res.yield %p : tensor<1x16x1x1xf32, #res.blocked<16>>
  }
  %1 = res.kernel(%a = %x : !map) -> !map {
    %y = res.unary tanh %a : !map
    res.yield %y : !map
  }
  %2 = res.kernel(%a = %x : !map, %b = %f : !filter, %g = %0 : tensor<1x16x1x1xf32, #res.blocked<16>>, %r = %1 : !map) -> !map
      attributes {schedules = {"x86-64-v4" = #res.direct<blocks = 1,
      pixels = 8, unroll = 1, order = space, flat = false, staging = none, rows = 1, chunk = 0>}} {
    %c = res.conv %a, %b window<1x1> : (!map, !filter) -> !map
    %m = res.binary mul %c, %g : (!map, tensor<1x16x1x1xf32, #res.blocked<16>>) -> !map
    %s = res.binary sub %m, %r : (!map, !map) -> !map
    res.yield %s : !map
  }
  %3 = res.kernel(%a = %2 : !map) -> tensor<1x16x7x7xf32, #res.blocked<16>> {
    %p = res.max_pool %a window<2x2> : !map -> tensor<1x16x7x7xf32, #res.blocked<16>>
    res.yield %p : tensor<1x16x7x7xf32, #res.blocked<16>>
  }
  return %3 : tensor<1x16x7x7xf32, #res.blocked<16>>
}

// Where the only map is as small as the gate, both have the result's type, and the gate of two images is read for both.
// CHECK-LABEL: func.func @overwrites_nothing_of_one_image
// CHECK-NOT: in_place
// CHECK: return
func.func @overwrites_nothing_of_one_image(%x: tensor<2x16x1x1xf32, #res.blocked<16>>, %y: tensor<1x16x1x1xf32, #res.blocked<16>>, %f: !filter) -> tensor<2x16x1x1xf32, #res.blocked<16>> {
  %0 = res.kernel(%a = %y : tensor<1x16x1x1xf32, #res.blocked<16>>) -> tensor<1x16x1x1xf32, #res.blocked<16>> {
    %r = res.relu %a : tensor<1x16x1x1xf32, #res.blocked<16>>
    res.yield %r : tensor<1x16x1x1xf32, #res.blocked<16>>
  }
  %1 = res.kernel(%a = %x : tensor<2x16x1x1xf32, #res.blocked<16>>, %b = %f : !filter, %g = %0 : tensor<1x16x1x1xf32, #res.blocked<16>>) -> tensor<2x16x1x1xf32, #res.blocked<16>>
      attributes {schedules = {"x86-64-v4" = #res.direct<blocks = 1,
      pixels = 1, unroll = 1, order = space, flat = false, staging = none, rows = 1, chunk = 0>}} {
    %c = res.conv %a, %b window<1x1> : (tensor<2x16x1x1xf32, #res.blocked<16>>, !filter) -> tensor<2x16x1x1xf32, #res.blocked<16>>
    %m = res.binary mul %c, %g : (tensor<2x16x1x1xf32, #res.blocked<16>>, tensor<1x16x1x1xf32, #res.blocked<16>>) -> tensor<2x16x1x1xf32, #res.blocked<16>>
    res.yield %m : tensor<2x16x1x1xf32, #res.blocked<16>>
  }
  %2 = res.kernel(%a = %1 : tensor<2x16x1x1xf32, #res.blocked<16>>) -> tensor<2x16x1x1xf32, #res.blocked<16>> {
    %p = res.max_pool %a window<1x1> : tensor<2x16x1x1xf32, #res.blocked<16>> -> tensor<2x16x1x1xf32, #res.blocked<16>>
    res.yield %p : tensor<2x16x1x1xf32, #res.blocked<16>>
  }
  return %2 : tensor<2x16x1x1xf32, #res.blocked<16>>
}
