# SPDX-License-Identifier: GPL-2.0-or-later
"""From one target to the next (RFC 3263 4.3, RFC 3261 16.7), and what is answered when none is left."""

import time

import pytest

from lib import ports, sip
from lib.lab import ALICE, BOB


def edges(lab, nameserver, *ports_in_order):
    nameserver.srv("fabrikam.example", *(("edge.fabrikam.example", port, priority, 0)
                                         for priority, port in enumerate(ports_in_order)))


def send(lab, method="MESSAGE"):
    connection = lab.from_inside()
    call_id = sip.token()
    octets = sip.request(method, BOB, from_=ALICE, to=BOB, call_id=call_id, contact="sip:alice@192.0.2.20")
    connection.send(octets)
    return connection, call_id, octets


def reaches_in_the_end(lab, target, within=15):
    """A try that failed may be remembered for a while (backoff); not for longer than this."""
    connection = lab.from_inside()
    deadline = time.monotonic() + within
    while True:
        call_id = sip.token()
        connection.send(sip.request("MESSAGE", target, from_=ALICE, to=target, call_id=call_id))
        try:
            arrived = lab.fabrikam.expect_request("MESSAGE", call_id=call_id, timeout=1)
            break
        except AssertionError:
            assert time.monotonic() < deadline, f"{target} is not found again"
    arrived.answer(200)
    connection.expect_status(200, call_id=call_id)


@pytest.mark.parametrize("method", ["MESSAGE", "INVITE"])
def test_first_target_refuses_the_connection(make_lab, nameserver, method):
    lab = make_lab(nameserver=nameserver)
    edges(lab, nameserver, ports.free_port(), lab.fabrikam.port)
    connection, call_id, _ = send(lab, method)
    lab.fabrikam.expect_request(method, call_id=call_id).answer(200, contact="sip:bob@192.0.2.10")
    connection.expect_status(200, call_id=call_id)
    event = lab.gateway.audit.wait_for(event="request", call_id=call_id)
    assert event["reason"] == "ok" and len(lab.gateway.audit.find(event="request", call_id=call_id)) == 1


def test_first_target_is_not_believed(make_lab, nameserver, pki):
    """A certificate of another organisation at the first target: on to the second, and the first is logged."""
    lab = make_lab(nameserver=nameserver)
    impostor = lab.serve(pki.stranger.leaf(dns=["fabrikam.example"]))
    edges(lab, nameserver, impostor.port, lab.fabrikam.port)
    connection, call_id, _ = send(lab)
    lab.fabrikam.expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)
    assert lab.gateway.audit.wait_for(event="session-refused", peer=f"127.0.0.1:{impostor.port}")[
        "reason"] == "untrusted-chain"
    assert not impostor.inbox.waiting


def test_first_target_refuses_our_certificate(make_lab, nameserver, pki):
    """TLS 1.3: the refusal comes after our handshake is done and the request perhaps sent; on to the second."""
    lab = make_lab(nameserver=nameserver)
    closed = lab.serve(pki.fabrikam_edge, trust=[pki.stranger])
    edges(lab, nameserver, closed.port, lab.fabrikam.port)
    connection, call_id, _ = send(lab)
    lab.fabrikam.expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)


@pytest.mark.parametrize("method", ["MESSAGE", "INVITE"])
def test_first_target_answers_503(make_lab, nameserver, pki, method):
    lab = make_lab(nameserver=nameserver)
    busy = lab.serve(pki.fabrikam_edge)
    edges(lab, nameserver, busy.port, lab.fabrikam.port)
    connection, call_id, _ = send(lab, method)
    first = busy.expect_request(method, call_id=call_id)
    first.answer(503, headers=[("Retry-After", "600")])
    second = lab.fabrikam.expect_request(method, call_id=call_id)
    assert second.message.branch != first.message.branch, "each try is a client transaction of its own"
    second.answer(200, contact="sip:bob@192.0.2.10")
    connection.expect_status(200, call_id=call_id)
    if method == "INVITE":
        assert busy.expect_request("ACK", call_id=call_id).message.branch == first.message.branch


