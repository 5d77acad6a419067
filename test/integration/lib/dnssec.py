# SPDX-License-Identifier: GPL-2.0-or-later
"""Real DNSSEC on loopback: knot signs and serves zones, unbound validates them with an anchor of its own."""

import hashlib
import subprocess
import time

import dns.message
import dns.query
import dns.rdatatype
import dns.zone
from cryptography.hazmat.primitives import serialization

from . import ports, wait
from .process import Process

_DER = serialization.Encoding.DER
_HASHES = {0: lambda octets: octets, 1: lambda octets: hashlib.sha256(octets).digest(),
           2: lambda octets: hashlib.sha512(octets).digest()}


def tlsa(usage, selector, matching, holder):
    """The data of a TLSA record that names the certificate of an identity or authority."""
    octets = (holder.certificate.public_bytes(_DER) if selector == 0 else holder.key.public_key().public_bytes(
        _DER, serialization.PublicFormat.SubjectPublicKeyInfo))
    return f"{usage} {selector} {matching} {_HASHES[matching](octets).hex()}"


class Knot:
    """An authoritative server. Zones are given as lines; `static` ones are served as they are, signatures and all."""

    def __init__(self, folder, signed=None, static=None):
        self.folder, self.port = folder, ports.free_port()
        self.control = folder / "knot.sock"
        (folder / "kasp").mkdir(parents=True)
        zones = []
        for name, lines in {**(signed or {}), **(static or {})}.items():
            self._write_zone(name, lines)
            signing = "on" if name in (signed or {}) else "off"
            zones.append(f"  - domain: {name}\n    file: {folder}/{name}.zone\n    dnssec-signing: {signing}\n"
                         "    dnssec-policy: test\n    semantic-checks: soft\n    zonefile-load: difference-no-serial\n"
                         "    journal-content: all\n    zonefile-sync: -1\n    acl: anybody\n")
        self.config = folder / "knot.conf"
        self.config.write_text(f"""server:
    listen: 127.0.0.1@{self.port}
    rundir: {folder}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
control:
    listen: {self.control}
database:
    storage: {folder}
    journal-db: {folder}/journal
    kasp-db: {folder}/kasp
    timer-db: {folder}/timers
    journal-db-max-size: 10M
    kasp-db-max-size: 10M
    timer-db-max-size: 10M
log:
  - target: stderr
    any: info
policy:
  - id: test
    algorithm: ecdsap256sha256
    single-type-signing: on
    nsec3: off
    dnskey-ttl: 60
    zone-max-ttl: 3600
acl:
  - id: anybody
    address: 127.0.0.1
    action: transfer
zone:
{"".join(zones)}""")
        self.process = Process(["knotd", "-c", self.config], folder, "knotd")
        for name in {**(signed or {}), **(static or {})}:
            wait.until(lambda name=name: self._serves(name, name in (signed or {})), 20,
                       lambda: f"knot to serve {name}:\n{self.process.errors()[-3000:]}", interval=0.05)

    def _write_zone(self, name, lines):
        (self.folder / f"{name}.zone").write_text("\n".join(lines) + "\n")

    def query(self, name, kind):
        question = dns.message.make_query(name, kind, want_dnssec=True)
        return dns.query.tcp(question, "127.0.0.1", port=self.port, timeout=2)

    def _serves(self, name, is_signed):
        try:
            answer = self.query(name, "SOA").answer
        except (OSError, EOFError, dns.exception.Timeout):
            assert self.process.is_alive(), self.process.errors()
            return False
        kinds = {rrset.rdtype for rrset in answer}
        return dns.rdatatype.SOA in kinds and (dns.rdatatype.RRSIG in kinds or not is_signed)

    def anchor(self, zone):
        """The key that signs, as unbound wants it."""
        return [rrset.to_text() for rrset in self.query(zone, "DNSKEY").answer if rrset.rdtype == dns.rdatatype.DNSKEY]

    def transfer(self, zone):
        """Every record of a zone, with its signatures, as lines."""
        copy = dns.zone.from_xfr(dns.query.xfr("127.0.0.1", zone, port=self.port, relativize=False), relativize=False)
        return copy.to_text(relativize=False).splitlines()

    def change(self, zone, *commands):
        """knotc zone-set and zone-unset commands as one change, which is signed at once."""
        for words in (["zone-begin", zone], *([verb, zone, *rest] for verb, *rest in commands), ["zone-commit", zone]):
            done = subprocess.run(["knotc", "-c", self.config, *words], capture_output=True, text=True, timeout=30,
                                  check=False)
            assert done.returncode == 0, f"knotc {words}: {done.stdout}{done.stderr}"

    def close(self):
        self.process.kill()


class Unbound:
    """A resolver that validates. `anchors`: DNSKEY lines of the zones that are anchored; all others count as insecure."""

    def __init__(self, folder, knot, zones, anchors, options=()):
        folder.mkdir(parents=True)
        self.port = ports.free_port()
        self.address = f"127.0.0.1:{self.port}"
        (folder / "anchors").write_text("\n".join(anchors) + "\n")
        stubs = "".join(f"stub-zone:\n  name: {zone}\n  stub-addr: 127.0.0.1@{knot.port}\n  stub-no-cache: no\n"
                        for zone in zones)
        extra = "".join(f"  {line}\n" for line in options)
        config = folder / "unbound.conf"
        config.write_text(f"""server:
  interface: 127.0.0.1
  port: {self.port}
  do-ip6: no
  access-control: 127.0.0.0/8 allow
  do-daemonize: no
  use-syslog: no
  chroot: ""
  username: ""
  pidfile: ""
  directory: "{folder}"
  module-config: "validator iterator"
  trust-anchor-file: "{folder}/anchors"
  do-not-query-localhost: no
  val-bogus-ttl: 1
  cache-max-negative-ttl: 1
  num-threads: 1
  qname-minimisation: no
  log-servfail: yes
  local-zone: "test." transparent
  local-zone: "." refuse
{extra}{stubs}remote-control:
  control-enable: no
""")
        self.process = Process(["unbound", "-d", "-p", "-c", config], folder, "unbound")
        wait.until(lambda: self._answers(zones[0]), 20, lambda: f"unbound:\n{self.process.errors()[-3000:]}",
                   interval=0.05)

    def query(self, name, kind):
        question = dns.message.make_query(name, kind)
        question.flags |= dns.flags.AD
        return dns.query.udp(question, "127.0.0.1", port=self.port, timeout=2)

    def _answers(self, zone):
        try:
            self.query(zone, "SOA")
        except (OSError, dns.exception.Timeout):
            assert self.process.is_alive(), self.process.errors()
            return False
        return True

    def close(self):
        self.process.kill()


def tampered(lines, name, kind):
    """The zone with one record of that name and type changed behind its signature's back."""
    changed = []
    for line in lines:
        words = line.split()
        if len(words) > 4 and words[0] == name and words[3] == kind:
            words[-1] = ("0" if words[-1][0] != "0" else "1") + words[-1][1:]
            line = " ".join(words)
        changed.append(line)
    assert changed != lines, f"no {name} {kind} in the zone"
    return changed
