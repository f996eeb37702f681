"""What users see of resc run, bench and inspect: results, messages, exit codes, files left behind.

Environment: RESC is the command, FAKE_MODEL and FAKE_MODEL_TWO are the libraries made of fake_model.c. The compiler is
not needed: where resc would call it, a script stands in.
"""

import json
import os
import re
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import numpy as np

RESC = os.environ["RESC"]
FAKE = os.environ["FAKE_MODEL"]
FAKE_TWO = os.environ["FAKE_MODEL_TWO"]
BENCH_KEYS = {"model", "target", "threads", "runs", "p50_ms", "p90_ms", "p99_ms", "min_ms", "gflops", "percent_of_peak",
              "peak_gflops", "load_ms", "first_ms", "version", "rss_mb"}


class ResCommandTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)
        self.data = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
        np.save(self.path / "x.npy", self.data)

    def resc(self, *arguments, code=0, environment=None):
        """Runs resc in the test's folder and returns its standard output; everything else is checked here."""
        result = subprocess.run([RESC, *map(str, arguments)], cwd=self.path, capture_output=True, text=True, timeout=60,
                                env={**os.environ, **(environment or {})})
        self.assertEqual(result.returncode, code, result.stderr)
        self.stderr = result.stderr
        if code:
            self.assertEqual(result.stdout, "")
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        else:
            self.assertEqual(result.stderr, "")
        return result.stdout

    def fails(self, code, message, *arguments, **keywords):
        self.resc(*arguments, code=code, **keywords)
        self.assertEqual(self.stderr.rstrip("\n"), f"resc: error: {message}")

    def files(self):
        return sorted(p.name for p in self.path.iterdir())

    def expected(self, data):
        return 2 * data.reshape(len(data), 12)[:, :5] - np.arange(5, dtype=np.float32)


class Dispatch(ResCommandTest):
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
        self.fails(2, "for the --threads option: expected a whole number from 1 to 256, got '0'",
                   "run", FAKE, "--threads", "0")
        self.fails(2, "for the --seconds option: expected seconds, more than 0 and at most 86400, got '-1'",
                   "bench", FAKE, "--seconds=-1")
        self.resc("run", FAKE, "--top", code=2)
        self.assertEqual(subprocess.run([RESC], capture_output=True).returncode, 2)

    def test_missing_compiler(self):
        copy = self.path / "bin" / "resc"
        copy.parent.mkdir()
        shutil.copy(RESC, copy)
        result = subprocess.run([copy, "compile", "x.onnx"], capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr,
                         r"^resc: error: expected the compiler at '\S+/libexec/resc-compiler', found none")


class Libraries(ResCommandTest):
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
        file = self.patched(text=(b'"node":"/fc","kernel":1', b'"node":"/fc","kernel":2'))
        self.fails(1, "'patched.so': expected an index into kernels at manifest.steps[2].kernel", "bench", file)
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


