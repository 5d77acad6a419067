# SPDX-License-Identifier: GPL-2.0-or-later
"""HUP (contract, section 4): the whole new policy or none of it; live sessions are judged again, the others notice
nothing."""

import re
import signal
import time

import pytest

from lib import peer, pki as certificates, sip, wait
from lib.lab import ALICE, BOB, CAROL


def crosses(lab, connection, server=None, sender=BOB, recipient=ALICE):
    call_id = sip.token()
    connection.send(sip.request("MESSAGE", recipient, from_=sender, to=recipient, call_id=call_id))
    (server or lab.inside).expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)
    return lab.gateway.audit.wait_for(event="request", call_id=call_id)


def test_partner_that_is_added_and_one_that_is_taken_away(make_lab):
    lab = make_lab()
    contoso_file = lab.gateway.partners.pop("contoso")
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    inside = lab.from_inside()
    inside.send(sip.request("MESSAGE", CAROL, from_=ALICE, to=CAROL, call_id="gone"))
    inside.expect_status(404, call_id="gone")
    lab.gateway.partners["contoso"] = contoso_file
    lab.gateway.write()
    loaded = lab.gateway.reload()
    assert loaded["event"] == "policy-loaded" and loaded["reason"] == "ok"
    event = crosses(lab, inside, lab.contoso, ALICE, CAROL)
    assert event["policy"] == 3, "the third generation since the start"


def test_sessions_that_still_pass_notice_nothing(lab):
    outside, inside = lab.from_outside(), lab.from_inside()
    crosses(lab, outside)
    crosses(lab, inside, lab.fabrikam, ALICE, BOB)
    accepted = lab.fabrikam.accepted
    for _ in range(5):
        assert lab.gateway.reload()["event"] == "policy-loaded"
        crosses(lab, outside)
        crosses(lab, inside, lab.fabrikam, ALICE, BOB)
    assert lab.fabrikam.accepted == accepted or lab.fabrikam.accepted <= 8
    assert outside.is_alive() and inside.is_alive()


@pytest.mark.parametrize("change", [
    lambda lab: lab.gateway.partners["fabrikam"].update(enabled=False),
    lambda lab: lab.gateway.partners.pop("fabrikam"),
    lambda lab: lab.gateway.partners["fabrikam"].update(roots=[lab.pki.stranger.file]),
    lambda lab: lab.gateway.partners["fabrikam"].update(domains=["other.example"]),
    lambda lab: lab.gateway.partners["fabrikam"].update(identity={"names": ["nobody.fabrikam.example"]}),
    lambda lab: lab.gateway.partners["fabrikam"].update(valid={"until": "2020-01-01"}),
    lambda lab: lab.gateway.partners["fabrikam"].update(pins=[lab.pki.fe1.pin]),
], ids=["disabled", "removed", "other-root", "other-domain", "other-name", "ended", "other-pin"])
def test_sessions_that_no_longer_pass_are_closed_and_logged(lab, change):
    """After what is in flight has been answered; the other partner's session stays."""
    outside, contoso = lab.from_outside(), lab.from_outside(lab.pki.contoso_edge)
    crosses(lab, contoso, sender=CAROL)
    outside.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id="in-flight"))
    arrived = lab.inside.expect_request("MESSAGE", call_id="in-flight")
    change(lab)
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    arrived.answer(200)
    outside.expect_status(200, call_id="in-flight")
    outside.expect_end()
    event = lab.gateway.audit.wait_for(event="session-closed", peer=outside.local)
    assert event["reason"] not in ("ok", "peer-closed", "closed"), event
    crosses(lab, contoso, sender=CAROL)


