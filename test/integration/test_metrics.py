# SPDX-License-Identifier: GPL-2.0-or-later
"""metrics.prom (contract, section 7): does it say what happened, in the words of Prometheus, and no more than fits?"""

import datetime
import time

import pytest

from conftest import needs
from lib import clock, metrics, sip, wait
from lib.lab import ALICE, BOB, CAROL

pytestmark = needs("promtool")


def message(connection, server, sender, recipient, status=200):
    call_id = sip.token("counted-")
    connection.send(sip.request("MESSAGE", recipient, from_=sender, to=recipient, call_id=call_id))
    if server is not None:
        server.expect_request("MESSAGE", call_id=call_id).answer(status)
    connection.expect_status(status, call_id=call_id)


def partner_days(lab):
    """The daily lines of gateway.log, as dicts, in their order."""
    return [dict(pair.split("=", 1) for pair in line.split()) for line in lab.gateway.log_file.read_text().splitlines()
            if " event=partner-day " in line]


def test_what_happened_is_counted(lab, pki):
    begun = time.time()
    outside, inside = lab.from_outside(), lab.from_inside()
    for _ in range(3):
        message(outside, lab.inside, BOB, ALICE)
    message(outside, lab.inside, BOB, ALICE, 486)
    message(outside, None, BOB, CAROL, 403)  # not to be relayed to another partner
    message(inside, lab.fabrikam, ALICE, BOB)
    message(inside, None, ALICE, "sip:dave@unknown.example", 404)
    lab.invite(outside, lab.inside)
    try:
        lab.from_outside(pki.stranger.leaf(dns=["fabrikam.example"])).expect_end()
    except OSError:
        pass
    lab.gateway.audit.wait_for(event="session-refused", reason="untrusted-chain")
    lab.gateway.partners["contoso"]["domains"] = ["fabrikam.example"]
    lab.gateway.write()
    assert lab.gateway.reload()["event"] == "policy-rejected"
    lab.gateway.stop()  # it is written once more at the end
    [day] = partner_days(lab)  # so is what a partner had of the day
    assert (day["partner"], day["inbound"], day["outbound"]) == ("fabrikam", "6", "1")
    assert (day["status-2xx"], day["status-4xx"], day["refused"], day["sessions"]) == ("5", "2", "1", "2")

    seen = metrics.read(lab)
    metrics.assert_sound(seen.text)
    requests = {"partner": "fabrikam", "direction": "inbound"}
    assert seen.one("fedgate_requests_total", method="message", status="2xx", **requests) == 3
    assert seen.one("fedgate_requests_total", method="call", status="2xx", **requests) == 1
    assert seen.total("fedgate_requests_total", method="message", status="4xx") == 3
    assert seen.total("fedgate_requests_total", partner="fabrikam", direction="outbound") == 1
    assert seen.one("fedgate_requests_total", partner="(none)", direction="outbound", method="message", status="4xx") == 1
    assert seen.total("fedgate_requests_total", partner="contoso") == 0, "a partner without traffic has no series"
    assert seen.one("fedgate_request_failures_total", reason="unknown-domain", direction="outbound") == 1
    assert seen.total("fedgate_request_failures_total", reason="not-our-domain", direction="inbound") == 1
    assert seen.one("fedgate_request_outcomes_total", direction="inbound", reason="relayed") == 1
    assert seen.total("fedgate_requests_total") == seen.total("fedgate_request_outcomes_total")
    assert seen.total("fedgate_requests_total") == len(lab.gateway.audit.find(event="request"))
    handshakes = {"side": "external", "direction": "inbound"}
    assert seen.one("fedgate_handshakes_total", outcome="accepted", reason="ok", **handshakes) == 1
    assert seen.one("fedgate_handshakes_total", outcome="refused", reason="untrusted-chain", **handshakes) == 1
    assert seen.one("fedgate_partner_handshakes_total", partner="fabrikam", direction="inbound", outcome="accepted") == 1
    assert seen.one("fedgate_partner_handshakes_total", partner="fabrikam", direction="outbound", outcome="accepted") == 1
    assert seen.total("fedgate_sessions") == 0 and seen.total("fedgate_sessions_closed_total") > 0
    timed = {"direction": "inbound", "method": "message"}
    assert seen.one("fedgate_request_duration_seconds_count", **timed) == 4
    assert seen.one("fedgate_request_duration_seconds_bucket", le="+Inf", **timed) == 4
    assert seen.one("fedgate_partner_request_duration_seconds_count", **requests) == 5
    for direction in ("inbound", "outbound"):
        success = seen.one("fedgate_partner_last_success_timestamp_seconds", partner="fabrikam", direction=direction)
        assert begun - 1 <= success <= time.time() + 1
    assert seen.one("fedgate_policy_last_reload_successful") == 0 and seen.one("fedgate_policy_errors_total") == 1
    assert seen.one("fedgate_policy_generation") == 1 and seen.one("fedgate_partners") == 2
    assert seen.one("fedgate_requests_in_flight") == seen.one("fedgate_requests_parked") == 0
    assert {labels["file"] for labels, _ in seen.find("fedgate_log_lines_lost_total")} == {"audit.jsonl", "gateway.log"}
    assert begun - 1 <= seen.one("fedgate_metrics_written_timestamp_seconds") <= time.time() + 1
    assert seen.one("fedgate_dns_cache_entries", kind="address") == 0  # dns.hosts had them all


