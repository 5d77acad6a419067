# SPDX-License-Identifier: GPL-2.0-or-later
"""DNS as it goes wrong. Outbound it decides where a message goes; inbound, for `identity: srv-target`, whether the sender
is believed. And never may a sick resolver slow down what needs no new answer."""

import statistics
import time

import pytest

from lib import nameserver as dns, peer, ports, sip, wait
from lib.lab import ALICE, BOB

SRV = "_sipfederationtls._tcp.fabrikam.example"
SIPS = "_sips._tcp.fabrikam.example"
EDGE = "edge.fabrikam.example"


@pytest.fixture
def stage(make_lab, nameserver):
    """A lab that finds its partners by DNS. `inbound`: fabrikam's identity is a matter of its SRV records, too."""
    def make(inbound=False, dns_timeout="1s", **settings):
        partners = {}
        if inbound:
            partners["fabrikam"] = {"identity": "srv-target"}
        return make_lab(nameserver=nameserver, partners=partners,
                        settings={"dns": {"timeout": dns_timeout}, **settings})
    return make


def outbound(lab, to=BOB, connection=None):
    connection = connection or lab.from_inside()
    call_id = sip.token()
    connection.send(sip.request("MESSAGE", to, from_=ALICE, to=to, call_id=call_id))
    return connection, call_id


def inbound(lab, connection=None):
    connection = connection or lab.from_outside()
    call_id = sip.token()
    connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=call_id))
    return connection, call_id


def crosses(server, connection, call_id, timeout=5.0):
    server.expect_request("MESSAGE", call_id=call_id, timeout=timeout).answer(200)
    return connection.expect_status(200, call_id=call_id)


def refused(lab, connection, call_id, status, reason, timeout=8.0):
    answer = connection.expect_answer(call_id=call_id, timeout=timeout).message
    event = lab.gateway.audit.wait_for(event="request", call_id=call_id)
    assert event["reason"] == reason, event
    assert answer.status == status == event["status"], answer.start


SICK = {
    "silent": (dns.silent, "dns-failed"),
    "too-slow": (dns.after(20), "dns-failed"),
    "servfail": (dns.code("SERVFAIL"), "dns-failed"),
    "refused": (dns.code("REFUSED"), "dns-failed"),
    "nxdomain": (dns.code("NXDOMAIN"), "srv-not-found"),
    "empty": (dns.empty, "srv-not-found"),
    "garbage": (dns.garbage, "dns-failed"),
    "wrong-id": (dns.wrong_id, "dns-failed"),
    "pointer-loop": (dns.pointer_loop, "dns-failed"),
    "truncated-without-tcp": (dns.truncated_without_tcp, "dns-failed"),
}


@pytest.mark.parametrize("behaviour, reason", SICK.values(), ids=SICK)
def test_sick_resolver_outbound(stage, nameserver, behaviour, reason):
    lab = stage()
    nameserver.behave(behaviour)
    connection, call_id = outbound(lab)
    begun = time.monotonic()
    refused(lab, connection, call_id, 504, reason)
    assert time.monotonic() - begun < 6
    assert not lab.fabrikam.accepted


@pytest.mark.parametrize("behaviour, reason", SICK.values(), ids=SICK)
def test_sick_resolver_inbound(stage, nameserver, behaviour, reason):
    """The sender cannot be judged: refused, and 504 only where the DNS could not be asked (contract 8.3)."""
    lab = stage(inbound=True)
    nameserver.behave(behaviour)
    connection, call_id = inbound(lab)
    refused(lab, connection, call_id, 403 if reason == "srv-not-found" else 504, reason)
    assert not lab.inside.received_requests()
    assert connection.is_alive()


def test_no_name_server_at_all(stage, nameserver):
    lab = stage(inbound=True)
    nameserver.close()
    refused(lab, *outbound(lab), 504, "dns-failed")
    refused(lab, *inbound(lab), 504, "dns-failed")


def test_recovers_when_the_resolver_does(stage, nameserver):
    """A failure to ask is no answer, and is not kept like one."""
    lab = stage(inbound=True)
    nameserver.behave(dns.code("SERVFAIL"))
    refused(lab, *outbound(lab), 504, "dns-failed")
    nameserver.behave(dns.answer)
    for server, sends in ((lab.fabrikam, outbound), (lab.inside, inbound)):
        deadline = time.monotonic() + 15 * wait.PATIENCE
        while True:
            connection, call_id = sends(lab)
            try:
                crosses(server, connection, call_id, timeout=1)
                break
            except AssertionError:
                assert time.monotonic() < deadline, "the failure is kept for too long"


