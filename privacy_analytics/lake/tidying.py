"""The same rows in better files: those of earlier versions in spans, and many small batches about requests in few.

Each step is one Delta transaction; what it replaced goes afterwards. Killed at any moment and done again, it ends the
same. The caller is ``alone`` in the lake.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from privacy_analytics.lake.columns import ALWAYS
from privacy_analytics.lake.copying import filed, in_order
from privacy_analytics.lake.rewriting import forget, removal
from privacy_analytics.lake.spans import Span
from privacy_analytics.lake.store import ABOUT_REQUESTS, PARTITIONS, Lake
from privacy_analytics.private import private_files


def outside_spans(lake: Lake) -> dict[str, list[Path]]:
    """The files that an earlier version wrote, by table, live or left by an interrupted ``into_spans``."""
    found = {
        table: [file for file in lake.root.glob(f"{table}/month=*/batch=*/*.parquet") if not Span.named(file)]
        for table in lake.schemas
    }
    return {table: files for table, files in found.items() if files}


def into_spans(lake: Lake) -> None:
    """Write the files of earlier versions anew, so that a question can be answered a span at a time."""
    for table, outside in outside_spans(lake).items():
        live = [each for each in lake.live(table) if each[2] in outside]
        for month, batch in sorted({(month, batch) for month, batch, _ in live}):
            _replace(lake, table, month, batch, [each for each in live if each[:2] == (month, batch)])
        forget(lake, table)


def small_batches(lake: Lake) -> list[list[str]]:
    """Batches that only tell about requests, oldest first, in groups that can be one batch each.

    The newest row of a mark holds, by batch. So an intake stays between what came before and after it, and no group
    sets a mark of an account twice.
    """
    counted = {batch for table in lake.schemas if table not in ABOUT_REQUESTS for _, batch, _ in lake.live(table)}
    taken_in = counted | {file.stem for file in lake.root.glob("quarantine/*.parquet")}
    marks = lake.scan("marks", ALWAYS, lake.batches()).select("batch", "account", "mark").collect()
    marked = {batch: set(rows.drop("batch").iter_rows()) for (batch,), rows in marks.group_by("batch")}
    groups: list[list[str]] = [[]]
    seen: set[tuple[str, ...]] = set()
    for batch in lake.batches():
        small = batch not in taken_in and _said(lake, batch).read_text() == "{}"
        sets = marked.get(batch, set[tuple[str, ...]]())
        if not small or seen & sets:
            groups.append([])
            seen = set()
        if small:
            groups[-1].append(batch)
            seen |= sets
    return [group for group in groups if len(group) > 1]


def compact(lake: Lake) -> None:
    """Make one batch of each group of small ones: its newest, which then has the rows of all."""
    for group in small_batches(lake):
        for table in ABOUT_REQUESTS:
            held = [each for each in lake.live(table) if each[1] in group]
            if any(batch != group[-1] for _, batch, _ in held):
                _replace(lake, table, ALWAYS, group[-1], held)
            forget(lake, table)
        for batch in group[:-1]:
            _said(lake, batch).unlink()


def _said(lake: Lake, batch: str) -> Path:
    return lake.root / "batches" / f"{batch}.json"


def _replace(lake: Lake, table: str, month: str, batch: str, old: list[tuple[str, str, Path]]) -> None:
    files = [file for _, _, file in old]
    rows = pl.scan_parquet(files, schema=lake.schemas[table], missing_columns="insert", hive_partitioning=False)
    with private_files():
        added, _ = filed(lake, table, in_order(rows, lambda same: same), month, batch)
        gone = [removal(lake, table, of_month, of, file, file.stat().st_size) for of_month, of, file in old]
        delta = lake.open(table)
        delta.create_write_transaction([*added, *gone], "append", delta.schema(), list(PARTITIONS))
