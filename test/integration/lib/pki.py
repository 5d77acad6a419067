# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates made to order: roots, intermediates and leaves, sound ones and every kind of wrong one."""

import datetime
import itertools
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

SIP_DOMAIN = ObjectIdentifier("1.3.6.1.5.5.7.3.20")  # RFC 5924
USAGES = {
    "client": ExtendedKeyUsageOID.CLIENT_AUTH,
    "server": ExtendedKeyUsageOID.SERVER_AUTH,
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "code": ExtendedKeyUsageOID.CODE_SIGNING,
    "ocsp": ExtendedKeyUsageOID.OCSP_SIGNING,
    "sip": SIP_DOMAIN,
}
BOTH = ("server", "client")
_KEY_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)
_PEM = serialization.Encoding.PEM
_DER = serialization.Encoding.DER
_serials = itertools.count(1000)


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


def days(count):
    return datetime.timedelta(days=count)


def key_usage(*names):
    return x509.KeyUsage(**{name: name in names for name in _KEY_USAGES})


def new_key(kind="p256"):
    if kind.startswith("rsa"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[3:]))
    return ec.generate_private_key({"p256": ec.SECP256R1(), "p384": ec.SECP384R1()}[kind])


def public_der(key):
    return key.public_key().public_bytes(_DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True)
class Identity:
    """A certificate with its key and the chain that a peer presents: leaf first."""

    certificate: x509.Certificate
    key: object
    chain: tuple  # what is presented after the leaf
    folder: Path
    label: str

    def _file(self, suffix, content):
        path = self.folder / f"{self.label}{suffix}"
        if not path.exists():
            path.write_bytes(content)
            path.chmod(0o600)
        return str(path)

    @property
    def chain_file(self):
        pem = b"".join(c.public_bytes(_PEM) for c in (self.certificate, *self.chain))
        return self._file(".pem", pem)

    @property
    def key_file(self):
        return self._file(".key", self.key.private_bytes(
            _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))

    @property
    def certificate_file(self):
        """Without its chain."""
        return self._file(".crt", self.certificate.public_bytes(_PEM))

    @property
    def pin(self):
        import base64
        import hashlib
        return "sha256:" + base64.b64encode(hashlib.sha256(public_der(self.key)).digest()).decode()

    def presenting(self, *chain):
        """The same leaf with another chain behind it."""
        return replace(self, chain=tuple(chain), label=f"{self.label}-chain{next(_serials)}")


@dataclass
class Authority:
    """A CA: a root, or an intermediate when it has a parent."""

    certificate: x509.Certificate
    key: object
    folder: Path
    parent: "Authority" = None
    signature_hash: object = field(default_factory=hashes.SHA256)

    @property
    def file(self):
        path = self.folder / f"ca-{self.certificate.serial_number}.pem"
        if not path.exists():
            path.write_bytes(self.certificate.public_bytes(_PEM))
        return str(path)

    certificate_file = file

    @property
    def key_file(self):
        return Identity(self.certificate, self.key, (), self.folder, f"ca-{self.certificate.serial_number}").key_file

    def chain(self):
        """The intermediates from this authority up, without the root."""
        return () if self.parent is None else (self.certificate, *self.parent.chain())

    def intermediate(self, name, **options):
        key = new_key(options.pop("key", "p256"))
        certificate = _build(name, key, self, authority=True, **options)
        return Authority(certificate, key, self.folder, parent=self)

    def leaf(self, *, dns=(), uris=(), cn=None, usages=BOTH, key="p256", usage=("digital_signature",),
             signature_hash=None, not_before=None, not_after=None, extra=()):
        """A leaf certificate. `usages` None: no extendedKeyUsage; `usage` None: no keyUsage."""
        own_key = new_key(key) if isinstance(key, str) else key
        names = [x509.DNSName(n) for n in dns] + [x509.UniformResourceIdentifier(u) for u in uris]
        extensions = list(extra)
        if names:
            extensions.append((x509.SubjectAlternativeName(names), cn is None))
        if usages is not None:
            extensions.append((x509.ExtendedKeyUsage([USAGES[u] for u in usages]), False))
        if usage is not None:
            extensions.append((key_usage(*usage), True))
        certificate = _build(cn, own_key, self, authority=False, extensions=extensions,
                             not_before=not_before, not_after=not_after, signature_hash=signature_hash)
        label = f"leaf-{certificate.serial_number}"
        return Identity(certificate, own_key, self.chain(), self.folder, label)

    def crl(self, *revoked, this_update=None, next_update=None, number=1, signer=None, extra=()):
        """A CRL in PEM that lists the certificates of `revoked`: identities or authorities. `signer`: whose key is used
        instead of ours; `extra`: further extensions, each with its criticality."""
        identifier = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(this_update or now() - days(1))
            .next_update(next_update or now() + days(100))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False)
            .add_extension(x509.CRLNumber(number), False)
        )
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical)
        for holder in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(holder.certificate.serial_number)
                .revocation_date(now() - days(1)).build())
        return builder.sign((signer or self).key, self.signature_hash).public_bytes(_PEM)

    def clone_with_other_key(self):
        """The same certificate, subject, key identifier and signature octets and all, but with our own key in it:
        what a forger makes of a public root (CVE-2026-93302 of wolfSSL)."""
        key = new_key()
        der = self.certificate.public_bytes(_DER)
        old, new = public_der(self.key), public_der(key)
        assert der.count(old) == 1 and len(old) == len(new)
        certificate = x509.load_der_x509_certificate(der.replace(old, new))
        return Authority(certificate, key, self.folder, parent=None)


