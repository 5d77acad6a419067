# SPDX-License-Identifier: GPL-2.0-or-later
"""What the TAB key offers in bash and zsh: the program's own commands, options and words, and the partners that are there."""
import os
import pty
import re
import select
import shutil
import subprocess
import time

import pytest

from lib import gateway
from lib.document import ROOT

BASH = ROOT / "scripts/packaging/completion/bash/fedgate"
ZSH = ROOT / "scripts/packaging/completion/zsh/_fedgate"


@pytest.fixture
def folder(tmp_path, binary):
    (tmp_path / "federation-partners").mkdir()
    for name in ("fabrikam", "fourth-coffee"):
        (tmp_path / f"federation-partners/{name}.yaml").write_text(f"partner: {name}\ndomains: [{name}.example]\n")
    (tmp_path / "chain.pem").touch()
    return tmp_path


def offered(folder, *words):
    """What bash is offered for the last of the words."""
    script = ('. "$0"; COMP_WORDS=(fedgate "$@"); COMP_CWORD=$#; _fedgate; printf "%s\\n" "${COMPREPLY[@]}"; '
              "complete -p fedgate >/dev/null")
    done = subprocess.run(["bash", "-euc", script, str(BASH), *words], capture_output=True, text=True, cwd=folder, check=True,
                          env={**os.environ, "PATH": f"{gateway.BINARY.parent}:{os.environ['PATH']}"})
    assert done.stderr == ""
    return done.stdout.split()


def told(*words):
    return subprocess.run([str(gateway.BINARY), *words, "--help"], capture_output=True, text=True, check=True).stdout


def test_commands(folder):
    assert offered(folder, "") == [*re.findall(r"^  fedgate (\w+)", told(), re.MULTILINE), "--help"]
    assert offered(folder, "p") == ["partners", "probe"]


@pytest.mark.parametrize("command", ["run", "check", "partners", "explain", "probe", "version"])
def test_options(folder, command):
    assert offered(folder, command, "--") == re.findall(r"^  (?:-\w, )?(--[\w-]+)", told(command), re.MULTILINE)


@pytest.mark.parametrize("option, words", [("--direction", "inbound outbound"), ("--dnssec", "insecure secure bogus")])
def test_words(folder, option, words):
    assert offered(folder, "explain", option, "") == words.split()
    assert all(word in told("explain") for word in words.split())


def test_partners_and_files(folder):
    assert offered(folder, "probe", "-c", "./gateway.yaml", "f") == ["fabrikam", "fourth-coffee"]
    assert offered(folder, "probe", "-c", "./gateway.yaml", "fa") == ["fabrikam"]
    assert offered(folder, "explain", "--certificate", "ch") == ["chain.pem"]
    assert offered(folder, "explain", "--from", "") == []


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh(folder):
    """At a terminal, as somebody types: the letters before the key, then what stands on the line."""
    (folder / "zsh").mkdir()
    (folder / "zsh/_fedgate").write_bytes(ZSH.read_bytes())
    (folder / ".zshrc").write_text(f"fpath=({folder}/zsh $fpath)\nautoload -Uz compinit && compinit -D\nPS1='ready> '\n"
                                   "unsetopt zle_bracketed_paste 2>/dev/null; unset zle_bracketed_paste\n")
    environment = {**os.environ, "ZDOTDIR": str(folder), "TERM": "dumb",
                   "PATH": f"{gateway.BINARY.parent}:{os.environ['PATH']}"}
    for typed, completed in (("fedgate che\t", "fedgate check"), ("fedgate check --st\t", "--strict"),
                             ("fedgate explain --direction inb\t", "inbound")):
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(folder)
            os.execvpe("zsh", ["zsh", "-i"], environment)
        try:
            seen = read_until(terminal, "ready> ")
            os.write(terminal, typed.encode())
            seen = read_until(terminal, completed)
            assert completed in seen
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)
            os.close(terminal)


def read_until(terminal, mark, timeout=10):
    seen, end = "", time.monotonic() + timeout
    while mark not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        assert ready, f"waited for {mark!r}; the terminal shows {seen!r}"
        seen += os.read(terminal, 4096).decode(errors="replace")
    return seen
