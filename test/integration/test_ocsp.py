# SPDX-License-Identifier: GPL-2.0-or-later
"""OCSP: what the responder that a certificate names says of it, at the handshake and while sessions live. The responders
are openssl's, but where one is wanted that openssl is not. In the matrix each row is a partner of its own for each rule,
so that one gateway faces all of them."""

import subprocess
from dataclasses import dataclass

import pytest

from lib import ocsp, pki as certificates, ports, sip, web as pages
from lib.lab import ALICE, BOB, CAROL
from lib.web import Web
from test_crl_urls import DER, points
from test_refusals_inbound import assert_refused, session_outcome
from test_refusals_outbound import assert_refusal, send_message
from test_reload import crosses
from test_revocation import AVAILABLE, OK, REQUIRED, REVOKED, UNKNOWN

FETCH = {"allow-private": True, "timeout": "2s"}
GOOD = ocsp.GOOD


class Responders:
    """Of one CA: those that may answer for it, and those that may not."""

    def __init__(self, ca, stranger, folder):
        def old(**options):
            return ocsp.delegate_of(ca, not_after=certificates.now() - certificates.days(1), **options)

        kinds = {
            "ca": (ca, ["-ndays", "1"]),
            "ca-named-by-key": (ca, ["-ndays", "1", "-resp_key_id"]),
            "ca-without-next-update": (ca, []),
            "delegate": (ocsp.delegate_of(ca), ["-ndays", "1"]),
            "delegate-without-no-check": (ocsp.delegate_of(ca, no_check=False), ["-ndays", "1"]),
            "delegate-rsa": (ocsp.delegate_of(ca, key="rsa2048"), ["-ndays", "1", "-rmd", "sha256"]),
            "delegate-sha1": (ocsp.delegate_of(ca, key="rsa2048"), ["-ndays", "1", "-rmd", "sha1"]),
            "delegate-expired": (old(), ["-ndays", "1"]),
            "delegate-without-usage": (ocsp.delegate_of(ca, usages=("server", "client")), ["-ndays", "1"]),
            "delegate-any-usage": (ocsp.delegate_of(ca, usages=("any",)), ["-ndays", "1"]),
            "delegate-not-sent": (ocsp.delegate_of(ca), ["-ndays", "1", "-resp_no_certs"]),
            "stranger": (stranger, ["-ndays", "1"]),
            "strangers-delegate": (ocsp.delegate_of(stranger), ["-ndays", "1"]),
        }
        self.of = {name: ocsp.Responder(ca, folder, signer, options) for name, (signer, options) in kinds.items()}

    def start(self):
        for responder in self.of.values():
            responder.start()

    def close(self):
        for responder in self.of.values():
            responder.close()


@dataclass
class Row:
    name: str
    responder: str  # of openssl; or "web", or None: the certificate names none
    status: object  # what openssl is told; or the page of the web server: world, identity -> page
    required: str
    available: str
    why: str = None

    def domain(self, rule):
        return f"{self.name}.{rule}.example"


def made(status, **options):
    return lambda world, identity: ocsp.answer(world.ca, identity, status, **{
        name: value(world) if callable(value) else value for name, value in options.items()})


def page(content):
    return lambda world, identity: content


def ago(days):
    return lambda world: certificates.now() - certificates.days(days)


