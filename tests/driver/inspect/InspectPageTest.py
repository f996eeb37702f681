"""The page of `resc inspect --html` in a browser: every section is filled, nothing fails, a ResNet-50 opens within two
seconds, and names of models stay text.

Environment: RESC is the command, FAKE_MODEL is a library made of fake_model.c.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from Browser import Browser

RESC = os.environ["RESC"]
FAKE = os.environ["FAKE_MODEL"]
MAKE_RESNET = Path(__file__).parents[3] / "examples" / "models" / "make_resnet.py"
MAX_SECONDS = 2
MAX_MEGABYTES = 15


def run(*command):
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, timeout=170)


class PageCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)
        self.page = self.path / "page.html"

    def count(self, browser, selector):
        return browser.evaluate(f"document.querySelectorAll({json.dumps(selector)}).length")

    def text(self, browser, selector):
        return browser.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")


class ResNet50(PageCase):
    """One compilation, one browser: the parts of the test share both."""

    def test_page(self):
        model, dump = self.path / "resnet50.onnx", self.path / "ir"
        run(sys.executable, MAKE_RESNET, model, "--depth", "50")
        run(RESC, "compile", model, "-o", self.path / "resnet50.so", "--dump-ir", dump, "--tile-bottlenecks", "never")
        run(RESC, "inspect", dump, "--html", self.page)
        manifest = json.loads((dump / "manifest.json").read_text())
        self.assertLess(self.page.stat().st_size, MAX_MEGABYTES * 1e6)
        with Browser() as browser:
            seconds = browser.open(self.page)
            print(f"opened in {seconds:.2f} s, {self.page.stat().st_size / 1e6:.1f} MB", file=sys.stderr)
            self.assertLess(seconds, MAX_SECONDS)
            self.check_sections(browser, manifest)
            self.check_graph(browser, manifest)
            self.check_memory(browser, manifest)
            self.check_kernel(browser, manifest)
            self.check_pass(browser)
            self.assertEqual(browser.errors(), [])
            self.assertEqual(browser.requests(), [f"file://{self.page}"])

    def check_sections(self, browser, manifest):
        self.assertEqual(browser.evaluate("document.title"), "resnet50: resc inspect")
        for section in ("summary", "graph", "memory", "kernels", "passes"):
            self.assertGreater(self.count(browser, f"#{section} > *"), 1, section)
        self.assertEqual(self.count(browser, "#kernels details"), len(manifest["kernels"]))
        self.assertGreaterEqual(self.count(browser, "#passes details"), 10)
        # All 175 nodes of the model are computed somewhere.
        nodes = [node for step in manifest["steps"] for node in step["nodes"]]
        self.assertEqual(len(nodes), 175 - 1 + 3, "the nodes of the model but Flatten, which is a view, and copies for three shortcuts")
        self.assertIn("177", self.text(browser, "#summary"))

    def check_graph(self, browser, manifest):
        steps = manifest["steps"]
        self.assertEqual(self.count(browser, "#graph .node"), len(steps))
        self.assertEqual(self.count(browser, "#graph .edge"), sum(len(step["reads"]) for step in steps) + 1)
        last = next(i for i, step in enumerate(steps) if step["node"].endswith("layer1.1/conv3/Conv"))
        browser.evaluate(f"document.querySelector('#graph [data-step=\"{last}\"]').dispatchEvent(new MouseEvent('click'))")
        details = self.text(browser, "#graph .details")
        for expected in ("/layer1/layer1.1/bn3/BatchNormalization", "/layer1/layer1.1/Add", "#res.direct<", f"Call {last}:",
                         manifest["kernels"][steps[last]["kernel"]]["name"]):
            self.assertIn(expected, details)
        # It adds what the block began with, three calls before.
        self.assertIn(last - 3, steps[last]["reads"])
        self.assertEqual(self.count(browser, "#graph .edge.selected[data-to=\"%d\"]" % last), 2)

    def check_memory(self, browser, manifest):
        places = manifest["memory_map"]
        self.assertEqual(self.count(browser, "#memory .tensor"), len(places))
        # A sum in its addend's place counts from the next call on.
        live = [sum(p["bytes"] for p in places if p["first_step"] + ("overwrites" in p) <= step <= p["last_step"])
                for step in range(len(manifest["steps"]))]
        self.assertEqual(max(live), manifest["arena_lower_bound_bytes"])
        self.assertIn(f"most is live in call {live.index(max(live))}:", self.text(browser, "#memory .mark"))
        self.assertEqual(self.count(browser, "#memory .live.most"), 1)

    def check_kernel(self, browser, manifest):
        browser.evaluate("(document.querySelector('#kernel-3').open = true, new Promise(done => setTimeout(done, 50)))")
        for kind, expected in (("statement", "for ("), ("assembly", "vfmadd")):
            browser.evaluate(f"document.querySelector('#kernel-3 button[data-kind={kind}]').click()")
            self.assertIn(expected, self.text(browser, "#kernel-3 pre"))
        self.assertIn(manifest["kernels"][3]["schedule"], self.text(browser, "#kernel-3"))

    def check_pass(self, browser):
        browser.evaluate("""{
          const entry = [...document.querySelectorAll('#passes details')].find(one => one.textContent.includes('fuse-residual-add'));
          entry.id = 'residual'; entry.open = true; }""")
        browser.evaluate("new Promise(done => setTimeout(done, 50))")
        # Sixteen additions left their kernels: those that go, and nothing of the stem, is marked.
        removed = browser.evaluate("[...document.querySelectorAll('#residual .row.removed')].map(row => row.textContent)")
        self.assertEqual(sum("res.kernel" in line and line.count("= %") == 2 for line in removed), 16, removed[:8])
        self.assertFalse([line for line in removed if "/conv1/Conv" in line and "layer" not in line])
        self.assertGreater(self.count(browser, "#residual .fold"), 4)
        folded = self.count(browser, "#residual .row")
        browser.evaluate("document.querySelector('#residual .fold').click()")
        self.assertGreater(self.count(browser, "#residual .row"), folded)


class Artifact(PageCase):
    def test_without_a_dump(self):
        run(RESC, "inspect", FAKE, "--html", self.page)
        with Browser() as browser:
            browser.open(self.page)
            self.assertEqual(self.count(browser, "#graph .node"), 3)
            for section in ("passes", "kernels"):
                browser.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
                browser.evaluate("new Promise(done => setTimeout(done, 50))")
                self.assertIn("resc compile MODEL.onnx --dump-ir DIR", self.text(browser, "#" + section))
            self.assertEqual(browser.errors(), [])

    def test_names_stay_text(self):
        attack = "</script><script>window.attacked = 1</script><img src=x onerror='window.attacked = 2'><!--"
        dump = self.path / "ir"
        dump.mkdir()
        found = json.loads(subprocess.check_output([RESC, "inspect", FAKE, "--json"]))
        found["name"] = found["inputs"][0]["name"] = found["steps"][0]["node"] = attack
        found["steps"][1]["nodes"] = found["memory_map"][0]["name"] = attack
        found["steps"][1]["nodes"] = [attack, attack]
        found["kernels"][0]["name"] = found["kernels"][0]["schedule"] = attack
        (dump / "manifest.json").write_text(json.dumps(found))
        (dump / "00-a.mlir").write_text(f"%0 = res.relu %arg0 {attack} loc(#loc1)\n#loc1 = loc(\"{attack}\")\n")
        (dump / "01-b.mlir").write_text(f"%0 = res.add %arg0 {attack}\n")
        (dump / "res_f32_gemm.s").write_text(attack)
        (dump / "index.txt").write_text("00-a.mlir x\n01-b.mlir x\nmanifest.json x\nres_f32_gemm.s x\n")
        run(RESC, "inspect", dump, "--html", self.page)
        with Browser() as browser:
            browser.open(self.page)
            browser.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
            browser.evaluate("new Promise(done => setTimeout(done, 50))")
            browser.evaluate("document.querySelectorAll('#kernels [data-kind]').forEach(one => one.click())")
            self.assertEqual(browser.evaluate("[window.attacked ?? 0, document.images.length]"), [0, 0])
            self.assertEqual(self.text(browser, "#kernel-0 .name"), attack)
            self.assertEqual(self.text(browser, "#kernel-1 pre"), attack)
            self.assertIn(attack, self.text(browser, "#passes .removed"))
            self.assertEqual(browser.errors(), [])


if __name__ == "__main__":
    unittest.main()
