# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers as they go wrong. Each costs at most its own session; afterwards memory and descriptors are back, and the others
have noticed nothing."""

import socket
import ssl
import struct
import threading
import time

import pytest

from lib import peer, sip, wait
from lib.lab import ALICE, BOB

SETTINGS = {"limits": {"handshake-timeout": "1s", "message-timeout": "1s", "waiting-bytes": "64KiB"}}


@pytest.fixture(scope="module")
def lab(make_shared_lab):
    lab = make_shared_lab(settings=SETTINGS)
    lab.assert_serves()
    return lab


@pytest.fixture(autouse=True)
def nothing_is_left_behind(lab):
    """Descriptors as before; the gateway alive and serving."""
    lab.inside.handler = lab.fabrikam.handler = None
    before = lab.gateway.descriptors()
    yield
    lab.assert_serves()
    # The few sessions towards the servers may stay open: they are worth keeping.
    lab.gateway.wait_for_descriptors(before + 8, 15)


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
    wait_until_reachable(lab)


def wait_until_reachable(lab):
    deadline = time.monotonic() + 20
    connection = lab.from_inside()
    while True:
        call_id = sip.token()
        connection.send(sip.request("MESSAGE", BOB, from_=ALICE, to=BOB, call_id=call_id))
        try:
            lab.fabrikam.inbox.take(lambda m: m.call_id == call_id, 1, "the message").answer(200)
            connection.expect_status(200, call_id=call_id)
            connection.close()
            return
        except AssertionError:
            assert time.monotonic() < deadline, "the partner is not found again"


HALVES = {
    "start-line": b"MESSAGE sip:alice@co",
    "header": b"MESSAGE sip:alice@corp.example SIP/2.0\r\nVia: SIP/2.0/TLS x",
    "header-without-its-end": sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE)[:-2],
    "body": sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, body=b"x" * 100)[:-40],
}


@pytest.mark.parametrize("octets", HALVES.values(), ids=HALVES)
def test_half_a_message_then_silence(lab, octets):
    connection = lab.from_outside()
    connection.send(octets)
    connection.expect_end(5)
    event = lab.gateway.audit.wait_for(event="session-closed", peer=connection.local)
    assert event["reason"] in ("timed-out", "framing-lost"), event
    assert not lab.inside.received_requests()


def test_one_octet_at_a_time(lab):
    """Slow loris: the bound is on the whole message, so steady drops do not hold a session for ever."""
    connection = lab.from_outside()
    octets = sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, body=b"x" * 400)
    begun = time.monotonic()
    for offset in range(len(octets)):
        try:
            connection.send(octets[offset:offset + 1])
        except OSError:
            break
        if connection.ended.wait(0.05):
            break
    assert connection.ended.is_set() and time.monotonic() - begun < 8 * wait.PATIENCE
    assert lab.gateway.audit.wait_for(event="session-closed", peer=connection.local)["reason"] == "timed-out"


def test_gigabyte_content_length(lab):
    """Nothing is allocated for what is only announced."""
    before = lab.gateway.resident()
    connections = [lab.from_outside() for _ in range(10)]
    for connection in connections:
        connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, content_length=False,
                                    headers=[("Content-Length", 1 << 30)]) + b"x" * 5000)
    for connection in connections:
        connection.expect_end(8)
        assert all(r.message.status in (400, 413, 513) for r in connection.inbox.waiting)
        event = lab.gateway.audit.wait_for(event="session-closed", peer=connection.local)
        assert event["reason"] in ("message-too-large", "framing-lost"), event
    assert lab.gateway.resident() - before < 64 << 20


def test_endless_header(lab):
    connection = lab.from_outside()
    sent = 0
    try:
        connection.send(b"MESSAGE sip:alice@corp.example SIP/2.0\r\n")
        while sent < 50 << 20 and not connection.ended.is_set():
            connection.send(b"X-More: " + b"m" * 1000 + b"\r\n")
            sent += 1010
    except (OSError, wait.TimedOut):
        pass
    connection.expect_end()
    assert sent < 5 << 20
    assert lab.gateway.audit.wait_for(event="session-closed", peer=connection.local)["reason"] in (
        "message-too-large", "framing-lost")


def test_endless_line(lab):
    connection = lab.from_outside()
    try:
        for _ in range(5000):
            connection.send(b"A" * 1000)
            if connection.ended.is_set():
                break
    except (OSError, wait.TimedOut):
        pass
    connection.expect_end()


def test_endless_keep_alives(lab):
    """CR and LF for ever: bounded while no message comes, and no flood of pongs owed to who does not read."""
    connection = lab.from_outside()
    connection.pause_reading()
    before = lab.gateway.resident()
    try:
        for _ in range(4000):
            connection.send(b"\r\n\r\n" * 250, timeout=1)
    except (OSError, AssertionError):
        pass
    connection.resume_reading()
    assert lab.gateway.resident() - before < 32 << 20
    connection.close()


def test_closes_at_every_step_of_a_transaction(lab):
    """The sender goes: before, between and after; the receiver's answers fall to the floor."""
    for point in ("sent", "arrived", "provisional", "final"):
        connection = lab.from_outside()
        call_id = sip.token()
        connection.send(sip.request("INVITE", ALICE, from_=BOB, to=ALICE, call_id=call_id, contact="sip:b@192.0.2.1"))
        if point == "sent":
            connection.reset()
            continue
        arrived = lab.inside.expect_request("INVITE", call_id=call_id)
        if point == "provisional":
            arrived.answer(180)
            connection.expect_status(180, call_id=call_id)
        if point == "final":
            arrived.answer(200, contact="sip:a@192.0.2.2")
        connection.close()
        if point != "final":
            arrived.answer(487)
    for received in lab.inside.received_requests():
        lab.inside.expect_request(received.message.method)


