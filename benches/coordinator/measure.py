"""Runs the processes, contenders interleaved within each round, and keeps what each said."""

import os
import random
import statistics
import subprocess
import sys
from pathlib import Path

from build import OUT

STRACE_MARK = "getppid"


class Results:
    """Per contender and workload a list of rounds, each a dict of what the process printed."""

    def __init__(self):
        self.rounds = {}
        self.failures = []

    def add(self, contender, workload, values):
        self.rounds.setdefault((contender, workload), []).append(values)

    def values(self, contender, workload, metric="ns"):
        return [v[metric] for v in self.rounds.get((contender, workload), []) if v and metric in v]

    def median(self, contender, workload, metric="ns"):
        """None when it was not measured."""
        values = self.values(contender, workload, metric)
        return statistics.median(values) if values else None

    def ratios(self, one, other, workload, metric="ns"):
        """Round by round, since rounds differ more than contenders do within one."""
        pairs = zip(self.rounds.get((one, workload), []), self.rounds.get((other, workload), []))
        return [x[metric] / y[metric] for x, y in pairs if x and y]


def parse(output):
    values = {}
    for line in output.splitlines():
        name, _, value = line.partition(" ")
        try:
            values[name] = float(value)
        except ValueError:
            pass
    return values


def run_once(runnable, args, before=()):
    """What the process printed, or None and why."""
    command = [*before, str(runnable.program), *args]
    env = {**os.environ, **runnable.env}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120)
    except subprocess.TimeoutExpired:
        return None, "no end after 120 s"
    if done.returncode != 0:
        return None, (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
    return parse(done.stdout), ""


def run_steady(runnable):
    """Under strace: the system calls of the measuring thread between its two marks."""
    log = OUT / "strace.log"
    values, why = run_once(runnable, ["steady"], ("strace", "-f", "-o", str(log)))
    if values is None:
        return None, why
    lines = [line.split(None, 1) for line in Path(log).read_text(errors="replace").splitlines()]
    marks = [i for i, line in enumerate(lines) if line[1].startswith(STRACE_MARK)]
    thread = lines[marks[-1]][0]
    values["syscalls"] = sum(line[0] == thread for line in lines[marks[-2] + 1:marks[-1]])
    return values, ""


def run_workload(runnable, workload, ms, quick):
    if workload.name == "steady":
        return run_steady(runnable)
    if workload.name == "drain":
        return run_once(runnable, ["1000" if quick else "10000"])
    return run_once(runnable, [workload.name, str(ms)])


def measure(runnables, contenders, workloads, rounds, ms, quick):
    """All rounds; the order of contenders differs from round to round, but not from run to run."""
    results = Results()
    for number in range(rounds):
        dice = random.Random(number)
        for workload in workloads:
            if workload.once and number:
                continue
            row = [c for c in contenders if workload.name in c.workloads and c.name in runnables]
            for contender in dice.sample(row, len(row)):
                values, why = run_workload(runnables[contender.name], workload, ms, quick)
                results.add(contender.name, workload.name, values)
                if why:
                    results.failures.append(f"{contender.name} {workload.name}: {why}")
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return results
