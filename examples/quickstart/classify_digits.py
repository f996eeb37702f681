#!/usr/bin/env python3
"""Runs a compiled digits network on a test split and prints how many digits it reads right.

The split is an .npz file with `images`, float32 [N,1,8,8] between 0 and 1, and `labels`, int64 [N]. The network runs
through `resc run`, whose .npy files this script writes and reads.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import numpy as np


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--resc", required=True, help="the resc program")
    parser.add_argument("--library", required=True, help="the compiled network")
    parser.add_argument("--split", required=True, help="the .npz file with images and labels")
    options = parser.parse_args()
    split = np.load(options.split)
    with tempfile.TemporaryDirectory() as folder:
        images, logits = os.path.join(folder, "images.npy"), os.path.join(folder, "logits.npy")
        np.save(images, split["images"])
        command = [options.resc, "run", options.library, "--input", images, "--output", logits, "--top", "1"]
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if ran.returncode:
            return ran.returncode
        guesses = np.load(logits).argmax(axis=1)
    right = int((guesses == split["labels"]).sum())
    total = len(guesses)
    wrong = [f"{truth} read as {guess}" for truth, guess in zip(split["labels"], guesses) if truth != guess]
    print(f"{right} of {total} test digits are right: accuracy {100 * right / total:.2f} %")
    if wrong:
        print("wrong: " + ", ".join(wrong[:10]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
