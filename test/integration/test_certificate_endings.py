# SPDX-License-Identifier: GPL-2.0-or-later
"""certificate-ending (contract, section 7): is everything that ends told in time, once for each threshold, whatever is
restarted or reloaded meanwhile?"""

import datetime

import pytest

from lib import clock, metrics, pki as certificates, sip, wait
from lib.lab import ALICE, BOB
from lib.pki import days, now


def endings(lab, **fields):
    return lab.gateway.audit.find(event="certificate-ending", **fields)


def start(lab, **environment):
    lab.gateway.environment = environment
    lab.gateway.start()


def stop(lab):
    """With the last look that is made at the end, as one is made at the start and every ten seconds."""
    lab.gateway.stop()


@pytest.fixture
def ending(pki, tmp_path):
    """What ends in 29 days: a root of a partner, a certificate of our own, what a peer shows, a CRL."""
    class Ending:
        end = now() + days(29) - datetime.timedelta(hours=1)
        root = certificates.root("Ending Root", tmp_path, not_after=end)
        edge = root.leaf(dns=["fabrikam.example", "edge.fabrikam.example"], not_after=end)
        own = pki.enterprise.leaf(dns=["edge.corp.example"], not_after=end)
        crl = tmp_path / "ending.crl"
    Ending.crl.write_bytes(pki.contoso.crl(this_update=now() - days(100), next_update=Ending.end))
    return Ending


def make(make_lab, ending):
    return make_lab(
        settings={"internal": {"certificate": ending.own.chain_file, "key": ending.own.key_file}},
        partners={"fabrikam": {"roots": [ending.root.file]}, "contoso": {"crls": [str(ending.crl)]}})


def message(lab, identity):
    call_id = sip.token()
    connection = lab.from_outside(identity)
    connection.send(sip.request("MESSAGE", ALICE, from_=BOB, to=ALICE, call_id=call_id))
    lab.inside.expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)


WHAT = ("own-certificate", "anchor", "peer-certificate", "crl")


def test_each_end_is_told_once_for_each_threshold(make_lab, ending):
    lab = make(make_lab, ending)
    message(lab, ending.edge)
    stop(lab)
    assert sorted(event["what"] for event in endings(lab)) == sorted(WHAT)
    for event in endings(lab):
        assert event["reason"] == "ok" and event["days-left"] == 28 and event["policy"] == 1
        assert event["ends"] == ending.end.strftime("%Y-%m-%dT%H:%M:%SZ")
    [anchor], [peer], [own], [crl] = ([event for event in endings(lab, what=what)]
                                      for what in ("anchor", "peer-certificate", "own-certificate", "crl"))
    assert anchor["partner"] == peer["partner"] == "fabrikam" and crl["partner"] == "contoso"
    assert "Ending Root" in anchor["subject"] and "Ending Root" in anchor["anchor"] and "Ending Root" in peer["issuer"]
    assert anchor["detail"].endswith("fabrikam.yaml") and own["detail"] == ending.own.chain_file
    assert peer["certificate-names"] == ["dns:fabrikam.example", "dns:edge.fabrikam.example"]
    assert own["side"] == "internal" and own["certificate-names"] == ["dns:edge.corp.example"]
    assert "Contoso Root" in crl["issuer"]
    seen = metrics.read(lab)
    metrics.assert_sound(seen.text)
    for what in WHAT:
        assert seen.find("fedgate_certificate_end_timestamp_seconds", what=what), seen.text
    [(labels, value)] = seen.find("fedgate_certificate_end_timestamp_seconds", what="peer-certificate")
    assert labels["partner"] == "fabrikam" and value == ending.end.replace(tzinfo=datetime.timezone.utc).timestamp()

    start(lab)
    message(lab, ending.edge)
    assert lab.gateway.reload()["event"] == "policy-loaded"
    stop(lab)
    assert len(endings(lab)) == 4, "told again after a restart or a reload"

    for _ in range(2):  # 12 days before the end, and once more
        start(lab, **clock.ahead(days(16)))
        message(lab, ending.edge)
        stop(lab)
        assert sorted(event["what"] for event in endings(lab)[4:]) == sorted(WHAT)
    assert {event["days-left"] for event in endings(lab)[4:]} == {12}
    start(lab)


def test_what_is_replaced_or_far_is_not_told(make_lab, ending, pki, tmp_path):
    weekly = tmp_path / "weekly.crl"
    weekly.write_bytes(pki.contoso.crl(this_update=now() - days(1), next_update=now() + days(6)))
    both = tmp_path / "both.crl"
    both.write_bytes(pki.enterprise.crl(this_update=now() - days(200), next_update=now() + days(2))
                     + pki.enterprise.crl(number=2))
    lab = make_lab(settings={"internal": {"crls": [str(both)]}},
                   partners={"fabrikam": {"roots": [ending.root.file, pki.fabrikam.file], "enabled": False},
                             "contoso": {"crls": [str(weekly)]}})
    stop(lab)
    assert endings(lab) == []
    assert metrics.read(lab).find("fedgate_certificate_end_timestamp_seconds", what="own-certificate")
    start(lab)


def test_an_end_that_comes_while_it_runs(make_lab, pki, tmp_path):
    """The second threshold, and the end itself, without a restart."""
    crl = tmp_path / "short.crl"
    crl.write_bytes(pki.contoso.crl(this_update=now() - days(40), next_update=now() + datetime.timedelta(seconds=6)))
    lab = make_lab(partners={"contoso": {"crls": [str(crl)]}})
    wait.until(lambda: len(endings(lab)) == 2, 25, lambda: f"two lines: {endings(lab)}")
    assert [event["reason"] for event in endings(lab)] == ["ok", "revocation-unknown"]
    assert "crl-expired" in lab.gateway.log_file.read_text()
