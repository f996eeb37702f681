// RUN: res-opt %s --res-tile-bottleneck --split-input-file --verify-diagnostics

func.func @something_else_than_bands(%x: tensor<1x16x8x8xf32>, %y: tensor<1x16x7x7xf32>) -> (tensor<1x16x6x6xf32>) {
  %0 = res.kernel(%a = %x : tensor<1x16x8x8xf32>) -> tensor<1x16x7x7xf32> attributes {schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x8x8xf32> -> tensor<1x16x7x7xf32>
    res.yield %1 : tensor<1x16x7x7xf32>
  }
  // expected-error @+1 {{expected 'res.bands' to be a #res.bands of at least two stages}}
  %1 = res.kernel(%a = %0 : tensor<1x16x7x7xf32>) -> tensor<1x16x6x6xf32> attributes {res.bands = 3 : i64, schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x7x7xf32> -> tensor<1x16x6x6xf32>
    res.yield %1 : tensor<1x16x6x6xf32>
  }
  return %1 : tensor<1x16x6x6xf32>
}

// -----

func.func @one_stage(%x: tensor<1x16x8x8xf32>, %y: tensor<1x16x7x7xf32>) -> (tensor<1x16x6x6xf32>) {
  %0 = res.kernel(%a = %x : tensor<1x16x8x8xf32>) -> tensor<1x16x7x7xf32> attributes {schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x8x8xf32> -> tensor<1x16x7x7xf32>
    res.yield %1 : tensor<1x16x7x7xf32>
  }
  // expected-error @+1 {{expected 'res.bands' to be a #res.bands of at least two stages}}
  %1 = res.kernel(%a = %0 : tensor<1x16x7x7xf32>) -> tensor<1x16x6x6xf32> attributes {res.bands = #res.bands<stages = 1, rows = 2, step = 1>, schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x7x7xf32> -> tensor<1x16x6x6xf32>
    res.yield %1 : tensor<1x16x6x6xf32>
  }
  return %1 : tensor<1x16x6x6xf32>
}

// -----

func.func @more_stages_than_kernels(%x: tensor<1x16x8x8xf32>, %y: tensor<1x16x7x7xf32>) -> (tensor<1x16x6x6xf32>) {
  %0 = res.kernel(%a = %x : tensor<1x16x8x8xf32>) -> tensor<1x16x7x7xf32> attributes {schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x8x8xf32> -> tensor<1x16x7x7xf32>
    res.yield %1 : tensor<1x16x7x7xf32>
  }
  // expected-error @+1 {{expected 3 kernels with one anchor, of which each reads the one before it, as its first input and nothing else does, got 2}}
  %1 = res.kernel(%a = %0 : tensor<1x16x7x7xf32>) -> tensor<1x16x6x6xf32> attributes {res.bands = #res.bands<stages = 3, rows = 2, step = 1>, schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x7x7xf32> -> tensor<1x16x6x6xf32>
    res.yield %1 : tensor<1x16x6x6xf32>
  }
  return %1 : tensor<1x16x6x6xf32>
}

// -----

func.func @reads_an_input(%x: tensor<1x16x8x8xf32>, %y: tensor<1x16x7x7xf32>) -> (tensor<1x16x6x6xf32>) {
  // expected-error @+1 {{expected 2 kernels with one anchor, of which each reads the one before it, as its first input and nothing else does, got 1}}
  %1 = res.kernel(%a = %y : tensor<1x16x7x7xf32>) -> tensor<1x16x6x6xf32> attributes {res.bands = #res.bands<stages = 2, rows = 2, step = 1>, schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x7x7xf32> -> tensor<1x16x6x6xf32>
    res.yield %1 : tensor<1x16x6x6xf32>
  }
  return %1 : tensor<1x16x6x6xf32>
}

// -----

func.func @a_stage_that_leaves_the_model(%x: tensor<1x16x8x8xf32>, %y: tensor<1x16x7x7xf32>) -> (tensor<1x16x6x6xf32>, tensor<1x16x7x7xf32>) {
  %0 = res.kernel(%a = %x : tensor<1x16x8x8xf32>) -> tensor<1x16x7x7xf32> attributes {schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x8x8xf32> -> tensor<1x16x7x7xf32>
    res.yield %1 : tensor<1x16x7x7xf32>
  }
  // expected-error @+1 {{expected 2 kernels with one anchor, of which each reads the one before it, as its first input and nothing else does, got 1}}
  %1 = res.kernel(%a = %0 : tensor<1x16x7x7xf32>) -> tensor<1x16x6x6xf32> attributes {res.bands = #res.bands<stages = 2, rows = 2, step = 1>, schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x7x7xf32> -> tensor<1x16x6x6xf32>
    res.yield %1 : tensor<1x16x6x6xf32>
  }
  return %1, %0 : tensor<1x16x6x6xf32>, tensor<1x16x7x7xf32>
}

// -----

