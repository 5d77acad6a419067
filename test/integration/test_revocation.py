# SPDX-License-Identifier: GPL-2.0-or-later
"""CRL files, at the handshake in both directions, on both sides, and for sessions that live on while CRLs change or
end. Each row of the matrix is a partner of its own, so that one gateway faces all of them."""

import json
import re
from dataclasses import dataclass

import pytest

from lib import pki as certificates, ports, sip, wait
from lib.lab import ALICE, BOB, CAROL
from test_refusals_inbound import assert_refused, session_outcome
from test_refusals_outbound import assert_refusal, send_message
from test_reload import crosses


class World:
    """A partner's CAs and its edge, under the root or under the intermediate."""

    def __init__(self, domain, folder):
        self.root = certificates.root(f"Root of {domain}", folder)
        self.ca = self.root.intermediate(f"CA of {domain}")
        self.stranger = certificates.root(f"Stranger of {domain}", folder)
        self.flat, self.deep = self.root.leaf(dns=[domain]), self.ca.leaf(dns=[domain])


def past(**options):
    return {"this_update": certificates.now() - certificates.days(9),
            "next_update": certificates.now() - certificates.days(1), **options}


@dataclass
class Row:
    name: str
    edge: str  # flat, deep
    crls: object  # World -> the content of each file
    rule: str
    reason: str
    warning: str = None  # at the start

    @property
    def domain(self):
        return f"{self.name}.example"


REQUIRED, AVAILABLE, OFF = "required", "if-available", "off"
REVOKED, UNKNOWN, OK = "certificate-revoked", "revocation-unknown", "ok"
ROWS = [
    Row("sound", "flat", lambda w: [w.root.crl()], REQUIRED, OK),
    Row("sound-others", "flat", lambda w: [w.root.crl(w.ca, w.deep)], AVAILABLE, OK),
    Row("leaf", "flat", lambda w: [w.root.crl(w.flat)], AVAILABLE, REVOKED),
    Row("leaf-required", "flat", lambda w: [w.root.crl(w.flat)], REQUIRED, REVOKED),
    Row("leaf-off", "flat", lambda w: [w.root.crl(w.flat)], OFF, OK, "crls-not-used"),
    Row("leaf-der", "flat", lambda w: [certificates.crl_in_der(w.root.crl(w.flat))], AVAILABLE, REVOKED),
    Row("leaf-in-the-second", "flat", lambda w: [w.stranger.crl(), w.root.crl(w.flat)], AVAILABLE, REVOKED,
        "crl-issuer-unknown"),
    Row("deep", "deep", lambda w: [w.root.crl() + w.ca.crl() + open(w.ca.file, "rb").read()], REQUIRED, OK),
    Row("deep-leaf", "deep", lambda w: [w.root.crl() + w.ca.crl(w.deep)], AVAILABLE, REVOKED, "crl-issuer-unknown"),
    Row("deep-leaf-of-the-root", "deep", lambda w: [w.root.crl(w.deep)], AVAILABLE, OK),
    Row("intermediate", "deep", lambda w: [w.root.crl(w.ca)], AVAILABLE, REVOKED),
    Row("intermediate-alone", "deep", lambda w: [w.root.crl()], REQUIRED, UNKNOWN),
    Row("missing", "flat", lambda w: [], AVAILABLE, OK),
    Row("missing-required", "flat", lambda w: [], REQUIRED, UNKNOWN, "no-crls"),
    Row("stale", "flat", lambda w: [w.root.crl(**past())], AVAILABLE, OK, "crl-expired"),
    Row("stale-required", "flat", lambda w: [w.root.crl(**past())], REQUIRED, UNKNOWN, "crl-expired"),
    Row("stale-but-lists", "flat", lambda w: [w.root.crl(w.flat, **past())], AVAILABLE, REVOKED, "crl-expired"),
    Row("stale-and-newer", "flat", lambda w: [w.root.crl(w.flat, **past()), w.root.crl(number=2)], REQUIRED, OK,
        "crl-expired"),
    Row("forged", "flat", lambda w: [w.root.crl(w.flat, signer=w.stranger)], AVAILABLE, OK, "crl-not-genuine"),
    Row("forged-required", "flat", lambda w: [w.root.crl(signer=w.stranger)], REQUIRED, UNKNOWN, "crl-not-genuine"),
    Row("forged-newer", "flat", lambda w: [w.root.crl(w.flat), w.root.crl(number=9, signer=w.stranger)], AVAILABLE,
        REVOKED, "crl-not-genuine"),
    Row("delta", "flat", lambda w: [w.root.crl(), w.root.crl(w.flat, number=2, extra=[certificates.DELTA])], AVAILABLE,
        REVOKED),
    Row("delta-of-others", "flat", lambda w: [w.root.crl() + w.root.crl(w.ca, number=2, extra=[certificates.DELTA])],
        REQUIRED, OK),
    Row("delta-alone", "flat", lambda w: [w.root.crl(extra=[certificates.DELTA])], REQUIRED, UNKNOWN),
    Row("delta-stale-list", "flat", lambda w: [w.root.crl(**past()), w.root.crl(number=2, extra=[certificates.DELTA])],
        REQUIRED, OK, "crl-expired"),
    Row("other-ca", "flat", lambda w: [w.stranger.crl(w.flat)], AVAILABLE, OK, "crl-issuer-unknown"),
    Row("other-ca-required", "flat", lambda w: [w.stranger.crl()], REQUIRED, UNKNOWN, "crl-issuer-unknown"),
]


