#!/usr/bin/env python3
"""Times the layers of several libraries compiled from one model, in turn, in one process.

    compare_layers.py a.so b.so [--threads 1] [--rounds 40] [--like conv]

Prints, for each step, the median and the least time of each library in microseconds, and the ratio of the medians
(first library / this one; above 1 is faster). Interleaving lets the noise of a shared machine hit all alike.
"""
import argparse
import ctypes
import json
import subprocess

import numpy as np


class Info(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("shape", ctypes.POINTER(ctypes.c_int64)), ("bytes", ctypes.c_size_t),
                ("rank", ctypes.c_uint32), ("type", ctypes.c_uint32)]


class Model(ctypes.Structure):
    _fields_ = [("abi_version", ctypes.c_uint32), ("struct_bytes", ctypes.c_uint32)] + [
        (name, ctypes.c_char_p) for name in ("name", "target", "compiler", "model_hash")] + [
        ("input_count", ctypes.c_uint32), ("output_count", ctypes.c_uint32), ("inputs", ctypes.POINTER(Info)),
        ("outputs", ctypes.POINTER(Info)), ("step_count", ctypes.c_uint32), ("reserved", ctypes.c_uint32),
        ("program", ctypes.c_void_p)] + [(name, ctypes.c_void_p) for name in (
            "workspace_bytes", "open", "run", "run_timed", "threads", "close", "status_text")]


class Options(ctypes.Structure):
    _fields_ = [("struct_bytes", ctypes.c_size_t), ("threads", ctypes.c_int32), ("spin", ctypes.c_int32),
                ("workspace", ctypes.c_void_p), ("workspace_bytes", ctypes.c_size_t), ("parallel_for", ctypes.c_void_p),
                ("user", ctypes.c_void_p)]


class Library:
    def __init__(self, path, threads, resc):
        self.path = path
        library = ctypes.CDLL(path)
        library.res_get_model.restype = ctypes.POINTER(Model)
        self.pointer = library.res_get_model()
        self.model = self.pointer.contents
        self.steps = json.loads(subprocess.check_output([resc, "inspect", path, "--json"]))["steps"]
        options = Options(ctypes.sizeof(Options), threads)
        self.instance = ctypes.c_void_p()
        opened = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(self.model.open)
        assert opened(ctypes.cast(self.pointer, ctypes.c_void_p), ctypes.byref(options), ctypes.byref(self.instance)) == 0
        self.run_timed = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(
            self.model.run_timed)
        rng = np.random.default_rng(1)
        inputs = [rng.standard_normal(self.model.inputs[i].bytes // 4).astype(np.float32) for i in range(self.model.input_count)]
        outputs = [np.empty(self.model.outputs[i].bytes // 4, np.float32) for i in range(self.model.output_count)]
        self.keep = inputs, outputs
        self.inputs = (ctypes.c_void_p * len(inputs))(*[a.ctypes.data for a in inputs])
        self.outputs = (ctypes.c_void_p * len(outputs))(*[a.ctypes.data for a in outputs])
        self.times = []

    def run(self, record):
        nanoseconds = np.zeros(self.model.step_count, np.uint64)
        assert self.run_timed(self.instance, self.inputs, self.outputs, nanoseconds.ctypes.data) == 0
        if record:
            self.times.append(nanoseconds / 1e3)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("libraries", nargs="+")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--like", default="", help="only steps whose node or kernel has this text")
    parser.add_argument("--resc", default="build/release/bin/resc")
    options = parser.parse_args()
    libraries = [Library(path, options.threads, options.resc) for path in options.libraries]
    for round_ in range(options.rounds + 2):
        for library in libraries:
            for repeat in range(3):
                library.run(record=round_ >= 2 and repeat > 0)
    medians = [np.median(library.times, axis=0) for library in libraries]
    least = [np.min(library.times, axis=0) for library in libraries]
    for step, info in enumerate(libraries[0].steps):
        if options.like in info["node"]:
            print(f"{info['node'][-44:]:44}" + "".join(
                f" {m[step]:8.1f} ({l[step]:7.1f}) {medians[0][step] / m[step]:5.2f}" for m, l in zip(medians, least)))
    print(f"{'total':44}" + "".join(
        f" {m.sum():8.0f} ({l.sum():7.0f}) {medians[0].sum() / m.sum():5.2f}" for m, l in zip(medians, least)))


if __name__ == "__main__":
    main()
