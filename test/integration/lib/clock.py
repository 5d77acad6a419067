# SPDX-License-Identifier: GPL-2.0-or-later
"""A gateway whose wall clock is ahead of ours, the clock of its timers untouched: a library that is loaded before the C
library. (libfaketime changes timed waits, too.)"""

import datetime
import os
import subprocess
import tempfile
from pathlib import Path

_SOURCE = r"""
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long ahead(void)
{
    const char *seconds = getenv("FEDGATE_TEST_CLOCK_AHEAD");
    return seconds == NULL ? 0 : atol(seconds);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && clock == CLOCK_REALTIME)
        now->tv_sec += ahead();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *to)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (to != NULL)
        *to = now.tv_sec;
    return now.tv_sec;
}
"""
_built = []


def _library():
    if not _built:
        folder = tempfile.TemporaryDirectory(prefix="fedgate-clock-")
        source, library = Path(folder.name, "ahead.c"), Path(folder.name, "ahead.so")
        source.write_text(_SOURCE)
        folder_is_for_all = 0o755  # the gateway may have become another user
        os.chmod(folder.name, folder_is_for_all)
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-fno-builtin", "-o", library, source], check=True)
        _built.extend((folder, str(library)))
    return _built[1]


def ahead(by):
    """The environment of a process whose clock is ahead by a timedelta."""
    return {"LD_PRELOAD": _library(), "FEDGATE_TEST_CLOCK_AHEAD": str(int(by.total_seconds())),
            # the sanitizer's library cannot be the first one then, and need not be
            "ASAN_OPTIONS": "abort_on_error=0:exitcode=98:detect_leaks=1:quarantine_size_mb=4:verify_asan_link_order=0"}


def shortly_before_midnight(seconds):
    """The environment, and the day (UTC) that ends so soon."""
    now = datetime.datetime.utcnow()
    midnight = datetime.datetime.combine(now.date() + datetime.timedelta(days=1), datetime.time())
    return ahead(midnight - now - datetime.timedelta(seconds=seconds)), now.date()
