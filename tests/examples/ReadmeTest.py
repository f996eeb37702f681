"""Runs every command of README.md, in its order, and compares what the console blocks show.

A command is one of a ```console block, or a code span that calls resc, res-opt or cmake or that names an executable
file: it must succeed. Where it is the first cell of a table, the options that the second names must be in its help. Names in
capitals are real files here: MODEL.onnx is the digits network. Environment: see Console.scratch.
"""

import os
import re
import shutil
import tempfile
import unittest
from pathlib import Path

import numpy as np

import Console

# What is not run, and why.
EXCLUDED = {
    "tests/run.sh": "runs all tests, this one included",
    "tests/run.sh -L quick": "runs all quick tests, and would build",
    "tests/performance/update_readme.py": "measures for many minutes; the test performance-measuring runs it on a small model",
    "cmake --preset release && cmake --build --preset release": "made what this test runs",
}
# What stands for any name of its kind.
PLACEHOLDERS = {"PHASE": "decided", "--res-…": "--res-fold-batch-norm"}

# A fenced block (its kind, its content) or a code span.
CODE = re.compile(r"^```(\w*)\n(.*?)^```$|`([^`]+)`", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\| `([^`]+)` \|(.*)$", re.MULTILINE)


class ReadmeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.environment = Console.scratch(folder.name)
        cls.text = (cls.folder / "README.md").read_text()

    def command(self, command, expected=None):
        for name, value in PLACEHOLDERS.items():
            command = command.replace(name, value)
        Console.check(self, command, expected, self.folder, self.environment)

    def is_command(self, span):
        first, *arguments = span.split() or [""]
        file = self.folder / first
        return bool(arguments) if first in ("resc", "res-opt", "cmake") else file.is_file() and os.access(file, os.X_OK)

    def test_commands(self):
        shutil.copy(self.folder / "examples/quickstart/digits.onnx", self.folder / "MODEL.onnx")
        np.save(self.folder / "x.npy", np.zeros((1, 1, 8, 8), np.float32))
        self.command("resc compile MODEL.onnx --emit imported -o FILE.mlir", [])
        blocks = spans = 0
        for kind, content, span in CODE.findall(self.text):
            span = " ".join(span.split())
            if kind == "console":
                blocks += 1
                Console.check_block(self, content, self.folder, self.environment)
            elif self.is_command(span) and span not in EXCLUDED:
                spans += 1
                with self.subTest(command=span):
                    self.command(span)
        self.assertGreaterEqual(blocks, 1)
        self.assertGreaterEqual(spans, 12)

    def test_excluded_commands_are_there(self):
        for command in EXCLUDED:
            self.assertIn(f"`{command}`", self.text)

    def test_other_blocks_hold_no_commands(self):
        for kind, content, _ in CODE.findall(self.text):
            if kind != "console":
                self.assertNotRegex(content, r"(?m)^(\$ |resc |res-opt |cmake |examples/|tests/)")

    def test_options_of_the_table_are_in_the_help(self):
        rows = [row for row in ROW.findall(self.text) if self.is_command(row[0])]
        self.assertGreaterEqual(len(rows), 6)
        for command, cell in rows:
            program = re.match(r"resc \w+|\S+", command)[0]
            _, text = Console.run(f"{program} --help", self.folder, self.environment)
            for option in re.findall(r"(?:^| |`)(--[a-z-]*[a-z])\b", command + cell):
                with self.subTest(command=command, option=option):
                    self.assertRegex(text, rf"(?m)^\s*{option}\b")

    def test_links_lead_somewhere(self):
        for link in re.findall(r"\]\(([^)#:]+)\)", self.text):
            self.assertTrue((self.folder / link).exists(), link)


if __name__ == "__main__":
    unittest.main()
