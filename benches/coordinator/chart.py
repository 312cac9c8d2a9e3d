"""The main workloads as bars on a log scale, drawn by hand as SVG."""

import math

from drawing import text

PANELS = [("same1", "1 page"), ("same32", "32 pages"), ("same256", "256 pages"), ("scattered", "256 pages, freed in scattered order"),
          ("outstanding", "256 pages, 64 buffers outstanding"), ("pipe", "256 pages, another thread frees")]
BARS = [("array", "ours"), ("array/fallback", "ours, fallback"), ("floor", "copying the pointers"), ("dpdk", "DPDK"), ("mutex", "mutex"),
        ("tcmalloc", "tcmalloc"), ("mimalloc", "mimalloc"), ("jemalloc", "jemalloc"), ("glibc-tuned", "glibc, tuned"), ("glibc", "glibc")]
SINGLE = {"array": "page", "array/fallback": "page/fallback"}
COLOUR = {"array": "#0f766e", "array/fallback": "#5eada5", "floor": "#d6d3d1"}
PEER = "#94a3b8"
LOW, HIGH = 0.1, 10000
LABEL, PLOT, VALUE, GAP = 130, 250, 60, 30
BAR, STEP, HEAD, FOOT = 13, 19, 34, 26
COLUMNS, TOP = 2, 56


def x_of(ns):
    ns = min(max(ns, LOW), HIGH)
    return LABEL + PLOT * math.log10(ns / LOW) / math.log10(HIGH / LOW)


def grid(bottom):
    """A line for each power of ten, with its number below."""
    lines = []
    for power in range(round(math.log10(LOW)), round(math.log10(HIGH)) + 1):
        x = x_of(10.0 ** power)
        lines.append(f'<line x1="{x:.1f}" y1="{HEAD - 8}" x2="{x:.1f}" y2="{bottom}" stroke="#e7e5e4"/>')
        lines.append(text(x, bottom + 14, f"{10.0 ** power:g}", 10, "middle", "#78716c"))
    return lines


def bar(row, name, label, ns):
    y = HEAD + row * STEP
    own = name in SINGLE
    width = max(x_of(ns) - LABEL, 2)
    words = f"{ns:.2f}" if ns < 10 else f"{ns:.0f}"
    return [
        text(LABEL - 8, y + 10, label, 12, "end", weight="bold" if own else "normal"),
        f'<rect x="{LABEL}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2" fill="{COLOUR.get(name, PEER)}"/>',
        text(LABEL + width + 5, y + 10, words, 11, weight="bold" if own else "normal"),
    ]


def panel(results, workload, title, x, y):
    shown = []
    for name, label in BARS:
        ns = results.median(SINGLE.get(name, name) if workload == "same1" else name, workload)
        if ns is not None:
            shown.append((name, label, ns))
    parts = [f'<g transform="translate({x} {y})">', text(LABEL, 14, title, 13, weight="bold"), *grid(HEAD + len(BARS) * STEP)]
    for row, (name, label, ns) in enumerate(shown):
        parts += bar(row, name, label, ns)
    return [*parts, "</g>"]


def draw(results):
    each_w, each_h = LABEL + PLOT + VALUE + GAP, HEAD + len(BARS) * STEP + FOOT + 20
    width, height = COLUMNS * each_w + GAP, TOP + math.ceil(len(PANELS) / COLUMNS) * each_h
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
             ' font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif">',
             f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
             text(GAP, 30, "Getting and giving back pages: nanoseconds a page, log scale, shorter is better", 16, weight="bold")]
    for i, (workload, title) in enumerate(PANELS):
        parts += panel(results, workload, title, GAP / 2 + i % COLUMNS * each_w, TOP + i // COLUMNS * each_h)
    return "\n".join([*parts, "</svg>", ""])
