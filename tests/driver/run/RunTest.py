"""What users see of resc run: results, messages, exit codes, files left behind."""

import os
import resource
import signal
import subprocess
import unittest

import numpy as np

from ResCommandCase import FAKE, FAKE_ANY, FAKE_TWO, RESC, ResCommandCase


class Run(ResCommandCase):
    def test_prints_the_top_classes(self):
        self.data[0] = 0
        self.data[0].flat[:5] = [3, -1, 9, 4, 2]  # 6, -3, 16, 5, 0
        np.save(self.path / "x.npy", self.data)
        self.assertEqual(self.resc("run", FAKE, "--input", "x.npy", "--top", "3").splitlines()[:2],
                         ["output 'prob' 2x5, top 3:", "  row 0: 2 (16)  0 (6)  3 (5)"])

    def test_not_a_number_comes_last(self):
        self.data[0].flat[3] = np.nan
        np.save(self.path / "x.npy", self.data)
        self.assertIn("row 0: 4 (4)  2 (2)  1 (1)  0 (0)  3 (nan)", self.resc("run", FAKE, "--input", "x.npy"))

    def test_statistics_of_other_ranks(self):
        np.save(self.path / "a.npy", np.float32([[1, 2, 3, 4]]))
        np.save(self.path / "b.npy", np.float32([[0, 0, np.inf, 8]]))
        text = self.resc("run", FAKE_TWO, "--input", "a.npy", "--input", "b.npy")
        self.assertIn("output 'maps' 1x2x2x1: min -4, max 2, mean -0.333333, 1 values are not finite", text)

    def test_names_and_order_of_files(self):
        a, b = np.float32([[1, 2, 3, 4]]), np.float32([[10, 20, 30, 40]])
        np.save(self.path / "a.npy", a)
        b.tofile(self.path / "b.bin")
        self.resc("run", FAKE_TWO, "--input", "right=a.npy", "--input", "left=b.bin", "--output", "maps=d.npy",
                  "--output", "s.bin")
        difference = np.load(self.path / "d.npy")
        self.assertEqual((difference.shape, difference.dtype), ((1, 2, 2, 1), np.float32))
        np.testing.assert_array_equal(difference.reshape(1, 4), b - a)
        np.testing.assert_array_equal(np.fromfile(self.path / "s.bin", np.float32), (a + b)[0])

    def test_slices_of_a_larger_batch(self):
        data = np.random.default_rng(0).normal(size=(14, 3, 2, 2)).astype(np.float32)
        np.save(self.path / "x.npy", data)
        text = self.resc("run", FAKE, "--input", "x.npy", "--output", "y.npy")
        np.testing.assert_array_equal(np.load(self.path / "y.npy"), self.expected(data))
        self.assertTrue(text.startswith("output 'prob' 14x5, top 5 of the first 5 rows:\n"), text)
        self.assertEqual(len(text.splitlines()), 6)

    def test_any_batch(self):
        for batch in (1, 2, 7):
            data = np.random.default_rng(batch).normal(size=(batch, 3, 2, 2)).astype(np.float32)
            np.save(self.path / "x.npy", data)
            text = self.resc("run", FAKE_ANY, "--input", "x.npy", "--output", "y.npy", "--top", 1)
            np.testing.assert_array_equal(np.load(self.path / "y.npy"), self.expected(data))
            self.assertTrue(text.startswith(f"output 'prob' {batch}x5, top 1"), text)
            data.tofile(self.path / "x.bin")
            self.resc("run", FAKE_ANY, "--input", "x.bin", "--output", "z.npy")
            np.testing.assert_array_equal(np.load(self.path / "z.npy"), self.expected(data))

    def test_wrong_shapes_for_any_batch(self):
        for array, got in ((np.zeros((0, 3, 2, 2)), "0x3x2x2"), (np.zeros((2, 3, 2, 3)), "2x3x2x3"), (np.zeros((3, 2, 2)), "3x2x2")):
            np.save(self.path / "bad.npy", array.astype(np.float32))
            self.fails(1, f"'bad.npy': input 'data': expected shape Nx3x2x2, got {got}", "run", FAKE_ANY, "--input", "bad.npy")
        for values in (0, 11, 13):
            np.zeros(values, np.float32).tofile(self.path / "bad.bin")
            self.fails(1, f"'bad.bin': input 'data': expected a multiple of 48 bytes, got {4 * values}", "run", FAKE_ANY,
                       "--input", "bad.bin")

    def test_column_major_array(self):
        np.save(self.path / "x.npy", np.asfortranarray(self.data))
        self.resc("run", FAKE, "--input", "x.npy", "--output", "y.npy")
        np.testing.assert_array_equal(np.load(self.path / "y.npy"), self.expected(self.data))

    def fails_with(self, array, message):
        np.save(self.path / "bad.npy", array)
        self.fails(1, f"'bad.npy': input 'data': {message}", "run", FAKE, "--input", "bad.npy", "--output", "y.npy")
        self.assertEqual(self.files(), ["bad.npy", "x.npy"])

    def test_wrong_shapes_and_types(self):
        self.fails_with(self.data[:1], "expected shape 2x3x2x2, got 1x3x2x2")
        self.fails_with(np.zeros((3, 3, 2, 2), np.float32), "expected shape 2x3x2x2, got 3x3x2x2")
        self.fails_with(np.zeros((2, 3, 2, 3), np.float32), "expected shape 2x3x2x2, got 2x3x2x3")
        self.fails_with(np.zeros((0, 3, 2, 2), np.float32), "expected shape 2x3x2x2, got 0x3x2x2")
        self.fails_with(np.float32(1), "expected shape 2x3x2x2, got scalar")
        self.fails_with(self.data.astype(np.float64), "expected type float32, got float64")
        self.fails_with(self.data.astype(">f4"), "expected type float32, got big-endian float32")
        self.fails_with(self.data.astype(np.uint8), "expected type float32, got uint8")

    def test_unequal_slices(self):
        np.save(self.path / "a.npy", np.zeros((2, 4), np.float32))
        np.save(self.path / "b.npy", np.zeros((3, 4), np.float32))
        self.fails(1, "input 'right': expected 2 times the model's batch, as input 'left' has, got 3",
                   "run", FAKE_TWO, "--input", "a.npy", "--input", "b.npy")

    def test_damaged_array_files(self):
        whole = (self.path / "x.npy").read_bytes()
        huge = whole.replace(b"(2, 3, 2, 2)", b"(9223372036854775806, 3, 2, 2)").replace(b" " * 18 + b"\n", b"\n")
        for content, message in [
                (b"", "expected an array in NumPy's .npy format, got another kind of file"),
                (b"text, but long enough", "expected an array in NumPy's .npy format, got another kind of file"),
                (whole[:50], "the .npy header is cut short"),
                (b"\x93NUMPY\x02" + whole[7:], "expected version 1 of the .npy format, got 2"),
                (whole.replace(b"'<f4'", b"'V16'"), "cannot read the .npy header: invalid typestring"),
                (whole.replace(b"{'descr'", b" 'descr'"), "cannot read the .npy header"),
                (whole[:-1], "input 'data': is cut short: expected 1 x 96 bytes of values, got 95"),
                (huge, "input 'data': is cut short: expected 4611686018427387903 x 96 bytes of values, got 96")]:
            (self.path / "bad.npy").write_bytes(content)
            self.fails(1, f"'bad.npy': {message}", "run", FAKE, "--input", "bad.npy")
        (self.path / "bad.bin").write_bytes(b"\0" * 97)
        self.fails(1, "'bad.bin': input 'data': expected 96 bytes, got 97", "run", FAKE, "--input", "bad.bin")
        self.fails(1, "cannot open 'none.npy': no such file or directory", "run", FAKE, "--input", "none.npy")

    def test_wrong_names(self):
        usage = " (see 'resc run --help')"
        self.fails(1, "--input: expected a name that the model has, 'data', got 'date'",
                   "run", FAKE, "--input", "date=x.npy")
        self.fails(1, "--output: expected a name that the model has, 'sum' or 'maps', got 'prob'",
                   "run", FAKE_TWO, "--output", "prob=y.npy")
        self.fails(2, "--input: expected at most 1 (the model has no more inputs), got 'x.npy'" + usage,
                   "run", FAKE, "--input", "x.npy", "--input", "x.npy")
        self.fails(2, "--input: expected one file for 'data', got two" + usage,
                   "run", FAKE, "--input", "data=x.npy", "--input", "data=x.npy")
        self.fails(2, "--input: expected a .npy, .npz, .bin, .png or .jpg file, got 'x.txt'" + usage,
                   "run", FAKE, "--input", "x.txt")
        self.fails(2, "--output: expected a file name that ends in .npy, .npz or .bin, got 'y.txt'" + usage,
                   "run", FAKE, "--input", "x.npy", "--output", "y.txt")
        self.fails(2, "expected --input for 'data' (float32, 2x3x2x2), got none" + usage, "run", FAKE)

    def test_unwritable_output(self):
        self.fails(1, "cannot write 'none/y.npy': no such file or directory",
                   "run", FAKE, "--input", "x.npy", "--output", "none/y.npy")
        (self.path / "d.npy").mkdir()
        self.fails(1, "cannot write 'd.npy': is a directory", "run", FAKE, "--input", "x.npy", "--output", "d.npy")

    def test_existing_output_survives_a_failure(self):
        (self.path / "y.npy").write_text("old")
        self.resc("run", FAKE, "--input", "x.npy", "--output", "y.npy", environment={"FAKE_RUN_STATUS": "1"}, code=70)
        self.assertEqual((self.path / "y.npy").read_text(), "old")
        self.assertEqual(self.files(), ["x.npy", "y.npy"])

    def test_output_through_a_link(self):
        (self.path / "real.npy").write_text("old")
        (self.path / "y.npy").symlink_to("real.npy")
        self.resc("run", FAKE, "--input", "x.npy", "--output", "y.npy")
        self.assertTrue((self.path / "y.npy").is_symlink())
        np.testing.assert_array_equal(np.load(self.path / "real.npy"), self.expected(self.data))

    def test_standard_output_that_goes_away(self):
        # As if piped into a `head` that has left, by a parent that ignores SIGPIPE as Python does.
        read, write = os.pipe()
        os.close(read)
        result = subprocess.run([RESC, "inspect", FAKE], stdout=write, stderr=subprocess.PIPE, restore_signals=False)
        os.close(write)
        self.assertEqual((result.returncode, result.stderr), (-signal.SIGPIPE, b""))
        with open("/dev/full", "w") as full:
            result = subprocess.run([RESC, "inspect", FAKE], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual((result.returncode, result.stderr),
                         (1, "resc: error: cannot write standard output: no space left on device\n"))

    def test_starts_in_milliseconds(self):
        times = []
        for _ in range(10):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.resc("run", FAKE, "--input", "x.npy")
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            # Time on the processor, which other work on this machine does not lengthen.
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        self.assertLess(min(times), 0.020)


if __name__ == "__main__":
    unittest.main()
