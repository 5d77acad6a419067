# SPDX-License-Identifier: GPL-2.0-or-later
"""audit.jsonl and gateway.log (contract, section 7): the fields, lines that nobody forges, USR1, and TERM that drains."""

import json
import os
import re
import signal
import time

from lib import gateway, sip, wait
from lib.lab import ALICE, BOB, CAROL

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
EVENTS = {"session-accepted", "session-refused", "session-closed", "request", "policy-loaded", "policy-rejected",
          "certificate-ending", "started", "stopping"}


def one_message(lab, connection, call_id, server=None, sender=BOB, recipient=ALICE, **options):
    connection.send(sip.request("MESSAGE", recipient, from_=sender, to=recipient, call_id=call_id, **options))
    (server or lab.inside).expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)


def test_a_session_and_a_request_in_the_audit_log(lab):
    connection = lab.from_outside()
    one_message(lab, connection, "logged")
    connection.close(graceful=True)
    audit = lab.gateway.audit
    accepted = audit.wait_for(event="session-accepted", peer=connection.local)
    assert accepted["reason"] == "ok" and accepted["side"] == "external" and accepted["partner"] == "fabrikam"
    assert set(accepted["certificate-names"]) == {"dns:fabrikam.example", "dns:edge.fabrikam.example"}
    assert "Fabrikam Root" in accepted["issuer"]
    assert re.fullmatch(r"sha256:[0-9a-f]{64} .*Fabrikam Root.*", accepted["anchor"])
    assert re.match(r"TLSv?1\.3", accepted["tls"])
    request = audit.wait_for(event="request", call_id="logged")
    assert request["session"] == accepted["session"] and request["status"] == 200 and request["reason"] == "ok"
    assert (request["direction"], request["partner"], request["method"]) == ("inbound", "fabrikam", "MESSAGE")
    assert (request["from"], request["to"]) == (BOB, ALICE)
    closed = audit.wait_for(event="session-closed", peer=connection.local)
    assert closed["session"] == accepted["session"] and closed["reason"] == "peer-closed"
    assert isinstance(closed.get("duration-ms", 0), (int, float))
    started = audit.find(event="started")[0]
    assert started["reason"] == "ok" and request.get("policy", 1) == 1
    for event in audit.lines():
        assert TIME.fullmatch(event["time"]) and event["event"] in EVENTS, event
    assert not audit.find(event="session-refused")


def test_from_and_to_lose_their_parameters(lab):
    connection = lab.from_outside()
    call_id = sip.token()
    octets = sip.request("MESSAGE", ALICE, from_=BOB + ";user=phone;x=y", to=ALICE + ";z", call_id=call_id)
    connection.send(octets)
    lab.inside.expect_request("MESSAGE", call_id=call_id).answer(200)
    event = lab.gateway.audit.wait_for(event="request", call_id=call_id)
    assert (event["from"], event["to"]) == (BOB, ALICE)


FORGERY = '{"time":"2026-01-01T00:00:00.000Z","event":"request","reason":"ok","call-id":"forged"}'


def test_nobody_forges_a_line(lab):
    """Quotes, backslashes, control characters, broken UTF-8 and line ends in everything that a peer can write into a
    log: each stays inside the string that it belongs to."""
    connection = lab.from_outside()
    nasty = [FORGERY, "a\\", "a\"b", "tab\there", "bell\x07", "\x7f", "\x1b[31mred", "Grüße", "\u2028next", "\udcff\udcfe",
             "%s%n%x", "\x00nul", "</script>", "a" * 3000, "\\u000a" + FORGERY, "\x0b" + FORGERY, "\x85" + FORGERY]
    for number, text in enumerate(nasty):
        call_id = f"nasty{number}-{text}"
        octets = sip.request("MESSAGE", CAROL, from_=BOB.replace("bob", "bob%20" + "x" * number), to=CAROL,
                             call_id=call_id, headers=[("User-Agent", text)])
        connection = connection if connection.is_alive() else lab.from_outside()
        connection.send(octets)
        probe = sip.token("probe-")
        try:
            one_message(lab, connection, probe)
        except (OSError, AssertionError):
            connection = lab.from_outside()
            one_message(lab, connection, probe)
    lab.gateway.audit.wait_for(event="request", call_id=probe)
    for event in lab.gateway.audit.lines():  # each line is a JSON object of its own, or this throws
        assert event.get("call-id") != "forged" and event["event"] in EVENTS
    raw = lab.gateway.audit.path.read_bytes()
    raw.decode("utf-8")
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", raw), "control characters stand in the log as they came"
    log = lab.gateway.log_file.read_bytes()
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", log)
    assert b"\nforged" not in log and not re.search(rb"(?m)^\{", log)


