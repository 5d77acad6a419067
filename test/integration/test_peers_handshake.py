# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers that go wrong in the handshake, on either side of it. Each costs at most its own session; afterwards descriptors
are back, and the others have noticed nothing."""

import socket
import ssl
import struct
import threading

import pytest

from lib import peer, sip
from lib.lab import ALICE, BOB
from lib.raw import assert_closed, raw_connection

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.fixture(scope="module")
def lab(make_shared_lab):
    lab = make_shared_lab(settings={"limits": {"handshake-timeout": "1s"}})
    lab.assert_serves()
    return lab


@pytest.mark.parametrize("side", ["external", "internal"])
def test_connects_and_says_nothing(lab, side):
    connection, local = raw_connection(getattr(lab.gateway, f"{side}_port"))
    assert_closed(connection)
    assert lab.gateway.audit.wait_for(event="session-refused", peer=local)["reason"] == "handshake-timeout"


GARBAGE = {
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "plain-sip": b"OPTIONS sip:x SIP/2.0\r\n\r\n",
    "zeros": b"\x00" * 300,
    "ones": b"\xff" * 300,
    "empty-record": b"\x16\x03\x01\x00\x00",
    "huge-record": b"\x16\x03\x01\xff\xff" + b"x" * 2000,
    "unknown-type": b"\x63\x03\x03\x00\x10" + b"x" * 16,
    "application-data-first": b"\x17\x03\x03\x00\x20" + b"x" * 32,
    "tag-only-record": b"\x17\x03\x03\x00\x10" + b"x" * 16,
    "sslv2": b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + b"x" * 40,
    "alert": b"\x15\x03\x03\x00\x02\x02\x28",
    "broken-hello": b"\x16\x03\x01\x00\x30\x01\x00\x00\x2c\x03\x03" + b"\xff" * 43,
}


@pytest.mark.parametrize("octets", GARBAGE.values(), ids=GARBAGE)
def test_garbage_instead_of_a_handshake(lab, octets):
    connection, local = raw_connection(lab.gateway.external_port)
    connection.sendall(octets)
    assert_closed(connection)
    assert lab.gateway.audit.wait_for(event="session-refused", peer=local)["reason"] in (
        "tls-failed", "handshake-timeout", "no-certificate", "malformed-certificate")


class Handshake:
    """A TLS client whose every flight is in our hands."""

    def __init__(self, identity, version, server=False):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = peer.tls_context(identity, server=server, version=version)
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=server)
        self.done = False

    def step(self, data=b""):
        """What comes in goes in, what comes out is returned."""
        if data:
            self.incoming.write(data)
        if not self.done:
            try:
                self.tls.do_handshake()
                self.done = True
            except ssl.SSLWantReadError:
                pass
        return self.outgoing.read()


@pytest.mark.parametrize("ending", ["close", "reset", "half-close"])
@pytest.mark.parametrize("version", [peer.TLS12, peer.TLS13], ids=["tls12", "tls13"])
def test_closes_at_every_step_of_the_handshake(lab, version, ending):
    """After each octet count that matters: nothing, a part of a record, each whole flight."""
    for flights in range(3):
        for part in (0.0, 0.4, 1.0):
            connection, _ = raw_connection(lab.gateway.external_port)
            shake = Handshake(lab.pki.fabrikam_edge, version)
            out = shake.step()
            for _ in range(flights):
                if shake.done:
                    break
                connection.sendall(out)
                try:
                    answer = connection.recv(65536)
                except OSError:
                    break
                out = shake.step(answer)
                while not out and not shake.done:
                    out = shake.step(connection.recv(65536))
            try:
                connection.sendall(out[:int(len(out) * part)])
            except OSError:
                pass
            end(connection, ending)


def end(connection, ending):
    if ending == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    elif ending == "half-close":
        connection.shutdown(socket.SHUT_WR)
        assert_closed(connection)
    else:
        connection.close()


@pytest.mark.parametrize("part", [0, 20, 5000])
@pytest.mark.parametrize("version", [peer.TLS12, peer.TLS13], ids=["tls12", "tls13"])
def test_partner_edge_closes_at_every_step_of_our_handshake(lab, version, part):
    """As a client: each step of the partner's side cut off; the message is answered 504, not forgotten."""
    port = lab.fabrikam.port
    for flights in range(2):
        lab.fabrikam.close()
        listener = socket.create_server(("127.0.0.1", port))
        stop = threading.Event()

        def serve():
            while not stop.is_set():
                try:
                    raw, _ = listener.accept()
                except OSError:
                    return
                raw.settimeout(5)
                with raw:
                    shake = Handshake(lab.pki.fabrikam_edge, version, server=True)
                    try:
                        for _ in range(flights):
                            raw.sendall(shake.step(raw.recv(65536)))
                        raw.sendall(shake.step(raw.recv(65536))[:part])
                    except OSError:
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        connection = lab.from_inside()
        call_id = sip.token()
        connection.send(sip.request("MESSAGE", BOB, from_=ALICE, to=BOB, call_id=call_id))
        connection.expect_status(504, call_id=call_id, timeout=15)
        connection.close()
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(6)
        lab.fabrikam = lab.serve(lab.pki.fabrikam_edge, port=port)
    lab.wait_until_reachable()
