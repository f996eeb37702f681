"""Small networks with gates and other activation functions than relu, against ONNX Runtime and the reference.

Environment: RESC is the command. Blocks as in MobileNet v2 and v3, EfficientNet, SE-ResNet, Highway networks and
transformers' GELU, with seeded weights, in the spellings of several exporters.
"""

import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from NetworkCase import BOUND, NetworkCase, noise, reference

SIZES = ((1, 3, 32, 32), (2, 3, 37, 29))


class Builder:
    """Makes a graph node by node; every method returns the name of its result."""

    def __init__(self, shape, opset=17, seed=1):
        self.random = np.random.default_rng(seed)
        self.shape, self.opset, self.nodes, self.weights = shape, opset, [], []
        self.channels = {"x": shape[1]}

    def node(self, op, *inputs, channels=None, **attributes):
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=f"{op}{len(self.nodes)}", **attributes))
        self.channels[name] = channels or max(self.channels.get(i, 0) for i in inputs)
        return name

    def constant(self, values):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    def conv(self, x, filters, size=1, stride=1, groups=1, norm=True):
        inputs = self.channels[x] // groups
        w = self.random.standard_normal((filters, inputs, size, size)) / np.sqrt(inputs * size * size)
        y = self.node("Conv", x, self.constant(w), self.constant(self.random.uniform(-0.5, 0.5, filters)),
                      channels=filters, kernel_shape=[size, size], strides=[stride, stride], group=groups,
                      pads=[size // 2] * 4)
        return self.norm(y) if norm else y

    def norm(self, x):
        def vector(low, high):
            return self.constant(self.random.uniform(low, high, self.channels[x]))
        return self.node("BatchNormalization", x, vector(0.5, 1.5), vector(-0.5, 0.5), vector(-0.5, 0.5), vector(0.5, 2))

    def excite(self, x, squeezed, inner, gate):
        """Squeeze-and-excite: a gate for each channel, from the mean of all."""
        s = self.node("GlobalAveragePool", x)
        s = inner(self.conv(s, squeezed, norm=False))
        return self.node("Mul", x, gate(self.conv(s, self.channels[x], norm=False)))

    def inverted(self, x, filters, expansion, activation, size=3, stride=1, excite=None):
        """An inverted residual block: expand, depthwise, project, with a shortcut where shapes allow."""
        inputs = self.channels[x]
        y = activation(self.conv(x, inputs * expansion)) if expansion > 1 else x
        y = activation(self.conv(y, inputs * expansion, size, stride, inputs * expansion))
        if excite:
            y = excite(y)
        y = self.conv(y, filters)
        return self.node("Add", y, x) if stride == 1 and inputs == filters else y

    def head(self, x, classes=10):
        y = self.node("Flatten", self.node("GlobalAveragePool", x), channels=self.channels[x])
        w = self.random.standard_normal((classes, self.channels[x])) / np.sqrt(self.channels[x])
        return self.node("Gemm", y, self.constant(w), self.constant(np.zeros(classes)), transB=1, channels=classes)

    def model(self, output):
        value = helper.make_tensor_value_info
        graph = helper.make_graph(self.nodes, "g", [value("x", TensorProto.FLOAT, self.shape)],
                                  [value(output, TensorProto.FLOAT, None)], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)

    # ---- activation functions, in one node and in several ----

    def clip6(self, x):
        if self.opset < 11:
            return self.node("Clip", x, min=0.0, max=6.0)
        return self.node("Clip", x, self.constant(0.0), self.constant(6.0))

    def relu(self, x):
        return self.node("Relu", x)

    def sigmoid(self, x):
        return self.node("Sigmoid", x)

    def hard_sigmoid(self, x):
        return self.node("HardSigmoid", x, alpha=1 / 6, beta=0.5)

    def swish(self, x):
        return self.node("Mul", x, self.sigmoid(x))

    def hard_swish(self, x):
        return self.node("HardSwish", x)

    def hard_swish_by_hard_sigmoid(self, x):
        return self.node("Mul", self.hard_sigmoid(x), x)

    def hard_swish_by_clip(self, x):
        y = self.clip6(self.node("Add", x, self.constant(3.0)))
        return self.node("Div", self.node("Mul", x, y), self.constant(6.0))

    def gelu_by_erf(self, x):
        y = self.node("Erf", self.node("Div", x, self.constant(np.sqrt(2))))
        y = self.node("Mul", x, self.node("Add", y, self.constant(1.0)))
        return self.node("Mul", y, self.constant(0.5))

    def gelu_by_tanh(self, x):
        y = self.node("Mul", self.node("Pow", x, self.constant(3.0)), self.constant(0.044715))
        y = self.node("Mul", self.node("Add", x, y), self.constant(np.sqrt(2 / np.pi)))
        y = self.node("Add", self.node("Tanh", y), self.constant(1.0))
        return self.node("Mul", self.node("Mul", x, self.constant(0.5)), y)


class Gated(NetworkCase):
    def check_network(self, build, sizes=SIZES, **options):
        """build(builder) returns the result of a network whose input is 'x'. Compiles it for every size with both kinds of
        math, verifies it and compares it with ONNX Runtime. Returns the numbers of kernels' calls."""
        for shape in sizes:
            with self.subTest(shape=shape):
                b = Builder(shape, **options)
                model = self.path / "network.onnx"
                onnx.save(b.model(build(b)), model)
                x = noise(shape)
                expected = reference(model, x)
                for math in ("strict", "fast"):
                    library = self.path / f"{math}.so"
                    self.resc("compile", model, "--math", math, "-o", library)
                    self.resc("verify", model, "--math", math, "--so", library)
                    got = self.run_library(library, x)
                    bound = BOUND if math == "strict" else 1e-4
                    self.assertLessEqual(np.abs(got - expected).max(), bound * np.abs(expected).max())

    def count_kernels(self, build, shape=(1, 16, 16, 16), **options):
        b = Builder(shape, **options)
        model = self.path / "counted.onnx"
        onnx.save(b.model(build(b)), model)
        return self.resc("compile", model, "--emit", "fused", "-o", "-").count("= res.kernel(")

    def test_mobilenet_v2(self):
        def build(b):
            y = b.clip6(b.conv("x", 16, 3, 2))
            y = b.inverted(y, 16, 1, b.clip6)
            y = b.inverted(y, 24, 6, b.clip6, stride=2)
            y = b.inverted(y, 24, 6, b.clip6)
            return b.head(b.clip6(b.conv(y, 40)))
        for opset in (10, 17):
            with self.subTest(opset=opset):
                self.check_network(build, opset=opset)

    def test_mobilenet_v3(self):
        def build(b):
            def excite(y):
                return b.excite(y, b.channels[y] // 4, b.relu, b.hard_sigmoid)
            swish = (b.hard_swish, b.hard_swish_by_hard_sigmoid, b.hard_swish_by_clip)
            y = swish[0](b.conv("x", 16, 3, 2))
            y = b.inverted(y, 16, 1, b.relu, excite=excite)
            y = b.inverted(y, 24, 3, swish[1], 5, stride=2)
            y = b.inverted(y, 24, 3, swish[2], 5, excite=excite)
            return b.head(swish[0](b.conv(y, 40)))
        self.check_network(build)

    def test_efficientnet(self):
        def build(b):
            def excite(y):
                return b.excite(y, b.channels[y] // 8, b.swish, b.sigmoid)
            y = b.swish(b.conv("x", 24, 3, 2))
            y = b.inverted(y, 16, 1, b.swish, excite=excite)
            y = b.inverted(y, 20, 6, b.swish, 5, stride=2, excite=excite)
            y = b.inverted(y, 20, 6, b.swish, 3, excite=excite)
            return b.head(b.swish(b.conv(y, 40)))
        self.check_network(build)

    def test_se_resnet(self):
        def build(b):
            x = b.relu(b.conv("x", 32, 3, 2))
            for _ in range(2):
                y = b.conv(b.relu(b.conv(b.relu(b.conv(x, 16)), 16, 3)), 32)
                x = b.relu(b.node("Add", b.excite(y, 8, b.relu, b.sigmoid), x))
            return b.head(x)
        self.check_network(build)

    def test_highway(self):
        def layer(b, x):
            t = b.sigmoid(b.conv(x, b.channels[x], 3, norm=False))
            h = b.relu(b.conv(x, b.channels[x], 3, norm=False))
            rest = b.node("Sub", b.constant(1.0), t)
            return b.node("Add", b.node("Mul", t, h), b.node("Mul", rest, x))

        def build(b):
            y = b.relu(b.conv("x", 20, 3, 2))
            return b.head(layer(b, layer(b, y)))
        self.check_network(build)
        # A first convolution, two for each layer, and of the head pooling, reshape and gemm.
        self.assertEqual(self.count_kernels(build), 1 + 2 * 2 + 3)

    def test_dense_highway(self):
        def matrix(b, x, size):
            w = b.random.standard_normal((b.channels[x], size)) / np.sqrt(b.channels[x])
            return b.node("Add", b.node("MatMul", x, b.constant(w), channels=size), b.constant(np.full(size, -0.5)))

        def build(b):
            y = b.node("Flatten", "x", channels=int(np.prod(b.shape[1:])))
            y = b.relu(matrix(b, y, 50))
            for _ in range(3):
                t = b.sigmoid(matrix(b, y, 50))
                h = b.node("Tanh", matrix(b, y, 50))
                y = b.node("Add", b.node("Mul", h, t), b.node("Mul", y, b.node("Sub", b.constant(1.0), t)))
            return matrix(b, y, 10)
        self.check_network(build, sizes=((1, 1, 9, 9), (3, 1, 9, 9)))

    def test_gelu(self):
        def build(b):
            y = b.conv("x", 20, 3, 2)
            for gelu in (b.gelu_by_erf, b.gelu_by_tanh, lambda x: b.node("Gelu", x),
                         lambda x: b.node("Gelu", x, approximate="tanh")):
                y = gelu(b.conv(y, 20, 3))
            return b.head(y)
        self.check_network(build, opset=20)

    def test_batch_norm_by_mul_and_add(self):
        def norm(b, y):
            scale, shift = (b.random.uniform(-1, 1, (b.channels[y], 1, 1)) for _ in range(2))
            return b.node("Add", b.node("Mul", y, b.constant(scale)), b.constant(shift))

        def build(b):
            y = norm(b, b.conv("x", 20, 3, 2, norm=False))  # folds
            y = b.conv(b.relu(norm(b, b.relu(y))), 20, 3, norm=False)  # does not
            return b.head(y)
        self.check_network(build)

    def test_other_functions(self):
        def build(b):
            y = b.conv("x", 20, 3, 2)
            slopes = b.constant(b.random.uniform(-0.5, 0.5, (20, 1, 1)))
            for op in ("LeakyRelu", "Elu", "Selu", "Mish", "Softplus", "Tanh", "Softsign", "PRelu", "Celu"):
                y = b.conv(b.node(op, y, *([slopes] if op == "PRelu" else [])), 20, 3)
            # A pooling and the model's input have elementwise work behind them, too.
            y = b.node("Sqrt", b.node("Abs", b.node("MaxPool", y, kernel_shape=[2, 2], strides=[2, 2])))
            return b.head(b.node("Div", y, b.node("Exp", b.node("Neg", y))))
        self.check_network(build, opset=18)

    def test_one_kernel(self):
        """What exporters write in several nodes is part of the convolution in front of it."""
        for name in ("swish", "hard_swish", "hard_swish_by_hard_sigmoid", "hard_swish_by_clip", "gelu_by_erf",
                     "gelu_by_tanh"):
            with self.subTest(name=name):
                self.assertEqual(self.count_kernels(lambda b: b.conv(getattr(b, name)(b.conv("x", 16, 3)), 16, 3)), 3)

    def test_spatial_gate(self):
        def build(b):
            y = b.relu(b.conv("x", 20, 3, 2))
            spot = b.sigmoid(b.conv(y, 1, 5, norm=False))
            return b.head(b.conv(b.node("Mul", spot, y, channels=20), 20))
        self.check_network(build)

    def test_elementwise_alone(self):
        """No layer is in front: the model's input and output."""
        def build(b):
            return b.node("Mul", b.swish("x"), b.node("GlobalAveragePool", b.hard_swish("x")))
        self.check_network(build)

    def test_other_ranks(self):
        """A gate of rank 3, which is neither map nor matrix, spreads, too."""
        def build(b):
            gate, x = (b.node("Squeeze", y, axes=[3]) for y in (b.node("GlobalAveragePool", "x"), b.relu("x")))
            return b.node("Sub", b.node("Mul", x, gate), gate)
        self.check_network(build, sizes=[(2, 3, 20, 1), (1, 18, 7, 1)], opset=9)


if __name__ == "__main__":
    unittest.main(verbosity=2)