NOBODY = "its responderID names neither the issuer nor a certificate in it"
CANNOT = "its OCSP responder cannot be asked"
ROWS = [
    Row("good", "ca", GOOD, OK, OK),
    Row("good-by-key", "ca-named-by-key", GOOD, OK, OK),
    Row("good-without-next-update", "ca-without-next-update", GOOD, OK, OK),
    Row("good-by-delegate", "delegate", GOOD, OK, OK),
    Row("good-by-delegate-without-no-check", "delegate-without-no-check", GOOD, OK, OK),
    Row("good-by-delegate-rsa", "delegate-rsa", GOOD, OK, OK),
    Row("revoked", "ca", ocsp.REVOKED, REVOKED, REVOKED, "says that it is revoked"),
    Row("revoked-by-delegate", "delegate", ocsp.REVOKED, REVOKED, REVOKED, "says that it is revoked"),
    Row("unknown", "ca", None, UNKNOWN, OK, "does not know it"),
    Row("sha1", "delegate-sha1", GOOD, UNKNOWN, OK, CANNOT),
    Row("expired-delegate", "delegate-expired", GOOD, UNKNOWN, OK, "the certificate of its signer has expired"),
    Row("without-usage", "delegate-without-usage", GOOD, UNKNOWN, OK, "lacks id-kp-OCSPSigning"),
    Row("any-usage", "delegate-any-usage", GOOD, UNKNOWN, OK, "lacks id-kp-OCSPSigning"),
    Row("not-sent", "delegate-not-sent", GOOD, UNKNOWN, OK, NOBODY),
    Row("stranger", "stranger", GOOD, UNKNOWN, OK),
    Row("stranger-revokes", "stranger", ocsp.REVOKED, UNKNOWN, OK),
    Row("strangers-delegate", "strangers-delegate", GOOD, UNKNOWN, OK, "is of another issuer"),
    Row("stale", "web", made(GOOD, this_update=ago(2), next_update=ago(1)), UNKNOWN, OK, "its answer has ended"),
    Row("stale-but-revoked", "web", made(ocsp.REVOKED, this_update=ago(2), next_update=ago(1)), REVOKED, REVOKED),
    Row("old-without-next-update", "web", made(GOOD, this_update=ago(1), next_update=False), UNKNOWN, OK, "has ended"),
    Row("not-in-force-yet", "web", made(GOOD, this_update=ago(-1), next_update=ago(-2)), UNKNOWN, OK, "not in force yet"),
    Row("leaf-for-itself", "web", lambda world, identity: ocsp.answer(
        world.ca, identity, GOOD, signer=identity, carried=[identity.certificate]), UNKNOWN, OK, "lacks id-kp-OCSPSigning"),
    Row("about-another", "web", lambda world, identity: ocsp.answer(world.ca, world.other, GOOD), UNKNOWN, OK,
        "does not speak of this certificate"),
    Row("try-later", "web", page(ocsp.TRY_LATER), UNKNOWN, OK, CANNOT),
    Row("trouble", "web", page(pages.refuses(500)), UNKNOWN, OK, CANNOT),
    Row("hangs", "web", page(pages.hangs), UNKNOWN, OK, CANNOT),
    Row("never-ends", "web", page(pages.never_ends), UNKNOWN, OK, CANNOT),
    Row("empty", "web", page(b""), UNKNOWN, OK, CANNOT),
    Row("a-page-for-people", "web", page(b"<html>It works!</html>"), UNKNOWN, OK, CANNOT),
    Row("down", "down", None, UNKNOWN, OK, CANNOT),
    Row("names-none", None, None, UNKNOWN, OK, "it names no OCSP responder"),
]


class World:
    def __init__(self, folder):
        self.ca, self.stranger = (certificates.root(name, folder) for name in ("OCSP Root", "Other Root"))
        self.web = Web()
        self.other = self.ca.leaf(dns=["other.example"])
        self.down = f"http://127.0.0.1:{ports.free_port()}/"
        self.responders = Responders(self.ca, self.stranger, folder)

    def edge(self, row, rule):
        path = f"/{row.name}/{rule}"
        responder = self.responders.of.get(row.responder)
        url = responder.url if responder else {"web": self.web.url(path), "down": self.down}.get(row.responder)
        extra = [ocsp.responder_at(url)] if url else []
        identity = self.ca.leaf(dns=[row.domain(rule)], extra=extra)
        if row.responder == "web":
            self.web.pages[path] = row.status(self, identity)
        elif responder and row.status:
            responder.knows(identity, row.status, start=False)
        return identity

    def close(self):
        self.web.close()
        self.responders.close()


@pytest.fixture(scope="module")
def lab(make_shared_lab, pki):
    world = World(pki.folder)
    identities, partners = {}, {}
    for row in ROWS:
        for rule in (REQUIRED, AVAILABLE):
            identities[row.name, rule] = world.edge(row, rule)
            partners[f"{row.name}-{rule}"] = {"domains": [row.domain(rule)], "roots": [world.ca.file], "ocsp": rule,
                                              "locate": {"fixed": [f"edge.{row.domain(rule)}:5061"]}}
    try:
        world.responders.start()
        lab = make_shared_lab(partners=partners, settings={"fetch": FETCH})
        lab.identities, lab.world = identities, world
        yield lab
    finally:
        world.close()


@pytest.mark.parametrize("rule", [REQUIRED, AVAILABLE])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_partner_that_connects(lab, row, rule):
    alive, local = session_outcome(lab.gateway.external_port, lab.identities[row.name, rule])
    reason = row.required if rule == REQUIRED else row.available
    assert alive == (reason == OK)
    if alive:
        event = lab.gateway.audit.wait_for(event="session-accepted", peer=local)
        assert ("revocation unknown" in event["detail"]) == (row.required == UNKNOWN), event
    else:
        event = assert_refused(lab, "external", local, reason)
    assert event["partner"] == f"{row.name}-{rule}"
    assert not row.why or row.why in event["detail"], event


