"""One node each: Resize, Upsample, ConvTranspose and their kind, as ONNX Runtime is asked for them.

Every case is (name, input shape, node's operator, attributes, initializers, opset)."""

import itertools

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper


def build(shape, operator, attributes, inputs, opset):
    """The node between two activations, as it stands in a network: its input and its output are in blocks. `inputs`: the
    arrays behind the first input, None for one that is left out."""
    names = ["" if array is None else f"i{index}" for index, array in enumerate(inputs)]
    weights = [numpy_helper.from_array(array, name) for array, name in zip(inputs, names) if name]
    nodes = [helper.make_node("Relu", ["x"], ["h"], name="in"),
             helper.make_node(operator, ["h", *names], ["g"], name="node", **attributes),
             helper.make_node("Relu", ["g"], ["y"], name="out")]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    checker.check_model(model)
    return model


def resizes():
    shape = [2, 20, 5, 7]
    scales = [np.array([1, 1, *factors], np.float32) for factors in ((2, 3), (2, 2), (0.6, 1.5))]
    sizes = np.array([2, 20, 8, 3], np.int64)
    coordinates = "asymmetric half_pixel pytorch_half_pixel align_corners".split()
    for mode, nearest in [("linear", None)] + [("nearest", n) for n in
                                                ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")]:
        for where in coordinates:
            attributes = {"mode": mode, "coordinate_transformation_mode": where}
            if nearest:
                attributes["nearest_mode"] = nearest
            # Corners inside a pixel are refused.
            for index, array in enumerate(scales[:2] if where == "align_corners" else scales):
                yield f"{mode} {nearest} {where} {index}", shape, "Resize", attributes, [None, array], 13
            yield f"{mode} {nearest} {where} sizes", shape, "Resize", attributes, [None, None, sizes], 13
    for mode, opset in itertools.product(("nearest", "linear"), (9, 10)):
        operator = "Upsample" if opset == 9 else "Resize"
        yield f"{operator} {mode} opset {opset}", shape, operator, {"mode": mode}, [scales[1]], opset


def transposed():
    random = np.random.default_rng(0)
    cases = (
        ({"strides": [2, 2]}, 2, 1), ({"strides": [2, 2], "pads": [1] * 4, "output_padding": [1, 1]}, 3, 1),
        ({"strides": [2, 2], "pads": [1] * 4}, 4, 1), ({"strides": [3, 2], "pads": [0, 1, 2, 0]}, 5, 1),
        ({"dilations": [2, 3], "strides": [2, 1]}, 3, 1), ({"pads": [1] * 4}, 3, 1), ({"strides": [3, 3]}, 2, 1),
        ({"strides": [2, 2], "output_shape": [12, 13], "auto_pad": "SAME_UPPER"}, 3, 1),
        ({"strides": [2, 2], "auto_pad": "SAME_LOWER"}, 3, 1), ({"strides": [2, 2], "pads": [2, 3, 1, 0]}, 3, 1),
        ({"strides": [2, 2], "pads": [1] * 4}, 4, 4), ({"strides": [2, 2]}, 2, 32))
    for index, (attributes, kernel, groups) in enumerate(cases):
        for filters in (32, 12) if groups == 1 else (32,):
            weight = random.standard_normal((32, filters // groups, kernel, kernel), np.float32) / np.float32(kernel * 5)
            bias = random.standard_normal(filters, np.float32)
            yield (f"{index} {attributes} to {filters}", [2, 32, 6, 7], "ConvTranspose", {**attributes, "group": groups},
                   [weight, bias] if index % 2 else [weight], 13)


def others():
    for mode, channels in itertools.product(("DCR", "CRD"), (64, 12)):
        yield f"{mode} {channels}", [2, channels, 5, 3], "DepthToSpace", {"mode": mode, "blocksize": 2}, [], 13
    yield "GlobalMaxPool", [2, 20, 9, 7], "GlobalMaxPool", {}, [], 13
