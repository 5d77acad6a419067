# SPDX-License-Identifier: GPL-2.0-or-later
"""Single requests over the border: what is the proxy's own affair (RFC 3261 16.3, RFC 5393, keep-alive, OPTIONS), and
octets that must cross as they are."""

import random

import pytest

from lib import sip
from lib.lab import ALICE, BOB


class Side:
    def __init__(self, lab, direction):
        self.lab, self.direction = lab, direction
        inbound = direction == "inbound"
        self.sender, self.recipient = (BOB, ALICE) if inbound else (ALICE, BOB)
        self.client = lab.from_outside() if inbound else lab.from_inside()
        self.server = lab.inside if inbound else lab.fabrikam
        self.host = "sip.corp.example" if inbound else "edge.corp.example"

    def octets(self, method="MESSAGE", **options):
        options.setdefault("call_id", sip.token())
        return sip.request(method, options.pop("uri", self.recipient), from_=self.sender, to=self.recipient, **options)

    def crosses(self, octets, status=200, **answer):
        """Sends it, answers it, returns (as it arrived, the answer as it came back)."""
        call_id = sip.Message(octets).call_id
        self.client.send(octets)
        arrived = self.server.inbox.take(lambda m: m.is_request and m.call_id == call_id, 5, f"{octets[:40]}")
        arrived.answer(status, **answer)
        return arrived.message, self.client.expect_status(status, call_id=call_id).message

    def refused(self, octets, status, reason):
        call_id = sip.Message(octets).call_id
        self.client.send(octets)
        answer = self.client.expect_answer(call_id=call_id).message
        event = self.lab.gateway.audit.wait_for(event="request", call_id=call_id)
        assert event["reason"] == reason and answer.status == status == event["status"], (answer.start, event)
        assert not self.server.received_requests()
        return answer


@pytest.fixture(scope="module")
def shared(make_shared_lab):
    return make_shared_lab()


@pytest.fixture(params=["inbound", "outbound"])
def side(shared, request):
    return Side(shared, request.param)


@pytest.mark.parametrize("method", ["MESSAGE", "OPTIONS", "REGISTER", "PUBLISH", "REFER", "INFO", "XYZZY", "!%*_+`'~-."])
def test_requests_of_any_method(side, method):
    arrived, answer = side.crosses(side.octets(method, contact="sip:c@192.0.2.1"))
    assert arrived.method == method and answer.get("CSeq") == f"1 {method}"
    event = side.lab.gateway.audit.wait_for(event="request", call_id=arrived.call_id)
    assert event["reason"] == "ok" and event["status"] == 200 and event["method"] == method
    assert event["direction"] == side.direction and event["partner"] == "fabrikam"
    assert isinstance(event["duration-ms"], (int, float)) and event["duration-ms"] >= 0
    assert event["from"] == side.sender and event["to"] == side.recipient


HEADERS = [
    ("X-Folded", "one\r\n two\r\n\tthree"),
    ("x-lower", "a"),
    ("X-Empty", ""),
    ("X-Spaces", "  much   room\t "),
    ("X-Utf8", "Grüße, 世界"),
    ("X-Not-Utf8", b"\xff\xfe\x80".decode("utf-8", "surrogateescape")),
    ("X-Quoted", '"a \\" b \\\\" <sip:x@y>;tag=z, ;;;'),
    ("Subject", "=?utf-8?B?eA==?="),
    ("Date", "Fri, 01 Jan 2010 16:00:00 EST"),
    ("Identity", "eyJhbGciOi...;info=<https://x.example/c>;alg=ES256"),
    ("X-Long", "y" * 4000),
    ("P-Charging-Vector", "icid-value=1"),
    ("Via-Not", "SIP/2.0/TLS not.a.via"),
    ("Fro", "<sip:x@evil.example>"), ("Fromm", "<sip:x@evil.example>"), ("Content-Lengthy", "99999"),
    ("X-Repeated", "1"), ("X-Repeated", "2"), ("X-Repeated", "1"),
]


