# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs relay_cost under callgrind and says where the instructions of a relayed message went.

Each counts for the part whose file it stands in; what all parts use (texts, domains, keyed hashes, headers that are
inlined, the C library) counts for the part that called it."""

import os
import re
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

PARTS = {
    "reading": r"gateway/sip/(address|framer|header|message|octet|parameter|start_line|uri|via)\.c"
               r"|gateway/relay/session_input\.c",
    "judging": r"policy/.*|gateway/relay/(judge|rate|relay|route|session_judge)\.c",
    "editing": r"gateway/sip/.*|gateway/relay/(border|crossing|dialog|lines)\.c",
    "logging": r"gateway/log/.*|gateway/relay/answer\.c",
    "remembering": r"gateway/relay/.*|gateway/net/.*",
}
SHARED = re.compile(r"policy/(text|domain|keyed_hash)\.c|.*\.h")
# The same code of the C library on every machine.
TUNABLES = "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM,-AVX512VL,-EVEX"


def _part(path):
    """Of a source file; "" for what goes to the caller, None for the tests' own."""
    name = path.rsplit("../", 1)[-1]  # meson names them from the build folder
    if not re.match("(gateway|policy|test)/", name) or SHARED.fullmatch(name):
        return ""
    return next((part for part, files in PARTS.items() if re.fullmatch(files, name)), None)


class _Reader:
    """Of a profile without compressed names: callgrind's manual, "Callgrind Format Specification"."""

    def __init__(self):
        self.parts = Counter()
        self.function_part = self.part = None  # of the function, and of the line that is inlined into it
        self.is_call, self.called = False, None

    def line(self, line):
        key, _, value = line.partition("=")
        if key == "fl":
            self.function_part = self.part = self.called = _part(value)
        elif key in ("fi", "fe"):
            inlined = _part(value)
            self.part = self.function_part if inlined == "" else inlined
        elif key in ("cfi", "cfl"):
            self.called = _part(value)
        elif key == "calls":
            self.is_call = True
        elif line[:1].isdigit():
            self.cost(int((line.split() + ["0"])[1]))

    def cost(self, count):
        if not self.is_call or self.called == "":
            if self.part:
                self.parts[self.part] += count
        self.is_call, self.called = False, self.function_part


def run(binary, **settings):
    """Instructions a message, for each part."""
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "profile"
        ended = subprocess.run(
            ["valgrind", "--tool=callgrind", "--compress-strings=no", "--compress-pos=no",
             "--toggle-collect=measured", f"--callgrind-out-file={profile}",
             binary, folder, *(f"{name}={number}" for name, number in settings.items())],
            capture_output=True, text=True, check=False,
            env={**os.environ, "GLIBC_TUNABLES": TUNABLES, "MALLOC_PERTURB_": "0"})
        if ended.returncode != 0:
            raise RuntimeError(f"relay_cost ended with {ended.returncode}: {ended.stderr[-2000:]}")
        reader = _Reader()
        for line in profile.read_text().splitlines():
            reader.line(line)
    messages = int(ended.stdout.split()[0])
    return {part: round(reader.parts[part] / messages) for part in PARTS}
