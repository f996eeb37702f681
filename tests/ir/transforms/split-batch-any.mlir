// RUN: res-opt %s -split-input-file --res-form-kernels --res-split-batch | FileCheck %s
// RUN: res-opt %s -split-input-file --res-form-kernels --res-split-batch=images=4 | FileCheck %s --check-prefix=FOUR
// RUN: res-opt %s -split-input-file --res-form-kernels --res-split-batch=images=1 | FileCheck %s --check-prefix=ONE

// Of a model of any batch the function for several images gets as many as the caches hold, and there is no number of turns.
// Where that is one image, it is what @main is already.
// CHECK-LABEL: func.func @main(%{{.*}}: tensor<1x16x256x256xf32>) -> tensor<1x16xf32> attributes {res.any_batch}
// CHECK: func.func @main_together(%{{.*}}: tensor<2x16x256x256xf32>) -> tensor<2x16xf32> {
// CHECK: res.reshape {{.*}} : tensor<2x16x1x1xf32> -> tensor<2x16xf32>
// FOUR: func.func @main_together(%{{.*}}: tensor<4x16x256x256xf32>) -> tensor<4x16xf32> {
// ONE-NOT: main_together
module attributes {res.target = "x86-64-v4"} {
func.func @main(%x: tensor<1x16x256x256xf32>) -> tensor<1x16xf32> attributes {res.any_batch} {
  %0 = res.relu %x : tensor<1x16x256x256xf32>
  %1 = res.global_avg_pool %0 : tensor<1x16x256x256xf32> -> tensor<1x16x1x1xf32>
  %2 = res.reshape %1 : tensor<1x16x1x1xf32> -> tensor<1x16xf32>
  return %2 : tensor<1x16xf32>
}
func.func @main_together(%x: tensor<8x16x256x256xf32>) -> tensor<8x16xf32> {
  %0 = res.relu %x : tensor<8x16x256x256xf32>
  %1 = res.global_avg_pool %0 : tensor<8x16x256x256xf32> -> tensor<8x16x1x1xf32>
  %2 = res.reshape %1 : tensor<8x16x1x1xf32> -> tensor<8x16xf32>
  return %2 : tensor<8x16xf32>
}
}

// -----

// A limit of the memory leaves the function that needs least.
// CHECK-NOT: main_together
module attributes {res.target = "x86-64-v4", res.memory_limit = 4000000 : i64} {
func.func @main(%x: tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32> attributes {res.any_batch} {
  %0 = res.relu %x : tensor<1x16x8x8xf32>
  return %0 : tensor<1x16x8x8xf32>
}
func.func @main_together(%x: tensor<8x16x8x8xf32>) -> tensor<8x16x8x8xf32> {
  %0 = res.relu %x : tensor<8x16x8x8xf32>
  return %0 : tensor<8x16x8x8xf32>
}
}
