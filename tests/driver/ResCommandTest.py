"""What users see of resc as a whole, and of any command on a file that is no library: messages, exit codes."""

import json
import re
import shutil
import struct
import subprocess
import unittest
from pathlib import Path

from ResCommandCase import FAKE, RESC, ResCommandCase


class Dispatch(ResCommandCase):
    def test_help_has_an_example_and_fits_the_terminal(self):
        for command in (["--help"], ["run", "--help"], ["bench", "--help"], ["inspect", "--help"]):
            text = self.resc(*command)
            self.assertRegex(text, r"resc (compile|run|bench|inspect) \S+\.(onnx|so)")
            self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_version(self):
        for command in (["--version"], ["run", "--version"]):
            self.assertRegex(self.resc(*command), r"^resc \d+\.\d+\.\d+\n$")

    def test_wrong_usage(self):
        self.fails(2, "expected a command (compile, run, bench, inspect, verify), got 'foo' (see 'resc --help')", "foo")
        self.fails(2, "unknown command line argument '--inputs', did you mean '--input'? (see 'resc run --help')",
                   "run", FAKE, "--inputs", "x.npy")
        self.fails(2, "expected one compiled model, got 0 (see 'resc run --help')", "run")
        self.fails(2, "expected one compiled model, got 2 (see 'resc run --help')", "run", FAKE, FAKE)
        for command, things in (("inspect", "library, model or folder of dumps"), ("bench", "library or model")):
            self.fails(2, f"expected one compiled {things}, got 0 (see 'resc {command} --help')", command)
        self.fails(2, "for the --threads option: expected a whole number from 1 to 256, got '0'",
                   "run", FAKE, "--threads", "0")
        self.fails(2, "for the --seconds option: expected seconds, more than 0 and at most 86400, got '-1'",
                   "bench", FAKE, "--seconds=-1")
        self.resc("run", FAKE, "--top", code=2)
        self.assertEqual(subprocess.run([RESC], capture_output=True).returncode, 2)

    def test_the_compiler_by_itself(self):
        compiler = Path(RESC).resolve().parents[1] / "libexec" / "resc-compiler"
        result = subprocess.run([compiler, "run", FAKE], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stderr), (2, "resc: error: expected the command compile, verify or "
                                                                 "inspect, got 'run' (see 'resc --help')\n"))

    def test_missing_compiler(self):
        copy = self.path / "bin" / "resc"
        copy.parent.mkdir()
        shutil.copy(RESC, copy)
        result = subprocess.run([copy, "compile", "x.onnx"], capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr,
                         r"^resc: error: expected the compiler at '\S+/libexec/resc-compiler', found none")


