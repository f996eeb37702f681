"""resc run and bench with .npz archives: which array feeds which input, what is written, what is refused."""

import io
import struct
import unittest
import warnings
import zipfile

import numpy as np

from ResCommandCase import FAKE, FAKE_TWO, ResCommandCase

USAGE = " (see 'resc run --help')"


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


class Inputs(ResCommandCase):
    def setUp(self):
        super().setUp()
        self.left, self.right = np.float32([[1, 2, 3, 4]]), np.float32([[10, 20, 30, 40]])

    def sum(self, *arguments):
        self.resc("run", FAKE_TWO, *arguments, "--output", "maps=d.npy")
        return np.load(self.path / "d.npy").reshape(1, 4)

    def test_stored_and_deflated_arrays_feed_inputs_by_name(self):
        for save in (np.savez, np.savez_compressed):
            save(self.path / "x.npz", right=self.right, more=np.arange(5), left=self.left)
            np.testing.assert_array_equal(self.sum("--input", "x.npz"), self.left - self.right)

    def test_content_tells_an_archive(self):
        np.savez(self.path / "x.npz", left=self.left, right=self.right)
        (self.path / "x.npz").rename(self.path / "x")
        np.testing.assert_array_equal(self.sum("--input", "x"), self.left - self.right)

    def test_archive_beside_other_files(self):
        np.savez(self.path / "x.npz", left=self.left, right=self.right)
        np.save(self.path / "own.npy", 5 * self.left)
        for arguments in (["--input", "own.npy", "--input", "x.npz"], ["--input", "x.npz", "--input", "left=own.npy"]):
            np.testing.assert_array_equal(self.sum(*arguments), 5 * self.left - self.right)
        np.savez(self.path / "other.npz", right=7 * self.right)
        np.testing.assert_array_equal(self.sum("--input", "right=other.npz", "--input", "left=x.npz"),
                                      self.left - 7 * self.right)

    def test_slices_and_column_major_arrays(self):
        many = np.random.default_rng(1).normal(size=(6, 3, 2, 2)).astype(np.float32)
        np.savez_compressed(self.path / "x.npz", data=np.asfortranarray(many))
        self.resc("run", FAKE, "--input", "x.npz", "--output", "y.npy")
        np.testing.assert_array_equal(np.load(self.path / "y.npy"), self.expected(many))

    def test_large_deflated_array(self):
        many = np.zeros((200000, 3, 2, 2), np.float32)  # as good a ratio as deflate has
        many[-1] = 1
        np.savez_compressed(self.path / "x.npz", data=many)
        self.resc("run", FAKE, "--input", "x.npz", "--output", "y.npy")
        np.testing.assert_array_equal(np.load(self.path / "y.npy"), self.expected(many))

    def test_bench(self):
        np.savez(self.path / "x.npz", data=self.data)
        self.resc("bench", FAKE, "--seconds", "0.01", "--input", "x.npz", "--output", "y.npz")
        np.testing.assert_array_equal(np.load(self.path / "y.npz")["prob"], self.expected(self.data))

    def test_names_that_the_model_lacks(self):
        np.savez(self.path / "x.npz", date=self.data)
        self.fails(1, "'x.npz': expected an array named 'data', got 'date'", "run", FAKE, "--input", "x.npz")
        np.savez(self.path / "x.npz", **{c: self.data for c in "abcdefg"})
        self.fails(1, "'x.npz': expected an array named 'data', got 'a', 'b', 'c', 'd', 'e', 2 more",
                   "run", FAKE, "--input", "data=x.npz")
        np.savez(self.path / "x.npz", left=self.left)
        self.fails(1, "'x.npz': expected an array named 'right', got 'left'", "run", FAKE_TWO, "--input", "x.npz")

    def test_wrong_shapes_and_types(self):
        for array, message in ((self.data.astype(np.float64), "expected type float32, got float64"),
                               (self.data.astype(np.int64), "expected type float32, got int64"),
                               (self.data[:1], "expected shape 2x3x2x2, got 1x3x2x2")):
            np.savez(self.path / "x.npz", data=array)
            self.fails(1, f"'x.npz': input 'data': {message}", "run", FAKE, "--input", "x.npz", "--output", "y.npz")
            self.assertEqual(self.files(), ["x.npy", "x.npz"])

    def test_wrong_usage(self):
        np.savez(self.path / "x.npz", data=self.data)
        self.fails(2, "--input: expected at most one .npz file without the name of an input, got 'x.npz'" + USAGE,
                   "run", FAKE, "--input", "x.npz", "--input", "x.npz")
        self.fails(2, "--input: expected at most 1 (the model has no more inputs), got 'x.npz'" + USAGE,
                   "run", FAKE, "--input", "x.npy", "--input", "x.npz")
        self.fails(1, "cannot open 'none.npz': no such file or directory", "run", FAKE, "--input", "none.npz")


