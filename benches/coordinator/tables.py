"""The results as Markdown tables. Every function returns lines; what was not measured is a dash."""

import targets
from targets import number
from workloads import BY_NAME, MEMORY, SHAPES, THREADS


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *("| " + " | ".join(row) + " |" for row in rows)]


def whole(count):
    return f"{count:,.0f}"


def figures(results):
    rows = []
    for t in targets.ALL:
        f = t.measured(results)
        rows.append([t.figure, f.floor, f.peer, f.ours, f.ratio, t.reach, t.stretch, f.verdict])
    return table(["figure", "floor", "DPDK", "ours", "ours / peer, and its range", "to reach", "stretch", ""], rows)


def ns_a_page(results, contenders):
    rows = []
    for c in contenders:
        values = [results.median(c.name, w) for w in SHAPES]
        if any(v is not None for v in values):
            rows.append([c.label, *map(number, values)])
    return table(["ns a page", *(BY_NAME[w].title for w in SHAPES)], rows)


def threads(results, contenders):
    columns = [("two1", "speedup"), ("two256", "speedup"), ("many", "ns"), ("many", "growth"), ("latency", "p50"), ("latency", "p99")]
    head = ["", "two threads / one, n = 1", "two threads / one, n = 256", "64 threads, n = 1, CPU ns a page", "over one thread",
            "one pair of 256, median ns", "p99 ns"]
    rows = []
    for c in contenders:
        values = [results.median(c.name, w, m) for w, m in columns]
        if any(v is not None for v in values):
            rows.append([c.label, *map(number, values)])
    return table(head, rows)


def best_peer(results, contenders, workload):
    """The quickest that gives out pages."""
    timed = [(results.median(c.name, workload), c) for c in contenders if c.kind == "peer"]
    timed = [t for t in timed if t[0] is not None]
    return min(timed, key=lambda t: t[0])[1] if timed else None


def ratios(results, contenders):
    rows = []
    for w in SHAPES:
        peer = best_peer(results, contenders, w)
        for ours in ("array", "array/fallback", "page", "page/fallback"):
            if not peer or not results.values(ours, w) or (ours.startswith("page") and w != "same1"):
                continue
            floor, best = (targets.spread(results.ratios(ours, other, w))[0] for other in ("floor", peer.name))
            label = next(c.label for c in contenders if c.name == ours)
            rows.append([BY_NAME[w].title, label, floor, peer.label, best])
    return table(["", "", "/ floor", "best peer", "/ best peer"], rows)


def drain(results, contenders):
    times, counts = ("p50", "p99", "worst"), ("missed", "least", "due", "realtime")
    head = ["", "rounds", "median µs", "p99 µs", "worst µs", "rounds that missed pages", "fewest pages got", "of these due", "real-time priority"]
    rows = []
    for c in contenders:
        for label, prefix, more in ((c.label, "", counts), (f"{c.label}: the same thread without the library", "floor_", ())):
            if results.values(c.name, "drain", "rounds"):
                rows.append([label, whole(results.median(c.name, "drain", "rounds")),
                             *(targets.each(results.values(c.name, "drain", prefix + m)) for m in times),
                             *(whole(results.median(c.name, "drain", m)) for m in more), *[""] * (len(counts) - len(more))])
    return table(head, rows)


def memory(results, contenders):
    """What a mapping is worth is a matter of taste for the heaps: it is shown for ours only."""
    rows = []
    for c in contenders:
        cells = []
        for metric in ("resident", "writable"):
            each, half = targets.bytes_a_page(results, c.name, metric), results.median(c.name, MEMORY[0], metric)
            if each is None or (metric == "writable" and c.kind != "ours"):
                cells += ["–", "–"]
            else:
                cells += [number(each), number((half - each * (1 << 17)) / (1 << 20))]
        if cells[0] != "–":
            rows.append([c.label, *cells])
    return table(["beside the pages", "resident, bytes a page", "and MiB once", "mapped to be written, bytes a page", "and MiB once"], rows)


def steady(results, contenders):
    metrics = ("syscalls", "faults", "mallocs")
    rows = [[c.label, *(whole(results.median(c.name, "steady", m)) for m in metrics)]
            for c in contenders if results.values(c.name, "steady", "faults")]
    return table(["a million pairs, n = 32", "system calls", "page faults", "heap calls"], rows)


def remarks(results):
    """What a reader must know about single figures."""
    lines = [f"- Failed: {failure}." for failure in results.failures]
    disturbed = [f"{contender} {workload}" for contender, workload in results.rounds
                 if any(results.values(contender, workload, "disturbed"))]
    if disturbed:
        lines.append(f"- Other processes never left two CPUs free, in some rounds at least: {', '.join(sorted(disturbed))}.")
    return lines
