# SPDX-License-Identifier: GPL-2.0-or-later
"""Every bound of the gateway, hit: its reason in the audit log, its answer, and what still works beside it."""

import socket
import threading
import time

import pytest

from lib import nameserver as dns, peer, sip, wait
from lib.lab import ALICE, BOB, CAROL
from lib.raw import assert_closed, raw_connection


def request_event(lab, call_id, reason):
    event = lab.gateway.audit.wait_for(event="request", call_id=call_id)
    assert event["reason"] == reason, event
    return event


def message(call_id, sender=BOB, recipient=ALICE, **options):
    return sip.request("MESSAGE", recipient, from_=sender, to=recipient, call_id=call_id, **options)


def serves(lab, connection, server=None, sender=BOB, recipient=ALICE):
    call_id = sip.token("still-")
    connection.send(message(call_id, sender, recipient))
    (server or lab.inside).expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)


def test_message_size_of_the_gateway(make_lab):
    """A length that was read: refused by its number; the body is skipped and the session goes on, or it ends."""
    lab = make_lab(settings={"limits": {"message-size": "8KiB"}})
    connection = lab.from_outside()
    connection.send(message("fits", body=b"x" * 7000))
    lab.inside.expect_request("MESSAGE", call_id="fits").answer(200)
    connection.expect_status(200, call_id="fits")
    connection.send(message("large", body=b"x" * 9000))
    assert connection.expect_answer(call_id="large").message.status in (413, 513)
    request_event(lab, "large", "message-too-large")
    if connection.is_alive():
        serves(lab, connection)
    lab.assert_serves()


def test_message_size_of_a_partner(make_lab):
    lab = make_lab(partners={"fabrikam": {"limits": {"message-size": "4KiB"}}})
    connection = lab.from_outside()
    connection.send(message("large", body=b"x" * 5000))
    assert connection.expect_answer(call_id="large").message.status in (413, 513)
    assert request_event(lab, "large", "message-too-large")["partner"] == "fabrikam"
    assert not lab.inside.received_requests()
    serves(lab, lab.from_outside())
    contoso = lab.from_outside(lab.pki.contoso_edge)
    contoso.send(message("elsewhere", CAROL, body=b"x" * 5000))
    lab.inside.expect_request("MESSAGE", call_id="elsewhere").answer(200)
    contoso.expect_status(200, call_id="elsewhere")


def test_message_size_of_a_partner_holds_for_his_answers(make_lab):
    lab = make_lab(partners={"fabrikam": {"limits": {"message-size": "4KiB"}}})
    inside = lab.from_inside()
    inside.send(message("fits", ALICE, BOB))
    lab.fabrikam.expect_request("MESSAGE", call_id="fits").answer(200, body=b"x" * 3000)
    inside.expect_status(200, call_id="fits")
    inside.send(message("large", ALICE, BOB))
    lab.fabrikam.expect_request("MESSAGE", call_id="large").answer(200, body=b"x" * 5000)
    inside.expect_status(513, call_id="large")
    event = request_event(lab, "large", "message-too-large")
    assert (event["partner"], event["direction"], event["status"]) == ("fabrikam", "outbound", 513)
    assert event["detail"] == "the answer is over limits.message-size of the partner"
    serves(lab, inside, lab.fabrikam, ALICE, BOB)
    outside = lab.from_outside()  # and what our servers answer him is not his
    outside.send(message("ours"))
    lab.inside.expect_request("MESSAGE", call_id="ours").answer(200, body=b"x" * 5000)
    outside.expect_status(200, call_id="ours")


def test_header_size(make_lab):
    lab = make_lab(settings={"limits": {"header-size": "4KiB"}})
    connection = lab.from_outside()
    connection.send(message("fits", headers=[("X", "y" * 3000)]))
    lab.inside.expect_request("MESSAGE", call_id="fits").answer(200)
    connection.expect_status(200, call_id="fits")
    connection.send(message("large", headers=[("X", "y" * 5000)]))
    connection.expect_end()
    assert lab.gateway.audit.wait_for(event="session-closed", peer=connection.local)["reason"] == "message-too-large"
    lab.assert_serves()


