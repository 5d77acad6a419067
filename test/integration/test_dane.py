# SPDX-License-Identifier: GPL-2.0-or-later
"""Partners whose proof lies in the DNS: `identity: secure-srv` and `identity: dane`. A zone that knot signs, one that nobody
signs and one that somebody has changed, behind an unbound that validates; each partner has a domain of its own in them."""

import json
from types import SimpleNamespace

import pytest
from conftest import needs

from lib import dnssec, peer, pki as certificates, ports, sip, wait
from lib.lab import ALICE

pytestmark = [needs("knotd"), needs("unbound")]

SIGNED, PLAIN, BROKEN = "signed.test", "plain.test", "broken.test"
CLOUD = "edge.cloud.signed.test"  # in every certificate that has a name


def zone(name, lines):
    return [f"$ORIGIN {name}.", "$TTL 60", f"@ SOA ns.{name}. nobody.{name}. 1 3600 600 86400 1", f"@ NS ns.{name}.",
            "ns A 127.0.0.1", *lines]


def partner_lines(label, target, port, records=(), ttl=60):
    """A partner's SRV record, the address of its edge unless that is another's, and the TLSA records of the edge."""
    lines = [f"_sipfederationtls._tcp.{label} {ttl} SRV 0 0 {port} {target}"]
    lines += [f"_{port}._tcp.{target} {ttl} TLSA {record}" for record in records]
    return lines


@pytest.fixture(scope="module")
def world(request, pki, tmp_path_factory):
    """Who there is: holders of keys, a server for each that serves, and the zones."""
    folder = tmp_path_factory.mktemp("dane")
    at = SimpleNamespace(folder=folder, pki=pki)
    past = certificates.now() - certificates.days(1)
    at.own = certificates.self_signed("whoever.invalid", folder)
    at.other = certificates.self_signed("whoever.invalid", folder)
    at.expired = pki.stranger.leaf(dns=["whoever.invalid"], not_after=past)
    at.below = pki.stranger.leaf(dns=[CLOUD]).presenting(pki.stranger.certificate)
    at.anchored = pki.fabrikam.leaf(dns=[CLOUD])
    at.servers = {name: peer.Server(ports.free_port(), getattr(at, name), trust=[pki.public])
                  for name in ("own", "other", "expired", "below", "anchored")}
    for server in at.servers.values():
        request.addfinalizer(server.close)

    tlsa, port = dnssec.tlsa, {name: server.port for name, server in at.servers.items()}
    right = tlsa(3, 1, 1, at.own)
    signed = [f"{CLOUD[:-len(SIGNED) - 1]} A 127.0.0.1", "real A 127.0.0.1", "alias CNAME real"]

    def add(label, server, *records, target=None, ttl=60):
        if target is None:
            target = f"edge-{label}"
            signed.append(f"{target} {ttl} A 127.0.0.1")
        signed.extend(partner_lines(label, target, port[server], records, ttl))

    add("match", "own", right)
    add("whole", "own", tlsa(3, 0, 0, at.own))
    add("long", "own", tlsa(3, 1, 2, at.own), tlsa(3, 1, 1, at.other))
    add("rollover", "own", tlsa(3, 1, 1, at.other), right)
    add("mismatch", "own", tlsa(3, 1, 1, at.other))
    add("weaker", "own", right, tlsa(3, 1, 2, at.other))
    add("unusable", "own", "4 1 1 " + "00" * 32, "3 1 1 " + "00" * 31)
    add("none", "own")
    add("expired", "expired", tlsa(3, 1, 1, at.expired))
    add("ta", "below", tlsa(2, 0, 1, pki.stranger), target=CLOUD + ".")
    add("ta-other-name", "below", tlsa(2, 1, 1, pki.stranger))
    add("pkix", "anchored", tlsa(1, 1, 1, at.anchored), target=CLOUD + ".")
    add("pkix-foreign", "below", tlsa(1, 1, 1, at.below), target=CLOUD + ".")
    add("aliased", "own", target="alias")
    signed.append(f"_{port['own']}._tcp.real TLSA {right}")
    signed.append(f"_{port['own']}._tcp.tlsa-alias CNAME common")
    signed.append(f"common TLSA {right}")
    signed.append("tlsa-alias A 127.0.0.1")
    add("tlsa-aliased", "own", target="tlsa-alias")
    add("into-plain", "own", target=f"edge.{PLAIN}.")
    add("secure", "anchored", target=CLOUD + ".")
    add("secure-other", "own", target=CLOUD + ".")
    add("fading", "own", right, ttl=1)
    add("second", "other", tlsa(3, 1, 1, at.own))  # the first target shows another key; then there is a good one
    signed.append(f"_sipfederationtls._tcp.second SRV 1 0 {port['own']} edge-match")
    add("skips", "other")  # the first target has no record at all
    signed.append(f"_sipfederationtls._tcp.skips SRV 1 0 {port['own']} edge-match")
    plain = ["edge A 127.0.0.1", *partner_lines("plain", "edge", port["own"], [right]),
             *partner_lines("secure-plain", "edge", port["anchored"])]
    broken = ["edge A 127.0.0.1", *partner_lines("broken", "edge", port["own"], [right]),
              *partner_lines("secure-broken", "edge", port["anchored"]),
              "edge-tlsa A 127.0.0.1", *partner_lines("broken-tlsa", "edge-tlsa", port["own"], [right])]
    start_dns(request, at, zone(SIGNED, signed), zone(PLAIN, plain), zone(BROKEN, broken))
    return at