class Libraries(ResCommandCase):
    """Files that are not compiled libraries of this ABI version, for each command that reads one."""

    def fails_everywhere(self, message, file):
        for command in ("run", "bench", "inspect"):
            self.fails(1, message, command, file)

    def test_missing_file(self):
        self.fails_everywhere("cannot open 'none.so': no such file or directory", "none.so")

    def test_text_and_empty_files(self):
        (self.path / "text.so").write_text("not a library\n")
        self.fails_everywhere("'text.so': expected a library made by 'resc compile', got a file that is not ELF",
                              "text.so")
        (self.path / "empty.so").write_text("")
        self.fails_everywhere("'empty.so': is empty", "empty.so")

    def test_folder_and_model(self):
        self.fails(1, "'.': expected a library made by 'resc compile', got a directory", "run", ".")
        (self.path / "m.onnx").write_text("")
        self.fails(1, "'m.onnx': expected a library made by 'resc compile', got a model: compile it first",
                   "run", "m.onnx")

    def test_foreign_library(self):
        libc = re.search(r"(/\S*/libc\.so\.6)", Path("/proc/self/maps").read_text()).group(1)
        self.fails_everywhere(f"'{libc}': expected a library made by 'resc compile', got another shared library", libc)

    def test_truncated_anywhere(self):
        whole = Path(FAKE).read_bytes()
        for size in [1, 3, 4, 63, 64, 500, *range(1000, len(whole), 1499), len(whole) - 1]:
            (self.path / "cut.so").write_bytes(whole[:size])
            self.resc("inspect", "cut.so", code=1)
            self.assertRegex(self.stderr, "is cut short: expected at least|not ELF")
        self.fails_everywhere(f"'cut.so': is cut short: expected at least {len(whole)} bytes, got {len(whole) - 1}",
                              "cut.so")

    def test_truncated_without_a_section_table(self):
        whole = bytearray(Path(FAKE).read_bytes())
        whole[40:48] = bytes(8)   # e_shoff
        whole[60:62] = bytes(2)   # e_shnum
        (self.path / "cut.so").write_bytes(whole)
        self.resc("inspect", "cut.so")
        (self.path / "cut.so").write_bytes(whole[:4096])
        self.resc("run", "cut.so", code=1)
        self.assertIn("is cut short: expected at least", self.stderr)

    def patched(self, *, type=1, text=None):
        """The fake library with another note: its type (the ABI version), or part of its text, of the same length."""
        whole = Path(FAKE).read_bytes()
        start = whole.index(b"resc\0\0\0\0{")
        whole = whole[:start - 4] + struct.pack("<I", type) + whole[start:]
        if text:
            old, new = text
            self.assertIn(old, whole)
            whole = whole.replace(old, new)
        (self.path / "patched.so").write_bytes(whole)
        return "patched.so"

    def test_other_abi_version(self):
        self.fails_everywhere("'patched.so': expected ABI version 1, got 7; compile the model again with this resc",
                              self.patched(type=7))

    def test_damaged_manifest(self):
        file = self.patched(text=(b'"macs":3000', b'"macs":"00"'))
        self.fails(1, "'patched.so': expected uint64_t at manifest.macs", "inspect", file)
        file = self.patched(text=(b'"nodes":["/fc"],"reads":[1,0],"kernel":1', b'"nodes":["/fc"],"reads":[1,0],"kernel":2'))
        self.fails(1, "'patched.so': expected an index into kernels at manifest.steps[2].kernel", "bench", file)
        file = self.patched(text=(b'"reads":[1,0]', b'"reads":[1,2]'))
        self.fails(1, "'patched.so': expected earlier steps or inputs at manifest.steps[2].reads", "inspect", file)
        file = self.patched(text=(b'"last_step":2', b'"last_step":3'))
        self.fails(1, "'patched.so': expected a step, not before first_step at manifest.memory_map[0].last_step",
                   "inspect", "--html", "p.html", file)
        self.assertEqual(self.files(), ["patched.so", "x.npy"])
        file = self.patched(text=(b'{"abi_version"', b'["abi_version"'))
        self.resc("inspect", "--json", file, code=1)
        self.assertIn("'patched.so': the manifest is not JSON", self.stderr)

    def test_other_processor(self):
        whole = bytearray(Path(FAKE).read_bytes())
        whole[18:20] = struct.pack("<H", 243)  # RISC-V
        (self.path / "riscv.so").write_bytes(whole)
        self.fails(1, "'riscv.so': expected a library for this processor, got one for another family",
                   "run", "riscv.so")
        self.resc("inspect", "riscv.so")

    def test_reasons_not_to_open(self):
        self.fails(1, f"'{FAKE}': this processor lacks instructions (target x86-64-v3)",
                   "run", FAKE, "--input", "x.npy", environment={"FAKE_OPEN_STATUS": "5"})
        self.resc("run", FAKE, "--input", "x.npy", environment={"FAKE_RUN_STATUS": "1"}, code=70)
        self.assertRegex(self.stderr, "^resc: internal error: .* please report it")


if __name__ == "__main__":
    unittest.main()
