# SPDX-License-Identifier: GPL-2.0-or-later
"""Domains that no partner file names, where `discovery` is on: certificate, one of discovery.roots, and the SRV records of
the domain together prove them; and what such peers may take is bounded for each of them."""

import pytest

from lib import nameserver as dns
from lib import peer, sip, wait
from lib.lab import ALICE, BOB

LITWARE = "litware.example"
EDGE = f"edge.{LITWARE}"
DANA = f"sip:dana@{LITWARE}"


@pytest.fixture
def edge(pki):
    return pki.stranger.leaf(dns=[EDGE])


@pytest.fixture
def stage(make_lab, nameserver, pki, edge):
    """Litware has no partner file; `lab.litware` is its edge, which its SRV records name."""
    def make(enabled=True, records=True, **settings):
        lab = make_lab(nameserver=nameserver,
                       settings={"discovery": {"enabled": enabled, "roots": [pki.stranger.file]}, **settings})
        lab.litware = lab.serve(edge)
        if records:
            nameserver.srv(LITWARE, (EDGE, lab.litware.port))
            nameserver.host(EDGE, "127.0.0.1")
        return lab
    return make


def send(connection, sender, recipient):
    call_id = sip.token("discovery-")
    connection.send(sip.request("MESSAGE", recipient, from_=sender, to=recipient, call_id=call_id, body=b"hello"))
    return call_id


def crosses(connection, server, sender, recipient):
    call_id = send(connection, sender, recipient)
    arrived = server.expect_request("MESSAGE", call_id=call_id)
    arrived.answer(200)
    connection.expect_status(200, call_id=call_id)
    return arrived.message


def refused(lab, connection, sender, recipient, status, reason):
    call_id = send(connection, sender, recipient)
    answer = connection.expect_answer(call_id=call_id, timeout=8).message
    event = lab.gateway.audit.wait_for(event="request", call_id=call_id)
    assert (event["reason"], answer.status) == (reason, status), event
    return event


def test_both_ways(stage, edge):
    lab = stage()
    crosses(lab.from_inside(), lab.litware, ALICE, DANA)
    arrived = crosses(lab.from_outside(edge), lab.inside, DANA, ALICE)
    assert not arrived.all("P-Asserted-Identity")
    for direction in ("inbound", "outbound"):
        event = lab.gateway.audit.wait_for(event="request", direction=direction, reason="ok")
        assert event["partner"] == "discovered", event
    assert said(lab, "peer-discovered") == 1


def test_a_call_and_what_is_said_within_it(stage, edge):
    """Requests of the dialog go to a contact, from both sides."""
    lab = stage()
    caller = lab.from_outside(edge)
    calling, called, _ = lab.invite(caller, lab.inside, from_=DANA, contact="sip:dana@192.0.2.10")
    caller.send(calling.request("BYE"))
    lab.inside.expect_request("BYE").answer(200)
    caller.expect_status(200, method="BYE")
    ours = lab.from_inside()
    calling, called, _ = lab.invite(ours, lab.litware, from_=ALICE, to=DANA, contact="sip:alice@192.0.2.20",
                                    answer_contact="sip:dana@192.0.2.10")
    ours.send(calling.request("BYE"))
    lab.litware.expect_request("BYE").answer(200)
    ours.expect_status(200, method="BYE")


def test_off_unless_asked_for(stage, edge):
    lab = stage(enabled=False)
    refused(lab, lab.from_inside(), ALICE, DANA, 404, "unknown-domain")
    event = attempt(lab, edge)
    assert event["reason"] == "untrusted-chain"


def attempt(lab, identity):
    """The end of a session that is refused at its handshake; a TLS 1.3 client learns late of it."""
    try:
        connection = lab.from_outside(identity)
        send(connection, DANA, ALICE)
        connection.expect_end()
    except OSError:
        pass
    return lab.gateway.audit.wait_for(event="session-refused")


def said(lab, event):
    """How often gateway.log has an event, once it has it at all."""
    wait.until(lambda: f"event={event} " in lab.gateway.log_file.read_text(), 5, lambda: f"{event} in gateway.log")
    return lab.gateway.log_file.read_text().count(f"event={event} ")


def test_the_records_of_the_domain_decide(stage, nameserver, pki, edge):
    """Another server of the same CA, which the SRV records do not name, is not believed; nor one outside the domain."""
    lab = stage()
    other = pki.stranger.leaf(dns=["edge.adatum.example"])
    refused(lab, lab.from_outside(other), DANA, ALICE, 403, "identity-mismatch")
    nameserver.srv("adatum.example", (EDGE, lab.litware.port))
    refused(lab, lab.from_outside(edge), "sip:eve@adatum.example", ALICE, 403, "srv-target-outside-domain")


