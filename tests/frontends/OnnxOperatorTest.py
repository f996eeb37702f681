"""What the ONNX importer makes of every operator on activations, and which of their forms it refuses."""
import re
import unittest

import numpy as np
from onnx import TensorProto

from OnnxImportCase import ImportCase, conv_model, info, ints, model, node, tensor


class ConvTest(ImportCase):
    def test_all_attributes(self):
        self.check(model([node("Conv", "x w", kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 2, 3], dilations=[1, 2],
                               group=2, auto_pad="NOTSET")], [tensor("w", (6, 2, 3, 2))], x=(2, 4, 9, 11)),
                   "res.conv %, % window<3x2, stride = 2x1, pad = [1, 0, 2, 3], dilation = 1x2> {groups = 2 : i64} : "
                   "(tensor<2x4x9x11xf32>, tensor<6x2x3x2xf32>) -> tensor<2x6x5x12xf32>")

    def test_windows(self):
        weights = [tensor("w", (4, 4, 3, 3)), tensor("w1", (4, 4, 1, 1)), tensor("w2", (4, 4, 2, 3))]
        line = "res.conv %, % window<{}> : (tensor<1x4x8x8xf32>, tensor<4x4x{}xf32>) -> tensor<1x4x{}xf32>"
        self.check_nodes([
            (node("Conv", "x w"), line.format("3x3", "3x3", "6x6")),
            (node("Conv", "x w", auto_pad="VALID", pads=[0] * 4), line.format("3x3", "3x3", "6x6")),
            (node("Conv", "x w", auto_pad="SAME_UPPER", strides=[2, 2]),
             line.format("3x3, stride = 2x2, pad = [0, 0, 1, 1]", "3x3", "4x4")),
            (node("Conv", "x w", auto_pad="SAME_LOWER", strides=[2, 2]),
             line.format("3x3, stride = 2x2, pad = [1, 1, 0, 0]", "3x3", "4x4")),
            (node("Conv", "x w2", auto_pad="SAME_UPPER", dilations=[3, 1]),
             line.format("2x3, pad = [1, 1, 2, 1], dilation = 3x1", "2x3", "8x8")),
            (node("Conv", "x w1", auto_pad="SAME_UPPER", strides=[3, 3]),
             line.format("1x1, stride = 3x3", "1x1", "3x3")),
            (node("Conv", "x w1", strides=[2, 5]), line.format("1x1, stride = 2x5", "1x1", "4x2"))], weights)

    def test_bias(self):
        content = conv_model(nodes=[node("Conv", "x w b")],
                             initializers=[tensor("w", (4, 4, 1, 1)), tensor("b", [1, 2, 3, 4])])
        self.check(content, "res.conv %, % bias % window<1x1> : (tensor<1x4x8x8xf32>, tensor<4x4x1x1xf32>, "
                            "tensor<4xf32>) -> tensor<1x4x8x8xf32>")
        self.assertIn([1, 2, 3, 4], self.constants(self.imported(content)))

    def test_wrong_attributes(self):
        self.check_refused([(node("Conv", "x w", **attributes), problem) for attributes, problem in (
            (dict(strides=[0, 1]), "attribute 'strides': expected 1 to 65535, got 0"),
            (dict(strides=[1]), "attribute 'strides': expected 2 values, got 1"),
            (dict(strides=[2**40, 1]), "attribute 'strides': expected 1 to 65535, got 1099511627776"),
            (dict(strides=1.5), "attribute 'strides': expected a list of integers"),
            (dict(pads=[0, -1, 0, 0]), "attribute 'pads': expected 0 to 65535, got -1"),
            (dict(dilations=[1, 0]), "attribute 'dilations': expected 1 to 65535, got 0"),
            (dict(kernel_shape=[5, 3]), "attribute 'kernel_shape': expected the filter's 3x3, got 5x3"),
            (dict(group=0), "attribute 'group': expected 1 to 1048576, got 0"),
            (dict(group=3), "expected the number of filters to be a multiple of groups, got 4 filters and 3 groups"),
            (dict(group=2), "expected an input of 8 channels, got 4"),
            (dict(auto_pad="SAME"),
             "attribute 'auto_pad': expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, got 'SAME'"),
            (dict(auto_pad="VALID", pads=[1] * 4), "expected 'pads' or 'auto_pad', got both"),
            (dict(dilations=[4, 1]), "expected the window to fit into its padded input, got size 8 with pads 0 and 0 "
                                     "under a window that spans 9"),
            (dict(groups=1), "attribute 'groups': is unknown to this operator"))], [tensor("w", (4, 4, 3, 3))])

    def test_wrong_operands(self):
        weights = [tensor("w", (4, 4, 3, 3)), tensor("b", [1, 2, 3]), tensor("w3", (4, 4, 3)),
                   tensor("w0", (0, 4, 3, 3)),
                   tensor("wi", (4, 4, 3, 3), np.int64), tensor("wh", (4, 4, 3, 3), np.float16)]
        self.check_refused([
            (node("Conv", "x w b"), "bias 'b': expected a vector of 4 elements, got shape 3"),
            (node("Conv", "x x"), "unsupported: filter 'x' is computed at run time; expected a constant"),
            (node("Conv", "w w"), "unsupported: input 'w' is constant; expected a tensor that is computed at run time"),
            (node("Conv", "x"), "expected at least 2 inputs, got 1"),
            (node("Conv", "x w w w"), "expected at most 3 inputs, got 4"),
            (node("Conv", "x w3"), "expected a filter of rank 4, got shape 4x4x3"),
            (node("Conv", "x w0"), "filter 'w0': expected at least one element, got shape 0x4x3x3"),
            (node("Conv", "x wi"), "unsupported: filter 'wi' is of int64; expected float32"),
            (node("Conv", "x wh"), "tensor 'wh': expected float32, got float16")], weights)

    def test_other_numbers_of_axes(self):
        weights = [tensor("w1", (4, 4, 3)), tensor("w3", (4, 4, 3, 3, 3)), tensor("w0", (4, 4))]
        inputs = [info("x1", (1, 4, 8)), info("x3", (1, 4, 8, 8, 8)), info("x0", (1, 4))]
        self.check_refused([
            (node("Conv", "x1 w1"), "unsupported: a 1-D convolution; expected a 2-D one"),
            (node("Conv", "x3 w3"), "unsupported: a 3-D convolution; expected a 2-D one"),
            (node("Conv", "x0 w0"), "expected an input of rank 4, got shape 1x4"),
            (node("MaxPool", "x1", kernel_shape=[2]), "unsupported: a 1-D pooling; expected a 2-D one"),
            (node("AveragePool", "x3", kernel_shape=[2] * 3), "unsupported: a 3-D pooling; expected a 2-D one"),
            (node("GlobalAveragePool", "x1"), "unsupported: a 1-D pooling; expected a 2-D one")],
            weights, inputs=inputs)

    def test_results_have_32_bit_indices(self):
        self.check_refused([(node("Conv", "x w"),
                             "expected a result of 1 to 2147483647 elements, got shape 1x4x30000x60000")],
                           [tensor("w", (4, 1, 1, 1))], x=(1, 1, 30000, 60000))


