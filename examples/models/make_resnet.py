#!/usr/bin/env python3
"""Write a ResNet with seeded random weights of sane statistics as ONNX, needing only numpy and onnx.

--depth writes torchvision's ResNet-18/34/50/101/152 (v1.5: a bottleneck strides in its 3x3 convolution),
--tiny an eight-layer network whose sizes are multiples of nothing (20 and 36 channels, 29 x 31 input).
Graph, node names and initializer names follow PyTorch's legacy exporter with batch norm kept: opset 17,
input 'input' [N,3,H,W], output 'output' [N,classes], BatchNormalization as nodes of their own.

The weights are made so that numerical mistakes show: gammas lie in 0.6..1.4 with 3 % of them negative, betas
have a deviation of 0.2, running means and variances are measured on random images while the network is built,
the last gamma of a residual branch is damped so that sums do not grow with depth, and the classifier is scaled
so that logits are of order one and depend on the image. They depend on the structure, the number of classes and
--seed, not on the input size or the batch. The same options give the same bytes on the same machine and NumPy.
"""
import os

# The measured statistics are sums, and how BLAS splits a sum depends on its thread count.
for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import sys
from typing import NamedTuple

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

# depth: (blocks per stage, bottleneck blocks?)
DEPTHS = {18: ((2, 2, 2, 2), False), 34: ((3, 4, 6, 3), False), 50: ((3, 4, 6, 3), True),
          101: ((3, 4, 23, 3), True), 152: ((3, 8, 36, 3), True)}
EPSILON = 1e-5
DAMPING = 0.3           # of the last gamma in a residual branch
LOGIT_DEVIATION = 1.5   # of a logit over images
PROBE_IMAGES, PROBE_EDGE = 16, 96  # the smallest maps are 3 x 3: 144 samples per channel


class Tensor(NamedTuple):
    """A tensor of the graph and its value on the probe images: NHWC, or [N,features] behind Flatten."""
    name: str
    value: np.ndarray


