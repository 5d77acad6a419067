# SPDX-License-Identifier: GPL-2.0-or-later
"""IPv6, several listeners, and names in the places where addresses could stand."""

import socket

import pytest

from lib import peer, ports, sip
from lib.lab import ALICE, BOB


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on loopback")


@needs_ipv6
def test_ipv6_on_both_sides(make_lab, pki, cleanup):
    """Listening on [::1] beside 127.0.0.1, and going to an edge that has only an AAAA record."""
    v4, v6 = ports.free_port(), ports.free_port()
    port = ports.free_port()
    lab = make_lab(settings={"external": {"listen": [f"127.0.0.1:{v4}", f"[::1]:{v6}"]},
                             "dns": {"hosts": {"edge.fabrikam.example": ["::1"]}}},
                   partners={"fabrikam": {"locate": {"fixed": [f"edge.fabrikam.example:{port}"]}}})
    edge = peer.Server(port, pki.fabrikam_edge, address="::1", trust=[pki.public])
    cleanup.callback(edge.close)
    outside = peer.connect(v6, pki.fabrikam_edge, address="::1")
    cleanup.callback(outside.close)
    outside.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id="in6"))
    arrived = lab.inside.expect_request("MESSAGE", call_id="in6")
    assert "received=::1" in arrived.message.entries("Via")[1], "RFC 5118 4.5: without brackets"
    arrived.answer(200)
    outside.expect_status(200, call_id="in6")
    event = lab.gateway.audit.wait_for(event="session-accepted", side="external")
    assert event["peer"].startswith("[::1]:")
    inside = lab.from_inside()
    inside.send(sip.request("MESSAGE", BOB, from_=ALICE, to=BOB, call_id="out6"))
    edge.expect_request("MESSAGE", call_id="out6").answer(200)
    inside.expect_status(200, call_id="out6")


def test_several_listeners(make_lab):
    spare = [ports.free_port(), ports.free_port()]
    lab = make_lab(settings={"external": {"listen": [f"127.0.0.1:{spare[0]}", f"127.0.0.2:{spare[1]}"]}})
    for address, port in (("127.0.0.1", spare[0]), ("127.0.0.2", spare[1])):
        connection = peer.connect(port, lab.pki.fabrikam_edge, address=address)
        call_id = sip.token()
        connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=call_id))
        lab.inside.expect_request("MESSAGE", call_id=call_id).answer(200)
        connection.expect_status(200, call_id=call_id)
        connection.close()


def test_port_that_is_taken(make_lab, cleanup):
    """`run` says so in one sentence and exits 1."""
    lab = make_lab()
    lab.gateway.stop()
    taken = socket.socket()  # without SO_REUSEPORT: nobody may sit beside it
    cleanup.callback(taken.close)
    taken.bind(("127.0.0.1", lab.gateway.external_port))
    taken.listen()
    lab.gateway.start(ready=False)
    process, lab.gateway.process = lab.gateway.process, None
    assert process.wait(10) == 1
    assert str(lab.gateway.external_port) in process.errors()


def test_received_and_rport_of_the_sender(make_lab):
    lab = make_lab()
    connection = lab.from_outside(source="127.0.0.7")
    connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id="via", via="127.0.0.1:5061"))
    arrived = lab.inside.expect_request("MESSAGE", call_id="via")
    assert "received=127.0.0.7" in arrived.message.entries("Via")[1], "RFC 3261 18.2.1: it differs from sent-by"
    arrived.answer(200)
    connection.expect_status(200, call_id="via")


def test_answer_finds_its_connection_among_many(make_lab):
    """Twenty sessions of one partner with the same Call-ID, tags and CSeq: each answer goes to its own."""
    lab = make_lab(partners={"fabrikam": {"limits": {"connections": 64}}})
    sessions = [lab.from_outside() for _ in range(20)]
    for number, session in enumerate(sessions):
        session.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id="same", from_tag="same",
                                 body=b"%d" % number))
    for _ in sessions:
        arrived = lab.inside.expect_request("MESSAGE")
        arrived.answer(200, headers=[("X-Number", arrived.message.body.decode())])
    for number, session in enumerate(sessions):
        assert session.expect_status(200).message.get("X-Number") == str(number)


def test_same_branch_of_two_partners_are_two_transactions(make_lab):
    """Branch, sent-by, tags and Call-ID alike: what fabrikam sent and what contoso sent stay apart all the same."""
    lab = make_lab(settings={"workers": 1})
    fabrikam, contoso = lab.from_outside(), lab.from_outside(lab.pki.contoso_edge)
    for session, sender in ((fabrikam, BOB), (contoso, "sip:carol@contoso.example")):
        session.send(sip.request("MESSAGE", ALICE, from_=sender, to=ALICE, call_id="same", branch="z9hG4bKsame",
                                 from_tag="same", body=sender.encode()))
    for _ in range(2):
        arrived = lab.inside.expect_request("MESSAGE")
        arrived.answer(200, headers=[("X-Sender", arrived.message.body.decode())])
    assert fabrikam.expect_status(200).message.get("X-Sender") == BOB
    assert contoso.expect_status(200).message.get("X-Sender") == "sip:carol@contoso.example"
