"""MiB/s and the allocation alone as bars, drawn by hand as SVG; the latter on a log scale."""

import math

from contenders import AFTER, ALL
from drawing import text

LABEL, PLOT, VALUE, STEP, BAR, HEAD = 250, 260, 70, 22, 14, 34
OURS, OTHERS = "#0f766e", "#94a3b8"
LOW = 0.01  # µs, where the log scale starts


def words(value):
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def bars(values, length):
    parts = []
    for row, contender in enumerate(ALL):
        y, value, own = HEAD + row * STEP, values[contender.name], contender.name == AFTER
        weight, width = "bold" if own else "normal", max(length(value), 2)
        parts += [text(LABEL - 8, y + 11, contender.label.replace("`", ""), 12, "end", weight=weight),
                  f'<rect x="{LABEL}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2" fill="{OURS if own else OTHERS}"/>',
                  text(LABEL + width + 5, y + 11, words(value), 11, weight=weight)]
    return parts


def panel(title, values, y, log):
    most = max(values.values())
    length = (lambda v: PLOT * math.log(v / LOW) / math.log(most / LOW)) if log else (lambda v: PLOT * v / most)
    return [f'<g transform="translate(10 {y})">', text(10, 16, title, 13, weight="bold"), *bars(values, length), "</g>"]


def draw(results):
    panels = [("1 MiB writes, MiB/s, longer is better", "1 MiB", "mib", False), ("4 KiB writes, MiB/s, longer is better", "4 KiB", "mib", False),
              ("256 pages, got and given back, µs, log scale, shorter is better", "stage", "us", True)]
    each = HEAD + len(ALL) * STEP + 16
    width, height = LABEL + PLOT + VALUE + 20, 10 + len(panels) * each
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
             ' font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif">', f'<rect width="{width}" height="{height}" fill="#ffffff"/>']
    for i, (title, kind, metric, log) in enumerate(panels):
        values = {c.name: results.median(c.name, kind, metric) for c in ALL}
        parts += panel(title, values, 10 + i * each, log)
    return "\n".join([*parts, "</svg>", ""])