def start_dns(request, at, signed, plain, broken):
    signer = dnssec.Knot(at.folder / "signer", signed={BROKEN: broken})
    lines = signer.transfer(BROKEN)
    anchors = signer.anchor(BROKEN)
    signer.close()
    for label in ("broken", "secure-broken"):
        lines = dnssec.tampered(lines, f"_sipfederationtls._tcp.{label}.{BROKEN}.", "SRV")
    lines = dnssec.tampered(lines, f"_{at.servers['own'].port}._tcp.edge-tlsa.{BROKEN}.", "TLSA")
    at.knot = dnssec.Knot(at.folder / "knot", signed={SIGNED: signed}, static={PLAIN: plain, BROKEN: lines})
    request.addfinalizer(at.knot.close)
    anchors += at.knot.anchor(SIGNED)
    at.resolvers = {}
    for name, options in (("explains", ["ede: yes"]), ("silent", []),
                          ("late", ["val-override-date: 20990101000000"])):  # for it every signature has expired
        at.resolvers[name] = dnssec.Unbound(at.folder / name, at.knot, [SIGNED, PLAIN, BROKEN], anchors, options)
        request.addfinalizer(at.resolvers[name].close)


def partners(world):
    dane = {f"{label}.{zone_}": {} for label, zone_ in (
        *((label, SIGNED) for label in ("match", "whole", "long", "rollover", "mismatch", "weaker", "unusable", "none",
                                        "expired", "ta", "ta-other-name", "pkix", "pkix-foreign", "aliased",
                                        "tlsa-aliased", "into-plain", "fading", "second", "skips")),
        ("plain", PLAIN), ("broken", BROKEN), ("broken-tlsa", BROKEN))}
    roots = [world.pki.fabrikam.file]
    made = {domain.replace(".", "-"): {"domains": [domain], "identity": "dane",
                                       "roots": roots if domain.startswith("pkix") else []} for domain in dane}
    for domain in (f"secure.{SIGNED}", f"secure-other.{SIGNED}", f"secure-plain.{PLAIN}", f"secure-broken.{BROKEN}"):
        made[domain.replace(".", "-")] = {"domains": [domain], "identity": "secure-srv", "roots": roots}
    return made


def make(make_lab, world, resolver, **dns):
    return make_lab(partners=partners(world), settings={
        "dns": {"servers": [world.resolvers[resolver].address], "trust-ad": True, **dns},
        "external": {"listen": [f"127.0.0.1:{ports.free_port()}"]}, "workers": 1})


@pytest.fixture(scope="module")
def lab(make_shared_lab, world):
    return make(make_shared_lab, world, "explains")


def outbound(lab, domain):
    connection, call_id = lab.from_inside(), sip.token()
    to = f"sip:bob@{domain}"
    connection.send(sip.request("MESSAGE", to, from_=ALICE, to=to, call_id=call_id))
    return connection, call_id


def inbound(lab, domain, connection):
    call_id = sip.token()
    connection.send(sip.request("MESSAGE", ALICE, from_=f"sip:bob@{domain}", to=ALICE, call_id=call_id))
    return connection, call_id


