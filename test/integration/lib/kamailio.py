# SPDX-License-Identifier: GPL-2.0-or-later
"""Kamailio as a real neighbour: our internal server, or a partner's edge. A user agent stands behind it over UDP; what
is not for its own domain goes out over mutual TLS to the gateway."""

import socket
import subprocess
from pathlib import Path

from . import ports, wait
from .process import Process

_CONFIG = """\
debug=2
log_stderror=yes
fork=yes
children=2
tcp_children=2
disable_tcp=no
enable_tls=yes
tcp_accept_no_cl=no
tcp_connection_lifetime=600
tcp_rd_buf_size=262144
auto_aliases=no
dns=no
rev_dns=no
dns_srv_lb=no
server_signature=no
user_agent_header="User-Agent: kamailio"
listen=udp:127.0.0.1:{udp}
listen=tls:127.0.0.1:{tls}
alias=tls:{host}:{tls}

mpath="{modules}"
loadmodule "tls.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"

modparam("tls", "config", "{folder}/tls.cfg")
modparam("rr", "enable_full_lr", 1)
modparam("tm", "fr_timer", 10000)
modparam("tm", "fr_inv_timer", 30000)

request_route {{
	xlog("L_WARN", "SEEN $rm $ru call-id=$ci length=$ml from=$fu\\n");
	if (!mf_process_maxfwd_header("70")) {{
		sl_send_reply("483", "Too Many Hops");
		exit;
	}}
	if (is_method("CANCEL")) {{
		if (t_check_trans())
			t_relay();
		exit;
	}}
	if (has_totag()) {{
		if (loose_route()) {{
			route(OUT);
			exit;
		}}
		if (is_method("ACK") && t_check_trans())
			t_relay();
		exit;
	}}
	t_check_trans();
	remove_hf("Route");
	record_route_preset("{host}:{tls};transport=tls");
	if ($rd == "{domain}")
		$du = "sip:127.0.0.1:{agent};transport=udp";
	else
		$du = "sip:127.0.0.1:{gateway};transport=tls";
	t_relay();
}}

# Within a dialog the next Route entry, or the contact, says where; the gateway's names are not in any DNS here.
route[OUT] {{
	if ($du =~ "{gateway_host}" || ($du == $null && $rd == "{gateway_host}"))
		$du = "sip:127.0.0.1:{gateway};transport=tls";
	t_relay();
}}
"""

_TLS = """\
[server:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
certificate = {certificate}
private_key = {key}
ca_list = {trust}

[client:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
certificate = {certificate}
private_key = {key}
ca_list = {trust}
"""


def module_folder():
    return next(Path("/usr/lib").glob("*/kamailio/modules"))


class Kamailio:
    def __init__(self, folder, identity, trust, *, host, domain, gateway_host, tls_port=None, udp_port=None):
        """`host`: its name in Record-Route. `trust`: the authority that the gateway's certificate leads to."""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tls_port = tls_port or ports.free_port()
        self.udp_port = udp_port or ports.free_port()
        self.identity, self.trust = identity, trust
        self.host, self.domain, self.gateway_host = host, domain, gateway_host
        self.process = None

    def start(self, agent_port, gateway_port):
        config = _CONFIG.format(
            udp=self.udp_port, tls=self.tls_port, host=self.host, domain=self.domain, modules=module_folder(),
            folder=self.folder, agent=agent_port, gateway=gateway_port, gateway_host=self.gateway_host)
        (self.folder / "kamailio.cfg").write_text(config)
        (self.folder / "tls.cfg").write_text(_TLS.format(
            certificate=self.identity.chain_file, key=self.identity.key_file, trust=self.trust.file))
        self.process = Process(
            ["kamailio", "-DD", "-E", "-m", "64", "-M", "8", "-f", self.folder / "kamailio.cfg",
             "-Y", self.folder, "-P", self.folder / "pid"], self.folder, "kamailio")
        wait.until(self._listens, 15, lambda: f"kamailio to listen:\n{self.process.errors()[-3000:]}")
        return self

    def _listens(self):
        assert self.process.is_alive(), self.process.errors()[-3000:]
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.tls_port)) == 0

    def seen(self):
        """(method, Request-URI, call-id, octets) of each request, in order."""
        found = []
        for line in self.process.errors().splitlines():
            if "SEEN " in line:
                method, uri, call_id, length, *_ = line.partition("SEEN ")[2].split(" ")
                found.append((method, uri, call_id.removeprefix("call-id="), int(length.removeprefix("length="))))
        return found

    def close(self):
        if self.process is None:
            return
        # Its end is not what is tested, and with OpenSSL 3 it hangs there now and then.
        try:
            self.process.stop(timeout=5)
        except wait.TimedOut:  # its children have the same command line
            subprocess.run(["pkill", "-KILL", "-f", str(self.folder / "kamailio.cfg")], check=False)
