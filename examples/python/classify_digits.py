#!/usr/bin/env python3
"""Compiles the digits network of the quickstart and reads the test digits with it.

    classify_digits.py [--resc RESC] [--threads N]
"""
import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from resc_model import Model

ROOT = Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / "examples" / "quickstart"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--resc", default=ROOT / "build/release/bin/resc", help="the resc program")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    digits = np.load(QUICKSTART / "digits_test.npz")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "digits.so"
        subprocess.run([options.resc, "compile", QUICKSTART / "digits.onnx", "-o", library], check=True)
        with Model(library, threads=options.threads) as model:
            print(f"inputs {model.inputs}, outputs {model.outputs}, threads {model.threads}")
            guesses = [model(image[None])["logits"].argmax() for image in digits["images"]]
            try:
                model(np.zeros((8, 8)))
            except ValueError as error:
                print(f"a wrong shape: {error}")
    right = int((np.array(guesses) == digits["labels"]).sum())
    print(f"{right} of {len(guesses)} test digits are right")


if __name__ == "__main__":
    main()
