#!/usr/bin/env python3
"""Train a small residual network on scikit-learn's handwritten digits and write it as ONNX.

The network is a CIFAR-style ResNet-14: a 3x3 stem, three stages of two basic blocks with 16, 32 and 64
channels, 1x1 projection shortcuts where a stage halves the map, global average pooling and a linear layer.
It is trained in plain NumPy, float32, on one core.

Written files:
  digits.onnx      opset 17; input 'image' float32 [1,1,8,8], output 'logits' float32 [1,10];
                   every BatchNormalization is a node of its own, nothing is folded
  digits_test.npz  'images' float32 [N,1,8,8], 'labels' int64 [N]: the quarter never seen in training

Pixels are 0..16 in the data set and are divided by 16 here, in the arrays: the network expects 0..1 and the
test images are stored that way.
"""
import os

# Sums depend on how BLAS splits its work: one thread makes repeated runs equal, and is what the time is stated for.
for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import sys
import time

import numpy as np

EPSILON = 1e-5
CLASSES = 10
STAGES = (16, 32, 64)
BLOCKS_PER_STAGE = 2


class Conv:
    """Square convolution without bias, padding k//2. Maps are NHWC, the weight is [k*k*cin, cout]."""

    def __init__(self, rng, cin, cout, k, stride=1):
        self.cin, self.cout, self.k, self.stride = cin, cout, k, stride
        he = np.sqrt(2 / (k * k * cin))
        self.params = {"weight": (he * rng.standard_normal((k * k * cin, cout))).astype(np.float32)}
        self.grads = {}

    def taps(self, h, w):
        """Yields, per kernel tap, the slices of the padded h x w map which that tap reads."""
        for i in range(self.k):
            for j in range(self.k):
                yield np.s_[:, i:i + h:self.stride, j:j + w:self.stride]

    def forward(self, x, train):
        n, h, w, _ = x.shape
        pad = self.k // 2
        padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
        patches = np.stack([padded[t] for t in self.taps(h, w)], axis=3)
        oh, ow = patches.shape[1:3]
        cols = patches.reshape(n * oh * ow, -1)
        self.saved = (cols, x.shape) if train else None
        return (cols @ self.params["weight"]).reshape(n, oh, ow, self.cout)

    def backward(self, dy):
        cols, (n, h, w, c) = self.saved
        pad = self.k // 2
        flat = dy.reshape(-1, self.cout)
        self.grads["weight"] = cols.T @ flat
        dcols = (flat @ self.params["weight"].T).reshape(*dy.shape[:3], self.k * self.k, c)
        dx = np.zeros((n, h + 2 * pad, w + 2 * pad, c), np.float32)
        for i, t in enumerate(self.taps(h, w)):
            dx[t] += dcols[:, :, :, i]
        return dx[:, pad:pad + h, pad:pad + w]


