# SPDX-License-Identifier: GPL-2.0-or-later
"""What root reads at the start and the gateway's user may not read on a reload: told before (gateway/user_reading.h)."""

import json
import re
import shutil
from pathlib import Path

import pytest

from lib import other_user

ADVICE = "a reload would be rejected; run chgrp nogroup and chmod g+r on the file, g+x on a folder"


@pytest.fixture
def gateway(make_lab, pki):
    """Not running; all that it names is its user's, and so readable."""
    lab = make_lab()
    lab.gateway.stop()
    crl = lab.gateway.folder / "internal.crl"
    crl.write_bytes(pki.enterprise.crl())
    lab.gateway.settings["internal"]["crls"] = [str(crl)]
    other_user.give(lab.gateway)
    return lab.gateway


def close(path):
    """From here on only root may open it."""
    shutil.chown(path, "root", "root")
    path.chmod(0o700 if path.is_dir() else 0o600)


def check(gateway, *words):
    """The exit status, and the problems: those about ends that are near left out."""
    done = gateway.command("check", "--json", *words)
    return done.returncode, [problem for problem in json.loads(done.stdout)["problems"] if problem["token"] != "ends-soon"]


def test_user_who_may_read_all_is_not_spoken_of(gateway):
    assert check(gateway) == (0, [])


@pytest.mark.parametrize("closed, named_in, line_is_told, shown", [
    ("keys/external-certificate.pem", "gateway.yaml", True, "keys/external-certificate.pem"),
    ("keys/root-0.pem", "gateway.yaml", True, "keys/root-0.pem"),
    ("internal.crl", "gateway.yaml", True, "internal.crl"),
    ("federation-partners/fabrikam.yaml", "federation-partners/fabrikam.yaml", False, "the file"),
    ("keys/root-1.pem", "federation-partners/{owner}.yaml", True, "{folder}/keys/root-1.pem"),
])
def test_file_is_told_where_it_is_named(gateway, closed, named_in, line_is_told, shown):
    owner = list(gateway.partners)[0]
    close(gateway.folder / closed)
    status, [problem] = check(gateway)
    assert (status, problem["severity"], problem["token"]) == (0, "warning", "user-cannot-read")
    assert problem["file"] == str(gateway.folder / named_in.format(owner=owner))
    assert (problem["line"] > 0) == line_is_told
    assert problem["text"] == (f"as the gateway's user nobody: {shown.format(folder=gateway.folder)} may not be read by "
                               f"this user; {ADVICE}")
    assert check(gateway, "--strict")[0] == 1


def test_folder_on_the_way_is_told(gateway):
    roots = gateway.folder / "roots"
    roots.mkdir()
    for owner in gateway.partners.values():
        owner["roots"] = [str(shutil.copy(owner["roots"][0], roots))]
    gateway.write()
    close(roots)
    status, problems = check(gateway)
    assert status == 0 and len(problems) == len(gateway.partners)
    for problem in problems:
        assert f"may not be read by this user: closed is the folder {roots}; {ADVICE}" in problem["text"]


def test_logs_that_may_not_be_written_keep_run_from_starting(gateway):
    closed = "logs"
    close(gateway.folder / closed)
    status, problems = check(gateway)
    [error] = [problem for problem in problems if problem["severity"] == "error"]
    assert (status, error["token"]) == (1, "user-cannot-serve")
    assert f"for the user nobody, {gateway.folder / closed} is not " in error["text"]
    gateway.start(ready=False)
    assert gateway.process.wait() == 1
    assert f"for the user nobody, {gateway.folder / closed} is not " in gateway.process.errors()
    gateway.process = None


def test_log_folder_that_is_made_is_the_users(gateway):
    logs = gateway.folder / "logs"
    shutil.rmtree(logs)
    assert check(gateway) == (0, [])
    gateway.start()
    assert logs.owner() == other_user.USER and logs.stat().st_mode & 0o777 == 0o750
    assert gateway.reload()["event"] == "policy-loaded"


def test_account_that_is_not_there_is_an_error(gateway):
    gateway.settings["user"] = "no-such-account"
    gateway.write()
    status, [problem] = check(gateway)
    assert (status, problem["severity"], problem["token"]) == (1, "error", "user-cannot-serve")
    assert "there is no user no-such-account" in problem["text"]


def test_root_that_stays_root_may_read_all(gateway):
    close(gateway.folder / "keys/root-1.pem")
    gateway.settings["user"] = "root"
    gateway.write()
    assert check(gateway) == (0, [])


@pytest.mark.parametrize("name", ["keys/root-1.pem", "keys/internal-key.pem", "keys/external-key.pem", "federation-partners"])
def test_start_warns_of_what_a_reload_will_be_rejected_for(gateway, name):
    """Root has read it, and the gateway is nobody all the same."""
    closed = gateway.folder / name
    close(closed)
    assert check(gateway)[0] == 0
    gateway.start()
    [users] = re.findall(r"^Uid:(.*)$", Path(f"/proc/{gateway.process.pid}/status").read_text(), re.MULTILINE)
    assert set(users.split()) == {str(gateway.folder.stat().st_uid)} != {"0"}
    log = gateway.log_file.read_text()
    [warning] = [line for line in log.splitlines() if "user-cannot-read" in line]
    assert "warning" in warning and name in warning and f" may not be read by this user; {ADVICE}" in warning
    rejected = gateway.reload()
    assert rejected["event"] == "policy-rejected"
    assert name in rejected["detail"] and " may not be read by this user [file-unreadable]" in rejected["detail"]
    shutil.chown(closed, other_user.USER)
    assert gateway.reload()["event"] == "policy-loaded"
