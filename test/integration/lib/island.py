# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a command in a network of its own, where an address of the Internet at large is on loopback: the one way to test
what differs between such an address and a private one without leaving the machine.

    unshare -rn python3 island.py ASKED PORT COMMAND...

On that address and on 127.0.0.1 stands a web server: /sound/NAME and /to/HOST:PORT/NAME (a redirect to http://HOST:PORT/NAME).
What was asked for is written into the file ASKED, a line each: address and path."""

import ctypes
import fcntl
import shutil
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

ADDRESS = "9.9.9.9"


def command(asked, port):
    """What is put in front of the command."""
    return ["unshare", "-rn", sys.executable, __file__, str(asked), str(port)]


def is_possible():
    return shutil.which("unshare") is not None and subprocess.run(
        ["unshare", "-rn", "true"], capture_output=True, check=False).returncode == 0


def _bring_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, 0x8914, struct.pack("16sh14x", b"lo", 0x41))  # SIOCSIFFLAGS: up, running
        fcntl.ioctl(handle, 0x8916, struct.pack("16sHH4s8x", b"lo:1", socket.AF_INET, 0,  # SIOCSIFADDR
                                                socket.inet_aton(ADDRESS)))


class _Pages(dict):
    def __init__(self, address, asked):
        super().__init__()
        self.address, self.asked = address, asked

    def get(self, path, default=None):
        from lib import web
        with self.asked.open("a") as file:
            file.write(f"{self.address} {path}\n")
        if path.startswith("/to/"):
            return web.redirects("http://" + path.removeprefix("/to/"))
        return b"no list" if path.startswith("/sound/") else default


def main():
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from lib.web import Web
    asked, port, words = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    _bring_up()
    for address in (ADDRESS, "127.0.0.1"):
        Web(address=address, port=port).pages = _Pages(address, asked)
    child = subprocess.Popen(words, preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL))  # PDEATHSIG
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, frame: child.send_signal(number))
    sys.exit(child.wait())


if __name__ == "__main__":
    main()
