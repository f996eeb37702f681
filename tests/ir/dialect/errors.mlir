// RUN: res-opt %s -split-input-file -verify-diagnostics

func.func @channels(%x: tensor<1x4x8x8xf32>, %w: tensor<2x3x1x1xf32>) {
  // expected-error @+1 {{expected an input of 3 channels, got 4}}
  %0 = res.conv %x, %w window<1x1> : (tensor<1x4x8x8xf32>, tensor<2x3x1x1xf32>) -> tensor<1x2x8x8xf32>
  return
}

// -----

func.func @groups(%x: tensor<1x4x8x8xf32>, %w: tensor<3x2x1x1xf32>) {
  // expected-error @+1 {{expected the number of filters to be a multiple of groups, got 3 filters and 2 groups}}
  %0 = res.conv %x, %w window<1x1> {groups = 2 : i64} : (tensor<1x4x8x8xf32>, tensor<3x2x1x1xf32>) -> tensor<1x3x8x8xf32>
  return
}

// -----

func.func @no_groups(%x: tensor<1x4x8x8xf32>, %w: tensor<3x4x1x1xf32>) {
  // expected-error @+1 {{expected the number of filters to be a multiple of groups, got 3 filters and 0 groups}}
  %0 = res.conv %x, %w window<1x1> {groups = 0 : i64} : (tensor<1x4x8x8xf32>, tensor<3x4x1x1xf32>) -> tensor<1x3x8x8xf32>
  return
}

// -----

func.func @filter_rank(%x: tensor<1x4x8x8xf32>, %w: tensor<3x4x1xf32>) {
  // expected-error @+1 {{expected input and filter of one rank of at least 3, got ranks 4 and 3}}
  %0 = res.conv %x, %w window<1x1> : (tensor<1x4x8x8xf32>, tensor<3x4x1xf32>) -> tensor<1x3x8x8xf32>
  return
}

// -----

func.func @filter_size(%x: tensor<1x4x8x8xf32>, %w: tensor<3x4x1x1xf32>) {
  // expected-error @+1 {{expected the window to have the filter's size}}
  %0 = res.conv %x, %w window<3x3> : (tensor<1x4x8x8xf32>, tensor<3x4x1x1xf32>) -> tensor<1x3x6x6xf32>
  return
}

// -----

func.func @result(%x: tensor<1x4x8x8xf32>, %w: tensor<3x4x3x3xf32>) {
  // expected-error @+1 {{expected a result of shape 1x3x6x6, got 1x3x8x8}}
  %0 = res.conv %x, %w window<3x3> : (tensor<1x4x8x8xf32>, tensor<3x4x3x3xf32>) -> tensor<1x3x8x8xf32>
  return
}

// -----

func.func @bias(%x: tensor<1x4x8x8xf32>, %w: tensor<3x4x1x1xf32>, %b: tensor<2xf32>) {
  // expected-error @+1 {{expected a bias of 3 elements, got 2}}
  %0 = res.conv %x, %w bias %b window<1x1> : (tensor<1x4x8x8xf32>, tensor<3x4x1x1xf32>, tensor<2xf32>) -> tensor<1x3x8x8xf32>
  return
}

// -----

func.func @packed_filter_is_too_small(%x: tensor<1x4x8x8xf32>, %w: tensor<1x1x1x1x4x16xf32>) {
  // expected-error @+1 {{expected the packed filter to cover the channels of input and output}}
  %0 = res.conv %x, %w window<1x1> : (tensor<1x4x8x8xf32>, tensor<1x1x1x1x4x16xf32>) -> tensor<1x17x8x8xf32>
  return
}

// -----

func.func @packed_filter_reads_fewer_channels(%x: tensor<1x5x8x8xf32>, %w: tensor<1x1x1x1x4x16xf32>) {
  // expected-error @+1 {{expected the packed filter to cover the channels of input and output}}
  %0 = res.conv %x, %w window<1x1> : (tensor<1x5x8x8xf32>, tensor<1x1x1x1x4x16xf32>) -> tensor<1x16x8x8xf32>
  return
}

// -----

func.func @packed_filter_of_no_groups(%x: tensor<1x4x8x8xf32>, %w: tensor<1x1x1x1x4x16xf32>) {
  // expected-error @+1 {{expected the packed filter to cover the channels of input and output}}
  %0 = res.conv %x, %w window<1x1> {groups = 0 : i64} : (tensor<1x4x8x8xf32>, tensor<1x1x1x1x4x16xf32>) -> tensor<1x16x8x8xf32>
  return
}

