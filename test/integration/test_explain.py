# SPDX-License-Identifier: GPL-2.0-or-later
"""explain, as a person or a script calls it: each reason that it can reach, each check in its order, and never another
verdict than run's."""

import json
import os
import pty
import re
import subprocess
import time

import pytest

from lib import dnssec, gateway as program, identities, nameserver as dns, pki as certificates, yaml_text
from lib.lab import ALICE, BOB, CAROL, Lab
from lib.pki import days, now

INBOUND = ("from", "blocked", "partner", "anchor", "revocation", "identity", "partner-state", "direction", "method", "destination")
OUTBOUND = ("from", "blocked", "partner", "partner-state", "direction", "method")


class Desk:
    """A configuration on disk, and the command over it. Nothing runs."""

    def __init__(self, folder, pki, *, nameserver=None, settings=None, **partners):
        lab = Lab(folder, pki, partners=partners, settings=settings, nameserver=nameserver, start=False)
        self.file, self.pki = str(lab.gateway.file), pki
        for server in lab._servers:
            server.close()

    def run(self, *words, **options):
        return subprocess.run([str(program.BINARY), "explain", "-c", self.file, *map(str, words)], capture_output=True,
                              text=True, timeout=20, check=False, **options)

    def ask(self, direction, from_, to, *words, identity=None):
        """The answer in JSON, held against what the text and the exit status say."""
        words = ("--direction", direction, "--from", from_, "--to", to, *words)
        if identity is not None:
            words += ("--certificate", identity.chain_file)
        done = self.run(*words, "--json")
        assert done.returncode in (0, 3, 4), done.stderr
        told = json.loads(done.stdout)
        assert done.returncode == {"allow": 0, "deny": 3, "need": 4}[told["verdict"]]
        text = self.run(*words)
        assert text.returncode == done.returncode
        assert f"\nverdict   {told['verdict']}\n" in text.stdout
        assert max(map(len, text.stdout.splitlines())) <= 80, text.stdout
        assert_in_order(told)
        return told

    def inbound(self, *words, from_=BOB, to=ALICE, identity=None):
        return self.ask("inbound", from_, to, *words, identity=identity)

    def outbound(self, *words, from_=ALICE, to=BOB, identity=None):
        return self.ask("outbound", from_, to, *words, identity=identity)


def assert_in_order(told):
    """The request's checks come as the judgement holds them, and the verdict is what they say."""
    column = INBOUND if told["direction"] == "inbound" else OUTBOUND
    names = [check["name"] for check in told["checks"] if check["stage"] == "request" and check["name"] in column]
    assert names == sorted(names, key=column.index), names
    failed = [check["name"] for check in told["checks"] if check["result"] == "failed"]
    if told["verdict"] == "deny":  # one check denies; what DNS said may have failed before it
        assert len([name for name in failed if name not in ("srv", "dnssec", "tlsa", "addresses")]) <= 1 and failed
    elif told["verdict"] == "allow":
        assert failed == []
    for check in told["checks"]:
        assert check["detail"] and check["result"] in ("passed", "failed", "skipped")


@pytest.fixture
def desk(tmp_path, pki, binary):
    def make(nameserver=None, settings=None, **partners):
        return Desk(tmp_path / "desk", pki, nameserver=nameserver, settings=settings, **partners)
    return make


@pytest.fixture(scope="module")
def usual(tmp_path_factory, pki, binary):
    return Desk(tmp_path_factory.mktemp("usual"), pki, settings={"blocked-domains": ["contoso.example", ".evil.example"]})


def result_of(told, name):
    return [check["result"] for check in told["checks"] if check["name"] == name][-1]


# ---- inbound, with the certificate ----

def test_inbound_is_allowed(usual, pki):
    told = usual.inbound(identity=pki.fabrikam_edge)
    assert (told["verdict"], told["reason"], told["status"], told["partner"]) == ("allow", "ok", 200, "fabrikam")
    assert {check["name"]: check["result"] for check in told["checks"] if check["result"] != "passed"} == {
        "revocation": "skipped"}, "no CRLs are listed"
    [path] = told["paths"]
    assert path["result"] == "holds" and path["certificates"][-1] == "CN=Fabrikam Root"
    assert "fabrikam.yaml" in told["to-change"]


