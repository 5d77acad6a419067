# SPDX-License-Identifier: GPL-2.0-or-later
"""Talks to the judge helper, finds the suites, and reports what a suite showed."""
import base64
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUITES = pathlib.Path(os.environ.get("FEDGATE_SUITES", ROOT / "../shared/suites"))
SKIPPED = 77  # meson counts this exit status as skipped


BUILT = ROOT / "build/test/suites"


def program(name):
    """A judge's program by its name in the build: the one that meson has named, else that of build/, which may not
    be there."""
    return pathlib.Path(os.environ.get(f"FEDGATE_{name.upper()}", BUILT / name))


class Judge:
    def __init__(self, name="judge", *arguments):
        self.process = subprocess.Popen([program(name), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def ask(self, lines):
        """lines: (word, value) pairs, octets as bytes; answers (reason, detail)."""
        for word, value in lines:
            self.process.stdin.write(f"{word} {value.hex() if isinstance(value, bytes) else value}\n")
        self.process.stdin.write("judge\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the judge has died, status {self.process.wait(10)}")
        reason, _, detail = answer.strip().partition(" ")
        return reason, detail

    def close(self):
        self.process.stdin.close()
        if self.process.wait(10) != 0:
            raise RuntimeError("the judge did not end in order")


def pem_blocks(text, label):
    pattern = rf"-----BEGIN {label}-----(.*?)-----END {label}-----"
    return [base64.b64decode("".join(body.split())) for body in re.findall(pattern, text, re.DOTALL)]


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


class Report:
    """Counts cases; a case that differs must be in `differences`, and one listed there must differ."""

    def __init__(self, differences):
        self.differences = differences
        self.seen = set()
        self.as_expected = self.listed = self.wrong = 0

    def add(self, name, expected_to_pass, reason, detail):
        passed = reason == "ok"
        if name in self.differences:
            self.seen.add(name)
        if passed == expected_to_pass:
            if name in self.differences:
                self.complain(f"{name}: is as expected ({reason}), but is listed as a difference")
            else:
                self.as_expected += 1
                if passed and detail:
                    print(f"{name}: {detail}")
        elif name in self.differences:
            wanted, why = self.differences[name]
            if reason == wanted:
                print(f"{name}: {'refused' if expected_to_pass else 'accepted'} on purpose: {why}")
                self.listed += 1
            else:
                self.complain(f"{name}: {reason}, where the list of differences says {wanted} ({detail})")
        else:
            self.complain(f"{name}: expected to {'pass' if expected_to_pass else 'fail'}: {reason} ({detail})")

    def complain(self, text):
        print(text)
        self.wrong += 1

    def finish(self, suite):
        for name in sorted(set(self.differences) - self.seen):
            self.complain(f"{name}: listed as a difference, but not a case of the suite")
        total = self.as_expected + self.listed + self.wrong
        print(f"{suite}: {total} cases, {self.as_expected} as expected, "
              f"{self.listed} other on purpose, {self.wrong} wrong")
        sys.exit(1 if self.wrong > 0 or self.as_expected == 0 else 0)
