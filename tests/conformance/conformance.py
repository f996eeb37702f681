"""Runs backend tests of onnx through compiled code: what passes, and what resc says where it refuses.

Environment: RESC is the command.
"""
import os
import re
import subprocess
import sys
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx

from onnx_cases import LIGHT_KIND, ROOT, variants

sys.path.insert(0, str(ROOT / "examples/python"))
from resc_model import Model  # noqa: E402

RESC = os.environ.get("RESC", str(ROOT / "build/release/bin/resc"))
# Of the largest output, what 'resc verify' allows; never less than the bounds of the test.
LARGEST_ERROR = {"strict": 1e-5, "fast": 1e-4}
# What another variant may not need: it tells nothing of the case.
NEEDS_ANOTHER = re.compile(r"is computed at run time; expected a constant$|is constant; expected a tensor that is computed at run time$")

# The model is out of reach; every other error is a fault.
REFUSAL = re.compile(r"resc: error: (?:(?:unsupported node|input|output|kernel) '|node '.*: expected a result of 1 to )")

# mode: how the inputs were fed when it passed, or None. refusal: the line of resc otherwise. problem: what is wrong here.
Outcome = namedtuple("Outcome", "mode refusal problem")


def run_cases(cases, folder):
    """The outcome of each case, by name."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return dict(zip(cases, pool.map(lambda case: run_case(case, folder), cases.values())))


def run_case(case, folder):
    refusals = []
    for variant in variants(case):
        path = folder / f"{case.name}.{variant.mode}.onnx"
        onnx.save(variant.model, path)
        code, line = resc("compile", path, "--math", "strict", "-o", path.with_suffix(".strict.so"))
        if code == 0:
            return Outcome(variant.mode, None, check_variant(case, variant, path))
        if code != 1 or not REFUSAL.match(line):
            return Outcome(None, None, f"{variant.mode}: resc compile exits with {code}: {line}")
        refusals.append(line.removeprefix("resc: error: "))
    tells = [line for line in refusals if not NEEDS_ANOTHER.search(line)]
    return Outcome(None, (tells or refusals)[0], None)


def resc(*arguments):
    """The exit code, and the first line of what it complains about."""
    result = subprocess.run([RESC, *map(str, arguments)], capture_output=True, text=True, timeout=600)
    return result.returncode, (result.stderr or result.stdout).partition("\n")[0]


def check_variant(case, variant, path):
    """What is wrong with a model whose strict library is there; None if nothing is."""
    is_light = case.kind == LIGHT_KIND
    is_finite = all(np.isfinite(output).all() for output in variant.outputs)  # what the reference is for
    for math in ("strict",) if is_light else ("strict", "fast"):
        library = path.with_suffix(f".{math}.so")
        if math == "fast":
            code, line = resc("compile", path, "--math", math, "-o", library)
            if code:
                return f"resc compile --math {math} exits with {code}: {line}"
        # First in a process of its own: one that crashes has the name of the case.
        if is_finite and not is_light:
            code, line = resc("verify", path, "--math", math, "--so", library)
            if code:
                return f"resc verify --math {math} exits with {code}: {line}"
        with Model(library, threads=1) as model:
            results = list(model(**variant.inputs).values())
        library.unlink()
        problem = compare(case, results, variant.outputs, LARGEST_ERROR[math])
        if problem:
            return f"--math {math}: {problem}"
    return None


def compare(case, results, expected, largest_error):
    if len(results) != len(expected):
        return f"expected {len(expected)} outputs, got {len(results)}"
    for index, (got, want) in enumerate(zip(results, expected)):
        if got.shape != want.shape:
            return f"output {index}: expected shape {want.shape}, got {got.shape}"
        finite = np.abs(want[np.isfinite(want)], dtype=np.float64)
        rtol, atol = case.rtol, max(case.atol, largest_error * finite.max(initial=0))
        wrong = ~np.isclose(got, want, rtol, atol, equal_nan=True)
        if wrong.any():
            place = np.unravel_index(wrong.argmax(), want.shape)
            return f"output {index}: {wrong.sum()} of {want.size} elements differ, first {place}: expected {want[place]}, got {got[place]}"
    return None
