# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls and other dialogs over the border, both ways (RFC 3261 16, 6026)."""

import pytest

from lib import sip
from lib.lab import ALICE, BOB

SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"


class Way:
    """One direction: who calls, who is called, and on which connections requests leave and arrive."""

    def __init__(self, lab, direction):
        self.lab, self.direction = lab, direction
        inbound = direction == "inbound"
        self.caller_uri, self.callee_uri = (BOB, ALICE) if inbound else (ALICE, BOB)
        self.caller = lab.from_outside() if inbound else lab.from_inside()
        self.callee = lab.inside if inbound else lab.fabrikam
        self.caller_contact = "sip:bob@192.0.2.10" if inbound else "sip:alice@192.0.2.20"
        self.callee_contact = "sip:alice@192.0.2.20" if inbound else "sip:bob@192.0.2.10"
        # Requests that the callee sends within the dialog go out on a session of its own, and arrive at the caller's
        # server.
        self.callee_sends = lab.from_inside() if inbound else lab.from_outside()
        self.caller_server = lab.fabrikam if inbound else lab.inside
        self.near, self.far = ("sip.corp.example", "edge.corp.example") if inbound else (
            "edge.corp.example", "sip.corp.example")

    def invite_octets(self, call_id, **options):
        return sip.request("INVITE", self.callee_uri, from_=self.caller_uri, to=self.callee_uri, call_id=call_id,
                           contact=self.caller_contact, body=SDP, **options)

    def call(self):
        return self.lab.invite(self.caller, self.callee, from_=self.caller_uri, to=self.callee_uri,
                               contact=self.caller_contact, answer_contact=self.callee_contact, body=SDP)


@pytest.fixture(params=["inbound", "outbound"])
def way(lab, request):
    return Way(lab, request.param)


def test_whole_call(way):
    """INVITE, 180, 200, ACK, re-INVITE from each side, BYE from the callee; bodies and contacts as they were sent."""
    calling, called, arrived = way.call()
    call_id = calling.call_id
    assert arrived.message.body == SDP
    assert arrived.message.get("Contact") == f"<{way.caller_contact}>"

    # The caller's re-INVITE.
    way.caller.send(calling.request("INVITE", body=SDP + b"a=sendonly\r\n", contact=way.caller_contact))
    again = way.callee.expect_request("INVITE", call_id=call_id)
    assert again.message.uri == way.callee_contact and again.message.body == SDP + b"a=sendonly\r\n"
    again.answer(200, contact=way.callee_contact)
    way.caller.expect_status(200, call_id=call_id)
    way.caller.send(calling.request("ACK"))
    way.callee.expect_request("ACK", call_id=call_id)

    # The callee's.
    way.callee_sends.send(called.request("INVITE", contact=way.callee_contact))
    again = way.caller_server.expect_request("INVITE", call_id=call_id)
    assert again.message.uri == way.caller_contact
    again.answer(488)
    refusal = way.callee_sends.expect_status(488, call_id=call_id)
    way.caller_server.expect_request("ACK", call_id=call_id)  # the gateway's own, for what is not a 2xx
    assert refusal.message.get("CSeq").endswith("INVITE")

    way.callee_sends.send(called.request("BYE"))
    bye = way.caller_server.expect_request("BYE", call_id=call_id)
    assert not bye.message.all("Route") or "corp.example" not in bye.message.get("Route")
    bye.answer(200)
    way.callee_sends.expect_status(200, call_id=call_id, method="BYE")
    audit = way.lab.gateway.audit
    audit.wait_for(event="request", call_id=call_id, method="BYE", status=200)
    assert {e["direction"] for e in audit.find(event="request", call_id=call_id)} == {"inbound", "outbound"}
    assert not audit.find(event="request", method="ACK"), "an ACK that crosses has no line of its own"


def test_two_record_route_entries_one_a_side(way):
    """RFC 5658: the entry on top is ours on the side where the request leaves, below it the one where it came in; each
    resolves back to us, is loose, and stands before those of others."""
    call_id = sip.token()
    way.caller.send(way.invite_octets(call_id, headers=[("Record-Route", "<sip:before.example;lr>")]))
    arrived = way.callee.expect_request("INVITE", call_id=call_id)
    entries = arrived.message.entries("Record-Route")
    assert len(entries) == 3 and entries[2] == "<sip:before.example;lr>"
    for entry, host in ((entries[0], way.far), (entries[1], way.near)):
        uri = sip.uri_of(entry)
        assert uri.startswith("sip:") and host in uri and ";lr" in uri, entry
        assert uri.partition("sip:")[2].partition(";")[0].rpartition("@")[2].startswith(host)
    given = arrived.answer(200, contact=way.callee_contact)
    answer = way.caller.expect_status(200, call_id=call_id).message
    assert answer.entries("Record-Route") == given.entries("Record-Route")


