// RUN: res-opt %s --res-plan-memory --split-input-file | FileCheck %s

// 16 channels x 8 x 8 floats are 4096 bytes; 20 channels take two blocks. The largest tensor comes first, at 0, and the
// third takes the place of the first, which is dead by then. Weights lie in the order of the calls that read them first.
// CHECK-LABEL: func.func @main
// CHECK-SAME: res.arena_bytes = 12288 : i64, res.arena_lower_bound_bytes = 12288 : i64, res.weights_bytes = 192 : i64
// CHECK: %[[Q:.*]] = res.pack {{.*}} as #res.pack_vector<multiple = 32> at 64
// CHECK: %[[P:.*]] = res.pack {{.*}} as #res.pack_vector<multiple = 16> at 0
// CHECK: %[[A:.*]] = res.call @first(%arg0, %[[P]]) at [8192]
// CHECK: %[[B:.*]] = res.call @second(%[[A]], %[[Q]]) at [0]
// CHECK: %[[C:.*]] = res.call @third(%[[B]], %[[P]]) at [8192]
// CHECK: %[[D:.*]] = res.call @last(%[[C]]) at [-1]
// CHECK: return %[[D]]
!a = tensor<1x16x8x8xf32, #res.blocked<16>>
!b = tensor<1x20x8x8xf32, #res.blocked<16>>
func.func @main(%x: !a) -> tensor<1x4xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<16xf32>
  %v = res.weight "v" in "f" at 64 : tensor<20xf32>
  %q = res.pack %v : tensor<20xf32> -> tensor<32xf32> as #res.pack_vector<multiple = 32>
  %p = res.pack %w : tensor<16xf32> -> tensor<16xf32> as #res.pack_vector<multiple = 16>
  %0 = res.call @first(%x, %p) : (!a, tensor<16xf32>) -> !a
  %1 = res.call @second(%0, %q) : (!a, tensor<32xf32>) -> !b
  %2 = res.call @third(%1, %p) : (!b, tensor<16xf32>) -> !a
  %3 = res.call @last(%2) : (!a) -> tensor<1x4xf32>
  return %3 : tensor<1x4xf32>
}
func.func private @first(!a, tensor<16xf32>) -> !a
func.func private @second(!a, tensor<32xf32>) -> !b
func.func private @third(!b, tensor<16xf32>) -> !a
func.func private @last(!a) -> tensor<1x4xf32>

// -----

// The skip lives until the addition, so the branch finds two more places, and no more than two.
// CHECK-LABEL: func.func @main
// CHECK-SAME: res.arena_bytes = 12288 : i64, res.arena_lower_bound_bytes = 12288 : i64
// CHECK: %[[SKIP:.*]] = res.call @unary(%arg0) at [0]
// CHECK: %[[A:.*]] = res.call @unary(%[[SKIP]]) at [4096]
// CHECK: %[[B:.*]] = res.call @unary(%[[A]]) at [8192]
// CHECK: %[[C:.*]] = res.call @unary(%[[B]]) at [4096]
// CHECK: res.call @binary(%[[C]], %[[SKIP]]) at [-1]
!a = tensor<1x16x8x8xf32, #res.blocked<16>>
func.func @main(%x: !a) -> !a {
  %0 = res.call @unary(%x) : (!a) -> !a
  %1 = res.call @unary(%0) : (!a) -> !a
  %2 = res.call @unary(%1) : (!a) -> !a
  %3 = res.call @unary(%2) : (!a) -> !a
  %4 = res.call @binary(%3, %0) : (!a, !a) -> !a
  return %4 : !a
}
func.func private @unary(!a) -> !a
func.func private @binary(!a, !a) -> !a

// -----

