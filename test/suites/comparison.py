#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What fedgate answers on the cases of the suites, beside what libraries answer by themselves. Prints the table of
policy/README.md; --cases lists every case where one of them differs from what the suite expects."""
import collections
import subprocess
import sys

import judge
import test_limbo
import test_pkits

NAMESPACES = ["rfc5280", "cve", "crl", "pathlen", "webpki"]
OTHERS = "other"
PKITS = "PKITS"


class Column:
    def __init__(self, heading, name, *arguments):
        self.heading, self.judge = heading, judge.Judge(name, *arguments)
        self.right, self.accepted, self.refused = (collections.Counter() for _ in range(3))

    def take(self, row, expected_to_pass, question):
        """True when the answer is the suite's."""
        passed = self.judge.ask(question)[0] == "ok"
        counter = self.right if passed == expected_to_pass else self.accepted if passed else self.refused
        counter[row] += 1
        return passed == expected_to_pass

    def cell(self, row):
        return f"{self.right[row]} / {self.accepted[row]} / {self.refused[row]}"


def version_of(name):
    return subprocess.run([judge.program(name), "version"], capture_output=True, text=True, check=True).stdout.strip()


def columns():
    yield Column("fedgate", "judge")
    for heading, name, *arguments in [("OpenSSL {}", "bare_openssl"),
                                      ("OpenSSL {}, X509_STRICT", "bare_openssl", "strict"),
                                      ("wolfSSL {}, our build", "bare_wolfssl"),
                                      ("wolfSSL {}, Debian's", "bare_wolfssl_packaged")]:
        if judge.program(name).exists():
            yield Column(heading.format(version_of(name)), name, *arguments)


def cases():
    """(row of the table, name, does the suite expect it to pass, question)"""
    for name, expected_to_pass, question in test_limbo.cases():
        namespace = name.split("::")[0]
        yield namespace if namespace in NAMESPACES else OTHERS, name, expected_to_pass, question
    for number, expected_to_pass, question in test_pkits.cases():
        yield PKITS, number, expected_to_pass, question


def compare(on_difference=None):
    """The cells of the table: its heading, and a row for each namespace."""
    judges, counts = list(columns()), collections.Counter()
    for row, name, expected_to_pass, question in cases():
        counts[row] += 1
        differing = [column.heading for column in judges if not column.take(row, expected_to_pass, question)]
        if differing and on_difference is not None:
            on_difference(name, expected_to_pass, differing)
    for column in judges:
        column.judge.close()
    labels = {**{name: f"`{name}::`" for name in NAMESPACES}, OTHERS: "the rest of x509-limbo", PKITS: PKITS}
    rows = [[labels[row], str(counts[row]), *(column.cell(row) for column in judges)]
            for row in [*NAMESPACES, OTHERS, PKITS]]
    return [["cases", "number", *(column.heading for column in judges)], *rows]


def say_difference(name, expected_to_pass, differing):
    print(f"{name}: {'refused' if expected_to_pass else 'accepted'} by {'; '.join(differing)}")


def main():
    heading, *rows = compare(say_difference if "--cases" in sys.argv else None)
    for row in [heading, ["---"] * len(heading), *rows]:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
