"""Libraries that take any batch, against ONNX Runtime, the library for one image, and the reference.

Environment: RESC is the command. Blocks of the families, small and with seeded weights, in batches below, at, and above the
images that are computed together.
"""

import json
import unittest

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from GatedTest import Builder
from NetworkCase import BOUND, NetworkCase, make, noise

BATCHES = (1, 3, 8, 19)


def residual(b):
    x = b.relu(b.conv("x", 32, 3, 2))
    for filters in (32, 48):
        y = b.conv(b.relu(b.conv(x, filters, 3)), filters, 3)
        x = b.relu(b.node("Add", y, x if filters == b.channels[x] else b.conv(x, filters)))
    return b.head(x)


def dense(b):
    """Concatenations are views for one image and copies for several."""
    x = b.conv("x", 16, 3, 2)
    for growth in (16, 12, 16):
        y = b.conv(b.relu(b.norm(b.relu(x))), growth, 3)
        x = b.node("Concat", x, y, axis=1, channels=b.channels[x] + growth)
    return b.head(x)


def gated(b):
    def excite(y):
        return b.excite(y, 8, b.swish, b.sigmoid)
    y = b.swish(b.conv("x", 24, 3, 2))
    y = b.inverted(y, 24, 3, b.swish, 5, excite=excite)
    return b.head(b.inverted(y, 40, 3, b.swish, stride=2))


def grouped(b):
    y = b.relu(b.conv("x", 64, 3, 2))
    y = b.relu(b.conv(b.relu(b.conv(y, 64, 3, groups=4)), 64, 3, groups=16))
    return b.head(y)


def highway(b):
    y = b.relu(b.conv("x", 20, 3, 2))
    t = b.sigmoid(b.conv(y, 20, 3, norm=False))
    h = b.relu(b.conv(y, 20, 3, norm=False))
    return b.head(b.node("Add", b.node("Mul", t, h), b.node("Mul", b.node("Sub", b.constant(1.0), t), y)))


def exported_head(b):
    """Flattened as exporters do it: Shape, Gather, Concat, Reshape."""
    y = b.node("GlobalAveragePool", b.relu(b.conv("x", 32, 3, 2)))
    b.weights += [helper.make_tensor("zero", TensorProto.INT64, [1], [0]), helper.make_tensor("rest", TensorProto.INT64, [1], [-1])]
    n = b.node("Gather", b.node("Shape", y), "zero", axis=0)
    y = b.node("Reshape", y, b.node("Concat", n, "rest", axis=0), channels=32)
    return b.node("Gemm", y, b.constant(b.random.standard_normal((32, 10)) / 6), channels=10)


