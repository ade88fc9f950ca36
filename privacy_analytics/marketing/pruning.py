"""Old runs and the records of old attempts removed; what is newest, published or quoted stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from privacy_analytics.audit import AuditLog
from privacy_analytics.errors import TryLater
from privacy_analytics.marketing.approvals import Approvals
from privacy_analytics.marketing.history import maker
from privacy_analytics.marketing.publish import on_site
from privacy_analytics.marketing.statistics import statistics
from privacy_analytics.report.attempts import Attempt, attempts
from privacy_analytics.report.places import FAILED, MANIFEST, PAGE, numbered
from privacy_analytics.report.run import SCRATCH, clear, locked
from privacy_analytics.settings import Settings
from privacy_analytics.stored import release_store


@dataclass(frozen=True)
class Rule:
    """What is old: beyond the newest ``keep`` of a place, or ended more than ``days`` ago; of both, what is both."""

    keep: int | None = None
    days: int | None = None

    def old(self, ended: Sequence[datetime], now: datetime) -> list[int]:
        """Which of these, the newest last, are old."""
        beyond = len(ended) - (self.keep or 0)
        old = [at <= now - timedelta(days=self.days or 0) or self.days is None for at in ended]
        return [number for number, is_old in enumerate(old) if is_old and number < beyond]


@dataclass
class Pruned:
    """What was, or would be, removed."""

    runs: list[str] = field(default_factory=list[str])
    attempts: list[str] = field(default_factory=list[str])
    busy: list[str] = field(default_factory=list[str])
    """Places that were left alone: a run is at work there."""


def prune(settings: Settings, rule: Rule, *, dry_run: bool = False, now: datetime | None = None) -> Pruned:
    """Remove old runs and records; killed at any moment, a run is there whole or is gone."""
    pruned, now = Pruned(), now or datetime.now(UTC)
    for home in sorted(home for home in settings.path("runs").glob("*/*") if home.is_dir()):
        try:
            with locked(home):
                _prune_place(settings, home, rule, pruned, dry_run=dry_run, now=now)
        except TryLater:
            pruned.busy.append(_name(home))
    if not dry_run and (pruned.runs or pruned.attempts):
        AuditLog(settings).add("prune", runs=len(pruned.runs), attempts=len(pruned.attempts))
    return pruned


def _prune_place(settings: Settings, home: Path, rule: Rule, pruned: Pruned, *, dry_run: bool, now: datetime) -> None:
    tried, runs = attempts(home), numbered(home)
    old = [runs[number] for number in rule.old([_ended(tried, each) for each in runs], now)]
    gone = [each for each in old if each != runs[-1] and not on_site(settings, each) and not _quoted(settings, each)]
    stay = {each.name for each in runs if each not in gone}
    makers = {each.id for folder in runs if folder not in gone and (each := maker(tried, folder))}
    spare = [
        each
        for each in tried
        if each.seen() != "running" and each.id not in makers and not (each.told and each.run in stay)
    ]
    forgotten = [spare[number] for number in rule.old([_at(each.ended or each.began) for each in spare], now)]
    forgotten += [each for each in spare if each.state == "finished" and each.run not in stay and each not in forgotten]
    pruned.runs += [f"{_name(home)}/{each.name}" for each in gone]
    pruned.attempts += [f"{_name(home)}/{each.id}" for each in forgotten]
    if dry_run:
        return
    for folder in gone:
        folder.rename(home / f"{SCRATCH}{folder.name}")
    clear(home)
    for each in forgotten:
        each.remove()
    if not any(each.state == "failed" for each in attempts(home)):
        (home / FAILED).unlink(missing_ok=True)


def _quoted(settings: Settings, run: Path) -> bool:
    """Whether somebody approved a sentence of it that was not recalled."""
    approvals = Approvals(settings.path("approved"))
    standing = {each.id for each in approvals.all()} - approvals.recalls().keys()
    if not standing:
        return False
    said = statistics((run / PAGE).read_text(encoding="utf-8"), release_store(settings))
    return any(each.id in standing for each in said)


def _ended(tried: list[Attempt], run: Path) -> datetime:
    """When a run was made: by its record, else by its manifest's time."""
    made = maker(tried, run)
    return _at(made.ended) if made else datetime.fromtimestamp((run / MANIFEST).stat().st_mtime, UTC)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _name(home: Path) -> str:
    return f"{home.parent.name}/{home.name}"
