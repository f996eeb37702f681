#!/usr/bin/env python3
"""Memory of bands of rows: the workspace of never, auto and always, and under the least limit that can be met.

    compare_memory.py MODEL.onnx[@NAME=SHAPE] … [--resc RESC] [--math fast,strict] [--threads 1,2]

Prints a Markdown table: bytes of the workspace for each number of threads, and their ratios to the untiled bound, the most that
is live at once without bands, scratch not counted. Nothing is compiled or run, so a network takes seconds. Exits with 1 if a
limit that resc names as the least is not met when it is asked for.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys

MODES = ("never", "auto", "always", "least limit")


class Planner:
    """resc inspect of one network: what is planned with further options."""

    def __init__(self, resc, model, math):
        path, _, shape = model.partition("@")
        self.command = [resc, "inspect", path, "--math", math, *(["--input-shape", shape] if shape else [])]

    def run(self, *options):
        return subprocess.run([*self.command, *options], capture_output=True, text=True)

    def plan(self, *options):
        result = self.run("--json", *options)
        return json.loads(result.stdout) if result.returncode == 0 else sys.exit(result.stderr)

    def least(self):
        """The least limit that resc names, in bytes for one thread, and its plan: None if it cannot be had."""
        refused = self.run("--memory-limit", "1K")
        found = re.search(r"the least that was reached is (\d+) for one thread", refused.stderr)
        if not found:
            sys.exit(refused.stderr or "expected a limit of 1K to be refused")
        result = self.run("--json", "--memory-limit", found[1])
        return int(found[1]), json.loads(result.stdout) if result.returncode == 0 else None


def measure(resc, model, math):
    """mode -> manifest; that of the least limit is None where it is not met."""
    planner = Planner(resc, model, math)
    plans = {mode: planner.plan("--tile-bottlenecks", mode) for mode in MODES[:3]}
    return {**plans, MODES[3]: planner.least()[1]}


def name_of(model):
    path, _, shape = model.partition("@")
    return pathlib.Path(path).name.split(".")[0] + (", " + shape.split("x", 2)[2] if shape else "")


def cell(plan, threads, bound):
    """Bytes, then ratios: 4,818,176, 4,818,432 (0.923, 0.923)"""
    workspace = [plan["workspace_bytes"][count] for count in threads]
    return ", ".join(f"{size:,}" for size in workspace) + " (" + ", ".join(f"{size / bound:.3f}" for size in workspace) + ")"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+", metavar="MODEL.onnx[@NAME=SHAPE]")
    parser.add_argument("--resc", default="resc")
    parser.add_argument("--math", default="fast,strict")
    parser.add_argument("--threads", default="1,2")
    options = parser.parse_args()
    met = True
    threads = options.threads.split(",")
    print("| network | math | untiled bound | " + " | ".join(MODES) + " |")
    print("|---" * (3 + len(MODES)) + "|")
    for model in options.models:
        for math in options.math.split(","):
            plans = measure(options.resc, model, math)
            bound = plans["never"]["arena_lower_bound_bytes"]
            met = met and None not in plans.values()
            print(f"| {name_of(model)} | {math} | {bound:,} | " +
                  " | ".join(cell(plan, threads, bound) if plan else "not met" for plan in plans.values()) + " |", flush=True)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
