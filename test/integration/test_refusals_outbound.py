# SPDX-License-Identifier: GPL-2.0-or-later
"""The matrix of refusals, at the handshake, for peers that we connect to. Each row is a partner of its own, so that one
gateway faces all of them; the message that led there is answered 504 with the reason named."""

import re
import socket
import ssl
import threading

import pytest

from lib import identities, pki as certificates, ports, sip
from lib.lab import ALICE, BOB
from test_refusals_inbound import INTERNAL

ROWS = identities.rows("server")


def partner_of(index):
    return f"p{index}", f"partner{index}.example"


@pytest.fixture(scope="module")
def lab(make_shared_lab, pki):
    partners, hosts, wrong = {}, {}, {}
    for index, row in enumerate(ROWS):
        name, domain = partner_of(index)
        root = certificates.root(f"Root of {domain}", pki.folder)
        wrong[index] = row.build(root, domain, pki), ports.free_port()
        hosts[f"edge.{domain}"] = ["127.0.0.1"]
        partners[name] = {"domains": [domain], "roots": [root.file],
                          "locate": {"fixed": [f"edge.{domain}:{wrong[index][1]}"]}}
    lab = make_shared_lab(partners=partners, settings={"dns": {"hosts": hosts}})
    lab.edges = {index: lab.serve(identity, port=port) for index, (identity, port) in wrong.items()}
    return lab


def send_message(lab, to, **options):
    connection = lab.from_inside()
    call_id = sip.token("out-")
    connection.send(sip.request("MESSAGE", to, from_=ALICE, to=to, call_id=call_id, body=b"hello", **options))
    return connection, call_id


def assert_refusal(lab, connection, call_id, status, reason):
    """Status, Reason header and audit line say the same."""
    answer = connection.expect_answer(call_id=call_id).message
    event = lab.gateway.audit.wait_for(event="request", call_id=call_id)
    assert event["reason"] in (reason if isinstance(reason, tuple) else (reason,)), event
    assert answer.status == event["status"] == status, (answer.start, event)
    assert any(re.match(rf'SIP\s*;\s*text="{re.escape(event["reason"])}: .+"', value)
               for value in answer.all("Reason")), answer.all("Reason")
    assert event["direction"] == "outbound"
    return event


@pytest.mark.parametrize("index", range(len(ROWS)), ids=[row.name for row in ROWS])
def test_partner_that_we_connect_to(lab, index):
    row, (name, domain), edge = ROWS[index], partner_of(index), lab.edges[index]
    connection, call_id = send_message(lab, f"sip:bob@{domain}")
    if row.reason == "ok":
        edge.expect_request("MESSAGE", call_id=call_id).answer(200)
        connection.expect_status(200, call_id=call_id)
        assert lab.gateway.audit.wait_for(event="request", call_id=call_id)["partner"] == name
        return
    event = assert_refusal(lab, connection, call_id, 504, row.reason)
    assert event["partner"] == name
    refused = lab.gateway.audit.wait_for(event="session-refused", partner=name)
    assert refused["reason"] == event["reason"] and refused["peer"] == f"127.0.0.1:{edge.port}"
    assert not edge.inbox.waiting, "the message reached a server that was not believed"
    connection.close()


INTERNAL_AS_SERVER = [row for row in INTERNAL if row[0] not in ("client-eku-missing", "partners-certificate")] + [
    ("partners-certificate", lambda p: p.fabrikam_edge, "untrusted-chain"),
    ("server-eku-missing", lambda p: p.enterprise.leaf(dns=["fe1.corp.example"], usages=("client",)),
     "wrong-key-usage"),
    ("pool-name-that-is-not-listed", lambda p: p.enterprise.leaf(dns=["pool.corp.example"]), "server-not-listed"),
]


@pytest.mark.parametrize("build, reason", [row[1:] for row in INTERNAL_AS_SERVER],
                         ids=[row[0] for row in INTERNAL_AS_SERVER])
def test_next_hop_that_we_connect_to(make_lab, pki, build, reason):
    """Towards our own servers: the list of names counts there, too, and a partner is told nothing but the status."""
    lab = make_lab()
    lab.inside.use(build(pki))
    connection = lab.from_outside()
    connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id="to-the-next-hop"))
    if reason == "ok":
        lab.inside.expect_request("MESSAGE").answer(200)
        connection.expect_status(200)
        return
    answer = connection.expect_answer(call_id="to-the-next-hop").message
    assert answer.status in (403, 500, 504), answer.start
    assert not answer.all("Reason") and not answer.all("Warning")
    event = lab.gateway.audit.wait_for(event="request", call_id="to-the-next-hop")
    assert event["reason"] == reason and event["status"] == answer.status
    assert lab.gateway.audit.wait_for(event="session-refused", side="internal")["reason"] == reason
    assert not lab.inside.inbox.waiting


def test_partner_edge_that_offers_old_tls(make_lab):

    lab = make_lab()
    lab.fabrikam.context.minimum_version = ssl.TLSVersion.TLSv1
    lab.fabrikam.context.maximum_version = ssl.TLSVersion.TLSv1_1
    connection, call_id = send_message(lab, BOB)
    assert_refusal(lab, connection, call_id, 504, "tls-failed")


def test_partner_edge_that_speaks_no_tls(make_lab, cleanup):
    """A plain-text server behind the port: a clean refusal, at once and not after the handshake's time limit."""
    lab = make_lab()
    lab.fabrikam.close()
    listener = socket.create_server(("127.0.0.1", lab.fabrikam.port))
    cleanup.callback(listener.close)

    def serve():
        plain, _ = listener.accept()
        with plain:
            plain.sendall(b"SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            plain.recv(4096)

    threading.Thread(target=serve, daemon=True).start()
    connection, call_id = send_message(lab, BOB)
    assert_refusal(lab, connection, call_id, 504, "tls-failed")


def test_partner_edge_that_refuses_our_certificate(make_lab, pki):
    """With TLS 1.3 we learn of it only after our handshake is through; it is a refusal of TLS all the same."""
    lab = make_lab()
    lab.fabrikam._options["trust"] = [pki.stranger]
    lab.fabrikam.use(pki.fabrikam_edge)
    connection, call_id = send_message(lab, BOB)
    assert_refusal(lab, connection, call_id, 504, "tls-failed")


def test_partner_edge_that_is_not_there(make_lab):
    lab = make_lab()
    lab.fabrikam.close()
    connection, call_id = send_message(lab, BOB)
    assert_refusal(lab, connection, call_id, 504, "connect-failed")
