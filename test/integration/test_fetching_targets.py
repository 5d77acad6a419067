# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a partner's URL, its certificates or a redirect may not lead us when we fetch."""

import pytest

from lib import island, ocsp, ports
from lib.web import Web
from test_crl_urls import points, refused
from test_fetching import FETCH, LIST, logged
from test_reload import crosses
from test_revocation import AVAILABLE, REQUIRED, UNKNOWN


def test_tls_server_that_nobody_vouches_for(make_lab, pki, cleanup):
    web = Web(pki.public.leaf(dns=["crl.example"]))
    cleanup.callback(web.close)
    web.pages[LIST] = pki.fabrikam.crl()
    lab = make_lab(partners={"fabrikam": {"crls": [web.url(LIST, "crl.example")], "revocation": REQUIRED}},
                   settings={"fetch": FETCH, "dns": {"hosts": {"crl.example": ["127.0.0.1"]}}})
    refused(lab, pki.fabrikam_edge, UNKNOWN)
    assert "certificate" in logged(lab, "revocation-fetch-failed")[0]
    assert not web.asked


def test_private_addresses(make_lab, pki, web):
    """Refused by default, whatever they are written like."""
    hosts = ("127.0.0.1", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]", "inner.example", "localhost")
    lab = make_lab(partners={"fabrikam": {"crls": [web.url(LIST, host) for host in hosts], "revocation": AVAILABLE}},
                   settings={"dns": {"hosts": {"inner.example": ["127.0.0.1"], "localhost": ["127.0.0.1"]}}})
    logged(lab, "revocation-fetch-failed", len(hosts))
    crosses(lab, lab.from_outside())
    assert not web.asked


def test_certificate_that_leads_inside(make_lab, pki, web):
    """A partner's CA shall not make us ask our own network."""
    edge = pki.fabrikam.leaf(dns=["fabrikam.example"], extra=[points(web.url("/inside")),
                                                              ocsp.responder_at(web.url("/inside"))])
    lab = make_lab(partners={"fabrikam": {"crls": ["from-certificate"], "ocsp": AVAILABLE, "revocation": AVAILABLE}})
    crosses(lab, lab.from_outside(edge))
    assert all("private or loopback" in line for line in logged(lab, "revocation-fetch-failed", 2))
    assert not web.asked


@pytest.mark.skipif(not island.is_possible(), reason="no network of its own: unshare -rn is not allowed")
def test_redirect_that_leads_inside(make_lab, tmp_path):
    """From a server of the Internet at large to an address that is none of it."""
    asked, port = tmp_path / "asked", ports.free_port()
    outside = f"http://{island.ADDRESS}:{port}"
    ways = [f"127.0.0.1:{port}", f"2130706433:{port}", f"[::ffff:127.0.0.1]:{port}", f"inner.example:{port}",
            f"{island.ADDRESS}:{port}/to/127.0.0.1:{port}"]
    lab = make_lab(prefix=island.command(asked, port), partners={"fabrikam": {
        "crls": [f"{outside}/sound/direct", *(f"{outside}/to/{way}/secret" for way in ways)]}},
        settings={"dns": {"hosts": {"inner.example": ["127.0.0.1"]}}})
    failures = logged(lab, "revocation-fetch-failed", 1 + len(ways))
    seen = asked.read_text().splitlines()
    assert f"{island.ADDRESS} /sound/direct" in seen, "that address itself can be reached"
    assert len([line for line in failures if "private or loopback" in line]) == len(ways), failures
    assert not [line for line in seen if line.startswith("127.")], seen
