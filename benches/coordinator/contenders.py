"""Who takes part: how each is built and run, and with which workloads. One row, one process image."""

from dataclasses import dataclass

from workloads import MEMORY, SAME, SHAPES, THREADS, TIMED

BLOCKS = tuple(w for w in SHAPES if w != "scattered") + THREADS  # one block has no order

FALLBACK = {"MEMPOOL_BULK_NO_RSEQ": "1"}


@dataclass(frozen=True)
class Contender:
    name: str
    label: str
    kind: str  # ours, peer, floor; "other" is no peer: it gives one block, not pages
    source: str
    workloads: tuple
    flags: tuple = ()
    env: tuple = ()  # pairs
    module: str = ""  # pkg-config module, must exist
    preload: tuple = ()  # a library, the first that is found, must exist
    package: str = ""  # Debian package that says the version


def ours(name, label, get, put, workloads, fallback=False):
    """A form of this library; with fallback, also without restartable sequences."""
    flags = (f"-DGET=get_{get}", f"-DPUT=put_{put}")
    rows = [Contender(name, f"ours: {label}", "ours", "ours.c", workloads, flags, module="mempool_bulk")]
    if fallback:
        few = tuple(w for w in workloads if w not in MEMORY)
        env = tuple(FALLBACK.items())
        rows.append(Contender(f"{name}/fallback", f"ours: {label}, fallback", "ours", "ours.c", few, flags, env, "mempool_bulk"))
    return rows


def heap(name, label, flags=(), preload=(), package="libc6", kind="peer", workloads=TIMED + MEMORY):
    return Contender(name, label, kind, "heap.c", workloads, flags, preload=preload, package=package)


ALL = [
    Contender("floor", "floor: the pointers copied", "floor", "floor.c", TIMED + ("steady",)),
    *ours("array", "array, bulk free", "array", "bulk", TIMED + MEMORY + ("steady",), fallback=True),
    *ours("page", "`alloc_page`, `__free_page`", "page_single", "page_single", SAME + ("two1", "many", "steady"), fallback=True),
    *ours("callback", "callback, bulk free", "callback", "bulk", SAME + ("steady",), fallback=True),
    *ours("runs", "runs, bulk free", "runs", "bulk", SAME),
    *ours("fresh", "`mempool_alloc_bulk` of 7.2, bulk free", "fresh", "bulk", tuple(w for w in TIMED if w != "zeroed")),
    *ours("7.2", "`mempool_alloc_bulk`, freed as in 7.2", "fresh", "in_two", SAME),
    *ours("pages", "`alloc_pages_bulk`, `release_pages`", "pages", "release", SAME + ("scattered",)),
    *ours("element", "`mempool_alloc`, `mempool_free`", "element", "element", SAME + ("two1", "many"), fallback=True),
    *ours("one-by-one", "array, freed by `mempool_free` each", "array", "element", SAME, fallback=True),
    Contender("mem-map", "ours: array, each `struct page` written to", "ours", "ours.c", MEMORY,
              ("-DGET=get_array", "-DPUT=put_bulk", "-DWRITE_MEM_MAP"), module="mempool_bulk"),
    Contender("dpdk", "DPDK mempool, ring, cache 512", "peer", "dpdk.c", TIMED + MEMORY + ("steady",),
              module="libdpdk", package="libdpdk-dev"),
    Contender("mutex", "array behind a mutex", "peer", "mutex.c", TIMED + MEMORY + ("steady",)),
    heap("tcmalloc", "tcmalloc (gperftools)", preload=("libtcmalloc_minimal.so.4", "libtcmalloc_minimal.so"), package="libgoogle-perftools-dev"),
    heap("mimalloc", "mimalloc", preload=("libmimalloc.so.2", "libmimalloc.so"), package="libmimalloc-dev"),
    heap("jemalloc", "jemalloc", preload=("libjemalloc.so.2", "libjemalloc.so"), package="libjemalloc-dev"),
    heap("glibc", "glibc `aligned_alloc`"),
    heap("glibc-tuned", "glibc `aligned_alloc`, tuned", ("-DTUNED",)),
    heap("big", "one big `malloc`", ("-DWHOLE",), kind="other", workloads=BLOCKS),
    heap("big-tuned", "one big `malloc`, tuned", ("-DWHOLE", "-DTUNED"), kind="other", workloads=BLOCKS),
    Contender("mmap", "`mmap`, touched, `munmap`", "other", "mmap.c", BLOCKS),
    Contender("drain", "ours", "ours", "drain.c", ("drain",), module="mempool_bulk"),
    Contender("drain/fallback", "ours, fallback", "ours", "drain.c", ("drain",), env=tuple(FALLBACK.items()), module="mempool_bulk"),
]

BY_NAME = {c.name: c for c in ALL}
