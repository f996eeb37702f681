// RUN: res-opt %s --res-lower-to-llvm | FileCheck %s

// A step finds its part of an input or output by the turn: so many bytes further on. The model has the whole batch.
// CHECK-LABEL: llvm.func internal @res_step_0
// CHECK-SAME: %[[INPUTS:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %[[WORKER:.*]]: !llvm.ptr
// CHECK: %[[INPUT:.*]] = llvm.load
// CHECK: %[[TURN:.*]] = llvm.call @res_rt_turn(%[[WORKER]])
// CHECK: %[[BYTES:.*]] = llvm.mlir.constant(32 : i64)
// CHECK: %[[OFFSET:.*]] = llvm.mul %[[TURN]], %[[BYTES]]
// CHECK: llvm.getelementptr %[[INPUT]][%[[OFFSET]]]
// CHECK-DAG: llvm.mlir.global private constant @res_inputs_shape0(dense<[6, 4]>
// CHECK: @res_program()
// CHECK: constant(3 : i32)
// CHECK-NEXT: constant(3 : i32)
module attributes {res.model = "demo", res.target = "x86-64-v4", res.hash = "xxh3:0"} {
func.func @main(%x: tensor<2x4xf32> {res.name = "in"}) -> (tensor<2x4xf32> {res.name = "out"})
    attributes {res.turns = 3 : i64, res.arena_bytes = 0 : i64, res.arena_lower_bound_bytes = 0 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @kernel(%x) at [-1] : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}
func.func private @kernel(%a: tensor<2x4xf32>) -> tensor<2x4xf32> attributes {res.scratch = array<i64: 0, 0>} {
  %0 = res.relu %a : tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}
}
