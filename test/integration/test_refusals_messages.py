# SPDX-License-Identifier: GPL-2.0-or-later
"""What a peer that was let in may not do: every request is judged, the first one of a dialog, those within it, ACK, BYE
and CANCEL included."""

import re
import time

import pytest

from lib import pki as certificates, sip
from lib.lab import ALICE, BOB, CAROL

METHODS = ("MESSAGE", "INVITE", "REFER", "SUBSCRIBE", "NOTIFY", "OPTIONS", "INFO", "UPDATE", "PRACK", "REGISTER",
           "PUBLISH", "BYE", "NEWMETHOD")


def assert_refused(lab, connection, call_id, status, reason, *, direction="inbound", timeout=5.0):
    answer = connection.expect_answer(call_id=call_id, timeout=timeout).message
    event = lab.gateway.audit.wait_for(event="request", call_id=call_id, method=answer.method, status=status)
    assert event["reason"] == reason and event["direction"] == direction, event
    assert answer.status == event["status"] == status, (answer.start, event)
    if direction == "inbound":
        assert not answer.all("Reason") and not answer.all("Warning"), "a partner gets the bare status"
    else:
        assert any(re.match(rf'SIP\s*;\s*text="{reason}: .+"', value) for value in answer.all("Reason")), answer.raw
    assert answer.get("To") is not None and sip.has_tag(answer.get("To"))
    return event


@pytest.mark.parametrize("method", METHODS)
def test_good_certificate_with_another_partners_from(lab, method):
    connection = lab.from_outside()
    call_id = sip.token()
    connection.send(sip.request(method, ALICE, from_=CAROL, to=ALICE, call_id=call_id, contact="sip:x@192.0.2.1"))
    event = assert_refused(lab, connection, call_id, 403, "from-domain-not-authorized")
    assert event["partner"] == "contoso" and event["from"] == CAROL and event["method"] == method
    assert not lab.inside.received_requests()
    assert connection.is_alive(), "a refused request costs the request, not the session"


@pytest.mark.parametrize("method", ["INVITE", "BYE", "INFO", "UPDATE", "REFER", "MESSAGE"])
def test_within_a_dialog_with_another_partners_from(lab, method):
    """The hole that others leave open: whoever knows the dialog could end or change it."""
    caller = lab.from_outside()
    calling, called, _ = lab.invite(caller, lab.inside)
    forged = f"<{CAROL}>;tag=" + sip.parameter(calling.local, "tag")
    intruder = lab.from_outside()
    intruder.send(calling.request(method, local=forged, contact="sip:bob@192.0.2.10"))
    assert_refused(lab, intruder, calling.call_id, 403, "from-domain-not-authorized")
    # Contoso itself, with its own good certificate and fabrikam's From, gets no further.
    contoso = lab.from_outside(lab.pki.contoso_edge)
    contoso.send(calling.request(method, contact="sip:bob@192.0.2.10"))
    answer = contoso.expect_answer(call_id=calling.call_id).message
    assert answer.status == 403
    assert not lab.inside.received_requests(method)
    caller.send(calling.request("BYE"))
    lab.inside.expect_request("BYE", call_id=calling.call_id).answer(200)
    caller.expect_status(200, call_id=calling.call_id)


def test_ack_with_another_partners_from_is_dropped_and_logged(lab):
    caller = lab.from_outside()
    call_id = sip.token()
    caller.send(sip.request("INVITE", ALICE, from_=BOB, to=ALICE, call_id=call_id, contact="sip:bob@192.0.2.10"))
    arrived = lab.inside.expect_request("INVITE", call_id=call_id)
    arrived.answer(200, contact="sip:alice@192.0.2.20")
    calling = sip.Dialog.of_caller(caller.expect_status(200, call_id=call_id).message)
    caller.send(calling.request("ACK", local=f"<{CAROL}>;tag=" + sip.parameter(calling.local, "tag")))
    event = lab.gateway.audit.wait_for(event="request", method="ACK", call_id=call_id)
    assert event["reason"] == "from-domain-not-authorized"
    caller.send(calling.request("ACK"))
    good = lab.inside.expect_request("ACK", call_id=call_id).message
    assert "bob@fabrikam.example" in good.get("From")
    assert not lab.inside.received_requests("ACK")


