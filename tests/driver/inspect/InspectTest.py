"""What users see of resc inspect on libraries and on folders of dumps: text, JSON, the data in pages, messages."""

import json
import os
import re
import subprocess
import time
import unittest
from pathlib import Path

import numpy as np

from ResCommandCase import FAKE, RESC, ResCommandCase


class Inspect(ResCommandCase):
    def test_json_is_the_manifest(self):
        whole = Path(FAKE).read_bytes()
        text = whole[whole.index(b"resc\0\0\0\0{") + 8:]
        manifest, _ = json.JSONDecoder().raw_decode(text.decode("latin-1"))
        printed = self.resc("inspect", FAKE, "--json")
        self.assertEqual(json.loads(printed), manifest)
        self.assertGreater(printed.count("\n"), 20)

    def test_table(self):
        text = self.resc("inspect", FAKE)
        for pattern in (r"fake: target x86-64-v3, math strict, made by resc 0\.1\.0", r"data +f32 +2x3x2x2 +96 B",
                        r"prob +f32 +2x5 +40 B", r"weights +4\.00 KiB", r"arena +1\.07 KiB, .* 1000 B .*\(1\.100 x\)",
                        r"2\.88 KiB for 1, 3\.38 KiB for 2, 10\.4 KiB for 16 threads",
                        r"operations  conv 2, relu 2, gemm 1\n", r"parameters  1\.00 k\n", r"MACs        3\.00 k\n",
                        r"kernels: 2, called 3 times, 3\.00 k MACs", r"res_f32_conv3x3_s1_relu +2 calls +2\.00 k MACs",
                        r"conv 2x3x2x2xf32 -> 2x8x2x2xf32", r"tile 2x4", r"\n +0 +0 +1\.00 k  /layer1/conv1 \+ relu1\n",
                        r"\n +1 +0 +1\.00 k  /layer1/conv2 \+ relu2\n", r"\n +2 +1 +1\.00 k  /fc\n"):
            self.assertRegex(text, pattern)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_page_of_a_library(self):
        self.resc("inspect", FAKE, "--html", "p.html")
        page = (self.path / "p.html").read_text()
        self.assertRegex(page, r"^<!DOCTYPE html>\n")
        self.assertNotRegex(page, r"(src|href)=[\"']?(https?:|//)")
        found = re.search(r'<script type="application/json" id="data-manifest">(.*?)</script>', page).group(1)
        self.assertEqual(json.loads(found), json.loads(self.resc("inspect", FAKE, "--json")))
        self.assertEqual(self.resc("inspect", FAKE, "--html", "-"), page)

    def test_memory_map(self):
        text = self.resc("inspect", FAKE, "--memory")
        # One tensor of 64 bytes in an arena of 1100, written by the first call and read by the last.
        self.assertRegex(text, r"^fake: arena 1\.07 KiB, most is live 64 B \(\*\), bands of 23 B\n")
        for call, letters in enumerate(("AAA", "aaa", "aaa")):
            self.assertRegex(text, rf"\n +{call} +64 B +\* +{letters}\.{{45}} +/")
        self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_wrong_usage(self):
        usage = " (see 'resc inspect --help')"
        self.fails(2, "expected --memory or --json, got both" + usage, "inspect", FAKE, "--json", "--memory")
        self.fails(2, "expected --memory or --html, got both" + usage, "inspect", FAKE, "--memory", "--html", "p.html")
        self.fails(2, "expected one compiled library, model or folder of dumps, got 0" + usage, "inspect")
        self.fails(2, "expected one compiled library, model or folder of dumps, got 2" + usage, "inspect", FAKE, ".")
        self.fails(2, "expected --json or --html, got both" + usage, "inspect", FAKE, "--json", "--html", "p.html")
        self.fails(2, "--html: expected a file name, got none" + usage, "inspect", FAKE, "--html=")
        self.assertEqual(self.files(), ["x.npy"])

    def test_unwritable_page(self):
        self.fails(1, "cannot write 'none/p.html': no such file or directory",
                   "inspect", FAKE, "--html", "none/p.html")
        (self.path / "d").mkdir()
        self.fails(1, "cannot write 'd': is a directory", "inspect", FAKE, "--html", "d")
        self.fails(1, "cannot write '/dev/full': no space left on device", "inspect", FAKE, "--html", "/dev/full")

    def test_does_not_execute_the_library(self):
        result = subprocess.run([RESC, "inspect", FAKE], env={"LD_DEBUG": "files"}, capture_output=True, text=True)
        self.assertEqual(result.returncode, 0)
        self.assertIn("libc.so", result.stderr)
        self.assertNotIn(os.path.basename(FAKE), result.stderr)


