"""What the scripts of this folder share: an ONNX graph with seeded random weights of sane statistics.

Graph, node names and initializer names follow PyTorch's legacy exporter with batch norm kept: opset 17, input
'input' [N,3,H,W], output 'output' [N,classes]. README.md tells how the weights are made. They depend on the structure,
the number of classes and the seed, not on the input size or the batch.
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

EPSILON = 1e-5
LOGIT_DEVIATION = 1.5   # of a logit over images
PLAIN_BETA = 1.0        # see Builder
PROBE_IMAGES = 16
LAST_INDEX = 2**63 - 1  # the exporters' end of a slice that goes to the end


class Tensor(NamedTuple):
    """A tensor of the graph and its value on the probe images: NHWC, or [N,features] behind Flatten."""
    name: str
    value: np.ndarray


def pair(size):
    """Of height and width, which one number is for both."""
    return size if isinstance(size, tuple) else (size, size)


def patches(x, k, stride, pad, fill=0.0):
    """NHWC x -> [N,OH,OW,KH*KW,C], one row of pixels per window. k and pad: a number, or one for rows and one for columns."""
    kh, kw = pair(k)
    ph, pw = pair(pad)
    x = np.pad(x, ((0, 0), (ph, ph), (pw, pw), (0, 0)), constant_values=fill)
    oh, ow = ((e - size) // stride + 1 for e, size in zip(x.shape[1:3], (kh, kw)))
    taps = [x[:, i:i + stride * (oh - 1) + 1:stride, j:j + stride * (ow - 1) + 1:stride]
            for i in range(kh) for j in range(kw)]
    return taps[0][:, :, :, None] if len(taps) == 1 else np.stack(taps, axis=3)


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


def scope_of(path):
    """'layer1.0.downsample.0' -> '/layer1/layer1.0/downsample/downsample.0', as the exporter spells scopes."""
    parts = path.split(".")
    return "".join(f"/{parts[i - 1]}.{p}" if p.isdecimal() else f"/{p}" for i, p in enumerate(parts))


class Builder:
    """Emits nodes and initializers; each call also computes its result on the probe images. A 'path' is that of the
    module in PyTorch, such as 'layer1.0.conv1'.

    mean_beta: of every batch norm. Without shortcuts a layer ReLU(gamma z + beta) makes small differences grow by
    E[ReLU'^2] / Var[ReLU] = 1.47 at beta 0, so that behind 33 layers rounding errors show 500-fold; at beta 1, where
    five of six are let through, by 1.12."""

    def __init__(self, seed, probe_edge, mean_beta=0.0):
        self.mean_beta = mean_beta
        self.rng = np.random.default_rng(seed)
        self.input = Tensor("input", probe_images(np.random.default_rng([seed, 1]), PROBE_IMAGES, probe_edge))
        self.nodes, self.weights = [], []

    def constant(self, name, array, dtype=np.float32):
        self.weights.append(numpy_helper.from_array(np.asarray(array, dtype, order="C"), name))
        return name

    def shared_constant(self, name, array, dtype=np.int64):
        """An initializer of several nodes, added by the first of them."""
        return name if any(w.name == name for w in self.weights) else self.constant(name, array, dtype)

    def emit(self, op, scope, inputs, value, output=None, **attributes):
        output = output or f"{scope}/{op}_output_0"
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"{scope}/{op}", **attributes))
        return Tensor(output, value)

    def conv(self, x, path, cout, k, stride, bias=False, padded=True):
        """With a bias the weights are such that the outputs have a root mean square of 1 without it. k: a number, or height and
        width."""
        cin = x.value.shape[-1]
        kh, kw = pair(k)
        pad = (kh // 2, kw // 2) if padded else (0, 0)
        weight = self.rng.standard_normal((cout, kh, kw, cin), np.float32) * np.float32(np.sqrt(2 / (kh * kw * cin)))
        cols = patches(x.value, (kh, kw), stride, pad)
        value = (cols.reshape(-1, kh * kw * cin) @ weight.reshape(cout, -1).T).reshape(*cols.shape[:3], cout)
        names = []
        if bias:
            rms, shift = np.sqrt(np.mean(np.square(value))), 0.2 * self.rng.standard_normal(cout, np.float32)
            weight, value = weight / rms, value / rms + shift
            names = [self.constant(path + ".bias", shift)]
        names.insert(0, self.constant(path + ".weight", weight.transpose(0, 3, 1, 2)))
        return self.emit("Conv", scope_of(path), [x.name, *names], value, dilations=[1, 1], group=1,
                         kernel_shape=[kh, kw], pads=[*pad, *pad], strides=[stride, stride])

    def batch_norm(self, x, path, damping=1.0):
        c = x.value.shape[-1]
        gamma = damping * self.rng.uniform(0.6, 1.4, c) * np.where(self.rng.random(c) < 0.03, -1, 1)
        beta = self.mean_beta + 0.2 * self.rng.standard_normal(c)
        mean, var = (f((0, 1, 2), dtype=np.float64) for f in (x.value.mean, x.value.var))
        scale = gamma / np.sqrt(var + EPSILON)
        value = x.value * scale.astype(np.float32) + (beta - mean * scale).astype(np.float32)
        arrays = {"weight": gamma, "bias": beta, "running_mean": mean, "running_var": var}
        names = [self.constant(f"{path}.{k}", v) for k, v in arrays.items()]
        return self.emit("BatchNormalization", scope_of(path), [x.name, *names], value, epsilon=EPSILON,
                         momentum=0.9, training_mode=0)

    def relu(self, x, scope):
        return self.emit("Relu", scope, [x.name], np.maximum(x.value, 0))

    def max_pool(self, x, scope, k, stride, pad):
        value = patches(x.value, k, stride, pad, -np.inf).max(3)
        return self.emit("MaxPool", scope, [x.name], value, ceil_mode=0, dilations=[1, 1], kernel_shape=[k, k],
                         pads=[pad] * 4, strides=[stride, stride])

    def padded_shortcut(self, x, scope, stride, cout):
        """Option A: every stride-th pixel, and zeros for the new channels on both sides, as the exporter of
        torch.export spells x[:, :, ::stride, ::stride] and pad."""
        before = (cout - x.value.shape[-1]) // 2
        after = cout - x.value.shape[-1] - before
        value = np.pad(x.value[:, ::stride, ::stride], ((0, 0), (0, 0), (0, 0), (before, after)))
        starts, ends, steps = (self.shared_constant(f"slice.{name}", [v]) for name, v in
                               (("starts", 0), ("ends", LAST_INDEX), (f"steps{stride}", stride)))
        name = x.name
        for axis, op in ((2, "Slice"), (3, "Slice_1")):
            axes = self.shared_constant(f"slice.axes{axis}", [axis])
            self.nodes.append(helper.make_node("Slice", [name, starts, ends, axes, steps], [f"{scope}/{op}_output_0"],
                                               name=f"{scope}/{op}"))
            name = f"{scope}/{op}_output_0"
        pads = self.shared_constant(f"pad.{before}.{after}", [0, before, 0, 0, 0, after, 0, 0])
        zero = self.shared_constant("pad.value", 0.0, np.float32)
        return self.emit("Pad", scope, [name, pads, zero], value, mode="constant")

    def flatten(self, x):
        """NCHW order, as the weights of the next layer expect."""
        value = x.value.transpose(0, 3, 1, 2) if x.value.ndim == 4 else x.value
        return self.emit("Flatten", "", [x.name], value.reshape(len(value), -1), axis=1)

    def hidden_linear(self, x, path, features):
        """A fully connected layer whose outputs have deviation 1."""
        weight = self.rng.standard_normal((features, x.value.shape[1]))
        y = x.value @ weight.T
        weight /= y.std()
        return self.gemm(x, path, weight, 0.1 * self.rng.standard_normal(features), y / y.std())

    def classifier(self, x, path, classes, shared=1 / 8):
        """The last fully connected layer. shared: how much stays of what the logits of all images share; all of it and
        one class always wins, nothing and the logits are a small difference of large numbers."""
        weight = self.rng.standard_normal((classes, x.value.shape[1]))
        logits = x.value @ weight.T
        scale = LOGIT_DEVIATION / (logits - logits.mean(0)).std()
        bias = 0.1 * self.rng.standard_normal(classes) - (1 - shared) * scale * logits.mean(0)
        weight *= scale
        return self.gemm(x, path, weight, bias, scale * logits, "output")

    def gemm(self, x, path, weight, bias, product, output=None):
        names = [self.constant(path + ".weight", weight), self.constant(path + ".bias", bias)]
        return self.emit("Gemm", scope_of(path), [x.name, *names], product + bias, output,
                         alpha=1.0, beta=1.0, transB=1)

    def model(self, name, batch, height, width, classes, output_size=()):
        """The ModelProto of all that was emitted, checked. output_size: height and width of an output that is a map."""
        info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape)
                for n, shape in (("input", [batch, 3, height, width]), ("output", [batch, classes, *output_size]))]
        graph = helper.make_graph(self.nodes, name, info[:1], info[1:], self.weights)
        model = helper.make_model(graph, producer_name=program(), ir_version=8,
                                  opset_imports=[helper.make_opsetid("", 17)])
        checker.check_model(model, full_check=True)
        return model


# ---- the command line ----

def program():
    return os.path.basename(sys.argv[0])


def positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a positive integer, got '{text}'")
    return int(text)


def parser(description, examples):
    """An argparse parser that has the file to write, --batch, --classes and --seed."""
    p = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter,
                                epilog="examples:\n  " + "\n  ".join(examples))
    p.add_argument("out", metavar="OUT.onnx", help="file to write")
    p.add_argument("--batch", type=positive, default=1, metavar="N", help="images per inference (default: 1)")
    p.add_argument("--classes", type=positive, metavar="N", help="outputs (default: 1000, or 10 for small images)")
    p.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the weights (default: 0)")
    return p


def parse(p):
    """The arguments, where what would fail after the work fails before."""
    a = p.parse_args()
    if a.seed < 0:
        p.error(f"argument --seed: expected at least 0, got {a.seed}")
    if not os.path.isdir(os.path.dirname(a.out) or "."):
        sys.exit(f"{program()}: error: cannot write '{a.out}': no such folder")
    return a


def save(path, model):
    """Writes beside 'path' and renames, so that no half-written file appears under the name."""
    part = path + ".part"
    try:
        with open(part, "wb") as f:
            f.write(model.SerializeToString(deterministic=True))
        os.replace(part, path)
    except OSError as e:
        if os.path.isfile(part):
            os.remove(part)
        sys.exit(f"{program()}: error: cannot write '{path}': {e.strerror}")
    shape = "x".join(str(d.dim_value) for d in model.graph.input[0].type.tensor_type.shape.dim)
    print(f"wrote {path}: {len(model.graph.node)} nodes, input {shape}, {os.path.getsize(path) / 1e6:.1f} MB")