def test_no_records(stage, edge):
    lab = stage(records=False)
    refused(lab, lab.from_inside(), ALICE, DANA, 504, "srv-not-found")
    refused(lab, lab.from_outside(edge), DANA, ALICE, 403, "srv-not-found")


def test_its_roots_vouch_for_no_partner(stage, pki, edge):
    """Whoever is listed is believed through his own roots alone, whatever DNS and discovery.roots say."""
    lab = stage()
    refused(lab, lab.from_outside(edge), BOB, ALICE, 403, "from-domain-not-authorized")
    event = attempt(lab, pki.stranger.leaf(dns=["edge.fabrikam.example"]))
    assert event["reason"] == "anchor-of-other-partner"


def test_a_partner_is_not_believed_for_discovered_domains(stage):
    lab = stage()
    refused(lab, lab.from_outside(), DANA, ALICE, 403, "from-domain-not-authorized")


def test_ours_and_the_blocked_are_not_discovered(stage, edge):
    lab = stage(**{"blocked-domains": [LITWARE]})
    refused(lab, lab.from_inside(), ALICE, DANA, 403, "domain-blocked")
    refused(lab, lab.from_outside(edge), DANA, ALICE, 403, "domain-blocked")
    refused(lab, lab.from_inside(), ALICE, "sip:bob@corp.example", 404, "unknown-domain")
    refused(lab, lab.from_outside(edge), ALICE, ALICE, 403, "from-domain-not-authorized")


@pytest.mark.parametrize("host", ["192.0.2.7", "localhost", "[2001:db8::1]"])
def test_what_is_no_domain_is_not_asked_for(stage, nameserver, edge, host):
    lab = stage()
    refused(lab, lab.from_outside(edge), f"sip:dana@{host}", ALICE, 403, "unknown-domain")
    refused(lab, lab.from_inside(), ALICE, f"sip:dana@{host}", 404, "unknown-domain")


def test_a_peer_that_sends_too_fast(stage, pki, nameserver, edge):
    """Its own rate, by its certificate: another one goes on."""
    lab = stage(limits={"discovered-rate": 5})
    connection = lab.from_outside(edge)
    crosses(connection, lab.inside, DANA, ALICE)
    event = flood(lab, connection)
    assert event["partner"] == "discovered" and "limits.discovered-rate" in event["detail"], event
    nameserver.srv("adatum.example", ("edge.adatum.example", lab.litware.port))
    other = lab.from_outside(pki.stranger.leaf(dns=["edge.adatum.example"]))
    crosses(other, lab.inside, "sip:eve@adatum.example", ALICE)


def flood(lab, connection):
    for _ in range(30):
        send(connection, DANA, ALICE)
    return lab.gateway.audit.wait_for(event="request", reason="rate-limited")


def test_a_peer_that_tries_out_our_addresses(stage, edge):
    """New addresses are refused, those that it wrote to before go on, and the administrator is told once."""
    lab = stage(limits={"discovered-users": 3, "discovered-rate": 1000})
    connection = lab.from_outside(edge)
    for number in range(3):
        crosses(connection, lab.inside, DANA, f"sip:user{number}@corp.example")
    for number in range(3, 6):
        event = refused(lab, connection, DANA, f"sip:user{number}@corp.example", 503, "rate-limited")
        assert "limits.discovered-users" in event["detail"], event
    crosses(connection, lab.inside, DANA, "sip:user1@corp.example")
    assert said(lab, "discovered-peer-limited") == 1


def test_a_dialog_is_no_way_to_try_out_our_addresses(stage, edge):
    """The proof of one dialog, and a To tag, on requests for everybody: they count as if there were no dialog."""
    lab = stage(limits={"discovered-users": 3, "discovered-rate": 1000})
    connection = lab.from_outside(edge)
    first = crosses(connection, lab.inside, DANA, ALICE)

    def within(number, host="corp.example"):
        user = f"sip:user{number}@{host}"
        connection.send(sip.request("MESSAGE", user, from_=DANA, to=user, to_tag="x", call_id=first.call_id, cseq=number,
                                    routes=first.entries("Record-Route")[::-1]))

    for number in range(2, 4):
        within(number)
        lab.inside.expect_request("MESSAGE", call_id=first.call_id).answer(200)
    within(4)
    event = lab.gateway.audit.wait_for(event="request", reason="rate-limited")
    assert "limits.discovered-users" in event["detail"], event
    within(5, "192.0.2.5")  # a contact is no address of ours
    lab.inside.expect_request("MESSAGE", call_id=first.call_id).answer(200)


def test_many_requests_of_one_that_is_believed(stage, edge):
    """The bound of strangers counts those in a row that nobody believed."""
    lab = stage(limits={"discovered-rate": 100000})
    connection = lab.from_outside(edge)
    for _ in range(300):
        crosses(connection, lab.inside, DANA, ALICE)


