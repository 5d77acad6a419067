# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of fetched CRLs and OCSP answers over time: newer and older ones, restarts, and sessions that wait or live
on. What one fetch may bring is asked by test_crl_urls.py and test_ocsp.py."""

import re
import threading

import pytest

from lib import ocsp, pki as certificates, sip, wait, web as pages
from lib.lab import ALICE, BOB, CAROL
from test_crl_urls import DER, points, refused
from test_refusals_inbound import session_outcome
from test_reload import crosses
from test_revocation import AVAILABLE, REQUIRED, REVOKED, UNKNOWN, lives_for, past

FETCH = {"allow-private": True, "timeout": "2s"}
LIST = "/root.crl"


class Canary:
    """A partner by whom one sees that what was fetched before has reached the judgements: its own list, which comes after
    it, changes who may pass."""

    def __init__(self, web, pki):
        self.root = certificates.root("Canary Root", pki.folder)
        self.edge = self.root.leaf(dns=["canary.example"])
        self.web, self.number = web, 0
        self.partner = {"domains": ["canary.example"], "roots": [self.root.file], "crls": [web.url("/canary.crl")],
                        "revocation": REQUIRED, "locate": {"fixed": ["edge.canary.example:5061"]}}
        self._turn()

    def _turn(self):
        self.number += 1
        self.web.pages["/canary.crl"] = self.root.crl(*[self.edge] * (self.number % 2), number=self.number)

    def settle(self, lab):
        self._turn()
        assert lab.gateway.reload()["event"] == "policy-loaded"
        wait.until(lambda: session_outcome(lab.gateway.external_port, self.edge)[0] == (self.number % 2 == 0), 10,
                   "the canary")


@pytest.fixture
def canary(web, pki):
    return Canary(web, pki)


@pytest.fixture
def with_list(make_lab, web, canary):
    """Fabrikam's CRL is at a URL, where this page is."""
    def make(page, rule=REQUIRED, partners=None, **fetch):
        web.pages[LIST] = page
        fabrikam = {"crls": [web.url(LIST)], "revocation": rule}
        lab = make_lab(partners={"fabrikam": fabrikam, "canary": canary.partner, **(partners or {})},
                       settings={"fetch": {**FETCH, **fetch}})
        lab.canary = canary
        return lab
    return make


def logged(lab, event, count=1):
    """At least so many lines of this event in gateway.log, once they are there."""
    def lines():
        return [line for line in lab.gateway.log_file.read_text().splitlines() if f"event={event} " in line]
    wait.until(lambda: len(lines()) >= count, 10, lambda: f"{count} {event}; there are {lines()}", interval=0.02)
    return lines()


def reload_and_fetch(lab, web, path=LIST):
    """Everything that is in use is fetched anew, and what came from here has reached the judgements."""
    def fetches():
        return len(re.findall(f"event=revocation-fetch.* url={re.escape(web.url(path))} ", lab.gateway.log_file.read_text()))

    done = fetches()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    wait.until(lambda: fetches() > done, 10, "a fetch", interval=0.02)
    lab.canary.settle(lab)


def restart(lab):
    lab.close_clients()
    lab.gateway.stop()
    lab.gateway.start()


# ---- newer and older ----

def test_older_never_replaces_newer(with_list, pki, web):
    """Not when it comes later, not after a restart, not from both."""
    lab = with_list(pki.fabrikam.crl(pki.fabrikam_edge, number=5))
    refused(lab, pki.fabrikam_edge, REVOKED)
    web.pages[LIST] = pki.fabrikam.crl(number=4)
    reload_and_fetch(lab, web)
    refused(lab, pki.fabrikam_edge, REVOKED)
    restart(lab)
    refused(lab, pki.fabrikam_edge, REVOKED)
    reload_and_fetch(lab, web)
    refused(lab, pki.fabrikam_edge, REVOKED)
    web.pages[LIST] = pki.fabrikam.crl(number=6)
    reload_and_fetch(lab, web)
    crosses(lab, lab.from_outside())


@pytest.mark.parametrize("listed", [True, False], ids=["revoked", "good"])
def test_forged_lists_displace_nothing(with_list, pki, web, listed):
    """However many come, and however new they look."""
    lab = with_list(pki.fabrikam.crl(*[pki.fabrikam_edge] * listed, number=5))

    def is_as_it_was():
        if listed:
            refused(lab, pki.fabrikam_edge, REVOKED)
        else:
            crosses(lab, lab.from_outside())

    is_as_it_was()
    for number in range(100, 106):
        forged = [] if listed else [pki.fabrikam_edge]
        web.pages[LIST] = pki.fabrikam.crl(*forged, number=number, signer=pki.stranger)
        reload_and_fetch(lab, web)
    is_as_it_was()
    restart(lab)
    is_as_it_was()


