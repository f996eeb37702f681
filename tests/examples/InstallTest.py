"""What `cmake --install` makes and what other projects do with it: find_package(resc) and resc_add_model.

Environment: RES_SOURCE and RES_BUILD are the sources and their build, CMAKE is the program. The installed tree is moved
before anything uses it.
"""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

CMAKE = os.environ["CMAKE"]
BUILD = Path(os.environ["RES_BUILD"])
SOURCE = Path(os.environ["RES_SOURCE"])
DIGITS = SOURCE / "examples" / "quickstart" / "digits.onnx"
INSTALLED = """bin/res-opt bin/resc include/res/runtime.h lib/cmake/resc/ResAddModel.cmake
    lib/cmake/resc/resc-config-version.cmake lib/cmake/resc/resc-config.cmake lib/resc/libHalide.so
    libexec/resc-compiler share/doc/resc/LICENSE share/doc/resc/LICENSE.Halide
    share/doc/resc/LICENSE.libjpeg62-turbo share/doc/resc/LICENSE.libminizip share/doc/resc/LICENSE.libpng
    share/doc/resc/LICENSE.zlib1g""".split()
OTHER_PROJECT = "cmake_minimum_required(VERSION 3.16)\nproject(other {languages})\nfind_package(resc 0.1 REQUIRED)\n"


def run(*command, **keywords):
    return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=200, **keywords)


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        first = Path(folder.name) / "first"
        cls.prefix = Path(folder.name) / "moved here"
        result = run(CMAKE, "--install", BUILD, "--prefix", first)
        if result.returncode:
            raise RuntimeError(result.stdout)
        first.rename(cls.prefix)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)
        self.built = self.path / "built"

    def succeeds(self, *command, **keywords):
        result = run(*command, **keywords)
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout

    def configure(self, source, *arguments):
        return run(CMAKE, "-G", "Ninja", "-S", source, "-B", self.built,
                   f"-DCMAKE_PREFIX_PATH={self.prefix}", *arguments)

    def build(self, source, *arguments):
        result = self.configure(source, *arguments)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.succeeds(CMAKE, "--build", self.built)


class Tree(InstallTest):
    def test_holds_what_a_user_needs_and_no_more(self):
        files = sorted(f.relative_to(self.prefix).as_posix() for f in self.prefix.rglob("*") if f.is_file())
        self.assertEqual(files, INSTALLED)

    def test_needs_neither_the_sources_nor_the_build(self):
        for program in ("bin/resc", "bin/res-opt", "libexec/resc-compiler"):
            libraries = self.succeeds("ldd", self.prefix / program)
            self.assertNotIn("not found", libraries)
            for place in (SOURCE, BUILD):
                self.assertNotIn(str(place), libraries)
                self.assertEqual((self.prefix / program).read_bytes().count(str(place).encode()), 0, (place, program))

    def test_compiles_to_the_same_bytes_as_the_build(self):
        for resc, name in ((self.prefix / "bin" / "resc", "a.so"), (BUILD / "bin" / "resc", "b.so")):
            self.succeeds(resc, "compile", DIGITS, "-o", self.path / name)
        self.assertEqual((self.path / "a.so").read_bytes(), (self.path / "b.so").read_bytes())

    def test_licences(self):
        for name in ("LICENSE", "LICENSE.Halide"):
            self.assertIn("Permission is hereby granted", (self.prefix / "share/doc/resc" / name).read_text())


class EmbedInC(InstallTest):
    def setUp(self):
        super().setUp()
        self.source = self.path / "source" / "embed-in-c"
        shutil.copytree(SOURCE / "examples" / "embed-in-c", self.source)
        (self.path / "source" / "quickstart").mkdir()
        shutil.copy(DIGITS, self.path / "source" / "quickstart")

    def test_reads_digits_where_it_is_built_and_installed(self):
        self.build(self.source)
        two = "input 'image': 1 1 8 8, 256 bytes\nthis is a 2 (score 15.8)\n"
        self.assertEqual(self.succeeds(self.built / "read-digit"), two)
        self.succeeds(CMAKE, "--install", self.built, "--prefix", self.path / "first")
        (self.path / "first").rename(self.path / "second")
        shutil.rmtree(self.built)
        program = self.path / "second" / "bin" / "read-digit"
        self.assertEqual(self.succeeds(program), two)
        self.assertIn("this is a 9", self.succeeds(program, self.source / "nine.txt"))
        (self.path / "short.txt").write_text("1 2 3")
        for name, message in (("gone.txt", "cannot read 'gone.txt': No such file or directory"),
                              ("short.txt", "expected 64 numbers in 'short.txt', got 3")):
            result = run(program, name, cwd=self.path)
            self.assertEqual(result.returncode, 1)
            self.assertIn(f"read-digit: error: {message}\n", result.stdout)

    def test_compiles_again_when_the_model_changes_and_only_then(self):
        self.build(self.source)
        self.assertIn("no work to do", self.succeeds(CMAKE, "--build", self.built))
        os.utime(self.path / "source" / "quickstart" / "digits.onnx")
        self.assertIn("Compiling the model", self.succeeds(CMAKE, "--build", self.built))

    def test_is_short(self):
        self.assertLess(len((self.source / "main.c").read_text().splitlines()), 60)