def test_names_in_certificates_forge_no_line(make_lab, pki):
    lab = make_lab()
    evil = pki.stranger.leaf(cn='x\n{"event":"forged","reason":"ok","time":"now"}', dns=["a.example\n\"}{"])
    try:
        lab.from_outside(evil).expect_end()
    except OSError:
        pass
    lab.gateway.audit.wait_for(event="session-refused")
    assert all(event["event"] in EVENTS for event in lab.gateway.audit.lines())


def test_nothing_secret_is_logged(lab, pki):
    """Bodies and keys stay out of both files."""
    connection = lab.from_outside()
    one_message(lab, connection, "with-a-body", body=b"TOP-SECRET-BODY", headers=[
        ("Authorization", "Digest response=\"SECRET-RESPONSE\"")])
    connection.send(sip.request("MESSAGE", CAROL, from_=BOB, to=CAROL, call_id="refused", body=b"TOP-SECRET-BODY"))
    connection.expect_status(403, call_id="refused")
    connection.send(b"MESSAGE sip:TOP-SECRET-BODY\r\n\r\n")
    connection.expect_end()
    lab.gateway.stop()
    for file in (lab.gateway.folder / "logs").iterdir():
        text = file.read_bytes()
        assert b"SECRET" not in text, file
        assert b"PRIVATE KEY" not in text, file


def test_operation_log_is_key_value_lines(lab):
    one_message(lab, lab.from_outside(), "some-life")
    lab.gateway.stop()
    lines = lab.gateway.log_file.read_text().splitlines()
    assert lines
    pair = r'[a-z][a-z0-9-]*=(?:"(?:[^"\\]|\\.)*"|[^\s"=]*)'
    for line in lines:
        assert re.fullmatch(rf"{pair}(?: {pair})*|\S+(?: {pair})+|\S+ \S+(?: {pair})+", line), line
        assert re.search(r"\b(error|warning|notice|debug)\b", line), line


def test_users_as_domains_or_hashes(make_lab):
    for mode in ("domain", "hash"):
        lab = make_lab(settings={"logs": {"users": mode}})
        one_message(lab, lab.from_outside(), f"private-{mode}")
        event = lab.gateway.audit.wait_for(event="request", call_id=f"private-{mode}")
        assert "bob" not in event["from"] and "alice" not in event["to"], event
        assert "fabrikam.example" in event["from"] and "corp.example" in event["to"]
        if mode == "hash":
            second = lab.from_outside()
            one_message(lab, second, "again")
            assert lab.gateway.audit.wait_for(event="request", call_id="again")["from"] == event["from"]
        lab.gateway.stop()
        for file in (lab.gateway.folder / "logs").iterdir():
            assert b"bob@" not in file.read_bytes()


def test_usr1_reopens_the_files(lab):
    """As logrotate does it: moved away under traffic, reopened, nothing lost and nothing twice."""
    connection = lab.from_outside()
    one_message(lab, connection, "before")
    lab.gateway.audit.wait_for(event="request", call_id="before")
    moved = {}
    for path in (lab.gateway.audit.path, lab.gateway.log_file):
        moved[path] = path.with_suffix(path.suffix + ".1")
        path.rename(moved[path])
    one_message(lab, connection, "between")
    lab.gateway.process.send_signal(signal.SIGUSR1)
    wait.until(lab.gateway.audit.path.exists, what="audit.jsonl to be made anew")
    one_message(lab, connection, "after")
    lab.gateway.audit.wait_for(event="request", call_id="after")
    old = [json.loads(line) for line in moved[lab.gateway.audit.path].read_text().splitlines()]
    calls = [e["call-id"] for e in old + lab.gateway.audit.lines() if e["event"] == "request"]
    assert sorted(calls) == ["after", "before", "between"]
    wait.until(lab.gateway.log_file.exists, what="gateway.log to be made anew")


