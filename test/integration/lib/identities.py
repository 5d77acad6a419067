# SPDX-License-Identifier: GPL-2.0-or-later
"""The certificates of the matrix of refusals, and sound ones beside them that must pass: the same rows for peers that
connect and for peers that are connected to, for any partner and domain."""

from dataclasses import dataclass
from typing import Callable

from . import pki
from .pki import days, now, x509

NOT_A_CA = ("untrusted-chain", "wrong-key-usage")  # whether the search calls it no path, or a wrong one
NO_CA_AND_SAYS_SO = ("malformed-certificate", *NOT_A_CA)  # keyCertSign without cA contradicts RFC 5280 4.2.1.3


@dataclass(frozen=True)
class Row:
    name: str
    build: Callable  # (root of the partner, its domain, organisations) -> Identity
    reason: object   # a token, or a tuple of which any may stand; "ok" for the sound ones
    as_client: bool = True
    as_server: bool = True

    def __str__(self):
        return self.name


def _other(organisations, root):
    """The root of another partner than the one under test."""
    return organisations.contoso if root is not organisations.contoso else organisations.fabrikam


def _clone(root, domain, organisations):
    forged = root.clone_with_other_key()
    return forged.leaf(dns=[domain]).presenting(forged.certificate)


def _clone_of_intermediate(root, domain, organisations):
    sound = root.intermediate("Issuing CA")
    forged = sound.clone_with_other_key()
    return forged.leaf(dns=[domain]).presenting(forged.certificate)


def _issued_by_leaf(root, domain, usage=("digital_signature",)):
    leaf = root.leaf(cn="www.evil.example", dns=["www.evil.example"], usage=usage)
    fake = pki.Authority(leaf.certificate, leaf.key, root.folder, parent=root)
    return fake.leaf(dns=[domain])


def _constrained(root, domain, organisations):
    limits = x509.NameConstraints(permitted_subtrees=[x509.DNSName("elsewhere.example")], excluded_subtrees=None)
    return root.intermediate("Constrained CA", extensions=[(limits, True)]).leaf(dns=[domain])


def _self_signed(root, domain, organisations):
    return pki.self_signed(domain, root.folder)


_CODE_SIGNING = x509.ExtendedKeyUsage([pki.USAGES["code"]])


def _unknown_critical(root, domain, organisations):
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    return root.leaf(dns=[domain], extra=[(extension, True)])


