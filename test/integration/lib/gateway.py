# SPDX-License-Identifier: GPL-2.0-or-later
"""The program under test: its configuration on disk, its process, its audit log, what it costs."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

from . import wait, yaml_text
from .process import Process

BINARY = Path(os.environ.get("FEDGATE_BINARY",
                             Path(__file__).resolve().parents[3] / "build" / "gateway" / "fedgate"))
_COMPLAINTS = re.compile(
    r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehaviorSanitizer|runtime error:|Assertion .* failed"
    r"|Invalid (read|write) of size|uninitialised value|definitely lost: [1-9]|stack smashing|buffer overflow")


class AuditLog:
    def __init__(self, path):
        self.path = Path(path)
        self._inode, self._offset, self._events = None, 0, []

    def lines(self):
        """Every complete line as a dict, read on from where the last look ended. A line that is no JSON object fails
        the test, whichever it is."""
        try:
            with self.path.open("rb") as file:
                inode = os.fstat(file.fileno()).st_ino
                if inode != self._inode:  # rotated: another file now
                    self._inode, self._offset, self._events = inode, 0, []
                file.seek(self._offset)
                text = file.read()
        except FileNotFoundError:
            return []
        complete = text[:text.rfind(b"\n") + 1]
        self._offset += len(complete)
        for line in complete.splitlines():
            event = json.loads(line)
            assert isinstance(event, dict) and {"time", "event", "reason"} <= set(event), event
            self._events.append(event)
        return list(self._events)

    def find(self, **fields):
        return [event for event in self.lines()
                if all(_fits(event.get(name.replace("_", "-")), value) for name, value in fields.items())]

    def wait_for(self, timeout=5.0, count=1, **fields):
        """The newest of at least `count` lines that have these fields; `_` in a name stands for `-`, and a value may be
        a tuple of which one must match."""
        def shown():
            return f"an audit line {fields}; the last are:\n" + "\n".join(map(str, self.lines()[-6:]))
        wait.until(lambda: len(self.find(**fields)) >= count, timeout, shown, interval=0.02)
        return self.find(**fields)[-1]


def _fits(value, wanted):
    if isinstance(wanted, tuple):
        return value in wanted
    return value == wanted


class Gateway:
    def __init__(self, folder, settings, partners, *, valgrind=False, user_files=(), manager=None, environment=None,
                 prefix=()):
        """`settings`: gateway.yaml as a dict. `partners`: name -> partner file as a dict, `partner` filled in.
        `manager`: a manager.Manager that starts it; `environment`: added to it; `prefix`: words before the
        command."""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings, self.partners = settings, dict(partners)
        if valgrind:  # it makes calls of its own
            self.settings.setdefault("confinement", False)
        self.file = self.folder / "gateway.yaml"
        self.audit = AuditLog(self.folder / "logs" / "audit.jsonl")
        self.log_file = self.folder / "logs" / "gateway.log"
        self.valgrind, self.manager, self.prefix = valgrind, manager, list(prefix)
        self.environment = environment or {}  # what its process has besides, or a call that says so as it starts
        self.process = None
        self.write()

    @property
    def internal_port(self):
        return int(self.settings["internal"]["listen"][0].rpartition(":")[2])

    @property
    def external_port(self):
        return int(self.settings["external"]["listen"][0].rpartition(":")[2])

    def write(self):
        """Puts the configuration on disk as it stands now in self.settings and self.partners."""
        self.file.write_text(yaml_text.dump(self.settings))
        (self.folder / "logs").mkdir(exist_ok=True)
        folder = self.folder / "federation-partners"
        folder.mkdir(exist_ok=True)
        for old in folder.glob("*.yaml"):
            if old.stem not in self.partners:
                old.unlink()
        for name, content in self.partners.items():
            (folder / f"{name}.yaml").write_text(yaml_text.dump({"partner": name, **content}))

    def command(self, *words, **options):
        """One of the other commands, to its end."""
        return subprocess.run([str(BINARY), *words, "-c", str(self.file)], capture_output=True, text=True,
                              timeout=60, check=False, **options)

    def start(self, ready=True):
        before = len(self.audit.find(event="started"))
        words = [BINARY, "run", "-c", self.file]
        if self.valgrind:
            words = ["valgrind", "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=definite",
                     "--errors-for-leak-kinds=definite", *words]
        inherited = ()
        if self.manager is not None:
            launcher, inherited = self.manager.launcher()
            words = [*launcher, *words]
            self.environment = {**self.manager.environment(), **self.environment}
        besides = self.environment() if callable(self.environment) else self.environment
        environment = {**os.environ, "ASAN_OPTIONS": "abort_on_error=0:exitcode=98:detect_leaks=1"
                       ":quarantine_size_mb=4",
                       "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1", **besides}
        self.process = Process([*self.prefix, *words], self.folder, "fedgate", environment, descriptors=inherited)
        if ready:
            def started():
                assert self.process.is_alive(), (
                    f"the gateway ended with {self.process.wait()}:\n{self.process.errors()[-4000:]}")
                return len(self.audit.find(event="started")) > before
            wait.until(started, 30, lambda: f"the gateway to start; stderr:\n{self.process.errors()[-2000:]}",
                       interval=0.02)
        return self

    def is_alive(self):
        return self.process is not None and self.process.is_alive()

    def reload(self, timeout=10.0):
        """HUP, and the audit line that it brings: policy-loaded or policy-rejected."""
        count = len(self.audit.find(event=("policy-loaded", "policy-rejected")))
        self.process.send_signal(signal.SIGHUP)
        return self.audit.wait_for(timeout, count + 1, event=("policy-loaded", "policy-rejected"))

    def stop(self, timeout=15.0):
        """TERM; fails unless the gateway was alive, ends with 0 and no sanitizer had anything to say."""
        if self.process is None:
            return
        process, self.process = self.process, None
        assert process.is_alive(), (
            f"the gateway died with {process.wait()}:\n{process.errors()[-6000:]}")
        status = process.stop(timeout=timeout)
        self.assert_no_complaints(process)
        assert status == 0, f"exit status {status}:\n{process.errors()[-4000:]}"

    @staticmethod
    def assert_no_complaints(process):
        match = _COMPLAINTS.search(process.errors())
        if match and "ERROR SUMMARY: 0 errors" not in process.errors():
            raise AssertionError(f"{match.group(0)}:\n{process.errors()[:8000]}")

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process = None

    # What it costs, from /proc.

    def resident(self):
        """Resident memory in octets."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def wait_for_descriptors(self, most, timeout=10.0):
        wait.until(lambda: self.descriptors() <= most, timeout,
                   lambda: f"at most {most} descriptors; there are {self.descriptors()}")
