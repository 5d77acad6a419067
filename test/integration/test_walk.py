# SPDX-License-Identifier: GPL-2.0-or-later
"""Adding a partner, rolling its root over, ending it: each command of federation-partners/README.md as it stands there, but
that /etc/fedgate is a folder of the test, and `systemctl reload` a HUP."""
import os
import subprocess

import pytest

from lib import gateway, peer, walk
from lib.nameserver import NameServer


class FolderStage(walk.Stage):
    def __init__(self, lab, desk):
        self.lab, self.desk, self.audit = lab, desk, lab.gateway.audit
        self.partner_file = lab.gateway.folder / "federation-partners/fabrikam.yaml"
        self.put_roots(desk, lab.pki)

    def type(self, command):
        place = str(self.lab.gateway.folder)
        prelude = (f'fedgate() {{ "{gateway.BINARY}" "$1" -c "{place}/gateway.yaml" "${{@:2}}"; }}\n'
                   f"systemctl() {{ kill -HUP {self.lab.gateway.process.pid}; }}\n")
        command = command.replace("/etc/fedgate/tls/external.pem", self.lab.gateway.settings["external"]["certificate"])
        command = command.replace("/etc/fedgate", place).replace("/var/log/fedgate", f"{place}/logs")
        return subprocess.run(["bash", "-euo", "pipefail", "-c", prelude + command], cwd=self.desk, capture_output=True,
                              text=True, timeout=60, check=False, env={**os.environ, "NO_COLOR": "1"})

    def refused_sessions(self, connect):
        before = len(self.audit.find(event="session-refused"))
        connect()
        self.audit.wait_for(event="session-refused", count=before + 1)
        return self.audit.find(event="session-refused")[before:]


@pytest.fixture(scope="module")
def stage(make_shared_lab, tmp_path_factory):
    server = NameServer()
    lab = make_shared_lab(nameserver=server, partners={"fabrikam": None, "contoso": None}, handler=peer.answering(200))
    yield FolderStage(lab, tmp_path_factory.mktemp("desk"))
    server.close()


@pytest.mark.framework
def test_every_command_is_a_step():
    assert len(walk.STEPS) == len(walk.COMMANDS)


@pytest.mark.parametrize("step", walk.STEPS, ids=lambda step: step.__name__)
def test_walk(stage, step):
    """In their order: each goes on where the one before has ended."""
    step(stage)