def ends(lab, server, connection, call_id, reason, direction):
    """The request crosses (`ok`), or is refused for that reason and nothing of it is seen on the other side."""
    if reason == "ok":
        server.expect_request("MESSAGE", call_id=call_id).answer(200)
        connection.expect_status(200, call_id=call_id)
        return
    answer = connection.expect_answer(call_id=call_id, timeout=8).message
    event = lab.gateway.audit.wait_for(event="request", call_id=call_id)
    assert event["reason"] == reason, event
    failed = 504 if direction == "outbound" or reason == "dns-failed" else 403
    assert answer.status == failed == event["status"], event
    assert not server.received_requests()


# domain, who shows which key, what comes of it outbound and inbound
CASES = [
    (f"match.{SIGNED}", "own", "ok"),
    (f"whole.{SIGNED}", "own", "ok"),
    (f"long.{SIGNED}", "own", "ok"),
    (f"rollover.{SIGNED}", "own", "ok"),
    (f"mismatch.{SIGNED}", "own", "tlsa-mismatch"),
    (f"weaker.{SIGNED}", "own", "tlsa-mismatch"),  # of two digests the stronger counts, RFC 7671 9
    (f"unusable.{SIGNED}", "own", "tlsa-mismatch"),
    (f"none.{SIGNED}", "own", "tlsa-mismatch"),
    (f"expired.{SIGNED}", "expired", "ok"),  # usage 3 knows no dates
    (f"ta.{SIGNED}", "below", "ok"),
    (f"ta-other-name.{SIGNED}", "below", "identity-mismatch"),
    (f"pkix.{SIGNED}", "anchored", "ok"),
    (f"aliased.{SIGNED}", "own", "ok"),
    (f"tlsa-aliased.{SIGNED}", "own", "ok"),
    (f"into-plain.{SIGNED}", "own", "tlsa-mismatch"),  # the way to the server is not secure
    (f"plain.{PLAIN}", "own", "srv-not-secure"),
    (f"broken.{BROKEN}", "own", "dns-bogus"),
    (f"broken-tlsa.{BROKEN}", "own", "dns-bogus"),
    (f"secure.{SIGNED}", "anchored", "ok"),
    (f"secure-other.{SIGNED}", "own", None),
    (f"secure-plain.{PLAIN}", "anchored", "srv-not-secure"),
    (f"secure-broken.{BROKEN}", "anchored", "dns-bogus"),
]
IDS = [domain for domain, _, _ in CASES]


@pytest.mark.parametrize("domain, holder, reason", CASES, ids=IDS)
def test_outbound(lab, world, domain, holder, reason):
    server = world.servers[holder]
    before = server.accepted
    ends(lab, server, *outbound(lab, domain), reason or "untrusted-chain", "outbound")
    if reason in ("srv-not-secure", "dns-bogus") or domain.startswith(("none.", "into-plain.")):
        assert server.accepted == before  # RFC 7673 3.2: it is not even connected to


@pytest.mark.parametrize("domain, holder, reason", CASES, ids=IDS)
def test_inbound(lab, world, domain, holder, reason):
    """The same records, of any target of the From domain."""
    connection = lab.from_outside(getattr(world, holder))
    ends(lab, lab.inside, *inbound(lab, domain, connection), reason or "from-domain-not-authorized", "inbound")


def test_another_key(lab, world):
    """The domain is proven by its key, not by its name."""
    connection = lab.from_outside(world.other)
    ends(lab, lab.inside, *inbound(lab, f"match.{SIGNED}", connection), "tlsa-mismatch", "inbound")
    # and a key proves the domains whose records name it, each by itself
    connection = lab.from_outside(world.own)
    ends(lab, lab.inside, *inbound(lab, f"match.{SIGNED}", connection), "ok", "inbound")
    ends(lab, lab.inside, *inbound(lab, f"rollover.{SIGNED}", connection), "ok", "inbound")
    ends(lab, lab.inside, *inbound(lab, f"mismatch.{SIGNED}", connection), "tlsa-mismatch", "inbound")
    ends(lab, lab.inside, *inbound(lab, "fabrikam.example", connection), "from-domain-not-authorized", "inbound")


