# SPDX-License-Identifier: GPL-2.0-or-later
"""probe against live servers: the step that fails is the one that is broken, and its reason is the one that run would
give."""

import json
import os
import pty
import re
import select
import socket
import subprocess
import time

import pytest

from lib import gateway as program, identities, nameserver as dns, peer, ports
from lib.lab import Lab

STEPS = ("partner", "ours", "srv", "dnssec", "addresses", "tcp", "tls", "chain", "certificate", "path", "root", "anchor",
         "revocation", "identity", "options")


def answering(status, **options):
    def handler(received):
        received.answer(status, **options)
        return True
    return handler


class Stage:
    """A configuration and fabrikam's server. No gateway runs."""

    def __init__(self, folder, pki, **options):
        self.lab = Lab(folder, pki, start=False, **options)
        self.lab.fabrikam.handler = answering(200)

    def serve(self, identity=None, handler=answering(200), trust=None, **options):
        """Another server in the place of fabrikam's."""
        pki = self.lab.pki
        server = self.lab.serve(identity or pki.fabrikam_edge, trust=trust or [pki.public], handler=handler, **options)
        self.lead_to(server.port)
        return server

    def lead_to(self, *where):
        self.lab.gateway.partners["fabrikam"]["locate"] = {
            "fixed": [at if isinstance(at, str) else f"edge.fabrikam.example:{at}" for at in where]}
        self.lab.gateway.write()

    def run(self, *words, **options):
        return subprocess.run([str(program.BINARY), "probe", "-c", str(self.lab.gateway.file), *words],
                              capture_output=True, text=True, timeout=60, check=False, **options)

    def probe(self, what="fabrikam"):
        done = self.run(what, "--json")
        assert done.returncode in (0, 3), done.stderr
        told = json.loads(done.stdout)
        assert (done.returncode == 0) == (told["result"] == "works") == (told["reason"] == "ok")
        assert all(set(step) == {"name", "result", "detail", "duration-ms"} for step in told["steps"])
        failed = [step for step in told["steps"] if step["result"] == "failed"]
        if told["result"] == "fails":
            assert failed and told["detail"] and told["to-change"].endswith(".")
        program.Gateway.assert_no_complaints(Errors(done.stderr))
        return told


class Errors:
    def __init__(self, text):
        self.errors = lambda: text


def failed_step(told):
    return next(step["name"] for step in told["steps"] if step["result"] == "failed")


def step(told, name):
    return next(step for step in told["steps"] if step["name"] == name)


@pytest.fixture
def make_stage(tmp_path, pki, binary):
    stages = []

    def make(**options):
        stages.append(Stage(tmp_path / f"stage{len(stages)}", pki, **options))
        return stages[-1]
    yield make
    for stage in stages:
        stage.lab.close()


@pytest.fixture
def stage(make_stage):
    return make_stage()


# ---- it works ----

@pytest.mark.parametrize("what", ["fabrikam", "fabrikam.example", "Fabrikam.Example"])
def test_it_works(stage, what):
    told = stage.probe(what)
    assert (told["result"], told["partner"], told["domain"].lower()) == ("works", "fabrikam", "fabrikam.example")
    assert tuple(step["name"] for step in told["steps"]) == STEPS
    assert "365 days" in step(told, "chain")["detail"] or "364 days" in step(told, "chain")["detail"]
    assert step(told, "tls")["detail"].startswith("TLSv1.3 TLS_")


def test_our_own_domain_is_in_from(stage):
    seen = []

    def handler(received):
        seen.append(received.message)
        received.answer(200)
        return True
    stage.serve(handler=handler)
    assert stage.probe()["result"] == "works"
    [message] = seen
    assert message.method == "OPTIONS" and "sip:corp.example" in str(message.all("From"))
    assert "sip.corp.example" in str(message.all("Via")) and message.start.startswith("OPTIONS sip:fabrikam.example ")