def test_forged_list_does_not_put_off_the_next_one(with_list, pki, web):
    """However late the forged one says it ends: the genuine one is what is renewed in time."""
    lab = with_list(pki.fabrikam.crl(this_update=certificates.now(), next_update=lives_for(12)))
    outside = lab.from_outside()
    crosses(lab, outside)
    web.pages[LIST] = pki.fabrikam.crl(number=100, signer=pki.stranger)
    reload_and_fetch(lab, web)
    crosses(lab, outside)
    web.pages[LIST] = pki.fabrikam.crl(pki.fabrikam_edge, number=2)
    outside.expect_end(15)
    assert lab.gateway.audit.wait_for(event="session-closed", peer=outside.local)["reason"] == REVOKED


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["crl", "ocsp"])
def test_what_is_not_believed_is_soon_asked_for_again(make_lab, pki, web, kind):
    """One that was slipped in on the way costs half a minute, not the day for which it says that it holds."""
    edge = pki.fabrikam.leaf(dns=["fabrikam.example"], extra=[points(web.url("/crl")), ocsp.responder_at(web.url("/ocsp"))])
    sound = {"crl": pki.fabrikam.crl(), "ocsp": ocsp.answer(pki.fabrikam, edge, ocsp.GOOD)}[kind]
    web.pages[f"/{kind}"] = {"crl": pki.fabrikam.crl(number=9, signer=pki.stranger),
                             "ocsp": ocsp.answer(pki.fabrikam, edge, ocsp.GOOD, signer=pki.stranger)}[kind]
    keys = {"crl": {"crls": ["from-certificate"], "revocation": REQUIRED}, "ocsp": {"ocsp": REQUIRED}}[kind]
    lab = make_lab(partners={"fabrikam": keys}, settings={"fetch": FETCH})
    refused(lab, edge, UNKNOWN)
    web.pages[f"/{kind}"] = sound
    wait.until(lambda: session_outcome(lab.gateway.external_port, edge)[0], 60, "a session that passes", interval=1)
    assert web.asked == [f"/{kind}"] * 2


def test_older_answer_never_replaces_newer(make_lab, pki, web, canary):
    """Both are in force; the good one is replayed after the revocation."""
    edge = pki.fabrikam.leaf(dns=["fabrikam.example"], extra=[ocsp.responder_at(web.url("/ocsp"))])
    old = ocsp.answer(pki.fabrikam, edge, ocsp.GOOD)
    made = certificates.now()
    wait.until(lambda: certificates.now() > made, 2, "the next second")
    lab = make_lab(partners={"fabrikam": {"ocsp": REQUIRED}, "canary": canary.partner}, settings={"fetch": FETCH})
    lab.canary = canary
    web.pages["/ocsp"] = ocsp.answer(pki.fabrikam, edge, ocsp.REVOKED)
    refused(lab, edge, REVOKED)
    web.pages["/ocsp"] = old
    reload_and_fetch(lab, web, "/ocsp")
    refused(lab, edge, REVOKED)
    restart(lab)
    refused(lab, edge, REVOKED)


# ---- kept over a restart ----

def test_kept_over_a_restart(with_list, pki, web):
    """The server is gone when the gateway comes back: what it has on disk will do, and nobody waits."""
    lab = with_list(pki.fabrikam.crl())
    crosses(lab, lab.from_outside())
    web.close()
    restart(lab)
    crosses(lab, lab.from_outside())
    assert f"url={web.url(LIST)} from=folder" in lab.gateway.log_file.read_text()


def test_answers_are_kept_over_a_restart(make_lab, pki, web):
    edge = pki.fabrikam.leaf(dns=["fabrikam.example"], extra=[ocsp.responder_at(web.url("/ocsp"))])
    web.pages["/ocsp"] = ocsp.answer(pki.fabrikam, edge, ocsp.GOOD)
    lab = make_lab(partners={"fabrikam": {"ocsp": REQUIRED}}, settings={"fetch": FETCH})
    crosses(lab, lab.from_outside(edge))
    web.close()
    restart(lab)
    crosses(lab, lab.from_outside(edge))


