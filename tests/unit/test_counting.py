import logging
import math
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from privacy_analytics.contracts import tables
from privacy_analytics.counting import OPERATOR, LakeEngine
from privacy_analytics.dp.questions import (
    Adopters,
    Between,
    Bins,
    Bounded,
    CountAccounts,
    CountRows,
    Groups,
    Histogram,
    Mean,
    Quantiles,
    Question,
    Retention,
    Sum,
)
from privacy_analytics.errors import UsageError
from privacy_analytics.lake import Lake
from privacy_analytics.resolve import months_of, resolve
from privacy_analytics.settings import Settings
from privacy_analytics.snapshots import snapshot


def asked(settings: Settings, question: Question, zone: str = "UTC") -> tuple[Bounded, LakeEngine]:
    contract, months = tables(settings), months_of(question, "2026-10")
    frozen = [snapshot(settings, month, now=datetime(2026, 11, 23, tzinfo=UTC)) for month in months]
    bounded = resolve(question, contract, purpose="usage", month="2026-10", snapshot="s")
    return bounded, LakeEngine(Lake(settings.path("lake")), contract, frozen, b"salt", zone)


def vector(settings: Settings, question: Question) -> list[int]:
    bounded, engine = asked(settings, question)
    return engine.sums(bounded).n.ravel().tolist()


def test_cells_come_in_the_order_of_the_public_list(workspace_with: Any, events: Any):
    settings = workspace_with(pl.concat([events(range(4), feature="mix_assist"), events(range(2), feature="chat")]))
    bounded, engine = asked(settings, CountAccounts("events", by="feature"))
    counted = dict(zip(bounded.cells, engine.sums(bounded).n.ravel().tolist(), strict=True))
    assert (counted.pop(("mix_assist",)), counted.pop(("chat",))) == (4, 2)
    assert set(counted.values()) == {0}


@pytest.mark.parametrize("by", ["day", "week"])
def test_an_account_counts_once_a_day_or_week(workspace_with: Any, events: Any, by: str):
    frames = [events([1, 2], day=day, rows=3) for day in (5, 6, 7, 20)]
    counted = vector(workspace_with(pl.concat(frames)), CountAccounts("events", by=by))
    assert sorted(counted, reverse=True)[:5] == ([2, 2, 2, 2, 0] if by == "day" else [2, 2, 0, 0, 0])


def test_only_account_hash_and_cell_reach_the_bounding(october: Settings):
    bounded, engine = asked(october, CountRows("events", by=["os", "day"], cohort=Adopters("chat")))
    assert engine.rows(bounded).collect_schema().names() == ["account", "account_hash", "cell"]


@pytest.mark.parametrize(
    "question",
    [
        CountAccounts("events", by=["os", "feature"], per_account=1),
        CountRows("events", by="feature", where={"event": "feature_used"}, cohort=Adopters("chat")),
        CountAccounts("events", by="week"),
        CountRows("sessions", by="os"),
    ],
)
def test_one_account_more_changes_the_vector_by_no_more_than_its_bound(
    workspace_with: Any, events: Any, question: Question
):
    """Locality, from the lake to the cells: whatever the new account did, all others count as before."""
    plain = pl.concat([events(range(40), feature=feature) for feature in ("chat", "mix_assist", "lyric_ideas")])
    heavy = [
        events([99], feature=f, day=d, rows=70) for f in ("chat", "undo_history", "mix_assist") for d in (1, 9, 30)
    ]
    among = pl.concat([*heavy, plain])
    shuffled = among.sample(fraction=1, shuffle=True, seed=3)
    vectors = [vector(workspace_with(frame), question) for frame in (plain, among, shuffled)]
    bounded, _ = asked(workspace_with(plain), question)
    difference = [a - b for a, b in zip(vectors[1], vectors[0], strict=True)]
    assert all(0 <= each <= bounded.per_cell for each in difference)
    assert sum(each**2 for each in difference) <= bounded.per_account * bounded.per_cell**2
    assert vectors[1] == vectors[2]


def test_a_month_without_rows_of_a_table_counts_nothing(october: Settings):
    assert set(vector(october, CountRows("crashes", by="code"))) == {0}


