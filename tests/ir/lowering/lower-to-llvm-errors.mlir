// RUN: res-opt %s --res-lower-to-llvm --split-input-file --verify-diagnostics

// Dumps of phase planned are input: whatever an edit breaks is said here, before code relies on it.

// expected-error @below {{expected a planned module: 'main' has no res.arena_bytes}}
module {
func.func @other(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  return %x : tensor<1x4xf32>
}
}

// -----

// expected-error @below {{expected a planned module: 'main' has no res.weights_bytes}}
module {
func.func @main() attributes {res.arena_bytes = 64 : i64, res.arena_lower_bound_bytes = 64 : i64} {
  return
}
}

// -----

func.func @main() attributes {res.arena_bytes = 0 : i64, res.arena_lower_bound_bytes = 0 : i64, res.weights_bytes = 0 : i64} {
  return
}
// expected-error @below {{expected two sizes in res.scratch, got 1}}
func.func private @k() attributes {res.scratch = array<i64: 0>} {
  return
}

// -----

func.func private @k(tensor<1x4xf32>) -> tensor<1x4xf32>
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32>
    attributes {res.arena_bytes = 64 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 0 : i64} {
  // expected-error @below {{expected offsets of its results}}
  %0 = res.call @k(%x) : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}

// -----

func.func private @k(tensor<16xf32>) -> tensor<1x4xf32>
func.func @main() -> tensor<1x4xf32>
    attributes {res.arena_bytes = 64 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 64 : i64} {
  %w = res.constant dense<1.0> : tensor<16xf32>
  %p = res.pack %w : tensor<16xf32> -> tensor<16xf32> as #res.pack_vector<multiple = 16>
  // expected-error @below {{expected results of calls and packed weights with an offset as inputs}}
  %0 = res.call @k(%p) at [-1] : (tensor<16xf32>) -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}

// -----

func.func private @k(tensor<16xf32>) -> tensor<1x4xf32>
func.func @main() -> tensor<1x4xf32>
    attributes {res.arena_bytes = 64 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 64 : i64} {
  %w = res.constant dense<1.0> : tensor<16xf32>
  // expected-error @below {{expected results of calls and packed weights with an offset as inputs}}
  %0 = res.call @k(%w) at [-1] : (tensor<16xf32>) -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}

// -----

func.func private @k(tensor<1x4xf32>) -> tensor<1x4xf32>
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32>
    attributes {res.arena_bytes = 64 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 0 : i64} {
  // expected-error @below {{expected the offset -1 for what 'main' returns and nothing else, got 0}}
  %0 = res.call @k(%x) at [0] : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}

// -----

func.func private @k(tensor<1x4xf32>) -> tensor<1x4xf32>
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32>
    attributes {res.arena_bytes = 64 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 0 : i64} {
  // expected-error @below {{expected the offset -1 for what 'main' returns and nothing else, got -1}}
  %0 = res.call @k(%x) at [-1] : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %1 = res.call @k(%0) at [-1] : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %1 : tensor<1x4xf32>
}

// -----

func.func private @k(tensor<1x4xf32>) -> tensor<1x4xf32>
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32>
    attributes {res.arena_bytes = 64 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 0 : i64} {
  // expected-error @below {{expected an offset that is a multiple of 64 and leaves 16 bytes of the arena's 64, got 64}}
  %0 = res.call @k(%x) at [64] : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %1 = res.call @k(%0) at [-1] : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %1 : tensor<1x4xf32>
}

// -----

func.func private @k(tensor<1x4xf32>) -> tensor<1x4xf32>
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32>
    attributes {res.arena_bytes = 64 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 0 : i64} {
  // expected-error @below {{expected an offset that is a multiple of 64 and leaves 16 bytes of the arena's 64, got 16}}
  %0 = res.call @k(%x) at [16] : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %1 = res.call @k(%0) at [-1] : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %1 : tensor<1x4xf32>
}

