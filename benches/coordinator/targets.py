"""The figures that the library is to reach, each with how it is read from the results and judged."""

from dataclasses import dataclass
from statistics import median
from typing import Callable


@dataclass(frozen=True)
class Target:
    figure: str
    reach: str  # as written in the table
    stretch: str
    measured: Callable  # results -> Figure


@dataclass
class Figure:
    floor: str = ""
    peer: str = ""
    ours: str = "not measured"
    ratio: str = ""
    verdict: str = ""


def number(value, unit=""):
    if value is None:
        return "–"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}{unit}"


def each(values):
    """What every round measured, the least first."""
    return ", ".join(number(value) for value in sorted(values))


def judge(value, reach, stretch, at_least=False):
    if value is None:
        return ""
    sign = -1 if at_least else 1
    if sign * value <= sign * stretch:
        return "stretch"
    return "reached" if sign * value <= sign * reach else "missed"


def spread(ratios):
    if not ratios:
        return "–", None
    return f"{number(median(ratios))} ({number(min(ratios))} to {number(max(ratios))})", median(ratios)


def against(peer, ours, workload, reach, stretch=1.0, metric="ns"):
    """Ours over the peer's, round by round."""
    def measured(results):
        text, ratio = spread(results.ratios(ours, peer, workload, metric))
        values = [results.median(c, workload, metric) for c in ("floor", peer, ours)]
        return Figure(*map(number, values), text, judge(ratio, reach, stretch))
    return measured


def at_most(ours, workload, reach, stretch, metric="ns", peer="dpdk"):
    """Ours alone; the peer stands beside it."""
    def measured(results):
        values = [results.median(c, workload, metric) for c in ("floor", peer, ours)]
        text, _ = spread(results.ratios(ours, peer, workload, metric))
        return Figure(*map(number, values), text, judge(values[2], reach, stretch))
    return measured


def speedup(ours, workload):
    def measured(results):
        values = [results.median(c, workload, "speedup") for c in ("floor", "dpdk", ours)]
        text, _ = spread(results.ratios(ours, "dpdk", workload, "speedup"))
        return Figure(*map(number, values), text, judge(values[2], 1.95, 2.0, at_least=True))
    return measured


def callback(results):
    ns = results.median("callback", "same256"), results.median("array", "same256")
    if None in ns:
        return Figure()
    more = ns[0] - ns[1]
    return Figure(ours=f"{number(ns[0])} = array {more:+.2f}", verdict=judge(more, 2.5, float("-inf")))


def many_times(heap):
    """How many times cheaper ours is than a heap."""
    def measured(results):
        times = results.ratios(heap, "array", "same256")
        text, value = spread(times)
        ours, theirs = results.median("array", "same256"), results.median(heap, "same256")
        return Figure(ours=f"{number(ours)} to {number(theirs)}", ratio=f"1 / {text}", verdict=judge(value, 15, 25, at_least=True))
    return measured


def drain(name):
    def measured(results):
        worst, missed = results.median(name, "drain", "worst"), results.median(name, "drain", "missed")
        if worst is None:
            return Figure()
        floor, ours = (each(results.values(name, "drain", m)) + " µs" for m in ("floor_worst", "worst"))
        short = f"; less than all in {missed:.0f} of 10,000" if missed else ""
        return Figure(floor=floor, ours=ours + short, verdict=judge(worst, 200, 50))
    return measured


def memory(results):
    ours, theirs = bytes_a_page(results, "mem-map"), bytes_a_page(results, "dpdk")
    percent = None if ours is None else ours / 4096 * 100
    return Figure(peer=number(theirs, " B"), ours=f"{number(ours, ' B')} = {number(percent, ' %')}", verdict=judge(percent, 2.0, float("-inf")))


def bytes_a_page(results, contender, metric="resident"):
    """Between 512 MiB and 1 GiB: what every further page costs."""
    half, whole = (results.median(contender, w, metric) for w in ("memory-512m", "memory-1g"))
    return None if half is None or whole is None else (whole - half) / (1 << 17)


def steady(results):
    def counts(name):
        values = [results.median(name, "steady", m) for m in ("syscalls", "faults", "mallocs")]
        return None if None in values else values
    ours = counts("array")
    text = {name: ", ".join(f"{v:.0f}" for v in counts(name) or []) for name in ("floor", "dpdk", "array")}
    verdict = "" if ours is None else "reached" if not any(ours) else "missed"
    return Figure(text["floor"], text["dpdk"], text["array"] or "not measured", "", verdict)


def both_forms(figure, text, workload, reach, metric="ns"):
    """The array form of 7.2 overwrites the array as DPDK does; that of v2 needs it cleared, which counts."""
    return [
        Target(f"{figure}; `mempool_alloc_bulk` of 7.2", text, "≤ DPDK", against("dpdk", "fresh", workload, reach, metric=metric)),
        Target(f"{figure}; v2, clearing the array included", text, "≤ DPDK", against("dpdk", "array", workload, reach, metric=metric)),
    ]


ALL = [
    *both_forms("256 pages that stay together, ns a page", "≤ 1.05 × DPDK", "same256", 1.05),
    Target("1 page, ns", "≤ 1.3 × DPDK", "≤ DPDK", against("dpdk", "page", "same1", 1.3)),
    *both_forms("n = 8, ns a page", "≤ 1.5 × DPDK", "same8", 1.5),
    *both_forms("n = 32, ns a page", "≤ 1.8 × DPDK", "same32", 1.8),
    Target("freed in scattered order, n = 256, ns a page", "≤ 6 ns", "≤ 3 ns", at_most("array", "scattered", 6, 3)),
    Target("callback form, n = 256, ns a page", "≤ array + 2.5 ns", "", callback),
    Target("freed one by one with `mempool_free`, ns a page", "≤ 6 ns", "≤ 4 ns", at_most("one-by-one", "same256", 6, 4)),
    Target("two threads against one, n = 256", "≥ 1.95", "≥ 2.00", speedup("array", "two256")),
    Target("two threads against one, n = 1", "≥ 1.95", "≥ 2.00", speedup("page", "two1")),
    Target("64 threads on all CPUs against one, n = 1, CPU time a page", "≤ 1.3", "≤ 1", at_most("page", "many", 1.3, 1.0, "growth")),
    *both_forms("producer and consumer, n = 256, ns a page", "≤ 1.1 × DPDK", "pipe", 1.1),
    *both_forms("64 × 256 outstanding, ns a page", "≤ 1.05 × DPDK", "outstanding", 1.05),
    *both_forms("p99 of a pair, n = 256, ns", "≤ 1.05 × DPDK", "latency", 1.05, metric="p99"),
    *[Target(f"against {label}, n = 256", "≤ 1 / 15", "≤ 1 / 25", many_times(heap)) for heap, label in (
        ("glibc", "glibc"), ("glibc-tuned", "glibc, tuned"), ("jemalloc", "jemalloc"), ("mimalloc", "mimalloc"), ("tcmalloc", "tcmalloc"))],
    Target("drain, 64 hot threads, worst of 10,000, each round; floor: the same thread without the library", "≤ 200 µs", "≤ 50 µs", drain("drain")),
    Target("resident memory beside a page, every `struct page` written to", "≤ 2 %", "", memory),
    Target("system calls, page faults, heap calls in a million pairs", "0, 0, 0", "", steady),
]
