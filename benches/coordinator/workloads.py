"""The workloads, as the C programs name them, and what their results are called."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    name: str
    title: str
    once: bool = False  # counts, not times: one run says it


ALL = [
    Workload("same1", "n = 1"),
    Workload("same8", "n = 8"),
    Workload("same32", "n = 32"),
    Workload("same256", "n = 256"),
    Workload("same1024", "n = 1024"),
    Workload("scattered", "n = 256, freed in scattered order"),
    Workload("outstanding", "64 buffers of 256 outstanding"),
    Workload("pipe", "producer and consumer, n = 256"),
    Workload("zeroed", "zeroed and touched, n = 256"),
    Workload("latency", "single pairs, n = 256"),
    Workload("two1", "two threads, n = 1"),
    Workload("two256", "two threads, n = 256"),
    Workload("many", "64 threads, n = 1"),
    Workload("drain", "drain"),
    Workload("memory-512m", "512 MiB held", once=True),
    Workload("memory-1g", "1 GiB held", once=True),
    Workload("steady", "a million pairs", once=True),
]

BY_NAME = {w.name: w for w in ALL}
SAME = ("same1", "same8", "same32", "same256", "same1024")
SHAPES = SAME + ("scattered", "outstanding", "pipe", "zeroed")
THREADS = ("latency", "two1", "two256", "many")
MEMORY = ("memory-512m", "memory-1g")
TIMED = SHAPES + THREADS