def test_the_operators_words_never_reach_standard_error():
    assert not OPERATOR.propagate
    assert not any(type(handler) is logging.StreamHandler for handler in OPERATOR.handlers)


def table(month: str = "2026-10", **columns: list[Any]) -> pl.DataFrame:
    """Rows of accounts 1, 1, 2, 3, ... unless said otherwise, all on the fifth."""
    size = len(next(iter(columns.values())))
    accounts = columns.pop("who", [max(at, 1) for at in range(size)])
    day = date.fromisoformat(f"{month}-05")
    return pl.DataFrame({"account": [f"{who:032x}" for who in accounts], "day": [day] * size, **columns})


def cells(settings: Settings, question: Question, **about: Any) -> dict[Any, int]:
    """What is counted in each cell that has anything."""
    bounded, engine = asked(settings, question, **about)
    counted = zip(bounded.cells, engine.sums(bounded).n.ravel().tolist(), strict=True)
    return {key[0] if len(key) == 1 else key: n for key, n in counted if n}


NAN, INF = math.nan, math.inf
MINUTES = [1.0, 4.0, 5.0, 14.999, 15.0, 600.0, INF, -INF, NAN, None]
OS = ["macos", "macos", "linux", "windows", "linux", "other", None, "macos", "macos", "macos"]


@pytest.fixture
def sessions(workspace_with: Any, events: Any) -> Settings:
    """Accounts 1 (twice) to 9 with a session each."""
    return workspace_with(events(range(1, 10)), sessions=table(minutes=MINUTES, os=OS))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (CountAccounts("sessions", by=Bins("minutes", [5, 15])), {"under 5": 2, "5 to 15": 2, "15 or more": 3}),
        (CountRows("sessions", by=Bins("minutes", [5, 15])), {"under 5": 3, "5 to 15": 2, "15 or more": 3}),
        (CountAccounts("sessions", where={"minutes": Between(5, 15)}), {(): 2}),
        (CountAccounts("sessions", where={"minutes": Between(15)}), {(): 3}),
        (CountAccounts("sessions", where={"minutes": Between(high=5)}), {(): 2}),
        (CountAccounts("sessions", by=Groups("os", {"desk": ["macos", "linux"]})), {"desk": 6, "other": 2}),
        (CountAccounts("sessions", by=Groups("os", {"apple": "macos", "free": "linux"})),
         {"apple": 4, "free": 2, "other": 2}),
        (CountAccounts("sessions", by=["os", Bins("minutes", [5])], where={"os": ["linux", "windows"]}),
         {("linux", "5 or more"): 2, ("windows", "5 or more"): 1}),
        (Sum("sessions", "minutes", by="os"),
         {"macos": 500, "linux": 2000, "windows": 1500, "other": 24_000}),
        (Sum("sessions", "minutes", bounds=(2, 10)), {(): 500 + 500 + 1000 * 4 + 200}),
        (Mean("sessions", "minutes", by="os", bounds=(0, 20)),
         {"macos": 2500 - 20_000, "windows": 4999, "other": 10_000}),
        (Mean("sessions", "minutes", of="total", bounds=(0, 20)),
         {(): 500 + 500 + 1500 + 1500 + 2000 * 2 + 0 - 7 * 1000}),
        (Mean("sessions", "rows", bounds=(0, 2)), {(): 1}),
        (Histogram("sessions", "minutes", [2.5, 5]), {"2.5 to 5": 1, "under 2.5": 1, "5 or more": 5}),
        (Histogram("sessions", "minutes", [5], by="os"), {
            ("macos", "under 5"): 2, ("linux", "5 or more"): 2,
            ("windows", "5 or more"): 1, ("other", "5 or more"): 1}),
    ],
)  # fmt: skip
def test_a_question_counts_what_plain_arithmetic_says(sessions: Settings, question: Question, expected: Any):
    """Minutes are in hundredths within 0 and 240, in thousandths within 0 and 20; a mean is summed from its
    middle. A row without a number, or a key, counts where neither is needed.
    """
    assert cells(sessions, question) == expected