class OtherProject(InstallTest):
    def test_options_reach_the_compiler_and_other_folders_and_languages_link(self):
        models = self.path / "models"
        models.mkdir()
        shutil.copy(DIGITS, models / "my net.onnx")
        (models / "weights.bin").write_text("")
        (models / "CMakeLists.txt").write_text(
            "resc_add_model(net MODEL \"my net.onnx\" TARGET x86-64-v3 MATH strict BATCH 2\n"
            "  INPUT_SHAPE image=1x1x8x8 DEPENDS weights.bin)\n")
        (self.path / "CMakeLists.txt").write_text(
            OTHER_PROJECT.format(languages="CXX") + "add_executable(app app.cpp)\ntarget_link_libraries(app net)\n"
            "add_subdirectory(models)\n")
        (self.path / "app.cpp").write_text(
            "#include \"my net.h\"\n#include <cstdio>\nint main() { std::puts(my_net_get_model()->target); }\n")
        self.build(self.path)
        self.assertEqual(self.succeeds(self.built / "app"), "x86-64-v3\n")
        inspected = self.succeeds(self.prefix / "bin" / "resc", "inspect", self.built / "models/net.resc/libnet.so")
        self.assertRegex(inspected, "target x86-64-v3, math strict")
        os.utime(models / "weights.bin")
        self.assertIn("Compiling the model", self.succeeds(CMAKE, "--build", self.built))

    def refused(self, call, message):
        """Configuring a project with this call stops with the message."""
        (self.path / "CMakeLists.txt").write_text(OTHER_PROJECT.format(languages="NONE") + call)
        result = self.configure(self.path)
        self.assertNotEqual(result.returncode, 0, f"{call} was taken")
        self.assertIn(message, " ".join(result.stdout.split()))

    def test_wrong_arguments(self):
        digits = f'MODEL "{DIGITS}"'
        self.refused("resc_add_model(net)", "resc_add_model(net): expected MODEL file.onnx")
        self.refused("resc_add_model(net MODEL)", "resc_add_model(net): expected a value after MODEL")
        self.refused(f"resc_add_model({digits})", "expected the name of the library first, got 'MODEL'")
        self.refused(f'resc_add_model("a b" {digits})', "expected a name of letters, digits and _.+-")
        self.refused(f"resc_add_model(net {digits})\nresc_add_model(net {digits})",
                     "a target of this name exists already")
        self.refused(f"resc_add_model(net {digits} THREADS 2)",
                     "expected MODEL, TARGET, MATH, BATCH, INPUT_SHAPE or DEPENDS, got 'THREADS;2'")
        self.refused("resc_add_model(net MODEL gone.onnx)",
                     f"expected a file 'gone.onnx', found none at {self.path}/gone.onnx")
        self.refused("resc_add_model(net MODEL net.pt)", "expected a MODEL that ends in .onnx or .mlir, got 'net.pt'")
        self.refused(f"resc_add_model(net {digits} TARGET sparc)",
                     "expected TARGET host, x86-64-v3, x86-64-v4 or aarch64, got 'sparc'")
        self.refused(f"resc_add_model(net {digits} MATH quick)", "expected MATH strict or fast, got 'quick'")
        self.refused(f"resc_add_model(net {digits} BATCH 0)", "expected a BATCH of at least 1, got '0'")
        self.refused(f"resc_add_model(net {digits} INPUT_SHAPE image=1x1x8x8 1x2)",
                     "expected INPUT_SHAPE input=1x3x224x224, got '1x2'")
        self.refused(f"resc_add_model(net {digits} DEPENDS gone.bin)", "expected a file 'gone.bin', found none at")
        self.refused("find_package(resc 9 REQUIRED)", "compatible with requested version \"9\"")
        self.refused("find_package(resc REQUIRED COMPONENTS gpu)", "package \"resc\" is considered to be NOT FOUND")

    def test_takes_every_target_and_math_of_the_compiler(self):
        text = self.succeeds(self.prefix / "bin" / "resc", "compile", "--help")
        targets = sorted(set(re.findall(r"host|x86-64-v\d,\S+\d|x86-64-v\d|aarch64", re.search(r"--target=.*", text)[0])))
        maths = re.search(r"--math=<(\S+)>", text)[1].split("|")
        calls = [f'resc_add_model(net-{value.replace(",", "+")} MODEL "{DIGITS}" {option} {value})'
                 for option, values in (("TARGET", targets), ("MATH", maths)) for value in values]
        self.assertGreaterEqual(len(calls), 7)
        (self.path / "CMakeLists.txt").write_text(OTHER_PROJECT.format(languages="NONE") + "\n".join(calls))
        result = self.configure(self.path)
        self.assertEqual(result.returncode, 0, result.stdout)


if __name__ == "__main__":
    unittest.main()
