#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""pack.py FOLDER FILE.pack: one file of all inputs in a corpus, as replay.c reads it. A corpus is cut down first, with
libFuzzer's -merge=1."""

import sys
from pathlib import Path

folder, target = Path(sys.argv[1]), Path(sys.argv[2])
inputs = [path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()]
target.write_bytes(b"".join(len(octets).to_bytes(4, "big") + octets for octets in inputs))
print(f"{len(inputs)} inputs, {target.stat().st_size} octets")
