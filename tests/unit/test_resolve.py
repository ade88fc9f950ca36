from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from privacy_analytics.contracts import Table, tables
from privacy_analytics.dp.questions import (
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
    TopKeys,
    Value,
)
from privacy_analytics.errors import PolicyError, UsageError
from privacy_analytics.resolve import PHRASES, days, grains, months_of, nearest, resolve
from privacy_analytics.settings import DeclaredColumn, Settings


@pytest.fixture
def contract(empty: Settings) -> dict[str, Table]:
    empty.path("keys", "moods.txt").write_text("happy\nsad\n")
    empty.columns["events"] = {"mood": DeclaredColumn("key", keys="moods", purposes=("usage",))}
    return tables(empty)


def bounded(contract: dict[str, Table], question: Question, **about: Any) -> Bounded:
    return resolve(question, contract, **{"purpose": "usage", "month": "2026-10", "snapshot": "2026-10.r0"} | about)


def test_bounds_and_keys_come_from_the_contract(contract: dict[str, Table]):
    features = bounded(contract, CountRows("events", by="feature"))
    assert (features.per_account, features.per_cell) == (8, 100)
    assert features.cells[-1] == ("other",)
    assert bounded(contract, CountAccounts("events", by="feature")).per_cell == 1


def test_an_account_counts_in_every_day_unless_told_otherwise(contract: dict[str, Table]):
    assert bounded(contract, CountAccounts("events", by="day")).per_account == 31
    assert bounded(contract, CountAccounts("events", by="day", per_account=4)).per_account == 4


def test_a_bound_above_the_number_of_cells_is_the_number_of_cells(contract: dict[str, Table]):
    many, none = (bounded(contract, CountAccounts("events", by="os", per_account=n)) for n in (99, 6))
    assert many.key == none.key
    assert many.per_account == 6


def test_two_columns_multiply_their_bounds(contract: dict[str, Table]):
    both = bounded(contract, CountAccounts("events", by=["os", "feature"]))
    assert both.per_account == 2 * 8
    assert len(both.cells) == 6 * 17


def test_weeks_are_cut_at_the_ends_of_the_month(contract: dict[str, Table]):
    weeks = bounded(contract, CountAccounts("events", by="week"))
    assert weeks.cells == [("2026-W40",), ("2026-W41",), ("2026-W42",), ("2026-W43",), ("2026-W44",)]
    assert [value for value, week in weeks.keys[0].values if week == "2026-W40"] == [
        "2026-10-01",
        "2026-10-02",
        "2026-10-03",
        "2026-10-04",
    ]


def test_a_week_belongs_to_its_iso_year(contract: dict[str, Table]):
    january = bounded(contract, CountAccounts("events", by="week"), month="2027-01")
    assert january.cells[0] == ("2026-W53",)


@pytest.mark.parametrize(("month", "count"), [("2026-02", 28), ("2028-02", 29), ("2026-12", 31)])
def test_a_month_has_its_days(month: str, count: int):
    assert len(days(month)) == count


def test_the_grain_of_time_is_part_of_the_identity(contract: dict[str, Table]):
    fine, coarse = grains(CountAccounts("events", by=["os", "day"]))
    assert (fine.by, coarse.by) == (("os", "day"), ("os", "week"))
    assert bounded(contract, fine).key != bounded(contract, coarse).key
    assert grains(CountAccounts("events", by="os")) == (CountAccounts("events", by="os"),)


def test_a_purpose_reads_only_its_columns(contract: dict[str, Table]):
    assert bounded(contract, CountAccounts("events", by="mood"))
    for question in (CountAccounts("events", by="mood"), CountAccounts("events", where={"mood": "happy"})):
        with pytest.raises(PolicyError, match="may be read for: usage"):
            bounded(contract, question, purpose="marketing")


def test_the_version_of_a_derived_table_is_part_of_the_identity(
    contract: dict[str, Table], monkeypatch: pytest.MonkeyPatch
):
    sessions, events = CountAccounts("sessions", by="os"), CountAccounts("events", by="os")
    before = bounded(contract, sessions).key, bounded(contract, events).key
    monkeypatch.setattr("privacy_analytics.resolve.DERIVED_VERSIONS", {"sessions": 99})
    after = bounded(contract, sessions).key, bounded(contract, events).key
    assert (before[0] == after[0], before[1] == after[1]) == (False, True)


@pytest.mark.parametrize("column", ["duration_ms", "occurred_at"])
def test_only_columns_with_public_keys_are_counted_by(contract: dict[str, Table], column: str):
    with pytest.raises(UsageError, match="no public list of keys"):
        bounded(contract, CountAccounts("events", by=column))


