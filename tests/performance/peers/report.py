"""From samples to rows of numbers, and from rows to a Markdown table."""
import os
import re
import statistics

QUIET = .06  # a slice is disturbed when other work took more than this share of our cores


def finish_row(row, flop, peak):
    """Turns the slices of a row, pairs (milliseconds, share of others), into its medians."""
    slices = row.pop("slices")
    clean = [ms for ms, others in slices if others < QUIET]
    row["clean"] = len(clean) >= min(2, len(slices))
    samples = sum(clean if row["clean"] else [ms for ms, _ in slices], [])
    row.update(p50_ms=statistics.median(samples), min_ms=min(samples + row.pop("mins", [])), n=len(samples),
               round_p50=[statistics.median(ms) for ms, _ in slices], others=[others for _, others in slices])
    row["gflops"] = flop / row["p50_ms"] / 1e6
    if peak:
        row["pct_peak"] = 100 * row["gflops"] / peak


def judge(result):
    """Marks rows that are too wrong to win, and the fastest other one of each thread count."""
    scale, good = result["output_scale"], [r for r in result["rows"] if "error" not in r]
    bound = (.1 if result["quantized"] else 1e-3) * (scale or 0)
    for row in good:
        error = row.get("max_abs_err", 0)
        row["wrong"] = bool(scale and error is not None and error > bound)
    for threads in {r["threads"] for r in good}:
        right = [r for r in good if r["threads"] == threads and not r["wrong"]]
        if right:
            min(right, key=lambda r: r["p50_ms"])["best"] = True


def number(row, key, pattern):
    return pattern % row[key] if row.get(key) is not None else "-"


def row_text(row):
    if "error" in row:
        error = re.sub(r"\s+", " ", row["error"]).replace("|", "/")
        return f"| {row['peer']} | {row['version']} | {row['threads']} | error: {error[:160]} | | | | | | | | |"
    bold = "**" if row.get("best") else ""
    compiled = "%.1f (%.1f)" % (row["compile_s"], row["compile_cpu_s"]) if "compile_cpu_s" in row else number(row, "compile_s", "%.1f")
    cells = [bold + row["peer"] + bold, row["version"], row["threads"],
             f"{bold}{'' if row['clean'] else '~'}{row['p50_ms']:.2f}{bold}", "%.2f" % row["min_ms"], "%.0f" % row["gflops"],
             number(row, "pct_peak", "%.0f"), compiled, number(row, "load_s", "%.2f"), number(row, "ready_s", "%.2f"),
             number(row, "rss_mb", "%.0f"), number(row, "max_abs_err", "%.1e") + " !" * row["wrong"]]
    return "| " + " | ".join(map(str, cells)) + " |"


def markdown(result):
    """A title, the peaks and the table, as text."""
    quantized, name = result["quantized"], os.path.splitext(result["model"])[0]
    lines = ["### %s, input %s, %.2f G%s%s" % (
        name, "x".join(map(str, result["shape"])), result["gflop"], "OP (int8 QDQ)" if quantized else "FLOP",
        " (%d layers not counted)" % result["layers_not_counted"] if result["layers_not_counted"] else ""), ""]
    for threads, peak in result["peaks"].items():
        if peak:
            lines.append("Peak, %d thread%s: fp32 %.0f GFLOP/s (rounds %.0f-%.0f)%s.  " % (
                threads, "s" * (threads > 1), peak["fp32"], peak["fp32_min"], peak["fp32_max"],
                ", int8 %.0f GOP/s" % peak["int8"] if "int8" in peak else ""))
    if result["reference"]:
        lines.append("Error against %s, largest output %.3g." % (result["reference"], result["output_scale"]))
    unit = "GOP/s" if quantized else "GFLOP/s"
    lines += ["", f"| peer | version | threads | p50 ms | min ms | {unit} | % of peak | compile s (CPU s) | load s | first result s "
              "| RSS MB | max abs error |", "|---|---|---|---|---|---|---|---|---|---|---|---|"]
    return "\n".join(lines + [row_text(row) for row in result["rows"]]) + "\n"
