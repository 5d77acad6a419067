# SPDX-License-Identifier: GPL-2.0-or-later
"""What a gateway gives up at its start: files, system calls, dumps, capabilities (gateway/confinement.h). An intruder that is
linked with the very same code tries what must fail, by each means alone; the gateway itself is looked at from outside."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lib import gateway, other_user, wait

INTRUDER = gateway.BINARY.parents[1] / "test/unit/confinement/confined"


@pytest.fixture
def attempt(lab):
    def make(how, what, argument=""):
        done = subprocess.run([INTRUDER, lab.gateway.file, how, what, str(argument)], capture_output=True, text=True,
                              timeout=30, check=False)
        if "unconfined" in done.stdout:
            pytest.skip(done.stdout.strip())
        assert done.returncode in (0, -signal.SIGSYS), done.stdout + done.stderr
        return done.stdout.strip() if done.returncode == 0 else "killed"

    return make


# ---- files ----

def test_files_that_may_be_read(attempt, lab, pki):
    for path in (lab.gateway.file, lab.gateway.folder / "federation-partners/fabrikam.yaml", pki.gateway_external.key_file,
                 pki.fabrikam.file, "/etc/resolv.conf", "/dev/urandom"):
        assert attempt("all", "read", path) == "ok", path
    assert attempt("all", "list", lab.gateway.folder / "federation-partners") == "ok"


def test_files_that_may_not_be_read(attempt, lab, tmp_path):
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside/secret").write_text("x")
    for path in (tmp_path / "beside/secret", "/etc/shadow", "/etc/passwd", "/proc/self/maps", "/proc/self/mem",
                 "/usr/bin/env"):
        assert attempt("files", "read", path) == attempt("all", "read", path) == "EACCES", path
    for folder in ("/", "/etc", tmp_path, "/proc"):
        assert attempt("files", "list", folder) == "EACCES", folder


@pytest.mark.parametrize("folder", ["logs", "fetched"])
def test_folders_that_may_be_written_to(attempt, lab, folder):
    place = lab.gateway.folder / folder
    assert attempt("all", "write", place / "new") == "ok"
    assert attempt("all", "replace", place / "new") == "ok" and (place / "new").read_text() == "x"
    assert attempt("all", "remove", place / "new") == "ok"
    for what in ("make-folder", "link"):
        assert attempt("files", what, place / "odd") == "EACCES"


def test_files_that_may_not_be_written_to(attempt, lab, pki, tmp_path):
    for path in (lab.gateway.file, lab.gateway.folder / "new.yaml", lab.gateway.folder / "federation-partners/new.yaml",
                 pki.gateway_external.key_file, tmp_path / "new", "/etc/new", "/dev/null"):
        assert attempt("files", "write", path) == attempt("all", "write", path) == "EACCES", path
    assert attempt("files", "truncate", lab.gateway.file) == "EACCES"
    assert attempt("files", "remove", lab.gateway.file) == "EACCES"
    assert lab.gateway.file.stat().st_size > 0


def test_landlock_alone_keeps_it_from_programs_ports_and_others(attempt):
    assert attempt("files", "execute", "/usr/bin/env") == "EACCES"
    assert attempt("files", "bind") in ("EACCES", "ok")  # ok: a kernel before 6.7
    assert attempt("files", "trace") == "EPERM"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0fedgate-{os.getpid()}")
        listener.listen()
        assert attempt("files", "abstract", f"fedgate-{os.getpid()}") in ("EPERM", "ok")  # ok: before 6.12
    assert attempt("files", "signal", os.getpid()) in ("EPERM", "ok")


# ---- system calls ----

@pytest.mark.parametrize("what", ["execute", "fork", "trace", "namespace"])
def test_calls_that_are_deadly(attempt, what):
    assert attempt("calls", what, "/usr/bin/env") == attempt("all", what, "/usr/bin/env") == "killed"


@pytest.mark.parametrize("what", ["unix", "raw", "bind", "code", "turn-into-code", "set-clock", "become-root", "ring",
                                  "future-call", "signal", "truncate", "link"])
def test_calls_that_do_not_exist_any_more(attempt, what):
    assert attempt("calls", what, os.getpid()) == "ENOSYS"


@pytest.mark.parametrize("what", ["thread", "tcp", "udp"])
def test_calls_that_it_needs(attempt, what):
    assert attempt("all", what) == "ok"


# ---- the gateway itself ----

def status_of(gateway_, name):
    """Of each of its threads."""
    tasks = Path(f"/proc/{gateway_.process.pid}/task").iterdir()
    return [re.search(rf"(?m)^{name}:\s+(\S+)", (task / "status").read_text()).group(1) for task in tasks]


def said(lab):
    def line():
        return re.search(r"level=(\w+) event=confined (.*)\n", lab.gateway.log_file.read_text())

    return wait.until(lambda: lab.gateway.log_file.exists() and line(), 5, "what is in force to be said").groups()


def test_every_thread_is_confined(lab):
    level, what = said(lab)
    if "open:" in what:
        pytest.skip(what)
    assert level == "notice" and re.fullmatch(r"files=landlock-\d+ calls=seccomp dumps=refused capabilities=dropped", what)
    lab.gateway.reload()  # which starts threads
    lab.assert_serves()
    assert len(status_of(lab.gateway, "Seccomp")) >= 4
    assert set(status_of(lab.gateway, "Seccomp")) == {"2"}
    assert set(status_of(lab.gateway, "NoNewPrivs")) == {"1"}
    kept = {"0000000000000006" if os.geteuid() == 0 else "0000000000000000"}
    assert set(status_of(lab.gateway, "CapEff")) == set(status_of(lab.gateway, "CapPrm")) == kept


def test_it_can_be_switched_off_and_that_is_said(make_lab):
    lab = make_lab(settings={"confinement": False})
    level, what = said(lab)
    assert level == "warning" and "files=" in what and "dumps=refused" in what
    assert "confinement: false" in what or "sanitizers" in what
    assert set(status_of(lab.gateway, "Seccomp")) == {"0"}
    lab.assert_serves()


# A filter of the launcher's own, as an old kernel would answer: no landlock_*, no seccomp.
OLD_KERNEL = r"""
import ctypes, os, platform, struct, sys
calls = {"x86_64": [444, 445, 446, 317], "aarch64": [444, 445, 446, 277]}[platform.machine()]
code = struct.pack("HBBI", 0x20, 0, 0, 0)
for left, number in zip(range(len(calls), 0, -1), calls):
    code += struct.pack("HBBI", 0x15, left, 0, number)
