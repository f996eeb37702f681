#!/usr/bin/env python3
"""Time and memory of bands of rows: never, auto and always, in turn.

    compare_tiling.py MODEL.onnx[@NAME=SHAPE] … [--resc RESC] [--math fast,strict] [--threads 1,2] [--rounds 21] [--seconds 0.2]

Prints a Markdown table: the median time of never, ratios to it, and the workspace in bytes. A ratio is the median of the rounds'
ratios, as what ran within a second of each other met the same neighbours. A shape belongs to an input of a model whose sizes are
symbolic: `resnet50.onnx@input=1x3x512x512`.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

MODES = ("never", "auto", "always")


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def compile_modes(resc, model, math, folder):
    path, _, shape = model.partition("@")
    libraries = {}
    for mode in MODES:
        libraries[mode] = pathlib.Path(folder) / f"{mode}.so"
        run(resc, "compile", path, *(["--input-shape", shape] if shape else []), "--math", math, "--tile-bottlenecks", mode,
            "-o", libraries[mode])
    return libraries


def measure(resc, libraries, threads, options):
    """Median milliseconds of each library in each round; every round begins with another one, in a process of its own. Of
    always, which differs by more than the machine does, every third round."""
    times = {mode: [] for mode in libraries}
    for turn in range(options.rounds):
        order = list(libraries)[turn % len(libraries):] + list(libraries)[:turn % len(libraries)]
        for mode in order:
            if mode == "always" and turn % 3:
                continue
            report = json.loads(run(resc, "bench", libraries[mode], "--threads", threads, "--seconds", options.seconds, "--json", "-"))
            times[mode].append(report["p50_ms"])
    return times


def ratio_to_never(times, mode):
    never = times["never"][::3] if mode == "always" else times["never"]
    return statistics.median(time / apart for time, apart in zip(times[mode], never))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+", metavar="MODEL.onnx[@NAME=SHAPE]")
    parser.add_argument("--resc", default="resc")
    parser.add_argument("--math", default="fast,strict")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--seconds", type=float, default=0.2)
    options = parser.parse_args()
    print("| network | math | threads | never, ms | auto | always | never, bytes | auto | always |")
    print("|---|---|---|---|---|---|---|---|---|")
    for model in options.models:
        name = pathlib.Path(model.partition("@")[0]).name.split(".")[0] + (" " + model.partition("=")[2] if "=" in model else "")
        for math in options.math.split(","):
            with tempfile.TemporaryDirectory() as folder:
                libraries = compile_modes(options.resc, model, math, folder)
                workspace = {mode: json.loads(run(options.resc, "inspect", path, "--json"))["workspace_bytes"]
                             for mode, path in libraries.items()}
                for threads in options.threads.split(","):
                    times = measure(options.resc, libraries, threads, options)
                    bytes_of = {mode: workspace[mode][threads] for mode in MODES}
                    print(f"| {name} | {math} | {threads} | {statistics.median(times['never']):.2f} | " +
                          " | ".join(f"{ratio_to_never(times, mode):.3f}" for mode in MODES[1:]) + f" | {bytes_of['never']:,} | " +
                          " | ".join(f"{bytes_of[mode] / bytes_of['never']:.3f}" for mode in MODES[1:]) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