def test_one_that_floods_takes_nothing_from_the_others(stage, pki, nameserver, edge):
    """Its own rate is looked at before the one that all discovered peers share, here 100 a second: what is refused for
    the one takes nothing of the other."""
    lab = stage(limits={"discovered-rate": 1})
    connection = lab.from_outside(edge)
    crosses(connection, lab.inside, DANA, ALICE)
    nameserver.srv("adatum.example", ("edge.adatum.example", lab.litware.port))
    other = lab.from_outside(pki.stranger.leaf(dns=["edge.adatum.example"]))
    for _ in range(200):
        send(connection, DANA, ALICE)
    wait.until(lambda: len(lab.gateway.audit.find(event="request", reason="rate-limited")) >= 190, 10, "the refusals")
    assert all("limits.discovered-rate" in event["detail"]
               for event in lab.gateway.audit.find(event="request", reason="rate-limited"))
    crosses(other, lab.inside, "sip:eve@adatum.example", ALICE)


def test_silent_name_servers_of_a_stranger_keep_nobody_else_waiting(stage, pki, nameserver, edge):
    """Each name below one's own domain is another question; the DNS has a place left for those of partners, and of
    other discovered peers."""
    lab = stage(workers=1, dns={"timeout": "8s"}, limits={"discovered-rate": 1000})
    nameserver.behave(dns.silent)
    for name in ("_sipfederationtls._tcp.fabrikam.example", "edge.fabrikam.example",
                 f"_sipfederationtls._tcp.{LITWARE}"):
        nameserver.behave(dns.answer, name)
    connection = lab.from_outside(pki.stranger.leaf(dns=["edge.adatum.example"]))
    for number in range(150):
        send(connection, f"sip:eve@x{number}.adatum.example", ALICE)
    crosses(lab.from_inside(), lab.fabrikam, ALICE, BOB)
    crosses(lab.from_outside(edge), lab.inside, DANA, ALICE)
    event = lab.gateway.audit.wait_for(event="request", reason="overloaded")
    assert event["partner"] == "discovered", event


def test_sessions_of_discovered_peers_are_bounded_before_a_word(stage, edge):
    """A certificate of a public CA is all that it takes: a quarter of all sessions, from the handshake on."""
    lab = stage(limits={"sessions": 80})
    for _ in range(20):
        lab.from_outside(edge)
    wait.until(lambda: len(lab.gateway.audit.find(event="session-accepted")) == 20, 5, "twenty sessions")
    assert attempt(lab, edge)["reason"] == "connection-limit"
    crosses(lab.from_outside(), lab.inside, BOB, ALICE)


def test_a_server_that_cannot_be_proven_is_not_connected_to(stage, nameserver):
    """Where it lies outside of the domain; so nobody's records hinder another one's server."""
    lab = stage()
    nameserver.srv("adatum.example", (EDGE, lab.litware.port))
    refused(lab, lab.from_inside(), ALICE, "sip:eve@adatum.example", 504, "srv-target-outside-domain")
    crosses(lab.from_inside(), lab.litware, ALICE, DANA)
    assert "next-server-failed" not in lab.gateway.log_file.read_text()


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.0.1", "172.16.9.9", "fd00::1"])
def test_no_discovered_domain_leads_into_a_private_network(stage, nameserver, address):
    lab = stage(records=False, dns={"allow-loopback": False})
    nameserver.srv(LITWARE, (EDGE, 5061))
    nameserver.host(EDGE, address)
    refused(lab, lab.from_inside(), ALICE, DANA, 504, "address-refused")
    probed = lab.gateway.command("probe", LITWARE)
    assert probed.returncode == 3 and "address-refused" in probed.stdout, probed.stdout


def test_what_dns_hosts_says_is_meant(stage):
    lab = stage(dns={"allow-loopback": False, "hosts": {EDGE: ["127.0.0.1"]}})
    crosses(lab.from_inside(), lab.litware, ALICE, DANA)


def test_blocked_while_its_name_server_is_asked(stage, nameserver, edge):
    """What waits is judged by what is in force when the answer comes."""
    lab = stage()
    nameserver.behave(dns.after(1), f"_sipfederationtls._tcp.{LITWARE}")
    connection = lab.from_outside(edge)
    call_id = send(connection, DANA, ALICE)
    nameserver.wait_asked(f"_sipfederationtls._tcp.{LITWARE}")
    lab.gateway.settings["blocked-domains"] = [LITWARE]
    lab.gateway.write()
    lab.gateway.reload()
    connection.expect_status(403, call_id=call_id)
    assert lab.gateway.audit.wait_for(event="request", call_id=call_id)["reason"] == "domain-blocked"


