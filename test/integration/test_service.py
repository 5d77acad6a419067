# SPDX-License-Identifier: GPL-2.0-or-later
"""The gateway as a service: what it tells its manager (sd_notify), and a watchdog that a stuck worker stops."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from lib import gateway, sip, wait
from lib.document import ROOT
from lib.lab import ALICE, BOB
from lib.manager import Manager


@pytest.fixture
def manager(tmp_path):
    told = Manager(tmp_path)
    yield told
    told.close()


def test_ready_is_said_when_it_is(make_lab, manager):
    lab = make_lab(manager=manager)
    ready = manager.wait_for("READY=1")
    assert re.fullmatch(r"2 partners, \d+ sessions, 0 requests in flight, policy 1", ready.fields["STATUS"])
    before = manager.hear()[:manager.messages.index(ready)]
    assert all({"FDSTORE", "FDSTOREREMOVE"} & message.fields.keys() for message in before), "nothing else comes before it"
    lab.assert_serves()


@pytest.mark.parametrize("wrong", ["configuration", "address"])
def test_what_cannot_start_is_never_ready(make_lab, manager, wrong):
    lab = make_lab()
    settings = lab.gateway.settings
    lab.gateway.stop()
    if wrong == "configuration":
        settings["colour"] = "red"
    else:
        settings["external"]["listen"] = [f"127.0.0.1:{lab.inside.port}"]
    lab.gateway.manager = manager
    lab.gateway.write()
    lab.gateway.start(ready=False)
    assert lab.gateway.process.wait() == 1
    lab.gateway.process = None
    assert manager.hear() == []


@pytest.mark.parametrize("errors, said", [(0, "policy 2"), (1, "policy 1; the configuration on disk has 1 error and is not")])
def test_reload_is_told_from_begin_to_end(make_lab, manager, errors, said):
    """Type=notify-reload: RELOADING with a time after the signal, then READY, also where nothing changes."""
    lab = make_lab(manager=manager)
    manager.wait_for("READY=1")
    if errors:
        lab.gateway.partners["fabrikam"]["colour"] = "red"
        lab.gateway.write()
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    lab.gateway.reload()
    begun = manager.wait_for("RELOADING=1")
    ready = manager.wait_for("READY=1", count=2)
    assert before <= int(begun.fields["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    heard = manager.hear()
    assert heard.index(begun) < heard.index(ready)
    assert said in ready.fields["STATUS"]


def test_storm_of_reloads_ends_ready(make_lab, manager):
    lab = make_lab(manager=manager)
    for _ in range(20):
        lab.gateway.process.send_signal(signal.SIGHUP)
    last = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000

    def settled():
        heard = [message for message in manager.hear() if "RELOADING=1" in message or "READY=1" in message]
        return "READY=1" in heard[-1] and len(heard) > 1

    lab.gateway.audit.wait_for(event="policy-loaded", count=2)
    wait.until(settled, what="the last word to be READY")
    assert last  # the signals were sent before
    lab.gateway.reload()
    wait.until(settled, what="the last word to be READY")


def test_status_follows(make_lab, manager):
    lab = make_lab(manager=manager)
    outside = lab.from_outside()
    outside.send(sip.request("INVITE", ALICE, from_=BOB, to=ALICE, call_id="rings", contact="sip:b@192.0.2.1"))
    lab.inside.expect_request("INVITE").answer(180)

    def told():
        return [message for message in manager.hear() if "1 requests in flight" in message.fields.get("STATUS", "")]

    wait.until(told, 15, lambda: f"the request in the status; heard {manager.messages}")
    assert re.match(r"2 partners, [23] sessions,", told()[-1].fields["STATUS"])


def test_stopping_is_told_with_the_time_it_may_take(make_lab, manager):
    lab = make_lab(manager=manager, settings={"limits": {"drain": "90s"}})
    lab.gateway.stop()
    stopping = manager.wait_for("STOPPING=1")
    assert int(stopping.fields["EXTEND_TIMEOUT_USEC"]) == 100_000_000
    assert stopping.fields["STATUS"].endswith("stopping")
    assert "READY=1" not in manager.hear()[-1]


def test_manager_that_is_gone_or_deaf_stops_nothing(make_lab, tmp_path):
    for name, options in (("gone", {"listens": False}), ("deaf", {})):
        (tmp_path / name).mkdir()
        told = Manager(tmp_path / name, **options)
        lab = make_lab(environment=told.environment(WATCHDOG_USEC="4000"))
        for _ in range(20):  # far more than the socket takes
            lab.gateway.reload()
        lab.assert_serves()
        lab.gateway.stop()
        told.close()


def test_manager_in_the_abstract_namespace(make_lab, tmp_path):
    told = Manager(tmp_path, abstract=True)
    make_lab(manager=told)
    told.wait_for("READY=1")
    told.close()


# ---- the watchdog ----

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, thread):
    if _libc.ptrace(request, thread, None, None) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


class Held:
    """One thread of the gateway stands still meanwhile."""

    def __init__(self, process, name):
        tasks = Path(f"/proc/{process.pid}/task").iterdir()
        [self.thread] = [int(task.name) for task in tasks if (task / "comm").read_text().strip() == name]

    def __enter__(self):
        try:
            ptrace(PTRACE_SEIZE, self.thread)
        except PermissionError:
            pytest.skip("this user may not hold a thread of another process")
        ptrace(PTRACE_INTERRUPT, self.thread)
        os.waitpid(self.thread, WALL)

    def __exit__(self, *_):
        ptrace(PTRACE_DETACH, self.thread)


def quiet(manager, seconds):
    """No WATCHDOG for so long?"""
    feeds = [message.time for message in manager.hear() if "WATCHDOG=1" in message]
    return time.monotonic() - feeds[-1] > seconds


@pytest.mark.parametrize("worker", ["worker-0", "worker-1"])
def test_stuck_worker_stops_the_watchdog(make_lab, manager, worker):
    if wait.PATIENCE > 1:
        pytest.skip("a watchdog of two seconds is not for a gateway that is slowed down")
    lab = make_lab(manager=manager, environment={"WATCHDOG_USEC": "2000000"})
    manager.wait_for("WATCHDOG=1", count=4)
    with Held(lab.gateway.process, worker):
        wait.until(lambda: quiet(manager, 2), 10, "the watchdog to be left alone")
        log = lab.gateway.log_file
        wait.until(lambda: re.search(rf"worker-stuck.* worker={worker[-1]} ", log.read_text()), 5, log.read_text)
    fed = manager.count("WATCHDOG=1")
    manager.wait_for("WATCHDOG=1", count=fed + 2)
    lab.assert_serves()


def test_watchdog_is_fed_while_it_drains(make_lab, manager):
    lab = make_lab(manager=manager, environment={"WATCHDOG_USEC": "1000000"}, settings={"limits": {"drain": "3s"}})
    outside = lab.from_outside()
    outside.send(sip.request("INVITE", ALICE, from_=BOB, to=ALICE, call_id="never", contact="sip:b@192.0.2.1"))
    lab.inside.expect_request("INVITE").answer(180)
    lab.gateway.process.send_signal(signal.SIGTERM)
    stopping = manager.wait_for("STOPPING=1")
    assert lab.gateway.process.wait(15) == 0
    lab.gateway.process = None
    fed = [message.time for message in manager.hear() if "WATCHDOG=1" in message and message.time > stopping.time]
    assert len(fed) >= 4


def test_watchdog_of_somebody_else(make_lab, manager):
    lab = make_lab(manager=manager, environment={"WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"})
    lab.gateway.reload()
    manager.wait_for("READY=1", count=2)
    lab.gateway.stop()
    assert manager.count("WATCHDOG=1") == 0


# ---- the unit ----

UNITS = ROOT / "scripts/packaging/systemd"
ANALYZE = shutil.which("systemd-analyze")


def analyze(*words):
    done = subprocess.run([ANALYZE, *words], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def unit(tmp_path):
    """As it would be installed here, with the program where it was built and without the manual pages."""
    if ANALYZE is None:
        pytest.skip("systemd-analyze is not installed")
    version = int(re.match(r"systemd (\d+)", analyze("--version")[1]).group(1))
    text = (UNITS / "fedgate.service").read_text()
    text = re.sub(r"(?m)^Documentation=.*\n", "", text).replace("/usr/bin/fedgate", str(gateway.BINARY))
    (tmp_path / "fedgate.service").write_text(text)
    if version >= 253:
        shutil.copytree(UNITS / "fedgate.service.d", tmp_path / "fedgate.service.d")
    shutil.copy(UNITS / "fedgate.socket", tmp_path)
    return tmp_path / "fedgate.service"


@pytest.mark.framework
def test_unit_is_sound(unit):
    assert analyze("verify", "--man=no", str(unit), str(unit.with_suffix(".socket"))) == (0, "")


@pytest.mark.framework
def test_unit_is_a_sandbox(unit):
    status, text = analyze("security", "--offline=yes", "--threshold=15", str(unit))
    exposure = re.search(r"Overall exposure level for fedgate.service: ([\d.]+)", text)
    assert exposure and float(exposure.group(1)) <= 1.5 and status == 0, text


@pytest.mark.framework
def test_unit_gives_the_drain_its_time(unit):
    [given] = re.findall(r"(?m)^TimeoutStopSec=(\d+)s$", unit.read_text())
    [drain] = re.findall(r'X\(drain_ms, "drain", DURATION, (\d+)', (ROOT / "gateway/limits.h").read_text())
    assert int(given) * 1000 >= int(drain) + 10_000
