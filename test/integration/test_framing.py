# SPDX-License-Identifier: GPL-2.0-or-later
"""Where one message ends and the next begins. The same octets are read by the gateway and, behind it, by Kamailio: what
Kamailio saw must be what the gateway's audit log says it let through. A request that only one of them sees is smuggled."""

import pytest

from conftest import needs
from lib import agent, kamailio, peer, sip, wait
from lib.lab import ALICE, BOB, CAROL
from test_suites import from_the_partner

OK = ("ok", "relayed")


def smuggled():
    """What no reader may ever take for a message: it stands in bodies and fields only."""
    return sip.request("MESSAGE", ALICE, from_=CAROL, to=ALICE, call_id="smuggled-" + sip.token(), body=b"!")


def message(length_lines, body, call_id=None, before=b""):
    """A MESSAGE of the partner's whose Content-Length fields are exactly these lines."""
    octets = sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=call_id or sip.token("good-"),
                         content_length=False)
    head = octets[:-2] + before
    return head + length_lines + b"\r\n" + body


INNER = smuggled()
N = len(INNER)

# name -> octets after which nothing smuggled may have been taken for a message
STREAMS = {
    "body-is-a-request": message(b"Content-Length: %d\r\n" % N, INNER),
    "two-lengths-that-differ": message(b"Content-Length: 0\r\nContent-Length: %d\r\n" % N, INNER),
    "two-lengths-the-long-one-first": message(b"Content-Length: %d\r\nContent-Length: 0\r\n" % N, INNER),
    "two-lengths-that-agree": message(b"Content-Length: %d\r\nContent-Length: %d\r\n" % (N, N), INNER),
    "long-and-short-name": message(b"l: %d\r\nContent-Length: 0\r\n" % N, INNER),
    "short-and-long-name": message(b"l: 0\r\nContent-Length: %d\r\n" % N, INNER),
    "two-short-names": message(b"l: 0\r\nL: %d\r\n" % N, INNER),
    "list-of-lengths": message(b"Content-Length: %d, %d\r\n" % (N, N), INNER),
    "plus-sign": message(b"Content-Length: +%d\r\n" % N, INNER),
    "minus-sign": message(b"Content-Length: -%d\r\n" % N, INNER),
    "hexadecimal": message(b"Content-Length: 0x%x\r\n" % N, INNER),
    "digits-then-letters": message(b"Content-Length: %dx\r\n" % N, INNER),
    "digits-blank-digits": message(b"Content-Length: %d 0\r\n" % N, INNER),
    "decimal-point": message(b"Content-Length: %d.0\r\n" % N, INNER),
    "over-2^32": message(b"Content-Length: %d\r\n" % (2**32 + N), INNER),
    "over-2^64": message(b"Content-Length: %d\r\n" % (2**64 + N), INNER),
    "hundred-digits": message(b"Content-Length: " + b"9" * 100 + b"\r\n", INNER),
    "leading-zeros": message(b"Content-Length: 0000%d\r\n" % N, INNER),
    "empty-value": message(b"Content-Length:\r\n", INNER),
    "blank-value": message(b"Content-Length:  \t \r\n", INNER),
    "parameter": message(b"Content-Length: %d;x=1\r\n" % N, INNER),
    "quoted": message(b'Content-Length: "%d"\r\n' % N, INNER),
    "no-length": message(b"", INNER),
    "misspelt": message(b"Content_Length: %d\r\n" % N, INNER),
    "longer-name": message(b"Content-Lengthx: %d\r\nContent-Length: 0\r\n" % N, b""),
    "blank-before-the-colon": message(b"Content-Length \t: %d\r\n" % N, INNER),
    "folded-value": message(b"Content-Length:\r\n %d\r\n" % N, INNER),
    "folded-digits": message(b"Content-Length: 0\r\n %d\r\n" % N, INNER),
    "hidden-in-a-fold": message(b"X: a\r\n Content-Length: 0\r\nContent-Length: %d\r\n" % N, INNER),
    "hidden-after-a-bare-lf": message(b"X: a\nContent-Length: 0\r\nContent-Length: %d\r\n" % N, INNER),
    "hidden-after-a-bare-cr": message(b"X: a\rContent-Length: 0\r\nContent-Length: %d\r\n" % N, INNER),
    "bare-lf-line-ends": message(b"Content-Length: 0\r\n", b"").replace(b"\r\n", b"\n") + INNER,
    "empty-line-of-bare-lf": message(b"Content-Length: %d\r\n" % N, b"")[:-2] + b"\n" + INNER,
    "empty-line-of-bare-cr": message(b"Content-Length: %d\r\n" % N, b"")[:-2] + b"\r\r\n" + INNER,
    "nul-before-the-length": message(b"X: \x00\r\nContent-Length: %d\r\n" % N, INNER),
    "nul-in-the-name": message(b"Content-\x00Length: 0\r\nContent-Length: %d\r\n" % N, INNER),
    "nul-in-the-length": message(b"Content-Length: 0\x00%d\r\n" % N, INNER),
    "line-without-a-colon": message(b"Nonsense\r\nContent-Length: %d\r\n" % N, INNER),
    "line-of-blanks": message(b"   \r\nContent-Length: %d\r\n" % N, INNER),
    "field-without-a-name": message(b": x\r\nContent-Length: %d\r\n" % N, INNER),
    "first-line-folded": message(b"Content-Length: %d\r\n" % N, INNER).replace(b" SIP/2.0\r\n", b"\r\n SIP/2.0\r\n", 1),
    "length-too-short": message(b"Content-Length: 5\r\n", b"hello" + b"X" * 30 + b"\r\n"),
    "keep-alives-between": message(b"Content-Length: 0\r\n", b"") + b"\r\n\r\n\r\n" + message(
        b"Content-Length: %d\r\n" % N, INNER),
    "blanks-between": message(b"Content-Length: 0\r\n", b"") + b"  \r\n" + message(b"Content-Length: 0\r\n", b""),
    "utf8-digits": message("Content-Length: ٣٠\r\n".encode(), INNER),
    "request-in-a-field": message(b"X: " + INNER.replace(b"\r\n", b" ") + b"\r\nContent-Length: 0\r\n", b""),
    "message-in-a-header-fold": message(b"X: y\r\n\t" + INNER.replace(b"\r\n", b"\r\n ").rstrip() +
                                        b"\r\nContent-Length: 0\r\n", b""),
}


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


