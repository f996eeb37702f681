"""Import of functions of each element, arithmetic with constants and between activations, and what is refused of them."""
import unittest

import numpy as np
from OnnxImportCase import ImportCase, info, ints, model, node, tensor

MAP = "tensor<1x4x8x8xf32>"
AFFINE = f"res.affine %, %, % : {MAP}, tensor<4xf32>"


def line(function, parameters=""):
    return f"res.unary {function} %{parameters} : {MAP}"


class UnaryTest(ImportCase):
    def test_functions(self):
        self.check_nodes([(node(op, "x"), line(function)) for op, function in (
            ("Abs", "abs"), ("Erf", "erf"), ("Exp", "exp"), ("HardSwish", "hard_swish"), ("Mish", "mish"),
            ("Reciprocal", "reciprocal"), ("Sigmoid", "sigmoid"), ("Softplus", "softplus"), ("Softsign", "softsign"),
            ("Sqrt", "sqrt"), ("Tanh", "tanh"))], opset=22)
        self.check(model([node("Sigmoid", "x")], x=(2, 3), opset=7), "res.unary sigmoid % : tensor<2x3xf32>")

    def test_parameters(self):
        half, tenth = " alpha 5.000000e-01", " alpha 1.000000e-01"
        self.check_nodes([
            (node("Celu", "x"), line("celu", " alpha 1.000000e+00")),
            (node("Elu", "x"), line("elu", " alpha 1.000000e+00")),
            (node("Elu", "x", alpha=0.5), line("elu", half)),
            (node("HardSigmoid", "x"), line("hard_sigmoid", " alpha 2.000000e-01 beta 5.000000e-01")),
            (node("HardSigmoid", "x", alpha=0.1, beta=0.25), line("hard_sigmoid", tenth + " beta 2.500000e-01")),
            (node("LeakyRelu", "x"), line("leaky_relu", " alpha 0.00999999977")),
            (node("LeakyRelu", "x", alpha=0.1), line("leaky_relu", tenth)),
            (node("Selu", "x"), line("selu", " alpha 1.67326319 beta 1.05070102")),
            (node("Selu", "x", alpha=0.5, gamma=2.0), line("selu", half + " beta 2.000000e+00")),
            (node("Swish", "x"), line("swish", " alpha 1.000000e+00")),
            (node("Swish", "x", alpha=0.5), line("swish", half))], opset=24)

    def test_gelu(self):
        self.check_nodes([(node("Gelu", "x"), line("gelu")), (node("Gelu", "x", approximate="none"), line("gelu")),
                          (node("Gelu", "x", approximate="tanh"), line("gelu_tanh"))], opset=20)

    def test_refused(self):
        self.check_refused([
            (node("Elu", "x", alpha=float("inf")), "attribute 'alpha': expected a finite number, got INF"),
            (node("Selu", "x", gamma=float("nan")), "attribute 'gamma': expected a finite number, got nan"),
            (node("Celu", "x", alpha=0.0), "attribute 'alpha': expected a number other than 0, got 0"),
            (node("Sigmoid", "x", alpha=1.0), "attribute 'alpha': is unknown to this operator"),
            (node("Gelu", "x", approximate="sigmoid"),
             "attribute 'approximate': expected none or tanh, got 'sigmoid'"),
            (node("Tanh", "c"), "unsupported: input 'c' is constant; expected a tensor that is computed at run time"),
            (node("Tanh", "x x"), "expected at most 1 inputs, got 2")], [tensor("c", (4,))], opset=20)
        self.check_refused([(node("HardSwish", "x"), "unsupported: expected opset 14 or newer, got 13"),
                            (node("Gelu", "x"), "unsupported: expected opset 20 or newer, got 13")], opset=13)

    def test_domains(self):
        n = node("Gelu", "x")
        n.domain = "com.microsoft"
        self.check_problem(model([n], opset=20), "unsupported node 'n' (Gelu): operators of domain 'com.microsoft' are "
                                                 "not handled")


