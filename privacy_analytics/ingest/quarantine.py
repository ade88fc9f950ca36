"""Rows that broke their contract: file, line, rule and whose they were; never the row."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from privacy_analytics.lake import Lake, private_files

_COLUMNS = {"file": pa.string(), "table": pa.string(), "line": pa.int64(), "rule": pa.string(), "account": pa.string()}


@contextmanager
def quarantined(lake: Lake, batch: str) -> Generator[Callable[[pl.DataFrame], None]]:
    """Takes the entries of a batch, chunk by chunk, into its file; it counts once the batch is committed."""
    schema = pa.schema(_COLUMNS)
    with private_files():
        folder = lake.root / "quarantine"
        folder.mkdir(exist_ok=True)
        file = (folder / f"{batch}.parquet").open("wb")
    with file, pq.ParquetWriter(file, schema, compression="zstd", write_statistics=False) as writer:

        def add(entries: pl.DataFrame) -> None:
            if entries.height:
                writer.write_table(entries.select(schema.names).to_arrow().cast(schema))

        yield add
