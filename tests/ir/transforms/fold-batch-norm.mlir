// RUN: res-opt %s --res-fold-batch-norm | FileCheck %s

// CHECK-LABEL: func.func @into_conv_without_bias
// CHECK-DAG: %[[SCALE:.*]], %[[SHIFT:.*]] = res.batch_norm_affine %[[G:.*]], %[[B:.*]], %[[M:.*]], %[[V:.*]] epsilon 9.99999974E-6
// CHECK-DAG: %[[W:.*]] = res.scale_channels %{{.*}} by %[[SCALE]]
// CHECK: %[[C:.*]] = res.conv %arg0, %[[W]] bias %[[SHIFT]] window<3x3>
// CHECK-NOT: res.batch_norm %
// CHECK-NOT: res.affine
// CHECK: return %[[C]]
func.func @into_conv_without_bias(%x: tensor<1x3x8x8xf32>) -> tensor<1x4x6x6xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x3x3x3xf32>
  %g = res.weight "g" in "f" at 500 : tensor<4xf32>
  %b = res.weight "b" in "f" at 516 : tensor<4xf32>
  %m = res.weight "m" in "f" at 532 : tensor<4xf32>
  %v = res.weight "v" in "f" at 548 : tensor<4xf32>
  %0 = res.conv %x, %w window<3x3> : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  %1 = res.batch_norm %0, %g, %b, %m, %v epsilon 1.0e-5 : tensor<1x4x6x6xf32>, tensor<4xf32>
  return %1 : tensor<1x4x6x6xf32>
}

// CHECK-LABEL: func.func @bias_takes_part
// CHECK: %[[SCALE:.*]], %[[SHIFT:.*]] = res.batch_norm_affine
// CHECK: %[[BIAS:.*]] = res.scale_shift %{{.*}}, %[[SCALE]], %[[SHIFT]]
// CHECK: res.conv %arg0, %{{.*}} bias %[[BIAS]] window<1x1> {groups = 2 : i64}
func.func @bias_takes_part(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x2x1x1xf32>
  %b = res.weight "b" in "f" at 64 : tensor<4xf32>
  %v = res.weight "v" in "f" at 80 : tensor<4xf32>
  %0 = res.conv %x, %w bias %b window<1x1> {groups = 2 : i64} : (tensor<1x4x8x8xf32>, tensor<4x2x1x1xf32>, tensor<4xf32>) -> tensor<1x4x8x8xf32>
  %1 = res.batch_norm %0, %v, %v, %v, %v epsilon 1.0e-3 : tensor<1x4x8x8xf32>, tensor<4xf32>
  return %1 : tensor<1x4x8x8xf32>
}

// CHECK-LABEL: func.func @affine_into_transposed_gemm
// CHECK: res.scale_channels
// CHECK: res.gemm %arg0, %{{.*}} bias %{{.*}} transposed
// CHECK-NOT: res.affine
func.func @affine_into_transposed_gemm(%x: tensor<1x5xf32>) -> tensor<1x4xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x5xf32>
  %s = res.weight "s" in "f" at 80 : tensor<4xf32>
  %0 = res.gemm %x, %w transposed : (tensor<1x5xf32>, tensor<4x5xf32>) -> tensor<1x4xf32>
  %1 = res.affine %0, %s, %s : tensor<1x4xf32>, tensor<4xf32>
  return %1 : tensor<1x4xf32>
}

// CHECK-LABEL: func.func @keeps_affine_after_gemm_by_columns
// CHECK: res.gemm
// CHECK: res.affine
func.func @keeps_affine_after_gemm_by_columns(%x: tensor<1x5xf32>) -> tensor<1x4xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<5x4xf32>
  %s = res.weight "s" in "f" at 80 : tensor<4xf32>
  %0 = res.gemm %x, %w : (tensor<1x5xf32>, tensor<5x4xf32>) -> tensor<1x4xf32>
  %1 = res.affine %0, %s, %s : tensor<1x4xf32>, tensor<4xf32>
  return %1 : tensor<1x4xf32>
}

