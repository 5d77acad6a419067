# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian package: built, installed on a clean Debian 12, filled in, walked with as a new administrator would, upgraded
and purged. Minutes, a mirror and root: with --slow only. FEDGATE_DEB names a package that was built already.

The tests go on where the one before has ended, in the order of this file."""
import json
import os
import re
import shutil
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from lib import gateway, peer, process, wait, walk, yaml_text
from lib.chroot import Chroot
from lib.document import ROOT
from lib.lab import Lab
from lib.nameserver import NameServer

pytestmark = [pytest.mark.slow, pytest.mark.framework, pytest.mark.timeout(2400)]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The path of the .deb."""
    if os.environ.get("FEDGATE_DEB"):
        return Path(os.environ["FEDGATE_DEB"]).resolve()
    if shutil.which("dpkg-buildpackage") is None:
        pytest.skip("dpkg-dev is not installed")
    folder = tmp_path_factory.mktemp("packages")
    done = subprocess.run([str(ROOT / "scripts/packaging/build-deb"), str(folder)], capture_output=True, text=True,
                          timeout=2000, check=False)
    if "could not install" in done.stderr or "failed: private_apt" in done.stderr:
        pytest.skip(f"the package cannot be built here: {done.stderr.strip()[-300:]}")
    assert done.returncode == 0, done.stderr
    [built] = folder.glob("fedgate_*.deb")
    return built


# Where a package manager keeps its own books, and the logs, which stay.
BOOKS = ("/var/lib/dpkg", "/var/lib/apt", "/var/cache/apt", "/var/cache/debconf", "/var/log", "/proc", "/dev", "/sys", "/tmp",
         "/var/cache/ldconfig", "/run/adduser", "/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-")


@pytest.fixture(scope="module")
def debian(package, tmp_path_factory):
    made = Chroot.make(tmp_path_factory.mktemp("debian") / "root")
    made.install("jq", "openssl", "adduser")  # what the walk types, and what a purge of fedgate leaves
    shutil.copy(package, made.root / "tmp/fedgate.deb")
    made.before = made.files(BOOKS)
    made.users_before = (made.root / "etc/passwd").read_text()
    made.must("apt-get", "install", "-y", "--no-install-recommends", "/tmp/fedgate.deb", timeout=900)
    return made


@pytest.mark.skipif(shutil.which("lintian") is None, reason="lintian is not installed")
def test_lintian(package):
    """Nothing to complain of but what debian/fedgate.lintian-overrides says, with the reason."""
    done = subprocess.run(["lintian", "--display-info", "--pedantic", "--allow-root", str(package)], capture_output=True, text=True,
                          check=False)
    assert re.findall(r"^[EWIP]: .*", done.stdout, re.MULTILINE) == []
    lines = (ROOT / "scripts/packaging/debian/fedgate.lintian-overrides").read_text().splitlines()
    assert all(lines[i - 1].startswith("#") for i, line in enumerate(lines) if line.startswith("fedgate:"))


def mode(debian, path):
    facts = (debian.root / path.lstrip("/")).stat()
    names = debian.must("stat", "-c", "%U:%G", path).strip()
    return f"{stat.S_IMODE(facts.st_mode):04o} {names}"


def test_what_is_laid_out(debian):
    assert mode(debian, "/etc/fedgate/tls") == "0750 root:fedgate"
    assert mode(debian, "/etc/fedgate/gateway.yaml") == "0644 root:root"
    assert mode(debian, "/var/log/fedgate") == mode(debian, "/var/cache/fedgate") == "0750 fedgate:fedgate"
    account = debian.must("getent", "passwd", "fedgate").strip().split(":")
    assert int(account[2]) < 1000 and account[5:] == ["/nonexistent", "/usr/sbin/nologin"]
    for path in ("/usr/bin/fedgate", "/lib/systemd/system/fedgate.service", "/usr/share/doc/fedgate/gateway/TROUBLE.md",
                 "/usr/share/bash-completion/completions/fedgate", "/etc/fedgate/federation-partners/example.yaml",
                 "/etc/logrotate.d/fedgate", "/etc/lnav/formats/fedgate/fedgate_audit.json"):
        assert (debian.root / path.lstrip("/")).exists(), path
    assert debian.must("fedgate", "version").startswith("fedgate ")
    missing = debian.run("dpkg", "--verify", "fedgate").stdout
    assert [line for line in missing.splitlines() if "/usr/share/" not in line] == []


def test_check_says_what_is_left_to_fill_in(debian):
    done = debian.run("fedgate", "check")
    told = re.findall(r"^(?:/etc/fedgate/)?gateway.yaml:\d+:\d+: error: (.*) \[([\w-]+)\]$", done.stderr, re.MULTILINE)
    assert done.returncode == 1 and len(told) == len(done.stderr.splitlines()), done.stderr
    keys = [re.search(r"'(\w+)' needs the key '([\w-]+)'", text).groups() for text, token in told if token == "missing-key"]
    assert keys == [("internal", key) for key in ("listen", "host", "servers", "domains", "next-hop")] + [
        ("external", "listen"), ("external", "host")]
    files = [text.split()[0].rpartition("/")[2] for text, token in told if token == "file-missing"]
    assert sorted(files) == sorted(["internal.pem", "internal.key", "external.pem", "external.key", "enterprise-root.pem"])
    assert len(told) == len(keys) + len(files)