@pytest.mark.parametrize("row", identities.rows("client"), ids=str)
def test_every_certificate_of_the_matrix(usual, pki, row):
    told = usual.inbound(identity=row.build(pki.fabrikam, "fabrikam.example", pki))
    reasons = row.reason if isinstance(row.reason, tuple) else (row.reason,)
    assert told["reason"] in reasons
    assert told["verdict"] == ("allow" if told["reason"] == "ok" else "deny")
    assert told["to-change"].endswith(".") and told["to-change"].count(". ") <= 1
    if told["verdict"] == "deny":
        assert told["status"] == 403
        assert result_of(told, "destination") == "skipped"


@pytest.mark.parametrize("row", identities.rows("server"), ids=str)
def test_every_certificate_of_the_matrix_outbound(usual, pki, row):
    told = usual.outbound(identity=row.build(pki.fabrikam, "fabrikam.example", pki))
    reasons = row.reason if isinstance(row.reason, tuple) else (row.reason,)
    assert told["reason"] in reasons
    assert told["status"] == (200 if told["reason"] == "ok" else 504)


MESSAGES = [
    ("our-own-domain", dict(from_="sip:x@corp.example"), "from-domain-not-authorized", 403),
    ("no-sip-sender", dict(from_="tel:+1234"), "from-domain-not-authorized", 403),
    ("blocked", dict(from_=CAROL), "domain-blocked", 403),
    ("blocked-below", dict(from_="sip:x@deep.evil.example"), "domain-blocked", 403),
    ("unknown", dict(from_="sip:x@nobody.example"), "unknown-domain", 403),
    ("subdomain", dict(from_="sip:x@emea.fabrikam.example"), "unknown-domain", 403),
    ("not-ours", dict(to="sip:x@elsewhere.example"), "not-our-domain", 403),
    ("relayed-to-a-partner", dict(to=CAROL), "not-our-domain", 403),
    ("maddr", dict(to="sip:alice@corp.example;maddr=192.0.2.1"), "not-our-domain", 403),
    ("tel", dict(to="tel:+1234"), "unsupported-uri-scheme", 416),
]


@pytest.mark.parametrize("ends, reason, status", [row[1:] for row in MESSAGES], ids=[row[0] for row in MESSAGES])
def test_inbound_request_is_denied(usual, pki, ends, reason, status):
    told = usual.inbound(identity=pki.fabrikam_edge, **ends)
    assert (told["verdict"], told["reason"], told["status"]) == ("deny", reason, status)
    # Whoever sends it: known without a certificate, too.
    assert usual.inbound(**ends)["reason"] == reason