def test_cancel_with_another_partners_from_cancels_nothing(lab):
    caller = lab.from_outside()
    call_id = sip.token()
    invite = sip.request("INVITE", ALICE, from_=BOB, to=ALICE, call_id=call_id, contact="sip:bob@192.0.2.10")
    caller.send(invite)
    arrived = lab.inside.expect_request("INVITE", call_id=call_id)
    arrived.answer(180)
    caller.expect_status(180, call_id=call_id)
    caller.send(sip.cancel(invite).replace(b"bob@fabrikam.example>;tag", b"carol@contoso.example>;tag"))
    answer = caller.inbox.take(lambda m: not m.is_request and m.method == "CANCEL", 5, "an answer to CANCEL").message
    assert answer.status == 403
    assert lab.gateway.audit.wait_for(event="request", method="CANCEL")["reason"] == "from-domain-not-authorized"
    arrived.answer(200, contact="sip:alice@192.0.2.20")
    caller.expect_status(200, call_id=call_id)
    assert not lab.inside.received_requests("CANCEL")


def test_cancel_from_another_session_cancels_nothing(lab):
    """Contoso guesses branch and dialog of fabrikam's call."""
    caller = lab.from_outside()
    call_id = sip.token()
    invite = sip.request("INVITE", ALICE, from_=BOB, to=ALICE, call_id=call_id, contact="sip:bob@192.0.2.10")
    caller.send(invite)
    arrived = lab.inside.expect_request("INVITE", call_id=call_id)
    contoso = lab.from_outside(lab.pki.contoso_edge)
    contoso.send(sip.cancel(invite))
    assert contoso.expect_answer(call_id=call_id).message.status in (403, 481)
    contoso.send(sip.cancel(invite).replace(b"bob@fabrikam.example>;tag", b"carol@contoso.example>;tag"))
    assert contoso.expect_answer(call_id=call_id).message.status in (403, 481)
    arrived.answer(200, contact="sip:alice@192.0.2.20")
    caller.expect_status(200, call_id=call_id)
    assert not lab.inside.received_requests("CANCEL")


FROMS = [
    ("our-own-domain", "sip:eve@corp.example", "from-domain-not-authorized"),
    ("our-own-domain-in-capitals", "sip:eve@CORP.example", "from-domain-not-authorized"),
    ("domain-of-nobody", "sip:eve@nowhere.example", "unknown-domain"),
    ("subdomain", "sip:bob@sub.fabrikam.example", "unknown-domain"),
    ("look-alike", "sip:bob@evilfabrikam.example", "unknown-domain"),
    ("tel", "tel:+15550100", "from-domain-not-authorized"),
    ("another-scheme", "isbn:2983792873", "from-domain-not-authorized"),
    ("address", "sip:bob@192.0.2.1", ("unknown-domain", "from-domain-not-authorized")),
    ("domain-in-the-user-part", "sip:fabrikam.example@nowhere.example", "unknown-domain"),
    ("at-sign-in-the-user-part", "sip:bob%40fabrikam.example@nowhere.example", "unknown-domain"),
    ("password-that-looks-like-a-host", "sip:bob:fabrikam.example@nowhere.example", "unknown-domain"),
    ("domain-in-a-parameter", "sip:nowhere.example;maddr=fabrikam.example", "unknown-domain"),
    ("escaped-nul", "sip:bob%00@nowhere.example", "unknown-domain"),
]


@pytest.fixture(scope="module")
def shared(make_shared_lab):
    return make_shared_lab()


