"""Builds the contenders, measures them and writes the report. scripts/bench runs this; see there.

A full run writes docs/performance.md and docs/performance.svg. A quick run, or one of some contenders or
workloads only, writes to build/bench, so that it never replaces figures that people read."""

import argparse
import string
import sys
from pathlib import Path

import chart
import contenders
import machine
import tables
import workloads
from build import OUT, ROOT, build
from measure import measure


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures the library against its peers.")
    parser.add_argument("--quick", action="store_true", help="less than a minute, rough figures")
    parser.add_argument("--contenders", metavar="NAME,...", help="only these")
    parser.add_argument("--workloads", metavar="NAME,...", help="only these")
    parser.add_argument("--rounds", type=int, help="default 7, quick 1")
    parser.add_argument("--list", action="store_true", help="names of contenders and workloads")
    return parser.parse_args()


def chosen(everything, by_name, names):
    if not names:
        return everything
    unknown = [n for n in names.split(",") if n not in by_name]
    if unknown:
        raise SystemExit(f"no such name: {', '.join(unknown)}; see --list")
    return [by_name[n] for n in names.split(",")]


def report(results, row, rounds, ms):
    """The whole page as text; $chart is a sibling file."""
    template = string.Template((Path(__file__).parent / "template.md").read_text())
    parts = {
        "figures": tables.figures(results),
        "ns_a_page": tables.ns_a_page(results, row),
        "ratios": tables.ratios(results, row),
        "threads": tables.threads(results, row),
        "drain": tables.drain(results, row),
        "memory": tables.memory(results, row),
        "steady": tables.steady(results, row),
        "machine": tables.table(["", ""], machine.describe(row)),
        "remarks": tables.remarks(results),
    }
    command = "./scripts/bench" + "".join(f" {a}" for a in sys.argv[1:])
    text = template.substitute({k: "\n".join(v) for k, v in parts.items()}, command=command, rounds=rounds, ms=ms, chart="performance.svg")
    return text.rstrip() + "\n"


def main():
    args = arguments()
    if args.list:
        print("contenders:", *(c.name for c in contenders.ALL), "\nworkloads:", *(w.name for w in workloads.ALL))
        return 0
    row = chosen(contenders.ALL, contenders.BY_NAME, args.contenders)
    which = chosen(workloads.ALL, workloads.BY_NAME, args.workloads)
    rounds, ms = args.rounds or (1 if args.quick else 7), 12 if args.quick else 60
    runnables = build(row)
    row = [c for c in row if c.name in runnables]
    results = measure(runnables, row, which, rounds, ms, args.quick)
    full = not (args.quick or args.contenders or args.workloads)
    folder = ROOT / "docs" if full else OUT
    folder.mkdir(parents=True, exist_ok=True)
    page = report(results, row, rounds, ms)
    (folder / "performance.md").write_text(page)
    (folder / "performance.svg").write_text(chart.draw(results))
    print(page if not full else f"written: {folder}/performance.md, {folder}/performance.svg")
    for failure in results.failures:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if results.failures else 0


if __name__ == "__main__":
    sys.exit(main())
