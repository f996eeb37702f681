// RUN: res-opt %s -split-input-file --res-lower-to-llvm -verify-diagnostics | FileCheck %s

// Steps of both programs find their images by the turn, and the model says that its first sizes are any. The program for one
// image names the one for three.
// CHECK-LABEL: llvm.func internal @res_step_0
// CHECK: llvm.call @res_rt_turn
// CHECK: llvm.mlir.constant(16 : i64)
// CHECK-LABEL: llvm.func internal @res_together_step_0
// CHECK: llvm.call @res_rt_turn
// CHECK: llvm.mlir.constant(48 : i64)
// CHECK-DAG: llvm.mlir.global private constant @res_inputs_shape0(dense<[-1, 4]>
// CHECK-DAG: llvm.mlir.global private constant @res_outputs_shape0(dense<[-1, 4]>
// CHECK: @res_together_program()
// CHECK: constant(1 : i64)
// CHECK-NEXT: constant(3 : i64)
// CHECK-NEXT: llvm.mlir.zero
// CHECK: @res_program()
// CHECK: constant(1 : i64)
// CHECK-NEXT: constant(1 : i64)
// CHECK-NEXT: llvm.mlir.addressof @res_together_program
// CHECK: llvm.mlir.addressof @res_rt_run_batch
module attributes {res.model = "demo", res.target = "x86-64-v4", res.hash = "xxh3:0"} {
func.func @main(%x: tensor<1x4xf32> {res.name = "in"}) -> (tensor<1x4xf32> {res.name = "out"})
    attributes {res.any_batch, res.arena_bytes = 0 : i64, res.arena_lower_bound_bytes = 0 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @kernel(%x) at [-1] : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}
func.func @main_together(%x: tensor<3x4xf32>) -> tensor<3x4xf32>
    attributes {res.arena_bytes = 0 : i64, res.arena_lower_bound_bytes = 0 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @larger(%x) at [-1] : (tensor<3x4xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}
func.func private @kernel(%a: tensor<1x4xf32>) -> tensor<1x4xf32> attributes {res.scratch = array<i64: 0, 0>} {
  %0 = res.relu %a : tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}
func.func private @larger(%a: tensor<3x4xf32>) -> tensor<3x4xf32> attributes {res.scratch = array<i64: 0, 0>} {
  %0 = res.relu %a : tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}
}

// -----

module attributes {res.model = "demo", res.target = "x86-64-v4", res.hash = "xxh3:0"} {
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32>
    attributes {res.any_batch, res.arena_bytes = 0 : i64, res.arena_lower_bound_bytes = 0 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @kernel(%x) at [-1] : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}
// expected-error @below {{expected the arguments and results of a model of any batch, 'main' for one image and 'main_together' for several}}
func.func @main_together(%x: tensor<3x5xf32>) -> tensor<3x4xf32>
    attributes {res.arena_bytes = 0 : i64, res.arena_lower_bound_bytes = 0 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @larger(%x) at [-1] : (tensor<3x5xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}
func.func private @kernel(tensor<1x4xf32>) -> tensor<1x4xf32>
func.func private @larger(tensor<3x5xf32>) -> tensor<3x4xf32>
}