class BatchNorm:
    """Normalises each channel by the batch's statistics in training, by the running ones otherwise."""

    def __init__(self, channels):
        self.params = {"scale": np.ones(channels, np.float32), "bias": np.zeros(channels, np.float32)}
        self.grads = {}
        self.mean, self.var = np.zeros(channels, np.float32), np.ones(channels, np.float32)

    def forward(self, x, train):
        mean, var = (x.mean((0, 1, 2)), x.var((0, 1, 2))) if train else (self.mean, self.var)
        inv = 1 / np.sqrt(var + np.float32(EPSILON))
        xhat = (x - mean) * inv
        if train:
            self.mean += 0.1 * (mean - self.mean)
            self.var += 0.1 * (var - self.var)
            self.saved = xhat, inv
        return xhat * self.params["scale"] + self.params["bias"]

    def backward(self, dy):
        xhat, inv = self.saved
        self.grads = {"scale": (dy * xhat).sum((0, 1, 2)), "bias": dy.sum((0, 1, 2))}
        count = np.float32(dy.size // dy.shape[-1])
        return self.params["scale"] * inv * (dy - (self.grads["bias"] + xhat * self.grads["scale"]) / count)


class Relu:
    params = {}

    def forward(self, x, train):
        y = np.maximum(x, 0)
        self.saved = y > 0 if train else None
        return y

    def backward(self, dy):
        return dy * self.saved


class Block:
    """Basic block: relu(bn(conv(relu(bn(conv(x))))) + shortcut(x))."""

    def __init__(self, rng, cin, cout, stride):
        self.main = {"conv1": Conv(rng, cin, cout, 3, stride), "bn1": BatchNorm(cout), "relu1": Relu(),
                     "conv2": Conv(rng, cout, cout, 3), "bn2": BatchNorm(cout)}
        self.side = {}
        if stride != 1 or cin != cout:
            self.side = {"shortcut.conv": Conv(rng, cin, cout, 1, stride), "shortcut.bn": BatchNorm(cout)}
        self.relu = Relu()
        self.layers = [*self.main.values(), *self.side.values()]

    def forward(self, x, train):
        main, side = x, x
        for layer in self.main.values():
            main = layer.forward(main, train)
        for layer in self.side.values():
            side = layer.forward(side, train)
        return self.relu.forward(main + side, train)

    def backward(self, dy):
        main = side = self.relu.backward(dy)
        for layer in reversed(self.main.values()):
            main = layer.backward(main)
        for layer in reversed(self.side.values()):
            side = layer.backward(side)
        return main + side


class Head:
    """Global average pooling and a linear layer."""

    def __init__(self, rng, cin):
        bound = 1 / np.sqrt(cin)
        self.params = {"weight": rng.uniform(-bound, bound, (cin, CLASSES)).astype(np.float32),
                       "bias": np.zeros(CLASSES, np.float32)}
        self.grads = {}

    def forward(self, x, train):
        pooled = x.mean((1, 2))
        self.saved = pooled, x.shape
        return pooled @ self.params["weight"] + self.params["bias"]

    def backward(self, dy):
        pooled, (n, h, w, c) = self.saved
        self.grads = {"weight": pooled.T @ dy, "bias": dy.sum(0)}
        dx = (dy @ self.params["weight"].T) / np.float32(h * w)
        return np.broadcast_to(dx[:, None, None, :], (n, h, w, c))


class Network:
    def __init__(self, rng):
        self.stem = {"stem.conv": Conv(rng, 1, STAGES[0], 3), "stem.bn": BatchNorm(STAGES[0]), "stem.relu": Relu()}
        self.blocks, cin = {}, STAGES[0]
        for s, cout in enumerate(STAGES, 1):
            for b in range(1, BLOCKS_PER_STAGE + 1):
                self.blocks[f"stage{s}.block{b}"] = Block(rng, cin, cout, 2 if s > 1 and b == 1 else 1)
                cin = cout
        self.head = Head(rng, cin)
        self.chain = [*self.stem.values(), *self.blocks.values(), self.head]
        self.leaves = [leaf for layer in self.chain for leaf in getattr(layer, "layers", [layer])]

    def forward(self, images, train=False):
        """images [N,1,8,8] -> logits [N,10]"""
        x = images.transpose(0, 2, 3, 1)
        for layer in self.chain:
            x = layer.forward(x, train)
        return x

    def backward(self, dlogits):
        for layer in reversed(self.chain):
            dlogits = layer.backward(dlogits)


def load_split():
    """Returns train images, train labels, test images, test labels; a quarter of each class is test."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)[:, None]
    labels = digits.target.astype(np.int64)
    a, b, c, d = train_test_split(images, labels, test_size=0.25, stratify=labels, random_state=0)
    return a, c, b, d


def shifted(images, rng):
    """Moves each image by -1, 0 or 1 pixel in both directions; what comes in is background."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    moves = rng.integers(0, 3, (len(images), 2))
    return np.stack([p[:, i:i + 8, j:j + 8] for p, (i, j) in zip(padded, moves)])


def train(net, images, labels, rng, epochs, batch=64, peak=0.1, momentum=0.9, decay=5e-4):
    """SGD with momentum on the cross entropy; the step size falls from 'peak' to 0 along a cosine."""
    velocity = {(id(leaf), k): np.zeros_like(v) for leaf in net.leaves for k, v in leaf.params.items()}
    steps_per_epoch = len(images) // batch
    for epoch in range(epochs):
        start, total = time.time(), 0.0
        order = rng.permutation(len(images))
        for step in range(steps_per_epoch):
            pick = order[step * batch:(step + 1) * batch]
            logits = net.forward(shifted(images[pick], rng), train=True)
            prob = np.exp(logits - logits.max(1, keepdims=True))
            prob /= prob.sum(1, keepdims=True)
            rows = np.arange(batch), labels[pick]
            total -= float(np.log(prob[rows] + 1e-12).mean())
            prob[rows] -= 1
            net.backward(prob / np.float32(batch))
            rate = peak * 0.5 * (1 + np.cos(np.pi * (epoch + step / steps_per_epoch) / epochs))
            for leaf in net.leaves:
                for k, v in leaf.params.items():
                    grad = leaf.grads[k] + decay * v if k == "weight" else leaf.grads[k]
                    velocity[id(leaf), k] = momentum * velocity[id(leaf), k] - np.float32(rate) * grad
                    v += velocity[id(leaf), k]
        print(f"epoch {epoch + 1:2}/{epochs}  loss {total / steps_per_epoch:.4f}  {time.time() - start:.1f} s",
              flush=True)


def to_onnx(net):
    """Returns the ModelProto. A node's output has the node's name, its weights are <node>.weight and so on."""
    from onnx import TensorProto, checker, helper, numpy_helper
    nodes, weights = [], []

    def constant(name, array):
        weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def emit(op, name, inputs, **attributes):
        nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def emit_layer(layer, name, x):
        if isinstance(layer, Conv):
            k = layer.k
            weight = layer.params["weight"].reshape(k, k, layer.cin, layer.cout).transpose(3, 2, 0, 1)
            return emit("Conv", name, [x, constant(name + ".weight", weight)], kernel_shape=[k, k],
                        pads=[k // 2] * 4, strides=[layer.stride] * 2)
        if isinstance(layer, BatchNorm):
            arrays = {**layer.params, "mean": layer.mean, "var": layer.var}
            return emit("BatchNormalization", name, [x] + [constant(f"{name}.{k}", v) for k, v in arrays.items()],
                        epsilon=EPSILON)
        return emit("Relu", name, [x])

    x = "image"
    for name, layer in net.stem.items():
        x = emit_layer(layer, name, x)
    for prefix, block in net.blocks.items():
        main = side = x
        for name, layer in block.main.items():
            main = emit_layer(layer, f"{prefix}.{name}", main)
        for name, layer in block.side.items():
            side = emit_layer(layer, f"{prefix}.{name}", side)
        x = emit("Relu", f"{prefix}.relu2", [emit("Add", f"{prefix}.add", [main, side])])
    x = emit("Flatten", "head.flatten", [emit("GlobalAveragePool", "head.pool", [x])], axis=1)
    nodes.append(helper.make_node("Gemm", [x, constant("head.linear.weight", net.head.params["weight"].T),
                                           constant("head.linear.bias", net.head.params["bias"])],
                                  ["logits"], name="head.linear", transB=1))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, CLASSES])
    graph = helper.make_graph(nodes, "digits", [image], [logits], weights)
    model = helper.make_model(graph, producer_name="train_digits.py", ir_version=8,
                              opset_imports=[helper.make_opsetid("", 17)])
    checker.check_model(model, full_check=True)
    return model


def save(path, write):
    """Calls write(file) on a temporary neighbour of 'path' and renames it: no half-written file appears."""
    part = path + ".part"
    try:
        with open(part, "wb") as f:
            write(f)
        os.replace(part, path)
    except OSError as e:
        if os.path.isfile(part):
            os.remove(part)
        sys.exit(f"train_digits.py: error: cannot write '{path}': {e.strerror}")
    print(f"wrote {path} ({os.path.getsize(path)} bytes)")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                epilog="example:\n  train_digits.py --out /tmp/digits --epochs 40")
    p.add_argument("--out", default=os.path.dirname(os.path.abspath(__file__)), metavar="DIR",
                   help="folder for both files (default: the script's own)")
    p.add_argument("--epochs", type=int, default=40, help="passes over the training data (default: 40)")
    p.add_argument("--seed", type=int, default=0, help="seed of weights, order and shifts (default: 0)")
    a = p.parse_args()
    if a.epochs < 1 or a.seed < 0:
        p.error("expected --epochs of at least 1 and --seed of at least 0")
    if not os.path.isdir(a.out):
        sys.exit(f"train_digits.py: error: '{a.out}' is not a folder")

    train_images, train_labels, test_images, test_labels = load_split()
    rng = np.random.default_rng(a.seed)
    net = Network(rng)
    size = sum(v.size for leaf in net.leaves for v in leaf.params.values())
    print(f"{len(train_images)} training images, {len(test_images)} test images, {size} parameters")
    start = time.time()
    train(net, train_images, train_labels, rng, a.epochs)
    right = int((net.forward(test_images).argmax(1) == test_labels).sum())
    seconds = time.time() - start
    print(f"test accuracy {right / len(test_labels):.2%} ({right} of {len(test_labels)}) after {seconds:.0f} s")
    model = to_onnx(net).SerializeToString()
    save(os.path.join(a.out, "digits.onnx"), lambda f: f.write(model))
    save(os.path.join(a.out, "digits_test.npz"),
         lambda f: np.savez_compressed(f, images=test_images, labels=test_labels))


if __name__ == "__main__":
    main()