def crl_in_der(pem):
    return x509.load_pem_x509_crl(pem).public_bytes(_DER)


DELTA = (x509.DeltaCRLIndicator(1), True)
UNKNOWN_CRITICAL = (x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)


def root(name, folder, **options):
    key = new_key(options.pop("key", "p256"))
    certificate = _build(name, key, None, authority=True, **options)
    return Authority(certificate, key, Path(folder))


def self_signed(domain, folder):
    """A leaf that vouches for itself."""
    key = new_key()
    names = x509.SubjectAlternativeName([x509.DNSName(domain)])
    certificate = _build(domain, key, None, authority=False, extensions=[
        (names, False), (x509.ExtendedKeyUsage([USAGES[u] for u in BOTH]), False),
        (key_usage("digital_signature"), True)])
    return Identity(certificate, key, (), Path(folder), f"leaf-{certificate.serial_number}")


def _build(name, key, issuer, *, authority, path_length=None, not_before=None, not_after=None, extensions=(),
           constraints=True, ca_usage=("key_cert_sign", "crl_sign"), signature_hash=None):
    subject = x509.Name([] if name is None else [x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = key if issuer is None else issuer.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(next(_serials) + (id(key) << 20))
        .not_valid_before(not_before or now() - days(2))
        .not_valid_after(not_after or now() + days(365))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )
    if issuer is not None:
        identifier = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False)
    if authority and constraints:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), True)
    if authority and ca_usage:
        builder = builder.add_extension(key_usage(*ca_usage), True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, signature_hash or hashes.SHA256())


class Organisations:
    """The certificates of the lab: our enterprise, the public CA of our outer name, and two partners."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.enterprise = root("Corp Enterprise Root", folder)
        self.public = root("Public Root", folder)
        self.fabrikam = root("Fabrikam Root", folder)
        self.contoso = root("Contoso Root", folder)
        self.stranger = root("Stranger Root", folder)

        self.gateway_internal = self.enterprise.leaf(dns=["edge.corp.example"])
        self.gateway_external = self.public.leaf(dns=["sip.corp.example", "corp.example"])
        self.fe1 = self.enterprise.leaf(dns=["fe1.corp.example"])
        self.fe2 = self.enterprise.leaf(dns=["fe2.corp.example"])
        self.fabrikam_edge = self.fabrikam.leaf(dns=["fabrikam.example", "edge.fabrikam.example"])
        self.contoso_edge = self.contoso.leaf(dns=["contoso.example", "edge.contoso.example"])
