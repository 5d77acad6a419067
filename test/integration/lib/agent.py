# SPDX-License-Identifier: GPL-2.0-or-later
"""A user agent over UDP, to stand behind a real SIP server such as Kamailio."""

import socket
import threading

from . import ports, sip
from .peer import Expecting, Inbox, Received


class UdpAgent(Expecting):
    def __init__(self, server_port, handler=None):
        """`server_port`: where this agent sends its own requests."""
        self.inbox = Inbox()
        self.handler = handler
        self.port = ports.free_port()
        self.via = f"127.0.0.1:{self.port}"
        self.server = ("127.0.0.1", server_port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", self.port))
        self._stopping = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        seen = set()
        while not self._stopping:
            try:
                data, peer = self._socket.recvfrom(65535)
            except OSError:
                return
            if self._stopping or not data.strip() or data in seen:
                continue  # a keep-alive, or a retransmission: the same octets with the same branch
            seen.add(data)
            received = Received(_Reply(self, peer), sip.Message(data))
            if self.handler is None or not self.handler(received):
                self.inbox.put(received)

    def send(self, octets):
        """Requests are built with Via .../TLS for the other peers; here it is UDP."""
        self._socket.sendto(octets.replace(b"SIP/2.0/TLS " + self.via.encode(),
                                           b"SIP/2.0/UDP " + self.via.encode()), self.server)

    def close(self):
        self._stopping = True
        self._socket.sendto(b"\r\n", ("127.0.0.1", self.port))
        self._socket.close()


class _Reply:
    def __init__(self, agent, peer):
        self.agent, self.peer = agent, peer

    def send(self, octets):
        self.agent._socket.sendto(octets, self.peer)