// -----

func.func @short_bias_is_not_packed(%x: tensor<1x4x8x8xf32>, %w: tensor<20x4x1x1xf32>) {
  %b = res.constant dense<0.0> : tensor<32xf32>
  // expected-error @+1 {{expected a bias of 20 elements, got 32}}
  %0 = res.conv %x, %w bias %b window<1x1> : (tensor<1x4x8x8xf32>, tensor<20x4x1x1xf32>, tensor<32xf32>) -> tensor<1x20x8x8xf32>
  return
}

// -----

func.func @window_does_not_fit(%x: tensor<1x4x2x8xf32>) {
  // expected-error @+1 {{expected the window to fit into its padded input, got size 2 with pads 0 and 0 under a window that spans 3}}
  %0 = res.max_pool %x window<3x3> : tensor<1x4x2x8xf32> -> tensor<1x4x1x6xf32>
  return
}

// -----

func.func @dilated_window_does_not_fit(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected the window to fit into its padded input, got size 8 with pads 1 and 0 under a window that spans 11}}
  %0 = res.avg_pool %x window<3x3, pad = [0, 1, 0, 0], dilation = 1x5> : tensor<1x4x8x8xf32> -> tensor<1x4x6x1xf32>
  return
}

// -----

func.func @pooled_size(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected a result of shape 1x4x4x8, got 1x4x4x4}}
  %0 = res.max_pool %x window<1x1, stride = 2x1> : tensor<1x4x8x8xf32> -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @global_pool_keeps_its_rank(%x: tensor<2x4x8x8xf32>) {
  // expected-error @+1 {{expected a result of shape 2x4x1x1, got 2x4x8x8}}
  %0 = res.global_avg_pool %x : tensor<2x4x8x8xf32> -> tensor<2x4x8x8xf32>
  return
}

// -----

func.func @relayout_keeps_the_shape(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected a result of shape 1x4x8x8, got 1x8x8x4}}
  %0 = res.relayout %x : tensor<1x4x8x8xf32> -> tensor<1x8x8x4xf32>
  return
}

// -----

func.func @window_rank(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected a window of 2 axes, got 1}}
  %0 = res.avg_pool %x window<3> : tensor<1x4x8x8xf32> -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @stride(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected window sizes, strides and dilations of at least 1}}
  %0 = res.max_pool %x window<3x3, stride = 0x1> : tensor<1x4x8x8xf32> -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @dilation(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected window sizes, strides and dilations of at least 1}}
  %0 = res.max_pool %x window<3x3, dilation = 1x0> : tensor<1x4x8x8xf32> -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @kernel_size(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected window sizes, strides and dilations of at least 1}}
  %0 = res.max_pool %x window<0x3> : tensor<1x4x8x8xf32> -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @pads(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected pads of at least 0}}
  %0 = res.max_pool %x window<3x3, pad = [-1, 0, 0, 0]> : tensor<1x4x8x8xf32> -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @number_of_pads(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected a window of 2 axes to have as many strides and dilations and twice as many pads, got 2, 2 and 2}}
  %0 = res.max_pool %x window<3x3, pad = [1, 1]> : tensor<1x4x8x8xf32> -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @window_field(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected 'stride', 'pad' or 'dilation', got 'step'}}
  %0 = res.max_pool %x window<3x3, step = 2x2> : tensor<1x4x8x8xf32> -> tensor<1x4x6x6xf32>
  return
}

// -----

// expected-error @+1 {{expected a blocked tensor to have rank 4, got rank 2}}
func.func @layout(%x: tensor<1x4xf32, #res.blocked<16>>) {
  return
}

// -----

// expected-error @+1 {{expected a block of at least 1 channel, got 0}}
func.func @block(%x: tensor<1x4x1x1xf32, #res.blocked<0>>) {
  return
}

// -----

func.func @dynamic_shape(%x: tensor<?x4xf32>) {
  // expected-error @+1 {{must be tensor with a static shape and elements, but got 'tensor<?x4xf32>'}}
  %0 = res.relu %x : tensor<?x4xf32>
  return
}

// -----