// CHECK-LABEL: func.func @becomes_affine_when_the_conv_has_other_users
// CHECK: %[[C:.*]] = res.conv
// CHECK-NOT: res.scale_channels
// CHECK: %[[A:.*]] = res.affine %[[C]]
// CHECK: res.add %[[C]], %[[A]]
func.func @becomes_affine_when_the_conv_has_other_users(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x4x1x1xf32>
  %v = res.weight "v" in "f" at 80 : tensor<4xf32>
  %0 = res.conv %x, %w window<1x1> : (tensor<1x4x8x8xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = res.batch_norm %0, %v, %v, %v, %v epsilon 1.0e-3 : tensor<1x4x8x8xf32>, tensor<4xf32>
  %2 = res.add %0, %1 : tensor<1x4x8x8xf32>
  return %2 : tensor<1x4x8x8xf32>
}

// CHECK-LABEL: func.func @never_through_a_relu
// CHECK: res.conv
// CHECK: res.relu
// CHECK: res.affine
// CHECK-NOT: res.scale_channels
func.func @never_through_a_relu(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x4x1x1xf32>
  %v = res.weight "v" in "f" at 80 : tensor<4xf32>
  %0 = res.conv %x, %w window<1x1> : (tensor<1x4x8x8xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = res.relu %0 : tensor<1x4x8x8xf32>
  %2 = res.batch_norm %1, %v, %v, %v, %v epsilon 1.0e-3 : tensor<1x4x8x8xf32>, tensor<4xf32>
  return %2 : tensor<1x4x8x8xf32>
}

// CHECK-LABEL: func.func @two_in_a_row_fold_both
// CHECK-DAG: %[[S1:.*]], %[[T1:.*]] = res.batch_norm_affine {{.*}} epsilon 1.000000e-03
// CHECK-DAG: %[[S2:.*]], %[[T2:.*]] = res.batch_norm_affine {{.*}} epsilon 2.000000e-03
// CHECK-DAG: %[[W1:.*]] = res.scale_channels %{{.*}} by %[[S1]]
// CHECK-DAG: %[[W2:.*]] = res.scale_channels %[[W1]] by %[[S2]]
// CHECK-DAG: %[[B:.*]] = res.scale_shift %[[T1]], %[[S2]], %[[T2]]
// CHECK: %[[C:.*]] = res.conv %arg0, %[[W2]] bias %[[B]]
// CHECK: return %[[C]]
func.func @two_in_a_row_fold_both(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x4x1x1xf32>
  %v = res.weight "v" in "f" at 80 : tensor<4xf32>
  %0 = res.conv %x, %w window<1x1> : (tensor<1x4x8x8xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = res.batch_norm %0, %v, %v, %v, %v epsilon 1.0e-3 : tensor<1x4x8x8xf32>, tensor<4xf32>
  %2 = res.batch_norm %1, %v, %v, %v, %v epsilon 2.0e-3 : tensor<1x4x8x8xf32>, tensor<4xf32>
  return %2 : tensor<1x4x8x8xf32>
}

// A filter that another convolution reads, too, stays as it is for that one.
// CHECK-LABEL: func.func @shared_filter_is_scaled_for_one
// CHECK: %[[W:.*]] = res.weight "w"
// CHECK: %[[SCALED:.*]] = res.scale_channels %[[W]] by
// CHECK: res.conv %arg0, %[[SCALED]] bias
// CHECK: res.conv %{{.*}}, %[[W]] window
func.func @shared_filter_is_scaled_for_one(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x4x1x1xf32>
  %v = res.weight "v" in "f" at 80 : tensor<4xf32>
  %0 = res.conv %x, %w window<1x1> : (tensor<1x4x8x8xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = res.batch_norm %0, %v, %v, %v, %v epsilon 1.0e-3 : tensor<1x4x8x8xf32>, tensor<4xf32>
  %2 = res.conv %1, %w window<1x1> : (tensor<1x4x8x8xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  return %2 : tensor<1x4x8x8xf32>
}

// Batch normalisation as a product and a sum.
// CHECK-LABEL: func.func @two_affines_become_one
// CHECK-DAG: %[[S:.*]] = res.weight "s"
// CHECK-DAG: %[[H:.*]] = res.weight "h"
// CHECK-DAG: %[[SCALE:.*]] = res.scale_channels %[[S]] by %[[H]]
// CHECK-DAG: %[[SHIFT:.*]] = res.scale_shift %[[H]], %[[H]], %[[S]]
// CHECK: %[[A:.*]] = res.affine %{{.*}}, %[[SCALE]], %[[SHIFT]]
// CHECK-NEXT: return %[[A]]
func.func @two_affines_become_one(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %s = res.weight "s" in "f" at 0 : tensor<4xf32>
  %h = res.weight "h" in "f" at 16 : tensor<4xf32>
  %0 = res.relu %x : tensor<1x4x8x8xf32>
  %1 = res.affine %0, %s, %h : tensor<1x4x8x8xf32>, tensor<4xf32>
  %2 = res.affine %1, %h, %s : tensor<1x4x8x8xf32>, tensor<4xf32>
  return %2 : tensor<1x4x8x8xf32>
}