@pytest.mark.parametrize("version, name", [(peer.TLS12, "TLSv1.2"), (peer.TLS13, "TLSv1.3")])
def test_versions_of_tls(stage, version, name):
    stage.serve(version=version)
    assert step(stage.probe(), "tls")["detail"].startswith(name)


def test_by_srv(make_stage, nameserver):
    told = make_stage(nameserver=nameserver, partners={"fabrikam": {"identity": "srv-target"}}).probe()
    assert told["result"] == "works"
    assert step(told, "srv")["detail"].startswith("_sipfederationtls._tcp: edge.fabrikam.example:")
    assert step(told, "dnssec")["result"] == "skipped"


def test_the_second_server_does(stage):
    good = stage.lab.fabrikam.port
    stage.lead_to(ports.free_port(), good)
    told = stage.probe()
    assert told["result"] == "works" and failed_step(told) == "tcp"


# ---- it does not ----

@pytest.mark.parametrize("row", identities.rows("server"), ids=str)
def test_every_certificate_of_the_matrix(stage, pki, row):
    stage.serve(row.build(pki.fabrikam, "fabrikam.example", pki))
    told = stage.probe()
    reasons = row.reason if isinstance(row.reason, tuple) else (row.reason,)
    assert told["reason"] in reasons or (told["reason"] == "tls-failed" and "malformed-certificate" in reasons), told
    by_the_library = told["reason"] == "malformed-certificate" and told["detail"].endswith("(-160)")  # the packaged one
    if told["reason"] not in ("ok", "tls-failed") and not by_the_library:
        assert failed_step(told) in ("certificate", "path", "anchor", "identity")
        assert step(told, "options")["result"] == "skipped"
        assert step(told, "tls")["result"] != "failed"


def test_nothing_is_said_to_a_refused_peer(stage, pki):
    seen = []
    stage.serve(pki.fabrikam.leaf(dns=["nobody.example"]), handler=lambda received: seen.append(received) or True)
    assert stage.probe()["reason"] == "identity-mismatch"
    assert seen == []


def test_the_rule_that_would_have_accepted(stage, pki):
    stage.serve(pki.fabrikam.leaf(dns=["edge.fabrikam.example"]))
    assert "identity: {names: [edge.fabrikam.example]}" in stage.probe()["to-change"]
    stage.lab.gateway.partners["fabrikam"]["identity"] = {"names": ["edge.fabrikam.example"]}
    stage.lab.gateway.write()
    assert stage.probe()["result"] == "works"


def test_the_partner_does_not_know_our_root(stage, pki):
    stage.serve(trust=[pki.stranger])
    told = stage.probe()
    assert told["reason"] in ("tls-failed", "peer-closed")
    # The alert, or, where a reset overtook it, that the end came before anything else.
    assert "alert" in told["detail"] or "before it had accepted our certificate" in told["detail"]


def test_nobody_listens(stage):
    stage.lead_to(ports.free_port())
    told = stage.probe()
    assert (told["reason"], failed_step(told)) == ("connect-failed", "tcp")


