"""The class of examples/python on a library made by hand: inputs 'left' and 'right' 1x4, outputs 'sum' and 'maps'.

Environment: FAKE_MODEL_TWO is that library, FAKE_MODEL_ANY one of any batch, of tests/driver/fake_model.c. PYTHONPATH has
the class.
"""

import os
import re
import unittest

import numpy as np

from resc_model import Model, ResError

FAKE_ANY = os.environ["FAKE_MODEL_ANY"]
FAKE_TWO = os.environ["FAKE_MODEL_TWO"]
LEFT, RIGHT = np.float32([[1, 2, 3, 4]]), np.float32([[10, 20, 30, 40]])


class PythonModelTest(unittest.TestCase):
    def test_describes_inputs_and_outputs(self):
        with Model(FAKE_TWO, threads=3) as model:
            self.assertEqual([(t.name, t.shape, t.dtype) for t in model.inputs],
                             [("left", (1, 4), np.float32), ("right", (1, 4), np.float32)])
            self.assertEqual(repr(model.outputs), "[sum: float32 1x4, maps: float32 1x2x2x1]")
            self.assertEqual(model.threads, 3)

    def test_inputs_in_order_or_by_name(self):
        with Model(FAKE_TWO) as model:
            for outputs in (model(LEFT, RIGHT), model(right=RIGHT, left=LEFT), model(LEFT, right=RIGHT)):
                np.testing.assert_array_equal(outputs["sum"], LEFT + RIGHT)
                np.testing.assert_array_equal(outputs["maps"], (LEFT - RIGHT).reshape(1, 2, 2, 1))
            first = model(LEFT, RIGHT)
            model(RIGHT, RIGHT)
            np.testing.assert_array_equal(first["sum"], LEFT + RIGHT)  # of its own memory

    def test_converts_types_and_strides(self):
        with Model(FAKE_TWO) as model:
            np.testing.assert_array_equal(model(LEFT.astype(np.float64), np.repeat(RIGHT, 2, axis=1)[:, ::2])["sum"],
                                          LEFT + RIGHT)

    def test_wrong_calls(self):
        with Model(FAKE_TWO) as model:
            with self.assertRaisesRegex(ValueError, re.escape("input 'right': expected shape (1, 4), got (4,)")):
                model(LEFT, RIGHT[0])
            for arguments, named in (((), {}), ((LEFT,), {}), ((LEFT, RIGHT, LEFT), {}), ((LEFT,), {"left": LEFT}),
                                     ((LEFT,), {"other": LEFT}), ((LEFT, RIGHT), {"other": LEFT})):
                with self.assertRaisesRegex(TypeError, "expected the inputs"):
                    model(*arguments, **named)
        with self.assertRaisesRegex(ResError, "the model is closed"):
            model(LEFT, RIGHT)

    def test_any_batch(self):
        with Model(FAKE_ANY) as model:
            self.assertEqual([t.shape for t in (*model.inputs, *model.outputs)], [(-1, 3, 2, 2), (-1, 5)])
            for batch in (1, 2, 7):
                data = np.random.default_rng(batch).normal(size=(batch, 3, 2, 2)).astype(np.float32)
                np.testing.assert_array_equal(model(data)["prob"],
                                              2 * data.reshape(batch, 12)[:, :5] - np.arange(5, dtype=np.float32))
            with self.assertRaisesRegex(ValueError, re.escape("input 'data': expected shape (4, 3, 2, 2), got (4, 3, 2)")):
                model(np.zeros((4, 3, 2), np.float32))
            with self.assertRaisesRegex(ValueError, "expected a batch of at least one image"):
                model(np.zeros((0, 3, 2, 2), np.float32))

    def test_libraries_of_others(self):
        libc = re.search(r"/\S*/libc\.so\.6", open("/proc/self/maps").read()).group()
        for path in (libc, "none.so", __file__):
            with self.assertRaisesRegex(ResError, "expected a library made by resc compile"):
                Model(path)

    def test_the_sentence_of_the_runtime(self):
        os.environ["FAKE_OPEN_STATUS"] = "5"
        self.addCleanup(os.environ.pop, "FAKE_OPEN_STATUS")
        with self.assertRaisesRegex(ResError, "This processor lacks instructions."):
            Model(FAKE_TWO)


if __name__ == "__main__":
    unittest.main()
