"""Who approved a statistic, until when it may be quoted, and whether it was recalled: one file each, never edited.

``approved/s-….json`` is an approval, ``approved/s-….recalled.json`` a recall; both 0600, written whole or not at all.
"""

from __future__ import annotations

import json
import os
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from privacy_analytics.errors import NotFound, PolicyError, UsageError
from privacy_analytics.marketing.statistics import ID, Statistic
from privacy_analytics.marketing.terms import LONGEST, REASONS
from privacy_analytics.signing import named

FORMAT = 1


@dataclass(frozen=True)
class Approval:
    """That a statistic may be quoted."""

    id: str
    spec: Mapping[str, Any]
    report: str
    """The run that it was read from, as MONTH/REPORT."""
    by: str
    on: date
    until: date
    """The last day on which it may be quoted."""


@dataclass(frozen=True)
class Recall:
    """That it may not any more."""

    id: str
    by: str
    on: date
    reason: str
    """One of ``REASONS``."""


@dataclass(frozen=True)
class Approvals:
    """The folder ``approved`` of a workspace."""

    folder: Path

    def approval(
        self,
        statistic: Statistic,
        *,
        report: str,
        by: str,
        on: date,
        until: date | None,
        floor: int,
        population: str,
    ) -> Approval:
        """An approval that may be saved; ``floor`` and ``population`` are what marketing's numbers need to have.

        Raises
        ------
        PolicyError
            it counts accounts that opted out, or shows numbers that are too small for marketing (policy §4, §10)
        UsageError
            its numbers do not support it; it was approved before; nobody's name, or no day on which it could end
        """
        latest = months_after(on, LONGEST)
        until = until or months_after(on, LONGEST // 2)
        if not on < until <= latest:
            raise UsageError(
                f"An approval ends on a later day, at most {LONGEST} months from today: {latest} or before."
            )
        _ = statistic.sentence
        if problem := unfit(statistic, floor=floor, population=population):
            raise PolicyError(problem)
        if self._file(statistic.id).exists():
            raise UsageError("This statistic was approved before; an approval is never edited. See: pa stats list")
        return Approval(statistic.id, statistic.spec, report, named(by), on, until)

    def save(self, approval: Approval) -> None:
        """Raises UsageError where there is one already."""
        self._write(self._file(approval.id), asdict(approval))

    def recall(self, statistic_id: str, *, by: str, reason: str, on: date) -> Recall:
        """Withdraw an approved statistic for good. Raises NotFound, and UsageError for a reason that is none."""
        if reason not in REASONS:
            raise UsageError(f"A recall has a reason: {', '.join(REASONS)}.")
        if statistic_id not in {each.id for each in self.all()}:
            raise NotFound("No statistic of this id was approved. See: pa stats list")
        recall = Recall(statistic_id, named(by), on, reason)
        self._write(self._file(statistic_id, ".recalled"), asdict(recall))
        return recall

    def all(self) -> list[Approval]:
        """Every approval there ever was, by id."""
        files = [file for file in sorted(self.folder.glob("s-*.json")) if ID.fullmatch(file.stem)]
        return [Approval(**_read(file)) for file in files]

    def recalls(self) -> dict[str, Recall]:
        """Every recall, by the statistic's id."""
        found = [Recall(**_read(file)) for file in sorted(self.folder.glob("s-*.recalled.json"))]
        return {each.id: each for each in found}

    def current(self, today: date) -> list[Approval]:
        """What may be quoted today."""
        recalled = self.recalls()
        return [each for each in self.all() if each.id not in recalled and today <= each.until]

    def _file(self, statistic_id: str, what: str = "") -> Path:
        if not ID.fullmatch(statistic_id):
            raise UsageError("A statistic is named like s-0123456789. See: pa stats list")
        return self.folder / f"{statistic_id}{what}.json"

    def _write(self, file: Path, fields: dict[str, Any]) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        partial = file.with_name(f".{file.name}.{os.getpid()}")
        content = json.dumps({"format": FORMAT, **fields}, sort_keys=True, ensure_ascii=False, indent=1, default=str)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(content + "\n")
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(partial, file)  # which, unlike a rename, replaces nothing
        except FileExistsError:
            raise UsageError("That was written down before, and is never edited. See: pa stats list") from None
        finally:
            partial.unlink()


def unfit(statistic: Statistic, *, floor: int, population: str) -> str:
    """Why marketing may not have a statistic; empty where it may."""
    if any(release.population != population for release in statistic.releases):
        return (
            "Accounts that opted out are counted in it, so marketing may not have it (policy §4, §10). "
            "Ask in a report of purpose marketing, such as a case study."
        )
    if any(release.floor < floor for release in statistic.releases):
        return f"It may show numbers below {floor}, which marketing may not. Ask in a report of purpose marketing."
    return ""


def months_after(day: date, months: int) -> date:
    """The same day so many months later; the last of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _read(file: Path) -> dict[str, Any]:
    raw = json.loads(file.read_text(encoding="utf-8"))
    if raw.pop("format", None) != FORMAT:
        raise UsageError("An approval here has another format. Read it with the version that wrote it.")
    return raw | {day: date.fromisoformat(raw[day]) for day in ("on", "until") if day in raw}
