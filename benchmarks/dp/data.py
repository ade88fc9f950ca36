"""Seeded events as the lake stores them: Parquet (zstd, no statistics), whole accounts a file, sorted by account.

    python data.py FOLDER EVENTS        writes FOLDER/sorted and, the same rows in no order, FOLDER/shuffled

Activity is zipf-like over 50,000 accounts. Keys are drawn independently of the account, which is the hard case: an
account's rows fall into nearly as many cells as it has rows.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

ACCOUNTS = 50_000
MONTH = "2026-09"
DAYS = [date(2026, 9, day) for day in range(1, 31)]
FEATURES = [f"feature-{number:02}" for number in range(30)]
PLUGINS = [f"plugin-{number:03}" for number in range(333)]
ERRORS = [f"error-{number:02}" for number in range(14)]
CHANNELS = [f"channel-{number}" for number in range(7)]
KEYS = {"feature": FEATURES, "plugin": PLUGINS, "error": ERRORS, "channel": CHANNELS}
WHOLE = 2_000_000
"""More rows than this are stored by the first digit of the pseudonym, as an intake does."""


def events(rows: int) -> pl.DataFrame:
    """The rows in no order."""
    draw = np.random.default_rng(20260901)
    names = pl.Series([draw.bytes(16).hex() for _ in range(ACCOUNTS)])
    hashes = draw.integers(-(2**63), 2**63, ACCOUNTS, dtype=np.int64)
    who = np.concatenate([np.arange(ACCOUNTS), _zipf(draw, ACCOUNTS, rows - ACCOUNTS, shift=30.0)])
    draw.shuffle(who)
    day = draw.integers(0, len(DAYS), rows)
    slow = np.round(draw.lognormal(5.0, 1.0, rows), 1)
    return pl.DataFrame(
        {
            "account": names.gather(who),
            "account_hash": hashes[who],
            "row_id": draw.integers(-(2**63), 2**63, rows, dtype=np.int64),
            "session": draw.integers(-(2**63), 2**63, rows, dtype=np.int64),
            **{name: pl.Series(keys).gather(_zipf(draw, len(keys), rows)) for name, keys in KEYS.items()},
            "duration_ms": pl.Series(slow).set(pl.Series(draw.random(rows) < 0.02), None),
            "day": pl.Series(DAYS).gather(day),
        }
    )


def write(folder: Path, rows: int) -> None:
    """Both variants, unless they are there."""
    if (folder / ".done").exists():
        return
    frame = events(rows)
    many = rows > WHOLE
    for variant in ("sorted", "shuffled"):
        (folder / variant).mkdir(parents=True, exist_ok=True)
    ordered = frame.sort("account", maintain_order=True)
    for digit in "0123456789abcdef" if many else [""]:
        part = ordered.filter(pl.col("account").str.starts_with(digit))
        _write(part, folder / "sorted" / f"part-{digit}.parquet")
    for number, part in enumerate(frame.iter_slices(-(-rows // (16 if many else 1)))):
        _write(part, folder / "shuffled" / f"part-{number:02}.parquet")
    (folder / ".done").touch()


def _write(frame: pl.DataFrame, file: Path) -> None:
    frame.write_parquet(file, compression="zstd", statistics=False)


def _zipf(draw: np.random.Generator, size: int, count: int, *, shift: float = 2.0) -> np.ndarray:
    weight = 1 / (np.arange(size) + shift)
    return np.searchsorted(np.cumsum(weight) / weight.sum(), draw.random(count)).clip(0, size - 1)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