def test_second_name_server_takes_over(make_lab, nameserver):
    dead = f"127.0.0.1:{ports.free_port()}"
    lab = make_lab(nameserver=nameserver, settings={"dns": {"servers": [dead, nameserver.address]}})
    crosses(lab.fabrikam, *outbound(lab))


def test_truncated_answer_is_asked_for_again_over_tcp(stage, nameserver):
    lab = stage()
    nameserver.behave(dns.truncated)
    crosses(lab.fabrikam, *outbound(lab))
    assert {q.transport for q in nameserver.asked(SRV, "SRV")} == {"udp", "tcp"}


def test_sips_record_where_there_is_no_federation_record(stage, nameserver):
    lab = stage(inbound=True)
    del nameserver.records[(SRV, "SRV")]
    nameserver.srv("fabrikam.example", (EDGE, lab.fabrikam.port), service="_sips._tcp")
    crosses(lab.fabrikam, *outbound(lab))
    crosses(lab.inside, *inbound(lab))


def test_federation_record_wins(stage, nameserver):
    lab = stage()
    nameserver.srv("fabrikam.example", (EDGE, ports.free_port()), service="_sips._tcp")
    crosses(lab.fabrikam, *outbound(lab))


def test_neither_record(stage, nameserver):
    """No guessing of hosts, no A record of the domain itself."""
    lab = stage(inbound=True)
    del nameserver.records[(SRV, "SRV")]
    nameserver.host("fabrikam.example", "127.0.0.1")
    refused(lab, *outbound(lab), 504, "srv-not-found")
    refused(lab, *inbound(lab), 403, "srv-not-found")
    assert not nameserver.asked("fabrikam.example", "A")


def test_target_that_says_no_service(stage, nameserver):
    """A single record with the target "." (RFC 2782)."""
    lab = stage(inbound=True)
    nameserver.set(SRV, "SRV", ["0 0 0 ."])
    refused(lab, *outbound(lab), 504, "srv-not-found")
    refused(lab, *inbound(lab), 403, "srv-not-found")


def test_target_without_an_address(stage, nameserver):
    lab = stage()
    del nameserver.records[(EDGE, "A")]
    refused(lab, *outbound(lab), 504, "address-not-found")


def test_loopback_is_refused_unless_allowed(make_lab, nameserver):
    lab = make_lab(nameserver=nameserver, settings={"dns": {"allow-loopback": False}})
    refused(lab, *outbound(lab), 504, "address-refused")
    nameserver.host("edge.contoso.example", "::1", "127.8.9.1")
    refused(lab, *outbound(lab, "sip:carol@contoso.example"), 504, "address-refused")
    assert not lab.fabrikam.accepted and not lab.contoso.accepted
    # dns.hosts always counts: the way inside stands there.
    crosses(lab.inside, *inbound(lab))


@pytest.mark.parametrize("address", ["169.254.7.7", "224.0.0.5", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "0.0.0.0",
                                     "::"])
def test_addresses_that_are_refused(make_lab, nameserver, address):
    lab = make_lab(nameserver=nameserver, settings={"dns": {"allow-loopback": False}})
    nameserver.records.pop((EDGE, "A"))
    nameserver.host(EDGE, address)
    refused(lab, *outbound(lab), 504, "address-refused")


def test_record_that_leads_to_ourselves(make_lab, nameserver):
    """An SRV record that names our own listener would make us talk to ourselves."""
    lab = make_lab(nameserver=nameserver, settings={"dns": {"allow-loopback": False}})
    nameserver.srv("fabrikam.example", (EDGE, lab.gateway.external_port))
    refused(lab, *outbound(lab), 504, "address-refused")


def test_target_that_is_an_alias(stage, nameserver):
    """RFC 2782 forbids it; resolvers follow it all the same. Refused or followed, but the identity is still judged."""
    lab = stage()
    nameserver.records.pop((EDGE, "A"))
    nameserver.set(EDGE, "CNAME", ["real.elsewhere.example."])
    nameserver.host("real.elsewhere.example", "127.0.0.1")
    connection, call_id = outbound(lab)
    try:
        crosses(lab.fabrikam, connection, call_id, timeout=2)
    except AssertionError:
        refused(lab, connection, call_id, 504, "address-not-found")


def test_srv_record_that_is_an_alias(stage, nameserver):
    """The owner name may be an alias: many partners' DNS is hosted so."""
    lab = stage()
    entry = nameserver.records.pop((SRV, "SRV"))
    nameserver.set(SRV, "CNAME", ["_sip.hosted.example."])
    nameserver.records[("_sip.hosted.example", "SRV")] = entry
    crosses(lab.fabrikam, *outbound(lab))


