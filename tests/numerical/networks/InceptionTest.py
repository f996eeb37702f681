"""Inception networks, and the operators that their oldest and newest exports have, against ONNX Runtime and the reference.

Environment: RESC is the command. Networks are made by examples/models/make_inception_resnet.py, single nodes by
resize_models.py.
"""

import json
import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import resize_models
from NetworkCase import NetworkCase, make, noise, reference


def network(nodes, shape, rank, weights=()):
    """Nodes from 'x' to 'y'; each a tuple of operator, inputs, output and attributes. Weights: (name, array)."""
    made = [helper.make_node(op, inputs.split(), [output], name=f"{op}:{output}", **attributes)
            for op, inputs, output, attributes in nodes]
    graph = helper.make_graph(made, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * rank)],
                              [numpy_helper.from_array(np.asarray(array, np.float32), name) for name, array in weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


class Nodes(NetworkCase):
    def check_model(self, model, shape, has_peer=True):
        path = self.path / "model.onnx"
        onnx.save(model, path)
        if not has_peer:
            return self.resc("verify", path, "--math", "strict")
        x = noise(shape)
        expected = reference(path, x)
        library = self.compile(path)
        self.resc("verify", path, "--math", "strict", "--so", library)
        for threads in (1, 2):
            self.assert_close(self.run_library(library, x, "--threads", threads), expected)

    def check_nodes(self, nodes, shape, weights=(), has_peer=True):
        with self.subTest(nodes=nodes, shape=shape):
            self.check_model(network(nodes, shape, len(shape), weights), shape, has_peer)

    def test_lrn(self):
        """Windows of even and odd sizes, wider than a block and than the tensor; channels that do not fill their last block;
        exponents that are roots and one that is not. ONNX Runtime has no even ones."""
        cases = ((64, {"size": 5}), (20, {"size": 3, "alpha": 0.5, "beta": 0.5, "bias": 2.0}), (33, {"size": 4, "alpha": 1.0}),
                 (40, {"size": 17, "alpha": 0.3, "beta": 1.0}), (40, {"size": 40, "alpha": 0.3, "beta": 0.6}),
                 (3, {"size": 9, "alpha": 2.0}), (16, {"size": 1, "alpha": 2.0}))
        for channels, attributes in cases:
            shape = [2, channels, 9, 11]
            with self.subTest(attributes=attributes, shape=shape):
                self.check_model(resize_models.build(shape, "LRN", attributes, [], 13), shape, attributes["size"] % 2 == 1)

    def test_lrn_at_the_ends(self):
        """Of what is row-major: the model's input, and what a fully connected layer would read."""
        self.check_nodes([("LRN", "x", "y", {"size": 5, "alpha": 0.5})], [1, 20, 7, 5])
        self.check_nodes([("LRN", "x", "y", {"size": 5, "alpha": 0.5})], [2, 20, 7], has_peer=False)

    def test_lrn_with_many_channels(self):
        self.check_nodes([("Relu", "x", "h", {}), ("LRN", "h", "i", {"size": 5, "alpha": 0.5}), ("Relu", "i", "y", {})],
                         [1, 4112, 2, 3])

    def test_sums(self):
        """Of one, two and more operands, of which some are constants or spread."""
        shape = [2, 20, 6, 5]
        parts = [("Relu", "x", "a", {}), ("Sigmoid", "x", "b", {}), ("GlobalAveragePool", "x", "c", {})]
        constants = [("one", 0.5), ("channels", np.linspace(-1, 1, 20).reshape(20, 1, 1)),
                     ("map", np.linspace(-1, 1, 600).reshape(1, 20, 6, 5)), ("all", np.linspace(-2, 1, 1200).reshape(shape))]
        for op in ("Sum", "Mean", "Max", "Min"):
            for operands in ("a", "a b", "b c", "a b c x", "one b", "channels a b", "map x", "a all c one"):
                used = [weight for weight in constants if weight[0] in operands.split()]
                self.check_nodes([*parts, (op, operands, "y", {})], shape, used)

    def test_operators_on_constants(self):
        """Constants that are no bias of channels become activations."""
        shape = [2, 20, 6, 5]
        weights = [("map", np.linspace(-1, 2, 600).reshape(1, 20, 6, 5))]
        for op in ("Add", "Sub", "Mul"):
            for operands in ("h map", "map h"):
                self.check_nodes([("Relu", "x", "h", {}), (op, operands, "y", {})], shape, weights)

    def test_concat_with_constants(self):
        """Coordinates, zeros for new channels, a token."""
        shape = [2, 20, 6, 5]
        for axis, sizes in ((1, [2, 2, 6, 5]), (1, [2, 16, 6, 5]), (2, [2, 20, 1, 5]), (0, [1, 20, 6, 5])):
            values = np.linspace(-1, 1, int(np.prod(sizes))).reshape(sizes)
            for operands in ("h c", "c h", "c h c h"):
                self.check_nodes([("Relu", "x", "h", {}), ("Concat", operands, "i", {"axis": axis}), ("Abs", "i", "y", {})],
                                 shape, [("c", values)])
        self.check_nodes([("Concat", "x c", "y", {"axis": 1})], [2, 20], [("c", np.ones((2, 3)))])

    def test_ceil_mode(self):
        for include in (0, 1):
            for pads in ([0] * 4, [1, 1, 1, 1], [1, 0, 0, 1]):
                attributes = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": pads, "ceil_mode": 1, "count_include_pad": include}
                self.check_nodes([("Relu", "x", "h", {}), ("AveragePool", "h", "y", attributes)], [1, 20, 12, 10])

    def test_norms_of_other_ranks(self):
        vectors = [(name, np.linspace(low, 2, 20)) for name, low in (("s", -1), ("b", -2), ("m", 0), ("v", 0.1))]
        for shape in ([2, 20], [2, 20, 7], [2, 20, 3, 4, 5], [2, 20, 1, 2, 3, 4]):
            self.check_nodes([("BatchNormalization", "x s b m v", "n", {}), ("PRelu", "n p", "r", {}), ("Neg", "r", "y", {})],
                             shape, [*vectors, ("p", np.linspace(-1, 1, 20).reshape(20, *[1] * (len(shape) - 2)))])


class Networks(NetworkCase):
    def check_network(self, *options):
        model = make("make_inception_resnet.py", self.path / "network.onnx", "--blocks", "1,2,2", *options)
        library = self.check(model)
        self.resc("verify", model, "--math", "fast")
        facts = json.loads(self.resc("inspect", library, "--json"))
        return sum(kernel["operations"].count("concat") for kernel in facts["kernels"])

    def test_concats_in_place(self):
        self.assertEqual(self.check_network("--height", 107, "--width", 123, "--classes", 10), 0)

    def test_odd_channels(self):
        self.assertGreater(self.check_network("--divide", 4, "--height", 139, "--width", 117, "--classes", 10), 0)

    def test_batch_2(self):
        self.check_network("--divide", 2, "--height", 107, "--width", 107, "--classes", 10, "--batch", 2)

    def test_local_normalisation(self):
        """As the first GoogLeNet and AlexNet have it: between a convolution and a pooling."""
        random = np.random.default_rng(0)
        weights = [("w", random.standard_normal((64, 3, 7, 7)) / 12), ("v", random.standard_normal((40, 64, 3, 3)) / 24)]
        self.path.joinpath("n.onnx").write_bytes(network([
            ("Conv", "x w", "a", {"kernel_shape": [7, 7], "strides": [2, 2], "pads": [3] * 4}), ("Relu", "a", "b", {}),
            ("MaxPool", "b", "c", {"kernel_shape": [3, 3], "strides": [2, 2]}), ("LRN", "c", "d", {"size": 5, "alpha": 0.01}),
            ("Conv", "d v", "e", {"kernel_shape": [3, 3], "pads": [1] * 4}), ("Relu", "e", "f", {}),
            ("LRN", "f", "g", {"size": 5, "alpha": 0.01}), ("MaxPool", "g", "y", {"kernel_shape": [3, 3], "strides": [2, 2]})],
            [1, 3, 67, 75], 4, weights).SerializeToString())
        self.check(self.path / "n.onnx")


if __name__ == "__main__":
    unittest.main(verbosity=2)
