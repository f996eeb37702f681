"""The families of residual networks and the plain ones they are compared with, against ONNX Runtime and the reference.

Environment: RESC is the command, RES_OPT is res-opt. Models are made by the scripts in examples/models.
"""

import json
import os
import subprocess
import time
import unittest

import onnx

import concat_models
from NetworkCase import RESC, NetworkCase, make, make_resnet, noise, reference, shape_of

RES_OPT = os.environ["RES_OPT"]
MEBIBYTE = 2**20


class Family(NetworkCase):
    def check_resnet(self, *options):
        """The output within the bound of 'verify', and each layer within ten times that: in a long chain rounding
        errors grow from layer to layer (ResNet-152: to 4e-5), and the average over the last map shrinks them again."""
        model = make_resnet(self.path / "resnet.onnx", *options)
        library = self.check(model)
        self.resc("verify", model, "--math", "strict", "--so", library, "--layers")

    def test_resnet18_batch_4(self):
        self.check_resnet("--depth", 18, "--batch", 4)

    def test_resnet50_v1(self):
        self.check_resnet("--depth", 50, "--v1", "--size", 64)

    def test_resnet101(self):
        self.check_resnet("--depth", 101)

    def test_resnet152(self):
        self.check_resnet("--depth", 152)

    def test_plain34(self):
        self.check_resnet("--depth", 34, "--plain")

    def test_cifar_20(self):
        for batch in (1, 4):
            with self.subTest(batch=batch):
                self.check_resnet("--cifar", "--depth", 20, "--batch", batch)

    def test_cifar_20_odd_size(self):
        self.check_resnet("--cifar", "--depth", 20, "--height", 197, "--width", 211)


class DenseNets(NetworkCase):
    """Concatenations: in place where channels fill blocks and one image is computed, else copied."""

    def check_densenet(self, *options):
        library = self.check(make("make_densenet.py", self.path / "densenet.onnx", *options))
        operations = [op for kernel in json.loads(self.resc("inspect", library, "--json"))["kernels"]
                      for op in kernel["operations"]]
        return library, operations.count("concat")

    def test_in_place(self):
        for options in ((), ("--nested",)):
            with self.subTest(options=options):
                _, copies = self.check_densenet("--layers", "3,4", "--height", 67, "--width", 75, *options)
                self.assertEqual(copies, 0)

    def test_growth_12(self):
        for batch in (1, 2):
            with self.subTest(batch=batch):
                _, copies = self.check_densenet("--layers", "3,4", "--growth", 12, "--height", 67, "--width", 75, "--batch", batch)
                self.assertGreater(copies, 0)

    def test_batch_2(self):
        self.check_densenet("--layers", "3,4", "--height", 64, "--width", 64, "--batch", 2)

    def test_densenet121(self):
        _, copies = self.check_densenet()
        self.assertEqual(copies, 0)


class Concatenations(NetworkCase):
    def test_branches_and_skips(self):
        for make_model in (concat_models.inception, concat_models.unet):
            for batch in (1, 2):
                with self.subTest(model=make_model.__name__, batch=batch):
                    path = self.path / "model.onnx"
                    onnx.save(make_model(batch), path)
                    library = self.check(path)
                    facts = json.loads(self.resc("inspect", library, "--json"))
                    copies = sum(kernel["operations"].count("concat") for kernel in facts["kernels"])
                    if batch == 1:
                        self.assertEqual((copies, facts["arena_bytes"]), (0, facts["arena_lower_bound_bytes"]))
                    else:
                        self.assertGreater(copies, 0)
                    self.resc("verify", path)


class Large(NetworkCase):
    """VGG-19: a file of 575 MB, 411 of them in one layer."""

    @staticmethod
    def measure(*arguments):
        """Runs resc and returns seconds and the most memory that one of its processes had, in bytes."""
        start = time.monotonic()
        process = subprocess.Popen([RESC, *map(str, arguments)], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise AssertionError(f"resc {arguments[0]} exits with {process.returncode}")
        return time.monotonic() - start, usage.ru_maxrss * 1024

    def test_vgg19(self):
        model, library = self.path / "vgg19.onnx", self.path / "vgg19.so"
        make("make_vgg.py", model)
        _, peak = self.measure("compile", model, "--math", "strict", "--no-cache", "-o", library)
        self.assertLessEqual(peak, 2.5 * model.stat().st_size, "bytes of memory")
        seconds, _ = self.measure("verify", model, "--math", "strict", "--so", library)
        self.assertLessEqual(seconds, 60, "seconds of verify")
        facts = json.loads(self.resc("bench", library, "--seconds", 0.1, "--json", "-"))
        self.assertLessEqual(facts["load_ms"], 50)
        x = noise(shape_of(model))
        self.assert_close(self.run_library(library, x), reference(model, x))
        self.assert_arena_is_tight(library)


class Dumps(NetworkCase):
    def test_resnet50(self):
        """The IR of every pass is readable: small, without weights, and valid."""
        folder = self.path / "dump"
        self.compile(make_resnet(self.path / "resnet50.onnx", "--depth", 50), "--dump-ir", folder)
        self.assertLess(sum(file.stat().st_size for file in folder.iterdir()), 20 * MEBIBYTE)
        dumps = sorted(folder.glob("*.mlir"))
        self.assertGreater(len(dumps), 8)
        for dump in dumps:
            with self.subTest(dump=dump.name):
                result = subprocess.run([RES_OPT, dump, "-o", os.devnull], capture_output=True, text=True)
                self.assertEqual((result.returncode, result.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