def test_headers_cross_byte_for_byte_in_order(side):
    arrived, answer = side.crosses(side.octets(headers=HEADERS, body=b"b"), headers=HEADERS)
    octets = "".join(f"{name}: {value}\r\n" for name, value in HEADERS).encode("utf-8", "surrogateescape")
    assert octets in arrived.raw
    assert octets in answer.raw


@pytest.mark.parametrize("body", [b"", b"\x00" * 50, bytes(range(256)) * 4, b"\r\n\r\n", b"INVITE sip:x SIP/2.0\r\n\r\n",
                                  b"z" * 60000], ids=["empty", "nuls", "every-octet", "crlf", "a-request", "60k"])
def test_bodies_cross_byte_for_byte(side, body):
    arrived, answer = side.crosses(side.octets(body=body), body=body[::-1])
    assert arrived.body == body and answer.body == body[::-1]


def test_compact_and_odd_but_valid_spellings(side):
    call_id = sip.token()
    octets = (f"MESSAGE {side.recipient} SIP/2.0\r\n"
              f"v: SIP / 2.0 / TLS host.invalid ;\r\n  branch = z9hG4bK{call_id}\r\n"
              f"mAX-fORWARDS  :  70\r\n"
              f"f :\"A, B\" <{side.sender}>;tag=1\r\n"
              f"T: {side.recipient}\r\n"
              f"i: {call_id}\r\n"
              f"cseq:  00001   MESSAGE\r\n"
              f"c: text/plain\r\n"
              f"L  : 2\r\n\r\nhi").encode()
    arrived, _ = side.crosses(octets)
    assert b'f :"A, B" <' in arrived.raw and b"cseq:  00001   MESSAGE" in arrived.raw and arrived.body == b"hi"


def test_request_line_and_contact_stay_as_they_are(side):
    uri = side.recipient.replace("sip:", "sip:%61%40b;p=q+") + ";user=phone;lang=%20x"
    arrived, _ = side.crosses(side.octets(uri=uri, contact="sip:c%41@[2001:db8::1]:5070;ob;+sip.instance=\"<urn:x>\""))
    assert arrived.uri == uri
    assert arrived.get("Contact") == "<sip:c%41@[2001:db8::1]:5070;ob;+sip.instance=\"<urn:x>\">"


def test_max_forwards_is_counted_down(side):
    assert side.crosses(side.octets(max_forwards=17))[0].all("Max-Forwards") == ["16"]
    assert side.crosses(side.octets(max_forwards=None))[0].all("Max-Forwards") == ["70"]
    assert side.crosses(side.octets(max_forwards=1))[0].all("Max-Forwards") == ["0"]


@pytest.mark.parametrize("method", ["MESSAGE", "INVITE", "XYZZY"])
def test_max_forwards_zero(side, method):
    side.refused(side.octets(method, max_forwards=0, contact="sip:c@192.0.2.1"), 483, "too-many-hops")


def test_max_breadth(side):
    """RFC 5393 5.3.3: exactly one, at most 60, in every request."""
    assert side.crosses(side.octets())[0].all("Max-Breadth") == ["60"]
    assert side.crosses(side.octets(headers=[("Max-Breadth", "7")]))[0].all("Max-Breadth") == ["7"]
    assert side.crosses(side.octets(headers=[("Max-Breadth", "1000")]))[0].all("Max-Breadth") == ["60"]
    assert side.crosses(side.octets(headers=[("Max-Breadth", "1")]))[0].all("Max-Breadth") == ["1"]
    side.refused(side.octets(headers=[("Max-Breadth", "0")]), 440, "max-breadth-exceeded")


def test_proxy_require(side):
    answer = side.refused(side.octets(headers=[("Proxy-Require", "foo, privacyx"), ("Proxy-Require", "bar")]),
                          420, "unsupported-extension")
    assert {tag.strip() for value in answer.all("Unsupported") for tag in value.split(",")} == {
        "foo", "privacyx", "bar"}
    # Require is for the far end, not for proxies.
    assert side.crosses(side.octets(headers=[("Require", "foo")]))[0].get("Require") == "foo"


def test_schemes_and_versions(side):
    side.refused(side.octets(uri="tel:+15550100"), 416, "unsupported-uri-scheme")
    side.refused(side.octets(uri="mailto:x@example.com"), 416, "unsupported-uri-scheme")
    side.refused(side.octets().replace(b" SIP/2.0\r\n", b" SIP/3.0\r\n", 1), 505, "unsupported-version")


