"""Releases for everything that draws or checks them: made by hand, and one real one of every kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from privacy_analytics.curator import Curator
from privacy_analytics.dp.questions import (
    Between,
    Bins,
    CountAccounts,
    CountRows,
    Groups,
    Histogram,
    Mean,
    Quantiles,
    Question,
    Retention,
    Sum,
    TopKeys,
)
from privacy_analytics.dp.releases import Z95, Cell, Mechanism, Release, status
from privacy_analytics.dp.store import FolderStore, ReleaseStore
from privacy_analytics.settings import Settings

FLOOR = 20
EVERY_KIND: list[Question] = [
    CountAccounts(
        "events", by=Groups("os", {"desktop": ["macos", "windows"]}), where={"duration_ms": Between(high=500)}
    ),
    CountRows("events", by=("feature", Bins("duration_ms", [100, 500])), per_account=2, per_cell=5),
    Sum("events", "duration_ms", by="os", bounds=(0, 2000)),
    Mean("events", "duration_ms", by="hour"),
    Quantiles("events", "rows", [0.5, 0.9], by="os"),
    Histogram("events", "duration_ms", [100, 500], by="os", of="total"),
    Retention(months=2, cohort_by="active"),
    TopKeys("messages", "content", words=2),
]
RECORDED = {"purpose": "usage", "policy": "1.0", "timezone": "UTC", "epsilon": 2.0, "delta": 1e-7, "trust": "embedded"}


def _release(
    name: str,
    values: float | dict[str, float],
    *,
    by: str = "feature",
    month: str = "2026-10",
    sigma: float = 20.0,
    unit: Any = "accounts",
    table: str = "events",
    where: Sequence[Any] = (),
    cohort: dict[str, str] | None = None,
) -> Release:
    single = not isinstance(values, dict)
    cells = tuple(
        Cell(key, value, value - Z95 * sigma, value + Z95 * sigma, sigma, status(value, sigma, FLOOR))
        for key, value in ([((), values)] if single else [((key,), value) for key, value in values.items()])
    )
    return Release(
        id=f"r-{name}",
        key=f"key of {name}",
        unit=unit,
        table=table,
        by=() if single else (by,),
        month=month,
        snapshot=f"{month}.r0",
        population="all",
        floor=FLOOR,
        cells=cells,
        question={
            "kind": f"count_{unit}",
            "table": table,
            "by": [] if single else [by],
            "where": list(where),
            "cohort": cohort,
        },
        mechanism=Mechanism("discrete Gaussian", sigma, 8, 1, math.sqrt(8)),
        nano_rho=1_250_000,
        recorded=RECORDED,
    )


@pytest.fixture
def release() -> Callable[..., Release]:
    return _release


@pytest.fixture(scope="session")
def world() -> dict[str, Release]:
    """A month with a total, features (one weak, one too small) and days; the month before; a cohort."""
    features = {"chat": 9000.0, "mix_assist": 1240.4, "vocal_tuner": 70.0, "undo_history": 9.0}
    days = {f"2026-10-{day:02}": 500.0 + 10 * day for day in range(1, 32)}
    return {
        "month": _release("month", 12_412.0, sigma=18.0),
        "before": _release("before", 10_000.0, sigma=18.0, month="2026-09"),
        "features": _release("features", features),
        "days": _release("days", days, by="day"),
        "cohort": _release("cohort", {"chat": 900.0, "mix_assist": 1200.0, "vocal_tuner": 300.0, "undo_history": 2.0}),
    }


@pytest.fixture
def store(tmp_path: Path, world: dict[str, Release]) -> ReleaseStore:
    folder = tmp_path / "releases"
    folder.mkdir()
    made = FolderStore(folder)
    for each in world.values():
        made.put(each.id, each.to_json())
    return made


@pytest.fixture
def every_kind(workspace_with: Any, events: Any, session_of: Any) -> tuple[list[Release], ReleaseStore]:
    """A release of every kind of question, through the whole pipeline, and the store that holds them."""
    frame = pl.concat([events(range(4000), month=month, day=day) for month, day in (("2026-09", 3), ("2026-10", 5))])
    timed = frame.with_columns(
        occurred_at=pl.col("day").cast(pl.Datetime("us", "UTC")) + pl.duration(hours=pl.int_range(pl.len()) % 24),
        duration_ms=(pl.int_range(pl.len()) % 700).cast(pl.Float64),
    )
    said = frame.filter(pl.col("day").dt.month() == 10).select("account", "day", content=pl.lit("Make drums louder."))
    settings = workspace_with(timed, messages=said)
    session = session_of(settings, "usage")
    releases = [session.release(question, share=0.3).release for question in EVERY_KIND]
    return releases, FolderStore(settings.path("releases"))


@pytest.fixture
def ask(curator_of: Callable[[Settings], Curator]) -> Callable[..., Any]:
    """Release one question or named blocks, by a new curator each time."""

    def asked(settings: Settings, question: Any = None, *, share: float = 0.2, **request: Any) -> Any:
        about = {"month": "2026-10", "purpose": "exploration", "share": share}
        if question is not None:
            about["question"] = question
        return curator_of(settings).call("release", about | request)

    return asked
