#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds the instructions of a relayed message against budget.json: fails where a part costs a tenth more.

    budget.py RELAY_COST COMPILER            what the compiler is called in budget.json: "gcc 12 x86_64"
    budget.py RELAY_COST COMPILER --write    takes what it costs now as the budget: on purpose, with the reason in
                                             the commit
"""

import json
import shutil
import sys
from pathlib import Path

import callgrind

BUDGET = Path(__file__).with_name("budget.json")
SKIPPED = 77  # meson's word for it
GROWTH_MOST = 1.1


def measure(binary):
    return {direction: callgrind.run(binary, inbound=int(direction == "inbound"))
            for direction in ("inbound", "outbound")}


def show(costs, budget):
    grown = []
    print(f"{'instructions a message':24}{'now':>8}{'budget':>8}")
    for direction, parts in costs.items():
        for part, cost in parts.items():
            allowed = budget[direction][part]
            print(f"{direction + ', ' + part:24}{cost:8}{allowed:8}{cost / allowed - 1:+8.1%}")
            if cost > allowed * GROWTH_MOST:
                grown.append(f"{part} ({direction}): {cost} instructions a message, {allowed} is its budget")
        total, allowed = sum(parts.values()), sum(budget[direction].values())
        print(f"{direction + ', all':24}{total:8}{allowed:8}{total / allowed - 1:+8.1%}")
    return grown


def main():
    binary, compiler = sys.argv[1:3]
    budgets = json.loads(BUDGET.read_text())
    if shutil.which("valgrind") is None:
        print("skipped: no valgrind")
        return SKIPPED
    if "--write" in sys.argv:
        budgets[compiler] = measure(binary)
        BUDGET.write_text(json.dumps(budgets, indent=2) + "\n")
        return 0
    if compiler not in budgets:
        print(f"skipped: {BUDGET.name} has none for {compiler}, only for {', '.join(budgets)}")
        return SKIPPED
    grown = show(measure(binary), budgets[compiler])
    for line in grown:
        print(f"more than a tenth above its budget: {line}")
    return 1 if grown else 0


sys.exit(main())