func.func @no_elements(%x: tensor<0x4xf32>) {
  // expected-error @+1 {{must be tensor with a static shape and elements, but got 'tensor<0x4xf32>'}}
  %0 = res.relu %x : tensor<0x4xf32>
  return
}

// -----

func.func @gemm(%x: tensor<2x5xf32>, %w: tensor<3x4xf32>) {
  // expected-error @+1 {{expected an input of 4 columns, got 5}}
  %0 = res.gemm %x, %w transposed : (tensor<2x5xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @gemm_by_columns(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>) {
  // expected-error @+1 {{expected an input of 3 columns, got 4}}
  %0 = res.gemm %x, %w : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @gemm_result(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>) {
  // expected-error @+1 {{expected a result of shape 2x3, got 2x4}}
  %0 = res.gemm %x, %w transposed : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @gemm_rank(%x: tensor<2x4xf32>, %w: tensor<4xf32>) {
  // expected-error @+1 {{expected an input and a weight of rank 2, got ranks 2 and 1}}
  %0 = res.gemm %x, %w : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x1xf32>
  return
}

// -----

func.func @gemm_bias(%x: tensor<2x4xf32>, %w: tensor<4x3xf32>, %b: tensor<2xf32>) {
  // expected-error @+1 {{expected a bias of 3 elements, got 2}}
  %0 = res.gemm %x, %w bias %b : (tensor<2x4xf32>, tensor<4x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @packed_gemm(%x: tensor<2x5xf32>, %w: tensor<1x5x1x16xf32>) {
  // expected-error @+1 {{expected the packed weight to cover input and output}}
  %0 = res.gemm %x, %w : (tensor<2x5xf32>, tensor<1x5x1x16xf32>) -> tensor<2x17xf32>
  return
}

// -----

func.func @reshape(%x: tensor<2x6xf32>) {
  // expected-error @+1 {{expected as many elements as the input has, 12, got 10}}
  %0 = res.reshape %x : tensor<2x6xf32> -> tensor<2x5xf32>
  return
}

// -----

func.func @batch_norm(%x: tensor<1x4x2x2xf32>, %v: tensor<3xf32>) {
  // expected-error @+1 {{expected a gamma of 4 elements, got 3}}
  %0 = res.batch_norm %x, %v, %v, %v, %v epsilon 1.0e-5 : tensor<1x4x2x2xf32>, tensor<3xf32>
  return
}

// -----

func.func @affine(%x: tensor<4xf32>, %v: tensor<4xf32>) {
  // expected-error @+1 {{expected an input of rank 2 or more}}
  %0 = res.affine %x, %v, %v : tensor<4xf32>, tensor<4xf32>
  return
}

// -----

func.func @affine_vectors(%x: tensor<1x4xf32>, %v: tensor<3xf32>) {
  // expected-error @+1 {{expected a scale of 4 elements, got 3}}
  %0 = res.affine %x, %v, %v : tensor<1x4xf32>, tensor<3xf32>
  return
}

// -----

func.func @scale(%w: tensor<4x2xf32>, %v: tensor<2xf32>) {
  // expected-error @+1 {{expected a scale of 4 elements, got 2}}
  %0 = res.scale_channels %w by %v : tensor<4x2xf32>, tensor<2xf32>
  return
}

// -----

func.func @scale_of_a_scalar(%w: tensor<f32>, %v: tensor<1xf32>) {
  // expected-error @+1 {{expected a weight of rank 1 or more}}
  %0 = res.scale_channels %w by %v : tensor<f32>, tensor<1xf32>
  return
}

// -----

func.func @weight_offset() {
  // expected-error @+1 {{expected an offset of at least 0, got -4}}
  %0 = res.weight "w" in "f" at -4 : tensor<4xf32>
  return
}

// -----

func.func @pack_kind(%w: tensor<4xf32>) {
  // expected-error @+1 {{expected a packing, got 3 : i64}}
  %0 = res.pack %w : tensor<4xf32> -> tensor<16xf32> as 3 : i64
  return
}

// -----

func.func @pack_rank(%w: tensor<4xf32>) {
  // expected-error @+1 {{expected a weight of rank 4, got rank 1}}
  %0 = res.pack %w : tensor<4xf32> -> tensor<16xf32> as #res.pack_conv<block = 16, inner = 16>
  return
}

// -----

func.func @pack_dense_rank(%w: tensor<4x3x1x1xf32>) {
  // expected-error @+1 {{expected a weight of rank 2, got rank 4}}
  %0 = res.pack %w : tensor<4x3x1x1xf32> -> tensor<1x3x1x16xf32> as #res.pack_dense<block = 16, blocks = 1, transposed = true>
  return
}

// -----

func.func @pack_vector_rank(%w: tensor<4x3xf32>) {
  // expected-error @+1 {{expected a weight of rank 1, got rank 2}}
  %0 = res.pack %w : tensor<4x3xf32> -> tensor<16xf32> as #res.pack_vector<multiple = 16>
  return
}

// -----

func.func @pack_result(%w: tensor<20x5x3x3xf32>) {
  // expected-error @+1 {{expected a result of shape 2x1x3x3x16x16, got 1x2x3x3x16x16}}
  %0 = res.pack %w : tensor<20x5x3x3xf32> -> tensor<1x2x3x3x16x16xf32> as #res.pack_conv<block = 16, inner = 16>
  return
}

// -----

func.func @pack_conv_block(%w: tensor<4x3x1x1xf32>) {
  // expected-error @+1 {{expected sizes of at least 1 in #res.pack_conv<block = 16, inner = 0>}}
  %0 = res.pack %w : tensor<4x3x1x1xf32> -> tensor<1x1x1x1x16x16xf32> as #res.pack_conv<block = 16, inner = 0>
  return
}

// -----

func.func @pack_dense_blocks(%w: tensor<4x3xf32>) {
  // expected-error @+1 {{expected sizes of at least 1 in #res.pack_dense<block = 16, blocks = 0, transposed = false>}}
  %0 = res.pack %w : tensor<4x3xf32> -> tensor<1x4x1x16xf32> as #res.pack_dense<block = 16, blocks = 0, transposed = false>
  return
}

// -----

func.func @pack_block(%w: tensor<4xf32>) {
  // expected-error @+1 {{expected sizes of at least 1 in #res.pack_vector<multiple = 0>}}
  %0 = res.pack %w : tensor<4xf32> -> tensor<16xf32> as #res.pack_vector<multiple = 0>
  return
}

// -----

func.func @two_anchors(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected at most one anchor, got 2 without #res.banded schedules}}
  %0 = res.kernel(%a = %x : tensor<1x4x8x8xf32>) -> tensor<1x4x6x6xf32> {
    %1 = res.max_pool %a window<2x2> : tensor<1x4x8x8xf32> -> tensor<1x4x7x7xf32>
    %2 = res.max_pool %1 window<2x2> : tensor<1x4x7x7xf32> -> tensor<1x4x6x6xf32>
    res.yield %2 : tensor<1x4x6x6xf32>
  }
  return
}

// -----

func.func @several_anchors_with_another_schedule(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected at most one anchor, got 2 without #res.banded schedules}}
  %0 = res.kernel(%a = %x : tensor<1x4x8x8xf32>) -> tensor<1x4x6x6xf32> attributes {schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 1>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x4x8x8xf32> -> tensor<1x4x7x7xf32>
    %2 = res.max_pool %1 window<2x2> : tensor<1x4x7x7xf32> -> tensor<1x4x6x6xf32>
    res.yield %2 : tensor<1x4x6x6xf32>
  }
  return
}

// -----

func.func @several_anchors_with_too_few_stages(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected a stage of #res.banded for each of 2 anchors, got 1}}
  %0 = res.kernel(%a = %x : tensor<1x4x8x8xf32>) -> tensor<1x4x6x6xf32> attributes {schedules = {"x86-64-v4" = #res.banded<rows = 1, step = 1, stages = [#res.map<pixels = 1, rows = 1>]>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x4x8x8xf32> -> tensor<1x4x7x7xf32>
    %2 = res.max_pool %1 window<2x2> : tensor<1x4x7x7xf32> -> tensor<1x4x6x6xf32>
    res.yield %2 : tensor<1x4x6x6xf32>
  }
  return
}

// -----

func.func @one_anchor_with_two_stages(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected a stage of #res.banded for each of 1 anchors, got 2}}
  %0 = res.kernel(%a = %x : tensor<1x4x8x8xf32>) -> tensor<1x4x7x7xf32> attributes {schedules = {"x86-64-v4" = #res.banded<rows = 1, step = 1, stages = [#res.map<pixels = 1, rows = 1>, #res.map<pixels = 1, rows = 1>]>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x4x8x8xf32> -> tensor<1x4x7x7xf32>
    res.yield %1 : tensor<1x4x7x7xf32>
  }
  return
}

// -----

func.func @yield(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected the yielded values to have the types of the results}}
  %0 = res.kernel(%a = %x : tensor<1x4x8x8xf32>) -> tensor<1x4x6x6xf32> {
    %1 = res.relu %a : tensor<1x4x8x8xf32>
    res.yield %1 : tensor<1x4x8x8xf32>
  }
  return
}

// -----

func.func @empty(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected at least one operation in the region}}
  %0 = res.kernel(%a = %x : tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32> {
    res.yield %a : tensor<1x4x8x8xf32>
  }
  return
}

// -----

func.func @argument_types(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{expected the arguments of the region to have the types of the inputs}}
  %0 = "res.kernel"(%x) ({
  ^bb0(%a: tensor<1x5xf32>):
    %1 = res.relu %a : tensor<1x5xf32>
    res.yield %1 : tensor<1x5xf32>
  }) : (tensor<1x4xf32>) -> tensor<1x5xf32>
  return
}

// -----

func.func @kernel_reads_only_its_arguments(%x: tensor<1x4xf32>) {
  // expected-note @+1 {{required by region isolation constraints}}
  %0 = res.kernel(%a = %x : tensor<1x4xf32>) -> tensor<1x4xf32> {
    // expected-error @+1 {{using value defined outside the region}}
    %1 = res.relu %x : tensor<1x4xf32>
    res.yield %1 : tensor<1x4xf32>
  }
  return
}

// -----

func.func @callee(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{expected a function of the module, got 'nobody'}}
  %0 = res.call @nobody(%x) : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return
}

// -----

func.func private @f(tensor<1x4xf32>) -> tensor<1x4xf32>
func.func @call_types(%x: tensor<1x5xf32>) {
  // expected-error @+1 {{expected the types of 'f', '(tensor<1x4xf32>) -> tensor<1x4xf32>'}}
  %0 = res.call @f(%x) : (tensor<1x5xf32>) -> tensor<1x4xf32>
  return
}

// -----

func.func private @f(tensor<1x4xf32>) -> tensor<1x4xf32>
func.func @offsets(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{expected an offset for each of 1 results, got 2}}
  %0 = res.call @f(%x) at [0, 64] : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return
}

// -----

func.func @slice_rank(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{expected a result, offsets and strides of the input's rank, 2}}
  %0 = res.slice %x from [0] by [1, 1] : tensor<1x4xf32> -> tensor<1x4xf32>
  return
}

// -----

func.func @slice_end(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{expected elements 0 to 3 of dimension 1, got 3 from 0 by 2}}
  %0 = res.slice %x from [0, 0] by [1, 2] : tensor<1x4xf32> -> tensor<1x3xf32>
  return
}

// -----

func.func @slice_stride(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{expected elements 0 to 3 of dimension 1, got 1 from 0 by 0}}
  %0 = res.slice %x from [0, 0] by [1, 0] : tensor<1x4xf32> -> tensor<1x1xf32>
  return
}

// -----

func.func @slice_overflow(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{expected elements 0 to 3 of dimension 1, got 3 from 0 by 9223372036854775807}}
  %0 = res.slice %x from [0, 0] by [1, 9223372036854775807] : tensor<1x4xf32> -> tensor<1x3xf32>
  return
}

