"""Runs the commands that a document shows and compares what they print.

A fenced block that opens with ```console holds commands, `$ command`, each followed by all that it prints (standard
output and error together). In what it prints

    ...             stands for any lines, if it is a line of its own
    56.24 ms        a number before a unit of UNITS is measured: it stands for any number
    x86-64-v4       and the others of PROCESSOR stand for what this machine has

and empty lines and the width of spaces do not count.
"""

import difflib
import os
import re
import shutil
import subprocess
import sys

# Of time, rate, and what the size of files and processes depends on.
UNITS = r"(?:ms|s|GFLOP/s|% of the|runs|MB resident|K)"
MEASURED = re.compile(rf"(?<![\w.-])\d+(?:\.\d+)?(?=\s*{UNITS}(?!\w))")
PROCESSOR = {"x86-64-v4": "x86-64-v[34]", "AVX-512": "AVX(2|-512)"}
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NUMBER = r"\d+(?:\.\d+)?(?:e[-+]?\d+)?"


def commands(block):
    """The commands of a console block, each with the lines that it prints."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
        else:
            raise ValueError(f"expected a console block to begin with '$ command', got '{line}'")
    return found


def line_pattern(line):
    if line == "...":
        return r"(?:.*\n)*?"
    pieces = MEASURED.split(" ".join(line.split()))
    text = NUMBER.join(re.escape(piece) for piece in pieces)
    for name, alternatives in PROCESSOR.items():
        text = text.replace(re.escape(name), alternatives)
    return text + r"\n"


def differences(expected, printed):
    """None if the lines `expected` describe `printed`, else a text that shows how they differ."""
    wanted = [line.rstrip() for line in expected if line.strip()]
    got = [" ".join(line.split()) for line in printed.splitlines() if line.strip()]
    if re.fullmatch("".join(map(line_pattern, wanted)), "".join(line + "\n" for line in got)):
        return None
    # Lines that agree are shown as they were printed, so that those that do not stand out.
    left, shown = list(got), []
    for line in wanted:
        same = next((g for g in left if line != "..." and re.fullmatch(line_pattern(line), g + "\n")), None)
        if same is not None:
            left.remove(same)
        shown.append(same or " ".join(line.split()))
    return "\n".join(difflib.unified_diff(shown, got, "documented", "printed", lineterm="", n=1))


def run(command, folder, environment):
    """Runs a command of a document; returns its exit code and what it printed."""
    result = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=folder, env=environment, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
    return result.returncode, result.stdout


def check(test, command, expected, folder, environment):
    """Fails `test`, a unittest.TestCase, unless the command succeeds and prints what is expected (None: anything)."""
    code, printed = run(command, folder, environment)
    test.assertEqual(code, 0, f"'{command}' printed\n{printed}")
    if expected is not None:
        different = differences(expected, printed)
        if different is not None:
            test.fail(f"'{command}' prints something else:\n{different}")


def check_block(test, block, folder, environment):
    """Every command of a console block, in order."""
    for command, expected in commands(block):
        with test.subTest(command=command):
            check(test, command, expected, folder, environment)


def scratch(folder):
    """Makes a copy of the sources in `folder`, with the build of this test as build/release; returns its environment.

    RES_SOURCE and RES_BUILD of the environment are the sources and their build, CMAKE is the program.
    """
    source, build = os.environ["RES_SOURCE"], os.environ["RES_BUILD"]
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("build", ".git", "__pycache__"), dirs_exist_ok=True)
    venv = os.path.dirname(os.path.dirname(sys.executable))
    os.mkdir(os.path.join(folder, "build"))
    os.symlink(build, os.path.join(folder, "build", "release"))
    os.symlink(venv, os.path.join(folder, "build", "venv"))
    programs = [os.path.join(build, "bin"), os.path.join(venv, "bin"), os.path.dirname(os.environ["CMAKE"])]
    return {**os.environ, "PATH": os.pathsep.join([*programs, os.environ["PATH"]]), "CMAKE_GENERATOR": "Ninja",
            "RESC": "build/release/bin/resc"}
