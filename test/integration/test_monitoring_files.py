# SPDX-License-Identifier: GPL-2.0-or-later
"""What ships for those who watch the gateway, held against the programs that read it: lnav's format, logrotate's file,
Prometheus' alert rules, Grafana's dashboard. Each names only what is there."""

import csv
import datetime
import io
import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from conftest import needs
from lib import metrics, sip, wait
from lib.document import ROOT, Document, defined, rows
from lib.lab import ALICE, BOB, CAROL
from lib.pki import days, now

PACKAGING = ROOT / "scripts/packaging"
RULES = PACKAGING / "prometheus/fedgate.rules.yml"
DASHBOARD = PACKAGING / "grafana/fedgate.json"
FORMAT = json.loads((PACKAGING / "lnav/fedgate_audit.json").read_text())["fedgate_audit"]


def message(connection, server, sender, recipient, status=200):
    call_id = sip.token()
    connection.send(sip.request("MESSAGE", recipient, from_=sender, to=recipient, call_id=call_id))
    if server is not None:
        server.expect_request("MESSAGE", call_id=call_id).answer(status)
    connection.expect_status(status, call_id=call_id)
    return call_id


@pytest.fixture(scope="module")
def lived(make_shared_lab, pki):
    """A lab whose logs have something of everything."""
    own = pki.enterprise.leaf(dns=["edge.corp.example"], not_after=now() + days(20))
    lab = make_shared_lab(settings={"internal": {"certificate": own.chain_file, "key": own.key_file}})
    outside, inside = lab.from_outside(), lab.from_inside()
    for _ in range(3):
        message(outside, lab.inside, BOB, ALICE)
    message(outside, lab.inside, BOB, ALICE, 486)
    message(outside, None, CAROL, ALICE, 403)
    message(inside, lab.fabrikam, ALICE, BOB)
    message(inside, None, ALICE, "sip:dave@unknown.example", 404)
    try:
        lab.from_outside(pki.stranger.leaf(dns=["fabrikam.example"])).expect_end()
    except OSError:
        pass
    lab.gateway.audit.wait_for(event="session-refused")
    lab.gateway.stop()
    with lab.gateway.audit.path.open("a") as log:  # as one looks while it was still running
        log.write(json.dumps({"time": datetime.datetime.utcnow().isoformat(timespec="milliseconds") + "Z",
                              "event": "session-accepted", "reason": "ok", "session": "0123456789abcdef", "side": "external",
                              "direction": "inbound", "partner": "fabrikam", "peer": "127.0.0.1:5",
                              "certificate-names": ["dns:still.open.example"]}) + "\n")
    return lab


# ---- lnav ----

def lnav(lab, home, *commands):
    configuration = home / "lnav"
    if not configuration.exists():
        shutil.copytree(PACKAGING / "lnav", configuration / "formats/fedgate")
    words = ["lnav", "-n", "-I", configuration]
    for command in commands:
        words += ["-c", command]
    done = subprocess.run([str(word) for word in [*words, lab.gateway.audit.path]], capture_output=True, text=True, timeout=60,
                          check=False, env={"HOME": str(home), "PATH": "/usr/bin:/bin", "TERM": "xterm", "TZ": "UTC"})
    assert done.returncode == 0 and "error" not in done.stderr, done.stderr
    return done.stdout


def ask(lab, home, query):
    return list(csv.DictReader(io.StringIO(lnav(lab, home, f";{query}", ":write-csv-to -"))))


@needs("lnav")
def test_lnav_shows_columns(lived, tmp_path):
    shown = lnav(lived, tmp_path).splitlines()
    events = lived.gateway.audit.lines()
    assert len(shown) == len(events)
    for line, event in zip(shown, events):
        assert line[:8] == event["time"][11:19] and line[9:27].rstrip() == event["event"], line
        assert line[28:38].rstrip() == event.get("partner", "-") and line[39:42].strip() == str(event.get("status", "")), line
        assert line[43:69].rstrip() == event["reason"], line
        assert all(event.get(name, "") in line for name in ("method", "from", "to", "peer", "detail")), line


@needs("lnav")
def test_lnav_answers_sql(lived, tmp_path):
    events = lived.gateway.audit.lines()
    rows = ask(lived, tmp_path, "SELECT reason, log_level, count(*) AS n FROM fedgate_audit WHERE event = 'request'"
                                " GROUP BY 1, 2 ORDER BY 1")
    assert [(row["reason"], row["log_level"], row["n"]) for row in rows] == [
        ("from-domain-not-authorized", "error", "1"), ("ok", "info", "4"), ("relayed", "info", "1"),
        ("unknown-domain", "error", "1")]
    [row] = ask(lived, tmp_path, 'SELECT "from", "to", "call-id", "duration-ms", "certificate-names", session FROM fedgate_audit'
                                 " WHERE status = 486")
    [event] = [event for event in events if event.get("status") == 486]
    assert (row["from"], row["to"], row["call-id"], row["session"]) == (BOB, ALICE, event["call-id"], event["session"])
    assert int(row["duration-ms"]) == event["duration-ms"]
    [names] = ask(lived, tmp_path, 'SELECT "certificate-names" AS names FROM fedgate_audit WHERE event = \'session-refused\'')
    assert json.loads(names["names"]) == ["dns:fabrikam.example"]


