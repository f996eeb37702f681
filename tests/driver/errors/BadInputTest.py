"""Bad input of every kind: one clear line that names the culprit, exit code 1, and no file left.

Models go through `resc compile` and `resc verify`; libraries through every command that reads one. Environment: RESC is
the command, FAKE_MODEL and FAKE_MODEL_TWO are the libraries made of fake_model.c; PYTHONPATH holds tests/frontends;
RES_SANITIZE, if set, names the sanitizers that the commands are built with.
"""

import os
import re
import resource
import shlex
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import numpy as np
from onnx import TensorProto

from OnnxImportCase import conv_model, model, node, tensor

RESC = os.environ["RESC"]
FAKE = os.environ["FAKE_MODEL"]
FAKE_TWO = os.environ["FAKE_MODEL_TWO"]
DIGITS = Path(__file__).resolve().parents[3] / "examples" / "quickstart" / "digits.onnx"


class BadInput(unittest.TestCase):
    """Commands run in `path`; results go to `out`, temporary files to `tmp`."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name).resolve()
        for name in ("out", "tmp"):
            (self.path / name).mkdir()
        self.environment = {**os.environ, "TMPDIR": str(self.path / "tmp"), "RESC_CACHE_DIR": str(self.path / "cache")}

    def start(self, *arguments, **keywords):
        return subprocess.Popen([RESC, *map(str, arguments)], cwd=self.path, env=self.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="replace", **keywords)

    def left(self):
        return sorted(str(p.relative_to(self.path)) for name in ("out", "tmp") for p in (self.path / name).iterdir())

    def check_line(self, text, message):
        """`message` is the line, or a pattern of it."""
        self.assertEqual(text.count("\n"), 1, text)
        self.assertTrue(text.startswith("resc: error: "), text)
        line = text.removeprefix("resc: error: ").rstrip("\n")
        if isinstance(message, str):
            self.assertEqual(line, message)
        else:
            self.assertRegex(line, message)

    def fails(self, message, *arguments, left=(), **keywords):
        process = self.start(*arguments, **keywords)
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out), (1, ""), (arguments, err))
        self.check_line(err, message)
        self.assertEqual(self.left(), sorted(left), arguments)

    def refused(self, message, content, name="m.onnx"):
        """A model, given as bytes or as protobuf, that neither command takes."""
        path = self.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
        self.fails(message, "compile", name, "-o", "out/m.so")
        self.fails(message, "verify", name)


class ModelFiles(BadInput):
    def test_truncated(self):
        content = DIGITS.read_bytes()
        sizes = [1, 2, 5, 100, *range(1000, len(content), len(content) // 12), len(content) - 1]
        for size in sizes:
            self.refused(re.compile(r"^'m\.onnx'( is not an ONNX model: |: .*is the file cut short\?\)$)"),
                         content[:size])
        self.refused(re.compile(r"^'m\.onnx' is not an ONNX model: malformed at byte \d+: expected a field of \d+ "
                                r"bytes, got \d+ \(is the file cut short\?\)$"), content[:len(content) // 2])

    def test_text(self):
        self.refused("'m.onnx' is not an ONNX model: malformed at byte 2: unknown kind of field",
                     b"hello, this is no model\n")

    def test_empty(self):
        self.refused("'m.onnx' is not an ONNX model: the file is empty", b"")

    def test_random(self):
        for seed in range(10):
            self.refused(re.compile(r"^'m\.onnx' is not an ONNX model: "),
                         np.random.default_rng(seed).bytes(10 ** (seed % 5)))

    def test_missing(self):
        for command in (["compile", "none.onnx", "-o", "out/m.so"], ["verify", "none.onnx"]):
            self.fails("cannot read 'none.onnx': No such file or directory", *command)


class Graphs(BadInput):
    def test_unknown_operator(self):
        self.refused("unsupported node 'n' (Foo): the operator is not handled", model([node("Foo", "x")]))

    def test_cyclic_graph(self):
        self.refused("node 'a' (Add): input 'h' is not computed yet: it comes from node 'b' (Relu); expected nodes in "
                     "topological order, without cycles",
                     model([node("Add", "x h", "y", name="a"), node("Relu", "y", "h", name="b")]))

    def test_missing_initializer(self):
        self.refused("node 'n' (Conv): input 'w' is not defined: no input, initializer or node has this name",
                     conv_model(initializers=[]))

    def test_wrong_weight_shape(self):
        for shape, message in (
                ((4, 5, 3, 3), "node 'n' (Conv): expected an input of 5 channels, got 4"),
                ((4, 4, 3), "node 'n' (Conv): expected a filter of rank 4, got shape 4x4x3"),
                ((4, 4, 11, 3), "node 'n' (Conv): expected the window to fit into its padded input, got size 8 with "
                                "pads 0 and 0 under a window that spans 11")):
            self.refused(message,
                         conv_model(initializers=[tensor("w", shape)]))

    def test_zero_stride(self):
        self.refused("node 'n' (Conv): attribute 'strides': expected 1 to 65535, got 0",
                     conv_model(nodes=[node("Conv", "x w", strides=[1, 0])]))

    def test_opset_too_new(self):
        self.refused(re.compile(r"^opset 99 is too new for Conv \(newest handled: \d+\)$"), conv_model(opset=99))


class ExternalData(BadInput):
    BYTES = 4 * 4 * 4 * 3 * 3

    def external(self, location):
        weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=(4, 4, 3, 3),
                             data_location=TensorProto.EXTERNAL)
        weight.external_data.add(key="location", value=location)
        return conv_model(initializers=[weight])

    def check(self, message, location):
        self.refused(f"node 'n' (Conv): tensor 'w': external data file '{location}'{message}", self.external(location),
                     name="deep/m.onnx")

    def test_missing(self):
        self.check(": No such file or directory", "w.bin")

    def test_too_short(self):
        (self.path / "deep").mkdir()
        (self.path / "deep" / "w.bin").write_bytes(bytes(self.BYTES - 1))
        self.check(" is too short: expected 576 bytes at offset 0, got a file of 575 bytes", "w.bin")

    def test_outside_the_folder(self):
        (self.path / "deep").mkdir()
        (self.path / "w.bin").write_bytes(bytes(self.BYTES))
        (self.path / "deep" / "link").symlink_to("../w.bin")
        (self.path / "deep" / "folder").symlink_to("..")
        for location in ("../w.bin", "a/../../w.bin", "link", "folder/w.bin"):
            self.check(" lies outside the model's folder", location)
        absolute = str(self.path / "w.bin")
        self.check(" has an absolute path; expected one relative to the model's folder", absolute)


class Inputs(BadInput):
    """What `resc run` is given. FAKE takes 'data' of 2x3x2x2."""

    def check(self, message, *arguments):
        self.fails(message, "run", FAKE, *arguments, "--output", "out/y.npy")

    def test_wrong_shape(self):
        np.save(self.path / "x.npy", np.zeros((2, 3, 2, 3), np.float32))
        self.check("'x.npy': input 'data': expected shape 2x3x2x2, got 2x3x2x3", "--input", "x.npy")
        (self.path / "x.bin").write_bytes(bytes(100))
        self.check("'x.bin': input 'data': expected 96 bytes, got 100", "--input", "x.bin")

    def test_wrong_type(self):
        np.save(self.path / "x.npy", np.zeros((2, 3, 2, 2), np.float64))
        self.check("'x.npy': input 'data': expected type float32, got float64", "--input", "x.npy")

    def test_wrong_name(self):
        np.save(self.path / "x.npy", np.zeros((2, 3, 2, 2), np.float32))
        self.check("--input: expected a name that the model has, 'data', got 'date'", "--input", "date=x.npy")
        self.fails("--output: expected a name that the model has, 'prob', got 'prop'",
                   "run", FAKE, "--input", "x.npy", "--output", "prop=out/y.npy")

    def test_no_array(self):
        (self.path / "x.npy").write_text("text, but long enough")
        self.check("'x.npy': expected an array in NumPy's .npy format, got another kind of file", "--input", "x.npy")
        self.check("cannot open 'none.npy': no such file or directory", "--input", "none.npy")


class Libraries(BadInput):
    def check(self, message, library):
        np.save(self.path / "x.npy", np.zeros((2, 3, 2, 2), np.float32))
        (self.path / "m.onnx").write_bytes(conv_model().SerializeToString())
        for command in (["run", library, "--input", "x.npy", "--output", "out/y.npy"],
                        ["bench", library, "--json", "out/r.json"], ["inspect", library],
                        ["verify", "m.onnx", "--so", library]):
            self.fails(message, *command)

    def write(self, content):
        (self.path / "bad.so").write_bytes(content)
        return "bad.so"

    def test_not_ours(self):
        libc = re.search(r"(/\S*/libc\.so\.6)", Path("/proc/self/maps").read_text()).group(1)
        self.check(f"'{libc}': expected a library made by 'resc compile', got another shared library", libc)
        self.check("'bad.so': expected a library made by 'resc compile', got a file that is not ELF",
                   self.write(b"not a library\n"))
        self.check("'bad.so': is empty", self.write(b""))
        self.check(f"'{RESC}': expected a library made by 'resc compile', got another shared library", RESC)
        self.check("cannot open 'none.so': no such file or directory", "none.so")

    def test_cut_short(self):
        whole = Path(FAKE).read_bytes()
        for size in (5, 64, 1000, len(whole) // 2, len(whole) - 1):
            self.check(re.compile(rf"^'bad\.so': is cut short: expected at least \d+ bytes, got {size}$"),
                       self.write(whole[:size]))

    def test_other_abi_version(self):
        whole = Path(FAKE).read_bytes()
        at = whole.index(b"resc\0\0\0\0{") - 4
        self.check("'bad.so': expected ABI version 1, got 7; compile the model again with this resc",
                   self.write(whole[:at] + struct.pack("<I", 7) + whole[at + 4:]))

    def test_other_model(self):
        (self.path / "m.onnx").write_bytes(conv_model().SerializeToString())
        self.fails(f"'{FAKE_TWO}' has 2 inputs, expected 1", "verify", "m.onnx", "--so", FAKE_TWO)
        self.fails(f"input 'data' of '{FAKE}' has 96 bytes, expected 1024", "verify", "m.onnx", "--so", FAKE)
        relus = [node("Relu", "x", "y"), node("Relu", "y", "z")]
        for outputs, message in ((("y", "z"), f"'{FAKE}' has 1 outputs, expected 2"),
                                 (("y",), f"output 0 of '{FAKE}' has 10 elements, expected 24")):
            (self.path / "m.onnx").write_bytes(model(relus, x=(2, 3, 2, 2), outputs=outputs).SerializeToString())
            self.fails(message, "verify", "m.onnx", "--so", FAKE)


class OutputCase(BadInput):
    def setUp(self):
        super().setUp()
        np.save(self.path / "x.npy", np.zeros((2, 3, 2, 2), np.float32))
        (self.path / "m.onnx").write_bytes(conv_model().SerializeToString())


class Outputs(OutputCase):
    """Every command that writes a file, with a place in which it cannot."""

    @staticmethod
    def commands(path):
        """Output names end as each command wants them."""
        return ([f"{path}.so", "compile", "m.onnx", "-o", f"{path}.so"],
                [f"{path}.mlir", "compile", "m.onnx", "--emit", "planned", "-o", f"{path}.mlir"],
                [f"{path}.npy", "run", FAKE, "--input", "x.npy", "--output", f"{path}.npy"],
                [f"{path}.bin", "run", FAKE, "--input", "x.npy", "--output", f"{path}.bin"],
                [f"{path}.json", "bench", FAKE, "--seconds", "0.01", "--json", f"{path}.json"])

    def check(self, path, reason, **keywords):
        for name, *command in self.commands(path):
            self.fails(re.compile(rf"^cannot write '{re.escape(name)}': (?i:{reason})$"), *command, **keywords)

    def test_missing_folder(self):
        self.check("out/none/y", "no such file or directory")
        (self.path / "file").write_text("")
        self.check("file/y", "not a directory")

    def test_folder_in_its_place(self):
        names = [name for name, *_ in self.commands("out/y")]
        for name in names:
            (self.path / name).mkdir()
        self.check("out/y", "is a directory|expected a regular file, got a folder", left=names)

    def test_device_in_the_place_of_a_library(self):
        # A pipe, which a rename would replace.
        os.mkfifo(self.path / "out" / "y.so")
        self.fails("cannot write 'out/y.so': expected a regular file, got a device or pipe",
                   "compile", "m.onnx", "-o", "out/y.so", left=["out/y.so"])

    @unittest.skipIf(os.geteuid() == 0, "root may write anywhere")
    def test_forbidden_folder(self):
        (self.path / "out").chmod(0o500)
        self.check("out/y", "permission denied")

    def test_dump_folder(self):
        (self.path / "file").write_text("")
        self.fails(re.compile("^cannot create the dump folder 'file/dump': Not a directory$"),
                   "compile", "m.onnx", "-o", "out/m.so", "--dump-ir", "file/dump")
        self.fails("the dump folder '.' holds other files; expected an empty folder or an earlier dump",
                   "compile", "m.onnx", "-o", "out/m.so", "--dump-ir", ".")

    def test_temporary_folder(self):
        self.environment["TMPDIR"] = str(self.path / "none")
        for command in (["compile", "m.onnx", "-o", "out/m.so"], ["verify", "m.onnx"], ["bench", "m.onnx"]):
            self.fails(re.compile("^cannot create a temporary folder: (?i:no such file or directory)$"), *command)


class FullDisk(OutputCase):
    def test_device(self):
        """/dev/full takes the place of the text outputs, which are written directly then."""
        for command in (["compile", "m.onnx", "--emit", "planned"], ["inspect", FAKE],
                        ["run", FAKE, "--input", "x.npy"], ["bench", FAKE, "--seconds", "0.01"]):
            with open("/dev/full", "w") as full:
                result = subprocess.run([RESC, *command], cwd=self.path, stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual(result.returncode, 1)
            self.check_line(result.stderr, "cannot write standard output: no space left on device")
        self.fails("cannot write '/dev/full': no space left on device",
                   "compile", "m.onnx", "--emit", "planned", "-o", "/dev/full")
        self.fails("cannot write '/dev/full': no space left on device",
                   "bench", FAKE, "--seconds", "0.01", "--json", "/dev/full")
        os.symlink("/dev/full", self.path / "y.npy")
        self.fails("cannot write 'y.npy': no space left on device",
                   "run", FAKE, "--input", "x.npy", "--output", "y.npy")

    def test_limit_on_the_size_of_files(self):
        def limit(size):
            return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        for size in (200_000, 600_000):
            self.fails(re.compile("out/m.so|tmp/resc-.*[Ff]ile too large"), "compile", DIGITS, "-o", "out/m.so",
                       preexec_fn=limit(size))
            self.fails(re.compile("tmp/resc-.*[Ff]ile too large"), "verify", DIGITS, preexec_fn=limit(size))
        self.fails("cannot write 'out/m.mlir': file too large", "compile", DIGITS, "--emit", "planned",
                   "-o", "out/m.mlir", preexec_fn=limit(5000))
        self.fails("cannot write 'out/y.npy': file too large",
                   "run", FAKE, "--input", "x.npy", "--output", "out/y.npy", preexec_fn=limit(100))

    def fails_on_small_disk(self, pattern, kibibytes, folder, *arguments):
        """Runs a command with a file system of this size mounted on `folder`, in a namespace of its own."""
        script = (f"mount -t tmpfs -o size={kibibytes}k none {folder} || exit 99; {shlex.join([RESC, *arguments])}; "
                  f"code=$?; ls -A {folder} >listing; exit $code")
        if not shutil.which("unshare"):
            self.skipTest("no unshare")
        result = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script], text=True,
                                cwd=self.path, env=self.environment, capture_output=True)
        if not (self.path / "listing").exists():
            self.skipTest(f"no namespaces here: {result.stderr}")
        self.assertEqual((result.returncode, result.stdout), (1, ""), result.stderr)
        self.check_line(result.stderr, re.compile(pattern))
        self.assertEqual(self.left(), [])
        return (self.path / "listing").read_text()

    def test_small_disk_for_the_result(self):
        compile = ("compile", str(DIGITS), "-o", "out/m.so")
        np.save(self.path / "big.npy", np.zeros((2 * 4000, 3, 2, 2), np.float32))
        run = ("run", FAKE, "--input", "big.npy", "--output", "out/y.npy")
        for size, pattern, command in ((64, r"'out/m\.so\..*': No space left on device$", compile),
                                       (700, r"'out/m\.so\..*': No space left on device$", compile),
                                       (64, "^cannot write 'out/y.npy': no space left on device$", run)):
            self.assertEqual(self.fails_on_small_disk(pattern, size, "out", *command), "")

    def test_small_disk_for_temporary_files(self):
        for size in (4, 100, 700):
            left = self.fails_on_small_disk(r"tmp/resc-.*No space left on device$", size, "tmp",
                                            "compile", str(DIGITS), "-o", "out/m.so")
            self.assertEqual(left, "")

    def test_small_disk_for_dumps(self):
        (self.path / "dump").mkdir()
        for size in (4, 200, 800):
            self.fails_on_small_disk(r"^(kernel '\w+': )?cannot write 'dump/.*': No space left on device$", size,
                                     "dump", "compile", str(DIGITS), "-o", "out/m.so", "--dump-ir", "dump")


class Interrupt(BadInput):
    """Ctrl-C: ended by the signal, as a shell expects, with nothing said and nothing left."""

    def interrupt(self, process, ready):
        deadline = time.monotonic() + 30
        while not ready() and process.poll() is None:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.communicate(timeout=20), ("", ""))
        self.assertEqual((process.returncode, self.left()), (-signal.SIGINT, []))

    def test_compile(self):
        compile = ("compile", DIGITS, "--jobs", "2", "-o", "out/m.so")
        self.interrupt(self.start(*compile), lambda: any("out/m.so." in name for name in self.left()))
        self.interrupt(self.start(*compile), lambda: list((self.path / "tmp").glob("*/kernel*.o")))
        self.interrupt(self.start(*compile, "--dump-ir", "dump"), lambda: list((self.path / "tmp").glob("*/kernel*.o")))

    def test_verify(self):
        self.interrupt(self.start("verify", DIGITS), lambda: list((self.path / "tmp").glob("*/kernel*.o")))
        self.interrupt(self.start("verify", DIGITS), lambda: list((self.path / "tmp").glob("*/model.so.*")))

    def test_run(self):
        np.save(self.path / "x.npy", np.zeros((2 * 200_000, 3, 2, 2), np.float32))  # 20 us each
        self.interrupt(self.start("run", FAKE, "--input", "x.npy", "--output", "out/y.npy"), self.left)

    def test_bench(self):
        self.interrupt(self.start("bench", FAKE, "--seconds", "30", "--json", "out/r.json"), self.left)

    def test_bench_of_a_model(self):
        bench = ("bench", DIGITS, "--seconds", "30", "--json", "out/r.json")
        self.interrupt(self.start(*bench), lambda: list((self.path / "tmp").glob("*/model.so.*")))
        self.interrupt(self.start(*bench), lambda: list((self.path / "out").iterdir()))


if __name__ == "__main__":
    unittest.main()