def test_many_requests_of_one_that_was_given_a_file(stage, pki, edge):
    """Its session goes on as the partner's, and is no stranger's any more."""
    lab = stage()
    connection = lab.from_outside(edge)
    crosses(connection, lab.inside, DANA, ALICE)
    lab.gateway.partners["litware"] = {"domains": [LITWARE], "roots": [pki.stranger.file], "identity": "srv-target",
                                       "limits": {"messages-per-second": 10000}}
    lab.gateway.write()
    lab.gateway.reload()
    for _ in range(300):
        crosses(connection, lab.inside, DANA, ALICE)


def test_switched_off_its_sessions_end_and_those_of_partners_stay(stage, edge):
    lab = stage()
    connection, partner = lab.from_outside(edge), lab.from_outside()
    crosses(connection, lab.inside, DANA, ALICE)
    crosses(partner, lab.inside, BOB, ALICE)
    lab.gateway.settings["discovery"]["enabled"] = False
    lab.gateway.write()
    lab.gateway.reload()
    lab.gateway.audit.wait_for(event="session-closed", peer=connection.local, reason="untrusted-chain")
    crosses(partner, lab.inside, BOB, ALICE)


def test_given_a_file_it_is_a_partner_from_then_on(stage, pki, edge):
    lab = stage()
    connection = lab.from_inside()
    crosses(connection, lab.litware, ALICE, DANA)
    lab.gateway.partners["litware"] = {"domains": [LITWARE], "roots": [pki.stranger.file],
                                       "identity": "srv-target"}
    lab.gateway.write()
    lab.gateway.reload()
    crosses(connection, lab.litware, ALICE, DANA)
    assert lab.gateway.audit.wait_for(event="request", partner="litware")["reason"] == "ok"


def test_a_call_outlives_the_coming_and_going_of_a_file(stage, pki, edge):
    """The proof of a dialog names the domain, whosever it is meanwhile."""
    lab = stage()
    caller, ours = lab.from_outside(edge), lab.from_inside()
    calling, called, _ = lab.invite(caller, lab.inside, from_=DANA, contact="sip:dana@192.0.2.10")

    def goes_on(partner):
        for connection, dialog, server in ((caller, calling, lab.inside), (ours, called, lab.litware)):
            connection.send(dialog.request("INFO"))
            server.expect_request("INFO").answer(200)
            connection.expect_status(200, method="INFO")
        for direction in ("inbound", "outbound"):
            lab.gateway.audit.wait_for(event="request", method="INFO", partner=partner, direction=direction, reason="ok")

    goes_on("discovered")
    lab.gateway.partners["litware"] = {"domains": [LITWARE], "roots": [pki.stranger.file], "identity": "srv-target"}
    lab.gateway.write()
    lab.gateway.reload()
    goes_on("litware")
    del lab.gateway.partners["litware"]
    lab.gateway.write()
    lab.gateway.reload()
    goes_on("discovered")


def test_what_the_commands_say(stage, nameserver, edge):
    lab = stage()
    checked = lab.gateway.command("check")
    assert checked.returncode == 0 and "2 partners, 2 domains, 3 trust anchors; other domains are discovered." in checked.stdout
    listed = lab.gateway.command("partners").stdout
    assert "domains     those that no file names, found through DNS" in listed
    judged = lab.gateway.command("explain", "--direction", "inbound", "--from", DANA, "--to", ALICE, "--certificate",
                                 edge.chain_file, "--srv", f"{LITWARE}={EDGE}:5061")
    assert judged.returncode == 0, judged.stdout
    other = lab.gateway.command("explain", "--direction", "inbound", "--from", DANA, "--to", ALICE, "--certificate",
                                edge.chain_file, "--srv", f"{LITWARE}=edge.elsewhere.example:5061")
    assert other.returncode == 3 and "srv-target-outside-domain" in other.stdout, other.stdout
    assert "write a partner file" in " ".join(other.stdout.split()) and "identity:" not in other.stdout, other.stdout
    outbound = lab.gateway.command("explain", "--direction", "outbound", "--from", ALICE, "--to", DANA,
                                   "--srv", f"{LITWARE}=edge.elsewhere.example:5061")
    assert outbound.returncode == 3 and "srv-target-outside-domain" in outbound.stdout, outbound.stdout
    nameserver.srv(LITWARE, ("edge.elsewhere.example", 5061))
    probed = lab.gateway.command("probe", LITWARE)
    assert probed.returncode == 3 and "srv-target-outside-domain" in probed.stdout, probed.stdout
    nameserver.srv(LITWARE, (EDGE, lab.serve(edge, handler=peer.answering(200)).port))
    probed = lab.gateway.command("probe", LITWARE)
    assert probed.returncode == 0, probed.stdout
    assert lab.gateway.command("probe", "discovered").returncode == 3
