"""What a benchmark has to know of an ONNX model."""
import math
from typing import NamedTuple


class ModelInfo(NamedTuple):
    input: str
    shape: list
    flop: int        # 2 x multiply-adds of the convolutions and matrix products
    quantized: bool
    missing: int     # such layers whose shape is unknown


def model_info(path):
    """Of a model with one input and static shapes (a symbolic size counts as 1)."""
    import onnx
    model = onnx.load(path)
    weights = {i.name for i in model.graph.initializer}
    first = [i for i in model.graph.input if i.name not in weights][0]
    sizes = {i.name: list(i.dims) for i in model.graph.initializer}
    known = onnx.shape_inference.infer_shapes(model) if model.ByteSize() < 2e9 else model
    for value in [*known.graph.value_info, *known.graph.input, *known.graph.output]:
        sizes.setdefault(value.name, [d.dim_value for d in value.type.tensor_type.shape.dim])
    flop = missing = 0
    for node in model.graph.node:
        if node.op_type not in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
            continue
        output, weight, operand = (sizes.get(n) for n in (node.output[0], node.input[1], node.input[0]))
        if not output or not weight or not operand:
            missing += 1
        elif node.op_type == "Conv":
            flop += 2 * math.prod(output) * math.prod(weight[1:])
        elif node.op_type == "ConvTranspose":
            flop += 2 * math.prod(operand) * math.prod(weight[1:])
        else:
            flop += 2 * math.prod(output) * operand[-1]
    return ModelInfo(first.name, [d.dim_value or 1 for d in first.type.tensor_type.shape.dim], flop,
                     any(n.op_type == "QuantizeLinear" for n in model.graph.node), missing)