class Run(ResCommandTest):
    def test_prints_the_top_classes(self):
        self.data[0] = 0
        self.data[0].flat[:5] = [3, -1, 9, 4, 2]  # 6, -3, 16, 5, 0
        np.save(self.path / "x.npy", self.data)
        self.assertEqual(self.resc("run", FAKE, "--input", "x.npy", "--top", "3").splitlines()[:2],
                         ["output 'prob' 2x5, top 3:", "  row 0: 2 (16)  0 (6)  3 (5)"])

    def test_not_a_number_comes_last(self):
        self.data[0].flat[3] = np.nan
        np.save(self.path / "x.npy", self.data)
        self.assertIn("row 0: 4 (4)  2 (2)  1 (1)  0 (0)  3 (nan)", self.resc("run", FAKE, "--input", "x.npy"))

    def test_statistics_of_other_ranks(self):
        np.save(self.path / "a.npy", np.float32([[1, 2, 3, 4]]))
        np.save(self.path / "b.npy", np.float32([[0, 0, np.inf, 8]]))
        text = self.resc("run", FAKE_TWO, "--input", "a.npy", "--input", "b.npy")
        self.assertIn("output 'maps' 1x2x2x1: min -4, max 2, mean -0.333333, 1 values are not finite", text)

    def test_names_and_order_of_files(self):
        a, b = np.float32([[1, 2, 3, 4]]), np.float32([[10, 20, 30, 40]])
        np.save(self.path / "a.npy", a)
        b.tofile(self.path / "b.bin")
        self.resc("run", FAKE_TWO, "--input", "right=a.npy", "--input", "left=b.bin", "--output", "maps=d.npy",
                  "--output", "s.bin")
        difference = np.load(self.path / "d.npy")
        self.assertEqual((difference.shape, difference.dtype), ((1, 2, 2, 1), np.float32))
        np.testing.assert_array_equal(difference.reshape(1, 4), b - a)
        np.testing.assert_array_equal(np.fromfile(self.path / "s.bin", np.float32), (a + b)[0])

    def test_slices_of_a_larger_batch(self):
        data = np.random.default_rng(0).normal(size=(14, 3, 2, 2)).astype(np.float32)
        np.save(self.path / "x.npy", data)
        text = self.resc("run", FAKE, "--input", "x.npy", "--output", "y.npy")
        np.testing.assert_array_equal(np.load(self.path / "y.npy"), self.expected(data))
        self.assertTrue(text.startswith("output 'prob' 14x5, top 5 of the first 5 rows:\n"), text)
        self.assertEqual(len(text.splitlines()), 6)

    def test_column_major_array(self):
        np.save(self.path / "x.npy", np.asfortranarray(self.data))
        self.resc("run", FAKE, "--input", "x.npy", "--output", "y.npy")
        np.testing.assert_array_equal(np.load(self.path / "y.npy"), self.expected(self.data))

    def fails_with(self, array, message):
        np.save(self.path / "bad.npy", array)
        self.fails(1, f"'bad.npy': input 'data': {message}", "run", FAKE, "--input", "bad.npy", "--output", "y.npy")
        self.assertEqual(self.files(), ["bad.npy", "x.npy"])

    def test_wrong_shapes_and_types(self):
        self.fails_with(self.data[:1], "expected shape 2x3x2x2, got 1x3x2x2")
        self.fails_with(np.zeros((3, 3, 2, 2), np.float32), "expected shape 2x3x2x2, got 3x3x2x2")
        self.fails_with(np.zeros((2, 3, 2, 3), np.float32), "expected shape 2x3x2x2, got 2x3x2x3")
        self.fails_with(np.zeros((0, 3, 2, 2), np.float32), "expected shape 2x3x2x2, got 0x3x2x2")
        self.fails_with(np.float32(1), "expected shape 2x3x2x2, got scalar")
        self.fails_with(self.data.astype(np.float64), "expected type float32, got float64")
        self.fails_with(self.data.astype(">f4"), "expected type float32, got big-endian float32")
        self.fails_with(self.data.astype(np.uint8), "expected type float32, got uint8")

    def test_unequal_slices(self):
        np.save(self.path / "a.npy", np.zeros((2, 4), np.float32))
        np.save(self.path / "b.npy", np.zeros((3, 4), np.float32))
        self.fails(1, "input 'right': expected 2 times the model's batch, as input 'left' has, got 3",
                   "run", FAKE_TWO, "--input", "a.npy", "--input", "b.npy")

    def test_damaged_array_files(self):
        whole = (self.path / "x.npy").read_bytes()
        huge = whole.replace(b"(2, 3, 2, 2)", b"(9223372036854775806, 3, 2, 2)").replace(b" " * 18 + b"\n", b"\n")
        for content, message in [
                (b"", "expected an array in NumPy's .npy format, got another kind of file"),
                (b"text, but long enough", "expected an array in NumPy's .npy format, got another kind of file"),
                (whole[:50], "the .npy header is cut short"),
                (b"\x93NUMPY\x02" + whole[7:], "expected version 1 of the .npy format, got 2"),
                (whole.replace(b"'<f4'", b"'V16'"), "cannot read the .npy header: invalid typestring"),
                (whole.replace(b"{'descr'", b" 'descr'"), "cannot read the .npy header"),
                (whole[:-1], "input 'data': is cut short: expected 1 x 96 bytes of values, got 95"),
                (huge, "input 'data': is cut short: expected 4611686018427387903 x 96 bytes of values, got 96")]:
            (self.path / "bad.npy").write_bytes(content)
            self.fails(1, f"'bad.npy': {message}", "run", FAKE, "--input", "bad.npy")
        (self.path / "bad.bin").write_bytes(b"\0" * 97)
        self.fails(1, "'bad.bin': input 'data': expected 96 bytes, got 97", "run", FAKE, "--input", "bad.bin")
        self.fails(1, "cannot open 'none.npy': no such file or directory", "run", FAKE, "--input", "none.npy")

    def test_wrong_names(self):
        usage = " (see 'resc run --help')"
        self.fails(2, "--input: expected a name that the model has, 'data', got 'date'" + usage,
                   "run", FAKE, "--input", "date=x.npy")
        self.fails(2, "--output: expected a name that the model has, 'sum' or 'maps', got 'prob'" + usage,
                   "run", FAKE_TWO, "--output", "prob=y.npy")
        self.fails(2, "--input: expected at most 1 (the model has no more inputs), got 'x.npy'" + usage,
                   "run", FAKE, "--input", "x.npy", "--input", "x.npy")
        self.fails(2, "--input: expected one file for 'data', got two" + usage,
                   "run", FAKE, "--input", "data=x.npy", "--input", "data=x.npy")
        self.fails(2, "--input: expected a file name that ends in .npy or .bin, got 'x.png'" + usage,
                   "run", FAKE, "--input", "x.png")
        self.fails(2, "expected --input for 'data' (float32, 2x3x2x2), got none" + usage, "run", FAKE)

    def test_unwritable_output(self):
        self.fails(1, "cannot write 'none/y.npy': no such file or directory",
                   "run", FAKE, "--input", "x.npy", "--output", "none/y.npy")
        (self.path / "d.npy").mkdir()
        self.fails(1, "cannot write 'd.npy': is a directory", "run", FAKE, "--input", "x.npy", "--output", "d.npy")

    def test_existing_output_survives_a_failure(self):
        (self.path / "y.npy").write_text("old")
        self.resc("run", FAKE, "--input", "x.npy", "--output", "y.npy", environment={"FAKE_RUN_STATUS": "1"}, code=70)
        self.assertEqual((self.path / "y.npy").read_text(), "old")
        self.assertEqual(self.files(), ["x.npy", "y.npy"])

    def test_output_through_a_link(self):
        (self.path / "real.npy").write_text("old")
        (self.path / "y.npy").symlink_to("real.npy")
        self.resc("run", FAKE, "--input", "x.npy", "--output", "y.npy")
        self.assertTrue((self.path / "y.npy").is_symlink())
        np.testing.assert_array_equal(np.load(self.path / "real.npy"), self.expected(self.data))

    def test_standard_output_that_goes_away(self):
        # As if piped into a `head` that has left, by a parent that ignores SIGPIPE as Python does.
        read, write = os.pipe()
        os.close(read)
        result = subprocess.run([RESC, "inspect", FAKE], stdout=write, stderr=subprocess.PIPE, restore_signals=False)
        os.close(write)
        self.assertEqual((result.returncode, result.stderr), (-signal.SIGPIPE, b""))
        with open("/dev/full", "w") as full:
            result = subprocess.run([RESC, "inspect", FAKE], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual((result.returncode, result.stderr),
                         (1, "resc: error: cannot write standard output: no space left on device\n"))

    def test_starts_in_milliseconds(self):
        times = []
        for _ in range(10):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.resc("run", FAKE, "--input", "x.npy")
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            # Time on the processor, which other work on this machine does not lengthen.
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        self.assertLess(min(times), 0.020)


class Bench(ResCommandTest):
    def test_json_on_standard_output_is_one_line(self):
        text = self.resc("bench", FAKE, "--seconds", "0.05", "--threads", "1", "--json", "-")
        self.assertEqual(text.count("\n"), 1)
        result = json.loads(text)
        self.assertLessEqual(BENCH_KEYS, set(result))
        self.assertEqual((result["model"], result["target"], result["version"], result["threads"]),
                         ("fake", "x86-64-v3", "resc 0.1.0", 1))
        self.assertGreaterEqual(result["runs"], 5)
        self.assertGreaterEqual(result["min_ms"], 0.02)  # the fake model waits that long
        self.assertLessEqual(result["min_ms"], result["p50_ms"])
        self.assertLessEqual(result["p50_ms"], result["p90_ms"])
        self.assertLessEqual(result["p90_ms"], result["p99_ms"])
        self.assertAlmostEqual(result["gflops"], 2e-6 * 3000 / result["p50_ms"], delta=1e-4 * result["gflops"])
        self.assertGreater(result["peak_gflops"], 5)
        self.assertAlmostEqual(result["percent_of_peak"], 100 * result["gflops"] / result["peak_gflops"], places=3)
        self.assertGreater(result["first_ms"], result["load_ms"])
        self.assertGreater(result["rss_mb"], 1)
        self.assertNotIn("layers", result)

    def test_at_least_five_runs(self):
        result = json.loads(self.resc("bench", FAKE, "--seconds", "0.00001", "--json", "-"))
        self.assertEqual(result["runs"], 5)

    def manifest(self):
        return json.loads(self.resc("inspect", FAKE, "--json"))

    def test_layers(self):
        text = self.resc("bench", FAKE, "--seconds", "0.05", "--layers", "--json", "r.json")
        layers = json.loads((self.path / "r.json").read_text())["layers"]
        self.assertEqual([(l["node"], l["op"], l["kernel"], l["ms"]) for l in layers],
                         [("/layer1/conv1", "conv", "res_f32_conv3x3_s1_relu", 0.012),
                          ("/layer1/conv2", "conv", "res_f32_conv3x3_s1_relu", 0.006),
                          ("/fc", "gemm", "res_f32_gemm", 0.002)])
        self.assertAlmostEqual(sum(l["share"] for l in layers), 1, places=5)
        rates = [1e-6 * step["bytes"] / layer["ms"] for step, layer in zip(self.manifest()["steps"], layers)]
        for layer, rate in zip(layers, rates):
            self.assertAlmostEqual(layer["gbytes_per_s"], rate, places=4)
        self.assertRegex(text, rf"\n +0\.0120 +60\.0% +0\.2 +\d+\.\d% +{rates[0]:.1f} +conv +0 +/layer1/conv1\n")
        self.assertRegex(text,
                         rf"\n +0\.0180 +90\.0% .* {(2 * rates[0] + rates[1]) / 3:.1f} +2  conv\n"
                         rf" +0\.0020 +10\.0% .* {rates[2]:.1f} +1  gemm\n +0\.0200 +100\.0% .* 3  all\n")
        self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_input_and_output(self):
        self.data.tofile(self.path / "x.bin")
        self.resc("bench", FAKE, "--seconds", "0.01", "--input", "x.bin", "--output", "y.bin")
        np.testing.assert_array_equal(np.fromfile(self.path / "y.bin", np.float32), self.expected(self.data).ravel())
        np.save(self.path / "many.npy", np.concatenate([self.data] * 2))
        self.fails(1, "'many.npy': input 'data': expected shape 2x3x2x2, got 4x3x2x2",
                   "bench", FAKE, "--input", "many.npy")

    def test_bad_arguments(self):
        self.fails(1, "cannot write 'none/r.json': no such file or directory", "bench", FAKE, "--json", "none/r.json")
        self.fails(2, f"--target: expected a model to compile, got '{FAKE}' (see 'resc bench --help')",
                   "bench", FAKE, "--target", "x86-64-v3")

    def test_interrupt_leaves_no_file(self):
        process = subprocess.Popen([RESC, "bench", FAKE, "--seconds", "30", "--json", "r.json"], cwd=self.path)
        while len(self.files()) < 2:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), -signal.SIGINT)
        self.assertEqual(self.files(), ["x.npy"])