class PointwiseTest(ImportCase):
    VECTORS = [tensor(name, (4,)) for name in ("s", "b", "m", "v")]

    def test_relu(self):
        self.check(model([node("Relu", "x")], x=(2, 3)), "res.relu % : tensor<2x3xf32>")

    def test_batch_norm(self):
        line = "res.batch_norm %, %, %, %, % epsilon {} : tensor<1x4x8x8xf32>, tensor<4xf32>"
        op = "BatchNormalization"
        self.check_nodes([
            (node(op, "x s b m v"), line.format("9.99999974E-6")),
            (node(op, "x s b m v", epsilon=0.5, momentum=0.25), line.format("5.000000e-01")),
            (node(op, "x s b m v", epsilon=0.5, training_mode=0), line.format("5.000000e-01"))], self.VECTORS)
        self.check_nodes([(node(op, "x s b m v", epsilon=0.5, spatial=1), line.format("5.000000e-01"))], self.VECTORS,
                         opset=7)

    def test_batch_norm_reads_its_operands_in_order(self):
        text = self.imported(model([node("BatchNormalization", "x s b m v")], self.VECTORS))
        names = dict(re.findall(r"#(loc\d*) = loc\(\"(.*?)\"\)", text))
        values = {value: names[loc] for value, loc in re.findall(r"(%\w+) = res\.constant .* loc\(#(\w+)\)", text)}
        operands = re.search(r"res\.batch_norm (.*?) epsilon", text).group(1).split(", ")
        self.assertEqual([values[operand] for operand in operands[1:]], ["s", "b", "m", "v"])

    def test_batch_norm_refused(self):
        op = "BatchNormalization"
        self.check_refused([
            (node(op, "x s b m v", training_mode=1), "unsupported: attribute 'training_mode': expected 0, got 1"),
            (node(op, "x s b m v", "y rm rv"),
             "unsupported: output 'rm' holds statistics of training; expected one output"),
            (node(op, "x s b m v", epsilon=-1.0),
             "attribute 'epsilon': expected a number of at least 0, got -1.000000e+00"),
            (node(op, "x s b m w"), "variance 'w': expected a vector of 4 elements, got shape 3"),
            (node(op, "x s b m v", spatial=1), "attribute 'spatial': is unknown to this operator")],
            self.VECTORS + [tensor("w", (3,))])
        self.check_refused([(node(op, "x s b m v"), "expected an input of rank 2 or more, got shape 4")], self.VECTORS,
                           x=(4,))
        self.check_refused([
            (node(op, "x s b m v", spatial=0), "unsupported: attribute 'spatial': expected 1, got 0"),
            (node(op, "x s b m v", training_mode=0), "attribute 'training_mode': is unknown to this operator")],
            self.VECTORS, opset=8)

    def test_add_of_activations(self):
        self.check(model([node("Add", "x x")]), "res.add %, % : tensor<1x4x8x8xf32>")

    def test_add_of_a_constant(self):
        affine = "res.affine %, %, % : tensor<1x4x8x8xf32>, tensor<4xf32>"
        channels = np.arange(4, dtype=np.float32)
        for operands, values, expected in (("x c", channels.reshape(1, 4, 1, 1), [0, 1, 2, 3]),
                                           ("c x", channels.reshape(4, 1, 1), [0, 1, 2, 3]),
                                           ("x c", 2.5, [2.5] * 4), ("x c", [2.5], [2.5] * 4),
                                           ("c x", [[[[2.5]]]], [2.5] * 4)):
            content = model([node("Add", operands)], [tensor("c", values)])
            self.check(content, affine)
            self.assertCountEqual(self.constants(self.imported(content)), [[1] * 4, expected])

    def test_add_of_a_large_constant_refers_to_the_file(self):
        content = model([node("Add", "x c")], [tensor("c", (1, 65, 1, 1))], x=(1, 65, 2, 2))
        self.assertEqual(self.weights(self.imported(content))["c"].tolist(), (np.arange(65) / 8).tolist())

    def test_add_after_matmul(self):
        self.check(model([node("MatMul", "x w", "h"), node("Add", "h b", name="a")],
                         [tensor("w", (4, 3)), tensor("b", (3,))], x=(2, 4)),
                   "res.gemm %, % : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>",
                   "res.affine %, %, % : tensor<2x3xf32>, tensor<3xf32>")

    def test_add_of_a_constant_map(self):
        self.check(model([node("Add", "x c")], [tensor("c", (4, 8, 8))]),
                   "res.reshape % : tensor<256xf32> -> tensor<4x8x8xf32>",
                   "res.reshape % : tensor<4x8x8xf32> -> tensor<1x4x8x8xf32>", "res.add %, % : tensor<1x4x8x8xf32>")

    def test_add_refused(self):
        shapes = ((8,), (1, 1, 8, 1), (1, 1, 4, 1, 1), (1, 8, 1, 1))
        self.check_refused([(node("Add", f"x c{i}"),
                             "unsupported: adds tensors of shapes 1x4x8x8 and " + "x".join(map(str, shape)) +
                             "; expected equal sizes, or 1 along images, channels, or rows and columns")
                            for i, shape in enumerate(shapes)], [tensor(f"c{i}", s) for i, s in enumerate(shapes)])

    def test_sum_and_mean(self):
        add, affine = "res.add %, % : tensor<1x4x8x8xf32>", "res.affine %, %, % : tensor<1x4x8x8xf32>, tensor<4xf32>"
        self.check(model([node("Relu", "x", "h"), node("Sum", "h")]), "res.relu % : tensor<1x4x8x8xf32>")
        self.check(model([node("Sum", "x x")]), add)
        self.check(model([node("Sum", "x c x x")], [tensor("c", 2.5)]), affine, add, add)
        content = model([node("Mean", "x x x x")])
        self.check(content, add, add, add, affine)
        self.assertCountEqual(self.constants(self.imported(content)), [[0.25] * 4, [0] * 4])
        self.check_refused([(node("Sum", ""), "expected at least 1 inputs, got 0"),
                            (node("Mean", "c"), "unsupported: input 'c' is constant; expected a tensor that is computed at run time")],
                           [tensor("c", 2.5)])

    def test_batch_norm_of_other_ranks(self):
        self.check(model([node("BatchNormalization", "x s b m v", epsilon=0.5)], self.VECTORS, x=(2, 4, 3, 5, 7)),
                   "res.reshape % : tensor<2x4x3x5x7xf32> -> tensor<2x4x1x105xf32>",
                   "res.batch_norm %, %, %, %, % epsilon 5.000000e-01 : tensor<2x4x1x105xf32>, tensor<4xf32>",
                   "res.reshape % : tensor<2x4x1x105xf32> -> tensor<2x4x3x5x7xf32>")

    def test_what_does_nothing(self):
        inserted = [node("Identity", "h", "a"), node("Dropout", "a", "b mask", ratio=0.5),
                    node("Concat", "b", "c", axis=1),
                    node("Cast", "c", "d", to=TensorProto.FLOAT),
                    node("AveragePool", "d", "y", kernel_shape=[1, 1], strides=[1, 1], pads=[0] * 4,
                         count_include_pad=1)]
        self.check(model([node("Relu", "x", "h")] + inserted, opset=10), "res.relu % : tensor<1x4x8x8xf32>")
        self.check(model([node("Relu", "x", "h"), node("Dropout", "h ratio mode", seed=1)],
                         [tensor("ratio", 0.5), tensor("mode", False, bool)]), "res.relu % : tensor<1x4x8x8xf32>")

    def test_dropout_refused(self):
        self.check_refused([(node("Dropout", "x  mode"),
                             "unsupported: input 'training_mode': expected false, got true"),
                            (node("Dropout", "x  x"),
                             "unsupported: training_mode 'x' is computed at run time; expected a constant"),
                            (node("Dropout", "x  two"), "expected one bool as 'training_mode'"),
                            (node("Dropout", "x  float"), "expected one bool as 'training_mode'")],
                           [tensor("mode", True, bool), tensor("two", [True, False], bool), tensor("float", [1.0])])
        self.check_problem(model([node("Dropout", "x", "y mask")], outputs=("y", "mask")),
                           "unsupported node 'n' (Dropout): output 'mask' is used; expected only the first to be")


