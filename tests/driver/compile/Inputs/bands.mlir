// Two convolutions, a maximum, and a block of two: in bands, or not. One weight for all filters.
module attributes {res.phase = "imported", res.model = "bands"} {
  func.func @main(%x: tensor<1x3x56x56xf32> {res.name = "x"}) -> (tensor<1x32xf32> {res.name = "y"}) {
    %ws = res.constant dense<0.1> : tensor<32x3x3x3xf32>
    %wa = res.constant dense<0.01> : tensor<32x32x3x3xf32>
    %wb = res.constant dense<0.02> : tensor<64x32x3x3xf32>
    %wc = res.constant dense<0.03> : tensor<32x64x7x7xf32>
    %0 = res.conv %x, %ws window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x3x56x56xf32>, tensor<32x3x3x3xf32>) -> tensor<1x32x56x56xf32> loc("first")
    %1 = res.relu %0 : tensor<1x32x56x56xf32> loc("first_relu")
    %2 = res.conv %1, %wa window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x32x56x56xf32>, tensor<32x32x3x3xf32>) -> tensor<1x32x56x56xf32> loc("second")
    %3 = res.relu %2 : tensor<1x32x56x56xf32> loc("second_relu")
    %4 = res.max_pool %3 window<2x2, stride = 2x2> : tensor<1x32x56x56xf32> -> tensor<1x32x28x28xf32> loc("pool")
    %5 = res.conv %4, %wb window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x32x28x28xf32>, tensor<64x32x3x3xf32>) -> tensor<1x64x28x28xf32> loc("wide")
    %6 = res.relu %5 : tensor<1x64x28x28xf32> loc("wide_relu")
    %7 = res.conv %6, %wc window<7x7, pad = [3, 3, 3, 3]> : (tensor<1x64x28x28xf32>, tensor<32x64x7x7xf32>) -> tensor<1x32x28x28xf32> loc("narrow")
    %8 = res.global_avg_pool %7 : tensor<1x32x28x28xf32> -> tensor<1x32x1x1xf32> loc("mean")
    %9 = res.reshape %8 : tensor<1x32x1x1xf32> -> tensor<1x32xf32> loc("flat")
    return %9 : tensor<1x32xf32>
  }
}
