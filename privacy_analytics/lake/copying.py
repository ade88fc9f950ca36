"""A lake written anew beside itself, row by row changed, and put in its place: what a rotation of keys needs.

The new one is complete and on disk before two renames swap them, so a crash leaves the old lake, the new one, or the
moment between, from which ``swap`` goes on. For that long both lie on the disk.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
from deltalake.transaction import AddAction, RemoveAction

from privacy_analytics.lake import store
from privacy_analytics.lake.rewriting import Change
from privacy_analytics.lake.spans import EVERYBODY, Span, cut, spans
from privacy_analytics.lake.store import PARTITIONS, Lake
from privacy_analytics.private import on_disk, private_files

WHOLE = 2_000_000
"""Rows of one table, month and batch that are put in order at once; more are taken a span of accounts at a time."""


def copy(lake: Lake, there: Path, change: Change, *, generation: int) -> int:
    """Write all committed rows of a lake anew into another folder, each changed; returns how many rows there are.

    Parameters
    ----------
    lake : the caller is ``alone`` in it
    there : a folder beside it, of which nothing is kept
    change : rows, or only their ``account``, -> rows with other pseudonyms, or without some
    generation : how many keys the new pseudonyms nest; written last, so that it says that the copy is complete

    Tables, months, batches and the order of an account's rows stay as they are.
    """
    shutil.rmtree(there, ignore_errors=True)
    lake.recover()
    with private_files():
        there.mkdir()
        if (lake.root / "batches").exists():
            shutil.copytree(lake.root / "batches", there / "batches")
        rows = sum(_copied(lake, Lake(there), table, change) for table in lake.schemas)
        for file in lake.root.glob("quarantine/*.parquet"):
            (there / "quarantine").mkdir(exist_ok=True)
            change(pl.read_parquet(file)).write_parquet(
                there / "quarantine" / file.name, compression="zstd", statistics=False
            )
        for lock in lake.root.glob(".*"):
            os.link(lock, there / lock.name)  # the same locks: who holds or awaits one does so after the swap, too
        on_disk(*there.rglob("*"))
        (there / "generation").write_text(str(generation))
        on_disk(there / "generation", there)
    return rows


def swap(lake: Path, there: Path, old: Path) -> None:
    """Put a complete copy in a lake's place. Again after a crash, it goes on."""
    if there.exists():
        if old.exists():
            shutil.rmtree(lake, ignore_errors=True)  # a lake that is not there was locked: only the locks are in it
        else:
            lake.rename(old)
        there.rename(lake)
        on_disk(lake.parent)


def _copied(lake: Lake, new: Lake, table: str, change: Change) -> int:
    actions: list[AddAction | RemoveAction] = []
    count = 0
    for month, batch in sorted({(month, batch) for month, batch, _ in lake.live(table)}):
        rows = in_order(lake.scan(table, month, [batch]), change)
        added, height = filed(new, table, rows, month, batch)
        actions += added
        count += height
    if actions:
        delta = new.open(table)
        delta.create_write_transaction(actions, "append", delta.schema(), list(PARTITIONS))
    return count


def filed(
    lake: Lake, table: str, parts: Iterable[tuple[Span, pl.DataFrame]], month: str, batch: str
) -> tuple[list[AddAction], int]:
    """Write rows of a month and batch, span by span, each by account, into files; what to add, and how many there are.

    Without a row it is a file without rows: a batch that lost all of them stays in its month.
    """
    added: list[AddAction] = []
    count = 0
    for within, rows in parts:
        cuts = cut(rows, store.FILE_ROWS, within)
        added += [lake.write(table, part, month, batch, span) for span, part in cuts]
        count += rows.height
    return added or [lake.write(table, pl.DataFrame(schema=lake.schemas[table]), month, batch)], count


def in_order(rows: pl.LazyFrame, change: Change) -> Iterator[tuple[Span, pl.DataFrame]]:
    """The rows, changed and by account, a span at a time, so that they fit into memory."""
    of = -(-rows.select(pl.len()).collect().item() // WHOLE)
    if of <= 1:
        yield EVERYBODY, change(rows.collect()).sort("account", maintain_order=True)
        return
    named = change(rows.select("account", was="account").unique().collect())
    for span in spans(of):
        some = named.filter(span.holds())["was"]
        part = rows.filter(pl.col("account").is_in(some.implode())).collect()
        yield span, change(part).sort("account", maintain_order=True)
