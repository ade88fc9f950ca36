"""Where a batch waits, scrubbed, until all of its export is read; bounded in memory, gone after the intake.

A file holds a few hundred thousand rows by account, in groups that know between which accounts they lie (it does not
outlive the intake, so it may): the rows of a span of accounts are read without the others.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path

import polars as pl

from privacy_analytics.lake import private_files
from privacy_analytics.lake.spans import EVERYBODY, Span

HELD = 2**25
"""Bytes of one table that wait in memory before they go to a file."""
WHOLE = 2**25
"""Bytes of one table and month that are put in order at once; of more, as many spans of accounts are made."""
_GROUPS = 32
"""Groups of rows in a file."""


class Staging:
    """Rows by table and month, in the order in which they came."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._waiting: defaultdict[str, list[pl.DataFrame]] = defaultdict(list)
        self._held: defaultdict[str, int] = defaultdict(int)
        self._bytes: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._written = 0

    def add(self, table: str, rows: pl.DataFrame) -> None:
        """Keep rows (with ``account`` and ``month``) of a table."""
        self._waiting[table].append(rows)
        self._held[table] += int(rows.estimated_size())
        if self._held[table] >= HELD:
            self._flush(table)

    def months(self, table: str) -> list[str]:
        """The months that rows of a table wait for."""
        self._flush(table)
        return sorted(month for name, month in self._bytes if name == table)

    def spans(self, table: str, month: str) -> int:
        """In how many spans of accounts the rows of a month fit into memory, one after the other."""
        return int(self._bytes.get((table, month), 0) // WHOLE) + 1

    def rows(self, table: str, month: str, span: Span = EVERYBODY) -> pl.DataFrame:
        """The rows of a month and a span; those of each account are in the order in which they came."""
        rows = pl.scan_parquet(sorted((self.folder / table / month).glob("*.parquet")))
        return rows.filter(span.holds()).collect()

    def clear(self) -> None:
        """Forget everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _flush(self, table: str) -> None:
        frames, held = self._waiting.pop(table, []), self._held.pop(table, 0)
        if not frames:
            return
        whole = pl.concat(frames).sort("account", maintain_order=True)
        with private_files():
            for (name,), rows in whole.partition_by("month", maintain_order=True, as_dict=True).items():
                file = self.folder / table / str(name) / f"{self._written:08}.parquet"
                file.parent.mkdir(parents=True, exist_ok=True)
                rows.write_parquet(file, compression="zstd", row_group_size=-(-rows.height // _GROUPS))
                self._bytes[table, str(name)] += held * rows.height / whole.height
                self._written += 1