class BenchOfModel(ResCommandTest):
    """resc bench MODEL.onnx with a script in the compiler's place, and its temporary folder inside the test's."""

    def setUp(self):
        super().setUp()
        for name in ("bin", "libexec", "tmp"):
            (self.path / name).mkdir()
        shutil.copy(RESC, self.path / "bin" / "resc")
        (self.path / "m.onnx").write_text("")

    def start(self, script, *arguments):
        compiler = self.path / "libexec" / "resc-compiler"
        compiler.write_text(f"#!/bin/sh\n{script}\n")
        compiler.chmod(0o755)
        return subprocess.Popen([self.path / "bin" / "resc", *arguments], cwd=self.path, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={**os.environ, "TMPDIR": str(self.path / "tmp")})

    def leftovers(self):
        return list((self.path / "tmp").iterdir())

    def test_compiles_measures_and_cleans_up(self):
        process = self.start(f'echo "$@" >log; echo noise; cp "{FAKE}" "$4"; touch "$4.h"',
                             "bench", "m.onnx", "--target", "x86-64-v3", "--math=strict", "--jobs", "1",
                             "--seconds", "0.01",
                             "--threads", "1", "--json", "-")
        out, err = process.communicate(timeout=30)
        self.assertEqual((process.returncode, err), (0, "noise\n"))
        self.assertEqual(json.loads(out)["threads"], 1)
        self.assertRegex((self.path / "log").read_text(),
                         r"^compile m\.onnx -o \S+/model\.so --target=x86-64-v3 --math=strict --jobs=1\n$")
        self.assertEqual(self.leftovers(), [])

    def test_failed_compilation(self):
        process = self.start("echo no >&2; exit 70", "bench", "m.onnx")
        self.assertEqual(process.communicate(timeout=30), ("", "no\n"))
        self.assertEqual(process.returncode, 70)
        self.assertEqual(self.leftovers(), [])

    def test_crashed_compilation(self):
        process = self.start("kill -SEGV $$", "bench", "m.onnx")
        self.assertEqual(process.communicate(timeout=30)[1], "resc: error: 'resc-compiler' was ended by signal 11\n")
        self.assertEqual((process.returncode, self.leftovers()), (1, []))

    def interrupt(self, script, number):
        process = self.start(script, "bench", "m.onnx", "--seconds", "30")
        while not (self.path / "pid").exists():
            time.sleep(0.01)
        time.sleep(0.3)
        process.send_signal(number)
        self.assertEqual(process.communicate(timeout=10), ("", ""))
        self.assertEqual((process.returncode, self.leftovers()), (-number, []))

    def test_signal_during_compilation(self):
        self.interrupt('touch "$4"; echo $$ >pid; exec sleep 30', signal.SIGTERM)
        with self.assertRaises(ProcessLookupError):
            os.kill(int((self.path / "pid").read_text()), 0)

    def test_signal_during_measurement(self):
        self.interrupt(f'cp "{FAKE}" "$4"; echo $$ >pid', signal.SIGINT)

    def test_hands_other_work_to_the_compiler(self):
        for arguments in (["compile", "m.onnx", "-o", "a b.so", "--foo"], ["verify", "--help"], ["inspect", "m.onnx"],
                          ["inspect", "--json", "tmp"]):
            process = self.start('printf "%s|" "$@"; exit 3', *arguments)
            self.assertEqual(process.communicate(timeout=30), ("|".join(arguments) + "|", ""))
            self.assertEqual(process.returncode, 3)


class Inspect(ResCommandTest):
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
                        r"kernels: 2, called 3 times, 3\.00 k MACs", r"res_f32_conv3x3_s1_relu +2 calls +2\.00 k MACs",
                        r"conv 2x3x2x2xf32 -> 2x8x2x2xf32", r"tile 2x4"):
            self.assertRegex(text, pattern)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_does_not_execute_the_library(self):
        result = subprocess.run([RESC, "inspect", FAKE], env={"LD_DEBUG": "files"}, capture_output=True, text=True)
        self.assertEqual(result.returncode, 0)
        self.assertIn("libc.so", result.stderr)
        self.assertNotIn(os.path.basename(FAKE), result.stderr)


if __name__ == "__main__":
    unittest.main()
