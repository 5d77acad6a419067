# SPDX-License-Identifier: GPL-2.0-or-later
"""CRLs that fedgate fetches: by the URLs of a partner file, and by those that a certificate names. Each row of the matrix
is a partner of its own with a URL of its own, so that one gateway faces all of them at once. What becomes of them over
time is asked by test_fetching.py."""

from dataclasses import dataclass

import pytest
from cryptography import x509

from lib import pki as certificates, ports, wait, web as pages
from lib.web import Web
from test_refusals_inbound import assert_refused, session_outcome
from test_reload import crosses
from test_revocation import AVAILABLE, OK, REQUIRED, REVOKED, UNKNOWN, World, past

FETCH = {"allow-private": True, "timeout": "1s", "size": "64KiB"}
DER = certificates.crl_in_der


def points(*urls):
    return (x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
                                        for url in urls]), False)


def refused(lab, identity, reason):
    alive, local = session_outcome(lab.gateway.external_port, identity)
    assert not alive
    return assert_refused(lab, "external", local, reason)


@dataclass
class Row:
    name: str
    served: object  # World -> a page for each URL
    rule: str
    reason: str
    logged: str = None  # of the fetch in gateway.log; None: it went well
    edge: str = "flat"  # flat, deep

    @property
    def domain(self):
        return f"{self.name}.example"


def one(page):
    return lambda world: [page]


def many_redirects(world):
    """A chain of three is followed to its end."""
    last = DER(world.root.crl())
    world.web.pages.update({f"/hop-1/{world.name}": pages.redirects(f"/hop-2/{world.name}", 301),
                            f"/hop-2/{world.name}": pages.redirects(world.web.url(f"/hop-3/{world.name}"), 307),
                            f"/hop-3/{world.name}": last})
    return [pages.redirects(f"/hop-1/{world.name}")]


def loop(world):
    return [pages.redirects(f"/{world.name}/0.crl")]


