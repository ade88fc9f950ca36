"""Who a request is about: what the officer types in -> pseudonyms of the lake. Nothing typed in is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

import polars as pl

from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.lake import ALWAYS, Lake
from privacy_analytics.scrub.identities import IdentityHasher
from privacy_analytics.settings import Settings
from privacy_analytics.tombstones import Tombstones

FORM = (
    "Write one person a line to standard input, or into a file for --request-file: an account id, an e-mail or user "
    'name, or {"account_id": …, "email": …, "received": "2026-11-23"}.'
)
_NAMES = ("account_id", "email", "username")


@dataclass(frozen=True)
class Asked:
    """One person as somebody asked about them; kept in memory alone."""

    names: Mapping[str, str]
    """By ``account_id``, ``email`` or ``username``; ``any`` where nobody said which it is."""
    received: date | None = None
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What is to be corrected: see ``rights.correction``."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Every name that was typed in."""
        return tuple(self.names.values())


def parse(text: str) -> list[Asked]:
    """The people of a request file, one a line. Raises UsageError, naming the line, for what is none."""
    found: list[Asked] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            found.append(_parsed(line.strip(), number))
    if not found:
        raise UsageError(f"Nobody was named. {FORM}")
    return found


def find(settings: Settings, lake: Lake, people: Sequence[Asked]) -> list[tuple[str, ...]]:
    """The accounts that each of some people has, as pseudonyms; the stores are read once for all.

    Raises NotFound where no store knows one of them, saying in how many it looked, and whether it was erased before.
    """
    hasher = IdentityHasher(*settings.secret_keys())
    ids = [[value for name, value in each.names.items() if name in ("account_id", "any")] for each in people]
    hashes = [
        {hasher.identifier_hash(value) for name, value in each.names.items() if name != "account_id"} for each in people
    ]
    by_hash = _by_hash(lake, set().union(*hashes))
    present = _present(lake, {hasher.pseudonym(value) for each in ids for value in each})
    found: list[tuple[str, ...]] = []
    for theirs, names in zip(ids, hashes, strict=True):
        accounts = {each for name in names for each in by_hash.get(name, ())}
        accounts |= present & {hasher.pseudonym(value) for value in theirs}
        if not accounts:
            raise _nobody(settings, lake, [hasher.generations(value) for value in theirs])
        found.append(tuple(sorted(accounts)))
    return found


def stores(lake: Lake) -> tuple[str, ...]:
    """Where an account is looked for: every table of the lake, and the quarantine."""
    return (*lake.schemas, "quarantine")


def everyone(lake: Lake) -> list[pl.LazyFrame]:
    """The accounts (one column) of each of the lake's tables, rows not committed too, and of the quarantine."""
    files = [[file for _, _, file in lake.live(table)] for table in lake.schemas]
    files.append([file for file in lake.root.glob("quarantine/*.parquet") if "account" in pl.read_parquet_schema(file)])
    account = pl.Schema({"account": pl.String()})
    read: dict[str, Any] = {"schema": account, "extra_columns": "ignore", "hive_partitioning": False}
    return [pl.LazyFrame(schema=account), *(pl.scan_parquet(some, **read) for some in files if some)]


def _by_hash(lake: Lake, hashes: set[str]) -> dict[str, list[str]]:
    """The accounts of lookup hashes of e-mails and user names."""
    named = lake.scan("identities", ALWAYS, lake.batches()).filter(pl.col("type").is_null())
    rows = named.filter(pl.col("hash").is_in(list(hashes))).group_by("hash").agg(pl.col("account").unique()).collect()
    return dict(rows.select("hash", "account").iter_rows())


def _present(lake: Lake, pseudonyms: set[str]) -> set[str]:
    """Those of the pseudonyms that any table, or the quarantine, has a row of."""
    wanted = pl.col("account").is_in(list(pseudonyms))
    found = pl.collect_all([rows.filter(wanted).unique() for rows in everyone(lake)])
    return {account for rows in found for account in rows["account"]}


def _nobody(settings: Settings, lake: Lake, generations: list[tuple[str, ...]]) -> NotFound:
    looked = f"No such account (looked in {len(stores(lake))} stores)"
    stones = Tombstones(settings)
    if any(stones.hold(each) for each in generations):
        return NotFound(f"{looked}: it was erased before and stays so.")
    return NotFound(f"{looked}. Ask for its id, or another e-mail.")


def _parsed(line: str, number: int) -> Asked:
    if not line.startswith("{"):
        return Asked({"email" if "@" in line else "any": line})
    wrong = UsageError(f"Line {number} of the request cannot be read. {FORM}")
    try:
        raw: Any = json.loads(line)
        names = {name: raw[name] for name in _NAMES if name in raw}
        received = date.fromisoformat(raw["received"]) if "received" in raw else None
        changes = cast("Mapping[str, Any]", raw.get("changes", {}))
    except (ValueError, TypeError, KeyError):
        raise wrong from None
    if not names or not all(isinstance(value, str) and value for value in names.values()):
        raise wrong
    if set(raw) - {*_NAMES, "received", "changes"} or not isinstance(changes, dict):
        raise wrong
    return Asked(names, received, changes)
