"""The spellings of PyTorch's two exporters, as rewrites of a model that examples/models/make_resnet.py wrote.

Every function changes a ModelProto in place. Except untouched_batch_norm, whose network is another one, they keep what
the network computes. "Legacy" is torch.onnx.export(dynamo=False), "dynamo" the exporter behind torch.export.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def rewrite(model, op, function):
    """Replaces every node of type 'op' by the nodes that function(node) returns."""
    nodes = [new for node in model.graph.node for new in (function(node) if node.op_type == op else [node])]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def arrays(model):
    return {w.name: numpy_helper.to_array(w) for w in model.graph.initializer}


def set_arrays(model, values):
    """Makes 'values' the initializers, of which those that no node reads go."""
    used = {name for node in model.graph.node for name in node.input}
    del model.graph.initializer[:]
    model.graph.initializer.extend(numpy_helper.from_array(np.asarray(v), k) for k, v in values.items() if k in used)


def constant(name, value):
    """A Constant node as the legacy exporter writes it."""
    value = np.asarray(value, np.int64) if not isinstance(value, np.ndarray) else value
    return helper.make_node("Constant", [], [name], name=name + ".Constant", value=numpy_helper.from_array(value))


def set_attributes(node, **attributes):
    kept = [a for a in node.attribute if a.name not in attributes]
    del node.attribute[:]
    node.attribute.extend(kept + [helper.make_attribute(k, v) for k, v in attributes.items()])


def drop_attributes(node, *names):
    kept = [a for a in node.attribute if a.name not in names]
    del node.attribute[:]
    node.attribute.extend(kept)


def set_opset(model, opset, ir_version):
    """All operators of these networks mean the same from 13 to 20, but for attributes that are younger."""
    model.opset_import[0].version, model.ir_version = opset, ir_version
    if opset < 14:
        for node in model.graph.node:
            if node.op_type == "BatchNormalization":
                drop_attributes(node, "training_mode")


# ---- batch norm ----

def fold_batch_norm(model):
    """Into the convolution in front of it, as both exporters do unless told otherwise."""
    values = arrays(model)
    producers = {node.output[0]: node for node in model.graph.node}

    def fold(node):
        conv = producers[node.input[0]]
        gamma, beta, mean, var = (values[name].astype(np.float64) for name in node.input[1:])
        scale = gamma / np.sqrt(var + helper.get_node_attr_value(node, "epsilon"))
        weight = conv.input[1]
        values[weight] = (values[weight] * scale[:, None, None, None]).astype(np.float32)
        values[weight + "_bias"] = (beta - mean * scale).astype(np.float32)
        conv.input.append(weight + "_bias")
        conv.output[0] = node.output[0]
        return []

    rewrite(model, "BatchNormalization", fold)
    set_arrays(model, values)


def bias_before_batch_norm(model):
    """Gives every convolution a bias that the running mean of its batch norm takes away again."""
    values = arrays(model)
    convs = {node.output[0]: node for node in model.graph.node if node.op_type == "Conv"}
    for node in model.graph.node:
        if node.op_type == "BatchNormalization":
            conv, mean = convs[node.input[0]], node.input[3]
            bias = np.linspace(-1, 1, len(values[mean]), dtype=np.float32)
            values[conv.input[1] + "_bias"], values[mean] = bias, values[mean] + bias
            conv.input.append(conv.input[1] + "_bias")
    set_arrays(model, values)


def untouched_batch_norm(model):
    """The parameters of a batch norm before training, which are all equal. Changes what the network computes."""
    values = arrays(model)
    for node in model.graph.node:
        if node.op_type == "BatchNormalization":
            for name, value in zip(node.input[1:], (1, 0, 0, 1)):
                values[name] = np.full_like(values[name], value)
    set_arrays(model, values)


# ---- where weights are ----

def list_weights_as_inputs(model):
    """keep_initializers_as_inputs of the legacy exporter."""
    model.graph.input.extend(helper.make_tensor_value_info(w.name, w.data_type, w.dims)
                             for w in model.graph.initializer)


def share_equal_weights(model):
    """One copy of equal initializers stays, and the others become Identity nodes."""
    first, kept, copies = {}, [], []
    for weight in model.graph.initializer:
        key = (weight.data_type, tuple(weight.dims), weight.raw_data)
        if key in first:
            copies.append(helper.make_node("Identity", [first[key]], [weight.name], name=weight.name + ".Identity"))
        else:
            first[key] = weight.name
            kept.append(weight)
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    nodes = copies + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def weights_as_constants(model):
    nodes = [constant(k, v) for k, v in arrays(model).items()] + list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.node.extend(nodes)


def compute_missing_bias(model):
    """A bias of zeros as dynamo computes it before optimisation, with the type of the graph's input."""
    def add(node):
        if len(node.input) == 3:
            return [node]
        t = [f"{node.name}.val_{i}" for i in range(6)]
        node.input.append(t[5])
        return [helper.make_node("Shape", [node.input[1]], [t[0]], start=0, end=1),
                helper.make_node("Constant", [], [t[1]], value_ints=[1]),
                helper.make_node("Expand", [t[0], t[1]], [t[2]]),
                constant(t[3], np.zeros((), np.float32)),
                helper.make_node("CastLike", [t[3], "input"], [t[4]]),
                helper.make_node("Expand", [t[4], t[2]], [t[5]]), node]
    rewrite(model, "Conv", add)


