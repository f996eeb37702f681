// RUN: res-opt %s --res-plan-memory --split-input-file --verify-diagnostics

// expected-error @below {{expected a function 'main'}}
module {
func.func @other() {
  return
}
}

// -----

!a = tensor<1x16x8x8xf32, #res.blocked<16>>
func.func private @sum(!a, !a) -> !a attributes {res.in_place = 1 : i64}
func.func private @unary(!a) -> !a
func.func @main(%x: !a) -> !a {
  %0 = res.call @unary(%x) : (!a) -> !a
  // expected-error @below {{expected to overwrite a tensor of the arena that nothing reads later}}
  %1 = res.call @sum(%x, %0) over 1 : (!a, !a) -> !a
  %2 = res.call @sum(%0, %1) over 1 : (!a, !a) -> !a
  %3 = res.call @unary(%2) : (!a) -> !a
  return %3 : !a
}

// -----

!a = tensor<1x16x8x8xf32, #res.blocked<16>>
!b = tensor<1x32x8x8xf32, #res.blocked<16>>
func.func private @unary(!a) -> !a
func.func private @last(!b, !b) -> tensor<1x4xf32>
func.func @main(%x: !a) -> tensor<1x4xf32> {
  %0 = res.call @unary(%x) : (!a) -> !a
  %1 = res.call @unary(%x) : (!a) -> !a
  %2 = res.call @unary(%x) : (!a) -> !a
  %3 = res.concat %0, %1 along 1 : (!a, !a) -> !b
  // expected-error @below {{expected inputs that no other concatenation wants beside something else}}
  %4 = res.concat %2, %1 along 1 : (!a, !a) -> !b
  %5 = res.call @last(%3, %4) : (!b, !b) -> tensor<1x4xf32>
  return %5 : tensor<1x4xf32>
}

// -----

!a = tensor<1x16x8x8xf32, #res.blocked<16>>
!b = tensor<1x32x8x8xf32, #res.blocked<16>>
func.func private @unary(!a) -> !a
func.func private @last(!b) -> tensor<1x4xf32>
func.func @main(%x: !a) -> tensor<1x4xf32> {
  %0 = res.call @unary(%x) : (!a) -> !a
  // expected-error @below {{expected to lie where tensors of the arena lie}}
  %1 = res.concat %0, %x along 1 : (!a, !a) -> !b
  %2 = res.call @last(%1) : (!b) -> tensor<1x4xf32>
  return %2 : tensor<1x4xf32>
}
