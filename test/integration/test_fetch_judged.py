# SPDX-License-Identifier: GPL-2.0-or-later
"""Judged by what was fetched: live sessions that a reload gives a new source, and probe and explain, which judge as run
would: probe by what it fetches itself, explain by what run has kept."""

import json
import ssl

import pytest

from lib import wait
from test_crl_urls import FETCH, REVOKED, UNKNOWN, refused
from test_reload import crosses


@pytest.fixture
def with_url(make_lab, web):
    """Fabrikam's CRL is at a URL."""
    def make(content):
        web.pages["/root.crl"] = content
        return make_lab(partners={"fabrikam": {"crls": [web.url("/root.crl")], "revocation": "required"}},
                        settings={"fetch": FETCH})
    return make


def test_probe_fetches_as_run_would(with_url, pki, web):
    lab = with_url(pki.fabrikam.crl())
    probed = json.loads(lab.gateway.command("probe", "fabrikam", "--json").stdout)
    steps = {step["name"]: step for step in probed["steps"]}
    assert steps["fetch"]["result"] == steps["revocation"]["result"] == "passed", steps
    web.pages["/root.crl"] = pki.fabrikam.crl(pki.fabrikam_edge, number=2)
    probed = json.loads(lab.gateway.command("probe", "fabrikam", "--json").stdout)
    assert probed["result"] == "fails" and probed["reason"] == REVOKED


def test_explain_goes_by_what_was_kept(with_url, pki, web):
    lab = with_url(pki.fabrikam.crl(pki.fabrikam_edge))
    refused(lab, pki.fabrikam_edge, REVOKED)
    asked = len(web.asked)
    told = json.loads(lab.gateway.command(
        "explain", "--direction", "inbound", "--certificate", pki.fabrikam_edge.chain_file, "--from",
        "sip:bob@fabrikam.example", "--to", "sip:alice@corp.example", "--json").stdout)
    assert told["reason"] == REVOKED and len(web.asked) == asked


def test_session_lives_on_while_a_new_source_is_fetched(make_lab, pki, web):
    """A reload makes revocation required, by a list that was never fetched: the session waits for it, and is not closed."""
    lab = make_lab(settings={"fetch": FETCH})
    outside = lab.from_outside()
    crosses(lab, outside)
    web.pages["/root.crl"] = pki.fabrikam.crl()
    lab.gateway.partners["fabrikam"].update({"crls": [web.url("/root.crl")], "revocation": "required"})
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    crosses(lab, outside)
    wait.until(lambda: web.asked, what="the list to be fetched")
    crosses(lab, outside)
    assert outside.is_alive()


def test_session_ends_when_a_new_source_fails(make_lab, pki, web):
    lab = make_lab(settings={"fetch": FETCH})
    outside = lab.from_outside()
    crosses(lab, outside)
    lab.gateway.partners["fabrikam"].update({"crls": [web.url("/missing.crl")], "revocation": "required"})
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-loaded"
    outside.expect_end()
    assert lab.gateway.audit.wait_for(event="session-closed", peer=outside.local)["reason"] == UNKNOWN


def test_https_server_that_nobody_vouches_for(make_lab, pki, web):
    """TLS towards the web works where the process is confined, too, and believes the system's roots alone."""
    edge = pki.stranger.leaf(dns=["crl.example"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(edge.chain_file, edge.key_file)
    web.server.socket = context.wrap_socket(web.server.socket, server_side=True)
    web.pages["/root.crl"] = pki.fabrikam.crl()
    lab = make_lab(partners={"fabrikam": {"crls": [f"https://127.0.0.1:{web.port}/root.crl"], "revocation": "required"}},
                   settings={"fetch": FETCH})
    refused(lab, pki.fabrikam_edge, UNKNOWN)
    [line, *_] = [line for line in lab.gateway.log_file.read_text().splitlines() if "event=revocation-fetch-failed" in line]
    assert "SSL certificate problem" in line, line