CANNOT, REFUSED = "what came cannot be used", "the server refused"
NO_ANSWER = "there was no answer"
ROWS = [
    Row("sound-pem", lambda w: [w.root.crl()], REQUIRED, OK),
    Row("sound-der", lambda w: [DER(w.root.crl())], REQUIRED, OK),
    Row("leaf", lambda w: [DER(w.root.crl(w.flat))], REQUIRED, REVOKED),
    Row("leaf-available", lambda w: [DER(w.root.crl(w.flat))], AVAILABLE, REVOKED),
    Row("leaf-in-the-second", lambda w: [w.stranger.crl(), w.root.crl(w.flat)], AVAILABLE, REVOKED),
    Row("deep", lambda w: [w.root.crl(), w.ca.crl()], REQUIRED, OK, edge="deep"),
    Row("deep-leaf", lambda w: [w.root.crl(), w.ca.crl(w.deep)], REQUIRED, REVOKED, edge="deep"),
    Row("intermediate", lambda w: [w.root.crl(w.ca), w.ca.crl()], REQUIRED, REVOKED, edge="deep"),
    Row("intermediate-available", lambda w: [w.root.crl(w.ca)], AVAILABLE, REVOKED, edge="deep"),
    Row("root-alone", lambda w: [w.root.crl()], REQUIRED, UNKNOWN, edge="deep"),
    Row("stale", lambda w: [w.root.crl(**past())], REQUIRED, UNKNOWN),
    Row("stale-available", lambda w: [w.root.crl(**past())], AVAILABLE, OK),
    Row("stale-but-lists", lambda w: [w.root.crl(w.flat, **past())], AVAILABLE, REVOKED),
    Row("forged", lambda w: [w.root.crl(signer=w.stranger)], REQUIRED, UNKNOWN),
    Row("forged-available", lambda w: [w.root.crl(w.flat, signer=w.stranger)], AVAILABLE, OK),
    Row("other-ca", lambda w: [w.stranger.crl()], REQUIRED, UNKNOWN),
    Row("other-ca-available", lambda w: [w.stranger.crl(w.flat)], AVAILABLE, OK),
    Row("delta", lambda w: [w.root.crl(extra=[certificates.DELTA])], REQUIRED, UNKNOWN, "it is a delta CRL, which counts only as a file"),
    Row("delta-available", lambda w: [w.root.crl(extra=[certificates.DELTA])], AVAILABLE, OK, "it is a delta CRL"),
    Row("critical", lambda w: [w.root.crl(extra=[certificates.UNKNOWN_CRITICAL])], REQUIRED, UNKNOWN, "critical"),
    Row("critical-available", lambda w: [w.root.crl(w.flat, extra=[certificates.UNKNOWN_CRITICAL])], AVAILABLE, OK,
        "critical"),
    Row("missing", one(None), REQUIRED, UNKNOWN, "HTTP status 404"),
    Row("missing-available", one(None), AVAILABLE, OK, "HTTP status 404"),
    Row("trouble", one(pages.refuses(500)), REQUIRED, UNKNOWN, "HTTP status 500"),
    Row("trouble-with-a-body", lambda w: [lambda handler: handler.answer(503, DER(w.root.crl()))], REQUIRED, UNKNOWN,
        "HTTP status 503"),
    Row("hangs", one(pages.hangs), REQUIRED, UNKNOWN, "no whole answer within fetch.timeout"),
    Row("hangs-available", one(pages.hangs), AVAILABLE, OK, "no whole answer within fetch.timeout"),
    Row("drips", one(pages.drips), REQUIRED, UNKNOWN, "no whole answer within fetch.timeout"),
    Row("huge", one(bytes(65537)), REQUIRED, UNKNOWN, "larger than fetch.size"),
    Row("never-ends", one(pages.never_ends), REQUIRED, UNKNOWN, "larger than fetch.size"),
    Row("never-ends-available", one(pages.never_ends), AVAILABLE, OK, "larger than fetch.size"),
    Row("stops-short", lambda w: [pages.stops_short(DER(w.root.crl()))], REQUIRED, UNKNOWN, NO_ANSWER),
    Row("no-http", one(pages.no_http), REQUIRED, UNKNOWN, NO_ANSWER),
    Row("empty", one(b""), REQUIRED, UNKNOWN, CANNOT),
    Row("a-page-for-people", one(b"<html>It works!</html>"), REQUIRED, UNKNOWN, CANNOT),
    Row("a-certificate", lambda w: [open(w.root.file, "rb").read()], REQUIRED, UNKNOWN, CANNOT),
    Row("cut", lambda w: [DER(w.root.crl())[:-1]], REQUIRED, UNKNOWN, CANNOT),
    Row("two-in-one", lambda w: [DER(w.root.crl()) * 2], REQUIRED, UNKNOWN, CANNOT),
    Row("redirects", many_redirects, REQUIRED, OK),
    Row("redirects-for-ever", loop, REQUIRED, UNKNOWN, "the server redirects too often"),
    Row("redirects-nowhere", one(pages.redirects(None)), REQUIRED, UNKNOWN, "no http or https URL"),
    Row("redirects-to-a-file", one(pages.redirects("file:///etc/hostname")), REQUIRED, UNKNOWN, "no http or https URL"),
    Row("redirects-to-another-scheme", one(pages.redirects("gopher://127.0.0.1:70/")), REQUIRED, UNKNOWN,
        "no http or https URL"),
]


@pytest.fixture(scope="module")
def lab(make_shared_lab, pki):
    web, partners, worlds = Web(), {}, {}
    for row in ROWS:
        world = worlds[row.name] = World(row.domain, pki.folder)
        world.web, world.name = web, row.name
        urls = []
        for number, page in enumerate(row.served(world)):
            urls.append(web.url(f"/{row.name}/{number}.crl"))
            web.pages[f"/{row.name}/{number}.crl"] = page
        partners[row.name] = {"domains": [row.domain], "roots": [world.root.file], "crls": urls,
                              "revocation": row.rule, "locate": {"fixed": [f"edge.{row.domain}:5061"]}}
    lab = make_shared_lab(partners=partners, settings={"fetch": FETCH})
    lab.identities = {row.name: getattr(worlds[row.name], row.edge) for row in ROWS}
    yield lab
    web.close()


