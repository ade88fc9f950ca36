from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from privacy_analytics.dp.arithmetic import change, share
from privacy_analytics.dp.releases import Cell, Clipped, Mechanism, Release, status
from privacy_analytics.dp.store import FolderStore
from privacy_analytics.errors import NotFound, UsageError

Made = Callable[..., Release]


@pytest.fixture
def counted() -> Made:
    """A release of counts by feature, or of one total."""

    def make(
        values: Any, *, sigma: float = 10.0, month: str = "2026-10", unit: Any = "accounts", **asked: Any
    ) -> Release:
        keyed = {(key,): value for key, value in values.items()} if isinstance(values, dict) else {(): values}
        by = asked.pop("by", ["feature"] if isinstance(values, dict) else [])
        cells = [Cell(k, v, v - 2 * sigma, v + 2 * sigma, sigma, status(v, sigma, 20)) for k, v in keyed.items()]
        question = {"kind": f"count_{unit}", "table": "events", "by": by, "where": [], "cohort": None, **asked}
        digest = f"{abs(hash(str((values, month, question)))):064x}"[-64:]
        return Release(
            id=f"r-{digest[-12:]}",
            key=digest,
            unit=unit,
            table=question["table"],
            by=tuple(by),
            month=month,
            snapshot=f"{month}.r0",
            population="all",
            floor=20,
            cells=tuple(cells),
            question=question,
            mechanism=Mechanism("discrete Gaussian", sigma, 1, asked.get("per_cell", 1), 1.0),
            nano_rho=5,
            recorded={"purpose": "usage"},
        )

    return make


def test_a_release_survives_json_byte_for_byte(counted: Made):
    release = counted({"chät": 500, "mix": 3})
    again = Release.from_json(release.to_json())
    assert again == release
    assert again.to_json() == release.to_json()


@pytest.mark.parametrize("clipped", [None, Clipped(7.1, -3.0, 17.2)])
@pytest.mark.parametrize("bounds", [None, (0.0, 240.0)])
def test_what_was_done_survives_json(counted: Made, bounds: Any, clipped: Clipped | None):
    done = Mechanism("discrete Gaussian", None, 2, 1.5, 2.2, bounds, clipped)
    cell = Cell(("chat", "p50"), 5.5, 0.0, 240.0, None, "approximate")
    release = replace(counted(5), mechanism=done, cells=(cell,), by=("feature", "quantile"), unit="quantile", delta=7)
    again = Release.from_json(release.to_json())
    assert again == release
    assert again.to_json() == release.to_json()
    assert again.to_polars().row(0) == ("chat", "p50", 5.5, 0.0, 240.0, None, "approximate")


def test_another_format_is_refused(counted: Made):
    with pytest.raises(UsageError, match="another format"):
        Release.from_json(counted(5).to_json().replace('"format":1', '"format":2'))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(81, "ok"), (79, "approximate"), (39, "suppressed"), (40, "approximate"), (-500, "suppressed")],
)
def test_a_status_reads_the_released_number_and_public_constants(value: float, expected: str):
    assert status(value, 10, 20) == expected


def test_a_value_under_four_sigma_is_unreliable():
    assert status(30, 10, 5) == "unreliable"


def test_suppressed_cells_hold_no_numbers_in_any_table(counted: Made):
    release = counted({"chat": 500, "mix": 3})
    assert [cell.key for cell in release.shown] == [("chat",)]
    assert release.to_polars()["value"].to_list() == [500, None]
    assert release.to_pandas()["low"].isna().tolist() == [False, True]


def test_a_cell_is_found_by_its_key_and_an_unknown_one_is_not_echoed(counted: Made):
    release = counted({"chat": 500})
    assert release["chat"].value == 500
    with pytest.raises(NotFound) as refused:
        release["my secret"]
    assert "secret" not in str(refused.value)


def test_a_share_is_the_ratio_between_its_worst_corners(counted: Made):
    half = share(counted({"chat": 500.0}), of=counted(1000.0))["chat"]
    assert half.value == 0.5
    assert (half.low, half.high) == ((500 - 23) / (1000 + 23), (500 + 23) / (1000 - 23))


def test_a_part_of_a_total_is_at_most_all_of_it(counted: Made):
    assert share(counted({"chat": 1000}), of=counted(1000))["chat"].high == 1


