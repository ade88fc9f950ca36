"""A workspace, exports written on the spot, and a scrubber that only marks what it saw."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

from privacy_analytics import workspace
from privacy_analytics.ingest import maps
from privacy_analytics.ingest.intake import IntakeReport, ingest
from privacy_analytics.lake import Lake
from privacy_analytics.settings import Settings


@dataclass
class Marked:
    text: str


class Marker:
    """Stands in for the scrubber: what it saw reads ``scrubbed``."""

    tier = "marker"

    def scrub(
        self, texts: Sequence[str], own: Sequence[Any] | None = None, conversations: Sequence[int] | None = None
    ) -> list[Marked]:
        self.own = own
        return [Marked("scrubbed") for _ in texts]


class Bench:
    """A workspace with one export folder."""

    def __init__(self, folder: Path, timezone: str = "UTC") -> None:
        self.settings: Settings = workspace.create(
            folder / "w", product="P", contact_email="a@b.example", timezone=timezone, posted=date(2026, 1, 1)
        )
        self.export = folder / "export"
        self.export.mkdir()
        self.lake = Lake(self.settings.path("lake"))
        self.scrubber = Marker()

    def write(self, name: str, rows: Sequence[dict[str, Any] | str]) -> Path:
        """JSON lines (a str goes in as it is), or CSV lines for a .csv name; packed as the name says."""
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        data = "".join(f"{line}\n" for line in lines).encode()
        packed = {".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}.get(Path(name).suffix)
        (self.export / name).write_bytes(packed(data) if packed else data)
        return self.export / name

    def map(self, text: str) -> maps.ColumnMap:
        file = self.export.parent / "map.toml"
        file.write_text(text)
        return maps.load(file, self.settings)

    def take(self, column_map: str | None = None, source: Path | None = None) -> IntakeReport:
        made = self.map(column_map) if column_map else None
        return ingest(self.settings, source or self.export, column_map=made, scrubber=self.scrubber)

    def rows(self, table: str) -> pl.DataFrame:
        """Every committed row of a table."""
        batches = self.lake.batches()
        months = self.lake.months(table) or ["2026-10"]
        return pl.concat([self.lake.scan(table, month, batches).collect() for month in months])

    def quarantine(self) -> pl.DataFrame:
        return pl.read_parquet(self.settings.path("lake", "quarantine", f"{self.lake.batches()[-1]}.parquet"))


def _event(account: str = "a", at: str = "2026-10-02T10:00:00Z", **more: Any) -> dict[str, Any]:
    return {"account_id": account, "occurred_at": at, "event": "app_opened", **more}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def event() -> Callable[..., dict[str, Any]]:
    return _event


@pytest.fixture
def bench_in(tmp_path: Path) -> Callable[[str], Bench]:
    return lambda timezone: Bench(tmp_path, timezone)
