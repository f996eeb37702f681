// RUN: res-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @relu_of_relu_is_one
// CHECK-NEXT: res.relu
// CHECK-NEXT: return
func.func @relu_of_relu_is_one(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %0 = res.relu %x : tensor<1x4xf32>
  %1 = res.relu %0 : tensor<1x4xf32>
  return %1 : tensor<1x4xf32>
}

// CHECK-LABEL: func.func @reshapes_become_one
// CHECK-NEXT: %[[R:.*]] = res.reshape %arg0 : tensor<2x3x2x2xf32> -> tensor<4x6xf32>
// CHECK-NEXT: return %[[R]]
func.func @reshapes_become_one(%x: tensor<2x3x2x2xf32>) -> tensor<4x6xf32> {
  %0 = res.reshape %x : tensor<2x3x2x2xf32> -> tensor<2x12xf32>
  %1 = res.reshape %0 : tensor<2x12xf32> -> tensor<4x6xf32>
  return %1 : tensor<4x6xf32>
}

// CHECK-LABEL: func.func @reshape_to_itself_is_nothing
// CHECK-NEXT: return %arg0
func.func @reshape_to_itself_is_nothing(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = res.reshape %x : tensor<2x3xf32> -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @keeps_reshape_that_changes_the_layout
// CHECK: res.reshape
func.func @keeps_reshape_that_changes_the_layout(%x: tensor<2x3x1x1xf32, #res.blocked<16>>) -> tensor<2x3x1x1xf32> {
  %0 = res.reshape %x : tensor<2x3x1x1xf32, #res.blocked<16>> -> tensor<2x3x1x1xf32>
  return %0 : tensor<2x3x1x1xf32>
}

// CHECK-LABEL: func.func @unused_weights_go
// CHECK-NEXT: return
func.func @unused_weights_go() {
  %0 = res.weight "w" in "f" at 0 : tensor<4xf32>
  %1 = res.scale_channels %0 by %0 : tensor<4xf32>, tensor<4xf32>
  return
}

// Exporters write one slice for each axis.
// CHECK-LABEL: func.func @slices_become_one
// CHECK-NEXT: %[[S:.*]] = res.slice %arg0 from [0, 2, 6, 1] by [1, 2, -4, 2] : tensor<1x9x8x9xf32> -> tensor<1x2x2x4xf32>
// CHECK-NEXT: return %[[S]]
func.func @slices_become_one(%x: tensor<1x9x8x9xf32>) -> tensor<1x2x2x4xf32> {
  %0 = res.slice %x from [0, 0, 6, 1] by [1, 2, -2, 1] : tensor<1x9x8x9xf32> -> tensor<1x5x4x8xf32>
  %1 = res.slice %0 from [0, 1, 0, 0] by [1, 1, 2, 2] : tensor<1x5x4x8xf32> -> tensor<1x2x2x4xf32>
  return %1 : tensor<1x2x2x4xf32>
}

// CHECK-LABEL: func.func @slice_of_everything_is_nothing
// CHECK-NEXT: return %arg0
func.func @slice_of_everything_is_nothing(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = res.slice %x from [0, 0] by [1, 1] : tensor<2x3xf32> -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @reversal_is_something
// CHECK: res.slice
func.func @reversal_is_something(%x: tensor<1x3xf32>) -> tensor<1x3xf32> {
  %0 = res.slice %x from [0, 2] by [1, -1] : tensor<1x3xf32> -> tensor<1x3xf32>
  return %0 : tensor<1x3xf32>
}

// CHECK-LABEL: func.func @concat_of_one
// CHECK-NEXT: return %arg0
func.func @concat_of_one(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %0 = res.concat %x along 1 : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}
