"""resc run with pictures and labels. The oracles are Pillow, which decodes and resizes too, and the formula in Resize.h
as a matrix product in double precision."""

import struct
import unittest
import zlib

import numpy as np
from PIL import Image

from ResCommandCase import FAKE, FAKE_GRAY, FAKE_RGB, FAKE_TWO, ResCommandCase

USAGE = " (see 'resc run --help')"
MEAN = np.array([0.485, 0.456, 0.406]).reshape(3, 1, 1)
STD = np.array([0.229, 0.224, 0.225]).reshape(3, 1, 1)
HEIGHT, WIDTH = 6, 8  # of the fake models


def weights(size, resized):
    """[resized, size]: what each pixel of the result takes from each of the input."""
    scale = size / resized
    pixels, centers = np.arange(size) + 0.5, (np.arange(resized) + 0.5) * scale
    triangle = np.maximum(0, 1 - abs(pixels - centers[:, None]) / max(scale, 1))
    return triangle / triangle.sum(axis=1, keepdims=True)


def preprocessed(pixels, resize):
    """[C,6,8] of [H,W,C]: the shorter side to `resize`, the middle of it."""
    height, width = pixels.shape[:2]
    new_height, new_width = resize * height // min(height, width), resize * width // min(height, width)
    full = np.einsum("yi,xj,ijc->cyx", weights(height, new_height), weights(width, new_width), pixels / 255)
    top, left = round((new_height - HEIGHT) / 2), round((new_width - WIDTH) / 2)
    return full[:, top:top + HEIGHT, left:left + WIDTH]


class Case(ResCommandCase):
    def setUp(self):
        super().setUp()
        self.rng = np.random.default_rng(3)

    def pixels(self, height, width, channels=3):
        return self.rng.integers(0, 256, (height, width, channels), np.uint8)

    def save(self, name, image, **keywords):
        if isinstance(image, np.ndarray):
            image = Image.fromarray(image[:, :, 0] if image.shape[2:] == (1,) else image)
        image.save(self.path / name, **keywords)
        return image

    def copied(self, name, *flags, model=FAKE_RGB):
        """The model's input as resc makes it of a picture."""
        self.resc("run", model, "--input", name, "--output", "y.npy", *flags)
        return np.load(self.path / "y.npy")[0]

    def raw(self, name, model=FAKE_RGB, resize=None):
        """The pixels of a picture of the model's size, 0 to 1."""
        return self.copied(name, "--mean", "0", "--std", "1", "--resize", resize or HEIGHT, model=model)


