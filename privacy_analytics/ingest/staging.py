"""Where a batch waits, scrubbed, until all of its export is read; bounded in memory, gone after the intake."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from privacy_analytics.lake import private_files

HELD = 250_000
"""Rows of one table that wait in memory before they go to a file."""
WHOLE = 2_000_000
"""Rows of one table and month that are put in order at once; more are taken by the first digit of the pseudonym."""


class Staging:
    """Rows by table and month, in the order in which they came."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._waiting: defaultdict[str, list[pl.DataFrame]] = defaultdict(list)
        self._written = 0

    def add(self, table: str, rows: pl.DataFrame) -> None:
        """Keep rows (with a ``month`` column) of a table."""
        self._waiting[table].append(rows)
        if sum(frame.height for frame in self._waiting[table]) >= HELD:
            self._flush(table)

    def months(self, table: str) -> list[str]:
        """The months that rows of a table wait for."""
        self._flush(table)
        return sorted(folder.name for folder in (self.folder / table).glob("*"))

    def parts(self, table: str, month: str) -> Iterator[tuple[pl.Expr, pl.DataFrame]]:
        """The rows of a month in parts that fit into memory, whole accounts each: (which accounts, their rows)."""
        rows = pl.scan_parquet(sorted((self.folder / table / month).glob("*.parquet")))
        many = rows.select(pl.len()).collect().item() > WHOLE
        for digit in "0123456789abcdef" if many else [""]:
            accounts = pl.col("account").str.starts_with(digit)
            yield accounts, rows.filter(accounts).collect()

    def clear(self) -> None:
        """Forget everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _flush(self, table: str) -> None:
        frames = self._waiting.pop(table, [])
        with private_files():
            for rows in pl.concat(frames).partition_by("month") if frames else []:
                file = self.folder / table / rows.item(0, "month") / f"{self._written:08}.parquet"
                file.parent.mkdir(parents=True, exist_ok=True)
                rows.write_parquet(file, compression="zstd", statistics=False)
                self._written += 1