@pytest.mark.framework
def test_lnav_format_knows_every_field_and_reason():
    written = set(re.findall(r'JSON_KEY\("([\w-]+)"\)', (ROOT / "gateway/log/audit.c").read_text()))
    assert set(FORMAT["value"]) == written - {"time"}
    view = (PACKAGING / "lnav/fedgate_audit.sql").read_text()
    assert set(re.findall(r"jget\(log_raw_text, '/([\w-]+)'\) AS \"\1\"", view)) == set(FORMAT["value"])
    for _, token, *_ in defined("policy/reason.h", "REASONS", 5):
        levels = [level for level, pattern in FORMAT["level"].items() if re.search(pattern, token)]
        assert len(levels) == 1, f"{token}: {levels}"


# ---- logrotate ----

@needs("logrotate")
def test_logrotate_loses_nothing(lab, tmp_path):
    """The file as it ships, but for where the logs are and whose: rotated twice under traffic, compressed with a delay."""
    folder = lab.gateway.folder / "logs"
    text = (PACKAGING / "logrotate/fedgate").read_text()
    file, count = re.subn(r"postrotate\n.*?endscript", f"postrotate\nkill -USR1 {lab.gateway.process.pid}\nendscript", text,
                          flags=re.DOTALL)
    assert count == 1 and "/var/log/fedgate/audit.jsonl /var/log/fedgate/gateway.log {" in file and "    su fedgate fedgate\n" in file
    configuration = tmp_path / "rotation"
    configuration.write_text(file.replace("/var/log/fedgate", str(folder)).replace("    su fedgate fedgate\n", ""))
    configuration.chmod(0o644)
    lab.gateway.folder.chmod(0o755)
    folder.chmod(0o750)
    connection = lab.from_outside()
    calls = [message(connection, lab.inside, BOB, ALICE)]
    for _ in range(2):
        done = subprocess.run(["logrotate", "-f", "-s", tmp_path / "state", configuration], capture_output=True, text=True,
                              check=False)
        assert (done.returncode, done.stderr) == (0, "")
        second = int(time.time())  # the next old file must not be named after it
        calls += [message(connection, lab.inside, BOB, ALICE) for _ in range(5)]
        wait.until(lab.gateway.audit.path.exists, 10, "the new file")
        calls += [message(connection, lab.inside, BOB, ALICE)]
        lab.gateway.audit.wait_for(event="request", call_id=calls[-1])
        wait.until(lambda: int(time.time() - 0.1) > second, 3, "another second, by the coarse clock too")
    assert sorted(re.sub(r"-\d+-\d+", "-N", path.name) for path in folder.glob("audit.jsonl*")) == [
        "audit.jsonl", "audit.jsonl-N", "audit.jsonl-N.gz"]
    lab.gateway.stop()
    text = b"".join(subprocess.run(["zcat", "-f", path], capture_output=True, check=True).stdout
                    for path in sorted(folder.glob("audit.jsonl-*")) + [folder / "audit.jsonl"])
    assert [event["call-id"] for event in map(json.loads, text.splitlines()) if event["event"] == "request"] == calls
    assert (folder / "metrics.prom").exists() and not list(folder.glob("metrics.prom-*"))


@pytest.mark.framework
def test_logrotate_tells_the_service():
    text = (PACKAGING / "logrotate/fedgate").read_text()
    assert "systemctl kill --signal=USR1 fedgate.service" in text and "nocreate" in text
    assert "copytruncate" not in text


# ---- Prometheus and Grafana ----