class DamagedInputs(ResCommandCase):
    def archive(self, entries, method=zipfile.ZIP_STORED):
        with warnings.catch_warnings(), zipfile.ZipFile(self.path / "x.npz", "w", method) as archive:
            warnings.simplefilter("ignore")  # of names that come twice
            for name, content in entries:
                archive.writestr(name, content)

    def fails_with(self, message):
        self.fails(1, f"'x.npz': {message}", "run", FAKE, "--input", "x.npz")

    def test_entries(self):
        whole = npy(self.data)
        self.archive([("data.npy", whole), ("data.npy", whole)])
        self.fails_with("expected one array named 'data', got more")
        self.archive([("data.npy", whole)], zipfile.ZIP_BZIP2)
        self.fails_with("input 'data': expected a stored or deflated array, got compression method 12")
        self.archive([("data.npy", whole + b"x")])
        self.fails_with("input 'data': expected nothing after the values, got 1 bytes")
        self.archive([("data.npy", whole[:-1])], zipfile.ZIP_DEFLATED)
        self.fails_with("input 'data': is cut short: expected 1 x 96 bytes of values, got 95")
        self.archive([("data.npy", b"")])
        self.fails_with("expected an array in NumPy's .npy format, got another kind of file")
        self.archive([("data.npy", whole)])
        content = bytearray((self.path / "x.npz").read_bytes())
        content[content.rindex(b"PK\1\2") + 8] |= 1  # the flag of the central directory
        (self.path / "x.npz").write_bytes(content)
        self.fails_with("input 'data': expected an array in the clear, got an encrypted one")

    def test_another_kind_of_file(self):
        (self.path / "x.npz").write_text("no archive")
        message = "expected an .npz archive with arrays, got a file that is empty, damaged or of another kind"
        self.fails_with(message)
        self.archive([])
        self.fails_with(message)
        (self.path / "x.npz").unlink()
        (self.path / "x.npz").mkdir()
        self.fails(1, "cannot open 'x.npz': is a directory", "run", FAKE, "--input", "x.npz")

    def test_flipped_value(self):
        self.archive([("data.npy", npy(self.data))])
        content = bytearray((self.path / "x.npz").read_bytes())
        content[content.index(np.float32(23).tobytes())] ^= 1
        (self.path / "x.npz").write_bytes(content)
        self.fails_with("input 'data': expected values that match the archive's checksum, got others")

    def test_size_that_deflate_cannot_reach(self):
        huge = npy(self.data).replace(b"(2, 3, 2, 2)", b"(2000000, 3, 2, 2)").replace(b" " * 6 + b"\n", b"\n")
        self.archive([("data.npy", huge)], zipfile.ZIP_DEFLATED)
        content = bytearray((self.path / "x.npz").read_bytes())
        struct.pack_into("<I", content, content.rindex(b"PK\1\2") + 24, 0xfffffff0)
        (self.path / "x.npz").write_bytes(content)
        self.fails_with("the archive is damaged")

    def test_truncated_or_flipped_anywhere(self):
        np.savez_compressed(self.path / "x.npz", data=self.data)
        whole = (self.path / "x.npz").read_bytes()
        for size in range(0, len(whole), 17):
            (self.path / "x.npz").write_bytes(whole[:size])
            self.resc("run", FAKE, "--input", "x.npz", code=1)
        for place in range(0, len(whole), 7):
            flipped = bytearray(whole)
            flipped[place] ^= 0xff
            (self.path / "x.npz").write_bytes(flipped)
            self.resc("run", FAKE, "--input", "x.npz", "--output", "y.npy",
                      code=None)  # dates and the like may be anything
            if (self.path / "y.npy").exists():
                np.testing.assert_array_equal(np.load(self.path / "y.npy"), self.expected(self.data))
                (self.path / "y.npy").unlink()


class Outputs(ResCommandCase):
    def test_one_archive_of_all_outputs(self):
        left, right = np.float32([[1, 2, 3, 4], [5, 6, 7, 8]]), np.float32([[9, 8, 7, 6], [5, 4, 3, 2]])
        np.savez(self.path / "x.npz", left=left, right=right)
        self.resc("run", FAKE_TWO, "--input", "x.npz", "--output", "y.npz", "--output", "sum.npy")
        with np.load(self.path / "y.npz") as archive:
            self.assertEqual(archive.files, ["sum", "maps"])
            np.testing.assert_array_equal(archive["sum"], left + right)
            np.testing.assert_array_equal(archive["maps"], (left - right).reshape(2, 2, 2, 1))
            self.assertEqual(archive["maps"].dtype, np.float32)
        np.testing.assert_array_equal(np.load(self.path / "sum.npy"), left + right)
        self.assertIsNone(zipfile.ZipFile(self.path / "y.npz").testzip())

    def test_same_values_give_the_same_bytes(self):
        for name in ("a.npz", "b.npz"):
            self.resc("run", FAKE, "--input", "x.npy", "--output", name)
        self.assertEqual((self.path / "a.npz").read_bytes(), (self.path / "b.npz").read_bytes())
        (entry,) = zipfile.ZipFile(self.path / "a.npz").infolist()
        self.assertEqual((entry.filename, entry.date_time), ("prob.npy", (1980, 1, 1, 0, 0, 0)))

    def test_complete_or_not_at_all(self):
        (self.path / "y.npz").write_text("old")
        self.resc("run", FAKE, "--input", "x.npy", "--output", "y.npz", environment={"FAKE_RUN_STATUS": "1"}, code=70)
        self.assertEqual(((self.path / "y.npz").read_text(), self.files()), ("old", ["x.npy", "y.npz"]))
        self.fails(1, "cannot write 'none/y.npz': no such file or directory",
                   "run", FAKE, "--input", "x.npy", "--output", "none/y.npz")

    def test_wrong_usage(self):
        self.fails(2, "--output: expected one .npz file for all outputs, got two" + USAGE,
                   "run", FAKE, "--input", "x.npy", "--output", "a.npz", "--output", "b.npz")
        self.fails(2, "--output: expected a .npz file without the name of an output, since it holds all of them, got "
                      "'prob=a.npz'" + USAGE, "run", FAKE, "--input", "x.npy", "--output", "prob=a.npz")


if __name__ == "__main__":
    unittest.main()
