#!/usr/bin/env python3
"""Write a U-Net with seeded random weights of sane statistics as ONNX, needing only numpy and onnx.

The classic network with padded convolutions and batch norm: levels of two 3x3 convolutions each, of 64 channels and twice as
many on every level below, joined by 2x2 pooling on the way down and by transposed convolutions (or resizing) and
concatenations on the way up. Where a size is odd, what comes from below is smaller than the skip beside it and is padded, or
the skip is cropped. Names follow PyTorch's legacy exporter with batch norm kept: opset 17, input 'input' [N,3,H,W], output
'output' [N,classes,H,W].
"""
import numpy as np

import network_builder as nb

RESIZE = {"nearest": {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
          "bilinear": {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"}}


def double_conv(b, x, path, channels):
    for index in (0, 3):
        x = b.conv(x, f"{path}.{index}", channels, 3, 1)
        x = b.relu(b.batch_norm(x, f"{path}.{index + 1}"), nb.scope_of(f"{path}.{index + 2}"))
    return x


def conv_transpose(b, x, path, channels):
    """2x2 with stride 2: pixels do not overlap."""
    n, h, w, cin = x.value.shape
    weight = b.rng.standard_normal((cin, channels, 2, 2), np.float32) * np.float32(np.sqrt(2 / cin))
    shift = 0.2 * b.rng.standard_normal(channels, np.float32)
    value = (x.value.reshape(-1, cin) @ weight.reshape(cin, -1)).reshape(n, h, w, channels, 2, 2)
    value = value.transpose(0, 1, 4, 2, 5, 3).reshape(n, 2 * h, 2 * w, channels) + shift
    names = [b.constant(path + ".weight", weight), b.constant(path + ".bias", shift)]
    return b.emit("ConvTranspose", nb.scope_of(path), [x.name, *names], value, dilations=[1, 1], group=1,
                  kernel_shape=[2, 2], pads=[0] * 4, strides=[2, 2])


def resize(b, x, path, mode):
    """Twice as high and wide."""
    def along(size):
        at = (np.arange(2 * size) + 0.5) / 2 - 0.5 if mode == "bilinear" else np.arange(2 * size) // 2
        return np.maximum(0, 1 - np.abs(np.clip(at, 0, size - 1)[:, None] - np.arange(size))).astype(np.float32)

    value = np.einsum("ih,nhwc,jw->nijc", along(x.value.shape[1]), x.value, along(x.value.shape[2]), optimize=True)
    scales = b.shared_constant("upsample.scales", [1, 1, 2, 2], np.float32)
    return b.emit("Resize", nb.scope_of(path), [x.name, "", scales], value, **RESIZE[mode])


def pad_to(b, x, path, size, wanted):
    """Zeros around x, whose size in the model is not that of its value; the last row and column get what is odd."""
    low = [(to - of) // 2 for of, to in zip(size, wanted)]
    high = [to - of - before for of, to, before in zip(size, wanted, low)]
    pads = b.constant(path + ".pads", [0, 0, *low, 0, 0, *high], np.int64)
    return b.emit("Pad", nb.scope_of(path), [x.name, pads], x.value, mode="constant")


def crop_to(b, x, path, size, wanted):
    starts = [(of - to) // 2 for of, to in zip(size, wanted)]
    ends = [start + to for start, to in zip(starts, wanted)]
    names = [b.constant(f"{path}.{name}", value, np.int64)
             for name, value in (("starts", starts), ("ends", ends), ("axes", [2, 3]))]
    return b.emit("Slice", nb.scope_of(path), [x.name, *names], x.value)


def build(name, levels, width, up, crop, height, image_width, batch, classes, seed):
    """Returns the ModelProto. The value of its output is dropped."""
    b = nb.Builder(seed, 96)
    size = (height, image_width)
    x, skips = double_conv(b, b.input, "inc.double_conv", width), []
    for level in range(1, levels):
        skips.append((x, size))
        x = b.max_pool(x, f"/down{level}/pool", 2, 2, 0)
        size = tuple(edge // 2 for edge in size)
        x = double_conv(b, x, f"down{level}.double_conv", width << level)
    for level in reversed(range(1, levels)):
        path = f"up{levels - level}"
        skip, skip_size = skips.pop()
        channels = width << (level - 1)
        x = conv_transpose(b, x, path + ".up", channels) if up == "transposed" else resize(b, x, path + ".up", up)
        size = tuple(2 * edge for edge in size)
        if size != skip_size and crop:
            skip = crop_to(b, skip, path + ".crop", skip_size, size)
        elif size != skip_size:
            x, size = pad_to(b, x, path + ".fit", size, skip_size), skip_size
        x = b.emit("Concat", nb.scope_of(path), [skip.name, x.name], np.concatenate([skip.value, x.value], -1), axis=1)
        x = double_conv(b, x, path + ".conv.double_conv", channels)
    b.conv(x, "outc.conv", classes, 1, 1, bias=True)
    b.nodes[-1].output[0] = "output"
    return b.model(name, batch, height, image_width, classes, size)


def main():
    p = nb.parser(__doc__, ["make_unet.py unet.onnx", "make_unet.py small.onnx --levels 3 --channels 32 --height 45 --width 61"])
    p.add_argument("--levels", type=nb.positive, default=5, metavar="N", help="levels (default: 5)")
    p.add_argument("--channels", type=nb.positive, default=64, metavar="N", help="channels of the first level (default: 64)")
    p.add_argument("--up", choices=["transposed", *RESIZE], default="transposed", help="the way up (default: transposed)")
    p.add_argument("--crop", action="store_true", help="crop skips of odd sizes instead of padding what comes from below")
    p.add_argument("--height", type=nb.positive, default=256, metavar="H", help="input height (default: 256)")
    p.add_argument("--width", type=nb.positive, default=256, metavar="W", help="input width (default: 256)")
    a = nb.parse(p)
    least = 1 << (a.levels - 1)
    if min(a.height, a.width) < least or a.levels > 6:
        p.error(f"expected at most 6 levels, and at least {least} pixels of height and width for {a.levels}")
    nb.save(a.out, build("unet", a.levels, a.channels, a.up, a.crop, a.height, a.width, a.batch, a.classes or 2, a.seed))


if __name__ == "__main__":
    main()