// -----

func.func @concat_nothing() {
  // expected-error @+1 {{expected at least one input}}
  %0 = "res.concat"() {axis = 0 : i64} : () -> tensor<1x4xf32>
  return
}

// -----

func.func @concat_axis(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{expected an axis from 0 to 1, got 2}}
  %0 = res.concat %x, %x along 2 : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x8xf32>
  return
}

// -----

func.func @concat_rank(%x: tensor<1x4xf32>, %y: tensor<4xf32>) {
  // expected-error @+1 {{expected inputs of rank 2, got rank 1 of input 1}}
  %0 = res.concat %x, %y along 1 : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x8xf32>
  return
}

// -----

func.func @concat_sizes(%x: tensor<1x4xf32>, %y: tensor<2x4xf32>) {
  // expected-error @+1 {{expected size 1 in dimension 0, got 2 of input 1}}
  %0 = res.concat %x, %y along 1 : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x8xf32>
  return
}

// -----

func.func @concat_result(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{expected a result of shape 1x8, got 1x9}}
  %0 = res.concat %x, %x along 1 : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x9xf32>
  return
}

// -----

func.func @pad_rank(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{expected a result and pads of the input's rank, 2}}
  %0 = res.pad %x at [0, 1] with 0.0 : tensor<1x4xf32> -> tensor<1x6x1xf32>
  return
}

// -----

func.func @pad_size(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{expected pads of 32 bits, got 4294967296}}
  %0 = res.pad %x at [0, 4294967296] with 0.0 : tensor<1x4xf32> -> tensor<1x6xf32>
  return
}