def test_quantiles_count_each_account_at_its_nearest_candidate_once_in_a_group(sessions: Settings):
    question = Quantiles("sessions", "minutes", [0.5], candidates=[0, 5, 15, 240], by="os")
    bounded, engine = asked(sessions, question)
    counted = dict(zip(bounded.cells, engine.sums(bounded).accounts.tolist(), strict=True))
    assert counted[("macos",)] == [1, 1, 0, 0]  # 2.5 is as near to 0 as to 5
    assert counted[("linux",)] == [0, 1, 1, 0]
    assert counted[("other",)] == [0, 0, 0, 1]


def test_hours_and_cohort_weeks_are_those_of_the_zone(workspace_with: Any):
    at = [datetime(2026, 10, 5, 23, 59, tzinfo=UTC), datetime(2026, 10, 5, 0, 0, tzinfo=UTC), None]
    settings = workspace_with(table(who=[1, 2, 3], event=["x"] * 3, occurred_at=at))
    assert cells(settings, CountAccounts("events", by="hour")) == {"23": 1, "00": 1}
    assert cells(settings, CountAccounts("events", by="hour"), zone="Asia/Kolkata") == {"05": 2}
    assert cells(settings, CountAccounts("events", by="month")) == {"2026-10": 3}


@pytest.mark.parametrize(
    ("where", "expected"), [({"opted_out": True}, 1), ({"opted_out": False}, 1), ({"opted_out": [True, False]}, None)]
)
def test_a_flag_that_is_missing_is_neither(workspace_with: Any, events: Any, where: Any, expected: int | None):
    accounts = table(who=[1, 2, 3], opted_out=[True, False, None], plan_tier=["free"] * 3)
    settings = workspace_with(events(range(3)), accounts=accounts)
    if expected is None:
        with pytest.raises(UsageError, match="names and keys are text"):
            CountAccounts("accounts", where=where)
    else:
        assert cells(settings, CountAccounts("accounts", where=where)) == {(): expected}


def test_retention_counts_who_came_in_a_week_and_was_there_so_many_weeks_later(workspace_with: Any, events: Any):
    """Account 1 signed up on Tuesday 1 September, 2 on Monday the 7th, 3 in August, 4 nobody knows when."""
    came = [
        datetime(2026, 9, 1, tzinfo=UTC),
        datetime(2026, 9, 7, tzinfo=UTC),
        datetime(2026, 8, 31, 5, tzinfo=UTC),
        None,
    ]
    active = [("2026-09", 1, 1), ("2026-09", 6, 1), ("2026-09", 7, 1), ("2026-10", 1, 1),
              ("2026-09", 13, 2), ("2026-09", 14, 2), ("2026-09", 14, 2), ("2026-09", 1, 2),
              ("2026-09", 1, 3), ("2026-09", 2, 4)]  # fmt: skip
    frame = pl.concat([events([who], month=month, day=day) for month, day, who in active])
    settings = workspace_with(frame, accounts=table(who=[1, 2, 3, 4], created_at=came))
    assert cells(settings, Retention()) == {
        ("2026-W36", "0"): 1, ("2026-W36", "1"): 1,
        ("2026-W37", "0"): 1, ("2026-W37", "1"): 1,
    }  # fmt: skip
    assert cells(settings, Retention(cohort_by="active")) == {
        ("2026-W36", "0"): 4, ("2026-W36", "1"): 2, ("2026-W36", "2"): 1,
    }  # fmt: skip


@pytest.mark.parametrize("by", ["feature", "day", None])
def test_an_account_whose_rows_lie_in_several_batches_is_one_account(
    workspace_with: Any, empty: Settings, events: Any, add: Any, by: str | None
):
    parts = [events(range(40), feature=feature, day=day) for feature, day in (("chat", 3), ("mix_assist", 9))]
    parts.append(events(range(20, 60), feature="chat", day=3, rows=2))
    for part in parts:
        add(empty, events=part)
    question = CountRows("events", by=by, per_account=1, per_cell=2)
    assert vector(empty, question) == vector(workspace_with(pl.concat(parts)), question)
