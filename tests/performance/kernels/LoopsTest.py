"""The loops of the kernels of whole networks, in what `resc compile --dump-ir` writes: no spills, neither where the
multiply-adds are nor in the transforms of Winograd's algorithm, and one parallel loop in a kernel.

Environment: RESC is the command.
"""

import json
import re
import unittest

import onnx
from onnx import TensorProto, helper, numpy_helper

from Assembly import inner_loops, multiplies, spills
from NetworkCase import NetworkCase, make_resnet, noise

TARGETS = ("x86-64-v3", "x86-64-v4")
# At most this share of a transform of Winograd's algorithm by AVX2: of 16 registers some masks of the padding, which stay
# the same in the loop, are read from the stack, and pixels ahead of the guard at a border.
TRANSFORM_SPILLS = {"x86-64-v3": 1 / 16, "x86-64-v4": 0}


class Loops(NetworkCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.models = [make_resnet(cls.shared / f"resnet{depth}.onnx", "--depth", depth) for depth in (34, 50)]

    def each_kernel(self, most=None):
        """Kernels of both networks, targets and kinds of arithmetic as (target, entry of the manifest, dump file without
        extension); with `most` those with the most multiply-adds of each."""
        for model in self.models:
            for target in TARGETS:
                for math in ("fast", "strict"):
                    dump = self.shared / f"{model.stem}-{target}-{math}"
                    if not dump.exists():
                        self.resc("compile", model, "--target", target, "--math", math, "--dump-ir", dump,
                                  "-o", self.path / "out.so")
                    kernels = json.loads((dump / "manifest.json").read_text())["kernels"]
                    kernels.sort(key=lambda kernel: kernel["macs"] * kernel["calls"], reverse=True)
                    yield from ((target, kernel, dump / kernel["name"]) for kernel in kernels[:most])

    def test_ten_heaviest_spill_no_vectors(self):
        for target, kernel, dump in self.each_kernel(10):
            with self.subTest(dump=dump.parent.name, kernel=kernel["name"]):
                loops = list(inner_loops(dump.with_suffix(".s").read_text()))
                self.assertTrue(any(map(multiplies, loops)), "no loop of multiply-adds")
                self.assertTrue("winograd" not in kernel["schedule"] or not all(map(multiplies, loops)), "no transform")
                for loop in loops:
                    found = spills(loop)
                    text = "\n".join(f"{line.number}: {line.code}  # {line.comment}" for line in found)
                    most = 0 if multiplies(loop) else TRANSFORM_SPILLS[target] * len(loop.lines)
                    self.assertLessEqual(len(found), most, f"of {len(loop.lines)} lines in the loop {loop.header}:\n{text}")

    def test_grouped_convolutions_spill_no_vectors(self):
        """Depthwise layers of MobileNet v2 and EfficientNet-B0, and the groups of ResNeXt-50 and RegNet (AVX-512)."""
        layers = ((32, 32, 112, 3, 1), (96, 96, 112, 3, 2), (144, 144, 56, 3, 1), (144, 144, 56, 5, 2), (240, 240, 28, 5, 1),
                  (240, 240, 28, 3, 2), (672, 672, 14, 5, 1), (672, 672, 14, 5, 2), (960, 960, 7, 3, 1), (128, 32, 56, 3, 1),
                  (256, 32, 56, 3, 2), (256, 32, 28, 3, 1), (168, 7, 28, 3, 1), (448, 8, 14, 3, 1))
        nodes, weights, inputs, outputs = [], [], [], []
        for i, (channels, groups, size, kernel, stride) in enumerate(layers):
            inputs.append(helper.make_tensor_value_info(f"x{i}", TensorProto.FLOAT, [1, channels, size, size]))
            weights.append(numpy_helper.from_array(noise((channels, channels // groups, kernel, kernel), i), f"w{i}"))
            nodes += [helper.make_node("Relu", [f"x{i}"], [f"a{i}"]),  # makes a blocked map
                      helper.make_node("Conv", [f"a{i}", f"w{i}"], [f"c{i}"], group=groups, strides=[stride] * 2,
                                       pads=[kernel // 2] * 4),
                      helper.make_node("GlobalAveragePool", [f"c{i}"], [f"y{i}"])]
            outputs.append(helper.make_tensor_value_info(f"y{i}", TensorProto.FLOAT, None))
        graph = helper.make_graph(nodes, "grouped", inputs, outputs, weights)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), self.path / "g.onnx")
        self.resc("compile", self.path / "g.onnx", "--target", "x86-64-v4", "--tile-bottlenecks", "never", "--dump-ir",
                  self.path / "dump", "-o", self.path / "out.so")
        kernels = json.loads((self.path / "dump/manifest.json").read_text())["kernels"]
        grouped = [kernel for kernel in kernels if "#res.grouped" in kernel["schedule"]]
        self.assertEqual(len(grouped), len(layers))
        for kernel in grouped:
            with self.subTest(kernel=kernel["name"], schedule=kernel["schedule"]):
                loops = list(inner_loops((self.path / "dump" / f"{kernel['name']}.s").read_text()))
                self.assertEqual([f"{line.code}  # {line.comment}" for loop in loops if multiplies(loop) for line in spills(loop)], [])

    def test_a_tile_of_too_many_registers_is_found(self):
        model = make_resnet(self.path / "tiny.onnx", "--tiny")
        self.resc("compile", model, "--target", "x86-64-v4", "--emit", "decided", "-o", self.path / "tiny.mlir")
        text, edits = re.subn("blocks = 2, pixels = 8", "blocks = 2, pixels = 16",
                              (self.path / "tiny.mlir").read_text())
        self.assertGreater(edits, 0)
        (self.path / "tiny.mlir").write_text(text)
        self.resc("compile", self.path / "tiny.mlir", "--dump-ir", self.path / "dump", "-o", self.path / "out.so")
        loops = [l for file in self.path.glob("dump/*.s") for l in inner_loops(file.read_text()) if multiplies(l)]
        self.assertTrue(any(map(spills, loops)))

    def test_one_parallel_loop_in_a_kernel(self):
        """Two where channels are shared out: every task reads the whole input, which a first loop pads or transforms. One for
        each stage where bands come one after the other, and as many for a smaller last one, which has code of its own."""
        for _, kernel, dump in self.each_kernel():
            with self.subTest(dump=dump.parent.name, kernel=kernel["name"]):
                loops = len(re.findall(r"\bcall\w*\s+halide_do_par_for", dump.with_suffix(".s").read_text()))
                whole = "staging = whole" in kernel["schedule"] or self.is_whole_winograd(kernel)
                self.assertLessEqual(loops, self.loops_of_serial_bands(kernel) or (2 if whole else 1), kernel["schedule"])

    @staticmethod
    def loops_of_serial_bands(kernel):
        """0 for kernels without."""
        if "serial = true" not in kernel["schedule"]:
            return 0
        stages = len(re.findall(r"#res\.(?:direct|winograd|grouped|map)<", kernel["schedule"]))
        height = int(kernel["outputs"][0].split("x")[2])
        rows = int(re.search(r"#res\.banded<rows = (\d+)", kernel["schedule"])[1])
        return stages if height % rows == 0 else 2 * stages

    @staticmethod
    def is_whole_winograd(kernel):
        """Whether one macro block of tiles is the whole map."""
        if "#res.winograd" not in kernel["schedule"]:
            return False
        fields = {name: int(value) for name, value in re.findall(r"(\w+) = (\d+)", kernel["schedule"])}
        height, width = map(int, re.match(r"\d+x\d+x(\d+)x(\d+)x", kernel["outputs"][0]).groups())
        return fields["macro_columns"] * fields["tile"] >= width and fields["macro_rows"] * fields["tile"] >= height


if __name__ == "__main__":
    unittest.main()
