"""Small networks with concatenations: branches as in Inception, and skips as in a U-Net whose levels keep their size."""

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper


class Graph:
    def __init__(self, shape):
        self.random, self.nodes, self.weights, self.shape = np.random.default_rng(0), [], [], shape
        self.channels = {"x": shape[1]}

    def emit(self, op, inputs, channels, output=None, **attributes):
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"{op}{len(self.nodes)}", **attributes))
        self.channels[output] = channels
        return output

    def conv(self, x, channels, kernel, output=None):
        """With an activation, but for the last one."""
        shape = (channels, self.channels[x], *kernel)
        name = f"w{len(self.weights)}"
        values = self.random.standard_normal(shape, np.float32) * np.float32(np.sqrt(2 / np.prod(shape[1:])))
        self.weights.append(numpy_helper.from_array(values, name))
        pads = [k // 2 for k in kernel] * 2
        y = self.emit("Conv", [x, name], channels, output, kernel_shape=list(kernel), pads=pads)
        return y if output else self.emit("Relu", [y], channels)

    def pool(self, op, x):
        return self.emit(op, [x], self.channels[x], kernel_shape=[3, 3], pads=[1] * 4, strides=[1, 1])

    def concat(self, *parts):
        return self.emit("Concat", parts, sum(self.channels[part] for part in parts), axis=1)

    def model(self):
        shape = [self.shape[0], self.channels["y"], *self.shape[2:]]
        graph = helper.make_graph(self.nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
                                  [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        checker.check_model(model, full_check=True)
        return model


def inception(batch):
    """Three blocks of four branches, of which two meet before the others."""
    g = Graph([batch, 3, 35, 37])
    x = g.conv("x", 32, (3, 3))
    for _ in range(3):
        one, five = g.conv(x, 64, (1, 1)), g.conv(g.conv(x, 48, (1, 1)), 64, (5, 5))
        seven = g.conv(g.conv(g.conv(x, 64, (1, 1)), 96, (1, 7)), 96, (7, 1))
        x = g.concat(one, g.concat(five, seven), g.conv(g.pool("AveragePool", x), 32, (1, 1)))
    g.conv(x, 10, (1, 1), "y")
    return g.model()


def unet(batch):
    """Both orders of a skip and what comes from below."""
    g = Graph([batch, 3, 45, 61])
    top = g.conv(g.conv("x", 32, (3, 3)), 32, (3, 3))
    middle = g.conv(g.conv(g.pool("MaxPool", top), 64, (3, 3)), 64, (3, 3))
    low = g.conv(g.pool("MaxPool", middle), 128, (3, 3))
    middle = g.conv(g.concat(middle, g.conv(low, 64, (1, 1))), 64, (3, 3))
    top = g.conv(g.concat(g.conv(middle, 32, (1, 1)), top), 32, (3, 3))
    g.conv(top, 2, (1, 1), "y")
    return g.model()