def looped(arrived, **changes):
    """What arrived at the other side, sent back to us by some proxy there."""
    start, _, rest = arrived.raw.partition(b"\r\n")
    via = f"Via: SIP/2.0/TLS again.invalid;branch={sip.token('z9hG4bK')}\r\n"
    for old, new in changes.items():
        start = start.replace(old.encode(), new.encode())
    return start + b"\r\n" + via.encode() + rest


def test_loop(side):
    """The request comes back with our Via in it, bound for the same target: 482 (RFC 5393)."""
    arrived, _ = side.crosses(side.octets())
    side.client.send(looped(arrived))
    assert side.client.expect_answer(call_id=arrived.call_id).message.status == 482
    side.lab.gateway.audit.wait_for(event="request", call_id=arrived.call_id, reason="loop-detected")
    assert not side.server.received_requests()


def test_spiral_is_not_a_loop(side):
    """Through us a second time with another Request-URI: allowed."""
    arrived, _ = side.crosses(side.octets())
    side.crosses(looped(arrived, **{" sip:": " sip:other-"}))


def test_options_to_the_gateway_itself(side):
    for uri in (f"sip:{side.host}", f"sip:{side.host.upper()}"):
        octets = side.octets("OPTIONS", uri=uri)
        side.client.send(octets)
        answer = side.client.expect_status(200, call_id=sip.Message(octets).call_id).message
        assert answer.get("CSeq") == "1 OPTIONS" and sip.has_tag(answer.get("To"))
        assert not answer.all("User-Agent")
    assert not side.server.received_requests()


def test_max_forwards_zero_options_may_be_answered(side):
    octets = side.octets("OPTIONS", uri=f"sip:{side.host}", max_forwards=0)
    side.client.send(octets)
    assert side.client.expect_answer(call_id=sip.Message(octets).call_id).message.status in (200, 483)


@pytest.mark.parametrize("uri", ["own", "domain"])
def test_negotiate(side, uri):
    """Lync's compression offer on a fresh connection: a clean final answer, and the session goes on."""
    target = f"sip:{side.host}" if uri == "own" else side.recipient
    octets = side.octets("NEGOTIATE", uri=target, headers=[("Compression", "LZ77-8K")])
    side.client.send(octets)
    answer = side.client.expect_answer(call_id=sip.Message(octets).call_id).message
    assert answer.status == 501
    assert not answer.all("Compression")
    assert side.lab.gateway.audit.wait_for(event="request", method="NEGOTIATE",
                                           call_id=answer.call_id)["reason"] == "method-not-supported"
    side.crosses(side.octets())


def test_other_methods_to_the_gateway_itself_go_nowhere(side):
    for method in ("MESSAGE", "INVITE", "REGISTER"):
        octets = side.octets(method, uri=f"sip:{side.host}", contact="sip:c@192.0.2.1")
        side.client.send(octets)
        assert 400 <= side.client.expect_answer(call_id=sip.Message(octets).call_id).message.status < 600
    assert not side.server.received_requests()


def test_keep_alive(side):
    """A double CRLF is answered by a single one, at once (RFC 5626 5.4); one alone is just skipped."""
    side.client.send(b"\r\n\r\n")
    assert side.client.expect_pong() == b"\r\n"
    side.client.send(b"\r\n")
    side.client.send(b"\r\n" + side.octets("OPTIONS", uri=f"sip:{side.host}", call_id="after-ping"))
    side.client.expect_status(200, call_id="after-ping")
    side.crosses(side.octets())


def test_response_without_a_transaction_is_dropped(side):
    arrived, _ = side.crosses(side.octets())
    connection = side.server.connections[-1]
    forged = sip.response(arrived, 200).replace(arrived.branch.encode(), b"z9hG4bKinvented")
    connection.send(forged)
    connection.send(sip.response(arrived, 200))  # and a late second answer to a finished MESSAGE
    connection.send(b"\r\n\r\n")
    connection.expect_pong()
    assert not side.client.inbox.waiting
    assert connection.is_alive()


