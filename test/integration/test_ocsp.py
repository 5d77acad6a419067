# SPDX-License-Identifier: GPL-2.0-or-later
"""OCSP: what the responder that a certificate names says of it, at the handshake."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from lib import pki as certificates
from lib.web import Web
from test_crl_urls import FETCH, REVOKED, UNKNOWN, refused
from test_reload import crosses


@pytest.fixture
def web():
    web = Web()
    yield web
    web.close()


def responder_at(url):
    return x509.AuthorityInformationAccess([x509.AccessDescription(
        x509.oid.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))])


def answer(authority, identity, status, **options):
    """The octets of an answer about an identity, signed by its CA unless `signer` is given."""
    now = certificates.now()
    signer = options.get("signer", authority)
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=identity.certificate, issuer=authority.certificate, algorithm=hashes.SHA1(), cert_status=status,
        this_update=options.get("this_update", now), next_update=options.get("next_update", now + certificates.days(1)),
        revocation_time=now - certificates.days(1) if status == ocsp.OCSPCertStatus.REVOKED else None,
        revocation_reason=None).responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.fixture
def lab_with(make_lab, pki, web):
    """Fabrikam under this rule for OCSP, and its edge with a responder."""
    def make(rule):
        lab = make_lab(partners={"fabrikam": {"ocsp": rule, "revocation": "off"}}, settings={"fetch": FETCH})
        lab.edge = pki.fabrikam.leaf(dns=["fabrikam.example"], extra=[(responder_at(web.url("/ocsp")), False)])
        return lab
    return make


@pytest.mark.parametrize("rule", ["if-available", "required"])
def test_good(lab_with, pki, web, rule):
    lab = lab_with(rule)
    web.pages["/ocsp"] = answer(pki.fabrikam, lab.edge, ocsp.OCSPCertStatus.GOOD)
    crosses(lab, lab.from_outside(lab.edge))
    assert web.asked == ["/ocsp"]


@pytest.mark.parametrize("rule", ["if-available", "required"])
def test_revoked(lab_with, pki, web, rule):
    lab = lab_with(rule)
    web.pages["/ocsp"] = answer(pki.fabrikam, lab.edge, ocsp.OCSPCertStatus.REVOKED)
    refused(lab, lab.edge, REVOKED)


@pytest.mark.parametrize("rule", ["if-available", "required"])
def test_unauthorised(lab_with, pki, web, rule):
    lab = lab_with(rule)
    web.pages["/ocsp"] = answer(pki.fabrikam, lab.edge, ocsp.OCSPCertStatus.GOOD, signer=pki.contoso)
    if rule == "required":
        refused(lab, lab.edge, UNKNOWN)
    else:
        crosses(lab, lab.from_outside(lab.edge))