WRONG = [
    Row("unknown-ca", lambda r, d, o: o.stranger.leaf(dns=[d]), "untrusted-chain"),
    Row("self-signed", _self_signed, "untrusted-chain"),
    Row("root-cloned-with-another-key", _clone, "untrusted-chain"),
    Row("intermediate-cloned-with-another-key", _clone_of_intermediate, "untrusted-chain"),
    Row("intermediate-not-sent", lambda r, d, o: r.intermediate("Unsent CA").leaf(dns=[d]).presenting(),
        "untrusted-chain"),
    Row("issued-by-a-leaf", lambda r, d, o: _issued_by_leaf(r, d), NOT_A_CA),
    Row("issued-by-a-leaf-that-may-sign",
        lambda r, d, o: _issued_by_leaf(r, d, ("digital_signature", "key_cert_sign")), NO_CA_AND_SAYS_SO),
    Row("intermediate-without-basic-constraints",
        lambda r, d, o: r.intermediate("No BC", constraints=False, ca_usage=()).leaf(dns=[d]), NOT_A_CA),
    Row("intermediate-without-basic-constraints-that-may-sign",
        lambda r, d, o: r.intermediate("No BC", constraints=False).leaf(dns=[d]), NO_CA_AND_SAYS_SO),
    Row("intermediate-may-not-sign", lambda r, d, o: r.intermediate("No sign", ca_usage=("crl_sign",)).leaf(dns=[d]),
        "wrong-key-usage"),
    Row("path-too-long", lambda r, d, o: r.intermediate("Short", path_length=0).intermediate("Deep").leaf(dns=[d]),
        NOT_A_CA),
    Row("other-partners-ca-with-this-name", lambda r, d, o: _other(o, r).leaf(dns=[d]), "anchor-of-other-partner"),
    Row("expired", lambda r, d, o: r.leaf(dns=[d], not_after=now() - days(1)), "certificate-expired"),
    Row("expired-intermediate",
        lambda r, d, o: r.intermediate("Old CA", not_after=now() - days(1)).leaf(dns=[d]), "certificate-expired"),
    Row("not-yet-valid", lambda r, d, o: r.leaf(dns=[d], not_before=now() + days(1)), "certificate-not-yet-valid"),
    Row("client-eku-missing", lambda r, d, o: r.leaf(dns=[d], usages=("server",)), "wrong-key-usage",
        as_server=False),
    Row("server-eku-missing", lambda r, d, o: r.leaf(dns=[d], usages=("client",)), "wrong-key-usage",
        as_client=False),
    Row("code-signing-only", lambda r, d, o: r.leaf(dns=[d], usages=("code",)), "wrong-key-usage"),
    Row("sip-domain-eku-only", lambda r, d, o: r.leaf(dns=[d], usages=("sip",)), "wrong-key-usage"),
    Row("code-signing-intermediate",
        lambda r, d, o: r.intermediate("Code CA", extensions=[(_CODE_SIGNING, False)]).leaf(dns=[d]),
        "wrong-key-usage"),
    Row("no-digital-signature", lambda r, d, o: r.leaf(dns=[d], usage=("key_agreement",)), "wrong-key-usage"),
    Row("unknown-critical-extension", _unknown_critical,
        ("malformed-certificate", "untrusted-chain", "wrong-key-usage")),
    Row("name-constraint", _constrained, "name-constraint-violated"),
    Row("weak-key", lambda r, d, o: r.leaf(dns=[d], key="rsa1024"), "weak-certificate"),
    Row("sha1-signature", lambda r, d, o: r.leaf(dns=[d], signature_hash=pki.hashes.SHA1()), "weak-certificate"),
    Row("name-of-nobody", lambda r, d, o: r.leaf(dns=["nobody.example"]), "identity-mismatch"),
    Row("name-only-in-cn-beside-a-san", lambda r, d, o: r.leaf(cn=d, dns=["nobody.example"]), "identity-mismatch"),
    Row("wildcard", lambda r, d, o: r.leaf(dns=["*." + d.partition(".")[2]]), "identity-mismatch"),
    Row("wildcard-within", lambda r, d, o: r.leaf(dns=[d[0] + "*" + d[2:]]),
        ("identity-mismatch", "malformed-certificate")),
    Row("user-part-in-san-uri", lambda r, d, o: r.leaf(uris=[f"sip:bob@{d}"]), "identity-mismatch"),
    Row("sips-uri", lambda r, d, o: r.leaf(uris=[f"sips:{d}"]), "identity-mismatch"),
    Row("sip-uri-of-another-beside-the-dns-name",
        lambda r, d, o: r.leaf(uris=["sip:nobody.example"], dns=[d]), "identity-mismatch"),
    Row("suffix-look-alike", lambda r, d, o: r.leaf(dns=["evil" + d]), "identity-mismatch"),
    Row("prefix-look-alike", lambda r, d, o: r.leaf(dns=[d + ".evil.example"]), "identity-mismatch"),
    Row("subdomain", lambda r, d, o: r.leaf(dns=["sip." + d]), "identity-mismatch"),
    Row("parent-domain", lambda r, d, o: r.leaf(dns=[d.partition(".")[2]]), "identity-mismatch"),
    Row("nul-in-the-name", lambda r, d, o: r.leaf(dns=[d + "\x00.evil.example"]),
        ("identity-mismatch", "malformed-certificate")),
]

RIGHT = [
    Row("dns-name", lambda r, d, o: r.leaf(dns=[d]), "ok"),
    Row("dns-name-in-capitals", lambda r, d, o: r.leaf(dns=[d.upper()]), "ok"),
    Row("sip-uri", lambda r, d, o: r.leaf(uris=[f"sip:{d}"]), "ok"),
    Row("sip-uri-in-capitals", lambda r, d, o: r.leaf(uris=[f"SIP:{d}"]), "ok"),
    Row("user-part-uri-beside-the-dns-name", lambda r, d, o: r.leaf(uris=[f"sip:bob@{d}"], dns=[d]), "ok"),
    Row("cn-where-there-is-no-san", lambda r, d, o: r.leaf(cn=d), "ok"),
    Row("no-eku", lambda r, d, o: r.leaf(dns=[d], usages=None), "ok"),
    Row("any-eku", lambda r, d, o: r.leaf(dns=[d], usages=("any",)), "ok"),
    Row("no-key-usage", lambda r, d, o: r.leaf(dns=[d], usage=None), "ok"),
    Row("rsa-2048", lambda r, d, o: r.leaf(dns=[d], key="rsa2048"), "ok"),
    Row("p384", lambda r, d, o: r.leaf(dns=[d], key="p384"), "ok"),
    Row("two-intermediates",
        lambda r, d, o: r.intermediate("I1").intermediate("I2").leaf(dns=[d]), "ok"),
    Row("intermediates-in-any-order",
        lambda r, d, o: _backwards(r.intermediate("I1").intermediate("I2").leaf(dns=[d])), "ok"),
    Row("root-sent-along", lambda r, d, o: r.leaf(dns=[d]).presenting(r.certificate), "ok"),
    Row("junk-in-the-chain", lambda r, d, o: r.leaf(dns=[d]).presenting(o.stranger.certificate, r.certificate), "ok"),
    Row("many-names", lambda r, d, o: r.leaf(dns=[f"h{n}.{d}" for n in range(150)] + [d]), "ok"),
]


def _backwards(identity):
    return identity.presenting(*reversed(identity.chain))


def rows(role):
    """All rows for a peer that is "client" or "server"."""
    return [row for row in WRONG + RIGHT if getattr(row, f"as_{role}")]