class AnyBatch(NetworkCase):
    def save(self, build, shape=("N", 3, 32, 32)):
        b = Builder(shape)
        model = self.path / "network.onnx"
        onnx.save(b.model(build(b)), model)
        return model

    def facts(self, library):
        return json.loads(self.resc("inspect", library, "--json"))

    def check_any_batch(self, model, size):
        """With both kinds of math. Returns what the last library says about itself."""
        session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        images = noise((max(BATCHES), *size))
        for math in ("strict", "fast"):
            any_batch, one = self.path / "any.so", self.path / "one.so"
            self.resc("compile", model, "--math", math, "--batch", "dynamic", "-o", any_batch)
            self.resc("compile", model, "--math", math, "--batch", 1, "-o", one)
            bound = BOUND if math == "strict" else 1e-4
            alone = self.run_library(one, images)
            largest = np.abs(alone).max()
            for batch in BATCHES:
                x = images[:batch]
                expected = session.run(None, {session.get_inputs()[0].name: x})[0]
                for threads in (1, 2):
                    got = self.run_library(any_batch, x, "--threads", threads)
                    self.assertEqual(got.shape, expected.shape)
                    self.assertLessEqual(np.abs(got - expected).max(), bound * np.abs(expected).max())
                    self.assertLessEqual(np.abs(got - alone[:batch]).max(), bound * largest)
            # One image at a time it is the network that the other library has.
            np.testing.assert_array_equal(self.run_library(any_batch, images[:1]), alone[:1])
            self.resc("verify", model, "--math", math, "--batch", "dynamic", "--so", any_batch)
            facts, other = self.facts(any_batch), self.facts(one)
            self.assertEqual(facts["weights_bytes"], other["weights_bytes"])
            self.assertEqual((facts["inputs"][0]["shape"][0], other["inputs"][0]["shape"][0]), (-1, 1))
        return facts

    def test_families(self):
        for build in (residual, dense, gated, grouped, highway, exported_head):
            for height, width in ((32, 32), (37, 29)):
                with self.subTest(build=build.__name__, height=height):
                    facts = self.check_any_batch(self.save(build, ("N", 3, height, width)), (3, height, width))
                    self.assertGreater(facts["together"]["images"], 1)

    def test_unet(self):
        model = make("make_unet.py", self.path / "unet.onnx", "--levels", 3, "--channels", 16, "--height", 32, "--width", 48)
        content = onnx.load(str(model))
        for value in (*content.graph.input, *content.graph.output):
            value.type.tensor_type.shape.dim[0].dim_param = "N"
        onnx.save(content, model)
        self.check_any_batch(model, (3, 32, 48))

    def test_several_targets_share_the_weights(self):
        model = self.save(residual)
        for target in ("x86-64-v3", "x86-64-v3,x86-64-v4"):
            any_batch, one = self.path / "any.so", self.path / "one.so"
            for library, batch in ((any_batch, "dynamic"), (one, 1)):
                self.resc("compile", model, "--batch", batch, "--target", target, "-o", library)
            self.assertEqual(self.facts(any_batch)["weights_bytes"], self.facts(one)["weights_bytes"])
            self.resc("verify", model, "--batch", "dynamic", "--target", target, "--so", any_batch)

    def test_several_inputs_and_outputs(self):
        value = helper.make_tensor_value_info
        w = helper.make_tensor("w", TensorProto.FLOAT, [4, 3, 1, 1], np.arange(12) / 7)
        nodes = [helper.make_node("Conv", ["a", "w"], ["c"]), helper.make_node("Add", ["c", "b"], ["sum"]),
                 helper.make_node("Flatten", ["sum"], ["flat"])]
        graph = helper.make_graph(nodes, "g", [value("a", 1, ["N", 3, 5, 6]), value("b", 1, ["N", 4, 5, 6])],
                                  [value("flat", 1, None), value("sum", 1, None)], [w])
        model = self.path / "two.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), model)
        library = self.path / "two.so"
        self.resc("compile", model, "-o", library)
        session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        for batch in BATCHES:
            inputs = {"a": noise((batch, 3, 5, 6)), "b": noise((batch, 4, 5, 6), 1)}
            np.savez(self.path / "x.npz", **inputs)
            self.resc("run", library, "--input", self.path / "x.npz", "--output", self.path / "y.npz")
            got = np.load(self.path / "y.npz")
            for name, expected in zip(("flat", "sum"), session.run(["flat", "sum"], inputs)):
                self.assert_close(got[name], expected)

    def test_dumps_and_layers(self):
        model, library = self.save(residual), self.path / "network.so"
        self.resc("compile", model, "-o", library)
        for phase in ("imported", "fused", "decided", "scheduled", "planned"):
            dump, again = self.path / f"{phase}.mlir", self.path / "again.so"
            self.resc("compile", model, "--emit", phase, "-o", dump)
            self.resc("compile", dump, "-o", again)
            self.assertTrue(again.read_bytes() == library.read_bytes(), phase)
        text = self.resc("verify", model, "--layers", "--passes")
        self.assertIn("res-pack-weights", text)
        self.assertNotIn("wrong", text)

    def test_memory_limit_leaves_one_image(self):
        model, library = self.save(residual), self.path / "network.so"
        self.resc("compile", model, "--memory-limit", "4M", "-o", library)
        self.assertNotIn("together", self.facts(library))
        x = noise((3, 3, 32, 32))
        self.assertEqual(self.run_library(library, x).shape, (3, 10))

    def test_bench(self):
        model, library = self.save(residual), self.path / "network.so"
        self.resc("compile", model, "-o", library)
        facts = self.facts(library)
        images = facts["together"]["images"]
        for batch, steps in ((1, len(facts["steps"])), (images, len(facts["together"]["steps"])),
                             (2 * images + 1, len(facts["steps"]) + len(facts["together"]["steps"]))):
            got = json.loads(self.resc("bench", library, "--batch", batch, "--seconds", 0.02, "--layers", "--json", "-"))
            self.assertEqual((got["batch"], len(got["layers"])), (batch, steps))
            self.assertEqual(sum(layer["macs"] for layer in got["layers"]), batch * facts["macs"])
            self.assertGreater(min(layer["ms"] for layer in got["layers"]), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
