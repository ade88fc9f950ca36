"""A month asked again with its late rows: by the same rights, from its own share, beside what was first reported."""

import re
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from privacy_analytics import doctor, figures
from privacy_analytics.audit import AuditLog
from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.questions import CountAccounts, Quantiles, Retention
from privacy_analytics.errors import InsufficientLoss, NotFound, PolicyError, UsageError
from privacy_analytics.gate.fragments import cut
from privacy_analytics.lake import Lake
from privacy_analytics.lake.rewriting import rewrite
from privacy_analytics.settings import Schedule, Settings
from privacy_analytics.snapshots import named, revise, snapshot
from privacy_analytics.stored import release_store

R0, R1 = "2026-10", "2026-10.r1"
MONTH = CountAccounts("events")
FEATURES = CountAccounts("events", by="feature")
LATE = 900


@pytest.fixture
def revised(october: Settings, add: Any, events: Any, curator_of: Any) -> Settings:
    """October as it was first read, 3,000 accounts; in its revision, 900 more that all used the chord helper."""
    now = curator_of(october).clock()
    snapshot(october, R0, now=now)
    add(october, events=events(range(5000, 5000 + LATE), feature="chord_helper", day=7))
    assert revise(october, R0, now=now).token == R1
    return october


def left(settings: Settings, curator_of: Any) -> dict[str, int]:
    return {name: purse.left.nano_rho for name, purse in curator_of(settings).budgets.purses(R0).items()}


def test_a_revision_counts_the_late_rows_and_the_first_answer_stays(revised, session_of):
    first = session_of(revised, "usage").release(MONTH)
    again = session_of(revised, "usage", R1).release(MONTH)
    assert again[()].value - first[()].value == pytest.approx(LATE, abs=8 * (first[()].sigma + again[()].sigma))
    assert (first.release.snapshot, again.release.snapshot, again.release.month) == ("2026-10.r0", R1, R0)
    assert session_of(revised, "usage").release(MONTH).release == first.release


def test_a_revision_is_paid_from_revisions_alone_and_says_so(revised, session_of, curator_of):
    session_of(revised, "usage").release(MONTH)
    before = left(revised, curator_of)
    made = session_of(revised, "usage", R1).release(MONTH).release
    after = left(revised, curator_of)
    assert {name for name in before if after[name] != before[name]} == {"revisions"}
    assert before["revisions"] - after["revisions"] >= made.nano_rho > 0
    assert {name: made.recorded[name] for name in ("purpose", "paid_from")} == {
        "purpose": "usage",
        "paid_from": "revisions",
    }
    assert "Paid from the share of</dt><dd>revisions" in figures.fragment("privacy_box", made)
    assert {each.purpose for each in curator_of(revised).ledger.events()} == {"usage", "revisions"}


def test_asked_again_first_or_revised_spends_nothing_and_has_the_same_bytes(revised, ask, curator_of):
    first, again = (ask(revised, MONTH.canonical(), purpose="usage", month=month) for month in (R0, R1))
    paid = left(revised, curator_of)
    stored = {file.name: file.read_bytes() for file in revised.path("releases").iterdir()}
    for month, before in ((R0, first), ("2026-10.r0", first), (R1, again)):
        assert ask(revised, MONTH.canonical(), purpose="usage", month=month)["releases"] == before["releases"]
    assert left(revised, curator_of) == paid
    assert {file.name: file.read_bytes() for file in revised.path("releases").iterdir()} == stored


def test_a_purpose_takes_its_part_of_the_share_and_leaves_the_rest(revised, ask, curator_of):
    there = left(revised, curator_of)["revisions"]
    blocks = {"month": MONTH.canonical(), "features": FEATURES.canonical()}
    taken = ask(revised, blocks=blocks, purpose="usage", month=R1, share=1.0)["nano_rho"]
    assert taken == pytest.approx(there * 0.3 / 0.8, abs=2)  # usage has 30 of the 80 in 100 that are not revisions'
    assert left(revised, curator_of)["revisions"] == there - taken


