# SPDX-License-Identifier: GPL-2.0-or-later
"""`partners-watch: true`: what changes in the partner folder comes into force by itself once it has kept still for two
seconds; whole or not at all, and never because of what editors and copies leave there for a moment."""

import shutil
import time

import pytest

from lib import sip, wait, yaml_text
from lib.lab import ALICE, BOB

POLICY = ("policy-loaded", "policy-rejected")


@pytest.fixture
def lab(make_lab):
    return make_lab(settings={"partners-watch": True})


def folder(lab):
    return lab.gateway.folder / "federation-partners"


def policies(lab):
    return lab.gateway.audit.find(event=POLICY)


def next_policy(lab, count, timeout=15):
    """The policy line that comes after the `count` that were there."""
    wait.until(lambda: len(policies(lab)) > count, timeout,
               lambda: "a reload; gateway.log:\n" + lab.gateway.log_file.read_text()[-2000:], interval=0.05)
    return policies(lab)[count]


def reloads(lab):
    return lab.gateway.log_file.read_text().count("event=reloading")


def partner(lab, name="fabrikam"):
    return yaml_text.dump({"partner": name, **lab.gateway.partners[name]})


def assert_crosses(lab, connection, sender=BOB):
    call_id = sip.token()
    connection.send(sip.request("MESSAGE", ALICE, from_=sender, to=ALICE, call_id=call_id))
    lab.inside.expect_request("MESSAGE", call_id=call_id).answer(200)
    connection.expect_status(200, call_id=call_id)


def test_change_comes_into_force_by_itself(lab):
    """A partner is changed, one added, one taken away: in one reload each, without a session lost."""
    outside = lab.from_outside()
    lab.gateway.partners["fabrikam"]["domains"].append("emea.fabrikam.example")
    lab.gateway.write()
    loaded = next_policy(lab, 1)
    assert loaded["event"] == "policy-loaded" and "1 changed: fabrikam (domains)" in loaded["detail"], loaded
    lab.gateway.partners["late"] = {"domains": ["late.example"], "roots": [lab.pki.stranger.file]}
    lab.gateway.partners.pop("contoso")
    lab.gateway.write()
    loaded = next_policy(lab, 2)
    assert "1 added: late; 1 removed: contoso" in loaded["detail"], loaded
    assert_crosses(lab, outside)
    assert reloads(lab) == 2


def test_what_editors_leave_behind_is_not_looked_at(lab):
    for name in (".fabrikam.yaml.swp", "fabrikam.yaml~", "#fabrikam.yaml#", ".#fabrikam.yaml", "fabrikam.yaml.tmp",
                 ".fabrikam.yaml.XyZ123"):
        (folder(lab) / name).write_text("partner: [half")
    # And as they save: written beside, then put in its place.
    (folder(lab) / ".new").write_text(partner(lab) + "comment: by rename\n")
    (folder(lab) / ".new").rename(folder(lab) / "fabrikam.yaml")
    loaded = next_policy(lab, 1)
    assert loaded["event"] == "policy-loaded" and "1 changed: fabrikam (comment)" in loaded["detail"], loaded
    assert len(policies(lab)) == 2 and reloads(lab) == 1


def test_file_that_is_half_written(lab):
    """The old policy stays in full until the rest has come."""
    outside = lab.from_outside()
    whole = partner(lab) + "comment: whole\n"
    (folder(lab) / "fabrikam.yaml").write_text(whole[:whole.index("domains") + 12])
    rejected = next_policy(lab, 1)
    assert rejected["event"] == "policy-rejected" and "fabrikam.yaml" in rejected["detail"], rejected
    assert_crosses(lab, outside)
    (folder(lab) / "fabrikam.yaml").write_text(whole)
    loaded = wait.until(lambda: lab.gateway.audit.find(event="policy-loaded")[1:], 15, "the whole file")[0]
    assert loaded["policy"] == 2 and "fabrikam (comment)" in loaded["detail"], loaded
    assert_crosses(lab, outside)