def let_through(lab):
    return sorted({(e["method"], e.get("call-id")) for e in lab.gateway.audit.find(event="request")
                   if e["reason"] in OK and e["direction"] == "inbound"})


def seen_by_kamailio(lab):
    return sorted({(method, call_id) for method, _, call_id, _ in lab.kamailio.seen() if method != "ACK"})


def assert_both_saw_the_same(lab):
    """All answered by now: a last message has crossed after them."""
    wait.until(lambda: let_through(lab) == seen_by_kamailio(lab), 5, lambda: (
        f"only the gateway: {set(let_through(lab)) - set(seen_by_kamailio(lab))}; "
        f"only Kamailio: {set(seen_by_kamailio(lab)) - set(let_through(lab))}"))
    assert not [entry for entry in seen_by_kamailio(lab) if entry[1].startswith("smuggled")]


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
@pytest.mark.parametrize("name", STREAMS)
def test_kamailio_sees_what_was_let_through(stage, name):
    send_and_settle(stage, STREAMS[name])
    assert_both_saw_the_same(stage)


@needs("kamailio")
@pytest.mark.parametrize("pieces", [1, 3, 64])
def test_pieces_change_nothing(stage, pieces):
    """The same, torn into TLS records of a few octets."""
    for name in ("body-is-a-request", "folded-value", "blank-before-the-colon", "keep-alives-between"):
        send_and_settle(stage, STREAMS[name], pieces)
    assert_both_saw_the_same(stage)


@needs("kamailio")
def test_torture_messages_are_read_alike(stage, suites):
    """RFC 4475 as one differential: whatever the gateway lets through, Kamailio reads as the same request."""
    for file in sorted((suites / "rfc4475").glob("*.dat")):
        octets = from_the_partner(file.read_bytes()).replace(b"example.com SIP/2.0", b"corp.example SIP/2.0")
        if file.name != "wsinv.dat":  # Kamailio 5.6 itself closes on this one, though it is valid
            send_and_settle(stage, octets)
    assert_both_saw_the_same(stage)


@pytest.mark.parametrize("name", [name for name in STREAMS if name.startswith(("two-", "long-and", "short-and"))]
                         + ["list-of-lengths", "minus-sign", "over-2^64", "no-length", "plus-sign"])
def test_lost_framing_ends_the_session(stage, name):
    """Nothing after it can be believed: 400 at most, then the end, and the reason in the log."""
    connection = peer.connect(stage.gateway.external_port, stage.pki.fabrikam_edge)
    connection.send(STREAMS[name])
    connection.expect_end()
    assert stage.gateway.audit.wait_for(event="session-closed", peer=connection.local)["reason"] == "framing-lost"
    statuses = [r.message.status for r in connection.inbox.waiting]
    assert statuses in ([], [400]), statuses
    connection.close()
