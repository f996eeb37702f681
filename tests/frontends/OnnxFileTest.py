"""What the ONNX importer makes of files: those that are no models, and all places where weights can be."""
import os
import re
import struct
import tempfile
import unittest

import numpy as np
from onnx import TensorProto, helper

from OnnxImportCase import ImportCase, conv_model, info, node, tensor


def field(number, body):
    """A length-delimited field of a protobuf message."""
    size, header = len(body), bytes([number << 3 | 2])
    while size > 127:
        header, size = header + bytes([size & 127 | 128]), size >> 7
    return header + bytes([size]) + body


class FileTest(ImportCase):
    def check_no_model(self, content, reason=None):
        path = self.write(content)
        problem, = self.problems(path)
        prefix = f"'{path}' is not an ONNX model: "
        self.assertTrue(problem.startswith(prefix), problem)
        if reason:
            self.assertEqual(problem, prefix + reason)

    def test_no_file(self):
        path = os.path.join(self.folder, "none.onnx")
        self.check_problem(path, f"cannot read '{path}': No such file or directory")
        self.check_problem(self.folder, f"cannot read '{self.folder}': expected a regular file")
        os.mkfifo(path)
        self.check_problem(path, f"cannot read '{path}': expected a regular file")

    def test_empty_file(self):
        self.check_no_model(b"", "the file is empty")

    def test_text_files(self):
        self.check_no_model(b"hello, this is no model\n", "malformed at byte 2: unknown kind of field")
        self.check_no_model(b"#!/usr/bin/env python3\nprint('hello')\n")
        self.check_no_model(b"ir_version: 8\ngraph {\n}\n")

    def test_random_files(self):
        for seed in range(10):
            self.check_no_model(np.random.default_rng(seed).bytes(2000))
        self.check_no_model(bytes(1000), "malformed at byte 0: expected a field of a protobuf message")

    def test_truncated_files(self):
        content = conv_model(nodes=[node("Conv", "x w", "h"), node("Relu", "h")]).SerializeToString()
        for size in (1, 2, 3, 4, 5, 20, 50, 100, 300, len(content) - 3):
            self.assertEqual(len(self.problems(content[:size])), 1, size)
        graph = next(size for size in range(len(content)) if content.endswith(field(8, content[-size:])))
        self.check_no_model(content[:300],
                            f"malformed at byte 2: expected a field of {len(content) - 5 - graph - 2} bytes, "
                            "got 295 (is the file cut short?)")

    def test_other_messages(self):
        self.check_no_model(conv_model().opset_import[0], "it has no graph with nodes")
        self.check_no_model(info("x", (1,)))
        self.check_no_model(field(7, field(1, b"\x0a\x80")), "malformed at byte 4: expected a length")
        self.check_no_model(field(7, field(5, b"\x0a\x01\x80")), "its fields have other types")


class WeightCase(ImportCase):
    """Models whose only weight has VALUES."""

    VALUES = (np.arange(144, dtype=np.float32).reshape(4, 4, 3, 3) - 70) / 16

    def check_weight(self, content, **keywords):
        weights = self.weights(self.imported(content, **keywords))
        np.testing.assert_array_equal(weights["w"], self.VALUES)

    def check_tensor_problem(self, content, problem):
        self.check_problem(content, f"node 'n' (Conv): tensor 'w': {problem}")


class WireTest(WeightCase):
    DIMS = b"\x0a\x04\x04\x04\x03\x03" + b"\x10\x01"  # packed dims 4, 4, 3, 3; float

    def with_tensor(self, fields):
        """A model whose initializer 'w' has these serialized fields. Protobuf merges both parts of the graph."""
        return conv_model(initializers=[]).SerializeToString() + field(7, field(5, field(8, b"w") + fields))

    def test_raw_data_at_any_alignment(self):
        for padding in range(1, 5):
            content = conv_model(initializers=[tensor("w", self.VALUES)])
            content.producer_name = "p" * padding
            self.check_weight(content)

    def test_packed_float_data(self):
        self.check_weight(conv_model(initializers=[
            helper.make_tensor("w", TensorProto.FLOAT, self.VALUES.shape, self.VALUES.ravel().tolist())]))

    def test_float_data_in_pieces(self):
        data = self.VALUES.tobytes()
        for fields in (b"".join(b"\x25" + struct.pack("<f", value) for value in self.VALUES.ravel()),
                       field(4, data[:256]) + field(4, data[256:])):
            text = self.imported(self.with_tensor(self.DIMS + fields))
            self.assertEqual(self.constants(text), [self.VALUES.tolist()])

    def test_the_last_raw_data_counts(self):
        self.check_weight(self.with_tensor(self.DIMS + field(9, bytes(16)) + field(9, self.VALUES.tobytes())))

    def test_data_that_looks_like_a_stand_in(self):
        content = conv_model(initializers=[tensor("w", np.zeros((4, 1, 1, 1)))], x=(1, 1, 2, 2))
        self.assertEqual(self.constants(self.imported(content)), [np.zeros((4, 1, 1, 1)).tolist()])

    def test_small_weights_stand_in_the_text(self):
        for shape, expected in (((1, 4, 4, 4), (1, 0)), ((1, 5, 13, 1), (0, 1))):
            text = self.imported(conv_model(initializers=[tensor("w", shape)], x=(1, shape[1], 20, 20)))
            self.assertEqual((text.count("res.constant"), text.count("res.weight")), expected)

    def test_wrong_sizes(self):
        for fields, problem in (
                (field(9, bytes(16)), "expected 576 bytes for shape 4x4x3x3 of float32, got 16"),
                (field(9, bytes(580)), "expected 576 bytes for shape 4x4x3x3 of float32, got 580"),
                (field(9, bytes(8)), "expected 576 bytes for shape 4x4x3x3 of float32, got 8"),
                (field(4, bytes(16)), "expected 576 bytes for shape 4x4x3x3 of float32, got 16"),
                (field(4, bytes(8)), "expected 144 elements for shape 4x4x3x3, got 2"),
                (b"", "expected 144 elements for shape 4x4x3x3, got 0"),
                (field(9, b"a") + field(4, bytes(8)), "expected raw data or typed data, got both"),
                (field(3, b"\x08\x01"), "data in segments is not handled")):
            self.check_tensor_problem(self.with_tensor(self.DIMS + fields), problem)

    def test_wrong_dimensions(self):
        for dims, shown in (((-1, 4), "-1x4"), ((2**62, 2**62), f"{2**62}x{2**62}"), ((1,) * 9, "1x1x1x1x1x1x1x1x…"),
                            ((0, 2**40, 2**40), f"0x{2**40}x{2**40}")):
            weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims, raw_data=b"")
            self.check_tensor_problem(conv_model(initializers=[weight]),
                                      f"expected at most 8 dimensions of sensible size, got {shown}")

    def test_broken_tensors_are_reported_once(self):
        nodes = [node("Conv", "x w", "a"), node("Conv", "x w", "b"), node("Add", "a b")]
        weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=(4,), raw_data=b"abc")
        self.check_tensor_problem(conv_model(nodes=nodes, initializers=[weight]),
                                  "expected 16 bytes for shape 4 of float32, got 3")


