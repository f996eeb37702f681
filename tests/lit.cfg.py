"""The lit suite: IR through res-opt, checked by FileCheck, and files through resc."""
import os

import lit.formats

config.name = "res"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.obj_root, "lit")
config.environment["PATH"] = os.pathsep.join([config.tools_dir, config.llvm_tools_dir, os.environ["PATH"]])
config.substitutions.append(("%digits", os.path.join(config.source_root, "examples", "quickstart", "digits.onnx")))
