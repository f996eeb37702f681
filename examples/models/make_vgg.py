#!/usr/bin/env python3
"""Write VGG-19 with seeded random weights of sane statistics as ONNX, needing only numpy and onnx.

torchvision's vgg19: 16 convolutions with bias, 5 max pools, 3 fully connected layers; with --batch-norm vgg19_bn. The
first fully connected layer expects a 7 x 7 map, so pictures have 224 to 255 rows and columns. Names follow PyTorch's
legacy exporter with batch norm kept: opset 17, input 'input' [N,3,H,W], output 'output' [N,classes].
"""
import numpy as np

import network_builder as nb

STAGES = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # channels, convolutions
MAP_EDGE = 7
PROBE_EDGE = 96  # the last map is then 3 x 3


def stretched(value, edge):
    """NHWC -> [N,edge,edge,C] by repeating pixels, which is what adaptive pooling makes of a smaller map."""
    rows, columns = (np.arange(edge) * e // edge for e in value.shape[1:3])
    return value[:, rows][:, :, columns]


def build(batch_norm, size, batch, classes, seed):
    """Returns the ModelProto. The value of its output is dropped."""
    b = nb.Builder(seed, PROBE_EDGE, nb.PLAIN_BETA)
    x, index = b.input, 0  # of the module in 'features'
    for channels, count in STAGES:
        for _ in range(count):
            x = b.conv(x, f"features.{index}", channels, 3, 1, bias=True)
            if batch_norm:
                index += 1
                x = b.batch_norm(x, f"features.{index}")
            x = b.relu(x, nb.scope_of(f"features.{index + 1}"))
            index += 2
        x = b.max_pool(x, nb.scope_of(f"features.{index}"), 2, 2, 0)
        index += 1
    # adaptive pooling from 7 x 7 to 7 x 7: the exporter leaves this
    x = b.emit("AveragePool", "/avgpool", [x.name], stretched(x.value, MAP_EDGE), kernel_shape=[1, 1], strides=[1, 1])
    x = b.flatten(x)
    for i in (0, 3):
        x = b.relu(b.hidden_linear(x, f"classifier.{i}", 4096), nb.scope_of(f"classifier.{i + 1}"))
    b.classifier(x, "classifier.6", classes, shared=1 / 2)
    return b.model("vgg19_bn" if batch_norm else "vgg19", batch, size, size, classes)


def main():
    p = nb.parser(__doc__, ["make_vgg.py vgg19.onnx", "make_vgg.py vgg19_bn.onnx --batch-norm --batch 4"])
    p.add_argument("--batch-norm", action="store_true", help="a batch norm behind every convolution")
    p.add_argument("--size", type=nb.positive, default=224, metavar="N", help="input height and width (default: 224)")
    a = nb.parse(p)
    if a.size // 32 != MAP_EDGE:
        p.error(f"argument --size: expected 224 to 255, got {a.size}")
    nb.save(a.out, build(a.batch_norm, a.size, a.batch, a.classes or 1000, a.seed))


if __name__ == "__main__":
    main()
