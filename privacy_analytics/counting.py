"""Rows of snapshots -> the bounded sums of a question. The only place where a question meets rows."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import narwhals as nw
import numpy as np
import polars as pl

from privacy_analytics import phrases
from privacy_analytics.dp.answering import Sums
from privacy_analytics.dp.bounding import contributions, hashes, met_a_bound, outside, summed
from privacy_analytics.dp.questions import (
    ROWS,
    Between,
    Bounded,
    Histogram,
    Key,
    Quantiles,
    Retention,
    TopKeys,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from privacy_analytics.contracts import Table
    from privacy_analytics.lake import Lake
    from privacy_analytics.snapshots import Snapshot

DAYS = ("day", "cohort")
"""Keys that are dates in the rows."""
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


class LakeEngine:
    """Answers what a question asks of rows, every account bounded; what the last check drops the operator is told.

    Parameters
    ----------
    snapshots : of the months that the question reads, oldest first
    salt : decides which cells stay of an account that has too many
    zone : in which hours and days are cut
    """

    def __init__(
        self, lake: Lake, tables: Mapping[str, Table], snapshots: Sequence[Snapshot], salt: bytes, zone: str
    ) -> None:
        self._lake, self._tables, self._snapshots = lake, tables, snapshots
        self._salt, self._zone = salt, zone
        self._phrases = cache(self._said)

    def sums(self, bounded: Bounded) -> Sums:
        """Over all accounts: one row of numbers a group, in their order; one number in it, or one a place."""
        cells = nw.from_native(pl.DataFrame(hashes(bounded, self._salt)).lazy())
        contributed = contributions(nw.from_native(self.rows(bounded)), cells, bounded)
        over = outside(contributed, bounded)
        kept = contributed.join(over, on="account", how="anti")
        parts = [cast("pl.LazyFrame", part.to_native()) for part in (summed(kept), met_a_bound(kept), over)]
        table, met, dropped = pl.collect_all(parts, engine="streaming")
        if dropped.height:
            OPERATOR.error("bounding dropped %d account(s) of one question; this is a fault, report it", dropped.height)
        places, cells_touched = place(bounded, table["place"].to_numpy()), table["cell"].to_numpy()
        n, accounts = (np.zeros((len(bounded.groups), bins(bounded)), np.int64) for _ in range(2))
        np.add.at(n, (cells_touched, places), table["n"].to_numpy())
        np.add.at(accounts, (cells_touched, places), table["accounts"].to_numpy())
        return Sums(n, accounts, met.item() if bounded.clipped else 0)

    def weights(self, bounded: Bounded, found: frozenset[str]) -> Mapping[str, int]:
        """Summed integer weights of the phrases that are not found yet."""
        return phrases.weights(self._phrases(bounded), found, bounded.per_account, self._salt)

    def counts(self, bounded: Bounded, keys: Sequence[str]) -> NDArray[np.int64]:
        """How many accounts have each of these phrases."""
        counted = phrases.counts(self._phrases(bounded), keys, bounded.per_account, self._salt)
        return np.array(counted, np.int64)

    def rows(self, bounded: Bounded) -> pl.LazyFrame:
        """The rows that a question counts: account, hash, cell, ``number``. Every step reads one account at a time."""
        last = self._snapshots[-1]
        rows = self._cohorts(bounded) if isinstance(bounded.question, Retention) else self._counted(bounded, last)
        cell = pl.lit(0, pl.Int64)
        for key in bounded.keys:
            cell = cell * len(key.keys) + self._key(bounded, key)
        columns = [cell.alias("cell")]
        if bounded.value:
            number = pl.lit(1.0) if bounded.value.column == ROWS else pl.col(bounded.value.column)
            columns.append(number.alias("number"))
        return rows.select("account", "account_hash", *columns).filter(pl.col("cell").is_not_null())

    def _counted(self, bounded: Bounded, snapshot: Snapshot) -> pl.LazyFrame:
        """Rows of one month that count, whole; ``account`` is a code."""
        question, batches = bounded.question, snapshot.batches
        if question.table == "accounts":
            rows = self._lake.accounts(batches)  # they belong to no month; a snapshot holds them as they were
        else:
            rows = self._lake.scan(question.table, snapshot.month, batches)
        rows = _coded(rows).join(_coded(self._lake.held(batches)), on="account", how="anti")
        for column, values in question.where:
            rows = rows.filter(_passes(pl.col(column), values, self._tables[question.table].columns[column].kind))
        if question.cohort:
            events = self._lake.scan("events", snapshot.month, batches)
            adopters = events.filter(pl.col("feature") == question.cohort.feature).select("account").unique()
            rows = rows.join(_coded(adopters), on="account", how="semi")
        if bounded.population == "not opted out":
            flags = pl.any_horizontal(pl.col("opted_out", "gpc").fill_null(value=False))
            out = self._lake.accounts(batches).filter(flags).select("account")
            rows = rows.join(_coded(out), on="account", how="anti")
        return rows

    def _cohorts(self, bounded: Bounded) -> pl.LazyFrame:
        """Rows of all months with ``cohort``, the day that their account came, and ``week``, how many weeks later."""
        question, first = cast("Retention", bounded.question), self._snapshots[0]
        months = [self._counted(bounded, snapshot) for snapshot in self._snapshots]
        rows = pl.concat([month.select("account", "account_hash", "day") for month in months])
        if question.cohort_by == "signup":
            signup = pl.col("created_at").dt.convert_time_zone(self._zone).dt.date()
            came = _coded(self._lake.accounts(self._snapshots[-1].batches)).select("account", came=signup)
        else:
            came = self._counted(bounded, first).group_by("account").agg(came=pl.col("day").min())
        week = pl.col("day").dt.truncate("1w") - pl.col("came").dt.truncate("1w")
        return rows.join(came, on="account").select(
            "account", "account_hash", cohort="came", week=(week.dt.total_days() // 7).cast(pl.String)
        )

    def _key(self, bounded: Bounded, key: Key) -> pl.Expr:
        """The index of a row's key in ``key.keys``; null where its value means none."""
        column, values = pl.col(key.column), [value for value, _ in key.values]
        if key.edges:
            at = pl.sum_horizontal(*[(column >= edge).cast(pl.Int64) for edge in key.edges])
            at = pl.when(column.is_not_null() & column.is_not_nan()).then(at)
        elif key.column in DAYS:  # they are listed without a gap
            at = (column - date.fromisoformat(values[0])).dt.total_days()
            at = pl.when(at.is_between(0, len(values) - 1)).then(at)
        elif key.column == "hour":
            time = pl.col(self._tables[bounded.question.table].time)
            at = time.dt.convert_time_zone(self._zone).dt.hour().cast(pl.Int64)
        else:
            at = column.cast(pl.Enum(values), strict=False).to_physical().cast(pl.Int64)
        index = {name: position for position, name in enumerate(key.keys)}
        means = [index[name] for _, name in key.values]
        return at if means == list(range(len(means))) else at.replace_strict(list(range(len(means))), means)

    def _said(self, bounded: Bounded) -> pl.DataFrame:
        question = cast("TopKeys", bounded.question)
        rows = self._counted(bounded, self._snapshots[-1])
        return phrases.of(rows.select("account", "account_hash", text=question.column), question.words)