@pytest.mark.parametrize("content", ["changed", "foreign", "a-folder"])
def test_what_is_kept_is_not_trusted(with_list, pki, web, content):
    lab = with_list(pki.fabrikam.crl(pki.fabrikam_edge))
    refused(lab, pki.fabrikam_edge, REVOKED)
    [kept] = [file for file in (lab.gateway.folder / "fetched").iterdir() if file.read_bytes() == DER(web.pages[LIST])]
    assert kept.stat().st_mode & 0o077 == 0o040
    lab.gateway.stop()
    octets = kept.read_bytes()
    kept.unlink()
    if content == "a-folder":
        kept.mkdir()
    else:
        kept.write_bytes({"changed": octets[:-1] + bytes([octets[-1] ^ 1]),
                          "foreign": DER(pki.stranger.crl())}[content])
    web.pages[LIST] = pages.refuses(500)
    lab.gateway.start()
    refused(lab, pki.fabrikam_edge, UNKNOWN)
    web.pages[LIST] = pki.fabrikam.crl()
    reload_and_fetch(lab, web)
    crosses(lab, lab.from_outside())


def test_folder_that_cannot_be_written(with_list, pki, web, tmp_path):
    """It is told, and goes on without."""
    (tmp_path / "a-file").write_text("")
    lab = with_list(pki.fabrikam.crl(), directory=str(tmp_path / "a-file"))
    crosses(lab, lab.from_outside())
    assert "why=\"Not a directory\"" in logged(lab, "fetch-folder-failed")[0]


# ---- sessions that live on ----

def test_newer_list_is_fetched_in_time(with_list, pki, web):
    """Nobody reloads: when most of its time is over the next list is fetched, and whom it names is closed."""
    lab = with_list(pki.fabrikam.crl(this_update=certificates.now(), next_update=lives_for(7)))
    outside, contoso = lab.from_outside(), lab.from_outside(pki.contoso_edge)
    crosses(lab, outside)
    web.pages[LIST] = pki.fabrikam.crl(pki.fabrikam_edge, number=2)
    outside.expect_end(15)
    assert lab.gateway.audit.wait_for(event="session-closed", peer=outside.local)["reason"] == REVOKED
    refused(lab, pki.fabrikam_edge, REVOKED)
    crosses(lab, contoso, sender=CAROL)
    assert web.asked.count(LIST) == 2


def test_session_that_was_let_pass_is_closed_when_the_list_comes(with_list, pki, web):
    lab = with_list(pages.refuses(500), AVAILABLE)
    outside, inside = lab.from_outside(), lab.from_inside()
    crosses(lab, outside)
    crosses(lab, inside, lab.fabrikam, ALICE, BOB)
    web.pages[LIST] = pki.fabrikam.crl(pki.fabrikam_edge)
    reload_and_fetch(lab, web)
    outside.expect_end()
    for connection in list(lab.fabrikam.connections):
        connection.expect_end()
    assert lab.gateway.audit.wait_for(event="session-closed", peer=outside.local)["reason"] == REVOKED
    assert inside.is_alive()


def test_list_that_ends_is_told(with_list, pki, web):
    lab = with_list(pki.fabrikam.crl(**past()), AVAILABLE)
    assert LIST in logged(lab, "revocation-ended")[0]
    event = lab.gateway.audit.wait_for(event="session-accepted", peer=lab.from_outside().local)
    assert "revocation unknown" in event["detail"] and "has ended" in event["detail"]


# ---- sessions that wait ----

class Held:
    """A page that comes when it is let go."""

    def __init__(self, content):
        self.content, self.go = content, threading.Event()

    def __call__(self, handler):
        self.go.wait(20)
        handler.answer(200, self.content)


@pytest.fixture
def with_held_list(make_lab, pki, web, cleanup):
    """Fabrikam's edge names a list that is held back. The lab, the edge, and the held page."""
    def make(revoked, rule=REQUIRED, timeout="10s"):
        edge = pki.fabrikam.leaf(dns=["fabrikam.example"], extra=[points(web.url("/held.crl"))])
        held = web.pages["/held.crl"] = Held(DER(pki.fabrikam.crl(*[edge] * revoked)))
        cleanup.callback(held.go.set)
        lab = make_lab(partners={"fabrikam": {"crls": ["from-certificate"], "revocation": rule}},
                       settings={"fetch": {**FETCH, "timeout": timeout}})
        return lab, edge, held
    return make


@pytest.mark.parametrize("revoked", [False, True])
def test_nothing_crosses_before_the_list_is_there(with_held_list, web, revoked):
    lab, edge, held = with_held_list(revoked)
    outside = lab.from_outside(edge)
    outside.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id="early"))
    wait.until(lambda: web.asked, 5, "a fetch")
    crosses(lab, lab.from_outside(lab.pki.contoso_edge), sender=CAROL)  # others do not wait
    assert not lab.inside.inbox.waiting and outside.is_alive()
    assert not lab.gateway.audit.find(event="session-accepted", peer=outside.local)
    held.go.set()
    if revoked:
        outside.expect_end()
        assert lab.gateway.audit.wait_for(event="session-refused", peer=outside.local)["reason"] == REVOKED
        assert not lab.inside.inbox.waiting
    else:
        lab.inside.expect_request("MESSAGE", call_id="early").answer(200)
        outside.expect_status(200, call_id="early")