def test_unwritable_log_folder_refuses_to_start(make_lab):
    lab = make_lab()
    lab.gateway.stop()
    lab.gateway.settings["logs"]["directory"] = "logs/no/such/folder/at/all"
    (lab.gateway.folder / "logs" / "no").write_text("a file where a folder should be")
    lab.gateway.write()
    lab.gateway.start(ready=False)
    assert lab.gateway.process.wait(10) == 1
    assert lab.gateway.process.errors().strip()
    lab.gateway.process = None


def test_log_that_cannot_be_written_later_stops_no_traffic(make_lab):
    """The audit log's disk is full, or its folder gone: messages cross all the same."""
    lab = make_lab(settings={"confinement": False})  # it may not write to /dev/full else
    connection = lab.from_outside()
    one_message(lab, connection, "before")
    lab.gateway.audit.wait_for(event="request", call_id="before")
    lab.gateway.audit.path.rename(lab.gateway.audit.path.with_suffix(".1"))
    os.symlink("/dev/full", lab.gateway.audit.path)
    lab.gateway.process.send_signal(signal.SIGUSR1)
    for number in range(50):
        one_message(lab, connection, f"unlogged-{number}")
    os.unlink(lab.gateway.audit.path)
    lab.gateway.process.send_signal(signal.SIGUSR1)
    wait.until(lab.gateway.audit.path.exists, what="the log to be there again")
    one_message(lab, connection, "logged-again")
    lab.gateway.audit.wait_for(event="request", call_id="logged-again")


def test_term_drains(make_lab):
    """What is in flight is finished, new connections are not taken, then the end with 0."""
    lab = make_lab(settings={"limits": {"drain": "20s"}})
    connection = lab.from_outside()
    connection.send(sip.request("INVITE", ALICE, from_=BOB, to=ALICE, call_id="in-flight", contact="sip:b@192.0.2.1"))
    arrived = lab.inside.expect_request("INVITE")
    process = lab.gateway.process
    process.send_signal(signal.SIGTERM)
    lab.gateway.audit.wait_for(event="stopping")

    def refuses():
        try:
            lab.from_outside().expect_end(0.5)
            return True
        except AssertionError:
            return False
        except OSError:
            return True

    wait.until(refuses, 5, "new connections to be refused")
    assert process.is_alive()
    arrived.answer(180)
    connection.expect_status(180, call_id="in-flight")
    arrived.answer(200, contact="sip:a@192.0.2.2")
    connection.expect_status(200, call_id="in-flight")
    assert process.wait(10) == 0
    gateway.Gateway.assert_no_complaints(process)
    lab.gateway.process = None
    event = lab.gateway.audit.find(event="request", call_id="in-flight")[-1]
    assert event["status"] == 200


def test_drain_has_an_end(make_lab):
    lab = make_lab(settings={"limits": {"drain": "1s"}})
    connection = lab.from_outside()
    connection.send(sip.request("INVITE", ALICE, from_=BOB, to=ALICE, call_id="never", contact="sip:b@192.0.2.1"))
    lab.inside.expect_request("INVITE").answer(180)
    begun = time.monotonic()
    assert lab.gateway.process.stop(timeout=10) == 0
    assert time.monotonic() - begun < 6 * wait.PATIENCE
    lab.gateway.process = None
    assert lab.gateway.audit.find(event="request", call_id="never")[-1]["reason"] == "shutting-down"


def test_idle_gateway_stops_at_once(make_lab):
    for number in (signal.SIGTERM, signal.SIGINT):
        lab = make_lab(settings={"limits": {"drain": "30s"}})
        lab.assert_serves()
        lab.from_outside()
        begun = time.monotonic()
        assert lab.gateway.process.stop(number) == 0
        assert time.monotonic() - begun < 3 * wait.PATIENCE
        lab.gateway.process = None
        closed = lab.gateway.audit.find(event="session-closed")
        assert {e["reason"] for e in closed} <= {"shutting-down", "closed", "peer-closed"}