def test_who_is_unproven_is_a_stranger(lab, world):
    """A session that nothing proves stands until it speaks; the log says so, and counts it for nobody."""
    connection = lab.from_outside(world.other)
    event = lab.gateway.audit.wait_for(event="session-accepted", peer=connection.local)
    assert "partner" not in event and "anchor" not in event, event
    assert "unproven" in event["detail"], event
    # who names a partner of another rule is refused at the handshake, as ever
    pretender = certificates.self_signed("fabrikam.example", world.folder)
    with pytest.raises((OSError, AssertionError)):
        stranger = lab.from_outside(pretender)
        stranger.expect_end()
        raise AssertionError
    assert lab.gateway.audit.wait_for(event="session-refused", reason="untrusted-chain")


def test_next_target(lab, world):
    """The first target shows another key than its records name."""
    connection, call_id = outbound(lab, f"second.{SIGNED}")
    ends(lab, world.servers["own"], connection, call_id, "ok", "outbound")
    assert world.servers["other"].accepted


def test_target_that_cannot_be_proven(lab, world):
    """RFC 7673 3.2: it is not connected to, though it comes first."""
    before = world.servers["other"].accepted
    ends(lab, world.servers["own"], *outbound(lab, f"skips.{SIGNED}"), "ok", "outbound")
    assert world.servers["other"].accepted == before


def test_server_name(lab, world):
    """RFC 7671 10.2: SNI is the TLSA base domain, here what the target is an alias of."""
    names = []
    server = peer.Server(ports.free_port(), world.own, trust=[world.pki.public])
    server.context.sni_callback = lambda connection, name, context: names.append(name)
    try:
        world.knot.change(SIGNED, ["zone-set", "_sipfederationtls._tcp.named", "1", "SRV", f"0 0 {server.port} alias"],
                          ["zone-set", f"_{server.port}._tcp.real", "1", "TLSA", dnssec.tlsa(3, 1, 1, world.own)])
        lab.gateway.partners["named"] = {"domains": [f"named.{SIGNED}"], "identity": "dane", "roots": []}
        lab.gateway.write()
        assert lab.gateway.reload()["event"] == "policy-loaded"
        ends(lab, server, *outbound(lab, f"named.{SIGNED}"), "ok", "outbound")
        assert names == [f"real.{SIGNED}"]
    finally:
        server.close()


def test_a_record_that_is_withdrawn(lab, world):
    """Open sessions stand only as long as the records that prove them, in both directions."""
    domain, server = f"fading.{SIGNED}", world.servers["own"]
    owner = f"_{server.port}._tcp.edge-fading"
    connection = lab.from_outside(world.own)
    ends(lab, server, *outbound(lab, domain), "ok", "outbound")
    ends(lab, lab.inside, *inbound(lab, domain, connection), "ok", "inbound")
    sessions = len(server.connections)
    ends(lab, server, *outbound(lab, domain), "ok", "outbound")
    assert len(server.connections) == sessions  # the session is used again while it is proven
    world.knot.change(SIGNED, ["zone-unset", owner, "TLSA"],
                      ["zone-set", owner, "1", "TLSA", dnssec.tlsa(3, 1, 1, world.other)])

    def gone(send, direction):
        def refused():
            link, call_id = send()
            answer = (server if direction == "outbound" else lab.inside)
            taken = wait.until(lambda: answer.received_requests() or link.inbox.waiting, 8)
            if answer.received_requests():
                answer.expect_request("MESSAGE", call_id=call_id).answer(200)
            del taken
            link.expect_answer(call_id=call_id)
            return lab.gateway.audit.wait_for(event="request", call_id=call_id)["reason"] == "tlsa-mismatch"
        wait.until(refused, 10, f"{direction} to be refused", interval=0.2)
    gone(lambda: inbound(lab, domain, connection), "inbound")
    gone(lambda: outbound(lab, domain), "outbound")
    event = lab.gateway.audit.wait_for(event="session-closed", reason="tlsa-mismatch")
    assert event["partner"] == "fading-signed-test", event


def test_resolver_that_does_not_say_why(make_lab, world):
    """Without extended errors a second question, without validation, tells bogus from failed."""
    lab = make(make_lab, world, "silent")
    for domain in (f"broken.{BROKEN}", f"broken-tlsa.{BROKEN}"):
        ends(lab, world.servers["own"], *outbound(lab, domain), "dns-bogus", "outbound")
    ends(lab, lab.inside, *inbound(lab, f"broken.{BROKEN}", lab.from_outside(world.own)), "dns-bogus", "inbound")
    ends(lab, world.servers["own"], *outbound(lab, f"match.{SIGNED}"), "ok", "outbound")


