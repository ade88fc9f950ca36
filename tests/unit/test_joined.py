"""Columns that a question joins to a row: from the account's other rows, in any order, and read only when asked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from privacy_analytics.contracts import tables
from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp.questions import Between, Bins, CountAccounts, CountRows, Mean, Question
from privacy_analytics.errors import PolicyError
from privacy_analytics.lake import Lake
from privacy_analytics.resolve import resolve
from privacy_analytics.settings import Settings
from privacy_analytics.snapshots import snapshot

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


def rows(*found: tuple[int, datetime | None], time: str = "occurred_at", **columns: Any) -> pl.DataFrame:
    """One row a (account, moment), on the moment's day; other columns hold in all of them."""
    return pl.DataFrame(
        {
            "account": [f"{account:032x}" for account, _ in found],
            time: [at for _, at in found],
            "day": [at.date() if at else None for _, at in found],
        },
        schema_overrides={time: pl.Datetime("us", "UTC"), "day": pl.Date},
    ).with_columns(**{name: pl.lit(value) for name, value in columns.items()})


def later(**spans: float) -> datetime:
    return NOON + timedelta(**spans)


def engine(settings: Settings, purpose: str = "usage") -> Any:
    contract = tables(settings)
    frozen = snapshot(settings, "2026-10", now=datetime(2026, 11, 23, tzinfo=UTC))
    made = LakeEngine(Lake(settings.path("lake")), contract, [frozen], b"salt", "UTC")

    def counted(question: Question) -> dict[Any, int]:
        bounded = resolve(question, contract, purpose=purpose, month="2026-10", snapshot="s")
        sums = zip(bounded.cells, made.sums(bounded).n.ravel().tolist(), strict=True)
        return {key[0] if len(key) == 1 else key: n for key, n in sums if n}

    return counted


def crashes(settings: Settings) -> tuple[int, int]:
    """Sessions with and without a crash."""
    counted = engine(settings)
    return tuple(counted(CountRows("sessions", where={"crashed": flag})).get((), 0) for flag in (True, False))


@pytest.mark.parametrize(
    ("crash", "with_and_without"),
    [
        ([], (0, 2)),
        ([(1, later(minutes=-1))], (0, 2)),
        ([(1, later())], (1, 1)),
        ([(1, later(minutes=35))], (1, 1)),
        ([(1, later(minutes=35, seconds=1))], (0, 2)),
        ([(2, later(minutes=3))], (0, 2)),
        ([(1, later(minutes=-9)), (1, later(minutes=3)), (1, later(minutes=4))], (1, 1)),
        ([(1, later(minutes=3)), (1, later(hours=2, minutes=1))], (2, 0)),
        ([(1, later(days=31))], (0, 2)),
    ],
)
def test_a_session_crashed_from_its_start_to_five_minutes_after_its_end(
    workspace_with: Any, crash: Any, with_and_without: tuple[int, int]
):
    sessions = rows((1, later(hours=2)), (1, NOON), time="started_at", minutes=30.0)
    assert crashes(workspace_with(rows((1, NOON)), sessions=sessions, crashes=rows(*crash))) == with_and_without


def test_which_file_came_first_does_not_change_what_crashed(empty: Settings, workspace_with: Any, add: Any):
    sessions = rows((1, NOON), (2, NOON), time="started_at", minutes=1.0)
    for part in ({"crashes": rows((2, NOON))}, {"events": rows((1, NOON))}, {"sessions": sessions}):
        add(empty, **part)
    whole = workspace_with(rows((1, NOON)), sessions=sessions, crashes=rows((2, NOON)))
    assert crashes(empty) == crashes(whole) == (1, 1)


@pytest.fixture
def signed_up(workspace_with: Any) -> Settings:
    """Accounts 1 to 5, here at noon; they came now, an hour and seven days ago, later, nobody knows when, never."""
    came = [NOON, later(days=-7, hours=-1), later(seconds=1), None]
    accounts = rows(*enumerate(came, 1), time="created_at", plan_tier="free")
    here = [(account, NOON) for account in range(1, 6)]
    return workspace_with(
        rows(*here, event="feature_used"),
        accounts=accounts,
        sessions=rows(*here, time="started_at", minutes=1.0),
        chats=rows(*here, time="started_at", prompts=3),
    )