def test_vias_of_a_request_and_of_its_answer(way):
    call_id = sip.token()
    way.caller.send(way.invite_octets(call_id, branch="z9hG4bKmine", via="host.invalid:5061"))
    arrived = way.callee.expect_request("INVITE", call_id=call_id)
    vias = arrived.message.entries("Via")
    assert len(vias) == 2
    assert vias[0].startswith("SIP/2.0/TLS " + way.far)
    assert arrived.message.branch.startswith("z9hG4bK") and arrived.message.branch != "z9hG4bKmine"
    assert "host.invalid:5061" in vias[1] and "branch=z9hG4bKmine" in vias[1]
    assert "received=127.0.0.1" in vias[1], "RFC 3261 18.2.1: the sent-by is a name"
    arrived.answer(486)
    answer = way.caller.expect_status(486, call_id=call_id).message
    assert len(answer.entries("Via")) == 1 and "branch=z9hG4bKmine" in answer.entries("Via")[0]
    ack = way.callee.expect_request("ACK", call_id=call_id).message
    assert ack.branch == arrived.message.branch, "the ACK of a refusal belongs to the INVITE's transaction"
    assert ack.get("To") == answer.get("To") and ack.get("CSeq") == "1 ACK"


def test_provisional_answers(way):
    """100 comes from us at once and is never passed on; the others cross each, in order, with their bodies."""
    call_id = sip.token()
    way.caller.send(way.invite_octets(call_id))
    arrived = way.callee.expect_request("INVITE", call_id=call_id)
    trying = way.caller.inbox.take(lambda m: m.status == 100, 1, "100 Trying").message
    assert len(trying.entries("Via")) == 1
    arrived.answer(100, "Still Trying")
    arrived.answer(180)
    arrived.answer(183, body=SDP, headers=[("RSeq", "1"), ("Require", "100rel")])
    assert way.caller.expect_status(180, call_id=call_id)
    progress = way.caller.expect_status(183, call_id=call_id).message
    assert progress.body == SDP and progress.get("RSeq") == "1"
    arrived.answer(200, contact=way.callee_contact)
    way.caller.expect_status(200, call_id=call_id)
    assert not [m for m in way.caller.inbox.waiting if m.message.status == 100]


def test_cancelled_call(way):
    """200 to the CANCEL at once, CANCEL onwards on the same branch, 487 back, its ACK ours."""
    call_id = sip.token()
    invite = way.invite_octets(call_id)
    way.caller.send(invite)
    arrived = way.callee.expect_request("INVITE", call_id=call_id)
    arrived.answer(180)
    way.caller.expect_status(180, call_id=call_id)
    way.caller.send(sip.cancel(invite))
    way.caller.expect_status(200, call_id=call_id, method="CANCEL")
    cancel = way.callee.expect_request("CANCEL", call_id=call_id)
    assert cancel.message.branch == arrived.message.branch and cancel.message.uri == arrived.message.uri
    assert len(cancel.message.entries("Via")) == 1
    assert cancel.connection is arrived.connection
    cancel.answer(200)
    arrived.answer(487)
    terminated = way.caller.expect_status(487, call_id=call_id, method="INVITE")
    way.callee.expect_request("ACK", call_id=call_id)
    way.caller.send(sip.ack_of_refusal(invite, terminated.message))
    event = way.lab.gateway.audit.wait_for(event="request", call_id=call_id, method="INVITE")
    assert event["status"] == 487 and event["reason"] == "relayed"


def test_cancel_before_any_answer_waits_for_one(way):
    """RFC 3261 9.1: a CANCEL goes out only after a provisional answer; when the 200 wins, the call stands."""
    call_id = sip.token()
    invite = way.invite_octets(call_id)
    way.caller.send(invite)
    arrived = way.callee.expect_request("INVITE", call_id=call_id)
    way.caller.send(sip.cancel(invite))
    way.caller.expect_status(200, call_id=call_id, method="CANCEL")
    assert not way.callee.received_requests("CANCEL")
    arrived.answer(180)
    way.callee.expect_request("CANCEL", call_id=call_id).answer(200)
    way.caller.expect_status(180, call_id=call_id)
    arrived.answer(200, contact=way.callee_contact)
    way.caller.expect_status(200, call_id=call_id, method="INVITE")


