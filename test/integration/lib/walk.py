# SPDX-License-Identifier: GPL-2.0-or-later
"""The walk of federation-partners/README.md: its commands, in their order, as an administrator types them, and what must
come of each. A stage is where they are typed: `test_walk.py` has a folder of the test, `test_package.py` a Debian on which
the package was just installed."""
import json

from . import sip, wait
from .document import Document
from .lab import ALICE, BOB

COMMANDS = Document("federation-partners/README.md").blocks("sh")


class Stage:
    """One has: type(command) -> CompletedProcess, audit (an AuditLog), lab (its peers), partner_file, and
    refused_sessions(connect), the audit lines of the sessions that were refused meanwhile."""

    def put_roots(self, folder, pki):
        (folder / "fabrikam-root.pem").write_bytes(open(pki.fabrikam.file, "rb").read())
        (folder / "fabrikam-root-2027.pem").write_bytes(open(pki.contoso.file, "rb").read())

    def do(self, number):
        """Types a command; returns what it printed. Where it reloads, waits until the new policy is in force."""
        command = COMMANDS[number]
        before = len(self.policies())
        done = self.type(command)
        assert done.returncode == 0, f"{command}{done.stdout}{done.stderr}"
        if "systemctl reload" in command:
            wait.until(lambda: len(self.policies()) > before, 10, lambda: f"a new policy after\n{command}")
            assert self.policies()[-1]["event"] == "policy-loaded", self.policies()[-1]
        return done.stdout

    def policies(self):
        return self.audit.find(event=("policy-loaded", "policy-rejected"))

    def message_from_fabrikam(self):
        """The status that a MESSAGE of theirs to us gets."""
        connection = self.lab.from_outside()
        call_id = sip.token("walk-")
        connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=call_id, body=b"hello"))
        status = connection.expect_answer(call_id=call_id).message.status
        connection.close()
        return status


def our_certificate(stage):
    printed = stage.do(0)
    assert "DNS:sip.corp.example" in printed and "Client Authentication" in printed and "issuer=" in printed


def their_root(stage):
    assert "sha256 Fingerprint=" in stage.do(1)


def write_the_file(stage):
    before = stage.policies()
    stage.do(2)
    assert stage.partner_file.exists() and stage.policies() == before


def check_it(stage):
    assert "valid" in stage.do(3)


def probe_it(stage):
    """It works before it is in force, and does not put it in force."""
    printed = stage.do(4)
    assert "fabrikam.example" in printed and "options" in printed
    assert stage.audit.find(event="request", partner="fabrikam") == []


def put_it_in_force(stage):
    stage.do(5)


def see_it(stage):
    printed = stage.do(6)
    events = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    assert events[-1]["event"] == "policy-loaded"
    assert "fabrikam" in printed.rpartition("}")[2]


def let_them_send(stage):
    assert stage.message_from_fabrikam() == 200
    stage.audit.wait_for(event="request", partner="fabrikam", reason="ok")
    lines = [line.split("\t") for line in stage.do(7).splitlines()]
    assert [line[2:] for line in lines if line[1] == "request"] == [
        ["inbound", "MESSAGE", BOB, ALICE, "200", "ok"]]


def list_the_new_root(stage):
    stage.do(8)
    assert stage.message_from_fabrikam() == 200


def see_which_root(stage):
    printed = stage.do(9)
    assert "Fabrikam Root" in printed and "Contoso Root" not in printed


def take_the_old_root_off(stage):
    stage.do(10)
    [session] = stage.refused_sessions(stage.lab.from_outside)
    assert session["reason"] == "untrusted-chain"


def with_the_new_root(stage):
    return stage.lab.from_outside(stage.lab.pki.contoso.leaf(dns=["fabrikam.example"]))


def end_it(stage):
    stage.do(11)
    [session] = stage.refused_sessions(lambda: with_the_new_root(stage))
    assert session["reason"] == "partner-disabled"


def forget_it(stage):
    stage.do(12)
    [session] = stage.refused_sessions(lambda: with_the_new_root(stage))
    assert session["reason"] == "untrusted-chain"


STEPS = [our_certificate, their_root, write_the_file, check_it, probe_it, put_it_in_force, see_it, let_them_send,
         list_the_new_root, see_which_root, take_the_old_root_off, end_it, forget_it]
