// RUN: res-opt %s --res-form-kernels --res-place-views --split-input-file | FileCheck %s

// Whole blocks of channels of one image; the last input may end inside a block.
// CHECK-LABEL: func.func @main
// CHECK: %[[A:.*]] = res.kernel
// CHECK-NEXT: res.max_pool
// CHECK: %[[B:.*]] = res.kernel
// CHECK-NEXT: res.avg_pool
// CHECK: res.kernel(%{{.*}} = %[[A]] : {{.*}}, %{{.*}} = %[[B]] : {{.*}}) -> {{.*}} attributes {res.view} {
// CHECK-NEXT: res.concat
// CHECK-NOT: res.view
func.func @main(%x: tensor<1x32x8x8xf32>, %y: tensor<1x20x8x8xf32>) -> tensor<1x52x8x8xf32> {
  %0 = res.max_pool %x window<3x3, pad = [1, 1, 1, 1]> : tensor<1x32x8x8xf32> -> tensor<1x32x8x8xf32>
  %1 = res.avg_pool %y window<3x3, pad = [1, 1, 1, 1]> : tensor<1x20x8x8xf32> -> tensor<1x20x8x8xf32>
  %2 = res.concat %0, %1 along 1 : (tensor<1x32x8x8xf32>, tensor<1x20x8x8xf32>) -> tensor<1x52x8x8xf32>
  return %2 : tensor<1x52x8x8xf32>
}

// -----

// Lanes would move; images would not be one behind the other; rows of a map are apart in memory.
// CHECK-LABEL: func.func @main
// CHECK-NOT: res.view
func.func @main(%x: tensor<1x12x8x8xf32>, %y: tensor<2x16x8x8xf32>)
    -> (tensor<1x24x8x8xf32>, tensor<2x32x8x8xf32>, tensor<2x16x16x8xf32>) {
  %0 = res.relu %x : tensor<1x12x8x8xf32>
  %1 = res.relu %x : tensor<1x12x8x8xf32>
  %2 = res.concat %0, %1 along 1 : (tensor<1x12x8x8xf32>, tensor<1x12x8x8xf32>) -> tensor<1x24x8x8xf32>
  %3 = res.relu %y : tensor<2x16x8x8xf32>
  %4 = res.relu %y : tensor<2x16x8x8xf32>
  %5 = res.concat %3, %4 along 1 : (tensor<2x16x8x8xf32>, tensor<2x16x8x8xf32>) -> tensor<2x32x8x8xf32>
  %6 = res.concat %3, %4 along 2 : (tensor<2x16x8x8xf32>, tensor<2x16x8x8xf32>) -> tensor<2x16x16x8xf32>
  return %2, %5, %6 : tensor<1x24x8x8xf32>, tensor<2x32x8x8xf32>, tensor<2x16x16x8xf32>
}

// -----

// The prefixes of a row, as they are in a dense block, spelled flat and nested: no copies.
// CHECK-LABEL: func.func @main
// CHECK-COUNT-3: attributes {res.view}
// CHECK-NOT: res.view
!f = tensor<1x16x4x4xf32>
func.func @main(%x: !f) -> tensor<1x64x4x4xf32> {
  %0 = res.relu %x : !f
  %1 = res.relu %x : !f
  %2 = res.concat %0, %1 along 1 : (!f, !f) -> tensor<1x32x4x4xf32>
  %3 = res.relu %x : !f
  %4 = res.concat %0, %1, %3 along 1 : (!f, !f, !f) -> tensor<1x48x4x4xf32>
  %5 = res.relu %x : !f
  %6 = res.concat %4, %5 along 1 : (tensor<1x48x4x4xf32>, !f) -> tensor<1x64x4x4xf32>
  %7 = res.relu %2 : tensor<1x32x4x4xf32>
  return %6 : tensor<1x64x4x4xf32>
}

// -----

// A tensor has one neighbour on either side: the second concatenation reads a copy of what stands first in it, the third a
// copy of what stands there a second time.
// CHECK-LABEL: func.func @main
// CHECK: %[[A:.*]] = res.kernel
// CHECK-NEXT: res.max_pool
// CHECK: %[[B:.*]] = res.kernel
// CHECK-NEXT: res.max_pool
// CHECK: %[[C:.*]] = res.kernel
// CHECK-NEXT: res.max_pool
// CHECK: res.kernel(%{{.*}} = %[[A]] : {{.*}}, %{{.*}} = %[[B]] : {{.*}}) -> {{.*}} attributes {res.view}
// CHECK: %[[COPY:.*]] = res.kernel(%{{.*}} = %[[A]] : {{.*}}) -> tensor<1x16x4x4xf32> {
// CHECK-NEXT: res.relayout
// CHECK: res.kernel(%[[C0:.*]] = %[[C]] : {{.*}}, %[[A0:.*]] = %[[COPY]] : {{.*}}) -> {{.*}} attributes {res.view}
// CHECK-NEXT: res.concat %[[A0]], %[[C0]]
// CHECK: %[[AGAIN:.*]] = res.kernel(%{{.*}} = %[[C]] : {{.*}}) -> tensor<1x16x4x4xf32> {
// CHECK-NEXT: res.relayout
// CHECK: res.kernel(%[[C1:.*]] = %[[C]] : {{.*}}, %[[C2:.*]] = %[[AGAIN]] : {{.*}}) -> {{.*}} attributes {res.view}
// CHECK-NEXT: res.concat %[[C1]], %[[C2]]
!f = tensor<1x16x4x4xf32>
!g = tensor<1x32x4x4xf32>
func.func @main(%x: !f) -> (!g, !g, !g) {
  %0 = res.max_pool %x window<1x1> : !f -> !f
  %1 = res.max_pool %x window<1x1> : !f -> !f
  %2 = res.max_pool %x window<1x1> : !f -> !f
  %3 = res.concat %0, %1 along 1 : (!f, !f) -> !g
  %4 = res.concat %0, %2 along 1 : (!f, !f) -> !g
  %5 = res.concat %2, %2 along 1 : (!f, !f) -> !g
  return %3, %4, %5 : !g, !g, !g
}

