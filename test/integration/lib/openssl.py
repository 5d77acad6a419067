# SPDX-License-Identifier: GPL-2.0-or-later
"""openssl s_client and s_server as SIP peers: what they write on standard output is the stream, what a test sends goes
to their standard input. A TLS implementation and a driver that owe nothing to Python's."""

import subprocess
import threading

from . import ports, sip, wait
from .peer import Expecting, Inbox, Received

VERSIONS = {"TLSv1.2": "-tls1_2", "TLSv1.3": "-tls1_3"}


class OpensslPeer(Expecting):
    def __init__(self, words):
        self.inbox = Inbox()
        self.framer = sip.Framer()
        self.octets = b""
        self.errors = b""
        self.child = subprocess.Popen(["openssl", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE)
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_errors, daemon=True).start()

    def _read(self):
        while data := self.child.stdout.read1(65536):
            self.octets += data
            for message in self.framer.feed(data):
                self.inbox.put(Received(self, message))

    def _read_errors(self):
        while data := self.child.stderr.read1(65536):
            self.errors += data

    def send(self, data):
        self.child.stdin.write(data)
        self.child.stdin.flush()

    def expect_exit(self, timeout=5.0):
        wait.until(lambda: self.child.poll() is not None, timeout, "openssl to end")
        return self.child.returncode

    def close(self):
        self.child.kill()
        self.child.wait()
        for stream in (self.child.stdin, self.child.stdout, self.child.stderr):
            try:
                stream.close()
            except OSError:
                pass


def client(cleanup, port, identity, version, trust, *options):
    peer = OpensslPeer(["s_client", "-connect", f"127.0.0.1:{port}", "-cert", identity.chain_file, "-key",
                        identity.key_file, "-cert_chain", identity.chain_file, "-CAfile", trust.file,
                        "-verify_return_error", VERSIONS[version], "-quiet", *options])
    cleanup.callback(peer.close)
    return peer


def server(cleanup, port, identity, version, trust, *options):
    peer = OpensslPeer(["s_server", "-accept", f"127.0.0.1:{port}", "-cert", identity.chain_file, "-key",
                        identity.key_file, "-cert_chain", identity.chain_file, "-CAfile", trust.file,
                        "-Verify", "4", "-verify_return_error", VERSIONS[version], "-quiet", *options])
    cleanup.callback(peer.close)
    wait.until(lambda: ports.listens(port), 5, "s_server to listen")
    return peer
