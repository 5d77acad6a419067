# SPDX-License-Identifier: GPL-2.0-or-later
"""NIST PKITS: every case but those of certificate policies (4.8 to 4.12), which are out of scope: nothing in SIP
federation asks for them, and what would demand that they be followed is refused where it is critical."""
import pathlib

import judge

DATA = pathlib.Path("/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data")
POLICY_SECTIONS = {"8", "9", "10", "11", "12"}
NOW = 1334016000  # 2012-04-10, within all that is meant to be valid

NO_DSA = ("weak-certificate", "keys of 1024 bits that sign with SHA-1 (DSA): neither is believed, nor spoken in TLS")

DIFFERENCES = {
    "4.1.4": NO_DSA,
    "4.1.5": NO_DSA,
}


def question_of(chain, crls):
    lines = [("time", NOW), ("usage", "any"), ("revocation", "required")]
    lines.append(("anchor", (DATA / "certs/TrustAnchorRootCertificate.crt").read_bytes()))
    # The suite has the leaf last; a peer presents it first.
    lines += [("presented", (DATA / f"certs/{name}.crt").read_bytes()) for name in reversed(chain.split())]
    lines += [("crl", (DATA / f"crls/{name}.crl").read_bytes()) for name in crls.split()]
    return lines


def rows():
    """(number, does the suite expect it to pass, chain, CRLs) of every case"""
    path = judge.SUITES / "pkits/expect.tsv"
    if not path.exists() or not DATA.exists():
        judge.skip(f"{path} or {DATA} is not there")
    for row in path.read_text().splitlines()[1:]:
        number, _, expected, chain, crls = row.split("\t")[:5]
        yield number, expected == "PASS", chain, crls


def in_scope(number):
    return number.split(".")[1] not in POLICY_SECTIONS


def cases():
    """(number, does the suite expect it to pass, question) of those in scope"""
    for number, expected_to_pass, chain, crls in rows():
        if in_scope(number):
            yield number, expected_to_pass, question_of(chain, crls)


def main():
    report = judge.Report(DIFFERENCES)
    helper = judge.Judge()
    for number, expected_to_pass, question in cases():
        report.add(number, expected_to_pass, *helper.ask(question))
    helper.close()
    print(f"out of scope: {sum(not in_scope(row[0]) for row in rows())} cases of certificate policies")
    report.finish("PKITS")


if __name__ == "__main__":
    main()