def _coded(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Accounts as numbers, the same ones in every frame of this process. They come from the data: only whether two are
    equal may ever matter.
    """
    return rows.with_columns(account=pl.col("account").cast(pl.Categorical).to_physical().cast(pl.Int64))


def bins(bounded: Bounded) -> int:
    """How many places a group has."""
    more = isinstance(bounded.question, Histogram)
    return len(bounded.places) + more if bounded.places else 1


def place(bounded: Bounded, values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bin of each value, or its nearest candidate: of two equally near the upper one."""
    if not bounded.places:
        return np.zeros(len(values), np.int64)
    edges = np.array(bounded.places)
    if isinstance(bounded.question, Quantiles):
        return np.searchsorted(edges[:-1] + edges[1:], 2 * values, side="right")
    return np.searchsorted(edges, values, side="right")


def _passes(column: pl.Expr, values: tuple[str, ...] | Between, kind: str) -> pl.Expr:
    """Whether a row's own number, flag or key is among those that count; a missing one is not."""
    if isinstance(values, Between):
        defined = column.is_not_null() & column.is_not_nan()
        above = True if values.low is None else column >= values.low
        return defined & above & (True if values.high is None else column < values.high)
    return (column.cast(pl.String) if kind == "flag" else column).is_in(list(values))
