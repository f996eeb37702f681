#!/usr/bin/env python3
"""Write a DenseNet with seeded random weights of sane statistics as ONNX, needing only numpy and onnx.

torchvision's densenet121, 169 or 201, or with --growth and --layers a smaller one: every layer reads the features of all
layers of its block, normalised and activated first. Names follow PyTorch's legacy exporter with batch norm kept: opset 17,
input 'input' [N,3,H,W], output 'output' [N,classes].
"""
import numpy as np

import network_builder as nb

BLOCKS = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}  # layers
BOTTLENECK = 4  # channels of a layer's first convolution, times its growth


def activated(b, x, path):
    """Batch norm and activation in front of a convolution; 'path' is the norm's, such as 'denselayer1.norm1'."""
    return b.relu(b.batch_norm(x, path), nb.scope_of(path.replace("norm", "relu")))


def concat(b, features, scope, nested):
    """All features so far; nested: those before the last are one tensor already."""
    parts = [features[0], features[-1]] if nested else features
    if len(parts) == 1:
        return parts[0]
    value = np.concatenate([part.value for part in parts], axis=-1)
    return b.emit("Concat", scope, [part.name for part in parts], value, axis=1)


def dense_block(b, x, path, layers, growth, nested):
    features = [x]
    for index in range(1, layers + 1):
        layer = f"{path}.denselayer{index}"
        y = concat(b, features, nb.scope_of(layer), nested) if index > 1 else x
        if nested:
            features = [y]
        y = b.conv(activated(b, y, layer + ".norm1"), layer + ".conv1", BOTTLENECK * growth, 1, 1)
        features.append(b.conv(activated(b, y, layer + ".norm2"), layer + ".conv2", growth, 3, 1))
    return concat(b, features, nb.scope_of(path), nested)


def transition(b, x, path):
    x = b.conv(activated(b, x, path + ".norm"), path + ".conv", x.value.shape[-1] // 2, 1, 1)
    value = nb.patches(x.value, 2, 2, 0).mean(3)
    return b.emit("AveragePool", nb.scope_of(path + ".pool"), [x.name], value, ceil_mode=0, count_include_pad=1,
                  kernel_shape=[2, 2], pads=[0] * 4, strides=[2, 2])


def build(name, blocks, growth, nested, height, width, batch, classes, seed):
    """Returns the ModelProto. The value of its output is dropped."""
    b = nb.Builder(seed, 96)
    x = b.conv(b.input, "features.conv0", 2 * growth, 7, 2)
    x = b.max_pool(activated(b, x, "features.norm0"), "/features/pool0", 3, 2, 1)
    for index, layers in enumerate(blocks, 1):
        x = dense_block(b, x, f"features.denseblock{index}", layers, growth, nested)
        if index < len(blocks):
            x = transition(b, x, f"features.transition{index}")
    x = activated(b, x, "features.norm5")
    x = b.emit("GlobalAveragePool", "", [x.name], x.value.mean((1, 2), dtype=float))
    b.classifier(b.flatten(x), "classifier", classes)
    return b.model(name, batch, height, width, classes)


def main():
    p = nb.parser(__doc__, ["make_densenet.py densenet121.onnx", "make_densenet.py small.onnx --growth 12 --layers 3,4"])
    p.add_argument("--depth", type=int, default=121, choices=BLOCKS, help="121, 169 or 201 layers (default: 121)")
    p.add_argument("--layers", type=lambda text: tuple(map(nb.positive, text.split(","))), metavar="N,...",
                   help="layers of each block, instead of a depth")
    p.add_argument("--growth", type=nb.positive, default=32, metavar="N", help="channels that a layer adds (default: 32)")
    p.add_argument("--nested", action="store_true", help="concatenations of two, as Keras has them")
    p.add_argument("--height", type=nb.positive, default=224, metavar="H", help="input height (default: 224)")
    p.add_argument("--width", type=nb.positive, default=224, metavar="W", help="input width (default: 224)")
    a = nb.parse(p)
    name = "densenet" if a.layers else f"densenet{a.depth}"
    nb.save(a.out, build(name, a.layers or BLOCKS[a.depth], a.growth, a.nested, a.height, a.width, a.batch,
                         a.classes or 1000, a.seed))


if __name__ == "__main__":
    main()
