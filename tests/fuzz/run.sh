#!/bin/bash
# Fuzzes the importer and the artifact loader, each for SECONDS (default 60), side by side.
#
#     tests/fuzz/run.sh [SECONDS]
#
# Builds the fuzzers (preset `fuzz`) and, with the preset RES_PRESET, what makes their seeds. What is found lies in
# build/fuzz/findings; new coverage is kept in build/fuzz/corpus. Inputs that once failed are in regressions/ and run
# first.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
preset=${RES_PRESET:-release}
mkdir -p build
for step in "$preset" fuzz; do
  cmake --preset "$step" >build/configure.log || { cat build/configure.log; exit 1; }
done
cmake --build --preset "$preset" --target resc resc-compiler fake_model fake_model_two
cmake --build --preset fuzz
[ -d build/fuzz/seeds ] || build/venv/bin/python tests/fuzz/make_corpus.py "build/$preset" build/fuzz/seeds

fuzz() {
  local regressions=tests/fuzz/regressions/$1
  mkdir -p "build/fuzz/corpus/$1" build/fuzz/findings
  "build/fuzz/bin/fuzz-$1" -max_total_time="$seconds" -max_len=20000 -timeout=10 -rss_limit_mb=2048 \
    -malloc_limit_mb=1024 -artifact_prefix="build/fuzz/findings/$1-" -print_final_stats=1 \
    "build/fuzz/corpus/$1" "build/fuzz/seeds/$1" $([ ! -d "$regressions" ] || echo "$regressions") \
    >"build/fuzz/$1.log" 2>&1 || { tail -n 60 "build/fuzz/$1.log"; return 1; }
  echo "fuzz-$1: $(grep -o 'DONE.*' "build/fuzz/$1.log")"
}
fuzz importer &
first=$!
fuzz artifact
wait $first
