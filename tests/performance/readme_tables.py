"""README's tables of speed, from stored results: pure functions from dictionaries to Markdown.

A result is what peers.py writes, and in addition "name" ("ResNet-50"), "date", "processor", "cores" and
"read_gbytes_per_s" ({threads: GB/s}).
"""
import textwrap

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
# Columns of the table of times, in this order; those that no result has are left out.
OTHERS = {"openvino": "OpenVINO", "ort": "ONNX Runtime", "ncnn": "ncnn", "torch": "PyTorch", "inductor": "AOTInductor",
          "iree": "IREE", "tvm": "TVM"}
WINOGRAD = {"ncnn"}  # others that do not keep to direct convolutions: no measure for resc strict


def rows_of(result, threads):
    """peer -> its row, of those that ran and whose result is right."""
    return {row["peer"]: row for row in result["rows"]
            if row["threads"] == threads and "error" not in row and not row.get("wrong")}


def thread_counts(result):
    return sorted({row["threads"] for row in result["rows"]})


def ratio(row, others):
    """How many times faster than the fastest of the others, or None."""
    times = [other["p50_ms"] for other in others if other]
    return min(times) / row["p50_ms"] if row and times else None


def ratios(rows):
    """(of resc fast against all others, of resc strict against those with direct convolutions)."""
    others = {peer: row for peer, row in rows.items() if peer in OTHERS}
    direct = [row for peer, row in others.items() if peer not in WINOGRAD]
    return ratio(rows.get("resc-fast"), others.values()), ratio(rows.get("resc-strict"), direct)


def cell(value, pattern):
    return "" if value is None else pattern.format(value)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def present_others(results):
    found = {row["peer"] for result in results for row in result["rows"]}
    return [peer for peer in OTHERS if peer in found]


def version_of(peer, results):
    versions = {row["version"] for result in results for row in result["rows"] if row["peer"] == peer and row.get("version")}
    return " ".join([OTHERS[peer], *sorted(versions)])


def speed_table(results):
    others = present_others(results)
    lines = []
    for result in results:
        for threads in thread_counts(result):
            rows = rows_of(result, threads)
            times = [cell(rows.get(peer, {}).get("p50_ms"), "{:.2f}") for peer in ["resc-fast", "resc-strict", *others]]
            lines.append([result["name"], str(threads), *times, *(cell(r, "{:.2f}x") for r in ratios(rows))])
    return table(["network", "threads", "resc fast", "resc strict", *(version_of(p, results) for p in others), "fast is faster",
                  "strict is"], lines)


def pair(result, key, pattern, threads):
    """Of fast and strict, with a comma between them."""
    rows = rows_of(result, threads)
    cells = [cell(rows.get(peer, {}).get(key), pattern) for peer in ("resc-fast", "resc-strict")]
    return ", ".join(c for c in cells if c)


def scaling(result):
    """How many times faster fast and strict are with the most threads than with one."""
    most = max(thread_counts(result))
    one, all_ = rows_of(result, 1), rows_of(result, most)
    return ", ".join(f"{one[peer]['p50_ms'] / all_[peer]['p50_ms']:.2f}x" for peer in ("resc-fast", "resc-strict")
                     if most > 1 and peer in one and peer in all_)


def property_table(results):
    lines = []
    for result in results:
        threads = thread_counts(result)[0]
        sizes = pair(result, "artifact_bytes", "{:.0f}", threads).split(", ")
        error = [row["max_abs_err"] / result["output_scale"] for peer, row in rows_of(result, threads).items()
                 if peer in ("resc-fast", "resc-strict") and row.get("max_abs_err") is not None and result["output_scale"]]
        lines.append([result["name"], f"{result['model_bytes'] / 1e6:.0f} MB",
                      ", ".join(f"{int(size) / 1e6:.0f}" for size in sizes if size) + " MB",
                      pair(result, "compile_s", "{:.1f}", threads) + " s", scaling(result),
                      ", ".join(f"{e:.1e}" for e in error)])
    most = max(max(thread_counts(result)) for result in results)
    return table(["network", "model", "library: fast, strict", "compiled in", f"1 to {most} threads",
                  "error, of the largest output"], lines)


def first_result_table(first):
    """Of what first_result.py writes."""
    names = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}
    rows = first["rows"]
    return table([f"{first['name']}, C API, {first['threads']} threads", *(names.get(name, name) for name in rows)],
                 [["from process start to the first result", *(f"{r['first_result_ms']:.0f} ms" for r in rows.values())],
                  ["peak resident memory", *(f"{r['peak_resident_mb']:.0f} MB" for r in rows.values())]])


def per_thread(values, pattern):
    return " / ".join(pattern.format(values[key]) for key in sorted(values, key=int))


def caption(results):
    """The machine of the first result, and the range of dates."""
    result, dates = results[0], sorted({r["date"] for r in results})
    peaks = {key: peak["fp32"] for key, peak in result["peaks"].items() if peak}
    threads = " / ".join(sorted(peaks, key=int))
    reads = result.get("read_gbytes_per_s") or {}
    days = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    text = (f"Networks of [examples/models](examples/models/README.md) with seeded weights, batch 1, 224x224, float32; p50 in ms. "
            f"{result['cores']} cores of {result['processor']}, {days}. With {threads} threads its FMA units reach "
            f"{per_thread(peaks, '{:.0f}')} GFLOP/s" + (f", and memory {per_thread(reads, '{:.0f}')} GB/s" if reads else "")
            + f". All in a row were timed in turn in one run, in slices of {result['seconds'] / result['rounds']:.2g} s. Ratios are "
            "to the fastest of the others, and of strict to the fastest that keeps to direct convolutions, too.")
    return wrapped(text)


def wrapped(text):
    return textwrap.fill(text, 125, break_long_words=False, break_on_hyphens=False)


def tables(results, first=None):
    """All between the comments that mark README's measured part."""
    parts = [caption(results), speed_table(results), property_table(results)]
    if first:
        parts.append(first_result_table(first))
    parts.append(wrapped("`tests/performance/update_readme.py` measures this again and writes it here; all it found is in "
                         "[results](tests/performance/results), and how it measures in "
                         "[tests/performance](tests/performance/README.md). One network without the others: "
                         "`examples/models/make_resnet.py resnet50.onnx --depth 50`, `resc compile resnet50.onnx -o "
                         "resnet50.so`, `resc bench resnet50.so --threads 1 --layers`."))
    return "\n\n".join(parts)


def replace_measured(text, content):
    """The document with new content between its comments; ValueError without exactly one pair of them."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"expected one '{BEGIN}' and one '{END}' behind it")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{content}\n{END}{rest.split(END)[1]}"
