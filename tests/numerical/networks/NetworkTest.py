"""Whole networks through the commands of resc, against ONNX Runtime and the double-precision reference.

Environment: RESC is the command. Models are made by examples/models/make_resnet.py.
"""

import ctypes
import subprocess
import time
import unittest
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper

from NetworkCase import RESC, ROOT, NetworkCase, make_resnet, noise, reference, shape_of

DIGITS = ROOT / "examples/quickstart/digits.onnx"


class Digits(NetworkCase):
    def test_labels(self):
        split = np.load(DIGITS.with_name("digits_test.npz"))
        images, labels = split["images"], split["labels"]
        expected = np.concatenate([reference(DIGITS, image[None]) for image in images])
        got = self.run_library(self.compile(DIGITS), images)
        self.assert_close(got, expected)
        np.testing.assert_array_equal(got.argmax(1), expected.argmax(1))
        self.assertGreaterEqual((got.argmax(1) == labels).mean(), 0.97)


class ResNet(NetworkCase):
    def test_18(self):
        self.check(make_resnet(self.path / "resnet18.onnx", "--depth", 18))

    def test_34(self):
        self.check(make_resnet(self.path / "resnet34.onnx", "--depth", 34))

    def test_50(self):
        model = make_resnet(self.path / "resnet50.onnx", "--depth", 50)
        start = time.monotonic()
        self.compile(model, "--no-cache")
        self.assertLessEqual(time.monotonic() - start, 60, "seconds of compile")
        first = (self.path / "resnet50.so").read_bytes()
        library = self.check(model)
        self.assertTrue(first == library.read_bytes(), "two compiles give the same bytes")

    def test_odd_sizes(self):
        for depth in (18, 50):
            with self.subTest(depth=depth):
                self.check(make_resnet(self.path / f"odd{depth}.onnx", "--depth", depth, "--height", 197, "--width", 211))


class Tiny(NetworkCase):
    def setUp(self):
        super().setUp()
        self.model = make_resnet(self.path / "tiny.onnx", "--tiny", "--batch", 4)

    def test_targets(self):
        x = noise(shape_of(self.model))
        expected = reference(self.model, x)
        flags = Path("/proc/cpuinfo").read_text()
        for target, needs in (("x86-64-v3", "avx2"), ("x86-64-v4", "avx512bw")):
            with self.subTest(target=target):
                if needs not in flags:
                    self.skipTest(f"[SKIP] this machine has no {needs}")
                library = self.compile(self.model, "--target", target)
                self.resc("verify", self.model, "--math", "strict", "--so", library)
                self.assert_close(self.run_library(library, x), expected)
                self.assert_arena_is_tight(library)

    def test_bytes_do_not_depend_on_jobs_and_dumps(self):
        first = self.compile(self.model, "--jobs", 1, "--no-cache").read_bytes()
        second = self.compile(self.model, "--jobs", 3, "--no-cache", "--dump-ir", self.path / "dump").read_bytes()
        self.assertTrue(first == second)

    def test_library_is_self_contained(self):
        library = self.compile(self.model)
        dynamic = subprocess.run(["readelf", "-dW", library], capture_output=True, text=True, check=True).stdout
        needed = [line.split("[")[1].rstrip("]") for line in dynamic.splitlines() if "(NEEDED)" in line]
        self.assertLessEqual(set(needed), {"libc.so.6"})
        symbols = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
        self.assertEqual({line.split()[-1] for line in symbols.splitlines()}, {"res_get_model", "tiny_get_model"})


# ---- res/runtime.h, as far as a caller needs it ----

class TensorInfo(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("shape", ctypes.POINTER(ctypes.c_int64)), ("bytes", ctypes.c_size_t),
                ("rank", ctypes.c_uint32), ("type", ctypes.c_uint32)]


