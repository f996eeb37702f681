"""The table of frontends/README.md: how many cases of each operator pass, and why the others do not."""
from collections import Counter

from exclusions import find_reason
from onnx_cases import LIGHT_KIND, ROOT, claimed_operators, subject

README = ROOT / "frontends/README.md"
BEGIN, END = "<!-- conformance: begin -->\n", "<!-- conformance: end -->\n"
# The rows after those of operators.
SEVERAL, LIGHT = "several operators", "networks with made-up weights"


def format_table(cases, outcomes):
    """A row for each operator of the importer's table, and one for cases of several."""
    lines = ["| operator | opsets | passed | of these folded | excluded |\n", "|---|---|---|---|---|\n"]
    rows = [(op, f"{first} to {last}") for op, (first, last) in claimed_operators().items()]
    total = Counter()
    for op, opsets in [*rows, (SEVERAL, ""), (LIGHT, "")]:
        of_operator = [outcomes[name] for name, case in cases.items() if find_row(case) == op]
        reasons = Counter(find_reason(outcome.refusal) for outcome in of_operator if outcome.refusal)
        passed = Counter(outcome.mode for outcome in of_operator if outcome.mode)
        total.update(passed=passed.total(), excluded=reasons.total(), folded=passed["constants"])
        shown = ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items()))
        count = passed.total() if of_operator else "no cases"
        lines.append(f"| {op} | {opsets} | {count} | {passed['constants'] or ''} | {shown} |\n")
    lines.append(f"| all | | {total['passed']} | {total['folded']} | {total['excluded']} |\n")
    return "".join(lines)


def find_row(case):
    return LIGHT if case.kind == LIGHT_KIND else subject(case) or SEVERAL


def split_readme():
    """The text before the table, the table, the text after it."""
    before, _, rest = README.read_text().partition(BEGIN)
    table, _, after = rest.partition(END)
    return before + BEGIN, table, END + after