// -----

// expected-error @below {{expected each output to be the result of a call, and none twice}}
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32>
    attributes {res.arena_bytes = 64 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 0 : i64} {
  return %x : tensor<1x4xf32>
}

// -----

func.func private @k(tensor<1x4xf32>) -> tensor<1x4xf32>
// expected-error @below {{expected each output to be the result of a call, and none twice}}
func.func @main(%x: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>)
    attributes {res.arena_bytes = 0 : i64, res.arena_lower_bound_bytes = 0 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @k(%x) at [-1] : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %0, %0 : tensor<1x4xf32>, tensor<1x4xf32>
}

// -----

// Two tensors that live together at one place: the second call overwrites what the third reads.
!a = tensor<1x16x1x1xf32, #res.blocked<16>>
func.func private @k(!a) -> !a
func.func private @add(!a, !a) -> !a
func.func @main(%x: !a) -> !a
    attributes {res.arena_bytes = 64 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @k(%x) at [0] : (!a) -> !a
  %1 = res.call @k(%x) at [0] : (!a) -> !a
  // expected-error @below {{expected input 0 to lie in the arena as it was written, got it overwritten}}
  %2 = res.call @add(%0, %1) at [-1] : (!a, !a) -> !a
  return %2 : !a
}

// -----

!a = tensor<1x16x1x1xf32, #res.blocked<16>>
func.func private @k(!a) -> !a
func.func @main(%x: !a) -> !a
    attributes {res.arena_bytes = 64 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @k(%x) at [0] : (!a) -> !a
  // expected-error @below {{expected results apart from inputs and from each other}}
  %1 = res.call @k(%0) at [0] : (!a) -> !a
  %2 = res.call @k(%1) at [-1] : (!a) -> !a
  return %2 : !a
}

// -----

!a = tensor<1x16x1x1xf32, #res.blocked<16>>
func.func private @k(!a) -> !a
func.func private @sum(!a, !a) -> !a attributes {res.in_place = 1 : i64}
func.func @main(%x: !a) -> !a
    attributes {res.arena_bytes = 128 : i64, res.arena_lower_bound_bytes = 128 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @k(%x) at [0] : (!a) -> !a
  // expected-error @below {{expected the result at the place of the input that it overwrites}}
  %1 = res.call @sum(%x, %0) over 1 at [64] : (!a, !a) -> !a
  %2 = res.call @k(%1) at [-1] : (!a) -> !a
  return %2 : !a
}

// -----

// Scratch of a step: for one and for two threads above what is live, for more over the input.
!a = tensor<1x16x1x2xf32, #res.blocked<16>>
func.func private @k(!a) -> !a
func.func private @s(!a) -> !a attributes {res.scratch = array<i64: 0, 128>}
func.func @main(%x: !a) -> !a
    attributes {res.arena_bytes = 128 : i64, res.arena_lower_bound_bytes = 128 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @k(%x) at [0] : (!a) -> !a
  // expected-error @below {{expected scratch of 3 threads apart from inputs and results}}
  %1 = res.call @s(%0) at [-1] {res.scratch_place = array<i64: 128, 2, 0>} : (!a) -> !a
  return %1 : !a
}

// -----

// The same over the result.
!a = tensor<1x16x1x2xf32, #res.blocked<16>>
func.func private @k(!a) -> !a
func.func private @s(!a) -> !a attributes {res.scratch = array<i64: 1, 0>}
func.func @main(%x: !a) -> !a
    attributes {res.arena_bytes = 128 : i64, res.arena_lower_bound_bytes = 128 : i64, res.weights_bytes = 0 : i64} {
  // expected-error @below {{expected scratch of 1 thread apart from inputs and results}}
  %0 = res.call @s(%x) at [0] {res.scratch_place = array<i64: 0, 0, 0>} : (!a) -> !a
  %1 = res.call @k(%0) at [-1] : (!a) -> !a
  return %1 : !a
}