def fetches(lab, row):
    """The lines of gateway.log about this row's URLs."""
    return [line for line in lab.gateway.log_file.read_text().splitlines()
            if f"/{row.name}/" in line and "event=revocation-fetch" in line]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_partner_that_connects(lab, row):
    wait.until(lambda: fetches(lab, row), 20, "a fetch", interval=0.05)
    alive, local = session_outcome(lab.gateway.external_port, lab.identities[row.name])
    assert alive == (row.reason == OK)
    if alive:
        event = lab.gateway.audit.wait_for(event="session-accepted", peer=local)
        assert event["partner"] == row.name
        assert ("revocation unknown" in event["detail"]) == (row.rule == AVAILABLE), event
    else:
        event = assert_refused(lab, "external", local, row.reason)
        assert event["partner"] == row.name and "of its issuer" in event["detail"], event
    lines = fetches(lab, row)
    if row.logged is None:
        assert all("event=revocation-fetched " in line for line in lines), lines
    else:
        assert "event=revocation-fetch-failed " in lines[-1] and row.logged in lines[-1], lines


def test_others_notice_nothing(lab):
    """All of those who cannot be asked, and the usual two partners beside them."""
    lab.assert_serves()
    crosses(lab, lab.from_outside(lab.pki.contoso_edge), sender="sip:carol@contoso.example")


# ---- what the certificate names ----

@pytest.fixture
def from_certificate(make_lab, pki, web):
    """Fabrikam's certificates say where their CRLs are."""
    def make(rule=REQUIRED):
        return make_lab(partners={"fabrikam": {"crls": ["from-certificate"], "revocation": rule}},
                        settings={"fetch": FETCH})
    return make


def edge_of(authority, *urls):
    return authority.leaf(dns=["fabrikam.example"], extra=[points(*urls)])


def test_from_certificate(from_certificate, pki, web):
    edge, other = (edge_of(pki.fabrikam, web.url(f"/{name}.crl")) for name in ("edge", "other"))
    web.pages["/edge.crl"] = DER(pki.fabrikam.crl())
    web.pages["/other.crl"] = DER(pki.fabrikam.crl(other, number=9))
    lab = from_certificate()
    assert not web.asked
    crosses(lab, lab.from_outside(edge))
    assert web.asked == ["/edge.crl"]
    crosses(lab, lab.from_outside(edge))
    refused(lab, other, REVOKED)
    refused(lab, other, REVOKED)
    assert web.asked == ["/edge.crl", "/other.crl"], "each is fetched once"


@pytest.mark.parametrize("revoked", ["nobody", "leaf", "intermediate"])
def test_from_both_certificates_of_a_path(from_certificate, pki, web, revoked):
    ca = pki.fabrikam.intermediate("Fabrikam CA", extensions=[points(web.url("/root.crl"))])
    edge = edge_of(ca, web.url("/ca.crl"))
    web.pages["/root.crl"] = DER(pki.fabrikam.crl(*[ca] * (revoked == "intermediate")))
    web.pages["/ca.crl"] = DER(ca.crl(*[edge] * (revoked == "leaf")))
    lab = from_certificate(AVAILABLE if revoked != "nobody" else REQUIRED)
    if revoked == "nobody":
        crosses(lab, lab.from_outside(edge))
        assert sorted(web.asked) == ["/ca.crl", "/root.crl"]
    else:
        refused(lab, edge, REVOKED)


@pytest.mark.parametrize("rule", [REQUIRED, AVAILABLE])
@pytest.mark.parametrize("case", ["names-none", "other-schemes", "cannot-be-fetched", "speaks-of-another-point"])
def test_from_certificate_without_an_answer(from_certificate, pki, web, rule, case):
    urls = {"names-none": [], "other-schemes": ["ldap://127.0.0.1/cn=x", "file:///etc/hostname"],
            "cannot-be-fetched": [web.url("/missing.crl"), f"http://127.0.0.1:{ports.free_port()}/"],
            "speaks-of-another-point": [web.url("/mine.crl")]}[case]
    other_point = (x509.IssuingDistributionPoint([x509.UniformResourceIdentifier(web.url("/yours.crl"))], None, False,
                                                 False, None, False, False), True)
    web.pages["/mine.crl"] = DER(pki.fabrikam.crl(extra=[other_point]))
    edge = edge_of(pki.fabrikam, *urls) if urls else pki.fabrikam_edge
    lab = from_certificate(rule)
    if rule == REQUIRED:
        refused(lab, edge, UNKNOWN)
    else:
        crosses(lab, lab.from_outside(edge))
