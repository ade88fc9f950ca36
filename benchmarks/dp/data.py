"""A workspace whose lake holds seeded events of one month, written by the lake itself.

    python data.py FOLDER EVENTS [--shuffled] [--events-each N]

Activity is zipf-like over 50,000 accounts. Keys are drawn independently of the account, which is the hard case: an
account's rows fall into nearly as many cells as it has rows. Shuffled: the same files with their rows in no order, as
no lake of ours has them.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
from engines import DAYS, KEYS, MONTH

from privacy_analytics import workspace
from privacy_analytics.lake import ALWAYS, Lake, new_batch
from privacy_analytics.lake.spans import EVERYBODY, Span, spans

ACCOUNTS = 50_000
WHOLE = 2_000_000
"""About so many rows are stored at once, as an intake does: those of a span of accounts."""


def make(folder: Path, rows: int, *, shuffled: bool = False, events_each: int = 0) -> Path:
    """The workspace in ``folder``, made unless it is there.

    With ``events_each``, there are as many accounts as that makes, each part of them drawn alone: of any size.
    """
    if (folder / ".made").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    workspace.create(
        folder, product="Bench", contact_email="bench@example.com", timezone="UTC", posted=date(2026, 8, 1)
    )
    with (folder / "workspace.toml").open("a") as file:
        for name in ("plugin", "error", "channel"):
            keys = f'type = "key"\nkeys = "bench_{name}"\npurposes = ["exploration"]\n'
            file.write(f"\n[columns.events.{name}]\n{keys}")
    for name, keys in KEYS.items():
        (folder / "keys" / f"{'features' if name == 'feature' else f'bench_{name}'}.txt").write_text("\n".join(keys))
    lake, batch = Lake(folder / "lake"), new_batch(datetime(2026, 10, 1, tzinfo=UTC))
    parts, columns = spans(rows // WHOLE + 1), (*lake.schemas["events"].names(), "month")
    if events_each:
        size = rows // len(parts)
        known: list[tuple[Span, pl.DataFrame]] = []

        def drawn() -> Iterator[tuple[Span, pl.DataFrame]]:
            for span in parts:
                frame = events(size, size // events_each, span)
                known.append((span, accounts(frame, lake)))
                yield span, frame.select(columns)

        lake.append("events", drawn(), batch)
        lake.append("accounts", known, batch)
    else:
        frame = events(rows).select(columns)
        lake.append("events", ((span, frame.filter(span.holds())) for span in parts), batch)
    lake.commit(batch, {})
    if shuffled:
        first = 0
        for file in sorted(folder.glob("lake/events/*/*/*.parquet")):
            height = pl.scan_parquet(file).select(pl.len()).collect().item()
            part = frame.slice(first, height).select(lake.schemas["events"].names())
            part.write_parquet(file, compression="zstd", statistics=False)
            first += height
    (folder / ".made").touch()
    return folder


def events(rows: int, accounts: int = ACCOUNTS, span: Span = EVERYBODY) -> pl.DataFrame:
    """The rows in no order, with every column that the lake stores; of accounts of one span."""
    draw = np.random.default_rng(20260901 + span.at)
    first = draw.integers(-(-span.at * 2**32 // span.of), (span.at + 1) * 2**32 // span.of, accounts)
    names = pl.Series([f"{digits:08x}{draw.bytes(12).hex()}" for digits in first])
    hashes = draw.integers(-(2**63), 2**63, accounts, dtype=np.int64)
    who = np.concatenate([np.arange(accounts), _zipf(draw, accounts, rows - accounts, shift=30.0)])
    draw.shuffle(who)
    slow = np.round(draw.lognormal(5.0, 1.0, rows), 1)
    frame = pl.DataFrame(
        {
            "account": names.gather(who),
            "account_hash": hashes[who],
            "row_id": draw.integers(-(2**63), 2**63, rows, dtype=np.int64),
            "session": draw.integers(-(2**63), 2**63, rows, dtype=np.int64),
            **{name: pl.Series(keys).gather(_zipf(draw, len(keys), rows)) for name, keys in KEYS.items()},
            "duration_ms": pl.Series(slow).set(pl.Series(draw.random(rows) < 0.02), None),
            "day": pl.Series(DAYS).gather(draw.integers(0, len(DAYS), rows)),
        }
    )
    second = pl.duration(seconds=pl.int_range(pl.len()) % 86_400)
    rest = {name: pl.lit("other") for name in ("event", "os", "browser", "host", "app_version", "country")}
    rest["policy"] = pl.lit(None, pl.String)
    return frame.with_columns(
        occurred_at=pl.col("day").cast(pl.Datetime("us", "UTC")) + second, month=pl.lit(MONTH), **rest
    )


def accounts(rows: pl.DataFrame, lake: Lake) -> pl.DataFrame:
    """A row of ``accounts`` for everybody in ``rows``; what questions do not read of it is null."""
    own = (
        rows.group_by("account")
        .agg(pl.col("account_hash").first())
        .with_columns(
            row_id="account_hash",
            month=pl.lit(ALWAYS),
            opted_out=pl.col("account_hash") % 20 == 0,
            gpc=pl.lit(value=False),
        )
    )
    absent = {name: kind for name, kind in lake.schemas["accounts"].items() if name not in own.columns}
    return own.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in absent.items())


def _zipf(draw: np.random.Generator, size: int, count: int, *, shift: float = 2.0) -> np.ndarray:
    weight = 1 / (np.arange(size) + shift)
    return np.searchsorted(np.cumsum(weight) / weight.sum(), draw.random(count)).clip(0, size - 1)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=Path)
    options.add_argument("events", type=int)
    options.add_argument("--shuffled", action="store_true")
    options.add_argument("--events-each", type=int, default=0)
    asked = options.parse_args()
    make(asked.folder, asked.events, shuffled=asked.shuffled, events_each=asked.events_each)