def test_expired_signatures(make_lab, world):
    lab = make(make_lab, world, "late")
    ends(lab, world.servers["own"], *outbound(lab, f"match.{SIGNED}"), "dns-bogus", "outbound")
    ends(lab, world.servers["anchored"], *outbound(lab, f"secure.{SIGNED}"), "dns-bogus", "outbound")
    ends(lab, lab.inside, *inbound(lab, f"match.{SIGNED}", lab.from_outside(world.own)), "dns-bogus", "inbound")


def test_without_trust_in_the_bit(make_lab, world):
    """trust-ad is off: what the resolver says of security is hearsay, and the loader has warned of it."""
    lab = make(make_lab, world, "explains", **{"trust-ad": False})
    ends(lab, world.servers["own"], *outbound(lab, f"match.{SIGNED}"), "srv-not-secure", "outbound")
    ends(lab, lab.inside, *inbound(lab, f"match.{SIGNED}", lab.from_outside(world.own)), "srv-not-secure", "inbound")
    ends(lab, world.servers["own"], *outbound(lab, f"broken.{BROKEN}"), "dns-failed", "outbound")
    check = lab.gateway.command("check", "--strict")
    assert check.returncode == 1 and "[dnssec-not-believed]" in check.stderr


def test_trust_is_taken_back(make_lab, world):
    """A reload without trust-ad: what was proven by that bit alone is drained."""
    lab = make(make_lab, world, "explains")
    ends(lab, world.servers["own"], *outbound(lab, f"match.{SIGNED}"), "ok", "outbound")
    lab.gateway.settings["dns"]["trust-ad"] = False
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    event = lab.gateway.audit.wait_for(event="session-closed", partner="match-signed-test")
    assert event["reason"] == "srv-not-secure", event


@pytest.mark.parametrize("domain, works, reason, step, shown", [
    (f"match.{SIGNED}", True, "ok", "tlsa", "3 1 1 "),
    (f"aliased.{SIGNED}", True, "ok", "tlsa", f"._tcp.real.{SIGNED}: "),
    (f"ta.{SIGNED}", True, "ok", "anchor", "as the TLSA record says"),
    (f"second.{SIGNED}", True, "tlsa-mismatch", "identity", "no TLSA record matches"),
    (f"mismatch.{SIGNED}", False, "tlsa-mismatch", "identity", "no TLSA record matches"),
    (f"none.{SIGNED}", False, "tlsa-mismatch", "tlsa", "no TLSA record"),
    (f"into-plain.{SIGNED}", False, "tlsa-mismatch", "tlsa", "its addresses are not DNSSEC-secure"),
    (f"plain.{PLAIN}", False, "srv-not-secure", "dnssec", "not DNSSEC-secure"),
    (f"broken.{BROKEN}", False, "dns-bogus", "dnssec", "fails DNSSEC validation"),
    (f"secure.{SIGNED}", True, "ok", "dnssec", "secure"),
])
def test_probe(lab, world, domain, works, reason, step, shown):
    """Each step as `run` goes it; probe asks OPTIONS, which the peers answer."""
    for server in world.servers.values():
        server.handler = peer.answering(200)
    try:
        done = lab.gateway.command("probe", domain, "--json")
    finally:
        for server in world.servers.values():
            server.handler = None
            with server.inbox.changed:
                server.inbox.waiting.clear()
    told = json.loads(done.stdout)
    assert (told["result"] == "works") == works == (done.returncode == 0), told
    assert works or told["reason"] == reason, told
    assert any(shown in entry["detail"] for entry in told["steps"] if entry["name"] == step), told


def test_explain_asks_the_same(lab, world):
    for domain, verdict, reason in ((f"match.{SIGNED}", "allow", "ok"), (f"mismatch.{SIGNED}", "deny", "tlsa-mismatch"),
                                    (f"plain.{PLAIN}", "deny", "srv-not-secure"), (f"broken.{BROKEN}", "deny", "dns-bogus")):
        for direction, from_, to in (("inbound", f"sip:bob@{domain}", ALICE), ("outbound", ALICE, f"sip:bob@{domain}")):
            done = lab.gateway.command("explain", "--direction", direction, "--from", from_, "--to", to, "--certificate",
                                       world.own.chain_file, "--dns", "--json")
            told = json.loads(done.stdout)
            assert (told["verdict"], told["reason"]) == (verdict, reason), told
