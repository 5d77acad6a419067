# SPDX-License-Identifier: GPL-2.0-or-later
"""The shape of the program, proven: the policy is pure, and the layers know only what lies below them. Each of these
tests fails when it cannot look."""

import re
import subprocess
from pathlib import Path

import pytest

from lib import gateway

ROOT = Path(__file__).resolve().parents[2]
POLICY = gateway.BINARY.parents[1] / "policy" / "libpolicy.a"

# Undefined symbols that a pure library may not have, by what they would let it do.
IMPURE = {
    "the event loop": r"uv_\w+",
    "the resolver": r"ares_\w+",
    "sockets": r"(socket|connect|bind|listen|accept4?|send(to|msg|mmsg)?|recv(from|msg|mmsg)?|poll|ppoll|select"
               r"|epoll_\w+|getaddrinfo|gethostby\w+|getnameinfo|setsockopt|shutdown)",
    "the clock": r"(time|clock|clock_\w+|gettimeofday|ftime|localtime(_r)?|timespec_get)",
    "waiting": r"(sleep|usleep|nanosleep|alarm|timer_\w+)",
    "threads": r"(pthread_(create|join|mutex_\w+|cond_\w+|rwlock_\w+|once)|thrd_\w+|mtx_\w+|fork|vfork|exec\w+)",
    "chance": r"(rand|random|srand|srandom|drand48|getrandom|getentropy|arc4random\w*)",
    "the environment": r"(getenv|secure_getenv|setenv|system|popen)",
    "terminals": r"(printf|__printf_chk|puts|putchar|perror|fprintf|__fprintf_chk|vfprintf|stderr|stdout|syslog)",
    "files": r"(open(64|at|at64)?|__open_2|__open64_2|creat(64)?|read|__read_chk|write|pread\w*|pwrite\w*|close"
             r"|f(d|re)?open(64)?|fread\w*|fwrite\w*|fgets\w*|getline|fclose|opendir|readdir(64)?|scandir\w*|l?f?stat(64)?"
             r"|__xstat\w*|access|realpath|__realpath_chk|unlink|rename|mmap(64)?)",
}
MAY_OPEN_FILES = "partner_file"  # the one room that reads the partner files


def undefined_symbols():
    """Object file -> what it takes from elsewhere, of the archive as it was linked into the binary under test."""
    assert POLICY.exists(), f"{POLICY} is not there to look at"
    output = subprocess.run(["nm", "--undefined-only", str(POLICY)], capture_output=True, text=True, check=True)
    assert not output.stderr.strip(), output.stderr
    objects, current = {}, None
    for line in output.stdout.splitlines():
        if line.endswith(":"):
            current = objects.setdefault(Path(line[:-1]).name, set())
        elif line.strip():
            current.add(line.split()[-1].partition("@")[0])
    return objects


def test_policy_library_is_pure():
    objects = undefined_symbols()
    assert len(objects) >= 10 and any(MAY_OPEN_FILES in name for name in objects), sorted(objects)
    assert any("malloc" in symbols or "calloc" in symbols for symbols in objects.values()), "nm saw no symbols"
    found = [f"{name} uses {what}: {symbol}" for name, symbols in sorted(objects.items()) for symbol in sorted(symbols)
             for what, pattern in IMPURE.items()
             if re.fullmatch(pattern, symbol) and not (what == "files" and name.startswith(MAY_OPEN_FILES))]
    assert not found, "\n".join(found)


def test_pattern_of_impurity_is_awake(tmp_path):
    """The same look at an object that is impure on purpose finds it."""
    source = tmp_path / "impure.c"
    source.write_text("#include <time.h>\n#include <stdio.h>\nlong now(void) { fopen(\"x\", \"r\"); return time(0); }\n")
    subprocess.run(["cc", "-c", "-o", tmp_path / "impure.o", source], check=True)
    output = subprocess.run(["nm", "--undefined-only", tmp_path / "impure.o"], capture_output=True, text=True, check=True)
    symbols = {line.split()[-1] for line in output.stdout.splitlines()}
    assert any(re.fullmatch(IMPURE["the clock"], s) for s in symbols)
    assert any(re.fullmatch(IMPURE["files"], s) for s in symbols)


