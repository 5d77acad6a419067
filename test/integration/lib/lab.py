# SPDX-License-Identifier: GPL-2.0-or-later
"""The usual stage: fedgate between our front end (fe1) and the edges of two partners, fabrikam and contoso.

    fe1 <- pool.corp.example:next hop | edge.corp.example  fedgate  sip.corp.example | edge.fabrikam.example -> fabrikam

Partners are found by `locate: fixed` and dns.hosts, so that no name server is needed where none is under test."""

import time

from . import peer, ports, sip, wait, yaml_text
from .gateway import Gateway

ALICE = "sip:alice@corp.example"
BOB = "sip:bob@fabrikam.example"
CAROL = "sip:carol@contoso.example"


class Lab:
    """`settings` and `partners` are laid over the defaults; a partner None is left out."""

    def __init__(self, folder, pki, *, settings=None, partners=None, nameserver=None, valgrind=False, handler=None,
                 start=True, **of_gateway):
        self.pki, self.nameserver = pki, nameserver
        self._clients, self._servers = [], []
        self.inside = self.serve(pki.fe1, trust=[pki.enterprise], handler=handler)
        self.fabrikam = self.serve(pki.fabrikam_edge, trust=[pki.public], handler=handler)
        self.contoso = self.serve(pki.contoso_edge, trust=[pki.public], handler=handler)
        self.gateway = Gateway(folder, yaml_text.merge(self._settings(), settings or {}),
                               self._partners(partners or {}), valgrind=valgrind, **of_gateway)
        if start:
            self.gateway.start()

    def _settings(self):
        pki = self.pki
        return {
            "internal": {
                "listen": [f"127.0.0.1:{ports.free_port()}"],
                "host": "edge.corp.example",
                "certificate": pki.gateway_internal.chain_file,
                "key": pki.gateway_internal.key_file,
                "roots": [pki.enterprise.file],
                "servers": ["fe1.corp.example", "fe2.corp.example"],
                "domains": ["corp.example"],
                "next-hop": [f"pool.corp.example:{self.inside.port}"],
            },
            "external": {
                "listen": [f"127.0.0.1:{ports.free_port()}"],
                "host": "sip.corp.example",
                "certificate": pki.gateway_external.chain_file,
                "key": pki.gateway_external.key_file,
            },
            "partners": "federation-partners",
            "dns": {
                "servers": [self.nameserver.address if self.nameserver else f"127.0.0.1:{ports.free_port()}"],
                "allow-loopback": True,
                "hosts": {name: ["127.0.0.1"] for name in (
                    "pool.corp.example", "fe1.corp.example", "fe2.corp.example",
                    *(() if self.nameserver else ("edge.fabrikam.example", "edge.contoso.example")))},
            },
            "logs": {"directory": "logs"},
            "limits": {"drain": "1s"},
            "workers": 2,
        }

    def _partners(self, changes):
        defaults = {}
        for name, server, authority in (("fabrikam", self.fabrikam, self.pki.fabrikam),
                                        ("contoso", self.contoso, self.pki.contoso)):
            defaults[name] = {"domains": [f"{name}.example"], "roots": [authority.file]}
            if not self.nameserver:
                defaults[name]["locate"] = {"fixed": [f"edge.{name}.example:{server.port}"]}
            else:
                self.nameserver.srv(f"{name}.example", (f"edge.{name}.example", server.port))
                self.nameserver.host(f"edge.{name}.example", "127.0.0.1")
        return yaml_text.merge(defaults, changes)

    # Peers.

    def serve(self, identity, *, port=None, trust=None, **options):
        server = peer.Server(port or ports.free_port(), identity, trust=trust or [self.pki.public], **options)
        self._servers.append(server)
        return server

    def _connect(self, port, identity, **options):
        connection = peer.connect(port, identity, **options)
        self._clients.append(connection)
        return connection

    def from_inside(self, identity=None, **options):
        """A session of one of our own servers with the gateway's internal side."""
        return self._connect(self.gateway.internal_port, identity or self.pki.fe1, **options)

    def from_outside(self, identity=None, **options):
        """A session of a partner's edge (fabrikam unless said) with the gateway's external side."""
        return self._connect(self.gateway.external_port, identity or self.pki.fabrikam_edge, **options)

    # Steps that many tests share.

    def invite(self, caller, callee, *, from_=BOB, to=ALICE, contact="sip:bob@192.0.2.10", headers=(), body=b"v=0\r\n",
               answer_contact="sip:alice@192.0.2.20"):
        """A call up to its ACK. Returns (caller's dialog, callee's dialog, INVITE as it arrived)."""
        call_id = sip.token("invite-")
        caller.send(sip.request("INVITE", to, from_=from_, to=to, call_id=call_id, contact=contact, headers=headers,
                                body=body))
        arrived = callee.expect_request("INVITE", call_id=call_id)
        arrived.answer(180)
        caller.expect_status(180, call_id=call_id)
        given = arrived.answer(200, contact=answer_contact, body=b"v=0\r\ns=answer\r\n")
        answer = caller.expect_status(200, call_id=call_id).message
        calling = sip.Dialog.of_caller(answer)
        caller.send(calling.request("ACK"))
        callee.expect_request("ACK", call_id=call_id)
        return calling, sip.Dialog.of_callee(arrived.message, given), arrived

    def assert_serves(self):
        """A message crosses in each direction on fresh sessions."""
        for client, server, sender, recipient in (
                (self.from_outside, self.inside, BOB, ALICE), (self.from_inside, self.fabrikam, ALICE, BOB)):
            connection = client()
            call_id = sip.token("serves-")
            connection.send(sip.request("MESSAGE", recipient, from_=sender, to=recipient, call_id=call_id, body=b"hi"))
            arrived = server.expect_request("MESSAGE", call_id=call_id)
            if server.handler is None:
                arrived.answer(200)
            connection.expect_status(200, call_id=call_id)
            connection.close()

    def wait_until_reachable(self, within=20):
        """After failures the gateway may hold back (backoff) before it tries fabrikam again."""
        deadline = time.monotonic() + within * wait.PATIENCE
        connection = self.from_inside()
        while True:
            call_id = sip.token("reaches-")
            connection.send(sip.request("MESSAGE", BOB, from_=ALICE, to=BOB, call_id=call_id))
            try:
                self.fabrikam.expect_request("MESSAGE", call_id=call_id, timeout=1).answer(200)
                connection.expect_status(200, call_id=call_id)
                connection.close()
                return
            except AssertionError:
                assert time.monotonic() < deadline, "the partner is not found again"

    def close_clients(self):
        while self._clients:
            self._clients.pop().close()

    def close(self):
        self.close_clients()
        try:
            self.gateway.stop()
        finally:
            self.gateway.kill()
            for server in self._servers:
                server.close()