@pytest.fixture(scope="module")
def lab(make_shared_lab, pki):
    partners, hosts, worlds, edge_ports = {}, {}, {}, {}
    for row in ROWS:
        world = worlds[row.name] = World(row.domain, pki.folder)
        port = edge_ports[row.name] = ports.free_port()
        files = []
        for number, content in enumerate(row.crls(world)):
            files.append(pki.folder / f"{row.name}-{number}.crl")
            files[-1].write_bytes(content)
        hosts[f"edge.{row.domain}"] = ["127.0.0.1"]
        partners[row.name] = {"domains": [row.domain], "roots": [world.root.file], "revocation": row.rule,
                              "crls": [str(file) for file in files],
                              "locate": {"fixed": [f"edge.{row.domain}:{port}"]}}
    lab = make_shared_lab(partners=partners, settings={"dns": {"hosts": hosts}})
    lab.identities = {row.name: getattr(worlds[row.name], row.edge) for row in ROWS}
    lab.edges = {name: lab.serve(identity, port=edge_ports[name]) for name, identity in lab.identities.items()}
    return lab


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_partner_that_connects(lab, row):
    alive, local = session_outcome(lab.gateway.external_port, lab.identities[row.name])
    assert alive == (row.reason == OK)
    if not alive:
        event = assert_refused(lab, "external", local, row.reason)
        assert event["partner"] == row.name and "of its issuer" in event["detail"], event
        return
    event = lab.gateway.audit.wait_for(event="session-accepted", peer=local)
    assert event["partner"] == row.name
    is_unknown = row.crls and row.rule == AVAILABLE and row.name not in ("sound-others", "missing")
    assert ("revocation unknown" in event["detail"]) == is_unknown, event


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_partner_that_we_connect_to(lab, row):
    connection, call_id = send_message(lab, f"sip:bob@{row.domain}")
    if row.reason == OK:
        lab.edges[row.name].expect_request("MESSAGE", call_id=call_id).answer(200)
        connection.expect_status(200, call_id=call_id)
        return
    assert_refusal(lab, connection, call_id, 504, row.reason)
    refused = lab.gateway.audit.wait_for(event="session-refused", partner=row.name, peer=f"127.0.0.1:{lab.edges[row.name].port}")
    assert refused["reason"] == row.reason and "of its issuer" in refused["detail"], refused


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_is_told_at_the_start(lab, row):
    lines = [line for line in lab.gateway.process.errors().splitlines() if f"/{row.name}.yaml:" in line]
    assert [line.rpartition("[")[2].rstrip("]") for line in lines] == ([row.warning] if row.warning else [])
    logged = [line for line in lab.gateway.log_file.read_text().splitlines()
              if "event=crl-expired " in line and f"partner={row.name} " in line]
    is_outlived = row.name == "stale-and-newer"  # nobody has to do anything
    assert len(logged) == (row.warning == "crl-expired" and not is_outlived)


def test_partners_shows_them(lab):
    told = json.loads(lab.gateway.command("partners", "--json").stdout)["partners"]
    lists = {partner["partner"]: partner["crl-lists"] for partner in told}
    assert lists["missing"] == [] and len(lists["leaf-in-the-second"]) == 2
    [crl] = lists["leaf"]
    assert crl["issuer"] == "CN=Root of leaf.example" and crl["entries"] == 1 and crl["days-left"] in (99, 100)
    assert crl["this-update"] < crl["next-update"]
    [stale] = lists["stale"]
    assert stale["days-left"] < 0
    printed = " ".join(lab.gateway.command("partners").stdout.split())
    assert re.search(r"crls CN=Root of leaf.example, 1 entry, until \d{4}-\d\d-\d\d", printed), printed


