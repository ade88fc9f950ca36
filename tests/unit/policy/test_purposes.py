"""Which purposes there are, whose rows each counts, and what it may read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from privacy_analytics import policy
from privacy_analytics.contracts import tables
from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp.questions import CountAccounts
from privacy_analytics.errors import PolicyError
from privacy_analytics.lake import Lake
from privacy_analytics.resolve import resolve
from privacy_analytics.settings import PURPOSES, Settings
from privacy_analytics.snapshots import snapshot

MAY = "Purpose 'marketing' may read: releases about accounts, events, projects, sessions, themes. Requested: chats."
ABOUT_CHATS = {"kind": "count_accounts", "table": "chats", "by": ["topic"]}


def test_marketing_alone_counts_only_who_did_not_opt_out(empty: Settings):
    assert {each for each in PURPOSES if policy.population(empty, each) != "all"} == {"marketing"}


def test_marketing_has_the_higher_floor(empty: Settings):
    assert policy.floor(empty, "marketing") == 50
    assert policy.floor(empty, "usage") == policy.floor(empty, "exploration") == 20


def test_the_list_of_purposes_is_closed(empty: Settings):
    for purpose in PURPOSES:
        policy.check_purpose(empty, purpose)
    with pytest.raises(PolicyError, match="Choose one of: usage, cohorts"):
        policy.population(empty, "training")


def test_the_matrix_names_the_lakes_tables(empty: Settings):
    assert set(policy.DATASETS) == set(tables(empty))


def test_every_purpose_reads_what_it_read_before_it_was_data(empty: Settings):
    inside = {"usage", "cohorts", "exploration", "revisions"}
    never = {("accounts", "age_attested"), ("crashes", "stack"), ("support", "subject")}
    for name, table in tables(empty).items():
        told = {*inside, "marketing"} if name in policy.document(empty, "1.0").datasets("marketing") else inside
        assert set(table.purposes) == told
        for column, spec in table.columns.items():
            alone = set[str]() if (name, column) in never else told if spec.kind in ("key", "time") else inside
            assert set(spec.purposes) == alone, (name, column)


@pytest.mark.clause("4.purposes")
@pytest.mark.parametrize(
    ("call", "about"),
    [
        ("plan", {"question": ABOUT_CHATS, "share": 0.5}),
        ("release", {"question": ABOUT_CHATS, "share": 0.5}),
        ("release", {"blocks": {"topics": ABOUT_CHATS}, "share": 0.5}),
        ("preview", {"table": "chats"}),
    ],
)
def test_a_purpose_reads_what_the_matrix_says_and_nothing_else(
    october: Settings, curator_of: Callable[..., Any], call: str, about: dict[str, Any]
):
    curator = curator_of(october)
    with pytest.raises(PolicyError) as refused:
        curator.call(call, {"month": "2026-10", "purpose": "marketing", **about})
    assert str(refused.value) == MAY
    curator.call(call, {"month": "2026-10", "purpose": "usage", **about})


def test_what_may_not_be_read_is_not_described(october: Settings, curator_of: Callable[..., Any]):
    told = curator_of(october).call("describe", {"month": "2026-10", "purpose": "marketing"})
    may = {"accounts", "events", "projects", "sessions", "themes"}
    assert set(told["tables"]) == set(told["rows_per_account"]) == may


@pytest.mark.clause("4.marketing")
def test_marketing_sees_no_number_below_its_floor(
    workspace_with: Callable[..., Settings], events: Any, curator_of: Callable[..., Any]
):
    """35 accounts at a sigma of 6: shown where value - 2 sigma reaches 50, at 4.5 sigma. False alarm < 1e-5."""
    curator = curator_of(workspace_with(events(range(35))))
    asked = {"month": "2026-10", "share": 1.0, "question": {"kind": "count_accounts", "table": "events"}}
    answers = {
        purpose: curator.call("release", {**asked, "purpose": purpose})["releases"]["answer"]
        for purpose in ("exploration", "marketing")
    }
    assert {purpose: answer["floor"] for purpose, answer in answers.items()} == {"exploration": 20, "marketing": 50}
    assert answers["marketing"]["cells"][0]["status"] == "suppressed"


def accounts(**flags: bool) -> pl.DataFrame:
    """Accounts 0 to 29 with these flags, 30 to 59 without."""
    return pl.DataFrame(
        {
            "account": [f"{number:032x}" for number in range(60)],
            "day": [date(2026, 1, 1)] * 60,
            **{name: [value if number < 30 else None for number in range(60)] for name, value in flags.items()},
        }
    )


@pytest.mark.clause("10.gpc")
@pytest.mark.parametrize(
    ("flags", "marked", "left"),
    [
        ({"gpc": True}, False, 30),
        ({"opted_out": True}, False, 30),
        ({}, True, 30),
        ({"gpc": False, "opted_out": False}, False, 60),
    ],
    ids=["global privacy control", "opted out of sale or sharing", "the officer's mark", "neither"],
)
def test_who_opted_out_in_any_way_is_in_no_marketing_number_and_in_internal_ones(
    workspace_with: Callable[..., Settings], events: Any, flags: dict[str, bool], marked: bool, left: int
):
    settings = workspace_with(events(range(60)), accounts=accounts(**flags))
    lake, contract = Lake(settings.path("lake")), tables(settings)
    if marked:
        lake.mark([f"{number:032x}" for number in range(30)], "opt_out", is_set=True, at=datetime.now(UTC))
    frozen = snapshot(settings, "2026-10", now=datetime(2026, 11, 23, tzinfo=UTC))
    engine = LakeEngine(lake, contract, [frozen], b"salt", "UTC")
    counted = {
        purpose: int(engine.sums(
            resolve(CountAccounts("events"), contract, purpose=purpose, month="2026-10", snapshot=frozen.token)
        ).n.sum())
        for purpose in ("marketing", "usage")
    }  # fmt: skip
    assert counted == {"marketing": left, "usage": 60}