def test_hundred_targets(stage, nameserver):
    """More than fit into a datagram; the one that lives is found within the time for a message."""
    lab = stage(dns_timeout="3s")
    dead = [(EDGE, ports.free_port() if n < 3 else 1, n, 0) for n in range(99)]
    nameserver.srv("fabrikam.example", *dead, (EDGE, lab.fabrikam.port, 100, 0))
    connection, call_id = outbound(lab)
    begun = time.monotonic()
    arrived = False
    try:
        crosses(lab.fabrikam, connection, call_id, timeout=10)
        arrived = True
    except AssertionError:
        pass
    # Whether all hundred are tried or a bound ends it, the message is answered in time and the gateway goes on.
    if not arrived:
        answer = connection.expect_answer(call_id=call_id, timeout=10).message
        assert answer.status == 504
    assert time.monotonic() - begun < 20
    assert {q.transport for q in nameserver.asked(SRV, "SRV")} == {"udp", "tcp"}


def test_pool_of_twelve_of_which_one_lives(stage, nameserver):
    """As many addresses as the largest Lync pool: the one that answers is found."""
    lab = stage(dns_timeout="3s")
    nameserver.host(EDGE, "127.0.0.1", *[f"127.0.1.{n}" for n in range(1, 12)])
    crosses(lab.fabrikam, *outbound(lab), timeout=10)


def test_sixty_addresses(stage, nameserver):
    """Bounded: some are tried, the message is answered, the gateway goes on."""
    lab = stage(dns_timeout="3s")
    nameserver.host(EDGE, *[f"127.0.1.{n}" for n in range(1, 61)])
    refused(lab, *outbound(lab), 504, "connect-failed")
    assert lab.gateway.is_alive()


def test_target_outside_the_domain(stage, nameserver, pki):
    """identity srv-target: the Lync rule, both ways. The certificate names the target, and still."""
    lab = stage(inbound=True)
    nameserver.srv("fabrikam.example", ("edge.elsewhere.example", lab.fabrikam.port))
    nameserver.host("edge.elsewhere.example", "127.0.0.1")
    identity = pki.fabrikam.leaf(dns=["edge.elsewhere.example"])
    lab.fabrikam.use(identity)
    refused(lab, *outbound(lab), 504, "srv-target-outside-domain")
    refused(lab, *inbound(lab, lab.from_outside(identity)), 403, "srv-target-outside-domain")


def test_srv_target_rule_both_ways(stage, nameserver, pki):
    """The target's name in the certificate is enough, the domain's own name is not needed, and not enough."""
    lab = stage(inbound=True)
    identity = pki.fabrikam.leaf(dns=[EDGE])
    lab.fabrikam.use(identity)
    crosses(lab.fabrikam, *outbound(lab))
    crosses(lab.inside, *inbound(lab, lab.from_outside(identity)))
    connection, call_id = inbound(lab, lab.from_outside(pki.fabrikam.leaf(dns=["other.fabrikam.example"])))
    refused(lab, connection, call_id, 403, "identity-mismatch")


def test_srv_target_rule_is_looked_up_once_within_its_ttl(stage, nameserver, pki):
    lab = stage(inbound=True, workers=1)
    connection = lab.from_outside()
    for _ in range(20):
        crosses(lab.inside, *inbound(lab, connection))
    assert len(nameserver.asked(SRV, "SRV")) == 1


def test_messages_wait_for_one_answer(stage, nameserver):
    """Fifty messages of one sender while its SRV is being asked for: one question, all cross."""
    lab = stage(inbound=True, dns_timeout="3s", workers=1)
    nameserver.behave(dns.after(0.5), SRV)
    connection = lab.from_outside()
    sent = [inbound(lab, connection)[1] for _ in range(50)]
    seen = [lab.inside.expect_request("MESSAGE") for _ in sent]
    assert {r.message.call_id for r in seen} == set(sent)
    for received in seen:
        received.answer(200)
    for call_id in sent:
        connection.expect_status(200, call_id=call_id)
    assert len(nameserver.asked(SRV, "SRV")) == 1


def test_ttl_zero(stage, nameserver):
    """Used for the message that asked, kept no longer; still every message crosses."""
    lab = stage()
    nameserver.srv("fabrikam.example", (EDGE, lab.fabrikam.port), ttl=0)
    nameserver.host(EDGE, "127.0.0.1", ttl=0)
    connection = lab.from_inside()
    for _ in range(20):
        crosses(lab.fabrikam, *outbound(lab, connection=connection))