# ---- our own servers ----

@pytest.fixture
def inside(make_lab, pki, tmp_path):
    """`internal.crls` with this content."""
    def make(content, **keys):
        file = tmp_path / "enterprise.crl"
        file.write_bytes(content)
        lab = make_lab(settings={"internal": {"crls": [str(file)], **keys}})
        lab.crl_file = file
        return lab
    return make


def test_own_servers(inside, pki):
    """fe2 is revoked, fe1 is not."""
    lab = inside(pki.enterprise.crl(pki.fe2), revocation=REQUIRED)
    lab.assert_serves()
    alive, local = session_outcome(lab.gateway.internal_port, pki.fe2)
    assert not alive
    assert_refused(lab, "internal", local, REVOKED)


def test_next_hop_that_is_revoked(inside, pki):
    lab = inside(pki.enterprise.crl(pki.fe1))
    outside = lab.from_outside()
    outside.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id="revoked"))
    outside.expect_answer(call_id="revoked")
    assert lab.gateway.audit.wait_for(event="request", call_id="revoked")["reason"] == REVOKED
    assert not lab.inside.inbox.waiting


def test_own_servers_of_whom_nothing_is_known(inside, pki):
    lab = inside(pki.enterprise.crl(**past()), revocation=REQUIRED)
    alive, local = session_outcome(lab.gateway.internal_port, pki.fe1)
    assert not alive
    assert_refused(lab, "internal", local, UNKNOWN)


def test_own_server_that_is_revoked_while_it_is_connected(inside, pki):
    lab = inside(pki.enterprise.crl())
    first, second = lab.from_inside(pki.fe1), lab.from_inside(pki.fe2)
    crosses(lab, second, lab.fabrikam, ALICE, BOB)
    lab.crl_file.write_bytes(pki.enterprise.crl(pki.fe2, number=2))
    assert lab.gateway.reload()["event"] == "policy-loaded"
    second.expect_end()
    assert lab.gateway.audit.wait_for(event="session-closed", peer=second.local)["reason"] == REVOKED
    crosses(lab, first, lab.fabrikam, ALICE, BOB)


# ---- sessions that live on ----

@pytest.fixture
def with_crl(make_lab, pki, tmp_path):
    """Fabrikam with this CRL."""
    def make(content, rule):
        file = tmp_path / "fabrikam.crl"
        file.write_bytes(content)
        lab = make_lab(partners={"fabrikam": {"crls": [str(file)], "revocation": rule}})
        lab.crl_file = file
        return lab
    return make


@pytest.mark.parametrize("rule", [AVAILABLE, REQUIRED])
def test_newer_crl_drains_what_it_revokes(with_crl, pki, rule):
    """What is in flight is answered; both directions; the other partner notices nothing; and the way back."""
    lab = with_crl(pki.fabrikam.crl(), rule)
    outside, inside, contoso = lab.from_outside(), lab.from_inside(), lab.from_outside(lab.pki.contoso_edge)
    crosses(lab, inside, lab.fabrikam, ALICE, BOB)
    crosses(lab, contoso, sender=CAROL)
    outside.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id="in-flight"))
    arrived = lab.inside.expect_request("MESSAGE", call_id="in-flight")

    lab.crl_file.write_bytes(pki.fabrikam.crl(pki.fabrikam_edge, number=2))
    assert lab.gateway.reload()["event"] == "policy-loaded"
    arrived.answer(200)
    outside.expect_status(200, call_id="in-flight")
    outside.expect_end()
    for connection in list(lab.fabrikam.connections):
        connection.expect_end()
    assert lab.gateway.audit.wait_for(event="session-closed", peer=outside.local)["reason"] == REVOKED
    event = lab.gateway.audit.wait_for(event="session-closed", peer=f"127.0.0.1:{lab.fabrikam.port}")
    assert event["reason"] == REVOKED and event["partner"] == "fabrikam"
    alive, local = session_outcome(lab.gateway.external_port, pki.fabrikam_edge)
    assert not alive
    assert_refused(lab, "external", local, REVOKED)
    crosses(lab, contoso, sender=CAROL)
    assert contoso.is_alive() and inside.is_alive()

    lab.crl_file.write_bytes(pki.fabrikam.crl(number=3))
    assert lab.gateway.reload()["event"] == "policy-loaded"
    crosses(lab, lab.from_outside())
    lab.wait_until_reachable()


