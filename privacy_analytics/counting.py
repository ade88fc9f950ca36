"""Rows of a snapshot -> the bounded vector of a question. The only place where a question meets rows."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import narwhals as nw
import polars as pl

from privacy_analytics.dp.bounding import cells_of, contributions, enforced, summed
from privacy_analytics.dp.questions import Bounded

if TYPE_CHECKING:
    from privacy_analytics.lake import Lake
    from privacy_analytics.snapshots import Snapshot

OPERATOR = logging.getLogger("privacy_analytics.operator")
"""For the operator alone: it never reaches the standard error of an analyst's kernel."""
OPERATOR.propagate = False
OPERATOR.addHandler(logging.NullHandler())


@contextmanager
def told_to(file: Path) -> Generator[None]:
    """What the operator is told inside goes to this file."""
    handler = logging.FileHandler(file, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    OPERATOR.addHandler(handler)
    try:
        yield
    finally:
        OPERATOR.removeHandler(handler)
        handler.close()


def vector(bounded: Bounded, lake: Lake, snapshot: Snapshot, salt: bytes) -> list[int]:
    """How much each cell counts, in the order of ``bounded.cells``; every account bounded.

    What the last check drops is told to the operator alone.
    """
    rows = relevant(bounded, lake, snapshot)
    cells = nw.from_native(pl.DataFrame(cells_of(bounded, salt)).lazy())
    checked = enforced(contributions(nw.from_native(rows), cells, bounded), bounded)
    table = cast("pl.LazyFrame", summed(checked).to_native()).collect(engine="streaming")
    over = table.filter(~pl.col("kept"))
    if over.height:
        OPERATOR.error(
            "bounding dropped contributions in %d cell(s) of one question; this is a fault, report it", over.height
        )
    counted: dict[int, int] = dict(table.filter("kept").select("cell", "n").iter_rows())
    return [counted.get(cell, 0) for cell in range(len(bounded.cells))]


def relevant(bounded: Bounded, lake: Lake, snapshot: Snapshot) -> pl.LazyFrame:
    """The rows that a question counts, with account, hash and keys only. Every step reads one account at a time."""
    question = bounded.question
    if question.table == "accounts":
        rows = lake.accounts(snapshot.batches)  # they belong to no month; a snapshot holds them as they were
    else:
        rows = lake.scan(question.table, snapshot.month, snapshot.batches)
    rows = rows.join(lake.held(snapshot.batches), on="account", how="anti")
    for column, values in question.where:
        rows = rows.filter(pl.col(column).is_in(list(values)))
    if question.cohort:
        events = lake.scan("events", snapshot.month, snapshot.batches)
        adopters = events.filter(pl.col("feature") == question.cohort.feature).select("account").unique()
        rows = rows.join(adopters, on="account", how="semi")
    if bounded.population == "not opted out":
        flags = pl.any_horizontal(pl.col("opted_out", "gpc").fill_null(value=False))
        rows = rows.join(lake.accounts(snapshot.batches).filter(flags).select("account"), on="account", how="anti")
    columns: list[Any] = [
        pl.col("day").dt.to_string("%Y-%m-%d") if key.column == "day" else key.column for key in bounded.keys
    ]
    return rows.select("account", "account_hash", *columns)
