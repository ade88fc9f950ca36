"""The lake shows whole batches only, forgets unfinished ones, and keeps no statistic of ids or texts."""

import json
import stat
from datetime import UTC, date, datetime

import polars as pl
import pyarrow.parquet as pq
import pytest

from privacy_analytics import workspace
from privacy_analytics.errors import NotFound, TryLater, UsageError
from privacy_analytics.lake import ALWAYS, Lake, new_batch
from privacy_analytics.snapshots import last_complete_month, snapshot

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path):
    made = {"product": "P", "contact_email": "a@b.example", "timezone": "Pacific/Auckland", "posted": date(2026, 1, 1)}
    return workspace.create(tmp_path / "a folder", **made)


@pytest.fixture
def lake(settings):
    return Lake(settings.path("lake"))


def rows(lake, table, month, accounts):
    schema = lake.schemas[table]
    frame = pl.DataFrame({"account": accounts}).with_columns(pl.lit(month).alias("month"))
    numbered = frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("row_id"))
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in numbered.columns]
    return numbered.with_columns(missing)


def add(lake, month="2026-10", accounts=("b", "a"), table="events", commit=True):
    batch = new_batch()
    lake.append(table, rows(lake, table, month, list(accounts)), batch)
    if commit:
        lake.commit(batch, {"added": len(accounts)})
    return batch


def test_rows_are_seen_once_their_batch_is_committed(lake):
    batch = add(lake, commit=False)
    assert (lake.batches(), lake.months()) == ((), [])
    lake.commit(batch, {})
    assert (lake.batches(), lake.months()) == ((batch,), ["2026-10"])
    seen = lake.scan("events", "2026-10", lake.batches()).collect()
    assert seen.select("account", "month", "batch").rows() == [("a", "2026-10", batch), ("b", "2026-10", batch)]


def test_each_way_in_which_texts_were_scrubbed_is_told_once(lake):
    fast, standard = ({"tier": tier, "missed_per_100": None} for tier in ("fast", "standard"))
    for way in (fast, standard, fast):
        lake.commit(new_batch(), {"scrubbing": way})
    lake.commit(new_batch(), {})
    assert lake.scrubbing() == [fast, standard]


def test_a_month_or_table_without_rows_scans_empty_with_the_same_columns(lake):
    add(lake)
    there = lake.scan("events", "2026-10", lake.batches()).collect_schema()
    assert lake.scan("events", "1999-01", lake.batches()).collect_schema() == there
    assert lake.scan("crashes", "2026-10", lake.batches()).collect().is_empty()


def test_recovery_removes_rows_files_and_log_entries_of_an_unfinished_batch(lake):
    kept, lost = add(lake), add(lake, commit=False)
    (lake.root / "staging" / "events").mkdir(parents=True)
    lake.recover()
    assert {file.parent.name for file in lake.root.glob("*/month=*/batch=*/*")} == {f"batch={kept}"}
    lake.commit(lost, {})
    assert lake.scan("events", "2026-10", [lost]).collect().is_empty()
    assert not (lake.root / "staging").exists()


def test_the_newest_row_of_an_account_holds(lake):
    first, second = add(lake, ALWAYS, ["a", "b"], "accounts"), add(lake, ALWAYS, ["a"], "accounts")
    newest = lake.accounts(lake.batches()).sort("account").collect()
    assert newest.select("account", "batch").rows() == [("a", second), ("b", first)]
    assert lake.accounts([first]).collect().height == 2


def test_neither_log_nor_footer_holds_a_statistic(lake):
    add(lake, accounts=["secret-pseudonym"] * 3)
    log = "".join(file.read_text() for file in lake.root.glob("events/_delta_log/*.json"))
    assert "secret-pseudonym" not in log
    assert "minValues" not in log
    (file,) = lake.root.glob("events/month=*/batch=*/*")
    footer = pq.ParquetFile(file).metadata
    columns = [footer.row_group(0).column(n) for n in range(footer.num_columns)]
    assert not any(column.is_stats_set for column in columns)
    assert {column.compression for column in columns} == {"ZSTD"}


def test_files_and_folders_are_for_the_owner_alone(lake):
    add(lake)
    with lake.locked():
        lake.recover()
    loose = [path for path in lake.root.rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert not loose


def test_a_column_declared_later_reads_as_missing_in_older_batches(lake, settings):
    add(lake)
    file = settings.root / workspace.FILE
    file.write_text(file.read_text() + '\n[columns.events.presets]\ntype = "integer"\nbounds = [0, 9]\n')
    later = Lake(settings.path("lake"))
    add(later)
    both = later.scan("events", "2026-10", later.batches()).collect()
    assert (both.height, both["presets"].null_count()) == (4, 4)


def test_a_snapshot_freezes_the_batches_of_its_month_and_stays(lake, settings):
    first, people = add(lake), add(lake, ALWAYS, table="accounts")
    add(lake, "2026-09")
    frozen = snapshot(settings, "2026-10", now=NOW)
    assert (frozen.token, frozen.batches) == ("2026-10.r0", (first, people))
    add(lake)
    assert snapshot(settings, "2026-10", now=NOW) == frozen


def test_a_running_month_is_provisional_and_named_by_its_batches(lake, settings):
    add(lake, "2026-11")
    with pytest.raises(TryLater, match="--provisional"):
        snapshot(settings, "2026-11", now=NOW)
    first = snapshot(settings, "2026-11", provisional=True, now=NOW)
    assert first == snapshot(settings, "2026-11", provisional=True, now=NOW)
    assert first.token.startswith("2026-11.p")
    add(lake, "2026-11")
    assert snapshot(settings, "2026-11", provisional=True, now=NOW).token != first.token


def test_a_month_is_over_in_the_workspaces_own_time_zone(lake, settings):
    add(lake, "2026-10")
    in_auckland_november = datetime(2026, 10, 31, 12, tzinfo=UTC)
    assert snapshot(settings, "2026-10", now=in_auckland_november).token == "2026-10.r0"
    assert last_complete_month(settings, in_auckland_november) == "2026-10"


def test_a_month_without_data_names_the_months_present_and_writes_nothing(lake, settings):
    add(lake, "2026-09")
    with pytest.raises(NotFound, match="Months present: 2026-09"):
        snapshot(settings, "2026-10", now=NOW)
    with pytest.raises(UsageError, match="YYYY-MM"):
        snapshot(settings, "October", now=NOW)
    assert not list(settings.path("snapshots").iterdir())


def test_a_committed_batch_holds_counts_only(lake):
    batch = add(lake)
    assert json.loads((lake.root / "batches" / f"{batch}.json").read_text()) == {"added": 2}