code += struct.pack("HBBI", 0x06, 0, 0, 0x7fff0000) + struct.pack("HBBI", 0x06, 0, 0, 0x00050000 | 38)
octets = ctypes.create_string_buffer(code, len(code))
program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(octets))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0, os.strerror(ctypes.get_errno())
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_kernel_without_them_is_no_reason_to_stay_down(lab):
    lab.gateway.stop()
    lab.gateway.audit.path.unlink()
    lab.gateway.log_file.unlink()
    lab.gateway.prefix = [sys.executable, "-c", OLD_KERNEL]
    lab.gateway.start()
    level, what = said(lab)
    assert level == "warning"
    assert "no Landlock" in what or "sanitizers" in what
    assert "does not take a filter" in what or "without libseccomp" in what or "sanitizers" in what
    lab.assert_serves()


def test_refuses_to_be_looked_into(make_lab):
    """Even the same user may not: no dump, no debugger. The kernel then gives /proc/PID to root."""
    lab = make_lab()
    lab.gateway.stop()
    other_user.give(lab.gateway)
    lab.gateway.start()
    process = Path(f"/proc/{lab.gateway.process.pid}")
    assert set(status_of(lab.gateway, "Uid")) == {"65534"}
    assert (process / "fd").stat().st_uid == 0
    assert re.search(r"(?m)^Max core file size\s+0\s+0 ", (process / "limits").read_text())
    lab.assert_serves()


