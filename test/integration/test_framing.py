# SPDX-License-Identifier: GPL-2.0-or-later
"""Where one message ends and the next begins. The same octets are read by the gateway and, behind it, by Kamailio: what
Kamailio saw must be what the gateway's audit log says it let through. A request that only one of them sees is smuggled."""

import pytest

from conftest import needs
from lib import agent, kamailio, peer, sip, wait
from lib.lab import ALICE, BOB, CAROL
from test_suites import from_the_partner

# Reasons of requests that crossed, whatever came of them.
CROSSED = ("ok", "relayed", "peer-closed", "timed-out")


def smuggled():
    """What no reader may ever take for a message: it stands in bodies and fields only."""
    return sip.request("MESSAGE", ALICE, from_=CAROL, to=ALICE, call_id="smuggled-" + sip.token(), body=b"!")


def message(length_lines, body, call_id=None, before=b""):
    """A MESSAGE of the partner's whose Content-Length fields are exactly these lines."""
    octets = sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=call_id or sip.token("good-"),
                         content_length=False)
    head = octets[:-2] + before
    return head + length_lines + b"\r\n" + body


# name -> octets after which nothing smuggled may have been taken for a message
def streams():
    inner = smuggled()
    length = len(inner)
    return {
        "body-is-a-request": message(b"Content-Length: %d\r\n" % length, inner),
        "two-lengths-that-differ": message(b"Content-Length: 0\r\nContent-Length: %d\r\n" % length, inner),
        "two-lengths-the-long-one-first": message(b"Content-Length: %d\r\nContent-Length: 0\r\n" % length, inner),
        "two-lengths-that-agree": message(b"Content-Length: %d\r\nContent-Length: %d\r\n" % (length, length), inner),
        "long-and-short-name": message(b"l: %d\r\nContent-Length: 0\r\n" % length, inner),
        "short-and-long-name": message(b"l: 0\r\nContent-Length: %d\r\n" % length, inner),
        "two-short-names": message(b"l: 0\r\nL: %d\r\n" % length, inner),
        "list-of-lengths": message(b"Content-Length: %d, %d\r\n" % (length, length), inner),
        "plus-sign": message(b"Content-Length: +%d\r\n" % length, inner),
        "minus-sign": message(b"Content-Length: -%d\r\n" % length, inner),
        "hexadecimal": message(b"Content-Length: 0x%x\r\n" % length, inner),
        "digits-then-letters": message(b"Content-Length: %dx\r\n" % length, inner),
        "digits-blank-digits": message(b"Content-Length: %d 0\r\n" % length, inner),
        "decimal-point": message(b"Content-Length: %d.0\r\n" % length, inner),
        "over-2^32": message(b"Content-Length: %d\r\n" % (2**32 + length), inner),
        "over-2^64": message(b"Content-Length: %d\r\n" % (2**64 + length), inner),
        "hundred-digits": message(b"Content-Length: " + b"9" * 100 + b"\r\n", inner),
        "leading-zeros": message(b"Content-Length: 0000%d\r\n" % length, inner),
        "empty-value": message(b"Content-Length:\r\n", inner),
        "blank-value": message(b"Content-Length:  \t \r\n", inner),
        "parameter": message(b"Content-Length: %d;x=1\r\n" % length, inner),
        "quoted": message(b'Content-Length: "%d"\r\n' % length, inner),
        "no-length": message(b"", inner),
        "misspelt": message(b"Content_Length: %d\r\n" % length, inner),
        "longer-name": message(b"Content-Lengthx: %d\r\nContent-Length: 0\r\n" % length, b""),
        "blank-before-the-colon": message(b"Content-Length \t: %d\r\n" % length, inner),
        "folded-value": message(b"Content-Length:\r\n %d\r\n" % length, inner),
        "folded-digits": message(b"Content-Length: 0\r\n %d\r\n" % length, inner),
        "hidden-in-a-fold": message(b"X: a\r\n Content-Length: 0\r\nContent-Length: %d\r\n" % length, inner),
        "hidden-in-a-fold-in-short": message(b"X: a\r\n\tl: 0\r\nContent-Length: %d\r\n" % length, inner),
        "hidden-in-a-later-fold": message(b"Content-Length: %d\r\nX: a\r\n Content-Length : 0\r\n" % length, inner),
        "hidden-in-the-fold-of-a-quote": message(
            b'X: "a\r\n Content-Length: 0"\r\nContent-Length: %d\r\n' % length, inner),
        "hidden-after-a-bare-lf": message(b"X: a\nContent-Length: 0\r\nContent-Length: %d\r\n" % length, inner),
        "hidden-after-a-bare-cr": message(b"X: a\rContent-Length: 0\r\nContent-Length: %d\r\n" % length, inner),
        "bare-lf-line-ends": message(b"Content-Length: 0\r\n", b"").replace(b"\r\n", b"\n") + inner,
        "empty-line-of-bare-lf": message(b"Content-Length: %d\r\n" % length, b"")[:-2] + b"\n" + inner,
        "empty-line-of-bare-cr": message(b"Content-Length: %d\r\n" % length, b"")[:-2] + b"\r\r\n" + inner,
        "nul-before-the-length": message(b"X: \x00\r\nContent-Length: %d\r\n" % length, inner),
        "nul-in-the-name": message(b"Content-\x00Length: 0\r\nContent-Length: %d\r\n" % length, inner),
        "nul-in-the-length": message(b"Content-Length: 0\x00%d\r\n" % length, inner),
        "line-without-a-colon": message(b"Nonsense\r\nContent-Length: %d\r\n" % length, inner),
        "line-of-blanks": message(b"   \r\nContent-Length: %d\r\n" % length, inner),
        "field-without-a-name": message(b": x\r\nContent-Length: %d\r\n" % length, inner),
        "first-line-folded": message(b"Content-Length: %d\r\n" % length, inner).replace(b" SIP/2.0\r\n", b"\r\n SIP/2.0\r\n", 1),
        "length-too-short": message(b"Content-Length: 5\r\n", b"hello" + b"X" * 30 + b"\r\n"),
        "keep-alives-between": message(b"Content-Length: 0\r\n", b"") + b"\r\n\r\n\r\n" + message(
            b"Content-Length: %d\r\n" % length, inner),
        "blanks-between": message(b"Content-Length: 0\r\n", b"") + b"  \r\n" + message(b"Content-Length: 0\r\n", b""),
        "utf8-digits": message("Content-Length: ٣٠\r\n".encode(), inner),
        "request-in-a-field": message(b"X: " + inner.replace(b"\r\n", b" ") + b"\r\nContent-Length: 0\r\n", b""),
        "message-in-a-header-fold": message(b"X: y\r\n\t" + inner.replace(b"\r\n", b"\r\n ").rstrip() +
                                            b"\r\nContent-Length: 0\r\n", b""),
    }


