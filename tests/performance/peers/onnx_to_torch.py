"""A torch module from the inference-time CNN subset of ONNX: static shapes, one input, one output."""


def onnx_to_torch(path):
    """The module of a model file; NotImplementedError names what it has no translation for."""
    import onnx
    import torch
    from onnx import numpy_helper
    graph = onnx.load(path).graph
    constants = {i.name: numpy_helper.to_array(i) for i in graph.initializer}

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.steps, self.names = [], {}

        def weight(self, name):
            if name not in self.names:
                key = self.names[name] = "w%d" % len(self.names)
                weight = torch.from_numpy(constants[name].copy())
                if weight.is_floating_point():
                    self.register_parameter(key, torch.nn.Parameter(weight, requires_grad=False))
                else:
                    self.register_buffer(key, weight)
            return self.names[name]

        def forward(self, x):
            values = {self.input: x}
            for function, operands, result in self.steps:
                values[result] = function(*(None if key is None else values[key] if computed else getattr(self, key)
                                            for computed, key in operands))
            return values[self.output]

    net = Net()
    net.input, net.output = [i.name for i in graph.input if i.name not in constants][0], graph.output[0].name
    for node in graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Constant":
            constants[node.output[0]] = numpy_helper.to_array(attributes["value"])
        elif node.op_type == "Identity" and node.input[0] in constants:
            constants[node.output[0]] = constants[node.input[0]]
        else:
            function, operands = translate(node, attributes, constants)
            operands = [(False, None) if not name else (False, net.weight(name)) if name in constants else (True, name)
                        for name in operands]
            net.steps.append((function, operands, node.output[0]))
    return net


def translate(node, a, constants):
    """(function of tensors, the names of its operands) for a node with the attributes `a`."""
    operands = list(node.input)
    if a.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise NotImplementedError("auto_pad")
    for family in (window_operation, matrix_operation, quantization, shape_operation):
        if found := family(node.op_type, operands, a, constants):
            return found if isinstance(found, tuple) else (found, operands)
    return elementwise(node.op_type, operands, a, constants), operands[:1] if node.op_type == "Clip" else operands


def split_pads(a, rank=2):
    pads = a.get("pads", [0] * 2 * rank)
    return pads[:rank], pads[rank:]


def padded(x, a, value=0.):
    """(x, pads that are left to the operation): unequal ones are made here."""
    import torch.nn.functional as F
    begin, end = split_pads(a)
    return (x, begin) if begin == end else (F.pad(x, [begin[1], end[1], begin[0], end[0]], value=value), [0, 0])


def integers(array):
    return [int(i) for i in array.reshape(-1)]


def window_operation(kind, operands, a, constants):
    import torch.nn.functional as F
    stride, dilation, groups = a.get("strides", [1, 1]), a.get("dilations", [1, 1]), a.get("group", 1)
    if kind == "Conv":
        def conv(x, w, b=None):
            x, pads = padded(x, a)
            return F.conv2d(x, w, b, stride, pads, dilation, groups)
        return conv
    if kind == "ConvTranspose":
        assert split_pads(a)[0] == split_pads(a)[1]
        return lambda x, w, b=None: F.conv_transpose2d(x, w, b, stride, split_pads(a)[0], a.get("output_padding", 0), groups,
                                                       dilation)
    if kind == "MaxPool":
        def max_pool(x):
            x, pads = padded(x, a, -float("inf"))
            return F.max_pool2d(x, a["kernel_shape"], stride, pads, dilation, bool(a.get("ceil_mode", 0)))
        return max_pool
    if kind == "AveragePool":
        begin, end = split_pads(a)
        assert begin == end
        return lambda x: F.avg_pool2d(x, a["kernel_shape"], stride, begin, bool(a.get("ceil_mode", 0)),
                                      bool(a.get("count_include_pad", 0)))
    if kind == "GlobalAveragePool":
        return lambda x: x.mean((2, 3), keepdim=True)
    return None


def matrix_operation(kind, operands, a, constants):
    import torch
    import torch.nn.functional as F
    if kind == "BatchNormalization":
        return lambda x, w, b, m, v: F.batch_norm(x, m, v, w, b, eps=a.get("epsilon", 1e-5))
    if kind == "MatMul":
        return torch.matmul
    if kind == "Gemm":
        assert a.get("alpha", 1.) == 1. and a.get("beta", 1.) == 1.
        return lambda x, w, b=None: F.linear(x.t() if a.get("transA") else x, w if a.get("transB") else w.t(), b)
    return None