def expressions_of_rules():
    return [rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def expressions_of_dashboard():
    board = json.loads(DASHBOARD.read_text())
    found = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    found += [annotation["expr"] for annotation in board["annotations"]["list"]]
    assert len(found) > 20
    return [expression.replace("$__rate_interval", "5m") for expression in found]


@needs("promtool")
def test_rules_do_what_they_say():
    for words in (["check", "rules", RULES], ["test", "rules", ROOT / "test/integration/rules/fedgate.rules.test.yml"]):
        done = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    tested = (ROOT / "test/integration/rules/fedgate.rules.test.yml").read_text()
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            raised = re.search(rf"alertname: {rule['alert']}\n +exp_alerts:\n", tested)
            assert raised, f"no test raises {rule['alert']}"
            assert rule["labels"]["severity"] in ("warning", "critical") and rule["annotations"]["summary"]


@needs("promtool")
def test_expressions_of_the_dashboard_are_sound(tmp_path):
    rules = tmp_path / "rules.yml"
    rules.write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": [
        {"record": f"board:panel{number}", "expr": expression}
        for number, expression in enumerate(expressions_of_dashboard())]}]}))
    done = subprocess.run(["promtool", "check", "rules", str(rules)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def names_and_labels(expression):
    """(metric, label) and (metric, None) for all that the expression names."""
    for name, selector in re.findall(r"\b(fedgate_\w+)(?:\{([^}]*)\})?", expression):
        yield name, None
        for label in re.findall(r"(\w+) *(?:=|!=|=~|!~) *\"", selector or ""):
            yield name, label


def test_every_metric_that_is_named_exists(lived):
    seen = metrics.read(lived)
    metrics.assert_sound(seen.text)
    board = json.loads(DASHBOARD.read_text())
    variables = [variable["definition"] for variable in board["templating"]["list"] if variable["type"] == "query"]
    from_outside = {"instance", "job"}  # what Prometheus adds itself
    for name, label in {pair for text in expressions_of_rules() + expressions_of_dashboard() + variables
                        for pair in names_and_labels(text)}:
        family = re.sub(r"_(bucket|sum|count)$", "", name)
        assert family in seen.kinds or name in seen.kinds, f"there is no {name}"
        labels = {key for series, found in seen.values for key, _ in found if series == name}
        assert label is None or label in from_outside | labels, f"{name} has no label {label}, but {labels}"


def test_every_reason_that_is_named_exists():
    tokens = [token for _, token, *_ in defined("policy/reason.h", "REASONS", 5)]
    for expression in expressions_of_rules():
        for pattern in re.findall(r'reason(?:=~|!~|=|!=)"([^"]*)"', expression):
            for word in pattern.split("|"):
                assert any(re.fullmatch(word, token) for token in tokens), f"no reason is like {word}"


@pytest.mark.framework
def test_dashboard_is_whole():
    board = json.loads(DASHBOARD.read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids)) and board["uid"] == "fedgate"
    taken = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & taken, f"{panel['title']} lies on another"
        taken |= cells
    assert Path(DASHBOARD).stat().st_size < 64_000


# ---- the documents ----

MONITORING = Document("gateway/MONITORING.md")


def test_table_of_metrics(lived):
    """Every family with its kind and its labels, and nothing that is not there."""
    seen = metrics.read(lived)
    told = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for row in rows(MONITORING.section("Prometheus"))
            for name in re.findall(r"`(\w+)`", row[0]) for kind, labels in [row[1:3]]}
    assert {name: kind for name, (kind, _) in told.items()} == seen.kinds
    for (name, labels) in seen.values:
        family = re.sub(r"_(bucket|sum|count)$", "", name)
        family = family if family in told else name
        assert {label for label, _ in labels} - {"le"} == told[family][1], name
    classes = re.findall(r'X\(\w+, "(\w+)"\)', (ROOT / "gateway/log/counts.h").read_text())
    assert classes and all(f"`{word}`" in MONITORING.section("Prometheus") for word in classes)


@needs("lnav")
def test_questions_for_lnav(lived, tmp_path):
    [block] = MONITORING.blocks("sql")
    answers = [ask(lived, tmp_path, query) for query in block.splitlines()]
    assert all(answers), answers
    assert {row["reason"] for row in answers[0]} >= {"unknown-domain", "untrusted-chain", "from-domain-not-authorized"}
    assert [row["what"] for row in answers[3]] == ["own-certificate"]


[QUESTIONS] = [block for block in Document("README.md").blocks("sh") if block.startswith("log=")]
READY = re.findall(r"((?:^# .*\n)+)((?:^[^#\n].*\n)+)", QUESTIONS, re.MULTILINE)


@pytest.mark.parametrize("question, command", READY, ids=[question[2:40].strip() for question, _ in READY])
def test_ready_questions(lived, question, command):
    """Each finds in the log what it asks for."""
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", f"log={lived.gateway.audit.path}\n{command}"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    answers = [line.split("\t") for line in done.stdout.splitlines()]
    expected = {
        "who was refused today": lambda: {line[2] for line in answers} >= {"unknown-domain", "untrusted-chain"},
        "what each partner is refused": lambda: any(line[0].split()[1:] == ["contoso", "inbound", "from-domain-not-authorized"] for line in answers),
        "the slowest partner": lambda: [line[:2] for line in answers] == [["fabrikam", "1"]] and len(answers[0]) == 4,
        "which certificates end": lambda: [line[1:3] for line in answers] == [["own-certificate", "ours"]],
        "what became of": lambda: len(answers) == 7 and answers[0][1:5] == ["inbound", "MESSAGE", BOB, ALICE],
        "who knocks": lambda: [line[0].split() for line in answers] == [["1", "127.0.0.1", "untrusted-chain", "dns:fabrikam.example"]],
        "when each partner": lambda: [line[:2] for line in answers] == [["fabrikam", "inbound"], ["fabrikam", "outbound"]],
        "which sessions are open": lambda: len(answers) == 1 and answers[0][3] == "dns:still.open.example",
        "requests of each hour": lambda: sum(int(line[0].split()[0]) for line in answers) == 7,
        "what was configured": lambda: answers[0][1:3] == ["policy-loaded", "1"],
    }
    [check] = [check for start, check in expected.items() if question.startswith(f"# {start}")]
    assert check(), done.stdout


def test_no_question_is_missing():
    assert len(READY) == 10