@pytest.mark.parametrize("uri, reason", [row[1:] for row in FROMS], ids=[row[0] for row in FROMS])
def test_from_that_the_peer_may_not_use(shared, uri, reason):
    connection = shared.from_outside()
    call_id = sip.token()
    connection.send(sip.request("MESSAGE", ALICE, from_=uri, to=ALICE, call_id=call_id))
    answer = connection.expect_answer(call_id=call_id).message
    event = shared.gateway.audit.wait_for(event="request", call_id=call_id)
    assert event["reason"] in (reason if isinstance(reason, tuple) else (reason,)), event
    assert answer.status == 403
    assert not shared.inside.received_requests()


def test_display_name_that_imitates_a_from(shared):
    """The name in quotes says fabrikam; the URI says contoso. Only the URI counts."""
    connection = shared.from_outside()
    call_id = sip.token()
    octets = sip.request("MESSAGE", ALICE, from_=CAROL, to=ALICE, call_id=call_id)
    connection.send(octets.replace(b"From: <", b'From: "\\"<sip:bob@fabrikam.example>;tag=1" <'))
    assert_refused(shared, connection, call_id, 403, "from-domain-not-authorized")
    call_id = sip.token()
    octets = sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=call_id)
    connection.send(octets.replace(b"From: <", b'From: "<sip:carol@contoso.example>" <'))
    shared.inside.expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)


TARGETS = [
    ("relaying-to-another-partner", CAROL, ()),
    ("relaying-to-oneself", "sip:bob@fabrikam.example", ()),
    ("unknown-target", "sip:x@nowhere.example", ()),
    ("subdomain-of-ours", "sip:alice@sub.corp.example", ()),
    ("look-alike-of-ours", "sip:alice@corp.example.evil.example", ()),
    ("ours-only-in-the-user-part", "sip:corp.example@nowhere.example", ()),
    ("address", "sip:alice@192.0.2.1", ()),
    ("route-to-another-partner", ALICE, ("<sip:edge.contoso.example;lr>",)),
    ("route-over-us-to-another-partner", ALICE, ("<sip:sip.corp.example;lr>", "<sip:edge.contoso.example;lr>")),
    ("route-to-anywhere", ALICE, ("<sip:nowhere.example;lr>",)),
]


@pytest.mark.parametrize("target, routes", [row[1:] for row in TARGETS], ids=[row[0] for row in TARGETS])
def test_partner_that_wants_to_go_elsewhere_than_to_us(shared, target, routes):
    connection = shared.from_outside()
    call_id = sip.token()
    connection.send(sip.request("MESSAGE", target, from_=BOB, to=target, call_id=call_id, routes=routes))
    event = assert_refused(shared, connection, call_id, 403, "not-our-domain")
    assert event["detail"] == "leads to " + re.sub(r".*[:@]([^:@;]+)(;lr)?>?$", r"\1", (routes or [target])[-1])
    assert not shared.inside.received_requests() and not shared.contoso.received_requests()


def test_dialog_proof_is_not_transferable(lab):
    """A Route of ours from one call does not open the way to other places for another partner."""
    caller = lab.from_outside()
    calling, _, _ = lab.invite(caller, lab.inside)
    contoso = lab.from_outside(lab.pki.contoso_edge)
    call_id = sip.token()
    contoso.send(sip.request("MESSAGE", BOB, from_=CAROL, to=BOB, to_tag="x", call_id=call_id,
                             routes=calling.routes))
    assert contoso.expect_answer(call_id=call_id).message.status == 403
    assert not lab.fabrikam.received_requests()
    # Nor does an invented one.
    call_id = sip.token()
    caller.send(sip.request("MESSAGE", CAROL, from_=BOB, to=CAROL, to_tag="x", call_id=call_id,
                            routes=("<sip:sip.corp.example;lr>", "<sip:edge.corp.example;lr>")))
    assert_refused(lab, caller, call_id, 403, "not-our-domain")
    assert not lab.contoso.received_requests()


