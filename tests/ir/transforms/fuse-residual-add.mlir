// RUN: res-opt %s --res-form-kernels --res-fuse-epilogue --res-fuse-residual-add --res-fuse-epilogue | FileCheck %s
// RUN: res-opt %s --res-form-kernels --res-fuse-residual-add | FileCheck %s --check-prefix=ALONE

// CHECK-LABEL: func.func @basic_block
// CHECK: %[[SKIP:.*]] = res.kernel
// CHECK-NEXT: res.max_pool
// CHECK: res.kernel(%{{.*}} = %[[SKIP]] : {{.*}}, %{{.*}} = %{{.*}}) -> tensor<1x4x7x7xf32> {
// CHECK-NEXT: %[[C:.*]] = res.conv
// CHECK-NEXT: %[[S:.*]] = res.add %[[C]], %{{.*}}
// CHECK-NEXT: %[[R:.*]] = res.relu %[[S]]
// CHECK-NEXT: res.yield %[[R]]
// Activations are not this pass's work.
// ALONE-LABEL: func.func @basic_block
// ALONE: res.add
// ALONE-NEXT: res.yield
// ALONE: res.kernel
// ALONE-NEXT: res.relu
func.func @basic_block(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x4x1x1xf32>
  %0 = res.max_pool %x window<2x2> : tensor<1x4x8x8xf32> -> tensor<1x4x7x7xf32>
  %1 = res.conv %0, %w window<1x1> : (tensor<1x4x7x7xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x7x7xf32>
  %2 = res.add %1, %0 : tensor<1x4x7x7xf32>
  %3 = res.relu %2 : tensor<1x4x7x7xf32>
  %4 = res.global_avg_pool %3 : tensor<1x4x7x7xf32> -> tensor<1x4x1x1xf32>
  return %4 : tensor<1x4x1x1xf32>
}

// CHECK-LABEL: func.func @joins_the_branch_that_is_computed_last
// CHECK: %[[FIRST:.*]] = res.kernel
// CHECK-NEXT: res.conv {{.*}} window<1x1>
// CHECK-NEXT: res.yield
// CHECK: res.kernel({{.*}} = %[[FIRST]]
// CHECK-NEXT: res.conv {{.*}} window<3x3
// CHECK-NEXT: res.add
func.func @joins_the_branch_that_is_computed_last(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x4x1x1xf32>
  %v = res.weight "v" in "f" at 64 : tensor<4x4x3x3xf32>
  %0 = res.conv %x, %w window<1x1> : (tensor<1x4x8x8xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = res.conv %x, %v window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x8x8xf32>
  %2 = res.add %1, %0 : tensor<1x4x8x8xf32>
  %3 = res.global_avg_pool %2 : tensor<1x4x8x8xf32> -> tensor<1x4x1x1xf32>
  return %3 : tensor<1x4x1x1xf32>
}

// CHECK-LABEL: func.func @joins_the_other_branch_when_the_last_is_read_elsewhere
// CHECK: %[[LAST:.*]] = res.kernel
// CHECK-NEXT: res.conv {{.*}} window<3x3
// CHECK-NEXT: res.yield
// CHECK: res.kernel({{.*}} = %[[LAST]]
// CHECK-NEXT: res.conv {{.*}} window<1x1>
// CHECK-NEXT: res.add
func.func @joins_the_other_branch_when_the_last_is_read_elsewhere(%x: tensor<1x4x8x8xf32>) -> (tensor<1x4x1x1xf32>, tensor<1x4x1x1xf32>) {
  %w = res.weight "w" in "f" at 0 : tensor<4x4x1x1xf32>
  %v = res.weight "v" in "f" at 64 : tensor<4x4x3x3xf32>
  %0 = res.conv %x, %w window<1x1> : (tensor<1x4x8x8xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = res.conv %x, %v window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x8x8xf32>
  %2 = res.add %1, %0 : tensor<1x4x8x8xf32>
  %3 = res.global_avg_pool %2 : tensor<1x4x8x8xf32> -> tensor<1x4x1x1xf32>
  %4 = res.global_avg_pool %1 : tensor<1x4x8x8xf32> -> tensor<1x4x1x1xf32>
  return %3, %4 : tensor<1x4x1x1xf32>, tensor<1x4x1x1xf32>
}

// CHECK-LABEL: func.func @keeps_add_whose_branches_have_other_users
// CHECK: res.kernel
// CHECK-NEXT: res.max_pool
// CHECK-NEXT: res.yield
// CHECK: res.kernel
// CHECK-NEXT: res.relu
// CHECK-NEXT: res.yield
// CHECK: res.kernel
// CHECK-NEXT: res.add
func.func @keeps_add_whose_branches_have_other_users(%x: tensor<1x4x8x8xf32>) -> (tensor<1x4x1x1xf32>, tensor<1x4x1x1xf32>) {
  %0 = res.max_pool %x window<2x2> : tensor<1x4x8x8xf32> -> tensor<1x4x7x7xf32>
  %1 = res.relu %0 : tensor<1x4x7x7xf32>
  %2 = res.add %1, %0 : tensor<1x4x7x7xf32>
  %3 = res.global_avg_pool %2 : tensor<1x4x7x7xf32> -> tensor<1x4x1x1xf32>
  %4 = res.global_avg_pool %1 : tensor<1x4x7x7xf32> -> tensor<1x4x1x1xf32>
  return %3, %4 : tensor<1x4x1x1xf32>, tensor<1x4x1x1xf32>
}

// The fused kernel takes the place of the addition: what lies between may define its other addend.
// CHECK-LABEL: func.func @moves_behind_the_other_addend
// CHECK: %[[POOL:.*]] = res.kernel({{.*}} = %arg1
// CHECK-NEXT: res.max_pool
// CHECK: res.kernel({{.*}} = %[[POOL]] : {{.*}}) -> tensor<1x4xf32> {
// CHECK-NEXT: res.reshape
// CHECK: res.kernel({{.*}} = %arg0
// CHECK-NEXT: res.gemm
// CHECK-NEXT: res.add
// CHECK-NOT: res.add
func.func @moves_behind_the_other_addend(%x: tensor<1x4xf32>, %y: tensor<1x4x2x2xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>) {
  %w = res.weight "w" in "f" at 0 : tensor<4x4xf32>
  %0 = res.gemm %x, %w : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>
  %1 = res.max_pool %y window<2x2> : tensor<1x4x2x2xf32> -> tensor<1x4x1x1xf32>
  %2 = res.reshape %1 : tensor<1x4x1x1xf32> -> tensor<1x4xf32>
  %3 = res.add %0, %2 : tensor<1x4xf32>
  return %3, %2 : tensor<1x4xf32>, tensor<1x4xf32>
}

// A parameter-free shortcut (He et al. 2016, option A): the addition joins the convolution, although the padding comes
// later, and the shortcut stays an operand.
// CHECK-LABEL: func.func @prefers_layers_to_kernels_that_move_data
// CHECK: res.max_pool
// CHECK: %[[SHORTCUT:.*]] = res.kernel
// CHECK-NEXT: res.pad
// CHECK-NEXT: res.yield
// CHECK: res.kernel({{.*}} = %[[SHORTCUT]]
// CHECK-NEXT: res.conv
// CHECK-NEXT: res.add
func.func @prefers_layers_to_kernels_that_move_data(%x: tensor<1x4x8x8xf32>) -> tensor<1x8x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<8x4x1x1xf32>
  %0 = res.conv %x, %w window<1x1, stride = 2x2> : (tensor<1x4x8x8xf32>, tensor<8x4x1x1xf32>) -> tensor<1x8x4x4xf32>
  %1 = res.max_pool %x window<1x1, stride = 2x2> : tensor<1x4x8x8xf32> -> tensor<1x4x4x4xf32>
  %2 = res.pad %1 at [0, 2, 0, 0] with 0.0 : tensor<1x4x4x4xf32> -> tensor<1x8x4x4xf32>
  %3 = res.add %0, %2 : tensor<1x8x4x4xf32>
  %4 = res.global_avg_pool %3 : tensor<1x8x4x4xf32> -> tensor<1x8x1x1xf32>
  return %4 : tensor<1x8x1x1xf32>
}

// A Highway layer, T * H + (1 - T) * x: all but T itself joins the convolution of H.
// CHECK-LABEL: func.func @highway
// CHECK: res.max_pool
// CHECK: %[[T:.*]] = res.kernel
// CHECK-NEXT: res.conv
// CHECK-NEXT: res.unary sigmoid
// CHECK-NEXT: res.yield
// CHECK: res.kernel({{.*}}%[[GATE:.*]] = %[[T]]
// CHECK-NEXT: %[[H:.*]] = res.conv
// CHECK-NEXT: %[[R:.*]] = res.relu %[[H]]
// CHECK-NEXT: %[[C:.*]] = res.affine %[[GATE]]
// CHECK-NEXT: %[[CX:.*]] = res.binary mul %[[C]], %{{.*}}
// CHECK-NEXT: %[[TH:.*]] = res.binary mul %[[GATE]], %[[R]]
// CHECK-NEXT: %[[Y:.*]] = res.add %[[TH]], %[[CX]]
// CHECK-NEXT: res.yield %[[Y]]
// CHECK: res.global_avg_pool
func.func @highway(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x4x1x1xf32>
  %v = res.weight "v" in "f" at 64 : tensor<4x4x3x3xf32>
  %s = res.weight "s" in "f" at 800 : tensor<4xf32>
  %0 = res.max_pool %x window<1x1> : tensor<1x4x8x8xf32> -> tensor<1x4x8x8xf32>
  %1 = res.conv %0, %w window<1x1> : (tensor<1x4x8x8xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %2 = res.unary sigmoid %1 : tensor<1x4x8x8xf32>
  %3 = res.conv %0, %v window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x8x8xf32>
  %4 = res.relu %3 : tensor<1x4x8x8xf32>
  %5 = res.binary mul %2, %4 : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %6 = res.affine %2, %s, %s : tensor<1x4x8x8xf32>, tensor<4xf32>
  %7 = res.binary mul %6, %0 : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %8 = res.add %5, %7 : tensor<1x4x8x8xf32>
  %9 = res.global_avg_pool %8 : tensor<1x4x8x8xf32> -> tensor<1x4x1x1xf32>
  return %9 : tensor<1x4x1x1xf32>
}

// A product with a gate joins the map, whatever else computes the gate and however late.
// CHECK-LABEL: func.func @gate_joins_the_map
// CHECK: %[[G:.*]] = res.kernel({{.*}} = %arg1
// CHECK-NEXT: res.conv
// CHECK-NEXT: res.yield
// CHECK: res.kernel({{.*}} = %[[G]]
// CHECK-NEXT: res.max_pool
// CHECK-NEXT: res.binary mul
func.func @gate_joins_the_map(%x: tensor<1x4x9x9xf32>, %y: tensor<1x4x1x1xf32>) -> tensor<1x4x1x1xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<4x4x1x1xf32>
  %0 = res.max_pool %x window<2x2> : tensor<1x4x9x9xf32> -> tensor<1x4x8x8xf32>
  %1 = res.conv %y, %w window<1x1> : (tensor<1x4x1x1xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x1x1xf32>
  %2 = res.binary mul %0, %1 : (tensor<1x4x8x8xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %3 = res.global_avg_pool %2 : tensor<1x4x8x8xf32> -> tensor<1x4x1x1xf32>
  return %3 : tensor<1x4x1x1xf32>
}
