"""A consistent copy of a workspace while others work in it, without its key.

What names something is copied before what it names: pages, runs, releases, then the ledger; snapshots, then the lake,
of which batches come before logs and logs before files. So a copy's ledger is never older than its releases, and every
row that its batches name is there. Erasures and rotations wait until the copy is made; questions and intakes do not.

The key is left out: it and the lake in one place are what an attacker wants. Beside the copies lies the newest list of
who was erased, with its own key, which says nothing without the other; and an anchor of each.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from deltalake import DeltaTable

from privacy_analytics import anchor
from privacy_analytics.audit import AuditLog
from privacy_analytics.dp.chain import answered
from privacy_analytics.dp.copies import copy_database
from privacy_analytics.errors import LedgerError, SettingsError, UsageError
from privacy_analytics.lake import Lake
from privacy_analytics.private import on_disk, private_files
from privacy_analytics.settings import FILE, Settings
from privacy_analytics.workspace import FOLDERS

_NAMING = ("published", "approved", "runs", "requests", "releases", "snapshots")
"""In this order, each before what it names."""
_APART = ("key", "tombstone_key", "smtp_password", "lab")
"""Of ``private``: secrets, to be kept elsewhere, and what JupyterLab remembers."""
_OTHERWISE = ("batches", "staging")
"""Of ``lake``: copied first, and what an intake at work has not landed."""
SUPPRESSION = ("tombstones.json", "tombstone_key")


@dataclass(frozen=True)
class Backup:
    """A copy that was made."""

    folder: Path
    files: int
    bytes: int
    ledger: bool
    """Whether the ledger is in it; one on a server is not."""


def backup(settings: Settings, to: Path, now: datetime | None = None) -> Backup:
    """Copy a workspace into a new folder of ``to``, named after the moment; whole or not at all.

    Raises
    ------
    UsageError
        ``to`` lies in the workspace
    TryLater
        rows are being rewritten
    LedgerError, SettingsError
        the copy is not whole, so it was removed
    """
    if to.resolve().is_relative_to(settings.root.resolve()):
        raise UsageError("A backup lies outside the workspace, best on another disk. Name a folder there.")
    lake = Lake(settings.path("lake"))
    with private_files(), lake.reading(), _only_one(to):
        for left in to.glob("*.partial"):
            shutil.rmtree(left, ignore_errors=True)
        made = to / f"{now or datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
        partial = to / f"{made.name}.partial"
        _copy(settings, partial)
        _check(settings, partial)
        told = anchor.take(settings, ledger=_url(settings, partial), log=AuditLog(replace(settings, root=partial)))
        on_disk(*partial.rglob("*"), partial)
        partial.rename(made)
        with (to / "anchors.txt").open("a", encoding="utf-8") as anchors:
            anchors.write(f"{told}\n")
        for name in SUPPRESSION:
            if (file := settings.path("private", name)).exists():
                shutil.copy2(file, to / f"{name}.partial")
                (to / f"{name}.partial").replace(to / name)
    AuditLog(settings).add("backup", copy=made.name)
    copied = [file for file in made.rglob("*") if file.is_file()]
    return Backup(made, len(copied), sum(file.stat().st_size for file in copied), _file(settings) is not None)


@contextmanager
def _only_one(to: Path) -> Generator[None]:
    """Another copy into the same folder waits."""
    to.mkdir(parents=True, exist_ok=True)
    with (to / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _copy(settings: Settings, to: Path) -> None:
    root = settings.root
    for name in FOLDERS:
        (to / name).mkdir(parents=True)
    others = sorted({*FOLDERS, "policy", "notebooks"} - {*_NAMING, "private", "logs", "lake"})
    for name in (FILE, *others, *_NAMING):
        _tree(root / name, to / name)
    if file := _file(settings):
        copy_database(file, to / file.relative_to(root))
    _tree(root / "logs", to / "logs")
    tables = [
        folder for folder in sorted((root / "lake").iterdir()) if folder.is_dir() and folder.name not in _OTHERWISE
    ]
    _tree(root / "lake" / "batches", to / "lake" / "batches")
    for table in tables:
        _tree(table / "_delta_log", to / "lake" / table.name / "_delta_log")
    for each in (*tables, root / "lake" / "generation"):
        _tree(each, to / "lake" / each.name)
    tls = settings.operating.tls and settings.path(settings.operating.tls.private_key)
    for each in sorted((root / "private").iterdir()):
        if each.name not in _APART and each != tls:
            _tree(each, to / "private" / each.name)


def _tree(source: Path, to: Path) -> None:
    """Copy what is there and not yet copied; what vanishes meanwhile, or was never finished, is no part of it."""
    for file in [source] if source.is_file() else _files(source):
        target = to / file.relative_to(source)
        if file.suffix in (".partial", ".tmp") or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(file, target)
        except FileNotFoundError:
            target.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    for where, _, names in os.walk(folder):
        yield from (Path(where, name) for name in sorted(names))


def _file(settings: Settings) -> Path | None:
    """The ledger's file, where it lies in the workspace."""
    file = Path(settings.ledger_at.removeprefix("sqlite:///"))
    return file if file.is_relative_to(settings.root) and file.exists() else None


def _url(settings: Settings, made: Path) -> str:
    """Of the ledger in a copy; empty where it is none of the workspace's files."""
    file = _file(settings)
    return f"sqlite:///{made / file.relative_to(settings.root)}" if file else ""


def _check(settings: Settings, made: Path) -> None:
    """A copy knows all its releases, and has every file that its tables name."""
    if url := _url(settings, made):
        known = {f"r-{key[:12]}" for key in answered(url)}
        if any(release.stem not in known for release in made.glob("releases/r-*.json")):
            raise LedgerError(
                "The ledger is older than its releases, so a copy of it would be, too. See: pa doctor. The copy was "
                "not finished."
            )
    for log in made.glob("lake/*/_delta_log"):
        if not all(Path(uri).exists() for uri in DeltaTable(str(log.parent)).file_uris()):
            raise SettingsError("The lake lacks files that its log names. See: pa doctor. The copy was not finished.")
