# SPDX-License-Identifier: GPL-2.0-or-later
"""Real SIP servers and TLS implementations on both sides: Kamailio as our server and as the partner's edge, SIPp behind
stunnel as load, openssl with each version of TLS."""

import subprocess
import time

import pytest

from conftest import needs
from lib import agent, kamailio, openssl, ports, sip, sipp, wait
from lib.lab import ALICE, BOB


class Ends:
    """Two Kamailios with a user agent each, and the gateway between them."""

    def __init__(self, make_lab, pki, folder, cleanup):
        self.lab = make_lab()
        self.inner = kamailio.Kamailio(folder / "inner", pki.fe1, pki.enterprise, host="fe1.corp.example",
                                       domain="corp.example", gateway_host="edge.corp.example")
        self.outer = kamailio.Kamailio(folder / "outer", pki.fabrikam_edge, pki.public, host="edge.fabrikam.example",
                                       domain="fabrikam.example", gateway_host="sip.corp.example")
        self.alice = agent.UdpAgent(self.inner.udp_port)
        self.bob = agent.UdpAgent(self.outer.udp_port)
        for thing in (self.inner, self.outer, self.alice, self.bob):
            cleanup.callback(thing.close)
        gateway = self.lab.gateway
        gateway.settings["internal"]["next-hop"] = [f"pool.corp.example:{self.inner.tls_port}"]
        gateway.partners["fabrikam"]["locate"] = {"fixed": [f"edge.fabrikam.example:{self.outer.tls_port}"]}
        gateway.write()
        assert gateway.reload()["event"] == "policy-loaded"
        self.inner.start(self.alice.port, gateway.internal_port)
        self.outer.start(self.bob.port, gateway.external_port)

    def way(self, direction):
        """(caller, callee, caller's address, callee's)"""
        if direction == "inbound":
            return self.bob, self.alice, BOB, ALICE
        return self.alice, self.bob, ALICE, BOB


@pytest.fixture(params=["inbound", "outbound"])
def way(make_lab, pki, tmp_path, cleanup, request):
    ends = Ends(make_lab, pki, tmp_path, cleanup)
    return (*ends.way(request.param), ends)


def request(caller, method, sender, recipient, **options):
    options.setdefault("call_id", sip.token())
    return sip.request(method, recipient, from_=sender, to=recipient, via=caller.via,
                       contact=f"sip:{sender.partition(':')[2].partition('@')[0]}@{caller.via}", **options)


@needs("kamailio")
def test_call(way):
    """INVITE, 180, 200, ACK, re-INVITE, BYE."""
    caller, callee, sender, recipient, ends = way
    call_id = sip.token("kamailio-")
    caller.send(request(caller, "INVITE", sender, recipient, call_id=call_id, body=b"v=0\r\n"))
    arrived = callee.expect_request("INVITE", call_id=call_id)
    arrived.answer(180)
    caller.expect_status(180, call_id=call_id)
    given = arrived.answer(200, contact=f"sip:callee@{callee.via}", body=b"v=0\r\ns=answer\r\n")
    answer = caller.expect_status(200, call_id=call_id).message
    assert answer.body == b"v=0\r\ns=answer\r\n"
    calling, called = sip.Dialog.of_caller(answer), sip.Dialog.of_callee(arrived.message, given)
    assert len(calling.routes) == 4, "two entries of ours between one of each Kamailio"
    caller.send(calling.request("ACK", via=caller.via))
    callee.expect_request("ACK", call_id=call_id)

    callee.send(called.request("INVITE", via=callee.via, contact=f"sip:callee@{callee.via}", body=b"v=0\r\ns=hold\r\n"))
    again = caller.expect_request("INVITE", call_id=call_id)
    assert again.message.body == b"v=0\r\ns=hold\r\n"
    again.answer(200, contact=f"sip:caller@{caller.via}")
    callee.expect_status(200, call_id=call_id, method="INVITE")
    callee.send(called.request("ACK", via=callee.via))
    caller.expect_request("ACK", call_id=call_id)

    caller.send(calling.request("BYE", via=caller.via))
    callee.expect_request("BYE", call_id=call_id).answer(200)
    caller.expect_status(200, call_id=call_id, method="BYE")
    ends.lab.gateway.audit.wait_for(event="request", call_id=call_id, count=3)
    events = ends.lab.gateway.audit.find(event="request", call_id=call_id)
    assert sorted(e["method"] for e in events) == ["BYE", "INVITE", "INVITE"] and {e["status"] for e in events} == {200}


