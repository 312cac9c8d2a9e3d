"""Compiles the contenders that can be had here into build/bench. Who lacks something is left out, with a line."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "bench"
PREFIX = ROOT / "build" / "prefix"
CC = os.environ.get("CC", "cc")
PROGRAMS = OUT / Path(CC).name  # of another compiler are other programs
CFLAGS = ["-std=gnu11", "-O3", "-g", "-Wall", "-Wextra", "-Wno-unused-function", "-D_GNU_SOURCE", "-pthread"]


class Missing(Exception):
    """Something that a contender needs is not installed."""


@dataclass(frozen=True)
class Runnable:
    program: Path
    env: dict


def run(*command, env=None):
    return subprocess.run(command, capture_output=True, text=True, env=env)


def module_flags(module):
    if not module:
        return []
    env = dict(os.environ, PKG_CONFIG_PATH=f"{PREFIX}/lib/pkgconfig:" + os.environ.get("PKG_CONFIG_PATH", ""))
    found = run("pkg-config", "--cflags", "--libs", module, env=env)
    if found.returncode != 0:
        raise Missing(f"no pkg-config module {module}")
    return found.stdout.split()


def preloaded(names):
    """The library that LD_PRELOAD is to name; the compiler knows where libraries are."""
    for name in names:
        path = run(CC, f"-print-file-name={name}").stdout.strip()
        if os.path.isabs(path):
            return os.path.realpath(path)
    raise Missing(f"no {names[0]}")


def compile_program(contender):
    """The sources of a contender, with the heap counter where the heap is not what is measured."""
    program = PROGRAMS / (contender.source[:-2] + "".join(f.replace("-D", "_").replace("=", "_") for f in contender.flags))
    sources = [ROOT / "benches" / contender.source]
    if contender.source not in ("heap.c", "mmap.c", "drain.c"):
        sources.append(ROOT / "benches" / "count_malloc.c")
    libraries = module_flags(contender.module)
    if contender.kind == "floor":
        libraries = [str(PROGRAMS / "libfloor.so")]
        compile_to(PROGRAMS / "libfloor.so", [ROOT / "benches" / "floor_copy.c"], ["-shared", "-fPIC"])
    rpath = [f"-Wl,-rpath,{PREFIX}/lib", f"-Wl,-rpath,{PROGRAMS}"]
    compile_to(program, sources, [*contender.flags, *libraries, "-rdynamic", *rpath])
    return program


def up_to_date(output, sources):
    """Newer than everything it could be made from."""
    made_from = [*sources, *(ROOT / "benches").glob("*.h"), ROOT / "include" / "mempool_bulk.h", Path(__file__)]
    return output.exists() and output.stat().st_mtime > max(f.stat().st_mtime for f in made_from)


def compile_to(output, sources, flags):
    if up_to_date(output, sources):
        return
    made = run(CC, *CFLAGS, "-o", str(output), *map(str, sources), *flags)
    print(made.stderr, end="", file=sys.stderr)
    if made.returncode != 0:
        raise Missing("does not compile")


def provider(output):
    """Which file the process says that its aligned_alloc is in."""
    for line in output.splitlines():
        if line.startswith("provider "):
            return os.path.realpath(line.split(" ", 1)[1])
    return None


def prepare(contender, built):
    """Compiles unless done and tries it for a millisecond."""
    env = dict(contender.env)
    if contender.preload:
        env["LD_PRELOAD"] = preloaded(contender.preload)
    key = (contender.source, contender.flags)
    if key not in built:
        built[key] = compile_program(contender)
    runnable = Runnable(built[key], env)
    args = ["1"] if contender.source == "drain.c" else ["same1", "1"]
    tried = run(str(runnable.program), *args, env={**os.environ, **env})
    if tried.returncode != 0:
        raise Missing((tried.stderr.strip() or f"exit status {tried.returncode}").splitlines()[-1])
    if contender.preload and provider(tried.stdout) != env["LD_PRELOAD"]:
        raise Missing("the preloaded library does not serve aligned_alloc")
    return runnable


def build(contenders):
    """Name to Runnable, of those that can be built and run here."""
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    built, ready = {}, {}
    for contender in contenders:
        try:
            ready[contender.name] = prepare(contender, built)
        except Missing as missing:
            if contender.kind == "ours":
                raise SystemExit(f"{contender.name}: {missing}")
            print(f"left out: {contender.name} ({missing})")
    return ready
