// RUN: res-opt %s --res-outline-kernels --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK: %[[A:.*]] = res.call @res_f32_maxpool1x1_16x4x4_16x4x4(%arg0)
// CHECK: %[[V:.*]] = res.concat %[[A]], %{{.*}} along 1
// CHECK: res.call @res_f32_globalavgpool_32x4x4_32x1x1(%[[V]])
!a = tensor<1x16x4x4xf32, #res.blocked<16>>
!b = tensor<1x32x4x4xf32, #res.blocked<16>>
!c = tensor<1x32x1x1xf32, #res.blocked<16>>
func.func @main(%x: !a) -> !c {
  %0 = res.kernel(%i = %x : !a) -> !a {
    %y = res.max_pool %i window<1x1> : !a -> !a
    res.yield %y : !a
  }
  %1 = res.kernel(%i = %x : !a) -> !a {
    %y = res.max_pool %i window<1x1> : !a -> !a
    res.yield %y : !a
  }
  %2 = res.kernel(%i = %0 : !a, %j = %1 : !a) -> !b attributes {res.view} {
    %y = res.concat %i, %j along 1 : (!a, !a) -> !b
    res.yield %y : !b
  }
  %3 = res.kernel(%i = %2 : !b) -> !c {
    %y = res.global_avg_pool %i : !b -> !c
    res.yield %y : !c
  }
  return %3 : !c
}

// -----

// An edited dump: other layouts than the view was decided for.
func.func @main(%x: tensor<1x12x4x4xf32, #res.blocked<16>>) -> tensor<1x24x4x4xf32, #res.blocked<16>> {
  // expected-error @below {{expected res.view only where elements lie in memory as the inputs have them}}
  %0 = res.kernel(%i = %x : tensor<1x12x4x4xf32, #res.blocked<16>>) -> tensor<1x24x4x4xf32, #res.blocked<16>> attributes {res.view} {
    %y = res.concat %i, %i along 1 : (tensor<1x12x4x4xf32, #res.blocked<16>>, tensor<1x12x4x4xf32, #res.blocked<16>>) -> tensor<1x24x4x4xf32, #res.blocked<16>>
    res.yield %y : tensor<1x24x4x4xf32, #res.blocked<16>>
  }
  return %0 : tensor<1x24x4x4xf32, #res.blocked<16>>
}
