"""The tables that are made of measurements, from stored and from invented ones."""

import copy
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "peers"), str(HERE.parent / "first_result")]
import first_result  # noqa: E402
import layer_classes  # noqa: E402
import readme_tables  # noqa: E402
import report  # noqa: E402

RESULT = json.loads((HERE / "result.json").read_text())
FIRST = {"name": "ResNet-0", "threads": 2, "rows": {
    "resc fast": {"first_result_ms": 20.0, "load_ms": 1.0, "least_ms": 18.0, "peak_resident_mb": 100.0, "index": 7},
    "onnxruntime": {"first_result_ms": 110.0, "load_ms": 90.0, "least_ms": 105.0, "peak_resident_mb": 300.0, "index": 7}}}


class ReadmeTables(unittest.TestCase):
    def test_speed(self):
        """A row for each thread count; errors and wrong results are no numbers, ncnn is no measure for strict."""
        self.assertEqual(readme_tables.speed_table([RESULT]), """\
| network | threads | resc fast | resc strict | OpenVINO 1.2 | ONNX Runtime 3.4 | ncnn 1.0 | fast is faster | strict is |
|---|---|---|---|---|---|---|---|---|
| ResNet-0 | 1 | 10.00 | 20.00 | 19.00 |  | 12.00 | 1.20x | 0.95x |
| ResNet-0 | 2 | 5.50 | 10.00 | 9.90 |  | 6.00 | 1.09x | 0.99x |""")

    def test_properties(self):
        self.assertEqual(readme_tables.property_table([RESULT]).splitlines()[2],
                         "| ResNet-0 | 50 MB | 75, 51 MB | 3.0, 2.0 s | 1.82x, 2.00x | 1.0e-06, 5.0e-07 |")

    def test_first_result(self):
        self.assertEqual(readme_tables.first_result_table(FIRST), """\
| ResNet-0, C API, 2 threads | resc fast | ONNX Runtime |
|---|---|---|
| from process start to the first result | 20 ms | 110 ms |
| peak resident memory | 100 MB | 300 MB |""")

    def test_caption_names_machine_and_dates(self):
        later = dict(RESULT, date="2026-01-04")
        text = " ".join(readme_tables.caption([RESULT, later]).split())
        self.assertIn("2 cores of Test (AVX-512), 2026-01-02 to 2026-01-04.", text)
        self.assertIn("With 1 / 2 threads its FMA units reach 250 / 500 GFLOP/s, and memory 40 / 61 GB/s.", text)
        self.assertIn("in slices of 0.75 s", text)
        self.assertIn("Test (AVX-512), 2026-01-02.", " ".join(readme_tables.caption([RESULT]).split()))

    def test_without_others(self):
        alone = dict(RESULT, rows=[row for row in RESULT["rows"] if row["peer"].startswith("resc") and row["threads"] == 1])
        self.assertEqual(readme_tables.speed_table([alone]).splitlines()[2], "| ResNet-0 | 1 | 10.00 | 20.00 |  |  |")
        self.assertIn("| 3.0, 2.0 s |  | 1.0e-06", readme_tables.property_table([alone]))

    def test_document(self):
        begin, end = readme_tables.BEGIN, readme_tables.END
        self.assertEqual(readme_tables.replace_measured(f"a\n{begin}\nold\n{end}\nb", "new"), f"a\n{begin}\nnew\n{end}\nb")
        for text in ("", begin, f"{end}{begin}", f"{begin}{end}{begin}{end}"):
            with self.assertRaises(ValueError):
                readme_tables.replace_measured(text, "new")

    def test_command_on_stored_results(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            (folder / "resnet34.json").write_text(json.dumps(RESULT))
            (folder / "first_result.json").write_text(json.dumps({k: v for k, v in FIRST.items() if k != "name"}))
            readme = folder / "README.md"
            readme.write_text(f"before\n{readme_tables.BEGIN}\nold\n{readme_tables.END}\nbehind\n")
            subprocess.run([sys.executable, HERE.parent / "update_readme.py", "--tables-only", "--results", folder,
                            "--readme", readme], check=True)
            text = readme.read_text()
        self.assertTrue(text.startswith(f"before\n{readme_tables.BEGIN}\nNetworks of"))
        self.assertTrue(text.endswith(f"{readme_tables.END}\nbehind\n"))
        self.assertNotIn("old", text)
        self.assertIn("| ResNet-50, C API, 2 threads |", text)
        self.assertLess(max(len(line) for line in text.splitlines() if not line.startswith("|")), 130)

    def test_project_readme_has_the_comments(self):
        readme_tables.replace_measured((HERE.parents[2] / "README.md").read_text(), "")


class PeersReport(unittest.TestCase):
    def test_markdown(self):
        text = report.markdown(dict(RESULT, peaks={int(t): p for t, p in RESULT["peaks"].items()}))
        lines = text.splitlines()
        self.assertEqual(lines[0], "### resnet0, input 1x3x224x224, 4.00 GFLOP")
        self.assertIn("Peak, 2 threads: fp32 500 GFLOP/s (rounds 490-505).", text)
        self.assertIn("| **resc-fast** | 0.1.0 | 1 | **10.00** | 9.50 | 400 | 160 | 3.0 (5.5) | 0.00 | 0.10 | 80 | 2.0e-05 |", lines)
        self.assertIn("| openvino | 1.2 | 1 | ~19.00 | 18.00 | 210 | 84 | - | 0.30 | 0.60 | 300 | 3.0e-05 |", lines)
        self.assertIn("| ort |  | 1 | error: session / failed badly | | | | | | | | |", lines)
        self.assertTrue(any("| 1.9e+01 ! |" in line for line in lines))

    def test_medians_are_of_undisturbed_slices(self):
        row = {"slices": [([1.0, 3.0], 0.0), ([2.0], 0.01), ([50.0], 0.5)]}
        report.finish_row(row, 4e6, 8.0)
        self.assertEqual((row["p50_ms"], row["min_ms"], row["n"], row["clean"]), (2.0, 1.0, 3, True))
        self.assertEqual((row["gflops"], row["pct_peak"]), (2.0, 25.0))
        self.assertEqual(row["round_p50"], [2.0, 2.0, 50.0])
        row = {"slices": [([1.0], 0.2), ([5.0], 0.0)]}
        report.finish_row(row, 1e6, None)
        self.assertEqual((row["p50_ms"], row["clean"]), (3.0, False))

    def test_a_wrong_result_does_not_win(self):
        result = copy.deepcopy(RESULT)
        for row in result["rows"]:
            row.pop("wrong", None), row.pop("best", None)
        report.judge(result)
        self.assertEqual([r["peer"] for r in result["rows"] if r.get("best")], ["resc-fast", "resc-fast"])
        self.assertEqual([r["peer"] for r in result["rows"] if r.get("wrong")], ["ort"])


def layer_class(layer, algorithm, ms, share, macs=1000, calls=2):
    return {"layer": layer, "algorithm": algorithm, "calls": calls, "macs": macs, "ms": ms, "percent_of_peak": share,
            "percent_of_fma": share / 4, "percent_of_dram": 10.0, "lost_ms": 0.1}


class LayerClasses(unittest.TestCase):
    def merged(self, ms, share):
        runs = [{"p50_ms": ms * k, "peak_gflops": 250.0, "read_gbytes_per_s": 40.0,
                 "layer_classes": [layer_class("pool", "map", 0.02 * ms, 0, macs=0),
                                   layer_class("3x3s1 64@56", "winograd4", 0.98 * ms * k, share / k)]} for k in (1, 1.1, 3)]
        return layer_classes.merge(runs)

    def test_table(self):
        goals = {"all": {"3x3s1 64@56": {"1": 1, "2": 268}}, "fast": {"3x3s1 64@56": {"1": 250}}}
        text = layer_classes.markdown({"fast": {"1": self.merged(10, 286), "2": self.merged(6, 220)}}, goals)
        self.assertIn("| 3x3s1 64@56, 2 | winograd4 | 5390 | 260 | 250 (+10) | 3234 | 200 |  |", text)
        self.assertIn("| pool, 2 | map | 100 |  |  | 60 |  |  |", text)
        self.assertIn("1 thread: 11.00 ms; peak 250 GFLOP/s, 40 GB/s read from memory; 1.8% of the time outside", text)
        self.assertIn("; 1.67x as fast as 1 thread", text)

    def test_goals_can_be_read(self):
        goals = json.loads(Path(layer_classes.GOALS).read_text())
        self.assertEqual(set(goals), {"all", "fast", "strict"})
        self.assertTrue(all(set(by_threads) == {"1", "2"} for shapes in goals.values() for by_threads in shapes.values()))


class FirstResult(unittest.TestCase):
    def test_table_and_requirements(self):
        rows = FIRST["rows"]
        self.assertIn("| resc fast | 20.0 | 18.0 | 1.0 | 100 | 5.5x |", first_result.markdown(rows))
        self.assertEqual(first_result.faults(rows), [])
        slow = {name: dict(row, first_result_ms=100, index=len(name), peak_resident_mb=300) for name, row in rows.items()}
        self.assertEqual(first_result.faults(slow), [
            "the largest output is not the same in all", "resc fast is not 5 times sooner than onnxruntime",
            "resc fast takes as much memory as onnxruntime"])


if __name__ == "__main__":
    unittest.main()