// An output is not in the arena, even when a later call reads it. What nobody reads still needs a place while it is
// written. Small tensors take whole cache lines.
// CHECK-LABEL: func.func @main
// CHECK-SAME: res.arena_bytes = 128 : i64, res.arena_lower_bound_bytes = 128 : i64, res.weights_bytes = 0 : i64
// CHECK: %[[R:.*]]:2 = res.call @split(%arg0) at [-1, {{0|64}}]
// CHECK: %[[S:.*]]:2 = res.call @split(%[[R]]#0) at [{{0, 64|64, 0}}]
// CHECK: %[[T:.*]] = res.call @one(%[[S]]#1) at [-1]
// CHECK: return %[[T]], %[[R]]#0
func.func @main(%x: tensor<1x3xf32>) -> (tensor<1x3xf32>, tensor<1x3xf32>) {
  %0:2 = res.call @split(%x) : (tensor<1x3xf32>) -> (tensor<1x3xf32>, tensor<1x3xf32>)
  %1:2 = res.call @split(%0#0) : (tensor<1x3xf32>) -> (tensor<1x3xf32>, tensor<1x3xf32>)
  %2 = res.call @one(%1#1) : (tensor<1x3xf32>) -> tensor<1x3xf32>
  return %2, %0#0 : tensor<1x3xf32>, tensor<1x3xf32>
}
func.func private @split(tensor<1x3xf32>) -> (tensor<1x3xf32>, tensor<1x3xf32>)
func.func private @one(tensor<1x3xf32>) -> tensor<1x3xf32>

// -----

// A block that closes in place: the sum takes the place of the skip, and the next block's sum takes it again.
// CHECK-LABEL: func.func @main
// CHECK-SAME: res.arena_bytes = 8192 : i64, res.arena_lower_bound_bytes = 8192 : i64
// CHECK: %[[SKIP:.*]] = res.call @unary(%arg0) at [[[PLACE:[0-9]+]]]
// CHECK: %[[A:.*]] = res.call @unary(%[[SKIP]]) at [[[BRANCH:[0-9]+]]]
// CHECK: %[[SUM:.*]] = res.call @sum(%[[A]], %[[SKIP]]) over 1 at [[[PLACE]]]
// CHECK: %[[B:.*]] = res.call @unary(%[[SUM]]) at [[[BRANCH]]]
// CHECK: res.call @sum(%[[B]], %[[SUM]]) over 1 at [[[PLACE]]]
!a = tensor<1x16x8x8xf32, #res.blocked<16>>
func.func @main(%x: !a) -> !a {
  %0 = res.call @unary(%x) : (!a) -> !a
  %1 = res.call @unary(%0) : (!a) -> !a
  %2 = res.call @sum(%1, %0) over 1 : (!a, !a) -> !a
  %3 = res.call @unary(%2) : (!a) -> !a
  %4 = res.call @sum(%3, %2) over 1 : (!a, !a) -> !a
  %5 = res.call @unary(%4) : (!a) -> !a
  return %5 : !a
}
func.func private @unary(!a) -> !a
func.func private @sum(!a, !a) -> !a attributes {res.in_place = 1 : i64}

// -----

// A dense block of two layers: features lie one behind the other, and others use the place of those that are still to come.
// CHECK-LABEL: func.func @main
// CHECK-SAME: res.arena_bytes = 4096 : i64, res.arena_lower_bound_bytes = 4096 : i64
// CHECK: %[[A:.*]] = res.call @k(%arg0) at [0]
// CHECK: %[[T:.*]] = res.call @k(%[[A]]) at [{{1024|2048|3072}}]
// CHECK: %[[B:.*]] = res.call @k(%[[T]]) at [1024]
// CHECK: %[[AB:.*]] = res.concat %[[A]], %[[B]] along 1
// CHECK: %[[C:.*]] = res.call @two(%[[AB]]) at [2048]
// CHECK: %[[ABC:.*]] = res.concat %[[AB]], %[[C]] along 1
// CHECK: %[[D:.*]] = res.call @three(%[[ABC]]) at [3072]
// CHECK: %[[R:.*]] = res.reshape %[[D]]
// CHECK: res.call @last(%[[R]], %[[A]]) at [-1]
!a = tensor<1x16x4x4xf32, #res.blocked<16>>
!b = tensor<1x32x4x4xf32, #res.blocked<16>>
!c = tensor<1x48x4x4xf32, #res.blocked<16>>
!r = tensor<1x16x2x8xf32, #res.blocked<16>>
func.func @main(%x: !a) -> tensor<1x4xf32> {
  %0 = res.call @k(%x) : (!a) -> !a
  %1 = res.call @k(%0) : (!a) -> !a
  %2 = res.call @k(%1) : (!a) -> !a
  %3 = res.concat %0, %2 along 1 : (!a, !a) -> !b
  %4 = res.call @two(%3) : (!b) -> !a
  %5 = res.concat %3, %4 along 1 : (!b, !a) -> !c
  %6 = res.call @three(%5) : (!c) -> !a
  %7 = res.reshape %6 : !a -> !r
  %8 = res.call @last(%7, %0) : (!r, !a) -> tensor<1x4xf32>
  return %8 : tensor<1x4xf32>
}
func.func private @k(!a) -> !a
func.func private @two(!b) -> !a
func.func private @three(!c) -> !a
func.func private @last(!r, !a) -> tensor<1x4xf32>
