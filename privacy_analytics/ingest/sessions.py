"""Sessions, derived from events: the session id, else a pause of half an hour; cut where a month ends.

A session is derived from one account's events of one month alone. When a later batch brings an account more events
of a month, all its sessions of that month are derived anew in that batch, and a scan takes each account's newest
batch: a snapshot that was frozen before keeps the old ones.
"""

from __future__ import annotations

import polars as pl

from privacy_analytics.ingest.rows import Rows

PAUSE_MINUTES = 30
"""Silence after which a new session starts, where events carry no session id (the web-analytics convention)."""


def derive(events: pl.LazyFrame, rows: Rows) -> pl.DataFrame:
    """Sessions of the accounts and the one month in ``events`` (rows of the lake), as lake rows with ``month``.

    ``minutes`` is the time from first to last event, ``prompts`` are its messages sent; ``os``, ``host`` and
    ``app_version`` are those of the first event that names one.
    """
    ordered = events.sort("account", "occurred_at", "row_id")
    silent = pl.col("occurred_at").diff().over("account") > pl.duration(minutes=PAUSE_MINUTES)
    unnamed = ordered.filter(pl.col("session").is_null()).with_columns(
        silent.fill_null(True).cast(pl.Int64).cum_sum().over("account").alias("run")
    )
    named = ordered.filter(pl.col("session").is_not_null()).with_columns(pl.lit(0, pl.Int64).alias("run"))
    sessions = (
        pl.concat([named, unnamed])
        .group_by("account", "session", "run")
        .agg(
            pl.col("account_hash", "month").first(),
            pl.col("occurred_at").min().alias("started_at"),
            (pl.col("occurred_at").max() - pl.col("occurred_at").min()).dt.total_seconds().truediv(60).alias("minutes"),
            pl.len().cast(pl.Float64).alias("events"),
            (pl.col("event") == "message_sent").sum().cast(pl.Float64).alias("prompts"),
            pl.col("os", "host", "app_version").sort_by("occurred_at", "row_id").drop_nulls().first(),
            pl.col("day").min(),
        )
        .sort("account", "started_at", "session")
        .collect()
    )
    name = sessions.select(pl.format("{}:{}:{}", pl.col("session").fill_null(0), "started_at", "run")).to_series()
    numbered = sessions.drop("run").with_columns(rows.hashes("sessions", sessions["account"], name).alias("row_id"))
    return rows.stamped("sessions", numbered)
