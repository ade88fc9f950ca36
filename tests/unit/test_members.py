"""Cohorts: who is in one, who is compared with it, and which months that is charged to."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from privacy_analytics.contracts import tables
from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp.questions import (
    Adopters,
    Cohort,
    CountAccounts,
    CountRows,
    NewAdopters,
    OnPlan,
    OnSystem,
    Tenure,
    cohort,
    question_from,
)
from privacy_analytics.errors import UsageError
from privacy_analytics.lake import Lake
from privacy_analytics.resolve import months_of, resolve
from privacy_analytics.settings import Settings
from privacy_analytics.snapshots import snapshot

SIGNED_UP = {
    0: datetime(2026, 10, 4, tzinfo=UTC),  # this month
    1: datetime(2026, 9, 30, 23, tzinfo=UTC),  # under 3 months
    2: datetime(2026, 7, 3, tzinfo=UTC),  # under 3 months: 90 days
    3: datetime(2026, 7, 1, tzinfo=UTC),  # 3 to 12 months: 92 days
    4: datetime(2025, 10, 3, tzinfo=UTC),  # 3 to 12 months: 363 days
    5: datetime(2025, 9, 1, tzinfo=UTC),  # over a year
}


@pytest.fixture
def two_months(workspace_with: Any, events: Any) -> Settings:
    """Accounts 0 to 5 in September, 0 to 7 in October; mix_assist by 0 and 1, then by 1, 2 and 6."""
    rows = [
        events(range(6), month="2026-09"),
        events([0, 1], month="2026-09", feature="mix_assist"),
        events(range(8)),
        events([1, 2, 6], feature="mix_assist", rows=3),
    ]
    accounts = pl.DataFrame(
        {
            "account": [f"{number:032x}" for number in SIGNED_UP],
            "created_at": list(SIGNED_UP.values()),
            "plan_tier": ["free", "studio"] * 3,
            "day": [at.date() for at in SIGNED_UP.values()],
        }
    )
    return workspace_with(pl.concat(rows), accounts=accounts)


def counted(settings: Settings, who: Cohort, *, earlier: bool = False, zone: str = "UTC") -> int:
    question, contract = CountAccounts("events", cohort=who, earlier=earlier), tables(settings)
    frozen = [
        snapshot(settings, month, now=datetime(2026, 11, 23, tzinfo=UTC)) for month in months_of(question, "2026-10")
    ]
    bounded = resolve(question, contract, purpose="usage", month="2026-10", snapshot="s")
    return int(LakeEngine(Lake(settings.path("lake")), contract, frozen, b"salt", zone).sums(bounded).n.sum())


@pytest.mark.parametrize(
    ("who", "inside", "others"),
    [
        (Adopters("mix_assist"), 3, 5),
        (NewAdopters("mix_assist"), 1, 3),  # 2 is new; 1 used it before, 6 was not there; 3, 4, 5 never did
        (OnPlan("studio"), 3, 5),
        (OnSystem("windows"), 3, 5),
        (Tenure("this month"), 1, 7),
        (Tenure("under 3 months"), 2, 6),
        (Tenure("3 to 12 months"), 2, 6),
        (Tenure("over a year"), 1, 7),
    ],
)
def test_a_cohort_and_the_others_are_who_its_predicate_says(two_months, who, inside, others):
    assert (counted(two_months, who), counted(two_months, who.others())) == (inside, others)


def test_a_month_begins_where_the_workspace_is(two_months):
    assert counted(two_months, Tenure("this month"), zone="Europe/Berlin") == 2


def test_earlier_counts_the_cohorts_rows_of_the_month_before(two_months):
    assert counted(two_months, Adopters("mix_assist"), earlier=True) == 2  # 1 and 2; 6 was not there
    assert counted(two_months, Adopters("mix_assist").others(), earlier=True) == 4  # 0, 3, 4, 5


@pytest.mark.parametrize(
    "question",
    [
        CountAccounts("events", cohort=Adopters("mix_assist"), earlier=True),
        CountRows("events", cohort=NewAdopters("mix_assist").others(), per_cell=3),
    ],
)
def test_what_two_months_decide_is_charged_to_both_at_the_price_of_both_sides(two_months, curator_of, question):
    curator = curator_of(two_months)
    made = curator.release({"purpose": "usage", "question": question.canonical(), "share": 0.2})["releases"]["answer"]
    spent = {month: charge.nano_rho for month, charge in curator.ledger.spent_by_month().items()}
    assert spent["2026-09"] == spent["2026-10"] > 0
    assert made["question"]["reads"] == ["2026-09", "2026-10"]
    bounded = resolve(question, tables(two_months), purpose="usage", month="2026-10", snapshot="s")
    assert bounded.sensitivity == 2 * bounded.l2


@pytest.mark.parametrize("who", [NewAdopters("mix_assist"), NewAdopters("mix_assist").others(), Adopters("chat")])
@pytest.mark.parametrize("gone", ["2026-09", "2026-10"])
def test_without_one_month_of_an_account_the_sums_move_by_what_is_priced(workspace_with, events, who, gone):
    """Account 2 is active in both months and new to mix_assist in the second; each of its months is taken away."""
    rows = pl.concat([events(range(6), month="2026-09"), events(range(6)), events([2], feature="mix_assist", rows=9)])
    mine = (pl.col("account") == f"{2:032x}") & (pl.col("day").dt.strftime("%Y-%m") == gone)
    question = CountRows("events", by="feature", cohort=who, earlier=True, per_cell=3)
    vectors = [_vector(workspace_with(frame), question) for frame in (rows, rows.filter(~mine))]
    bounded = resolve(question, tables(workspace_with(rows)), purpose="usage", month="2026-10", snapshot="s")
    assert sum((a - b) ** 2 for a, b in zip(*vectors, strict=True)) <= bounded.sensitivity**2


def _vector(settings: Settings, question: CountRows) -> list[int]:
    contract = tables(settings)
    frozen = [
        snapshot(settings, month, now=datetime(2026, 11, 23, tzinfo=UTC)) for month in months_of(question, "2026-10")
    ]
    bounded = resolve(question, contract, purpose="usage", month="2026-10", snapshot="s")
    return LakeEngine(Lake(settings.path("lake")), contract, frozen, b"salt", "UTC").sums(bounded).n.ravel().tolist()


def test_an_earlier_answer_is_said_to_be_of_that_month(two_months, session_of):
    question = CountAccounts("events", cohort=Adopters("mix_assist"), earlier=True)
    assert session_of(two_months, "usage").release(question, share=0.2).release.month == "2026-09"


@pytest.mark.parametrize("who", [Adopters("mix_assist"), NewAdopters("chat").others(), Tenure("this month")])
def test_a_question_about_a_cohort_survives_json(who):
    question = CountAccounts("events", cohort=who, earlier=True)
    assert question_from(question.canonical()) == question


@pytest.mark.parametrize("name", ["adopters:mix_assist", "plan:studio", "system:macos", "tenure:over a year"])
def test_a_cohort_has_a_name(name):
    kind, key = name.split(":")
    assert (cohort(name).kind, cohort(name).key) == (kind, key)


@pytest.mark.parametrize("name", ["", "adopters", "adopters:", "sql:1=1", "tenure:yesterday"])
def test_what_is_not_in_the_catalogue_is_refused_without_repeating_it(name):
    with pytest.raises(UsageError) as refused:
        cohort(name)
    assert name == "" or name not in str(refused.value).replace("adopters:mix_assist", "").replace("adopters,", "")


def test_a_month_before_needs_a_cohort_and_has_no_days():
    for by, who in ((None, None), ("day", Adopters("chat"))):
        with pytest.raises(UsageError, match="Give a cohort"):
            CountAccounts("events", by=by, cohort=who, earlier=True)


def test_an_unknown_key_of_a_cohort_is_refused_with_the_nearest(two_months, session_of):
    with pytest.raises(UsageError, match=r"public list of plan_tier\. Did you mean 'studio'"):
        session_of(two_months).plan(CountAccounts("events", cohort=OnPlan("studios")))
