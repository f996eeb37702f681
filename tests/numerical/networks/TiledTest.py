"""Every family of networks with all blocks in bands of rows (--tile-bottlenecks always), and with as little memory as can be.

Environment: RESC is the command.
"""

import json
import re
import subprocess
import unittest

import onnx
from tiled_models import FAMILIES

from NetworkCase import RESC, NetworkCase


class Tiled(NetworkCase):
    def save(self, family):
        path = self.path / (family + ".onnx")
        onnx.save(FAMILIES[family](), path)
        return path

    def verify(self, family):
        model = self.save(family)
        for math in ("strict", "fast"):
            with self.subTest(math=math):
                steps = self.plan(model, "--math", math, "--tile-bottlenecks", "always")["steps"]
                self.assertGreaterEqual(sum(len(re.findall("conv", " ".join(step["nodes"]))) > 1 for step in steps), 2)
                self.resc("verify", model, "--math", math, "--tile-bottlenecks", "always")

    def plan(self, model, *options):
        return json.loads(self.resc("inspect", model, "--json", *options))

    def refuse(self, model, *options):
        """The least limit that resc names when it refuses one."""
        result = subprocess.run([RESC, "inspect", model, "--json", *map(str, options)], capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        return int(re.fullmatch(r"resc: error: .*expected a workspace of at most \d+ bytes \(--memory-limit\), the least "
                                r"that was reached is (\d+) for one thread\n", result.stderr)[1])

    def check_limits(self, family):
        """The least limit that is named can be had, and so can all between it and what is needed without bands."""
        model = self.save(family)
        for math in ("strict", "fast"):
            never = self.plan(model, "--math", math, "--tile-bottlenecks", "never")["workspace_bytes"]["1"]
            least = self.refuse(model, "--math", math, "--memory-limit", 1024)
            self.assertLessEqual(least, never)
            for limit in sorted({least + (never - least) * part // 8 for part in range(9)} | {least + 1}):
                with self.subTest(family=family, math=math, limit=limit, least=least, never=never):
                    self.assertLessEqual(self.plan(model, "--math", math, "--memory-limit", limit)["workspace_bytes"]["1"], limit)

    def test_automatic_bands_need_no_more_memory(self):
        for family in FAMILIES:
            model = self.save(family)
            for math in ("strict", "fast"):
                with self.subTest(family=family, math=math):
                    plans = [self.plan(model, "--math", math, "--tile-bottlenecks", mode)["workspace_bytes"] for mode in ("auto", "never")]
                    for threads in ("1", "2"):
                        self.assertLessEqual(plans[0][threads], plans[1][threads])


def add_tests(family):
    name = family.replace("-", "_")
    setattr(Tiled, f"test_{name}", lambda self: self.verify(family))
    setattr(Tiled, f"test_limits_of_{name}", lambda self: self.check_limits(family))


for _family in FAMILIES:
    add_tests(_family)

if __name__ == "__main__":
    unittest.main()
