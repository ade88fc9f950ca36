"""Snapshots: the committed batches that a month's questions are answered from, frozen under a token.

``2026-10.r0`` is October as it stood when somebody first asked, *provisional* where files of it were still expected;
rows that come later wait for a revision, ``2026-10.r1`` and so on. A month that is not over can be looked at as
``2026-10.pXXXXXXXX``, named by its batches, so that asking twice is the same question. A token never changes, also not
on erasure: erased rows are physically gone from every snapshot.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from secrets import token_hex

from privacy_analytics.audit import AuditLog
from privacy_analytics.errors import NotFound, TryLater, UsageError
from privacy_analytics.lake import ALWAYS, Lake, write_private
from privacy_analytics.settings import Settings

_MONTH = r"\d{4}-(?:0[1-9]|1[0-2])"
_NAME = re.compile(rf"({_MONTH})(?:\.r(0|[1-9]\d{{0,3}}))?", re.ASCII)


@dataclass(frozen=True)
class Snapshot:
    """A frozen set of batches of one month."""

    token: str
    month: str
    batches: tuple[str, ...]
    provisional: bool = False
    """Files of the month were still missing when it was frozen."""

    @property
    def revision(self) -> int:
        """0 for the month as it was first read, 1 and on for its revisions."""
        found = _NAME.fullmatch(self.token)
        return int(found[2]) if found else 0


def snapshot(
    settings: Settings,
    month: str,
    *,
    provisional: bool = False,
    waits: bool = False,
    now: datetime | None = None,
) -> Snapshot:
    """The snapshot of a month ("2026-10"), made on first asking; asked again, the same one.

    Parameters
    ----------
    provisional : also a month that is not over yet
    waits : as a scheduled job: until the month is complete, or ``schedule.wait_hours`` after its end

    Raises
    ------
    UsageError
        ``month`` is not written YYYY-MM
    NotFound
        the lake has no rows of that month (its months are named)
    TryLater
        the month is not over in the workspace's time zone and ``provisional`` is not set; or ``waits``, and tables that
        ``schedule.expects`` names have not said yet that they are whole (``pa ingest --through``)
    """
    if not re.fullmatch(_MONTH, month, re.ASCII):
        raise UsageError("A month is written YYYY-MM, for instance 2026-10.")
    now = now or datetime.now(UTC)
    over = now.astimezone(settings.zone).date() >= _next(month)
    if over and (frozen := _file(settings, f"{month}.r0")).exists():
        return _read(frozen)
    lake = Lake(settings.path("lake"))
    lacking = missing(settings, month)  # before the batches: one that comes in between makes no month complete
    if over and waits and lacking and now < (until := _deadline(settings, month)):
        raise TryLater(
            f"{month} is not complete: no intake says yet to have brought all of {', '.join(lacking)}. Take it in: "
            f"pa ingest EXPORT --through {_last(month)}. From {until.astimezone(settings.zone):%Y-%m-%d %H:%M} "
            f"({settings.timezone}) on, the month is read as it is."
        )
    present = months(lake)
    if month not in present:
        shown = ", ".join(present) or "none yet; run `pa ingest EXPORT` first"
        raise NotFound(f"There is no data of {month}. Months present: {shown}.")
    if not over and not provisional:
        raise TryLater(f"{month} is not over in {settings.timezone}. Wait for its end, or ask with --provisional.")
    batches = lake.batches_of(month)
    state = "r0" if over else "p" + hashlib.sha256("\n".join(batches).encode()).hexdigest()[:8]
    return _freeze(settings, Snapshot(f"{month}.{state}", month, batches, not over or bool(lacking)))


def revise(settings: Settings, month: str, *, now: datetime | None = None) -> Snapshot:
    """The newest revision of a month; a new one where rows of it came in since the last.

    What came in while one was made waits for the next.

    Raises
    ------
    UsageError, TryLater
        as ``snapshot``
    NotFound
        the lake has no rows of that month, or none that its first snapshot lacks
    """
    newest = _newest(settings, snapshot(settings, month, now=now))
    lake, lacking = Lake(settings.path("lake")), missing(settings, month)
    batches = lake.batches_of(month)
    late = set(batches).difference(newest.batches)
    if any(held == month and batch in late for table in lake.schemas for held, batch, _ in lake.live(table)):
        return _freeze(settings, Snapshot(f"{month}.r{newest.revision + 1}", month, batches, bool(lacking)))
    if newest.revision:
        return newest
    raise NotFound(f"No row of {month} came in after {newest.token}: there is nothing to revise.")


def named(settings: Settings, name: str, *, now: datetime | None = None) -> Snapshot:
    """The snapshot that a month ("2026-10": as it was first read) or a revision's token ("2026-10.r1") names.

    Raises
    ------
    UsageError, NotFound, TryLater
        as ``snapshot``; there is no such revision
    """
    found = _NAME.fullmatch(name)
    if not found:
        raise UsageError("A month is written YYYY-MM, for instance 2026-10; a revision of it 2026-10.r1.")
    first = snapshot(settings, found[1], now=now)
    if not int(found[2] or 0):
        return first
    file = _file(settings, f"{found[1]}.r{int(found[2])}")
    if not file.exists():
        raise NotFound(f"{found[1]} has no such revision; its newest snapshot is {_newest(settings, first).token}.")
    return _read(file)


def missing(settings: Settings, month: str) -> tuple[str, ...]:
    """Tables that ``schedule.expects`` and no committed batch says to be whole through the month's last day."""
    whole: dict[str, date] = {}
    for file in settings.path("lake", "batches").glob("*.json"):
        said = json.loads(file.read_text())
        if through := said.get("through"):
            day = date.fromisoformat(through)
            whole |= {table: max(day, whole.get(table, day)) for table in said["tables"]}
    return tuple(table for table in settings.operating.schedule.expects if whole.get(table, date.min) < _last(month))


