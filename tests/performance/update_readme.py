#!/usr/bin/env python3
"""Measures resc beside other runtimes and writes README's tables.

    update_readme.py --python OTHER/bin/python ...      all networks, about 25 minutes
    update_readme.py --networks resnet50 --seconds 1    one network; the others' stored results stay
    update_readme.py --tables-only                      the tables again, from the stored results

For each network, peers.py times resc (fast and strict), OpenVINO, ONNX Runtime and, for VGG-19, ncnn, where they are installed
in one of the interpreters. Results go to results/NETWORK.json beside this file, the tables of all stored results between two
comments of the README.
"""
import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile

import readme_tables

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "peers"))
import machine  # noqa: E402

ROOT = os.path.normpath(os.path.join(HERE, "../.."))
MODELS = {"resnet18": ("ResNet-18", "make_resnet.py", "--depth", "18"),
          "resnet34": ("ResNet-34", "make_resnet.py", "--depth", "34"),
          "resnet50": ("ResNet-50", "make_resnet.py", "--depth", "50"),
          "resnet101": ("ResNet-101", "make_resnet.py", "--depth", "101"),
          "resnet152": ("ResNet-152", "make_resnet.py", "--depth", "152"),
          "vgg19": ("VGG-19", "make_vgg.py"),
          "densenet121": ("DenseNet-121", "make_densenet.py")}
FIRST_RESULT = "resnet50"


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--networks", nargs="+", choices=MODELS, default=list(MODELS))
    p.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    p.add_argument("--peers", default="openvino,ort", help="besides resc, and ncnn for VGG-19")
    p.add_argument("--python", nargs="+", default=[],
                   help="interpreters that have the other runtimes, and torch for errors against double precision")
    p.add_argument("--models", default=os.path.join(ROOT, "build/models"), help="folder of NETWORK.onnx; missing ones are made")
    p.add_argument("--resc", default=os.path.join(ROOT, "build/release/bin/resc"))
    p.add_argument("--seconds", type=float, default=6, help="for each peer and thread count")
    p.add_argument("--rounds", type=int, default=8)
    p.add_argument("--nice", type=int, default=0)
    p.add_argument("--lock")
    p.add_argument("--cache", help="folder of compiled artifacts and references")
    p.add_argument("--readme", default=os.path.join(ROOT, "README.md"))
    p.add_argument("--results", default=os.path.join(HERE, "results"))
    p.add_argument("--tables-only", action="store_true")
    return p.parse_args()


def model_path(network, folder):
    """Made with seeded weights if it is not there."""
    path = os.path.join(folder, network + ".onnx")
    if not os.path.exists(path):
        os.makedirs(folder, exist_ok=True)
        script, *arguments = MODELS[network][1:]
        subprocess.run([sys.executable, os.path.join(ROOT, "examples/models", script), path, *arguments], check=True)
    return path


def shared_options(options):
    """Of peers.py and first_result.py."""
    words = ["--resc", options.resc, "--nice", str(options.nice)]
    words += ["--lock", options.lock] if options.lock else []
    return words + (["--python", *options.python] if options.python else [])


def compare(network, options, path):
    """Runs peers.py, which writes the result to `path`."""
    peers = "resc-fast,resc-strict," + options.peers + (",ncnn" if network == "vgg19" else "")
    command = [sys.executable, os.path.join(HERE, "peers/peers.py"), model_path(network, options.models), "--peers", peers,
               "--threads", *map(str, options.threads), "--seconds", str(options.seconds), "--rounds", str(options.rounds),
               "--json", path, *shared_options(options)]
    subprocess.run(command + (["--cache", options.cache] if options.cache else []), check=True)


def processor_name():
    """With what matters here: "AMD EPYC (AVX-512, second cache 1 MB, third 32 MB)"."""
    lines = [line.split(":", 1) for line in open("/proc/cpuinfo") if ":" in line]
    fields = {key.strip(): value.strip() for key, value in reversed(lines)}
    details = ["AVX-512"] if "avx512f" in fields.get("flags", "").split() else []
    for index, name in ((2, "second cache"), (3, "third")):
        path = f"/sys/devices/system/cpu/cpu0/cache/index{index}/size"
        if os.path.exists(path):
            details.append(f"{name} {int(open(path).read().strip().rstrip('K')) / 1024:g} MB")
    return f"{fields.get('model name', os.uname().machine)} ({', '.join(details)})"


def read_bandwidth(options, threads):
    """GB/s, as 'resc bench --layers' measures beside any library."""
    digits = os.path.join(ROOT, "examples/quickstart/digits.onnx")
    with machine.Lock(options.lock):
        text = subprocess.check_output([options.resc, "bench", digits, "--layers", "--threads", str(threads), "--seconds",
                                        "0.1", "--json", "-"], text=True, start_new_session=True,
                                       preexec_fn=lambda: machine.set_priority(options.nice))
    return json.loads(text)["read_gbytes_per_s"]


def measure(network, options):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        compare(network, options, path)
        with open(path) as file:
            result = json.load(file)
    for row in result["rows"]:
        row.pop("stderr", None)  # has paths of this machine
    result.update(name=MODELS[network][0], date=datetime.date.today().isoformat(), processor=processor_name(),
                  cores=len(os.sched_getaffinity(0)),
                  read_gbytes_per_s={str(t): read_bandwidth(options, t) for t in options.threads})
    with open(os.path.join(options.results, network + ".json"), "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    if network == FIRST_RESULT:
        path = os.path.join(options.results, "first_result.json")
        subprocess.run([sys.executable, os.path.join(HERE, "first_result/first_result.py"), model_path(network, options.models),
                        "--threads", str(max(options.threads)), "--json", path, *shared_options(options)], check=True)


def stored(folder, name):
    path = os.path.join(folder, name + ".json")
    if not os.path.exists(path):
        return None
    with open(path) as file:
        return json.load(file)


def main():
    options = parse_arguments()
    os.makedirs(options.results, exist_ok=True)
    if not options.tables_only:
        for network in options.networks:
            try:
                measure(network, options)
            except subprocess.CalledProcessError as error:
                sys.exit(f"update_readme.py: error: {network}: {error}")
    results = [result for network in MODELS if (result := stored(options.results, network))]
    if not results:
        sys.exit(f"update_readme.py: error: expected results in '{options.results}'")
    first = stored(options.results, "first_result")
    if first:
        first["name"] = MODELS[FIRST_RESULT][0]
    with open(options.readme) as file:
        text = file.read()
    text = readme_tables.replace_measured(text, readme_tables.tables(results, first))
    with open(options.readme, "w") as file:
        file.write(text)


if __name__ == "__main__":
    main()
