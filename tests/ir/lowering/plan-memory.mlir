// RUN: res-opt %s --res-plan-memory | FileCheck %s

// A chain of three: the third may take the place of the first. 16 channels x 8 x 8 floats are 4096 bytes; 20 channels
// take two blocks.
// CHECK-LABEL: func.func @main
// CHECK-SAME: res.arena_bytes = 12288 : i64, res.arena_lower_bound_bytes = 12288 : i64, res.weights_bytes = 192 : i64
// CHECK: %[[P:.*]] = res.pack {{.*}} as #res.pack_vector<multiple = 16> at 0
// CHECK: res.pack {{.*}} as #res.pack_vector<multiple = 32> at 64
// CHECK: res.call @first(%arg0, %[[P]]) at [{{0|8192}}]
// CHECK: res.call @second({{.*}}) at [{{0|4096}}]
// CHECK: res.call @third({{.*}}, %[[P]]) at [{{0|8192}}]
// CHECK: %[[R:.*]] = res.call @last({{.*}}) at [-1]
// CHECK: return %[[R]]
!a = tensor<1x16x8x8xf32, #res.blocked<16>>
!b = tensor<1x20x8x8xf32, #res.blocked<16>>
func.func @main(%x: !a) -> tensor<1x4xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<16xf32>
  %v = res.weight "v" in "f" at 64 : tensor<20xf32>
  %p = res.pack %w : tensor<16xf32> -> tensor<16xf32> as #res.pack_vector<multiple = 16>
  %q = res.pack %v : tensor<20xf32> -> tensor<32xf32> as #res.pack_vector<multiple = 32>
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
