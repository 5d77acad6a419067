# SPDX-License-Identifier: GPL-2.0-or-later
"""Timers B, F and C (RFC 3261 16.6(11), 16.8, 17.1). They are fixed: the tests wait for them, all cases at once."""

import time

import pytest

from lib import sip
from lib.lab import ALICE, BOB


def test_no_answer_at_all(lab):
    """32 s: an INVITE is answered 408; a MESSAGE with nothing that came too late to be of use (RFC 4320 4.2), both with
    timed-out in the log; and answers that come after that go nowhere."""
    outside, inside = lab.from_outside(), lab.from_inside()
    begun = time.monotonic()
    for connection, sender, recipient, label in ((outside, BOB, ALICE, "in"), (inside, ALICE, BOB, "out")):
        for method in ("INVITE", "MESSAGE"):
            connection.send(sip.request(method, recipient, from_=sender, to=recipient, call_id=f"{method}-{label}",
                                        contact="sip:x@192.0.2.1"))
    lab.assert_serves()
    late = {}
    for server, label in ((lab.inside, "in"), (lab.fabrikam, "out")):
        for method in ("INVITE", "MESSAGE"):
            late[f"{method}-{label}"] = server.expect_request(method, call_id=f"{method}-{label}")
    for connection, label in ((outside, "in"), (inside, "out")):
        answer = connection.expect_status(408, call_id=f"INVITE-{label}", timeout=45)
        assert 28 < answer.time - begun < 40
        for method in ("INVITE", "MESSAGE"):
            event = lab.gateway.audit.wait_for(15, event="request", method=method, call_id=f"{method}-{label}")
            assert event["reason"] == "timed-out", event
        assert not [r for r in connection.inbox.waiting
                    if r.message.call_id == f"MESSAGE-{label}" and r.message.status >= 200]
    for received in late.values():
        received.answer(200, contact="sip:y@192.0.2.2")
    lab.assert_serves()
    assert not [r for r in outside.inbox.waiting + inside.inbox.waiting if r.message.status == 200]


def test_provisional_answer_stops_timer_b(lab):
    """A phone may ring for longer than 32 s."""
    connection = lab.from_outside()
    connection.send(sip.request("INVITE", ALICE, from_=BOB, to=ALICE, call_id="rings", contact="sip:b@192.0.2.1"))
    arrived = lab.inside.expect_request("INVITE")
    arrived.answer(180)
    connection.expect_status(180)
    begun = time.monotonic()
    with pytest.raises(AssertionError):
        connection.expect_answer(call_id="rings", timeout=36)
    assert time.monotonic() - begun > 30
    arrived.answer(200, contact="sip:a@192.0.2.2")
    connection.expect_status(200, call_id="rings")


@pytest.mark.slow
def test_timer_c(lab):
    """Over three minutes since the last provisional answer: CANCEL onwards, 408 back. A further 1xx starts it anew."""
    connection = lab.from_outside()
    for call_id in ("silent", "progressing"):
        connection.send(sip.request("INVITE", ALICE, from_=BOB, to=ALICE, call_id=call_id, contact="sip:b@192.0.2.1"))
    silent = lab.inside.expect_request("INVITE", call_id="silent")
    progressing = lab.inside.expect_request("INVITE", call_id="progressing")
    begun = time.monotonic()
    silent.answer(180)
    progressing.answer(180)
    while time.monotonic() < begun + 100:
        time.sleep(1)
    progressing.answer(183)
    cancel = lab.inside.inbox.take(lambda m: m.is_request and m.method == "CANCEL", 110, "a CANCEL")
    assert cancel.message.call_id == "silent" and 178 < time.monotonic() - begun < 200
    cancel.answer(200)
    silent.answer(487)
    answer = connection.expect_answer(call_id="silent", timeout=40).message
    assert answer.status in (408, 487)
    progressing.answer(200, contact="sip:a@192.0.2.2")
    assert connection.expect_answer(call_id="progressing").message.status == 200
