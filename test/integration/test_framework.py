# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests' own tools, proven against openssl, Kamailio and SIPp without any gateway between."""

import ssl

import dns.message
import dns.query
import pytest

from conftest import needs
from lib import agent, kamailio, openssl, peer, pki as certificates, ports, sip, sipp, yaml_text
from lib import nameserver as misbehaviour

pytestmark = pytest.mark.framework


@pytest.mark.parametrize("version", openssl.VERSIONS)
def test_our_server_and_client_talk_to_openssl(pki, cleanup, version):
    server = peer.Server(ports.free_port(), pki.fe1, trust=[pki.fabrikam])
    cleanup.callback(server.close)
    client = openssl.client(cleanup, server.port, pki.fabrikam_edge, version, pki.enterprise)
    client.send(sip.request("MESSAGE", "sip:a@b.example", from_="sip:c@d.example", to="sip:a@b.example", body=b"x"))
    server.expect_request("MESSAGE").answer(200)
    client.expect_status(200)

    port = ports.free_port()
    listener = openssl.server(cleanup, port, pki.fe1, version, pki.fabrikam)
    connection = peer.connect(port, pki.fabrikam_edge, trust=[pki.enterprise])
    cleanup.callback(connection.close)
    assert connection.version == version
    connection.send(sip.request("OPTIONS", "sip:b.example", from_="sip:c@d.example", to="sip:b.example"))
    listener.expect_request("OPTIONS").answer(200)
    connection.expect_status(200)


def test_openssl_refuses_what_it_must(pki, cleanup):
    """A peer that accepts everything would make the whole matrix of refusals worthless."""
    port = ports.free_port()
    openssl.server(cleanup, port, pki.fe1, "TLSv1.2", pki.fabrikam)
    with pytest.raises((ssl.SSLError, OSError)):
        peer.connect(port, pki.contoso_edge)


def openssl_verdict(folder, identity, authority, *options):
    """What `openssl verify` says of an identity under one root."""
    import subprocess
    folder.mkdir(exist_ok=True)
    (folder / "chain.pem").write_bytes(open(identity.chain_file, "rb").read())
    return subprocess.run(["openssl", "verify", "-purpose", "sslclient", *options, "-CAfile", authority.file,
                           "-untrusted", str(folder / "chain.pem"), identity.chain_file],
                          capture_output=True, text=True, check=False)


def test_certificates_are_what_they_are_said_to_be(tmp_path, pki):
    root = certificates.root("R", tmp_path)
    deep = root.intermediate("I1").intermediate("I2").leaf(dns=["a.example"])
    assert openssl_verdict(tmp_path / "a", deep, root).returncode == 0
    expired = root.leaf(dns=["a.example"], not_after=certificates.now() - certificates.days(1))
    assert "expired" in openssl_verdict(tmp_path / "b", expired, root).stderr
    early = root.leaf(dns=["a.example"], not_before=certificates.now() + certificates.days(1))
    assert "not yet valid" in openssl_verdict(tmp_path / "c", early, root).stderr
    short = root.intermediate("P0", path_length=0).intermediate("I").leaf(dns=["a.example"])
    assert "path length" in openssl_verdict(tmp_path / "d", short, root).stderr
    server_only = root.leaf(dns=["a.example"], usages=("server",))
    assert "purpose" in openssl_verdict(tmp_path / "e", server_only, root).stderr.replace("unsuitable certificate", "")
    assert openssl_verdict(tmp_path / "f", pki.contoso_edge, root).returncode != 0


def test_cloned_root_has_everything_but_the_key(tmp_path):
    root = certificates.root("R", tmp_path)
    clone = root.clone_with_other_key()
    assert clone.certificate.subject == root.certificate.subject
    assert clone.certificate.signature == root.certificate.signature
    assert clone.certificate.extensions.get_extension_for_class(
        certificates.x509.SubjectKeyIdentifier) == root.certificate.extensions.get_extension_for_class(
            certificates.x509.SubjectKeyIdentifier)
    forged = clone.leaf(dns=["a.example"]).presenting(clone.certificate)
    assert openssl_verdict(tmp_path / "a", forged, root).returncode != 0


def test_framer_cuts_at_every_offset():
    messages = [sip.request("MESSAGE", "sip:a@b", from_="sip:c@d", to="sip:a@b", body=b"x" * n) for n in (0, 1, 300)]
    stream = b"\r\n\r\n" + b"\r\n".join(messages)
    for cut in range(len(stream)):
        framer = sip.Framer()
        assert [m.raw for m in framer.feed(stream[:cut]) + framer.feed(stream[cut:])] == messages


