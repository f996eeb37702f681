"""What the ONNX importer makes of whole graphs: the module, inputs and their sizes, outputs, and mistakes."""
import re
import unittest

import onnx
from onnx import TensorProto, helper

from OnnxImportCase import ImportCase, conv_model, info, ints, model, node, tensor

NEWEST_OPSET = 28
RELU = "res.relu % : tensor<1x4x8x8xf32>"


class ModuleTest(ImportCase):
    def test_signature_and_attributes(self):
        text = self.imported(model([node("Relu", "in")], inputs=[info("in", (1, 3, 7, 9))]))
        self.assertRegex(text, r'func\.func @main\(%\w+: tensor<1x3x7x9xf32> \{res\.name = "in"\}')
        self.assertRegex(text, r'-> \(tensor<1x3x7x9xf32> \{res\.name = "y"\}\)')
        self.assertIn('res.phase = "imported"', text)
        self.assertRegex(text, r'res\.hash = "xxh3:[0-9a-f]{32}"')

    def test_model_name_is_an_identifier(self):
        for name, expected in (("resnet18.ts13.onnx", "resnet18_ts13"), ("2-stage né.onnx", "model_2_stage_n__"),
                               ("_a.onnx", "_a")):
            self.assertIn(f'res.model = "{expected}"', self.imported(model([node("Relu", "x")]), name=name))

    def test_hash_is_of_the_content(self):
        def hash_of(path, node_name):
            text = self.imported(model([node("Relu", "x", name=node_name)]), name=path)
            return re.search(r'res\.hash = "(.*?)"', text).group(1)
        self.assertEqual(hash_of("a.onnx", "n"), hash_of("b.onnx", "n"))
        self.assertNotEqual(hash_of("a.onnx", "n"), hash_of("a.onnx", "m"))

    def test_several_inputs_and_outputs(self):
        text = self.imported(model([node("Add", "a b", "c"), node("Relu", "c", "d")],
                                   inputs=[info("a", (1, 4)), info("b", (1, 4))], outputs=("d", "c")))
        self.assertRegex(text, r'%\w+: tensor<1x4xf32> \{res\.name = "a"\}.*%\w+: tensor<1x4xf32> \{res\.name = "b"\}')
        self.assertRegex(text, r'-> \(tensor<1x4xf32> \{res\.name = "d"\}, tensor<1x4xf32> \{res\.name = "c"\}\)')

    def test_outputs_are_tensors_of_their_own(self):
        relayout = "res.relayout % : tensor<1x4x8x8xf32> -> tensor<1x4x8x8xf32>"
        self.check(model([node("Identity", "x")]), relayout)
        self.check(model([node("Relu", "x"), node("Identity", "y", "z")], outputs=("y", "z")), RELU, relayout)

    def test_locations_are_node_names(self):
        text = self.imported(model([node("Relu", "x", "h", name="/layer1/relu"), node("Flatten", "h", "y", name="")]))
        names = dict(re.findall(r"#(loc\d*) = loc\((\".*?\")\)", text))
        for op, name in (("relu", '"/layer1/relu"'), ("reshape", '"Flatten:y"')):
            location = re.search(rf"res\.{op} .* loc\(#?(.*)\)$", text, re.MULTILINE).group(1)
            self.assertEqual(names.get(location, location), name)

    def test_names_need_not_be_identifiers(self):
        relu = helper.make_node("Relu", ['in "1"\n'], ["out:0"])
        text = self.imported(model([relu], inputs=[info('in "1"\n', (1, 2))], outputs=["out:0"]))
        self.assertIn(r'res.name = "in \221\22\0A"', text)
        self.assertIn('res.name = "out:0"', text)

    def test_opsets(self):
        for opset in (7, 13, 20, NEWEST_OPSET):
            self.check(model([node("Relu", "x")], opset=opset), RELU)
        self.check_problem(conv_model(nodes=[node("Conv", "x w", "h"), node("Relu", "h")], opset=NEWEST_OPSET + 1),
                           "opset 29 is too new for Conv (newest handled: 28), Relu (newest handled: 28)")
        path = self.write(model([node("Relu", "x")], opset=6))
        self.check_problem(path, f"'{path}' uses opset 6; expected 7 or newer")
        content = model([node("Relu", "x")])
        del content.opset_import[:]
        path = self.write(content)
        self.check_problem(path, f"'{path}': expected an opset_import of the default domain (is the file cut short?)")

    def test_domain_may_be_spelled_out(self):
        content = model([node("Relu", "x", domain="ai.onnx")])
        content.opset_import[0].domain = "ai.onnx"
        self.check(content, RELU)