def save_external(model, path):
    """Weights in '<file>.data' next to the model; small ones stay inside, as exporters leave them."""
    onnx.save_model(model, str(path), save_as_external_data=True, location=path.name + ".data", size_threshold=1024)


# ---- shapes of the input ----

def set_input(model, *sizes):
    """sizes: N, H, W; a string is a symbolic dimension."""
    batch, height, width = sizes
    classes = model.graph.output[0].type.tensor_type.shape.dim[1].dim_value
    for value, shape in ((model.graph.input[0], [batch, 3, height, width]), (model.graph.output[0], [batch, classes])):
        value.CopyFrom(helper.make_tensor_value_info(value.name, TensorProto.FLOAT, shape))


# ---- the head: global pooling and flattening ----

def mean_by_input(model):
    """Dynamo, opset 18: the axes of ReduceMean are an input."""
    def mean(node):
        axes = node.output[0] + ".axes"
        model.graph.initializer.append(numpy_helper.from_array(np.array([-1, -2], np.int64), axes))
        return [helper.make_node("ReduceMean", [node.input[0], axes], node.output, name=node.name,
                                 noop_with_empty_axes=0, keepdims=1)]
    rewrite(model, "GlobalAveragePool", mean)


def mean_by_attribute(model, keepdims=1):
    """Below opset 18 the axes are an attribute. Without keepdims nothing is left to flatten."""
    rewrite(model, "GlobalAveragePool", lambda node: [helper.make_node(
        "ReduceMean", node.input, node.output, name=node.name, axes=[3, -2], keepdims=keepdims)])
    if not keepdims:
        rewrite(model, "Flatten", lambda node: [helper.make_node("Identity", node.input, node.output, name=node.name)])


def average_pool(model, edge):
    """F.avg_pool2d over the whole edge x edge map."""
    rewrite(model, "GlobalAveragePool", lambda node: [helper.make_node(
        "AveragePool", node.input, node.output, name=node.name, kernel_shape=[edge] * 2, strides=[edge] * 2,
        pads=[0] * 4, ceil_mode=0, count_include_pad=1, auto_pad="NOTSET")])


def reshape(model, batch, features):
    """Dynamo: Reshape to constant sizes, of which the batch is a number or -1."""
    def flatten(node):
        model.graph.initializer.append(numpy_helper.from_array(np.array([batch, features], np.int64), "view.shape"))
        return [helper.make_node("Reshape", [node.input[0], "view.shape"], node.output, name=node.name, allowzero=1)]
    rewrite(model, "Flatten", flatten)


def reshape_by_concat(model, batch, features):
    """Dynamo before optimisation: the sizes are concatenated."""
    rewrite(model, "Flatten", lambda node: [
        helper.make_node("Constant", [], ["view.batch"], value_ints=[batch]),
        helper.make_node("Constant", [], ["view.features"], value_ints=[features]),
        helper.make_node("Concat", ["view.batch", "view.features"], ["view.shape"], axis=0),
        helper.make_node("Reshape", [node.input[0], "view.shape"], node.output, name=node.name, allowzero=1)])


def reshape_by_shape(model):
    """Legacy: x.view(x.size(0), -1)."""
    rewrite(model, "Flatten", lambda node: [
        helper.make_node("Shape", node.input, ["view.sizes"]), constant("view.axis", np.array(0)),
        helper.make_node("Gather", ["view.sizes", "view.axis"], ["view.batch"], axis=0), constant("view.zero", [0]),
        helper.make_node("Unsqueeze", ["view.batch", "view.zero"], ["view.batch1"]), constant("view.rest", [-1]),
        helper.make_node("Concat", ["view.batch1", "view.rest"], ["view.shape"], axis=0),
        helper.make_node("Reshape", [node.input[0], "view.shape"], node.output, name=node.name)])


