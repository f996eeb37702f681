"""The memory maps that compiled libraries tell about themselves, checked without any of the compiler's code.

Environment: RESC is the command. Models are made by the scripts in examples/models.
"""

import copy
import json
import unittest

from NetworkCase import NetworkCase, make, make_resnet

LINE = 64


def faults(manifest):
    """What is wrong with a memory map, one sentence each."""
    places, found = manifest["memory_map"], []
    for index, place in enumerate(places):
        if place["offset"] < 0 or place["offset"] % LINE or place["offset"] + place["bytes"] > manifest["arena_bytes"]:
            found.append(f"place {index} is not in the arena")
        if "overwrites" in place:
            before = places[place["overwrites"]]
            if (before["offset"], before["bytes"], before["last_step"]) != (place["offset"], place["bytes"], place["first_step"]):
                found.append(f"place {index} overwrites another one than it can")
    for step, call in enumerate(manifest["steps"]):
        for source in call["reads"]:
            for place in places:
                if place["first_step"] == source and place["last_step"] < step:
                    # One of several results may end before; then another one of that step must reach here.
                    if not any(p["first_step"] == source and p["last_step"] >= step for p in places):
                        found.append(f"step {step} reads what step {source} wrote, which is gone")
    for a, first in enumerate(places):
        for b in range(a):
            second = places[b]
            together = first["first_step"] <= second["last_step"] and second["first_step"] <= first["last_step"]
            apart = (first["offset"] + first["bytes"] <= second["offset"] or
                     second["offset"] + second["bytes"] <= first["offset"])
            if together and not apart and first.get("overwrites") != b:
                found.append(f"places {b} and {a} share bytes while both live")
    return found


def bound(manifest):
    """The most bytes that are live at once, in whole cache lines."""
    return max(sum(-(-p["bytes"] // LINE) * LINE for p in manifest["memory_map"]
                   if p["first_step"] + ("overwrites" in p) <= step <= p["last_step"])
               for step in range(len(manifest["steps"])))


class MemoryMap(NetworkCase):
    def describe(self, path, *options):
        return json.loads(self.resc("inspect", path, "--json", *options))

    def check_map(self, manifest):
        self.assertEqual(faults(manifest), [])
        self.assertEqual(manifest["arena_lower_bound_bytes"], bound(manifest))
        self.assertEqual(manifest["arena_bytes"], bound(manifest), "the bound is reached on these networks")
        return sum("overwrites" in place for place in manifest["memory_map"])

    def test_compiled_resnets(self):
        # Tiles divide some of these maps, so that some blocks close in place.
        for depth in (18, 34, 50, 101, 152):
            model = make_resnet(self.path / "resnet.onnx", "--depth", depth, "--size", 56)
            for math in ("strict", "fast"):
                with self.subTest(depth=depth, math=math):
                    library = self.compile(model, "--math", math)
                    self.assertGreaterEqual(self.check_map(self.describe(library)), 8)

    def test_planned_at_full_size(self):
        # Most blocks close in place; in some the whole block is one kernel, which reads its input until its end.
        for depth, blocks in ((18, 7), (34, 15), (50, 13), (101, 30), (152, 47)):
            with self.subTest(depth=depth):
                model = make_resnet(self.path / "resnet.onnx", "--depth", depth)
                self.assertGreaterEqual(self.check_map(self.describe(model, "--target", "x86-64-v4")), blocks)

    def test_planned_vgg(self):
        model = make("make_vgg.py", self.path / "vgg19.onnx")
        self.assertEqual(self.check_map(self.describe(model)), 0)

    def test_finds_faults(self):
        model = make_resnet(self.path / "resnet18.onnx", "--depth", 18, "--size", 56)
        good = self.describe(model)
        places = good["memory_map"]
        shared = next(i for i, place in enumerate(places) if "overwrites" in place)
        for index, key, value in ((1, "offset", places[0]["offset"]), (0, "last_step", 0), (0, "offset", 32),
                                  (shared, "overwrites", 0), (len(places) - 1, "offset", good["arena_bytes"])):
            with self.subTest(index=index, key=key):
                bad = copy.deepcopy(good)
                bad["memory_map"][index][key] = value
                self.assertNotEqual(faults(bad), [])


if __name__ == "__main__":
    unittest.main()
