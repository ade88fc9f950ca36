"""A seeded export of any size, written piece by piece: accounts, their telemetry of one month, and their chats.

python benchmarks/growing/exports.py FOLDER EVENTS [--chats N] [--kind parquet|csv|jsonl]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from privacy_analytics.sample.conversations import Author

EVENTS_EACH = 20
"""Events of an account in a month, on average."""
BURST = 8
"""Events of an account that follow one another."""
PIECE = 250_000
BAD_EVERY = 1_000
"""One event in so many breaks its contract, one account in so many does not attest its age."""
START = datetime(2026, 10, 1, tzinfo=UTC)
DAYS = 31
_NAMES = ("Ada", "Ben", "Carla", "Dmitri", "Esra", "Femi", "Grete", "Hugo", "Inês", "Jonas", "Kim", "Lena")
_FEATURES = ("chat", "mix_assist", "chord_helper", "drum_generator", "stem_splitter", "lyric_ideas", "loop_browser")
_EVENTS = ("app_opened", "message_sent", "feature_used", "suggestion_accepted", "project_opened", "export_finished")


def write_export(folder: Path, events: int, *, chats: int = 0, kind: str = "parquet") -> Path:
    """An export in ``folder``: events of events / 20 accounts as ``kind`` (parquet, csv, jsonl), and so many chats."""
    folder.mkdir(parents=True)
    accounts = max(events // EVENTS_EACH, chats)
    _write(folder / "accounts.parquet", (_accounts(at, accounts) for at in range(0, accounts, PIECE)))
    if events:
        _write(folder / f"events.{kind}", (_events(at, events, accounts) for at in range(0, events, PIECE)))
    if chats:
        author, random = Author(Random(7), START, DAYS), Random(8)  # noqa: S311  # seeded, ordinary
        with (folder / "chats.jsonl").open("w", encoding="utf-8") as file:
            for first in range(0, chats, 1_000):
                who = [
                    {"account_id": _one_id(random.randrange(accounts)), "name": random.choice(_NAMES)}
                    for _ in range(1_000)
                ]
                for at, row in enumerate(author.chats([(each, []) for each in who[: chats - first]]), first):
                    file.write(json.dumps(row | {"conversation_id": f"conv-{at}"}) + "\n")
    return folder


def _accounts(first: int, of: int) -> pl.DataFrame:
    draw = np.random.default_rng([1, first])
    size = min(PIECE, of - first)
    user = pl.format("{}{}", pl.col("given").str.to_lowercase(), "at")
    return pl.DataFrame(
        {"at": np.arange(first, first + size), "given": pl.Series(_NAMES).gather(draw.integers(0, len(_NAMES), size))}
    ).select(
        _id(pl.col("at")).alias("account_id"),
        email=pl.format("{}@example.com", user),
        username=user,
        name=pl.format("{} {}son", "given", "given"),
        country=pl.lit("US"),
        created_at=pl.lit("2026-01-05T10:00:00Z"),
        age_attested=pl.col("at") % BAD_EVERY != 7,
        plan_tier=pl.lit("free"),
    )


def _events(first: int, of: int, accounts: int) -> pl.DataFrame:
    """In order of time; an account's come in bursts, and some accounts have many."""
    draw = np.random.default_rng([2, first])
    size = min(PIECE, of - first)
    at = np.arange(first, first + size)
    seconds = pl.Series((at * (DAYS * 86_400.0 / of)).astype(np.int64))
    pick = {"feature": _FEATURES, "event": _EVENTS, "os": ("windows", "macos"), "host": ("ableton_live", "other")}
    return pl.DataFrame(
        {
            "at": at,
            "who": (accounts * np.repeat(draw.random(-(-size // BURST)), BURST)[:size] ** 2).astype(np.int64),
            "bad": at % BAD_EVERY == 5,
            "duration_ms": np.round(draw.lognormal(5.0, 1.0, size), 1),
            **{name: pl.Series(of).gather(draw.integers(0, len(of), size)) for name, of in pick.items()},
        }
    ).select(
        _id(pl.col("who")).alias("account_id"),
        event_id=pl.format("e-{}", "at"),
        occurred_at=pl.when("bad")
        .then(pl.lit("01.10.26"))
        .otherwise(
            (pl.lit(START.replace(tzinfo=None)) + pl.duration(seconds=seconds)).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        ),
        **{name: pl.col(name) for name in ("event", "feature", "duration_ms", "os", "host")},
        app_version=pl.lit("2.4.0"),
        country=pl.lit("US"),
    )


def _id(at: pl.Expr) -> pl.Expr:
    """Of an account by its number: an odd multiplier is a bijection of 32 bits, so ids look random and differ."""
    return pl.format("acc-{}", (at * 0x9E3779B1 % 2**32).cast(pl.String).str.zfill(10))


def _one_id(at: int) -> str:
    return f"acc-{at * 0x9E3779B1 % 2**32:010}"


def _write(file: Path, frames: Iterator[pl.DataFrame]) -> None:
    if file.suffix == ".parquet":
        first = next(frames).to_arrow(compat_level=pl.CompatLevel.oldest())
        with pq.ParquetWriter(file, first.schema, compression="zstd") as writer:
            writer.write_table(first)
            for frame in frames:
                writer.write_table(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
    else:
        with file.open("wb") as out:
            for at, frame in enumerate(frames):
                frame.write_csv(out, include_header=not at) if file.suffix == ".csv" else frame.write_ndjson(out)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=Path)
    options.add_argument("events", type=int)
    options.add_argument("--chats", type=int, default=0)
    options.add_argument("--kind", choices=["parquet", "csv", "jsonl"], default="parquet")
    asked = options.parse_args()
    write_export(asked.folder, asked.events, chats=asked.chats, kind=asked.kind)
