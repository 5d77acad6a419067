# SPDX-License-Identifier: GPL-2.0-or-later
"""The matrix of refusals, at the handshake, for peers that connect to us: each with its reason in the audit log, at the
external port as a partner and at the internal port as one of our servers."""

import socket
import ssl

import pytest

from lib import identities, peer, pki as certificates, sip, wait
from lib.lab import ALICE, BOB

DOMAIN = "fabrikam.example"
OFF = {
    "partner-disabled": {"enabled": False},
    "partner-not-yet-valid": {"valid": {"from": "2099-01-01"}},
    "partner-ended": {"valid": {"until": "2020-01-01"}},
}


@pytest.fixture(scope="module")
def lab(make_shared_lab, pki):
    """One gateway for the whole matrix: what one peer was refused must not rub off on the next."""
    roots = {name: certificates.root(name, pki.folder) for name in OFF}
    partners = {name: {"domains": [f"{name}.example"], "roots": [roots[name].file], **keys,
                       "locate": {"fixed": [f"{name}.example:5061"]}} for name, keys in OFF.items()}
    lab = make_shared_lab(partners=partners)
    lab.roots_of_the_off = roots
    return lab


def session_outcome(port, identity, **options):
    """(alive, local address): tries a session with a request on it, since a TLS 1.3 client learns late of refusals."""
    try:
        connection = peer.connect(port, identity, **options)
    except (ssl.SSLError, OSError) as error:
        return False, error.local
    try:
        connection.send(sip.request("OPTIONS", "sip:sip.corp.example", from_=BOB, to="sip:sip.corp.example"))
        wait.until(lambda: connection.ended.is_set() or connection.inbox.waiting, 5, "an answer or the end")
        return bool(connection.inbox.waiting), connection.local
    except OSError:
        connection.expect_end()
        return False, connection.local
    finally:
        connection.close()


def assert_refused(lab, side, local, reason):
    """Both what is logged and what is not: no session-accepted for this peer, ever. By side, since the kernel gives one
    source port to connections to both."""
    event = lab.gateway.audit.wait_for(event="session-refused", peer=local, side=side)
    assert event["reason"] in (reason if isinstance(reason, tuple) else (reason,)), event
    assert not lab.gateway.audit.find(event="session-accepted", peer=local, side=side)
    return event


@pytest.mark.parametrize("version", [peer.TLS12, peer.TLS13], ids=["tls12", "tls13"])
@pytest.mark.parametrize("row", identities.rows("client"), ids=str)
def test_partner_that_connects(lab, pki, row, version):
    identity = row.build(pki.fabrikam, DOMAIN, pki)
    alive, local = session_outcome(lab.gateway.external_port, identity, version=version)
    if row.reason == "ok":
        assert alive
        event = lab.gateway.audit.wait_for(event="session-accepted", peer=local, side="external")
        assert event["reason"] == "ok" and event["partner"] == "fabrikam"
    else:
        assert not alive
        event = assert_refused(lab, "external", local, row.reason)
        if event["reason"] != "malformed-certificate":  # the TLS library may have refused it before we read it
            assert event["certificate-names"], event


@pytest.mark.parametrize("version", [peer.TLS12, peer.TLS13], ids=["tls12", "tls13"])
@pytest.mark.parametrize("side", ["external", "internal"])
def test_no_certificate(lab, side, version):
    port = getattr(lab.gateway, f"{side}_port")
    alive, local = session_outcome(port, None, version=version)
    assert not alive
    assert_refused(lab, side, local, "no-certificate")


@pytest.mark.parametrize("reason", OFF)
def test_partner_that_is_off(lab, reason):
    identity = lab.roots_of_the_off[reason].leaf(dns=[f"{reason}.example"])
    alive, local = session_outcome(lab.gateway.external_port, identity)
    assert not alive
    assert assert_refused(lab, "external", local, reason)["partner"] == reason


def test_other_partners_name_from_this_partners_ca(lab, pki):
    """Contoso's CA says fabrikam, and fabrikam's CA says contoso: each anchor vouches for its own only."""
    for root, domain in ((pki.contoso, "fabrikam.example"), (pki.fabrikam, "contoso.example")):
        alive, local = session_outcome(lab.gateway.external_port, root.leaf(dns=[domain]))
        assert not alive
        assert_refused(lab, "external", local, "anchor-of-other-partner")


def test_our_own_domain_in_a_partners_certificate(lab, pki):
    alive, local = session_outcome(lab.gateway.external_port, pki.fabrikam.leaf(dns=["corp.example"]))
    assert not alive
    assert_refused(lab, "external", local, "identity-mismatch")