def test_blocked_domains_win_over_everything(make_lab):
    lab = make_lab(settings={"blocked-domains": ["fabrikam.example", ".evil.example"]},
                   partners={"fabrikam": {"domains": ["fabrikam.example", "emea.fabrikam.example"]},
                             "contoso": {"domains": ["contoso.example", "a.evil.example"]}})
    identity = lab.pki.fabrikam.leaf(dns=["fabrikam.example", "emea.fabrikam.example"])
    connection = lab.from_outside(identity)
    call_id = sip.token()
    connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=call_id))
    assert_refused(lab, connection, call_id, 403, "domain-blocked")
    call_id = sip.token()  # an entry is exact: the subdomain is not blocked by it
    connection.send(sip.request("MESSAGE", ALICE, from_="sip:b@emea.fabrikam.example", to=ALICE, call_id=call_id))
    lab.inside.expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)
    inside = lab.from_inside()
    for target in (BOB, "sip:x@a.evil.example"):
        call_id = sip.token()
        inside.send(sip.request("MESSAGE", target, from_=ALICE, to=target, call_id=call_id))
        assert_refused(lab, inside, call_id, 403, "domain-blocked", direction="outbound")
    assert not lab.fabrikam.accepted


def test_partner_that_is_off_is_not_sent_to(make_lab):
    lab = make_lab(partners={"fabrikam": {"enabled": False},
                             "contoso": {"valid": {"from": "2020-01-01", "until": "2021-01-01"}}})
    inside = lab.from_inside()
    for target, reason in ((BOB, "partner-disabled"), (CAROL, "partner-ended")):
        call_id = sip.token()
        inside.send(sip.request("MESSAGE", target, from_=ALICE, to=target, call_id=call_id))
        assert_refused(lab, inside, call_id, 403, reason, direction="outbound")
    assert not lab.fabrikam.accepted and not lab.contoso.accepted


def test_partner_that_ends_while_its_session_stands(make_lab):
    """The term is looked at for each request, not only at the handshake."""
    end = certificates.now() + certificates.datetime.timedelta(seconds=4)
    lab = make_lab(partners={"fabrikam": {"valid": {"until": end.strftime("%Y-%m-%dT%H:%M:%SZ")}}})
    connection = lab.from_outside()
    connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id="before"))
    lab.inside.expect_request("MESSAGE", call_id="before").answer(200)
    connection.expect_status(200, call_id="before")
    while True:  # the term ends at a time of day: there is nothing else to wait for
        call_id = sip.token()
        connection.send(sip.request("OPTIONS", ALICE, from_=BOB, to=ALICE, call_id=call_id))
        if certificates.now() > end:
            break
        while lab.inside.received_requests("OPTIONS"):
            lab.inside.expect_request("OPTIONS").answer(200)
        time.sleep(0.2)
    event = lab.gateway.audit.wait_for(event="request", call_id=call_id)
    assert event["reason"] == "partner-ended" and event["status"] == 403


def test_directions(make_lab):
    lab = make_lab(partners={"fabrikam": {"direction": "inbound"}, "contoso": {"direction": "outbound"}})
    inside, outside = lab.from_inside(), lab.from_outside()
    call_id = sip.token()
    inside.send(sip.request("MESSAGE", BOB, from_=ALICE, to=BOB, call_id=call_id))
    assert_refused(lab, inside, call_id, 403, "direction-not-allowed", direction="outbound")
    contoso = lab.from_outside(lab.pki.contoso_edge)
    call_id = sip.token()
    contoso.send(sip.request("MESSAGE", ALICE, from_=CAROL, to=ALICE, call_id=call_id))
    assert_refused(lab, contoso, call_id, 403, "direction-not-allowed")
    # Within a dialog that was allowed to begin, both ways are open: our side may hang up an inbound call.
    calling, called, _ = lab.invite(outside, lab.inside)
    inside.send(called.request("BYE"))
    lab.fabrikam.expect_request("BYE").answer(200)
    inside.expect_status(200, call_id=calling.call_id)


