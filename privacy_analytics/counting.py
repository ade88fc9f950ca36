"""Rows of snapshots -> the bounded sums of a question. The only place where a question meets rows."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from privacy_analytics import phrases
from privacy_analytics.collected import Collected
from privacy_analytics.dp import local
from privacy_analytics.dp.answering import Sums
from privacy_analytics.dp.questions import (
    ROWS,
    TIME_GRAINS,
    Between,
    Bounded,
    Histogram,
    Key,
    Quantiles,
    Question,
    Retention,
    TopKeys,
)
from privacy_analytics.joined import joined
from privacy_analytics.lake import ALWAYS
from privacy_analytics.members import members

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from privacy_analytics.contracts import Table
    from privacy_analytics.lake import Lake
    from privacy_analytics.snapshots import Snapshot

SPAN_ROWS = 2**20
"""About so many rows are in memory at once."""
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
        size, width = len(bounded.groups), bins(bounded)
        n, accounts = np.zeros(size * width, np.int64), np.zeros(size * width, np.int64)
        met = dropped = 0
        for block in self._blocks(bounded):
            each = local.contributions(block, bounded, self._salt)
            fits = local.within(each, bounded)
            if not fits.all():
                dropped += len(np.unique(each.account[~fits]))
                each = each.only(fits)
            at = each.cell if each.place is None else each.cell * width + place(bounded, each.place)
            np.add.at(n, at, each.n)
            accounts += np.bincount(at, minlength=len(accounts))
            met += int(np.count_nonzero(each.beyond))
        if dropped:
            OPERATOR.error("bounding dropped %d account(s) of one question; this is a fault, report it", dropped)
        return Sums(n.reshape(size, width), accounts.reshape(size, width), met if bounded.clipped else 0)

    def weights(self, bounded: Bounded, found: frozenset[str]) -> Mapping[str, int]:
        """Summed integer weights of the phrases that are not found yet."""
        return phrases.weights(self._phrases(bounded), found, bounded.per_account, self._salt)

    def counts(self, bounded: Bounded, keys: Sequence[str]) -> NDArray[np.int64]:
        """How many accounts have each of these phrases."""
        counted = phrases.counts(self._phrases(bounded), keys, bounded.per_account, self._salt)
        return np.array(counted, np.int64)

    def _blocks(self, bounded: Bounded) -> Iterator[local.Rows]:
        """All rows, a span of accounts after the other: every step reads one account at a time."""
        months = [snapshot.month for snapshot in self._snapshots]
        rows = max(self._lake.rows(bounded.question.table, [*months, ALWAYS]), self._lake.rows("accounts", [ALWAYS]))
        for lake in self._lake.in_spans(-(-rows // SPAN_ROWS) or 1):
            part = LakeEngine(lake, self._tables, self._snapshots, self._salt, self._zone)
            yield from local.blocks(part._together(bounded))

    def _together(self, bounded: Bounded) -> local.Rows:
        """The rows that a question counts, account by account: so a batch holds them; several are put together."""
        table = _runs(self.rows(bounded))
        names, starts = table["begins"].drop_nulls(), table["begins"].is_not_null().arg_true().to_numpy()
        lengths = np.diff(starts.astype(np.int64), append=table.height)
        order: slice | NDArray[np.int64] = slice(None)
        if not names.is_unique().all():
            code = names.cast(pl.Categorical(pl.Categories.random())).to_physical().to_numpy()
            runs = np.argsort(code, kind="stable")
            starts, lengths = starts[runs], lengths[runs]
            order = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(table.height)
            first = np.flatnonzero(np.diff(code[runs].astype(np.int64), prepend=-1))
            names, starts, lengths = names.gather(runs[first]), starts[first], np.add.reduceat(lengths, first)
        accounts = pl.LazyFrame({"account": names}).with_row_index()
        if not isinstance(bounded.question, Retention):
            accounts = self._population(accounts, bounded)
        counts = np.zeros(len(starts), bool)
        counts[accounts.select("index").collect().to_series().to_numpy()] = True
        return local.Rows(
            lengths=lengths,
            account_hash=table["account_hash"].gather(starts).to_numpy(),
            counts=counts,
            cell=table["cell"].to_numpy()[order],
            number=table["number"].to_numpy()[order] if bounded.value else None,
        )

    def rows(self, bounded: Bounded) -> pl.LazyFrame:
        """Account, hash, cell (-1 for none) and ``number`` of each row. Every step reads one account at a time."""
        question = bounded.question
        retention = isinstance(question, Retention)
        rows = self._cohorts(bounded) if retention else self._counted(bounded, self._asked(question))
        cell = pl.lit(0, pl.Int32)
        for key in bounded.keys:
            cell = cell * len(key.keys) + self._key(bounded, key)
        columns = [cell.fill_null(-1).alias("cell")]
        if bounded.value:
            number = pl.lit(1.0) if bounded.value.column == ROWS else pl.col(bounded.value.column)
            columns.append(number.cast(pl.Float64).alias("number"))
        return rows.select("account", "account_hash", *columns)

    def _counted(self, bounded: Bounded, snapshot: Snapshot) -> pl.LazyFrame:
        """Rows of one month that count if their account does, in the order in which they lie."""
        question, lake = bounded.question, self._collected(bounded)
        if question.table == "accounts":
            rows = lake.accounts(snapshot.batches)  # they belong to no month; a snapshot holds them as they were
            if set(TIME_GRAINS) & set(question.names):  # created in the month
                rows = rows.filter(pl.col("day").dt.strftime("%Y-%m") == snapshot.month)
        else:
            rows = lake.scan(question.table, snapshot.month, snapshot.batches)
        table = self._tables[question.table]
        rows = joined(rows, question, table, lake, snapshot)
        for column, values in question.where:
            rows = rows.filter(_passes(pl.col(column), values, table.columns[column].kind))
        return rows

    def _population(self, accounts: pl.LazyFrame, bounded: Bounded) -> pl.LazyFrame:
        """What is of an account that counts. Far cheaper for a list of accounts than for their rows.

        Who is held back, opted out or limited today is left out of every new answer, whatever month it is about.
        """
        now = self._lake.batches()
        left_out = [self._lake.held(now), *(self._lake.marked(mark) for mark in ("minor", "hold"))]
        if bounded.question.table == "themes" or isinstance(bounded.question, TopKeys):
            left_out.append(self._lake.marked("limit"))
        if bounded.question.cohort:
            of = members(bounded.question.cohort, self._collected(bounded), self._snapshots, self._zone)
            accounts = accounts.join(of, on="account", how="semi")
        if bounded.population == "not opted out":
            flags = pl.any_horizontal(pl.col("opted_out", "gpc").fill_null(value=False))
            left_out += [self._lake.accounts(now).filter(flags).select("account"), self._lake.marked("opt_out")]
        for out in left_out:
            accounts = accounts.join(out, on="account", how="anti")
        return accounts

    def _collected(self, bounded: Bounded) -> Lake:
        """The lake as far as the question's purpose may count what it holds."""
        return Collected(self._lake, bounded.without) if bounded.without else self._lake

    def _asked(self, question: Question) -> Snapshot:
        """Of the session's month, or of the one before."""
        return self._snapshots[-2 if question.earlier else -1]

    def _whole(self, bounded: Bounded, snapshot: Snapshot) -> pl.LazyFrame:
        return self._population(self._counted(bounded, snapshot), bounded)

    def _cohorts(self, bounded: Bounded) -> pl.LazyFrame:
        """Rows of all months with ``cohort``, the day that their account came, and ``week``, how many weeks later."""
        question, first = cast("Retention", bounded.question), self._snapshots[0]
        months = [self._whole(bounded, snapshot) for snapshot in self._snapshots]
        rows = pl.concat([month.select("account", "account_hash", "day") for month in months])
        if question.cohort_by == "signup":
            signup = pl.col("created_at").dt.convert_time_zone(self._zone).dt.date()
            came = self._collected(bounded).accounts(self._snapshots[-1].batches).select("account", came=signup)
        else:
            came = self._whole(bounded, first).group_by("account").agg(came=pl.col("day").min())
        week = pl.col("day").dt.truncate("1w") - pl.col("came").dt.truncate("1w")
        return rows.join(came, on="account").select(
            "account", "account_hash", cohort="came", week=(week.dt.total_days() // 7).cast(pl.String)
        )

    def _key(self, bounded: Bounded, key: Key) -> pl.Expr:
        """The index of a row's key in ``key.keys``; null where its value means none."""
        column, values = pl.col(key.column), [value for value, _ in key.values]
        if key.edges:
            at = pl.sum_horizontal(*[(column >= edge).cast(pl.Int32) for edge in key.edges])
            at = pl.when(column.is_not_null() & column.is_not_nan()).then(at)
        elif key.column in DAYS:  # they are listed without a gap
            at = column.to_physical() - (date.fromisoformat(values[0]) - date(1970, 1, 1)).days
            at = pl.when(at.is_between(0, len(values) - 1)).then(at)
        elif key.column == "hour":
            time = pl.col(self._tables[bounded.question.table].time)
            at = time.dt.convert_time_zone(self._zone).dt.hour().cast(pl.Int32)
        else:
            at = column.cast(pl.Enum(values), strict=False).to_physical().cast(pl.Int32)
        index = {name: position for position, name in enumerate(key.keys)}
        means = [index[name] for _, name in key.values]
        return at if means == list(range(len(means))) else at.replace_strict(list(range(len(means))), means)

    def _said(self, bounded: Bounded) -> pl.DataFrame:
        question = cast("TopKeys", bounded.question)
        rows = self._whole(bounded, self._snapshots[-1])
        return phrases.of(rows.select("account", "account_hash", text=question.column), question.words)


def _runs(rows: pl.LazyFrame) -> pl.DataFrame:
    """The rows with ``begins`` instead of ``account``: its name where another one begins, else null."""
    account = pl.col("account")
    begins = pl.when(account.ne_missing(account.shift(1))).then(account).alias("begins")
    return rows.select(begins, pl.exclude("account")).collect(engine="streaming")


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
