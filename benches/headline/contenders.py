"""The ways to get a write's pages, as they are compared: what the plugin calls each, and the environment it runs in."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    name: str
    label: str
    way: str
    env: tuple = ()  # pairs


KEEP = (("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=1073741824"),)

ALL = (
    Contender("malloc", "`aligned_alloc` for each write", "malloc"),
    Contender("malloc-kept", "the same, glibc told to keep memory", "malloc", KEEP),
    Contender("mmap", "`mmap` for each write", "mmap"),
    Contender("single", "pool, one page at a time", "single"),
    Contender("bulk-array", "pool, bulk, array", "bulk-array"),
    Contender("bulk-cb", "pool, bulk, callback", "bulk-cb"),
    Contender("runs", "pool, bulk, runs", "runs"),
)
BEFORE, AFTER = "single", "bulk-array"
