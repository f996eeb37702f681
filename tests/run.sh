#!/bin/bash
# Builds and runs every test, from a fresh clone on: installs what is missing first. Arguments go to ctest, for example
#
#     tests/run.sh -L quick        # the tests that take under a minute
#     tests/run.sh -R numerical
#
# Without arguments the fuzzers run, too, for a minute.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${RES_PRESET:-release}
compiler/cmake/setup.sh compiler/cmake/test-requirements.txt
mkdir -p build
cmake --preset "$preset" >build/configure.log || { cat build/configure.log; exit 1; }
cmake --build --preset "$preset"
# Whole networks use all the cores and run alone (RUN_SERIAL).
ctest --preset "$preset" --no-tests=error --parallel "$(nproc)" "$@"
[ $# -gt 0 ] || RES_PRESET=$preset tests/fuzz/run.sh