@pytest.mark.parametrize("rule", [AVAILABLE, REQUIRED])
def test_it_waits_no_longer_than_the_fetch_may_take(with_held_list, rule):
    lab, edge, _ = with_held_list(True, rule, "1s")
    if rule == REQUIRED:
        refused(lab, edge, UNKNOWN)
    else:
        crosses(lab, lab.from_outside(edge))


def test_peers_that_leave_while_they_wait(with_held_list, web):
    lab, edge, held = with_held_list(False)
    for _ in range(10):
        lab.from_outside(edge).close()
    wait.until(lambda: web.asked, 5, "a fetch")
    held.go.set()
    crosses(lab, lab.from_outside(edge))
    assert web.asked == ["/held.crl"]


def test_stop_while_something_is_fetched(with_held_list, web):
    lab, edge, _ = with_held_list(False)
    outside = lab.from_outside(edge)
    wait.until(lambda: web.asked, 5, "a fetch")
    lab.gateway.stop()
    outside.expect_end()


# ---- one partner's trouble is its own ----

def test_partner_whose_list_never_comes(with_list, pki, web):
    """The other's list is fetched, and its sessions pass, while fabrikam's server hangs, with as many connections as may
    be."""
    web.pages["/contoso.crl"] = DER(pki.contoso.crl())
    slow = [f"/slow-{number}" for number in range(12)]
    web.pages.update({path: pages.hangs for path in slow})
    lab = with_list(pages.hangs, partners={
        "contoso": {"crls": [web.url("/contoso.crl")], "revocation": REQUIRED},
        "fabrikam": {"crls": [web.url(path) for path in (LIST, *slow)], "revocation": REQUIRED}}, timeout="1s")
    crosses(lab, lab.from_outside(pki.contoso_edge), sender=CAROL)
    refused(lab, pki.fabrikam_edge, UNKNOWN)
    assert not lab.gateway.audit.find(event="session-refused", partner="contoso")


def test_partner_who_keeps_us_busy(make_lab, pki, web):
    """Certificate after certificate of one partner names lists that never come: the other's first list is fetched while
    they hang, and its session does not wait in vain."""
    web.pages.update({f"/slow-{number}": pages.hangs for number in range(48)})
    web.pages["/contoso.crl"] = DER(pki.contoso.crl())
    named = {"crls": ["from-certificate"], "revocation": REQUIRED}
    lab = make_lab(partners={"fabrikam": named, "contoso": named}, settings={"fetch": FETCH})
    for first in range(0, 48, 4):
        urls = [web.url(f"/slow-{number}") for number in range(first, first + 4)]
        lab.from_outside(pki.fabrikam.leaf(dns=["fabrikam.example"], extra=[points(*urls)]))
    wait.until(lambda: web.asked, 5, "a fetch")
    edge = pki.contoso.leaf(dns=["contoso.example"], extra=[points(web.url("/contoso.crl"))])
    crosses(lab, lab.from_outside(edge), sender=CAROL)


def test_list_of_two_partners_is_fetched_once(with_list, pki, web):
    lab = with_list(pki.fabrikam.crl(), partners={"contoso": {
        "crls": [web.url(LIST)], "roots": [pki.fabrikam.file], "revocation": REQUIRED}})
    crosses(lab, lab.from_outside())
    crosses(lab, lab.from_outside(pki.fabrikam.leaf(dns=["contoso.example"])), sender=CAROL)
    assert web.asked.count(LIST) == 1


def test_server_that_comes_back(with_list, pki, web):
    lab = with_list(pages.refuses(500))
    refused(lab, pki.fabrikam_edge, UNKNOWN)
    assert "again-in=30s" in logged(lab, "revocation-fetch-failed")[0]
    web.pages[LIST] = pki.fabrikam.crl()
    reload_and_fetch(lab, web)
    crosses(lab, lab.from_outside())


@pytest.mark.slow
def test_server_that_comes_back_by_itself(with_list, pki, web):
    lab = with_list(pages.refuses(500))
    refused(lab, pki.fabrikam_edge, UNKNOWN)
    web.pages[LIST] = pki.fabrikam.crl()
    again = f"event=revocation-fetched kind=crl url={web.url(LIST)}"
    wait.until(lambda: again in lab.gateway.log_file.read_text(), 40, "a list")
    lab.canary.settle(lab)
    crosses(lab, lab.from_outside())