def test_yaml_text_is_what_was_meant():
    text = yaml_text.dump({"a": {"b": [1, "x y", "[::1]:5061"]}, "c": True, "d": "2s", "e": "a: b", "f": []})
    assert text == 'a:\n  b: [1, x y, "[::1]:5061"]\nc: true\nd: 2s\ne: "a: b"\nf: []\n'
    assert yaml_text.merge({"a": {"b": 1, "c": 2}}, {"a": {"b": None, "d": 3}}) == {"a": {"c": 2, "d": 3}}


def test_nameserver_answers_and_misbehaves(nameserver):
    nameserver.srv("fabrikam.example", ("edge.fabrikam.example", 5061))
    nameserver.host("edge.fabrikam.example", "127.0.0.7", "::7")
    nameserver.set("alias.example", "CNAME", ["edge.fabrikam.example."])

    def ask(name, kind, tcp=False):
        query = dns.message.make_query(name, kind)
        how = dns.query.tcp if tcp else dns.query.udp
        return how(query, "127.0.0.1", port=nameserver.port, timeout=3)

    assert "10 0 5061 edge.fabrikam.example." in ask("_sipfederationtls._tcp.fabrikam.example", "SRV").to_text()
    assert "127.0.0.7" in ask("alias.example", "A").to_text()
    assert "127.0.0.7" in ask("edge.fabrikam.example", "A", tcp=True).to_text()
    assert ask("nothing.example", "A").rcode() == 3
    assert ask("edge.fabrikam.example", "SRV").rcode() == 0
    nameserver.behave(misbehaviour.truncated)
    assert ask("edge.fabrikam.example", "A").flags & 0x0200
    assert "127.0.0.7" in ask("edge.fabrikam.example", "A", tcp=True).to_text()


@needs("kamailio")
def test_two_kamailios_relay_a_call(tmp_path, pki, cleanup):
    """Both configurations face to face: each takes the other for the gateway."""
    left = kamailio.Kamailio(tmp_path / "left", pki.fe1, pki.fabrikam, host="fe1.corp.example",
                             domain="corp.example", gateway_host="edge.fabrikam.example")
    right = kamailio.Kamailio(tmp_path / "right", pki.fabrikam_edge, pki.enterprise, host="edge.fabrikam.example",
                              domain="fabrikam.example", gateway_host="fe1.corp.example")
    alice, bob = agent.UdpAgent(left.udp_port), agent.UdpAgent(right.udp_port)
    for thing in (left, right, alice, bob):
        cleanup.callback(thing.close)
    left.start(alice.port, right.tls_port)
    right.start(bob.port, left.tls_port)
    alice.send(sip.request("INVITE", "sip:bob@fabrikam.example", from_="sip:alice@corp.example",
                           to="sip:bob@fabrikam.example", via=alice.via, contact=f"sip:alice@{alice.via}"))
    arrived = bob.expect_request("INVITE")
    given = arrived.answer(200, contact=f"sip:bob@{bob.via}")
    calling = sip.Dialog.of_caller(alice.expect_status(200).message)
    called = sip.Dialog.of_callee(arrived.message, given)
    alice.send(calling.request("ACK", via=alice.via))
    bob.expect_request("ACK")
    bob.send(called.request("BYE", via=bob.via))
    alice.expect_request("BYE").answer(200)
    bob.expect_status(200)
    assert [entry[0] for entry in right.seen()][:1] == ["INVITE"]


@needs("sipp")
@needs("stunnel4")
def test_sipp_talks_to_itself_through_stunnel(tmp_path, pki, cleanup):
    called = sipp.callee(cleanup, tmp_path)
    inner = sipp.from_gateway(cleanup, tmp_path, pki.fe1, pki.fabrikam, called.port)
    outer = sipp.to_gateway(cleanup, tmp_path, pki.fabrikam_edge, pki.enterprise, inner.port)
    calling = sipp.caller(cleanup, tmp_path, outer.port, 50, 100, from_="bob@fabrikam.example",
                          to="alice@corp.example")
    assert calling.process.wait(30) == 0, calling.process.output()[-2000:]
    assert (calling.successful(), calling.failed()) == (50, 0)
