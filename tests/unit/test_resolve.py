from typing import Any

import pytest

from privacy_analytics.contracts import Table, tables
from privacy_analytics.dp.questions import Bounded, CountAccounts, CountRows, Question
from privacy_analytics.errors import PolicyError, UsageError
from privacy_analytics.resolve import days, grains, nearest, resolve
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
    monkeypatch.setattr("privacy_analytics.resolve.DERIVED_VERSIONS", {"sessions": 2})
    after = bounded(contract, sessions).key, bounded(contract, events).key
    assert (before[0] == after[0], before[1] == after[1]) == (False, True)


@pytest.mark.parametrize("column", ["duration_ms", "occurred_at"])
def test_only_columns_with_public_keys_are_counted_by(contract: dict[str, Table], column: str):
    with pytest.raises(UsageError, match="no public list of keys"):
        bounded(contract, CountAccounts("events", by=column))


def test_a_hint_is_a_known_word_or_nothing():
    assert nearest("macosx", ["macos", "linux"]) == " Did you mean 'macos'?"
    assert nearest("canary-7f3a", ["macos", "linux"]) == ""
