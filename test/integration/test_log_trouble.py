# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs that cannot be written: the disk is full, the folder gone, the disk slow or stuck. Traffic goes on, what is lost is
counted to the line, and said."""

import os
import re
import resource
import shutil
import signal
import subprocess
import threading
import time

import pytest

from lib import metrics, sip, wait
from lib.lab import ALICE, BOB, CAROL

QUEUE = 8 << 20  # AUDIT_QUEUE_OCTETS of gateway/log/audit.h
LONG = '"' * 480  # a Call-ID that is twice as long in the log
# The partner's rate is not what is asked for here.
UNBOUNDED = {"fabrikam": {"limits": {"messages-per-second": 1000000, "burst": 1000000}}}


def message(lab, connection):
    call_id = sip.token("crosses-")
    connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=call_id))
    lab.inside.expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)
    return call_id


def flood(connection, octets):
    """So many refused requests that their lines have that many octets at least; all are answered. Returns their number."""
    count, batch = octets // 1500, 200
    count += -count % batch
    for first in range(0, count, batch):
        connection.send(b"".join(
            sip.request("MESSAGE", CAROL, from_=BOB, to=CAROL, call_id=sip.token("lost-") + LONG) for _ in range(batch)))
        for _ in range(batch):
            connection.expect_status(403, timeout=20)
    return count


def lost_lines(lines):
    """What the lines-lost lines among them add up to."""
    return sum(int(re.match(r"(\d+) lines could not be written", line["detail"]).group(1))
               for line in lines if line["event"] == "lines-lost")


def assert_counted(lab, lines, requests):
    """Every request has its line, or is among those that are said to be lost; the same number stands everywhere."""
    lost = lost_lines(lines)
    assert lost > 0
    assert len([line for line in lines if line["event"] == "request"]) + lost == requests
    assert all(line["reason"] == "overloaded" for line in lines if line["event"] == "lines-lost")
    said = re.findall(r"level=error event=lines-lost file=audit\.jsonl lines=(\d+)", lab.gateway.log_file.read_text())
    assert sum(map(int, said)) == lost
    assert metrics.read(lab).one("fedgate_log_lines_lost_total", file="audit.jsonl") == lost


@pytest.fixture
def small_disk(tmp_path):
    """The log folder of the first lab, on a disk of one MiB, which can be made larger."""
    folder = tmp_path / "lab0" / "logs"
    folder.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0777", "none", folder], capture_output=True,
                      check=False).returncode != 0:
        pytest.skip("no right to mount a disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_full_disk(make_lab, small_disk):
    lab = make_lab(partners=UNBOUNDED)
    connection = lab.from_outside()
    message(lab, connection)
    (small_disk / "filler").write_bytes(bytes(960 << 10))
    requests = 1 + flood(connection, 3 * QUEUE // 2)
    message(lab, connection)
    assert (small_disk / "audit.jsonl").stat().st_size < 1 << 20
    assert "cannot write" in lab.gateway.process.errors()
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    lab.gateway.audit.wait_for(event="lines-lost")
    after = message(lab, connection)
    lab.gateway.audit.wait_for(event="request", call_id=after)
    lab.gateway.stop()
    assert_counted(lab, lab.gateway.audit.lines(), requests + 2)


def test_a_bound_on_file_sizes_is_a_full_disk(lab):
    """It would end the process where nobody thought of it; as long as the queue holds, nothing is lost."""
    connection = lab.from_outside()
    calls = [message(lab, connection)]
    lab.gateway.audit.wait_for(event="request", call_id=calls[0])
    pid, bound = lab.gateway.process.pid, lab.gateway.audit.path.stat().st_size + 1000
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (bound, resource.RLIM_INFINITY))
    calls += [message(lab, connection) for _ in range(20)]
    wait.until(lambda: "cannot write" in lab.gateway.process.errors(), 5, "its complaint")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait.until(lambda: [e["call-id"] for e in lab.gateway.audit.find(event="request")] == calls, 5, "every line")
    assert "is written again" in lab.gateway.process.errors()
    assert not lab.gateway.audit.find(event="lines-lost")


def test_folder_gone_and_back(make_lab):
    """Where it has not confined itself to the folder that was there."""
    lab = make_lab(settings={"confinement": False})
    connection = lab.from_outside()
    before = message(lab, connection)
    lab.gateway.audit.wait_for(event="request", call_id=before)
    folder = lab.gateway.folder / "logs"
    shutil.rmtree(folder)
    calls = [message(lab, connection) for _ in range(20)]
    wait.until(lambda: "cannot write" in lab.gateway.process.errors(), 5, "its complaint")
    folder.mkdir()
    wait.until(lambda: [e["call-id"] for e in lab.gateway.audit.find(event="request")] == calls, 5, "every line")
    lab.gateway.stop()
    assert "event=stopping" in lab.gateway.log_file.read_text()
    assert metrics.read(lab).total("fedgate_log_lines_lost_total") == 0


def test_folder_made_anew_is_not_the_one_that_it_may_write_to(lab):
    """Traffic goes on, and the complaint says what to do."""
    if "level=notice event=confined" not in lab.gateway.log_file.read_text():
        pytest.skip("it is not confined here")
    connection = lab.from_outside()
    folder = lab.gateway.folder / "logs"
    shutil.rmtree(folder)
    folder.mkdir()
    message(lab, connection)
    wait.until(lambda: "made anew" in lab.gateway.process.errors(), 5, "its complaint")
    assert "restart it" in lab.gateway.process.errors()
    message(lab, connection)


@pytest.fixture
def stuck(make_lab):
    """A lab whose audit.jsonl is a pipe that nobody reads: the thread that writes logs hangs in it."""
    lab = make_lab(partners=UNBOUNDED)
    path = lab.gateway.audit.path
    before = path.with_suffix(".before")
    path.rename(before)
    os.mkfifo(path)
    lab.gateway.process.send_signal(signal.SIGUSR1)
    yield lab, path, before
    path.unlink(missing_ok=True)


def read_all(path, lines):
    with open(path, "rb", buffering=1 << 16) as pipe:
        for line in pipe:
            lines.append(line)
            time.sleep(0.0002)  # a disk that is slower than what comes


def test_slow_disk(stuck):
    lab, path, before = stuck
    connection = lab.from_outside()
    message(lab, connection)  # every session is open now: only requests are lost
    requests = flood(connection, 3 * QUEUE // 2)
    message(lab, connection)
    lines = []
    reader = threading.Thread(target=read_all, args=(path, lines), daemon=True)
    reader.start()
    requests += flood(connection, QUEUE // 8)  # while it is written again, slowly
    message(lab, connection)
    wait.until(lambda: any(b'"lines-lost"' in line for line in list(lines)), 20, "the count of what was lost")
    lab.gateway.stop()
    reader.join(20)
    lab.gateway.audit.path = path.with_suffix(".all")
    lab.gateway.audit.path.write_bytes(before.read_bytes() + b"".join(lines))
    assert_counted(lab, lab.gateway.audit.lines(), requests + 3)


def test_stuck_disk_does_not_hold_up_the_end(stuck):
    lab, _, _ = stuck
    connection = lab.from_outside()
    for _ in range(10):
        message(lab, connection)
    begun = time.monotonic()
    process, lab.gateway.process = lab.gateway.process, None
    assert process.stop(timeout=15) == 0
    assert time.monotonic() - begun < 8 * wait.PATIENCE
    assert "what waits for it is lost" in process.errors()