@pytest.mark.parametrize("keys, words, reason", [
    ({"direction": "outbound"}, (), "direction-not-allowed"),
    ({"methods": ["MESSAGE"]}, ("--method", "INVITE"), "method-not-allowed"),
    ({"enabled": False}, (), "partner-disabled"),
    ({"valid": {"from": "2099-01-01"}}, (), "partner-not-yet-valid"),
    ({"valid": {"until": "2020-01-01"}}, (), "partner-ended"),
    ({"pins": ["sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]}, (), "pin-mismatch"),
    ({"identity": {"names": ["other.fabrikam.example"]}}, (), "identity-mismatch"),
])
def test_inbound_by_the_partners_file(desk, pki, keys, words, reason):
    told = desk(fabrikam=keys).inbound(*words, identity=pki.fabrikam_edge)
    assert (told["verdict"], told["reason"], told["status"]) == ("deny", reason, 403)
    assert told["partner"] == "fabrikam" and "fabrikam.yaml" in told["to-change"]


def test_sender_of_another_partner(usual, desk, pki):
    """Contoso may come in, and speak for itself; not for fabrikam."""
    told = desk().inbound(identity=pki.contoso_edge)
    assert (told["verdict"], told["reason"]) == ("deny", "from-domain-not-authorized")
    assert "root of fabrikam" in told["to-change"]
    assert result_of(told, "anchor") == "failed"


# ---- inbound, without ----

def test_without_a_certificate_it_is_needed(usual):
    told = usual.inbound()
    assert (told["verdict"], told["reason"], told["status"], told["partner"]) == ("need", None, None, "fabrikam")
    assert "--certificate" in told["needs"] and told["to-change"] is None
    assert {result_of(told, name) for name in ("certificate", "path", "anchor", "identity")} == {"skipped"}
    assert {result_of(told, name) for name in ("partner", "direction", "method", "destination")} == {"passed"}


@pytest.mark.parametrize("words", [(), ("--method", "CANCEL"), ("--method", "ACK"), ("--srv", "fabrikam.example=none")])
@pytest.mark.parametrize("to", [ALICE, "sip:sip.corp.example", "sip:edge.corp.example"])
def test_nothing_is_allowed_without_a_certificate(usual, to, words):
    assert usual.inbound(*words, to=to)["verdict"] != "allow"


def test_srv_and_a_certificate_are_needed(desk):
    told = desk(fabrikam={"identity": "srv-target"}).inbound()
    assert told["verdict"] == "need"
    assert "--certificate" in told["needs"] and "--srv" in told["needs"]


# ---- DNS ----

@pytest.fixture
def by_srv(desk):
    return desk(fabrikam={"identity": "srv-target"})


SRV = [
    ("inside", ("--srv", "fabrikam.example=edge.fabrikam.example:5061"), "ok", 200),
    ("port-left-out", ("--srv", "fabrikam.example=edge.fabrikam.example"), "ok", 200),
    ("second-of-two", ("--srv", "fabrikam.example=a.fabrikam.example", "--srv", "fabrikam.example=edge.fabrikam.example"),
     "ok", 200),
    ("outside", ("--srv", "fabrikam.example=edge.hoster.example"), "srv-target-outside-domain", 403),
    ("another-inside", ("--srv", "fabrikam.example=x.fabrikam.example"), "identity-mismatch", 403),
    ("none", ("--srv", "fabrikam.example=none"), "srv-not-found", 403),
    ("bogus", ("--srv", "fabrikam.example=edge.fabrikam.example", "--dnssec", "bogus"), "dns-bogus", 403),
]


@pytest.mark.parametrize("words, reason, status", [row[1:] for row in SRV], ids=[row[0] for row in SRV])
def test_identity_by_srv(by_srv, pki, words, reason, status):
    told = by_srv.inbound(*words, identity=pki.fabrikam_edge)
    assert (told["reason"], told["status"]) == (reason, status)


@pytest.mark.parametrize("words", [(), ("--srv", "contoso.example=edge.contoso.example")])
def test_the_answer_that_is_needed_is_named(by_srv, pki, words):
    told = by_srv.inbound(*words, identity=pki.fabrikam_edge)
    assert (told["verdict"], told["reason"]) == ("need", None)
    assert "--srv fabrikam.example=HOST:PORT" in told["needs"] and "--dns" in told["needs"]
    assert result_of(told, "identity") == "skipped" and result_of(told, "anchor") == "passed"


def test_where_it_goes_is_needed_outbound(desk):
    told = desk(fabrikam={"locate": "srv"}).outbound()
    assert told["verdict"] == "need" and "_sipfederationtls._tcp.fabrikam.example" in told["needs"]
    told = desk(fabrikam={"locate": "srv"}).outbound("--srv", "fabrikam.example=edge.fabrikam.example")
    assert told["verdict"] == "allow"
    told = desk(fabrikam={"locate": "srv"}).outbound("--srv", "fabrikam.example=none")
    assert (told["verdict"], told["reason"], told["status"]) == ("deny", "srv-not-found", 504)


def test_the_real_dns_is_asked(desk, pki, nameserver):
    by_dns = desk(nameserver, fabrikam={"identity": "srv-target"})
    told = by_dns.inbound("--dns", identity=pki.fabrikam_edge)
    assert told["verdict"] == "allow" and result_of(told, "srv") == "passed"
    told = by_dns.outbound("--dns", identity=pki.fabrikam_edge)
    assert told["verdict"] == "allow" and result_of(told, "addresses") == "passed"
    assert nameserver.asked("_sipfederationtls._tcp.fabrikam.example", "SRV")


def test_no_dns_unless_asked(desk, pki, nameserver):
    by_dns = desk(nameserver, fabrikam={"identity": "srv-target"})
    by_dns.inbound(identity=pki.fabrikam_edge)
    by_dns.outbound("--srv", "fabrikam.example=edge.fabrikam.example")
    by_dns.outbound("--dns", "--srv", "fabrikam.example=edge.fabrikam.example")
    assert not nameserver.asked("_sipfederationtls._tcp.fabrikam.example", "SRV")


@pytest.mark.parametrize("name, behaviour, reason", [
    ("_sipfederationtls._tcp.fabrikam.example", dns.code("SERVFAIL"), "dns-failed"),
    ("_sipfederationtls._tcp.fabrikam.example", dns.silent, "dns-failed"),
    ("_sipfederationtls._tcp.fabrikam.example", dns.code("NXDOMAIN"), "srv-not-found"),
    ("edge.fabrikam.example", dns.code("NXDOMAIN"), "address-not-found"),
])
def test_dns_that_fails(desk, nameserver, name, behaviour, reason):
    nameserver.behave(behaviour, name)
    told = desk(nameserver, settings={"dns": {"timeout": "500ms"}}).outbound("--dns")
    assert (told["verdict"], told["reason"], told["status"]) == ("deny", reason, 504)


def test_an_address_that_is_refused(desk, nameserver):
    told = desk(nameserver, settings={"dns": {"allow-loopback": False}}).outbound("--dns")
    assert (told["verdict"], told["reason"]) == ("deny", "address-refused")


# ---- outbound ----

def test_outbound_is_allowed_without_a_certificate(usual):
    told = usual.outbound()
    assert (told["verdict"], told["reason"], told["partner"]) == ("allow", "ok", "fabrikam")
    assert result_of(told, "certificate") == "skipped" and result_of(told, "locate") == "passed"


@pytest.mark.parametrize("ends, reason, status", [
    (dict(from_="sip:x@elsewhere.example"), "from-domain-not-authorized", 403),
    (dict(from_=BOB), "from-domain-not-authorized", 403),
    (dict(to=CAROL), "domain-blocked", 403),
    (dict(to="sip:x@nobody.example"), "unknown-domain", 404),
    (dict(to="sip:x@corp.example"), "unknown-domain", 404),
    (dict(to="sip:x@192.0.2.1"), "unknown-domain", 404),
    (dict(to="mailto:x@fabrikam.example"), "unsupported-uri-scheme", 416),
])
def test_outbound_request_is_denied(usual, ends, reason, status):
    told = usual.outbound(**ends)
    assert (told["verdict"], told["reason"], told["status"]) == ("deny", reason, status)


@pytest.mark.parametrize("keys, words, reason", [
    ({"direction": "inbound"}, (), "direction-not-allowed"),
    ({"methods": ["MESSAGE"]}, ("--method", "INVITE"), "method-not-allowed"),
    ({"methods": ["MESSAGE"]}, ("--method", "BYE"), "ok"),
    ({"enabled": False}, (), "partner-disabled"),
])
def test_outbound_by_the_partners_file(desk, keys, words, reason):
    assert desk(fabrikam=keys).outbound(*words)["reason"] == reason


@pytest.mark.parametrize("method, reason, status", [("OPTIONS", "ok", 200), ("MESSAGE", "method-not-supported", 501)])
def test_a_request_to_the_gateway_itself(usual, pki, method, reason, status):
    for told in (usual.outbound("--method", method, to="sip:edge.corp.example"),
                 usual.inbound("--method", method, to="sip:sip.corp.example", identity=pki.fabrikam_edge)):
        assert (told["reason"], told["status"]) == (reason, status)


def test_the_anchor_of_another_partner_outbound(desk, pki):
    told = desk().outbound(identity=pki.contoso.leaf(dns=["fabrikam.example"]))
    assert (told["verdict"], told["reason"], told["status"]) == ("deny", "anchor-of-other-partner", 504)


# ---- what would have to change ----

@pytest.mark.parametrize("keys, identity, wanted", [
    ({}, lambda p: p.fabrikam.leaf(dns=["edge.fabrikam.example"]), "identity: {names: [edge.fabrikam.example]}"),
    ({"identity": {"names": ["x.fabrikam.example"]}}, lambda p: p.fabrikam.leaf(dns=["fabrikam.example"]),
     "identity: domain"),
    ({}, lambda p: p.fabrikam.leaf(uris=["sip:nobody.example"]), "No identity rule accepts"),
    ({}, lambda p: p.fabrikam.leaf(dns=["fabrikam.example"], usages=("server",)), "client-eku: lenient"),
    ({"client-eku": "lenient"}, lambda p: p.fabrikam.leaf(dns=["fabrikam.example"], usages=("code",)), "issued anew"),
    ({}, lambda p: p.stranger.leaf(dns=["fabrikam.example"]), "CN=Stranger Root"),
])
def test_what_would_be_accepted(tmp_path, pki, binary, keys, identity, wanted):
    """Said, and then done: the setting that is named does it."""
    presented = identity(pki)
    told = Desk(tmp_path / "before", pki, fabrikam=keys).inbound(identity=presented)
    assert told["verdict"] == "deny" and wanted in told["to-change"]
    changes = {"identity: {names": {"identity": {"names": ["edge.fabrikam.example"]}},
               "identity: domain": {"identity": "domain"}, "client-eku": {"client-eku": "lenient"}}
    for start, change in changes.items():
        if wanted.startswith(start):
            after = Desk(tmp_path / "after", pki, fabrikam=yaml_text.merge(keys, change))
            assert after.inbound(identity=presented)["verdict"] == "allow"


def test_the_pin_that_is_named_is_the_leafs(desk, pki):
    keys = {"pins": ["sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]}
    assert pki.fabrikam_edge.pin in desk(fabrikam=keys).inbound(identity=pki.fabrikam_edge)["to-change"]


# ---- chains ----

def test_every_path_and_where_it_broke(usual, pki):
    old = pki.fabrikam.intermediate("Issuing CA", not_after=now() - days(1))
    identity = old.leaf(dns=["fabrikam.example"]).presenting(old.certificate, pki.stranger.certificate)
    told = usual.inbound(identity=identity)
    assert told["reason"] == "certificate-expired" and len(told["presented"]) == 3
    [path] = told["paths"]
    assert (path["result"], path["reason"], path["at"]) == ("breaks", "certificate-expired", "CN=Issuing CA")
    assert "CN=Issuing CA ended on" in told["to-change"]
    text = usual.run("--direction", "inbound", "--from", BOB, "--to", ALICE, "--certificate", identity.chain_file).stdout
    assert "breaks at CN=Issuing CA: it has expired [certificate-expired]" in text


def test_at_another_time(usual, pki):
    year = now().year
    for at, reason in ((f"{year - 1}-01-01", "certificate-not-yet-valid"), (f"{year + 2}-01-01T00:00:00Z", "certificate-expired")):
        told = usual.inbound("--at", at, identity=pki.fabrikam_edge)
        assert told["reason"] == reason and told["at"].startswith(at)


def test_an_expired_root_is_loaded_for_another_time(desk, pki, tmp_path):
    root = certificates.root("Old Root", tmp_path, not_before=now() - days(400), not_after=now() - days(100))
    leaf = root.leaf(dns=["fabrikam.example"], not_before=now() - days(300), not_after=now() - days(150))
    old = desk(fabrikam={"roots": [root.file]})
    assert old.run("--direction", "inbound", "--from", BOB, "--to", ALICE).returncode == 1
    then = (now() - days(200)).strftime("%Y-%m-%d")
    assert old.inbound("--at", then, identity=leaf)["verdict"] == "allow"


def test_a_leaf_that_is_no_der_is_refused_not_trouble(usual, tmp_path, pki):
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")
    done = usual.run("--direction", "inbound", "--from", BOB, "--to", ALICE, "--certificate", broken, "--json")
    assert done.returncode == 3 and json.loads(done.stdout)["reason"] == "malformed-certificate"


@pytest.mark.parametrize("content", [None, b"", b"nothing", b"-----BEGIN CERTIFICATE-----\nMAA=\n",
                                     b"\x30\x82\x01\x00" * 100, b"x" * 2000000],
                         ids=["missing", "empty", "text", "no-end", "der", "huge"])
def test_a_file_without_a_chain_is_trouble(usual, tmp_path, content):
    file = tmp_path / "chain.pem"
    if content is not None:
        file.write_bytes(content)
    done = usual.run("--direction", "inbound", "--from", BOB, "--to", ALICE, "--certificate", file)
    assert (done.returncode, done.stdout) == (1, "") and str(file) in done.stderr


def test_a_crowd_of_certificates_is_bounded(usual, pki):
    """Every intermediate of one name: many paths, each told until there are too many."""
    chain = [pki.fabrikam.intermediate("Crowd").certificate for _ in range(15)]
    leaf = pki.fabrikam.intermediate("Crowd").leaf(dns=["fabrikam.example"]).presenting(*chain)
    told = usual.inbound(identity=leaf)
    assert told["verdict"] == "deny" and len(told["paths"]) <= 64


# ---- how it is called ----

@pytest.mark.parametrize("words", [
    (), ("--direction", "inbound"), ("--direction", "sideways", "--from", BOB, "--to", ALICE),
    ("--direction", "inbound", "--from", "bob", "--to", ALICE), ("--direction", "inbound", "--from", BOB, "--to", "sip:a b"),
    ("--direction", "inbound", "--from", BOB, "--to", ALICE, "--at", "tomorrow"),
    ("--direction", "inbound", "--from", BOB, "--to", ALICE, "--srv", "fabrikam.example"),
    ("--direction", "inbound", "--from", BOB, "--to", ALICE, "--srv", "fabrikam.example=192.0.2.1:5061"),
    ("--direction", "inbound", "--from", BOB, "--to", ALICE, "--srv", "fabrikam.example=host:99999"),
    ("--direction", "inbound", "--from", BOB, "--to", ALICE, "--method", "IN VITE"),
    ("--direction", "inbound", "--from", BOB, "--to", ALICE, "--dnssec", "maybe"),
    ("--direction", "inbound", "--from", BOB, "--to", ALICE, "more"),
])
def test_wrong_usage_is_one_line_and_2(usual, words):
    done = usual.run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_a_wrong_configuration_is_trouble(binary, tmp_path):
    done = subprocess.run([str(binary), "explain", "-c", str(tmp_path / "none.yaml"), "--direction", "inbound", "--from",
                           BOB, "--to", ALICE], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (1, "") and "none.yaml" in done.stderr


def test_help(usual):
    done = usual.run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: fedgate explain") and max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("environment, coloured", [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_on_a_terminal_only(usual, environment, coloured):
    ours, theirs = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    subprocess.run([str(program.BINARY), "explain", "-c", usual.file, "--direction", "outbound", "--from", ALICE, "--to",
                    BOB], stdout=theirs, stderr=subprocess.DEVNULL, env={**clean, **environment}, timeout=20)
    os.close(theirs)
    printed = os.read(ours, 8192)
    os.close(ours)
    assert (b"\x1b[32m" in printed) == coloured


def test_it_is_quick(usual, pki):
    """Under 50 ms: of its own time, so that a busy machine is no failure."""
    words = ("--direction", "inbound", "--from", BOB, "--to", ALICE, "--certificate", pki.fabrikam_edge.chain_file)
    usual.run(*words)
    best = 1.0
    for _ in range(5):
        before = os.times()
        begin = time.monotonic()
        usual.run(*words)
        after = os.times()
        best = min(best, time.monotonic() - begin,
                   after.children_user - before.children_user + after.children_system - before.children_system)
    assert best < 0.05


# Proof by DNSSEC, offline.

EDGE = "edge.cloud.example"
SRV = ("--srv", f"fabrikam.example={EDGE}:5061", "--dnssec", "secure")


def tlsa(*record, at=f"{EDGE}:5061"):
    return ("--tlsa", f"{at}={dnssec.tlsa(*record)}")


@pytest.fixture
def dane(desk, pki, tmp_path):
    told = desk(fabrikam={"identity": "dane", "roots": [], "locate": "srv"})
    told.own, told.other = certificates.self_signed("x.invalid", tmp_path), certificates.self_signed("x.invalid", tmp_path)
    return told


@pytest.mark.parametrize("ask", [Desk.inbound, Desk.outbound], ids=["inbound", "outbound"])
def test_dane_offline(dane, ask):
    right = tlsa(3, 1, 1, dane.own)
    for words, verdict, reason in (
            ((*SRV, *right), "allow", "ok"),
            ((*SRV, *tlsa(3, 1, 1, dane.other), *right), "allow", "ok"),
            ((*SRV, *tlsa(3, 0, 2, dane.own)), "allow", "ok"),
            ((*SRV, *tlsa(3, 1, 1, dane.other)), "deny", "tlsa-mismatch"),
            ((*SRV, "--tlsa", f"{EDGE}=none"), "deny", "tlsa-mismatch"),
            ((*SRV[:2], *right), "deny", "srv-not-secure"),
            ((*SRV[:2], "--dnssec", "bogus", *right), "deny", "dns-bogus"),
            (("--srv", "fabrikam.example=none"), "deny", "srv-not-found"),
            (SRV, "need", None),
            ((*SRV, *tlsa(3, 1, 1, dane.own, at=f"{EDGE}:5062")), "need", None),
            ((), "need", None)):
        told = ask(dane, *words, identity=dane.own)
        assert (told["verdict"], told["reason"]) == (verdict, reason), (words, told)


def test_dane_needs_and_remedies(dane):
    text = dane.run("--direction", "inbound", "--from", BOB, "--to", ALICE, "--certificate", dane.own.chain_file, *SRV).stdout
    assert f"_5061._tcp.{EDGE}" in text and "--tlsa" in text
    text = dane.run("--direction", "inbound", "--from", BOB, "--to", ALICE, "--certificate", dane.own.chain_file, *SRV,
                    *tlsa(3, 1, 1, dane.other)).stdout
    assert dnssec.tlsa(3, 1, 1, dane.own).split()[-1] in re.sub(r"\s", "", text)  # the record that would have matched


@pytest.mark.parametrize("value", ["", EDGE, f"{EDGE}=", f"{EDGE}=3 1 1", f"{EDGE}=3 1 1 ", f"{EDGE}=3 1 1 0", f"{EDGE}=3 1 1 xx",
                                   f"{EDGE}=256 1 1 00", f"{EDGE}=-3 1 1 00", f"192.0.2.1=3 1 1 00", f"{EDGE}:x=3 1 1 00",
                                   f"{EDGE}=3 1 1 " + "00" * 4097, f"{EDGE}=3 1 00"])
def test_tlsa_that_cannot_be_read(usual, value):
    done = usual.run("--direction", "inbound", "--from", BOB, "--to", ALICE, "--tlsa", value)
    assert done.returncode == 2 and "--tlsa" in done.stderr and done.stderr.count("\n") == 1