def test_log_says_what_has_changed(make_lab, pki):
    """Partners added, removed and changed with the keys; our own certificate; keys of gateway.yaml; in few words where
    it is many."""
    lab = make_lab()
    lab.gateway.partners["fabrikam"]["limits"] = {"burst": 7, "connections": 9}
    lab.gateway.partners["fabrikam"]["domains"].append("emea.fabrikam.example")
    lab.gateway.partners.pop("contoso")
    lab.gateway.partners["late"] = {"domains": ["late.example"], "roots": [pki.stranger.file]}
    renewed = pki.public.leaf(dns=["sip.corp.example"])
    lab.gateway.settings["external"].update(certificate=renewed.chain_file, key=renewed.key_file)
    lab.gateway.settings["dns"]["timeout"] = "3s"
    lab.gateway.write()
    loaded = lab.gateway.reload()
    assert ("1 added: late; 1 removed: contoso; 1 changed: fabrikam (domains limits.burst limits.connections); "
            "gateway.yaml: external.certificate external.key dns.timeout") in loaded["detail"], loaded
    for line in ("event=policy-loaded policy=2 partners=2 added=1 removed=1 changed=1 ", "event=partner-added partner=late",
                 "event=partner-removed partner=contoso", "event=own-certificate-changed side=external ",
                 'event=partner-changed partner=fabrikam keys="domains limits.burst limits.connections"',
                 'event=gateway-changed keys="external.certificate external.key dns.timeout"'):
        wait.until(lambda: line in lab.gateway.log_file.read_text(), 5,
                   lambda: f"{line} in\n" + lab.gateway.log_file.read_text())
    for number in range(100):
        lab.gateway.partners[f"p{number:02}"] = {"domains": [f"p{number}.example"], "roots": [pki.stranger.file]}
    lab.gateway.write()
    loaded = lab.gateway.reload()
    shown = re.search(r"100 added: p00, p01, .*, p(\d\d) and (\d+) more", loaded["detail"])
    assert shown and int(shown[1]) + 1 + int(shown[2]) == 100, loaded
    wait.until(lambda: "event=partners-not-named partners=76" in lab.gateway.log_file.read_text(), 5, "the rest, counted")
    assert "nothing has changed" in lab.gateway.reload()["detail"]


def test_session_towards_a_partner_is_judged_again_too(lab):
    inside = lab.from_inside()
    crosses(lab, inside, lab.fabrikam, ALICE, BOB)
    lab.gateway.partners["fabrikam"]["enabled"] = False
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    for connection in lab.fabrikam.connections:
        connection.expect_end()
    inside.send(sip.request("MESSAGE", BOB, from_=ALICE, to=BOB, call_id="off"))
    inside.expect_status(403, call_id="off")


def test_server_that_is_struck_off_the_list(lab):
    inside = lab.from_inside()
    second = lab.from_inside(lab.pki.fe2)
    crosses(lab, second, lab.fabrikam, ALICE, BOB)
    lab.gateway.settings["internal"]["servers"] = ["fe1.corp.example"]
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    second.expect_end()
    crosses(lab, inside, lab.fabrikam, ALICE, BOB)


BROKEN = {
    "unknown-key": (lambda p: p["fabrikam"].update(colour="red"), "colour"),
    "domain-claimed-twice": (lambda p: p["contoso"]["domains"].append("fabrikam.example"), "fabrikam.example"),
    "our-domain": (lambda p: p["fabrikam"]["domains"].append("corp.example"), "corp.example"),
    "missing-root": (lambda p: p["fabrikam"].update(roots=["nowhere.pem"]), "nowhere.pem"),
    "no-domains": (lambda p: p["fabrikam"].pop("domains"), "domains"),
    "bad-identity": (lambda p: p["fabrikam"].update(identity="whatever"), "whatever"),
}


@pytest.mark.parametrize("change, word", BROKEN.values(), ids=BROKEN)
def test_broken_policy_is_rejected_whole(lab, change, word):
    """The old one stays in full; the log names every problem with its place."""
    outside = lab.from_outside()
    change(lab.gateway.partners)
    lab.gateway.partners["late"] = {"domains": ["late.example"], "roots": [lab.pki.stranger.file]}
    lab.gateway.write()
    rejected = lab.gateway.reload()
    assert rejected["event"] == "policy-rejected" and rejected["reason"] == "configuration-error"
    problems = str(rejected.get("detail")) + lab.gateway.log_file.read_text()
    assert word in problems and re.search(r"\.yaml:\d+:\d+: error: ", problems.replace('\\"', '"')), rejected
    crosses(lab, outside)
    crosses(lab, lab.from_outside(lab.pki.contoso_edge), sender=CAROL)
    inside = lab.from_inside()
    inside.send(sip.request("MESSAGE", "sip:x@late.example", from_=ALICE, to="sip:x@late.example", call_id="late"))
    inside.expect_status(404, call_id="late")


def test_certificate_and_key_are_renewed(lab, pki):
    """New sessions see the new certificate; the old ones go on."""
    outside = lab.from_outside()
    renewed = pki.public.leaf(dns=["sip.corp.example", "renewed.corp.example"])
    lab.gateway.settings["external"].update(certificate=renewed.chain_file, key=renewed.key_file)
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    crosses(lab, outside)
    fresh = lab.from_outside(trust=[pki.public])
    presented = fresh.socket.getpeercert(True)
    assert presented == renewed.certificate.public_bytes(certificates.serialization.Encoding.DER)
    crosses(lab, fresh)