NAMES = list(streams())


@pytest.fixture(scope="module")
def stage(make_shared_lab, pki, tmp_path_factory):
    """The gateway with Kamailio as our server; a user agent behind it answers everything with 200."""
    folder = tmp_path_factory.mktemp("kamailio")
    server = kamailio.Kamailio(folder, pki.fe1, pki.enterprise, host="fe1.corp.example", domain="corp.example",
                               gateway_host="edge.corp.example")
    lab = make_shared_lab(settings={
        "internal": {"next-hop": [f"pool.corp.example:{server.tls_port}"]},
        "limits": {"message-timeout": "1s"}})

    def answer(received):
        if received.message.is_request and received.message.method != "ACK":
            received.answer(200)
        return True

    behind = agent.UdpAgent(server.udp_port, handler=answer)
    server.start(behind.port, lab.gateway.internal_port)
    lab.kamailio = server
    yield lab
    server.close()
    behind.close()


def entry(method, call_id):
    """The log may cut what is very long; CANCEL and ACK are the gateway's own where a sender went away."""
    return method[:31], (call_id or "")[:100]


def let_through(lab):
    return {entry(e["method"], e.get("call-id")) for e in lab.gateway.audit.find(event="request", direction="inbound")
            if e["reason"] in CROSSED and e["method"] not in ("ACK", "CANCEL")}


