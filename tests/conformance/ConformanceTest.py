"""The backend tests of the onnx package through compiled code: each case passes, or is refused for the reason on the list.

Environment: RESC is the command.
"""
import os
import tempfile
import unittest
from pathlib import Path

import exclusions
import operator_table
from conformance import run_cases
from onnx_cases import load_cases

_cache = tempfile.TemporaryDirectory()
os.environ["RESC_CACHE_DIR"] = _cache.name
UPDATE = "(tests/conformance/update_tables.py writes the list and the table)"


class Conformance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.cases, _ = load_cases()
        cls.outcomes = run_cases(cls.cases, Path(folder.name))
        cls.expected = exclusions.read_exclusions()

    def test_cases(self):
        """Results, and refusals word for word by the rule that excludes the case; no case that is excluded passes."""
        for name, outcome in self.outcomes.items():
            with self.subTest(case=name):
                self.assertIsNone(outcome.problem)
                reason = outcome.refusal and exclusions.find_reason(outcome.refusal)
                self.assertEqual(reason, self.expected.get(name), f"{outcome.refusal or 'it passes'} {UPDATE}")
                if outcome.refusal:
                    self.assertIsNotNone(reason, f"no rule of exclusions.py knows: {outcome.refusal}")

    def test_most_pass(self):
        """So that a loader that finds nothing does not go unnoticed."""
        self.assertGreater(sum(outcome.mode is not None for outcome in self.outcomes.values()), 150)
        self.assertGreater(sum(outcome.mode == "fed" for outcome in self.outcomes.values()), 50)

    def test_excluded_cases_exist(self):
        self.assertEqual(set(self.expected) - set(self.cases), set(), UPDATE)

    def test_table(self):
        self.maxDiff = None
        self.assertEqual(operator_table.split_readme()[1], operator_table.format_table(self.cases, self.outcomes), UPDATE)


if __name__ == "__main__":
    unittest.main(verbosity=2)
