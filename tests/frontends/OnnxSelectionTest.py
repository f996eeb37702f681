"""What the ONNX importer makes of Slice and Pad on activations."""
import unittest

from OnnxImportCase import ImportCase, info, ints, model, node, tensor


class SliceTest(ImportCase):
    def test_inputs(self):
        line = "res.slice % from [{}] by [{}] : tensor<1x4x8x8xf32> -> tensor<{}xf32>"
        far = 2**63 - 1
        for bounds, expected in (
                (([0, 0], [far, far], [2, 3], [2, 2]), ("0, 0, 0, 0", "1, 1, 2, 2", "1x4x4x4")),
                (([1], [-1], [1], [1]), ("0, 1, 0, 0", "1, 1, 1, 1", "1x2x8x8")),
                (([-1], [-far], [-1], [-3]), ("0, 0, 0, 7", "1, 1, 1, -3", "1x4x8x3"))):
            lists = [ints(name, values) for name, values in zip("seat", bounds)]
            self.check(model([node("Slice", "x s e a t")], lists), line.format(*expected))

    def test_attributes_of_old_opsets(self):
        self.check(model([node("Slice", "x", starts=[0, 2], ends=[3, 9], axes=[1, 2])], opset=9),
                   "res.slice % from [0, 0, 2, 0] by [1, 1, 1, 1] : tensor<1x4x8x8xf32> -> tensor<1x3x6x8xf32>")

    def test_refused(self):
        lists = [ints("s", [5]), ints("e", [5]), ints("a", [2]), ints("z", [4])]
        self.check_refused([
            (node("Slice", "x s e a"), "expected a result of 1 to 2147483647 elements, got shape 1x4x0x8"),
            (node("Slice", "x s e z"), "expected an axis from -4 to 3, got 4"),
            (node("Slice", "x x e"), "unsupported: starts 'x' is computed at run time; expected a constant")], lists)


class ConcatTest(ImportCase):
    def test_activations(self):
        line = "res.concat %, % along {} : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<{}xf32>"
        for axis, expected in ((1, (1, "1x8x8x8")), (-1, (3, "1x4x8x16")), (0, (0, "2x4x8x8"))):
            self.check(model([node("Relu", "x", "h"), node("Concat", "x h", axis=axis)]),
                       "res.relu % : tensor<1x4x8x8xf32>", line.format(*expected))

    def test_refused(self):
        self.check_refused([
            (node("Concat", "x x", axis=4), "expected an axis from -4 to 3, got 4"),
            (node("Concat", "x g", axis=3), "expected size 8 in dimension 2, got 1 of input 1"),
            (node("Concat", "x f", axis=1), "expected inputs of rank 4, got rank 2 of input 1")],
            inputs=[info("x", (1, 4, 8, 8)), info("g", (1, 4, 1, 1)), info("f", (1, 4))])


class PadTest(ImportCase):
    def test_inputs(self):
        lists = [ints("p", [0, 2, 0, 0, 0, 1, 0, 3]), tensor("v", [1.5]), ints("q", [1, 2, -1, 4]), ints("a", [-1, 1])]
        line = "res.pad % at [{}] with {} : tensor<1x4x8x8xf32> -> tensor<{}xf32>"
        self.check_nodes([
            (node("Pad", "x p"), line.format("0, 2, 0, 0", "0.000000e+00", "1x7x8x11")),
            (node("Pad", "x p v", mode="constant"), line.format("0, 2, 0, 0", "1.500000e+00", "1x7x8x11")),
            (node("Pad", "x q  a"), line.format("0, 2, 0, 1", "0.000000e+00", "1x10x8x8"))], lists)

    def test_attributes_of_old_opsets(self):
        self.check(model([node("Pad", "x", pads=[0, 0, 1, 1, 0, 0, 1, 1], value=2.0)], opset=10),
                   "res.pad % at [0, 0, 1, 1] with 2.000000e+00 : tensor<1x4x8x8xf32> -> tensor<1x4x10x10xf32>")

    def test_refused(self):
        lists = [ints("p", [0, 2, 0, 0, 0, 1, 0, 3]), ints("q", [1, 2]), tensor("v", [1.5, 2]),
                 ints("far", [0, 0, 0, 2**40, 0, 0, 0, 0]), ints("crop", [0, 0, 0, -8, 0, 0, 0, 0])]
        self.check_refused([
            (node("Pad", "x p", mode="edge"), "unsupported: attribute 'mode' is 'edge'; expected 'constant'"),
            (node("Pad", "x q"), "expected 8 pads, got 2"),
            (node("Pad", "x p v"), "expected one value to pad with, got 2"),
            (node("Pad", "x far"), "expected pads of 32 bits, got 1099511627776 and 0"),
            (node("Pad", "x crop"), "expected a result of 1 to 2147483647 elements, got shape 1x4x8x0"),
            (node("Pad", "x x"), "unsupported: pads 'x' is computed at run time; expected a constant")], lists)


if __name__ == "__main__":
    unittest.main()