class Preprocessing(Case):
    def test_default_is_that_of_imagenet(self):
        for height, width in ((20, 33), (33, 20), (300, 301), (7, 5), (1, 1), (9, 9), (40, 900)):
            pixels = self.pixels(height, width)
            self.save("x.png", pixels)
            expected = (preprocessed(pixels, 9) - MEAN) / STD  # round(8 * 256 / 224)
            np.testing.assert_allclose(self.copied("x.png"), expected, atol=2e-5)

    def test_resize_mean_and_std(self):
        pixels = self.pixels(31, 47)
        self.save("x.png", pixels)
        for resize in (8, 10, 16, 31, 50):
            got = self.copied("x.png", "--resize", resize, "--crop=center", "--mean=-1,0.5,2", "--std=2,0.25,1")
            expected = (preprocessed(pixels, resize) - np.reshape([-1, .5, 2], (3, 1, 1))) / np.reshape([2, .25, 1],
                                                                                                      (3, 1, 1))
            np.testing.assert_allclose(got, expected, atol=2e-5)
        np.testing.assert_allclose(self.copied("x.png", "--resize", 31, "--mean=0.5", "--std=0.1"),
                                   (preprocessed(pixels, 31) - 0.5) / 0.1, atol=2e-5)

    def test_same_as_pillow(self):
        pixels = self.pixels(57, 91)
        self.save("x.png", pixels)
        # Channels of float32, which Pillow does not round.
        planes = [Image.fromarray(pixels[:, :, c].astype(np.float32)).resize((31, 20), Image.Resampling.BILINEAR)
                  for c in range(3)]
        expected = np.stack([np.asarray(plane)[7:13, 12:20] for plane in planes]) / 255  # 11.5 rounds to 12
        np.testing.assert_allclose(self.raw("x.png", resize=20), expected, atol=1e-5)

    def test_without_crop(self):
        pixels = self.pixels(31, 12)
        self.save("x.png", pixels)
        expected = np.einsum("yi,xj,ijc->cyx", weights(31, HEIGHT), weights(12, WIDTH), pixels / 255)
        np.testing.assert_allclose(self.copied("x.png", "--crop", "none"), (expected - MEAN) / STD, atol=2e-5)

    def test_luma(self):
        pixels = self.pixels(HEIGHT, WIDTH)
        image = self.save("x.png", pixels)
        expected = np.asarray(image.convert("L"), np.float32) / 255
        np.testing.assert_allclose(self.copied("x.png", "--resize", 6, model=FAKE_GRAY)[0], expected, atol=1e-6)
        self.save("g.png", pixels[:, :, 0])
        gray = pixels[:, :, :1].transpose(2, 0, 1) / 255
        np.testing.assert_allclose(self.raw("g.png", model=FAKE_GRAY), gray, atol=1e-6)
        np.testing.assert_allclose(self.raw("g.png"), gray.repeat(3, 0), atol=1e-6)

    def test_extreme_proportions(self):
        self.save("x.png", Image.fromarray(np.full((1, 1000000), 51, np.uint8)))
        np.testing.assert_allclose(self.raw("x.png"), np.full((3, 6, 8), 0.2), atol=1e-5)

    def test_one_picture_for_each_of_a_batch(self):
        first, second = self.pixels(2, 2), self.pixels(2, 2)
        self.save("a.png", first)
        self.save("b.png", second)
        data = np.stack([first, second]).transpose(0, 3, 1, 2) / 255
        flags = ["--resize=2", "--mean=0", "--std=1", "--output", "y.npy"]
        for names in (["a.png", "b.png"], ["data=a.png", "data=b.png"], ["a.png", "b.png"] * 3):
            text = self.resc("run", FAKE, *(f"--input={name}" for name in names), *flags)
            np.testing.assert_allclose(np.load(self.path / "y.npy"),
                                       self.expected(np.concatenate([data] * (len(names) // 2))), atol=1e-6)
            self.assertEqual(text.count("row "), len(names))
        self.fails(2, "input 'data': expected 2 pictures, since its shape is 2x3x2x2, got 1" + USAGE,
                   "run", FAKE, "--input", "a.png")
        self.fails(2, "input 'data': expected 2 pictures, since its shape is 2x3x2x2, got 3" + USAGE,
                   "run", FAKE, *["--input=a.png"] * 3)
        self.fails(2, "--input: expected at most 1 (the model has no more inputs), got 'x.npy'" + USAGE,
                   "run", FAKE, "--input", "a.png", "--input", "x.npy")
        self.fails(2, "--input: expected one file for 'data', got two" + USAGE,
                   "run", FAKE, "--input", "data=a.png", "--input", "data=x.npy")

    def test_bench(self):
        self.save("a.png", self.pixels(2, 2))
        self.resc("bench", FAKE, "--seconds=0.01", "--input=a.png", "--input=a.png")
        self.fails(2, "input 'data': expected 2 pictures, since its shape is 2x3x2x2, got 4 (see 'resc bench --help')",
                   "bench", FAKE, *["--input=a.png"] * 4)

    def test_wrong_usage(self):
        self.save("x.png", self.pixels(6, 8))
        for flag, message in (
                ("--resize=7", None),
                ("--resize=0", "for the --resize option: expected a whole number from 1 to 100000, got '0'"),
                ("--crop=left", "--crop: expected center or none, got 'left'" + USAGE),
                ("--mean=1,2", "--mean: expected one number or three, got 2" + USAGE),
                ("--std=1,2,3,4", "--std: expected one number or three, got 4" + USAGE),
                ("--std=0", "for the --std option: expected numbers above 0 such as 0.45 or 0.48,0.45,0.4, got '0'"),
                ("--mean=a", "for the --mean option: expected numbers such as 0.45 or 0.48,0.45,0.4, got 'a'"),
                ("--mean=nan", "for the --mean option: expected numbers such as 0.45 or 0.48,0.45,0.4, got 'nan'")):
            if message:
                self.fails(2, message, "run", FAKE_RGB, "--input=x.png", flag)
            else:
                self.resc("run", FAKE_RGB, "--input=x.png", flag)
        self.fails(2, "--mean: expected one number, since the model's input has one channel, got 3" + USAGE,
                   "run", FAKE_GRAY, "--input=x.png", "--mean=1,2,3")
        self.fails(2, "--resize: expected --crop center, got none, which resizes to the model's size" + USAGE,
                   "run", FAKE_RGB, "--input=x.png", "--crop=none", "--resize=9")
        self.fails(2, "--std: expected a picture as --input, got none" + USAGE,
                   "run", FAKE, "--input=x.npy", "--std=1")
        self.fails(2, "input 'left': expected an array, since pictures need a model's input of shape Nx3xHxW or "
                      "Nx1xHxW, got the picture 'x.png' for 1x4" + USAGE, "run", FAKE_TWO, "--input=x.png")
        self.fails(1, "'x.png': expected a --resize that leaves at least the model's 8x6 pixels, got 5, which makes 6x5 "
                      "of 8x6", "run", FAKE_RGB, "--input=x.png", "--resize=5")


class Formats(Case):
    def test_png_modes(self):
        pixels = self.pixels(HEIGHT, WIDTH)
        base = Image.fromarray(pixels)
        gray = base.convert("L")
        transparent = base.convert("RGBA")
        transparent.putalpha(gray)
        deep = Image.fromarray(np.asarray(gray, np.uint16) * 257)
        for name, image, keywords in (("rgb", base, {}), ("gray", gray, {}), ("alpha", transparent, {}),
                                      ("gray-alpha", transparent.convert("LA"), {}), ("palette", base.quantize(9), {}),
                                      ("palette-transparent", base.quantize(9), {"transparency": 3}),
                                      ("bits", gray.convert("1"), {}), ("two-bits", gray.quantize(4), {"bits": 2})):
            with self.subTest(name):
                self.save("x.png", image, **keywords)
                expected = np.asarray(image.convert("RGB")).transpose(2, 0, 1) / 255
                np.testing.assert_allclose(self.raw("x.png"), expected, atol=1e-6)
        self.save("x.png", deep)
        np.testing.assert_allclose(self.raw("x.png", FAKE_GRAY)[0], np.asarray(gray) / 255, atol=1e-6)

    def png(self, pixels, depth, kind, interlace=0):
        """A PNG made by hand, for what Pillow does not write; pixels are bytes [H, rowbytes]."""
        def chunk(name, data):
            return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        lines = b"".join(b"\0" + row.tobytes() for row in pixels)
        header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, kind, 0, 0, interlace)
        return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines))
                + chunk(b"IEND", b""))

    def test_png_of_16_bit_rgb(self):
        values = self.rng.integers(0, 65536, (HEIGHT, WIDTH, 3), np.uint16)
        (self.path / "x.png").write_bytes(self.png(values.astype(">u2").reshape(HEIGHT, -1), 16, 2))
        np.testing.assert_allclose(self.raw("x.png"), values.transpose(2, 0, 1) / 65535, atol=0.502 / 255)

    def test_interlaced_png(self):
        # Adam7: seven passes, each an image of its own.
        pixels = self.pixels(HEIGHT, WIDTH)
        rows = []
        for y, x, dy, dx in ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
                             (1, 0, 2, 1)):
            rows += [row.reshape(-1) for row in pixels[y::dy, x::dx]]
        (self.path / "x.png").write_bytes(self.png(rows, 8, 2, interlace=1))
        np.testing.assert_allclose(self.raw("x.png"), pixels.transpose(2, 0, 1) / 255, atol=1e-6)

    def test_jpeg_modes(self):
        smooth = Image.fromarray(self.pixels(4, 5)).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        for name, image, keywords in (("rgb", smooth, {}), ("gray", smooth.convert("L"), {}),
                                      ("progressive", smooth, {"progressive": True}),
                                      ("full-chroma", smooth, {"subsampling": 0})):
            with self.subTest(name):
                self.save("x.jpg", image, **keywords)
                expected = np.asarray(Image.open(self.path / "x.jpg").convert("RGB")).transpose(2, 0, 1) / 255
                np.testing.assert_allclose(self.raw("x.jpg"), expected, atol=2.01 / 255)  # decoders may round otherwise
        image = smooth.convert("CMYK")
        self.save("x.jpg", image, quality=100)
        stored = np.asarray(Image.open(self.path / "x.jpg"), np.float64)  # ink
        expected = (1 - stored[:, :, :3] / 255) * (1 - stored[:, :, 3:] / 255)
        np.testing.assert_allclose(self.raw("x.jpg"), expected.transpose(2, 0, 1), atol=2.01 / 255)

    def test_content_and_not_the_name_decides(self):
        image = Image.fromarray(self.pixels(HEIGHT, WIDTH))
        for name, format in (("x.jpg", "PNG"), ("x", "PNG"), ("x.npy", "PNG"), ("x.png", "JPEG")):
            self.save(name, image, format=format)
            self.raw(name)
        np.save(self.path / "x.png.npy", np.zeros((1, 3, 6, 8), np.float32))
        (self.path / "x.png.npy").rename(self.path / "x.png")
        self.copied("x.png")


