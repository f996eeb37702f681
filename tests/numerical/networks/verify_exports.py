#!/usr/bin/env python3
"""Compile and verify exported models whose outputs PyTorch has computed.

FOLDER has pairs FILE.onnx and FILE.npz; the archive has the arrays 'input' and 'output', the second computed in float64
from the same weights. Symbolic dimensions of a model get the sizes of 'input'. For each file a line tells the seconds
of 'resc compile', the errors of resc and of ONNX Runtime relative to the largest output, and what 'resc verify' says.

A file is good if 'verify' passes and the error is at most 1e-4, or, for networks that amplify rounding errors, twice
that of ONNX Runtime, whose own error has to be at most 1e-3, or the archive is of another model. The exit code is 1 if
a file is not good.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

BOUND, ROUNDING = 1e-4, 1e-3


class Failure(Exception):
    pass


def resc(command, *arguments):
    """Runs resc and returns its standard output and seconds."""
    start = time.monotonic()
    result = subprocess.run([command, *map(str, arguments)], capture_output=True, text=True)
    if result.returncode:
        raise Failure(f"resc {arguments[0]}: {(result.stderr or result.stdout).strip()}")
    return result.stdout.strip(), time.monotonic() - start


def shape_options(model, shape):
    """The options that give the symbolic dimensions of the model's input the sizes of 'shape'."""
    graph = onnx.load(str(model), load_external_data=False).graph
    weights = {w.name for w in graph.initializer}
    data = next(value for value in graph.input if value.name not in weights)
    symbolic = [i for i, d in enumerate(data.type.tensor_type.shape.dim) if not d.HasField("dim_value")]
    if not symbolic:
        return []
    if symbolic == [0]:
        return ["--batch", shape[0]]
    return ["--input-shape", f"{data.name}={'x'.join(map(str, shape))}"]


def relative_error(got, expected):
    if got.shape != expected.shape:
        raise Failure(f"expected an output of shape {list(expected.shape)}, got {list(got.shape)}")
    difference = np.abs(got.astype(np.float64) - expected).max()
    return difference / np.abs(expected).max() if np.isfinite(difference) else np.inf


def onnxruntime_error(model, x, expected):
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    return relative_error(session.run(None, {session.get_inputs()[0].name: x})[0], expected)


def check(command, model, folder):
    """Returns what to print about a good file, or raises Failure."""
    archive = np.load(model.with_suffix(".npz"))
    x, expected = archive["input"], archive["output"]
    library, options = folder / "model.so", shape_options(model, x.shape)
    _, seconds = resc(command, "compile", model, "-o", library, "--math", "strict", *options)
    np.save(folder / "x.npy", x)
    resc(command, "run", library, "--input", folder / "x.npy", "--output", folder / "y.npy")
    error = relative_error(np.load(folder / "y.npy"), expected)
    theirs = onnxruntime_error(model, x, expected)
    facts = f"compile {seconds:4.1f} s, error {error:.1e}, ONNX Runtime's {theirs:.1e}"
    if not theirs <= ROUNDING:
        raise Failure(f"{facts}: the archive does not belong to the model")
    if not error <= max(BOUND, 2 * theirs):
        raise Failure(f"{facts}: too large")
    said, _ = resc(command, "verify", model, "--so", library, "--math", "strict", *options)
    return f"{facts}, {said}"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=Path, metavar="FOLDER", help="where the models are")
    p.add_argument("--only", default="*", metavar="PATTERN", help="such as 'resnet18.*' (default: all)")
    p.add_argument("--resc", default="resc", metavar="FILE", help="the command (default: resc on the path)")
    a = p.parse_args()
    onnxruntime.set_default_logger_severity(3)  # no warnings about unusual spellings
    models = [m for m in sorted(a.folder.glob(a.only + ".onnx")) if m.with_suffix(".npz").is_file()]
    if not models:
        p.error(f"expected pairs FILE.onnx and FILE.npz in '{a.folder}', found none that match '{a.only}'")
    width, bad = max(len(m.stem) for m in models), 0
    with tempfile.TemporaryDirectory() as folder:
        for model in models:
            try:
                line = "good  " + f"{model.stem:{width}}  {check(a.resc, model, Path(folder))}"
            except (Failure, KeyError, OSError) as e:
                line, bad = "bad   " + f"{model.stem:{width}}  {e}", bad + 1
            print(line, flush=True)
    print(f"{len(models) - bad} of {len(models)} files are good")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