class Model(ctypes.Structure):
    _fields_ = [("abi_version", ctypes.c_uint32), ("struct_bytes", ctypes.c_uint32), ("name", ctypes.c_char_p),
                ("target", ctypes.c_char_p), ("compiler", ctypes.c_char_p), ("model_hash", ctypes.c_char_p),
                ("input_count", ctypes.c_uint32), ("output_count", ctypes.c_uint32),
                ("inputs", ctypes.POINTER(TensorInfo)), ("outputs", ctypes.POINTER(TensorInfo)),
                ("step_count", ctypes.c_uint32), ("reserved", ctypes.c_uint32), ("program", ctypes.c_void_p),
                ("workspace_bytes", ctypes.c_void_p),
                ("open", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))),
                ("run", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p),
                                         ctypes.POINTER(ctypes.c_void_p))),
                ("run_timed", ctypes.c_void_p), ("threads", ctypes.c_void_p),
                ("close", ctypes.CFUNCTYPE(None, ctypes.c_void_p))]


class Loaded:
    """A library loaded so that its public symbols serve the whole process."""

    def __init__(self, library, name):
        getter = getattr(ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL), name + "_get_model")
        getter.restype = ctypes.POINTER(Model)
        self.model = getter()
        self.instance = ctypes.c_void_p()
        assert self.model.contents.name.decode() == name
        assert self.model.contents.open(self.model, None, ctypes.byref(self.instance)) == 0

    def __call__(self, x):
        info = self.model.contents.outputs[0]
        y = np.full(info.shape[:info.rank], np.nan, np.float32)
        pointers = [(ctypes.c_void_p * 1)(a.ctypes.data) for a in (x, y)]
        assert self.model.contents.run(self.instance, *pointers) == 0
        return y

    def close(self):
        self.model.contents.close(self.instance)


class TwoModels(NetworkCase):
    def test_global_symbols(self):
        tiny = make_resnet(self.path / "tiny.onnx", "--tiny")
        models = [(tiny, Loaded(self.compile(tiny), "tiny")), (DIGITS, Loaded(self.compile(DIGITS), "digits"))]
        for seed in range(3):
            for onnx_file, loaded in models:
                x = noise(shape_of(onnx_file), seed)
                self.assert_close(loaded(x), reference(onnx_file, x))
        for _, loaded in models:
            loaded.close()


class BadFiles(NetworkCase):
    def refuses(self, name, content, message):
        """Exit code 1, one line that has `message`, nothing written."""
        model = self.path / name
        model.write_bytes(content)
        result = subprocess.run([RESC, "compile", model, "-o", self.path / "out.so"], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout), (1, ""), result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertIn(message, result.stderr)
        self.assertEqual([p.name for p in self.path.iterdir()], [name])
        model.unlink()

    def test_truncated(self):
        make_resnet(self.shared / "tiny.onnx", "--tiny")
        content = (self.shared / "tiny.onnx").read_bytes()
        for size in (1, 10, 100, 1000, len(content) // 2, len(content) - 1):
            with self.subTest(size=size):
                self.refuses("truncated.onnx", content[:size], "truncated.onnx")

    def test_empty(self):
        self.refuses("empty.onnx", b"", "empty.onnx")

    def test_text(self):
        self.refuses("text.onnx", b"This is no model.\n" * 100, "text.onnx")
        self.refuses("text.mlir", b"This is no model.\n" * 100, "text.mlir")

    def test_unknown_op(self):
        def value(name):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4, 8, 8])
        node = helper.make_node("Wobble", ["x"], ["y"], name="the_node")
        graph = helper.make_graph([node], "g", [value("x")], [value("y")])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        self.refuses("unknown.onnx", model.SerializeToString(), "Wobble")

    def test_missing(self):
        result = subprocess.run([RESC, "compile", self.path / "no.onnx", "-o", self.path / "out.so"], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout, result.stderr.count("\n")), (1, "", 1), result.stderr)
        self.assertEqual(list(self.path.iterdir()), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
