"""Releases made by hand, for everything that draws or checks them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from privacy_analytics.dp.releases import Z95, Cell, Mechanism, Release, status
from privacy_analytics.dp.store import ReleaseStore

FLOOR = 20
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
    made = ReleaseStore(folder)
    for each in world.values():
        made.put(each.id, each.to_json())
    return made
