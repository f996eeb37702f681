"""Libraries for processors other than this one, emulated: the program that a library of several targets chooses, and AArch64.

Environment: RESC is the command; RUN_MODEL and RUN_MODEL_AARCH64 are run_model.c, built for this machine and for AArch64 (empty
where there is no libc of AArch64).
"""

import json
import os
import shutil
import subprocess
import unittest

import numpy as np

from NetworkCase import NetworkCase, make_resnet, noise, reference, shape_of

RUN_MODEL, RUN_MODEL_AARCH64 = os.environ["RUN_MODEL"], os.environ["RUN_MODEL_AARCH64"]
RES_ERROR_PROCESSOR = 5
BOTH = "x86-64-v3,x86-64-v4"


def emulator(name):
    return unittest.skipUnless(shutil.which(name), f"[SKIP] {name} is not installed (Debian's qemu-user)")


class TargetCase(NetworkCase):
    def emulate(self, emulator, library, x, threads=1, status=0):
        """The library's result on an emulated processor, or None when it has to fail with `status`."""
        x.tofile(self.path / "x.bin")
        output = self.path / "y.bin"
        result = subprocess.run([*emulator, library, self.path / "x.bin", output, str(threads)], capture_output=True, text=True)
        self.assertEqual(result.returncode, status, result.stderr)
        return np.fromfile(output, np.float32) if status == 0 else None

    def build(self, model, target, math):
        library = self.path / f"{target}-{math}.so"
        self.resc("compile", model, "--target", target, "--math", math, "-o", library)
        return library

    def assert_emulates(self, emulator, library, model, threads=1):
        x = noise(shape_of(model))
        expected = reference(model, x)
        self.assert_close(self.emulate(emulator, library, x, threads).reshape(expected.shape), expected)


@emulator("qemu-x86_64")
class SeveralTargets(TargetCase):
    def check_both(self, model, math):
        library = self.build(model, BOTH, math)
        self.resc("verify", model, "--target", BOTH, "--math", math, "--so", library, "--layers")
        self.assert_emulates([RUN_MODEL], library, model)
        self.assert_emulates(["qemu-x86_64", "-cpu", "Haswell", RUN_MODEL], library, model)
        self.emulate(["qemu-x86_64", "-cpu", "Nehalem", RUN_MODEL], library, noise((1,)), status=RES_ERROR_PROCESSOR)

    def test_chooses_what_the_processor_has(self):
        self.check_both(make_resnet(self.path / "resnet18.onnx", "--depth", 18), "fast")
        self.check_both(make_resnet(self.path / "tiny.onnx", "--tiny"), "strict")

    def test_weights_are_there_once(self):
        model = make_resnet(self.path / "tiny.onnx", "--tiny")
        one, both = (self.build(model, target, "strict") for target in ("x86-64-v4", BOTH))
        weights = [json.loads(self.resc("inspect", library, "--json"))["weights_bytes"] for library in (one, both)]
        self.assertEqual(weights[0], weights[1])
        self.assertLess(both.stat().st_size, 2 * one.stat().st_size)

    def test_haswell_lacks_avx512(self):
        library = self.build(make_resnet(self.path / "tiny.onnx", "--tiny"), "x86-64-v4", "strict")
        self.emulate(["qemu-x86_64", "-cpu", "Haswell", RUN_MODEL], library, noise((1,)), status=RES_ERROR_PROCESSOR)


@emulator("qemu-aarch64")
@unittest.skipUnless(RUN_MODEL_AARCH64, "[SKIP] no libc of AArch64 (Debian's libc6-dev-arm64-cross)")
class AArch64(TargetCase):
    def check(self, model, math):
        library = self.build(model, "aarch64", math)
        self.assert_emulates(["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", RUN_MODEL_AARCH64], library, model, 2)

    def test_resnet18(self):
        self.check(make_resnet(self.path / "resnet18.onnx", "--depth", 18), "fast")

    def test_strict(self):
        self.check(make_resnet(self.path / "tiny.onnx", "--tiny"), "strict")

    def test_is_inspected_anywhere(self):
        library = self.build(make_resnet(self.path / "tiny.onnx", "--tiny"), "aarch64", "fast")
        self.assertIn("target aarch64", self.resc("inspect", library))


if __name__ == "__main__":
    unittest.main()
