"""What the ONNX importer computes of constants, and what real exporters leave to be computed."""
import unittest

import numpy as np
from onnx import TensorProto

from OnnxImportCase import ImportCase, conv_model, info, ints, model, node, tensor


class FoldTest(ImportCase):
    DATA = [ints("d", [[1, 2, 3], [4, 5, 6]]), ints("flat", [-1])]

    def check_folded(self, nodes, initializers, expected, opset=17):
        """Compares the last node's output, flattened, seen as what is added to an NxC tensor."""
        nodes = list(nodes) if isinstance(nodes, list) else [nodes]
        seen = [node("Reshape", f"{nodes[-1].output[0]} flat_", "f_"), node("Cast", "f_", "c_", to=TensorProto.FLOAT),
                node("Add", "x c_", "sum_")]
        content = model(nodes + seen, list(initializers) + [ints("flat_", [-1])], x=(1, len(expected)),
                        outputs=("sum_",),
                        opset=opset)
        constants = self.constants(self.imported(content))
        constants.remove([1] * len(expected))
        self.assertEqual(constants, [expected])

    def test_constant(self):
        for attributes, expected in ((dict(value=ints("", [3, 5])), [3, 5]), (dict(value_ints=[3, 5]), [3, 5]),
                                     (dict(value=tensor("", [3, 0.5])), [3, 0.5]),
                                     (dict(value_floats=[3.0, 0.5]), [3, 0.5]),
                                     (dict(value_int=7), [7]), (dict(value_float=7.5), [7.5])):
            self.check_folded(node("Constant", "", **attributes), [], expected)
        self.check_refused([
            (node("Constant", "", value_string="a"),
             "unsupported: attribute 'value_string': expected 'value', 'value_float(s)' or 'value_int(s)'"),
            (node("Constant", ""), "expected an attribute 'value'")])

    def test_types(self):
        types = (np.int64, np.int32, np.float32, np.float64)
        nodes = [node("Cast", f"d{i}", f"c{i}", to=TensorProto.FLOAT) for i in range(4)]
        nodes += [node("Concat", "c0 c1 c2 c3", "y", axis=0)]
        self.check_folded(nodes, [tensor(f"d{i}", [-3, 12345], dtype) for i, dtype in enumerate(types)],
                          [-3, 12345] * 4)
        self.check_folded(node("Identity", "d"), [tensor("d", [True, False, True], bool)], [1, 0, 1])
        self.check_refused([(node("Identity", "d"), "tensor 'd': expected float32, got uint8")],
                           [tensor("d", [1], np.uint8)])

    def test_typed_data(self):
        for elem_type, field in ((TensorProto.INT64, "int64_data"), (TensorProto.INT32, "int32_data"),
                                 (TensorProto.BOOL, "int32_data"), (TensorProto.DOUBLE, "double_data"),
                                 (TensorProto.FLOAT, "float_data")):
            typed = TensorProto(name="d", data_type=elem_type, dims=[3], **{field: [1, 0, 1]})
            self.check_folded(node("Identity", "d"), [typed], [1, 0, 1])

    def test_shape(self):
        nodes = [node("Shape", "x", f"s{i}", **attributes) for i, attributes in enumerate((
            dict(), dict(start=1), dict(end=-1), dict(start=-9, end=9), dict(start=-1, end=2), dict(start=2)))]
        nodes += [node("Concat", "s0 s1 s2 s3 s4 s5", "y", axis=0)]
        self.check_folded(nodes, [], [1, 7, 7, 1, 1, 7, 7])

    def test_gather(self):
        for inputs, attributes, expected in (("d last", dict(axis=1), [3, 1, 6, 4]), ("d row", dict(), [4, 5, 6]),
                                             ("d rows", dict(axis=0), [4, 5, 6, 1, 2, 3])):
            self.check_folded(node("Gather", inputs, **attributes),
                              self.DATA + [ints("last", [2, -3]), ints("row", 1), ints("rows", [[1], [0]])], expected)
        self.check_refused([
            (node("Gather", "d two"), "expected indices from -2 to 1, got 2"),
            (node("Gather", "d half"), "expected a list of integers as indices"),
            (node("Gather", "d two", axis=2), "expected an axis from -2 to 1, got 2"),
            (node("Gather", "x two"), "unsupported: input 'x' is computed at run time; expected a constant")],
            self.DATA + [ints("two", [2]), tensor("half", [0.5])])

    def test_slice(self):
        def bounds(s, e, a, t):
            return self.DATA + [ints("s", s), ints("e", e), ints("a", a), ints("t", t)]
        for inputs, values, expected in (("s e a t", ([1], [3], [1], [1]), [2, 3, 5, 6]),
                                         ("s e a t", ([-1], [-9], [-1], [-2]), [3, 1, 6, 4]),
                                         ("s e a t", ([0, 0], [1, 2**63 - 1], [0, 1], [1, 2]), [1, 3]),
                                         ("s e", ([1], [2], [0], [1]), [4, 5, 6])):
            self.check_folded(node("Slice", "d " + inputs), bounds(*values), expected)
        self.check_folded(node("Slice", "d", starts=[1], ends=[2], axes=[1]), self.DATA, [2, 5], opset=9)
        self.check_refused([(node("Slice", "d s e a t"), "expected steps of 1 to 2147483647 or their negatives, got 0"),
                            (node("Slice", "d s e u"), "expected as many ends, axes and steps as starts"),
                            (node("Slice", "d"), "expected 'starts' and 'ends'")],
                           bounds([0], [1], [0], [0]) + [ints("u", [0, 1])])

    def test_concat(self):
        self.check_folded(node("Concat", "d d", axis=-1), self.DATA, [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])
        self.check_refused([
            (node("Concat", "d e", axis=0),
             "expected operands of one type and of one shape but for axis 0, got 2x3 and 1x2"),
            (node("Concat", "x d", axis=1), "unsupported: input 'd' is of int64; expected float32")],
            self.DATA + [ints("e", [[1, 2]])])

    def test_transpose(self):
        self.check_folded(node("Transpose", "d"), self.DATA, [1, 4, 2, 5, 3, 6])
        self.check_folded(node("Transpose", "d", perm=[0, 1]), self.DATA, [1, 2, 3, 4, 5, 6])
        self.check_refused([
            (node("Transpose", "d", perm=[0, 0]), "attribute 'perm': expected the axes 0 to 1 in some order"),
            (node("Transpose", "large"),
             "unsupported: input 'large' is a constant of 4160 elements; expected at most 4096 to compute with")],
            self.DATA + [tensor("large", (64, 65))])

    def test_squeeze_and_unsqueeze(self):
        nodes = [node("Unsqueeze", "d a", "u"), node("Squeeze", "u a", "s"), node("Gather", "s i")]
        self.check_folded(nodes, self.DATA + [ints("a", [0, 3]), ints("i", 1)], [4, 5, 6])

    def test_expand(self):
        self.check_folded(node("Expand", "c s"), [ints("c", 7), ints("s", [3])], [7, 7, 7])
        self.check_folded(node("Expand", "c s"), [ints("c", [[1], [2]]), ints("s", [2, 2])], [1, 1, 2, 2])
        self.check_refused([
            (node("Expand", "d four"), "expected shapes that broadcast, got 2x3 and 4"),
            (node("Expand", "d many"),
             "unsupported: computes a constant of shape 4096x2x3; expected at most 4096 elements")],
            self.DATA + [ints("four", [4]), ints("many", [4096, 1, 1])])

    def test_constant_of_shape(self):
        self.check_folded(node("ConstantOfShape", "s"), [ints("s", [3])], [0, 0, 0])
        self.check_folded(node("ConstantOfShape", "s", value=ints("", [4])), [ints("s", [1, 3])], [4, 4, 4])
        self.check_refused([
            (node("ConstantOfShape", "s", value=ints("", [4, 5])), "attribute 'value': expected one element, got 2"),
            (node("ConstantOfShape", "s"),
             "unsupported: computes a constant of shape -1; expected at most 4096 elements")],
            [ints("s", [-1])])

    def test_one_value_may_be_repeated_often(self):
        nodes = [node("ConstantOfShape", "s", "w", value=tensor("", [2])), node("Conv", "x w")]
        text = self.imported(model(nodes, [ints("s", [512, 4, 3, 3])]))
        self.assertIn("res.constant dense<2.000000e+00> : tensor<512x4x3x3xf32>", text)

    def test_cast(self):
        for values, dtype, to, expected in (([2.75, -2.75], np.float32, TensorProto.INT64, [2, -2]),
                                            ([0.75, 0], np.float32, TensorProto.BOOL, [1, 0]),
                                            ([5, 0], np.int64, TensorProto.BOOL, [1, 0]),
                                            ([2**32 + 5, -1], np.int64, TensorProto.INT32, [5, -1]),
                                            ([0.5, 2], np.float64, TensorProto.FLOAT, [0.5, 2]),
                                            ([np.nan, np.inf, -1e30], np.float32, TensorProto.INT64,
                                             [0, 2.0**63, -2.0**63])):
            self.check_folded(node("Cast", "c", to=to), [tensor("c", values, dtype)], expected)
        self.check_refused([
            (node("Cast", "c", to=TensorProto.STRING), "unsupported: converts to string"),
            (node("Cast", "x", to=TensorProto.INT64),
             "unsupported: input 'x' is computed at run time; expected a constant")],
            [ints("c", [1])])

    def test_cast_like(self):
        self.check_folded([node("CastLike", "c x", "f"), node("Div", "f two")], [ints("c", [1, 2]), tensor("two", [2])],
                          [0.5, 1])
        self.check_folded(node("CastLike", "c i"), [tensor("c", [1.5, 2]), ints("i", 0)], [1, 2])
        self.check_refused([(node("CastLike", "c x"), "unsupported: expected opset 15 or newer, got 13")],
                           [ints("c", [1])], opset=13)

    def test_arithmetic(self):
        for op, of_ints, of_floats in (("Add", [9, -5, 6], [1.5, 2.5]), ("Sub", [5, -9, 2], [0.5, 1.5]),
                                       ("Mul", [14, -14, 8], [0.5, 1]), ("Div", [3, -3, 2], [2, 4])):
            self.check_folded(node(op, "a b"), [ints("a", [7, -7, 4]), ints("b", [2])], of_ints)
            self.check_folded(node(op, "a b"), [tensor("a", [1, 2]), tensor("b", 0.5)], of_floats)
        self.check_folded(node("Add", "a b"), [ints("a", [[1], [2]]), ints("b", [10, 20])], [11, 21, 12, 22])
        self.check_folded(node("Div", "a b"), [ints("a", [-2**63, 1]), ints("b", [-1])], [-2.0**63, -1])
        self.check_refused([
            (node("Div", "one zero"), "expected a divisor other than 0"),
            (node("Mul", "one f"), "expected two tensors of one type of numbers, got int64 and float32"),
            (node("Sub", "one x"), "unsupported: constant 'one' is of int64; expected float32")],
            [ints("one", [1]), ints("zero", [0]), tensor("f", [0])])


