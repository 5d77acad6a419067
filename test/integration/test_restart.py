# SPDX-License-Identifier: GPL-2.0-or-later
"""The end of one gateway and the begin of the next: sockets that the manager hands over or keeps, sessions that end in a quiet
moment, and no request lost that was accepted, counted under load."""

import contextlib
import shutil
import signal
import socket
import ssl
import threading
import time

import pytest

from lib import gateway, peer, ports, sip, wait
from lib.lab import ALICE, BOB
from lib.manager import Manager


@pytest.fixture
def manager(tmp_path):
    keeper = Manager(tmp_path)
    yield keeper
    keeper.close()


def hand_over(manager, lab, names=("fedgate.socket", "fedgate.socket"), each=1, **options):
    """Sockets on the addresses of both sides, as a socket unit would have them."""
    for name, side in zip(names, ("internal", "external")):
        [listen] = lab.gateway.settings[side]["listen"]
        host, _, port = listen.rpartition(":")
        for _ in range(each):
            manager.listen(name, host, int(port), shared=each > 1, **options)


@pytest.fixture
def make_stopped_lab(make_lab, manager):
    """A lab whose gateway will be started by the manager."""
    def make(**options):
        lab = make_lab(**options)
        lab.gateway.stop()
        lab.gateway.manager = manager
        return lab

    return make


@pytest.fixture
def stopped_lab(make_stopped_lab):
    return make_stopped_lab()


@pytest.fixture
def handed(make_stopped_lab, manager):
    """A lab whose gateway is started on handed sockets."""
    def make(names=("fedgate.socket", "fedgate.socket"), each=1, **options):
        lab = make_stopped_lab(**options)
        hand_over(manager, lab, names, each)
        lab.gateway.start()
        return lab

    return make


