# SPDX-License-Identifier: GPL-2.0-or-later
"""A gateway whose wall clock is somewhere else: libfaketime, the clock of timers untouched."""

import glob

import pytest

_LIBRARIES = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")

needed = pytest.mark.skipif(not _LIBRARIES, reason="faketime is not installed")


def moved(by):
    """The environment of a process whose clock is ahead by so much: "+16d", or stands at a time and goes on from there:
    "@2026-11-25 23:59:50" (UTC)."""
    return {"LD_PRELOAD": _LIBRARIES[0], "FAKETIME": by, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC",
            # the sanitizer's library cannot be the first one then, and need not be
            "ASAN_OPTIONS": "abort_on_error=0:exitcode=98:detect_leaks=1:quarantine_size_mb=4:verify_asan_link_order=0"}
