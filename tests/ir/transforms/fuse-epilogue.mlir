// RUN: res-opt %s --res-form-kernels --res-fuse-epilogue | FileCheck %s

// CHECK-LABEL: func.func @chain_joins_its_conv
// CHECK: res.kernel(%[[X:.*]] = %arg0 : tensor<1x3x8x8xf32>, %{{.*}} = %{{.*}}, %[[S:.*]] = %{{.*}} : tensor<4xf32>)
// CHECK-NEXT: %[[C:.*]] = res.conv %[[X]]
// CHECK-NEXT: %[[A:.*]] = res.affine %[[C]], %[[S]], %[[S]]
// CHECK-NEXT: %[[R:.*]] = res.relu %[[A]]
// CHECK-NEXT: res.yield %[[R]]
// CHECK-NOT: res.affine
func.func @chain_joins_its_conv(%x: tensor<1x3x8x8xf32>) -> tensor<1x4x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x3x1x1xf32>
  %s = res.weight "s" in "f" at 48 : tensor<4xf32>
  %0 = res.conv %x, %w window<1x1> : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = res.affine %0, %s, %s : tensor<1x4x8x8xf32>, tensor<4xf32>
  %2 = res.relu %1 : tensor<1x4x8x8xf32>
  %3 = res.global_avg_pool %2 : tensor<1x4x8x8xf32> -> tensor<1x4x1x1xf32>
  return %3 : tensor<1x4x1x1xf32>
}

// CHECK-LABEL: func.func @keeps_relu_when_the_raw_value_is_read
// CHECK: res.kernel
// CHECK-NEXT: res.max_pool
// CHECK-NEXT: res.yield
// CHECK: res.kernel
// CHECK-NEXT: res.relu
func.func @keeps_relu_when_the_raw_value_is_read(%x: tensor<1x3x8x8xf32>) -> (tensor<1x3x1x1xf32>, tensor<1x3x1x1xf32>) {
  %0 = res.max_pool %x window<2x2> : tensor<1x3x8x8xf32> -> tensor<1x3x7x7xf32>
  %1 = res.relu %0 : tensor<1x3x7x7xf32>
  %2 = res.global_avg_pool %0 : tensor<1x3x7x7xf32> -> tensor<1x3x1x1xf32>
  %3 = res.global_avg_pool %1 : tensor<1x3x7x7xf32> -> tensor<1x3x1x1xf32>
  return %2, %3 : tensor<1x3x1x1xf32>, tensor<1x3x1x1xf32>
}

// CHECK-LABEL: func.func @keeps_addition_of_two_activations
// CHECK: res.kernel
// CHECK-NEXT: res.gemm
// CHECK-NEXT: res.yield
// CHECK: res.kernel
// CHECK-NEXT: res.add
func.func @keeps_addition_of_two_activations(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x4xf32>
  %0 = res.gemm %x, %w : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>
  %1 = res.add %0, %x : tensor<1x4xf32>
  return %1 : tensor<1x4xf32>
}

// Swish as exporters write it: the function joins the product, then both read one activation.
// CHECK-LABEL: func.func @product_with_a_function_of_itself
// CHECK: %[[C:.*]] = res.conv
// CHECK-NEXT: %[[S:.*]] = res.unary sigmoid %[[C]]
// CHECK-NEXT: %[[M:.*]] = res.binary mul %[[C]], %[[S]]
// CHECK-NEXT: res.yield %[[M]]
func.func @product_with_a_function_of_itself(%x: tensor<1x3x8x8xf32>) -> tensor<1x4x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x3x1x1xf32>
  %0 = res.conv %x, %w window<1x1> : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = res.unary sigmoid %0 : tensor<1x4x8x8xf32>
  %2 = res.binary mul %0, %1 : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %3 = res.global_avg_pool %2 : tensor<1x4x8x8xf32> -> tensor<1x4x1x1xf32>
  return %3 : tensor<1x4x1x1xf32>
}

// The function of a gate is computed once for a channel, with the gate.
// CHECK-LABEL: func.func @keeps_the_function_of_a_gate_with_the_gate
// CHECK: res.conv
// CHECK-NEXT: res.unary hard_sigmoid
// CHECK-NEXT: res.yield
// CHECK: res.kernel
// CHECK-NEXT: res.binary mul
// CHECK-NEXT: res.yield
func.func @keeps_the_function_of_a_gate_with_the_gate(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x4x1x1xf32>
  %0 = res.max_pool %x window<1x1> : tensor<1x4x8x8xf32> -> tensor<1x4x8x8xf32>
  %1 = res.global_avg_pool %0 : tensor<1x4x8x8xf32> -> tensor<1x4x1x1xf32>
  %2 = res.conv %1, %w window<1x1> : (tensor<1x4x1x1xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x1x1xf32>
  %3 = res.unary hard_sigmoid %2 alpha 0.2 beta 0.5 : tensor<1x4x1x1xf32>
  %4 = res.binary mul %0, %3 : (tensor<1x4x8x8xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %5 = res.global_avg_pool %4 : tensor<1x4x8x8xf32> -> tensor<1x4x1x1xf32>
  return %5 : tensor<1x4x1x1xf32>
}

// CHECK-LABEL: func.func @doubling_is_an_addition_of_one_activation
// CHECK: %[[G:.*]] = res.gemm
// CHECK-NEXT: res.add %[[G]], %[[G]]
func.func @doubling_is_an_addition_of_one_activation(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x4xf32>
  %0 = res.gemm %x, %w : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>
  %1 = res.add %0, %0 : tensor<1x4xf32>
  return %1 : tensor<1x4xf32>
}

// CHECK-LABEL: func.func @keeps_the_relayout_of_an_output
// CHECK: res.conv
// CHECK-NEXT: %[[R:.*]] = res.relu
// CHECK-NEXT: res.yield %[[R]]
// CHECK: res.kernel
// CHECK-NEXT: res.relayout
func.func @keeps_the_relayout_of_an_output(%x: tensor<1x3x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x3x1x1xf32>
  %0 = res.conv %x, %w window<1x1> : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = res.relu %0 : tensor<1x4x8x8xf32>
  return %1 : tensor<1x4x8x8xf32>
}

// CHECK-LABEL: func.func @keeps_a_pool_behind_a_pool
// CHECK: res.kernel
// CHECK-NEXT: res.max_pool
// CHECK-NEXT: res.yield
// CHECK: res.kernel
// CHECK-NEXT: res.global_avg_pool
func.func @keeps_a_pool_behind_a_pool(%x: tensor<1x3x8x8xf32>) -> tensor<1x3x1x1xf32> {
  %0 = res.max_pool %x window<2x2> : tensor<1x3x8x8xf32> -> tensor<1x3x7x7xf32>
  %1 = res.global_avg_pool %0 : tensor<1x3x7x7xf32> -> tensor<1x3x1x1xf32>
  return %1 : tensor<1x3x1x1xf32>
}