// -----

// A tensor that this step does not read, and the next one does. Two workers' scratch ends where it begins.
!a = tensor<1x16x1x2xf32, #res.blocked<16>>
func.func private @k(!a) -> !a
func.func private @s(!a) -> !a attributes {res.scratch = array<i64: 0, 128>}
func.func private @add(!a, !a) -> !a
func.func @main(%x: !a) -> !a
    attributes {res.arena_bytes = 1152 : i64, res.arena_lower_bound_bytes = 256 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @k(%x) at [256] : (!a) -> !a
  %1 = res.call @s(%x) at [1024] {res.scratch_place = array<i64: 0, 8, 1152>} : (!a) -> !a
  // expected-error @below {{expected input 0 to lie in the arena as it was written, got it overwritten by scratch of 8 threads}}
  %2 = res.call @add(%0, %1) at [-1] : (!a, !a) -> !a
  return %2 : !a
}

// -----

!a = tensor<1x16x1x2xf32, #res.blocked<16>>
func.func private @s(!a) -> !a attributes {res.scratch = array<i64: 128, 128>}
func.func @main(%x: !a) -> !a
    attributes {res.arena_bytes = 0 : i64, res.arena_lower_bound_bytes = 0 : i64, res.weights_bytes = 0 : i64} {
  // expected-error @below {{expected scratch at a multiple of 128, got 64}}
  %0 = res.call @s(%x) at [-1] {res.scratch_place = array<i64: 64, 2, 0>} : (!a) -> !a
  return %0 : !a
}

// -----

!a = tensor<1x16x1x2xf32, #res.blocked<16>>
func.func private @s(!a) -> !a attributes {res.scratch = array<i64: 0, 128>}
func.func @main(%x: !a) -> !a
    attributes {res.arena_bytes = 0 : i64, res.arena_lower_bound_bytes = 0 : i64, res.weights_bytes = 0 : i64} {
  // expected-error @below {{expected three numbers in res.scratch_place, as its kernel needs scratch}}
  %0 = res.call @s(%x) at [-1] : (!a) -> !a
  return %0 : !a
}

// -----

!a = tensor<1x16x1x2xf32, #res.blocked<16>>
func.func private @s(!a) -> !a attributes {res.scratch = array<i64: 0, 128>}
func.func @main(%x: !a) -> !a
    attributes {res.arena_bytes = 0 : i64, res.arena_lower_bound_bytes = 0 : i64, res.weights_bytes = 0 : i64} {
  // expected-error @below {{expected scratch of 0 to 281474976710656 bytes and places up to there, got -128}}
  %0 = res.call @s(%x) at [-1] {res.scratch_place = array<i64: 0, 0, -128>} : (!a) -> !a
  return %0 : !a
}

// -----

// Inputs of a concatenation that are not one behind the other.
!a = tensor<1x16x1x1xf32, #res.blocked<16>>
!b = tensor<1x32x1x1xf32, #res.blocked<16>>
!r = tensor<1x32xf32>
func.func private @k(!a) -> !a
func.func private @last(!b) -> tensor<1x4xf32>
func.func private @row(!r) -> tensor<1x4xf32>
func.func @main(%x: !a) -> tensor<1x4xf32>
    attributes {res.arena_bytes = 192 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @k(%x) at [0] : (!a) -> !a
  %1 = res.call @k(%x) at [128] : (!a) -> !a
  %2 = res.concat %0, %1 along 1 : (!a, !a) -> !b
  // expected-error @below {{expected input 0 to lie in the arena as it was written, got it overwritten}}
  %3 = res.call @last(%2) at [-1] : (!b) -> tensor<1x4xf32>
  return %3 : tensor<1x4xf32>
}

// -----

