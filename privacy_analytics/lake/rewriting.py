"""Rows changed or removed in place, physically: new files for the touched ones, and nothing of the old left.

A rewrite is one Delta transaction a table. After it the table's log begins anew at a checkpoint and every file that is
not live is gone, so no older version can be read. Killed at any moment and done again, it ends the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from deltalake.transaction import AddAction, RemoveAction

from privacy_analytics.lake.files import private_files
from privacy_analytics.lake.spans import Span
from privacy_analytics.lake.store import PARTITIONS, Lake

Change = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Rewritten:
    """What a rewrite touched of a table; bytes are those of the files before."""

    rows: int
    files: int
    of_files: int
    bytes: int
    of_bytes: int


def touching(lake: Lake, table: str, touched: pl.Expr) -> dict[Path, int]:
    """The live files of a table that hold touched rows, and how many. Reads the columns of ``touched`` alone."""
    schema = lake.schemas[table]
    found: dict[Path, int] = {}
    for _, _, file in lake.live(table):
        rows = pl.scan_parquet(file, schema=schema, missing_columns="insert", hive_partitioning=False)
        if count := rows.select(touched.fill_null(value=False).sum()).collect().item():
            found[file] = int(count)
    return found


def rewrite(lake: Lake, table: str, touched: pl.Expr, change: Change | None = None) -> Rewritten:
    """Write the files that hold touched rows anew, and remove what was there before. The caller is ``alone``.

    Parameters
    ----------
    touched : of the table's columns; which rows are removed, unless ``change`` makes something else of a whole file
    change : the rows of a file -> its new rows; the order by account is kept

    A file without rows stays in place of one that lost all of them: the batches of a month do not change.
    """
    live = lake.live(table)
    if (delta := lake.delta(table)) is None:
        return Rewritten(0, 0, 0, 0, 0)
    found = touching(lake, table, touched)
    size = {file: file.stat().st_size for _, _, file in live}
    touched_bytes, all_bytes = sum(size[file] for file in found), sum(size.values())
    chatty = _with_statistics(lake, table)
    schema = lake.schemas[table]
    actions: list[AddAction | RemoveAction] = []
    with private_files():
        for month, batch, file in live:
            if file in found or file in chatty:
                rows = pl.read_parquet(file, schema=schema, missing_columns="insert", hive_partitioning=False)
                if file in found:
                    kept = rows.filter(~touched.fill_null(value=False)) if change is None else change(rows)
                    rows = kept.sort("account", maintain_order=True)
                actions.append(lake.write(table, rows, month, batch, Span.of_file(file)))
                actions.append(removal(lake, table, month, batch, file, size[file]))
        if actions:
            delta = lake.open(table)
            delta.create_write_transaction(actions, "append", delta.schema(), list(PARTITIONS))
        forget(lake, table)
    return Rewritten(sum(found.values()), len(found), len(live), touched_bytes, all_bytes)


def forget(lake: Lake, table: str) -> None:
    """Begin a table's log anew at a checkpoint, and remove every file that is not live. The caller is ``alone``."""
    if (delta := lake.delta(table)) is None:
        return
    log = lake.root / table / "_delta_log"
    newest = f"{delta.version():020}"
    if not any(log.glob(f"{newest}.checkpoint*.parquet")) or len(list(log.glob("*.json"))) > 1:
        delta.create_checkpoint()
    for file in log.iterdir():
        if file.is_file() and not file.name.startswith((newest, "_last_checkpoint")):
            file.unlink()
    live = {file for _, _, file in lake.live(table)}
    for file in (lake.root / table).glob("month=*/batch=*/*"):
        if file not in live:
            file.unlink()


def _with_statistics(lake: Lake, table: str) -> set[Path]:
    """Live files of whose columns the log knows more than how many rows there are."""
    delta: Any = lake.delta(table)
    actions = pl.DataFrame(delta.get_add_actions(flatten=True))
    known = [name for name in actions.columns if name.startswith(("min.", "max.", "null_count."))]
    if not known:
        return set()
    told = actions.filter(pl.any_horizontal(pl.col(known).is_not_null()))
    return {lake.root / table / path for path in told["path"]}


def removal(lake: Lake, table: str, month: str, batch: str, file: Path, size: int) -> RemoveAction:
    """What a transaction takes away from a table; the file itself goes with ``forget``."""
    inside = file.relative_to(lake.root / table).as_posix()
    return RemoveAction(inside, True, int(time.time() * 1000), size, {"month": month, "batch": batch})
