#!/usr/bin/env python3
"""Compiles networks with all blocks in bands of rows (--tile-bottlenecks always) and verifies them.

    verify_tiled.py MODEL.onnx[@NAME=SHAPE] … [--resc RESC] [--math strict,fast]

A shape belongs to an input of a model whose sizes are symbolic: `resnet50.onnx@input=1x3x197x211`. Prints a line for each, and
exits with 1 if one is wrong. The small networks of TiledTest.py go through the same in seconds.
"""
import argparse
import pathlib
import subprocess
import sys
import time


def verify(resc, model, math):
    """Whether it is good, and resc's last line about it."""
    path, _, shape = model.partition("@")
    result = subprocess.run([resc, "verify", path, *(["--input-shape", shape] if shape else []), "--math", math,
                             "--tile-bottlenecks", "always"], capture_output=True, text=True)
    return result.returncode == 0, (result.stdout + result.stderr).strip().splitlines()[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+", metavar="MODEL.onnx[@NAME=SHAPE]")
    parser.add_argument("--resc", default="resc")
    parser.add_argument("--math", default="strict,fast")
    options = parser.parse_args()
    wrong = 0
    for model in options.models:
        path, _, shape = model.partition("@")
        for math in options.math.split(","):
            start = time.monotonic()
            good, line = verify(options.resc, model, math)
            wrong += not good
            name = pathlib.Path(path).name.split(".")[0] + (" " + shape.split("=")[-1] if shape else "")
            print(f"{'good' if good else 'wrong':5s} {name:24s} {math:6s} {time.monotonic() - start:6.1f} s, {line}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
