# SPDX-License-Identifier: GPL-2.0-or-later
"""x509-limbo: what is expected of a path, every case but those listed here. The gateway judges SIP federation, not the
web: where the suite's webpki cases ask for CA/Browser Forum rules, the list says why we answer otherwise. Those cases
are about TLS servers, the others about paths alone."""
import datetime
import ipaddress
import json

import judge

NO_WILDCARD = "a certificate names who it is for; wildcards are no identities (RFC 5922 7.2)"
CN_BESIDE_SAN = "a CN beside a SAN is never read here (RFC 5922 7.1), so that what it says can do no harm"
ANCHOR = "how an anchor was issued is of no concern: it is believed because a partner's file lists it"
PRIVATE_CAS = "RFC 5280 allows it, and the private CAs of partners issue such; it widens nothing"

# name: (what we answer, why)
DIFFERENCES = {
    "webpki::aki::root-with-aki-all-fields": ("ok", ANCHOR),
    "webpki::aki::root-with-aki-ski-mismatch": ("ok", ANCHOR),
    "webpki::cn::ipv4-hex-mismatch": ("ok", CN_BESIDE_SAN),
    "webpki::cn::ipv4-leading-zeros-mismatch": ("ok", CN_BESIDE_SAN),
    "webpki::cn::ipv6-uppercase-mismatch": ("ok", CN_BESIDE_SAN),
    "webpki::cn::ipv6-uncompressed-mismatch": ("ok", CN_BESIDE_SAN),
    "webpki::cn::ipv6-non-rfc5952-mismatch": ("ok", CN_BESIDE_SAN),
    "webpki::cn::punycode-not-in-san": ("ok", CN_BESIDE_SAN),
    "webpki::cn::utf8-vs-punycode-mismatch": ("ok", CN_BESIDE_SAN),
    "webpki::cn::not-in-san": ("ok", CN_BESIDE_SAN),
    "webpki::cn::case-mismatch": ("ok", CN_BESIDE_SAN),
    "webpki::eku::ee-anyeku": ("ok", "anyExtendedKeyUsage means clientAuth and serverAuth, too (RFC 5280 4.2.1.12)"),
    "webpki::eku::ee-without-eku": ("ok", "no extendedKeyUsage is no limit; private CAs leave it out"),
    "webpki::eku::ee-critical-eku": ("ok", PRIVATE_CAS),
    "webpki::eku::root-has-eku": ("ok", "it is held against what lies below, and so only limits"),
    "webpki::ee-basicconstraints-ca": ("ok", "without keyCertSign it can sign no certificate; " + PRIVATE_CAS),
    "webpki::san::no-san": ("ok", "where there is no SAN at all, the CN is the identity (RFC 5922 7.1)"),
    "webpki::san::san-critical-with-nonempty-subject": ("ok", PRIVATE_CAS),
    "webpki::nc::permitted-dns-match-noncritical":
        ("malformed-certificate", "RFC 5280 4.2.1.10 has nameConstraints critical, and so wants its twin in rfc5280::"),
    "webpki::nc::nc-permits-dns-san-pattern": ("identity-mismatch", NO_WILDCARD),
    "webpki::san::leftmost-wildcard-san": ("identity-mismatch", NO_WILDCARD),
    "online::docs.python.org": ("identity-mismatch", NO_WILDCARD),
}


def seconds_of(case):
    time = case["validation_time"]
    if time is None:
        return 1730000000
    return int(datetime.datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() // 1)


def question_of(case):
    lines = [("time", seconds_of(case))]
    lines += [("anchor", der) for pem in case["trusted_certs"] for der in judge.pem_blocks(pem, "CERTIFICATE")]
    presented = [case["peer_certificate"], *case["untrusted_intermediates"]]
    lines += [("presented", der) for pem in presented for der in judge.pem_blocks(pem, "CERTIFICATE")]
    if case["crls"]:
        lines += [("crl", der) for pem in case["crls"] for der in judge.pem_blocks(pem, "X509 CRL")]
        lines.append(("revocation", "required"))
    peer = case["expected_peer_name"]
    if peer is None:
        lines.append(("usage", "any"))
    elif case["id"].startswith("webpki::"):
        lines.append(("usage", "tls-server"))
    if peer is not None and peer["kind"] == "DNS":
        lines.append(("host", peer["value"]))
    elif peer is not None and peer["kind"] == "IP":
        lines.append(("address", ipaddress.ip_address(peer["value"]).packed))
    if case["max_chain_depth"] is not None:
        lines.append(("depth", case["max_chain_depth"]))
    return lines


def cases():
    """(name, does the suite expect it to pass, question)"""
    path = judge.SUITES / "x509-limbo/limbo.json"
    if not path.exists():
        judge.skip(f"{path} is not there")
    for case in json.loads(path.read_text())["testcases"]:
        yield case["id"], case["expected_result"] == "SUCCESS", question_of(case)


def main():
    report = judge.Report(DIFFERENCES)
    helper = judge.Judge()
    for name, expected_to_pass, question in cases():
        report.add(name, expected_to_pass, *helper.ask(question))
    helper.close()
    report.finish("x509-limbo")


if __name__ == "__main__":
    main()
