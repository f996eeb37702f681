// A residual block behind a stem, with one weight for all filters.
module attributes {res.phase = "imported", res.model = "block"} {
  func.func @main(%x: tensor<1x3x28x28xf32> {res.name = "x"}) -> (tensor<1x10xf32> {res.name = "y"}) {
    %ws = res.constant dense<0.1> : tensor<32x3x3x3xf32>
    %wa = res.constant dense<0.01> : tensor<32x32x3x3xf32>
    %wb = res.constant dense<0.02> : tensor<32x32x3x3xf32>
    %wl = res.constant dense<0.03> : tensor<10x32xf32>
    %0 = res.conv %x, %ws window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x3x28x28xf32>, tensor<32x3x3x3xf32>) -> tensor<1x32x28x28xf32>
    %1 = res.relu %0 : tensor<1x32x28x28xf32>
    %2 = res.conv %1, %wa window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x32x28x28xf32>, tensor<32x32x3x3xf32>) -> tensor<1x32x28x28xf32>
    %3 = res.relu %2 : tensor<1x32x28x28xf32>
    %4 = res.conv %3, %wb window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x32x28x28xf32>, tensor<32x32x3x3xf32>) -> tensor<1x32x28x28xf32>
    %5 = res.add %4, %1 : tensor<1x32x28x28xf32>
    %6 = res.relu %5 : tensor<1x32x28x28xf32>
    %7 = res.global_avg_pool %6 : tensor<1x32x28x28xf32> -> tensor<1x32x1x1xf32>
    %8 = res.reshape %7 : tensor<1x32x1x1xf32> -> tensor<1x32xf32>
    %9 = res.gemm %8, %wl transposed : (tensor<1x32xf32>, tensor<10x32xf32>) -> tensor<1x10xf32>
    return %9 : tensor<1x10xf32>
  }
}