class ExporterTest(ImportCase):
    def test_weights_through_identity(self):
        nodes = [node("Identity", "one", "variance"), node("Identity", "variance", "gamma"),
                 node("Constant", "", "zero", value=tensor("", np.zeros(4))),
                 node("BatchNormalization", "x gamma zero zero variance")]
        self.assertCountEqual(self.constants(self.imported(model(nodes, [tensor("one", np.ones(4))]))),
                              [[0] * 4, [1] * 4])

    def test_large_weights_through_identity_and_constant_stay_in_the_file(self):
        nodes = [node("Constant", "", "c", value=tensor("", (4, 4, 3, 3))), node("Identity", "c", "w"),
                 node("Conv", "x w")]
        weights = self.weights(self.imported(model(nodes)))
        self.assertEqual(list(weights), ["c"])
        np.testing.assert_array_equal(weights["c"], np.arange(144).reshape(4, 4, 3, 3) / 8)

    def test_large_weights_may_be_reshaped(self):
        nodes = [node("Reshape", "d s", "w"), node("Conv", "x w")]
        weights = self.weights(self.imported(model(nodes, [tensor("d", (144,)), ints("s", [4, 4, 3, 3])])))
        self.assertEqual([values.shape for values in weights.values()], [(4, 4, 3, 3)])

    def test_shared_weights_are_one_operation(self):
        nodes = [node("Conv", "x w", "h", pads=[1] * 4), node("Conv", "h w")]
        self.assertEqual(self.imported(conv_model(nodes=nodes)).count("res.weight"), 1)

    def test_computed_bias(self):
        # torch.export without its optimiser: Expand(CastLike(0, input), Expand(Shape(weight)[0:1], [1]))
        nodes = [node("Constant", "", "zero", value=tensor("", 0.0)), node("CastLike", "zero x", "cast"),
                 node("Shape", "w", "k", start=0, end=1), node("Constant", "", "one", value_ints=[1]),
                 node("Expand", "k one", "size"), node("Expand", "cast size", "b"), node("Conv", "x w b")]
        content = model(nodes, [tensor("w", (80, 4, 3, 3))], opset=18)
        self.assertEqual(self.constants(self.imported(content)), [[0] * 80])
        self.check(content, "res.conv %, % bias % window<3x3> : (tensor<1x4x8x8xf32>, tensor<80x4x3x3xf32>, "
                            "tensor<80xf32>) -> tensor<1x80x6x6xf32>")

    def test_flattened_size_computed_from_the_input(self):
        nodes = [node("Shape", "x", "s"), node("Gather", "s zero", "n"), node("Unsqueeze", "n axis", "u"),
                 node("Concat", "u rest", "shape", axis=0), node("Reshape", "x shape")]
        initializers = [ints("zero", 0), ints("axis", [0]), ints("rest", [-1])]
        content = model(nodes, initializers, inputs=[info("x", ("N", 4, 2, 2))])
        self.check(content, "res.reshape % : tensor<3x4x2x2xf32> -> tensor<3x16xf32>", flags=["--batch", "3"])

    def test_initializers_listed_as_inputs(self):
        text = self.imported(conv_model(inputs=[info("w", (4, 4, 3, 3)), info("x", (1, 4, 8, 8))]))
        self.assertRegex(text, r'@main\(%\w+: tensor<1x4x8x8xf32> \{res\.name = "x"\}[^,]*\) ->')

    def test_metadata_and_documentation(self):
        content = conv_model()
        content.doc_string = content.graph.doc_string = content.graph.node[0].doc_string = "x" * 5000
        content.graph.initializer[0].doc_string = "d" * 300
        for holder in (content, content.graph, content.graph.node[0]):
            holder.metadata_props.add(key="pkg.torch.onnx.stack_trace", value='File "a.py", line 1\n' * 200)
        content.graph.value_info.append(info("h", ("N", None, 3)))
        np.testing.assert_array_equal(self.weights(self.imported(content))["w"], np.arange(144).reshape(4, 4, 3, 3) / 8)

    def test_a_residual_block_and_head(self):
        vectors = [tensor(f"{layer}.{kind}", (4,)) for layer in ("bn1", "bn2") for kind in "sbmv"]
        weights = [tensor("w1", (4, 4, 3, 3)), tensor("w2", (4, 4, 3, 3)), tensor("fc", (3, 4)), tensor("fcb", (3,))]
        pads = dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1], dilations=[1, 1], group=1)
        nodes = [node("Conv", "x w1", "1", **pads), node("BatchNormalization", "1 bn1.s bn1.b bn1.m bn1.v", "2"),
                 node("Relu", "2", "3"), node("Conv", "3 w2", "4", **pads),
                 node("BatchNormalization", "4 bn2.s bn2.b bn2.m bn2.v", "5"), node("Add", "5 x", "6"),
                 node("Relu", "6", "7"), node("GlobalAveragePool", "7", "8"), node("Flatten", "8", "9"),
                 node("Gemm", "9 fc fcb", "10", transB=1), node("Softmax", "10")]
        conv = ("res.conv %, % window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>) -> "
                "tensor<1x4x8x8xf32>")
        norm = "res.batch_norm %, %, %, %, % epsilon 9.99999974E-6 : tensor<1x4x8x8xf32>, tensor<4xf32>"
        relu = "res.relu % : tensor<1x4x8x8xf32>"
        self.check(model(nodes, weights + vectors), conv, norm, relu,
                   conv, norm, "res.add %, % : tensor<1x4x8x8xf32>", relu,
                   "res.global_avg_pool % : tensor<1x4x8x8xf32> -> tensor<1x4x1x1xf32>",
                   "res.reshape % : tensor<1x4x1x1xf32> -> tensor<1x4xf32>",
                   "res.gemm %, % bias % transposed : (tensor<1x4xf32>, tensor<3x4xf32>, tensor<3xf32>) -> "
                   "tensor<1x3xf32>",
                   "res.softmax % : tensor<1x3xf32>")


if __name__ == "__main__":
    unittest.main()
