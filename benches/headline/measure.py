"""Runs the server and fio, the allocation stage and the file copy, contenders interleaved within each round, and keeps
what each said. Knows neither tables nor documents."""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from server import ROOT, Server

BUILD = ROOT / "build" / "nbd"
DISK = "256M"
LOADS = {"1 MiB": ("1M", 256), "4 KiB": ("4k", 64)}  # block size, requests in flight
PERCENTILES = ("50.000000", "99.000000")


class Results:
    """Per contender and kind of measurement the rounds, each a dict of numbers."""

    def __init__(self):
        self.rounds = {}

    def add(self, contender, kind, values):
        self.rounds.setdefault((contender, kind), []).append(values)

    def median(self, contender, kind, metric):
        return statistics.median(v[metric] for v in self.rounds[contender, kind])

    def ratios(self, one, other, kind, metric):
        """Round by round, since rounds differ more than contenders do within one."""
        return [x[metric] / y[metric] for x, y in zip(self.rounds[one, kind], self.rounds[other, kind])]


def pinned(server):
    """fio has the last CPU, the server the others; without taskset where there is only one."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        return ()
    return ("taskset", "-c", ",".join(map(str, cpus[:-1] if server else cpus[-1:])))


def cpu_seconds(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fio(uri, load, seconds):
    block, depth = LOADS[load]
    with tempfile.TemporaryDirectory(prefix="fio-") as folder:
        done = subprocess.run([*pinned(False), "fio", "--name=write", "--ioengine=nbd", f"--uri={uri}", "--rw=write", f"--bs={block}",
                               f"--iodepth={depth}", f"--size={DISK}", "--time_based", f"--runtime={seconds}", "--ramp_time=0.5",
                               "--slat_percentiles=1", "--clat_percentiles=1", "--output-format=json", f"--output={folder}/out"],
                              capture_output=True, text=True, timeout=seconds + 120)
        if done.returncode != 0:
            raise SystemExit(f"fio: {done.stderr}{done.stdout}")
        text = Path(folder, "out").read_text()
    job = json.loads(text[text.index("{"):])["jobs"][0]
    if job["error"]:
        raise SystemExit(f"fio: error {job['error']}")
    return job["write"]


def end_to_end(contender, load, seconds):
    parameters = {"size": DISK, "alloc": contender.way}
    with Server(parameters, before=pinned(True), env=dict(contender.env)) as server:
        start = cpu_seconds(server.process)
        said = fio(server.uri, load, seconds)
        cpu = cpu_seconds(server.process) - start
        report = server.stop()
    if report["pages_lost"]:
        raise SystemExit(f"{contender.name}: {report['pages_lost']} pages lost")
    values = {"iops": said["iops"], "mib": said["bw_bytes"] / (1 << 20), "share": 100 * report["memory_ns"] / report["write_ns"],
              "memory_us": report["memory_ns"] / report["writes"] / 1000, "cpu_us": cpu * 1e6 / report["writes"]}
    for kind in ("slat", "clat"):
        for which in PERCENTILES:
            values[f"{kind}_p{which[:2]}"] = said[f"{kind}_ns"]["percentile"][which] / 1000
        values[f"{kind}_mean"] = said[f"{kind}_ns"]["mean"] / 1000
    return values


def stage(contender):
    done = subprocess.run([*pinned(True), str(BUILD / "stage"), contender.way], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **dict(contender.env)})
    if done.returncode != 0:
        raise SystemExit(f"stage {contender.name}: {done.stderr}")
    return {"us": float(done.stdout) / 1000}


def copies():
    """The ways of the file copy, in MiB/s; {} where io_uring may not be used."""
    done = subprocess.run([str(BUILD / "uring_copy"), "--measure", str(BUILD)], capture_output=True, text=True, timeout=300)
    if done.returncode == 77:
        print(f"the file copy is left out: {done.stderr.strip()}", file=sys.stderr)
        return {}
    if done.returncode != 0:
        raise SystemExit(f"uring_copy: {done.stderr}")
    return {name.strip(): float(value) for name, value in (line.split(":") for line in done.stdout.splitlines())}


def measure(contenders, rounds, seconds):
    """All rounds; the order of contenders differs from round to round, but not from run to run."""
    results = Results()
    for number in range(rounds):
        dice = random.Random(number)
        for contender in dice.sample(contenders, len(contenders)):
            results.add(contender.name, "stage", stage(contender))
        for load in LOADS:
            for contender in dice.sample(contenders, len(contenders)):
                results.add(contender.name, load, end_to_end(contender, load, seconds))
        results.add("copy", "copy", copies())
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return results