def test_header_count(make_lab):
    lab = make_lab(settings={"limits": {"header-count": 32}})
    connection = lab.from_outside()
    connection.send(message("fits", headers=[("X", "y")] * 20))
    lab.inside.expect_request("MESSAGE", call_id="fits").answer(200)
    connection.expect_status(200, call_id="fits")
    connection.send(message("many", headers=[("X", "y")] * 40))
    wait.until(lambda: connection.ended.is_set() or connection.inbox.waiting, 5, "a refusal")
    assert all(r.message.status in (400, 413, 513) for r in connection.inbox.waiting)
    lab.gateway.audit.wait_for(event=("request", "session-closed"), reason="message-too-large")
    assert not lab.inside.received_requests()
    lab.assert_serves()


def test_sessions_per_address_before_the_handshake(make_lab):
    lab = make_lab(settings={"limits": {"sessions-per-address": 5, "handshake-timeout": "20s"},
                             "workers": 1})  # counted for each worker
    idle = [raw_connection(lab.gateway.external_port)[0] for _ in range(5)]
    wait.until(lambda: lab.gateway.descriptors() >= 5, what="the five to be accepted")
    deadline = time.monotonic() + 5
    while True:  # until the five have been counted, a sixth may still slip in beside them
        sixth, local = raw_connection(lab.gateway.external_port)
        try:
            assert_closed(sixth, 1)
            break
        except AssertionError:
            assert time.monotonic() < deadline
    assert lab.gateway.audit.wait_for(event="session-refused", peer=local)["reason"] == "connection-limit"
    other = lab.from_outside(source="127.0.0.2")  # another address has a number of its own
    serves(lab, other)
    lab.from_inside()  # and the inner side is not counted
    for connection in idle:
        connection.close()
    deadline = time.monotonic() + 5
    while True:
        try:
            serves(lab, lab.from_outside())
            return
        except (OSError, AssertionError):
            assert time.monotonic() < deadline, "the places are not given back"


def test_sessions_of_the_whole_gateway(make_lab):
    lab = make_lab(settings={"limits": {"sessions": 6}})
    held = []
    refused = None
    for _ in range(12):
        try:
            connection = peer.connect(lab.gateway.external_port, lab.pki.fabrikam_edge)
            connection.send(b"\r\n\r\n")
            connection.expect_pong(2)
            held.append(connection)
        except (OSError, AssertionError) as error:
            refused = getattr(error, "local", None)
            break
    assert 1 <= len(held) <= 6
    event = lab.gateway.audit.wait_for(event="session-refused", reason="connection-limit")
    assert refused is None or event["peer"] == refused
    for connection in held:
        connection.close()
    deadline = time.monotonic() + 5
    while True:
        try:
            serves(lab, lab.from_outside())
            return
        except (OSError, AssertionError):
            assert time.monotonic() < deadline, "the places are not given back"


def test_connections_of_a_partner(make_lab):
    """Over its number the partner's next session is refused; the other partner's is not."""
    lab = make_lab(partners={"fabrikam": {"limits": {"connections": 3}}})
    held = []
    for _ in range(3):
        held.append(lab.from_outside())
        held[-1].send(b"\r\n\r\n")
        held[-1].expect_pong()
    extra = None
    try:
        extra = lab.from_outside()
        extra.expect_end()
    except OSError:
        pass
    event = lab.gateway.audit.wait_for(event=("session-refused", "session-closed"), reason="connection-limit")
    assert event["partner"] == "fabrikam"
    serves(lab, lab.from_outside(lab.pki.contoso_edge), sender=CAROL)
    serves(lab, held[0])
    held[1].close()
    deadline = time.monotonic() + 5
    while True:
        try:
            serves(lab, lab.from_outside())
            return
        except (OSError, AssertionError):
            assert time.monotonic() < deadline, "the place is not given back"