def test_cancel_of_nothing(way):
    octets = sip.cancel(way.invite_octets(sip.token()))
    way.caller.send(octets)
    answer = way.caller.inbox.take(lambda m: not m.is_request, 5, "an answer").message
    assert answer.status == 481
    assert not way.callee.received_requests()


def test_cancel_after_the_final_answer_changes_nothing(way):
    call_id = sip.token()
    invite = way.invite_octets(call_id)
    way.caller.send(invite)
    way.callee.expect_request("INVITE", call_id=call_id).answer(200, contact=way.callee_contact)
    way.caller.expect_status(200, call_id=call_id)
    way.caller.send(sip.cancel(invite))
    assert way.caller.inbox.take(lambda m: m.method == "CANCEL", 5, "an answer").message.status in (200, 481)
    assert not way.callee.received_requests("CANCEL")


def test_several_2xx_each_cross(way):
    """Forking behind the callee: RFC 3261 16.7 passes every 2xx on, also after the first (RFC 6026)."""
    call_id = sip.token()
    way.caller.send(way.invite_octets(call_id))
    arrived = way.callee.expect_request("INVITE", call_id=call_id)
    for fork in ("one", "two"):
        arrived.answer(200, contact=way.callee_contact, to_tag=fork)
        answer = way.caller.expect_status(200, call_id=call_id).message
        assert sip.parameter(answer.get("To"), "tag") == fork
        dialog = sip.Dialog.of_caller(answer)
        way.caller.send(dialog.request("ACK"))
        ack = way.callee.expect_request("ACK", call_id=call_id).message
        assert sip.parameter(ack.get("To"), "tag") == fork


@pytest.mark.parametrize("status", [300, 302, 401, 404, 407, 415, 480, 486, 500, 501, 504, 600, 603, 699])
def test_refusals_of_the_other_side_cross(shared_way, status):
    way = shared_way
    call_id = sip.token()
    invite = way.invite_octets(call_id)
    way.caller.send(invite)
    arrived = way.callee.expect_request("INVITE", call_id=call_id)
    arrived.answer(status, "Just So", headers=[("X-Why", "because")])
    answer = way.caller.expect_status(status, call_id=call_id).message
    assert answer.start == f"SIP/2.0 {status} Just So" and answer.get("X-Why") == "because"
    way.callee.expect_request("ACK", call_id=call_id)
    way.caller.send(sip.ack_of_refusal(invite, answer))
    event = way.lab.gateway.audit.wait_for(event="request", call_id=call_id)
    assert event["status"] == status and event["reason"] == "relayed"


@pytest.fixture(scope="module")
def _shared(make_shared_lab):
    return make_shared_lab()


@pytest.fixture(params=["inbound", "outbound"])
def shared_way(_shared, request):
    return Way(_shared, request.param)


def test_subscription(way):
    """SUBSCRIBE one way, NOTIFY the other, by the Record-Route of the first."""
    call_id = sip.token()
    way.caller.send(sip.request("SUBSCRIBE", way.callee_uri, from_=way.caller_uri, to=way.callee_uri, call_id=call_id,
                                contact=way.caller_contact, headers=[("Event", "presence"), ("Expires", "600")]))
    arrived = way.callee.expect_request("SUBSCRIBE", call_id=call_id)
    given = arrived.answer(200, contact=way.callee_contact, headers=[("Expires", "600")])
    way.caller.expect_status(200, call_id=call_id)
    notifying = sip.Dialog.of_callee(arrived.message, given)
    way.callee_sends.send(notifying.request("NOTIFY", body=b"<presence/>", headers=[
        ("Event", "presence"), ("Subscription-State", "active;expires=600")]))
    notify = way.caller_server.expect_request("NOTIFY", call_id=call_id)
    assert notify.message.body == b"<presence/>" and notify.message.get("Event") == "presence"
    notify.answer(200)
    way.callee_sends.expect_status(200, call_id=call_id, method="NOTIFY")
    subscribing = sip.Dialog.of_caller(sip.Message(
        sip.response(arrived.message, 200, contact=way.callee_contact)))
    way.caller.send(subscribing.request("SUBSCRIBE", headers=[("Event", "presence"), ("Expires", "0")],
                                        contact=way.caller_contact))
    way.callee.expect_request("SUBSCRIBE", call_id=call_id).answer(200, contact=way.callee_contact)
    way.caller.expect_status(200, call_id=call_id)


