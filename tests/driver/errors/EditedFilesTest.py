"""Libraries and dumps that someone edited: whole at first sight, and yet not what they say.

Environment as for BadInputTest.py.
"""

import os
import re
import struct
import subprocess
import unittest
from pathlib import Path

import numpy as np

from BadInputTest import FAKE, RESC, BadInput
from OnnxImportCase import model, node, tensor


class EditedLibraries(BadInput):
    def setUp(self):
        super().setUp()
        np.save(self.path / "x.npy", np.zeros((2, 3, 2, 2), np.float32))

    def patched(self, old, new):
        """FAKE with some of its bytes replaced by as many."""
        whole = Path(FAKE).read_bytes()
        self.assertTrue(old in whole and len(old) == len(new))
        (self.path / "bad.so").write_bytes(whole.replace(old, new))
        return "bad.so"

    def check_run(self, message, library):
        self.fails(message, "run", library, "--input", "x.npy", "--output", "out/y.npy")

    def test_other_kind_of_elf(self):
        whole = bytearray(Path(FAKE).read_bytes())
        message = "'bad.so': expected a 64-bit little-endian shared library, got another kind of ELF file"
        for at, value in ((4, 1), (5, 2), (16, 1), (54, 32)):  # 32 bits, big-endian, an object, other segments
            (self.path / "bad.so").write_bytes(whole[:at] + bytes([value]) + whole[at + 1:])
            self.check_run(message, "bad.so")

    def test_special_file(self):
        os.mkfifo(self.path / "bad.so")
        self.check_run("'bad.so': expected a library made by 'resc compile', got a special file", "bad.so")

    def test_loader_refuses(self):
        whole = bytearray(Path(FAKE).read_bytes())
        segments = struct.unpack_from("<Q", whole, 32)[0]
        load = next(at for at in range(segments, segments + 56 * 16, 56) if whole[at] == 1)
        whole[load + 16] += 1  # the first segment's address, which is no multiple of a page now
        (self.path / "bad.so").write_bytes(whole)
        self.check_run(re.compile(r"^'bad\.so': cannot load: .*bad\.so: "), "bad.so")

    def test_no_model(self):
        self.check_run("'bad.so': expected a function 'res_get_model', got none",
                       self.patched(b"\0res_get_model\0", b"\0res_got_model\0"))

    def test_other_version_than_the_note_says(self):
        whole = Path(FAKE).read_bytes()
        bytes_of_struct = next(size for size in range(64, 512, 8) if struct.pack("<II", 1, size) in whole)
        self.check_run("'bad.so': expected ABI version 1, got 7; compile the model again with this resc",
                       self.patched(struct.pack("<II", 1, bytes_of_struct), struct.pack("<II", 7, bytes_of_struct)))

    def test_other_element_type(self):
        self.check_run("input 'data': expected type float32, got another one, which this command cannot handle",
                       self.patched(struct.pack("<QII", 96, 4, 1), struct.pack("<QII", 96, 4, 9)))

    def test_other_steps_than_the_manifest_says(self):
        rest = re.search(rb',\{"node":"/fc".*?\}\],"memory_map".*?"last_step":2', Path(FAKE).read_bytes()).group()
        without = b"]" + rest[rest.index(b',"memory_map"'):-1] + b"1"
        self.fails("'bad.so': expected as many steps as the manifest has, 2, got 3",
                   "bench", self.patched(rest, without.ljust(len(rest))), "--json", "out/r.json")

    @unittest.skipIf("address" in os.environ.get("RES_SANITIZE", ""), "the sanitizer says so, too")
    def test_more_values_than_memory(self):
        with open(self.path / "x.npy", "r+b") as file:
            content = file.read().replace(b"(2, 3, 2, 2)", b"(%d, 3, 2, 2)" % 2**36).replace(b" " * 10 + b"\n", b"\n")
            file.seek(0)
            file.write(content)
            file.truncate(len(content) + 2**36 * 48)  # sparse, 3 TiB
        self.check_run("'x.npy': input 'data': not enough memory", FAKE)


