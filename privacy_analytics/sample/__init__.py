"""A synthetic product export: the same bytes for the same seed, with planted identifiers to look for afterwards.

All people, numbers and addresses are invented. The files are in all formats an export may have.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl
import zstandard

from privacy_analytics.errors import UsageError
from privacy_analytics.sample import broken
from privacy_analytics.sample.accounts import rename, spokesmen, write_accounts
from privacy_analytics.sample.askers import askers
from privacy_analytics.sample.canaries import OWN, OWN_COUNT, Canary, Person, canaries, people
from privacy_analytics.sample.conversations import Author, Row, ticket_kinds
from privacy_analytics.sample.crashes import write_crashes
from privacy_analytics.sample.projects import write_projects
from privacy_analytics.sample.telemetry import Calendar, write_events, write_performance

__all__ = ["Sample", "write_sample"]


@dataclass(frozen=True)
class Sample:
    """What was written, and what is known of it."""

    folder: Path
    canaries: Mapping[str, tuple[str, ...]]
    """Planted strings by kind; each stands in a text of a row that is not refused."""
    expected_quarantine: Mapping[str, int]
    """Rows refused by reason, in all files together."""
    active_accounts: Mapping[str, int]
    """Accounts with an event in each month (UTC), opted out or not, under age never: the truth without noise."""
    opted_out_active: Mapping[str, int]
    """How many of them opted out or send a global privacy control signal."""


def write_sample(
    folder: Path,
    *,
    accounts: int = 20_000,
    seed: int = 7,
    months: tuple[str, str] = ("2026-09", "2026-10"),
    conversations: int = 600,
) -> Sample:
    """Write a file of each table: accounts.csv, chats.jsonl.zst, crashes.jsonl.gz, support.jsonl, others in Parquet.

    ``months`` are two months in a row. ``conversations`` are long, and most identifiers are planted in them; beside
    them three accounts in ten ask something short each month. Raises UsageError where the sample would be too small
    to hold its canaries.
    """
    if accounts < 200 or conversations < 60:
        raise UsageError("A sample has at least 200 accounts and 60 conversations. Ask for more.")
    calendar = _calendar(months)
    rng, random, strangers = np.random.default_rng(seed), Random(seed), people()
    owners = list(islice(strangers, len(OWN) * OWN_COUNT))

    table = write_accounts(rng, accounts, calendar.start, calendar.days)
    writers = spokesmen(table, calendar.start)
    table = rename(table, writers[: len(owners)], owners)
    events = write_events(rng, table, calendar)
    performance = write_performance(rng, events, accounts * 2)
    projects = write_projects(rng, events)

    own = [_own(OWN[i % len(OWN)], person) for i, person in enumerate(owners)]
    planted = canaries(random, strangers)
    in_crashes = [canary for i, canary in enumerate(planted) if canary.kind == "home_path" and i % 3]
    told_support = ticket_kinds()
    in_tickets = [canary for i, canary in enumerate(planted) if canary.kind in told_support and i % 3 == 0]
    in_chats = [canary for canary in planted if canary not in in_crashes and canary not in in_tickets]
    author = Author(random, calendar.start, calendar.days)
    rows = table.to_dicts()
    speakers = [rows[at] for at in writers[: max(len(owners) * 2, conversations * 3 // 5)]]
    chats = author.chats(_seats(random, speakers, own, in_chats, conversations))
    short = author.short_chats(askers(rng, random, events))
    tickets = author.tickets(_seats(random, speakers, [], in_tickets, max(accounts // 50, 40)))
    crashes = write_crashes(rng, random, table, events, in_crashes, accounts // 8)

    folder.mkdir(parents=True, exist_ok=True)
    table.with_columns(pl.col("created_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ")).write_csv(folder / "accounts.csv")
    (folder / "chats.jsonl.zst").write_bytes(
        zstandard.compress(_lines([*chats, *short, *broken.broken_chats(chats[0])]), 9)
    )
    pl.concat([events, broken.broken_rows(events, nobody=5, no_time=3)]).write_parquet(folder / "events.parquet")
    projects.write_parquet(folder / "projects.parquet")
    pl.concat([performance, broken.broken_rows(performance, nobody=2)]).write_parquet(folder / "performance.parquet")
    (folder / "crashes.jsonl.gz").write_bytes(
        gzip.compress(_lines([*crashes, *broken.broken_crashes(crashes[0])]), mtime=0)
    )
    support = _lines([*tickets, *broken.broken_tickets(tickets[0])]) + broken.badly_encoded(tickets[0])
    (folder / "support.jsonl").write_bytes(support)

    secrets: dict[str, list[str]] = {}
    for canary in [*own, *planted]:
        secrets.setdefault(canary.kind, []).append(canary.secret)
    secrets["person_own"] += [person.given for person in owners[:: len(OWN)]]  # answers address them by it
    objecting = table.filter(pl.col("opted_out") | pl.col("gpc"))["account_id"]
    return Sample(
        folder,
        canaries={kind: tuple(found) for kind, found in secrets.items()},
        expected_quarantine=broken.EXPECTED,
        active_accounts=_active(events),
        opted_out_active=_active(events.filter(pl.col("account_id").is_in(objecting.implode()))),
    )


def _calendar(months: tuple[str, str]) -> Calendar:
    """Raises UsageError unless the months follow each other."""
    try:
        first, second = (datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC) for month in months)
    except ValueError:
        raise UsageError('Months are written like "2026-09".') from None
    end = _next_month(second)
    if _next_month(first) != second:
        raise UsageError("A sample spans two months in a row.")
    return Calendar(first, ((second - first).days, (end - second).days))


def _next_month(month: datetime) -> datetime:
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)


def _own(kind: str, person: Person) -> Canary:
    text = {"person_own": person.name, "username_own": person.username, "email_own": person.email}[kind]
    return Canary(kind, text, text)


def _seats(
    random: Random, speakers: Sequence[Row], own: Sequence[Canary], others: Sequence[Canary], size: int
) -> list[tuple[Row, list[Canary]]]:
    """Who speaks in each of ``size`` conversations, and what is planted there: owners speak of themselves first."""
    seats = [(speakers[i], [canary]) for i, canary in enumerate(own)]
    seats += [(speakers[int(len(speakers) * random.random() ** 2)], list[Canary]()) for _ in range(size - len(own))]
    for i, canary in enumerate(random.sample(others, len(others))):
        seats[len(own) + i % (size - len(own))][1].append(canary)
    return seats


def _lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _active(events: pl.DataFrame) -> dict[str, int]:
    month = pl.col("occurred_at").dt.strftime("%Y-%m").alias("month")
    counted = events.group_by(month).agg(pl.col("account_id").n_unique()).sort("month")
    return dict(counted.iter_rows())
