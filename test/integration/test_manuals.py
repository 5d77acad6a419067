# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual pages, held against the program's own help and against the tables of keys in the code."""
import re
import shutil
import subprocess

import pytest

from lib import keys
from lib.document import ROOT, defined

PAGES = sorted((ROOT / "scripts/packaging/man").glob("*.[15]"))
FILE_PAGES = {"fedgate.yaml.5": "gateway_keys", "fedgate-partner.5": "partner_keys"}


def page(name):
    return (ROOT / "scripts/packaging/man" / name).read_text()


@pytest.mark.framework
@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
def test_form():
    assert {path.name for path in PAGES} == {"fedgate.1", *FILE_PAGES}
    # there, so that they find each other
    done = subprocess.run(["mandoc", "-Tlint", *[path.name for path in PAGES]], cwd=PAGES[0].parent, capture_output=True,
                          text=True, check=False)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


@pytest.mark.framework
def test_pages_that_are_referred_to_exist():
    names = {path.name for path in PAGES}
    for path in PAGES:
        referred = {f"{name}.{section}" for name, section in re.findall(r"^\.Xr (\S+) (\d)", path.read_text(), re.MULTILINE)}
        assert referred <= names and referred, path.name


@pytest.mark.framework
@pytest.mark.parametrize("name", FILE_PAGES)
def test_every_key_is_told_and_no_other(name):
    told = re.findall(r"^\.It Ic ([\w.-]+)", page(name), re.MULTILINE)
    known = keys.of(FILE_PAGES[name])
    assert len(known) > 20 and len(set(known)) == len(known)
    assert sorted(told) == sorted(known)


@pytest.mark.framework
def test_every_word_is_told():
    told = set(re.findall(r"[\w-]+", " ".join(re.findall(r"^\.(?:It .*?)?\bCm (.*)", page("fedgate.yaml.5") + page("fedgate-partner.5"),
                                                     re.MULTILINE))))
    assert keys.words() - told == set()


def quantity(kind, value):
    units = {"COUNT": [("", 1)], "SIZE": [("MiB", 1 << 20), ("KiB", 1 << 10)],
             "DURATION": [("m", 60000), ("s", 1000), ("ms", 1)]}[kind]
    return next(f"{value // size}{unit}" for unit, size in units if value % size == 0)


@pytest.mark.framework
def test_limits_are_as_they_are():
    text = page("fedgate.yaml.5")
    for _, key, kind, standard, _, _, bounds in defined("gateway/limits.h", "LIMITS", 7):
        what, _, reasons = bounds.partition(" (")
        told = re.search(rf"^\.It Ic limits\.{key} : .*\n([^.][^\n]*(?:\n[^.\n][^\n]*)*)", text, re.MULTILINE).group(1)
        assert " ".join(told.split()) == f"{what[0].upper()}{what[1:]} ({quantity(kind, int(standard))}, {reasons}."


def commands(binary):
    told = subprocess.run([str(binary), "--help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^  fedgate (\w+)", told, re.MULTILINE)


def options(binary, command):
    told = subprocess.run([str(binary), command, "--help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^  (?:-\w, )?--([\w-]+)", told, re.MULTILINE)) - {"help"}


def test_every_command_and_option_is_told_and_no_other(binary):
    text = page("fedgate.1")
    described = dict(re.findall(r"^\.Ss (\w+)\n(.*?)(?=^\.S[sh] )", text, re.MULTILINE | re.DOTALL))
    known = commands(binary)
    assert list(described) == known == re.findall(r"^\.Nm\n\.Cm (\w+)", text.partition(".Sh DESCRIPTION")[0], re.MULTILINE)
    for command in known:
        told = re.findall(r"^\.It (?:Fl \w , )?Fl -([\w-]+)", described[command], re.MULTILINE)
        assert sorted(told) == sorted(options(binary, command)), command


def test_the_examples_load(binary, tmp_path):
    """As far as keys and values go: the files that they name are not there."""
    for name in FILE_PAGES:
        for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", page(name), re.MULTILINE | re.DOTALL):
            folder = tmp_path / "federation-partners"
            folder.mkdir(exist_ok=True)
            partner = re.match(r"partner: (\w+)", block)
            (folder / f"{partner.group(1)}.yaml" if partner else tmp_path / "gateway.yaml").write_text(block)
    done = subprocess.run([str(binary), "check", "-c", str(tmp_path / "gateway.yaml")], capture_output=True, text=True, check=False)
    tokens = re.findall(r"\[([\w-]+)\]$", done.stderr, re.MULTILINE)
    assert len(tokens) == 8 and set(tokens) == {"file-missing"}, done.stderr