def test_first_target_closes_without_an_answer(make_lab, nameserver, pki):
    lab = make_lab(nameserver=nameserver)
    rude = lab.serve(pki.fabrikam_edge)
    edges(lab, nameserver, rude.port, lab.fabrikam.port)
    connection, call_id, _ = send(lab)
    rude.expect_request("MESSAGE", call_id=call_id).connection.close()
    lab.fabrikam.expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)


def test_no_failover_after_another_answer(make_lab, nameserver, pki):
    """Only 503 and what amounts to it sends us on: a 500 is the partner's word."""
    lab = make_lab(nameserver=nameserver)
    first = lab.serve(pki.fabrikam_edge)
    edges(lab, nameserver, first.port, lab.fabrikam.port)
    connection, call_id, _ = send(lab)
    first.expect_request("MESSAGE", call_id=call_id).answer(500)
    connection.expect_status(500, call_id=call_id)
    assert not lab.fabrikam.received_requests()


def test_503_alone_becomes_500(lab):
    """RFC 3261 16.7(6): a 503 of the last server must not travel back, least of all its Retry-After."""
    for client, server, sender, recipient in ((lab.from_inside(), lab.fabrikam, ALICE, BOB),
                                              (lab.from_outside(), lab.inside, BOB, ALICE)):
        call_id = sip.token()
        client.send(sip.request("MESSAGE", recipient, from_=sender, to=recipient, call_id=call_id))
        server.expect_request("MESSAGE", call_id=call_id).answer(503, headers=[("Retry-After", "3600")])
        answer = client.expect_status(500, call_id=call_id).message
        assert not answer.all("Retry-After")
        event = lab.gateway.audit.wait_for(event="request", call_id=call_id)
        assert event["status"] == 500


def test_all_targets_dead(make_lab, nameserver):
    lab = make_lab(nameserver=nameserver)
    edges(lab, nameserver, ports.free_port(), ports.free_port(), ports.free_port())
    connection, call_id, _ = send(lab)
    begun = time.monotonic()
    connection.expect_status(504, call_id=call_id)
    assert time.monotonic() - begun < 2
    assert lab.gateway.audit.wait_for(event="request", call_id=call_id)["reason"] == "connect-failed"


def test_addresses_of_one_target_are_tried_in_turn(make_lab, nameserver):
    """Several A records for one name are a pool (domain.md 1.10): the dead address costs nothing but its try."""
    lab = make_lab(nameserver=nameserver)
    nameserver.host("edge.fabrikam.example", "127.0.0.99", "127.0.0.98", "127.0.0.1")
    connection, call_id, _ = send(lab)
    lab.fabrikam.expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)


def test_next_hops_inside_are_tried_in_turn(make_lab, pki):
    dead = ports.free_port()
    lab = make_lab(settings={"internal": {"next-hop": [f"pool.corp.example:{dead}"]}})
    lab.gateway.settings["internal"]["next-hop"].append(f"fe1.corp.example:{lab.inside.port}")
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    client = lab.from_outside()
    client.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id="second-hop"))
    lab.inside.expect_request("MESSAGE", call_id="second-hop").answer(200)
    client.expect_status(200, call_id="second-hop")


def test_fixed_targets_are_tried_in_turn(make_lab):
    lab = make_lab()
    lab.gateway.partners["fabrikam"]["locate"]["fixed"].insert(0, f"edge.fabrikam.example:{ports.free_port()}")
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    connection, call_id, _ = send(lab)
    lab.fabrikam.expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)


def test_priorities_are_kept(make_lab, nameserver, pki):
    """RFC 2782: the lowest priority first, always; the higher ones only when that is dead."""
    lab = make_lab(nameserver=nameserver)
    spare = lab.serve(pki.fabrikam_edge)
    nameserver.srv("fabrikam.example", ("edge.fabrikam.example", spare.port, 20, 100),
                   ("edge.fabrikam.example", lab.fabrikam.port, 10, 0))
    for _ in range(5):
        connection, call_id, _ = send(lab)
        lab.fabrikam.expect_request("MESSAGE", call_id=call_id).answer(200)
        connection.expect_status(200, call_id=call_id)
    assert not spare.accepted
    lab.fabrikam.close()
    connection, call_id, _ = send(lab)
    spare.expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)


