"""What the tests of resc share: a folder, files in it, and calls of the command whose manners are checked.

Environment: RESC is the command, FAKE_MODEL… are the libraries made of fake_model.c. The compiler is not needed: where
resc would call it, a script stands in.
"""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np

RESC = os.environ["RESC"]
FAKE = os.environ["FAKE_MODEL"]
FAKE_ANY = os.environ["FAKE_MODEL_ANY"]
FAKE_TWO = os.environ["FAKE_MODEL_TWO"]
FAKE_RGB = os.environ["FAKE_MODEL_RGB"]
FAKE_GRAY = os.environ["FAKE_MODEL_GRAY"]


class ResCommandCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)
        self.data = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
        np.save(self.path / "x.npy", self.data)

    def resc(self, *arguments, code=0, environment=None):
        """Runs resc in the test's folder and returns its standard output; everything else is checked here. The code
        None stands for 0 or 1, of a file that may or may not be readable."""
        result = subprocess.run([RESC, *map(str, arguments)], cwd=self.path, capture_output=True, text=True, timeout=60,
                                errors="replace", env={**os.environ, **(environment or {})})
        self.assertIn(result.returncode, (0, 1) if code is None else (code,), result.stderr)
        self.stderr = result.stderr
        if result.returncode:
            self.assertEqual(result.stdout, "")
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        else:
            self.assertEqual(result.stderr, "")
        return result.stdout

    def fails(self, code, message, *arguments, **keywords):
        self.resc(*arguments, code=code, **keywords)
        self.assertEqual(self.stderr.rstrip("\n"), f"resc: error: {message}")

    def files(self):
        return sorted(p.name for p in self.path.iterdir())

    def expected(self, data):
        return 2 * data.reshape(len(data), 12)[:, :5] - np.arange(5, dtype=np.float32)
