# SPDX-License-Identifier: GPL-2.0-or-later
"""OCSP responders: openssl's own, out of an index file; and answers made to order, for what openssl would not say."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from . import pki as certificates, ports, wait
from .process import Process

GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN
TRY_LATER = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(
    serialization.Encoding.DER)


def responder_at(url):
    """The extension of a certificate that names its responder."""
    return (x509.AuthorityInformationAccess([x509.AccessDescription(
        x509.oid.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))]), False)


def delegate_of(authority, *, usages=("ocsp",), no_check=True, **options):
    """An identity that answers for an authority."""
    extra = [(x509.OCSPNoCheck(), False)] if no_check else []
    return authority.leaf(cn="Responder", usages=usages, extra=extra, **options)


class Responder:
    """`openssl ocsp`. Starts, and starts anew, with each thing that it is told, since it reads its index only then."""

    def __init__(self, authority, folder, signer=None, options=("-ndays", "1")):
        self.folder, self.port = folder, ports.free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.index = folder / f"index-{self.port}.txt"
        self.entries, self.process = {}, None
        signer = signer or authority
        self.command = ["openssl", "ocsp", "-port", self.port, "-index", self.index, "-CA", authority.file,
                        "-rsigner", signer.certificate_file, "-rkey", signer.key_file, *options]

    def start(self):
        self.close()
        self.index.write_text("".join(self.entries.values()))
        self.process = Process(self.command, self.folder, f"ocsp-{self.port}")
        try:
            wait.until(lambda: ports.listens(self.port), 10, lambda: f"a responder; it says {self.process.errors()}")
        except wait.TimedOut:
            self.close()
            raise

    def knows(self, identity, status, start=True):
        serial = f"{identity.certificate.serial_number:X}"
        serial = "0" * (len(serial) % 2) + serial
        letter, since = ("R", "250101000000Z,keyCompromise") if status == REVOKED else ("V", "")
        self.entries[serial] = f"{letter}\t491231235959Z\t{since}\t{serial}\tunknown\t/CN={serial}\n"
        if start:
            self.start()

    def close(self):
        if self.process is not None:
            self.process.kill()


def answer(authority, identity, status, *, signer=None, this_update=None, next_update=None, carried=()):
    """The octets of an answer about an identity, signed by its CA unless `signer` is given, with these certificates.
    `next_update` False: none."""
    now = certificates.now()
    signer = signer or authority
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=identity.certificate, issuer=authority.certificate, algorithm=hashes.SHA1(), cert_status=status,
        this_update=this_update or now - certificates.days(1) / 24,
        next_update=None if next_update is False else next_update or now + certificates.days(1),
        revocation_time=now - certificates.days(1) if status == REVOKED else None,
        revocation_reason=None).responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    if carried:
        builder = builder.certificates(carried)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
