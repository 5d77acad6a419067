#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Adds up a folder of test results: *-unit.json (testlog.json of meson) and *-integration.xml (JUnit of pytest).

Prints each failed test, then `N passed, N failed, N skipped`. Exit 1 when one failed or none passed.
"""
import collections
import json
import re
import sys
import xml.etree.ElementTree
from pathlib import Path

CMOCKA_CASE = re.compile(r"^\[ *(OK|FAILED|SKIPPED) *\] (\S+)\s*$", re.MULTILINE)
CMOCKA_OUTCOMES = {"OK": "passed", "FAILED": "failed", "SKIPPED": "skipped"}


def meson_cases(path):
    """One (outcome, name) for each cmocka case; for a program that ended badly without saying so, one more."""
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        program = f"{path.stem}: {entry['name']}"
        output = entry.get("stdout", "") + entry.get("stderr", "")
        # cmocka repeats its failed cases in a list at the end
        cases = dict((name, CMOCKA_OUTCOMES[word]) for word, name in CMOCKA_CASE.findall(output))
        for name, outcome in cases.items():
            yield outcome, f"{program}: {name}"
        if entry["result"] == "SKIP":
            yield "skipped", program
        elif entry["result"] not in ("OK", "EXPECTEDFAIL"):
            if "failed" not in cases.values():
                yield "failed", f"{program}: {entry['result']}"
        elif not cases:
            yield "passed", program


def pytest_cases(path):
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = f"{path.stem}: {case.get('classname')}: {case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            yield "failed", name
        elif case.find("skipped") is not None:
            yield "skipped", name
        else:
            yield "passed", name


def main():
    folder = Path(sys.argv[1])
    cases = []
    for path in sorted(folder.glob("*-unit.json")):
        cases += meson_cases(path)
    for path in sorted(folder.glob("*-integration.xml")):
        cases += pytest_cases(path)
    broken = folder / "broken"
    if broken.exists():
        cases += [("failed", line) for line in broken.read_text().splitlines()]

    for outcome, name in cases:
        if outcome == "failed":
            print(f"failed: {name}", file=sys.stderr)
    count = collections.Counter(outcome for outcome, _ in cases)
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] or not count["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
