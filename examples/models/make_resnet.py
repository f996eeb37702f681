#!/usr/bin/env python3
"""Write a ResNet with seeded random weights of sane statistics as ONNX, needing only numpy and onnx.

--depth writes torchvision's ResNet-18/34/50/101/152 (v1.5: a bottleneck strides in its 3x3 convolution), with
    --v1 the first publication's (a bottleneck strides in its first 1x1), with --plain one without shortcuts,
--cifar the networks of depth 6n+2 for 32 x 32 pictures (20, 32, 44, 56, 110), whose shortcuts are option A: every
    second pixel, the new channels zero,
--tiny an eight-layer network whose sizes are multiples of nothing (20 and 36 channels, 29 x 31 input).
Names follow PyTorch's legacy exporter with batch norm kept: opset 17, input 'input' [N,3,H,W], output 'output'
[N,classes]. The same options give the same bytes on the same machine and NumPy.
"""
from typing import NamedTuple

import network_builder as nb

# depth: (blocks per stage, bottleneck blocks?)
DEPTHS = {18: ((2, 2, 2, 2), False), 34: ((3, 4, 6, 3), False), 50: ((3, 4, 6, 3), True),
          101: ((3, 4, 23, 3), True), 152: ((3, 8, 36, 3), True)}
DAMPING = 0.3  # of the last gamma in a residual branch
# The smallest maps of the probe images are then 3 x 3: 144 samples per channel. Small stems do not stride.
PROBE_EDGE, SMALL_PROBE_EDGE = 96, 24


class Architecture(NamedTuple):
    name: str
    stem: tuple          # channels, kernel, stride
    pool: bool           # 3x3 max pool behind the stem
    blocks: tuple        # of each stage; the first block of every stage but the first strides
    channels: tuple      # 'width' of each stage
    bottleneck: bool = False
    first_strides: bool = False  # the first convolution of a bottleneck strides, not the 3x3
    shortcut: str = "projection"  # where the shape changes; "padding" (option A); "none": a plain network


def architecture(a):
    """Of the parsed arguments."""
    if a.tiny:
        return Architecture("resnet_tiny", (20, 3, 1), True, (1, 2), (20, 36))
    shortcut = "none" if a.plain else "padding" if a.cifar else "projection"
    kind = "plain" if a.plain else "resnet"
    if a.cifar:
        return Architecture(f"{kind}{a.depth}_cifar", (16, 3, 1), False, ((a.depth - 2) // 6,) * 3, (16, 32, 64),
                            shortcut=shortcut)
    blocks, bottleneck = DEPTHS[a.depth]
    return Architecture(f"{kind}{a.depth}{'_v1' * a.v1}", (64, 7, 2), True, blocks, (64, 128, 256, 512), bottleneck,
                        a.v1, shortcut)


def block(b, net, x, path, width, stride):
    """A residual block; a bottleneck puts out four times 'width' channels, a basic block 'width'."""
    scope = nb.scope_of(path)
    cout = 4 * width if net.bottleneck else width
    first, second = (stride, 1) if net.first_strides else (1, stride)
    convs = [(width, 1, first), (width, 3, second), (cout, 1, 1)] if net.bottleneck else \
        [(width, 3, stride), (cout, 3, 1)]
    main = x
    for i, (channels, k, s) in enumerate(convs, 1):
        last = i == len(convs)
        main = b.conv(main, f"{path}.conv{i}", channels, k, s)
        main = b.batch_norm(main, f"{path}.bn{i}", DAMPING if last and net.shortcut != "none" else 1.0)
        if not last:
            main = b.relu(main, scope + ("/relu" if i == 1 else f"/relu_{i - 1}"))
    if net.shortcut != "none":
        if stride != 1 or x.value.shape[-1] != cout:
            if net.shortcut == "padding":
                x = b.padded_shortcut(x, scope, stride, cout)
            else:
                x = b.batch_norm(b.conv(x, path + ".downsample.0", cout, 1, stride), path + ".downsample.1")
        main = b.emit("Add", scope, [main.name, x.name], main.value + x.value)
    return b.relu(main, f"{scope}/relu_{len(convs) - 1}")


def build(net, height, width, batch, classes, seed):
    """Returns the ModelProto of an architecture. The value of its output is dropped."""
    b = nb.Builder(seed, PROBE_EDGE if net.stem[2] > 1 else SMALL_PROBE_EDGE,
                   nb.PLAIN_BETA if net.shortcut == "none" else 0.0)
    x = b.relu(b.batch_norm(b.conv(b.input, "conv1", *net.stem), "bn1"), "/relu")
    if net.pool:
        x = b.max_pool(x, "/maxpool", 3, 2, 1)
    for s, (count, c) in enumerate(zip(net.blocks, net.channels)):
        for i in range(count):
            x = block(b, net, x, f"layer{s + 1}.{i}", c, 2 if s > 0 and i == 0 else 1)
    x = b.emit("GlobalAveragePool", "/avgpool", [x.name], x.value.mean((1, 2), dtype=float))
    b.classifier(b.flatten(x), "fc", classes)
    return b.model(net.name, batch, height, width, classes)


def main():
    p = nb.parser(__doc__, ["make_resnet.py resnet50.onnx --depth 50",
                            "make_resnet.py odd.onnx --depth 18 --height 197 --width 211 --batch 4",
                            "make_resnet.py cifar.onnx --cifar --depth 20", "make_resnet.py tiny.onnx --tiny"])
    kind = p.add_mutually_exclusive_group(required=True)
    kind.add_argument("--depth", type=nb.positive, metavar="N", help="18, 34, 50, 101 or 152 layers; 6n+2 with --cifar")
    kind.add_argument("--tiny", action="store_true", help="the eight-layer network")
    p.add_argument("--cifar", action="store_true", help="three stages of 16, 32 and 64 channels, shortcuts of option A")
    p.add_argument("--v1", action="store_true", help="bottlenecks stride in their first convolution")
    p.add_argument("--plain", action="store_true", help="no shortcuts")
    p.add_argument("--size", type=nb.positive, metavar="N", help="input height and width (default: 224, --cifar: 32)")
    p.add_argument("--height", type=nb.positive, metavar="H", help="input height (default: --size, or 29 with --tiny)")
    p.add_argument("--width", type=nb.positive, metavar="W", help="input width (default: --size, or 31 with --tiny)")
    a = nb.parse(p)
    if a.cifar and (a.tiny or a.depth < 8 or a.depth % 6 != 2):
        p.error(f"argument --cifar: expected --depth 6n+2, such as 20, got {'--tiny' if a.tiny else a.depth}")
    if not a.cifar and not a.tiny and a.depth not in DEPTHS:
        p.error(f"argument --depth: expected one of {', '.join(map(str, DEPTHS))}, got {a.depth}")
    bottleneck = not a.cifar and not a.tiny and DEPTHS[a.depth][1]
    if a.v1 and not bottleneck:
        p.error("argument --v1: expected a depth that has bottlenecks, 50, 101 or 152")
    if a.plain and (bottleneck or a.tiny):
        p.error("argument --plain: expected a depth without bottlenecks, 18 or 34, or --cifar")
    default = (29, 31) if a.tiny else (32, 32) if a.cifar else (224, 224)
    height, width = a.height or a.size or default[0], a.width or a.size or default[1]
    classes = a.classes or (10 if a.tiny or a.cifar else 1000)
    nb.save(a.out, build(architecture(a), height, width, a.batch, classes, a.seed))


if __name__ == "__main__":
    main()