class InputTest(ImportCase):
    @staticmethod
    def symbolic(*shape):
        return model([node("Relu", "x")], inputs=[info("x", shape)])

    def test_batch(self):
        for dimension in ("N", None, 0, -1):
            self.check(self.symbolic(dimension, 3), "res.relu % : tensor<4x3xf32>", flags=["--batch", "4"])

    def test_input_shape(self):
        self.check(self.symbolic("N", 3, "H", "W"), "res.relu % : tensor<1x3x32x64xf32>",
                   flags=["--input-shape", "x=1x3x32x64"])
        self.check(model([node("Relu", "x")], inputs=[info("x", None)]), "res.relu % : tensor<1x3xf32>",
                   flags=["--input-shape", "x=1x3"])

    def test_dynamic_batch_of_a_reshape(self):
        content = model([node("Reshape", "x s")], [ints("s", [-1, 12])], inputs=[info("x", ("N", 3, 2, 2))])
        self.check(content, "res.reshape % : tensor<4x3x2x2xf32> -> tensor<4x12xf32>", flags=["--batch", "4"])

    def check_any_batch(self, content, *flags):
        text = self.imported(content, *flags)
        self.assertIn("res.any_batch", text)
        return text

    def test_any_batch(self):
        for dimension in ("N", None, 0, -1):
            for flags in ([], ["--batch", "dynamic"]):
                text = self.check_any_batch(self.symbolic(dimension, 3), *flags)
                self.assertIn("func.func @main(%arg0: tensor<1x3xf32>", text)
                self.assertIn("func.func @main_together(%arg0: tensor<8x3xf32>", text)
        text = self.check_any_batch(self.symbolic("N", 3, "H", "W"), "--batch", "dynamic", "--input-shape", "x=1x3x32x64")
        self.assertIn("@main_together(%arg0: tensor<8x3x32x64xf32>", text)

    def test_any_batch_through_shapes(self):
        """As exporters write x.view(x.size(0), -1)."""
        nodes = [node("Shape", "x", "s", name="s"), node("Gather", "s zero", "n", name="g", axis=0),
                 node("Concat", "n rest", "t", name="c", axis=0), node("Reshape", "x t", "y", name="r")]
        text = self.check_any_batch(model(nodes, [ints("zero", [0]), ints("rest", [-1])], inputs=[info("x", ("N", 3, 2))]))
        self.assertIn("res.reshape %arg0 : tensor<8x3x2xf32> -> tensor<8x6xf32>", text)

    def test_one_batch_stays_one(self):
        for content, flags in ((self.symbolic(4, 3), []), (self.symbolic("N", 3), ["--batch", "1"]),
                               (self.symbolic("N", 3), ["--input-shape", "x=1x3"])):
            self.assertNotIn("any_batch", self.imported(content, *flags))

    def test_no_other_batch_fits(self):
        def reshape(*shape):
            return model([node("Reshape", "x s")], [ints("s", list(shape))], inputs=[info("x", ("N", 3, 2, 2))])
        for content, problem in (
                (self.symbolic(1, 3), "input 'x': expected the batch, which is symbolic, as its first dimension, got shape 1x3"),
                (reshape(1, 12), "expected a model that takes any batch, or --batch N; with 8 images: node 'n' (Reshape):"),
                (reshape(-1, 4), "output 'y': expected the batch as its first dimension, or --batch N, got shape 3x4 for 1 "
                                 "image and 24x4 for 8"),
                (model([node("Reshape", "x s", "t", name="a"), node("Relu", "t", "u"), node("Reshape", "u r", name="b")],
                       [ints("s", [2, -1]), ints("r", [-1, 3, 2, 2])], inputs=[info("x", ("N", 3, 2, 2))]),
                 "node 'a': expected the batch as its first dimension, or --batch N, got shape 2x6 for 1 image and 2x48 for 8"),
                (model([node("Concat", "x x", axis=0)], inputs=[info("x", ("N", 3))]), "output 'y': expected the batch"),
                (model([node("Add", "x z")], inputs=[info("x", ("N", 3)), info("z", (1, 3))]),
                 "input 'z': expected the batch, which is symbolic, as its first dimension, got shape 1x3")):
            with self.subTest(problem=problem):
                got = self.problems(content, "--batch", "dynamic")
                self.assertEqual(len(got), 1, got)
                self.assertIn(problem, got[0])

    def test_missing_sizes(self):
        wanted = "is symbolic; expected --input-shape x=…"
        for shape, flags, problem in (
                (("N", 3, "H", "W"), [], "input 'x': dimensions 2 ('H'), 3 ('W') are symbolic; expected --input-shape x=…"),
                (("N", 3, None), [], f"input 'x': dimension 2 {wanted}"),
                (("N", 3, "H"), ["--batch", "1"], f"input 'x': dimension 2 ('H') {wanted}")):
            self.check_problem(self.symbolic(*shape), problem, flags=flags)
        self.check_problem(model([node("Relu", "x")], inputs=[info("x", None)]),
                           "input 'x': has no shape; expected --input-shape x=…")

    def test_wrong_options(self):
        for shape, flags, problem in (
                ((1, 3), ["--batch", "4"],
                 "input 'x': expected 1 at dimension 0, which is not symbolic, got 4 from --batch"),
                (("N", 3), ["--input-shape", "x=1x4"],
                 "input 'x': expected 3 at dimension 1, which is not symbolic, got 4 from --input-shape"),
                (("N", 3), ["--input-shape", "x=1x3x1"],
                 "input 'x': expected --input-shape of 2 dimensions, got 1x3x1"),
                ((1, 3), ["--input-shape", "z=1x3"], "--input-shape names 'z', which is no input of the model"),
                (("N", 2**31), ["--batch", "2"],
                 "input 'x': expected rank 1 to 8 and 1 to 2147483647 elements, got shape 2x2147483648")):
            self.check_problem(self.symbolic(*shape), problem, flags=flags)
        self.check_problem(conv_model(inputs=[info("x", (1, 4, 8, 8)), info("w", (4, 4, 3, 3))]),
                           "--input-shape names 'w', which is no input of the model",
                           flags=["--input-shape", "w=4x4x3x3"])

    def test_unsupported_nodes_come_before_missing_sizes(self):
        content = model([node("Sin", "x")], inputs=[info("x", ("N", "C"))])
        self.check_problem(content, "unsupported node 'n' (Sin): the operator is not handled",
                           "input 'x': dimension 1 ('C') is symbolic; expected --input-shape x=…")

    def test_other_inputs_are_refused(self):
        for elem_type, shown in ((TensorProto.INT64, "int64"), (TensorProto.DOUBLE, "float64")):
            self.check_problem(model([node("Relu", "x")], inputs=[info("x", (1, 3), elem_type)]),
                               f"input 'x': expected float32, got {shown}")
        inputs = [helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, (1, 3))]
        self.check_problem(model([node("Relu", "x")], inputs=inputs),
                           "input 'x': expected a float32 tensor, got another kind of value")


