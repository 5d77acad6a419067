# SPDX-License-Identifier: GPL-2.0-or-later
"""A gateway that root starts and that becomes somebody else: all that it names lies in its own folder, and is theirs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

USER = "nobody"


def give(gateway):
    """Of a gateway that does not run: copies what it names into its folder, gives that to USER, and names USER."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to run it as somebody else")
    copies = gateway.folder / "keys"
    copies.mkdir()

    def copied(name, path):
        return str(shutil.copy(path, copies / name))

    for side in ("internal", "external"):
        for name in ("certificate", "key"):
            gateway.settings[side][name] = copied(f"{side}-{name}.pem", gateway.settings[side][name])
    for number, owner in enumerate([gateway.settings["internal"], *gateway.partners.values()]):
        owner["roots"] = [copied(f"root-{number}.pem", owner["roots"][0])]
    gateway.settings["user"] = USER
    gateway.write()
    subprocess.run(["chown", "-R", USER, gateway.folder], check=True)
    for parent in gateway.folder.parents:
        if parent == Path("/tmp"):
            break
        parent.chmod(0o755)