// A part that another call has overwritten, seen through a reshape of the whole.
!a = tensor<1x16x1x1xf32, #res.blocked<16>>
!b = tensor<1x32x1x1xf32, #res.blocked<16>>
!r = tensor<1x32xf32>
func.func private @k(!a) -> !a
func.func private @last(!b) -> tensor<1x4xf32>
func.func private @row(!r) -> tensor<1x4xf32>
func.func @main(%x: !a) -> tensor<1x4xf32>
    attributes {res.arena_bytes = 128 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @k(%x) at [0] : (!a) -> !a
  %1 = res.call @k(%x) at [64] : (!a) -> !a
  %2 = res.call @k(%1) at [0] : (!a) -> !a
  %3 = res.concat %0, %1 along 1 : (!a, !a) -> !b
  %4 = res.reshape %3 : !b -> !r
  // expected-error @below {{expected input 0 to lie in the arena as it was written, got it overwritten}}
  %5 = res.call @row(%4) at [-1] : (!r) -> tensor<1x4xf32>
  return %5 : tensor<1x4xf32>
}

// -----

// A result over a part of what its call reads.
!a = tensor<1x16x1x1xf32, #res.blocked<16>>
!b = tensor<1x32x1x1xf32, #res.blocked<16>>
!r = tensor<1x32xf32>
func.func private @k(!a) -> !a
func.func private @last(!b) -> tensor<1x4xf32>
func.func private @row(!r) -> tensor<1x4xf32>
func.func private @half(!b) -> !a
func.func @main(%x: !a) -> tensor<1x4xf32>
    attributes {res.arena_bytes = 128 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @k(%x) at [0] : (!a) -> !a
  %1 = res.call @k(%x) at [64] : (!a) -> !a
  %2 = res.concat %0, %1 along 1 : (!a, !a) -> !b
  // expected-error @below {{expected results apart from inputs and from each other}}
  %3 = res.call @half(%2) at [64] : (!b) -> !a
  %4 = res.reshape %3 : !a -> tensor<1x16xf32>
  %5 = res.call @row16(%4) at [-1] : (tensor<1x16xf32>) -> tensor<1x4xf32>
  return %5 : tensor<1x4xf32>
}
func.func private @row16(tensor<1x16xf32>) -> tensor<1x4xf32>

// -----

// Elements that would have to move.
!a = tensor<1x12x1x1xf32, #res.blocked<16>>
!b = tensor<1x24x1x1xf32, #res.blocked<16>>
!r = tensor<1x32xf32>
func.func private @k(!a) -> !a
func.func private @last(!b) -> tensor<1x4xf32>
func.func private @row(!r) -> tensor<1x4xf32>
func.func @main(%x: !a) -> tensor<1x4xf32>
    attributes {res.arena_bytes = 128 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @k(%x) at [0] : (!a) -> !a
  %1 = res.call @k(%x) at [64] : (!a) -> !a
  // expected-error @below {{expected elements that lie in memory as the operands have them}}
  %2 = res.concat %0, %1 along 1 : (!a, !a) -> !b
  %3 = res.call @last(%2) at [-1] : (!b) -> tensor<1x4xf32>
  return %3 : tensor<1x4xf32>
}

// -----

// An input of the model lies elsewhere.
!a = tensor<1x16x1x1xf32, #res.blocked<16>>
!b = tensor<1x32x1x1xf32, #res.blocked<16>>
!r = tensor<1x32xf32>
func.func private @k(!a) -> !a
func.func private @last(!b) -> tensor<1x4xf32>
func.func private @row(!r) -> tensor<1x4xf32>
func.func @main(%x: !a) -> tensor<1x4xf32>
    attributes {res.arena_bytes = 128 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 0 : i64} {
  %0 = res.call @k(%x) at [0] : (!a) -> !a
  // expected-error @below {{expected results of calls that stay in the arena}}
  %1 = res.concat %0, %x along 1 : (!a, !a) -> !b
  %2 = res.call @last(%1) at [-1] : (!b) -> tensor<1x4xf32>
  return %2 : tensor<1x4xf32>
}