def test_receiver_closes_at_every_step_of_a_transaction(lab):
    """The receiver goes: the sender gets a final answer each time."""
    for point in ("arrived", "provisional", "half-an-answer"):
        connection = lab.from_outside()
        call_id = sip.token()
        connection.send(sip.request("INVITE", ALICE, from_=BOB, to=ALICE, call_id=call_id, contact="sip:b@192.0.2.1"))
        arrived = lab.inside.expect_request("INVITE", call_id=call_id)
        if point == "provisional":
            arrived.answer(180)
            connection.expect_status(180, call_id=call_id)
        if point == "half-an-answer":
            arrived.connection.send(sip.response(arrived.message, 200, contact="sip:a@192.0.2.2")[:-30])
        arrived.connection.reset()
        answer = connection.expect_answer(call_id=call_id, timeout=8).message
        assert answer.status in (500, 503, 504), answer.start
        connection.close()


def test_response_storm(lab):
    """A partner that answers one request ten thousand times, and others that nobody asked."""
    inside = lab.from_inside()
    call_id = sip.token()
    inside.send(sip.request("MESSAGE", BOB, from_=ALICE, to=BOB, call_id=call_id))
    arrived = lab.fabrikam.expect_request("MESSAGE", call_id=call_id)
    before = lab.gateway.resident()
    answer = sip.response(arrived.message, 200)
    arrived.connection.send(answer)
    try:
        for n in range(100):
            arrived.connection.send(answer * 50 + answer.replace(arrived.message.branch.encode(), b"z9hG4bK%d" % n) * 50)
    except OSError:
        pass  # it may be thrown out for it
    inside.expect_status(200, call_id=call_id)
    lab.assert_serves()
    assert not [r for r in inside.inbox.waiting if r.message.call_id == call_id]
    assert lab.gateway.resident() - before < 32 << 20


