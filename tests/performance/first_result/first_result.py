#!/usr/bin/env python3
"""How soon after the start of a process is its first result there, and how much memory does it take?

    first_result.py MODEL.onnx [--threads 2] [--python PATH ...] [--check]

Runs a small C program (first_result.c) with resc's libraries (fast and strict) and with the C APIs of ONNX Runtime and
OpenVINO, whose libraries are taken from their Python packages. All in turn, each in processes of its own; the files are in the
page cache, as a first round is dropped. No Python is involved in what is measured.
"""
import argparse
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../peers"))
import machine  # noqa: E402
from model_info import model_info  # noqa: E402

BUILD = os.path.join(HERE, "../../../build/release")
LIBRARIES = {"onnxruntime": ("onnxruntime", "capi/libonnxruntime.so*"), "openvino": ("openvino", "libs/libopenvino_c.so*")}
SOONER = 5  # times, as is required of resc


def package_folder(pythons, module):
    """Where the first interpreter that has a module keeps it, without importing it; None if none has."""
    code = f"import importlib.util as u; s = u.find_spec('{module}'); print(s.submodule_search_locations[0] if s else '')"
    for python in pythons:
        folder = subprocess.check_output([python, "-c", code], text=True).strip()
        if folder:
            return folder
    return None


def find_libraries(pythons):
    """runtime -> library with its C API, of those that are installed."""
    found = {}
    for runtime, (module, pattern) in LIBRARIES.items():
        folder = package_folder(pythons, module)
        paths = glob.glob(os.path.join(folder, pattern)) if folder else []
        if paths:
            found[runtime] = paths[0]
    return found


def compile_libraries(options, folder):
    """name -> (runtime, library)."""
    subjects = {}
    for math in ("fast", "strict"):
        library = os.path.join(folder, math + ".so")
        subprocess.run([options.resc, "compile", options.model, "-o", library, "--math", math, *options.resc_args.split()],
                       check=True)
        subjects["resc " + math] = ("resc", library)
    return subjects


def run_once(options, arguments, cores):
    def prepare():
        os.sched_setaffinity(0, cores)
        machine.set_priority(options.nice)
        os.environ["FIRST_RESULT_START"] = repr(time.monotonic())  # what comes next is the program
    process = subprocess.run([options.program, *arguments], preexec_fn=prepare, text=True, start_new_session=True,
                             capture_output=True)
    if process.returncode:
        sys.exit(f"first_result.py: error: {process.stderr.strip()}")
    return json.loads(process.stdout.splitlines()[-1])


def measure(options, subjects):
    """name -> medians of its rounds, the first of which is dropped."""
    info = model_info(options.model)
    cores = sorted(os.sched_getaffinity(0))[:options.threads]
    import onnx
    output = onnx.load(options.model, load_external_data=False).graph.output[0].name
    names = [info.input, output, "x".join(map(str, info.shape))]
    samples = {name: [] for name in subjects}
    with machine.Lock(options.lock):
        for round_ in range(options.rounds + 1):
            for name, (runtime, library) in subjects.items():
                sample = run_once(options, [runtime, library, options.model, str(options.threads), *names], cores)
                if round_:
                    samples[name].append(sample)
    return {name: summary(runs) for name, runs in samples.items()}


def summary(runs):
    result = {key: statistics.median(run[key] for run in runs) for key in ("first_result_ms", "load_ms", "peak_resident_mb")}
    return result | {"least_ms": min(run["first_result_ms"] for run in runs), "index": runs[0]["index"],
                     "value": runs[0]["value"]}


def markdown(rows):
    """Ratios are against the soonest of the others."""
    others = [row["first_result_ms"] for name, row in rows.items() if not name.startswith("resc")]
    lines = ["| C API | first result ms | least ms | of it until loaded ms | peak resident MB | resc is sooner |",
             "|---|---|---|---|---|---|"]
    for name, row in rows.items():
        ratio = f"{min(others) / row['first_result_ms']:.1f}x" if name.startswith("resc") and others else ""
        lines.append(f"| {name} | {row['first_result_ms']:.1f} | {row['least_ms']:.1f} | {row['load_ms']:.1f} "
                     f"| {row['peak_resident_mb']:.0f} | {ratio} |")
    return "\n".join(lines) + "\n"


def faults(rows):
    """What does not hold: everybody's result the same, resc SOONER times sooner than each other and below their memory."""
    others = {name: row for name, row in rows.items() if not name.startswith("resc")}
    found = []
    if len({row["index"] for row in rows.values()}) > 1:
        found.append("the largest output is not the same in all")
    for name, row in rows.items():
        for other, their in others.items() if name not in others else []:
            if their["first_result_ms"] < SOONER * row["first_result_ms"]:
                found.append(f"{name} is not {SOONER} times sooner than {other}")
            if row["peak_resident_mb"] >= their["peak_resident_mb"]:
                found.append(f"{name} takes as much memory as {other}")
    return found


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("model")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--python", nargs="+", default=[], help="more interpreters to look for the other runtimes in")
    p.add_argument("--resc", default=os.path.join(BUILD, "bin/resc"))
    p.add_argument("--resc-args", default="", help="further options of 'resc compile'")
    p.add_argument("--program", default=os.path.join(BUILD, "tests/performance/first_result"), help="first_result.c, compiled")
    p.add_argument("--nice", type=int, default=0)
    p.add_argument("--lock", help="flock this file while measuring")
    p.add_argument("--json")
    p.add_argument("--check", action="store_true", help=f"exit with 1 unless resc is {SOONER} times sooner, with less memory")
    options = p.parse_args()
    options.model = os.path.abspath(options.model)
    with tempfile.TemporaryDirectory() as folder:
        subjects = compile_libraries(options, folder)
        subjects |= {name: (name, path) for name, path in find_libraries([sys.executable, *options.python]).items()}
        rows = measure(options, subjects)
    print(markdown(rows))
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"model": os.path.basename(options.model), "threads": options.threads, "rows": rows}, file, indent=1)
    if options.check:
        for fault in faults(rows):
            print("not met:", fault)
        sys.exit(bool(faults(rows)))


if __name__ == "__main__":
    main()
