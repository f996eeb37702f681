#!/usr/bin/env python3
"""Data flows one way: fails on an #include that goes against it.

    IncludeMatrixTest.py SOURCE_ROOT
"""
import pathlib
import re
import sys

# Folder -> the folders whose headers it may include besides its own. "res" is the runtime's public include folder.
ALLOWED = {
    "dialect": [],
    "frontends": ["dialect"],
    "compiler/analysis": [],
    "compiler/transforms": ["compiler/analysis", "dialect"],
    "compiler/lowering": ["compiler/analysis", "dialect", "res"],
    "compiler/weights": ["dialect"],
    "compiler/reference": ["compiler/weights", "dialect"],
    "compiler/schedules": ["compiler/analysis", "Halide"],
    "compiler/codegen": ["compiler/schedules", "compiler/analysis", "compiler/lowering", "dialect", "res", "Halide"],
    "compiler/link": ["compiler/lowering", "dialect", "res"],
    "compiler/pipeline": ["compiler/analysis", "compiler/transforms", "compiler/lowering", "compiler/weights",
                          "compiler/codegen", "compiler/link", "dialect", "runtime"],
    "compiler/tools": ["compiler", "dialect", "frontends", "res"],
    "runtime": ["res"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^">]+)[">]', re.MULTILINE)
# First path component, or Halide's header: what of an include is ours or restricted.
OURS = ("dialect", "frontends", "compiler", "runtime", "res", "tests", "examples")


def check(root):
    failures = []
    files = [path for top in ("dialect", "frontends", "compiler", "runtime") for path in sorted((root / top).rglob("*"))
             if path.suffix in (".h", ".c", ".cpp", ".in")]
    for path in files:
        name = path.relative_to(root).as_posix()
        owner = next((folder for folder in ALLOWED if name.startswith(folder + "/")), None)
        if owner is None:
            failures.append(f"{name}: expected a folder of the include matrix")
            continue
        for included in INCLUDE.findall(path.read_text()):
            if included in ("Halide.h", "HalideRuntime.h"):
                folder = "Halide"
            elif included.split("/")[0] in OURS and "/" in included:
                folder = included
            else:
                continue
            permitted = [owner] + ALLOWED[owner]
            if not any(folder == one or folder.startswith(one + "/") for one in permitted):
                failures.append(f"{name}: includes '{included}'; {owner} may include {', '.join(permitted)}")
    if len(files) < 50:
        failures.append(f"expected the sources of resc under {root}, got {len(files)} files")
    return failures


if __name__ == "__main__":
    problems = check(pathlib.Path(sys.argv[1]))
    print("\n".join(problems) or "every include goes with the flow of the data")
    sys.exit(1 if problems else 0)
