# SPDX-License-Identifier: GPL-2.0-or-later
"""An authoritative name server on loopback, UDP and TCP, that can be told to go wrong in every way that name servers
do. It keeps every question with the time it came."""

import socket
import struct
import threading
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from . import ports, wait


class Question:
    def __init__(self, name, kind, transport):
        self.name, self.kind, self.transport, self.time = name, kind, transport, time.monotonic()

    def __repr__(self):
        return f"{self.name}/{self.kind}/{self.transport}"


def whole(reply):
    """As octets, of whatever length: cutting is a matter of the behaviour."""
    return reply.to_wire(max_size=65535)


# What a name server can do with one question: a behaviour takes (server, query, transport) and returns octets or None.

def silent(server, query, transport):
    return None


def code(name):
    def behave(server, query, transport):
        reply = dns.message.make_response(query)
        reply.set_rcode(dns.rcode.from_text(name))
        return reply.to_wire()
    return behave


def empty(server, query, transport):
    return dns.message.make_response(query).to_wire()


def truncated(server, query, transport):
    """TC over UDP, the whole answer over TCP."""
    if transport == "tcp":
        return whole(server.resolve(query))
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.TC
    return reply.to_wire()


def truncated_without_tcp(server, query, transport):
    return truncated(server, query, transport) if transport == "udp" else None


def garbage(server, query, transport):
    return struct.pack("!H", query.id) + b"\x81\x80" + b"\xff" * 60


def wrong_id(server, query, transport):
    reply = server.resolve(query)
    reply.id ^= 0x5555
    return whole(reply)


def pointer_loop(server, query, transport):
    """A compression pointer in the answer that points at itself."""
    wire = bytearray(dns.message.make_response(query).to_wire())
    struct.pack_into("!H", wire, 6, 1)  # one answer
    return bytes(wire) + struct.pack("!HHHIH", 0xC000 | len(wire), 33, 1, 60, 4) + b"abcd"


def after(seconds, behave=None):
    """The answer, late."""
    def late(server, query, transport):
        server.stopping.wait(seconds)
        return (behave or answer)(server, query, transport)
    return late


def answer(server, query, transport):
    reply = server.resolve(query)
    wire = whole(reply)
    if transport == "udp" and len(wire) > 1232:
        return truncated(server, query, transport)
    return wire


class NameServer:
    def __init__(self, port=None):
        self.port = port or ports.free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.records = {}     # (name, type) -> (ttl, [rdata text]) or a callable that returns such a pair
        self.behaviours = {}  # name -> behaviour; None: every name without one of its own
        self.questions = []
        self.stopping = threading.Event()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._tcp = socket.create_server(("127.0.0.1", self.port))
        for job in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=job, daemon=True).start()

    # What is in the zone.

    def set(self, name, kind, values, ttl=300):
        self.records[(name.lower().rstrip("."), kind)] = (ttl, list(values))

    def srv(self, domain, *targets, ttl=300, service="_sipfederationtls._tcp"):
        """Targets: (host, port) or (host, port, priority, weight)."""
        values = []
        for host, port, *rest in targets:
            priority, weight = rest or (10, 0)
            values.append(f"{priority} {weight} {port} {host.rstrip('.')}.")
        self.set(f"{service}.{domain}", "SRV", values, ttl)

    def host(self, name, *addresses, ttl=300):
        for kind, is_v6 in (("A", False), ("AAAA", True)):
            of_kind = [a for a in addresses if (":" in a) == is_v6]
            if of_kind:
                self.set(name, kind, of_kind, ttl)

    def behave(self, behaviour, name=None):
        """From now on, for that name or for all that have none of their own."""
        self.behaviours[None if name is None else name.lower()] = behaviour

    def asked(self, name, kind=None):
        return [q for q in self.questions if q.name == name.lower() and kind in (None, q.kind)]

    def wait_asked(self, name, kind=None, count=1, timeout=5.0):
        wait.until(lambda: len(self.asked(name, kind)) >= count, timeout, f"a question for {name}")

    # How it answers.

    def resolve(self, query):
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA
        asked = query.question[0]
        name = asked.name
        for _ in range(8):
            text = name.to_text(omit_final_dot=True).lower()
            kind = dns.rdatatype.to_text(asked.rdtype)
            if (text, kind) in self.records:
                self._add(reply, name, text, kind)
                return reply
            if (text, "CNAME") not in self.records:
                break
            name = self._add(reply, name, text, "CNAME")[0].target
        if not reply.answer and not any(text == known for known, _ in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply

    def _add(self, reply, name, text, kind):
        entry = self.records[(text, kind)]
        ttl, values = entry() if callable(entry) else entry
        rrset = dns.rrset.from_text_list(name, ttl, "IN", kind, values)
        reply.answer.append(rrset)
        return rrset

    def _reply_to(self, wire, transport):
        try:
            query = dns.message.from_wire(wire)
            name = query.question[0].name.to_text(omit_final_dot=True).lower()
        except Exception:  # not for us to judge: a broken question gets no answer
            return None
        self.questions.append(Question(name, dns.rdatatype.to_text(query.question[0].rdtype), transport))
        behave = self.behaviours.get(name) or self.behaviours.get(None) or answer
        return behave(self, query, transport)

    def _serve_udp(self):
        while not self.stopping.is_set():
            try:
                wire, peer = self._udp.recvfrom(4096)
            except OSError:
                return
            threading.Thread(target=self._answer_udp, args=(wire, peer), daemon=True).start()

    def _answer_udp(self, wire, peer):
        reply = self._reply_to(wire, "udp")
        if reply is not None and not self.stopping.is_set():
            try:
                self._udp.sendto(reply, peer)
            except OSError:
                pass

    def _serve_tcp(self):
        while not self.stopping.is_set():
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._answer_tcp, args=(connection,), daemon=True).start()

    def _answer_tcp(self, connection):
        connection.settimeout(5)
        with connection:
            try:
                stream = connection.makefile("rb")
                while True:
                    head = stream.read(2)
                    if len(head) < 2:
                        return
                    reply = self._reply_to(stream.read(struct.unpack("!H", head)[0]), "tcp")
                    if reply is None:
                        self.stopping.wait(3)
                        return
                    connection.sendall(struct.pack("!H", len(reply)) + reply)
            except OSError:
                return

    def close(self):
        """Ends the server; its port refuses from then on (ICMP for UDP, RST for TCP)."""
        self.stopping.set()
        self._udp.close()
        try:
            self._tcp.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._tcp.close()