def test_methods(make_lab):
    lab = make_lab(partners={"fabrikam": {"methods": ["INVITE", "MESSAGE"]}})
    inside, outside = lab.from_inside(), lab.from_outside()
    for connection, target, sender, direction in ((inside, BOB, ALICE, "outbound"), (outside, ALICE, BOB, "inbound")):
        for method in ("SUBSCRIBE", "message", "REFER"):
            call_id = sip.token()
            connection.send(sip.request(method, target, from_=sender, to=target, call_id=call_id,
                                        contact="sip:x@192.0.2.1"))
            assert_refused(lab, connection, call_id, 403, "method-not-allowed", direction=direction)
    # What follows an INVITE is not governed: ACK and BYE cross.
    calling, _, _ = lab.invite(outside, lab.inside)
    outside.send(calling.request("BYE"))
    lab.inside.expect_request("BYE").answer(200)
    outside.expect_status(200, call_id=calling.call_id)


OUTBOUND = [
    ("from-not-ours", BOB, CAROL, 403, "from-domain-not-authorized"),
    ("from-of-nobody", BOB, "sip:x@nowhere.example", 403, "from-domain-not-authorized"),
    ("from-subdomain-of-ours", BOB, "sip:x@sub.corp.example", 403, "from-domain-not-authorized"),
    ("from-tel", BOB, "tel:+15550100", 403, "from-domain-not-authorized"),
    ("domain-of-nobody", "sip:x@nowhere.example", ALICE, 404, "unknown-domain"),
    ("subdomain-of-a-partner", "sip:x@sub.fabrikam.example", ALICE, 404, "unknown-domain"),
    ("address", "sip:x@192.0.2.1", ALICE, 404, "unknown-domain"),
]


@pytest.mark.parametrize("target, sender, status, reason", [row[1:] for row in OUTBOUND],
                         ids=[row[0] for row in OUTBOUND])
def test_our_server_that_sends_what_may_not_cross(shared, target, sender, status, reason):
    connection = shared.from_inside()
    call_id = sip.token()
    connection.send(sip.request("MESSAGE", target, from_=sender, to=target, call_id=call_id))
    assert_refused(shared, connection, call_id, status, reason, direction="outbound")
    assert not shared.fabrikam.received_requests()


def test_public_diagnostics_tell_the_partner_why(make_lab):
    lab = make_lab(partners={"fabrikam": {"diagnostics": "public"}})
    connection = lab.from_outside()
    connection.send(sip.request("MESSAGE", CAROL, from_=BOB, to=CAROL, call_id="told"))
    answer = connection.expect_status(403, call_id="told").message
    assert any(value.startswith("SIP") and "not-our-domain: " in value for value in answer.all("Reason")), answer.raw


def test_refusals_come_at_once_even_from_the_unknown(lab):
    """100 ms, without a word to the DNS: nothing is looked up for a domain that no partner owns."""
    outside, inside = lab.from_outside(), lab.from_inside()
    for connection, target, sender in ((outside, ALICE, "sip:x@nowhere.example"), (outside, CAROL, BOB),
                                       (inside, "sip:x@nowhere.example", ALICE), (inside, BOB, CAROL)):
        took = []
        for _ in range(5):
            call_id = sip.token()
            begun = time.monotonic()
            connection.send(sip.request("MESSAGE", target, from_=sender, to=target, call_id=call_id))
            took.append(connection.expect_answer(call_id=call_id).time - begun)
        assert sorted(took)[2] < 0.1, took


def test_response_from_another_session_is_not_believed(lab):
    """Contoso's edge answers a request that went to fabrikam."""
    inside = lab.from_inside()
    inside.send(sip.request("MESSAGE", BOB, from_=ALICE, to=BOB, call_id="to-fabrikam"))
    arrived = lab.fabrikam.expect_request("MESSAGE", call_id="to-fabrikam")
    forged = sip.response(arrived.message, 200, "Forged")
    intruder = lab.from_outside(lab.pki.contoso_edge)
    intruder.send(forged)
    intruder.send(b"\r\n\r\n")
    assert intruder.expect_pong() == b"\r\n"  # the forged answer was read, and the session goes on
    arrived.answer(404)
    inside.expect_status(404, call_id="to-fabrikam")