def test_messages_per_second_of_a_partner(make_lab):
    """503 without Retry-After: with it, the peer would avoid us for everybody's messages (domain.md 2.1)."""
    lab = make_lab(partners={"fabrikam": {"limits": {"messages-per-second": 5, "burst": 10}}})
    lab.inside.handler = peer.answering(200)
    connection = lab.from_outside()
    calls = [sip.token() for _ in range(60)]
    for call_id in calls:
        connection.send(message(call_id))
    answers = [connection.expect_answer(call_id=call_id).message for call_id in calls]
    passed = [a for a in answers if a.status == 200]
    refused = [a for a in answers if a.status == 503]
    assert 8 <= len(passed) <= 25 and len(passed) + len(refused) == 60, [a.status for a in answers]
    assert not any(a.all("Retry-After") for a in refused)
    assert request_event(lab, refused[0].call_id, "rate-limited")["partner"] == "fabrikam"
    contoso = lab.from_outside(lab.pki.contoso_edge)
    contoso.send(message("elsewhere", CAROL))
    contoso.expect_status(200, call_id="elsewhere")
    # Several sessions share the one number.
    second = lab.from_outside()
    for call_id in (more := [sip.token() for _ in range(30)]):
        second.send(message(call_id))
    assert sum(second.expect_answer(call_id=c).message.status == 200 for c in more) <= 12
    # And the budget comes back.
    deadline = time.monotonic() + 5
    while True:
        call_id = sip.token()
        connection.send(message(call_id))
        if connection.expect_answer(call_id=call_id).message.status == 200:
            return
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_requests_in_flight(make_lab):
    lab = make_lab(settings={"limits": {"in-flight": 20}, "workers": 1})
    connection = lab.from_outside()
    calls = [sip.token() for _ in range(40)]
    for call_id in calls:
        connection.send(message(call_id))
    refusals = [connection.inbox.take(lambda m: m.status == 503, 5, "a 503").message for _ in range(20)]
    assert not any(r.all("Retry-After") for r in refusals)
    assert request_event(lab, refusals[0].call_id, "overloaded")["status"] == 503
    for _ in range(20):
        received = lab.inside.expect_request("MESSAGE")
        received.answer(200)
        connection.expect_status(200, call_id=received.message.call_id)
    assert not lab.inside.received_requests("MESSAGE")
    serves(lab, connection)


def test_parked_messages(make_lab, nameserver):
    """Messages that wait for a resolver that does not answer: so many and no more, and not for ever."""
    lab = make_lab(nameserver=nameserver, partners={"fabrikam": {"identity": "srv-target"}},
                   settings={"limits": {"parked": 10, "park-timeout": "2s"}, "dns": {"timeout": "30s"}, "workers": 1})
    nameserver.behave(dns.silent)
    connection = lab.from_outside()
    begun = time.monotonic()
    for call_id in (calls := [sip.token() for _ in range(30)]):
        connection.send(message(call_id))
    answers = {c: connection.expect_answer(call_id=c, timeout=10) for c in calls}
    early = [c for c, a in answers.items() if a.time - begun < 1]
    late = [c for c, a in answers.items() if a.time - begun >= 1]
    assert len(early) == 20 and len(late) == 10
    assert {answers[c].message.status for c in early} == {503} and request_event(lab, early[0], "overloaded")
    assert {answers[c].message.status for c in late} == {504} and request_event(lab, late[0], "dns-failed")
    assert max(a.time for a in answers.values()) - begun < 5


def test_park_timeout_of_a_connection(make_lab):
    """A partner's edge that accepts TCP and never speaks TLS."""
    lab = make_lab(settings={"limits": {"park-timeout": "1s", "handshake-timeout": "20s"}})
    lab.fabrikam.close()
    listener = socket.create_server(("127.0.0.1", lab.fabrikam.port))
    inside = lab.from_inside()
    inside.send(message("waits", ALICE, BOB))
    begun = time.monotonic()
    inside.expect_status(504, call_id="waits")
    assert 0.5 < time.monotonic() - begun < 5
    assert request_event(lab, "waits", "connect-failed")
    listener.close()