class DamagedPictures(Case):
    def fails_with(self, message, name="x.png"):
        self.fails(1, f"'{name}': {message}", "run", FAKE_RGB, "--input", name)

    def test_another_kind_of_file(self):
        (self.path / "x.png").write_text("GIF89a")
        self.fails_with("expected a PNG or JPEG picture, got another kind of file")
        self.fails(1, "cannot open 'none.jpg': no such file or directory", "run", FAKE_RGB, "--input", "none.jpg")

    def test_truncated_anywhere(self):
        image = Image.fromarray(self.pixels(40, 40))
        for name, keywords in (("x.png", {}), ("x.jpg", {}), ("x.jpg", {"progressive": True})):
            self.save(name, image, **keywords)
            whole = (self.path / name).read_bytes()
            for size in [*range(0, len(whole), max(1, len(whole) // 60)), len(whole) - 2, len(whole) - 1]:
                (self.path / name).write_bytes(whole[:size])
                self.resc("run", FAKE_RGB, "--input", name, "--output", "y.npy", code=1)
                self.assertNotIn("y.npy", self.files())

    def test_flipped_bytes_do_not_crash(self):
        image = Image.fromarray(self.pixels(40, 40))
        for name in ("x.png", "x.jpg"):
            self.save(name, image)
            whole = (self.path / name).read_bytes()
            for place in range(8, len(whole), max(1, len(whole) // 60)):
                flipped = bytearray(whole)
                flipped[place] ^= 0x55
                (self.path / name).write_bytes(flipped)
                self.resc("run", FAKE_RGB, "--input", name, code=None)

    def test_messages(self):
        self.save("x.png", self.pixels(40, 40))
        whole = (self.path / "x.png").read_bytes()
        (self.path / "x.png").write_bytes(whole[:-20])
        self.fails_with("cannot read the PNG picture: the file is cut short")
        damaged = bytearray(whole)
        damaged[len(whole) // 2] ^= 1
        (self.path / "x.png").write_bytes(damaged)
        self.resc("run", FAKE_RGB, "--input", "x.png", code=1)
        self.assertRegex(self.stderr, "'x.png': cannot read the PNG picture: IDAT: ")
        self.save("x.jpg", self.pixels(40, 40))
        whole = (self.path / "x.jpg").read_bytes()
        (self.path / "x.jpg").write_bytes(whole[:-200])
        self.fails_with("cannot read the JPEG picture: premature end of JPEG file", "x.jpg")

    def test_more_pixels_than_any_camera_has(self):
        limits = "expected at most 200 million pixels and 1 million on a side, got"
        self.save("x.png", self.pixels(8, 8))
        whole = bytearray((self.path / "x.png").read_bytes())
        for width, height in ((20000, 20000), (1000001, 1)):
            whole[16:24] = struct.pack(">II", width, height)
            whole[29:33] = struct.pack(">I", zlib.crc32(whole[12:29]))
            (self.path / "x.png").write_bytes(whole)
            self.fails_with(f"cannot read the PNG picture: {limits} {width}x{height}")
        self.save("x.jpg", self.pixels(8, 8))
        whole = bytearray((self.path / "x.jpg").read_bytes())
        place = whole.index(b"\xff\xc0") + 5
        whole[place:place + 4] = struct.pack(">HH", 60000, 60000)
        (self.path / "x.jpg").write_bytes(whole)
        self.fails_with(f"cannot read the JPEG picture: {limits} 60000x60000", "x.jpg")

    def test_more_scans_than_any_program_writes(self):
        # A gray file turned into one of three components with a scan each, which may be repeated.
        self.save("x.jpg", self.pixels(16, 16, 1))
        whole = (self.path / "x.jpg").read_bytes()
        frame, scan = whole.index(b"\xff\xc0"), whole.index(b"\xff\xda")
        header = whole[:frame] + b"\xff\xc0\0\x11\x08" + whole[frame + 5:frame + 9] + b"\3"
        header += b"\1\x11\0\2\x11\0\3\x11\0" + whole[frame + 13:scan]
        scans = [whole[scan:scan + 5] + bytes([component]) + whole[scan + 6:-2] for component in (1, 2, 3)]
        (self.path / "x.jpg").write_bytes(header + b"".join(scans) + whole[-2:])
        self.raw("x.jpg", resize=16)
        (self.path / "x.jpg").write_bytes(header + b"".join(scans) + 200 * scans[0] + whole[-2:])
        self.fails_with("cannot read the JPEG picture: expected at most 100 scans, got more", "x.jpg")


class Labels(Case):
    def run_labelled(self, text, *arguments, **keywords):
        (self.path / "labels.txt").write_text(text)
        return self.resc("run", FAKE, "--input", "x.npy", "--labels", "labels.txt", *arguments, **keywords)

    def test_class_score_and_label(self):
        self.data[0].flat[:5] = [3, -1, 9, 4, 2]  # 6, -3, 16, 5, 0
        self.data[1].flat[:5] = [1000, 0, 0, 0, 0]
        np.save(self.path / "x.npy", self.data)
        for end in ("", "\n", "\n\n"):
            text = self.run_labelled("cat\ndog, hound\r\ngrass snake\nhen\nowl" + end, "--top", "2")
            self.assertEqual(text, "output 'prob' 2x5, top 2:\n"
                                   "  row 0:\n  2  16  grass snake\n  0   6  cat\n"
                                   "  row 1:\n  0  2000  cat\n  1    -1  dog, hound\n")

    def test_wrong_count(self):
        for count in (4, 6):
            self.run_labelled("\n".join("abcdef"[:count]), code=1)
            self.assertEqual(self.stderr, "resc: error: 'labels.txt': expected 5 labels, as output 'prob' has classes, "
                                          f"got {count}\n")
        (self.path / "labels.txt").write_text("a\nb\nc\n")
        self.save("x.png", self.pixels(6, 8))
        self.fails(1, "'labels.txt': expected a model with an output of rows and classes, got none",
                   "run", FAKE_RGB, "--input", "x.png", "--labels", "labels.txt")
        self.fails(1, "cannot open 'none.txt': no such file or directory",
                   "run", FAKE, "--input", "x.npy", "--labels", "none.txt")


if __name__ == "__main__":
    unittest.main()