@needs("kamailio")
def test_cancelled_call(way):
    caller, callee, sender, recipient, ends = way
    invite = request(caller, "INVITE", sender, recipient)
    call_id = sip.Message(invite).call_id
    caller.send(invite)
    arrived = callee.expect_request("INVITE", call_id=call_id)
    arrived.answer(180)
    caller.expect_status(180, call_id=call_id)
    caller.send(sip.cancel(invite.replace(b"SIP/2.0/TLS", b"SIP/2.0/UDP")))
    caller.expect_status(200, call_id=call_id, method="CANCEL")
    callee.expect_request("CANCEL", call_id=call_id).answer(200)
    arrived.answer(487)
    caller.expect_status(487, call_id=call_id, method="INVITE")
    callee.expect_request("ACK", call_id=call_id)
    event = ends.lab.gateway.audit.wait_for(event="request", method="INVITE", call_id=call_id)
    assert event["status"] == 487 and event["reason"] == "relayed"


@needs("kamailio")
def test_subscription(way):
    caller, callee, sender, recipient, _ = way
    call_id = sip.token()
    caller.send(request(caller, "SUBSCRIBE", sender, recipient, call_id=call_id,
                        headers=[("Event", "presence"), ("Expires", "60")]))
    arrived = callee.expect_request("SUBSCRIBE", call_id=call_id)
    given = arrived.answer(200, contact=f"sip:callee@{callee.via}", headers=[("Expires", "60")])
    caller.expect_status(200, call_id=call_id)
    notifying = sip.Dialog.of_callee(arrived.message, given)
    callee.send(notifying.request("NOTIFY", via=callee.via, body=b"<presence/>", headers=[
        ("Event", "presence"), ("Subscription-State", "active")]))
    notify = caller.expect_request("NOTIFY", call_id=call_id)
    assert notify.message.body == b"<presence/>"
    notify.answer(200)
    callee.expect_status(200, call_id=call_id, method="NOTIFY")


@needs("kamailio")
def test_message(way):
    caller, callee, sender, recipient, ends = way
    for size in (0, 10, 20000):
        octets = request(caller, "MESSAGE", sender, recipient, body=b"m" * size)
        call_id = sip.Message(octets).call_id
        caller.send(octets)
        arrived = callee.expect_request("MESSAGE", call_id=call_id)
        assert arrived.message.body == b"m" * size
        arrived.answer(200)
        caller.expect_status(200, call_id=call_id)
        assert ends.lab.gateway.audit.wait_for(event="request", call_id=call_id)["reason"] == "ok"


@needs("kamailio")
def test_kamailio_edge_with_a_forged_from(make_lab, pki, tmp_path, cleanup):
    """Fabrikam's own Kamailio relays what its user says, contoso's name included; the gateway does not."""
    ends = Ends(make_lab, pki, tmp_path, cleanup)
    octets = request(ends.bob, "MESSAGE", "sip:carol@contoso.example", ALICE)
    ends.bob.send(octets)
    ends.bob.expect_status(403, call_id=sip.Message(octets).call_id)
    event = ends.lab.gateway.audit.wait_for(event="request", call_id=sip.Message(octets).call_id)
    assert event["reason"] == "from-domain-not-authorized"
    assert not ends.inner.seen()


@needs("sipp")
@needs("stunnel4")
def test_ten_thousand_calls(make_lab, pki, tmp_path, cleanup):
    """SIPp through stunnel: INVITE, 180, 200, ACK, BYE, ten thousand times; none is lost, nothing is left."""
    limits = {"messages-per-second": 100000, "burst": 100000}
    lab = make_lab(partners={"fabrikam": {"limits": limits}})
    called = sipp.callee(cleanup, tmp_path)
    inner = sipp.from_gateway(cleanup, tmp_path, pki.fe1, pki.enterprise, called.port)
    outer = sipp.to_gateway(cleanup, tmp_path, pki.fabrikam_edge, pki.public, lab.gateway.external_port)
    lab.gateway.settings["internal"]["next-hop"] = [f"pool.corp.example:{inner.port}"]
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    descriptors = lab.gateway.descriptors()
    calling = sipp.caller(cleanup, tmp_path, outer.port, 10000, 700, from_="bob@fabrikam.example",
                          to="alice@corp.example")
    assert calling.process.wait(120) == 0, calling.process.output()[-3000:]
    assert (calling.successful(), calling.failed()) == (10000, 0)
    settled = lab.gateway.resident()

    def counted(method):
        return len(lab.gateway.audit.find(event="request", method=method, status=200))

    deadline = time.monotonic() + 10
    while counted("BYE") < 10000 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert counted("INVITE") == counted("BYE") == 10000
    assert not [e for e in lab.gateway.audit.find(event="request") if e["reason"] != "ok"]
    calling.process.kill()
    lab.gateway.wait_for_descriptors(descriptors + 8)
    assert settled < 200 << 20