class BoundTest(ImportCase):
    LOW, HIGH = " alpha -3.40282347E+38", " beta 3.40282347E+38"
    SIX = " beta 6.000000e+00"
    BOUNDS = [tensor("lo", 0.0), tensor("hi", 6.0), tensor("hi1", [6.0])]

    def test_clip_by_attributes(self):
        self.check_nodes([
            (node("Clip", "x", min=0.0, max=6.0), line("clip", self.SIX)),
            (node("Clip", "x", max=6.0), line("clip", self.LOW + self.SIX)),
            (node("Clip", "x", min=-1.0), line("clip", " alpha -1.000000e+00" + self.HIGH)),
            (node("Clip", "x"), line("clip", self.LOW + self.HIGH))], opset=10)

    def test_clip_by_inputs(self):
        self.check_nodes([
            (node("Clip", "x lo hi"), line("clip", self.SIX)), (node("Clip", "x lo hi1"), line("clip", self.SIX)),
            (node("Clip", "x  hi"), line("clip", self.LOW + self.SIX)),
            (node("Clip", "x lo"), line("clip", self.HIGH)),
            (node("Clip", "x"), line("clip", self.LOW + self.HIGH))], self.BOUNDS)

    def test_max_and_min(self):
        self.check_nodes([
            (node("Max", "x lo"), line("clip", self.HIGH)), (node("Max", "lo x"), line("clip", self.HIGH)),
            (node("Min", "x hi"), line("clip", self.LOW + self.SIX)),
            (node("Max", "x x"), f"res.binary max %, % : ({MAP}, {MAP}) -> {MAP}"),
            (node("Min", "x x"), f"res.binary min %, % : ({MAP}, {MAP}) -> {MAP}")], self.BOUNDS)
        self.check(model([node("Min", "lo x hi")], self.BOUNDS), line("clip", self.LOW), line("clip", self.LOW + self.SIX))

    def test_refused(self):
        self.check_refused([
            (node("Clip", "x two"), "unsupported: min 'two' has shape 2; expected one value"),
            (node("Clip", "x  x"), "unsupported: max 'x' is computed at run time; expected a constant"),
            (node("Clip", "x i"), "unsupported: min 'i' is of int64; expected float32"),
            (node("Clip", "x nan"), "expected numbers as bounds, got nan and 3.402823e+38"),
            (node("Clip", "x", min=0.0), "attribute 'min': is unknown to this operator"),
            (node("Max", "x two"), "unsupported: compares tensors of shapes 1x4x8x8 and 2; expected equal sizes, or 1 along images, "
                                   "channels, or rows and columns"),
            (node("Max", "x nan"), "expected a number as bound, got nan")],
            self.BOUNDS + [tensor("two", [0, 1]), ints("i", 0), tensor("nan", float("nan"))])
        self.check_refused([(node("Clip", "x lo"), "expected at most 1 inputs, got 2")], self.BOUNDS, opset=10)


class SlopeTest(ImportCase):
    def test_slopes(self):
        prelu = f"res.prelu %, % : {MAP}, tensor<4xf32>"
        self.check_nodes([(node("PRelu", "x one"), line("leaky_relu", " alpha 2.500000e-01")),
                          (node("PRelu", "x c"), prelu), (node("PRelu", "x c4"), prelu)],
                         [tensor("one", [0.25]), tensor("c", (4, 1, 1)), tensor("c4", (1, 4, 1, 1))])

    def test_powers(self):
        mul = f"res.binary mul %, % : ({MAP}, {MAP}) -> {MAP}"
        self.check(model([node("Pow", "x three")], [tensor("three", 3.0)]), mul, mul)
        self.check_nodes([(node("Pow", "x two"), mul), (node("Pow", "x root"), line("sqrt")),
                          (node("Pow", "x minus"), line("reciprocal"))],
                         [ints("two", 2), tensor("root", [0.5]), tensor("minus", -1.0)])
        self.check(model([node("Relu", "x", "h"), node("Pow", "h one")], [tensor("one", 1.0)]), f"res.relu % : {MAP}")

    def test_refused(self):
        self.check_refused([
            (node("PRelu", "x row"), "unsupported: slope 'row' has shape 8 for a tensor of shape 1x4x8x8; expected one "
                                     "value, or one for each channel"),
            (node("PRelu", "x x"), "unsupported: slope 'x' is computed at run time; expected a constant"),
            (node("Pow", "x p"), "unsupported: exponent 'p' is 2.5; expected -1, 0.5, 1, 2 or 3"),
            (node("Pow", "x row"), "unsupported: exponent 'row' has shape 8; expected one value")],
            [tensor("row", (8,)), tensor("p", 2.5)])


