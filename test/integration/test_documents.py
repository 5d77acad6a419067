# SPDX-License-Identifier: GPL-2.0-or-later
"""The documents, held against the code and run: every command of the README, every table, every file that they show.

README.md: each ```sh block is run in the lab of scripts/run, in its order (those of federation-partners/README.md: in
test_walk.py). Of both, ```yaml is loaded by `fedgate check`; ```text is what was printed. Commands in running text are
listed below."""
import fcntl
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lib import gateway, keys, wait
from lib.document import ROOT, Document, bare, defined, rows

README = Document("README.md")
PARTNERS = Document("federation-partners/README.md")
TROUBLE = Document("gateway/TROUBLE.md")
COMING_FROM = Document("gateway/COMING-FROM.md")
DOCUMENTS = ["README.md", "federation-partners/README.md", "policy/README.md", "gateway/README.md", "gateway/DECISIONS.md", "gateway/MONITORING.md",
             "gateway/TROUBLE.md", "gateway/COMING-FROM.md", "test/README.md", "test/integration/README.md", "test/policy-cases/README.md"]


# ---- what the code lists, and the README repeats ----

def shown_status(inbound, outbound):
    if inbound == outbound:
        return "-" if inbound == "0" else inbound
    return f"{inbound} / {outbound}"


@pytest.mark.framework
def test_reasons():
    """Each has its entry: status and sentence as in the code, what to look at, and what to do."""
    entries = dict(re.findall(r"^### `([\w-]+)`\n(.*?)(?=^##|\Z)", TROUBLE.text, re.MULTILINE | re.DOTALL))
    assert TROUBLE.text.count("\n### ") == len(entries)
    known = defined("policy/reason.h", "REASONS", 5)
    assert set(entries) == {token for _, token, _, _, _ in known}
    for _, token, inbound, outbound, sentence in known:
        first, look, do = re.fullmatch(r"\n(.*)\n\n- Look: (.{5,}?)\n- Do: (.{5,}?)\n+", entries[token], re.DOTALL).groups()
        assert first == f"{shown_status(inbound, outbound)}: {sentence}", token
        assert look.endswith((".", "?")) and do.endswith("."), token


@pytest.mark.framework
def test_where_others_are_led_to():
    """Each key, reason, event and command that COMING-FROM.md names is one."""
    known = set(keys.of("gateway_keys") + keys.of("partner_keys")) | keys.words()
    known |= {token for _, token, _, _, _ in defined("policy/reason.h", "REASONS", 5)}
    known |= {token for _, token in defined("gateway/log/audit.h", "AUDIT_EVENTS", 2)}
    said = [row[-1] for row in rows(COMING_FROM.text)]
    assert len(said) > 50
    for word in re.findall(r"`([^`]+)`", " ".join(said)):
        if not word.startswith(("fedgate ", "openssl ", "systemctl ")):
            assert re.match(r"[\w.-]+", word).group(0) in known | {"from-certificate"}, word


@pytest.mark.framework
def test_events_of_gateway_log():
    sources = "".join(path.read_text() for path in (ROOT / "gateway").rglob("*.c"))
    written = set(re.findall(r'\boperation_log\([^";]*?LOG_LEVEL_(?!DEBUG)\w+[^";]*?"([\w-]+)"', sources))
    assert len(written) > 15
    assert {token for row in rows(TROUBLE.section("gateway.log")) for token in re.findall(r"`([\w-]+)`", row[0])} == written


@pytest.mark.framework
def test_reasons_that_cannot_occur_yet():
    said = re.search(r"These cannot occur yet: (.*?)\.\n", TROUBLE.text, re.DOTALL).group(1)
    sources = [path for folder in ("gateway", "policy") for path in (ROOT / folder).rglob("*.c")
               if path.parent.name != "command"]
    assert len(sources) > 100
    for token in re.findall(r"`([\w-]+)`", said):
        name = "REASON_" + token.upper().replace("-", "_")
        made = [path.name for path in sources if re.search(rf"\b{name}\b", path.read_text())]
        assert not made, f"{token} is made by {made}"


def shown_quantity(kind, value):
    units = {"COUNT": [("", 1)], "SIZE": [("MiB", 1 << 20), ("KiB", 1 << 10)],
             "DURATION": [("m", 60000), ("s", 1000), ("ms", 1)]}[kind]
    return next(f"{value // size}{unit}" for unit, size in units if value % size == 0)


@pytest.mark.framework
def test_limits():
    assert rows(README.section("Limits")) == [
        [f"`{key}`", shown_quantity(kind, int(standard)), bounds]
        for _, key, kind, standard, _, _, bounds in defined("gateway/limits.h", "LIMITS", 7)]


