# SPDX-License-Identifier: GPL-2.0-or-later
"""The torture messages of RFC 4475 and RFC 5118, each sent twice from a partner: as it is, where no word of it may cross
since no partner owns its From; and with the sender's domain made the partner's own, where the RFC's verdict shows. What
each must bring is in expect.tsv of the suite; the table here says the same in outcomes that a test can look for."""

import csv
import re

import pytest

from lib import sip, wait
from lib.lab import ALICE, BOB

OUR_DOMAINS = ["corp.example", "example.com", "example.net", "example.org", "company.com", "registrar.example.com",
               "chair-dnrc.example.com", "services.example.com", "host.example.net"]

FORWARD, DROP, WAIT = "forward", "drop", "wait"
CLOSE = "close"  # answered 400 or not, the session ends

# File -> what may happen, any one of: forward, a status, drop (nothing comes back and the session goes on), close.
OUTCOMES = {
    "wsinv.dat": {FORWARD},
    "intmeth.dat": {FORWARD},
    "esc01.dat": {FORWARD},
    "escnull.dat": {FORWARD},
    "esc02.dat": {FORWARD},
    "lwsdisp.dat": {FORWARD},
    "longreq.dat": {FORWARD},
    "dblreq.dat": {FORWARD},
    "semiuri.dat": {FORWARD},
    "transports.dat": {FORWARD},
    "mpart01.dat": {FORWARD},
    "unreason.dat": {DROP},    # a response to nothing; as an answer to something: see below
    "noreason.dat": {DROP},
    "badinv01.dat": {400},
    "clerr.dat": {WAIT},
    "ncl.dat": {CLOSE},
    "scalar02.dat": {400},
    "scalarlg.dat": {DROP},
    "quotbal.dat": {400},
    "ltgtruri.dat": {400},
    "lwsruri.dat": {400},
    "lwsstart.dat": {400, FORWARD},
    "trws.dat": {400, FORWARD},
    "escruri.dat": {400, FORWARD},
    "baddate.dat": {400, FORWARD},
    "regbadct.dat": {400, FORWARD},
    "badaspec.dat": {400, FORWARD},
    "baddn.dat": {400},
    "badvers.dat": {505},
    "mismatch01.dat": {400},
    "mismatch02.dat": {400, 501},
    "bigcode.dat": {DROP},
    "badbranch.dat": {400, FORWARD},
    "insuf.dat": {400},
    "unkscm.dat": {416},
    "novelsc.dat": {416, 404},
    "unksm2.dat": {403},
    "bext01.dat": {420},
    "invut.dat": {FORWARD},
    "regaut01.dat": {FORWARD},
    "multi01.dat": {400},
    "mcl01.dat": {CLOSE},
    "bcast.dat": {DROP},
    "zeromf.dat": {483},
    "cparam01.dat": {FORWARD},
    "cparam02.dat": {FORWARD},
    "regescrt.dat": {FORWARD},
    "sdp01.dat": {FORWARD},
    "inv2543.dat": {CLOSE},
    # RFC 5118: an address is no domain of ours, so those that are read are refused by policy, not by grammar.
    "ipv6-good": {403},
    "ipv6-bad": {400},
    "port-ambiguous": {403},
    "port-unambiguous": {403},
    "via-received-param-with-delim": {403},
    "via-received-param-no-delim": {403},
    "ipv6-in-sdp": {403},
    "mult-ip-in-header": {FORWARD},
    "mult-ip-in-sdp": {403},
    "ipv4-mapped-ipv6": {FORWARD},
    "ipv6-bug-abnf-3-colons": {403},
    "ipv6-correct-abnf-2-colons": {403},
}

NEVER_FORWARDED = {  # what a liberal reader must not pass on (third column of expect.tsv)
    "lwsstart.dat": b"INVITE  sip:", "trws.dat": b"SIP/2.0  \r\n", "escruri.dat": b"?Route=",
    "ltgtruri.dat": b"INVITE <", "lwsruri.dat": b"com; lr",
}


@pytest.fixture(scope="module")
def lab(make_shared_lab):
    lab = make_shared_lab(settings={"internal": {"domains": OUR_DOMAINS}, "limits": {"message-timeout": "2s"}},
                          handler=answer_probes)
    return lab


def cases(suite):
    return [name for name in OUTCOMES if name.endswith(".dat") == (suite == "rfc4475")]


def octets_of(suites, suite, name):
    folder = suites / suite
    with open(folder / "expect.tsv", encoding="utf-8", newline="") as table:
        rows = {row[0]: row for row in csv.reader(table, delimiter="\t", quoting=csv.QUOTE_NONE) if row}
    assert name in rows, f"expect.tsv says nothing of {name}"
    octets = (folder / (name if suite == "rfc4475" else f"{name}.dat")).read_bytes()
    if name == "dblreq.dat":  # its last five octets lie after the body: on a stream the beginning of a third message
        return octets[:-5]
    return octets + b"\r\n" if name == "baddn.dat" else octets


