# SPDX-License-Identifier: GPL-2.0-or-later
"""A child process whose output is kept in files and which never outlives its test."""

import atexit
import signal
import subprocess
import weakref
from pathlib import Path

from . import wait

_alive = weakref.WeakSet()


@atexit.register
def _kill_what_is_left():
    """Whatever a test left behind ends with the run."""
    for process in list(_alive):
        process.kill()


class Process:
    def __init__(self, command, folder, name, environment=None, stdin=subprocess.DEVNULL,
                 descriptors=()):
        self.command = [str(word) for word in command]
        self.stdout = Path(folder) / f"{name}.stdout"
        self.stderr = Path(folder) / f"{name}.stderr"
        with self.stdout.open("wb") as out, self.stderr.open("wb") as error:
            self.child = subprocess.Popen(self.command, stdout=out, stderr=error, stdin=stdin,
                                          cwd=folder, env=environment, pass_fds=descriptors)
        _alive.add(self)

    @property
    def pid(self):
        return self.child.pid

    def output(self):
        return self.stdout.read_text(errors="replace")

    def errors(self):
        return self.stderr.read_text(errors="replace")

    def is_alive(self):
        return self.child.poll() is None

    def send_signal(self, number):
        self.child.send_signal(number)

    def wait(self, timeout=10.0):
        """The exit status; kills and fails when it does not come."""
        try:
            return self.child.wait(timeout * wait.PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise wait.TimedOut(f"{self.command[0]} did not end; stderr:\n{self.errors()[-4000:]}") from None

    def stop(self, number=signal.SIGTERM, timeout=10.0):
        if self.is_alive():
            self.send_signal(number)
        return self.wait(timeout)

    def kill(self):
        if self.is_alive():
            self.child.kill()
            self.child.wait()
