"""Times at which accounts do something else than send events: those of some of their events."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from privacy_analytics.sample.accounts import Rng
from privacy_analytics.sample.telemetry import Ints


def moments(rng: Rng, events: pl.DataFrame, counts: Callable[[int], Ints]) -> pl.DataFrame:
    """account_id and occurred_at of events drawn at random, in order of time.

    ``counts`` says for each of so many (account, month) how many, as long as there are.
    """
    monthly = events.select("account_id", "occurred_at", month=pl.col("occurred_at").dt.strftime("%Y-%m"))
    groups = monthly.unique(["account_id", "month"], keep="first", maintain_order=True).select("account_id", "month")
    return (
        monthly[rng.permutation(monthly.height)]
        .with_columns(nth=pl.int_range(pl.len()).over("account_id", "month"))
        .join(groups.with_columns(count=pl.Series(counts(groups.height))), on=["account_id", "month"])
        .filter(pl.col("nth") < pl.col("count"))
        .sort("occurred_at", "account_id")
        .select("account_id", "occurred_at")
    )
