# SPDX-License-Identifier: GPL-2.0-or-later
"""What the border takes off, puts on and keeps to itself (contract, sections 5 and 8.15)."""

import re

import pytest

from lib import sip
from lib.lab import ALICE, BOB, CAROL

TRUST = "ms-edge-proxy-message-trust"
FORGED = [
    ("P-Asserted-Identity", "<sip:ceo@corp.example>"),
    ("p-asserted-identity", "\"Boss\" <sip:boss@fabrikam.example>, <tel:+15550100>"),
    ("P-Preferred-Identity", "<sip:ceo@corp.example>"),
    (TRUST, "ms-source-type=AuthorizedServer;ms-ep-fqdn=edge.corp.example;ms-source-verified-user=verified"),
    ("MS-Edge-Proxy-Message-Trust", "ms-source-type=EdgeProxyGenerated"),
]


def cross(client, server, sender, recipient, *, headers=(), answer_headers=(), method="MESSAGE"):
    """Returns (request as it arrived, answer as it came back)."""
    call_id = sip.token()
    client.send(sip.request(method, recipient, from_=sender, to=recipient, call_id=call_id, headers=headers,
                            contact="sip:x@192.0.2.1"))
    arrived = server.expect_request(method, call_id=call_id)
    arrived.answer(200, headers=answer_headers, contact="sip:y@192.0.2.2")
    return arrived.message, client.expect_status(200, call_id=call_id).message


def trust_of(message):
    """The parameters of the one trust header."""
    values = message.all(TRUST)
    assert len(values) == 1, values
    return dict(part.strip().split("=", 1) for part in values[0].split(";"))


def test_partners_assertions_are_stripped_and_ours_stamped(lab):
    arrived, _ = cross(lab.from_outside(), lab.inside, BOB, ALICE, headers=[*FORGED, ("X-Kept", "yes")])
    assert not arrived.all("P-Asserted-Identity") and not arrived.all("P-Preferred-Identity")
    assert arrived.get("X-Kept") == "yes"
    trust = trust_of(arrived)
    assert trust["ms-source-type"] == "DirectPartner"  # locate: fixed
    assert trust["ms-ep-fqdn"] in ("edge.corp.example", "sip.corp.example")
    assert trust["ms-source-verified-user"] in ("verified", "unverified")
    assert trust["ms-source-network"] == "federation"


def test_partner_found_by_srv_is_stamped_as_such(make_lab, nameserver):
    lab = make_lab(nameserver=nameserver)
    arrived, _ = cross(lab.from_outside(), lab.inside, BOB, ALICE)
    assert trust_of(arrived)["ms-source-type"] == "AutoFederation"


def test_answers_from_partners_are_stripped_and_stamped_too(lab):
    _, answer = cross(lab.from_inside(), lab.fabrikam, ALICE, BOB, answer_headers=[*FORGED, ("X-Kept", "yes")])
    assert not answer.all("P-Asserted-Identity") and not answer.all("P-Preferred-Identity")
    assert answer.get("X-Kept") == "yes"
    assert trust_of(answer)["ms-source-type"] == "DirectPartner"


def test_partners_are_sent_no_stamp_of_ours(lab):
    """Neither on requests nor on answers: it says what only our servers are to know."""
    arrived, _ = cross(lab.from_inside(), lab.fabrikam, ALICE, BOB)
    assert not arrived.all(TRUST)
    _, answer = cross(lab.from_outside(), lab.inside, BOB, ALICE)
    assert not answer.all(TRUST)


def test_hiding_places_for_a_forged_assertion(lab):
    """Folded, with blanks before the colon, as the very first and the very last header field."""
    client = lab.from_outside()
    call_id = sip.token()
    octets = sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=call_id, body=b"x")
    octets = octets.replace(b"Via:", b"P-Asserted-Identity:\r\n <sip:ceo@corp.example>\r\nVia:", 1)
    octets = octets.replace(b"\r\n\r\nx", b"\r\nP-Asserted-Identity \t: <sip:ceo@corp.example>\r\n"
                                          b"P-ASSERTED-IDENTITY:\r\n\t<tel:+1>\r\n , <sip:ceo@corp.example>\r\n\r\nx")
    client.send(octets)
    arrived = lab.inside.expect_request("MESSAGE", call_id=call_id)
    assert b"sserted" not in arrived.message.raw and b"SSERTED" not in arrived.message.raw
    assert b"ceo@" not in arrived.message.raw
    arrived.answer(200)
    client.expect_status(200, call_id=call_id)


def test_assertion_in_the_body_is_left_alone(lab):
    client = lab.from_outside()
    body = b"P-Asserted-Identity: <sip:x@corp.example>\r\nms-edge-proxy-message-trust: y\r\n"
    client.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id="body", body=body))
    arrived = lab.inside.expect_request("MESSAGE", call_id="body")
    assert arrived.message.body == body