// -----

// Rows never close to a ring: the second concatenation reads a copy of what stands last in it.
// CHECK-LABEL: func.func @main
// CHECK: %[[A:.*]] = res.kernel
// CHECK-NEXT: res.max_pool
// CHECK: %[[B:.*]] = res.kernel
// CHECK-NEXT: res.max_pool
// CHECK: res.kernel(%{{.*}} = %[[A]] : {{.*}}, %{{.*}} = %[[B]] : {{.*}}) -> {{.*}} attributes {res.view}
// CHECK: %[[COPY:.*]] = res.kernel(%{{.*}} = %[[A]] : {{.*}}) -> tensor<1x16x4x4xf32> {
// CHECK-NEXT: res.relayout
// CHECK: res.kernel(%{{.*}} = %[[B]] : {{.*}}, %{{.*}} = %[[COPY]] : {{.*}}) -> {{.*}} attributes {res.view}
!f = tensor<1x16x4x4xf32>
!g = tensor<1x32x4x4xf32>
func.func @main(%x: !f) -> (!g, !g) {
  %0 = res.max_pool %x window<1x1> : !f -> !f
  %1 = res.max_pool %x window<1x1> : !f -> !f
  %2 = res.concat %0, %1 along 1 : (!f, !f) -> !g
  %3 = res.concat %1, %0 along 1 : (!f, !f) -> !g
  return %2, %3 : !g, !g
}

// -----

// Reshapes that keep the order in memory, and slices of whole blocks; not what the model returns.
// CHECK-LABEL: func.func @main
// CHECK: attributes {res.view}
// CHECK-NEXT: res.reshape {{.*}} tensor<2x32x1x1xf32> -> tensor<2x32xf32>
// CHECK: attributes {res.view}
// CHECK-NEXT: res.reshape {{.*}} tensor<2x3x4x4xf32> -> tensor<2x48xf32>
// CHECK: attributes {res.view}
// CHECK-NEXT: res.slice {{.*}} from [0, 16, 0, 0]
// CHECK-NOT: res.view
func.func @main(%x: tensor<2x3x4x4xf32>, %m: tensor<2x32x4x4xf32>, %o: tensor<1x48x4x4xf32>)
    -> (tensor<2x32xf32>, tensor<2x48xf32>, tensor<1x32x4x4xf32>, tensor<1x32x4x4xf32>, tensor<2x512xf32>, tensor<2x20xf32>) {
  %0 = res.global_avg_pool %m : tensor<2x32x4x4xf32> -> tensor<2x32x1x1xf32>
  %1 = res.reshape %0 : tensor<2x32x1x1xf32> -> tensor<2x32xf32>
  %2 = res.softmax %1 : tensor<2x32xf32>
  %3 = res.reshape %x : tensor<2x3x4x4xf32> -> tensor<2x48xf32>
  %4 = res.softmax %3 : tensor<2x48xf32>
  %5 = res.relu %o : tensor<1x48x4x4xf32>
  %6 = res.slice %5 from [0, 16, 0, 0] by [1, 1, 1, 1] : tensor<1x48x4x4xf32> -> tensor<1x32x4x4xf32>
  %7 = res.relu %6 : tensor<1x32x4x4xf32>
  %8 = res.slice %5 from [0, 8, 0, 0] by [1, 1, 1, 1] : tensor<1x48x4x4xf32> -> tensor<1x32x4x4xf32>
  %9 = res.relu %m : tensor<2x32x4x4xf32>
  %10 = res.reshape %9 : tensor<2x32x4x4xf32> -> tensor<2x512xf32>
  %11 = res.slice %1 from [0, 0] by [1, 1] : tensor<2x32xf32> -> tensor<2x20xf32>
  return %2, %4, %7, %8, %10, %11 : tensor<2x32xf32>, tensor<2x48xf32>, tensor<1x32x4x4xf32>, tensor<1x32x4x4xf32>, tensor<2x512xf32>, tensor<2x20xf32>
}