def test_limits_of_the_program(configuration):
    told = json.loads(configuration("check", "--json").stdout)["limits"]
    assert {bare(key): standard for key, standard, _ in rows(README.section("Limits"))} == {
        key: str(value) for key, value in told.items()}


@pytest.mark.framework
def test_fields_and_events_of_the_audit_log():
    section = README.section("Read the logs")
    written = re.findall(r'JSON_KEY\("([\w-]+)"\)', (ROOT / "gateway/log/audit.c").read_text())
    assert set(written) == {name for row in rows(section)[:22] for name in re.findall(r"`([\w-]+)`", row[0])}
    events = section[section.index("Events:"):section.index("`gateway.log`")]
    assert set(re.findall(r"`([\w-]+)`", events)) == {token for _, token in defined(
        "gateway/log/audit.h", "AUDIT_EVENTS", 2)}


def test_commands_of_the_program(binary):
    told = subprocess.run([str(binary), "--help"], capture_output=True, text=True, check=True).stdout
    known = set(re.findall(r"^  fedgate (\w+)", told, re.MULTILINE))
    assert known == set(re.findall(r"^    fedgate (\w+) +\w", README.text, re.MULTILINE))
    for word in known:
        usage = subprocess.run([str(binary), word, "--help"], capture_output=True, text=True, check=True).stdout
        assert usage.startswith(f"usage: fedgate {word}")


@pytest.mark.framework
def test_every_key_is_told():
    """Of gateway.yaml in the README, of a partner file in the example."""
    def keys(file):
        return set(re.findall(r'^\s+\{"([\w-]+)",\s*\w*read_', (ROOT / file).read_text(), re.MULTILINE))

    of_gateway = keys("gateway/settings_keys.c") | keys("gateway/settings_dns.c")
    of_partner = keys("policy/partner_keys.c")
    assert len(of_gateway) > 20 and len(of_partner) > 20
    assert {key for key in of_gateway if not re.search(rf"\b{key}\b", README.text)} == set()
    example = (ROOT / "federation-partners/example.yaml").read_text()
    assert {key for key in of_partner if not re.search(rf"(^|[ {{]){key}:", example, re.MULTILINE)} == set()


@pytest.mark.framework
def test_suite_figures(suites):
    judge = gateway.BINARY.parents[1] / "test/suites/judge"
    assert judge.exists(), f"{judge} is not there to be asked"
    printed = ""
    for script in ("test_limbo.py", "test_pkits.py"):
        done = subprocess.run([sys.executable, str(ROOT / "test/suites" / script)], capture_output=True, text=True,
                              env={**os.environ, "FEDGATE_JUDGE": str(judge), "FEDGATE_SUITES": str(suites)}, timeout=300)
        assert done.returncode in (0, 77), done.stdout
        if done.returncode == 77:
            pytest.skip(done.stdout.strip())
        printed += done.stdout
    measured = re.findall(r"^([\w-]+): (\d+) cases, (\d+) as expected, (\d+) other on purpose, (\d+) wrong", printed,
                          re.MULTILINE)
    section = Document("policy/README.md").section("How sure are we")
    assert len(measured) == 2
    for suite, _, _, on_purpose, wrong in measured:
        assert wrong == "0" and f"{suite}'s {on_purpose}" in section, f"{suite}: {on_purpose} on purpose, {wrong} wrong"
    out_of_scope = re.search(r"out of scope: (\d+)", printed).group(1)
    assert f"{out_of_scope} further PKITS cases" in section


def names_of_tests():
    """Functions of cmocka and pytest, tables of cases, and what meson calls the rest."""
    def found(pattern, files):
        return {name for file in files for name in re.findall(pattern, file.read_text(), re.MULTILINE)}

    test = ROOT / "test"
    return (found(r"^static void (\w+)\(void \*\*state\)", test.rglob("*.c"))
            | found(r"^def (test_\w+)\(", test.rglob("*.py"))
            | {path.stem.removeprefix("test_") for path in test.glob("suites/test_*.py")}
            | {path.name for path in test.rglob("*.cases")})


@pytest.mark.framework
@pytest.mark.parametrize("document", ["gateway/tls/README.md", "gateway/THREATS.md"])
def test_every_test_that_is_named_exists(document):
    """The last column of a table that says what shows it."""
    shown = [row[-1] for row in rows(Document(document).text)]
    assert len(shown) > 10 and all("`" in cell or cell == "-" for cell in shown), shown
    named = {name for cell in shown for name in re.findall(r"`([^`]+)`", cell)}
    assert named - names_of_tests() == set()


# ---- files that are shown ----