def seen_by_kamailio(lab):
    return {entry(method, call_id) for method, _, call_id, _ in lab.kamailio.seen() if method not in ("ACK", "CANCEL")}


@pytest.fixture(autouse=True)
def from_here_on(stage):
    """What earlier streams brought is no matter of this one."""
    stage.earlier = let_through(stage) | seen_by_kamailio(stage)


def assert_both_saw_the_same(lab):
    """All answered by now: a last message has crossed after them."""
    def new(entries):
        return entries - lab.earlier

    wait.until(lambda: new(let_through(lab)) == new(seen_by_kamailio(lab)), 5, lambda: (
        f"both to see the same; only the gateway: {new(let_through(lab)) - seen_by_kamailio(lab)}; "
        f"only Kamailio: {new(seen_by_kamailio(lab)) - let_through(lab)}"))
    assert not [call_id for _, call_id in new(seen_by_kamailio(lab)) if call_id.startswith("smuggled")]


def send_and_settle(lab, octets, pieces=None):
    """Sends, then waits until the gateway has dealt with it: the session serves another message or is gone."""
    connection = lab.from_outside()
    step = pieces or len(octets)
    last = sip.token("last-")
    try:
        for offset in range(0, len(octets), step):
            connection.send(octets[offset:offset + step])
        connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=last))
    except OSError:
        pass
    wait.until(lambda: connection.ended.is_set() or any(
        r.message.call_id == last for r in list(connection.inbox.waiting)), 8, "the stream to be dealt with")
    connection.close()


@needs("kamailio")
@pytest.mark.parametrize("name", NAMES)
def test_kamailio_sees_what_was_let_through(stage, name):
    send_and_settle(stage, streams()[name])
    assert_both_saw_the_same(stage)


@needs("kamailio")
@pytest.mark.parametrize("pieces", [1, 3, 64])
def test_pieces_change_nothing(stage, pieces):
    """The same, torn into TLS records of a few octets."""
    for name in ("body-is-a-request", "folded-value", "blank-before-the-colon", "keep-alives-between"):
        send_and_settle(stage, streams()[name], pieces)
    assert_both_saw_the_same(stage)


@needs("kamailio")
def test_torture_messages_are_read_alike(stage, suites):
    """RFC 4475 as one differential: whatever the gateway lets through, Kamailio reads as the same request."""
    for file in sorted((suites / "rfc4475").glob("*.dat")):
        octets = from_the_partner(file.read_bytes()).replace(b"example.com SIP/2.0", b"corp.example SIP/2.0")
        if file.name not in ("wsinv.dat", "intmeth.dat"):  # valid, but Kamailio 5.6 itself closes on them
            send_and_settle(stage, octets)
    assert_both_saw_the_same(stage)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("two-", "long-and", "short-and"))]
                         + ["list-of-lengths", "minus-sign", "over-2^64", "no-length", "plus-sign"])
def test_lost_framing_ends_the_session(stage, name):
    """Nothing after it can be believed: 400 at most, then the end, and the reason in the log."""
    connection = peer.connect(stage.gateway.external_port, stage.pki.fabrikam_edge)
    connection.send(streams()[name])
    connection.expect_end()
    assert stage.gateway.audit.wait_for(event="session-closed", peer=connection.local)["reason"] == "framing-lost"
    statuses = [r.message.status for r in connection.inbox.waiting]
    assert statuses in ([], [400]), statuses
    connection.close()
