# SPDX-License-Identifier: GPL-2.0-or-later
"""SIP as octets: a reader that cuts a stream into messages, and builders that give full control of what is sent.
Independent of the gateway's own reader on purpose."""

import hashlib
import itertools
import os
import re

_COMPACT = {
    "v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type",
    "e": "content-encoding", "k": "supported", "s": "subject", "o": "event", "u": "allow-events",
    "r": "refer-to", "b": "referred-by", "x": "session-expires",
}
_PHRASES = {
    100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted", 302: "Moved Temporarily",
    400: "Bad Request", 403: "Forbidden", 404: "Not Found", 408: "Request Timeout", 481: "No Such Call",
    486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here", 500: "Server Internal Error",
    503: "Service Unavailable", 600: "Busy Everywhere", 603: "Decline",
}
_numbers = itertools.count(1)


def token(prefix=""):
    """A word that no other test of any run uses."""
    return f"{prefix}{os.getpid():x}{next(_numbers):x}{os.urandom(4).hex()}"


def canonical(name):
    name = name.strip().lower()
    return _COMPACT.get(name, name)


class Message:
    """One message as it came, with its header fields in order. `raw` has every octet."""

    def __init__(self, raw):
        self.raw = raw
        head, _, self.body = raw.partition(b"\r\n\r\n")
        self.head = head
        unfolded = re.sub(rb"\r\n[ \t]+", b" ", head).decode("utf-8", "surrogateescape")
        self.start, *lines = unfolded.split("\r\n")
        self.headers = []
        for line in lines:
            name, _, value = line.partition(":")
            self.headers.append((name.strip(), value.strip()))

    def __repr__(self):
        return f"<{self.start!r} {self.get('Call-ID')}>"

    def all(self, name):
        """The values of every field of that name, short or long, in order; commas are not split."""
        return [value for key, value in self.headers if canonical(key) == canonical(name)]

    def get(self, name):
        values = self.all(name)
        return values[0] if values else None

    def entries(self, name):
        """The same, with comma lists split: for Via, Route, Record-Route."""
        return [e.strip() for v in self.all(name) for e in re.split(r",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", v)]

    @property
    def is_request(self):
        return not self.start.startswith("SIP/")

    @property
    def method(self):
        return self.start.split(" ")[0] if self.is_request else self.get("CSeq").split()[1]

    @property
    def uri(self):
        return self.start.split(" ")[1]

    @property
    def status(self):
        return None if self.is_request else int(self.start.split(" ")[1])

    @property
    def call_id(self):
        return self.get("Call-ID")

    @property
    def branch(self):
        return parameter(self.entries("Via")[0], "branch")


class FramingError(Exception):
    pass


class Framer:
    """Cuts a stream into messages; CRLFs between them are counted, not lost."""

    def __init__(self):
        self.buffer = b""
        self.keep_alives = b""

    def feed(self, data):
        self.buffer += data
        messages = []
        while True:
            stripped = self.buffer.lstrip(b"\r\n")
            self.keep_alives += self.buffer[:len(self.buffer) - len(stripped)]
            self.buffer = stripped
            head, separator, rest = stripped.partition(b"\r\n\r\n")
            if not separator:
                return messages
            lengths = Message(head + separator).all("Content-Length")
            if len(lengths) != 1 or not lengths[0].isdigit():
                raise FramingError(f"Content-Length {lengths} in {head!r}")
            if len(rest) < int(lengths[0]):
                return messages
            end = len(head) + 4 + int(lengths[0])
            messages.append(Message(self.buffer[:end]))
            self.buffer = self.buffer[end:]


def parameter(value, name):
    match = re.search(rf";\s*{re.escape(name)}\s*=\s*([^;,\s>]+)", value, re.I)
    return match.group(1) if match else None


def has_tag(value):
    return parameter(value.rpartition(">")[2] or value, "tag") is not None


def uri_of(value):
    """The URI of a name-addr or addr-spec."""
    match = re.search(r"<([^>]*)>", value)
    return match.group(1) if match else value.split(";")[0].strip()


def assemble(start, headers, body=b"", content_length=True):
    """A message from its parts; `headers` are (name, value) and go out as they are."""
    lines = [start] + [f"{name}: {value}" for name, value in headers]
    if content_length:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape") + body