def test_reload_waits_for_a_quiet_moment(lab):
    """A write each third of a second for five seconds: one reload, with the last of them."""
    for number in range(15):
        (folder(lab) / "fabrikam.yaml").write_text(partner(lab) + f"comment: {number}\n")
        time.sleep(0.33)
    assert len(policies(lab)) == 1, "not while it moves"
    assert "fabrikam (comment)" in next_policy(lab, 1)["detail"]
    assert reloads(lab) == 1
    assert "nothing has changed" in lab.gateway.reload()["detail"], "the last write is in force"


@pytest.mark.slow
def test_what_never_keeps_still_is_loaded_after_thirty_seconds(lab):
    begin, number = time.monotonic(), 0
    while len(policies(lab)) == 1:
        assert time.monotonic() - begin < 45
        (folder(lab) / "fabrikam.yaml").write_text(partner(lab) + f"comment: {number}\n")
        number += 1
        time.sleep(0.5)
    assert time.monotonic() - begin > 25


@pytest.mark.parametrize("how", ["emptied", "gone"])
def test_folder_that_is_emptied_takes_nobody_away(lab, how):
    """As when a disk is not mounted, or a copy begins with a deletion. Who means it says so with HUP."""
    outside = lab.from_outside()
    if how == "gone":
        folder(lab).rename(lab.gateway.folder / "elsewhere")
    else:
        for file in folder(lab).glob("*.yaml"):
            file.unlink()
    rejected = next_policy(lab, 1)
    assert rejected["event"] == "policy-rejected", rejected
    assert ("no-partner-left" if how == "emptied" else "file-missing") in rejected["detail"], rejected
    assert_crosses(lab, outside)
    if how == "gone":
        (lab.gateway.folder / "elsewhere").rename(folder(lab))
        wait.until(lambda: "event=policy-unchanged" in lab.gateway.log_file.read_text(), 45,
                   "the folder to be looked at again", interval=0.1)
    else:
        assert lab.gateway.reload()["event"] == "policy-loaded"
        outside.expect_end()


def test_root_that_lies_elsewhere(lab, pki):
    """Roots and CRLs are watched where they are; one that a partner file names before it is there is waited for."""
    roots = lab.gateway.folder / "roots"
    roots.mkdir()
    lab.gateway.partners["late"] = {"domains": ["late.example"], "roots": ["../roots/late.pem"]}
    lab.gateway.write()
    rejected = next_policy(lab, 1)
    assert rejected["event"] == "policy-rejected" and "late.pem" in rejected["detail"], rejected
    shutil.copy(pki.stranger.file, roots / "late.pem")
    loaded = next_policy(lab, 2)
    assert loaded["event"] == "policy-loaded" and "1 added: late" in loaded["detail"], loaded
    shutil.copy(pki.public.file, roots / "late.pem")
    assert "1 changed: late (roots)" in next_policy(lab, 3)["detail"]


def test_watch_is_off_unless_asked_for(make_lab):
    """And follows the key at a reload."""
    lab = make_lab()
    lab.gateway.partners["fabrikam"]["comment"] = "unseen"
    lab.gateway.write()
    lab.gateway.settings["partners-watch"] = True
    lab.gateway.write()
    loaded = lab.gateway.reload()
    assert "fabrikam (comment)" in loaded["detail"] and "gateway.yaml: partners-watch" in loaded["detail"], loaded
    lab.gateway.partners["fabrikam"]["comment"] = "seen"
    lab.gateway.write()
    assert "fabrikam (comment)" in next_policy(lab, 2)["detail"]
    lab.gateway.settings["partners-watch"] = False
    lab.gateway.write()
    assert "partners-watch" in lab.gateway.reload()["detail"]
    lab.gateway.partners["fabrikam"]["comment"] = "not seen"
    lab.gateway.write()
    lab.assert_serves()
    assert len(policies(lab)) == 4