@pytest.mark.parametrize(
    "whole",
    [
        {"where": [["os", ["linux"]]]},
        {"table": "crashes"},
        {"cohort": {"kind": "adopters", "key": "mix", "rest": False}},
    ],
)
def test_a_share_of_something_else_may_exceed_one(counted: Made, whole: dict[str, Any]):
    assert share(counted({"chat": 1500}), of=counted(1000, **whole))["chat"].high > 1.5


def test_rows_per_account_are_no_share_of_one(counted: Made):
    assert share(counted(5000, unit="rows", per_cell=100), of=counted(1000))[()].high > 5


def test_a_share_of_very_little_keeps_a_finite_interval(counted: Made):
    cell = share(counted({"chat": 10}), of=counted(-5))["chat"]
    assert 0 <= cell.low <= cell.high < 100
    assert cell.status == "suppressed"


@pytest.mark.parametrize(
    "of",
    [{"month": "2026-09"}, {"by": ["os"], "values": {"chat": 9}}],
)
def test_a_share_of_what_does_not_fit_is_refused(counted: Made, of: dict[str, Any]):
    with pytest.raises(UsageError):
        share(counted({"chat": 5}), of=counted(of.pop("values", 1000), **of))


def test_populations_do_not_mix(counted: Made):
    with pytest.raises(UsageError, match="different populations"):
        share(counted({"chat": 5}), of=replace(counted(1000), population="not opted out"))


def test_a_share_of_a_share_is_refused(counted: Made):
    part = share(counted({"chat": 5}), of=counted(1000))
    with pytest.raises(UsageError, match="not one of each other"):
        change(part, part)


def test_a_change_is_relative_and_spans_nothing_where_both_are_the_same(counted: Made):
    more = change(counted({"chat": 1100}), counted({"chat": 1000}, month="2026-09"))["chat"]
    assert more.value == pytest.approx(0.1)
    assert more.low == pytest.approx((1100 - 23) / (1000 + 23) - 1)
    assert more.high == pytest.approx((1100 + 23) / (1000 - 23) - 1)
    same = change(counted(500), counted(500, month="2026-09"))[()]
    assert same.low < 0 == same.value < same.high


@pytest.mark.parametrize(
    "other",
    [
        {"unit": "rows"},
        {"table": "crashes"},
        {"where": [["os", ["linux"]]]},
        {"cohort": {"kind": "adopters", "key": "mix", "rest": False}},
        {"per_cell": 7},
        {"per_account": 7},
        {"by": ["os"]},
    ],
)
def test_a_change_between_two_questions_is_refused(counted: Made, other: dict[str, Any]):
    with pytest.raises(UsageError, match="differ"):
        change(counted({"chat": 5}), counted({"chat": 5}, month="2026-09", **other))


def test_weeks_that_two_months_share_are_not_compared(counted: Made):
    with pytest.raises(UsageError, match="without day or week"):
        change(counted({"2026-W40": 5}, by=["week"]), counted({"2026-W40": 5}, by=["week"], month="2026-09"))


def test_a_derived_value_is_recomputed_from_the_store(counted: Made, tmp_path: Path):
    store, part, whole = FolderStore(tmp_path), counted({"chat": 500}), counted(1000)
    for release in (part, whole):
        store.put(release.id, release.to_json())
    derived = share(part, of=whole)
    assert derived.nano_rho == 0
    assert store.evaluate(derived.expression) == derived
    assert store.ids() == sorted([part.id, whole.id])


@pytest.mark.parametrize("name", ["r-000000000000", "../ledger", "r-../../etc", "x"])
def test_what_is_no_stored_release_is_not_found(tmp_path: Path, name: str):
    with pytest.raises(NotFound):
        FolderStore(tmp_path).get(name)


def test_putting_the_ledgers_bytes_again_mends_a_damaged_file(counted: Made, tmp_path: Path):
    store, release = FolderStore(tmp_path), counted(500)
    store.put(release.id, release.to_json())
    file = tmp_path / f"{release.id}.json"
    before = file.stat()
    store.put(release.id, release.to_json())
    assert file.stat().st_ino == before.st_ino
    assert before.st_mode & 0o777 == 0o600
    file.write_text(release.to_json()[:50])
    store.put(release.id, release.to_json())
    assert store.get(release.id) == release
    assert sorted(tmp_path.iterdir()) == [file, file.with_suffix(".parquet")]