def test_partner_that_comes_back_is_found_again(make_lab, pki):
    """A dead server is not avoided for long: the backoff is bounded and ends with the first success."""
    lab = make_lab()
    port = lab.fabrikam.port
    lab.fabrikam.close()
    connection, call_id, _ = send(lab)
    connection.expect_status(504, call_id=call_id)
    lab.fabrikam = lab.serve(pki.fabrikam_edge, port=port)
    reaches_in_the_end(lab, BOB)


def test_session_that_was_closed_is_opened_anew(lab):
    """The partner hangs up an idle session; the next request opens another and nobody notices."""
    connection, call_id, _ = send(lab)
    arrived = lab.fabrikam.expect_request("MESSAGE", call_id=call_id)
    arrived.answer(200)
    connection.expect_status(200, call_id=call_id)
    arrived.connection.close(graceful=True)
    lab.gateway.audit.wait_for(event="session-closed", partner="fabrikam")
    connection, call_id, _ = send(lab)
    lab.fabrikam.expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)


def test_sessions_are_reused_for_the_same_partner_only(lab):
    """RFC 5923 9.3: what was opened for fabrikam carries nothing for contoso; and not each message opens a session."""
    for _ in range(20):
        connection, call_id, _ = send(lab)
        lab.fabrikam.expect_request("MESSAGE", call_id=call_id).answer(200)
        connection.expect_status(200, call_id=call_id)
        connection.close()
    assert lab.fabrikam.accepted <= 8, "each worker may have a few sessions"
    assert not lab.contoso.accepted


def test_two_domains_behind_one_address_share_no_session(make_lab, pki):
    """Both partners name the same host and port; its certificate is fabrikam's alone."""
    lab = make_lab()
    lab.gateway.partners["contoso"]["locate"] = {"fixed": [f"edge.fabrikam.example:{lab.fabrikam.port}"]}
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    connection, call_id, _ = send(lab)
    lab.fabrikam.expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)
    call_id = sip.token()
    connection.send(sip.request("MESSAGE", "sip:carol@contoso.example", from_=ALICE, to="sip:carol@contoso.example",
                                call_id=call_id))
    connection.expect_status(504, call_id=call_id)
    assert lab.gateway.audit.wait_for(event="request", call_id=call_id)["reason"] == "anchor-of-other-partner"
    assert not lab.fabrikam.received_requests()


def test_two_domains_of_one_partner_need_a_certificate_for_each(make_lab, pki):
    """A session whose certificate names one domain of the partner is not used for another that it does not name."""
    lab = make_lab(partners={"fabrikam": {"domains": ["fabrikam.example", "emea.fabrikam.example"]}})
    connection, call_id, _ = send(lab)
    lab.fabrikam.expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)
    call_id = sip.token()
    emea = "sip:b@emea.fabrikam.example"
    connection.send(sip.request("MESSAGE", emea, from_=ALICE, to=emea, call_id=call_id))
    connection.expect_status(504, call_id=call_id)
    assert lab.gateway.audit.wait_for(event="request", call_id=call_id)["reason"] == "identity-mismatch"
    lab.fabrikam.use(pki.fabrikam.leaf(dns=["fabrikam.example", "emea.fabrikam.example"]))
    reaches_in_the_end(lab, emea)


def test_server_name_indication_is_the_sip_domain(make_lab, pki):
    """RFC 5922 7.8: SNI carries the domain that was asked for, not the SRV target."""
    lab = make_lab()
    names = []
    lab.fabrikam.context.sni_callback = lambda connection, name, context: names.append(name)
    connection, call_id, _ = send(lab)
    lab.fabrikam.expect_request("MESSAGE", call_id=call_id).answer(200)
    assert names == ["fabrikam.example"]


def test_pins(make_lab, pki):
    """A pinned key in the path, leaf's or CA's, is needed when pins are given."""
    lab = make_lab(partners={"fabrikam": {"pins": [pki.fabrikam_edge.pin]}, "contoso": {"pins": [pki.fe1.pin]}})
    lab.assert_serves()
    connection = lab.from_inside()
    connection.send(sip.request("MESSAGE", "sip:c@contoso.example", from_=ALICE, to="sip:c@contoso.example",
                                call_id="pinned"))
    connection.expect_status(504, call_id="pinned")
    assert lab.gateway.audit.wait_for(event="request", call_id="pinned")["reason"] == "pin-mismatch"