def test_asserted_identity_that_is_kept_is_the_partners_own(make_lab):
    lab = make_lab(partners={"fabrikam": {"asserted-identity": "keep"}})
    client = lab.from_outside()
    own = ("P-Asserted-Identity", "<sip:boss@fabrikam.example>")
    assert cross(client, lab.inside, BOB, ALICE, headers=[own])[0].all(own[0]) == [own[1]]
    for foreign in ("<sip:ceo@corp.example>", f"<{CAROL}>", "<sip:x@sub.fabrikam.example>",
                    "<sip:fabrikam.example@evil.example>"):
        arrived, _ = cross(client, lab.inside, BOB, ALICE, headers=[("P-Asserted-Identity", foreign)])
        assert not arrived.all("P-Asserted-Identity"), foreign
    mixed = [("P-Asserted-Identity", "<sip:boss@fabrikam.example>"), ("P-Asserted-Identity", "<sip:ceo@corp.example>")]
    assert "corp.example>" not in "".join(cross(client, lab.inside, BOB, ALICE, headers=mixed)[0].all(own[0]))
    listed = [("P-Asserted-Identity", "<sip:boss@fabrikam.example>, <sip:ceo@corp.example>")]
    assert "ceo" not in "".join(cross(client, lab.inside, BOB, ALICE, headers=listed)[0].all(own[0]))
    # The other partner's file does not say keep.
    arrived, _ = cross(lab.from_outside(lab.pki.contoso_edge), lab.inside, CAROL, ALICE,
                       headers=[("P-Asserted-Identity", f"<{CAROL}>")])
    assert not arrived.all("P-Asserted-Identity")


def test_privacy_id_hides_the_asserted_identity_from_partners(lab):
    client = lab.from_inside()
    asserted = ("P-Asserted-Identity", f"<{ALICE}>")
    assert cross(client, lab.fabrikam, ALICE, BOB, headers=[asserted])[0].all(asserted[0]) == [asserted[1]]
    for value in ("id", "header; ID", "session;id;critical"):
        arrived, _ = cross(client, lab.fabrikam, ALICE, BOB, headers=[asserted, ("Privacy", value)])
        assert not arrived.all("P-Asserted-Identity"), value
    arrived, _ = cross(client, lab.fabrikam, ALICE, BOB, headers=[asserted, ("Privacy", "none")])
    assert arrived.all("P-Asserted-Identity") == [asserted[1]]


def test_privacy_id_in_answers(lab):
    """The callee's asserted identity is as private as the caller's."""
    client = lab.from_outside()
    asserted = ("P-Asserted-Identity", f"<{ALICE}>")
    _, answer = cross(client, lab.inside, BOB, ALICE, answer_headers=[asserted, ("Privacy", "id")])
    assert not answer.all("P-Asserted-Identity")
    _, answer = cross(client, lab.inside, BOB, ALICE, answer_headers=[asserted])
    assert answer.all("P-Asserted-Identity") == [asserted[1]]


def test_what_partners_see_of_us(lab):
    """Only names of the external side stand in what we add, apart from the one Record-Route entry of the inner side."""
    arrived, _ = cross(lab.from_inside(), lab.fabrikam, ALICE, BOB)
    assert sip.Message(arrived.raw).entries("Via")[0].startswith("SIP/2.0/TLS sip.corp.example")
    assert not arrived.all("Server") and not arrived.all("User-Agent")


@pytest.mark.parametrize("method", ["INVITE", "SUBSCRIBE", "REFER", "XYZZY", "MESSAGE"])
def test_we_stay_on_the_path_of_every_method(lab, method):
    """RFC 3261 16.6(4): a proxy at the perimeter must stay there; record-routing of unknown methods, too."""
    arrived, _ = cross(lab.from_outside(), lab.inside, BOB, ALICE, method=method)
    assert len(arrived.entries("Record-Route")) == 2


@pytest.mark.parametrize("method", ["BYE", "INVITE", "MESSAGE"])
def test_dialog_proof_in_record_route_survives_only_whole(lab, method):
    """Whatever our Record-Route carries as proof that the dialog crossed here: with it removed or changed, a request that
    leads nowhere else of ours leads nowhere."""
    caller = lab.from_outside()
    calling, _, _ = lab.invite(caller, lab.inside, answer_contact="sip:alice@192.0.2.20")
    bare = [re.sub(r"sip:[^>]*?(edge|sip)\.corp\.example(:\d+)?[^>]*", r"sip:\1.corp.example\2;lr", entry)
            for entry in calling.routes]
    changed = [re.sub(r"([0-9a-f]{8,})", lambda m: m.group(1)[::-1], entry) for entry in calling.routes]
    for routes in (bare, changed):
        assert routes != calling.routes
        caller.send(calling.request(method, routes=routes, contact="sip:bob@192.0.2.10"))
        answer = caller.expect_answer(call_id=calling.call_id).message
        assert answer.status in (403, 404, 481), answer.start
    assert not lab.inside.received_requests(method)
    caller.send(calling.request("BYE"))
    lab.inside.expect_request("BYE", call_id=calling.call_id).answer(200)
    caller.expect_status(200, call_id=calling.call_id)