func.func @no_schedules(%x: tensor<1x16x8x8xf32>, %y: tensor<1x16x7x7xf32>) -> (tensor<1x16x6x6xf32>) {
  %0 = res.kernel(%a = %x : tensor<1x16x8x8xf32>) -> tensor<1x16x7x7xf32> attributes {schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x8x8xf32> -> tensor<1x16x7x7xf32>
    res.yield %1 : tensor<1x16x7x7xf32>
  }
  // expected-error @+1 {{expected a schedule of each kernel that it is computed with}}
  %1 = res.kernel(%a = %0 : tensor<1x16x7x7xf32>) -> tensor<1x16x6x6xf32> attributes {res.bands = #res.bands<stages = 2, rows = 2, step = 1>} {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x7x7xf32> -> tensor<1x16x6x6xf32>
    res.yield %1 : tensor<1x16x6x6xf32>
  }
  return %1 : tensor<1x16x6x6xf32>
}

// -----

func.func @a_target_without_a_schedule_of_each(%x: tensor<1x16x8x8xf32>, %y: tensor<1x16x7x7xf32>) -> (tensor<1x16x6x6xf32>) {
  %0 = res.kernel(%a = %x : tensor<1x16x8x8xf32>) -> tensor<1x16x7x7xf32> attributes {schedules = {"x86-64-v3" = #res.map<pixels = 1, rows = 0>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x8x8xf32> -> tensor<1x16x7x7xf32>
    res.yield %1 : tensor<1x16x7x7xf32>
  }
  // expected-error @+1 {{expected a schedule for "x86-64-v4" of each kernel that it is computed with}}
  %1 = res.kernel(%a = %0 : tensor<1x16x7x7xf32>) -> tensor<1x16x6x6xf32> attributes {res.bands = #res.bands<stages = 2, rows = 2, step = 1>, schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x7x7xf32> -> tensor<1x16x6x6xf32>
    res.yield %1 : tensor<1x16x6x6xf32>
  }
  return %1 : tensor<1x16x6x6xf32>
}

// -----

func.func @a_stage_without_schedules(%x: tensor<1x16x8x8xf32>, %y: tensor<1x16x7x7xf32>) -> (tensor<1x16x6x6xf32>) {
  %0 = res.kernel(%a = %x : tensor<1x16x8x8xf32>) -> tensor<1x16x7x7xf32> {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x8x8xf32> -> tensor<1x16x7x7xf32>
    res.yield %1 : tensor<1x16x7x7xf32>
  }
  // expected-error @+1 {{expected a schedule for "x86-64-v4" of each kernel that it is computed with}}
  %1 = res.kernel(%a = %0 : tensor<1x16x7x7xf32>) -> tensor<1x16x6x6xf32> attributes {res.bands = #res.bands<stages = 2, rows = 2, step = 1>, schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x7x7xf32> -> tensor<1x16x6x6xf32>
    res.yield %1 : tensor<1x16x6x6xf32>
  }
  return %1 : tensor<1x16x6x6xf32>
}

// -----

func.func @a_stage_without_an_anchor(%x: tensor<1x16x8x8xf32>) -> (tensor<1x16x7x7xf32>) {
  %0 = res.kernel(%a = %x : tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32> attributes {schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %1 = res.relu %a : tensor<1x16x8x8xf32>
    res.yield %1 : tensor<1x16x8x8xf32>
  }
  // expected-error @+1 {{expected 2 kernels with one anchor, of which each reads the one before it, as its first input and nothing else does, got 1}}
  %2 = res.kernel(%a = %0 : tensor<1x16x8x8xf32>) -> tensor<1x16x7x7xf32> attributes {res.bands = #res.bands<stages = 2, rows = 2, step = 1>, schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %1 = res.max_pool %a window<2x2> : tensor<1x16x8x8xf32> -> tensor<1x16x7x7xf32>
    res.yield %1 : tensor<1x16x7x7xf32>
  }
  return %2 : tensor<1x16x7x7xf32>
}

// -----

// The first two become one before the third asks for it.
func.func @a_stage_with_bands_of_its_own(%x: tensor<1x16x8x8xf32>) -> (tensor<1x16x5x5xf32>) {
  %0 = res.kernel(%a = %x : tensor<1x16x8x8xf32>) -> tensor<1x16x7x7xf32> attributes {schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %p = res.max_pool %a window<2x2> : tensor<1x16x8x8xf32> -> tensor<1x16x7x7xf32>
    res.yield %p : tensor<1x16x7x7xf32>
  }
  %1 = res.kernel(%a = %0 : tensor<1x16x7x7xf32>) -> tensor<1x16x6x6xf32> attributes {res.bands = #res.bands<stages = 2, rows = 2, step = 1>, schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %p = res.max_pool %a window<2x2> : tensor<1x16x7x7xf32> -> tensor<1x16x6x6xf32>
    res.yield %p : tensor<1x16x6x6xf32>
  }
  // expected-error @+1 {{expected 2 kernels with one anchor, of which each reads the one before it, as its first input and nothing else does, got 1}}
  %2 = res.kernel(%a = %1 : tensor<1x16x6x6xf32>) -> tensor<1x16x5x5xf32> attributes {res.bands = #res.bands<stages = 2, rows = 2, step = 1>, schedules = {"x86-64-v4" = #res.map<pixels = 1, rows = 0>}} {
    %p = res.max_pool %a window<2x2> : tensor<1x16x6x6xf32> -> tensor<1x16x5x5xf32>
    res.yield %p : tensor<1x16x5x5xf32>
  }
  return %2 : tensor<1x16x5x5xf32>
}
