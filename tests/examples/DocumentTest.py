"""Runs the console blocks of a document.

    DocumentTest.py DOCUMENT

The document's path is relative to the sources. Environment: see Console.scratch.
"""

import sys
import tempfile
import unittest
from pathlib import Path

import Console


class DocumentTest(unittest.TestCase):
    document = ""

    def test_console_blocks(self):
        with tempfile.TemporaryDirectory() as folder:
            environment = Console.scratch(folder)
            blocks = Console.BLOCK.findall((Path(folder) / self.document).read_text())
            self.assertTrue(blocks, "expected a ```console block")
            for block in blocks:
                Console.check_block(self, block, folder, environment)


if __name__ == "__main__":
    DocumentTest.document = sys.argv.pop()
    unittest.main()
