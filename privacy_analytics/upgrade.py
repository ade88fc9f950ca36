"""A workspace of an earlier version brought up to this one's, with all that it holds.

    ledger    indexes, triggers and the number of its layout; its rows stay, and the chain is verified before and after.
              An SQLite file is copied beside first: it holds charges and releases, nothing of a person
    lake      files into spans of accounts, and batches about requests into few. No copy is kept: an erasure would not
              reach it. Each step replaces files in one transaction, with the same rows

``workspace.toml``, releases, runs, snapshots and requests have the format of today. A release is final: every version
reads the bytes of those before. Killed at any moment and done again, it completes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from privacy_analytics.audit import AuditLog
from privacy_analytics.dp.chain import layout_of
from privacy_analytics.dp.chain import upgrade as upgrade_ledger
from privacy_analytics.dp.copies import copy_database
from privacy_analytics.dp.layout import LAYOUT
from privacy_analytics.lake import Lake
from privacy_analytics.lake.tidying import compact, into_spans, outside_spans, small_batches
from privacy_analytics.settings import Settings


@dataclass(frozen=True)
class Upgrade:
    """What is of an earlier version."""

    layout: int
    """Of the ledger; 0 where there is none yet."""
    files: int
    """Of the lake, outside spans."""
    bytes: int
    """Of those files."""
    batches: int
    """About requests, that others take in."""

    @property
    def ledger(self) -> bool:
        return 0 < self.layout < LAYOUT

    @property
    def needed(self) -> bool:
        return self.ledger or self.files > 0 or self.batches > 0


def planned(settings: Settings) -> Upgrade:
    """What ``upgrade`` would do now."""
    lake = Lake(settings.path("lake"))
    files = [file for each in outside_spans(lake).values() for file in each]
    batches = sum(len(group) - 1 for group in small_batches(lake))
    return Upgrade(layout_of(settings.ledger_at), len(files), sum(file.stat().st_size for file in files), batches)


def backup(settings: Settings, layout: int) -> Path | None:
    """Where the ledger is kept as it was; None where it is on a server."""
    file = Path(settings.ledger_at.removeprefix("sqlite:///"))
    return file.with_name(f"{file.name}.layout-{layout}") if settings.ledger_at.startswith("sqlite") else None


def upgrade(settings: Settings) -> Upgrade:
    """Bring everything up. What is to be done is a line of the audit log before it is done.

    Raises
    ------
    LedgerError
        the ledger is broken; nothing was changed
    SettingsError
        the ledger is of a newer version, or of one that no upgrade can change
    TryLater
        questions or an intake are at work for ten minutes
    """
    lake = Lake(settings.path("lake"))
    with lake.alone():
        lake.recover()
        due = planned(settings)
        if due.needed:
            AuditLog(settings).add("upgrade", layout=due.layout, to=LAYOUT, files=due.files, batches=due.batches)
        if due.ledger and (kept := backup(settings, due.layout)):
            copy_database(Path(settings.ledger_at.removeprefix("sqlite:///")), kept)
        if due.layout:
            upgrade_ledger(settings.ledger_at)
        into_spans(lake)
        compact(lake)
    return due