@pytest.mark.parametrize("version", openssl.VERSIONS)
def test_openssl_as_the_partner_that_connects(lab, pki, cleanup, version):
    client = openssl.client(cleanup, lab.gateway.external_port, pki.fabrikam_edge, version, pki.public,
                            "-verify_hostname", "sip.corp.example")
    call_id = sip.token()
    client.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=call_id, body=b"from openssl"))
    arrived = lab.inside.expect_request("MESSAGE", call_id=call_id)
    assert arrived.message.body == b"from openssl"
    arrived.answer(200)
    client.expect_status(200, call_id=call_id)
    event = lab.gateway.audit.wait_for(event="session-accepted", side="external")
    assert event["tls"].startswith(version)


@pytest.mark.parametrize("version", openssl.VERSIONS)
def test_openssl_as_the_partner_that_is_connected_to(make_lab, pki, cleanup, version):
    port = ports.free_port()
    lab = make_lab(partners={"fabrikam": {"locate": {"fixed": [f"edge.fabrikam.example:{port}"]}}})
    server = openssl.server(cleanup, port, pki.fabrikam_edge, version, pki.public)
    inside = lab.from_inside()
    call_id = sip.token()
    inside.send(sip.request("MESSAGE", BOB, from_=ALICE, to=BOB, call_id=call_id, body=b"to openssl"))
    arrived = server.expect_request("MESSAGE", call_id=call_id)
    assert arrived.message.body == b"to openssl"
    arrived.answer(200)
    inside.expect_status(200, call_id=call_id)
    event = lab.gateway.audit.wait_for(event="session-accepted", partner="fabrikam")
    assert event["tls"].startswith(version)


@pytest.mark.parametrize("version", openssl.VERSIONS)
def test_openssl_with_a_stranger_certificate(lab, pki, cleanup, version):
    client = openssl.client(cleanup, lab.gateway.external_port, pki.stranger.leaf(dns=["fabrikam.example"]), version,
                            pki.public, "-ign_eof")
    client.expect_exit()
    assert b"alert" in client.errors
    assert lab.gateway.audit.wait_for(event="session-refused")["reason"] == "untrusted-chain"


def test_openssl_asks_for_key_updates(lab, pki, cleanup):
    """s_client's interactive K and k: new keys in mid-session, both ways, and messages between them."""
    client = openssl.OpensslPeer(["s_client", "-connect", f"127.0.0.1:{lab.gateway.external_port}", "-cert",
                                  pki.fabrikam_edge.chain_file, "-key", pki.fabrikam_edge.key_file, "-tls1_3"])
    cleanup.callback(client.close)
    wait.until(lambda: b"Verify return code" in client.octets, 5, "the handshake")
    for count, letter in enumerate((b"K", b"k", b"K"), 1):
        client.send(letter + b"\n")
        wait.until(lambda: client.errors.count(b"KEYUPDATE") == count, 5, "the key update")
    client.send(sip.request("OPTIONS", "sip:sip.corp.example", from_=BOB, to="sip:sip.corp.example"))
    wait.until(lambda: b"SIP/2.0 200" in client.octets, 5, lambda: client.octets[-500:].decode(errors="replace"))


def test_openssl_that_offers_a_session_again_gets_a_full_handshake(lab, pki, cleanup, tmp_path):
    """s_client -sess_out, then -sess_in: "Reused" must never be said."""
    file = tmp_path / "session.pem"
    words = ["openssl", "s_client", "-connect", f"127.0.0.1:{lab.gateway.external_port}", "-cert",
             pki.fabrikam_edge.chain_file, "-key", pki.fabrikam_edge.key_file, "-tls1_2"]
    first = subprocess.run([*words, "-sess_out", file], input=b"Q\n", capture_output=True, timeout=10, check=False)
    assert b"New, TLSv1.2" in first.stdout
    if not file.exists():
        return  # nothing that could be offered again was handed out: better still
    second = subprocess.run([*words, "-sess_in", file], input=b"Q\n", capture_output=True, timeout=10, check=False)
    assert b"New, TLSv1.2" in second.stdout and b"Reused" not in second.stdout
