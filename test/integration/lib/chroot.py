# SPDX-License-Identifier: GPL-2.0-or-later
"""A clean Debian 12 in a folder, to install a package on. Every command has a mount namespace of its own, so that nothing
stays mounted, whatever happens."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

MIRROR = os.environ.get("FEDGATE_DEBIAN_MIRROR", "http://deb.debian.org/debian")
_ENTER = """
set -e
mount --bind "$0" "$0"
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
exec chroot "$0" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive NO_COLOR=1 "$@"
"""


class Chroot:
    def __init__(self, folder):
        self.root = Path(folder)

    @classmethod
    def make(cls, folder):
        """From the folder that FEDGATE_CHROOT names, which is copied, or from a mirror; else the test is skipped."""
        if os.geteuid() != 0:
            pytest.skip("only root can make a chroot")
        given = os.environ.get("FEDGATE_CHROOT")
        if given:
            subprocess.run(["cp", "-a", given, str(folder)], check=True)
        elif shutil.which("debootstrap") is None:
            pytest.skip("debootstrap is not installed, and FEDGATE_CHROOT names no clean Debian 12")
        else:
            done = subprocess.run(["debootstrap", "--variant=minbase", "bookworm", str(folder), MIRROR], capture_output=True,
                                  text=True, timeout=900, check=False)
            if done.returncode != 0:
                pytest.skip(f"no Debian 12 from {MIRROR}: {done.stderr.strip()[-200:]}{done.stdout.strip()[-200:]}")
        made = cls(folder)
        shutil.copy("/etc/resolv.conf", made.root / "etc/resolv.conf")
        if made.run("apt-get", "update").returncode != 0:
            pytest.skip("the mirror of the chroot does not answer")
        return made

    def words(self, *words):
        """The words that run these in it."""
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, str(self.root), *words]

    def run(self, *words, timeout=300):
        return subprocess.run(self.words(*words), capture_output=True, text=True, timeout=timeout, check=False,
                              stdin=subprocess.DEVNULL)

    def must(self, *words, **options):
        done = self.run(*words, **options)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def install(self, *what):
        self.must("apt-get", "install", "-y", "--no-install-recommends", *what, timeout=900)

    def files(self, besides=()):
        """Every path in it, but below these."""
        found = set()
        for folder, folders, files in os.walk(self.root):
            inside = "/" + os.path.relpath(folder, self.root)
            if any(inside == skipped or inside.startswith(skipped + "/") for skipped in besides):
                folders.clear()
                continue
            found |= {os.path.normpath(f"{inside}/{name}") for name in folders + files}
        return found - set(besides)
