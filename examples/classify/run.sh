#!/bin/bash
# From a picture to its label: writes test digits as PNG files, compiles the digits network and asks it.
#
#     run.sh [INDEX…]     which of the 450 test digits
set -euo pipefail
cd "$(dirname "$0")/../.."
resc=build/release/bin/resc
out=build/classify
mkdir -p "$out"

$resc compile examples/quickstart/digits.onnx -o "$out/digits.so"
for index in "${@:-0}"; do
  build/venv/bin/python examples/classify/write_picture.py "$index" "$out/picture.png"
  # The network reads 8x8 pixels of 0 to 1: no margin to crop, and none of ImageNet's numbers.
  $resc run "$out/digits.so" --input "$out/picture.png" --resize 8 --mean 0 --std 1 \
    --labels examples/classify/labels.txt --top 3
done