def test_a_hint_is_a_known_word_or_nothing():
    assert nearest("macosx", ["macos", "linux"]) == " Did you mean 'macos'?"
    assert nearest("canary-7f3a", ["macos", "linux"]) == ""


SESSIONS = ("sessions", "minutes")


@pytest.mark.parametrize(
    ("question", "value"),
    [
        (Mean(*SESSIONS), Value("minutes", 0, 24_000, 100)),
        (Mean(*SESSIONS, bounds=(0, 20)), Value("minutes", 0, 20_000, 1000)),
        (Mean(*SESSIONS, bounds=(0.5, 0.7)), Value("minutes", 50_000, 70_000, 100_000)),
        (Mean(*SESSIONS, bounds=(-10, 0.33)), Value("minutes", -10_000, 330, 1000)),
        (Mean(*SESSIONS, of="total"), Value("minutes", 0, 24_000, 100, total=(0, 30 * 24_000))),
        (Sum(*SESSIONS), Value("minutes", 0, 24_000, 100, total=(0, 30 * 24_000))),
        (Sum(*SESSIONS, bounds=(0, 300)), Value("minutes", 0, 24_000, 100, total=(0, 30_000))),
        (Mean("events", "rows"), Value("rows", 0, 1, 1, total=(0, 100))),
        (Mean("events", "rows", bounds=(0.5, 9.5)), Value("rows", 0, 1, 1, total=(0, 10))),
        (Sum("events", "duration_ms"), Value("duration_ms", 0, 3_600_000, 1, total=(0, 360_000_000))),
    ],
)
def test_a_number_is_whole_steps_of_a_ten_thousandth_of_its_bounds_or_finer(
    contract: dict[str, Table], question: Question, value: Value
):
    assert bounded(contract, question).value == value


@pytest.mark.parametrize(
    ("question", "per_account", "per_cell"),
    [
        (Sum(*SESSIONS, by="os", bounds=(-400, 300)), 2, 40_000),
        (Mean(*SESSIONS, by="os"), 2, 12_000),
        (Mean("events", "rows", bounds=(0, 5)), 1, 3),
        (Quantiles(*SESSIONS, [0.5], by=["os", "host"]), 4, 1),
        (Histogram(*SESSIONS, [5, 15], by="os"), 2, 1),
        (CountRows("sessions", by=Bins("minutes", [5, 15])), 3, 30),
        (CountAccounts("events", by=["hour", "os"]), 48, 1),
        (CountAccounts("events", by=Groups("os", {"desktop": ["macos", "linux"]})), 2, 1),
        (CountAccounts("events", by=Groups("feature", {"a": ["chat"]})), 2, 1),
        (TopKeys("messages", "content"), PHRASES, 1),
        (TopKeys("messages", "content", per_account=5), 5, 1),
    ],
)
def test_every_kind_has_bounds_of_what_an_account_adds(
    contract: dict[str, Table], question: Question, per_account: int, per_cell: int
):
    resolved = bounded(contract, question)
    assert (resolved.per_account, resolved.per_cell) == (per_account, per_cell)


def test_quantiles_choose_between_their_bounds_finer_at_the_low_end(contract: dict[str, Table]):
    places = bounded(contract, Quantiles(*SESSIONS, [0.5])).places
    assert (places[0], places[-1], len(places)) == (0, 24_000, 129)
    assert places[1] - places[0] < 2 < places[-1] - places[-2]
    assert bounded(contract, Quantiles(*SESSIONS, [0.5], candidates=[0, 5, 90])).places == (0, 500, 9000)
    assert len(bounded(contract, Quantiles("events", "rows", [0.5], bounds=(0, 5))).places) == 6


def test_the_edges_of_a_histogram_are_steps(contract: dict[str, Table]):
    assert bounded(contract, Histogram(*SESSIONS, [5, 15.25])).places == (500, 1525)
    with pytest.raises(UsageError, match="closer than 1/100"):
        bounded(contract, Histogram(*SESSIONS, [5, 5.001]))


@pytest.fixture
def boundless(contract: dict[str, Table]) -> dict[str, Table]:
    table = contract["sessions"]
    columns = {**table.columns, "minutes": replace(table.columns["minutes"], bounds=None)}
    return {**contract, "sessions": replace(table, columns=columns)}


@pytest.mark.parametrize("kind", [Mean, Sum, lambda *a: Quantiles(*a, [0.5]), lambda *a: Histogram(*a, [5])])
def test_a_number_without_public_bounds_is_refused_with_a_way_forward(boundless: dict[str, Table], kind: Any):
    with pytest.raises(UsageError, match=r"sessions\.minutes has no public bounds\. .*workspace\.toml"):
        bounded(boundless, kind(*SESSIONS))