// -----

func.func @overwrite_what_the_anchor_reads(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32> {
  // expected-error @+1 {{expected 'in_place' to be an input that only elementwise operations read, of the type of the only result, got 0}}
  %0 = res.kernel(%a = %x : tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32> attributes {in_place = 0 : i64} {
    %p = res.max_pool %a window<3x3, pad = [1, 1, 1, 1]> : tensor<1x4x8x8xf32> -> tensor<1x4x8x8xf32>
    res.yield %p : tensor<1x4x8x8xf32>
  }
  return %0 : tensor<1x4x8x8xf32>
}

// -----

func.func @overwrite_what_is_no_input(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // expected-error @+1 {{expected an input of the only result's type to be overwritten, got 1}}
  %0 = res.call @k(%x) over 1 : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}
func.func private @k(tensor<1x4xf32>) -> tensor<1x4xf32>

// -----

func.func @overwrite_against_the_kernel(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // expected-error @+1 {{expected to overwrite the input that 'k' overwrites, if any}}
  %0 = res.call @k(%x) over 0 : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}
func.func private @k(tensor<1x4xf32>) -> tensor<1x4xf32>

// -----

func.func @binary_columns_alone(%x: tensor<1x4x8x8xf32>, %y: tensor<1x4x8x1xf32>) {
  // expected-error @+1 {{expected operands of equal sizes, or of 1 along images, channels, or rows and columns, got 1x4x8x8 and 1x4x8x1}}
  %0 = res.binary mul %x, %y : (tensor<1x4x8x8xf32>, tensor<1x4x8x1xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @binary_rank(%x: tensor<1x4x8x8xf32>, %y: tensor<1x4xf32>) {
  // expected-error @+1 {{expected operands of equal sizes, or of 1 along images, channels, or rows and columns, got 1x4x8x8 and 1x4}}
  %0 = res.binary mul %x, %y : (tensor<1x4x8x8xf32>, tensor<1x4xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @binary_result(%x: tensor<1x4xf32>, %y: tensor<3x1xf32>) {
  // expected-error @+1 {{expected a result of shape 3x4, got 1x4}}
  %0 = res.binary div %x, %y : (tensor<1x4xf32>, tensor<3x1xf32>) -> tensor<1x4xf32>
  return
}

// -----

func.func @prelu_slope(%x: tensor<1x4x8x8xf32>, %s: tensor<3xf32>) {
  // expected-error @+1 {{expected a slope of 4 elements, got 3}}
  %0 = res.prelu %x, %s : tensor<1x4x8x8xf32>, tensor<3xf32>
  return
}

// -----

func.func @unknown_function(%x: tensor<1x4xf32>) {
  // expected-error @+2 {{expected ::res::UnaryFunction to be one of: abs, celu,}}
  // expected-error @+1 {{failed to parse}}
  %0 = res.unary cosine %x : tensor<1x4xf32>
  return
}

// -----

func.func @overwrite_a_gate(%x: tensor<1x4x8x8xf32>, %g: tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32> {
  // expected-error @+1 {{expected 'in_place' to be an input that only elementwise operations read, of the type of the only result, got 1}}
  %0 = res.kernel(%a = %x : tensor<1x4x8x8xf32>, %b = %g : tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32> attributes {in_place = 1 : i64} {
    %m = res.binary mul %a, %b : (tensor<1x4x8x8xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32>
    res.yield %m : tensor<1x4x8x8xf32>
  }
  return %0 : tensor<1x4x8x8xf32>
}

// -----

// A gate that the epilogue makes as large as the map and a pooling makes small again.
func.func @overwrite_what_is_spread(%x: tensor<1x4x8x8xf32>, %g: tensor<1x4x1x1xf32>) -> tensor<1x4x1x1xf32> {
  // expected-error @+1 {{expected 'in_place' to be an input that only elementwise operations read, of the type of the only result, got 1}}
  %0 = res.kernel(%a = %x : tensor<1x4x8x8xf32>, %b = %g : tensor<1x4x1x1xf32>) -> tensor<1x4x1x1xf32> attributes {in_place = 1 : i64} {
    %m = res.binary mul %a, %b : (tensor<1x4x8x8xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32>
    %p = res.global_avg_pool %m : tensor<1x4x8x8xf32> -> tensor<1x4x1x1xf32>
    res.yield %p : tensor<1x4x1x1xf32>
  }
  return %0 : tensor<1x4x1x1xf32>
}

// -----

func.func @lrn_size(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected a size of 1 to 2147483647, got 0}}
  %0 = res.lrn %x size 0 alpha 0.5 beta 0.75 bias 1.0 : tensor<1x4x8x8xf32>
  return
}

// -----

func.func @lrn_power_of_a_negative_number(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected a bias above 0 and an alpha of at least 0, got 1.000000e+00 and -5.000000e-01}}
  %0 = res.lrn %x size 5 alpha -0.5 beta 0.75 bias 1.0 : tensor<1x4x8x8xf32>
  return
}

// -----

func.func @resize_positions(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected 'columns' to be a step of at least 0, a first position and a divisor of at least 1, of 32 bits up to the last of 8 positions}}
  %0 = res.resize %x rows [1, 0, 1] columns [1, 0, 0] : tensor<1x4x8x8xf32> -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @resize_overflow(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected 'rows' to be}}
  %0 = res.resize %x rows [1073741824, 0, 1] columns [1, 0, 1] : tensor<1x4x8x8xf32> -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @resize_channels(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected a result of shape 1x4x9x8, got 1x5x9x8}}
  %0 = res.resize %x rows [1, 0, 1] columns [1, 0, 1] : tensor<1x4x8x8xf32> -> tensor<1x5x9x8xf32>
  return
}

// -----

func.func @depth_to_space_factors(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected two factors from 1 to 65535}}
  %0 = res.depth_to_space %x by [2] : tensor<1x4x8x8xf32> -> tensor<1x1x16x16xf32>
  return
}

