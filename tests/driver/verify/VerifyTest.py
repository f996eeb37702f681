"""resc verify: what it says of a good compiler, and that it names the pass, the kernel or the step that is wrong.

Environment: RESC, FAULTY (`resc verify` with faults to order) and DIGITS (a model).
"""
import os
import re
import subprocess
import tempfile
import unittest

RESC, FAULTY, DIGITS = os.environ["RESC"], os.environ["FAULTY"], os.environ["DIGITS"]


class VerifyTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_command(self, *command, **environment):
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment})

    def verify(self, *flags, model=DIGITS):
        result = self.run_command(RESC, "verify", model, *flags)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def rows(self, text, word):
        """The last columns of the lines that hold a word on their own."""
        return [line.split()[-1] for line in text.splitlines() if re.search(rf"\b{word}\b", line) and ":" not in line]

    def test_layers(self):
        text = self.verify("--layers", "--math", "strict")
        nodes = self.rows(text, "good")
        self.assertGreater(len(nodes), 8)
        self.assertEqual(len(nodes), len(set(nodes)))
        self.assertIn("output 'logits': error", text)
        self.assertEqual(self.rows(text, "wrong"), [])

    def test_layers_of_a_library(self):
        library = os.path.join(self.folder, "digits.so")
        self.assertEqual(self.run_command(RESC, "compile", DIGITS, "-o", library).returncode, 0)
        self.assertEqual(self.verify("--layers", "--so", library), self.verify("--layers"))
        result = self.run_command(RESC, "verify", DIGITS, "--so", library, "--layers", "--batch", "2")
        self.assertEqual(result.returncode, 1)
        result = self.run_command(RESC, "verify", DIGITS, "--so", library, "--layers", "--target", "x86-64-v3")
        self.assertIn(result.returncode, (0, 1))  # the same plan may do for both
        self.assertLessEqual(len(result.stderr.splitlines()), 1)

    def test_passes(self):
        text = self.verify("--passes")
        passes = re.findall(r"(\S+) +good$", text, re.MULTILINE)
        for name in ("res-fold-batch-norm", "res-form-kernels", "res-fuse-epilogue", "res-fuse-residual-add",
                     "res-decide-schedules", "res-apply-layouts", "res-pack-weights", "res-outline-kernels",
                     "res-plan-memory"):
            self.assertIn(name, passes)

    def test_passes_of_a_dump(self):
        dump = os.path.join(self.folder, "digits.mlir")
        self.run_command(RESC, "compile", DIGITS, "--emit", "decided", "-o", dump)
        text = self.verify("--passes", "--layers", model=dump)
        self.assertNotIn("res-fold-batch-norm", text)
        self.assertIn("res-apply-layouts", text)

    def test_options_last_beyond_the_link(self):
        # The linker resets every option in the process.
        with_seed = self.verify("--seed", "7", "--bound", "0.5")
        self.assertIn("bound 5e-01", with_seed)
        library = os.path.join(self.folder, "digits.so")
        self.run_command(RESC, "compile", DIGITS, "-o", library)
        self.assertEqual(with_seed, self.verify("--seed", "7", "--bound", "0.5", "--so", library))
        self.assertNotEqual(with_seed, self.verify("--seed", "8", "--bound", "0.5"))

    def test_names_the_broken_pass(self):
        for name in ("res-form-kernels", "res-fuse-residual-add", "res-apply-layouts", "res-outline-kernels"):
            with self.subTest(name):
                result = self.run_command(FAULTY, DIGITS, "--passes", RESC_BREAK_PASS=name)
                self.assertEqual(result.returncode, 1, result.stdout)
                self.assertRegex(result.stderr, rf"^resc: error: pass '{name}' changed the result: error \S+, bound 1e-09\n$")
                self.assertEqual(re.findall(r"(\S+) +wrong$", result.stdout, re.MULTILINE)[0], name)

    def test_names_the_broken_kernel(self):
        good = self.run_command(FAULTY, DIGITS, "--layers")
        self.assertEqual((good.returncode, good.stderr), (0, ""))
        for kernel in (0, 2):
            with self.subTest(kernel):
                result = self.run_command(FAULTY, DIGITS, "--layers", RESC_BREAK_KERNEL=str(kernel))
                self.assertEqual(result.returncode, 1, result.stdout)
                match = re.match(r"^resc: error: node '(.*)' is the first whose output is wrong: error \S+, bound 1e-03; "
                                 r"kernel '(.*relu.*)' computes it in step (\d+)\n$", result.stderr)
                self.assertTrue(match, result.stderr)
                rows = [line.split() for line in result.stdout.splitlines() if re.match(r" +\d+ ", line)]
                first = next(row for row in rows if row[3] == "wrong")
                self.assertEqual((first[4], first[0]), (match[1], match[3]))
                self.assertTrue(all(row[3] == "good" for row in rows if int(row[0]) < int(match[3])))
        # Without --layers the output alone says so.
        result = self.run_command(FAULTY, DIGITS, RESC_BREAK_KERNEL="0")
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        self.assertIn("too large", result.stdout)

    def test_names_the_broken_plan(self):
        for fault, message in (("tensor", "expected results apart from inputs and from each other"),
                               ("scratch", "expected scratch of 1 thread apart from inputs and results"),
                               ("more", "expected scratch of 3 threads apart from inputs and results")):
            with self.subTest(fault):
                result = self.run_command(FAULTY, DIGITS, RESC_BREAK_PLAN=fault)
                self.assertEqual((result.returncode, result.stdout), (70, ""))
                self.assertRegex(result.stderr, rf"^resc: error: node '\S+': 'res.call' op {message}\nresc: internal error: the "
                                                r"plan of the memory does not hold; this is a bug in resc, please report it\n$")


if __name__ == "__main__":
    unittest.main()
