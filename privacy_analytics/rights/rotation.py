"""A new key for the workspace: all that older keys made is hashed once more, under the new one (policy §7).

Pseudonyms, hashes of identifiers and the numbers that link rows nest in every table and in the quarantine; tombstones
nest in a new key of their own. Nothing that the older keys alone can compute is left, and the key file keeps them, so
that the same export is known again. Which cells stay of an account that has too many for a question is drawn anew.
Ledger, releases, runs and requests know no pseudonym. A commitment of the audit log is to the pseudonym of its day.

Steps: the keys' files, then a new lake beside the old one, the swap, the audit log, and the old lake goes. Until then
no other command opens the workspace; the same command again completes it. The same step lifts a lake that was restored
from before a rotation, and leaves out who was erased since, by the tombstones of each generation.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from privacy_analytics.audit import AuditLog
from privacy_analytics.errors import SettingsError
from privacy_analytics.lake import Lake
from privacy_analytics.lake.copying import copy, swap
from privacy_analytics.lake.files import alone
from privacy_analytics.lake.rewriting import Change
from privacy_analytics.scrub.identities import IdentityHasher
from privacy_analytics.scrub.nesting import nested
from privacy_analytics.settings import Settings
from privacy_analytics.tombstones import Tombstones
from privacy_analytics.workspace import NEXT_LAKE, OLD_LAKE, add_key, generation, half_rotated


@dataclass(frozen=True)
class Rotation:
    """What a rotation does."""

    keys: int
    """How many keys there are after it."""
    bytes: int
    """Size of the lake, which is written anew before the old one goes: as much must be free."""
    tombstones: int
    completes: bool
    """Whether an earlier one was interrupted, so that no key is added."""


def planned(settings: Settings) -> Rotation:
    """What a rotation would do now."""
    completes = half_rotated(settings)
    keys = len(settings.secret_keys()) + (not completes)
    return Rotation(keys, _size(settings.path("lake")), len(Tombstones(settings).all()), completes)


def rotate(settings: Settings, *, by: str) -> Rotation:
    """Add a key and lift everything to it, or complete what an interrupted rotation began.

    Raises
    ------
    SettingsError
        there is not room for a second lake, or the lake is a link or a mount that cannot be swapped
    TryLater
        questions or an intake are at work for ten minutes
    """
    lake, there, old = (settings.path(name) for name in ("lake", NEXT_LAKE, OLD_LAKE))
    with alone(lake):
        made = planned(settings)
        if not made.completes:
            _check_place(lake, made.bytes)
            Tombstones(settings).rotate()
            add_key(settings.path("private", "key"))
        keys = settings.secret_keys()
        if generation(there) < len(keys) and generation(lake) < len(keys):
            change = _lifting(Tombstones(settings), keys, generation(lake))
            copy(Lake(lake), there, change, generation=len(keys))
        swap(lake, there, old)
        AuditLog(settings).add("rotate", by=by, keys=len(keys), completed=made.completes)
        if old.exists():
            shutil.rmtree(old)
    return made


def _lifting(stones: Tombstones, keys: Sequence[bytes], since: int) -> Change:
    """Rows of a lake that nests ``since`` keys -> rows that nest all, without accounts that were erased since."""
    newer = keys[since:]
    hasher = IdentityHasher(*newer)

    @cache
    def erased(pseudonym: str) -> bool:
        return stones.hold((pseudonym, *hasher.generations(pseudonym)), first=since)

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        if "account" not in rows.columns:
            return rows
        gone = [account for account in rows["account"].drop_nulls().unique() if erased(account)]
        return nested(rows.filter(~pl.col("account").is_in(gone).fill_null(value=False)), newer)

    return change


def _check_place(lake: Path, size: int) -> None:
    if lake.is_symlink() or os.path.ismount(lake):
        raise SettingsError(
            "lake is a link or a mount, so no new one can take its place. Put the folder itself into the workspace."
        )
    if (free := shutil.disk_usage(lake).free) < size:
        raise SettingsError(
            f"The lake is written anew before the old one goes: {size >> 20} MB must be free, and {free >> 20} MB are."
        )


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
