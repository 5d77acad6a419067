# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers that go wrong once their session stands. Each costs at most that session; afterwards memory and descriptors are
back, and the others have noticed nothing."""

import time

import pytest

from lib import peer, sip, wait
from lib.lab import ALICE, BOB

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.fixture(scope="module")
def lab(make_shared_lab):
    # The rate is another bound's affair (test_bounds.py): here it must not hide what floods do.
    lab = make_shared_lab(settings={"limits": {"message-timeout": "1s", "waiting-bytes": "64KiB"}},
                          partners={"fabrikam": {"limits": {"messages-per-second": 1000000, "burst": 1000000}}})
    lab.assert_serves()
    return lab


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
    deadline = time.monotonic() + 4
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
    lab.wait_until_reachable()


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
