#!/usr/bin/env python3
"""Side-by-side latency of CNN inference runtimes on one ONNX model.

    peers.py MODEL.onnx [--threads 1 2] [--peers resc,openvino,ort] [--python PATH ...] [--json OUT.json]

Every peer runs in its own process (so thread pools and memory are its own), the processes stay alive, and timed slices are
taken in turn (A B C, A B C, ...). README.md beside this file tells the options and how it measures.
"""
import argparse
import contextlib
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import machine
from child import Child
from model_info import model_info
from ours import Ours
from report import QUIET, finish_row, judge, markdown
from runtimes import PEERS

DEFAULT = "resc,ort,openvino,iree,tvm,torch,inductor,ncnn"
RESC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../build/release/bin/resc")


def parse_arguments(arguments=None):
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("model")
    p.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    p.add_argument("--peers", default=DEFAULT, help="comma list of: " + " ".join(p for p in PEERS if p != "reference"))
    p.add_argument("--python", nargs="+", default=[], help="more interpreters to look for peers in")
    p.add_argument("--resc", default=RESC, help="the command resc (default: build/release/bin/resc)")
    p.add_argument("--resc-args", default="", help="options of 'resc compile' for the peers resc, resc-fast and resc-strict")
    p.add_argument("--ours", help="another command to time alongside; see README.md")
    p.add_argument("--so", help="passed to --ours as {so}")
    p.add_argument("--seconds", type=float, default=3, help="timed seconds per peer and thread count")
    p.add_argument("--rounds", type=int, default=6)
    p.add_argument("--cores", type=int, nargs="+", help="cores to pin to, in order (default: all that we may use)")
    p.add_argument("--nice", type=int, default=0, help="priority of the timed processes (negative needs root)")
    p.add_argument("--lock", help="flock this file around everything timed")
    p.add_argument("--cache", help="keep compiled artifacts here (default: a temporary directory)")
    p.add_argument("--recompile", action="store_true", help="ignore artifacts in the cache")
    p.add_argument("--compile-only", action="store_true", help="only fill the cache")
    p.add_argument("--timeout", type=float, default=600, help="seconds for one compile or load")
    p.add_argument("--reference", default="auto", choices=["auto", "fp64", "ort", "none"],
                   help="fp64 needs torch; auto: fp64, else ort")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--json", help="write everything there, with the median of every slice")
    options = p.parse_args(arguments)
    for peer in filter(None, options.peers.split(",")):
        if peer not in PEERS:
            p.error(f"--peers: unknown peer '{peer}'")
    options.model, options.resc = os.path.abspath(options.model), os.path.abspath(options.resc)
    return options


def note(*words):
    print(*words, file=sys.stderr, flush=True)


def find_pythons(pythons, peers):
    """peer -> the first interpreter that has its module."""
    code = ("import importlib.util as u, json, sys\ndef has(m):\n try: return u.find_spec(m) is not None\n"
            " except Exception: return False\nprint(json.dumps([m for m in sys.argv[1:] if has(m)]))")
    modules, found = sorted({PEERS[p].module for p in peers} | {"pnnx"}), {}
    for python in pythons:
        have = json.loads(subprocess.run([python, "-c", code] + modules, stdout=subprocess.PIPE, text=True, check=True).stdout)
        for peer in peers:
            if PEERS[peer].module in have and (peer != "ncnn" or "pnnx" in have):
                found.setdefault(peer, python)
    return found