@pytest.mark.parametrize("table", ["events", "sessions", "chats"])
def test_days_since_signup_are_whole_and_unknown_ones_count_nowhere(signed_up: Settings, table: str):
    counted = engine(signed_up)
    first_week = CountAccounts(table, where={"days_since_signup": Between(0, 7)})
    assert counted(first_week) == {(): 1}
    assert counted(CountAccounts(table, where={"days_since_signup": Between(7, 8)})) == {(): 1}
    assert counted(CountAccounts(table)) == {(): 5}
    assert counted(CountAccounts(table, by=Bins("days_since_signup", [0, 7]))) == {
        "under 0": 1,
        "0 to 7": 1,
        "7 or more": 1,
    }


def test_a_joined_number_is_a_number_like_others(signed_up: Settings):
    mean = Mean("sessions", "days_since_signup", bounds=(0, 10_000))
    assert engine(signed_up)(mean) == {(): 7 - 3 * 5_000}  # summed from the middle, in steps of a day


def test_prompts_of_chats_are_a_number(signed_up: Settings):
    assert engine(signed_up)(CountRows("chats", by=Bins("prompts", [3]))) == {"3 or more": 5}


@pytest.mark.parametrize(
    ("where", "read"), [(None, False), ({"minutes": Between(1)}, False), ({"crashed": False}, True)]
)
def test_crashes_are_read_only_for_a_question_that_names_them(
    signed_up: Settings, where: Any, read: bool, monkeypatch: pytest.MonkeyPatch
):
    scan, scanned = Lake.scan, list[str]()
    monkeypatch.setattr(Lake, "scan", lambda lake, table, *of: scanned.append(table) or scan(lake, table, *of))
    engine(signed_up)(CountRows("sessions", where=where))
    assert ("crashes" in scanned) == read


def test_crashes_of_sessions_are_for_inside_alone(signed_up: Settings):
    with pytest.raises(PolicyError, match=r"may not read sessions\.crashed"):
        engine(signed_up, "marketing")(CountRows("sessions", where={"crashed": False}))


def test_signups_are_counted_in_the_weeks_of_their_month(workspace_with: Any):
    came = [
        datetime(2026, 10, 1, tzinfo=UTC),  # Thursday of week 40
        datetime(2026, 10, 4, 23, 59, tzinfo=UTC),
        datetime(2026, 10, 5, tzinfo=UTC),
        datetime(2026, 10, 31, tzinfo=UTC),
        datetime(2026, 9, 30, tzinfo=UTC),  # week 40 too, but September
        datetime(2026, 11, 1, tzinfo=UTC),
        None,
    ]
    counted = engine(workspace_with(rows((1, NOON)), accounts=rows(*enumerate(came), time="created_at")))
    assert counted(CountAccounts("accounts", by="week")) == {"2026-W40": 2, "2026-W41": 1, "2026-W44": 1}
    assert counted(CountAccounts("accounts", by="month")) == {"2026-10": 4}
    assert counted(CountAccounts("accounts", by="hour")) == {"00": 3, "23": 1}
    assert counted(CountAccounts("accounts")) == {(): 7}


def test_all_accounts_of_a_snapshot_are_counted_by_plan(workspace_with: Any):
    accounts = rows(*enumerate([NOON, later(days=-400), None, later(days=60)]), time="created_at")
    plans = pl.Series("plan_tier", ["free", "team", "free", None])
    settings = workspace_with(rows((1, NOON)), accounts=accounts.with_columns(plans))
    assert engine(settings)(CountAccounts("accounts", by="plan_tier")) == {"free": 2, "team": 1}


def test_an_account_signs_up_in_one_week_so_all_weeks_cost_what_one_does(empty: Settings):
    question = CountAccounts("accounts", by="week")
    bounded = resolve(question, tables(empty), purpose="usage", month="2026-10", snapshot="s")
    assert (len(bounded.cells), bounded.per_account) == (5, 1)


def test_what_can_be_joined_is_described(signed_up: Settings, curator_of: Any):
    facts = curator_of(signed_up).call("describe", {"month": "2026-10", "purpose": "usage"})["tables"]
    assert facts["sessions"]["crashed"]["keys"] == ["false", "true"]
    assert facts["events"]["days_since_signup"]["bounds"] == (0, 3650)
