#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How the cost of a relayed message grows, without TLS: instructions, which are exact, and CPU time, which knows of caches
and of neighbours (the best of some rounds). A table in Markdown for each thing that may grow; some minutes.

    growth.py RELAY_COST [sessions|in-flight|size|headers|partners]...
"""

import subprocess
import sys
import tempfile

import callgrind

COUNTED_MOST = 50_000  # messages in a round, beyond which callgrind would take too long
SOME = 2_000           # messages that are enough for one figure

# name -> what it is, and (its figure, the settings of relay_cost) for each row
GROWTH = {
    "sessions": ("sessions, one request outstanding on each",
                 [(n, {"sessions": n, "window": 1}) for n in (10, 100, 1_000, 10_000, 20_000)]),
    "in-flight": ("requests in flight on 8 sessions",
                  [(n, {"window": n // 8}) for n in (8, 128, 1_024, 10_000, 100_000)]),
    "size": ("octets of body", [(n, {"body": n, "window": 2}) for n in (0, 512, 4_096, 65_536, 260_000)]),
    "headers": ("header fields that are passed on unseen", [(n, {"headers": n}) for n in (0, 10, 50, 100, 200)]),
    "partners": ("partners", [(n, {"partners": n}) for n in (2, 10, 100, 1_000, 10_000)]),
}


def nanoseconds(binary, settings):
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run([binary, folder, *(f"{name}={number}" for name, number in settings.items())],
                               capture_output=True, text=True, check=True)
    return int(ended.stdout.split()[1])


def measure(binary, settings):
    settings = {"sessions": 8, "window": 16, **settings}
    messages = 2 * settings["sessions"] * settings["window"]
    enough = max(1, SOME // messages)
    instructions = None
    if messages <= COUNTED_MOST:
        instructions = sum(callgrind.run(binary, rounds=enough, **settings).values())
    return instructions, nanoseconds(binary, {"rounds": max(5, enough), **settings})


def main():
    binary, names = sys.argv[1], sys.argv[2:] or list(GROWTH)
    for name in names:
        title, rows = GROWTH[name]
        print(f"| {title} | instructions a message | CPU ns |\n| --- | --- | --- |")
        for figure, settings in rows:
            instructions, spent = measure(binary, settings)
            print(f"| {figure:,} | {'-' if instructions is None else f'{instructions:,}'} | {spent:,} |", flush=True)
        print()


if __name__ == "__main__":
    main()
