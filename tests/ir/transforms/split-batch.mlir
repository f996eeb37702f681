// RUN: res-opt %s --res-form-kernels --res-split-batch | FileCheck %s
// RUN: res-opt %s --res-form-kernels --res-split-batch=images=2 | FileCheck %s --check-prefix=TWO
// RUN: res-opt %s --res-form-kernels --res-split-batch=images=2 --res-split-batch=images=1 | FileCheck %s --check-prefix=TWO
// RUN: res-opt %s --res-form-kernels --res-split-batch=images=6 | FileCheck %s --check-prefix=WHOLE
// RUN: not res-opt %s --res-form-kernels --res-split-batch=images=4 2>&1 | FileCheck %s --check-prefix=ODD
// RUN: res-opt %s --res-form-kernels --res-fuse-epilogue --res-split-batch=images=3 | FileCheck %s --check-prefix=THREE

// ODD: error: expected images that divide the batch of 6, got 4
// WHOLE-NOT: res.turns

// Each image has 2 x 4 MiB of activations in the first kernel: one at a time leaves half of the last cache free.
// CHECK: func.func @main(%{{.*}}: tensor<2x16x256x256xf32>) -> tensor<2x10xf32> attributes {res.turns = 3 : i64}
// CHECK: res.weight {{.*}} : tensor<16x16x1x1xf32>
// CHECK: res.kernel({{.*}}tensor<2x16x256x256xf32>, {{.*}}tensor<16x16x1x1xf32>) -> tensor<2x16x256x256xf32>
// CHECK: res.conv {{.*}} -> tensor<2x16x256x256xf32>
// CHECK: res.yield {{.*}} : tensor<2x16x256x256xf32>
// CHECK: res.reshape {{.*}} : tensor<2x16x1x1xf32> -> tensor<2x16xf32>
// CHECK: return {{.*}} : tensor<2x10xf32>
// TWO: func.func @main(%{{.*}}: tensor<2x16x256x256xf32>) -> tensor<2x10xf32> attributes {res.turns = 3 : i64}
// THREE: func.func @main(%{{.*}}: tensor<3x16x256x256xf32>) -> tensor<3x10xf32> attributes {res.turns = 2 : i64}
module attributes {res.target = "x86-64-v4"} {
func.func @main(%x: tensor<6x16x256x256xf32>) -> tensor<6x10xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<16x16x1x1xf32>
  %k = res.weight "k" in "f" at 4000 : tensor<10x16xf32>
  %0 = res.conv %x, %w window<1x1> : (tensor<6x16x256x256xf32>, tensor<16x16x1x1xf32>) -> tensor<6x16x256x256xf32>
  %1 = res.relu %0 : tensor<6x16x256x256xf32>
  %2 = res.global_avg_pool %1 : tensor<6x16x256x256xf32> -> tensor<6x16x1x1xf32>
  %3 = res.reshape %2 : tensor<6x16x1x1xf32> -> tensor<6x16xf32>
  %4 = res.gemm %3, %k transposed : (tensor<6x16xf32>, tensor<10x16xf32>) -> tensor<6x10xf32>
  return %4 : tensor<6x10xf32>
}
}
