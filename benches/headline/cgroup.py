"""A memory cgroup for one server, version 2 or 1, whichever is there and may be used. Knows no server."""

import os
from pathlib import Path

PLACES = ((Path("/sys/fs/cgroup"), 2), (Path("/sys/fs/cgroup/unified"), 2), (Path("/sys/fs/cgroup/memory"), 1))
FILES = {2: ("memory.max", "memory.peak", "memory.swap.max"), 1: ("memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.memsw.limit_in_bytes")}


class Unavailable(Exception):
    pass


def usable(parent, version):
    if version == 1:
        return (parent / "memory.limit_in_bytes").exists() and os.access(parent, os.W_OK)
    try:
        if "memory" not in (parent / "cgroup.controllers").read_text().split():
            return False
        if "memory" not in (parent / "cgroup.subtree_control").read_text().split():
            (parent / "cgroup.subtree_control").write_text("+memory")
    except OSError:
        return False
    return True


class Cgroup:
    """Use as a context. limit in bytes, None: none."""

    def __init__(self, limit=None):
        self.parent, self.version = next(((p, v) for p, v in PLACES if usable(p, v)), (None, 0))
        if not self.parent:
            raise Unavailable("no memory cgroup that may be written to")
        self.path = self.parent / f"mempool-crypt-{os.getpid()}"
        self.limit = limit

    def __enter__(self):
        self.path.mkdir()
        most, _, swap = FILES[self.version]
        if self.limit is not None:
            (self.path / most).write_text(str(self.limit))
            if (self.path / swap).exists():
                (self.path / swap).write_text(str(0 if self.version == 2 else self.limit))
        return self

    def join(self):
        """For the new process, before it becomes the server."""
        (self.path / "cgroup.procs").write_text("0")

    def peak(self):
        return int((self.path / FILES[self.version][1]).read_text())

    def __exit__(self, *ignored):
        self.path.rmdir()