# ---- what a reload may name ----

def add_root(lab, path):
    path.parent.mkdir(exist_ok=True)
    shutil.copy(lab.pki.stranger.file, path)
    lab.gateway.partners["fabrikam"]["roots"].append(str(path))
    lab.gateway.write()


def test_reload_reads_what_is_new_in_known_folders(lab, pki):
    add_root(lab, lab.gateway.folder / "later/root.pem")
    assert lab.gateway.reload()["event"] == "policy-loaded"
    renewed = pki.public.leaf(dns=["sip.corp.example"])
    lab.gateway.settings["external"].update(certificate=renewed.chain_file, key=renewed.key_file)
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-loaded"


def test_reload_that_names_a_folder_elsewhere_asks_for_a_restart(lab, tmp_path):
    if said(lab)[0] == "warning":
        pytest.skip(said(lab)[1])
    add_root(lab, tmp_path / "elsewhere/root.pem")
    rejected = lab.gateway.reload()
    assert rejected["event"] == "policy-rejected"
    assert re.search(r"fabrikam\.yaml:\d+:\d+: error: '?/.*elsewhere/root\.pem'? is in a folder that the configuration did not "
                     r"name when the gateway was started, and it has confined itself to those; restart it \[restart-needed\]",
                     rejected["detail"]), rejected
    lab.assert_serves()
    lab.gateway.stop()
    lab.gateway.start()
    assert lab.gateway.reload()["event"] == "policy-loaded"


def test_certificate_behind_a_link_is_renewed_beside_it(make_lab, tmp_path, pki):
    """As tools of ACME do: live/x.pem -> ../archive/x1.pem, x2.pem, ..."""
    lab = make_lab()
    lab.gateway.stop()
    for folder in ("live", "archive"):
        (tmp_path / folder).mkdir()

    def renew(number):
        leaf = pki.public.leaf(dns=["sip.corp.example"])
        for kind, file in (("chain", leaf.chain_file), ("key", leaf.key_file)):
            shutil.copy(file, tmp_path / f"archive/{kind}{number}.pem")
            (tmp_path / f"live/{kind}.new").symlink_to(f"../archive/{kind}{number}.pem")
            (tmp_path / f"live/{kind}.new").rename(tmp_path / f"live/{kind}.pem")

    renew(1)
    lab.gateway.settings["external"].update(certificate=str(tmp_path / "live/chain.pem"), key=str(tmp_path / "live/key.pem"))
    lab.gateway.write()
    lab.gateway.start()
    renew(2)
    assert lab.gateway.reload()["event"] == "policy-loaded"
    lab.assert_serves()


# ---- keys ----

def test_no_octet_of_a_key_is_written_anywhere(lab, pki):
    """Not by a start, a reload, a mismatch, a broken key, nor a refusal."""
    keys = [Path(pki.gateway_internal.key_file), Path(pki.gateway_external.key_file)]
    broken = lab.gateway.folder / "broken.key"
    broken.write_bytes(keys[1].read_bytes()[:-60])
    for key in (str(keys[0]), str(broken), str(lab.gateway.folder / "missing.key"), str(keys[1])):
        lab.gateway.settings["external"]["key"] = key
        lab.gateway.write()
        lab.gateway.reload()
    lab.assert_serves()
    process = lab.gateway.process
    lab.gateway.stop()
    written = process.output() + process.errors() + "".join(
        path.read_text(errors="replace") for path in lab.gateway.folder.rglob("*") if path.is_file() and path != broken)
    for key in keys:
        lines = [line for line in key.read_text().splitlines() if not line.startswith("-")]
        assert lines and not [line for line in lines if line in written or line[:16] in written]
    assert "PRIVATE KEY" not in written
