"""What the ONNX importer makes of operators that change the height and width of maps."""
import unittest

from OnnxImportCase import ImportCase, ints, model, node, tensor


class ResizeTest(ImportCase):
    LINE = "res.resize % {}rows [{}] columns [{}] : tensor<1x4x8x8xf32> -> tensor<1x4x{}xf32>"

    def test_coordinates(self):
        sizes = [ints("s", [1, 4, 16, 5])]
        line = self.LINE.format("linear ", "{}", "{}", "16x5")
        self.check_nodes([
            (node("Resize", "x   s", mode="linear", coordinate_transformation_mode=mode), line.format(*expected))
            for mode, *expected in (("asymmetric", "1, 0, 2", "8, 0, 5"), ("half_pixel", "2, -1, 4", "16, 3, 10"),
                                    ("pytorch_half_pixel", "2, -1, 4", "16, 3, 10"), ("align_corners", "7, 0, 15", "7, 0, 4"),
                                    ("half_pixel_symmetric", "2, -1, 4", "16, 3, 10"),
                                    ("tf_half_pixel_for_nn", "2, 1, 4", "8, 4, 5"))], sizes)

    def test_roundings(self):
        sizes = [ints("s", [1, 4, 16, 5])]
        line = self.LINE.format("", "{}", "{}", "16x5")
        self.check_nodes([
            (node("Resize", "x   s", coordinate_transformation_mode="asymmetric", nearest_mode=mode), line.format(*expected))
            for mode, *expected in (("floor", "1, 0, 2", "8, 0, 5"), ("ceil", "1, 1, 2", "8, 4, 5"),
                                    ("round_prefer_floor", "2, 1, 4", "8, 2, 5"),
                                    ("round_prefer_ceil", "1, 1, 2", "16, 5, 10"))], sizes)

    def test_scales(self):
        # 0.6 and 1/3 are not what float32 holds, but what it means.
        line = self.LINE.format("", "{}", "{}", "{}")
        floor = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        self.check_nodes([
            (node("Resize", "x  a", **floor), line.format("5, 0, 3", "3, 0, 1", "4x2")),
            (node("Resize", "x  b", axes=[3, -2], **floor), line.format("1, 0, 1", "2, 0, 5", "8x20"))],
            [tensor("a", [1, 1, 0.6, 1 / 3]), tensor("b", [2.5, 1])], opset=18)

    def test_nothing(self):
        self.check(model([node("Resize", "x  s", "h"), node("Relu", "h")], [tensor("s", [1, 1, 1, 1])]),
                   "res.relu % : tensor<1x4x8x8xf32>")

    def test_old_opsets(self):
        line = self.LINE.format("{}", "{}", "{}", "{}")
        twice = line.format("", "1, 0, 2", "1, 0, 3", "16x24")
        self.check(model([node("Upsample", "x", scales=[1.0, 1.0, 2.0, 3.0])], opset=8), twice)
        scales = [tensor("s", [1, 1, 2, 3]), tensor("t", [1, 1, 0.5, 0.75])]
        self.check(model([node("Upsample", "x s")], scales, opset=9), twice)
        self.check(model([node("Upsample", "x s", mode="linear")], scales, opset=9),
                   line.format("linear ", "1, 0, 2", "1, 0, 3", "16x24"))
        self.check(model([node("Resize", "x s")], scales, opset=10), twice)
        self.check(model([node("Resize", "x t")], scales, opset=10), line.format("", "2, 0, 1", "4, 2, 3", "4x6"))

    def test_refused(self):
        lists = [tensor("s", [1, 1, 2, 2]), ints("z", [1, 4, 16, 5]), tensor("c", [1, 2, 1, 1]), tensor("f", [1, 2]),
                 tensor("n", [1, 1, 0, 2])]
        self.check_refused([
            (node("Resize", "x  s", mode="cubic"), "unsupported: attribute 'mode' is 'cubic'; expected 'nearest' or 'linear'"),
            (node("Resize", "x  s", coordinate_transformation_mode="tf_crop_and_resize"),
             "unsupported: attribute 'coordinate_transformation_mode' is 'tf_crop_and_resize'; expected asymmetric, half_pixel, "
             "half_pixel_symmetric, pytorch_half_pixel, tf_half_pixel_for_nn or align_corners"),
            (node("Resize", "x  s", nearest_mode="odd"),
             "attribute 'nearest_mode': expected round_prefer_floor, round_prefer_ceil, floor or ceil, got 'odd'"),
            (node("Resize", "x  s z"), "expected scales or sizes, got both"),
            (node("Resize", "x"), "expected scales or sizes, got none"),
            (node("Resize", "x  f"), "expected 4 scales, got 2"),
            (node("Resize", "x  n"), "expected scales from 1/16384 to 16384, got 0.00"),
            (node("Resize", "x  c"), "unsupported: resizes 1x4x8x8 to 1x8x8x8; expected other heights and widths alone")], lists)


