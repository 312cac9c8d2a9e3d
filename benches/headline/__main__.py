"""An encrypted disk served and measured: prints the tables, and with --write makes docs/headline.md and docs/headline.svg
of them. scripts/fio runs this; see there."""

import argparse
import string
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(1, str(HERE.parent / "coordinator"))

import chart
import machine
import pressure
import report
from contenders import ALL
from measure import measure
from server import POOL_WAYS, ROOT
from tables import table

PACKAGES = ("nbdkit", "fio", "libnbd0", "liburing2", "libssl3")


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/fio", description="Serves an encrypted disk and measures it with fio.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each run of fio, default 5")
    parser.add_argument("--write", action="store_true", help="write docs/headline.md and docs/headline.svg")
    parser.add_argument("--pressure", action="store_true", help="only the part about memory pressure")
    return parser.parse_args()


def page(results, squeezed, args):
    template = string.Template((HERE / "template.md").read_text())
    about = [*machine.system(), ("measured with", machine.versions(PACKAGES)), ("library", f"commit {machine.commit()}")]
    parts = {
        "machine": table(["", ""], about),
        "figures": report.figures(results),
        "before_after": report.before_after(results),
        "stages": report.stages(results),
        "loads": report.loads(results),
        "pressure": report.pressure(*squeezed),
        "copy": report.copy(results),
    }
    text = template.substitute({k: "\n".join(v) for k, v in parts.items()}, rounds=args.rounds, seconds=args.seconds, chart="headline.svg",
                               command="./scripts/fio" + "".join(f" {a}" for a in sys.argv[1:]))
    return text.rstrip() + "\n"


def pools_held(squeezed):
    """Under pressure the other ways may fail, the pools may not."""
    broken = [f"{row[0]}: {words}" for row in squeezed[0] if row[0] in POOL_WAYS for words in row[1:] if not words.startswith(("all ", "not tried"))]
    print("".join(f"failed under pressure: {words}\n" for words in broken), end="", file=sys.stderr)
    return not broken


def main():
    args = arguments()
    results = None if args.pressure else measure(ALL, args.rounds, args.seconds)
    squeezed = pressure.measure()
    text = page(results, squeezed, args) if results else "\n".join(report.pressure(*squeezed)) + "\n"
    if args.write and results:
        (ROOT / "docs" / "headline.md").write_text(text)
        (ROOT / "docs" / "headline.svg").write_text(chart.draw(results))
    print(text, end="")
    return 0 if pools_held(squeezed) else 1


if __name__ == "__main__":
    sys.exit(main())
