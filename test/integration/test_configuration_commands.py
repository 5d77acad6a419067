# SPDX-License-Identifier: GPL-2.0-or-later
"""check, partners and version, as a person or a script calls them."""
import json
import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest

TEST = Path(__file__).parent.parent
MAKE = TEST / "unit/settings/make-certificates"
GOOD = TEST / "policy-cases/wrong-configurations/good"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    subprocess.run([MAKE, folder, folder / "made"], check=True, capture_output=True)
    return folder


@pytest.fixture
def place(tmp_path, certificates):
    """A good configuration to spoil."""
    shutil.copytree(GOOD, tmp_path / "etc")
    (tmp_path / "etc/tls").symlink_to(certificates)
    return tmp_path / "etc"


@pytest.fixture
def fedgate(binary, place):
    def run(*words, **options):
        return subprocess.run([str(binary), *words], cwd=place, capture_output=True, text=True, timeout=20, **options)

    return run


def append(file, text):
    file.write_text(file.read_text() + text)


def test_a_good_configuration_is_valid(fedgate):
    done = fedgate("check", "-c", "gateway.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "gateway.yaml is valid: 1 partner, 1 domain, 1 trust anchor.\n"


def test_a_configuration_is_found_from_anywhere(fedgate, place):
    done = fedgate("check", "-c", str(place / "gateway.yaml"))
    assert (done.returncode, done.stderr) == (0, "")


def test_errors_go_to_stderr_and_end_with_1(fedgate, place):
    append(place / "federation-partners/fabrikam.yaml", "colour: red\ndirection: up\n")
    done = fedgate("check", "-c", "gateway.yaml")
    assert (done.returncode, done.stdout) == (1, "")
    assert [line.split(" ")[0] for line in done.stderr.splitlines()] == [
        "federation-partners/fabrikam.yaml:4:1:", "federation-partners/fabrikam.yaml:5:12:"]


def test_warnings_are_no_errors_unless_strict(fedgate, place):
    append(place / "gateway.yaml", "blocked-domains: [fabrikam.example]\n")
    assert fedgate("check", "-c", "gateway.yaml").returncode == 0
    done = fedgate("check", "-c", "gateway.yaml", "--strict")
    assert done.returncode == 1
    assert "warning" in done.stderr and done.stdout == ""


def test_json_tells_the_same(fedgate, place):
    append(place / "federation-partners/fabrikam.yaml", 'comment: "a\\tb"\ncolor: "\\"red\\""\n')
    done = fedgate("check", "-c", "gateway.yaml", "--json")
    assert done.returncode == 1
    [problem] = json.loads(done.stdout)["problems"]
    assert problem["file"] == "federation-partners/fabrikam.yaml"
    assert (problem["line"], problem["column"], problem["severity"]) == (5, 1, "error")
    assert problem["token"] == "unknown-key"
    assert done.stderr == "{file}:{line}:{column}: {severity}: {text} [{token}]\n".format(**problem)


def test_json_of_a_good_one_has_the_bounds(fedgate):
    told = json.loads(fedgate("check", "-c", "gateway.yaml", "--json").stdout)
    assert told["problems"] == []
    assert told["limits"]["drain"] == "30s" and told["limits"]["sessions"] == 20000


def test_partners_with_defaults_filled_in(fedgate):
    [partner] = json.loads(fedgate("partners", "-c", "gateway.yaml", "--json").stdout)["partners"]
    assert partner["partner"] == "fabrikam" and partner["state"] == "in force"
    assert partner["identity"] == "domain" and partner["locate"] == "srv" and partner["methods"] == "all"
    assert partner["limits"] == {"messages-per-second": 500, "burst": 1000, "connections": 16,
                                 "message-size": "256KiB"}
    [anchor] = partner["anchors"]
    assert anchor["subject"] == "O=Test, CN=fabrikam-root" and len(anchor["sha256"]) == 64
    assert anchor["not-after"].endswith("Z") and anchor["days-left"] > 3000


FULL = """\
partner: contoso-with-a-name-that-is-longer-than-its-column
comment: contract 2026-117
domains: [{domains}]
roots: [../tls/contoso-root.pem]
valid: {{from: 2020-01-01, until: 2021-01-01}}
identity: {{names: [edge.contoso.example, edge2.contoso.example]}}
locate: {{fixed: [edge.contoso.example, "[2001:db8::1]:5062"]}}
direction: outbound
methods: [INVITE, MESSAGE]
client-eku: lenient
pins: ["sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]
asserted-identity: keep
diagnostics: public
limits: {{burst: 7, message-size: 128KiB}}
"""


def test_partners_fit_eighty_columns(fedgate, place):
    domains = ", ".join(f"region{i}.contoso.example" for i in range(40))
    name = "contoso-with-a-name-that-is-longer-than-its-column"
    (place / f"federation-partners/{name}.yaml").write_text(FULL.format(domains=domains))
    done = fedgate("partners", "-c", "gateway.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 80
    for part in [name, "ended", "region39.contoso.example", "[2001:db8::1]:5062", "INVITE, MESSAGE", "1 pin",
                 "client-eku lenient", "asserted-identity keep", "diagnostics public", "burst 7", "128KiB a message"]:
        assert part in done.stdout


def test_json_of_a_partner_is_what_its_file_says(fedgate, place):
    name = "contoso-with-a-name-that-is-longer-than-its-column"
    (place / f"federation-partners/{name}.yaml").write_text(FULL.format(domains="contoso.example"))
    partner = json.loads(fedgate("partners", "-c", "gateway.yaml", "--json").stdout)["partners"][0]
    assert partner["valid"] == {"from": "2020-01-01T00:00:00Z", "until": "2021-01-01T00:00:00Z"}
    assert partner["identity"] == {"names": ["edge.contoso.example", "edge2.contoso.example"]}
    assert partner["locate"] == {"fixed": ["edge.contoso.example:5061", "[2001:db8::1]:5062"]}
    assert partner["pins"] == ["sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]
    assert (partner["state"], partner["direction"], partner["client-eku"]) == ("ended", "outbound", "lenient")


def test_partners_of_a_wrong_configuration(fedgate, place):
    append(place / "gateway.yaml", "nonsense: 1\n")
    done = fedgate("partners", "-c", "gateway.yaml")
    assert (done.returncode, done.stdout) == (1, "")
    assert "unknown-key" in done.stderr


def test_versions(fedgate):
    done = fedgate("version")
    assert done.returncode == 0
    for name in ["fedgate", "wolfSSL", "libuv", "c-ares", "libyaml"]:
        assert any(line.startswith(name + " ") for line in done.stdout.splitlines())


@pytest.mark.parametrize("words", [
    ("check", "--jsn"), ("check", "-c"), ("check", "x"), ("partners", "--strict"), ("version", "--json"), ("chek",), ()])
def test_wrong_usage_is_one_line_and_2(fedgate, words):
    done = fedgate(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["check", "partners", "version"])
def test_help(fedgate, command):
    done = fedgate(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: fedgate {command}")
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("words", [("--help",), ("version",), ("check", "-c", "gateway.yaml"),
                                   ("partners", "-c", "gateway.yaml", "--json")])
def test_answer_that_cannot_be_written_is_trouble(binary, place, words):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([str(binary), *words], cwd=place, stdout=full, stderr=subprocess.PIPE, text=True, timeout=20)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "cannot be written" in done.stderr


@pytest.mark.parametrize("environment, coloured", [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)])
def test_colour_on_a_terminal_only(binary, place, environment, coloured):
    append(place / "gateway.yaml", "nonsense: 1\n")
    ours, theirs = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    done = subprocess.run([str(binary), "check", "-c", "gateway.yaml"], cwd=place, stderr=theirs,
                          stdout=subprocess.DEVNULL, env={**clean, **environment}, timeout=20)
    os.close(theirs)
    printed = os.read(ours, 4096)
    os.close(ours)
    assert done.returncode == 1
    assert (b"\x1b[31m" in printed) == coloured


def test_no_socket_is_opened(binary, place):
    """Root's check asks for an account, and the C library then a local daemon for names, if there is one."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not there")
    done = subprocess.run([strace, "-f", "-e", "trace=network", str(binary), "check", "-c", "gateway.yaml"], cwd=place,
                          capture_output=True, text=True, timeout=20)
    assert [line for line in done.stderr.splitlines() if "socket(" in line and "socket(AF_UNIX" not in line] == []
    assert "bind(" not in done.stderr and "listen(" not in done.stderr
