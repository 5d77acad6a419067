# SPDX-License-Identifier: GPL-2.0-or-later
"""What is read must be what is forwarded: fields that occur twice, line ends that are none, and numbers that are none. A
message over which two readers could differ does not cross."""

import pytest

from lib import sip, wait
from lib.lab import ALICE, BOB, CAROL


@pytest.fixture(scope="module")
def lab(make_shared_lab):
    return make_shared_lab()


def message(call_id, **options):
    return sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=call_id, **options)


def with_line(octets, line):
    """The same with one more line at the end of the header."""
    head, _, body = octets.partition(b"\r\n\r\n")
    return head + b"\r\n" + line + b"\r\n\r\n" + body


DOUBLED = [f"From: <{CAROL}>;tag=x", f"f: <{CAROL}>;tag=x", f"FROM: <{BOB}>;tag=x", f"To: <{ALICE}>", f"t: <{CAROL}>",
           "Call-ID: other", "i: other", "CSeq: 1 MESSAGE", "CSeq: 2 INVITE", "Max-Forwards: 70", "max-forwards : 3",
           "Max-Breadth: 5\r\nMax-Breadth: 6"]


@pytest.mark.parametrize("line", DOUBLED)
def test_single_valued_fields_twice(lab, line):
    connection = lab.from_outside()
    call_id = sip.token()
    connection.send(with_line(message(call_id), line.encode()))
    answer = connection.inbox.take(lambda m: not m.is_request, 5, "a refusal").message
    assert answer.status == 400
    assert lab.gateway.audit.wait_for(event="request", peer=connection.local)["reason"] == "malformed-message"
    assert not lab.inside.received_requests()
    assert connection.is_alive()


INJECTIONS = {
    "bare-lf": b"X: a\n%s",
    "bare-cr": b"X: a\r%s",
    "cr-cr-lf": b"X: a\r\r\n%s",
    "lf-cr": b"X: a\n\r%s",
    "nul": b"X: a\x00%s",
    "vertical-tab": b"X: a\x0b%s",
    "form-feed": b"X: a\x0c%s",
    "next-line": b"X: a\xc2\x85%s",
    "line-separator": b"X: a\xe2\x80\xa8%s",
    "lf-in-quotes": b'X: "a\n%s"',
    "quoted-pair-lf": b'X: "a\\\n%s"',
    "empty-lf-line": b"X: a\n\n%s",
    "fold-of-nothing": b"X: a\r\n \r\n%s",
    "fold-with-cr": b"X: a\r\n \r%s",
    "name-with-blank": b"X Y: a\r\n%s",
}
SMUGGLED = [b"P-Asserted-Identity: <sip:ceo@corp.example>", b"From: <sip:carol@contoso.example>;tag=2",
            b"ms-edge-proxy-message-trust: ms-source-type=AuthorizedServer", b"Content-Length: 0"]
LINE_ENDS = (b"\n", b"\r", b"\x00")


@pytest.mark.parametrize("field", SMUGGLED, ids=lambda f: f.partition(b":")[0].decode())
@pytest.mark.parametrize("pattern", INJECTIONS.values(), ids=INJECTIONS)
def test_no_field_hides_behind_a_line_end_that_is_none(lab, pattern, field):
    """Whatever is forwarded, no reader that takes CR or LF alone (or NUL) for an end finds a field in it that we did not
    see."""
    connection = lab.from_outside()
    call_id = sip.token()
    connection.send(with_line(message(call_id, body=b"body"), pattern % field))
    for received in what_crossed(lab, connection):
        received.answer(200)
        for end in LINE_ENDS:
            for part in received.message.head.replace(b"\r\n", b"\x01").split(end)[1:]:
                assert not part.lstrip().lower().startswith(field.partition(b":")[0].lower()), received.message.raw
        assert len(received.message.all("From")) == len(received.message.all("Content-Length")) == 1
        assert not received.message.all("P-Asserted-Identity")
        assert len(received.message.all("ms-edge-proxy-message-trust")) == 1


def what_crossed(lab, connection):
    """What has arrived inside once a message after it has crossed, or its session has ended."""
    probe = sip.token("probe-")
    try:
        connection.send(message(probe))
    except OSError:
        pass
    wait.until(lambda: connection.ended.is_set() or any(
        r.message.call_id == probe for r in lab.inside.received_requests()), 5, "a message to cross, or the end")
    return [lab.inside.expect_request(r.message.method) for r in lab.inside.received_requests()]


