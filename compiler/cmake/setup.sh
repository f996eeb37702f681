#!/bin/bash
# Installs what building resc needs and is missing: Debian packages (bookworm) and, in build/venv, packages of PyPI.
#
#     compiler/cmake/setup.sh [requirements.txt…]
#
# Further requirements files are installed into the same virtual environment; with test-requirements.txt among them come
# the Debian packages of the tests, too. Does nothing when all is there.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
venv=$root/build/venv

# Versions of Debian packages are pinned by the release and by the major version in their names.
packages=(g++ cmake ninja-build ccache python3-venv libmlir-22-dev mlir-22-tools llvm-22-dev liblld-22-dev lld-22 clang-22
  libprotobuf-dev protobuf-compiler libgtest-dev libxtensor-dev xtensor-dev libzstd-dev zlib1g-dev libpng-dev
  libjpeg62-turbo-dev libminizip-dev)
# Tests look at pages in a browser and run libraries for other processors in an emulator, with a libc of AArch64; the fuzzers
# and sanitized builds need clang's runtime libraries.
test_packages=(chromium libclang-rt-22-dev qemu-user libc6-dev-arm64-cross)
case "$*" in *test-requirements.txt*) packages+=("${test_packages[@]}") ;; esac

missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>&1)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >&2 || { echo "setup: error: not root and no sudo; install these Debian packages: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
  fi
  mkdir -p "$root/build"
  echo "setup: installing Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -qq
  if [ -z "$(apt-cache search --names-only '^llvm-22-dev$')" ]; then
    echo "setup: error: no package llvm-22-dev; expected Debian 12 with the suite bookworm-security in its sources" >&2
    exit 1
  fi
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$root/build/apt.log" 2>&1 ||
    { tail -n 20 "$root/build/apt.log" >&2; echo "setup: error: apt-get failed" >&2; exit 1; }
fi

# The stamp lists the requirements that are installed.
stamp=$venv/installed.txt
mkdir -p "$root/build"
wanted=$(cat "$root/compiler/cmake/requirements.txt" "$@" | grep -v '^#' | sort -u)
if [ ! -f "$stamp" ] || [ -n "$(comm -23 <(echo "$wanted") "$stamp")" ]; then
  [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
  echo "setup: installing Python packages into ${venv#"$root"/}"
  # Everything is pinned and listed, so dependencies are not resolved (halide's would bring what its C++ side ignores).
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r <(echo "$wanted")
  touch "$stamp"
  sort -u "$stamp" <(echo "$wanted") -o "$stamp"
fi
