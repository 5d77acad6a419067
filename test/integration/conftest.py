# SPDX-License-Identifier: GPL-2.0-or-later
import contextlib
import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lib import gateway, pki as certificates, wait  # noqa: E402
from lib.lab import Lab  # noqa: E402
from lib.nameserver import NameServer  # noqa: E402
from lib.web import Web  # noqa: E402


def pytest_addoption(parser):
    group = parser.getgroup("fedgate")
    group.addoption("--slow", action="store_true", help="also the tests that wait for timers of minutes")
    group.addoption("--valgrind", action="store_true", help="run the gateway under valgrind")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: waits for timers of minutes; run with --slow")
    config.addinivalue_line("markers", "framework: needs no gateway")
    if config.getoption("--valgrind"):
        wait.PATIENCE = max(wait.PATIENCE, 10)


def pytest_collection_modifyitems(config, items):
    skip = pytest.mark.skip(reason="slow: needs --slow")
    for item in items:
        if "slow" in item.keywords and not config.getoption("--slow"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    """The organisations' certificates; keys never leave the test's temporary folder."""
    return certificates.Organisations(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def binary():
    if not gateway.BINARY.exists():
        pytest.fail(f"no gateway at {gateway.BINARY}; build it, or name it by FEDGATE_BINARY")
    return gateway.BINARY


def _factory(request, pki, folder):
    labs = []

    def make(**options):
        place = folder / f"lab{len(labs)}"
        created = Lab(place, pki, valgrind=request.config.getoption("--valgrind"), start=False, **options)
        labs.append(created)
        created.gateway.start()
        return created

    return make, labs


@pytest.fixture
def make_lab(request, pki, binary, tmp_path):
    """Starts labs with other settings than the usual ones; all are stopped, and looked at, after the test."""
    make, labs = _factory(request, pki, tmp_path)
    yield make
    _close(labs)


@pytest.fixture
def lab(make_lab):
    return make_lab()


@pytest.fixture(scope="module")
def make_shared_lab(request, pki, binary, tmp_path_factory):
    """The same for a whole module: where one gateway faces many cases in turn."""
    make, labs = _factory(request, pki, tmp_path_factory.mktemp("shared"))
    _shared.append(labs)
    yield make
    _shared.remove(labs)
    _close(labs)


_shared = []


@pytest.fixture(autouse=True)
def sessions_end_with_their_test():
    """In a shared lab, too: a partner has only so many."""
    yield
    for labs in _shared:
        for shared in labs:
            shared.close_clients()


def _close(labs):
    errors = []
    for created in labs:
        try:
            created.close()
        except AssertionError as error:
            errors.append(error)
    if errors:
        raise errors[0]


@pytest.fixture
def leaves_nothing(lab):
    """After the test the gateway is alive, serves, and has its descriptors back."""
    lab.inside.handler = lab.fabrikam.handler = None
    before = lab.gateway.descriptors()
    yield
    for server in (lab.inside, lab.fabrikam):
        server.handler = None
        for connection in list(server.connections):
            connection.close()
    lab.assert_serves()
    # The few sessions towards the servers may stay open: they are worth keeping.
    lab.gateway.wait_for_descriptors(before + 8, 15)


@pytest.fixture
def cleanup():
    """Things to close after the test, last first: cleanup.callback(thing.close)."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def nameserver():
    server = NameServer()
    yield server
    server.close()


@pytest.fixture
def web():
    server = Web()
    yield server
    server.close()


@pytest.fixture(scope="session")
def suites():
    """The folder of test material that is not ours (RFC 4475, RFC 5118)."""
    folder = Path(os.environ.get("FEDGATE_SUITES", Path(__file__).resolve().parents[3] / "shared" / "suites"))
    if not folder.is_dir():
        pytest.skip("no suites: name their folder by FEDGATE_SUITES")
    return folder


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")