@pytest.fixture
def deaf():
    """Accepts, and says nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    yield listener.getsockname()[1]
    listener.close()


def test_a_server_that_never_shakes_hands(make_stage, deaf):
    stage = make_stage(settings={"limits": {"handshake-timeout": "500ms"}})
    stage.lead_to(deaf)
    told = stage.probe()
    assert (told["reason"], failed_step(told)) == ("handshake-timeout", "tls")
    assert step(told, "tls")["duration-ms"] >= 450


@pytest.mark.parametrize("octets", [b"SIP/2.0 400 Bad Request\r\n\r\n", b"\x00" * 100, b"\x15\x03\x03\x00\x02\x02\x28", b""],
                         ids=["plain-sip", "zeros", "alert", "nothing"])
def test_a_server_that_is_no_tls(stage, octets):
    import threading
    listener = socket.create_server(("127.0.0.1", 0))

    def speak():
        connection = listener.accept()[0]
        connection.sendall(octets)
        connection.close()
    threading.Thread(target=speak, daemon=True).start()
    stage.lead_to(listener.getsockname()[1])
    told = stage.probe()
    listener.close()
    assert told["reason"] in ("tls-failed", "peer-closed") and failed_step(told) == "tls"


@pytest.mark.parametrize("status, works", [(200, True), (404, True), (405, True), (480, True), (501, True), (403, False),
                                           (503, False), (504, False), (603, False)])
def test_what_is_answered(stage, status, works):
    stage.serve(handler=answering(status))
    told = stage.probe()
    assert (told["result"] == "works") == works
    assert step(told, "options")["detail"].startswith(str(status))
    if not works:
        assert told["reason"] == "relayed"


def test_an_answer_of_another_call_is_none(stage):
    def handler(received):
        octets = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS x;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\n" \
                 b"Call-ID: another\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        received.connection.send(octets + b"\r\n\r\n")
        received.answer(100)
        received.answer(403)
        return True
    stage.serve(handler=handler)
    assert step(stage.probe(), "options")["detail"].startswith("403")


@pytest.mark.parametrize("octets, reasons", [
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", ("framing-lost", "malformed-message")),
    (b"SIP/2.0 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", ("framing-lost",)),
    (b"\xff" * 70000, ("framing-lost", "message-too-large", "malformed-message")),
    (b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", ("malformed-message",)),
], ids=["http", "two-lengths", "noise", "bare"])
def test_an_answer_that_is_no_sip(stage, octets, reasons):
    stage.serve(handler=lambda received: received.connection.send(octets) or True)
    told = stage.probe()
    assert told["reason"] in reasons and failed_step(told) == "options"


def test_a_server_that_hangs_up(stage):
    stage.serve(handler=lambda received: received.connection.socket.shutdown(socket.SHUT_RDWR) or True)
    told = stage.probe()
    assert told["reason"] in ("peer-closed", "tls-failed") and failed_step(told) == "options"


@pytest.mark.slow
def test_no_answer(stage):
    stage.serve(handler=lambda received: True)
    assert stage.probe()["reason"] == "timed-out"


@pytest.mark.parametrize("name, behaviour, reason, where", [
    ("_sipfederationtls._tcp.fabrikam.example", dns.code("SERVFAIL"), "dns-failed", "srv"),
    ("_sipfederationtls._tcp.fabrikam.example", dns.code("NXDOMAIN"), "srv-not-found", "srv"),
    ("edge.fabrikam.example", dns.code("NXDOMAIN"), "address-not-found", "addresses"),
    ("edge.fabrikam.example", dns.silent, "dns-failed", "addresses"),
])
def test_dns_that_fails(make_stage, nameserver, name, behaviour, reason, where):
    nameserver.behave(behaviour, name)
    told = make_stage(nameserver=nameserver, settings={"dns": {"timeout": "500ms"}}).probe()
    assert (told["reason"], failed_step(told)) == (reason, where)


@pytest.mark.parametrize("keys, reason", [
    ({"enabled": False}, "partner-disabled"), ({"valid": {"until": "2020-01-01"}}, "partner-ended"),
    ({"direction": "inbound"}, "direction-not-allowed")])
def test_a_partner_that_is_off(make_stage, keys, reason):
    told = make_stage(partners={"fabrikam": keys}).probe()
    assert (told["reason"], failed_step(told), len(told["steps"])) == (reason, "partner", 1)


@pytest.mark.parametrize("what", ["nobody", "emea.fabrikam.example"])
def test_a_partner_that_is_none(stage, what):
    told = stage.probe(what)
    assert (told["reason"], told["partner"], told["domain"]) == ("unknown-domain", None, what)


# ---- everybody ----

def probe_all(stage, status):
    done = stage.run("--all", "--json")
    assert done.returncode == status, done.stderr
    program.Gateway.assert_no_complaints(Errors(done.stderr))
    told = json.loads(done.stdout)
    assert told["result"] == ("works" if status == 0 else "fails")
    return {probe["domain"]: probe for probe in told["probes"]}


def test_all_work(stage):
    stage.lab.contoso.handler = answering(200)
    told = probe_all(stage, 0)
    assert {domain: probe["reason"] for domain, probe in told.items()} == {"fabrikam.example": "ok", "contoso.example": "ok"}


def test_one_of_all_fails(stage):
    stage.lab.contoso.handler = answering(503)
    told = probe_all(stage, 3)
    assert told["fabrikam.example"]["result"] == "works" and told["contoso.example"]["reason"] == "relayed"
    done = stage.run("--all")
    assert done.returncode == 3 and max(map(len, done.stdout.splitlines())) <= 80
    assert re.search(r"(?m)^fabrikam +fabrikam.example +works +36[45] *$", done.stdout)
    assert re.search(r"(?m)^contoso +contoso.example +fails +36[45] relayed$", done.stdout)


def test_partners_that_are_off_are_no_failure(make_stage):
    stage = make_stage(partners={"contoso": {"enabled": False}})
    assert probe_all(stage, 0)["contoso.example"]["reason"] == "partner-disabled"
    assert re.search(r"(?m)^contoso +contoso.example +off +- partner-disabled$", stage.run("--all").stdout)


def test_each_domain_of_a_partner(make_stage, pki):
    stage = make_stage(partners={"contoso": None, "fabrikam": {"domains": ["fabrikam.example", "emea.fabrikam.example"]}})
    told = probe_all(stage, 3)
    assert (told["fabrikam.example"]["reason"], told["emea.fabrikam.example"]["reason"]) == ("ok", "identity-mismatch")


def test_all_at_once(make_stage, pki, deaf):
    """Thirty servers that never answer take two rounds of their timeout, not thirty."""
    dead = {f"p{n}": {"domains": [f"p{n}.example"], "roots": [pki.fabrikam.file],
                      "locate": {"fixed": [f"edge.fabrikam.example:{deaf}"]}} for n in range(30)}
    stage = make_stage(partners=dead, settings={"limits": {"handshake-timeout": "500ms"}})
    stage.lab.contoso.handler = answering(200)
    begin = time.monotonic()
    told = probe_all(stage, 3)
    assert time.monotonic() - begin < 8
    assert sorted(domain for domain, probe in told.items() if probe["result"] == "works") == ["contoso.example", "fabrikam.example"]
    assert {told[f"p{n}.example"]["reason"] for n in range(30)} == {"handshake-timeout"}


# ---- the other way ----

def inbound(stage, identity, what="fabrikam"):
    done = stage.run(what, "--inbound-from", identity.chain_file, "--json")
    told = json.loads(done.stdout)
    assert done.returncode == (0 if told["result"] == "works" else 3)
    return told


@pytest.mark.parametrize("row", identities.rows("client"), ids=str)
def test_every_certificate_of_the_matrix_inbound(stage, pki, row):
    told = inbound(stage, row.build(pki.fabrikam, "fabrikam.example", pki))
    assert told["reason"] in (row.reason if isinstance(row.reason, tuple) else (row.reason,))


@pytest.mark.parametrize("target, reason", [("edge.fabrikam.example", "ok"), ("edge.hoster.example", "srv-target-outside-domain")])
def test_inbound_by_srv(make_stage, pki, nameserver, target, reason):
    stage = make_stage(nameserver=nameserver, partners={"fabrikam": {"identity": "srv-target"}})
    nameserver.srv("fabrikam.example", (target, 5061))
    told = inbound(stage, pki.fabrikam_edge)
    assert told["reason"] == reason and step(told, "srv")["result"] == "passed"


def test_another_partners_chain_inbound(stage, pki):
    """Let in as itself, and still not fabrikam."""
    assert inbound(stage, pki.contoso_edge)["reason"] in ("untrusted-chain", "from-domain-not-authorized")


@pytest.mark.parametrize("words", [("--all", "fabrikam"), ("--all", "--inbound-from", "x.pem"), ("--inbound-from", "x.pem")])
def test_words_that_do_not_go_together(stage, words):
    done = stage.run(*words)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


def test_a_chain_that_is_not_there(stage):
    done = stage.run("fabrikam", "--inbound-from", "nowhere.pem")
    assert (done.returncode, done.stdout) == (1, "") and "nowhere.pem" in done.stderr


# ---- as it is seen ----

def test_text_fits_eighty_columns(stage, pki):
    stage.serve(pki.fabrikam.intermediate("An Issuing Authority with a Name that is Rather Long for a Line of Text").leaf(
        dns=[f"host{n}.with-a-long-name.fabrikam.example" for n in range(20)]))
    done = stage.run("fabrikam")
    assert done.returncode == 3 and done.stderr == ""
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "result    fails\nreason    identity-mismatch\n" in done.stdout


def test_steps_come_as_they_go(make_stage, deaf):
    """Piped: each line when its step has ended, not at the end of all."""
    stage = make_stage(settings={"limits": {"handshake-timeout": "3s"}})
    stage.lead_to(deaf)
    with subprocess.Popen([str(program.BINARY), "probe", "-c", str(stage.lab.gateway.file), "fabrikam"],
                          stdout=subprocess.PIPE, text=True) as process:
        begin = time.monotonic()
        for line in process.stdout:
            if "tcp" in line:
                break
        assert process.poll() is None and time.monotonic() - begin < 2.9
        process.kill()


def test_a_step_in_progress_is_seen(make_stage, deaf):
    stage = make_stage(settings={"limits": {"handshake-timeout": "5s"}})
    stage.lead_to(deaf)
    ours, theirs = pty.openpty()
    with subprocess.Popen([str(program.BINARY), "probe", "-c", str(stage.lab.gateway.file), "fabrikam"], stdout=theirs) as process:
        printed, end = b"", time.monotonic() + 4
        while not re.search(rb"\.\.\. +tls", printed) and time.monotonic() < end:
            if select.select([ours], [], [], 0.1)[0]:
                printed += os.read(ours, 4096)
        alive = process.poll() is None
        process.kill()
    os.close(theirs)
    os.close(ours)
    assert alive and re.search(rb"\.\.\. +tls +handshake$", printed)


@pytest.mark.parametrize("words, no_colour", [(("fabrikam",), False), (("fabrikam",), True), (("--all",), True)])
def test_no_escape_sequence_where_colour_is_not_wanted(stage, words, no_colour):
    """Neither for what is under way."""
    environment = {**os.environ, "NO_COLOR": "1" if no_colour else ""}
    ours, theirs = pty.openpty()
    with subprocess.Popen([str(program.BINARY), "probe", "-c", str(stage.lab.gateway.file), *words], stdout=theirs,
                          stderr=theirs, env=environment) as process:
        os.close(theirs)
        printed = b""
        try:
            while octets := os.read(ours, 4096):
                printed += octets
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        assert process.wait(20) in (0, 3)
    assert b"fabrikam" in printed and (b"\x1b" in printed) == (not no_colour)


@pytest.mark.parametrize("words", [(), ("fabrikam", "contoso"), ("--jsn", "fabrikam")])
def test_wrong_usage_is_one_line_and_2(stage, words):
    done = stage.run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_a_wrong_configuration_is_trouble(binary, tmp_path):
    done = subprocess.run([str(binary), "probe", "-c", str(tmp_path / "none.yaml"), "fabrikam"], capture_output=True, text=True,
                          timeout=20)
    assert (done.returncode, done.stdout) == (1, "") and "none.yaml" in done.stderr


def test_help(stage):
    done = stage.run("--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: fedgate probe")
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("identity, name", [("domain", "fabrikam.example"),
                                            ({"names": ["edge.fabrikam.example"]}, "edge.fabrikam.example")])
def test_server_name(stage, identity, name):
    """The same SNI as in run: a server that holds several certificates shows the one that is judged there."""
    names = []
    server = stage.serve()
    server.context.sni_callback = lambda connection, asked, context: names.append(asked)
    stage.lab.gateway.partners["fabrikam"]["identity"] = identity
    stage.lab.gateway.write()
    assert stage.probe()["result"] == "works"
    assert names == [name]
