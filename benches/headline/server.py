"""One nbdkit with the plugin of examples-c/nbd, on a Unix socket in a folder of its own. Knows nothing of what is done
with it. Also the tests of the plugin use this, with Debian's Python."""

import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "build" / "nbd" / "nbdkit-mempool-crypt-plugin.so"
KEY = bytes(range(64)).hex()
WAYS = ("malloc", "mmap", "single", "bulk-array", "bulk-cb", "runs")
POOL_WAYS = WAYS[2:]


class Died(Exception):
    """The server ended where it should not have."""


def greeted(path):
    """Does a server answer there? Leaves as the protocol wants it: with its flags and NBD_OPT_ABORT."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(60)
        try:
            s.connect(str(path))
            greeting = s.recv(18, socket.MSG_WAITALL)
            s.sendall(struct.pack(">I8sII", 3, b"IHAVEOPT", 2, 0))
            s.recv(64)
        except OSError:
            return False
    return greeting.startswith(b"NBDMAGIC")


class Server:
    """Use as a context: started on entry, stopped at the end. parameters: the plugin's; before: a command to run it
    under; setup: called in the new process before it becomes nbdkit."""

    def __init__(self, parameters, before=(), env=None, setup=None, threads=16):
        self.folder = Path(tempfile.mkdtemp(prefix="nbd-"))
        self.socket = self.folder / "disk.sock"
        self.uri = f"nbd+unix:///?socket={self.socket}"
        words = [f"{name}={value}" for name, value in {"key": KEY, "report": self.folder / "report", **parameters}.items()]
        command = [*before, "nbdkit", "-f", "-t", str(threads), "-U", str(self.socket), str(PLUGIN), *words]
        self.said = open(self.folder / "said", "w+")
        self.process = subprocess.Popen(command, env={**os.environ, **(env or {})}, stderr=self.said, preexec_fn=setup)

    def __enter__(self):
        try:
            self.wait_until_it_answers()
        except Exception:
            self.__exit__()
            raise
        return self

    def wait_until_it_answers(self):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise Died(f"status {self.process.returncode}: {self.complaint()}")
            if greeted(self.socket):
                return
            time.sleep(0.01)
        raise Died("no answer for a minute")

    def complaints(self):
        self.said.seek(0)
        return self.said.read().strip().splitlines()

    def complaint(self):
        """What it said last."""
        return (self.complaints() or ["nothing said"])[-1]

    def first_complaint(self):
        return (self.complaints() or [""])[0]

    def settle(self):
        """A moment to die in, for one whose clients have been cut off."""
        try:
            self.process.wait(1)
        except subprocess.TimeoutExpired:
            pass

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        """Its report, a dict of numbers; Died if it was dead or did not end well."""
        if not self.alive():
            raise Died(f"status {self.process.returncode}: {self.complaint()}")
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(60) != 0:
            raise Died(f"status {self.process.returncode}: {self.complaint()}")
        return {name: int(value) for name, value in map(str.split, (self.folder / "report").read_text().splitlines())}

    def __exit__(self, kind=None, *ignored):
        if kind and kind is not Died:
            self.said.seek(0)
            sys.stderr.write(self.said.read()[-4000:])
        if self.alive():
            self.process.kill()
            self.process.wait()
        self.said.close()
        shutil.rmtree(self.folder, ignore_errors=True)