@pytest.fixture
def configuration(binary, pki, tmp_path):
    """The README's gateway.yaml and partner file, as they stand, with certificates where they say."""
    (tmp_path / "tls").mkdir()
    (tmp_path / "logs").mkdir()
    (tmp_path / "federation-partners").mkdir()
    for name, identity in (("internal", pki.gateway_internal), ("external", pki.gateway_external)):
        (tmp_path / f"tls/{name}.pem").write_bytes(Path(identity.chain_file).read_bytes())
        (tmp_path / f"tls/{name}.key").touch(mode=0o600)
        (tmp_path / f"tls/{name}.key").write_bytes(Path(identity.key_file).read_bytes())
    (tmp_path / "tls/enterprise-root.pem").write_bytes(Path(pki.enterprise.file).read_bytes())
    (tmp_path / "federation-partners/fabrikam-root.pem").write_bytes(Path(pki.fabrikam.file).read_bytes())
    minimal, _, partner = README.blocks("yaml")
    (tmp_path / "gateway.yaml").write_text(minimal)
    (tmp_path / "federation-partners/fabrikam.yaml").write_text(partner)

    def run(command, *words):
        return subprocess.run([str(binary), command, "-c", str(tmp_path / "gateway.yaml"), *words], capture_output=True,
                              text=True, timeout=60, check=False)

    run.folder = tmp_path
    return run


def test_minimal_files_load(configuration):
    done = configuration("check", "--strict")
    assert (done.returncode, done.stderr) == (0, "")


def test_partner_file_of_the_folder_loads(configuration):
    [partner] = PARTNERS.blocks("yaml")
    (configuration.folder / "federation-partners/fabrikam.yaml").write_text(partner)
    done = configuration("check", "--strict")
    assert (done.returncode, done.stderr) == (0, "")


def test_defaults_are_the_defaults(configuration):
    """With all of them written out nothing changes."""
    def effective():  # how long a certificate still lasts may change from one second to the next
        return re.sub(r'"days-left": \d+', "", configuration("partners", "--json").stdout)

    before = effective()
    file = configuration.folder / "gateway.yaml"
    file.write_text(file.read_text() + README.blocks("yaml")[1])
    done = configuration("check", "--strict")
    assert (done.returncode, done.stderr) == (0, "")
    assert effective() == before
    settings = (ROOT / "gateway/settings_keys.c").read_text()
    assert "dns.timeout_ms = 2000;" in settings and "logs.users = USERS_FULL;" in settings


def test_example_loads_and_never_matches(configuration):
    folder = configuration.folder / "federation-partners"
    for file in (ROOT / "federation-partners").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    done = configuration("check", "--strict")
    assert (done.returncode, done.stderr) == (0, "")
    partners = {entry["partner"]: entry for entry in json.loads(configuration("partners", "--json").stdout)["partners"]}
    example, plain = partners["example"], partners["fabrikam"]
    assert example["state"] == "disabled"
    assert all(domain.endswith(".invalid") for domain in example["domains"])
    assert all(anchor["days-left"] > 20 * 365 for anchor in example["anchors"])
    # What the file calls a default is one.
    own = {"partner", "file", "state", "comment", "enabled", "valid", "domains", "roots", "anchors"}
    assert {key: value for key, value in example.items() if key not in own} == {
        key: value for key, value in plain.items() if key not in own}


@pytest.mark.framework
def test_nothing_in_the_folder_is_a_key():
    files = list((ROOT / "federation-partners").iterdir())
    assert {file.name for file in files} == {"README.md", "example.yaml", "example-root.pem"}
    assert not any(b"PRIVATE KEY" in file.read_bytes() for file in files)


# ---- links and places ----

@pytest.mark.framework
@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    document = Document(name)
    for link in document.links():
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = document.path.parent / path if path else document.path
        assert target.exists(), f"{name}: {link}"
        if anchor:
            assert anchor in Document(target.resolve().relative_to(ROOT)).anchors(), f"{name}: {link}"


@pytest.mark.framework
def test_links_of_what_the_package_installs(tmp_path):
    subprocess.run([str(ROOT / "scripts/packaging/install-files"), str(tmp_path)], check=True, timeout=30)
    documents = list((tmp_path / "usr/share/doc/fedgate").rglob("*.md"))
    assert {"README.md", "TROUBLE.md", "COMING-FROM.md"} <= {document.name for document in documents}
    for document in documents:
        for link in re.findall(r"\]\(([^)#\s]+)", document.read_text()):
            assert link.startswith("https:") or (document.parent / link).exists(), f"{document.name}: {link}"


@pytest.mark.framework
@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name not in ("README.md", "federation-partners/README.md")])
def test_files_that_are_named_exist(name):
    document = Document(name)
    places = [document.path.parent, ROOT, ROOT / "gateway", ROOT / "policy", ROOT / "test/suites"]
    for word in document.inline_code():
        if re.fullmatch(r"[\w./-]+(\.[ch]|\.py|\.md|/)", word) and not word.startswith(("/", "build")):
            assert any((place / word).exists() for place in places), f"{name}: {word}"


