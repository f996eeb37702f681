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