@pytest.mark.parametrize("method", ["INFO", "UPDATE", "PRACK", "REFER", "MESSAGE", "NOTIFY", "OPTIONS", "XYZZY"])
def test_methods_within_a_dialog(shared_way, method):
    way = shared_way
    calling, called, _ = way.call()
    way.caller.send(calling.request(method, body=b"payload", contact=way.caller_contact))
    arrived = way.callee.expect_request(method, call_id=calling.call_id)
    assert arrived.message.body == b"payload" and arrived.message.uri == way.callee_contact
    arrived.answer(200)
    way.caller.expect_status(200, call_id=calling.call_id, method=method)
    way.callee_sends.send(called.request(method, body=b"back", contact=way.callee_contact))
    arrived = way.caller_server.expect_request(method, call_id=calling.call_id)
    assert arrived.message.body == b"back" and arrived.message.uri == way.caller_contact
    arrived.answer(200)
    way.callee_sends.expect_status(200, call_id=calling.call_id, method=method)


def test_the_next_routes_of_others_stay(way):
    """Only our own two entries are taken off; what comes after them is for the other side's servers."""
    server = way.callee
    name = "fe1.corp.example" if way.direction == "inbound" else "edge.fabrikam.example"
    call_id = sip.token()
    way.caller.send(way.invite_octets(call_id))
    arrived = server.expect_request("INVITE", call_id=call_id)
    record_routes = [f"<sip:{name}:{server.port};lr>", "<sip:deeper.invalid;lr;x=1>"] + arrived.message.all(
        "Record-Route")
    octets = sip.response(arrived.message, 200, contact=way.callee_contact)
    for entry in arrived.message.all("Record-Route"):
        octets = octets.replace(b"Record-Route: " + entry.encode() + b"\r\n", b"")
    lines = "".join(f"Record-Route: {entry}\r\n" for entry in [record_routes[1], record_routes[0],
                                                               *record_routes[2:]]).encode()
    arrived.connection.send(octets.replace(b"From:", lines + b"From:", 1))
    calling = sip.Dialog.of_caller(way.caller.expect_status(200, call_id=call_id).message)
    assert len(calling.routes) == 4
    way.caller.send(calling.request("ACK"))
    way.callee.expect_request("ACK", call_id=call_id)
    way.caller.send(calling.request("BYE"))
    bye = way.callee.expect_request("BYE", call_id=call_id)
    assert bye.message.entries("Route") == [f"<sip:{name}:{server.port};lr>", "<sip:deeper.invalid;lr;x=1>"]
    bye.answer(200)
    way.caller.expect_status(200, call_id=call_id)


@pytest.mark.parametrize("workers", [1])  # across workers: a limit, see gateway/DECISIONS.md, 11
def test_cancel_over_another_session_of_the_same_peer(make_lab, workers):
    """Lync spreads what it sends over up to four sessions; a transaction is known by branch and sent-by, not by the
    connection (RFC 3261 17.2.3)."""
    lab = make_lab(settings={"workers": workers})
    for _ in range(4):  # with two workers some of these find the other one
        first, second = lab.from_outside(), lab.from_outside()
        call_id = sip.token()
        invite = sip.request("INVITE", ALICE, from_=BOB, to=ALICE, call_id=call_id, contact="sip:bob@192.0.2.10")
        first.send(invite)
        arrived = lab.inside.expect_request("INVITE", call_id=call_id)
        arrived.answer(180)
        first.expect_status(180, call_id=call_id)
        second.send(sip.cancel(invite))
        second.expect_status(200, call_id=call_id, method="CANCEL")
        lab.inside.expect_request("CANCEL", call_id=call_id).answer(200)
        arrived.answer(487)
        refusal = first.expect_status(487, call_id=call_id)
        lab.inside.expect_request("ACK", call_id=call_id)
        second.send(sip.ack_of_refusal(invite, refusal.message))
        second.send(b"\r\n\r\n")
        second.expect_pong()
        assert not lab.inside.received_requests("ACK"), "the ACK of a refusal ends here"