def test_an_empty_share_of_revisions_refuses_and_nothing_is_half_done(revised, curator_of, session_of):
    session_of(revised, "usage").plan(month=MONTH, features=FEATURES).release()
    shares = revised.loss.shares | {"revisions": 0.0}
    poor = replace(revised, loss=replace(revised.loss, shares=shares))
    events, stored = curator_of(revised).ledger.events(), sorted(revised.path("releases").iterdir())
    with pytest.raises(InsufficientLoss, match="revisions of 2026-10") as refused:
        session_of(poor, "usage", R1).plan(month=MONTH, features=FEATURES).release()
    assert refused.value.exit_code == 30
    assert curator_of(revised).ledger.events() == events
    assert sorted(revised.path("releases").iterdir()) == stored
    grant = {"month": R0, "purpose": "revisions", "name": "N. N.", "reason": "late rows"}
    curator_of(revised).ledger.grant(charge=Charge(10_000_000, 0), **grant)
    assert session_of(poor, "usage", R1).plan(month=MONTH).release().spent > 0


def test_a_purpose_has_no_more_rights_on_a_revision(revised, ask):
    with pytest.raises(PolicyError, match="marketing"):
        ask(revised, CountAccounts("chats").canonical(), purpose="marketing", month=R1)


def test_a_revision_that_nobody_made_is_refused(revised, session_of):
    with pytest.raises(NotFound, match=r"newest snapshot is 2026-10\.r1"):
        session_of(revised, "usage", "2026-10.r2")


def test_earlier_months_are_those_that_were_first_read(revised, session_of, add, events, curator_of):
    add(revised, events=events(range(0, 3000, 2), month="2026-09"))
    returning = Retention(months=2, cohort_by="active")
    made = session_of(revised, "cohorts", R1).release(returning, share=1.0).release
    assert made.snapshot == "2026-09.r0+2026-10.r1"
    budget = curator_of(revised).budgets.purses("2026-09")
    assert [name for name, purse in budget.items() if purse.spent.nano_rho] == ["revisions"]


def test_a_session_says_which_revision_it_is_and_who_pays(revised, session_of):
    session = session_of(revised, "usage", R1)
    assert (session.month, session.revised) == (R0, True)
    assert "2026-10.r1 · for usage, paid from revisions, 100% of its privacy loss left" in repr(session)
    assert not session_of(revised, "usage").revised
    assert "paid from" not in repr(session_of(revised, "usage"))


def test_what_was_asked_of_a_revision_is_in_the_audit_log(revised, session_of):
    session_of(revised, "usage", R1).release(MONTH)
    last = list(AuditLog(revised).entries())[-1]
    assert (last.facts["month"], last.facts["snapshot"], last.facts["purpose"]) == (R0, R1, "usage")


def test_a_revision_that_a_restored_ledger_forgot_is_charged_to_revisions_again(revised, session_of, curator_of):
    session_of(revised, "usage", R1).release(MONTH)
    paid = left(revised, curator_of)
    for file in revised.root.glob("ledger.sqlite*"):
        file.unlink()
    doctor.accept_restore(revised.root, name="Officer", reason="restored")
    assert left(revised, curator_of) == paid


def test_who_is_erased_is_gone_from_revisions_too(revised, session_of, curator_of):
    lake = Lake(revised.path("lake"))
    rewrite(lake, "events", pl.col("account") >= f"{5000:032x}")
    frozen = named(revised, R1, now=curator_of(revised).clock())
    assert lake.scan("events", R0, frozen.batches).collect().height > 0
    assert not lake.scan("events", R0, frozen.batches).filter(pl.col("account") >= f"{5000:032x}").collect().height


# Old and new side by side.


def test_without_a_revision_there_is_nothing_to_set_side_by_side(revised, session_of):
    assert session_of(revised, "usage").plan(month=MONTH).release().revised() is None


