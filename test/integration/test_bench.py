# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark still works: its load tool, its certificates and its configuration of fedgate, with a second of load on
each. What it measures is for scripts/bench."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from lib import gateway, ports
from lib.gateway import Gateway

BENCH = Path(__file__).resolve().parents[1] / "bench"
BUILD = gateway.BINARY.parents[1]
TOOL = BUILD / "test" / "bench" / "sip-load"


@pytest.fixture(scope="module")
def tool():
    built = subprocess.run(["ninja", "-C", BUILD, "test/bench/sip-load"], capture_output=True, text=True, check=False)
    assert built.returncode == 0 and TOOL.exists(), built.stdout[-2000:]
    return TOOL


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench-certificates")
    subprocess.run([BENCH / "make-certificates", folder], check=True)
    return folder


@pytest.fixture
def bench(tool, certificates, binary, request, tmp_path):
    """fedgate as the benchmark configures it, on other ports. Returns what one second of load came to."""
    places = {old: ports.free_port() for old in (5061, 5062, 7061, 7062)}
    files = {}
    for name in ("fedgate", "fedgate-partner"):
        text = (BENCH / "peers" / f"{name}.yaml").read_text()
        for old, new in {"@CERTIFICATES@": certificates, "@THREADS@": 1,
                         **{f":{old}": f":{new}" for old, new in places.items()}}.items():
            text = text.replace(str(old), str(new))
        files[name] = yaml.safe_load(text)
    user = {"user": "root"} if os.geteuid() == 0 else {}  # nobody could not read the keys
    partner = files["fedgate-partner"]
    started = Gateway(tmp_path, {**files["fedgate"], **user}, {partner.pop("partner"): partner},
                      valgrind=request.config.getoption("--valgrind"))
    started.start()

    def load(mode, *arguments):
        words = [tool, mode, "--certs", certificates, "--pid", started.process.pid, "--secs", "1", "--warmup", "0.1",
                 "--in-port", places[5061], "--in-listen", places[7061],
                 "--out-port", places[5062], "--out-listen", places[7062], *arguments]
        # the sanitizers look at the gateway; what OpenSSL keeps until the end of the tool is not asked
        ended = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60, check=False,
                               env={"ASAN_OPTIONS": "detect_leaks=0"})
        found = json.loads(ended.stdout.splitlines()[-1])
        assert ended.returncode == (1 if found["errors"] else 0), ended.stderr
        return found

    yield load
    started.stop()


@pytest.mark.parametrize("mode, arguments, counted", [
    ("throughput", ("--dir", "both", "--conns", 4, "--window", 4), "msgs"),
    ("large", ("--conns", 2), "msgs"),
    ("handshake", ("--conns", 4, "--ping"), "handshakes"),
    ("handshake", ("--conns", 16, "--pace", 40), "handshakes"),
])
def test_load_crosses_without_error(bench, mode, arguments, counted):
    found = bench(mode, *arguments)
    assert found["errors"] == 0 and found[counted] > 20, found
    assert found["first_error"] == "" and found["proxy_cpu_s"] > 0, found


def test_load_tool_tells_what_is_refused(bench, certificates):
    """Figures are worth something only when a relay that fails is seen to fail."""
    stranger = ("--cert", certificates / "rogue.crt", "--key", certificates / "rogue.key", "--timeout", 2)
    found = bench("throughput", "--conns", 2, *stranger)
    assert found["errors"] > 0 and found["msgs"] == 0 and found["served"] == 0, found
