# SPDX-License-Identifier: GPL-2.0-or-later
"""A service manager as far as a service sees one: it hears sd_notify messages, keeps descriptors, and hands them out."""

import array
import os
import socket
import sys
import time
from pathlib import Path

from . import wait

_LAUNCHER = Path(__file__).with_name("launch.py")


class Message:
    def __init__(self, text, descriptors):
        self.fields = dict(line.partition("=")[::2] for line in text.splitlines())
        self.descriptors = descriptors
        self.time = time.monotonic()

    def __contains__(self, line):
        name, _, value = line.partition("=")
        return self.fields.get(name) == value

    def __repr__(self):
        return f"{self.fields} {self.descriptors or ''}"


class Manager:
    def __init__(self, folder, *, abstract=False, listens=True):
        self.name = f"@fedgate-test-{os.getpid()}-{time.monotonic_ns()}" if abstract else f"{folder}/notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.name.replace("@", "\0", 1))
        if not listens:
            self.socket.close()
        self.messages = []
        self.listening = []  # (name, socket)
        self.stored = []  # (name, descriptor)

    def environment(self, **more):
        return {"NOTIFY_SOCKET": self.name, **more}

    def hear(self):
        """What has come since, all told."""
        while True:
            try:
                text, control, _, _ = self.socket.recvmsg(4096, 4096, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return self.messages
            descriptors = array.array("i")
            for level, kind, data in control:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    descriptors.frombytes(data[:len(data) - len(data) % descriptors.itemsize])
            message = Message(text.decode(), list(descriptors))
            self.messages.append(message)
            self._keep(message)

    def _keep(self, message):
        """The store of descriptors, as systemd keeps it."""
        if "FDSTORE=1" in message:
            self.stored += [(message.fields["FDNAME"], descriptor) for descriptor in message.descriptors]
        if "FDSTOREREMOVE=1" in message:
            for name, descriptor in list(self.stored):
                if name == message.fields["FDNAME"]:
                    os.close(descriptor)
                    self.stored.remove((name, descriptor))

    def wait_for(self, line, count=1, timeout=10.0):
        """The count-th message with this line."""
        def found():
            return [message for message in self.hear() if line in message]
        wait.until(lambda: len(found()) >= count, timeout,
                   lambda: f"{line}, {count} times; heard: {self.messages[-8:]}", interval=0.01)
        return found()[count - 1]

    def count(self, line):
        return sum(line in message for message in self.hear())

    def listen(self, name, host, port, *, shared=False):
        """A socket as a socket unit has it."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        opened = socket.socket(family, socket.SOCK_STREAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        opened.bind((host, port))
        opened.listen(128)
        self.listening.append((name, opened))
        return opened

    def launcher(self):
        """Words before the program, and the descriptors that it must inherit."""
        self.hear()
        handed = [(name, opened.fileno()) for name, opened in self.listening] + self.stored
        words = [sys.executable, str(_LAUNCHER), *(f"{number}:{name}" for name, number in handed), "--"]
        return words, [number for _, number in handed]

    def close(self):
        self.socket.close()
        for _, opened in self.listening:
            opened.close()
        for _, descriptor in self.stored:
            os.close(descriptor)
        self.listening, self.stored = [], []