def test_internal_certificate_and_key_are_renewed(lab, pki):
    """The same on the side of our own servers, for the sessions that they opened and for those that we opened to them."""
    inside, outside = lab.from_inside(), lab.from_outside()
    crosses(lab, inside, lab.fabrikam, ALICE, BOB)
    crosses(lab, outside)
    opened = lab.inside.live()
    assert opened
    renewed = pki.enterprise.leaf(dns=["edge.corp.example", "renewed.corp.example"])
    lab.gateway.settings["internal"].update(certificate=renewed.chain_file, key=renewed.key_file)
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    crosses(lab, inside, lab.fabrikam, ALICE, BOB)
    crosses(lab, outside)
    assert lab.inside.live() == opened == lab.inside.connections
    assert not lab.gateway.audit.find(event="session-closed")

    def presented(connection):
        return connection.socket.getpeercert(True)

    der = renewed.certificate.public_bytes(certificates.serialization.Encoding.DER)
    fresh = lab.from_inside(trust=[pki.enterprise])
    assert presented(fresh) == der
    crosses(lab, fresh, lab.fabrikam, ALICE, BOB)
    for connection in opened:
        assert presented(connection) != der
        connection.close()
    wait.until(lambda: lab.gateway.audit.find(event="session-closed", side="internal"), 5, "the gateway to see them end")
    crosses(lab, outside)  # over a new one
    assert [presented(connection) for connection in lab.inside.live()] == [der]


def test_reloads_under_load(lab):
    """Twenty reloads while messages flow: each message crosses, memory levels off."""
    lab.inside.handler = peer.answering(200)
    outside = lab.from_outside()
    for round_ in range(20):
        calls = [sip.token() for _ in range(10)]
        for call_id in calls:
            outside.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=call_id))
        if round_ == 5:
            settled = lab.gateway.resident(), lab.gateway.descriptors()
        lab.gateway.reload()
        for call_id in calls:
            outside.expect_status(200, call_id=call_id)
    assert lab.gateway.resident() - settled[0] < 8 << 20
    lab.gateway.wait_for_descriptors(settled[1] + 4)


@pytest.mark.parametrize("seconds", [10, pytest.param(600, marks=pytest.mark.slow)])
def test_reload_each_second_under_load(make_lab, pki, seconds, record_property):
    """A changed partner and another certificate of our own each second, messages both ways all the while: none is lost, no
    session ends, and nothing is left behind."""
    lab = make_lab(partners={"fabrikam": {"limits": {"messages-per-second": 100000, "burst": 100000}}})
    lab.inside.handler = lab.fabrikam.handler = peer.answering(200)
    outside, inside = lab.from_outside(), lab.from_inside()
    certificates_of_ours = [pki.public.leaf(dns=["sip.corp.example"]) for _ in range(2)]
    begin, messages, reloads, settled = time.monotonic(), 0, 0, None
    while time.monotonic() - begin < seconds:
        if time.monotonic() - begin >= reloads + 1:
            reloads += 1
            own = certificates_of_ours[reloads % 2]
            lab.gateway.settings["external"].update(certificate=own.chain_file, key=own.key_file)
            lab.gateway.partners["fabrikam"]["comment"] = f"number {reloads}"
            lab.gateway.write()
            lab.gateway.process.send_signal(signal.SIGHUP)
        calls = [sip.token() for _ in range(10)]
        for call_id in calls:
            outside.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=call_id))
            inside.send(sip.request("MESSAGE", BOB, from_=ALICE, to=BOB, call_id=call_id + "out"))
        for call_id in calls:
            outside.expect_status(200, call_id=call_id)
            inside.expect_status(200, call_id=call_id + "out")
        messages += 2 * len(calls)
        if settled is None and time.monotonic() - begin > seconds / 2:
            settled = lab.gateway.resident(), lab.gateway.descriptors()
    loaded = wait.until(lambda: len(lab.gateway.audit.find(event="policy-loaded")) >= reloads * 0.8 and
                        lab.gateway.audit.find(event="policy-loaded"), 10, "the reloads")
    grown = lab.gateway.resident() - settled[0]
    record_property("counts", f"{messages} messages, {len(loaded) - 1} reloads, {grown} octets")
    print(f"{messages} messages, {reloads} signals, {len(loaded) - 1} reloads; resident {settled[0]} and {grown:+}")
    assert outside.is_alive() and inside.is_alive()
    assert not lab.gateway.audit.find(event="policy-rejected") and not lab.gateway.audit.find(event="session-closed",
                                                                                              peer=outside.local)
    assert grown < 8 << 20
    lab.gateway.wait_for_descriptors(settled[1] + 4)


def test_storm_of_signals(lab):
    for _ in range(50):
        lab.gateway.process.send_signal(signal.SIGHUP)
        lab.gateway.process.send_signal(signal.SIGUSR1)
    lab.gateway.audit.wait_for(event="policy-loaded")
    lab.assert_serves()