# Folder -> the folders whose headers it may include. The bounds of gateway/limits.h are numbers and nothing else.
MAY_INCLUDE = {
    "policy": ("policy/",),
    "gateway/sip": ("policy/", "gateway/sip/", "gateway/limits.h"),
    "gateway/tls": ("policy/", "gateway/tls/", "gateway/limits.h"),
    "gateway/net": ("policy/", "gateway/net/", "gateway/limits.h"),
    "gateway/log": ("policy/", "gateway/log/", "gateway/limits.h"),
    "gateway/relay": ("policy/", "gateway/sip/", "gateway/tls/", "gateway/net/", "gateway/log/", "gateway/relay/",
                      "gateway/limits.h", "gateway/settings.h"),
}
# Libraries -> the folders that may know them.
LIBRARY_HEADERS = {
    r"uv\.h": ("gateway/net", "gateway/log", "gateway/relay", "gateway"),
    r"ares\w*\.h": ("gateway/net",),
    r"wolfssl/(?!options\.h|wolfcrypt/).*": ("gateway/tls",),  # TLS; hashes and signatures are mere functions
    r"wolfssl/wolfcrypt/.*": ("policy", "gateway/tls", "gateway/relay"),
    r"yaml\.h": ("policy", "gateway"),
}


def includes(folder):
    files = sorted(p for p in (ROOT / folder).iterdir() if p.suffix in (".c", ".h"))
    assert files, f"nothing to look at in {folder}"
    for file in files:
        for kind, name in re.findall(r'(?m)^\s*#\s*include\s*([<"])([^>"]+)[>"]', file.read_text()):
            yield file.relative_to(ROOT), kind, name


@pytest.mark.parametrize("folder", MAY_INCLUDE)
def test_includes_point_downward(folder):
    wrong = [f"{file}: {name}" for file, kind, name in includes(folder)
             if kind == '"' and not name.startswith(MAY_INCLUDE[folder])]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("folder", MAY_INCLUDE)
def test_libraries_stay_in_their_rooms(folder):
    wrong = [f"{file}: {name}" for file, kind, name in includes(folder) if kind == "<"
             for pattern, rooms in LIBRARY_HEADERS.items() if re.fullmatch(pattern, name) and folder not in rooms]
    assert not wrong, "\n".join(wrong)


# What it would do by itself, by the calls that make it do so (gateway/tls/README.md).
OPINIONS = {
    "anchors of its own": r"load_verify_\w+|CertManager\w+|set[01]?_verify_cert_store|CTX_set_cert_store|trust_peer\w*"
                          r"|X509_STORE_\w+|X509_verify_cert|VerifyCert\w*|set_verify_depth",
    "identities of its own": r"check_domain_name|X509_check_(host|ip\w*|email)|get_verify_result|get_peer_chain|get_peer_certificate",
    "fetching": r"EnableCRL\w*|LoadCRL\w*|EnableOCSP\w*|UseOCSP\w*|SetOCSP_\w+|SetCRL_\w+",
    "resumption": r"set_session(?!_cache_mode)\w*|get1?_session|UseSessionTicket|set_TicketEncCb|SetSession\w*|set_max_early_data",
    "shared keys": r"(set|use|CTX_set)_psk\w*|set_psk_\w+",
    "certificates after the handshake": r"allow_post_handshake_auth|request_certificate|SSL_Rehandshake",
}


def test_wolfssl_is_asked_for_no_opinion():
    """Decision 2: no CA is ever loaded into a TLS context, and none of its ways to believe is switched on."""
    files = [*(ROOT / "gateway").rglob("*.c"), *(ROOT / "policy").rglob("*.c")]
    assert len(files) > 100
    text = {file: file.read_text() for file in files}
    assert any("wolfSSL_CTX_set_verify(" in source for source in text.values()), "the pattern would not be found either"
    wrong = [f"{file.relative_to(ROOT)}: {what}: {found.group(0)}" for file, source in text.items()
             for what, pattern in OPINIONS.items()
             for found in re.finditer(rf"\b(wolfSSL_(CTX_)?|wc_)({pattern})\s*\(", source)]
    assert not wrong, "\n".join(wrong)