class DebianStage(walk.Stage):
    """The clean Debian, with a gateway that runs as its unit would run it. There is no systemd: `systemctl reload` is the
    HUP that the unit sends."""

    def __init__(self, debian, lab):
        self.debian, self.lab = debian, lab
        self.audit = lab.gateway.audit = gateway.AuditLog(debian.root / "var/log/fedgate/audit.jsonl")
        self.partner_file = debian.root / "etc/fedgate/federation-partners/fabrikam.yaml"
        self.put_roots(debian.root / "root", lab.pki)
        self.process = None

    def fill_in(self):
        """What an administrator fills in: the keys, each in its line, and the files."""
        file = self.debian.root / "etc/fedgate/gateway.yaml"
        text, settings = file.read_text(), self.lab.gateway.settings
        for side in ("internal", "external"):
            begin = text.index(f"{side}:")
            for key, value in settings[side].items():
                if key not in ("certificate", "key", "roots"):
                    line = yaml_text.dump({key: value}).strip()
                    text = text[:begin] + re.sub(rf"#{key}:.*", line, text[begin:], count=1)
        file.write_text(text + yaml_text.dump({"dns": settings["dns"], "limits": settings["limits"]}))
        tls = self.debian.root / "etc/fedgate/tls"
        for side in ("internal", "external"):
            shutil.copyfile(settings[side]["certificate"], tls / f"{side}.pem")
            (tls / f"{side}.key").touch(mode=0o600)
            shutil.copyfile(settings[side]["key"], tls / f"{side}.key")
        shutil.copyfile(settings["internal"]["roots"][0], tls / "enterprise-root.pem")

    def start(self, folder):
        unit = (self.debian.root / "lib/systemd/system/fedgate.service").read_text()
        command = re.search(r"^ExecStart=(.*)", unit, re.MULTILINE).group(1).split()
        user = re.search(r"^User=(.*)", unit, re.MULTILINE).group(1)
        self.process = process.Process(
            self.debian.words("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *command), folder, "fedgate",
            dict(os.environ))
        wait.until(lambda: self.audit.find(event="started"), 20,
                   lambda: f"the gateway to start; it says\n{self.process.errors()}")

    def type(self, command):
        prelude = f"cd /root; systemctl() {{ kill -HUP {self.process.pid}; }}\n"
        return self.debian.run("bash", "-euo", "pipefail", "-c", prelude + command, timeout=60)

    def refused_sessions(self, connect):
        before = len(self.audit.find(event="session-refused"))
        connect()
        self.audit.wait_for(event="session-refused", count=before + 1)
        return self.audit.find(event="session-refused")[before:]


@pytest.fixture(scope="module")
def stage(debian, pki, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stage")
    server = NameServer()
    lab = Lab(folder, pki, nameserver=server, partners={"fabrikam": None, "contoso": None}, handler=peer.answering(200),
              start=False)
    made = DebianStage(debian, lab)
    yield made
    if made.process is not None:
        made.process.kill()
    lab.close_clients()
    lab.close()
    server.close()


def test_fill_in(stage, tmp_path):
    stage.fill_in()
    done = stage.debian.run("fedgate", "check")  # the keys are root's alone
    assert done.returncode == 0
    assert done.stderr.count("[user-cannot-read]") == done.stderr.count("run chgrp fedgate") == 2, done.stderr
    assert len(done.stderr.splitlines()) == 2
    # as the user of the gateway
    as_gateway = ["runuser", "-u", "fedgate", "--", "fedgate", "check", "--strict"]
    told = stage.debian.run(*as_gateway).stderr
    assert told.count("may not be read by this user [file-unreadable]") == len(told.splitlines()) == 2, told
    stage.debian.must("sh", "-c", "chgrp fedgate /etc/fedgate/tls/*.key && chmod 640 /etc/fedgate/tls/*.key")
    stage.debian.must(*as_gateway)
    done = stage.debian.run("fedgate", "check", "--strict")
    assert (done.returncode, done.stderr) == (0, "")
    [example] = json.loads(stage.debian.must("fedgate", "partners", "--json"))["partners"]
    assert (example["partner"], example["state"]) == ("example", "disabled")
    stage.start(tmp_path)
    owner = stage.debian.must("stat", "-c", "%U", "/var/log/fedgate/audit.jsonl").strip()
    assert owner == "fedgate"


@pytest.mark.parametrize("step", walk.STEPS, ids=lambda step: step.__name__)
def test_walk(stage, step):
    step(stage)


def test_stop(stage):
    stage.process.send_signal(signal.SIGTERM)
    assert stage.process.wait(15) == 0


def test_upgrade_keeps_what_was_filled_in(stage):
    file = stage.debian.root / "etc/fedgate/gateway.yaml"
    filled = file.read_text()
    stage.debian.must("dpkg", "-i", "/tmp/fedgate.deb")
    assert file.read_text() == filled
    assert mode(stage.debian, "/etc/fedgate/tls") == "0750 root:fedgate"
    assert stage.debian.run("fedgate", "check", "--strict").returncode == 0


def test_purge_leaves_nothing_but_logs(stage, debian):
    logs = {path.name for path in (debian.root / "var/log/fedgate").iterdir()}
    assert {"audit.jsonl", "gateway.log"} <= logs
    roots = {f"/root/{name}" for name in ("fabrikam-root.pem", "fabrikam-root-2027.pem")}  # on the administrator's desk
    debian.must("apt-get", "remove", "-y", "fedgate")
    assert (debian.root / "etc/fedgate/tls/external.key").exists()
    debian.must("apt-get", "purge", "-y", "--autoremove", "fedgate")
    assert sorted(debian.files(BOOKS) - debian.before) == sorted(roots)
    assert {path.name for path in (debian.root / "var/log/fedgate").iterdir()} == logs
    assert mode(debian, "/var/log/fedgate/audit.jsonl").endswith("root:adm")
    assert (debian.root / "etc/passwd").read_text() == debian.users_before