def last_complete_month(settings: Settings, now: datetime | None = None) -> str:
    """The month before this one in the workspace's time zone, with or without data."""
    this = (now or datetime.now(UTC)).astimezone(settings.zone).date().replace(day=1)
    return f"{this - timedelta(days=1):%Y-%m}"


def months(lake: Lake) -> list[str]:
    """Every month that any table of the lake has committed rows of."""
    return sorted({month for table in lake.schemas for month in lake.months(table)} - {ALWAYS})


def _freeze(settings: Settings, made: Snapshot) -> Snapshot:
    file = _file(settings, made.token)
    ours = file.with_name(f"{made.token}.{token_hex(8)}.partial")
    write_private(ours, json.dumps(asdict(made), indent=1))
    try:
        os.link(ours, file)  # refuses to replace: of two who ask at once, both get the first one's
        AuditLog(settings).add("snapshot", token=made.token, batches=len(made.batches))
    except FileExistsError:
        pass
    finally:
        ours.unlink()
    return _read(file)


def _newest(settings: Settings, first: Snapshot) -> Snapshot:
    revisions = map(_read, settings.path("snapshots").glob(f"{first.month}.r*.json"))
    return max(revisions, key=lambda each: each.revision, default=first)


def _file(settings: Settings, token: str) -> Path:
    return settings.path("snapshots", f"{token}.json")


def _read(file: Path) -> Snapshot:
    raw = json.loads(file.read_text())
    return Snapshot(raw["token"], raw["month"], tuple(raw["batches"]), raw.get("provisional", False))


def _deadline(settings: Settings, month: str) -> datetime:
    """Until when a job waits for a month's files; counted in real hours, whatever clocks are put back."""
    end = datetime.combine(_next(month), time(), settings.zone)
    return end.astimezone(UTC) + timedelta(hours=settings.operating.schedule.wait_hours)


def _last(month: str) -> date:
    return _next(month) - timedelta(days=1)


def _next(month: str) -> date:
    year, number = map(int, month.split("-"))
    return (date(year, number, 28) + timedelta(days=4)).replace(day=1)