@pytest.mark.parametrize("suite", ["rfc4475", "rfc5118"])
def test_every_row_of_the_suite_has_an_outcome_here(suites, suite):
    with open(suites / suite / "expect.tsv", encoding="utf-8", newline="") as table:
        names = [row[0] for row in csv.reader(table, delimiter="\t", quoting=csv.QUOTE_NONE) if row][1:]
    assert sorted(names) == sorted(cases(suite))


def from_the_partner(octets):
    """The sender's domain, wherever a From field names it, becomes fabrikam's; a Route that leads out of the message's
    own world leads to us."""
    head, separator, body = octets.partition(b"\r\n\r\n")
    def own(match):
        return re.sub(rb"(?:[a-z-]+\.)*example\.(?:com|net|org)", b"fabrikam.example", match.group(0))
    head = re.sub(rb"(?im)^(?:from|f)[ \t]*:(?:.*\r\n[ \t])*.*$", own, head)
    head = head.replace(b"Route: <sip:127.0.0.1:5080>", b"Route: <sip:example.com;lr>")
    if octets.count(b"\r\n\r\nINVITE") and head.startswith(b"REGISTER"):  # dblreq: the second message's From, too
        body = re.sub(rb"(?im)^From:.*$", own, body)
    return head + separator + body


def fields(head):
    """The raw header fields of a message, folds and all."""
    return re.findall(rb"(?m)^[^\s:][^:\r\n]*:(?:.*\r\n[ \t])*.*?\r?$", head.partition(b"\r\n")[2])


REWRITTEN = (b"via", b"v", b"max-forwards", b"route", b"max-breadth", b"content-length", b"l")


def assert_unchanged(sent, arrived, name):
    """Every field that a proxy has no business with, and the body."""
    head, _, rest = sent.partition(b"\r\n\r\n")
    for field in fields(head):
        if field.partition(b":")[0].strip().lower() in REWRITTEN:
            continue
        assert field.rstrip(b"\r") in arrived.raw, field
    length = int(arrived.get("Content-Length"))
    assert arrived.body == rest[:length]
    if name in NEVER_FORWARDED:
        assert NEVER_FORWARDED[name] not in arrived.raw
    else:
        assert arrived.raw.split(b"\r\n")[0].strip() == sent.split(b"\r\n")[0].strip()


def answer_probes(received):
    """Inside, the messages that only prove that a session still serves are answered at once."""
    if received.message.is_request and received.message.call_id.startswith("probe-"):
        received.answer(200)
        return True
    return False


def what_happened(lab, connection):
    """A final answer, an arrival inside, the session's end; or silence, proven by a later message that was served on the
    same session: what was to come back came before that one's answer."""
    probe = sip.token("probe-")
    try:
        connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=probe))
    except OSError:
        pass

    def finals(of_the_probe):
        with connection.inbox.changed:
            return [r.message.status for r in connection.inbox.waiting if not r.message.is_request
                    and r.message.status >= 200 and (r.message.call_id == probe) == of_the_probe]

    def arrivals():
        return [r for r in lab.inside.received_requests() if r.message.method != "ACK"]

    wait.until(lambda: finals(True) or finals(False) or arrivals() or connection.ended.is_set(), 8,
               "anything to happen")
    if finals(False):
        return finals(False)[0], probe
    if arrivals():
        return FORWARD, probe
    return (CLOSE if connection.ended.is_set() and not finals(True) else "next"), probe


def finish(lab, connection, probe):
    """After the case, the session (or, where that was closed, a new one) still serves."""
    if connection.ended.is_set():
        connection, probe = lab.from_outside(), sip.token("probe-")
        connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=probe))
    connection.expect_status(200, call_id=probe)


def settle(lab):
    """Answers whatever the case left waiting inside."""
    for received in lab.inside.received_requests():
        taken = lab.inside.expect_request(received.message.method, call_id=received.message.call_id)
        if taken.message.method != "ACK":
            taken.answer(486)


@pytest.mark.parametrize("name", list(OUTCOMES))
def test_message_as_it_is_never_crosses(lab, suites, name):
    """No From of the suite belongs to a partner."""
    suite = "rfc4475" if name.endswith(".dat") else "rfc5118"
    connection = lab.from_outside()
    connection.send(octets_of(suites, suite, name))
    happened, probe = what_happened(lab, connection)
    assert happened != FORWARD, lab.inside.received_requests()
    if isinstance(happened, int):
        assert happened in {403} | {o for o in OUTCOMES[name] if isinstance(o, int)} or happened == 400, happened
    if OUTCOMES[name] & {WAIT, CLOSE}:
        connection.expect_end(6)
    finish(lab, connection, probe)