class PoolTest(ImportCase):
    GLOBAL = "res.global_avg_pool % : tensor<1x4x8x8xf32> -> tensor<1x4x1x1xf32>"

    def test_max_pool(self):
        line = "res.max_pool % window<{}> : tensor<1x4x8x7xf32> -> tensor<1x4x{}xf32>"
        pool3 = dict(kernel_shape=[3, 3], strides=[2, 2])
        self.check_nodes([(node("MaxPool", "x", **attributes), line.format(*expected)) for attributes, expected in (
            (dict(pads=[1] * 4, ceil_mode=0, storage_order=0, **pool3),
             ("3x3, stride = 2x2, pad = [1, 1, 1, 1]", "4x4")),
            (dict(kernel_shape=[2, 3], dilations=[2, 1]), ("2x3, dilation = 2x1", "6x5")),
            (dict(ceil_mode=1, **pool3), ("3x3, stride = 2x2, pad = [0, 0, 1, 0]", "4x3")),
            # A position that would start in the padding at the end does not count.
            (dict(ceil_mode=1, kernel_shape=[1, 1], strides=[3, 4]), ("1x1, stride = 3x4", "3x2")),
            (dict(ceil_mode=1, kernel_shape=[9, 2], strides=[2, 2]), ("9x2, stride = 2x2, pad = [0, 0, 1, 1]", "1x4")),
            (dict(auto_pad="SAME_LOWER", kernel_shape=[2, 2]), ("2x2, pad = [1, 1, 0, 0]", "8x7")))], x=(1, 4, 8, 7))

    def test_max_pool_refused(self):
        two = dict(kernel_shape=[2, 2])
        self.check_refused([(node("MaxPool", "x", **attributes), problem) for attributes, problem in (
            (dict(storage_order=1, **two), "unsupported: attribute 'storage_order': expected 0, got 1"),
            (dict(auto_pad="SAME_UPPER", dilations=[2, 2], **two),
             "unsupported: attribute 'auto_pad': expected NOTSET or VALID for a pooling with dilations, got "
             "SAME_UPPER"),
            (dict(strides=[2, 0], **two), "attribute 'strides': expected 1 to 65535, got 0"),
            (dict(ceil_mode=2, **two), "attribute 'ceil_mode': expected 0 to 1, got 2"),
            (dict(kernel_shape=[2]), "attribute 'kernel_shape': expected 2 values, got 1"),
            (dict(), "expected attribute 'kernel_shape'"),
            (dict(pads=[2, 0, 0, 0], **two),
             "attribute 'pads': expected every window to reach into the map, got pads 2 and 0 for a window that spans "
             "2"),
            (dict(pads=[0, 0, 0, 2], **two),
             "attribute 'pads': expected every window to reach into the map, got pads 0 and 2 for a window that spans "
             "2"),
            (dict(kernel_shape=[9, 1]),
             "expected the window to fit into its padded input, got size 8 with pads 0 and 0 under a window that "
             "spans 9"))])
        self.check_problem(model([node("MaxPool", "x", "y i", **two)], outputs=("y", "i")),
                           "unsupported node 'n' (MaxPool): output 'i' is used; expected only the first to be")

    def test_spellings_of_global_pooling(self):
        orders = ([2, 3], [3, 2], [-1, -2], [2, -1])
        self.check_nodes([(node("GlobalAveragePool", "x"), self.GLOBAL),
                          (node("AveragePool", "x", kernel_shape=[8, 8], count_include_pad=1, ceil_mode=1),
                           self.GLOBAL)] +
                         [(node("ReduceMean", "x", axes=axes, keepdims=1), self.GLOBAL) for axes in orders], opset=13)
        self.check_nodes([(node("ReduceMean", f"x a{i}", noop_with_empty_axes=0), self.GLOBAL) for i in range(4)],
                         [ints(f"a{i}", axes) for i, axes in enumerate(orders)], opset=18)

    def test_reduce_mean_without_keepdims_reshapes(self):
        for content in (model([node("ReduceMean", "x", axes=[2, 3], keepdims=0)], opset=11),
                        model([node("ReduceMean", "x a", keepdims=0)], [ints("a", [-1, -2])], opset=20)):
            self.check(content, self.GLOBAL, "res.reshape % : tensor<1x4x1x1xf32> -> tensor<1x4xf32>")

    def test_reduce_mean_without_axes(self):
        nodes = [node("Relu", "x", "h"), node("ReduceMean", "h", "i", noop_with_empty_axes=1),
                 node("ReduceMean", "i a", "y", noop_with_empty_axes=1)]
        self.check(model(nodes, [ints("a", [])], opset=18), "res.relu % : tensor<1x4x8x8xf32>")

    def test_reduce_mean_refused(self):
        expected = "; expected all spatial axes, 2 and 3 of rank 4"
        self.check_refused([
            (node("ReduceMean", "x", axes=[1]), "unsupported: means over axes 1 of a tensor of rank 4" + expected),
            (node("ReduceMean", "x", axes=[2]), "unsupported: means over axes 2 of a tensor of rank 4" + expected),
            (node("ReduceMean", "x", axes=[2, 2]),
             "unsupported: means over axes 2, 2 of a tensor of rank 4" + expected),
            (node("ReduceMean", "x"), "unsupported: means over axes 0, 1, 2, 3 of a tensor of rank 4" + expected),
            (node("ReduceMean", "z", axes=[-1]), "unsupported: means over axes 2 of a tensor of rank 3" + expected),
            (node("ReduceMean", "x", axes=[4]), "expected axes from -4 to 3, got 4")],
            inputs=[info("x", (1, 4, 8, 8)), info("z", (1, 4, 8))], opset=13)
        self.check_refused([
            (node("ReduceMean", "x x"), "unsupported: axes 'x' is computed at run time; expected a constant"),
            (node("ReduceMean", "x", axes=[2, 3]), "attribute 'axes': is unknown to this operator")], opset=18)

    def test_average_pool(self):
        shapes = "tensor<1x4x8x8xf32> -> tensor<1x4x4x4xf32>"
        pads = dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
        window = "window<3x3, stride = 2x2, pad = [1, 1, 1, 1]>"
        self.check_nodes([
            (node("AveragePool", "x", **pads), f"res.avg_pool % {window} : {shapes}"),
            (node("AveragePool", "x", count_include_pad=1, **pads),
             f"res.avg_pool % {window} count_include_pad : {shapes}"),
            (node("AveragePool", "x", kernel_shape=[2, 2], strides=[2, 2], count_include_pad=1, ceil_mode=1),
             f"res.avg_pool % window<2x2, stride = 2x2> : {shapes}"),
            (node("AveragePool", "x", kernel_shape=[2, 2], dilations=[2, 2]),
             "res.avg_pool % window<2x2, dilation = 2x2> : tensor<1x4x8x8xf32> -> tensor<1x4x6x6xf32>")], opset=19)

    def test_average_pool_that_rounds_up(self):
        """What ceil_mode adds never counts; pads of the node do with count_include_pad, which makes them a tensor's."""
        three = dict(kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
        line = "res.avg_pool % window<3x3, stride = 2x2, pad = [{}]> : tensor<1x4x{}xf32> -> tensor<1x4x{}xf32>"
        self.check_nodes([
            (node("AveragePool", "x", **three), line.format("0, 0, 1, 1", "8x8", "4x4")),
            (node("AveragePool", "x", count_include_pad=1, **three), line.format("0, 0, 1, 1", "8x8", "4x4")),
            (node("AveragePool", "x", pads=[1] * 4, **three), line.format("1, 1, 2, 2", "8x8", "5x5"))])
        self.check(model([node("AveragePool", "x", pads=[1] * 4, count_include_pad=1, **three)]),
                   "res.pad % at [0, 0, 1, 1] with 0.000000e+00 : tensor<1x4x8x8xf32> -> tensor<1x4x10x10xf32>",
                   line.format("0, 0, 1, 1", "10x10", "5x5"))

    def test_lrn(self):
        line = "res.lrn % size {} alpha {} beta {} bias {} : tensor<1x4x8x8xf32>"
        self.check_nodes([
            (node("LRN", "x", size=5), line.format(5, "9.99999974E-5", "7.500000e-01", "1.000000e+00")),
            (node("LRN", "x", size=2, alpha=0.5, beta=0.25, bias=2.0),
             line.format(2, "5.000000e-01", "2.500000e-01", "2.000000e+00"))])
        self.check(model([node("LRN", "x", size=1)], x=(2, 4, 3)), "res.reshape % : tensor<2x4x3xf32> -> tensor<2x4x1x3xf32>",
                   "res.lrn % size 1 alpha 9.99999974E-5 beta 7.500000e-01 bias 1.000000e+00 : tensor<2x4x1x3xf32>",
                   "res.reshape % : tensor<2x4x1x3xf32> -> tensor<2x4x3xf32>")
        self.check_refused([
            (node("LRN", "x"), "attribute 'size': expected a window of at least 1 channel, got 0"),
            (node("LRN", "x", size=5, bias=0.0), "unsupported: attributes 'alpha' and 'bias': expected at least 0 and more than 0, "
                                                 "got 0.0001 and 0"),
            (node("LRN", "x", size=5, beta=float("inf")),
             "expected finite numbers as 'alpha', 'beta' and 'bias', got 1.000000e-04, INF and 1.000000e+00")])
        self.check_refused([(node("LRN", "x", size=5), "expected an input of rank 2 or more, got shape 4")], x=(4,))


class LinearTest(ImportCase):
    def test_gemm(self):
        self.check_nodes([
            (node("Gemm", "x t", transB=1, alpha=1.0, beta=1.0, transA=0),
             "res.gemm %, % transposed : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>"),
            (node("Gemm", "x w"), "res.gemm %, % : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>"),
            (node("Gemm", "x w c", beta=0.0), "res.gemm %, % : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>")],
            [tensor("t", (3, 4)), tensor("w", (4, 3)), tensor("c", (3,))], x=(2, 4))

    def test_gemm_bias(self):
        for c, expected in (([1, 2, 3], [1, 2, 3]), ([[1, 2, 3]], [1, 2, 3]), (5, [5] * 3), ([5], [5] * 3),
                            ([[5]], [5] * 3)):
            content = model([node("Gemm", "x w c")], [tensor("w", (4, 3)), tensor("c", c)], x=(2, 4))
            self.check(content,
                       "res.gemm %, % bias % : (tensor<2x4xf32>, tensor<4x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>")
            self.assertIn(expected, self.constants(self.imported(content)))

    def test_gemm_alpha_and_beta(self):
        content = model([node("Gemm", "x w c", transB=1, alpha=0.5, beta=2.0)],
                        [tensor("w", (3, 4)), tensor("c", [1, 2, 3])], x=(2, 4))
        self.check(content, "res.scale_channels % by % : tensor<3x4xf32>, tensor<3xf32>",
                   "res.scale_shift %, %, % : tensor<3xf32>",
                   "res.gemm %, % bias % transposed : (tensor<2x4xf32>, tensor<3x4xf32>, tensor<3xf32>) -> "
                   "tensor<2x3xf32>")
        constants = self.constants(self.imported(content))
        for expected in ([0.5] * 3, [1, 2, 3], [2] * 3, [0] * 3):
            self.assertIn(expected, constants)
        self.check(model([node("Gemm", "x w", alpha=0.5)], [tensor("w", (4, 3))], x=(2, 4)),
                   "res.scale_channels % by % : tensor<4x3xf32>, tensor<4xf32>",
                   "res.gemm %, % : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>")

    def test_products_refused(self):
        shapes = "unsupported: multiplies tensors of shapes {}; expected two of rank 2"
        computed = "unsupported: weight 'x' is computed at run time; expected a constant"
        self.check_refused([
            (node("Gemm", "x w", transA=1), "unsupported: attribute 'transA': expected 0, got 1"),
            (node("Gemm", "z w"), shapes.format("1x2x4 and 4x3")),
            (node("Gemm", "x x"), computed),
            (node("Gemm", "x w c"),
             "unsupported: bias 'c' has shape 2x1; expected one value, or one for each of 3 columns"),
            (node("Gemm", "x w", transB=1), "expected an input of 3 columns, got 4"),
            (node("MatMul", "z w"), shapes.format("1x2x4 and 4x3")),
            (node("MatMul", "x v"), shapes.format("2x4 and 4")),
            (node("MatMul", "x x"), computed)],
            [tensor("w", (4, 3)), tensor("c", (2, 1)), tensor("v", (4,))],
            inputs=[info("x", (2, 4)), info("z", (1, 2, 4))])

    def test_matmul(self):
        self.check(model([node("MatMul", "x w")], [tensor("w", (4, 3))], x=(2, 4)),
                   "res.gemm %, % : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>")

    def test_softmax(self):
        for opset in (11, 13):
            self.check_nodes([(node("Softmax", "x", **attributes), "res.softmax % : tensor<2x5xf32>")
                              for attributes in (dict(axis=1), dict(axis=-1), dict())], x=(2, 5), opset=opset)

    def test_softmax_of_other_ranks(self):
        """Opset, axis and shape of the tensor, and the shape of the matrix."""
        for opset, axis, shape, rows in ((13, -1, (2, 4, 3, 5), "24x5"), (13, 1, (2, 4, 1, 1), "2x4"), (13, 0, (5,), "1x5"),
                                         (11, 1, (2, 4, 3, 5), "2x60"), (11, 0, (2, 5), "1x10"), (11, -1, (2, 4, 3, 5), "24x5")):
            with self.subTest(opset=opset, axis=axis, shape=shape):
                whole = "x".join(map(str, shape))
                self.check(model([node("Softmax", "x", axis=axis)], x=shape, opset=opset),
                           f"res.reshape % : tensor<{whole}xf32> -> tensor<{rows}xf32>", f"res.softmax % : tensor<{rows}xf32>",
                           f"res.reshape % : tensor<{rows}xf32> -> tensor<{whole}xf32>")

    def test_softmax_refused(self):
        problem = "unsupported: axis {} of a tensor of rank 4; expected the last axis, or one before axes of size 1"
        self.check_refused([(node("Softmax", "x", axis=axis), problem.format(axis)) for axis in (0, 1, -2)])


class ShapeTest(ImportCase):
    X = (2, 4, 3, 1)
    FLAT = "res.reshape % : tensor<2x4x3x1xf32> -> tensor<2x12xf32>"

    def test_spellings_of_flatten(self):
        shapes = ([2, 12], [-1, 12], [2, -1], [0, -1], [0, 12])
        self.check_nodes([(node("Flatten", "x", axis=1), self.FLAT), (node("Flatten", "x", axis=-3), self.FLAT),
                          (node("Flatten", "x"), self.FLAT), (node("Reshape", "x s0", allowzero=1), self.FLAT)] +
                         [(node("Reshape", f"x s{i}"), self.FLAT) for i in range(len(shapes))],
                         [ints(f"s{i}", shape) for i, shape in enumerate(shapes)], x=self.X)
        concat = [node("Constant", "", "a", value=ints("", [2])), node("Constant", "", "b", value_ints=[12]),
                  node("Concat", "a b", "s", axis=0), node("Reshape", "x s", allowzero=1)]
        self.check(model(concat, x=self.X), self.FLAT)

    def test_flatten_axes(self):
        self.check_nodes([(node("Flatten", "x", axis=axis),
                           f"res.reshape % : tensor<2x4x3x1xf32> -> tensor<{shape}xf32>")
                          for axis, shape in ((0, "1x24"), (2, "8x3"), (4, "24x1"))], x=self.X)
        self.check_refused([(node("Flatten", "x", axis=5), "attribute 'axis': expected -4 to 4, got 5")])

    def test_same_shape_is_nothing(self):
        self.check(model([node("Relu", "x", "h"), node("Flatten", "h")], x=(2, 4)), "res.relu % : tensor<2x4xf32>")

    def test_reshape_refused(self):
        got = "expected a shape of 24 elements as the input of shape 2x4x3x1 has, got "
        negative = "expected sizes of at least 0 and at most one -1 in the wanted shape, got "
        cases = (([5, 5], got + "5x5"), ([-1, 5], got + "-1x5"), ([0, 13], got + "0x13"),
                 ([2**62, 2**62, 4], got + f"{2**62}x{2**62}x4"), ([-1, -1], negative + "-1"),
                 ([-2, 12], negative + "-2"),
                 ([2, 4, 3, 1, 0], "expected a size at index 4 of the wanted shape, got 0 for an input of rank 4"))
        self.check_refused([(node("Reshape", f"x s{i}"), problem) for i, (_, problem) in enumerate(cases)] +
                           [(node("Reshape", "x z", allowzero=1), got + "0x12"),
                            (node("Reshape", "x f"),
                             "shape 'f': expected a short vector of integers, got shape 2 of float32"),
                            (node("Reshape", "x x"),
                             "unsupported: shape 'x' is computed at run time; expected a constant")],
                           [ints(f"s{i}", shape) for i, (shape, _) in enumerate(cases)] +
                           [ints("z", [0, 12]), tensor("f", [2.0, 12.0])], x=self.X)
        self.check_refused([(node("Reshape", "x z", allowzero=1),
                             "attribute 'allowzero': is unknown to this operator")],
                           [ints("z", [0, 12])], x=self.X, opset=13)

    def test_squeeze_and_unsqueeze(self):
        inputs = [info("x", (2, 4, 1, 1)), info("z", (2, 4))]
        squeezed = "res.reshape % : tensor<2x4x1x1xf32> -> tensor<2x4xf32>"
        unsqueezed = "res.reshape % : tensor<2x4xf32> -> tensor<2x1x4x1xf32>"
        axes = [ints("s", [-1, 2]), ints("u", [-1, 1]), ints("one", [1]), ints("twice", [1, 1]), ints("nine", [9]),
                ints("five", [0, 1, 2, 3, 4])]
        self.check_nodes([(node("Squeeze", "x s"), squeezed), (node("Squeeze", "x"), squeezed),
                          (node("Unsqueeze", "z u"), unsqueezed)], axes, inputs=inputs)
        self.check_nodes([(node("Squeeze", "x", axes=[2, 3]), squeezed),
                          (node("Unsqueeze", "z", axes=[3, 1]), unsqueezed)],
                         inputs=inputs, opset=11)
        self.check_refused([(node("Squeeze", "x one"), "expected size 1 at axis 1, got 4"),
                            (node("Unsqueeze", "x five"), "expected fewer dimensions, got shape 1x1x1x1x1x2x4x1x…"),
                            (node("Unsqueeze", "x twice"), "expected different axes, got 1 twice"),
                            (node("Unsqueeze", "x nine"), "expected axes from -5 to 4, got 9")], axes, inputs=inputs)


if __name__ == "__main__":
    unittest.main()