def test_gauges_and_dns_while_it_runs(make_lab, nameserver):
    lab = make_lab(nameserver=nameserver)
    inside = lab.from_inside()
    message(inside, lab.fabrikam, ALICE, BOB)
    call_id = sip.token()
    inside.send(sip.request("INVITE", BOB, from_=ALICE, to=BOB, call_id=call_id, contact="sip:a@192.0.2.1"))
    ringing = lab.fabrikam.expect_request("INVITE", call_id=call_id)
    ringing.answer(180)
    inside.expect_status(180, call_id=call_id)
    inside.send(sip.request("MESSAGE", "sip:nobody@nowhere.contoso.example", from_=ALICE,
                            to="sip:nobody@nowhere.contoso.example"))
    seen = metrics.until(lab, lambda m: m.one("fedgate_requests_in_flight") == 1 and m.total("fedgate_sessions") >= 2,
                         "a call that rings")
    metrics.assert_sound(seen.text)
    assert seen.one("fedgate_dns_lookups_total", kind="srv", outcome="ok") == 1
    assert seen.total("fedgate_dns_lookups_total", kind="address", outcome="ok") >= 1
    assert seen.one("fedgate_dns_lookup_duration_seconds_count", kind="srv") == 1
    assert seen.total("fedgate_dns_cache_misses_total") >= 2 and seen.total("fedgate_dns_cache_hits_total") >= 1
    assert seen.one("fedgate_dns_cache_entries", kind="srv") == 1
    assert seen.one("fedgate_partner_sessions", partner="fabrikam", direction="outbound") >= 1
    assert seen.one("fedgate_connections") >= 2
    ringing.answer(200, contact="sip:b@192.0.2.2")
    inside.expect_status(200, call_id=call_id)


def test_every_partner_has_a_line_a_day(make_lab):
    """Over midnight, and once more at the end for those that had anything."""
    environment, today = clock.shortly_before_midnight(6)
    lab = make_lab(environment=environment)
    outside = lab.from_outside()
    message(outside, lab.inside, BOB, ALICE)
    message(outside, lab.inside, BOB, ALICE, 486)
    message(outside, None, BOB, CAROL, 403)
    message(lab.from_inside(), lab.fabrikam, ALICE, BOB)
    wait.until(lambda: len(partner_days(lab)) >= 2, 20, "the lines of the day", interval=0.1)
    fabrikam, contoso = sorted(partner_days(lab), key=lambda line: line["partner"], reverse=True)
    expected = {"partner": "fabrikam", "day": str(today), "inbound": "3", "outbound": "1", "status-2xx": "2",
                "status-3xx": "0", "status-4xx": "2", "status-5xx": "0", "status-6xx": "0", "unanswered": "0",
                "refused": "1", "sessions": "2", "sessions-refused": "0"}
    assert expected.items() <= fabrikam.items()
    assert fabrikam["last-success"].startswith(f"{today}T23:59:")
    assert contoso["partner"] == "contoso" and contoso["inbound"] == contoso["outbound"] == contoso["sessions"] == "0"
    assert contoso["last-success"] == "never" and contoso["day"] == str(today)
    message(outside, lab.inside, BOB, ALICE)
    lab.gateway.stop()
    [last] = partner_days(lab)[2:]
    assert (last["partner"], last["inbound"], last["outbound"], last["status-2xx"]) == ("fabrikam", "1", "0", "1")
    assert last["day"] == str(today + datetime.timedelta(days=1))


@pytest.fixture
def many(pki):
    return {f"partner{i:05}": {"domains": [f"d{i}.example"], "roots": [pki.fabrikam.file]} for i in range(10_000)}


def test_series_follow_traffic_and_not_configuration(make_lab, many):
    lab = make_lab(partners=many)
    message(lab.from_outside(), lab.inside, BOB, ALICE)
    lab.gateway.stop()
    seen = metrics.read(lab)
    metrics.assert_sound(seen.text)
    assert seen.one("fedgate_partners") == 10_002 and len(seen.text) < 32_000
    assert {labels["partner"] for (_, found) in seen.values for labels in [dict(found)] if "partner" in labels} <= {
        "fabrikam", "(none)", "(others)"}


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_many_lines_a_day_are_spread(make_lab, many):
    """All at once they would not fit into the queue of the log."""
    lab = make_lab(partners=many, environment=lambda: clock.shortly_before_midnight(9)[0])
    wait.until(lambda: partner_days(lab), 20, "the first lines of the day", interval=0.1)
    assert len(partner_days(lab)) <= 1000
    wait.until(lambda: len(partner_days(lab)) >= 10_002, 150, "all of them", interval=1)
    assert len({line["partner"] for line in partner_days(lab)}) == len(partner_days(lab)) == 10_002
    assert metrics.read(lab).total("fedgate_log_lines_lost_total") == 0
