"""Spark, on this machine or a cluster: rows, texts and bounds stay there."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import narwhals as nw
import numpy as np
import polars as pl
import pyarrow as pa

from privacy_analytics import phrases
from privacy_analytics.engines.cluster import session, unheard
from privacy_analytics.engines.relational import Listed, RelationalEngine, quietly

with unheard():
    from pyspark.sql import functions as f

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame, SparkSession

    from privacy_analytics.contracts import Table
    from privacy_analytics.dp.questions import Bounded, TopKeys
    from privacy_analytics.lake import Lake
    from privacy_analytics.lake.standing import Frame
    from privacy_analytics.settings import Spark
    from privacy_analytics.snapshots import Snapshot

TEXTS = 100_000
"""About so many texts are spelled out at once by one worker."""
_TYPES: dict[Any, str] = {
    pl.String(): "STRING",
    pl.Int64(): "BIGINT",
    pl.Float64(): "DOUBLE",
    pl.Boolean(): "BOOLEAN",
    pl.Date(): "DATE",
    pl.Datetime("us", "UTC"): "TIMESTAMP",
}


class SparkEngine(RelationalEngine):
    """Answers on Spark. Its workers need this package, and every host the lake under the same path."""

    def __init__(
        self,
        lake: Lake,
        tables: Mapping[str, Table],
        snapshots: Sequence[Snapshot],
        salt: bytes,
        zone: str,
        spark: Spark,
    ) -> None:
        super().__init__(lake, tables, snapshots, salt, zone)
        self._spark = spark

    @contextmanager
    def source(self, lake: Lake) -> Generator[_Files]:
        source = _Files(lake, session(self._spark, self.zone))
        try:
            yield source
        finally:
            for frame in source.kept:
                frame.unpersist()

    def weights(self, bounded: Bounded, found: frozenset[str]) -> Mapping[str, int]:
        """Summed integer weights of the phrases that are not found yet."""
        per_account, salt = bounded.per_account, self.salt

        def weighed(said: pl.DataFrame) -> Mapping[str, int]:
            return phrases.weights(said, found, per_account, salt)

        return quietly("weights", lambda: self._over_phrases(bounded, weighed))

    def counts(self, bounded: Bounded, keys: Sequence[str]) -> NDArray[np.int64]:
        """How many accounts have each of these phrases."""
        per_account, salt, asked = bounded.per_account, self.salt, list(keys)

        def counted(said: pl.DataFrame) -> Mapping[str, int]:
            return dict(zip(asked, phrases.counts(said, asked, per_account, salt), strict=True))

        summed = quietly("counts", lambda: self._over_phrases(bounded, counted)) if asked else {}
        return np.array([summed.get(key, 0) for key in asked], np.int64)

    def _over_phrases(self, bounded: Bounded, of: Callable[[pl.DataFrame], Mapping[str, int]]) -> dict[str, int]:
        """Sums of what ``of`` says of the phrases of some accounts, by phrase; an account is in one part alone."""
        words = cast("TopKeys", bounded.question).words

        def part(texts: pa.Table) -> pa.Table:
            numbers = of(phrases.of(pl.DataFrame(pl.from_arrow(texts)).lazy(), words))
            values = pa.array(numbers.values(), pa.int64())
            return pa.table({"phrase": pa.array(numbers.keys(), pa.string()), "number": values})

        with self.source(next(self.spans(bounded))) as source:
            rows: DataFrame = self.prepared(source).texts(bounded).to_native()
            months = [snapshot.month for snapshot in self.snapshots]
            parts = max(math.ceil(self.lake.rows(bounded.question.table, months) / TEXTS), 1)
            parted = rows.withColumn("part", f.pmod(f.xxhash64("account"), f.lit(parts))).groupBy("part")
            with unheard():
                said = parted.applyInArrow(part, "phrase STRING, number BIGINT")
            table = said.groupBy("phrase").agg(f.sum("number").alias("number")).toArrow()
        return dict(zip(table["phrase"].to_pylist(), table["number"].to_pylist(), strict=True))


class _Files(Listed):
    def __init__(self, lake: Lake, spark: SparkSession) -> None:
        super().__init__(lake)
        self._session = spark
        self.kept: list[DataFrame] = []

    def read(self, table: str, files: Sequence[Path]) -> DataFrame:
        columns = self.columns(table, _TYPES)
        if not files:
            return self._session.range(0).select(
                *(f.lit(None).cast(kind).alias(name) for name, kind in columns.items())
            )
        schema = ", ".join(f"`{name}` {kind}" for name, kind in columns.items())
        root = f"file://{self.lake.root / table}"
        return self._session.read.schema(schema).option("basePath", root).parquet(*(f"file://{file}" for file in files))

    def micros(self, rows: Frame, **columns: str) -> Frame:
        since = {name: f.unix_micros(column) for name, column in columns.items()}
        return nw.from_native(rows.to_native().withColumns(since))

    def computed(self, rows: Frame) -> Frame:
        self.kept.append(rows.to_native().persist())
        return nw.from_native(self.kept[-1])