def test_old_and_new_stand_side_by_side_with_their_difference_for_nothing(revised, session_of, curator_of):
    session_of(revised, "usage").plan(month=MONTH, features=FEATURES).release()
    released = session_of(revised, "usage", R1).plan(month=MONTH, features=FEATURES).release()
    released.tiles("month", labels=["Active accounts"])
    paid = left(revised, curator_of)
    shown = released.revised()
    assert left(revised, curator_of) == paid
    (spec,) = figures.specifications(shown.html)
    assert (spec["render"], len(spec["of"]), spec["options"]) == (
        "revised",
        4,
        {"names": ["Active accounts", "Features"]},
    )
    text = re.sub(r"<[^>]+>", " ", shown.html)
    assert re.search(
        r"Active accounts\s+Accounts, October 2026\s+[23],\d\d\d\s+±\d+\s+3,\d\d\d\s+±\d+\s+\+\d+ \(\+\d+ to", text
    )
    assert "Clear difference in Chord helper." in text
    assert cut(shown.html, release_store(revised)).findings == []


def test_a_number_that_is_not_what_was_released_does_not_pass(revised, session_of):
    session_of(revised, "usage").plan(month=MONTH).release()
    shown = session_of(revised, "usage", R1).plan(month=MONTH).release().revised()
    changed = re.sub(r"\+(\d)", lambda digit: f"+{(int(digit[1]) + 1) % 10}", shown.html, count=1)
    assert changed != shown.html
    assert cut(changed, release_store(revised)).findings


def test_blocks_that_the_first_report_did_not_have_are_left_out(revised, session_of):
    session_of(revised, "usage").plan(month=MONTH).release()
    other = session_of(revised, "usage", R1)
    released = other.plan(month=MONTH).release() | other.plan(features=FEATURES).release()
    assert "features" not in released.revised().text.lower()
    alone = other.plan(features=FEATURES).release()
    assert "No number was answered both times" in alone.revised().html


def test_quantiles_stand_side_by_side_without_a_difference(revised, session_of):
    rows = Quantiles("events", "rows", [0.5], by="os")
    pair = [session_of(revised, "usage", month).release(rows, share=0.5).release for month in (R0, R1)]
    drawn = figures.fragment("revised", *pair, names=["Rows"])
    assert "compare their intervals" in drawn
    assert "<td>–</td>" in drawn


@pytest.mark.parametrize("wrong", ["the same snapshot", "another question", "no name"])
def test_what_is_no_pair_of_old_and_new_is_refused(release, wrong):
    old, new = release("old", 100.0), replace(release("new", 200.0), snapshot=R1)
    names = [] if wrong == "no name" else ["Number"]
    other = {"the same snapshot": old, "another question": replace(new, question={}), "no name": new}[wrong]
    with pytest.raises(UsageError, match="in pairs"):
        figures.fragment("revised", old, other, names=names)


# Provisional.


def test_a_provisional_month_says_so_in_banner_description_and_box(october, session_of):
    waiting = replace(october, operating=replace(october.operating, schedule=Schedule(("events",), 72)))
    session = session_of(waiting, "usage")
    released = session.plan(month=MONTH).release()
    for said in (repr(session), session.describe().text):
        assert f"2026-10.r0 · {figures.PROVISIONAL}" in said
    assert f"<dt>2026-10.r0</dt><dd>{figures.PROVISIONAL}</dd>" in released.privacy_box().html
    assert released.month.release.recorded["provisional"] == ["2026-10.r0"]


def test_a_complete_month_says_nothing_of_it(october, session_of):
    session = session_of(october, "usage")
    released = session.plan(month=MONTH).release()
    shown = repr(session) + session.describe().text + released.privacy_box().html
    assert "provisional" not in shown
    assert not {"provisional", "paid_from"} & released.month.release.recorded.keys()
