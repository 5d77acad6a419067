# SPDX-License-Identifier: GPL-2.0-or-later
"""SIP peers over mutual TLS: one that connects, one that listens. Both keep every octet and every message that came;
a test says what it expects next and answers it."""

import select
import socket
import ssl
import struct
import threading
import time

from . import sip, wait

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def tls_context(identity, *, server, trust=None, version=None, ciphers=None, oldest=None):
    """`trust`: authorities that the other side must lead to; None: anything goes (the gateway is under test, not we).
    `identity` None: no certificate at all."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(ciphers or "DEFAULT:@SECLEVEL=0")  # weak certificates are ours to present
    if oldest is not None:
        context.minimum_version = oldest
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if trust is not None:
        for authority in trust:
            context.load_verify_locations(authority.file)
        context.verify_mode = ssl.CERT_REQUIRED
    if identity is not None:
        context.load_cert_chain(identity.chain_file, identity.key_file)
    return context


class Received:
    """A message with the connection that it came on."""

    def __init__(self, connection, message):
        self.connection, self.message, self.time = connection, message, time.monotonic()

    def __repr__(self):
        return repr(self.message)

    def answer(self, status, phrase=None, **options):
        octets = sip.response(self.message, status, phrase, **options)
        self.connection.send(octets)
        return sip.Message(octets)


class Inbox:
    """Messages of one or more connections, in order of arrival, each taken once."""

    def __init__(self):
        self.changed = threading.Condition()
        self.waiting = []
        self.taken = []

    def put(self, received):
        with self.changed:
            self.waiting.append(received)
            self.changed.notify_all()

    def take(self, matches, timeout, what):
        deadline = time.monotonic() + timeout * wait.PATIENCE
        with self.changed:
            while True:
                for received in self.waiting:
                    if matches(received.message):
                        self.waiting.remove(received)
                        self.taken.append(received)
                        return received
                left = deadline - time.monotonic()
                if left <= 0:
                    raise wait.TimedOut(f"waited for {what}; there is {self.waiting}, taken were {self.taken[-5:]}")
                self.changed.wait(left)


class Expecting:
    """The words of a test that waits for messages. Needs self.inbox."""

    def expect_request(self, method, *, call_id=None, timeout=5.0):
        return self.inbox.take(
            lambda m: m.is_request and m.method == method and call_id in (None, m.call_id),
            timeout, f"a {method} request")

    def expect_status(self, status, *, call_id=None, method=None, timeout=5.0):
        """The next final or provisional answer of that status; 100 is passed over unless asked for."""
        def matches(message):
            return (not message.is_request and call_id in (None, message.call_id)
                    and method in (None, message.method) and (status == 100 or message.status != 100))
        received = self.inbox.take(matches, timeout, f"an answer {status} {call_id or ''}")
        assert received.message.status == status, (
            f"expected {status}, got {received.message.start} {received.message.all('Reason')}")
        return received

    def expect_answer(self, *, call_id, timeout=5.0):
        """Whatever final answer comes."""
        return self.inbox.take(lambda m: not m.is_request and m.status >= 200 and m.call_id == call_id,
                               timeout, f"a final answer to {call_id}")

    def received_requests(self, method=None):
        """Requests not yet taken."""
        with self.inbox.changed:
            return [r for r in self.inbox.waiting
                    if r.message.is_request and method in (None, r.message.method)]


class Connection(Expecting):
    """An established TLS session. A thread reads; any thread may send."""

    def __init__(self, socket_, inbox=None, handler=None):
        self.socket = socket_
        self.inbox = inbox or Inbox()
        self.handler = handler
        self.octets = b""
        self.framer = sip.Framer()
        self.ended = threading.Event()  # the other side closed, or the session broke
        self.error = None
        self.reading = threading.Event()
        self.reading.set()
        self.local = "%s:%d" % socket_.getsockname()[:2]
        self.remote = "%s:%d" % socket_.getpeername()[:2]
        self.version = socket_.version()
        self._lock = threading.Lock()  # an SSL object is not for two threads at once
        self._closed = False
        socket_.setblocking(False)
        socket_.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        try:
            while not self._closed:
                if not self.reading.wait(0.1):
                    continue
                if not select.select([self.socket], [], [], 0.1)[0]:
                    continue
                while True:
                    try:
                        with self._lock:
                            data = self.socket.recv(65536)
                    except (ssl.SSLWantReadError, BlockingIOError):
                        break
                    except ssl.SSLWantWriteError:
                        select.select([], [self.socket], [], 0.1)
                        continue
                    if not data:
                        return
                    self._arrived(data)
        except (OSError, ValueError, sip.FramingError) as error:
            self.error = error
        finally:
            self.ended.set()

    def _arrived(self, data):
        self.octets += data
        for message in self.framer.feed(data):
            received = Received(self, message)
            if self.handler is None or not self.handler(received):
                self.inbox.put(received)

    def send(self, data, timeout=10.0):
        deadline = time.monotonic() + timeout * wait.PATIENCE
        view = memoryview(data)
        while len(view):
            try:
                with self._lock:
                    sent = self.socket.send(view)
                view = view[sent:]
            except (ssl.SSLWantWriteError, BlockingIOError):
                if time.monotonic() > deadline:
                    raise wait.TimedOut(f"{len(view)} octets could not be sent") from None
                select.select([], [self.socket], [], 0.05)
            except ssl.SSLWantReadError:
                select.select([self.socket], [], [], 0.05)

    def send_what_fits(self, data):
        """One non-blocking attempt; how many octets went."""
        try:
            with self._lock:
                return self.socket.send(data)
        except (ssl.SSLWantWriteError, BlockingIOError):
            return 0

    def pause_reading(self):
        self.reading.clear()

    def resume_reading(self):
        self.reading.set()

    def expect_pong(self, timeout=5.0):
        wait.until(lambda: self.framer.keep_alives, timeout, "a keep-alive pong")
        pong, self.framer.keep_alives = self.framer.keep_alives, b""
        return pong

    def expect_end(self, timeout=5.0):
        if not self.ended.wait(timeout * wait.PATIENCE):
            raise wait.TimedOut("the session was not closed")

    def is_alive(self):
        return not self.ended.is_set()

    def _stop_reading(self):
        self.reading.set()
        try:
            socket.socket.shutdown(self.socket, socket.SHUT_RD)  # wakes the reader; nothing goes over the wire
        except OSError:
            pass
        self._thread.join(2)

    def close(self, graceful=False):
        """Drops the connection; gracefully: with a close_notify first."""
        if self._closed:
            return
        self._closed = True
        self._stop_reading()
        try:
            if graceful:
                with self._lock:
                    try:
                        self.socket.unwrap()
                    except (ssl.SSLError, OSError, ValueError):
                        pass
        finally:
            self.socket.close()
            self.ended.set()

    def reset(self):
        """Ends the TCP connection with RST."""
        self._closed = True
        self._stop_reading()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def connect(port, identity, *, address="127.0.0.1", source=None, version=None, trust=None, ciphers=None, oldest=None,
            server_name=None, inbox=None, handler=None, timeout=5.0):
    """A session that we open. Raises OSError or ssl.SSLError when the handshake is refused; with TLS 1.3 a refusal of
    our certificate shows only afterwards: as the session's end."""
    raw = socket.create_connection((address, port), timeout * wait.PATIENCE,
                                   source_address=None if source is None else (source, 0))
    local = "%s:%d" % raw.getsockname()[:2]
    try:
        context = tls_context(identity, server=False, trust=trust, version=version, ciphers=ciphers, oldest=oldest)
        wrapped = context.wrap_socket(raw, server_hostname=server_name)
    except OSError as error:
        raw.close()
        error.local = local
        raise
    return Connection(wrapped, inbox, handler)