def request(method, uri, *, from_, to, call_id=None, branch=None, via="peer.invalid:5061", cseq=1, from_tag=None,
            to_tag=None, max_forwards=70, routes=(), headers=(), body=b"", contact=None, content_length=True,
            cseq_method=None):
    """A request as octets. `from_` and `to` are URIs; `None` for max_forwards leaves the field out."""
    fields = [("Via", f"SIP/2.0/TLS {via};branch={branch or token('z9hG4bK')}")]
    fields += [("Route", route) for route in routes]
    if max_forwards is not None:
        fields.append(("Max-Forwards", max_forwards))
    fields += [
        ("From", f"<{from_}>;tag={from_tag or token('f')}"),
        ("To", f"<{to}>" + (f";tag={to_tag}" if to_tag else "")),
        ("Call-ID", call_id or token("call-")),
        ("CSeq", f"{cseq} {cseq_method or method}"),
    ]
    if contact:
        fields.append(("Contact", f"<{contact}>"))
    if body and not any(canonical(name) == "content-type" for name, _ in headers):
        fields.append(("Content-Type", "text/plain"))
    fields += list(headers)
    return assemble(f"{method} {uri} SIP/2.0", fields, body, content_length)


def response(message, status, phrase=None, *, to_tag=None, headers=(), body=b"", contact=None):
    """The answer of a server that received `message`: Vias and Record-Routes copied, To tagged."""
    to = message.get("To")
    if status > 100 and not has_tag(to):
        to += f";tag={to_tag or 't' + hashlib.sha256(message.call_id.encode('utf-8', 'replace')).hexdigest()[:8]}"
    fields = [("Via", value) for value in message.all("Via")]
    fields += [("Record-Route", value) for value in message.all("Record-Route")]
    fields += [("From", message.get("From")), ("To", to), ("Call-ID", message.call_id),
               ("CSeq", message.get("CSeq"))]
    if contact:
        fields.append(("Contact", f"<{contact}>"))
    fields += list(headers)
    return assemble(f"SIP/2.0 {status} {phrase or _PHRASES.get(status, 'Whatever')}", fields, body)


class Dialog:
    """One side's view of a dialog: what a further request of that side carries."""

    def __init__(self, *, local, remote, call_id, target, routes, cseq):
        self.local, self.remote, self.call_id = local, remote, call_id
        self.target, self.routes, self.cseq = target, routes, cseq

    @classmethod
    def of_caller(cls, answer):
        return cls(local=answer.get("From"), remote=answer.get("To"), call_id=answer.call_id,
                   target=uri_of(answer.get("Contact")), routes=answer.entries("Record-Route")[::-1],
                   cseq=int(answer.get("CSeq").split()[0]))

    @classmethod
    def of_callee(cls, invite, answer):
        return cls(local=answer.get("To"), remote=answer.get("From"), call_id=invite.call_id,
                   target=uri_of(invite.get("Contact")), routes=invite.entries("Record-Route"), cseq=100)

    def request(self, method, *, headers=(), body=b"", via="peer.invalid:5061", cseq=None, branch=None, contact=None,
                local=None, routes=None, target=None):
        if cseq is None:
            if method != "ACK":
                self.cseq += 1
            cseq = self.cseq
        fields = [("Via", f"SIP/2.0/TLS {via};branch={branch or token('z9hG4bK')}")]
        fields += [("Route", route) for route in (self.routes if routes is None else routes)]
        fields += [("Max-Forwards", 70), ("From", local or self.local), ("To", self.remote),
                   ("Call-ID", self.call_id), ("CSeq", f"{cseq} {method}")]
        if contact:
            fields.append(("Contact", f"<{contact}>"))
        if body:
            fields.append(("Content-Type", "application/sdp"))
        return assemble(f"{method} {target or self.target} SIP/2.0", fields + list(headers), body)


def cancel(invite):
    """The CANCEL of a request that was sent as these octets (RFC 3261 9.1)."""
    message = Message(invite)
    fields = [("Via", message.entries("Via")[0])]
    fields += [("Route", value) for value in message.all("Route")]
    fields += [("Max-Forwards", 70), ("From", message.get("From")), ("To", message.get("To")),
               ("Call-ID", message.call_id), ("CSeq", f"{message.get('CSeq').split()[0]} CANCEL")]
    return assemble(f"CANCEL {message.uri} SIP/2.0", fields)


def ack_of_refusal(invite, answer):
    """The ACK of a final answer that is not 2xx: same branch, To of the answer (RFC 3261 17.1.1.3)."""
    message = Message(invite)
    fields = [("Via", message.entries("Via")[0])]
    fields += [("Route", value) for value in message.all("Route")]
    fields += [("Max-Forwards", 70), ("From", message.get("From")), ("To", answer.get("To")),
               ("Call-ID", message.call_id), ("CSeq", f"{message.get('CSeq').split()[0]} ACK")]
    return assemble(f"ACK {message.uri} SIP/2.0", fields)
