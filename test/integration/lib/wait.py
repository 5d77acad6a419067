# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting for a condition with a deadline. Nothing in these tests waits for a time to pass and hopes."""

import os
import time

# Sanitizers and valgrind slow the gateway down; every deadline of the tests is multiplied by this.
PATIENCE = float(os.environ.get("FEDGATE_TEST_PATIENCE", "1"))


class TimedOut(AssertionError):
    pass


def until(condition, timeout=5.0, what="a condition", interval=0.005):
    """Calls `condition` until it returns something true, and returns that."""
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise TimedOut(f"waited {timeout * PATIENCE:.1f} s for {what() if callable(what) else what}")
        time.sleep(interval)
