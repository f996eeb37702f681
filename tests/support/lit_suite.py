"""The lit suite: IR through res-opt, checked by FileCheck, and files through resc. (Under the name lit.cfg.py lit would take
this folder for a suite of its own.)"""
import os

import lit.formats

config.name = "res"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(os.path.dirname(__file__))
config.test_exec_root = os.path.join(config.obj_root, "lit")
config.environment["PATH"] = os.pathsep.join([config.tools_dir, config.llvm_tools_dir, os.environ["PATH"]])
if "HL_COMPILER_STACK_SIZE" in os.environ:  # the preset asan sets it; lit hands on the options of sanitizers by itself
    config.environment["HL_COMPILER_STACK_SIZE"] = os.environ["HL_COMPILER_STACK_SIZE"]
config.substitutions.append(("%digits", os.path.join(config.source_root, "examples", "quickstart", "digits.onnx")))
# `%exits1 COMMAND` prints what the command says and holds when that is one line and the exit code is 1.
for code in (1, 2):
    check = f'text=$("$@" 2>&1); code=$?; echo "$text"; test $code = {code} && test "$(echo "$text" | wc -l)" = 1'
    config.substitutions.append((f"%exits{code}", f"sh -c '{check}' sh"))
