#!/usr/bin/env python3
"""Writes a test digit as a grayscale PNG, each of its 8x8 pixels as a square, with nothing but NumPy and zlib.

    write_picture.py INDEX PICTURE.png [--scale 16]
"""
import argparse
import struct
import zlib
from pathlib import Path

import numpy as np

DIGITS = Path(__file__).resolve().parents[1] / "quickstart" / "digits_test.npz"


def png(pixels):
    """The file of uint8 [H,W]. Every row begins with the number of its filter, 0 for none."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)  # 8 bits of gray, not interlaced
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("index", type=int, help="of the test digits")
    parser.add_argument("picture", type=Path)
    parser.add_argument("--scale", type=int, default=16, help="pixels along a square's side")
    options = parser.parse_args()
    digits = np.load(DIGITS)
    image = digits["images"][options.index, 0]
    pixels = np.kron(np.rint(255 * image), np.ones((options.scale, options.scale))).astype(np.uint8)
    options.picture.write_bytes(png(pixels))
    print(f"{options.picture}: {pixels.shape[1]}x{pixels.shape[0]} pixels, a {digits['labels'][options.index]}")


if __name__ == "__main__":
    main()
