# SPDX-License-Identifier: GPL-2.0-or-later
"""Free ports on loopback, below the ephemeral range and apart for each pytest-xdist worker, so that neither an
outgoing connection nor a test beside this one takes a port between the look and the bind."""

import contextlib
import os
import socket

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:] or 0)
_SPAN = 2500
_FIRST = 20000 + (_worker % 4) * _SPAN
_next = os.getpid() % _SPAN


def _is_free(port, address):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


def free_port(address="127.0.0.1"):
    """A port that is free for TCP and UDP; not handed out again soon."""
    global _next
    for _ in range(_SPAN):
        port = _FIRST + _next % _SPAN
        _next += 1
        if _is_free(port, address):
            return port
    raise RuntimeError("no free port")


def listens(port):
    """Is there a listener? From the kernel's table: a trial connection would be somebody's first client."""
    wanted = f":{port:04X}"
    rows = []
    for family in ("tcp", "tcp6"):  # one for both is in the second
        with contextlib.suppress(FileNotFoundError), open(f"/proc/net/{family}", encoding="ascii") as table:
            rows += [line.split() for line in table]
    return any(row[1].endswith(wanted) and row[3] == "0A" for row in rows)
