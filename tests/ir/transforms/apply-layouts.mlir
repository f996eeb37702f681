// RUN: res-opt %s --res-apply-layouts --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @layouts_reach_the_types
// CHECK: %[[C:.*]] = res.kernel(%{{.*}} = %arg0 : tensor<1x3x8x8xf32>, {{.*}}) -> tensor<1x20x8x8xf32, #res.blocked<16>>
// CHECK-NOT: layouts
// CHECK: res.conv {{.*}} -> tensor<1x20x8x8xf32, #res.blocked<16>>
// CHECK-NEXT: res.relu %{{.*}} : tensor<1x20x8x8xf32, #res.blocked<16>>
// CHECK: res.kernel(%{{.*}} = %[[C]] : tensor<1x20x8x8xf32, #res.blocked<16>>) -> tensor<1x20x8x8xf32>
// CHECK-NEXT: res.relayout %{{.*}} : tensor<1x20x8x8xf32, #res.blocked<16>> -> tensor<1x20x8x8xf32>
func.func @layouts_reach_the_types(%x: tensor<1x3x8x8xf32>) -> tensor<1x20x8x8xf32> {
  %w = res.weight "w" in "f" at 0 : tensor<20x3x1x1xf32>
  %0 = res.kernel(%a = %x : tensor<1x3x8x8xf32>, %f = %w : tensor<20x3x1x1xf32>) -> tensor<1x20x8x8xf32> attributes {layouts = [#res.blocked<16>]} {
    %1 = res.conv %a, %f window<1x1> : (tensor<1x3x8x8xf32>, tensor<20x3x1x1xf32>) -> tensor<1x20x8x8xf32>
    %2 = res.relu %1 : tensor<1x20x8x8xf32>
    res.yield %2 : tensor<1x20x8x8xf32>
  }
  %3 = res.kernel(%a = %0 : tensor<1x20x8x8xf32>) -> tensor<1x20x8x8xf32> attributes {layouts = [unit]} {
    %4 = res.relayout %a : tensor<1x20x8x8xf32> -> tensor<1x20x8x8xf32>
    res.yield %4 : tensor<1x20x8x8xf32>
  }
  return %3 : tensor<1x20x8x8xf32>
}

// -----

func.func @number_of_layouts(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // expected-error @+1 {{expected a layout for each of 1 results, got 2}}
  %0 = res.kernel(%a = %x : tensor<1x4xf32>) -> tensor<1x4xf32> attributes {layouts = [unit, unit]} {
    %1 = res.relu %a : tensor<1x4xf32>
    res.yield %1 : tensor<1x4xf32>
  }
  return %0 : tensor<1x4xf32>
}
