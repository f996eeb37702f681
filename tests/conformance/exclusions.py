"""Why cases may be refused, and which are.

A case is excluded only by what resc says about it, a refusal that one of these rules knows: wrong results, crashes and errors
that blame a model never are. The list is written by update_tables.py; the test compares it with what happens.
"""
import re
from pathlib import Path

LIST = Path(__file__).with_name("exclusions.txt")
HEADER = "# case: reason. Written by update_tables.py; the reasons are rules of exclusions.py.\n"

# Reason, and what the line of resc matches, the prefix "unsupported node 'n' (Op): " included.
RULES = [(reason, re.compile(pattern)) for reason, pattern in (
    ("no", r"^unsupported .*\((\w+)\): the operator is not handled$"),
    ("1-D, 3-D", r"^unsupported .*: a \d+-D .*; expected a 2-D one$"),
    ("training", r"^unsupported .*: (?:attribute 'training_mode': expected 0|input 'training_mode': expected false|"
                 r"output '.*' holds statistics of training)"),
    ("second output", r"^unsupported .*: output '.*' is used; expected only the first to be$"),
    ("storage_order", r"^unsupported .*: attribute 'storage_order'"),
    ("SAME with dilations", r"^unsupported .*: attribute 'auto_pad': expected NOTSET or VALID"),
    ("mode", r"^unsupported .*: attribute 'mode' is '.*'; expected "),
    ("aspect ratio", r"^unsupported .*: attribute 'keep_aspect_ratio_policy' is "),
    ("crop and resize", r"^unsupported .*: attribute 'coordinate_transformation_mode' is "),
    ("other modes", r"^unsupported .*\((?:Resize|Upsample|DepthToSpace|ConvTranspose)\): (?:attribute|input) '\w+'"),
    ("transA", r"^unsupported .*: attribute 'transA'"),
    ("bias of other shapes", r"^unsupported .*\(Gemm\): bias '.*' has shape .*; expected one value, or one for each"),
    ("ranks", r"^unsupported .*\(MatMul\): multiplies tensors of shapes .*; expected "),
    ("axes", r"^unsupported .*: (?:axis -?\d+ of|means over axes .* of) a tensor of rank \d+; expected "),
    ("broadcast", r"^unsupported .*: \w+ tensors of shapes .* and "),
    ("exponents", r"^unsupported .*\(Pow\): exponent '.*' (?:has shape|is) "),
    ("slopes of other shapes", r"^unsupported .*\(PRelu\): slope '.*' has shape .* for a tensor"),
    ("types", r"^unsupported .*: (?:converts to \w+|\w+ '.*' is of \w+; expected float32)$"),
    ("large constants", r"^unsupported .*: (?:\w+ '.*' is a constant of \d+ elements|computes a constant of shape .*; expected at most)"),
    ("strings", r"^unsupported .*\(Constant\): attribute '.*': expected 'value', "),
    ("operand at run time", r"^unsupported .* is computed at run time; expected a constant$"),
    ("functions of constants", r"^unsupported .*: input '.*' is constant; expected a tensor that is computed at run time$"),
    ("empty results", r"^node '.*: expected a result of 1 to \d+ elements, got shape "),
    ("ranks 3, 5", r"^kernel '.*': (?:node '.*': )?expected tensors of rank 2 or 4, got rank "),
    ("rank 0", r"^input '.*': expected rank 1 to 8 and 1 to \d+ elements, got shape "),
)]


def find_reason(refusal):
    """The first rule that knows the line, with what its pattern captures, or None."""
    for reason, pattern in RULES:
        if match := pattern.search(refusal):
            return " ".join([reason, *match.groups()])
    return None


def read_exclusions():
    """Reasons by case."""
    lines = LIST.read_text().splitlines()
    return dict(line.split(": ") for line in lines if line and not line.startswith("#"))


def format_exclusions(outcomes):
    """What the list has to hold."""
    return HEADER + "".join(f"{name}: {find_reason(outcome.refusal)}\n" for name, outcome in sorted(outcomes.items()) if outcome.refusal)
