"""What Console.py takes for the same output, and what not."""

import unittest

import Console


class ConsoleTest(unittest.TestCase):
    def same(self, documented, printed):
        self.assertIsNone(Console.differences(documented.splitlines(), printed))

    def differs(self, documented, printed):
        self.assertIsNotNone(Console.differences(documented.splitlines(), printed))

    def test_text_is_compared_as_it_is(self):
        self.same("wrote a.so (10)\n", "\nwrote  a.so (10)\n\n")
        self.differs("wrote a.so\n", "wrote b.so\n")
        self.differs("a.b\n", "axb\n")
        self.differs("one\n", "one\ntwo\n")
        self.differs("one\ntwo\n", "one\n")
        self.differs("one\ntwo\n", "two\none\n")
        self.differs("", "one\n")
        self.same("", "")

    def test_measured_numbers_stand_for_any(self):
        self.same("p50 0.02 ms   p99 1 ms, 130.2 GFLOP/s", "p50 17 ms p99 1e-05 ms, 9 GFLOP/s\n")
        self.same("60.0% of the 217 GFLOP/s", "5% of the 3 GFLOP/s\n")
        self.same("1 thread, 28133 runs", "1 thread, 4 runs\n")
        self.differs("1 thread, 28133 runs", "2 threads, 4 runs\n")
        self.differs("p50 0.02 ms", "p90 0.02 ms\n")
        self.differs("p50 0.02 ms", "p50 fast ms\n")
        self.differs("accuracy 99.33 %", "accuracy 98.00 %\n")
        self.differs("447 of 450 samples", "446 of 450 samples\n")

    def test_processors_stand_for_each_other(self):
        self.same("digits (x86-64-v4): AVX-512", "digits (x86-64-v3): AVX2\n")
        self.differs("digits (x86-64-v4)", "digits (x86-64-v2)\n")

    def test_dots_stand_for_any_lines(self):
        self.same("...\nlast", "one\ntwo\nlast\n")
        self.same("first\n...\nlast", "first\nlast\n")
        self.same("...", "")
        self.differs("...\nlast", "one\nlast\nmore\n")

    def test_commands_carry_their_output(self):
        self.assertEqual(Console.commands("$ a -b\none\n\n$ c\n"), [("a -b", ["one", ""]), ("c", [])])
        with self.assertRaises(ValueError):
            Console.commands("one\n$ a\n")

    def test_a_command_that_fails_is_no_success(self):
        self.assertEqual(Console.run("echo a; false | true", "/", {"PATH": "/usr/bin:/bin"}), (1, "a\n"))

    def test_every_block_is_run(self):
        text = "```console\n$ echo one\none\n```\ntext\n```console\n$ echo two\nthree\n```\n"
        self.assertEqual(len(Console.BLOCK.findall(text)), 2)


if __name__ == "__main__":
    unittest.main()