# ---- one partner ----

@pytest.fixture
def responder(pki, tmp_path, cleanup):
    responder = ocsp.Responder(pki.fabrikam, tmp_path, ocsp.delegate_of(pki.fabrikam))
    cleanup.callback(responder.close)
    return responder


@pytest.fixture
def lab_with(make_lab):
    def make(rule=REQUIRED, **keys):
        return make_lab(partners={"fabrikam": {"ocsp": rule, **keys}}, settings={"fetch": FETCH})
    return make


def edge_of(authority, url, *extra):
    return authority.leaf(dns=["fabrikam.example", "edge.fabrikam.example"], extra=[ocsp.responder_at(url), *extra])


def refused(lab, identity, reason):
    alive, local = session_outcome(lab.gateway.external_port, identity)
    assert not alive
    return assert_refused(lab, "external", local, reason)


def test_what_is_asked(lab_with, pki, web, tmp_path):
    """By POST, once as long as the answer lasts, and as openssl would ask."""
    edge = edge_of(pki.fabrikam, web.url("/ocsp"))
    web.pages["/ocsp"] = ocsp.answer(pki.fabrikam, edge, GOOD)
    lab = lab_with()
    crosses(lab, lab.from_outside(edge))
    crosses(lab, lab.from_outside(edge))
    subprocess.run(["openssl", "ocsp", "-issuer", pki.fabrikam.file, "-cert", edge.certificate_file, "-no_nonce",
                    "-reqout", str(tmp_path / "request")], check=True, capture_output=True)
    assert web.posted == [("application/ocsp-request", (tmp_path / "request").read_bytes())]


@pytest.mark.parametrize("rule", [REQUIRED, AVAILABLE])
def test_partner_that_we_connect_to(lab_with, pki, responder, rule):
    edge = edge_of(pki.fabrikam, responder.url)
    responder.knows(edge, GOOD)
    lab = lab_with(rule)
    server = lab.serve(edge)
    lab.gateway.partners["fabrikam"]["locate"] = {"fixed": [f"edge.fabrikam.example:{server.port}"]}
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    crosses(lab, lab.from_inside(), server, ALICE, BOB)
    responder.knows(edge, ocsp.REVOKED)
    assert lab.gateway.reload()["event"] == "policy-loaded"
    for connection in list(server.connections):
        connection.expect_end()
    connection, call_id = send_message(lab, BOB)
    assert_refusal(lab, connection, call_id, 504, REVOKED)


def test_session_that_lives_is_closed_when_its_certificate_is_revoked(lab_with, pki, responder):
    """After what is in flight; the other partner notices nothing."""
    edge = edge_of(pki.fabrikam, responder.url)
    responder.knows(edge, GOOD)
    lab = lab_with(AVAILABLE)
    outside, contoso = lab.from_outside(edge), lab.from_outside(lab.pki.contoso_edge)
    crosses(lab, outside)
    outside.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id="in-flight"))
    arrived = lab.inside.expect_request("MESSAGE", call_id="in-flight")
    responder.knows(edge, ocsp.REVOKED)
    assert lab.gateway.reload()["event"] == "policy-loaded"
    arrived.answer(200)
    outside.expect_status(200, call_id="in-flight")
    outside.expect_end()
    assert lab.gateway.audit.wait_for(event="session-closed", peer=outside.local)["reason"] == REVOKED
    crosses(lab, contoso, sender=CAROL)


def test_newer_answer_is_fetched_in_time(lab_with, pki, web):
    """Nobody reloads: the answer is short-lived, the next one revokes."""
    edge = edge_of(pki.fabrikam, web.url("/ocsp"))
    ends = certificates.now() + certificates.datetime.timedelta(seconds=7)
    web.pages["/ocsp"] = ocsp.answer(pki.fabrikam, edge, GOOD, this_update=certificates.now(), next_update=ends)
    lab = lab_with()
    outside = lab.from_outside(edge)
    crosses(lab, outside)
    web.pages["/ocsp"] = ocsp.answer(pki.fabrikam, edge, ocsp.REVOKED)
    outside.expect_end(15)
    assert lab.gateway.audit.wait_for(event="session-closed", peer=outside.local)["reason"] == REVOKED
    assert len(web.asked) == 2


