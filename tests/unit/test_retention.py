"""Rows older than their limit go from every file, with all that was made of them; younger ones stay (policy §5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from click.testing import CliRunner

from privacy_analytics import retention
from privacy_analytics.audit import AuditLog
from privacy_analytics.cli.policy.retention import apply
from privacy_analytics.lake import Lake

TODAY = date(2026, 11, 23)
LIMIT = 30
EDGE = TODAY - timedelta(days=LIMIT)
"""The oldest day that stays."""


@pytest.fixture
def kept(empty, add):
    """Chats and events are kept for 30 days: each table has a row of the oldest day that stays, and an older one."""
    days = [EDGE, EDGE - timedelta(days=1)]
    rows = pl.DataFrame({"account": ["a" * 32, "b" * 32], "day": days})
    chats = rows.with_columns(conversation=pl.Series([1, 2], dtype=pl.Int64))
    late = chats.with_columns(pl.lit(TODAY).alias("day"))  # answered long after the conversation began
    add(empty, chats=chats, messages=late, themes=late, events=rows, sessions=rows, crashes=rows)
    return replace(empty, retention={"chats": LIMIT, "events": LIMIT})


def accounts(settings):
    lake = Lake(settings.path("lake"))
    tables = ("chats", "messages", "themes", "events", "sessions", "crashes")
    return {
        t: sorted({a[0] for m in lake.months(t) for a in lake.scan(t, m, lake.batches()).collect()["account"]})
        for t in tables
    }


LIMITED = ("chats", "messages", "themes", "events", "sessions")
REMOVED = {"crashes": ["a", "b"], **{table: ["a"] for table in LIMITED}}


@pytest.mark.clause("5.retention")
def test_what_is_older_than_its_limit_goes_with_all_that_was_made_of_it_and_the_edge_stays(kept):
    due = retention.apply(kept, Lake(kept.path("lake")), TODAY)
    assert accounts(kept) == REMOVED
    assert {each.table: each.rows for each in due if each.rows} == dict.fromkeys(LIMITED, 1)
    files = [file for file in kept.path("lake").rglob("*.parquet") if "crashes" not in file.parts]
    assert b"b" * 32 not in b"".join(file.read_bytes() for file in files)
    assert retention.overdue(kept, Lake(kept.path("lake")), TODAY)[0].rows == 0


def test_a_dry_run_counts_the_same_and_changes_nothing(kept):
    before = {file: file.read_bytes() for file in kept.root.rglob("*") if file.is_file()}
    due = retention.overdue(kept, Lake(kept.path("lake")), TODAY)
    assert {file: file.read_bytes() for file in kept.root.rglob("*") if file.is_file()} == before
    assert retention.apply(kept, Lake(kept.path("lake")), TODAY) == due


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_cut_short_anywhere_a_retry_completes(kept, monkeypatch, steps):
    done = []

    def killed(*args):
        if len(done) == steps:
            raise KeyboardInterrupt
        done.append(rewrite(*args))

    rewrite = retention.rewrite
    monkeypatch.setattr(retention, "rewrite", killed)
    with pytest.raises(KeyboardInterrupt):
        retention.apply(kept, Lake(kept.path("lake")), TODAY)
    monkeypatch.setattr(retention, "rewrite", rewrite)
    retention.apply(kept, Lake(kept.path("lake")), TODAY)
    assert accounts(kept) == REMOVED


def test_the_audit_log_says_what_was_removed_and_nothing_where_nothing_was(kept):
    for _ in range(2):
        retention.apply(kept, Lake(kept.path("lake")), TODAY)
    [entry] = AuditLog(kept).entries()
    assert (entry.action, entry.facts) == ("retention", {"tables": [*entry.facts["tables"]], "rows": 5})


def test_entries_of_quarantine_go_with_the_limit_of_their_table(kept):
    folder = kept.path("lake", "quarantine")
    folder.mkdir()
    entries = pl.DataFrame({"table": ["chats", "crashes"], "line": [1, 2]})
    for stem in (f"{EDGE:%Y%m%d}T0-x", f"{EDGE - timedelta(days=1):%Y%m%d}T0-x"):
        entries.write_parquet(folder / f"{stem}.parquet")
    due = [each for each in retention.overdue(kept, Lake(kept.path("lake")), TODAY) if each.table == "quarantine"]
    for file, left, _ in [*retention._quarantined(kept.retention, Lake(kept.path("lake")), TODAY)]:
        retention._put(file, left)
    assert [each.rows for each in due] == [1]
    assert [pl.read_parquet(file)["line"].to_list() for file in sorted(folder.iterdir())] == [[2], [1, 2]]


def test_without_a_limit_the_command_says_so_and_removes_nothing(empty):
    result = CliRunner().invoke(apply, ["-w", str(empty.root)])
    assert result.exit_code == 0
    assert "No limit is set, so everything is kept (policy §5)" in result.output


def test_the_command_counts_rows_by_table_in_a_dry_run(kept):
    file = kept.path("workspace.toml")
    file.write_text(file.read_text() + "\n[retention]\nchats = 1\n")
    result = CliRunner().invoke(apply, ["-w", str(kept.root), "--dry-run"])
    assert result.exit_code == 0, result.exception
    assert "chats                   2 row(s) older than 1 days" in result.output
    assert "Nothing was changed" in result.output


def test_what_a_legal_hold_keeps_stays_until_it_is_lifted(kept):
    lake = Lake(kept.path("lake"))
    lake.mark(["b" * 32], "hold", is_set=True, at=datetime(2026, 11, 1, tzinfo=UTC))
    assert not any(each.rows for each in retention.apply(kept, lake, TODAY))
    assert accounts(kept)["messages"] == ["a", "b"]
    lake.mark(["b" * 32], "hold", is_set=False, at=datetime(2026, 11, 2, tzinfo=UTC))
    retention.apply(kept, lake, TODAY)
    assert accounts(kept) == REMOVED
