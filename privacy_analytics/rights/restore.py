"""A restored backup does not bring an erased account back (policy §8): the suppression list is replayed on it.

Whoever has a tombstone and is in the backup is erased again, by the same steps as the first time, before the
workspace opens.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from privacy_analytics.audit import AuditLog
from privacy_analytics.errors import SettingsError
from privacy_analytics.lake import Lake
from privacy_analytics.rights.choices import holds
from privacy_analytics.rights.erase import Erasure, Person, enter, unfinished
from privacy_analytics.rights.requests import Requests
from privacy_analytics.rights.subjects import everyone
from privacy_analytics.settings import Settings
from privacy_analytics.tombstones import Tombstones

BY = "restore"
"""Who asks for these erasures, where nobody is named."""


@dataclass(frozen=True)
class Replayed:
    """What became of accounts that the backup still had."""

    erased: int
    left: int
    """Under a legal hold, or in an erasure that the backup caught under way and that also rewrites exports."""


def replay(settings: Settings, *, by: str = "", tombstones: Path | None = None) -> Replayed:
    """Erase again whoever is in this workspace and has a tombstone.

    Parameters
    ----------
    by : who restored it
    tombstones : the newest suppression list, kept beside the backups; merged into the one that is here

    Killed at any moment and done again, it completes.

    Raises
    ------
    SettingsError
        that list cannot be read or is of other keys; or some store could not be emptied
    TryLater
        questions or an intake are at work in this workspace
    """
    by = by.strip() or BY
    if tombstones:
        Tombstones(settings).merge(tombstones)
    lake = Lake(settings.path("lake"))
    requests = Requests(settings, lake)
    columns = pl.collect_all([rows.unique() for rows in everyone(lake)])
    there = {account for rows in columns for account in rows["account"].drop_nulls()}
    found = Tombstones(settings).erased_among(there)
    begun = (each for each in unfinished(requests, found) if each.frozen["exports"])
    left = {account for each in begun for account in requests.accounts(each)} & found
    left |= {account for account in found if holds(requests, [account])}
    if again := found - left:
        today = datetime.now(settings.zone).date()
        entered = enter(requests, [Person(tuple(sorted(again)), today)], by=by, exports=False)
        after = Erasure(settings, requests, by=by, today=today).carry_out(entered)
        if stuck := next((each for each in after if each.state != "done"), None):
            raise SettingsError(
                f"{stuck.steps[-1].what} Accounts that were erased before are still in this backup: mend that, then "
                "accept the restore again."
            )
    AuditLog(settings).add("restore", by=by, erased=len(again), left=len(left))
    return Replayed(len(again), len(left))
