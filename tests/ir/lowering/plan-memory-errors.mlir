// RUN: not res-opt %s --res-plan-memory 2>&1 | FileCheck %s

// CHECK: error: expected a function 'main'
func.func @other() {
  return
}