class ExternalDataTest(WeightCase):
    def external(self, offset=None, length=None, location="weights.bin"):
        weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=self.VALUES.shape,
                             data_location=TensorProto.EXTERNAL)
        for key, value in (("location", location), ("offset", offset), ("length", length)):
            if value is not None:
                weight.external_data.add(key=key, value=str(value))
        return conv_model(initializers=[weight])

    def test_good(self):
        self.write(b"abc" + self.VALUES.tobytes() + b"rest", "weights.bin")
        self.check_weight(self.external(offset=3, length=576))
        self.check_weight(self.external(offset=3))
        self.write(self.VALUES.tobytes(), "sub/weights.bin")
        self.check_weight(self.external(location="./sub/weights.bin"))

    def test_relative_to_the_model(self):
        self.write(self.VALUES.tobytes(), "deep/weights.bin")
        path = self.write(self.external(), "deep/model.onnx")
        with tempfile.TemporaryDirectory() as elsewhere:
            self.check_weight(os.path.relpath(path, elsewhere), cwd=elsewhere)

    def test_takes_part_in_the_hash(self):
        hashes = set()
        for values in (self.VALUES, self.VALUES + 1):
            self.write(values.tobytes(), "weights.bin")
            hashes.add(re.search(r'res\.hash = "(.*?)"', self.imported(self.external())).group(1))
        self.assertEqual(len(hashes), 2)

    def test_missing(self):
        self.check_tensor_problem(self.external(), "external data file 'weights.bin': No such file or directory")
        self.write(b"", "folder/x")
        self.check_tensor_problem(self.external(location="folder"),
                                  "external data file 'folder': expected a regular file")

    def test_too_short(self):
        short = "external data file 'weights.bin' is too short: expected 576 bytes at offset "
        self.write(bytes(575), "weights.bin")
        self.check_tensor_problem(self.external(), short + "0, got a file of 575 bytes")
        self.write(bytes(1000), "weights.bin")
        for offset in (425, 1001, 2**64 - 1):
            self.check_tensor_problem(self.external(offset=offset), short + f"{offset}, got a file of 1000 bytes")
        self.check_tensor_problem(self.external(length=100),
                                  "expected 576 bytes of external data for shape 4x4x3x3 of float32, got 100")

    def test_outside_the_folder(self):
        self.write(self.VALUES.tobytes(), "weights.bin")
        for location in ("../weights.bin", "a/../../weights.bin", ".."):
            path = self.write(self.external(location=location), "deep/model.onnx")
            self.check_tensor_problem(path, f"external data file '{location}' lies outside the model's folder")
        location = os.path.join(self.folder, "weights.bin")
        self.check_tensor_problem(self.external(location=location),
                                  f"external data file '{location}' has an absolute path; expected one relative to the "
                                  "model's folder")

    def test_links(self):
        self.write(self.VALUES.tobytes(), "weights.bin")
        path = self.write(self.external(location="link"), "deep/model.onnx")
        os.symlink("../weights.bin", os.path.join(self.folder, "deep/link"))
        self.check_tensor_problem(path, "external data file 'link' lies outside the model's folder")
        # A store of files by content links both: the data lies beside the model's target.
        self.write(self.external(), "store/model")
        self.write(self.VALUES.tobytes(), "store/data")
        os.makedirs(os.path.join(self.folder, "view"))
        for name, target in (("model.onnx", "../store/model"), ("weights.bin", "../store/data")):
            os.symlink(target, os.path.join(self.folder, "view", name))
        self.check_weight(os.path.join(self.folder, "view/model.onnx"))

    def test_wrong_entries(self):
        self.write(self.VALUES.tobytes(), "weights.bin")
        self.check_tensor_problem(self.external(location=None), "expected the location of external data")
        self.check_tensor_problem(self.external(location="a\0b"),
                                  "external data file 'a?b': expected the name of a file")
        self.check_tensor_problem(self.external(offset=-1),
                                  "expected a number as the offset of external data, got '-1'")
        self.check_tensor_problem(self.external(length="x"),
                                  "expected a number as the length of external data, got 'x'")


if __name__ == "__main__":
    unittest.main()
