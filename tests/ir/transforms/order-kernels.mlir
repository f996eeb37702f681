// RUN: res-opt %s --res-order-kernels | FileCheck %s

// The branch with the large map in it runs first, before the result of the other one is live; weights stay where they are.
// CHECK-LABEL: func.func @runs_the_large_branch_first
// CHECK: %[[X:.*]] = res.kernel(%{{.*}} = %arg0
// CHECK: %[[LARGE:.*]] = res.kernel(%{{.*}} = %[[X]]
// CHECK-NEXT: res.pad {{.*}} -> tensor<1x16x40x40xf32>
// CHECK: %[[B:.*]] = res.kernel(%{{.*}} = %[[LARGE]]
// CHECK: %[[A:.*]] = res.kernel(%{{.*}} = %[[X]]
// CHECK-NEXT: res.pad
// CHECK: res.kernel(%{{.*}} = %[[A]] : {{.*}}, %{{.*}} = %[[B]]
func.func @runs_the_large_branch_first(%x: tensor<1x16x4x4xf32>) -> tensor<1x16x1x1xf32> {
  %0 = res.kernel(%i = %x : tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32> {
    %y = res.relu %i : tensor<1x16x4x4xf32>
    res.yield %y : tensor<1x16x4x4xf32>
  }
  %1 = res.kernel(%i = %0 : tensor<1x16x4x4xf32>) -> tensor<1x16x8x8xf32> {
    %y = res.pad %i at [0, 0, 2, 2] with 0.0 : tensor<1x16x4x4xf32> -> tensor<1x16x8x8xf32>
    res.yield %y : tensor<1x16x8x8xf32>
  }
  %2 = res.kernel(%i = %0 : tensor<1x16x4x4xf32>) -> tensor<1x16x40x40xf32> {
    %y = res.pad %i at [0, 0, 18, 18] with 0.0 : tensor<1x16x4x4xf32> -> tensor<1x16x40x40xf32>
    res.yield %y : tensor<1x16x40x40xf32>
  }
  %3 = res.kernel(%i = %2 : tensor<1x16x40x40xf32>) -> tensor<1x16x8x8xf32> {
    %y = res.max_pool %i window<5x5, stride = 5x5> : tensor<1x16x40x40xf32> -> tensor<1x16x8x8xf32>
    res.yield %y : tensor<1x16x8x8xf32>
  }
  %4 = res.kernel(%i = %1 : tensor<1x16x8x8xf32>, %j = %3 : tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32> {
    %y = res.add %i, %j : tensor<1x16x8x8xf32>
    res.yield %y : tensor<1x16x8x8xf32>
  }
  %5 = res.kernel(%i = %4 : tensor<1x16x8x8xf32>) -> tensor<1x16x1x1xf32> {
    %y = res.global_avg_pool %i : tensor<1x16x8x8xf32> -> tensor<1x16x1x1xf32>
    res.yield %y : tensor<1x16x1x1xf32>
  }
  return %5 : tensor<1x16x1x1xf32>
}

// What something else reads than kernels stays where it is.
// CHECK-LABEL: func.func @keeps_what_others_read
// CHECK: res.pad
// CHECK: res.relu
// CHECK-NEXT: return
func.func @keeps_what_others_read(%x: tensor<1x16x4x4xf32>) -> tensor<1x16x40x40xf32> {
  %0 = res.kernel(%i = %x : tensor<1x16x4x4xf32>) -> tensor<1x16x40x40xf32> {
    %y = res.pad %i at [0, 0, 18, 18] with 0.0 : tensor<1x16x4x4xf32> -> tensor<1x16x40x40xf32>
    res.yield %y : tensor<1x16x40x40xf32>
  }
  %1 = res.relu %0 : tensor<1x16x40x40xf32>
  return %1 : tensor<1x16x40x40xf32>
}

// Views are no steps: what they are of counts, once, and they follow the last of it.
// CHECK-LABEL: func.func @views_follow_their_operands
// CHECK: %[[X:.*]] = res.kernel(%{{.*}} = %arg0
// CHECK: %[[LARGE:.*]] = res.kernel(%{{.*}} = %[[X]]
// CHECK-NEXT: res.pad {{.*}} -> tensor<1x16x40x40xf32>
// CHECK: %[[B:.*]] = res.kernel(%{{.*}} = %[[LARGE]]
// CHECK: %[[A:.*]] = res.kernel(%{{.*}} = %[[X]]
// CHECK-NEXT: res.pad
// CHECK: res.kernel(%{{.*}} = %[[A]] : {{.*}}, %{{.*}} = %[[B]] : {{.*}} attributes {res.view}
// CHECK: res.global_avg_pool
func.func @views_follow_their_operands(%x: tensor<1x16x4x4xf32>) -> tensor<1x32x1x1xf32> {
  %0 = res.kernel(%i = %x : tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32> {
    %y = res.relu %i : tensor<1x16x4x4xf32>
    res.yield %y : tensor<1x16x4x4xf32>
  }
  %1 = res.kernel(%i = %0 : tensor<1x16x4x4xf32>) -> tensor<1x16x8x8xf32> {
    %y = res.pad %i at [0, 0, 2, 2] with 0.0 : tensor<1x16x4x4xf32> -> tensor<1x16x8x8xf32>
    res.yield %y : tensor<1x16x8x8xf32>
  }
  %2 = res.kernel(%i = %0 : tensor<1x16x4x4xf32>) -> tensor<1x16x40x40xf32> {
    %y = res.pad %i at [0, 0, 18, 18] with 0.0 : tensor<1x16x4x4xf32> -> tensor<1x16x40x40xf32>
    res.yield %y : tensor<1x16x40x40xf32>
  }
  %3 = res.kernel(%i = %2 : tensor<1x16x40x40xf32>) -> tensor<1x16x8x8xf32> {
    %y = res.max_pool %i window<5x5, stride = 5x5> : tensor<1x16x40x40xf32> -> tensor<1x16x8x8xf32>
    res.yield %y : tensor<1x16x8x8xf32>
  }
  %4 = res.kernel(%i = %1 : tensor<1x16x8x8xf32>, %j = %3 : tensor<1x16x8x8xf32>) -> tensor<1x32x8x8xf32> attributes {res.view} {
    %y = res.concat %i, %j along 1 : (tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>) -> tensor<1x32x8x8xf32>
    res.yield %y : tensor<1x32x8x8xf32>
  }
  %5 = res.kernel(%i = %4 : tensor<1x32x8x8xf32>) -> tensor<1x32x1x1xf32> {
    %y = res.global_avg_pool %i : tensor<1x32x8x8xf32> -> tensor<1x32x1x1xf32>
    res.yield %y : tensor<1x32x1x1xf32>
  }
  return %5 : tensor<1x32x1x1xf32>
}
