"""What the tests of whole networks share: making models, the commands of resc, ONNX Runtime.

Environment: RESC is the command.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

onnxruntime.set_default_logger_severity(3)  # no warnings about unusual spellings
RESC = os.environ["RESC"]
# Kernels are kept from test to test, but neither from run to run nor where the user has them.
_cache = tempfile.TemporaryDirectory()
os.environ["RESC_CACHE_DIR"] = _cache.name
ROOT = Path(__file__).resolve().parents[3]
# resc and ONNX Runtime may each be off by the 1e-5 of the largest output that `verify` allows.
BOUND = 2e-5


def make(script, path, *options):
    """Runs a script of examples/models, and returns the path of the model."""
    subprocess.run([sys.executable, ROOT / "examples/models" / script, path, *map(str, options)], check=True,
                   stdout=subprocess.DEVNULL)
    return path


def make_resnet(path, *options):
    return make("make_resnet.py", path, *options)


def reference(model, *inputs):
    """ONNX Runtime's first output."""
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    return session.run(None, {i.name: x for i, x in zip(session.get_inputs(), inputs)})[0]


def shape_of(model):
    tensor = onnx.load(str(model), load_external_data=False).graph.input[0].type.tensor_type
    return [d.dim_value for d in tensor.shape.dim]


def noise(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


class NetworkCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.shared = Path(folder.name)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)

    def resc(self, *arguments):
        """Runs resc, which has to succeed, and returns its standard output."""
        result = subprocess.run([RESC, *map(str, arguments)], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def compile(self, model, *options):
        library = self.path / (model.stem + ".so")
        self.resc("compile", model, "--math", "strict", "-o", library, *options)
        return library

    def run_library(self, library, x, *options):
        np.save(self.path / "x.npy", x)
        self.resc("run", library, "--input", self.path / "x.npy", "--output", self.path / "y.npy", *options)
        return np.load(self.path / "y.npy")

    def check(self, model):
        """Compiles a model, verifies it, compares it with ONNX Runtime on 1 and 2 threads, and returns the library."""
        library = self.compile(model)
        self.resc("verify", model, "--math", "strict", "--so", library)
        x = noise(shape_of(model))
        expected = reference(model, x)
        for threads in (1, 2):
            self.assert_close(self.run_library(library, x, "--threads", threads), expected)
        self.assert_arena_is_tight(library)
        return library

    def assert_close(self, got, expected):
        self.assertEqual(got.shape, expected.shape)
        self.assertTrue(np.isfinite(got).all())
        self.assertLessEqual(np.abs(got - expected).max(), BOUND * np.abs(expected).max())

    def assert_arena_is_tight(self, library):
        facts = json.loads(self.resc("inspect", library, "--json"))
        self.assertGreater(facts["arena_lower_bound_bytes"], 0)
        self.assertLessEqual(facts["arena_bytes"], 1.10 * facts["arena_lower_bound_bytes"])