def test_waiting_bytes(make_lab):
    """A partner's edge that stops reading: over the bound our servers get 503 at once; memory stays."""
    lab = make_lab(settings={"limits": {"waiting-bytes": "256KiB"}, "workers": 1},
                   partners={"fabrikam": {"limits": {"messages-per-second": 100000, "burst": 100000}}})
    inside = lab.from_inside()
    serves(lab, inside, lab.fabrikam, ALICE, BOB)
    for connection in lab.fabrikam.live():
        connection.pause_reading()
    before = lab.gateway.resident()
    stop = threading.Event()
    others = [lab.from_inside() for _ in range(8)]

    def feed(connection):
        while not stop.is_set():
            try:
                connection.send(message(sip.token(), ALICE, BOB, body=b"b" * 30000), timeout=1)
            except (OSError, AssertionError):
                return

    threads = [threading.Thread(target=feed, args=(c,), daemon=True) for c in others]
    for thread in threads:
        thread.start()
    lab.gateway.audit.wait_for(15, event="request", reason="overloaded")
    assert lab.gateway.resident() - before < 48 << 20
    stop.set()
    for connection in lab.fabrikam.connections:
        connection.close()
    for thread in threads:
        thread.join(5)


def test_handshake_timeout(make_lab):
    lab = make_lab(settings={"limits": {"handshake-timeout": "500ms"}})
    connection, local = raw_connection(lab.gateway.external_port)
    begun = time.monotonic()
    assert_closed(connection)
    assert 0.3 < time.monotonic() - begun < 3
    assert lab.gateway.audit.wait_for(event="session-refused", peer=local)["reason"] == "handshake-timeout"


def test_connect_timeout(make_lab):
    """An address that swallows SYNs: a listener on loopback whose queue is full."""
    lab = make_lab(settings={"limits": {"connect-timeout": "500ms"}})
    lab.fabrikam.close()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", lab.fabrikam.port))
    listener.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", lab.fabrikam.port))
        fillers.append(filler)
    inside = lab.from_inside()
    begun = time.monotonic()
    inside.send(message("swallowed", ALICE, BOB))
    inside.expect_status(504, call_id="swallowed", timeout=8)
    assert 0.3 < time.monotonic() - begun < 6
    assert request_event(lab, "swallowed", "connect-failed")
    for thing in (*fillers, listener):
        thing.close()


def test_idle_timeout(make_lab):
    """Both ways: the silent session ends; one that pings lives; one that waits for an answer, too."""
    lab = make_lab(settings={"limits": {"idle-timeout": "1s"}})
    silent, pinging, waiting = lab.from_outside(), lab.from_outside(), lab.from_outside()
    waiting.send(sip.request("INVITE", ALICE, from_=BOB, to=ALICE, call_id="waits", contact="sip:b@192.0.2.1"))
    arrived = lab.inside.expect_request("INVITE")
    begun = time.monotonic()
    while time.monotonic() < begun + 3:
        pinging.send(b"\r\n\r\n")
        pinging.expect_pong()
        if silent.ended.wait(0.2) and time.monotonic() > begun + 2.5:
            break
    assert silent.ended.is_set() and pinging.is_alive() and waiting.is_alive()
    assert lab.gateway.audit.wait_for(event="session-closed", peer=silent.local)["reason"] == "idle-timeout"
    arrived.answer(200, contact="sip:a@192.0.2.2")
    waiting.expect_status(200, call_id="waits")


def test_message_timeout(make_lab):
    lab = make_lab(settings={"limits": {"message-timeout": "500ms"}})
    connection = lab.from_outside()
    connection.send(message("half")[:60])
    begun = time.monotonic()
    connection.expect_end()
    assert 0.3 < time.monotonic() - begun < 3
    assert lab.gateway.audit.wait_for(event="session-closed", peer=connection.local)["reason"] == "timed-out"


@pytest.mark.parametrize("key, value", [("sessions", "0"), ("message-size", "1"), ("header-count", "lots"),
                                        ("drain", "5"), ("nonsense", "1"), ("parked", "99999999999999999999")])
def test_bounds_that_make_no_sense_are_refused(make_lab, key, value):
    lab = make_lab()
    lab.gateway.settings["limits"][key] = value
    lab.gateway.write()
    result = lab.gateway.command("check")
    assert result.returncode == 1
    assert "gateway.yaml:" in result.stderr and "error" in result.stderr and key in result.stderr
