// RUN: res-opt %s --res-lower-to-llvm | FileCheck %s

// The kernel gets the input that it overwrites once, as its output: context, one input, one output.
// CHECK-DAG: llvm.func hidden @sum(!llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32
// CHECK-LABEL: llvm.func internal @res_step_1
// CHECK-SAME: %[[INPUTS:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr, %[[ARENA:.*]]: !llvm.ptr, %[[WORKER:.*]]: !llvm.ptr
// CHECK: llvm.getelementptr %[[INPUTS]][0]
// CHECK: %[[OFFSET:.*]] = llvm.mlir.constant(64 : i64)
// CHECK: llvm.getelementptr %[[ARENA]][%[[OFFSET]]]
// CHECK-NOT: getelementptr %[[ARENA]]
// CHECK: llvm.call @sum(%[[WORKER]], %{{[0-9]+}}, %{{[0-9]+}}) :
!a = tensor<1x16x1x1xf32, #res.blocked<16>>
module attributes {res.model = "demo", res.target = "x86-64-v4", res.hash = "xxh3:0"} {
func.func private @unary(!a) -> !a
func.func private @sum(!a, !a) -> !a attributes {res.in_place = 1 : i64}
func.func @main(%x: !a) -> !a
    attributes {res.arena_bytes = 128 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @unary(%x) at [64] : (!a) -> !a
  %1 = res.call @sum(%x, %0) over 1 at [64] : (!a, !a) -> !a
  %2 = res.call @unary(%1) at [-1] : (!a) -> !a
  return %2 : !a
}
}