class DepthToSpaceTest(ImportCase):
    def test_modes(self):
        line = "res.depth_to_space % by [2, 2] {}: tensor<1x4x8x8xf32> -> tensor<1x1x16x16xf32>"
        self.check_nodes([(node("DepthToSpace", "x", blocksize=2), line.format("")),
                          (node("DepthToSpace", "x", blocksize=2, mode="CRD"), line.format("interleaved "))])

    def test_refused(self):
        self.check_refused([
            (node("DepthToSpace", "x"), "expected the attribute 'blocksize'"),
            (node("DepthToSpace", "x", blocksize=3),
             "expected an input of rank 4 whose channels are a multiple of 9, got shape 1x4x8x8"),
            (node("DepthToSpace", "x", blocksize=2, mode="RCD"), "attribute 'mode': expected DCR or CRD, got 'RCD'")])


class ConvTransposeTest(ImportCase):
    FILTER = "stride [{}] pad [{}] dilation [{}] before [{}]"

    def check_transposed(self, attributes, phases, window, result, kernel=(3, 3)):
        text = self.imported(model([node("ConvTranspose", "x w", **attributes)], [tensor("w", (4, 6, *kernel))]))
        self.assertIn("res.phase_filter %", text)
        for part in (self.FILTER.format(*phases), f"window<{window}>", f"-> tensor<1x6x{result}xf32>"):
            self.assertIn(part, text)

    def test_windows(self):
        self.check_transposed({"strides": [2, 2]}, ("2, 2", "0, 0", "1, 1", "0, 0"), "1x1", "16x16", (2, 2))
        self.check_transposed({"strides": [2, 2], "pads": [1] * 4, "output_padding": [1, 1]},
                              ("2, 2", "1, 1", "1, 1", "0, 0"), "2x2, pad = [0, 0, 1, 1]", "16x16")
        self.check_transposed({"strides": [2, 2], "pads": [1] * 4}, ("2, 2", "1, 1", "1, 1", "1, 1"),
                              "3x3, pad = [1, 1, 1, 1]", "16x16", (4, 4))
        self.check_transposed({"dilations": [2, 2]}, ("1, 1", "0, 0", "2, 2", "4, 4"), "5x5, pad = [4, 4, 4, 4]", "12x12")

    def test_sizes(self):
        for attributes, result in (({"output_shape": [15, 17], "auto_pad": "SAME_UPPER"}, "15x17"),
                                   ({"auto_pad": "SAME_LOWER"}, "16x16"), ({"pads": [3, 0, 9, 1]}, "5x16")):
            with self.subTest(result=result):
                text = self.imported(model([node("ConvTranspose", "x w", strides=[2, 2], **attributes)],
                                           [tensor("w", (4, 6, 3, 3))]))
                self.assertIn(f"-> tensor<1x6x{result}xf32>", text)

    def test_bias_and_groups(self):
        text = self.imported(model([node("ConvTranspose", "x w b", strides=[2, 1], group=2)],
                                   [tensor("w", (4, 3, 2, 2)), tensor("b", (6,))]))
        for part in ("interleaved", "groups = 2", "by [2, 1] interleaved", "res.affine"):
            self.assertIn(part, text)

    def test_refused(self):
        weights = [tensor("w", (4, 6, 3, 3)), tensor("v", (5, 6, 3, 3)), tensor("b", (4,))]
        self.check_refused([
            (node("ConvTranspose", "x v"), "expected a filter of rank 4 and 4 channels in 1 groups, got shape 5x6x3x3"),
            (node("ConvTranspose", "x w", kernel_shape=[2, 2]),
             "attribute 'kernel_shape': expected the filter's 3x3, got 2x2"),
            (node("ConvTranspose", "x w", pads=[5] * 4), "expected an output of at least 1 in each axis, got 0"),
            (node("ConvTranspose", "x w", output_padding=[1]), "attribute 'output_padding': expected 2 values, got 1")], weights)


if __name__ == "__main__":
    unittest.main()
