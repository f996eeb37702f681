"""The spellings of PyTorch's exporters: a small network in each of them, against ONNX Runtime and the reference.

Environment: RESC is the command. onnx_variants.py rewrites a CIFAR ResNet-20 with shortcuts of option A.
"""

import json
import unittest

import onnx

import onnx_variants as ov
from NetworkCase import NetworkCase, make_resnet, noise, reference

FEATURES = 64  # of the last stage


class VariantCase(NetworkCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.base = make_resnet(cls.shared / "base.onnx", "--cifar", "--depth", 20)

    def check_variant(self, *rewrites, shape=(1, 3, 32, 32), options=(), save=onnx.save, same=True):
        """Rewrites the base model, compiles it with the options, runs it on an input of the shape and verifies it.
        A rewrite is a function, or a tuple of one and its arguments behind the model. same: whether they keep what the
        model computes. Returns the rewritten model."""
        model, file = onnx.load(str(self.base)), self.path / "variant.onnx"
        for rewrite in rewrites:
            function, *arguments = rewrite if isinstance(rewrite, tuple) else (rewrite,)
            function(model, *arguments)
        save(model, file)
        onnx.checker.check_model(str(file), full_check=True)
        library = self.compile(file, *options)
        x = noise(shape)
        expected = reference(file, x)
        if same:  # else the rewrite is wrong
            self.assert_close(expected, self.base_output(x))
        self.assert_close(self.run_library(library, x), expected)
        self.resc("verify", file, "--math", "strict", "--so", library, *options)
        facts = json.loads(self.resc("inspect", library, "--json"))
        self.assertEqual([(i["name"], i["shape"]) for i in facts["inputs"]], [("input", list(shape))])
        return model

    def base_output(self, x):
        model = onnx.load(str(self.base))
        ov.set_input(model, x.shape[0], *x.shape[2:])
        onnx.save(model, self.path / "base.onnx")
        return reference(self.path / "base.onnx", x)


class Legacy(VariantCase):
    """torch.onnx.export(dynamo=False)."""

    head = (ov.compute_pads, ov.reshape_by_shape)
    opset13 = (ov.set_opset, 13, 7)

    def test_ts13(self):
        self.check_variant(ov.fold_batch_norm, (ov.average_pool, 8), *self.head, self.opset13)

    def test_ts13bn(self):
        self.check_variant((ov.average_pool, 8), *self.head, self.opset13)

    def test_ts13bn4(self):
        self.check_variant((ov.set_input, 4, 32, 32), *self.head, self.opset13, shape=(4, 3, 32, 32))

    def test_ts13in(self):
        model = self.check_variant(*self.head, ov.list_weights_as_inputs, self.opset13)
        self.assertGreater(len(model.graph.input), 90)

    def test_ts13init(self):
        model = self.check_variant(ov.untouched_batch_norm, *self.head, self.opset13, ov.share_equal_weights,
                                   same=False)
        self.assertGreater(sum(node.op_type == "Identity" for node in model.graph.node), 60)

    def test_ts15odd(self):
        self.check_variant((ov.set_input, 1, 37, 51), *self.head, (ov.set_opset, 15, 8), shape=(1, 3, 37, 51))

    def test_ts17dyn(self):
        self.check_variant((ov.set_input, "N", 32, 32), *self.head, shape=(3, 3, 32, 32), options=("--batch", 3))

    def test_ts20hw(self):
        self.check_variant((ov.set_input, "N", "H", "W"), *self.head, (ov.set_opset, 20, 9), shape=(2, 3, 36, 48),
                           options=("--input-shape", "input=2x3x36x48"))


class Dynamo(VariantCase):
    """torch.export and torch.onnx.export(dynamo=True)."""

    opset18 = (ov.set_opset, 18, 10)

    def test_dy18(self):
        self.check_variant(ov.fold_batch_norm, ov.mean_by_input, (ov.reshape, 1, FEATURES), ov.add_metadata,
                           self.opset18)

    def test_dy18raw(self):
        self.check_variant(ov.compute_missing_bias, (ov.average_pool, 8), (ov.reshape_by_concat, 1, FEATURES),
                           self.opset18, ov.add_metadata)

    def test_dy18ext(self):
        # The path of the weights is relative to the model, not to the working directory.
        self.check_variant(ov.fold_batch_norm, ov.mean_by_input, (ov.reshape, 1, -1), self.opset18,
                           save=ov.save_external)
        self.assertGreater((self.path / "variant.onnx.data").stat().st_size, 1_000_000)

    def test_dy20dyn(self):
        self.check_variant((ov.set_input, "N", 32, 32), ov.fold_batch_norm, ov.mean_by_input,
                           (ov.reshape, -1, FEATURES), (ov.set_opset, 20, 10), shape=(3, 3, 32, 32),
                           options=("--batch", 3))


class Spellings(VariantCase):
    """What other versions of the exporters, or other tools, write."""

    def test_axes_as_attribute(self):
        for keepdims in (0, 1):
            with self.subTest(keepdims=keepdims):
                self.check_variant((ov.mean_by_attribute, keepdims), (ov.set_opset, 13, 7))

    def test_bias_before_batch_norm(self):
        self.check_variant(ov.bias_before_batch_norm)

    def test_weights_as_constants(self):
        self.check_variant(ov.weights_as_constants)

    def test_attributes(self):
        for rewrite in (ov.drop_default_attributes, ov.spell_default_attributes):
            with self.subTest(rewrite=rewrite.__name__):
                self.check_variant(rewrite)

    def test_names(self):
        for rewrite in (ov.drop_node_names, ov.collide_names):
            with self.subTest(rewrite=rewrite.__name__):
                self.check_variant(rewrite)


if __name__ == "__main__":
    unittest.main(verbosity=2)
