"""Retention (policy §5): rows older than their table's days are removed, physically, with all that was made of them.

What is made of rows goes before them, so that a retry after a kill still finds what is left. Releases stay, and so do
the tokens of snapshots: neither holds a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

from privacy_analytics.audit import AuditLog
from privacy_analytics.lake import Lake, private_files, rewrite
from privacy_analytics.lake.rewriting import touching
from privacy_analytics.settings import Settings

_OF_CHATS = ("messages", "themes")
"""Tables whose rows go with their conversation."""


@dataclass(frozen=True)
class Due:
    """Rows of one table that are older than its limit, or made of such."""

    table: str
    days: int
    """The limit, of the export's table that the rows come from."""
    rows: int


def overdue(settings: Settings, lake: Lake, today: date) -> list[Due]:
    """What ``apply`` would remove today (a day in the workspace's zone); nothing where no limit is set."""
    due = [
        Due(table, days, sum(touching(lake, table, old).values()))
        for table, days, old in _old(settings.retention, lake, today)
    ]
    gone = sum(height for _, _, height in _quarantined(settings.retention, lake, today))
    return due + ([Due("quarantine", max(settings.retention.values()), gone)] if settings.retention else [])


def apply(settings: Settings, lake: Lake, today: date) -> list[Due]:
    """Remove what is overdue. A line of the audit log says what, before it goes.

    Raises TryLater where questions or an intake were at work for ten minutes.
    """
    with lake.alone():
        lake.recover()
        due = overdue(settings, lake, today)
        if tables := [each.table for each in due if each.rows]:
            AuditLog(settings).add("retention", tables=tables, rows=sum(each.rows for each in due))
        for table, _, old in _old(settings.retention, lake, today):
            rewrite(lake, table, old)
        for file, kept, _ in _quarantined(settings.retention, lake, today):
            _put(file, kept)
    return due


def _old(limits: Mapping[str, int], lake: Lake, today: date) -> Iterator[tuple[str, int, pl.Expr]]:
    """(table, its limit, which of its rows are older), made of rows first. What a legal hold keeps stays."""
    on_hold = lake.marked("hold").collect()["account"].to_list() if limits else []
    for table, days in limits.items():
        old = (pl.col("day") < today - timedelta(days=days)) & ~pl.col("account").is_in(on_hold)
        if table == "events":
            yield "sessions", days, old
        if table == "chats":
            conversations = _conversations(lake, old)
            for made in _OF_CHATS:
                yield made, days, pl.col("conversation").is_in(conversations)
        yield table, days, old


def _conversations(lake: Lake, old: pl.Expr) -> list[int]:
    files = [file for _, _, file in lake.live("chats")]
    if not files:
        return []
    chats = pl.scan_parquet(files, schema=lake.schemas["chats"], missing_columns="insert", hive_partitioning=False)
    return chats.filter(old).select("conversation").collect()["conversation"].to_list()


def _quarantined(limits: Mapping[str, int], lake: Lake, today: date) -> Iterator[tuple[Path, pl.DataFrame, int]]:
    """Files of quarantine with what stays of them, and how many entries go: those of intakes older than the limit."""
    for file in sorted(lake.root.glob("quarantine/*.parquet")):
        age = (today - datetime.strptime(file.stem[:8], "%Y%m%d").date()).days  # noqa: DTZ007  # a day of a name
        expired = [table for table, days in limits.items() if age > days]
        entries = pl.read_parquet(file, hive_partitioning=False)
        kept = entries.filter(~pl.col("table").is_in(expired))
        if kept.height < entries.height:
            yield file, kept, entries.height - kept.height


def _put(file: Path, entries: pl.DataFrame) -> None:
    if entries.is_empty():
        file.unlink()
        return
    with private_files():
        partial = file.with_suffix(".partial")
        entries.write_parquet(partial, compression="zstd", statistics=False)
        partial.replace(file)
