# SPDX-License-Identifier: GPL-2.0-or-later
"""x509-limbo: what is expected of a path, case by case. The gateway judges SIP federation, not the web: where the
suite's webpki cases ask for CA/Browser Forum rules, the list below says why we answer otherwise."""
import datetime
import ipaddress
import json

import judge

NO_WILDCARD = "wildcards are no identities (RFC 5922 7.2)"
CN_BESIDE_SAN = "CA/Browser Forum rule on the CN; a CN beside a SAN is never read here"
CN_WITHOUT_SAN = "a CN counts where there is no SAN at all (contract, section 3)"
LEAF_SIGNS = "stricter: a TLS peer signs, so that its keyUsage must have digitalSignature"
BY_RFC = "allowed by RFC 5280, refused by CA/Browser Forum rules"

# name: (what we answer, why)
DIFFERENCES = {
    # Stricter than RFC 5280 on purpose.
    "pathlen::validation-ignores-pathlen-in-leaf": ("wrong-key-usage", LEAF_SIGNS),
    "rfc5280::ca-as-leaf": ("wrong-key-usage", LEAF_SIGNS),
    # Pedantic, and against cve::cve-2024-0567, which wants an anchor of the same make accepted.
    "rfc5280::aki::cross-signed-root-missing-aki":
        ("ok", "who signed an anchor is of no concern; such a root must pass in cve::cve-2024-0567"),
    # Rules of the web.
    "webpki::aki::root-with-aki-all-fields": ("ok", BY_RFC),
    "webpki::aki::root-with-aki-ski-mismatch": ("ok", "who signed an anchor is of no concern"),
    "webpki::cn::ipv4-hex-mismatch": ("ok", CN_BESIDE_SAN),
    "webpki::cn::ipv4-leading-zeros-mismatch": ("ok", CN_BESIDE_SAN),
    "webpki::cn::ipv6-uppercase-mismatch": ("ok", CN_BESIDE_SAN),
    "webpki::cn::ipv6-uncompressed-mismatch": ("ok", CN_BESIDE_SAN),
    "webpki::cn::ipv6-non-rfc5952-mismatch": ("ok", CN_BESIDE_SAN),
    "webpki::cn::punycode-not-in-san": ("ok", CN_BESIDE_SAN),
    "webpki::cn::utf8-vs-punycode-mismatch": ("ok", CN_BESIDE_SAN),
    "webpki::cn::not-in-san": ("ok", CN_BESIDE_SAN),
    "webpki::cn::case-mismatch": ("ok", CN_BESIDE_SAN),
    "webpki::eku::ee-anyeku": ("ok", "anyExtendedKeyUsage is accepted (contract, section 3)"),
    "webpki::eku::ee-critical-eku": ("ok", BY_RFC),
    "webpki::eku::ee-without-eku": ("ok", "no extKeyUsage is accepted (contract, section 3)"),
    "webpki::eku::root-has-eku": ("ok", BY_RFC),
    "webpki::ee-basicconstraints-ca": ("ok", BY_RFC),
    "webpki::san::no-san": ("ok", CN_WITHOUT_SAN),
    "webpki::san::san-critical-with-nonempty-subject": ("ok", BY_RFC),
    "webpki::nc::permitted-dns-match-noncritical":
        ("malformed-certificate", "nameConstraints must be critical (RFC 5280 4.2.1.10); the suite has it both ways"),
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
    elif peer["kind"] == "DNS":
        lines.append(("host", peer["value"]))
    elif peer["kind"] == "IP":
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
