"""The programs that measure, end to end on a tiny network: what they print is complete, whatever the numbers are.

Environment: RESC, FIRST_RESULT (first_result.c, compiled). ONNX Runtime is in the interpreter that runs this.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1]
DIGITS = TOOLS.parents[1] / "examples/quickstart/digits.onnx"
RESC = os.environ["RESC"]


class Measuring(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)

    def measure(self, tool, *arguments, code=0):
        """Standard output, and the JSON if there is any."""
        result = subprocess.run([sys.executable, TOOLS / tool, DIGITS, "--resc", RESC, "--json", self.path / "out.json", *arguments],
                                capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, code, result.stderr)
        self.stderr = result.stderr
        written = self.path / "out.json"
        return result.stdout, json.loads(written.read_text()) if written.exists() else None

    def test_peers(self):
        text, result = self.measure("peers/peers.py", "--threads", "1", "--peers", "resc-strict,ort,ncnn", "--seconds", "0.1",
                                    "--rounds", "2", "--reference", "ort", "--resc-args", "--target x86-64-v3")
        resc, ort, ncnn = result["rows"]
        self.assertEqual((resc["peer"], ort["peer"], result["reference"]), ("resc-strict", "ort", "ort fp32"))
        self.assertEqual(ncnn["error"], "not installed (no module ncnn in any interpreter)")
        for row in (resc, ort):
            self.assertNotIn("error", row)
            self.assertLessEqual(row["min_ms"], row["p50_ms"])
            self.assertLess(row["max_abs_err"], 1e-4 * result["output_scale"])
        self.assertGreater(resc["compile_s"], 0)
        self.assertGreater(resc["artifact_bytes"], 100_000)
        self.assertIn("### digits, input 1x1x8x8, 0.00 GFLOP", text)
        self.assertEqual(text.count("\n| "), 4)

    def test_another_program_beside_the_peers(self):
        program = f"{sys.executable} -c \"print('noise'); print('{{\\\"p50_ms\\\": {{threads}}, \\\"min_ms\\\": 0.5}}')\""
        _, result = self.measure("peers/peers.py", "--threads", "1", "--peers", "", "--rounds", "2", "--reference", "none",
                                 "--ours", program)
        self.assertEqual([(row["peer"], row["p50_ms"], row["min_ms"]) for row in result["rows"]], [("ours", 1, 0.5)])

    def test_unknown_peer(self):
        self.measure("peers/peers.py", "--peers", "resc,nobody", code=2)
        self.assertIn("error: --peers: unknown peer 'nobody'\n", self.stderr)

    def test_compare_memory(self):
        result = subprocess.run([sys.executable, TOOLS / "compare_memory.py", DIGITS, "--resc", RESC], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        head, _, *rows = [line.split(" | ") for line in result.stdout.splitlines()]
        self.assertEqual([row[1] for row in rows], ["fast", "strict"])
        for row in rows:
            self.assertEqual(len(row), len(head))
            bound, least = int(row[2].replace(",", "")), row[-1].rstrip(" |")
            one, two = (int(size.replace(",", "")) for size in least[:least.index(" (")].split(", "))
            self.assertEqual(least[least.index("("):], f"({one / bound:.3f}, {two / bound:.3f})")

    def test_layer_classes(self):
        text, result = self.measure("layer_classes.py", "--threads", "1", "--rounds", "2", "--seconds", "0.1")
        self.assertEqual(set(result), {"fast", "strict"})
        self.assertIn("| 3x3s1 ", text)
        self.assertIn("% of the time outside convolutions", text)
        self.assertTrue(all(entry["algorithm"] != "winograd4" for entry in result["strict"]["1"]["classes"]))

    def test_first_result(self):
        """Also that all get the same result."""
        text, result = self.measure("first_result/first_result.py", "--program", os.environ["FIRST_RESULT"], "--rounds", "1",
                                    "--threads", "1")
        rows = result["rows"]
        self.assertLessEqual({"resc fast", "resc strict", "onnxruntime"}, set(rows))
        self.assertEqual(len({row["index"] for row in rows.values()}), 1)
        for row in rows.values():
            self.assertAlmostEqual(row["value"], rows["onnxruntime"]["value"], delta=1e-3)
            self.assertLess(row["load_ms"], row["first_result_ms"])
            self.assertGreater(row["peak_resident_mb"], 1)
        self.assertIn("| resc fast | ", text)

    def test_first_result_of_a_file_that_is_no_library(self):
        result = subprocess.run([os.environ["FIRST_RESULT"], "resc", DIGITS, DIGITS, "1", "image", "logits", "1x1x8x8"],
                                capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn(f"first_result: error: {DIGITS}: ", result.stderr)


if __name__ == "__main__":
    unittest.main()