# ---- with an intermediate, and together with CRLs ----

@pytest.mark.parametrize("case, rule", [
    ("both-good", REQUIRED), ("leaf-revoked", AVAILABLE), ("ca-revoked", AVAILABLE), ("ca-names-none", REQUIRED),
    ("ca-names-none", AVAILABLE), ("ca-on-a-list", REQUIRED)])
def test_intermediate(lab_with, pki, cleanup, tmp_path, case, rule):
    """Each certificate of the path is asked for; of a CA a list will do."""
    above = ocsp.Responder(pki.fabrikam, tmp_path)
    cleanup.callback(above.close)
    names = [] if case in ("ca-names-none", "ca-on-a-list") else [ocsp.responder_at(above.url)]
    ca = pki.fabrikam.intermediate("Fabrikam CA", extensions=names)
    below = ocsp.Responder(ca, tmp_path)
    cleanup.callback(below.close)
    edge = edge_of(ca, below.url)
    above.knows(ca, ocsp.REVOKED if case == "ca-revoked" else GOOD)
    below.knows(edge, ocsp.REVOKED if case == "leaf-revoked" else GOOD)
    (tmp_path / "root.crl").write_bytes(pki.fabrikam.crl())
    lab = lab_with(rule, **({"crls": [str(tmp_path / "root.crl")]} if case == "ca-on-a-list" else {}))
    if case.endswith("revoked"):
        refused(lab, edge, REVOKED)
    elif case == "ca-names-none" and rule == REQUIRED:
        refused(lab, edge, UNKNOWN)
    else:
        crosses(lab, lab.from_outside(edge))


@pytest.mark.parametrize("listed", ["delegate", "leaf", "nobody"])
@pytest.mark.parametrize("no_check", [False, True], ids=["checked", "no-check"])
def test_lists_beside_it(lab_with, pki, tmp_path, cleanup, listed, no_check):
    """A delegate that its CA has put on a list is not believed, unless the CA wants it unchecked; and a list revokes
    whatever a responder says."""
    delegate = ocsp.delegate_of(pki.fabrikam, no_check=no_check)
    responder = ocsp.Responder(pki.fabrikam, tmp_path, delegate)
    cleanup.callback(responder.close)
    edge = edge_of(pki.fabrikam, responder.url)
    responder.knows(edge, GOOD)
    (tmp_path / "root.crl").write_bytes(pki.fabrikam.crl(*{"delegate": [delegate], "leaf": [edge], "nobody": []}[listed]))
    lab = lab_with(REQUIRED, crls=[str(tmp_path / "root.crl")])
    if listed == "leaf":
        refused(lab, edge, REVOKED)
    elif listed == "delegate" and not no_check:
        assert "the certificate of its OCSP responder is revoked" in refused(lab, edge, UNKNOWN)["detail"]
    else:
        crosses(lab, lab.from_outside(edge))


def test_an_answer_stands_in_for_a_list(lab_with, pki, responder, web):
    """`revocation: required` wants either."""
    edge = edge_of(pki.fabrikam, responder.url, points(web.url("/missing.crl")))
    other = edge_of(pki.fabrikam, responder.url, points(web.url("/there.crl")))
    web.pages["/there.crl"] = DER(pki.fabrikam.crl())
    responder.knows(edge, GOOD)
    lab = lab_with(AVAILABLE, crls=["from-certificate"], revocation=REQUIRED)
    crosses(lab, lab.from_outside(edge))
    crosses(lab, lab.from_outside(other))
    refused(lab, edge_of(pki.fabrikam, responder.url, points(web.url("/missing.crl"))), UNKNOWN)


@pytest.mark.parametrize("status", [GOOD, ocsp.REVOKED], ids=["good", "revoked"])
def test_own_servers(make_lab, pki, tmp_path, cleanup, status):
    responder = ocsp.Responder(pki.enterprise, tmp_path)
    cleanup.callback(responder.close)
    server = pki.enterprise.leaf(dns=["fe2.corp.example"], extra=[ocsp.responder_at(responder.url)])
    responder.knows(server, status)
    lab = make_lab(settings={"internal": {"ocsp": AVAILABLE}, "fetch": FETCH})
    if status == GOOD:
        crosses(lab, lab.from_inside(server), lab.fabrikam, ALICE, BOB)
        return
    alive, local = session_outcome(lab.gateway.internal_port, server)
    assert not alive
    assert_refused(lab, "internal", local, REVOKED)