class Server(Expecting):
    """A peer that listens. Each connection that stands feeds the one inbox; failed handshakes are kept too."""

    def __init__(self, port, identity, *, address="127.0.0.1", version=None, trust=None, handler=None,
                 ciphers=None):
        """`trust` given: a client certificate is demanded and must lead to one of them; None: none is asked for."""
        self.port, self.address = port, address
        self.inbox = Inbox()
        self.connections = []
        self.failures = []  # errors of handshakes
        self.accepted = 0   # TCP connections
        self.handler = handler
        self._options = {"trust": trust, "version": version, "ciphers": ciphers}
        self.use(identity)
        self._stopping = False
        self._listener = socket.create_server(
            (address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET, backlog=512)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def use(self, identity):
        """Another certificate for the handshakes to come."""
        self.context = tls_context(identity, server=True, **self._options)

    def _accept(self):
        while not self._stopping:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw):
        raw.settimeout(10 * wait.PATIENCE)
        try:
            wrapped = self.context.wrap_socket(raw, server_side=True)
            self.connections.append(Connection(wrapped, self.inbox, self.handler))
        except (OSError, ValueError) as error:
            self.failures.append(error)
            raw.close()

    def live(self):
        return [c for c in self.connections if c.is_alive()]

    def close(self):
        self._stopping = True
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self._thread.join(2)
        for connection in list(self.connections):
            connection.close()


def answering(status=200, **options):
    """A handler that answers every request but ACK at once and keeps nothing back from the inbox."""
    def handle(received):
        if received.message.is_request and received.message.method != "ACK":
            received.answer(status, **options)
        return False
    return handle
