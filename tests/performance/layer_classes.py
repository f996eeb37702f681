#!/usr/bin/env python3
"""The share of the FMA peak that each shape of layer reaches in the running network.

    layer_classes.py MODEL.onnx [--threads 1 2] [--math fast strict] [--rounds 4] [--json OUT]
    layer_classes.py fast.so strict.so --threads 1 2

Runs 'resc bench --layers' on each library and thread count in turn and prints, in Markdown, the median time of a layer and its
share of the FMA peak, which is effective: multiply-adds as defined, so that Winograd may exceed 100%. Beside it stands what
hand-written chains of such kernels reached, for the shapes that are known (goals.json); then the scaling with threads, and
the time that is not spent in convolutions.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "peers"))
import machine  # noqa: E402

RESC = os.path.join(HERE, "../../build/release/bin/resc")
GOALS = os.path.join(HERE, "goals.json")


def bench(options, library, threads):
    """The JSON of one short run, pinned to the first cores."""
    def prepare():
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
        machine.set_priority(options.nice)
    text = subprocess.check_output([options.resc, "bench", library, "--layers", "--threads", str(threads), "--seconds",
                                    str(options.seconds / options.rounds / 2), "--json", "-"], text=True,
                                   preexec_fn=prepare, start_new_session=True)
    return json.loads(text)


def merge(runs):
    """Medians over the runs of one library and thread count: of the whole, and (layer, algorithm) -> of its shape."""
    def median(key, among=runs):
        return statistics.median(run[key] for run in among)
    classes = {}
    for run in runs:
        for entry in run["layer_classes"]:
            classes.setdefault((entry["layer"], entry["algorithm"]), []).append(entry)
    return {"p50_ms": median("p50_ms"), "peak_gflops": median("peak_gflops"), "read_gbytes_per_s": median("read_gbytes_per_s"),
            "classes": [{"layer": layer, "algorithm": algorithm, "calls": entries[0]["calls"],
                         "macs": entries[0]["macs"],
                         **{key: median(key, entries) for key in ("ms", "percent_of_peak", "percent_of_fma",
                                                                  "percent_of_dram", "lost_ms")}}
                        for (layer, algorithm), entries in classes.items()]}


def measure(options, libraries):
    """{math: {threads: merged}}."""
    runs = {(math, threads): [] for math in libraries for threads in options.threads}
    for _ in range(options.rounds):
        for (math, threads), done in runs.items():
            with machine.Lock(options.lock):
                done.append(bench(options, libraries[math], threads))
    results = {}
    for (math, threads), done in runs.items():
        results.setdefault(math, {})[str(threads)] = merge(done)
    return results


def cells_of(entry, goal):
    """Microseconds of a layer, its share of the peak, and what is known to be possible."""
    if entry is None:
        return ["", "", ""]
    share = f"{entry['percent_of_peak']:.0f}" if entry["macs"] else ""
    distance = "" if goal is None else f"{goal} ({entry['percent_of_peak'] - goal:+.0f})"
    return [f"{1e3 * entry['ms'] / entry['calls']:.0f}", share, distance]


def class_table(by_threads, goals):
    """Of one library; the shapes that take most time first."""
    threads = list(by_threads)
    entries = {t: {(e["layer"], e["algorithm"]): e for e in by_threads[t]["classes"]} for t in threads}
    head = "".join(f" {t} thread{'s' * (t != '1')}: us | % of peak | known (distance) |" for t in threads)
    lines = [f"| layers | algorithm |{head}", "|---|---|" + "---|---|---|" * len(threads)]
    first = entries[threads[0]]
    for key in sorted(first, key=lambda key: -first[key]["ms"]):
        layer, algorithm = key
        cells = [f"{layer}, {first[key]['calls']}", algorithm]
        for t in threads:
            cells += cells_of(entries[t].get(key), goals.get(layer, {}).get(t))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def other_share(result):
    """Percent of the time of layers in those that are neither convolutions nor fully connected."""
    total = sum(e["ms"] for e in result["classes"])
    return 100 * sum(e["ms"] for e in result["classes"] if not e["macs"]) / total


def markdown(results, goals):
    """`goals`: {math or "all": {layer: {threads: percent}}}."""
    parts = []
    for math, by_threads in results.items():
        parts.append(f"**{math}**\n\n" + class_table(by_threads, goals.get("all", {}) | goals.get(math, {})))
        for threads, result in by_threads.items():
            parts.append(f"{threads} thread{'s' * (threads != '1')}: {result['p50_ms']:.2f} ms; peak "
                         f"{result['peak_gflops']:.0f} GFLOP/s, {result['read_gbytes_per_s']:.0f} GB/s read from memory; "
                         f"{other_share(result):.1f}% of the time outside convolutions and fully connected layers"
                         + ("" if threads == "1" or "1" not in by_threads else
                            f"; {by_threads['1']['p50_ms'] / result['p50_ms']:.2f}x as fast as 1 thread"))
    return "\n\n".join(parts) + "\n"


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("models", nargs="+", metavar="MODEL.onnx|MODEL.so", help="one model, or libraries in the order of --math")
    p.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    p.add_argument("--math", nargs="+", default=["fast", "strict"])
    p.add_argument("--rounds", type=int, default=4)
    p.add_argument("--seconds", type=float, default=8, help="for each library and thread count")
    p.add_argument("--resc", default=RESC)
    p.add_argument("--resc-args", default="", help="further options of 'resc compile'")
    p.add_argument("--goals", default=GOALS, help="shares that are known to be possible")
    p.add_argument("--nice", type=int, default=0)
    p.add_argument("--lock", help="flock this file around each run")
    p.add_argument("--json")
    options = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        libraries = dict(zip(options.math, options.models))
        if not options.models[0].endswith(".so"):
            libraries = {math: os.path.join(folder, math + ".so") for math in options.math}
            for math, library in libraries.items():
                subprocess.run([options.resc, "compile", options.models[0], "-o", library, "--math", math,
                                *options.resc_args.split()], check=True)
        results = measure(options, libraries)
    with open(options.goals) as file:
        print(markdown(results, json.load(file)))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