class EditedDumps(BadInput):
    NOT_PLANNED = "^expected a planned module with a target and a model name$"

    def setUp(self):
        super().setUp()
        weights = [tensor("w", (32, 4, 3, 3)), tensor("v", (32, 32, 1, 1)), tensor("u", (10, 32))]
        nodes = [node("Conv", "x w", "h", name="first", pads=[1] * 4), node("Conv", "h v", "k"),
                 node("MaxPool", "k", "p", kernel_shape=[2, 2]), node("GlobalAveragePool", "p", "g"),
                 node("Flatten", "g", "f"), node("Gemm", "f u", transB=1)]
        (self.path / "m.onnx").write_bytes(model(nodes, weights).SerializeToString())

    def check(self, phase, *cases):
        command = [RESC, "compile", "m.onnx", "--target", "x86-64-v3", "--math", "strict", "--emit", phase]
        text = subprocess.run(command, cwd=self.path, check=True, capture_output=True, text=True).stdout
        for pattern, replacement, message in cases:
            edited = re.sub(pattern, replacement, text)
            self.assertNotEqual(edited, text, pattern)
            (self.path / "m.mlir").write_text(edited)
            self.fails(re.compile(message), "compile", "m.mlir", "-o", "out/m.so")

    def test_schedules(self):
        kernel = r"^kernel 'res_f32_\w+': "
        dense = kernel + "expected blocks and unroll between 1 and 64, got 1"
        pixels = kernel + "expected pixels between 1 and 64 and rows of at least 0"
        self.check("decided",
                   (r"(res\.dense<blocks = )\d+", r"\g<1>100000", dense),
                   (r"(res\.dense<.*unroll = )\d+", r"\g<1>100000", dense),
                   (r"(res\.map<pixels = )\d+", r"\g<1>0", pixels),
                   (r"(res\.map<pixels = )\d+", r"\g<1>65", pixels),
                   ("chunk = 0", "chunk = 7", kernel + "expected a chunk that divides the blocks of input channels"),
                   ("flat = false", "flat = true", kernel + "expected flat only for 1x1 convolutions of blocked maps"),
                   ('"x86-64-v3" =', '"x86-64-v4" =', kernel + "no schedule for x86-64-v3$"),
                   ('phase = "decided"', 'phase = "scheduled"', kernel + "expected a packed filter$"),
                   ('phase = "decided"', 'phase = "planned"', self.NOT_PLANNED),
                   ('res.model = "m"', 'res.model = "a b"', "^the linker failed: "))

    def test_plans(self):
        section = "^expected a packed weight inside the weights section, got offset "
        arena = r"leaves \d+ bytes of the arena's -9223372036854775808"
        full = r"data\.o': (File too large|No space left on device)$"
        weights = r"weights_bytes = \d+"
        self.check("planned",
                   ("> at 0 ", "> at 64000000 ", section + "64000000$"),
                   ("> at 0 ", "> at -64 ", section + "-64$"),
                   ("> at 0 ", "> at 8 ", section + "8$"),
                   ("> at 0 ", f"> at {2**63 - 64} ", section + f"{2**63 - 64}$"),
                   (weights, "weights_bytes = 64", section),
                   (weights, "weights_bytes = -64", self.NOT_PLANNED),
                   (weights + " : i64", 'weights_bytes = "x"', self.NOT_PLANNED),
                   (r", res\.weights_bytes = \d+ : i64", "", self.NOT_PLANNED),
                   (weights, f"weights_bytes = {2**60}", full),
                   (r"arena_bytes = \d+", f"arena_bytes = {-2**63}", arena))

    def test_weights_that_moved(self):
        self.check("imported", (r'in ".*?m\.onnx" at', 'in "gone.bin" at', "gone.bin"),
                   (r'm\.onnx" at \d+', 'm.onnx" at 99999', "m.onnx"))


if __name__ == "__main__":
    unittest.main()
