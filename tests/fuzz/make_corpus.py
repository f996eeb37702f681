#!/usr/bin/env python3
"""Write the seeds of the fuzzers: small real models and compiled libraries.

    make_corpus.py BUILD OUT

BUILD is a build folder with `resc` and tests/driver/fake_model.so. Seeds have to be small, so weights become external
data of a file of zeros that FuzzImporter.cpp puts beside each model, and libraries are stored without their code, too:
the header, the segments and the note are what is read.
"""
import hashlib
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

import onnx
from onnx import TensorProto

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEGMENT = struct.Struct("<IIQQQQQQ")  # type, flags, offset, addresses, size in the file and in memory, alignment
LARGEST = 16384  # bytes; the fuzzers are given -max_len=20000


def save(folder, content):
    if len(content) <= LARGEST:
        (folder / hashlib.sha1(content).hexdigest()).write_bytes(content)


def with_external_weights(model):
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and len(tensor.raw_data) > 64:
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value="weights.bin")
    return model.SerializeToString()


def save_example_models(folder, scratch):
    subprocess.run([sys.executable, ROOT / "examples/models/make_resnet.py", scratch / "tiny.onnx", "--tiny"],
                   check=True, stdout=subprocess.DEVNULL)
    for path in (scratch / "tiny.onnx", ROOT / "examples/quickstart/digits.onnx"):
        save(folder, with_external_weights(onnx.load(path)))


def save_models_of_tests(folder, resc):
    """Every model that the importer's tests make."""
    os.environ["RESC"] = str(resc)
    sys.path.insert(0, str(ROOT / "tests/frontends"))
    import OnnxImportCase

    write = OnnxImportCase.ImportCase.write

    def saving(case, content, name="model.onnx"):
        if name.endswith(".onnx"):
            save(folder, content if isinstance(content, bytes) else content.SerializeToString())
        return write(case, content, name)

    OnnxImportCase.ImportCase.write = saving
    suite = unittest.defaultTestLoader.discover(str(ROOT / "tests/frontends"), "Onnx*Test.py")
    with open(os.devnull, "w") as null:
        unittest.TextTestRunner(stream=null).run(suite)


def without_code(library):
    """A library of the same header, segments and note, the note right behind the segments and nothing else."""
    header = bytearray(library[:64])
    start, count = struct.unpack_from("<Q", header, 32)[0], struct.unpack_from("<H", header, 56)[0]
    segments, note = [], b""
    for i in range(count):
        kind, flags, offset, virtual, physical, size, memory, align = SEGMENT.unpack_from(library, start + 56 * i)
        content = library[offset:offset + size]
        if kind == 4 and b"resc\0" in content:
            note, offset = content, 64 + 56 * count
        else:
            offset, size = 0, 0
        segments.append(SEGMENT.pack(kind, flags, offset, virtual, physical, size, memory, align))
    struct.pack_into("<QQ", header, 32, 64, 0)  # no section table
    struct.pack_into("<H", header, 60, 0)
    return bytes(header) + b"".join(segments) + note


def save_libraries(folder, build, scratch):
    libraries = [build / "tests/driver/fake_model.so", build / "tests/driver/fake_model_two.so"]
    for name in ("tiny", "digits"):
        source = scratch / "tiny.onnx" if name == "tiny" else ROOT / "examples/quickstart/digits.onnx"
        libraries.append(scratch / f"{name}.so")
        subprocess.run([build / "bin/resc", "compile", source, "-o", libraries[-1]], check=True)
    for library in libraries:
        content = library.read_bytes()
        save(folder, content)
        save(folder, without_code(content))
    # A manifest by itself is small enough to be mutated in depth.
    save(folder, shrunk(without_code(libraries[0].read_bytes())))


def shrunk(library):
    """The same with one kernel and one step in its manifest."""
    at = library.index(b"resc\0\0\0\0{")
    manifest, end = json.JSONDecoder().raw_decode(library[at + 8:].decode("latin-1"))
    manifest["kernels"], manifest["steps"], manifest["memory_map"] = manifest["kernels"][:1], manifest["steps"][:1], []
    for output in manifest["outputs"]:
        output["source"] = 0
    text = json.dumps(manifest, separators=(",", ":")).encode()
    note = struct.pack("<III", 5, len(text), 1) + b"resc\0\0\0\0" + text + bytes(-len(text) % 4)
    result = bytearray(library[:at - 12] + note)
    for segment in range(64, 64 + 56 * struct.unpack_from("<H", result, 56)[0], 56):
        kind, _, offset, _, _, size, _, _ = SEGMENT.unpack_from(result, segment)
        if kind == 4 and size:
            struct.pack_into("<Q", result, segment + 32, len(result) - offset)
    return bytes(result)


def main():
    build, out = map(pathlib.Path, sys.argv[1:])
    shutil.rmtree(out, ignore_errors=True)
    for name in ("importer", "artifact"):
        (out / name).mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        save_example_models(out / "importer", pathlib.Path(scratch))
        save_models_of_tests(out / "importer", build.resolve() / "bin/resc")
        save_libraries(out / "artifact", build.resolve(), pathlib.Path(scratch))
    for name in ("importer", "artifact"):
        print(f"{len(list((out / name).iterdir()))} seeds for fuzz-{name}")


if __name__ == "__main__":
    main()
