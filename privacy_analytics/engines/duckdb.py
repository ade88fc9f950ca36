"""DuckDB in this process: one plan a span of accounts, in memory alone."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import narwhals as nw
import polars as pl

from privacy_analytics.counting import SPAN_ROWS, LakeEngine
from privacy_analytics.engines.relational import Listed, RelationalEngine, quietly

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from privacy_analytics.dp.questions import Bounded
    from privacy_analytics.lake import Lake
    from privacy_analytics.lake.standing import Frame

_TYPES: dict[Any, str] = {
    pl.String(): "VARCHAR",
    pl.Int64(): "BIGINT",
    pl.Float64(): "DOUBLE",
    pl.Boolean(): "BOOLEAN",
    pl.Date(): "DATE",
    pl.Datetime("us", "UTC"): "TIMESTAMPTZ",
}


class DuckDBEngine(RelationalEngine):
    """Sums on DuckDB; phrases, which no engine has words for, as ``LakeEngine`` spells them, span by span."""

    span_rows = SPAN_ROWS

    @contextmanager
    def source(self, lake: Lake) -> Generator[_Files]:
        with duckdb.connect() as connection:
            for name, value in {
                "TimeZone": self.zone,
                "temp_directory": "",  # rows are written nowhere: what a killed process left would outlive an erasure
                "autoinstall_known_extensions": "false",  # nothing is fetched
                "autoload_known_extensions": "false",
                "preserve_insertion_order": "false",
                "enable_progress_bar": "false",
                "lock_configuration": "true",
            }.items():
                connection.execute(f"SET {name} = '{value}'")
            yield _Files(lake, connection)

    def weights(self, bounded: Bounded, found: frozenset[str]) -> Mapping[str, int]:
        """Summed integer weights of the phrases that are not found yet."""
        return quietly("weights", lambda: self._spelled.weights(bounded, found))

    def counts(self, bounded: Bounded, keys: Sequence[str]) -> NDArray[Any]:
        """How many accounts have each of these phrases."""
        return quietly("counts", lambda: self._spelled.counts(bounded, keys))

    @cached_property
    def _spelled(self) -> LakeEngine:
        return LakeEngine(self.lake, self.tables, self.snapshots, self.salt, self.zone)


class _Files(Listed):
    def __init__(self, lake: Lake, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(lake)
        self._connection, self._numbers = connection, count()

    def read(self, table: str, files: Sequence[Path]) -> duckdb.DuckDBPyRelation:
        columns = self.columns(table, _TYPES)
        if not files:
            nothing = ", ".join(f"NULL::{kind} AS {_quoted(name)}" for name, kind in columns.items())
            return self._connection.sql(f"SELECT {nothing} WHERE false")
        found = self._connection.read_parquet([str(file) for file in files], union_by_name=True, hive_partitioning=True)
        there = set(found.columns)
        return found.project(
            ", ".join(
                f"{_quoted(name) if name in there else 'NULL'}::{kind} AS {_quoted(name)}"
                for name, kind in columns.items()
            )
        )

    def micros(self, rows: Frame, **columns: str) -> Frame:
        since = {name: nw.col(column).dt.total_microseconds() for name, column in columns.items()}
        return rows.with_columns(**since)

    def computed(self, rows: Frame) -> Frame:
        name = f"computed{next(self._numbers)}"
        rows.to_native().create(name)
        return nw.from_native(self._connection.table(name))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