@pytest.mark.framework
def test_every_integration_test_has_its_question():
    said = Document("test/integration/README.md").text
    assert [path.name for path in sorted((ROOT / "test/integration").glob("test_*.py")) if path.name not in said] == []


# ---- commands ----

# What running text tells to run; what is not in a ```sh block is here, or the test fails.
RUN_BESIDES = {"scripts/run --once", "scripts/run"}
NOT_RUN = {
    "scripts/test": "this test is a part of it",
    "scripts/bench --short": "takes minutes; test_bench.py shows that it works",
    "scripts/bench --growth": "takes minutes; what counts for it is run by the budget's test",
    "scripts/bench --workers 2": "takes a minute of both processors; the same script as --short",
    "fedgate check -c FILE": "as test_minimal_files_load does",
    "fedgate check": "the same",
    "scripts/packaging/build-deb": "test_package.py does",
    "fedgate probe fabrikam": "test_walk.py does",
    "fedgate probe --all": "test_probe.py does",
    "fedgate partners": "as test_example_loads_and_never_matches does",
}


@pytest.mark.framework
def test_no_command_is_left_out():
    told = {word for document in (README, PARTNERS) for word in document.inline_code()
            if word.startswith(("scripts/", "fedgate ", "./"))}
    assert told <= RUN_BESIDES | set(NOT_RUN)
    for word in NOT_RUN:
        if word.startswith("scripts/"):
            assert os.access(ROOT / word.split()[0], os.X_OK)


class Lab:
    """scripts/run, as somebody at a terminal has it."""

    def __init__(self, words=()):
        self.turn = open(ROOT / "scripts/run")  # one lab at a time, whatever runs tests side by side
        fcntl.flock(self.turn, fcntl.LOCK_EX)
        wait.until(lambda: subprocess.run([str(ROOT / "scripts/lab/ports_free")], capture_output=True).returncode == 0, 120,
                   lambda: "the lab's addresses to be free; another lab is running", interval=1)
        # Ctrl-C must reach it, whatever this process does with it.
        self.process = subprocess.Popen([str(ROOT / "scripts/run"), *words], cwd=ROOT, stdout=subprocess.PIPE,
                                        text=True, start_new_session=True,
                                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.output = ""

    def read_to(self, mark):
        for line in self.process.stdout:
            self.output += line
            if mark in line:
                return
        raise AssertionError(f"scripts/run ended with {self.process.wait()} before it said '{mark}':\n{self.output}")

    def end(self):
        """Ctrl-C; the status that it ends with."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
            self.output += self.process.stdout.read()
        status = self.process.wait(30)
        self.turn.close()
        return status


@pytest.fixture
def running_lab():
    lab = Lab()
    yield lab
    lab.end()


@pytest.mark.framework
@pytest.mark.timeout(1200)
def test_commands_of_the_documents(running_lab):
    """In their order, in one lab, each ```sh block in a shell of its own that stops at the first failure."""
    blocks = README.blocks("sh")
    assert blocks.pop(0) == "scripts/run\n"
    running_lab.read_to("zones:")
    [printed] = README.blocks("text")
    missing = [line for line in printed.splitlines() if line not in running_lab.output.splitlines()]
    assert not missing, f"shown, and not printed: {missing}\n{running_lab.output}"
    number = re.search(r"kill -HUP (\d+)", running_lab.output).group(1)
    for block in blocks:
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=ROOT, capture_output=True, text=True,
                              env={**os.environ, "PID": number}, timeout=60)
        status = re.match(r"# ends with (\d+)", block)
        assert done.returncode == int(status.group(1) if status else 0), f"{block}{done.stdout}{done.stderr}"
        assert done.stdout or "kill -HUP" in block, f"printed nothing:\n{block}"
        if "policy-" in block and "kill -HUP" in block:
            assert json.loads(done.stdout.splitlines()[-1])["event"] == "policy-loaded", done.stdout
            assert json.loads(done.stdout.splitlines()[-1])["policy"] == 2, done.stdout
    for command in [word for word in PARTNERS.inline_code() if word.startswith("openssl ")]:
        words = shlex.split(command)
        certificate = "fabrikam-root" if "root" in words[-1] else "fabrikam"
        words[-1] = str(ROOT / f"build/lab/pki/{certificate}.pem")
        assert subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert running_lab.end() == 130


@pytest.mark.framework
@pytest.mark.timeout(1200)
def test_run_once_ends_well():
    lab = Lab(["--once"])
    lab.read_to("as they must be")
    assert lab.process.wait(30) == 0
    lab.turn.close()
