// RUN: res-opt %s --res-form-kernels | FileCheck %s

// CHECK-LABEL: func.func @one_kernel_each
// CHECK: %[[W:.*]] = res.weight
// CHECK: %[[C:.*]] = res.kernel(%[[X:.*]] = %arg0 : tensor<1x3x8x8xf32>, %[[F:.*]] = %[[W]] : tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32> {
// CHECK-NEXT: res.conv %[[X]], %[[F]] window<3x3>
// CHECK-NEXT: res.yield
// CHECK: %[[P:.*]] = res.kernel(%{{.*}} = %[[C]] : tensor<1x4x6x6xf32>)
// CHECK-NEXT: res.global_avg_pool
// CHECK: %[[R:.*]] = res.kernel(%{{.*}} = %[[P]]
// CHECK-NEXT: res.reshape
// CHECK: return %[[R]]
func.func @one_kernel_each(%x: tensor<1x3x8x8xf32>) -> tensor<1x4xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x3x3x3xf32>
  %0 = res.conv %x, %w window<3x3> : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  %1 = res.global_avg_pool %0 : tensor<1x4x6x6xf32> -> tensor<1x4x1x1xf32>
  %2 = res.reshape %1 : tensor<1x4x1x1xf32> -> tensor<1x4xf32>
  return %2 : tensor<1x4xf32>
}

// CHECK-LABEL: func.func @concatenations_of_other_ranks_are_of_matrices
// CHECK: res.reshape %{{.*}} : tensor<2x3x8xf32> -> tensor<6x8xf32>
// CHECK: res.reshape %{{.*}} : tensor<2x3x4xf32> -> tensor<6x4xf32>
// CHECK: res.concat %{{.*}}, %{{.*}} along 1 : (tensor<6x8xf32>, tensor<6x4xf32>) -> tensor<6x12xf32>
// CHECK: res.reshape %{{.*}} : tensor<6x12xf32> -> tensor<2x3x12xf32>
func.func @concatenations_of_other_ranks_are_of_matrices(%x: tensor<2x3x8xf32>, %y: tensor<2x3x4xf32>) -> tensor<2x3x12xf32> {
  %0 = res.concat %x, %y along 2 : (tensor<2x3x8xf32>, tensor<2x3x4xf32>) -> tensor<2x3x12xf32>
  return %0 : tensor<2x3x12xf32>
}

// CHECK-LABEL: func.func @operand_used_twice_is_one_input
// CHECK: res.kernel(%[[X:.*]] = %arg0 : tensor<1x4xf32>)
// CHECK-NEXT: res.add %[[X]], %[[X]]
func.func @operand_used_twice_is_one_input(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %0 = res.add %x, %x : tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}

// CHECK-LABEL: func.func @maps_cross_the_border_through_relayout
// CHECK: %[[IN:.*]] = res.kernel(%{{.*}} = %arg0
// CHECK-NEXT: res.relayout
// CHECK: %[[RELU:.*]] = res.kernel(%{{.*}} = %[[IN]]
// CHECK-NEXT: res.relu
// CHECK: %[[OUT:.*]] = res.kernel(%{{.*}} = %[[RELU]]
// CHECK-NEXT: res.relayout
// CHECK: return %[[OUT]]
func.func @maps_cross_the_border_through_relayout(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %0 = res.relu %x : tensor<1x4x8x8xf32>
  return %0 : tensor<1x4x8x8xf32>
}

// CHECK-LABEL: func.func @pool_reads_an_input_as_it_is
// CHECK-NEXT: %[[P:.*]] = res.kernel(%{{.*}} = %arg0
// CHECK-NEXT: res.max_pool
func.func @pool_reads_an_input_as_it_is(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x7x7xf32> {
  %0 = res.max_pool %x window<2x2> : tensor<1x4x8x8xf32> -> tensor<1x4x7x7xf32>
  return %0 : tensor<1x4x7x7xf32>
}

// CHECK-LABEL: func.func @each_output_has_its_writer
// CHECK: %[[R:.*]] = res.kernel
// CHECK-NEXT: res.relu
// CHECK: %[[COPY:.*]] = res.kernel(%{{.*}} = %[[R]]
// CHECK-NEXT: res.relayout
// CHECK: %[[INPUT:.*]] = res.kernel(%{{.*}} = %arg0
// CHECK-NEXT: res.relayout
// CHECK: return %[[R]], %[[COPY]], %[[INPUT]]
func.func @each_output_has_its_writer(%x: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>) {
  %0 = res.relu %x : tensor<1x4xf32>
  return %0, %0, %x : tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>
}
