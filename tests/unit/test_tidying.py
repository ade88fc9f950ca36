"""The same rows in better files: what earlier versions wrote, and what grows by a batch a request."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from privacy_analytics.lake import ALWAYS, Lake, store, tidying
from privacy_analytics.lake.spans import Span
from privacy_analytics.settings import Settings

EVENTS = "events"


def read(lake: Lake, table: str, month: str) -> pl.DataFrame:
    """All rows of a table and month, in one order, with their batch."""
    rows = lake.scan(table, month, lake.batches()).collect()
    return rows.sort([name for name, kind in rows.schema.items() if not kind.is_nested()], nulls_last=True)


@pytest.fixture
def old(workspace_with: Callable[..., Settings], events: Callable[..., pl.DataFrame], monkeypatch: Any) -> Lake:
    """Events of two batches in small files that do not say whom they hold, as earlier versions wrote them."""
    monkeypatch.setattr(store, "FILE_ROWS", 50)
    settings = workspace_with(events(range(0, 400, 2)))
    lake = Lake(settings.path("lake"))
    with monkeypatch.context() as earlier:
        earlier.setattr(Span, "__str__", lambda _: "part")
        lake.append(EVENTS, _more(lake, events), "20991124T000000000000-00000000")
    lake.commit("20991124T000000000000-00000000", {"events": 1})
    return lake


def _more(lake: Lake, events: Callable[..., pl.DataFrame]) -> pl.DataFrame:
    rows = events(range(1, 400, 2), rows=2).with_columns(month=pl.col("day").dt.strftime("%Y-%m"))
    uniform = pl.Series("account", [md5(each.encode()).hexdigest() for each in rows["account"]])
    rows = rows.with_columns(uniform)
    absent = {name: kind for name, kind in lake.schemas[EVENTS].items() if name not in rows.columns}
    return rows.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in absent.items())


def test_files_of_earlier_versions_get_spans_and_rows_stay(old: Lake):
    before = read(old, EVENTS, "2026-10")
    assert len(tidying.outside_spans(old)[EVENTS]) > 4
    tidying.into_spans(old)
    assert tidying.outside_spans(old) == {}
    assert read(old, EVENTS, "2026-10").equals(before)
    for _, _, file in old.live(EVENTS):
        assert pl.read_parquet(file).select(Span.of_file(file).holds().all()).item()
    assert {*old.root.glob("events/month=*/batch=*/*")} == {file for _, _, file in old.live(EVENTS)}


def test_the_lake_of_today_is_left_alone(old: Lake):
    tidying.into_spans(old)
    before = {file: file.stat().st_ino for file in old.root.rglob("*.parquet")}
    tidying.into_spans(old)
    assert {file: file.stat().st_ino for file in old.root.rglob("*.parquet")} == before


def test_a_span_that_dies_in_the_middle_leaves_every_row_readable(old: Lake, monkeypatch: pytest.MonkeyPatch):
    before = read(old, EVENTS, "2026-10")

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    for step in ("removal", "forget"):
        with monkeypatch.context() as broken:
            broken.setattr(tidying, step, dies)
            with pytest.raises(KeyboardInterrupt):
                tidying.into_spans(old)
        assert read(old, EVENTS, "2026-10").equals(before)
    tidying.into_spans(old)
    assert tidying.outside_spans(old) == {}
    assert read(old, EVENTS, "2026-10").equals(before)


def account(n: int) -> str:
    return f"{n:032x}"


@pytest.fixture
def asked(empty: Settings) -> Lake:
    """Six marks, one of them taken off again, with an intake's own between the last two."""
    lake = Lake(empty.path("lake"))
    for n, is_set in [(1, True), (2, True), (3, True), (2, False)]:
        lake.mark([account(n)], "opted_out", is_set=is_set, at=datetime(2026, 11, n, tzinfo=UTC))
    lake.add(EVENTS, _events_of(lake))
    for n in (3, 4):
        lake.mark([account(n)], "opted_out", is_set=n == 4, at=datetime(2026, 11, n, tzinfo=UTC))
    return lake


def _events_of(lake: Lake) -> pl.DataFrame:
    row = pl.DataFrame({"account": [account(9)], "month": ["2026-10"]})
    absent = {name: kind for name, kind in lake.schemas[EVENTS].items() if name != "account"}
    return row.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in absent.items())


def test_small_batches_become_few_and_every_mark_says_what_it_said(asked: Lake):
    before, rows = asked.marked("opted_out").collect(), read(asked, "marks", ALWAYS).drop("batch")
    assert len(asked.batches()) == 7
    tidying.compact(asked)
    assert len(asked.batches()) == 4
    assert (
        sorted(asked.marked("opted_out").collect()["account"]) == sorted(before["account"]) == [account(1), account(4)]
    )
    after = read(asked, "marks", ALWAYS).drop("batch")
    assert after.sort("account", "at").equals(rows.sort("account", "at"))


def test_a_compaction_that_dies_anywhere_is_completed_by_the_next(asked: Lake, monkeypatch: pytest.MonkeyPatch):
    before = sorted(asked.marked("opted_out").collect()["account"])

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    for where, step in ((tidying, "removal"), (Path, "unlink"), (tidying, "forget")):
        with monkeypatch.context() as broken:
            broken.setattr(where, step, dies)
            with pytest.raises(KeyboardInterrupt):
                tidying.compact(asked)
        assert sorted(asked.marked("opted_out").collect()["account"]) == before
    tidying.compact(asked)
    assert tidying.small_batches(asked) == []
    assert sorted(asked.marked("opted_out").collect()["account"]) == before
