"""What a report is written from: blocks by name, last month's beside them, and what is too small or absent."""

from typing import Any

import polars as pl
import pytest

from privacy_analytics import claims, figures
from privacy_analytics.dp.questions import Adopters, CountAccounts, Retention
from privacy_analytics.errors import UsageError
from privacy_analytics.settings import Settings

FEATURES = CountAccounts("events", by="feature")
MONTH = CountAccounts("events")


@pytest.fixture
def two_months(workspace_with: Any, events: Any) -> Settings:
    """2,000 accounts in September, 3,000 in October; every day of them seen by a tenth."""
    september = [events(range(at, 2000, 10), month="2026-09", day=at + 1) for at in range(10)]
    october = [events(range(at, 3000, 10), day=at + 1, feature="mix_assist" if at % 2 else "chat") for at in range(10)]
    return workspace_with(pl.concat([*september, *october]))


def report(session, **blocks):
    return session.plan(**blocks).release()


def spent(session) -> dict[str, int]:
    return session._curator.call("budget", session._about)["lifetime"]["months"]


def test_last_months_blocks_are_there_once_its_report_ran_and_cost_nothing(two_months, session_of):
    now = session_of(two_months, "usage")
    assert report(now, month=MONTH).before == {}
    earlier = report(session_of(two_months, "usage", "2026-09"), month=MONTH, features=FEATURES)
    paid = spent(now)
    released = report(now, month=MONTH)
    assert released.before["month"].release == earlier["month"].release
    assert set(released.before) == {"month"}
    assert spent(now) == paid


def test_a_figure_says_what_changed_since_last_month(two_months, session_of):
    report(session_of(two_months, "usage", "2026-09"), month=MONTH, features=FEATURES)
    released = report(session_of(two_months, "usage"), month=MONTH, features=FEATURES)
    assert "on September" in released.tiles("month").html
    assert "September" in released.show("features", of="month").html
    (claim,) = figures.specifications(released.claims(claims.trend("month", "active accounts")).html)
    assert len(claim["of"]) == 2


def test_without_last_month_nothing_is_compared(two_months, session_of):
    released = report(session_of(two_months, "usage"), month=MONTH)
    assert "September" not in released.tiles("month").html
    assert released.claims(claims.trend("month", "active accounts")).text == released.not_shown().text


def test_the_average_day_is_of_days_and_of_nothing_else(workspace_with, events, session_of):
    few = workspace_with(pl.concat([events(range(at, 400, 3), day=at * 7 + 3, rows=2) for at in range(3)]))
    asked = {"month": MONTH, "day": CountAccounts("events", by="day"), "os": CountAccounts("events", by="os")}
    released = report(session_of(few, "usage"), **asked)
    assert released.day.release.by == ("week",)  # too small for days: it was answered by week
    assert "average day" not in released.claims(claims.amount(("day:average day", "month"), "on an average day")).text
    assert "Not shown" in released.tiles("day:average day", labels=["On an average day"]).html
    assert released.tiles("day:average week").html.count('class="number"') == 1


def test_two_plans_are_one_report(two_months, session_of):
    session = session_of(two_months, "usage")
    both = session.plan(month=MONTH, share=0.3).release() | session.plan(features=FEATURES, share=0.3).release()
    assert set(both) == {"month", "features"}
    with pytest.raises(UsageError, match="same name"):
        both | both


def test_a_month_without_data_makes_an_optional_plan_absent(two_months, session_of):
    session = session_of(two_months, "cohorts", "2026-09")
    plan = session.plan(stayed=Retention(months=2), optional=True)
    assert "stayed" in repr(plan)
    released = plan.release()
    assert "no data" in released.not_shown().html
    assert "Not shown" in released.show("stayed:kept", "Accounts that came back").html


def test_a_block_is_called_what_the_page_calls_it(two_months, session_of):
    session = session_of(two_months, "usage")
    released = report(session, month=MONTH, rare=CountAccounts("events", by=["country", "day"]))
    assert "Where they are: from about" in (released.show("rare", "Where they are"), released.not_shown())[1].html


def test_a_small_block_that_is_expected_gets_more_of_the_loss(two_months, session_of):
    session, small = session_of(two_months, "usage"), CountAccounts("crashes")
    plain = session.plan(month=MONTH, features=FEATURES, few=small)
    named = session.plan(month=MONTH, features=FEATURES, few=small, expect={"few": 0.05})
    cost = [next(b["nano_rho"] for b in plan.priced["blocks"] if b["name"] == "few") for plan in (plain, named)]
    assert cost[1] > 5 * cost[0]


@pytest.mark.parametrize("expect", [{"few": 0}, {"few": 1.5}, {"few": "half"}, {"few": True}])
def test_what_is_no_part_is_refused(two_months, session_of, expect):
    with pytest.raises(UsageError, match="expect says"):
        session_of(two_months, "usage").plan(few=MONTH, expect=expect)


def test_a_frozen_plan_keeps_what_was_expected_of_it(two_months, session_of):
    session = session_of(two_months, "usage")
    first = session.plan(month=MONTH, few=CountAccounts("events", by="os"), share=0.5, expect={"few": 0.5}).release()
    again = session.plan(month=MONTH, few=CountAccounts("events", by="os"), share=0.5, expect={"few": 0.01}).release()
    assert again.few.release == first.few.release


def test_a_released_cohort_is_what_its_questions_are_planned_by(two_months, session_of):
    session, who = session_of(two_months, "usage"), Adopters("mix_assist")
    asked = CountAccounts("events", by="os", cohort=who)
    session.release(MONTH)
    guessed = session.plan(a=asked).priced["blocks"][0]["expected_cell"]
    session.release(CountAccounts("events", cohort=who))
    known = session.plan(a=asked).priced["blocks"][0]["expected_cell"]
    assert known == pytest.approx(guessed / 2, rel=0.2)  # half of the accounts used it


def test_a_claim_about_a_block_that_is_too_small_is_not_tried(two_months, session_of):
    released = report(session_of(two_months, "usage"), month=MONTH, rare=CountAccounts("events", by=["country", "day"]))
    shown = released.claims(claims.amount("month", "were active"), claims.leader("rare", "where most are"))
    assert "One sentence was tried" in shown.html


def test_a_block_that_was_never_planned_is_refused(two_months, session_of):
    released = report(session_of(two_months, "usage"), month=MONTH)
    for ask in (released.show, released.tiles, released.sentence):
        with pytest.raises(UsageError, match="no such block"):
            ask("mont")


def test_what_was_lost_in_a_crash_is_said_to_be():
    from privacy_analytics.released import Released

    released = Released({"releases": {}, "too_small": [], "lost": ["month"], "nano_rho": 0, "left": 0})
    assert "month: what it would have cost was lost in a crash" in released.not_shown().html
    assert "lost in a crash" in released.show("month").html