def test_list_that_is_taken_away(with_crl, pki):
    lab = with_crl(pki.fabrikam.crl(pki.fabrikam_edge), AVAILABLE)
    alive, _ = session_outcome(lab.gateway.external_port, pki.fabrikam_edge)
    assert not alive
    lab.gateway.partners["fabrikam"]["crls"] = []
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    crosses(lab, lab.from_outside())


BROKEN = {
    "missing": lambda p: None,
    "unknown-critical": lambda p: p.fabrikam.crl(extra=[certificates.UNKNOWN_CRITICAL]),
    "cut": lambda p: p.fabrikam.crl()[:200],
    "empty": lambda p: b"",
    "certificate": lambda p: open(p.fabrikam.file, "rb").read(),
}
TOKENS = {"missing": "file-missing", "empty": "no-crl-in-file", "certificate": "no-crl-in-file"}


@pytest.mark.parametrize("case", BROKEN)
def test_crl_that_cannot_be_used_is_rejected(with_crl, pki, case):
    """The old policy stays in full: who was revoked is, the others go on."""
    lab = with_crl(pki.fabrikam.crl(pki.fe1), REQUIRED)
    outside = lab.from_outside()
    content = BROKEN[case](pki)
    lab.crl_file.unlink()
    if content is not None:
        lab.crl_file.write_bytes(content)
    rejected = lab.gateway.reload()
    token = TOKENS.get(case, "malformed-crl")
    assert rejected["event"] == "policy-rejected" and f"[{token}]" in rejected["detail"], rejected
    assert "fabrikam.yaml:" in rejected["detail"]
    checked = lab.gateway.command("check")
    assert checked.returncode == 1 and f"[{token}]" in checked.stderr
    crosses(lab, outside)


def lives_for(seconds):
    """From a start that lets the CRL be in force for a while yet."""
    return certificates.now() + certificates.datetime.timedelta(seconds=seconds)


def test_crl_that_ends_while_sessions_live(with_crl, pki):
    """Nobody reloads: both sessions are drained, new ones refused, since nothing is known of them any more."""
    lab = with_crl(pki.fabrikam.crl(next_update=lives_for(4)), REQUIRED)
    outside, inside = lab.from_outside(), lab.from_inside()
    crosses(lab, outside)
    crosses(lab, inside, lab.fabrikam, ALICE, BOB)
    outside.expect_end(15)
    for connection in list(lab.fabrikam.connections):
        connection.expect_end(15)
    assert lab.gateway.audit.wait_for(event="session-closed", peer=outside.local)["reason"] == UNKNOWN
    alive, local = session_outcome(lab.gateway.external_port, pki.fabrikam_edge)
    assert not alive
    assert_refused(lab, "external", local, UNKNOWN)
    crosses(lab, lab.from_outside(lab.pki.contoso_edge), sender=CAROL)


def test_crl_that_ends_is_told_where_it_is_not_required(with_crl, pki):
    lab = with_crl(pki.fabrikam.crl(next_update=lives_for(3)), AVAILABLE)
    outside = lab.from_outside()
    crosses(lab, outside)
    wait.until(lambda: "event=crl-expired partner=fabrikam" in lab.gateway.log_file.read_text(), 20, "a warning")
    crosses(lab, outside)
    fresh = lab.from_outside()
    crosses(lab, fresh)
    event = lab.gateway.audit.wait_for(event="session-accepted", peer=fresh.local)
    assert "revocation unknown" in event["detail"] and "has ended" in event["detail"], event


def test_crl_that_begins_while_sessions_live(with_crl, pki):
    """Laid out ahead of time, it revokes at its hour."""
    lab = with_crl(pki.fabrikam.crl() + pki.fabrikam.crl(pki.fabrikam_edge, number=2, this_update=lives_for(4)),
                   AVAILABLE)
    outside = lab.from_outside()
    crosses(lab, outside)
    outside.expect_end(15)
    assert lab.gateway.audit.wait_for(event="session-closed", peer=outside.local)["reason"] == REVOKED


def test_explain(with_crl, pki, tmp_path):
    lab = with_crl(pki.fabrikam.crl(pki.fabrikam_edge), AVAILABLE)
    for direction, from_, to in (("inbound", BOB, ALICE), ("outbound", ALICE, BOB)):
        told = lab.gateway.command("explain", "--direction", direction, "--from", from_, "--to", to, "--certificate",
                                   pki.fabrikam_edge.chain_file)
        assert told.returncode == 3 and REVOKED in told.stdout, told.stdout + told.stderr
        assert re.search(r"failed +revocation .*dns:fabrikam.example: a CRL of its issuer lists it",
                         " ".join(told.stdout.split())), told.stdout