def test_bounds_of_the_question_stand_in_for_those_of_the_contract(
    boundless: dict[str, Table], contract: dict[str, Table]
):
    within = Mean(*SESSIONS, bounds=(0, 240))
    assert (
        bounded(boundless, within).value == bounded(contract, within).value == bounded(contract, Mean(*SESSIONS)).value
    )
    with pytest.raises(UsageError, match=r"Declare them in workspace\.toml"):
        bounded(boundless, Sum(*SESSIONS, bounds=(0, 240)))  # a total says nothing of a row


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (Mean("sessions", "minuts"), "Did you mean 'minutes'"),
        (Mean("sessions", "os"), "is no number"),
        (CountAccounts("sessions", by=Bins("os", [1])), "is no number"),
        (CountAccounts("sessions", by=Bins("rows", [1])), "no such column"),
        (CountAccounts("sessions", by=Groups("minutes", {"a": "b"})), "no public list of keys"),
        (CountAccounts("sessions", by=Groups("os", {"a": "macoss"})), "Did you mean 'macos'"),
        (CountAccounts("sessions", where={"os": Between(1)}), "is no number"),
        (CountAccounts("sessions", where={"minutes": "5"}), "is no key or flag"),
        (CountAccounts("accounts", where={"opted_out": "maybe"}), "not on the public list"),
        (CountAccounts("events", where={"os": True}), "not on the public list"),
        (CountAccounts("events", where={"day": "2026-10-01"}), "no such column"),
        (TopKeys("messages", "role"), "is no text"),
        (TopKeys("events", "os"), "is no text"),
        (Sum("events", "duration_ms", bounds=(0, 10**10)), "too large"),
        (Histogram("sessions", "minutes", [1e12]), "too large"),
        (Quantiles("sessions", "minutes", [0.5], by=["hour", "day", "host", "os"]), "Use fewer columns"),
    ],
)
def test_what_the_contract_does_not_allow_is_refused_with_the_way_forward(
    contract: dict[str, Table], question: Question, says: str
):
    with pytest.raises(UsageError, match=says):
        bounded(contract, question)


@pytest.mark.parametrize(
    "question",
    [
        Mean("sessions", "minutes"),
        CountAccounts("sessions", by=Bins("minutes", [5])),
        CountAccounts("sessions", where={"minutes": Between(5)}),
        CountAccounts("accounts", where={"opted_out": True}),
    ],
)
def test_a_purpose_reads_no_number_or_flag_that_is_not_its_own(contract: dict[str, Table], question: Question):
    assert bounded(contract, question)
    with pytest.raises(PolicyError, match="'marketing' may not read"):
        bounded(contract, question, purpose="marketing")


def test_hours_groups_and_bins_have_public_keys_in_order(contract: dict[str, Table]):
    hours = bounded(contract, CountAccounts("events", by="hour")).cells
    assert (hours[0], hours[-1], len(hours)) == (("00",), ("23",), 24)
    groups = Groups("os", {"desktop": ["windows", "macos"], "none": []})
    assert bounded(contract, CountAccounts("events", by=groups)).cells == [("desktop",), ("other",)]
    bins = bounded(contract, CountAccounts("sessions", by=Bins("minutes", [5, 7.5])))
    assert bins.cells == [("under 5",), ("5 to 7.5",), ("7.5 or more",)]
    assert bounded(contract, CountAccounts("events", by="month")).cells == [("2026-10",)]


@pytest.mark.parametrize(
    ("month", "months", "weeks", "later"),
    [("2026-10", 2, 5, 4), ("2026-10", 3, 6, 8), ("2027-01", 2, 5, 5), ("2026-03", 2, 5, 5)],
)
def test_retention_has_weeks_of_its_first_month_and_those_over_for_all_of_them(
    contract: dict[str, Table], month: str, months: int, weeks: int, later: int
):
    """The last week that anybody came in has as many whole weeks after it as there are columns."""
    resolved = bounded(contract, Retention(months=months), month=month)
    cohorts, after = (key.keys for key in resolved.keys)
    assert (len(cohorts), len(after)) == (weeks, later)
    assert resolved.per_account == later
    assert len(resolved.months) == months
    assert resolved.months[-1] == month
    came, last = (date.fromisoformat(day) for day in (resolved.keys[0].values[-1][0], str(days(month)[-1])))
    monday = came - timedelta(days=came.weekday())
    assert monday + timedelta(weeks=later) <= last + timedelta(days=1) < monday + timedelta(weeks=later + 1)


def test_one_month_is_charged_to_itself_alone():
    assert months_of(CountAccounts("events"), "2026-10") == ("2026-10",)
    assert months_of(Retention(months=4), "2026-02") == ("2025-11", "2025-12", "2026-01", "2026-02")
