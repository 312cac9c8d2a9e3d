#!/usr/bin/python3
"""Tests of the nbdkit plugin of examples-c/nbd, which scripts/nbd-plugin built, through libnbd and its tools. The last
line is what cargo's test runner would say. Arguments: names of tests, default all; --wrap COMMAND runs the server under it."""

import hashlib
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benches" / "headline"))
sys.dont_write_bytecode = True

import nbd  # Debian's python3-libnbd

from server import KEY, PLUGIN, POOL_WAYS, WAYS, Server

MIB = 1 << 20
os.environ["PATH"] += ":/usr/sbin:/sbin"  # mkfs.ext4
WRAP = []
CONNECTIONS = []


class Skipped(Exception):
    pass


def serve(**parameters):
    return Server(parameters, before=WRAP)


def connect(server):
    h = nbd.NBD()
    h.set_strict_mode(0)  # requests that are wrong are for the server to refuse
    h.connect_uri(server.uri)
    CONNECTIONS.append(h)
    return h


def finish(server):
    """The server's report; it ends when all clients have gone."""
    while CONNECTIONS:
        CONNECTIONS.pop().shutdown()
    return server.stop()


def run(*command):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    assert done.returncode == 0, f"{command}: {done.stdout}"


def refused(call, error):
    try:
        call()
    except nbd.Error as e:
        assert e.errno == error, e
    else:
        raise AssertionError(f"not refused with {error}")


def noise(nr_bytes, seed):
    return random.Random(seed).randbytes(nr_bytes)


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def all_came_back(report, way):
    assert report["pages_lost"] == 0 and report["pages_got"] == report["pages_given_back"], report
    assert report["writes"] > 0 and (report["pages_got"] > 0) == (way in POOL_WAYS), report


def every_way_keeps_what_it_is_given(folder):
    image, back = folder / "image", folder / "back"
    image.write_bytes(noise(24 * MIB, 1))
    for i, way in enumerate(WAYS):
        with serve(size="24M", alloc=way, sector=(512, 4096)[i % 2]) as server:
            run("nbdcopy", "--request-size", MIB * 4, image, server.uri)
            run("nbdcopy", server.uri, back)
            assert digest(image) == digest(back), way
            all_came_back(finish(server), way)


def a_file_outlives_the_server_and_holds_no_plaintext(folder):
    disk, plain = folder / "disk", noise(4096, 2) * 512
    with serve(size="2M", file=disk, alloc="runs") as server:
        h = connect(server)
        h.pwrite(plain, 0)
        h.flush()
        finish(server)
    cipher = disk.read_bytes()
    sectors = {cipher[at:at + 4096] for at in range(0, len(cipher), 4096)}
    assert len(cipher) == len(plain) and len(sectors) == 512 and plain[:4096] not in sectors
    with serve(file=disk, alloc="malloc") as server:
        assert bytes(connect(server).pread(len(plain), 0)) == plain
    with serve(file=disk, key=KEY[2:] + "ff") as server:
        assert bytes(connect(server).pread(4096, 0)) != plain[:4096]