class Comparison:
    def __init__(self, options, folder):
        import numpy as np
        self.options, self.folder = options, folder
        self.names = [p for p in options.peers.split(",") if p]
        self.cores = options.cores or sorted(os.sched_getaffinity(0))
        self.pythons = find_pythons([sys.executable] + options.python, self.names + ["reference", "ort"])
        self.info = model_info(options.model)
        digest = hashlib.sha1(open(options.model, "rb").read()).hexdigest()[:10]
        self.base = os.path.join(folder, os.path.splitext(os.path.basename(options.model))[0] + "-" + digest)
        x = np.random.default_rng(options.seed).standard_normal(self.info.shape).astype(np.float32)
        np.save(self.base + ".x.npy", x)
        x.tofile(self.base + ".x.bin")
        self.lock, self.peak_program = machine.Lock(options.lock), machine.build_peak(folder)
        self.reference = self.reference_name = None
        self.rows, self.peaks = [], {}

    def case(self, peer, threads, stage, **more):
        return dict(peer=peer, threads=threads, cores=self.cores[:threads], stage=stage, nice=self.options.nice,
                    model=self.options.model, input=self.info.input, x=self.base + ".x.npy", t0=time.monotonic(),
                    resc=self.options.resc, resc_args=self.options.resc_args.split()) | more

    def evaluate_reference(self):
        import numpy as np
        for peer in {"auto": ["reference", "ort"], "fp64": ["reference"], "ort": ["ort"], "none": []}[self.options.reference]:
            path = f"{self.base}.ref{self.options.seed}-{peer}.npy"
            if peer in self.pythons and not os.path.exists(path):
                child = Child(self.pythons[peer], self.case(peer, len(self.cores), "serve", y=path, nice=0), self.folder)
                answer = child.answer(self.options.timeout)
                child.close()
                if "error" in answer:
                    note("reference:", answer["error"])
            if os.path.exists(path):
                self.reference, self.reference_name = np.load(path), {"reference": "fp64", "ort": "ort fp32"}[peer]
                return

    def error_of(self, output):
        if self.reference is None or output.size != self.reference.size:
            return None
        return float(abs(output.astype("float64") - self.reference.reshape(-1)).max())

    def compile(self, peer, threads):
        """The answer of the compiling child, or what the cache has of it; {} for peers that compile nothing."""
        kind = PEERS[peer]
        if not hasattr(kind, "compile"):
            return {}
        variant = repr(kind.flags)
        if peer.startswith("resc"):
            compiler = os.path.join(os.path.dirname(self.options.resc), "../libexec/resc-compiler")
            with contextlib.suppress(OSError):
                variant += repr((self.options.resc_args, os.stat(compiler).st_mtime_ns))
        art = f"{self.base}-{peer}-{hashlib.sha1(variant.encode()).hexdigest()[:6]}" + f"-t{threads}" * kind.per_threads
        if os.path.exists(art + ".json") and not self.options.recompile:
            return json.load(open(art + ".json"))
        child = Child(self.pythons[peer], self.case(peer, threads, "compile", cores=self.cores, art=art,
                                                    nice=self.options.nice // 4), self.folder)
        answer = child.answer(self.options.timeout)
        child.close()
        json.dump(answer, open(art + ".json", "w"))
        return answer

    def load(self, peer, threads):
        """(row, child that serves), or None; the row is kept either way."""
        import numpy as np
        row = dict(peer=peer, threads=threads, version="", slices=[])
        self.rows.append(row)

        def fail(answer, prefix=""):
            row["error"], row["stderr"] = prefix + answer["error"], answer.get("stderr", "")
            note(f"{peer}, {threads} threads: {row['error'][:300]}")
        if peer not in self.pythons:
            return fail({"error": "not installed (no module %s in any interpreter)" % PEERS[peer].module})
        compiled = self.compile(peer, threads)
        if "error" in compiled:
            return fail(compiled, "compile: ")
        row.update({key: compiled[key] for key in ("compile_s", "compile_cpu_s", "compile_rss_mb") if key in compiled})
        if compiled and os.path.isfile(compiled["artifact"]):
            row["artifact_bytes"] = os.path.getsize(compiled["artifact"])
        if self.options.compile_only:
            return note(f"{peer}: compiled")
        output = f"{self.base}-{peer}.y.npy"
        with self.lock:
            child = Child(self.pythons[peer], self.case(peer, threads, "serve", y=output, artifact=compiled.get("artifact")),
                          self.folder)
            answer = child.answer(self.options.timeout)
        if "error" in answer:
            child.close()
            return fail(answer)
        row.update(answer, version=compiled.get("version") or answer["version"])
        row["max_abs_err"] = self.error_of(np.load(output))
        note(f"{peer}, {threads} threads: ready")
        return row, child

    def is_slow(self, row, piece):
        """Slower than a slice: it gets single inferences."""
        samples = sum((ms for ms, _ in row["slices"]), [])
        return min(samples, default=row["first_ms"] / 2) > 1e3 * piece

    def wants_more(self, row, round_, piece):
        """Rounds beyond the asked ones make up for disturbed slices."""
        slow, taken = self.is_slow(row, piece), sum(len(ms) for ms, _ in row["slices"])
        if round_ < self.options.rounds:
            return not (slow and taken >= (1 if row["first_ms"] > 2000 else 3))
        undisturbed = sum(others < QUIET for _, others in row["slices"])
        return not (row["first_ms"] > 2000 or slow and taken >= 2 or undisturbed >= max(2, self.options.rounds // 2))

    def time_peers(self, threads):
        options, piece, peaks = self.options, self.options.seconds / self.options.rounds, []
        live = [pair for peer in self.names if (pair := self.load(peer, threads))]
        if options.compile_only:
            return
        ours = Ours(options, threads, self.cores[:threads], piece, self.base) if options.ours else None
        if ours:
            self.rows.append(ours.row)
        for round_ in range(options.rounds * 3):
            todo = [(row, child) for row, child in live if "error" not in row and self.wants_more(row, round_, piece)]
            go_ours = ours and "error" not in ours.row and round_ < options.rounds
            if not todo and not go_ours:
                break
            with self.lock:
                peaks += filter(None, [machine.measure_peak(self.peak_program, self.cores[:threads])])
                for row, child in todo:
                    slow = self.is_slow(row, piece)
                    answer = child.ask(options.timeout, warm_n=0 if slow else 50, warm_s=min(.08, piece / 4),
                                       seconds=0 if slow else piece, least=1 if slow else 2)
                    if "error" in answer:
                        row["error"] = answer["error"]
                    else:
                        row["slices"].append((answer["ms"], answer["others"]))
                        row["rss_mb"] = answer["rss_mb"]
                if go_ours:
                    ours.run(self.error_of)
            if options.lock:
                time.sleep(.05)  # lets others have the lock
        for _, child in live:
            child.close()
        self.finish(threads, peaks)

    def finish(self, threads, peaks):
        rates = [peak[0] for peak in peaks]
        peak = dict(fp32=statistics.median(rates), fp32_min=min(rates), fp32_max=max(rates)) if rates else {}
        if peaks and len(peaks[0]) > 1:
            peak["int8"] = statistics.median(p[1] for p in peaks)
        self.peaks[threads] = peak
        for row in self.rows:
            if row["threads"] == threads and "error" not in row:
                finish_row(row, self.info.flop, peak.get("int8" if self.info.quantized else "fp32"))

    def run(self):
        """Everything, as it goes into the JSON file; None with --compile-only."""
        self.evaluate_reference()
        for threads in self.options.threads:
            if threads > len(self.cores):
                note("not enough cores for %d threads" % threads)
                continue
            self.time_peers(threads)
        if self.options.compile_only:
            return None
        result = dict(model=os.path.basename(self.options.model), model_bytes=os.path.getsize(self.options.model),
                      shape=self.info.shape, gflop=self.info.flop / 1e9, layers_not_counted=self.info.missing,
                      quantized=self.info.quantized, reference=self.reference_name,
                      output_scale=None if self.reference is None else float(abs(self.reference).max()), peaks=self.peaks,
                      seconds=self.options.seconds, rounds=self.options.rounds, rows=self.rows)
        judge(result)
        return result


def main():
    options = parse_arguments()
    folder = os.path.abspath(options.cache) if options.cache else tempfile.mkdtemp(prefix="peers")
    os.makedirs(folder, exist_ok=True)
    try:
        result = Comparison(options, folder).run()
    finally:
        if not options.cache:
            shutil.rmtree(folder, ignore_errors=True)
    if result and options.json:
        with open(options.json, "w") as file:
            json.dump(result, file, indent=1)
    if result:
        print(markdown(result), flush=True)


if __name__ == "__main__":
    main()
