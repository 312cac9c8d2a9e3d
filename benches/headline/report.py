"""The results as Markdown: every function returns lines."""

import statistics

from contenders import AFTER, ALL, BEFORE
from measure import LOADS
from tables import table
from targets import number

METRICS = (("IOPS", "iops"), ("MiB/s", "mib"), ("slat mean, µs", "slat_mean"), ("slat p50", "slat_p50"), ("slat p99", "slat_p99"),
           ("clat mean, µs", "clat_mean"), ("clat p50", "clat_p50"), ("clat p99", "clat_p99"))
COSTS = (("memory, share of a write's time in the server", "share"), ("the same, µs", "memory_us"), ("server's CPU time a write, µs", "cpu_us"))


def spread(ratios, digits=3):
    return f"{statistics.median(ratios):.{digits}f} ({min(ratios):.{digits}f} to {max(ratios):.{digits}f})"


def loads(results):
    lines = []
    for load, (_, depth) in LOADS.items():
        rows = [[c.label, *(number(results.median(c.name, load, metric)) for _, metric in METRICS)] for c in ALL]
        lines += [f"{load} writes, {depth} in flight:", "", *table(["", *(title for title, _ in METRICS)], rows), ""]
        rows = [[c.label, *(number(results.median(c.name, load, metric), " %" if metric == "share" else "") for _, metric in COSTS)] for c in ALL]
        lines += [*table(["", *(title for title, _ in COSTS)], rows), ""]
    return lines


def change(results, load, metric):
    ratio = results.ratios(AFTER, BEFORE, load, metric)
    percent = [100 * r - 100 for r in ratio]
    return f"{statistics.median(percent):+.1f} % ({min(percent):+.1f} to {max(percent):+.1f})"


def before_after(results):
    rows = []
    for load in LOADS:
        for title, metric in METRICS:
            before, after = (number(results.median(name, load, metric)) for name in (BEFORE, AFTER))
            rows.append([load, title, before, after, change(results, load, metric)])
    stage = [number(results.median(name, "stage", "us")) for name in (BEFORE, AFTER)]
    rows.append(["256 pages alone", "µs", *stage, f"1 / {spread(results.ratios(BEFORE, AFTER, 'stage', 'us'), 1)}"])
    return table(["", "", "one at a time", "bulk", "bulk / one at a time"], rows)


def stages(results):
    rows = [[c.label, number(results.median(c.name, "stage", "us")), spread(results.ratios(c.name, AFTER, "stage", "us"), 1)] for c in ALL]
    return table(["256 pages, got and given back", "µs", "times bulk, array"], rows)


def verdict(value, reach):
    return "reached" if value >= reach else "missed"


def best(results, load):
    """The quickest way's name, by median."""
    return max((c.name for c in ALL), key=lambda name: results.median(name, load, "mib"))


def figures(results):
    wanted = (
        ("allocation alone, bulk against one at a time", ("single", AFTER, "stage", "us"), 10, "≥ 10 ×"),
        ("allocation alone, bulk against `aligned_alloc` and touch", ("malloc", AFTER, "stage", "us"), 20, "≥ 20 ×"),
        ("1 MiB writes, bulk against one at a time", (AFTER, "single", "1 MiB", "mib"), 1.0, "ahead"),
        ("1 MiB writes, bulk against `aligned_alloc` for each", (AFTER, "malloc", "1 MiB", "mib"), 1.05, "≥ 1.05"),
        ("4 KiB writes, bulk against the quickest", (AFTER, best(results, "4 KiB"), "4 KiB", "mib"), 0.98, "≥ 0.98"),
    )
    rows = []
    for title, which, reach, words in wanted:
        ratios = results.ratios(*which)
        rows.append([title, spread(ratios), words, verdict(statistics.median(ratios), reach)])
    return table(["", "ratio and its range", "to reach", ""], rows)


def copy(results):
    """Each against read and write with the same flags."""
    rounds = [r for r in results.rounds["copy", "copy"] if r]
    if not rounds:
        return ["Not measured: io_uring may not be used here."]
    rows = []
    for name in rounds[0]:
        other = "read and write" + (", O_DIRECT" if name.endswith(", O_DIRECT") else "")
        rows.append([name, number(statistics.median(r[name] for r in rounds)), spread([r[name] / r[other] for r in rounds], 2)])
    return table(["copying 128 MiB", "MiB/s", "times read and write"], rows)


def pressure(rows, limits):
    return table(["`alloc=`", *limits], [[f"`{row[0]}`", *row[1:]] for row in rows])