def patches(x, k, stride, pad, fill=0.0):
    """NHWC x -> [N,OH,OW,k*k,C], one row of pixels per window."""
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)), constant_values=fill)
    oh, ow = ((e - k) // stride + 1 for e in x.shape[1:3])
    taps = [x[:, i:i + stride * (oh - 1) + 1:stride, j:j + stride * (ow - 1) + 1:stride]
            for i in range(k) for j in range(k)]
    return taps[0][:, :, :, None] if k == 1 else np.stack(taps, axis=3)


def probe_images(rng, n, edge):
    """Image-like noise [N,edge,edge,3]: blobs of 4, 16 and 64 pixels over white noise, contrast and cast by image."""
    x = 0.5 * rng.standard_normal((n, edge, edge, 3))
    for blob, amplitude in ((4, 0.6), (16, 0.6), (64, 0.6)):
        knots = edge // blob + 2
        # linear interpolation between knots that lie 'blob' pixels apart, as a matrix
        tent = np.maximum(0, 1 - np.abs(np.arange(edge)[:, None] / blob - np.arange(knots)))
        x += amplitude * np.einsum("hi,nijc,wj->nhwc", tent, rng.standard_normal((n, knots, knots, 3)), tent)
    x = x * rng.uniform(0.6, 1.4, (n, 1, 1, 1)) + 0.3 * rng.standard_normal((n, 1, 1, 3))
    return x.astype(np.float32)


class Builder:
    """Emits nodes and initializers; each call also computes its result on the probe images."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.weights = [], []

    def constant(self, name, array):
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name))
        return name

    def emit(self, op, scope, inputs, value, output=None, **attributes):
        output = output or f"{scope}/{op}_output_0"
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"{scope}/{op}", **attributes))
        return Tensor(output, value)

    def conv(self, x, path, cout, k, stride):
        """path: the module's path, such as 'layer1.0.conv1'"""
        cin = x.value.shape[-1]
        weight = self.rng.standard_normal((cout, k, k, cin), np.float32) * np.float32(np.sqrt(2 / (k * k * cin)))
        cols = patches(x.value, k, stride, k // 2)
        value = (cols.reshape(-1, k * k * cin) @ weight.reshape(cout, -1).T).reshape(*cols.shape[:3], cout)
        name = self.constant(path + ".weight", weight.transpose(0, 3, 1, 2))
        return self.emit("Conv", scope_of(path), [x.name, name], value, dilations=[1, 1], group=1,
                         kernel_shape=[k, k], pads=[k // 2] * 4, strides=[stride, stride])

    def batch_norm(self, x, path, damping=1.0):
        c = x.value.shape[-1]
        gamma = damping * self.rng.uniform(0.6, 1.4, c) * np.where(self.rng.random(c) < 0.03, -1, 1)
        beta = 0.2 * self.rng.standard_normal(c)
        mean, var = (f((0, 1, 2), dtype=np.float64) for f in (x.value.mean, x.value.var))
        scale = gamma / np.sqrt(var + EPSILON)
        value = x.value * scale.astype(np.float32) + (beta - mean * scale).astype(np.float32)
        arrays = {"weight": gamma, "bias": beta, "running_mean": mean, "running_var": var}
        names = [self.constant(f"{path}.{k}", v) for k, v in arrays.items()]
        return self.emit("BatchNormalization", scope_of(path), [x.name, *names], value, epsilon=EPSILON,
                         momentum=0.9, training_mode=0)

    def relu(self, x, scope):
        return self.emit("Relu", scope, [x.name], np.maximum(x.value, 0))

    def max_pool(self, x):
        return self.emit("MaxPool", "/maxpool", [x.name], patches(x.value, 3, 2, 1, -np.inf).max(3), ceil_mode=0,
                         dilations=[1, 1], kernel_shape=[3, 3], pads=[1] * 4, strides=[2, 2])

    def block(self, x, path, width, stride, bottleneck):
        """A residual block; a bottleneck puts out four times 'width' channels, a basic block 'width'."""
        scope = "/" + path.split(".")[0] + "/" + path  # the exporter's '/layer1/layer1.0'
        cout = 4 * width if bottleneck else width
        convs = [(width, 1, 1), (width, 3, stride), (cout, 1, 1)] if bottleneck else [(width, 3, stride), (cout, 3, 1)]
        main = x
        for i, (channels, k, s) in enumerate(convs, 1):
            last = i == len(convs)
            main = self.conv(main, f"{path}.conv{i}", channels, k, s)
            main = self.batch_norm(main, f"{path}.bn{i}", DAMPING if last else 1.0)
            if not last:
                main = self.relu(main, scope + ("/relu" if i == 1 else f"/relu_{i - 1}"))
        if stride != 1 or x.value.shape[-1] != cout:
            x = self.conv(x, path + ".downsample.0", cout, 1, stride)
            x = self.batch_norm(x, path + ".downsample.1")
        total = self.emit("Add", scope, [main.name, x.name], main.value + x.value)
        return self.relu(total, f"{scope}/relu_{len(convs) - 1}")

    def head(self, x, classes):
        x = self.emit("GlobalAveragePool", "/avgpool", [x.name], x.value.mean((1, 2), dtype=np.float64))
        x = self.emit("Flatten", "", [x.name], x.value, axis=1)
        weight = self.rng.standard_normal((classes, x.value.shape[1]))
        logits = x.value @ weight.T
        scale = LOGIT_DEVIATION / (logits - logits.mean(0)).std()
        # Most of what all images share goes, else one class always wins; the rest stays so that logits do not
        # become a small difference of large numbers.
        bias = 0.1 * self.rng.standard_normal(classes) - 7 / 8 * scale * logits.mean(0)
        names = [self.constant("fc.weight", scale * weight), self.constant("fc.bias", bias)]
        return self.emit("Gemm", "/fc", [x.name, *names], scale * logits + bias, "output",
                         alpha=1.0, beta=1.0, transB=1)


def scope_of(path):
    """'layer1.0.downsample.0' -> '/layer1/layer1.0/downsample/downsample.0', as the exporter spells scopes."""
    parts = path.split(".")
    if len(parts) == 1:
        return "/" + path
    scope = f"/{parts[0]}/{parts[0]}.{parts[1]}/{parts[2]}"
    return scope if len(parts) == 3 else f"{scope}/{parts[2]}.{parts[3]}"


def build(depth, height, width, batch, classes, seed):
    """Returns the ModelProto of a network; depth 0 is the tiny one. The value of its output is dropped."""
    b = Builder(seed)
    edge = PROBE_EDGE if depth else PROBE_EDGE // 4  # the tiny stem does not stride
    x = Tensor("input", probe_images(np.random.default_rng([seed, 1]), PROBE_IMAGES, edge))
    if depth:
        counts, bottleneck = DEPTHS[depth]
        channels, stem = (64, 128, 256, 512), (64, 7, 2)
    else:
        counts, bottleneck, channels, stem = (1, 2), False, (20, 36), (20, 3, 1)
    x = b.relu(b.batch_norm(b.conv(x, "conv1", *stem), "bn1"), "/relu")
    x = b.max_pool(x)
    for s, (count, c) in enumerate(zip(counts, channels)):
        for i in range(count):
            x = b.block(x, f"layer{s + 1}.{i}", c, 2 if s > 0 and i == 0 else 1, bottleneck)
    b.head(x, classes)
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in (("input", [batch, 3, height, width]), ("output", [batch, classes]))]
    graph = helper.make_graph(b.nodes, f"resnet{depth}" if depth else "resnet_tiny", info[:1], info[1:], b.weights)
    model = helper.make_model(graph, producer_name="make_resnet.py", ir_version=8,
                              opset_imports=[helper.make_opsetid("", 17)])
    checker.check_model(model, full_check=True)
    return model


def save(path, data):
    """Writes beside 'path' and renames, so that no half-written file appears under the name."""
    part = path + ".part"
    try:
        with open(part, "wb") as f:
            f.write(data)
        os.replace(part, path)
    except OSError as e:
        if os.path.isfile(part):
            os.remove(part)
        sys.exit(f"make_resnet.py: error: cannot write '{path}': {e.strerror}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                epilog="examples:\n  make_resnet.py resnet50.onnx --depth 50\n"
                                       "  make_resnet.py odd.onnx --depth 18 --height 197 --width 211 --batch 4\n"
                                       "  make_resnet.py tiny.onnx --tiny")

    def positive(text):
        if not text.isdecimal() or int(text) < 1:
            raise argparse.ArgumentTypeError(f"expected a positive integer, got '{text}'")
        return int(text)

    p.add_argument("out", metavar="OUT.onnx", help="file to write")
    kind = p.add_mutually_exclusive_group(required=True)
    kind.add_argument("--depth", type=int, choices=DEPTHS, help="layers of a full-size network")
    kind.add_argument("--tiny", action="store_true", help="the eight-layer network")
    p.add_argument("--size", type=positive, metavar="N", help="input height and width (default: 224)")
    p.add_argument("--height", type=positive, metavar="H", help="input height (default: --size, or 29 with --tiny)")
    p.add_argument("--width", type=positive, metavar="W", help="input width (default: --size, or 31 with --tiny)")
    p.add_argument("--batch", type=positive, default=1, metavar="N", help="images per inference (default: 1)")
    p.add_argument("--classes", type=positive, metavar="N", help="outputs (default: 1000, or 10 with --tiny)")
    p.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the weights (default: 0)")
    a = p.parse_args()
    if a.seed < 0:
        p.error(f"argument --seed: expected at least 0, got {a.seed}")
    height = a.height or a.size or (29 if a.tiny else 224)
    width = a.width or a.size or (31 if a.tiny else 224)
    classes = a.classes or (10 if a.tiny else 1000)
    if not os.path.isdir(os.path.dirname(a.out) or "."):  # before the work, not after
        sys.exit(f"make_resnet.py: error: cannot write '{a.out}': no such folder")
    model = build(0 if a.tiny else a.depth, height, width, a.batch, classes, a.seed)
    save(a.out, model.SerializeToString(deterministic=True))
    print(f"wrote {a.out}: {len(model.graph.node)} nodes, input {a.batch}x3x{height}x{width}, "
          f"{os.path.getsize(a.out) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
