#!/bin/bash
# From a fresh clone to a compiled network: installs what is missing, builds resc, compiles a residual network that was
# trained on handwritten digits and runs it on pictures it has never seen, then compiles and times a ResNet-50.
# With RESC=path/of/resc nothing is installed or built: that resc is used, and build/venv as it is.
set -euo pipefail
cd "$(dirname "$0")/../.."
resc=${RESC:-build/release/bin/resc}
out=build/quickstart
python=build/venv/bin/python
say() { printf '\n== %s\n' "$*"; }

mkdir -p "$out"
if [ -z "${RESC:-}" ]; then
  say "Setting up (the first time this takes some minutes)"
  compiler/cmake/setup.sh
  if ! { cmake --preset release && cmake --build --preset release --target resc resc-compiler res-opt
       } >"$out/build.log" 2>&1; then
    tail -n 30 "$out/build.log" >&2
    echo "quickstart: error: the build failed; its log is $out/build.log" >&2
    exit 1
  fi
  echo "resc is built: $resc"
fi

say "A residual network trained on handwritten digits (train_digits.py), compiled"
$resc compile examples/quickstart/digits.onnx -o "$out/digits.so"
ls -sh "$out/digits.so" "$out/digits.h"

say "Run on the pictures that were kept from training"
$python examples/quickstart/classify_digits.py --resc "$resc" --library "$out/digits.so" --split examples/quickstart/digits_test.npz
$resc bench "$out/digits.so" --threads 1 --seconds 1

say "A full-size ResNet-50 with seeded weights, compiled"
[ -f "$out/resnet50.onnx" ] || $python examples/models/make_resnet.py "$out/resnet50.onnx" --depth 50
$resc compile "$out/resnet50.onnx" -o "$out/resnet50.so" --dump-ir "$out/resnet50-ir"
for threads in 1 2; do
  [ "$(nproc)" -ge $threads ] && $resc bench "$out/resnet50.so" --threads $threads --seconds 3
done

say "What the compiler did: $out/resnet50-ir (index.txt lists the files)"
grep mlir "$out/resnet50-ir/index.txt"
echo "... and of each kernel the loops (.stmt) and the assembly (.s)"
