#!/usr/bin/env python3
"""Write an Inception-ResNet-v2 with seeded random weights of sane statistics as ONNX, needing only numpy and onnx.

The network of the Keras, TensorFlow and timm releases, or with --blocks and --divide a smaller one: residual blocks whose branch
is several convolutions side by side, 1x7 and 7x1 among them, concatenated, brought to the block's channels and scaled. Names
follow PyTorch's legacy exporter with batch norm kept: opset 17, input 'input' [N,3,H,W], output 'output' [N,classes].
"""
import numpy as np

import network_builder as nb

BLOCKS = (10, 20, 10)  # residual blocks on maps of 35, 17 and 8 pixels a side
LEAST_EDGE = 75        # smaller maps vanish


class Network:
    """Layers on a builder. `divide`: all channels but those of the picture are fewer by so much."""

    def __init__(self, builder, divide):
        self.b, self.divide = builder, divide

    def channels(self, count):
        return max(1, count // self.divide)

    def conv(self, x, path, count, k, stride=1, padded=True):
        """Convolution, batch norm, activation."""
        y = self.b.conv(x, path + ".conv", self.channels(count), k, stride, padded=padded)
        return self.b.relu(self.b.batch_norm(y, path + ".bn"), nb.scope_of(path + ".act"))

    def chain(self, x, path, *layers):
        """Convolutions one behind the other: (channels, kernel) or (channels, kernel, stride); strides are without pads."""
        for index, (count, k, *stride) in enumerate(layers):
            x = self.conv(x, f"{path}.{index}" if len(layers) > 1 else path, count, k, *stride, padded=not stride)
        return x

    def concat(self, parts, path):
        value = np.concatenate([part.value for part in parts], axis=-1)
        return self.b.emit("Concat", nb.scope_of(path), [part.name for part in parts], value, axis=1)

    def average(self, x, path):
        """3x3; what lies outside the map does not count."""
        total, count = (nb.patches(a, 3, 1, 1).sum(3) for a in (x.value, np.ones_like(x.value)))
        return self.b.emit("AveragePool", nb.scope_of(path), [x.name], total / count, ceil_mode=0, count_include_pad=0,
                           kernel_shape=[3, 3], pads=[1] * 4, strides=[1, 1])

    def branches(self, x, path, *branches):
        """Each a list as chain() takes it."""
        return [self.chain(x, f"{path}.branch{index}", *layers) for index, layers in enumerate(branches)]

    def residual(self, x, path, scale, activated, *branches):
        b = self.b
        y = self.concat(self.branches(x, path, *branches), path)
        y = b.conv(y, path + ".conv2d", x.value.shape[-1], 1, 1, bias=True)
        scope = nb.scope_of(path)
        if scale != 1:
            factor = b.constant(path + ".scale", scale)
            y = b.emit("Mul", scope, [y.name, factor], y.value * np.float32(scale))
        y = b.emit("Add", scope, [y.name, x.name], y.value + x.value)
        return b.relu(y, nb.scope_of(path + ".act")) if activated else y

    def reduction(self, x, path, *branches):
        """Branches of stride 2 beside a pooling."""
        pooled = self.b.max_pool(x, nb.scope_of(f"{path}.branch{len(branches)}"), 3, 2, 0)
        return self.concat([*self.branches(x, path, *branches), pooled], path)


def stem(n, x):
    b = n.b
    x = n.conv(x, "conv2d_1a", 32, 3, 2, padded=False)
    x = n.conv(x, "conv2d_2a", 32, 3, padded=False)
    x = n.conv(x, "conv2d_2b", 64, 3)
    x = b.max_pool(x, "/maxpool_3a", 3, 2, 0)
    x = n.conv(x, "conv2d_3b", 80, 1)
    x = n.conv(x, "conv2d_4a", 192, 3, padded=False)
    x = b.max_pool(x, "/maxpool_5a", 3, 2, 0)
    parts = n.branches(x, "mixed_5b", [(96, 1)], [(48, 1), (64, 5)], [(64, 1), (96, 3), (96, 3)])
    parts.append(n.conv(n.average(x, "mixed_5b.branch3.0"), "mixed_5b.branch3.1", 64, 1))
    return n.concat(parts, "mixed_5b")


def build(name, blocks, divide, height, width, batch, classes, seed):
    """Returns the ModelProto. The value of its output is dropped."""
    b = nb.Builder(seed, 139)
    n = Network(b, divide)
    x = stem(n, b.input)
    for index in range(blocks[0]):
        x = n.residual(x, f"repeat.{index}", 0.17, True, [(32, 1)], [(32, 1), (32, 3)], [(32, 1), (48, 3), (64, 3)])
    x = n.reduction(x, "mixed_6a", [(384, 3, 2)], [(256, 1), (256, 3), (384, 3, 2)])
    for index in range(blocks[1]):
        x = n.residual(x, f"repeat_1.{index}", 0.1, True, [(192, 1)], [(128, 1), (160, (1, 7)), (192, (7, 1))])
    x = n.reduction(x, "mixed_7a", [(256, 1), (384, 3, 2)], [(256, 1), (288, 3, 2)], [(256, 1), (288, 3), (320, 3, 2)])
    for index in range(blocks[2]):
        last = index + 1 == blocks[2]  # neither scaled nor activated
        x = n.residual(x, f"repeat_2.{index}", 1 if last else 0.2, not last, [(192, 1)], [(192, 1), (224, (1, 3)), (256, (3, 1))])
    x = n.conv(x, "conv2d_7b", 1536, 1)
    x = b.emit("GlobalAveragePool", "", [x.name], x.value.mean((1, 2), dtype=float))
    b.classifier(b.flatten(x), "classif", classes)
    return b.model(name, batch, height, width, classes)


def main():
    p = nb.parser(__doc__, ["make_inception_resnet.py inception_resnet_v2.onnx",
                            "make_inception_resnet.py small.onnx --blocks 1,2,1 --divide 4 --height 107 --width 123"])
    p.add_argument("--blocks", type=lambda text: tuple(map(nb.positive, text.split(","))), default=BLOCKS, metavar="N,N,N",
                   help="residual blocks of the three sizes (default: 10,20,10)")
    p.add_argument("--divide", type=nb.positive, default=1, metavar="N", help="fewer channels (default: 1)")
    p.add_argument("--height", type=nb.positive, default=299, metavar="H", help="input height (default: 299)")
    p.add_argument("--width", type=nb.positive, default=299, metavar="W", help="input width (default: 299)")
    a = nb.parse(p)
    if len(a.blocks) != 3 or min(a.height, a.width) < LEAST_EDGE:
        p.error(f"expected three numbers of blocks, and at least {LEAST_EDGE} pixels of height and width")
    name = "inception_resnet_v2" if (a.blocks, a.divide) == (BLOCKS, 1) else "inception_resnet"
    nb.save(a.out, build(name, a.blocks, a.divide, a.height, a.width, a.batch, a.classes or 1000, a.seed))


if __name__ == "__main__":
    main()
