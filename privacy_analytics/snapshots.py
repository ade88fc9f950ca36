"""Snapshots: the committed batches that a month's questions are answered from, frozen under a token.

``2026-10.r0`` is October as it stood when somebody first asked; late rows wait for a revision. A month that is not
over can be looked at as ``2026-10.pXXXXXXXX``, named by its batches, so that asking twice is the same question.
The token never changes on erasure: erased rows are physically gone from every snapshot.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from secrets import token_hex

from privacy_analytics.errors import NotFound, TryLater, UsageError
from privacy_analytics.lake import ALWAYS, Lake, write_private
from privacy_analytics.settings import Settings


@dataclass(frozen=True)
class Snapshot:
    """A frozen set of batches of one month."""

    token: str
    month: str
    batches: tuple[str, ...]


def snapshot(
    settings: Settings,
    month: str,
    *,
    provisional: bool = False,
    now: datetime | None = None,
) -> Snapshot:
    """The snapshot of a month ("2026-10"), made on first asking; asked again, the same one.

    Raises
    ------
    UsageError
        ``month`` is not written YYYY-MM
    NotFound
        the lake has no rows of that month (its months are named)
    TryLater
        the month is not over in the workspace's time zone and ``provisional`` is not set
    """
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise UsageError("A month is written YYYY-MM, for instance 2026-10.")
    over = (now or datetime.now(UTC)).astimezone(settings.zone).date() >= _next(month)
    frozen = settings.path("snapshots", f"{month}.r0.json")
    if over and frozen.exists():
        return _read(frozen)
    lake = Lake(settings.path("lake"))
    present = months(lake)
    if month not in present:
        shown = ", ".join(present) or "none yet; run `pa ingest EXPORT` first"
        raise NotFound(f"There is no data of {month}. Months present: {shown}.")
    if not over and not provisional:
        raise TryLater(f"{month} is not over in {settings.timezone}. Wait for its end, or ask with --provisional.")
    batches = lake.batches_of(month)
    state = "r0" if over else "p" + hashlib.sha256("\n".join(batches).encode()).hexdigest()[:8]
    return _freeze(settings, Snapshot(f"{month}.{state}", month, batches))


def last_complete_month(settings: Settings, now: datetime | None = None) -> str:
    """The month before this one in the workspace's time zone, with or without data."""
    this = (now or datetime.now(UTC)).astimezone(settings.zone).date().replace(day=1)
    return f"{this - timedelta(days=1):%Y-%m}"


def months(lake: Lake) -> list[str]:
    """Every month that any table of the lake has committed rows of."""
    return sorted({month for table in lake.schemas for month in lake.months(table)} - {ALWAYS})


def _freeze(settings: Settings, made: Snapshot) -> Snapshot:
    file = settings.path("snapshots", f"{made.token}.json")
    ours = file.with_name(f"{made.token}.{token_hex(8)}.partial")
    write_private(ours, json.dumps(asdict(made), indent=1))
    try:
        os.link(ours, file)  # refuses to replace: of two who ask at once, both get the first one's
    except FileExistsError:
        pass
    finally:
        ours.unlink()
    return _read(file)


def _read(file: Path) -> Snapshot:
    raw = json.loads(file.read_text())
    return Snapshot(raw["token"], raw["month"], tuple(raw["batches"]))


def _next(month: str) -> date:
    year, number = map(int, month.split("-"))
    return (date(year, number, 28) + timedelta(days=4)).replace(day=1)
