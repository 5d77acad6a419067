# SPDX-License-Identifier: GPL-2.0-or-later
"""SIPp behind stunnel: real load over mutual TLS. SIPp speaks TCP; stunnel gives it the TLS on both ends."""

from pathlib import Path

from . import ports, wait
from .process import Process

_TO_US = """\
foreground = yes
debug = warning
pid =
[out]
client = yes
accept = 127.0.0.1:{accept}
connect = 127.0.0.1:{connect}
cert = {certificate}
key = {key}
CAfile = {trust}
verifyChain = yes
TIMEOUTclose = 0
"""
_FROM_US = """\
foreground = yes
debug = warning
pid =
[in]
accept = 127.0.0.1:{accept}
connect = 127.0.0.1:{connect}
cert = {certificate}
key = {key}
CAfile = {trust}
verifyChain = yes
requireCert = yes
TIMEOUTclose = 0
"""

_CALLER = """\
<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
<send><![CDATA[
INVITE sip:{to} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:{from_}>;tag=[call_number]
To: <sip:{to}>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port];transport=[transport]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 4000 RTP/AVP 0

]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="200" rrs="true"/>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
Max-Forwards: 70
From: <sip:{from_}>;tag=[call_number]
To: <sip:{to}>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0

]]></send>
<send><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
Max-Forwards: 70
From: <sip:{from_}>;tag=[call_number]
To: <sip:{to}>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 BYE
Content-Length: 0

]]></send>
<recv response="200"/>
</scenario>
"""

_CALLEE = """\
<?xml version="1.0" encoding="UTF-8"?>
<scenario name="callee">
<recv request="INVITE" rrs="true"/>
<send><![CDATA[
SIP/2.0 180 Ringing
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:callee@[local_ip]:[local_port];transport=[transport]>
Content-Length: 0

]]></send>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:callee@[local_ip]:[local_port];transport=[transport]>
Content-Length: 0

]]></send>
<recv request="ACK"/>
<recv request="BYE"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""


class Stunnel:
    def __init__(self, cleanup, folder, name, template, identity, trust, connect):
        self.port = ports.free_port()
        folder = Path(folder)
        config = folder / f"{name}.conf"
        config.write_text(template.format(accept=self.port, connect=connect, certificate=identity.chain_file,
                                          key=identity.key_file, trust=trust.file))
        self.process = Process(["stunnel4", config], folder, name)
        cleanup.callback(self.process.kill)
        wait.until(lambda: ports.listens(self.port), 10, lambda: f"stunnel:\n{self.process.errors()}")


def to_gateway(cleanup, folder, identity, trust, gateway_port):
    return Stunnel(cleanup, folder, "stunnel-out", _TO_US, identity, trust, gateway_port)


def from_gateway(cleanup, folder, identity, trust, sipp_port):
    return Stunnel(cleanup, folder, "stunnel-in", _FROM_US, identity, trust, sipp_port)


class Sipp:
    def __init__(self, cleanup, folder, name, scenario, options, **names):
        self.folder = Path(folder)
        file = self.folder / f"{name}.xml"
        file.write_text(scenario.format(**names) if names else scenario)
        self.port = ports.free_port()
        self.process = Process(
            ["sipp", "-sf", file, "-i", "127.0.0.1", "-p", self.port, "-t", "t1", "-nostdin", "-trace_err",
             "-error_file", self.folder / f"{name}.errors", "-trace_stat", "-stf", self.folder / f"{name}.csv",
             "-fd", "1", *map(str, options)], self.folder, name)
        cleanup.callback(self.process.kill)
        self.statistics = self.folder / f"{name}.csv"

    def counts(self):
        """The last line of SIPp's statistics, by column name."""
        lines = self.statistics.read_text().strip().splitlines()
        return dict(zip(lines[0].split(";"), lines[-1].split(";")))

    def failed(self):
        return int(self.counts()["FailedCall(C)"])

    def successful(self):
        return int(self.counts()["SuccessfulCall(C)"])


def callee(cleanup, folder):
    server = Sipp(cleanup, folder, "callee", _CALLEE, ["-max_socket", 1000])
    wait.until(lambda: ports.listens(server.port), 10, "the callee to listen")
    return server


def caller(cleanup, folder, through, calls, rate, *, from_, to):
    return Sipp(cleanup, folder, "caller", _CALLER,
                ["-m", calls, "-r", rate, "-l", 500, "-recv_timeout", 30000, f"127.0.0.1:{through}"],
                from_=from_, to=to)