def test_negative_answers_are_kept_for_a_while(stage, nameserver):
    """A partner without records does not make us ask for each of its messages."""
    lab = stage(workers=1)
    nameserver.behave(dns.code("NXDOMAIN"), SRV)
    connection = lab.from_inside()
    for _ in range(10):
        refused(lab, *outbound(lab, connection=connection), 504, "srv-not-found")
    assert len(nameserver.asked(SRV, "SRV")) <= 3


def test_stale_answers_bridge_an_outage(stage, nameserver):
    """The last good answer, TTL over, DNS dead: the partner stays reachable (within the bound of serve-stale)."""
    lab = stage(inbound=True)
    nameserver.srv("fabrikam.example", (EDGE, lab.fabrikam.port), ttl=1)
    nameserver.host(EDGE, "127.0.0.1", ttl=1)
    inside, outside = lab.from_inside(), lab.from_outside()
    crosses(lab.fabrikam, *outbound(lab, connection=inside))
    crosses(lab.inside, *inbound(lab, outside))
    asked = time.monotonic()
    nameserver.behave(dns.silent)
    while time.monotonic() < asked + 1.5:  # the TTL is a time: it has to pass
        time.sleep(0.05)
    for connection in lab.fabrikam.connections:
        connection.close()
    crosses(lab.fabrikam, *outbound(lab, connection=inside))
    crosses(lab.inside, *inbound(lab, outside))


def test_answers_that_change_under_load(stage, nameserver, pki):
    """The record moves between two edges at TTL 0 while messages flow: none is lost."""
    lab = stage()
    other = lab.serve(pki.fabrikam_edge)
    turn = iter(range(1_000_000))

    def record():
        port = (lab.fabrikam.port, other.port)[next(turn) % 2]
        return 0, [f"10 0 {port} {EDGE}."]

    nameserver.records[(SRV, "SRV")] = record
    for server in (lab.fabrikam, other):
        server.handler = peer.answering(200)
    connection = lab.from_inside()
    sent = [outbound(lab, connection=connection)[1] for _ in range(300)]
    for call_id in sent:
        connection.expect_status(200, call_id=call_id, timeout=10)


@pytest.mark.parametrize("behaviour", [dns.silent, dns.after(1.5)], ids=["dead", "slow"])
def test_sick_resolver_delays_only_those_who_need_it(stage, nameserver, behaviour):
    """contoso's answer is known and its session stands; meanwhile a hundred messages hang on other names."""
    lab = stage(dns_timeout="3s")
    for server in (lab.contoso, lab.inside):
        server.handler = peer.answering(200)
    connection = lab.from_inside()
    carol = "sip:carol@contoso.example"

    def round_trip():
        begun = time.monotonic()
        _, call_id = outbound(lab, carol, connection)
        return connection.expect_status(200, call_id=call_id).time - begun

    for _ in range(10):
        round_trip()
    usual = statistics.median(round_trip() for _ in range(50))
    nameserver.behave(behaviour)
    waiting = lab.from_inside()
    for _ in range(100):
        outbound(lab, BOB, waiting)
    nameserver.wait_asked(SRV)
    sick = [round_trip() for _ in range(100)]
    assert statistics.median(sick) < max(3 * usual, 0.02), (usual, sick)
    assert max(sick) < 0.5, sorted(sick)[-5:]


def test_refusals_need_no_dns(stage, nameserver):
    """An unknown From, an unknown target: nothing is asked for, so nobody outside can make us ask."""
    lab = stage(inbound=True)
    nameserver.behave(dns.silent)
    outside, inside = lab.from_outside(), lab.from_inside()
    for connection, sender, recipient in ((outside, "sip:x@nowhere.example", ALICE),
                                          (inside, ALICE, "sip:x@nowhere.example")):
        begun = time.monotonic()
        connection.send(sip.request("MESSAGE", recipient, from_=sender, to=recipient, call_id=sip.token()))
        answer = connection.inbox.take(lambda m: not m.is_request and m.status >= 200, 2, "a refusal")
        assert answer.time - begun < 0.1
    assert not [q for q in nameserver.questions if "nowhere" in q.name]


def test_hosts_file_answers_before_any_query(make_lab, nameserver):
    lab = make_lab(nameserver=nameserver, settings={"dns": {"hosts": {EDGE: ["127.0.0.1"]}}})
    nameserver.records.pop((EDGE, "A"))
    crosses(lab.fabrikam, *outbound(lab))
    assert not nameserver.asked(EDGE)
