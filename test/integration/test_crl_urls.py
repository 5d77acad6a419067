# SPDX-License-Identifier: GPL-2.0-or-later
"""CRLs that fedgate fetches: by the URLs of a partner file, and by those that a certificate names."""

import pytest
from cryptography import x509

from lib import pki as certificates, wait
from lib.lab import ALICE
from lib.web import Web
from test_refusals_inbound import assert_refused, session_outcome
from test_reload import crosses

REVOKED, UNKNOWN = "certificate-revoked", "revocation-unknown"
FETCH = {"allow-private": True, "timeout": "1s"}


@pytest.fixture
def web():
    web = Web()
    yield web
    web.close()


def points(url):
    return x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)])


@pytest.fixture
def with_url(make_lab, pki, web):
    """Fabrikam's CRL is at a URL."""
    def make(content, rule="required", crls=None, **fetch):
        web.pages["/root.crl"] = content
        return make_lab(partners={"fabrikam": {"crls": crls or [web.url("/root.crl")], "revocation": rule}},
                        settings={"fetch": {**FETCH, **fetch}})
    return make


def refused(lab, identity, reason):
    alive, local = session_outcome(lab.gateway.external_port, identity)
    assert not alive
    return assert_refused(lab, "external", local, reason)


@pytest.mark.parametrize("form", ["pem", "der"])
def test_listed_url(with_url, pki, web, form):
    content = pki.fabrikam.crl()
    lab = with_url(content if form == "pem" else certificates.crl_in_der(content))
    crosses(lab, lab.from_outside())
    assert "/root.crl" in web.asked
    web.pages["/root.crl"] = pki.fabrikam.crl(pki.fabrikam_edge, number=2)
    outside = lab.from_outside()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    outside.expect_end()
    refused(lab, pki.fabrikam_edge, REVOKED)


@pytest.mark.parametrize("rule", ["required", "if-available"])
def test_server_that_is_down(with_url, pki, web, rule):
    lab = with_url(None, rule)
    if rule == "required":
        event = refused(lab, pki.fabrikam_edge, UNKNOWN)
        assert "cannot be fetched" in event["detail"]
    else:
        crosses(lab, lab.from_outside())


def test_from_certificate(make_lab, pki, web):
    edge = pki.fabrikam.leaf(dns=["fabrikam.example"], extra=[(points(web.url("/leaf.crl")), False)])
    web.pages["/leaf.crl"] = certificates.crl_in_der(pki.fabrikam.crl())
    lab = make_lab(partners={"fabrikam": {"crls": ["from-certificate"], "revocation": "required"}}, settings={"fetch": FETCH})
    crosses(lab, lab.from_outside(edge))
    assert web.asked.count("/leaf.crl") == 1
    other = pki.fabrikam.leaf(dns=["fabrikam.example"], extra=[(points(web.url("/other.crl")), False)])
    web.pages["/other.crl"] = certificates.crl_in_der(pki.fabrikam.crl(other, number=9))
    refused(lab, other, REVOKED)
