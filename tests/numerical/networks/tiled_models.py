"""Small networks of every family whose blocks can be computed in bands of rows, with odd sizes.

Few channels and layers: what counts is how kernels follow each other. Weights are seeded, and keep activations of order one.
"""

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

HEIGHT, WIDTH, CLASSES = 67, 61, 10


class Network:
    """Emits nodes; a tensor is its name, and `channels` knows how many it has."""

    def __init__(self, seed=0):
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights, self.channels = [], [], {"x": 3}

    def emit(self, op, inputs, channels, **attributes):
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        self.channels[name] = channels
        return name

    def constant(self, values):
        self.weights.append(numpy_helper.from_array(np.asarray(values, np.float32), f"w{len(self.weights)}"))
        return self.weights[-1].name

    def conv(self, x, filters, size, stride=1, groups=1, gain=2.0):
        inputs = self.channels[x] // groups
        values = self.random.standard_normal((filters, inputs, size, size)) * np.sqrt(gain / (inputs * size * size))
        names = [x, self.constant(values), self.constant(0.1 * self.random.standard_normal(filters))]
        return self.emit("Conv", names, filters, kernel_shape=[size, size], strides=[stride, stride],
                         pads=[size // 2] * 4, group=groups)

    def norm(self, x):
        channels = self.channels[x]
        parts = [self.random.uniform(0.6, 1.4, channels), 0.2 * self.random.standard_normal(channels),
                 0.1 * self.random.standard_normal(channels), self.random.uniform(0.8, 1.2, channels)]
        return self.emit("BatchNormalization", [x, *map(self.constant, parts)], channels)

    def relu(self, x):
        return self.emit("Relu", [x], self.channels[x])

    def add(self, a, b):
        return self.emit("Add", [a, b], self.channels[a])

    def max_pool(self, x, size, stride, pad=0):
        return self.emit("MaxPool", [x], self.channels[x], kernel_shape=[size, size], strides=[stride, stride],
                         pads=[pad] * 4)

    def stem(self, channels):
        return self.max_pool(self.relu(self.conv("x", channels, 7, 2)), 3, 2, 1)

    def model(self, x):
        pooled = self.emit("Flatten", [self.emit("GlobalAveragePool", [x], self.channels[x])], self.channels[x])
        weight = self.constant(self.random.standard_normal((CLASSES, self.channels[x])) / np.sqrt(self.channels[x]))
        self.nodes.append(helper.make_node("Gemm", [pooled, weight], ["y"], name="fc", transB=1))
        infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                 for name, shape in (("x", [1, 3, HEIGHT, WIDTH]), ("y", [1, CLASSES]))]
        graph = helper.make_graph(self.nodes, "tiled", infos[:1], infos[1:], self.weights)
        model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
        checker.check_model(model, full_check=True)
        return model


def shortcut(n, x, channels, stride):
    return x if stride == 1 and n.channels[x] == channels else n.conv(x, channels, 1, stride, gain=1.0)


def basic(n, x, width, stride):
    y = n.conv(n.relu(n.conv(x, width, 3, stride)), width, 3, gain=0.5)
    return n.relu(n.add(y, shortcut(n, x, width, stride)))


def bottleneck(n, x, width, stride, groups=1, first_strides=False):
    y = n.relu(n.conv(x, width, 1, stride if first_strides else 1))
    y = n.relu(n.conv(y, width, 3, 1 if first_strides else stride, groups))
    return n.relu(n.add(n.conv(y, 4 * width, 1, gain=0.5), shortcut(n, x, 4 * width, stride)))


def pre_activation(n, x, width, stride):
    y = n.relu(n.norm(x))
    branch = n.conv(n.relu(n.norm(n.conv(y, width, 3, stride))), width, 3, gain=0.5)
    return n.add(branch, x if stride == 1 else n.conv(y, width, 1, stride, gain=1.0))


def plain(n, x, width, stride):
    return n.relu(n.conv(n.relu(n.conv(x, width, 3, stride)), width, 3))


def residual(block, widths, start, small=False):
    """Two blocks for each width; the first but of the first width strides. A small stem does not."""
    def make():
        n = Network()
        x = n.relu(n.conv("x", start, 3)) if small else n.stem(start)
        for index, width in enumerate(widths):
            x = block(n, x, width, 2 if index else 1)
            x = block(n, x, width, 1)
        return n.model(x)
    return make


def vgg():
    n, x = Network(), "x"
    for width, convs in ((16, 2), (32, 2), (48, 4)):
        for _ in range(convs):
            x = n.relu(n.conv(x, width, 3))
        x = n.max_pool(x, 2, 2)
    return n.model(x)


FAMILIES = {
    "basic": residual(basic, (32, 48), 32),
    "bottleneck": residual(bottleneck, (16, 32), 32),
    "v1": residual(lambda *arguments: bottleneck(*arguments, first_strides=True), (16, 32), 32),
    "resnext": residual(lambda *arguments: bottleneck(*arguments, groups=32), (32, 64), 32),
    "pre-activation": residual(pre_activation, (32, 48), 32),
    "plain": residual(plain, (32, 48), 32),
    "cifar": residual(basic, (16, 32), 16, small=True),
    "vgg": vgg,
}
