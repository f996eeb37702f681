#!/usr/bin/env python3
"""Runs the backend tests of onnx and writes which are excluded (exclusions.txt) and the table of frontends/README.md.

    update_tables.py                     everything; about a minute
    update_tables.py --export FOLDER     no more than the models that resc is given, with their inputs and outputs

Environment: RESC is the command (default: build/release/bin/resc).
"""
import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx

import exclusions
import operator_table
from conformance import run_cases
from onnx_cases import load_cases, variants


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--export", metavar="FOLDER", type=Path)
    options = parser.parse_args()
    cases, skipped = load_cases()
    if options.export:
        return export(cases, options.export)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RESC_CACHE_DIR"] = folder + "/cache"
        outcomes = run_cases(cases, Path(folder))
    faults = [f"{name}: {outcome.problem}" for name, outcome in outcomes.items() if outcome.problem]
    faults += [f"{name}: no rule of exclusions.py knows: {outcome.refusal}" for name, outcome in outcomes.items()
               if outcome.refusal and not exclusions.find_reason(outcome.refusal)]
    if faults:
        sys.exit("\n".join(faults))
    exclusions.LIST.write_text(exclusions.format_exclusions(outcomes))
    before, _, after = operator_table.split_readme()
    operator_table.README.write_text(before + operator_table.format_table(cases, outcomes) + after)
    excluded = sum(outcome.mode is None for outcome in outcomes.values())
    print(f"{len(cases)} cases: {len(cases) - excluded} pass, {excluded} are excluded; {len(skipped)} more of other element types")


def export(cases, folder):
    """CASE.MODE.onnx and .npz: inputs by name, outputs as output_0, ..."""
    folder.mkdir(parents=True, exist_ok=True)
    for case in cases.values():
        for variant in variants(case):
            path = folder / f"{case.name}.{variant.mode}.onnx"
            onnx.save(variant.model, path)
            np.savez(path.with_suffix(".npz"), **variant.inputs, **{f"output_{i}": x for i, x in enumerate(variant.outputs)})


if __name__ == "__main__":
    main()