def test_late_answer_for_a_connection_that_is_gone(shared):
    """Nobody is there any more: dropped, nothing breaks."""
    side = Side(shared, "outbound")
    octets = side.octets()
    side.client.send(octets)
    arrived = side.server.expect_request("MESSAGE", call_id=sip.Message(octets).call_id)
    side.client.close()
    arrived.answer(200)
    Side(shared, "outbound").crosses(side.octets())


def test_many_messages_in_one_record_and_one_message_in_many(side):
    batch = [side.octets(body=b"n%d" % n) for n in range(40)]
    side.client.send(b"".join(batch))
    for octets in batch:
        call_id = sip.Message(octets).call_id
        side.server.expect_request("MESSAGE", call_id=call_id).answer(200)
        side.client.expect_status(200, call_id=call_id)
    octets = side.octets(body=b"slowly")
    for offset in range(0, len(octets), 7):
        side.client.send(octets[offset:offset + 7])
    side.server.expect_request("MESSAGE", call_id=sip.Message(octets).call_id).answer(200)
    side.client.expect_status(200, call_id=sip.Message(octets).call_id)


def test_a_burst_of_one_session_crosses_whole(side):
    batch = [side.octets() for _ in range(200)]
    wanted = {sip.Message(octets).call_id for octets in batch}
    side.client.send(b"".join(batch))
    seen = [side.server.expect_request("MESSAGE") for _ in batch]
    assert {received.message.call_id for received in seen} == wanted
    for received in reversed(seen):
        received.answer(200)
    for call_id in wanted:
        side.client.expect_status(200, call_id=call_id)


@pytest.fixture
def busy_lab(make_lab):
    """One worker that had so much to do that several sessions lead to the next server; nothing is in flight any more.
    Returns the lab and the client."""
    lab = make_lab(settings={"workers": 1},
                   partners={"fabrikam": {"limits": {"messages-per-second": 1000000, "burst": 1000000}}})
    client = lab.from_outside()
    busy = []
    while len({id(received.connection) for received in busy}) < 3:  # each round finds the sessions there are busy
        assert len(busy) < 2000, "one session was enough: nothing is shown"
        client.send(b"".join(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE) for _ in range(150)))
        busy += [lab.inside.expect_request("MESSAGE") for _ in range(150)]
    for received in busy:
        received.answer(200)
        client.expect_status(200, call_id=received.message.call_id)
    return lab, client


def test_requests_of_one_dialog_keep_their_order(busy_lab):
    """What belongs together stays on one session, or an ACK would be overtaken by its BYE."""
    lab, client = busy_lab
    for _ in range(20):
        call_id = sip.token()
        batch = [sip.request("INFO", ALICE, from_=BOB, to=ALICE, call_id=call_id, cseq=n) for n in range(1, 21)]
        client.send(b"".join(batch))
        seen = [lab.inside.expect_request("INFO", call_id=call_id) for _ in batch]
        assert len({id(received.connection) for received in seen}) == 1
        assert [received.message.get("CSeq") for received in seen] == [f"{n} INFO" for n in range(1, 21)]
        for received in seen:
            received.answer(200)


def test_dialogs_stay_on_their_session(busy_lab):
    """Three thousand dialogs at a time: the second request of each takes the way of the first."""
    lab, client = busy_lab
    took = {}
    calls = [sip.token() for _ in range(3000)]
    for round_ in range(2):
        random.Random(round_).shuffle(calls)
        for start in range(0, len(calls), 100):
            group = calls[start:start + 100]
            client.send(b"".join(sip.request("INFO", ALICE, from_=BOB, to=ALICE, call_id=c, cseq=round_ + 1)
                                 for c in group))
            for _ in group:
                received = lab.inside.expect_request("INFO")
                took.setdefault(received.message.call_id, set()).add(id(received.connection))
                received.answer(200)
            for call_id in group:
                client.expect_status(200, call_id=call_id)
    moved = [call_id for call_id, connections in took.items() if len(connections) > 1]
    assert len(took) == 3000 and not moved, f"{len(moved)} dialogs changed their session"
    assert len(set().union(*took.values())) > 1, "one session was enough: nothing is shown"
