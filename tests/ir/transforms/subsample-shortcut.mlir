// RUN: res-opt %s --res-subsample-shortcut | FileCheck %s

// The copy is made behind the layer of the main branch that shrinks the map and what belongs to it, before the next one.
// CHECK-LABEL: func.func @copies_behind_the_layer_that_shrinks
// CHECK: %[[X:.*]] = res.relu %arg0
// CHECK: res.conv %[[X]], %{{.*}} window<3x3, stride = 2x2, pad = [1, 1, 1, 1]>
// CHECK-NEXT: res.relu
// CHECK-NEXT: %[[PIXELS:.*]] = res.slice %[[X]] from [0, 0, 0, 0] by [1, 1, 2, 2] : tensor<1x8x14x14xf32> -> tensor<1x8x7x7xf32>
// CHECK-NEXT: res.conv %{{.*}} window<1x1>
// CHECK-NEXT: res.conv %[[PIXELS]], %{{.*}} window<1x1> : (tensor<1x8x7x7xf32>, tensor<16x8x1x1xf32>) -> tensor<1x16x7x7xf32>
func.func @copies_behind_the_layer_that_shrinks(%in: tensor<1x8x14x14xf32>) -> tensor<1x16x7x7xf32> {
  %a = res.weight "a" in "f" at 0 : tensor<16x8x3x3xf32>
  %b = res.weight "b" in "f" at 8000 : tensor<16x16x1x1xf32>
  %s = res.weight "s" in "f" at 16000 : tensor<16x8x1x1xf32>
  %x = res.relu %in : tensor<1x8x14x14xf32>
  %0 = res.conv %x, %a window<3x3, stride = 2x2, pad = [1, 1, 1, 1]> : (tensor<1x8x14x14xf32>, tensor<16x8x3x3xf32>) -> tensor<1x16x7x7xf32>
  %1 = res.relu %0 : tensor<1x16x7x7xf32>
  %2 = res.conv %1, %b window<1x1> : (tensor<1x16x7x7xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x7x7xf32>
  %3 = res.conv %x, %s window<1x1, stride = 2x2> : (tensor<1x8x14x14xf32>, tensor<16x8x1x1xf32>) -> tensor<1x16x7x7xf32>
  %4 = res.add %2, %3 : tensor<1x16x7x7xf32>
  return %4 : tensor<1x16x7x7xf32>
}

// CHECK-LABEL: func.func @copies_at_a_shortcut_that_comes_first
// CHECK: %[[X:.*]] = res.relu %arg0
// CHECK-NEXT: %[[PIXELS:.*]] = res.slice %[[X]] from [0, 0, 0, 0] by [1, 1, 2, 3] : tensor<1x8x14x15xf32> -> tensor<1x8x7x5xf32>
// CHECK-NEXT: res.conv %[[PIXELS]], %{{.*}} window<1x1>
// CHECK-NEXT: res.conv %[[X]], %{{.*}} window<3x3, stride = 2x3, pad = [1, 1, 1, 1]>
func.func @copies_at_a_shortcut_that_comes_first(%in: tensor<1x8x14x15xf32>) -> tensor<1x16x7x5xf32> {
  %a = res.weight "a" in "f" at 0 : tensor<16x8x3x3xf32>
  %s = res.weight "s" in "f" at 16000 : tensor<16x8x1x1xf32>
  %x = res.relu %in : tensor<1x8x14x15xf32>
  %0 = res.conv %x, %s window<1x1, stride = 2x3> : (tensor<1x8x14x15xf32>, tensor<16x8x1x1xf32>) -> tensor<1x16x7x5xf32>
  %1 = res.conv %x, %a window<3x3, stride = 2x3, pad = [1, 1, 1, 1]> : (tensor<1x8x14x15xf32>, tensor<16x8x3x3xf32>) -> tensor<1x16x7x5xf32>
  %2 = res.add %0, %1 : tensor<1x16x7x5xf32>
  return %2 : tensor<1x16x7x5xf32>
}

// Nothing waits for the rest of the map.
// CHECK-LABEL: func.func @leaves_a_sole_reader_alone
// CHECK-NOT: res.slice
// CHECK: window<1x1, stride = 2x2>
func.func @leaves_a_sole_reader_alone(%in: tensor<1x8x14x14xf32>) -> tensor<1x16x7x7xf32> {
  %s = res.weight "s" in "f" at 16000 : tensor<16x8x1x1xf32>
  %x = res.relu %in : tensor<1x8x14x14xf32>
  %0 = res.conv %x, %s window<1x1, stride = 2x2> : (tensor<1x8x14x14xf32>, tensor<16x8x1x1xf32>) -> tensor<1x16x7x7xf32>
  return %0 : tensor<1x16x7x7xf32>
}

// CHECK-LABEL: func.func @leaves_maps_alone_that_only_such_layers_read
// CHECK-NOT: res.slice
// CHECK: window<1x1, stride = 2x2>
// CHECK: window<1x1, stride = 2x2>
func.func @leaves_maps_alone_that_only_such_layers_read(%in: tensor<1x8x14x14xf32>) -> tensor<1x16x7x7xf32> {
  %s = res.weight "s" in "f" at 16000 : tensor<16x8x1x1xf32>
  %t = res.weight "t" in "f" at 32000 : tensor<16x8x1x1xf32>
  %x = res.relu %in : tensor<1x8x14x14xf32>
  %0 = res.conv %x, %s window<1x1, stride = 2x2> : (tensor<1x8x14x14xf32>, tensor<16x8x1x1xf32>) -> tensor<1x16x7x7xf32>
  %1 = res.conv %x, %t window<1x1, stride = 2x2> : (tensor<1x8x14x14xf32>, tensor<16x8x1x1xf32>) -> tensor<1x16x7x7xf32>
  %2 = res.add %0, %1 : tensor<1x16x7x7xf32>
  return %2 : tensor<1x16x7x7xf32>
}

// The caller keeps it in any case.
// CHECK-LABEL: func.func @leaves_inputs_of_the_model_alone
// CHECK-NOT: res.slice
// CHECK: window<1x1, stride = 2x2>
func.func @leaves_inputs_of_the_model_alone(%x: tensor<1x8x14x14xf32>) -> (tensor<1x16x7x7xf32>, tensor<1x8x14x14xf32>) {
  %s = res.weight "s" in "f" at 16000 : tensor<16x8x1x1xf32>
  %0 = res.conv %x, %s window<1x1, stride = 2x2> : (tensor<1x8x14x14xf32>, tensor<16x8x1x1xf32>) -> tensor<1x16x7x7xf32>
  %1 = res.relu %x : tensor<1x8x14x14xf32>
  return %0, %1 : tensor<1x16x7x7xf32>, tensor<1x8x14x14xf32>
}

// CHECK-LABEL: func.func @leaves_other_windows_alone
// CHECK-NOT: res.slice
// CHECK: return
func.func @leaves_other_windows_alone(%in: tensor<1x8x14x14xf32>) -> (tensor<1x16x14x14xf32>, tensor<1x16x7x7xf32>, tensor<1x16x8x8xf32>, tensor<1x8x14x14xf32>) {
  %s = res.weight "s" in "f" at 0 : tensor<16x8x1x1xf32>
  %w = res.weight "w" in "f" at 16000 : tensor<16x8x2x2xf32>
  %x = res.relu %in : tensor<1x8x14x14xf32>
  %0 = res.conv %x, %s window<1x1> : (tensor<1x8x14x14xf32>, tensor<16x8x1x1xf32>) -> tensor<1x16x14x14xf32>
  %1 = res.conv %x, %w window<2x2, stride = 2x2> : (tensor<1x8x14x14xf32>, tensor<16x8x2x2xf32>) -> tensor<1x16x7x7xf32>
  %2 = res.conv %x, %s window<1x1, stride = 2x2, pad = [1, 1, 0, 0]> : (tensor<1x8x14x14xf32>, tensor<16x8x1x1xf32>) -> tensor<1x16x8x8xf32>
  %3 = res.relu %x : tensor<1x8x14x14xf32>
  return %0, %1, %2, %3 : tensor<1x16x14x14xf32>, tensor<1x16x7x7xf32>, tensor<1x16x8x8xf32>, tensor<1x8x14x14xf32>
}
