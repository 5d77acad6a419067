#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What scripts/bench has measured, as tables: for each mode the medians with least and most, and what fedgate does in
proportion; at the end one table in Markdown, medians alone.

    summary.py FOLDER       of PEER.PLACE.MODE.ROUND.json, each one line of the load tool
"""

import collections
import json
import statistics
import sys
from pathlib import Path

PEERS = ["fedgate", "kamailio-stateless", "kamailio-stateful", "haproxy", "nginx", "alone"]
PLACES = {"one": "proxy on one processor, load tool on another", "two": "two threads each on two processors",
          "shared": "one processor for all"}
for kind, share in (("workers", "a processor of its own"), ("quarters", "a quarter of a processor of its own")):
    PLACES |= {f"{kind}-{n}": f"{n} worker(s), each on {share}" for n in range(1, 65)}
# mode -> what it is, what is compared, its unit, and whether more is better
MODES = {
    "deep": ("8 connections with 16 requests outstanding each, 512 octets", "per_proxy_cpu_s", "requests/CPU s", True),
    "wide": ("64 connections with 1 request outstanding each, 512 octets", "per_proxy_cpu_s", "requests/CPU s", True),
    "large": ("8 connections with 2 requests of 64 KiB outstanding each", "per_proxy_cpu_s", "requests/CPU s", True),
    "handshake": ("new mutual TLS sessions, connect to close", "per_proxy_cpu_s", "sessions/CPU s", True),
    "first-request": ("the same with one request through each", "per_proxy_cpu_s", "sessions/CPU s", True),
    "rate": ("1000 requests a second, open loop", "p99_us", "p99 us", False),
    "storm": ("the same while 500 new sessions a second arrive", "p99_us", "p99 us", False),
    "idle": ("2000 sessions, one request through each, then silence", "pss_bytes_per_conn", "octets/session", False),
}


def read(folder):
    """(place, mode) -> peer -> the runs"""
    runs = collections.defaultdict(lambda: collections.defaultdict(list))
    for file in sorted(Path(folder).glob("*.*.*.*.json")):
        peer, place, mode, _ = file.name.split(".", 3)
        runs[place, mode][peer].append(json.loads(file.read_text()))
    return runs


def median(runs, key):
    values = [run[key] for run in runs if key in run]
    return statistics.median(values) if values else None


def show(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def neighbours(run):
    return 100 * (run["other_cpu_s"] + run["steal_s"]) / run["wall_s"]


def row(peer, runs, key, more_is_better, ours):
    values = [run[key] for run in runs if key in run]
    middle = median(runs, key)
    proportion = None
    if ours and middle:
        proportion = ours / middle if more_is_better else middle / ours
    return [peer, show(middle), f"{show(min(values))}..{show(max(values))}" if values else "-",
            "-" if proportion is None else f"{proportion:.2f}", show(median(runs, "per_s")),
            show(median(runs, "p50_us")), show(median(runs, "p99_us")),
            f"{max(neighbours(run) for run in runs):.0f} %", str(sum(run["errors"] for run in runs)), str(len(runs))]


def print_columns(rows):
    widths = [max(len(line[i]) for line in rows) for i in range(len(rows[0]))]
    for line in rows:
        print("  " + "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))).rstrip())


def print_mode(place, mode, by_peer):
    title, key, unit, more_is_better = MODES[mode]
    ours = median(by_peer.get("fedgate", []), key)
    print(f"\n{mode}: {title}; {PLACES[place]}")
    print_columns([["", unit, "least..most", "fedgate is", "wall/s", "p50 us", "p99 us", "neighbours", "errors", "runs"]] +
                  [row(peer, by_peer[peer], key, more_is_better, ours) for peer in PEERS if peer in by_peer])


def print_markdown(place, runs):
    modes = [mode for mode in MODES if (place, mode) in runs]
    peers = [peer for peer in PEERS if peer != "alone" and any(peer in runs[place, mode] for mode in modes)]
    print(f"\n| {PLACES[place]}, medians | " + " | ".join(peers) + " |\n" + "| --- " * (len(peers) + 1) + "|")
    for mode in modes:
        _, key, unit, _ = MODES[mode]
        print(f"| {mode}, {unit} | " + " | ".join(show(median(runs[place, mode].get(peer, []), key)) for peer in peers) + " |")


def print_workers(runs):
    """How much more fedgate does with more workers, by the clock and by its own CPU time."""
    for (place, mode), by_peer in sorted(runs.items()):
        first = runs.get((place.split("-")[0] + "-1", mode), {}).get("fedgate")
        ours = by_peer.get("fedgate")
        if "-" not in place or not first or not ours:
            continue
        wall, cpu = (median(ours, key) / median(first, key) for key in ("per_s", "per_proxy_cpu_s"))
        print(f"{mode}, {PLACES[place]}: {wall:.2f} times one worker by the clock ({show(median(ours, 'proxy_util'))} processors in "
              f"use), {cpu:.2f} times for the same CPU time")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    runs = read(sys.argv[1])
    if not runs:
        sys.exit(f"{sys.argv[1]}: nothing was measured")
    for place in PLACES:
        for mode in MODES:
            if (place, mode) in runs:
                print_mode(place, mode, runs[place, mode])
    print("\n'fedgate is': how many times better than this one. 'neighbours': the most that others on this machine took of it\n"
          "during a run, in parts of a processor.")
    print_workers(runs)
    for place in PLACES:
        if any(measured == place for measured, _ in runs):
            print_markdown(place, runs)


if __name__ == "__main__":
    main()
