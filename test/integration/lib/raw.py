# SPDX-License-Identifier: GPL-2.0-or-later
"""Plain TCP connections, for peers that never get as far as TLS."""

import socket

from . import wait


def raw_connection(port):
    connection = socket.create_connection(("127.0.0.1", port), 5)
    connection.settimeout(5 * wait.PATIENCE)
    return connection, "%s:%d" % connection.getsockname()


def assert_closed(connection, within=5.0):
    """The gateway ends the TCP connection."""
    connection.settimeout(within * wait.PATIENCE)
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass
    except socket.timeout:
        raise AssertionError("the connection was left open") from None
    finally:
        connection.close()
