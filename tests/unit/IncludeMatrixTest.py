#!/usr/bin/env python3
"""Data flows one way: fails on an #include that goes against it, one line each.

    IncludeMatrixTest.py SOURCE_ROOT
"""
import pathlib
import re
import sys

# Folder -> what its files may include besides the folder itself, the more special folder first. `res` is the runtime's
# public include folder; `mlir`, `halide` and `onnx` (the schema) are libraries that stay where they are needed.
ALLOWED = {
    "dialect": "mlir",
    "frontends": "dialect mlir onnx",
    "compiler/analysis": "",
    "compiler/transforms": "compiler/analysis compiler/lowering/Scratch.h dialect mlir",
    "compiler/lowering": "compiler/analysis dialect res mlir",
    "compiler/weights": "dialect mlir",
    "compiler/reference": "compiler/weights dialect mlir",
    "compiler/schedules": "compiler/analysis halide",
    "compiler/codegen": "compiler/schedules compiler/analysis compiler/lowering dialect res mlir halide",
    "compiler/link": "compiler/analysis compiler/lowering dialect res mlir",
    "compiler/pipeline": "compiler/analysis compiler/transforms compiler/lowering compiler/weights compiler/codegen "
                         "compiler/link runtime/RuntimeBlob.h dialect mlir",
    # What runs a compiled model starts without loading the compiler.
    "compiler/tools/common": "res",
    "compiler/tools/inspect": "compiler/tools/common",
    "compiler/tools/resc": "compiler/tools/common compiler/tools/inspect res",
    "compiler/tools": "compiler frontends dialect res mlir",
    "runtime": "res",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]', re.MULTILINE)
OURS = ("dialect", "frontends", "compiler", "runtime", "res", "tests", "examples")
LIBRARIES = {"mlir": "mlir", "Halide.h": "halide", "HalideRuntime.h": "halide", "onnx-ml.pb.h": "onnx"}


def target_of(file, quote, included):
    """What an include reaches: a path of ours, a library, or None where the matrix has no say."""
    first = included.split("/")[0]
    if first in LIBRARIES:
        return LIBRARIES[first]
    if first in OURS and "/" in included:
        return included
    if ".." in included or quote == '"' and "/" not in included and not (file.parent / included).exists():
        return "a path that does not start at the root"
    return None


def check(root):
    failures = []
    files = [file for top in ("dialect", "frontends", "compiler", "runtime") for file in sorted((root / top).rglob("*"))
             if file.suffix in (".h", ".c", ".cpp", ".in") and not file.name.endswith(".cmake.in")]
    if len(files) < 50:
        failures.append(f"expected the sources of resc under {root}, got {len(files)} files")
    for file in files:
        name = file.relative_to(root).as_posix()
        owner = next((folder for folder in ALLOWED if name.startswith(folder + "/")), None)
        if owner is None:
            failures.append(f"{name}: expected a folder that the include matrix lists")
            continue
        permitted = [owner, *ALLOWED[owner].split()]
        for quote, included in INCLUDE.findall(file.read_text()):
            target = target_of(file, quote, included)
            if target and not any(target == one or target.startswith(one + "/") for one in permitted):
                failures.append(f"{name}: includes '{included}'; {owner} may include {', '.join(permitted)}")
    return failures


if __name__ == "__main__":
    problems = check(pathlib.Path(sys.argv[1]))
    print("\n".join(problems) or "every include goes with the flow of the data")
    sys.exit(1 if problems else 0)