# ---- shortcuts of option A ----

def compute_pads(model):
    """Legacy: PyTorch pads from the last dimension to the first, ONNX the other way round, and the exporter writes the
    conversion as nodes: pad with zeros to eight numbers, pairs, reversed, all begins before all ends."""
    values = arrays(model)

    def pad(node):
        before, after = values[node.input[1]][[1, 5]]
        t = [f"{node.name}.val_{i}" for i in range(14)]
        node.input[1] = t[13]
        return [constant(t[0], [2]),
                helper.make_node("ConstantOfShape", [t[0]], [t[1]],
                                 value=helper.make_tensor("", TensorProto.INT64, [1], [0])),
                constant(t[2], [0, 0, 0, 0, before, after]), helper.make_node("Concat", [t[2], t[1]], [t[3]], axis=0),
                constant(t[4], [-1, 2]), helper.make_node("Reshape", [t[3], t[4]], [t[5]]),
                constant(t[6], [0]), constant(t[7], [-1]), constant(t[8], [-(2**63) + 1]),
                helper.make_node("Slice", [t[5], t[7], t[8], t[6], t[7]], [t[9]]),
                helper.make_node("Transpose", [t[9]], [t[10]], perm=[1, 0]), constant(t[11], [-1]),
                helper.make_node("Reshape", [t[10], t[11]], [t[12]]),
                helper.make_node("Cast", [t[12]], [t[13]], to=TensorProto.INT64), node]

    rewrite(model, "Pad", pad)
    set_arrays(model, values)


# ---- attributes, names and metadata ----

# What the exporters write or leave out. A missing kernel_shape comes from the weight.
DEFAULTS = {"dilations": [1, 1], "group": 1, "auto_pad": "NOTSET", "ceil_mode": 0, "storage_order": 0, "alpha": 1.0,
            "beta": 1.0, "transA": 0, "training_mode": 0, "momentum": 0.9, "epsilon": np.float32(1e-5), "axis": 1}


def drop_default_attributes(model):
    for node in model.graph.node:
        names = [k for k, v in DEFAULTS.items() if any(a.name == k and helper.get_attribute_value(a) == v
                                                       for a in node.attribute)]
        for a in node.attribute:
            if (a.name, list(a.ints)) in (("strides", [1, 1]), ("pads", [0] * 4)):
                names.append(a.name)
        drop_attributes(node, *names, *(["kernel_shape"] if node.op_type == "Conv" else []))


def spell_default_attributes(model):
    for node in model.graph.node:
        more = {"Conv": ("auto_pad",), "MaxPool": ("auto_pad", "storage_order"), "Gemm": ("transA",)}
        set_attributes(node, **{name: DEFAULTS[name] for name in more.get(node.op_type, ())})


def add_metadata(model):
    """metadata_props on nodes and shapes of intermediate tensors with symbolic dimensions, as dynamo writes them."""
    for node in model.graph.node:
        for key, value in (("namespace", f": Net/{node.name}: torch.nn.modules.Module"),
                           ("pkg.torch.onnx.stack_trace", 'File "net.py", line 1, in forward\n    x = "\\"\n' * 20)):
            node.metadata_props.add(key=key, value=value)
    inferred = onnx.shape_inference.infer_shapes(model)
    for value in inferred.graph.value_info:
        if len(value.type.tensor_type.shape.dim) == 4:
            value.type.tensor_type.shape.dim[0].dim_param = "s77"
    model.graph.value_info.extend(inferred.graph.value_info)


def drop_node_names(model):
    for node in model.graph.node:
        node.name = ""


def collide_names(model):
    """Names that are no C identifiers and become equal if other characters are replaced."""
    def unlike(start, i):
        return start + "".join("./:-"[i >> 2 * k & 3] for k in range(5)) + "x"

    ends = {model.graph.input[0].name, model.graph.output[0].name, ""}
    old = [w.name for w in model.graph.initializer] + [o for node in model.graph.node for o in node.output]
    names = {name: unlike("t", i) for i, name in enumerate(old) if name not in ends}
    for i, node in enumerate(model.graph.node):
        node.name = unlike("n", i)
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for weight in model.graph.initializer:
        weight.name = names[weight.name]
