"""A small lake of neighbouring pairs, and the engine that reads it as it reads any other."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import polars as pl

from privacy_analytics import workspace
from privacy_analytics.contracts import tables
from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp.questions import Key
from privacy_analytics.lake import Lake
from privacy_analytics.snapshots import Snapshot

SALT = b"of an audit"
WILD = [float("inf"), 1e308, 1e18, 3e9]
"""Numbers of a heavy account: all of them far above any bound."""
NO_NUMBER = [float("nan"), None]
MONTH = "2026-10"
SIDES = ("with", "without")


@contextmanager
def lake() -> Generator[Lake]:
    """An empty lake in a workspace of its own."""
    with tempfile.TemporaryDirectory() as folder:
        about = {"product": "Audit", "contact_email": "officer@studio.test", "timezone": "UTC"}
        yield Lake(workspace.create(Path(folder) / "w", posted=date(2026, 1, 1), **about).path("lake"))


def add(made: Lake, batch: str, month: str, **rows: pl.DataFrame) -> None:
    """Commit a batch of rows by table; what they do not say is null, an account's hash by default that of its name."""
    for table, frame in rows.items():
        full = frame if "account_hash" in frame.columns else _hashed(frame)
        full = full.with_columns(row_id=pl.int_range(pl.len(), dtype=pl.Int64), month=pl.lit(month))
        missing = {name: kind for name, kind in made.schemas[table].items() if name not in full.columns}
        made.append(table, full.with_columns(pl.lit(None, kind).alias(name) for name, kind in missing.items()), batch)
    made.commit(batch, {})


def _hashed(frame: pl.DataFrame) -> pl.DataFrame:
    names = frame["account"].unique()
    hashes = [int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) >> 1 for name in names]
    hashed = pl.DataFrame({"account": names, "account_hash": hashes})
    return frame.join(hashed, on="account", how="left", maintain_order="left")


def engine(made: Lake, months: Iterable[str], batches: tuple[str, ...] | None = None) -> LakeEngine:
    """The engine that answers from these batches (all there are) of these months."""
    seen = made.batches() if batches is None else batches
    read = [Snapshot(f"{month}.r0", month, seen) for month in months]
    return LakeEngine(made, tables(workspace.load(made.root.parent)), read, SALT, "UTC")


def pairs(replicates: int, cells: int, rows: int) -> pl.DataFrame:
    """Events of ``replicates`` pairs: with and without a heavy account, each in ``cells`` features of its own.

    Feature ``with-3-1`` is cell 1 of replicate 3 with the account; ``without-3-1`` the same cell without it. A light
    account with one ordinary row in the first cell is on both sides. The heavy one has ``rows`` rows in every cell,
    with numbers above all bounds, and more rows with no key, no number, or a key that nobody listed.
    """
    places = [(replicate, cell) for replicate in range(replicates) for cell in range(cells)]
    heavy = pl.DataFrame(places, schema=["replicate", "cell"], orient="row").join(
        pl.DataFrame({"duration_ms": [*(WILD[at % len(WILD)] for at in range(rows)), *NO_NUMBER]}), how="cross"
    )
    named = heavy.select(
        pl.format("heavy {}", "replicate").alias("account"),
        pl.format("with-{}-{}", "replicate", "cell").alias("feature"),
        "duration_ms",
    )
    stray = named.select("account").unique().join(pl.DataFrame({"feature": ["unlisted", None]}), how="cross")
    light = pl.DataFrame(
        {
            "account": [f"light {side} {replicate}" for side in SIDES for replicate in range(replicates)],
            "feature": [f"{side}-{replicate}-0" for side in SIDES for replicate in range(replicates)],
            "duration_ms": 40.0,
        }
    )
    return pl.concat([named, stray.with_columns(duration_ms=WILD[0]), light]).with_columns(day=date(2026, 10, 5))


def features(replicates: int, cells: int) -> Key:
    """The public keys of ``pairs``."""
    keys = [f"{side}-{at}-{cell}" for side in SIDES for at in range(replicates) for cell in range(cells)]
    return Key("feature", tuple(zip(keys, keys, strict=True)))
