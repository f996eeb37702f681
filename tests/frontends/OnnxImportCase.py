"""Shared by the tests of the ONNX importer: models from nodes, and what the compiler says about them.

The environment variable RESC names the compiler.
"""
import os
import re
import subprocess
import tempfile
import unittest

import numpy as np
from onnx import TensorProto, helper, numpy_helper

COMMAND = [os.environ.get("RESC", "resc"), "compile"]
FLAGS = ["--emit", "imported", "-o", "-"]


def node(op, inputs, outputs="y", name="n", **attributes):
    return helper.make_node(op, inputs.split(" ") if inputs else [], outputs.split(), name=name, **attributes)


def tensor(name, shape_or_values, dtype=np.float32):
    """An initializer with raw_data: of a shape (a tuple), with different values, or of the given values."""
    if isinstance(shape_or_values, tuple):
        values = np.arange(int(np.prod(shape_or_values))).reshape(shape_or_values) / 8
    else:
        values = np.array(shape_or_values)
    return numpy_helper.from_array(values.astype(dtype), name)


def ints(name, values):
    return tensor(name, values, np.int64)


def info(name, shape, elem_type=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, elem_type, shape)


def model(nodes, initializers=(), x=(1, 4, 8, 8), outputs=("y",), opset=17, inputs=None):
    graph = helper.make_graph(list(nodes), "g", inputs or [info("x", x)], [info(name, None) for name in outputs],
                              list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def conv_model(**changes):
    """A convolution of 'x' by the 4x4x3x3 weight 'w', with changes to the arguments of `model`."""
    return model(**{"nodes": [node("Conv", "x w")], "initializers": [tensor("w", (4, 4, 3, 3))], **changes})


class ImportCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = os.path.realpath(folder.name)

    def write(self, content, name="model.onnx"):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.SerializeToString())
        return path

    def run_resc(self, content, *flags, name="model.onnx", **keywords):
        """`content` is a path, bytes or a model."""
        path = content if isinstance(content, str) else self.write(content, name)
        return subprocess.run(COMMAND + [path] + FLAGS + list(flags), capture_output=True, text=True, timeout=60,
                              errors="replace", **keywords)

    def imported(self, content, *flags, **keywords):
        """The module's text."""
        result = self.run_resc(content, *flags, **keywords)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def problems(self, content, *flags, **keywords):
        """The messages about a model that is refused."""
        result = self.run_resc(content, *flags, **keywords)
        self.assertEqual((result.returncode, result.stdout), (1, ""), result.stderr)
        return [re.sub(r"^.*?error: ", "", line) for line in result.stderr.splitlines()]

    def check(self, content, *expected, flags=()):
        """Compares the operations of @main, without weights, names of values and locations."""
        lines = []
        for line in self.imported(content, *flags).splitlines():
            line = re.sub(r" loc\(.*\)$", "", re.sub(r"%\w+", "%", line.strip()))
            line = line.removeprefix("% = ")
            if line.startswith("res.") and not line.startswith(("res.weight", "res.constant")):
                lines.append(line)
        self.assertEqual(lines, list(expected))

    def check_problem(self, content, *expected, flags=()):
        self.assertEqual(self.problems(content, *flags), list(expected))

    def check_nodes(self, cases, initializers=(), **keywords):
        """Imports nodes side by side; each case is a node and its line."""
        nodes = self.number(cases)
        self.check(model(nodes, initializers, outputs=[n.output[0] for n in nodes], **keywords),
                   *[line for _, line in cases])

    def check_refused(self, cases, initializers=(), **keywords):
        """Imports nodes side by side; each case is a node and its problem, with "unsupported: " in front of some."""
        nodes = self.number(cases)
        lines = []
        for n, (_, problem) in zip(nodes, cases):
            unsupported = problem.startswith("unsupported: ")
            lines.append(("unsupported " if unsupported else "") + f"node '{n.name}' ({n.op_type}): " +
                         problem.removeprefix("unsupported: "))
        lines.sort(key=lambda line: not line.startswith("unsupported "))
        self.check_problem(model(nodes, initializers, outputs=[n.output[0] for n in nodes], **keywords), *lines)

    @staticmethod
    def number(cases):
        """Gives the nodes of side-by-side cases different names and outputs."""
        for index, (n, _) in enumerate(cases):
            n.name = f"n{index}"
            n.output[0] = f"y{index}"
        return [n for n, _ in cases]

    @staticmethod
    def weights(text):
        """name -> values of each res.weight, read where it says."""
        found = {}
        for name, path, offset, shape in re.findall(
                r'res\.weight "(.*?)" in "(.*?)" at (\d+) : tensor<([\dx]+)xf32>', text):
            shape = tuple(map(int, shape.split("x")))
            with open(path, "rb") as file:
                file.seek(int(offset))
                found[name] = np.frombuffer(file.read(4 * int(np.prod(shape))), "<f4").reshape(shape)
        return found

    @staticmethod
    def constants(text):
        """The values of each res.constant, in order."""
        found = []
        for values, shape in re.findall(r"res\.constant dense<(.*?)> : tensor<(.*?)>", text):
            shape = tuple(int(size) for size in shape.split("x")[:-1])
            if values.startswith('"0x'):
                values = np.frombuffer(bytes.fromhex(values[3:-1]), "<f4").reshape(shape)
            else:
                values = np.array(eval(values), dtype=np.float32)  # nested lists of numbers
            found.append(np.broadcast_to(values, shape).tolist())
        return found
