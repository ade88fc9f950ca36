"""Rows that are removed in place are gone from files, log and older versions; all others stay as they are."""

import json

import polars as pl
import pytest
from deltalake import DeltaTable

from privacy_analytics.errors import TryLater
from privacy_analytics.lake import Lake, rewrite, store

A, B, C = ("a" * 32, "b" * 32, "c" * 32)


@pytest.fixture
def lake(empty, add, events):
    for month in ("2026-09", "2026-10"):
        add(empty, events=events([10, 11, 12], month=month, rows=2))
    return Lake(empty.path("lake"))


def pseudonym(number):
    return f"{number:032x}"


def stored(lake, month="2026-10"):
    return lake.scan("events", month, lake.batches()).collect()


def test_erased_rows_are_gone_and_all_others_stay_as_they_were(lake):
    before = stored(lake).filter(pl.col("account") != pseudonym(11))
    done = rewrite(lake, "events", pl.col("account") == pseudonym(11))
    assert (done.rows, done.files, done.of_files) == (4, 2, 2)
    assert stored(lake).equals(before)


def test_nothing_of_an_older_version_can_be_read(lake):
    rewrite(lake, "events", pl.col("account") == pseudonym(11))
    table = DeltaTable(str(lake.root / "events"))
    live = {path for _, _, path in lake.live("events")}
    assert set(lake.root.glob("events/month=*/batch=*/*")) == live
    log = sorted(file.name for file in (lake.root / "events" / "_delta_log").glob("*.json"))
    assert log == [f"{table.version():020}.json"]
    with pytest.raises(Exception, match=r"(?i)version|log|not found"):
        DeltaTable(str(lake.root / "events"), version=0).to_pyarrow_table()


def test_statistics_that_somebody_wrote_into_the_log_go_too(lake):
    log = lake.root / "events" / "_delta_log"
    for file in log.glob("*.json"):
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for line in lines:
            if "add" in line:
                stats = {"numRecords": 6, "minValues": {"account": A}, "maxValues": {"account": A}, "nullCount": {}}
                line["add"]["stats"] = json.dumps(stats)
        file.write_text("\n".join(map(json.dumps, lines)))
    rewrite(lake, "events", pl.col("account") == pseudonym(11))
    left = [file for file in log.iterdir() if file.suffix == ".json"]
    assert not any(A in file.read_text() for file in left)
    checkpoint = pl.concat([pl.read_parquet(file).select("add") for file in log.glob("*.parquet")])
    assert A not in str(checkpoint.to_dicts())


def test_a_rewrite_killed_before_it_cleaned_up_is_completed_by_the_next(lake, monkeypatch):
    from privacy_analytics.lake import rewriting

    with monkeypatch.context() as patched:
        patched.setattr(rewriting, "forget", lambda *_: None)
        rewrite(lake, "events", pl.col("account") == pseudonym(11))
    assert len(list(lake.root.glob("events/month=*/batch=*/*"))) == 4
    again = rewrite(lake, "events", pl.col("account") == pseudonym(11))
    assert (again.rows, again.files) == (0, 0)
    assert len(list(lake.root.glob("events/month=*/batch=*/*"))) == 2


def test_a_file_that_lost_all_rows_keeps_its_batch_in_the_month(empty, add, events):
    add(empty, events=events([10], month="2026-08"))
    lake = Lake(empty.path("lake"))
    before = lake.batches_of("2026-08")
    rewrite(lake, "events", pl.col("account") == pseudonym(10))
    assert stored(lake, "2026-08").is_empty()
    assert lake.batches_of("2026-08") == before
    add(empty, events=events([10], month="2026-08"))
    assert stored(lake, "2026-08").height == 1


def test_large_batches_lie_in_files_of_whole_accounts(empty, add, events, monkeypatch):
    monkeypatch.setattr(store, "FILE_ROWS", 5)
    spread = pl.col("account").str.slice(-1) + pl.col("account").str.slice(0, 31)
    add(empty, events=events(range(16), rows=3).with_columns(spread))
    lake = Lake(empty.path("lake"))
    files = [pl.read_parquet(file)["account"] for _, _, file in lake.live("events")]
    assert sum(len(accounts) for accounts in files) == 48
    assert len(files) == 10
    assert sum(accounts.n_unique() for accounts in files) == 16
    assert rewrite(lake, "events", pl.col("account") == files[0][0]).files == 1


def test_a_mark_holds_until_it_is_taken_off(lake):
    from datetime import UTC, datetime

    now = datetime(2026, 11, 23, tzinfo=UTC)
    lake.mark([A, B], "opt_out", is_set=True, at=now)
    lake.mark([B, C], "hold", is_set=True, at=now)
    lake.mark([A], "opt_out", is_set=False, at=now)
    assert lake.marked("opt_out").collect()["account"].to_list() == [B]
    assert sorted(lake.marked("hold").collect()["account"]) == [B, C]


def test_marks_do_not_change_what_a_month_is_answered_from(lake):
    from datetime import UTC, datetime

    before = lake.batches_of("2026-10")
    lake.mark([A], "opt_out", is_set=True, at=datetime(2026, 11, 23, tzinfo=UTC))
    assert lake.batches_of("2026-10") == before


def test_rows_are_rewritten_alone(lake, monkeypatch):
    from privacy_analytics.lake import files

    with lake.reading(), lake.reading(), pytest.raises(TryLater, match="still at work"), files.alone(lake.root, 0):
        pass
    with lake.alone():
        with pytest.raises(TryLater, match="nothing was spent"), lake.reading():
            pass
        with pytest.raises(TryLater), lake.locked():
            pass
    with lake.reading(), lake.locked():
        pass
