"""A question as one plan of an engine that reads files by their list: rows, bounds and the check of the bounds.

What leaves the engine is one row of sums a cell and bin, how many accounts met a bound, and how many were dropped.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import narwhals as nw
import numpy as np

from privacy_analytics.collected import Source
from privacy_analytics.counting import OPERATOR, bins, edges, in_spans, told_of_dropped
from privacy_analytics.dp import bounding
from privacy_analytics.dp.answering import Sums
from privacy_analytics.dp.questions import Bounded, Retention
from privacy_analytics.errors import LOST, LedgerError, PrivacyAnalyticsError
from privacy_analytics.lake.spans import EVERYBODY, Span
from privacy_analytics.lake.standing import Frame, newest
from privacy_analytics.prepared import Prepared

if TYPE_CHECKING:
    from privacy_analytics.contracts import Table
    from privacy_analytics.lake import Lake
    from privacy_analytics.snapshots import Snapshot


T = TypeVar("T")
_COLUMNS = ("cell", "place", "n", "accounts")
_MET, _DROPPED = -1, -2


class Listed(Source):
    """A source that reads the live Parquet files of the lake's Delta tables by their names; of a span, if it is one."""

    @abstractmethod
    def read(self, table: str, files: Sequence[Path]) -> Any:
        """These files as a frame of the engine: every column that can be asked for (null where a file is older than
        it), and ``batch``, which stands in the path.
        """

    @abstractmethod
    def computed(self, rows: Frame) -> Frame:
        """The same rows, computed once for all that reads them, until the source is closed."""

    def scan(self, table: str, month: str, batches: Sequence[str]) -> Frame:
        wanted, span = set(batches), self.lake.span
        live = [file for held, batch, file in self.lake.live(table) if held == month and batch in wanted]
        rows: Frame = nw.from_native(self.read(table, [file for file in live if span.meets(Span.of_file(file))]))
        rows = rows if span == EVERYBODY else rows.filter(span.holds(nw.col("account")))
        return newest(rows) if table == "sessions" else rows

    def columns(self, table: str, types: Mapping[Any, str]) -> dict[str, str]:
        """The columns that can be asked for, with their types in the engine's words, and ``batch``; no nested ones."""
        scalar = {name: types[kind] for name, kind in self.lake.schemas[table].items() if kind in types}
        return {**scalar, "batch": next(iter(types.values()))}


class RelationalEngine(ABC):
    """Answers as ``LakeEngine`` does, with the same integers; see there for the parameters."""

    span_rows: int | None = None
    """About so many rows are counted at once; None: all of them."""

    def __init__(
        self, lake: Lake, tables: Mapping[str, Table], snapshots: Sequence[Snapshot], salt: bytes, zone: str
    ) -> None:
        self.lake, self.tables, self.snapshots = lake, tables, snapshots
        self.salt, self.zone = salt, zone

    @abstractmethod
    def source(self, lake: Lake) -> AbstractContextManager[Listed]:
        """Where rows of a lake, or of a span of it, are read, and closed afterwards."""

    def spans(self, bounded: Bounded) -> Iterator[Lake]:
        """The lake in as many spans as the engine counts one after the other."""
        if self.span_rows is None:
            return self.lake.in_spans(1)
        return in_spans(self.lake, bounded, self.snapshots, self.span_rows)

    def prepared(self, source: Source) -> Prepared:
        return Prepared(source, self.tables, self.snapshots, self.zone)

    def sums(self, bounded: Bounded) -> Sums:
        """Over all accounts: one row of numbers a group, in their order; one number in it, or one a place."""
        size, width = len(bounded.groups), bins(bounded)
        n, accounts = np.zeros((size, width), np.int64), np.zeros((size, width), np.int64)
        met = dropped = 0
        for cell, place, total, count in quietly("sums", lambda: self._table(bounded)):
            if cell == _MET:
                met += count
            elif cell == _DROPPED:
                dropped += count
            else:
                n[cell, place] += total
                accounts[cell, place] += count
        told_of_dropped(dropped)
        return Sums(n, accounts, met if bounded.clipped else 0)

    def _table(self, bounded: Bounded) -> list[tuple[int, int, int, int]]:
        table: list[tuple[Any, ...]] = []
        for lake in self.spans(bounded):
            with self.source(lake) as source:
                each = source.computed(bounding.contributions(self._rows(source, bounded), bounded, self.salt))
                table += _leaving(each, bounded).collect("pyarrow").rows()
        return table

    def _rows(self, source: Source, bounded: Bounded) -> Frame:
        prepared = self.prepared(source)
        rows = prepared.rows(bounded).with_columns(nw.col("cell").cast(nw.Int64)).filter(nw.col("cell") >= 0)
        return rows if isinstance(bounded.question, Retention) else prepared.population(rows, bounded)


def quietly(where: str, compute: Callable[[], T]) -> T:
    """An engine's errors quote rows and paths: the operator's log gets their type and place, nobody gets their text.

    Raises LedgerError in their place.
    """
    try:
        return compute()
    except PrivacyAnalyticsError:
        raise
    except Exception as error:  # noqa: BLE001  # an engine raises what it likes
        OPERATOR.error("the engine failed in %s: %s", where, type(error).__name__)
    raise LedgerError(LOST)  # out here it has no context that a traceback would show


def _leaving(each: Frame, bounded: Bounded) -> Frame:
    """What leaves the engine, at once: sums by cell and bin, and two counts of accounts under numbers of no cell."""
    wrong = bounding.outside(each, bounded)
    kept = each.join(wrong, on="account", how="anti")
    placed = kept.with_columns(place=_bin(nw.col("place"), edges(bounded)))
    zero = nw.lit(0, dtype=nw.Int64)
    counts = [
        accounts.with_columns(cell=nw.lit(cell, dtype=nw.Int64), place=zero, n=zero).select(*_COLUMNS)
        for cell, accounts in (
            (_MET, bounding.met_a_bound(kept)),
            (_DROPPED, wrong.select(accounts=nw.len().cast(nw.Int64))),
        )
    ]
    return nw.concat([bounding.summed(placed).select(*_COLUMNS), *counts])


def _bin(value: nw.Expr, edges: Sequence[int]) -> nw.Expr:
    """How many edges are at or below a value, by halves: a list of candidates may be long."""
    return _between(value, edges, 0, len(edges)).cast(nw.Int64)


def _between(value: nw.Expr, edges: Sequence[int], low: int, high: int) -> nw.Expr:
    if low == high:
        return nw.lit(low)
    middle = (low + high) // 2
    above, below = _between(value, edges, middle + 1, high), _between(value, edges, low, middle)
    return nw.when(value >= edges[middle]).then(above).otherwise(below)
