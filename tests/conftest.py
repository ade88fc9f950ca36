"""A small workspace with a lake of your own making, without an export: rows in, a curator out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from privacy_analytics import workspace
from privacy_analytics.curator import Curator
from privacy_analytics.lake import ALWAYS, Lake, new_batch
from privacy_analytics.session import Session
from privacy_analytics.settings import Settings

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MONTH = "2026-10"
Row = Mapping[str, Any]


def account_hash(account: str) -> int:
    """63 bits of an account, as ingest makes them."""
    return int.from_bytes(hashlib.sha256(account.encode()).digest()[:8]) >> 1


def _events(
    accounts: Iterable[int], *, month: str = MONTH, day: int = 5, feature: str = "chat", rows: int = 1
) -> pl.DataFrame:
    """``rows`` events of each account on one day: account, day and keys, as ``add`` takes them."""
    numbers = [number for number in accounts for _ in range(rows)]
    return pl.DataFrame(
        {
            "account": [f"{number:032x}" for number in numbers],
            "day": [date(*map(int, month.split("-")), day)] * len(numbers),
            "event": ["feature_used"] * len(numbers),
            "feature": [feature] * len(numbers),
            "os": ["macos" if number % 3 else "windows" for number in numbers],
        },
        schema_overrides={"account": pl.String, "day": pl.Date, "event": pl.String, "feature": pl.String},
    )


def _filled(lake: Lake, table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with everything that the lake's table has and these do not say."""
    month = pl.lit(ALWAYS) if table == "accounts" else pl.col("day").dt.strftime("%Y-%m")
    hashes = [account_hash(account) for account in rows["account"]]
    rows = rows.with_columns(
        pl.Series("account_hash", hashes, dtype=pl.Int64), row_id=pl.int_range(pl.len(), dtype=pl.Int64), month=month
    )
    absent = {name: kind for name, kind in lake.schemas[table].items() if name not in rows.columns}
    return rows.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in absent.items())


def _add(settings: Settings, **tables: pl.DataFrame) -> None:
    """Commit one batch of rows by table."""
    lake = Lake(settings.path("lake"))
    batch = new_batch()
    for name, rows in tables.items():
        lake.append(name, _filled(lake, name, rows), batch)
    lake.commit(batch, {})


def _curator_of(settings: Settings) -> Curator:
    """A curator whose today is fixed, so that October 2026 is over."""
    return Curator(settings, clock=lambda: NOW)


def _session_of(settings: Settings, purpose: str = "exploration", month: str = MONTH) -> Session:
    return Session(_curator_of(settings), month=month, purpose=purpose)


@pytest.fixture
def events() -> Callable[..., pl.DataFrame]:
    """``events(accounts, month=, day=, feature=, rows=)``: a frame of events."""
    return _events


@pytest.fixture
def add() -> Callable[..., None]:
    """``add(settings, events=frame, accounts=frame)``: one committed batch."""
    return _add


@pytest.fixture
def curator_of() -> Callable[[Settings], Curator]:
    return _curator_of


@pytest.fixture
def session_of() -> Callable[..., Session]:
    """``session_of(settings, purpose, month)``, on a fixed day in November 2026."""
    return _session_of


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    """A workspace as `pa init` makes it, without data."""
    return workspace.create(
        tmp_path / "w", product="Plugin", contact_email="officer@studio.test", timezone="UTC", posted=date(2026, 1, 1)
    )


@pytest.fixture
def workspace_with(tmp_path: Path) -> Callable[..., Settings]:
    """Make a workspace from an events frame (and others by name); each call makes another one."""
    made: list[Settings] = []

    def make(events_frame: pl.DataFrame, **others: pl.DataFrame) -> Settings:
        settings = workspace.create(
            tmp_path / f"w{len(made)}",
            product="Plugin",
            contact_email="officer@studio.test",
            timezone="UTC",
            posted=date(2026, 1, 1),
        )
        _add(settings, events=events_frame, **others)
        made.append(settings)
        return settings

    return make


@pytest.fixture
def october(workspace_with: Callable[..., Settings]) -> Settings:
    """3,000 accounts in October 2026: a feature a third, one of them with 1,000 rows."""
    features = ["chat", "mix_assist", "chord_helper"]
    parts = [_events(range(n, 3000, 3), feature=feature, day=n + 1) for n, feature in enumerate(features)]
    return workspace_with(pl.concat([*parts, _events([7], rows=1000)]))
