"""What users see of resc bench: numbers, messages, exit codes, files left behind."""

import json
import os
import shutil
import signal
import subprocess
import time
import unittest

import numpy as np

from ResCommandCase import FAKE, FAKE_ANY, RESC, ResCommandCase


BENCH_KEYS = {"model", "target", "threads", "runs", "p50_ms", "p90_ms", "p99_ms", "min_ms", "gflops", "percent_of_peak",
              "peak_gflops", "load_ms", "first_ms", "version", "rss_mb"}


class Bench(ResCommandCase):
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
        self.assertFalse({"layers", "layer_classes", "roof_ms"} & set(result))

    def test_at_least_five_runs(self):
        result = json.loads(self.resc("bench", FAKE, "--seconds", "0.00001", "--json", "-"))
        self.assertEqual(result["runs"], 5)

    def manifest(self):
        return json.loads(self.resc("inspect", FAKE, "--json"))

    def layers(self):
        """What bench says on one thread, as text and as JSON."""
        text = self.resc("bench", FAKE, "--seconds", "0.05", "--threads", "1", "--layers", "--json", "r.json")
        return text, json.loads((self.path / "r.json").read_text())

    def test_layers(self):
        text, result = self.layers()
        layers = result["layers"]
        self.assertEqual([(l["node"], l["op"], l["kernel"], l["layer"], l["algorithm"], l["ms"]) for l in layers],
                         [("/layer1/conv1", "conv", "res_f32_conv3x3_s1_relu", "3x3s1 3-8@2", "winograd2", 0.012),
                          ("/layer1/conv2", "conv", "res_f32_conv3x3_s1_relu", "3x3s1 3-8@2", "winograd2", 0.006),
                          ("/fc", "gemm", "res_f32_gemm", "gemm 8-5", "dense", 0.002)])
        self.assertAlmostEqual(sum(l["share"] for l in layers), 1, places=5)
        for layer, step in zip(layers, self.manifest()["steps"]):
            self.assertAlmostEqual(layer["gbytes_per_s"], 1e-6 * step["bytes"] / layer["ms"], delta=1e-4 * layer["gbytes_per_s"])
        self.assertEqual([l["executed_macs"] for l in layers], [250, 250, 50_000_000])
        self.assertRegex(text, r"\n +0\.0120 +60\.0% +0\.2 +\d+\.\d% +0% +0% +overhead +3x3s1 3-8@2 +0 +/layer1/conv1\n")
        self.assertRegex(text, r"\n +0\.0200 +100\.0% .* 3  all\n$")
        self.assertLessEqual(max(map(len, text.splitlines())), 120)

    def test_roofline(self):
        """Of every layer, class and the whole; what the machine's peaks are is not known."""
        _, result = self.layers()
        self.assertGreater(result["read_gbytes_per_s"], 0.5)
        for layer in result["layers"] + result["layer_classes"]:
            compute = 2e-6 * layer["executed_macs"] / result["peak_gflops"]
            memory = 1e-6 * layer["bytes"] / result["read_gbytes_per_s"]
            self.assertAlmostEqual(layer["compute_ms"], compute, delta=1e-4 * compute)
            self.assertAlmostEqual(layer["memory_ms"], memory, delta=1e-4 * memory)
            self.assertAlmostEqual(layer["percent_of_fma"], 100 * compute / layer["ms"], delta=1e-3 * layer["percent_of_fma"])
            self.assertAlmostEqual(layer["percent_of_dram"], 100 * memory / layer["ms"], delta=1e-3 * layer["percent_of_dram"])
            self.assertAlmostEqual(layer["percent_of_peak"], 100 * layer["gflops"] / result["peak_gflops"], places=3)
            expected = "overhead" if compute + memory < 0.5 * layer["ms"] else "compute" if compute >= memory else "memory"
            self.assertEqual(layer["limit"], expected)
        for layer in result["layers"]:
            roof = max(layer["compute_ms"], layer["memory_ms"])
            self.assertEqual(layer["roof_ms"], roof)
            self.assertAlmostEqual(layer["lost_ms"], max(0, layer["ms"] - roof), places=5)
        self.assertEqual([l["limit"] for l in result["layers"]], ["overhead", "memory", "compute"])

    def test_any_batch(self):
        np.save(self.path / "x.npy", np.zeros((5, 3, 2, 2), np.float32))
        for flags, batch in (([], 1), (["--batch", 3], 3), (["--input", "x.npy"], 5), (["--input", "x.npy", "--batch", 5], 5)):
            result = json.loads(self.resc("bench", FAKE_ANY, "--seconds", "0.01", "--layers", "--json", "-", *flags))
            self.assertEqual(result["batch"], batch)
            self.assertEqual([layer["macs"] for layer in result["layers"]], [1000 * batch] * 3)
        self.assertIn("batch 3, ", self.resc("bench", FAKE_ANY, "--seconds", "0.01", "--batch", 3))
        self.fails(1, "input 'data': expected a batch of 4, got 5", "bench", FAKE_ANY, "--input", "x.npy", "--batch", 4)
        self.fails(2, "--batch: expected 2, for which the library was compiled, got 4 (see 'resc bench --help')", "bench", FAKE,
                   "--batch", 4)

    def test_layer_classes(self):
        _, result = self.layers()
        layers, classes = result["layers"], result["layer_classes"]
        self.assertEqual([(c["layer"], c["algorithm"], c["calls"]) for c in classes],
                         [("3x3s1 3-8@2", "winograd2", 2), ("gemm 8-5", "dense", 1)])
        for key in ("ms", "bytes", "executed_macs", "compute_ms", "roof_ms", "lost_ms"):
            self.assertAlmostEqual(classes[0][key], layers[0][key] + layers[1][key], delta=1e-4 * classes[0][key])
        for key in ("roof_ms", "lost_ms"):
            self.assertAlmostEqual(result[key], sum(l[key] for l in layers), delta=1e-4 * result[key])
        self.assertGreaterEqual(classes[0]["lost_ms"], classes[1]["lost_ms"])

    def test_input_and_output(self):
        self.data.tofile(self.path / "x.bin")
        self.resc("bench", FAKE, "--seconds", "0.01", "--input", "x.bin", "--output", "y.bin")
        np.testing.assert_array_equal(np.fromfile(self.path / "y.bin", np.float32), self.expected(self.data).ravel())
        np.save(self.path / "many.npy", np.concatenate([self.data] * 2))
        self.fails(1, "'many.npy': input 'data': expected shape 2x3x2x2, got 4x3x2x2",
                   "bench", FAKE, "--input", "many.npy")

    def test_spin(self):
        self.resc("bench", FAKE, "--seconds", "0.01", "--spin", "100")
        for command in (["bench", FAKE], ["run", FAKE, "--input", "x.npy"]):
            self.fails(1, f"'{FAKE}': something failed", *command, "--spin", "12345")
            self.fails(2, "for the --spin option: expected a whole number from 1 to 60000000, got '0'", *command, "--spin", "0")

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


class BenchOfModel(ResCommandCase):
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

    def test_hands_on_options(self):
        process = self.start(f'cp "{FAKE}" "$4"', "bench", "m.onnx", "--spin", "12345")
        self.assertIn("something failed", process.communicate(timeout=30)[1])

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
                          ["inspect", "--json", "m.mlir"]):
            process = self.start('printf "%s|" "$@"; exit 3', *arguments)
            self.assertEqual(process.communicate(timeout=30), ("|".join(arguments) + "|", ""))
            self.assertEqual(process.returncode, 3)


if __name__ == "__main__":
    unittest.main()