class GraphTest(ImportCase):
    UNDEFINED = "is not defined: no input, initializer or node has this name"

    def test_unsupported_nodes_are_listed_at_once(self):
        nodes = [node("Sin", "x", "a", name="first"), node("Conv", "a w", "b", name="c", strides=[1, 1]),
                 node("Gemm", "b w", "d", name="g", transA=1), node("Frob", "d", "e", name="f", domain="com.example"),
                 node("Relu", "e", name="r"), node("Sin", "e", "z", name="")]
        self.check_problem(conv_model(nodes=nodes),
                           "unsupported node 'first' (Sin): the operator is not handled",
                           "unsupported node 'g' (Gemm): attribute 'transA': expected 0, got 1",
                           "unsupported node 'f' (Frob): operators of domain 'com.example' are not handled",
                           "unsupported node 'Sin:z' (Sin): the operator is not handled")

    def test_unsupported_nodes_come_first(self):
        nodes = [node("Conv", "x missing", "a", name="c"), node("Sin", "a", "y", name="s")]
        self.check_problem(model(nodes), "unsupported node 's' (Sin): the operator is not handled",
                           f"node 'c' (Conv): input 'missing' {self.UNDEFINED}")

    def test_long_lists_are_cut(self):
        nodes = [node("Sin", "x", f"s{i}", name=f"s{i}") for i in range(25)] + [node("Relu", "x")]
        self.check_problem(model(nodes),
                           *[f"unsupported node 's{i}' (Sin): the operator is not handled" for i in range(20)],
                           "and 5 more unsupported nodes")
        nodes = [node("Relu", f"m{i}", f"s{i}") for i in range(25)] + [node("Relu", "x")]
        self.assertEqual(self.problems(model(nodes))[20:], ["and 5 more errors"])

    def test_missing_initializer(self):
        self.check_problem(conv_model(initializers=[]), f"node 'n' (Conv): input 'w' {self.UNDEFINED}")

    def test_order(self):
        first, second = node("Relu", "b", "a", name="first"), node("Relu", "a", "b", name="second")
        order = "; expected nodes in topological order, without cycles"
        problem = f"node 'first' (Relu): input 'b' is not computed yet: it comes from node 'second' (Relu){order}"
        self.check_problem(model([first, second], outputs=("b",)), problem)
        self.check_problem(model([first, node("Relu", "x", "b", name="second")], outputs=("a",)), problem)
        self.check_problem(model([node("Relu", "y")]),
                           f"node 'n' (Relu): input 'y' is not computed yet: it comes from node 'n' (Relu){order}")

    def test_duplicate_names(self):
        relu, w, x = node("Relu", "x"), tensor("w", (4, 4, 3, 3)), info("x", (1, 4))
        for content, problem in (
                (model([relu, node("Relu", "x", name="m")]), "node 'm' (Relu): output 'y' is defined already"),
                (model([node("Relu", "x", "x")], outputs=("x",)), "node 'n' (Relu): output 'x' is defined already"),
                (conv_model(nodes=[node("Relu", "x", "w"), relu]), "node 'n' (Relu): output 'w' is defined already"),
                (conv_model(initializers=[w, w]), "initializer 'w' is given twice"),
                (model([relu], inputs=[x, x]), "input 'x' is given twice"),
                (model([relu], outputs=("y", "y")), "output 'y' is given twice")):
            self.check_problem(content, problem)

    def test_outputs(self):
        constant = "output 'w' is constant; expected a tensor that is computed from the inputs"
        for content, problem in (
                (model([node("Relu", "x")], outputs=("z",)), "output 'z' is not defined: no node computes it"),
                (model([node("Relu", "x")], outputs=()), "the graph has no outputs"),
                (conv_model(nodes=[node("Relu", "x")], outputs=("y", "w")), constant),
                (model([node("Constant", "", "w", value_float=1.0)], outputs=("w",)), constant)):
            self.check_problem(content, problem)

    def test_attributes(self):
        twice = model([node("Flatten", "x", axis=1)])
        twice.graph.node[0].attribute.append(helper.make_attribute("axis", 1))
        of_function = model([node("Flatten", "x")])
        of_function.graph.node[0].attribute.add(name="axis", ref_attr_name="outer", type=onnx.AttributeProto.INT)
        for content, problem in (
                (model([node("Flatten", "x", alpha=1.0)]), "attribute 'alpha': is unknown to this operator"),
                (model([node("Flatten", "x", axis="one")]), "attribute 'axis': expected an integer"),
                (twice, "attribute 'axis': is given twice"),
                (of_function, "attribute 'axis': refers to an attribute of a function, but stands outside of one")):
            self.check_problem(content, f"node 'n' (Flatten): {problem}")
        content = model([node("Flatten", "x", axis=2)])
        content.graph.node[0].attribute[0].type = onnx.AttributeProto.UNDEFINED
        self.check(content, "res.reshape % : tensor<1x4x8x8xf32> -> tensor<4x64xf32>")

    def test_sparse_initializers(self):
        content = conv_model(initializers=[])
        content.graph.sparse_initializer.add().values.CopyFrom(tensor("w", [1.0]))
        self.check_problem(content, "sparse initializer 'w' is not handled")

    def test_messages_are_one_line(self):
        problems = self.problems(model([node("Sin", "x", name="a\nb\x1b[31m" + "c" * 999)]))
        self.assertEqual(problems, ["unsupported node 'a?b?[31m" + "c" * 112 + "…' (Sin): the operator is not handled"])
        self.check_problem(model([node("Relu", "a\n")], inputs=[info("a\n", None)]),
                           "input 'a?': has no shape; expected --input-shape a?=…")


if __name__ == "__main__":
    unittest.main()