// -----

func.func @depth_to_space_channels(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected channels that are a multiple of 9, got 4}}
  %0 = res.depth_to_space %x by [3, 3] : tensor<1x4x8x8xf32> -> tensor<1x1x24x24xf32>
  return
}

// -----

func.func @depth_to_space_crop(%x: tensor<1x4x8x8xf32>) {
  // expected-error @+1 {{expected a result of shape 1x1x16x15, got 1x1x14x15}}
  %0 = res.depth_to_space %x by [2, 2] : tensor<1x4x8x8xf32> -> tensor<1x1x14x15xf32>
  return
}

// -----

func.func @phase_filter_groups(%w: tensor<4x6x2x2xf32>) {
  // expected-error @+1 {{expected groups that divide 4 channels, interleaved if several, got 2}}
  %0 = res.phase_filter %w stride [2, 2] pad [0, 0] dilation [1, 1] before [0, 0] {groups = 2 : i64} : tensor<4x6x2x2xf32> -> tensor<48x2x1x1xf32>
  return
}

// -----

func.func @phase_filter_stride(%w: tensor<4x6x2x2xf32>) {
  // expected-error @+1 {{expected strides and dilations of at least 1}}
  %0 = res.phase_filter %w stride [2, 0] pad [0, 0] dilation [1, 1] before [0, 0] : tensor<4x6x2x2xf32> -> tensor<24x4x1x1xf32>
  return
}

// -----

func.func @phase_filter_result(%w: tensor<4x6x2x2xf32>) {
  // expected-error @+1 {{expected a result of shape 24x4x1x1, got 6x4x1x1}}
  %0 = res.phase_filter %w stride [2, 2] pad [0, 0] dilation [1, 1] before [0, 0] : tensor<4x6x2x2xf32> -> tensor<6x4x1x1xf32>
  return
}
