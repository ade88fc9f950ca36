"""Where an engine reads the lake's committed rows, as frames of its own that narwhals speaks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import narwhals as nw
import polars as pl

from privacy_analytics.lake import ALWAYS, Lake
from privacy_analytics.lake.standing import Frame, held_back, newest, set_now
from privacy_analytics.policy import UNRECORDED


class Source(ABC):
    """A lake's rows on one engine. What narwhals cannot say the same way everywhere is a method here."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake

    @abstractmethod
    def scan(self, table: str, month: str, batches: Sequence[str]) -> Frame:
        """The rows of one table and month in these batches, with ``batch``; see ``Lake.scan``."""

    @abstractmethod
    def micros(self, rows: Frame, **columns: str) -> Frame:
        """The rows with further columns: a time each, in microseconds since 1970 (int64)."""

    def listed(self, rows: Frame, name: str, column: str, values: Sequence[str]) -> Frame:
        """The rows with a further column: where a text stands in a list, int32; null where it does not."""
        at = nw.col(column).replace_strict(list(values), range(len(values)), default=None, return_dtype=nw.Int32)
        return rows.with_columns(at.alias(name))

    def accounts(self, batches: Sequence[str]) -> Frame:
        """The newest row of every account among these batches."""
        return newest(self.scan("accounts", ALWAYS, batches))

    def held(self) -> Frame:
        """The accounts (one column) that are held back now."""
        now = self.lake.batches()
        return held_back(self.scan("held", ALWAYS, now), self.accounts(now))

    def marked(self, *marks: str) -> Frame:
        """The accounts (one column) on which one of these marks is set now."""
        return set_now(self.scan("marks", ALWAYS, self.lake.batches()), *marks)


class InMemory(Source):
    """The lake, or a span of it, in this process."""

    def scan(self, table: str, month: str, batches: Sequence[str]) -> Frame:
        return nw.from_native(self.lake.scan(table, month, batches))

    def micros(self, rows: Frame, **columns: str) -> Frame:
        return rows.with_columns(**{name: nw.col(column).dt.timestamp("us") for name, column in columns.items()})

    def listed(self, rows: Frame, name: str, column: str, values: Sequence[str]) -> Frame:
        at = pl.col(column).cast(pl.Enum(values), strict=False).to_physical().cast(pl.Int32)  # 4 times as fast
        return nw.from_native(rows.to_native().with_columns(at.alias(name)))

    def accounts(self, batches: Sequence[str]) -> Frame:
        return nw.from_native(self.lake.accounts(batches))

    def held(self) -> Frame:
        return nw.from_native(self.lake.held(self.lake.batches()))

    def marked(self, *marks: str) -> Frame:
        return nw.from_native(self.lake.marked(*marks))


class Collected(Source):
    """A source as one question may read it: without rows collected under a policy that did not allow what it is for.

    A new purpose counts only what was collected since it took effect (policy §11).
    """

    def __init__(self, source: Source, without: Sequence[tuple[str, str]]) -> None:
        """``without`` are (table, version of the policy) pairs."""
        super().__init__(source.lake)
        self._source, self._without = source, without

    def scan(self, table: str, month: str, batches: Sequence[str]) -> Frame:
        rows = self._source.scan(table, month, batches)
        versions = [version for name, version in self._without if name == table]
        return rows.filter(~nw.col("policy").fill_null(UNRECORDED).is_in(versions)) if versions else rows

    def micros(self, rows: Frame, **columns: str) -> Frame:
        return self._source.micros(rows, **columns)