class InspectDump(ResCommandCase):
    """Folders as `resc compile --dump-ir` writes them, made by hand."""

    def setUp(self):
        super().setUp()
        self.dump = self.path / "ir"
        self.dump.mkdir()
        self.write("manifest.json", self.resc("inspect", FAKE, "--json"))
        self.write("00-imported.mlir", "%0 = res.conv %arg0 : a loc(#loc1)\n%1 = res.relu %0 : a loc(#loc2)\n"
                   "%2 = res.add %1 : a loc(#loc3)\n#loc1 = loc(\"/c\")\n#loc2 = loc(\"/r\")\n#loc3 = loc(\"/a\")\n")
        self.write("01-res-pass.mlir", "%0 = res.new : b loc(unknown)\n%1 = res.conv %arg0 : a loc(#loc5)\n"
                   "%2 = res.add %1 : a loc(#loc9)\n#loc5 = loc(\"/c\")\n#loc9 = loc(\"/a\")\n"
                   "#loc4 = loc(fused[#loc5, #loc9])\n")
        self.write("res_f32_gemm.stmt", "for (x, 0, 4)\n")
        self.write("res_f32_gemm.s", "\tvfmadd\n")
        self.index("00-imported.mlir  as it was read", "01-res-pass.mlir  after the pass", "res_f32_gemm.stmt  loops",
                   "res_f32_gemm.s  assembly", "manifest.json  what it says")

    def write(self, name, text):
        (self.dump / name).write_text(text)

    def index(self, *lines):
        self.write("index.txt", "".join(line + "\n" for line in lines))

    def test_text_and_json_are_the_library(self):
        self.assertEqual(self.resc("inspect", "ir"), self.resc("inspect", FAKE))
        self.assertEqual(self.resc("inspect", "ir/", "--json"), self.resc("inspect", FAKE, "--json"))

    def embedded(self, page, name):
        return json.loads(re.search(rf'id="data-{name}">(.*?)</script>', page).group(1))

    def test_page(self):
        self.resc("inspect", "ir", "--html", "p.html")
        page = (self.path / "p.html").read_text()
        passes = self.embedded(page, "passes")
        self.assertEqual([(one["file"], one["remark"], one["lines"]) for one in passes],
                         [("00-imported.mlir", "as it was read", 3), ("01-res-pass.mlir", "after the pass", 3)])
        self.assertEqual(self.embedded(page, "pass-1").split("\n"),
                         ["%0 = res.new : b", "%1 = res.conv %arg0 : a  // /c", "%2 = res.add %1 : a  // /a"])
        # The convolution has another number and is unchanged; the addition reads it instead of the relu.
        self.assertEqual((passes[1]["hunks"], passes[1]["added"], passes[1]["removed"]), ([[0, 0, 0, 1], [1, 3, 2, 3]], 2, 2))
        self.assertEqual(self.embedded(page, self.embedded(page, "statements")["res_f32_gemm"]), "for (x, 0, 4)\n")
        self.assertEqual(self.embedded(page, self.embedded(page, "assemblies")["res_f32_gemm"]), "\tvfmadd\n")

    def test_differences_lead_from_one_dump_to_the_next(self):
        random = np.random.default_rng(7)
        dumps = [[f"line {k}" for k in random.integers(0, size, size=length)]
                 for length in (0, 1, 3, 12, 40, 40) for size in (2, 8, 60)] + [[f"line {k}" for k in range(30)]]
        dumps.append(dumps[-1][10:20] + ["new"] + dumps[-1][25:])
        for i, lines in enumerate(dumps):
            self.write(f"{i:02}-p.mlir", "".join(line + "\n" for line in lines))
        self.index(*(f"{i:02}-p.mlir  after the pass" for i in range(len(dumps))), "manifest.json  what it says")
        self.resc("inspect", "ir", "--html", "p.html")
        passes = self.embedded((self.path / "p.html").read_text(), "passes")
        for before, after, one in zip(dumps, dumps[1:], passes[1:]):
            old = new = 0
            for hunk in [*one["hunks"], [len(before), len(before), len(after), len(after)]]:
                self.assertEqual(before[old:hunk[0]], after[new:hunk[2]])
                old, new = hunk[1], hunk[3]
        self.assertEqual(passes[-1]["hunks"], [[0, 10, 0, 0], [20, 25, 10, 11]])
        self.assertEqual((passes[-1]["removed"], passes[-1]["added"]), (15, 1))

    def test_texts_cannot_end_their_element(self):
        self.write("res_f32_gemm.s", "</script><script>alert(1)</script><!--\xff")
        self.resc("inspect", "ir", "--html", "p.html")
        page = (self.path / "p.html").read_text()
        self.assertNotIn("alert(1)</script>", page)
        self.assertEqual(self.embedded(page, self.embedded(page, "assemblies")["res_f32_gemm"]),
                         "</script><script>alert(1)</script><!--\xff")

    def test_long_dumps_take_no_long_time(self):
        for name, word in (("00-imported.mlir", "a"), ("01-res-pass.mlir", "b")):
            self.write(name, "".join(f"    res.{word} {i % 7}\n" for i in range(60000)))
        before = time.monotonic()
        self.resc("inspect", "ir", "--html", "p.html")
        self.assertLess(time.monotonic() - before, 5)
        self.assertEqual(self.embedded((self.path / "p.html").read_text(), "passes")[1]["hunks"], [[0, 60000, 0, 60000]])

    def test_folders_that_are_no_dumps(self):
        self.fails(1, "'.': expected a folder written by 'resc compile --dump-ir', got one without index.txt",
                   "inspect", ".")
        self.index("00-imported.mlir  as it was read")
        self.fails(1, "'ir': expected the dump of a whole compilation, got one without manifest.json", "inspect", "ir")
        for name in ("../x.npy", "/etc/passwd", ".."):
            self.index(f"{name}  mine")
            self.fails(1, f"'ir/index.txt': expected names of files in the folder, got '{name}'", "inspect", "ir")
        self.index("notes.txt  mine")
        self.fails(1, "'ir/index.txt': expected .mlir, .stmt, .s and manifest.json, got 'notes.txt'", "inspect", "ir")
        self.index("gone.mlir  after the pass")
        self.fails(1, "cannot read 'ir/gone.mlir': no such file or directory", "inspect", "ir")

    def test_damaged_manifest(self):
        self.write("manifest.json", "{")
        self.resc("inspect", "ir", code=1)
        self.assertIn("'ir/manifest.json': the manifest is not JSON: ", self.stderr)
        self.write("manifest.json", '{"name": 7}')
        self.fails(1, "'ir/manifest.json': expected string at manifest.name", "inspect", "ir", "--html", "p.html")
        self.assertEqual(self.files(), ["ir", "x.npy"])


if __name__ == "__main__":
    unittest.main()
