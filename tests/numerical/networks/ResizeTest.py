"""Operators that change the height and width of maps, against ONNX Runtime; and U-Nets, which are made of them.

Environment: RESC is the command. Models are made by resize_models.py and examples/models/make_unet.py.
"""

import json
import unittest

import onnx

import resize_models
from NetworkCase import NetworkCase, make, noise, reference


class Nodes(NetworkCase):
    def check_cases(self, cases):
        for name, shape, operator, attributes, inputs, opset in cases:
            with self.subTest(case=name):
                path = self.path / "node.onnx"
                onnx.save(resize_models.build(shape, operator, attributes, inputs, opset), path)
                library, x = self.compile(path), noise(shape)
                self.assert_close(self.run_library(library, x), reference(path, x))

    def test_resize(self):
        self.check_cases(resize_models.resizes())

    def test_conv_transpose(self):
        self.check_cases(resize_models.transposed())

    def test_others(self):
        self.check_cases(resize_models.others())


class UNets(NetworkCase):
    """Skips wait where they are concatenated."""

    def check_unet(self, *options, copies=0):
        model = make("make_unet.py", self.path / "unet.onnx", "--levels", 4, "--channels", 32, *options)
        library = self.check(model)
        self.resc("verify", model, "--math", "fast")
        facts = json.loads(self.resc("inspect", library, "--json"))
        self.assertEqual(sum(kernel["operations"].count("concat") for kernel in facts["kernels"]), copies)

    def test_even(self):
        for up in ("transposed", "nearest", "bilinear"):
            with self.subTest(up=up):
                self.check_unet("--height", 48, "--width", 64, "--up", up)

    def test_odd(self):
        for up, *fit in (("transposed",), ("transposed", "--crop"), ("bilinear",), ("nearest", "--crop")):
            with self.subTest(up=up, fit=fit):
                self.check_unet("--height", 45, "--width", 61, "--up", up, *fit)


if __name__ == "__main__":
    unittest.main(verbosity=2)
