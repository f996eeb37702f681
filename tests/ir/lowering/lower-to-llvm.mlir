// RUN: res-opt %s --res-lower-to-llvm | FileCheck %s
// RUN: res-opt %s --res-lower-to-llvm | FileCheck %s --check-prefixes=PROGRAM,V4
// RUN: sed s/x86-64-v4/x86-64-v3,x86-64-v4/ %s | res-opt --res-lower-to-llvm | FileCheck %s --check-prefix=BOTH
// RUN: sed s/x86-64-v4/aarch64/ %s | res-opt --res-lower-to-llvm | FileCheck %s --check-prefixes=PROGRAM,NEON
// RUN: sed s/x86-64-v4/vax/ %s | not res-opt --res-lower-to-llvm 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: sed s/x86-64-v4/x86-64-v3/ %s | res-opt --res-lower-to-llvm | FileCheck %s --check-prefixes=PROGRAM,V3

// The kernel is declared, hidden: context, two inputs, the weight, one output.
// CHECK-DAG: llvm.func hidden @kernel(!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32
// CHECK-DAG: llvm.mlir.global external hidden constant @res_weights()

// A step fills `host`, field 2, of each descriptor, and hands on its worker.
// CHECK-LABEL: llvm.func internal @res_step_0
// CHECK-SAME: %[[INPUTS:.*]]: !llvm.ptr, %[[OUTPUTS:.*]]: !llvm.ptr, %[[ARENA:.*]]: !llvm.ptr, %[[WORKER:.*]]: !llvm.ptr
// CHECK: %[[SLOT:.*]] = llvm.getelementptr %[[INPUTS]][0]
// CHECK: %[[HOST:.*]] = llvm.load %[[SLOT]]
// CHECK: %[[FIELD:.*]] = llvm.getelementptr %{{.*}}[0, 2]
// CHECK: llvm.store %[[HOST]], %[[FIELD]]
// CHECK: llvm.mlir.addressof @res_weights
// CHECK: llvm.mlir.constant(64 : i64)
// CHECK: llvm.getelementptr %[[ARENA]]
// CHECK: llvm.call @kernel(%[[WORKER]],
// CHECK-LABEL: llvm.func internal @res_step_1
// CHECK-SAME: %{{.*}}: !llvm.ptr, %[[OUTPUTS:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr
// CHECK: llvm.getelementptr %[[OUTPUTS]][0]

// The description: ABI version, sizes, strings, the table of steps, the runtime's functions.
// CHECK-DAG: llvm.mlir.global private constant @res_inputs_name0("in\00")
// CHECK-DAG: llvm.mlir.global private constant @res_name("demo\00")
// CHECK-DAG: llvm.mlir.global internal constant @res_steps() {{.*}} !llvm.struct<(ptr, ptr)>
// CHECK-DAG: llvm.func hidden @res_rt_run() -> i32
// CHECK-DAG: llvm.func @res_get_model() -> !llvm.ptr
// CHECK-DAG: llvm.func @demo_get_model() -> !llvm.ptr
// CHECK-NOT: func.func

// The program (res_abi_program): its steps, the arena, the most scratch of any call, shared and for each worker, and what
// the processor must have (bit 0: AVX2, bit 1: AVX-512).
// PROGRAM-LABEL: @res_program()
// PROGRAM-NEXT: addressof @res_steps
// PROGRAM-NEXT: constant(192 : i64)
// PROGRAM-NEXT: constant(256 : i64)
// PROGRAM-NEXT: constant(512 : i64)
// V4-NEXT: constant(3 : i32)
// V3-NEXT: constant(1 : i32)
// NEON-NEXT: constant(0 : i32)
// PROGRAM-NEXT: constant(0 : i32)
// PROGRAM-NEXT: llvm.mlir.zero

// For two targets: kernels, steps and a program of each; the better one refers to the other.
// BOTH-DAG: llvm.func hidden @kernel(
// BOTH-DAG: llvm.func hidden @kernel_x86_64_v3(
// BOTH: llvm.func internal @res_step_0_x86_64_v3
// BOTH: llvm.call @kernel_x86_64_v3(
// BOTH: llvm.mlir.global private constant @res_target("x86-64-v4,x86-64-v3\00")
// BOTH: @res_program_x86_64_v3()
// BOTH: addressof @res_steps_x86_64_v3
// BOTH: constant(1 : i32)
// BOTH: llvm.mlir.zero
// BOTH: @res_program()
// BOTH: constant(3 : i32)
// BOTH: addressof @res_program_x86_64_v3

// UNKNOWN: error: unknown target 'vax'
module attributes {res.model = "demo", res.target = "x86-64-v4", res.hash = "xxh3:0"} {
func.func @main(%x: tensor<1x4xf32> {res.name = "in"}) -> (tensor<1x4xf32> {res.name = "out"})
    attributes {res.arena_bytes = 192 : i64, res.arena_lower_bound_bytes = 64 : i64, res.weights_bytes = 128 : i64} {
  %w = res.weight "w" in "f" at 0 : tensor<4xf32>
  %p = res.pack %w : tensor<4xf32> -> tensor<16xf32> as #res.pack_vector<multiple = 16> at 64
  %0 = res.call @kernel(%x, %p) at [0] {res.scratch_place = array<i64: 128, 2, 128>} : (tensor<1x4xf32>, tensor<16xf32>) -> tensor<1x4xf32>
  %1 = res.call @kernel(%0, %p) at [-1] {res.scratch_place = array<i64: 128, 2, 256>} : (tensor<1x4xf32>, tensor<16xf32>) -> tensor<1x4xf32>
  return %1 : tensor<1x4xf32>
}
func.func private @kernel(%a: tensor<1x4xf32>, %b: tensor<16xf32>) -> tensor<1x4xf32> attributes {res.scratch = array<i64: 256, 512>} {
  %0 = res.affine %a, %b, %b : tensor<1x4xf32>, tensor<16xf32>
  return %0 : tensor<1x4xf32>
}
func.func private @other(%a: tensor<1x4xf32>) -> tensor<1x4xf32> attributes {res.scratch = array<i64: 1024, 128>} {
  %0 = res.relu %a : tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}
}
