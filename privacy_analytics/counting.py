"""Rows of snapshots -> the bounded sums of a question. The only place where a question meets rows."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import narwhals as nw
import numpy as np
import polars as pl

from privacy_analytics import phrases
from privacy_analytics.dp.answering import Sums
from privacy_analytics.dp.bounding import cells_of, contributions, enforced, met_a_bound, summed
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
        cells = nw.from_native(pl.DataFrame(cells_of(bounded, self._salt)).lazy())
        checked = enforced(contributions(nw.from_native(self.rows(bounded)), cells, bounded), bounded)
        native = [cast("pl.LazyFrame", part.to_native()) for part in (summed(checked), met_a_bound(checked))]
        table, met = pl.collect_all(native, engine="streaming")
        over = table.filter(~pl.col("kept"))
        if over.height:
            OPERATOR.error(
                "bounding dropped contributions in %d cell(s) of one question; this is a fault, report it", over.height
            )
        table = table.filter("kept")
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
        """The rows that a question counts: account, hash, keys, ``number``. Every step reads one account at a time."""
        last = self._snapshots[-1]
        rows = self._cohorts(bounded) if isinstance(bounded.question, Retention) else self._counted(bounded, last)
        columns = [self._key(bounded, key).alias(key.column) for key in bounded.keys]
        if bounded.value:
            number = pl.lit(1.0) if bounded.value.column == ROWS else pl.col(bounded.value.column)
            columns.append(number.alias("number"))
        return rows.select("account", "account_hash", *columns)

    def _counted(self, bounded: Bounded, snapshot: Snapshot) -> pl.LazyFrame:
        """Rows of one month that count, whole."""
        question, batches = bounded.question, snapshot.batches
        if question.table == "accounts":
            rows = self._lake.accounts(batches)  # they belong to no month; a snapshot holds them as they were
        else:
            rows = self._lake.scan(question.table, snapshot.month, batches)
        rows = rows.join(self._lake.held(batches), on="account", how="anti")
        for column, values in question.where:
            rows = rows.filter(_passes(pl.col(column), values, self._tables[question.table].columns[column].kind))
        if question.cohort:
            events = self._lake.scan("events", snapshot.month, batches)
            adopters = events.filter(pl.col("feature") == question.cohort.feature).select("account").unique()
            rows = rows.join(adopters, on="account", how="semi")
        if bounded.population == "not opted out":
            flags = pl.any_horizontal(pl.col("opted_out", "gpc").fill_null(value=False))
            rows = rows.join(self._lake.accounts(batches).filter(flags).select("account"), on="account", how="anti")
        return rows

    def _cohorts(self, bounded: Bounded) -> pl.LazyFrame:
        """Rows of all months with ``cohort``, the day that their account came, and ``week``, how many weeks later."""
        question, first = cast("Retention", bounded.question), self._snapshots[0]
        rows = pl.concat([self._counted(bounded, snapshot).select("account", "account_hash", "day")
                          for snapshot in self._snapshots])  # fmt: skip
        if question.cohort_by == "signup":
            known = self._lake.accounts(self._snapshots[-1].batches)
            came = known.select("account", came=pl.col("created_at").dt.convert_time_zone(self._zone).dt.date())
        else:
            came = self._counted(bounded, first).group_by("account").agg(came=pl.col("day").min())
        week = pl.col("day").dt.truncate("1w") - pl.col("came").dt.truncate("1w")
        return rows.join(came, on="account").select(
            "account", "account_hash", cohort="came", week=week.dt.total_days() // 7
        )

    def _key(self, bounded: Bounded, key: Key) -> pl.Expr:
        """A row's key as the text that ``key.values`` lists."""
        column = pl.col(key.column)
        if key.edges:
            above = pl.sum_horizontal(*[(column >= edge).cast(pl.Int64) for edge in key.edges])
            return pl.when(column.is_not_null() & column.is_not_nan()).then(above).cast(pl.String)
        if key.column == "hour":
            time = pl.col(self._tables[bounded.question.table].time)
            return time.dt.convert_time_zone(self._zone).dt.strftime("%H")
        return column.cast(pl.String)  # a day is written YYYY-MM-DD

    def _said(self, bounded: Bounded) -> pl.DataFrame:
        question = cast("TopKeys", bounded.question)
        rows = self._counted(bounded, self._snapshots[-1])
        return phrases.of(rows.select("account", "account_hash", text=question.column), question.words)


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