def listeners(port):
    """Listening sockets on the port, by the kernel's table: their inodes."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table]
    return {row[9] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"}


@pytest.mark.parametrize("names", [("fedgate.socket",) * 2, ("internal", "external")])
def test_sockets_of_a_socket_unit_are_used_and_no_others(handed, names):
    lab = handed(names)
    for port in (lab.gateway.internal_port, lab.gateway.external_port):
        assert len(listeners(port)) == 1
    for _ in range(8):
        lab.assert_serves()


@pytest.mark.parametrize("each, workers", [(2, 2), (3, 2), (2, 3), (5, 1)])
def test_every_socket_has_somebody_who_accepts(handed, each, workers):
    lab = handed(each=each, settings={"workers": workers})
    assert len(listeners(lab.gateway.external_port)) == each
    for _ in range(20):  # the kernel spreads them over all sockets
        lab.from_outside().close()
    lab.gateway.audit.wait_for(count=20, event="session-accepted", side="external")
    lab.assert_serves()


def test_systemd_itself_hands_over(make_lab):
    activate = shutil.which("systemd-socket-activate")
    if activate is None:
        pytest.skip("systemd-socket-activate is not installed")
    lab = make_lab()
    lab.gateway.stop()
    inner, outer = lab.gateway.settings["internal"]["listen"][0], lab.gateway.settings["external"]["listen"][0]
    lab.gateway.prefix = [activate, "-l", inner, "-l", outer, "--fdname=internal:external"]
    lab.gateway.start(ready=False)
    wait.until(lambda: listeners(lab.gateway.external_port), 5, "the sockets")
    lab.assert_serves()  # the first connection starts it


def refused_to_start(lab):
    lab.gateway.start(ready=False)
    process, lab.gateway.process = lab.gateway.process, None
    assert process.wait() == 1
    return process.errors()


def test_socket_that_nobody_asked_for(stopped_lab, manager):
    lab = stopped_lab
    for name in ("fedgate.socket", "external"):
        port = ports.free_port()
        manager.listen(name, "127.0.0.1", port)
        assert f"127.0.0.1:{port} ({name}), which `listen` of neither side names" in refused_to_start(lab)
        manager.listening.pop()[1].close()


def test_socket_by_a_name_for_the_other_side(stopped_lab, manager):
    lab = stopped_lab
    hand_over(manager, lab, ("external", "internal"))
    assert "is taken" in refused_to_start(lab)


def test_socket_for_both_families(stopped_lab, manager):
    lab = stopped_lab
    manager.listening.append(("fedgate.socket", socket.create_server(
        ("::", ports.free_port()), family=socket.AF_INET6, dualstack_ipv6=True)))
    assert "BindIPv6Only=ipv6-only" in refused_to_start(lab)


def test_socket_that_is_none_of_tcp(stopped_lab, manager):
    lab = stopped_lab
    manager.listening.append(("fedgate.socket", socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
    assert "is no TCP socket" in refused_to_start(lab)


# ---- sockets that are kept ----

def test_listeners_outlive_a_restart(make_lab, manager):
    """A connection made while nobody runs waits, and is served."""
    lab = make_lab(manager=manager)
    manager.wait_for("READY=1")
    assert len(manager.stored) == 4, "two sides, two workers"
    before = listeners(lab.gateway.external_port)
    lab.gateway.stop()
    assert listeners(lab.gateway.external_port) == before
    waiting = [socket.create_connection(("127.0.0.1", lab.gateway.external_port)) for _ in range(10)]
    lab.gateway.start()
    context = peer.tls_context(lab.pki.fabrikam_edge, server=False)
    for number, raw in enumerate(waiting):
        connection = peer.Connection(context.wrap_socket(raw))
        connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=f"waited-{number}"))
        lab.inside.expect_request("MESSAGE", call_id=f"waited-{number}").answer(200)
        connection.expect_status(200, call_id=f"waited-{number}")
        connection.close()
    manager.wait_for("READY=1", count=2)
    assert len(manager.stored) == 4 and listeners(lab.gateway.external_port) == before


def test_kept_listeners_that_are_not_wanted_go(make_lab, manager):
    lab = make_lab(manager=manager)
    manager.wait_for("READY=1")
    before = lab.gateway.external_port
    lab.gateway.stop()
    lab.gateway.settings["external"]["listen"] = [f"127.0.0.1:{ports.free_port()}"]
    lab.gateway.settings["workers"] = 3
    lab.gateway.write()
    lab.gateway.start()
    manager.wait_for("READY=1", count=2)
    wait.until(lambda: not listeners(before), 5, "the old listeners to be gone")
    assert len(manager.stored) == 5, "the two internal ones, and three new ones outside"
    lab.assert_serves()


# ---- under load ----

# The partner's rate is not what is asked for here.
UNBOUNDED = {"fabrikam": {"limits": {"messages-per-second": 1000000, "burst": 1000000}}}


class Caller(threading.Thread):
    """Sends one message after another and waits for each answer. Where the session ends, or the gateway says that it is
    stopping, it opens another, and sends what was not taken again, under another Call-ID."""

    def __init__(self, connect, sender, recipient, name):
        super().__init__(daemon=True)
        self.connect, self.sender, self.recipient, self.prefix = connect, sender, recipient, name
        self.done = threading.Event()
        self.served, self.refused, self.unanswered, self.broken = [], [], [], []
        self.sessions = 0

    def run(self):
        connection, number = None, 0
        while not self.done.is_set():
            number += 1
            call_id = f"{self.prefix}-{number}"
            try:
                if connection is None or not connection.is_alive():
                    connection = self.connect()
                    self.sessions += 1
                status = self.ask(connection, call_id)
            except (OSError, ssl.SSLError) as error:
                self.broken.append(error)
                connection = None
                continue
            {200: self.served, 503: self.refused}.get(status, self.unanswered).append(call_id)
            if status != 200:
                connection.close()
                connection = None

    def ask(self, connection, call_id):
        """The status, or None where the session ended without an answer."""
        connection.send(sip.request("MESSAGE", self.recipient, from_=self.sender, to=self.recipient, call_id=call_id))
        answer = []

        def answered():
            with connection.inbox.changed:
                answer.extend(r.message.status for r in connection.inbox.waiting if not r.message.is_request)
                connection.inbox.waiting.clear()
            return answer

        ended = False
        deadline = time.monotonic() + 20 * wait.PATIENCE
        while not answered():
            if ended:
                return None
            ended = connection.ended.wait(0.001)
            assert time.monotonic() < deadline, f"{call_id}: no answer, and the session stands"
        return answer[0]


@contextlib.contextmanager
def load(lab, callers=6):
    lab.inside.handler = lab.fabrikam.handler = peer.answering(200)
    lines = []
    for number in range(callers // 2):
        lines += [Caller(lambda: lab.from_outside(timeout=20), BOB, ALICE, f"in{number}"),
                  Caller(lambda: lab.from_inside(timeout=20), ALICE, BOB, f"out{number}")]
    for line in lines:
        line.start()
    yield lines
    for line in lines:
        line.done.set()
    for line in lines:
        line.join(30)
        assert not line.is_alive()


def assert_none_lost(lab, lines, restarts):
    """What was answered is in the log, once; what was not answered was never taken."""
    served = {call_id for line in lines for call_id in line.served}
    refused = {call_id for line in lines for call_id in line.refused}
    unanswered = {call_id for line in lines for call_id in line.unanswered}
    lab.gateway.stop()  # which writes the last lines
    logged = {}
    for event in lab.gateway.audit.find(event="request"):
        assert event["call-id"] not in logged, f"twice: {event}"
        logged[event["call-id"]] = event
    arrived = {m.call_id for s in (lab.inside, lab.fabrikam) for m in
               (r.message for r in s.inbox.waiting + s.inbox.taken) if m.is_request}
    print(f"{restarts} restarts: {len(served)} served, {len(refused)} refused with 503, {len(unanswered)} ended without an "
          f"answer, {sum(line.sessions for line in lines)} sessions, {sum(len(line.broken) for line in lines)} broken")
    assert len(served) > 100 * restarts and all(line.sessions > restarts for line in lines)
    assert {logged[call_id]["status"] for call_id in served} == {200}
    assert served == arrived
    assert {logged[call_id]["reason"] for call_id in refused} <= {"shutting-down"}
    assert not unanswered & logged.keys(), "taken, and never answered"
    assert not [line.broken for line in lines if line.broken], "connections are never refused or reset"


def serve_for(lines, messages=60):
    """Until each caller has had that many answers more."""
    goals = [(line, len(line.served) + messages) for line in lines]
    wait.until(lambda: all(len(line.served) >= goal for line, goal in goals), 30,
               lambda: f"answers; there are {[len(line.served) for line in lines]}")


def test_restart_under_load_loses_nothing(make_lab, manager):
    """As `systemctl restart` does it: the old one ends, then the new one begins; connections wait meanwhile."""
    lab = make_lab(manager=manager, partners=UNBOUNDED, settings={"limits": {"drain": "20s"}})
    with load(lab) as lines:
        for _ in range(3):
            serve_for(lines)
            process = lab.gateway.process
            process.send_signal(signal.SIGTERM)
            assert process.wait(25) == 0
            gateway.Gateway.assert_no_complaints(process)
            lab.gateway.start()
        serve_for(lines)
    assert_none_lost(lab, lines, 3)


def test_two_gateways_that_overlap_lose_nothing(handed):
    """On sockets of one unit: the new one serves before the old one is told to end."""
    lab = handed(partners=UNBOUNDED, settings={"limits": {"drain": "20s"}})
    with load(lab) as lines:
        for _ in range(3):
            serve_for(lines)
            old = lab.gateway.process
            lab.gateway.start()
            serve_for(lines, 20)
            old.send_signal(signal.SIGTERM)
            assert old.wait(25) == 0
            gateway.Gateway.assert_no_complaints(old)
        serve_for(lines)
    assert_none_lost(lab, lines, 3)


# ---- sessions that end ----

def test_dialogs_go_on_while_it_drains(make_lab):
    """An ACK and a BYE pass after TERM; what begins is refused once most sessions had time to end."""
    lab = make_lab(settings={"limits": {"drain": "20s"}})
    outside, other = lab.from_outside(), lab.from_outside()
    calling, _, _ = lab.invite(outside, lab.inside)
    outside.send(sip.request("INVITE", ALICE, from_=BOB, to=ALICE, call_id="rings", contact="sip:b@192.0.2.1"))
    ringing = lab.inside.expect_request("INVITE", call_id="rings")
    process, lab.gateway.process = lab.gateway.process, None
    process.send_signal(signal.SIGTERM)
    lab.gateway.audit.wait_for(event="stopping")
    other.expect_end()  # nothing is in flight there

    def refused():
        call_id = sip.token("begins-")
        outside.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=call_id))
        with contextlib.suppress(wait.TimedOut):
            lab.inside.expect_request("MESSAGE", call_id=call_id, timeout=0.2).answer(200)
        return outside.expect_answer(call_id=call_id).message.status == 503

    wait.until(refused, 5, "what begins to be refused")
    outside.send(calling.request("BYE"))
    lab.inside.expect_request("BYE").answer(200)
    outside.expect_status(200, method="BYE")
    ringing.answer(200, contact="sip:a@192.0.2.2")
    answer = outside.expect_status(200, call_id="rings").message
    outside.send(sip.Dialog.of_caller(answer).request("ACK"))
    lab.inside.expect_request("ACK", call_id="rings")
    outside.expect_end()
    assert process.wait(10) == 0
    gateway.Gateway.assert_no_complaints(process)


def test_who_waits_in_the_queue_is_let_in(make_lab):
    """Without a manager, too: closing a listener resets those that the kernel has accepted for it."""
    lab = make_lab(settings={"workers": 1, "limits": {"drain": "10s"}})
    process, lab.gateway.process = lab.gateway.process, None
    process.send_signal(signal.SIGSTOP)
    waiting = [socket.create_connection(("127.0.0.1", lab.gateway.external_port)) for _ in range(2)]
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    context = peer.tls_context(lab.pki.fabrikam_edge, server=False)
    connections = [peer.Connection(context.wrap_socket(raw)) for raw in waiting]
    for number, connection in enumerate(connections):
        connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=f"late-{number}"))
    for number, connection in enumerate(connections):
        lab.inside.expect_request("MESSAGE", call_id=f"late-{number}").answer(200)
        connection.expect_status(200, call_id=f"late-{number}")
        connection.close()
    assert process.wait(10) == 0
    gateway.Gateway.assert_no_complaints(process)
