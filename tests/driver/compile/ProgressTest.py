"""The progress of resc compile on a terminal.

Environment: RESC is the command.
"""

import os
import pty
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

RESC = os.environ["RESC"]
ROOT = Path(__file__).resolve().parents[3]


class Progress(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = Path(folder.name)
        cls.models = {}
        for name, options in (("long", ["--depth", "18"]), ("short", ["--tiny"])):
            cls.models[name] = cls.path / f"{name}.onnx"
            subprocess.run([sys.executable, ROOT / "examples/models/make_resnet.py", cls.models[name], *options], check=True,
                           stdout=subprocess.DEVNULL)

    def compile(self, model, *options, code=0):
        """What a terminal at standard error receives."""
        terminal, device = pty.openpty()
        process = subprocess.Popen([RESC, "compile", self.models[model], "-o", self.path / "out.so", *options],
                                   stdout=subprocess.PIPE, stderr=device, env={**os.environ, "RESC_CACHE_DIR": str(self.path)})
        os.close(device)
        text = b""
        try:
            while part := os.read(terminal, 4096):
                text += part
        except OSError:  # how Linux says that the other end is closed
            pass
        os.close(terminal)
        self.assertEqual((process.wait(60), process.stdout.read()), (code, b""))
        process.stdout.close()
        return text.decode()

    def test_one_line_that_grows_and_goes(self):
        text = self.compile("long", "--jobs", "1", "--no-cache")  # about 4 s
        lines = re.fullmatch(r"((?:\rcompiling kernels \d+/\d+)+)\r\x1b\[K", text)
        self.assertTrue(lines, repr(text))
        counts = [tuple(map(int, pair)) for pair in re.findall(r"(\d+)/(\d+)", lines[1])]
        self.assertGreater(len(counts), 2)
        self.assertEqual(counts, sorted(set(counts)))
        self.assertEqual({most for _, most in counts}, {counts[-1][0]})

    def test_several_at_a_time(self):
        text = self.compile("long", "--jobs", "4", "--no-cache")
        counts = [int(count) for count in re.findall(r"\rcompiling kernels (\d+)/", text)]
        self.assertEqual(counts, sorted(set(counts)))
        self.assertTrue(text.endswith("\r\x1b[K") or not counts, repr(text))

    def test_nothing_for_short_work(self):
        self.compile("short")
        self.assertEqual(self.compile("short"), "", "all kernels are in the cache")

    def test_nothing_in_a_pipe(self):
        result = subprocess.run([RESC, "compile", self.models["long"], "-o", self.path / "out.so", "--jobs", "1", "--no-cache"],
                                capture_output=True)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"", b""))


if __name__ == "__main__":
    unittest.main()