def writes_of_any_length_and_place(folder):
    dice = random.Random(3)
    for way in POOL_WAYS:
        with serve(size="8M", sector=512, alloc=way, pool=dice.choice([1, 3, 256])) as server:
            h, model = connect(server), bytearray(8 * MIB)
            h.zero(8 * MIB, 0)
            for _ in range(60):
                length = dice.choice([512, 4096, 512 * dice.randrange(1, 6000)])
                at = 512 * dice.randrange((8 * MIB - length) // 512 + 1)
                piece = dice.randbytes(length)
                h.pwrite(piece, at)
                model[at:at + length] = piece
            assert h.pread(8 * MIB, 0) == model, way
            all_came_back(finish(server), way)


def zeros_trims_and_flushes(folder):
    for where in ({}, {"file": folder / "disk"}):
        with serve(size="4M", **where) as server:
            h, plain = connect(server), noise(4 * MIB, 4)
            assert h.can_trim() and h.can_zero() and h.can_flush() and h.can_multi_conn()
            h.pwrite(plain, 0)
            h.zero(3 * MIB, 8192)
            assert h.pread(4 * MIB, 0) == plain[:8192] + bytes(3 * MIB) + plain[8192 + 3 * MIB:]
            h.trim(MIB, 0)
            assert bytes(h.pread(4096, 0)) != plain[:4096]
            h.pwrite(plain[:MIB], 0, nbd.CMD_FLAG_FUA)
            h.flush()
            assert h.pread(8192, 0) == plain[:8192] and h.pread(8192, MIB) == bytes(8192)


def what_is_no_sector_is_refused_and_changes_nothing(folder):
    with serve(size="1M") as server:
        h, plain = connect(server), noise(MIB, 5)
        h.pwrite(plain, 0)
        for length, at in ((512, 0), (4096, 512), (4097, 0)):
            refused(lambda: h.pwrite(bytes(length), at), "EINVAL")
            refused(lambda: h.pread(length, at), "EINVAL")
            refused(lambda: h.zero(length, at), "EINVAL")
        h.trim(4096 + 1000, 100)  # holds no whole sector
        refused(lambda: h.pread(4096, MIB), "EINVAL")
        assert h.pread(MIB, 0) == plain and h.get_block_size(nbd.SIZE_MINIMUM) == 4096


# Sends writes and dies with them in flight.
RUDE = """
import nbd, os, signal, sys
h = nbd.NBD()
h.connect_uri(sys.argv[1])
for i in range(32):
    h.aio_pwrite(nbd.Buffer.from_bytearray(bytearray(1 << 20)), i % 16 << 20)
while h.aio_in_flight() > int(sys.argv[2]):
    h.poll(-1)
os.kill(os.getpid(), signal.SIGKILL if h.aio_in_flight() else signal.SIGTERM)
"""


def serve_rude_clients(server, way):
    for left in (31, 16, 1):
        clients = [subprocess.Popen([sys.executable, "-c", RUDE, server.uri, str(left)]) for _ in range(2)]
        assert [c.wait(60) for c in clients] == [-9, -9]
    h, plain = connect(server), noise(MIB, 6)
    h.pwrite(plain, 0)
    assert h.pread(MIB, 0) == plain
    all_came_back(finish(server), way)


def ended_itself(server):
    """nbdkit 1.32 may do so when a thread has an answer for a client that another has seen go: no matter of the plugin's."""
    server.settle()
    return not server.alive() and any("raw_send_socket: Assertion" in line for line in server.complaints())


def clients_that_vanish_lose_no_page(folder):
    for way in POOL_WAYS:
        for _ in range(20):
            with serve(size="16M", alloc=way, pool=256, limit="2M", delay=2) as server:
                try:
                    serve_rude_clients(server, way)
                    break
                except Exception:
                    CONNECTIONS.clear()
                    if not ended_itself(server):
                        raise
        else:
            raise AssertionError("nbdkit ended itself each time")


def succeeded(error):
    assert error.value == 0, error.value
    return 1


def more_writers_than_pages(folder):
    for way in POOL_WAYS:
        with serve(size="16M", alloc=way, pool=256, limit="1100K", delay=1) as server:
            handles, plain = [connect(server) for _ in range(4)], noise(16 * MIB, 7)
            for at in range(0, 16 * MIB, MIB):
                buffer = nbd.Buffer.from_bytearray(bytearray(plain[at:at + MIB]))
                handles[at // MIB % 4].aio_pwrite(buffer, at, completion=succeeded)
            for h in handles:
                while h.aio_in_flight():
                    h.poll(-1)
            assert handles[0].pread(16 * MIB, 0) == plain, way
            report = finish(server)
            assert report["from_reserve"] > 0, report
            all_came_back(report, way)


def wrong_parameters_are_explained(folder):
    long = "0123456789abcdef" * 8
    cases = (
        (["size=1M"], "key: is required"),
        ([f"key={KEY}"], "size: is required"),
        (["size=1M", "key=12"], "128 hexadecimal digits"),
        (["size=1M", f"key={KEY[1:]}x"], "128 hexadecimal digits"),
        (["size=1M", f"key={long}"], "halves of an XTS key must differ"),
        (["size=1M", f"key={KEY}", "sector=1024"], "must be 512 or 4096"),
        (["size=1M", f"key={KEY}", "alloc=slab"], "must be malloc"),
        (["size=1M", f"key={KEY}", "pool=0"], "pool: must be"),
        (["size=1M", f"key={KEY}", "pool=-1"], "negative numbers are not allowed"),
        (["size=1M", f"key={KEY}", "limit=1M", "pool=257"], "room enough for the pool"),
        (["size=0", f"key={KEY}"], "must not be 0"),
        (["size=5000", f"key={KEY}"], "no multiple of the sector"),
        (["size=7E", f"key={KEY}"], "RAM disk"),
        (["size=1M", f"key={KEY}", "colour=red"], "no such parameter"),
        ([f"key={KEY}", f"file={folder}/no/such/folder"], "No such file"),
        (["size=1M", "key=+/no/such/key"], "No such file"),
    )
    for words, expected in cases:
        done = subprocess.run(["nbdkit", "-f", "-U", str(folder / "s"), str(PLUGIN), *words], capture_output=True, text=True, timeout=20)
        assert done.returncode == 1 and expected in done.stderr, (words, done.returncode, done.stderr)


def a_file_system(folder):
    """Made from a folder of files, copied to the disk, and back."""
    image, back, files = folder / "image", folder / "back", folder / "files"
    shutil.copytree(PLUGIN.parents[2] / "examples-c", files)
    run("mkfs.ext4", "-q", "-d", files, image, "32M")
    with serve(size="32M", alloc="bulk-cb") as server:
        run("nbdcopy", image, server.uri)
        run("nbdcopy", server.uri, back)
        all_came_back(finish(server), "bulk-cb")
    assert digest(image) == digest(back)
    run("e2fsck", "-fn", back)


def a_file_system_made_on_the_disk(folder):
    """The disk as a file, by nbdfuse: mkfs.ext4 writes where it likes, in pieces of a kilobyte too."""
    if os.geteuid() != 0 or not os.access("/dev/fuse", os.W_OK):
        raise Skipped("no root or no /dev/fuse")
    mount, back = folder / "mount", folder / "back"
    mount.mkdir()
    with serve(size="32M", sector=512, alloc="runs") as server:
        fuse = subprocess.Popen(["nbdfuse", "-P", folder / "pid", mount, server.uri])
        try:
            while not (folder / "pid").exists():
                assert fuse.poll() is None, "nbdfuse"
            run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,nodiscard", "-d", PLUGIN.parents[2] / "examples-c", mount / "nbd")
        finally:
            subprocess.run(["umount", str(mount)])
            fuse.wait(20)
        run("nbdcopy", server.uri, back)
        all_came_back(finish(server), "runs")
    run("e2fsck", "-fn", back)


TESTS = (every_way_keeps_what_it_is_given, a_file_outlives_the_server_and_holds_no_plaintext, writes_of_any_length_and_place,
         zeros_trims_and_flushes, what_is_no_sector_is_refused_and_changes_nothing, clients_that_vanish_lose_no_page,
         more_writers_than_pages, wrong_parameters_are_explained, a_file_system, a_file_system_made_on_the_disk)


def result_of(test):
    folder = Path(tempfile.mkdtemp(prefix="nbd-test-"))
    try:
        test(folder)
        return "ok"
    except Skipped as why:
        return f"skipped, {why}"
    except Exception:
        traceback.print_exc(file=sys.stdout)
        return "FAILED"
    finally:
        CONNECTIONS.clear()
        shutil.rmtree(folder, ignore_errors=True)


def main(words):
    if words[:1] == ["--wrap"]:
        WRAP.extend(shlex.split(words[1]))
        words = words[2:]
    results = []
    for test in TESTS:
        if not words or test.__name__ in words:
            results.append(result_of(test))
            print(f"test {test.__name__} ... {results[-1]}", flush=True)
    failed, skipped = results.count("FAILED"), sum(r.startswith("skipped") for r in results)
    print(f"test result: {'FAILED' if failed else 'ok'}. {len(results) - failed - skipped} passed; {failed} failed; {skipped} ignored")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
