"""The server with as little memory as its pools need: in a memory cgroup, and with a limit on its address space. What it
needs is measured first, with a pool; then each way gets that and a little more, and has to take a disk full of writes,
32 of them in flight, from a disk that takes 60 ms for each. Knows nothing of speed."""

import hashlib
import os
import re
import resource
import subprocess
import tempfile
from pathlib import Path

from cgroup import Cgroup, Unavailable
from server import WAYS, Died, Server

MIB = 1 << 20
DISK, THREADS, SLACK = 64 * MIB, 32, 4 * MIB
FIXED = {"MALLOC_ARENA_MAX": "1"}  # else the address space is full of arenas that nobody uses


def copy(source, to):
    return subprocess.run(["nbdcopy", "--connections", "4", "--requests", "32", "--request-size", str(MIB), str(source), str(to)],
                          capture_output=True, text=True, timeout=120)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def why(server, said):
    """The first thing that somebody said, and how the server ended."""
    told = (server.first_complaint() or (said.stderr.strip().splitlines() or [""])[0]).replace("|", "/")
    if server.process.poll() is None:
        return f"writes fail: {told}"
    return "killed" if server.process.returncode == -9 else f"ended with {server.process.returncode}: {told}"


def attempt(way, folder, setup, look):
    """In words how it went; look(server) is called after the writes."""
    image, back = folder / "image", folder / "back"
    try:
        with Server({"size": DISK, "alloc": way, "limit": "4M", "delay": 60}, env=FIXED, setup=setup, threads=THREADS) as server:
            said = copy(image, server.uri)
            look(server)
            if said.returncode != 0:
                server.settle()
                return why(server, said)
            said = copy(server.uri, back)
            if said.returncode != 0:
                return f"reading: {why(server, said)}"
            if digest(image) != digest(back):
                return "WRONG DATA"
            report = server.stop()
            return f"all {DISK // MIB} MiB right; {report['waits']} sleeps, {report['pages_lost']} pages lost"
    except Died as death:
        return f"did not start: {death}"


def vm_peak(server):
    return int(re.search(r"VmPeak:\s+(\d+) kB", Path(f"/proc/{server.process.pid}/status").read_text())[1]) * 1024


def in_cgroups(folder):
    """(limit in bytes, {way: words})"""
    peaks = []
    with Cgroup() as group:
        words = attempt("bulk-array", folder, group.join, lambda server: peaks.append(group.peak()))
    if not peaks:
        raise SystemExit(f"without a limit: {words}")
    limit, results = peaks[0] + SLACK, {}
    for way in WAYS:
        with Cgroup(limit) as group:
            results[way] = attempt(way, folder, group.join, lambda server: None)
    return limit, results


def in_address_space(folder):
    peaks = []
    words = attempt("bulk-array", folder, None, lambda server: peaks.append(vm_peak(server)))
    if not peaks:
        raise SystemExit(f"without a limit: {words}")
    limit = peaks[0] + SLACK
    setup = lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return limit, {way: attempt(way, folder, setup, lambda server: None) for way in WAYS}


def measure():
    """Rows of (way, in a cgroup, with a limited address space), and the two limits in words."""
    with tempfile.TemporaryDirectory(prefix="nbd-") as name:
        folder = Path(name)
        (folder / "image").write_bytes(os.urandom(DISK))
        try:
            limit, cgroup = in_cgroups(folder)
            cgroup_words = f"a memory cgroup of {limit / MIB:.0f} MiB"
        except (Unavailable, OSError) as error:
            cgroup, cgroup_words = {way: "not tried" for way in WAYS}, f"a memory cgroup: not tried, {error}"
        limit, space = in_address_space(folder)
    return [(way, cgroup[way], space[way]) for way in WAYS], (cgroup_words, f"an address space of {limit / MIB:.0f} MiB")


if __name__ == "__main__":
    rows, limits = measure()
    print("\n".join(limits))
    for row in rows:
        print(" | ".join(row))