@pytest.mark.parametrize("name", list(OUTCOMES))
def test_message_from_the_partner(lab, suites, name):
    suite = "rfc4475" if name.endswith(".dat") else "rfc5118"
    allowed = OUTCOMES[name]
    octets = from_the_partner(octets_of(suites, suite, name))
    connection = lab.from_outside()
    connection.send(octets)
    if allowed == {WAIT}:
        wait_for_the_end(lab, connection)
        return
    happened, probe = what_happened(lab, connection)
    if happened == 400 and CLOSE in allowed:
        connection.expect_end()
        happened = CLOSE
    if happened == "next":
        happened = DROP
    assert happened in allowed, f"{name}: {happened}, not {allowed}"
    if happened == FORWARD:
        method = octets.split(b" ", 1)[0].decode()
        arrived = lab.inside.expect_request(method)
        assert_unchanged(octets, arrived.message, name)
        arrived.answer(200 if method != "INVITE" else 486)
        final = connection.inbox.take(lambda m: not m.is_request and m.status >= 200 and m.call_id != probe, 5,
                                      "the answer")
        assert final.message.status in (200, 486)
        if name == "dblreq.dat":
            second = lab.inside.expect_request("INVITE")
            assert second.message.body.startswith(b"v=0") and "fabrikam.example" in second.message.get("From")
            second.answer(486)
        if method == "INVITE" or name == "dblreq.dat":
            lab.inside.expect_request("ACK")
    elif name == "bext01.dat":
        answer = connection.expect_status(420).message
        assert "noProxiesSupportThis" in answer.get("Unsupported")
        assert "nothingSupportsThis" not in answer.get("Unsupported")
    finish(lab, connection, probe)
    settle(lab)


def wait_for_the_end(lab, connection):
    """clerr: the body never comes. The next message is not read as part of it; the session ends in time."""
    connection.expect_end(8)
    assert not lab.inside.received_requests()
    finish(lab, connection, None)


@pytest.mark.parametrize("name", ["ipv6-good", "port-ambiguous", "port-unambiguous", "via-received-param-with-delim",
                                  "via-received-param-no-delim", "ipv6-in-sdp", "mult-ip-in-sdp",
                                  "ipv6-bug-abnf-3-colons", "ipv6-correct-abnf-2-colons"])
def test_ipv6_message_that_leads_to_us_crosses(lab, suites, name):
    """The same with our domain for the Request-URI's host: everything else in it is passed on."""
    octets = from_the_partner(octets_of(suites, "rfc5118", name))
    start, _, rest = octets.partition(b"\r\n")
    octets = re.sub(rb"\[[^\]]*\]", b"example.com", start) + b"\r\n" + rest
    connection = lab.from_outside()
    connection.send(octets)
    method = octets.split(b" ", 1)[0].decode()
    arrived = lab.inside.expect_request(method)
    assert_unchanged(octets, arrived.message, name)
    arrived.answer(200 if method != "INVITE" else 486)
    answer = connection.inbox.take(lambda m: m.status >= 200, 5, "the answer").message
    # What is left of the Via is the sender's own, octet for octet, `received` apart.
    assert answer.entries("Via")[0].startswith(sip.Message(octets).entries("Via")[0].partition(";")[0])
    settle(lab)


@pytest.mark.parametrize("name", ["unreason.dat", "noreason.dat"])
def test_reason_phrases_cross_as_they_are(lab, suites, name):
    """As the answer to a request that there was."""
    start = octets_of(suites, "rfc4475", name).partition(b"\r\n")[0].replace(b" 100 ", b" 180 ")
    connection = lab.from_outside()
    call_id = sip.token()
    connection.send(sip.request("INVITE", ALICE, from_=BOB, to=ALICE, call_id=call_id, contact="sip:b@192.0.2.1"))
    arrived = lab.inside.expect_request("INVITE", call_id=call_id)
    octets = sip.response(arrived.message, 200, contact="sip:a@192.0.2.2")
    arrived.connection.send(start + b"\r\n" + octets.partition(b"\r\n")[2])
    status = int(start.split(b" ")[1])
    assert connection.expect_status(status, call_id=call_id).message.raw.startswith(start + b"\r\n")
    if status < 200:
        arrived.answer(486)
    settle(lab)


@pytest.mark.parametrize("start", [b"SIP/2.0 4294967301 better not break the receiver", b"SIP/2.0 700 Too Much",
                                   b"SIP/2.0 099 Too Little", b"SIP/2.0 2x0 No", b"SIP/3.0 200 OK", b"SIP/2.0  200 OK"])
def test_broken_answers_are_not_passed_on(lab, start):
    connection = lab.from_outside()
    call_id = sip.token()
    connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=call_id))
    arrived = lab.inside.expect_request("MESSAGE", call_id=call_id)
    good = sip.response(arrived.message, 200)
    arrived.connection.send(start + b"\r\n" + good.partition(b"\r\n")[2])
    if arrived.connection.is_alive():
        try:
            arrived.connection.send(good)
        except OSError:
            pass
    answer = connection.expect_answer(call_id=call_id).message
    assert answer.status in (200, 500, 502, 504) and answer.start.encode() != start
    if answer.status == 200:
        assert answer.start == "SIP/2.0 200 OK"
    connection.send(b"\r\n\r\n")
    connection.expect_pong()
