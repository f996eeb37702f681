"""The backend tests of the installed onnx package as models that resc can take.

A test feeds every tensor at run time, filters and axes as well. `variants` spells it as models that freeze more and more
of them into initializers; `folded` computes all of it at import.
"""
import re
import warnings
from collections import namedtuple
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, version_converter
from onnx.backend.test.loader import load_model_tests

ROOT = Path(__file__).resolve().parents[2]
NODE_TABLE = ROOT / "frontends/onnx/NodeTable.cpp"
LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
# Networks with weights that ConstantOfShape makes; of any operators, and too large for more than shapes and one run.
LIGHT_KIND = "light"
KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")
# What constants are made of. Tensors of other types are beyond what the importer claims, whatever the operator.
CLAIMED_TYPES = {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL}
# The networks of PyTorch were exported in opset 6, one before the oldest handled.
OLDEST_OPSET, CONVERTED_OPSET = 7, 9

# inputs: arrays by name, in the order of the graph. outputs: expected arrays. Bound of an element: atol + rtol * |expected|.
Case = namedtuple("Case", "name kind model inputs outputs rtol atol")
# inputs: what is fed at run time, by name. outputs: of this model.
Variant = namedtuple("Variant", "mode model inputs outputs")


def claimed_operators():
    """(oldest, newest) opset of each operator of the importer's table."""
    text = NODE_TABLE.read_text()
    newest = re.search(r"kNewest = (\d+);", text)[1]
    rows = re.findall(r'^ +\{"(\w+)", (\d+), (\w+),', text, re.MULTILINE)
    return {op: (int(first), int(newest if last == "kNewest" else last)) for op, first, last in rows}


def operators(model):
    return {node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}" for node in model.graph.node}


def subject(case):
    """The operator that a case is about, None where there are several."""
    ops = operators(case.model)
    ops = ops - {"Constant", "Identity"} or ops - {"Constant"} or ops
    return ops.pop() if len(ops) == 1 else None


def load_cases():
    """All cases whose operators are claimed, by name, and [(name, reason)] of those that are out of scope."""
    claimed, cases, skipped = set(claimed_operators()), {}, []
    for kind in KINDS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # onnx makes infinities and NaN on purpose
            tests = load_model_tests(kind=kind)
        for test in sorted(tests, key=lambda test: test.name):
            model = test.model or onnx.load(Path(test.model_dir) / "model.onnx")
            if operators(model) <= claimed:
                reason = out_of_scope(model)
                if reason:
                    skipped.append((test.name, reason))
                else:
                    cases[test.name] = make_case(test, kind, model)
    cases |= {path.stem: light_case(path) for path in sorted(LIGHT.glob("*.onnx"))}
    return cases, skipped


def light_case(path):
    """Fed, as onnx does it, with rising numbers in [0, 1)."""
    model = onnx.load(path)
    weights = {tensor.name for tensor in model.graph.initializer}
    shapes = {value.name: [size.dim_value for size in value.type.tensor_type.shape.dim]
              for value in model.graph.input if value.name not in weights}
    inputs = {name: (np.arange(np.prod(shape)).reshape(shape) / np.prod(shape)).astype(np.float32)
              for name, shape in shapes.items()}
    outputs = [read_array(file) for file in sorted(LIGHT.glob(f"{path.stem}_output_*.pb"))]
    return Case(path.stem, LIGHT_KIND, model, inputs, outputs, 1e-3, 1e-7)


def out_of_scope(model):
    """Why no constant and no activation can stand for a tensor of the model's ends; None if they can."""
    for value in [*model.graph.input, *model.graph.output]:
        if not value.type.HasField("tensor_type"):
            return "sequences and optional values"
        if value.type.tensor_type.elem_type not in CLAIMED_TYPES:
            return "other element types"
    return None


def make_case(test, kind, model):
    if test.data_sets:
        inputs, outputs = test.data_sets[0]
    else:
        folder = Path(test.model_dir) / "test_data_set_0"
        inputs, outputs = ([read_array(path) for path in sorted(folder.glob(f"{end}_*.pb"), key=number)] for end in ("input", "output"))
    if model.opset_import[0].version < OLDEST_OPSET:
        model = version_converter.convert_version(model, CONVERTED_OPSET)
    weights = {tensor.name for tensor in model.graph.initializer}
    names = [value.name for value in model.graph.input if value.name not in weights]
    return Case(test.name, kind, model, dict(zip(names, map(as_array, inputs))), list(map(as_array, outputs)), test.rtol, test.atol)


def number(path):
    return int(path.stem.split("_")[1])


def read_array(path):
    return numpy_helper.to_array(TensorProto.FromString(path.read_bytes()))


def as_array(value):
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)


def variants(case):
    """The models to try in turn: 'fed' freezes what no activation can be, integers, scalars and empty tensors; 'only-N' all but
    the N-th of the others, so filters, scales, slopes; 'constants' everything."""
    fed = [name for name, array in case.inputs.items() if array.dtype == np.float32 and array.ndim and array.size]
    if fed:
        yield Variant("fed", *freeze(case, fed))
    if case.kind == LIGHT_KIND:
        return
    for index, name in enumerate(fed if len(fed) > 1 else ()):
        yield Variant(f"only-{index}", *freeze(case, [name]))
    yield folded(case)


def freeze(case, fed):
    """The model with all inputs but `fed` as initializers, what it is fed, and its outputs."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    inputs = [value for value in model.graph.input if value.name in fed]
    frozen = [value for value in model.graph.input if value.name in case.inputs and value.name not in fed]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    model.graph.initializer.extend(numpy_helper.from_array(case.inputs[value.name], value.name) for value in frozen)
    return model, {name: case.inputs[name] for name in fed}, case.outputs


def folded(case):
    """Everything constant: each result, as a vector of its elements and its shape, times an activation [[1]]."""
    model, _, outputs = freeze(case, ())
    graph, one = model.graph, "conformance/one"
    results = [value.name for value in graph.output]
    wanted = [np.concatenate([output.ravel(), output.shape]).astype(np.float32).reshape(1, -1) for output in outputs]
    del graph.output[:]
    graph.input.append(helper.make_tensor_value_info(one, TensorProto.FLOAT, [1, 1]))

    def add(op, inputs, output, **attributes):
        graph.node.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def vector(name, values):
        graph.initializer.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    for result, output, row in zip(results, outputs, wanted):
        base = f"conformance/{result}"
        values = add("Cast", [result], base + "/values", to=TensorProto.FLOAT)
        shape = add("Cast", [add("Shape", [result], base + "/shape")], base + "/sizes", to=TensorProto.FLOAT)
        parts = [add("Reshape", [values, vector(base + "/size", [output.size])], base + "/flat")] if output.size else []
        both = add("Concat", [*parts, shape], base + "/both", axis=0)
        matrix = add("Reshape", [both, vector(base + "/row", [1, row.size])], base + "/matrix")
        graph.output.append(helper.make_tensor_value_info(add("MatMul", [one, matrix], base), TensorProto.FLOAT, row.shape))
    return Variant("constants", model, {one: np.ones((1, 1), np.float32)}, wanted)