def quantization(kind, operands, a, constants):
    """In the input's precision, so that a reference emulates it in fp64."""
    import torch

    def along_axis(x, scale):
        if scale.dim() == 0 or scale.numel() == 1:
            return scale
        return scale.reshape([-1 if i == a.get("axis", 1) else 1 for i in range(x.dim())])
    if kind == "QuantizeLinear":
        unsigned = operands[2:] and constants[operands[2]].dtype == "uint8"
        limits = (0, 255) if unsigned else (-128, 127)
        return lambda x, s, z: torch.clamp(torch.round(x / along_axis(x, s)) + along_axis(x, z), *limits)
    if kind == "DequantizeLinear":
        def dequantize(x, s, z=None):
            centred = x.to(s.dtype) if z is None else x.to(s.dtype) - along_axis(x, z).to(s.dtype)
            return centred * along_axis(x, s)
        return dequantize
    return None


def shape_operation(kind, operands, a, constants):
    """What an operand says as a constant becomes part of the function."""
    import torch
    import torch.nn.functional as F

    def constant(index):
        name = operands[index] if len(operands) > index else ""
        return constants[name] if name and constants[name].size else None
    first = operands[:1]
    if kind == "ReduceMean":
        axes = a.get("axes") or integers(constant(1))
        return lambda x: x.mean(axes, keepdim=bool(a.get("keepdims", 1))), first
    if kind == "Reshape":
        sizes = integers(constant(1))
        return lambda x: x.reshape([x.shape[i] if d == 0 else d for i, d in enumerate(sizes)]), first
    if kind in ("Squeeze", "Unsqueeze"):
        axes = integers(constant(1)) if len(operands) > 1 else a["axes"]
        if kind == "Squeeze":
            return lambda x: x.squeeze(axes), first
        return lambda x: x[tuple(None if i in axes else slice(None) for i in range(x.dim() + len(axes)))], first
    if kind == "Pad":
        pads = a.get("pads") or integers(constant(1))
        value, rank = float(constant(2)) if constant(2) is not None else a.get("value", 0.), len(pads) // 2
        return lambda x: F.pad(x, sum([[pads[i], pads[i + rank]] for i in reversed(range(rank))], []), value=value), first
    if kind == "Resize":
        scales = None if constant(2) is None else [float(v) for v in constant(2).reshape(-1)]
        sizes = integers(constant(3))[2:] if scales is None else None
        linear = a.get("mode", b"nearest") == b"linear"
        corners = {"align_corners": a.get("coordinate_transformation_mode", b"") == b"align_corners"} if linear else {}
        return lambda x: F.interpolate(x, size=sizes, scale_factor=None if sizes else scales[2:],
                                       mode="bilinear" if linear else "nearest", **corners), first
    if kind == "Flatten":
        if a.get("axis", 1) != 1:
            raise NotImplementedError("converter: Flatten of another axis than 1")
        return lambda x: x.flatten(1)
    return {"Concat": lambda *x: torch.cat(x, a["axis"]), "Transpose": lambda x: x.permute(a["perm"]),
            "Dropout": (lambda x: x, first), "Identity": (lambda x: x, first)}.get(kind)


def elementwise(kind, operands, a, constants):
    import torch
    import torch.nn.functional as F
    if kind == "Clip":
        least, most = a.get("min"), a.get("max")
        least = float(constants[operands[1]]) if len(operands) > 1 and operands[1] else least
        most = float(constants[operands[2]]) if len(operands) > 2 and operands[2] else most
        return lambda x: x.clamp(least, most)
    found = {"Softmax": lambda x: x.softmax(a.get("axis", -1)),
             "HardSigmoid": lambda x: (x * a.get("alpha", .2) + a.get("beta", .5)).clamp(0, 1),
             "LeakyRelu": lambda x: F.leaky_relu(x, a.get("alpha", .01)),
             "Relu": F.relu, "Sigmoid": torch.sigmoid, "Tanh": torch.tanh, "HardSwish": F.hardswish,
             "Add": lambda x, y: x + y, "Sub": lambda x, y: x - y, "Mul": lambda x, y: x * y,
             "Div": lambda x, y: x / y}.get(kind)
    if found is None:
        raise NotImplementedError("converter: " + kind)
    return found