INTERNAL = [
    ("server-not-listed", lambda p: p.enterprise.leaf(dns=["fe3.corp.example"]), "server-not-listed"),
    ("listed-name-from-another-ca", lambda p: p.stranger.leaf(dns=["fe1.corp.example"]), "untrusted-chain"),
    ("partners-certificate", lambda p: p.fabrikam_edge, "untrusted-chain"),
    ("partners-ca-with-a-listed-name", lambda p: p.fabrikam.leaf(dns=["fe1.corp.example"]), "untrusted-chain"),
    ("our-own-external-certificate", lambda p: p.gateway_external, "untrusted-chain"),
    ("wildcard", lambda p: p.enterprise.leaf(dns=["*.corp.example"]), "server-not-listed"),
    ("name-only-in-cn-beside-a-san",
     lambda p: p.enterprise.leaf(cn="fe1.corp.example", dns=["fe3.corp.example"]), "server-not-listed"),
    ("name-only-in-a-uri", lambda p: p.enterprise.leaf(uris=["sip:fe1.corp.example"]), "server-not-listed"),
    ("suffix-look-alike", lambda p: p.enterprise.leaf(dns=["xfe1.corp.example"]), "server-not-listed"),
    ("prefix-look-alike", lambda p: p.enterprise.leaf(dns=["fe1.corp.example.evil.example"]), "server-not-listed"),
    ("expired", lambda p: p.enterprise.leaf(dns=["fe1.corp.example"],
                                            not_after=certificates.now() - certificates.days(1)),
     "certificate-expired"),
    ("not-yet-valid", lambda p: p.enterprise.leaf(dns=["fe1.corp.example"],
                                                  not_before=certificates.now() + certificates.days(1)),
     "certificate-not-yet-valid"),
    ("client-eku-missing", lambda p: p.enterprise.leaf(dns=["fe1.corp.example"], usages=("server",)),
     "wrong-key-usage"),
    ("root-cloned-with-another-key", lambda p: identities._clone(p.enterprise, "fe1.corp.example", p),
     "untrusted-chain"),
    ("listed", lambda p: p.fe2, "ok"),
    ("listed-in-capitals", lambda p: p.enterprise.leaf(dns=["FE1.Corp.Example"]), "ok"),
    ("listed-among-others", lambda p: p.enterprise.leaf(dns=["a.corp.example", "fe1.corp.example"]), "ok"),
    ("listed-cn-without-san", lambda p: p.enterprise.leaf(cn="fe1.corp.example"), "ok"),
]


@pytest.mark.parametrize("version", [peer.TLS12, peer.TLS13], ids=["tls12", "tls13"])
@pytest.mark.parametrize("build, reason", [row[1:] for row in INTERNAL], ids=[row[0] for row in INTERNAL])
def test_server_that_connects_to_the_internal_side(lab, pki, build, reason, version):
    alive, local = session_outcome(lab.gateway.internal_port, build(pki), version=version)
    if reason == "ok":
        assert alive
        assert lab.gateway.audit.wait_for(event="session-accepted", peer=local, side="internal")["reason"] == "ok"
    else:
        assert not alive
        assert_refused(lab, "internal", local, reason)


def test_our_servers_certificate_at_the_external_port(lab, pki):
    alive, local = session_outcome(lab.gateway.external_port, pki.fe1)
    assert not alive
    assert_refused(lab, "external", local, "untrusted-chain")


@pytest.mark.parametrize("side", ["external", "internal"])
def test_old_tls_is_refused(lab, pki, side):
    identity = pki.fabrikam_edge if side == "external" else pki.fe1
    with pytest.raises((ssl.SSLError, OSError)) as caught:
        peer.connect(getattr(lab.gateway, f"{side}_port"), identity, oldest=ssl.TLSVersion.TLSv1,
                     version=ssl.TLSVersion.TLSv1_1)
    event = lab.gateway.audit.wait_for(event="session-refused", peer=caught.value.local, side=side)
    assert event["reason"] == "tls-failed"


@pytest.mark.parametrize("ciphers", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256", "NULL", "aNULL"])
def test_weak_suites_are_refused(lab, pki, ciphers):
    """TLS 1.2: only ephemeral keys and AEAD."""
    with pytest.raises((ssl.SSLError, OSError)):
        peer.connect(lab.gateway.external_port, pki.fabrikam_edge, version=peer.TLS12,
                     ciphers=ciphers + ":@SECLEVEL=0")


@pytest.mark.parametrize("version", [peer.TLS12, peer.TLS13], ids=["tls12", "tls13"])
def test_sessions_are_never_resumed(lab, pki, version):
    """A resumed session would carry an identity that nobody judged again."""
    context = peer.tls_context(pki.fabrikam_edge, server=False, version=version)
    session = None
    for _ in range(2):
        raw = socket.create_connection(("127.0.0.1", lab.gateway.external_port), 5)
        wrapped = context.wrap_socket(raw, session=session)
        wrapped.sendall(sip.request("OPTIONS", "sip:sip.corp.example", from_=BOB, to="sip:sip.corp.example"))
        assert wrapped.recv(4096).startswith(b"SIP/2.0 200")
        assert not wrapped.session_reused
        session = wrapped.session
        wrapped.close()


def test_refused_peers_leave_the_others_alone(lab, pki):
    """After all of the matrix, by whatever order it ran: those that may, still can."""
    lab.inside.handler = None
    connection = lab.from_outside()
    connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id="after-the-matrix"))
    lab.inside.expect_request("MESSAGE", call_id="after-the-matrix").answer(200)
    connection.expect_status(200, call_id="after-the-matrix")
