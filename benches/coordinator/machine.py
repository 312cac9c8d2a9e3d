"""What the figures were measured on and with."""

import os
from pathlib import Path

from build import CC, ROOT, run


def first_line(*command):
    try:
        return (run(*command).stdout.strip().splitlines() or ["unknown"])[0]
    except FileNotFoundError:
        return "unknown"


def cpu():
    fields = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    name = fields.get("model name", "unknown")
    family, model = fields.get("cpu family"), fields.get("model")
    virtual = ", a virtual machine" if "hypervisor" in fields.get("flags", "") else ""
    return f"{name} (family {family}, model {model}), {len(os.sched_getaffinity(0))} CPUs{virtual}"


def package_version(name):
    done = first_line("dpkg-query", "-W", "-f", "${Version}", name)
    return done or "unknown"


def commit():
    name = first_line("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    changed = run("git", "-C", str(ROOT), "status", "--porcelain", "--", "src", "include", "benches").stdout.strip()
    return name + (" with changes" if changed else "")


def peers(contenders):
    """Versions by what Debian calls the package."""
    return versions(sorted({c.package for c in contenders if c.package}))


def versions(names):
    return ", ".join(f"{name} {package_version(name)}" for name in names)


def describe(contenders):
    """Rows of (what, value)."""
    return [*system(), ("peers", peers(contenders)), ("library", f"commit {commit()}")]


def system():
    """What does not depend on who was measured."""
    thp = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return [
        ("CPU", cpu()),
        ("kernel", f"{os.uname().sysname} {os.uname().release}"),
        ("transparent huge pages", thp.read_text().strip() if thp.exists() else "none"),
        ("C library", os.confstr("CS_GNU_LIBC_VERSION")),
        ("compilers", f"{first_line(CC, '--version')}; {first_line('rustc', '--version')}"),
    ]