def test_provisional_storm(lab):
    """Endless 1xx towards a sender that does not read: bounded, and the session that feeds it pays."""
    caller = lab.from_outside()
    call_id = sip.token()
    caller.send(sip.request("INVITE", ALICE, from_=BOB, to=ALICE, call_id=call_id, contact="sip:b@192.0.2.1"))
    arrived = lab.inside.expect_request("INVITE", call_id=call_id)
    caller.pause_reading()
    before = lab.gateway.resident()
    ringing = sip.response(arrived.message, 183, body=b"p" * 4000)
    stalled = 0
    deadline = time.monotonic() + 6
    while time.monotonic() < deadline and stalled < 20:
        try:
            if arrived.connection.send_what_fits(ringing * 4) == 0:
                stalled += 1
                time.sleep(0.05)
        except OSError:
            break
    assert lab.gateway.resident() - before < 48 << 20
    caller.resume_reading()
    caller.close()
    for connection in lab.inside.connections:
        connection.close()


def test_peer_that_never_reads(lab):
    """It sends requests and takes no answers: after `waiting-bytes` it is its own session that suffers."""
    before = lab.gateway.resident()
    connection = lab.from_outside()
    connection.pause_reading()
    octets = sip.request("OPTIONS", "sip:sip.corp.example", from_=BOB, to="sip:sip.corp.example",
                         headers=[("X-Filler", "f" * 500)])
    deadline = time.monotonic() + 8
    stalled = 0
    while time.monotonic() < deadline and not connection.ended.is_set() and stalled < 20:
        try:
            if connection.send_what_fits(octets) == 0:
                stalled += 1
                time.sleep(0.05)
        except OSError:
            break
    assert lab.gateway.resident() - before < 48 << 20
    connection.close()


def test_partner_edge_that_never_reads(lab):
    """Our servers keep sending to a partner that takes nothing: they are refused in time, others are served."""
    before = lab.gateway.resident()
    inside = lab.from_inside()
    inside.send(sip.request("MESSAGE", BOB, from_=ALICE, to=BOB, call_id="opens"))
    lab.fabrikam.expect_request("MESSAGE", call_id="opens").answer(200)
    inside.expect_status(200, call_id="opens")
    for connection in lab.fabrikam.live():
        connection.pause_reading()
    body = b"b" * 60000
    sent = 0
    for _ in range(400):
        octets = sip.request("MESSAGE", BOB, from_=ALICE, to=BOB, body=body)
        try:
            inside.send(octets, timeout=0.5)
            sent += 1
        except (OSError, AssertionError):
            break
    assert lab.gateway.resident() - before < 64 << 20
    other = lab.from_inside()
    carol = "sip:carol@contoso.example"
    other.send(sip.request("MESSAGE", carol, from_=ALICE, to=carol, call_id="others"))
    lab.contoso.expect_request("MESSAGE", call_id="others").answer(200)
    other.expect_status(200, call_id="others")
    for connection in lab.fabrikam.connections:
        connection.close()
    inside.close()
    wait_until_reachable(lab)


def test_close_notify_and_reset_end_a_session(lab):
    graceful, rude = lab.from_outside(), lab.from_outside()
    graceful.send(b"\r\n\r\n")
    graceful.expect_pong()
    rude.send(b"\r\n\r\n")
    rude.expect_pong()
    graceful.close(graceful=True)
    rude.reset()
    for connection in (graceful, rude):
        event = lab.gateway.audit.wait_for(event="session-closed", peer=connection.local)
        assert event["reason"] in ("peer-closed", "tls-failed")


def test_session_churn_leaves_nothing(lab):
    """Four hundred sessions with a message each, one after the other and side by side; memory levels off."""
    lab.inside.handler = peer.answering(200)
    for connection in lab.inside.connections:
        connection.close()

    def churn(count):
        for _ in range(count):
            group = [lab.from_outside() for _ in range(10)]
            for connection in group:
                connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=sip.token()))
            for connection in group:
                connection.inbox.take(lambda m: not m.is_request and m.status >= 200, 10, "an answer")
                connection.close()

    churn(10)
    settled = lab.gateway.resident()
    descriptors = lab.gateway.descriptors()
    churn(30)
    lab.gateway.wait_for_descriptors(descriptors, 10)
    assert lab.gateway.resident() - settled < 8 << 20, "memory grows with the number of sessions that were"
    lab.inside.handler = None
    for connection in lab.inside.connections:
        connection.close()