class ArithmeticTest(ImportCase):
    """Each constant becomes scale and shift over channels."""

    def check_affine(self, op, operands, values, scale, shift):
        content = model([node(op, operands)], [tensor("c", values)])
        self.check(content, AFFINE)
        found = self.constants(self.imported(content))
        for expected in (scale, shift):
            self.assertIn(expected, found)

    def test_constants(self):
        vector = np.array([1, 2, 4, 8]).reshape(4, 1, 1)
        ones, zeros = [1] * 4, [0] * 4
        for op, operands, values, scale, shift in (
                ("Mul", "x c", 2.5, [2.5] * 4, zeros), ("Mul", "c x", vector, [1, 2, 4, 8], zeros),
                ("Sub", "c x", 1.0, [-1] * 4, ones), ("Div", "x c", 4.0, [0.25] * 4, zeros),
                ("Div", "x c", vector, [1, 0.5, 0.25, 0.125], zeros)):
            with self.subTest(op=op, operands=operands):
                self.check_affine(op, operands, values, scale, shift)

    def test_subtraction_of_a_constant(self):
        text = self.imported(model([node("Sub", "x c")], [tensor("c", 3.0)]))
        self.assertRegex(text, r"res\.scale_shift")
        self.check(model([node("Sub", "x c")], [tensor("c", 3.0)]),
                   "res.scale_shift %, %, % : tensor<4xf32>", AFFINE)

    def test_quotients_of_a_constant(self):
        self.check(model([node("Div", "c x")], [tensor("c", 3.0)]), line("reciprocal"), AFFINE)

    def test_negation(self):
        self.check(model([node("Neg", "x")]), AFFINE)

    def test_activations(self):
        same = f"({MAP}, {MAP}) -> {MAP}"
        self.check_nodes([(node("Sub", "x x"), f"res.binary sub %, % : {same}"),
                          (node("Mul", "x x"), f"res.binary mul %, % : {same}"),
                          (node("Div", "x x"), f"res.binary div %, % : {same}")])

    def test_gates(self):
        inputs = [info(name, shape) for name, shape in (
            ("x", (2, 4, 8, 8)), ("gate", (2, 4, 1, 1)), ("spot", (2, 1, 8, 8)), ("one", (4, 1, 1)))]
        big = "tensor<2x4x8x8xf32>"
        self.check_nodes([
            (node("Mul", "x gate"), f"res.binary mul %, % : ({big}, tensor<2x4x1x1xf32>) -> {big}"),
            (node("Mul", "spot x"), f"res.binary mul %, % : (tensor<2x1x8x8xf32>, {big}) -> {big}"),
            (node("Add", "x gate"), f"res.binary add %, % : ({big}, tensor<2x4x1x1xf32>) -> {big}")], inputs=inputs)
        self.check(model([node("Sub", "x one")], inputs=inputs),
                   "res.reshape % : tensor<4x1x1xf32> -> tensor<1x4x1x1xf32>",
                   f"res.binary sub %, % : ({big}, tensor<1x4x1x1xf32>) -> {big}")

    def test_refused(self):
        inputs = [info("x", (1, 4, 8, 8)), info("column", (1, 4, 8, 1)), info("half", (1, 2, 8, 8)),
                  info("matrix", (1, 8))]
        expected = "; expected equal sizes, or 1 along images, channels, or rows and columns"
        self.check_refused([
            (node("Mul", "x column"), f"unsupported: multiplies tensors of shapes 1x4x8x8 and 1x4x8x1{expected}"),
            (node("Div", "half x"), f"unsupported: divides tensors of shapes 1x2x8x8 and 1x4x8x8{expected}"),
            (node("Add", "x matrix"), f"unsupported: adds tensors of shapes 1x4x8x8 and 1x8{expected}"),
            (node("Sub", "x c"), f"unsupported: subtracts tensors of shapes 1x4x8x8 and 8x1{expected}"),
            (node("Mul", "c x"), f"unsupported: multiplies tensors of shapes 8x1 and 1x4x8x8{expected}"),
            (node("Div", "x zero"), "expected a divisor other than 0"),
            (node("Mul", "x i"), "unsupported: constant 'i' is of int64; expected float32")],
            [tensor("c", (8, 1)), tensor("zero", 0.0), ints("i", 3)], inputs=inputs)


if __name__ == "__main__":
    unittest.main()