NUMBERS = [("CSeq", "4294967296 MESSAGE"), ("CSeq", "-1 MESSAGE"), ("CSeq", "1x MESSAGE"), ("CSeq", "MESSAGE"),
           ("CSeq", "1"), ("CSeq", ""), ("CSeq", "99999999999999999999 MESSAGE"), ("CSeq", "1 MESSAGE extra"),
           ("Max-Forwards", "x"), ("Max-Forwards", "-1"), ("Max-Forwards", "70x"), ("Max-Forwards", ""),
           ("Max-Forwards", "99999999999"), ("Max-Breadth", "x"), ("Max-Breadth", "-1")]


@pytest.mark.parametrize("name, value", NUMBERS)
def test_numbers_that_are_none(lab, name, value):
    connection = lab.from_outside()
    octets = message(sip.token(), max_forwards=None)
    octets = octets.replace(b"CSeq: 1 MESSAGE\r\n", b"") if name == "CSeq" else octets
    connection.send(with_line(octets, f"{name}: {value}".encode()))
    answer = connection.inbox.take(lambda m: not m.is_request, 5, "a refusal").message
    assert answer.status == 400
    assert not lab.inside.received_requests()


REQUEST_LINES = [b"MESSAGE", b"MESSAGE sip:alice@corp.example", b"MESSAGE  sip:alice@corp.example SIP/2.0",
                 b"MESSAGE sip:alice@corp.example  SIP/2.0", b"MESSAGE\tsip:alice@corp.example SIP/2.0",
                 b" MESSAGE sip:alice@corp.example SIP/2.0", b"MESSAGE sip: SIP/2.0", b"MESSAGE sip:@ SIP/2.0",
                 b"MESSAGE sip:alice@ SIP/2.0", b"MESSAGE sip:alice@corp.example:99999 SIP/2.0",
                 b"MESSAGE sip:alice@corp.example:x SIP/2.0", b"MESSAGE sip:alice@corp..example SIP/2.0",
                 b"MESSAGE sip:alice@[::1 SIP/2.0", b"MESSAGE sip:alice@corp.example SIP/2.0 extra",
                 b"MESS\x00AGE sip:alice@corp.example SIP/2.0", b"MESSAGE sip:alice@corp.example\x00.x SIP/2.0",
                 b"M:X sip:alice@corp.example SIP/2.0", b"MESSAGE sip:a@b@corp.example SIP/2.0",
                 b"MESSAGE sip:alice@corp.example\x0b SIP/2.0", b"MESSAGE sip:alice@corp.example sip/2.0x",
                 b"MESSAGE sip:alice@corp.example HTTP/1.1"]


@pytest.mark.parametrize("start", REQUEST_LINES)
def test_request_lines_that_are_none(lab, start):
    """400 (or 505, or the session's end), never forwarded as it is."""
    connection = lab.from_outside()
    octets = message(sip.token())
    connection.send(start + b"\r\n" + octets.partition(b"\r\n")[2])
    for received in what_crossed(lab, connection):
        received.answer(200)
        assert start not in received.message.raw.split(b"\r\n") and received.message.start in (
            "MESSAGE sip:alice@corp.example SIP/2.0",)


MISSING = ["Via", "From", "To", "Call-ID", "CSeq"]


@pytest.mark.parametrize("name", MISSING)
@pytest.mark.parametrize("how", ["absent", "empty"])
def test_fields_that_every_message_needs(lab, name, how):
    """400 where an answer can be built; never forwarded. Without a Via there is nothing to answer with."""
    connection = lab.from_outside()
    lines = message(sip.token()).split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith(name.lower().encode() + b":")]
    if how == "empty":
        kept.insert(1, name.encode() + b": ")
    connection.send(b"\r\n".join(kept))
    crossed = what_crossed(lab, connection)
    assert len(crossed) <= 1 and all(r.message.call_id.startswith("probe-") for r in crossed)
    assert all(r.message.status == 400 for r in connection.inbox.waiting)
    for received in crossed:
        received.answer(200)
