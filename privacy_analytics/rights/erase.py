"""Erase accounts (policy §8): every row, file, log line and old version that tells of them, physically.

Any number of requests is carried out in one pass over the stores. Each step can be killed and done again; whom a
request is about goes last, so that a retry always knows. What stays, and why, is in the receipt.

::

    enter     request, subjects                 the lake's writer
    pass      tombstones                        alone, from here on: no question runs
              quarantine, bundles, files        known by texts that the lake still holds
              rows of every table, exports
              verified by the witness           else partial: a retry goes on
              receipt, subjects, audit log, done
    replace   reports that were withdrawn       no lock: they ask questions
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from privacy_analytics.errors import UsageError
from privacy_analytics.ingest.export import find
from privacy_analytics.ingest.maps import ColumnMap
from privacy_analytics.lake import Lake, private_files, rewrite, write_private
from privacy_analytics.rights.choices import holds
from privacy_analytics.rights.exports import rewrite_exports
from privacy_analytics.rights.letters import draft
from privacy_analytics.rights.needles import Needles, gather, scan
from privacy_analytics.rights.receipts import RECEIPT, Done, digest, receipt
from privacy_analytics.rights.requests import RECORD, Request, Requests
from privacy_analytics.rights.sweep import Sweep
from privacy_analytics.rights.withdrawal import Withdrawals
from privacy_analytics.settings import Settings
from privacy_analytics.tombstones import Tombstones

ABOUT = "subjects"
"""The table that says whom a request is about: it goes last."""


@dataclass(frozen=True)
class Person:
    """Somebody to erase."""

    accounts: tuple[str, ...]
    received: date


@dataclass(frozen=True)
class Exports:
    """A product's export that is to be rewritten, too."""

    folder: Path
    column_map: ColumnMap


def census(lake: Lake, accounts: Iterable[str]) -> dict[str, Counter[str]]:
    """How many rows each table of the lake, and the quarantine, has of each account; read in one pass."""
    found: dict[str, Counter[str]] = {account: Counter() for account in accounts}
    theirs = pl.col("account").is_in(list(found))
    files = {name: [file for _, _, file in lake.live(name)] for name in lake.schemas if name != ABOUT}
    rows = {name: scan(there, lake.schemas[name]).filter(theirs) for name, there in files.items() if there}
    rows["quarantine"] = pl.concat([pl.LazyFrame(schema={"account": pl.String}), *_quarantined(lake)]).filter(theirs)
    counted = pl.collect_all([each.group_by("account").len() for each in rows.values()])
    for name, counts in zip(rows, counted, strict=True):
        for account, number in counts.iter_rows():
            found[account][name] += number
    return found


def enter(requests: Requests, people: Sequence[Person], *, by: str, exports: bool) -> list[Request]:
    """A request for each person, durably, with what is to be done frozen; one that is unfinished is taken up again.

    Raises TryLater while an intake is at work.
    """
    entered: dict[str, Request] = {}
    with requests.lake.locked():
        rows = census(requests.lake, {account for person in people for account in person.accounts})
        for person in people:
            begun = unfinished(requests, person.accounts)
            covers = (each for each in begun if set(person.accounts) <= set(requests.accounts(each)))
            if (request := next(covers, None)) is None:
                stores = sum((rows[account] for account in person.accounts), Counter[str]())
                frozen = {"stores": dict(sorted(stores.items())), "exports": exports}
                request = requests.create("erase", person.accounts, by=by, received=person.received, frozen=frozen)
            entered[request.id] = request
    return list(entered.values())


def unfinished(requests: Requests, accounts: Iterable[str]) -> list[Request]:
    """The erasures of some of these accounts that are not done, oldest first."""
    ids = set(requests.about(accounts))
    return [each for each in requests.all() if each.id in ids and each.kind == "erase" and each.state != "done"]


def leave(lake: Lake, exports: Exports | None = None) -> set[Path]:
    """Files whose rows are looked at by account: live ones of the lake's tables, and those of an export."""
    live = {file for table in lake.schemas for _, _, file in lake.live(table)}
    return live | ({each.path.resolve() for each in find(exports.folder, exports.column_map)[0]} if exports else set())


class Erasure:
    """Carries out requests; ``names`` are what was typed in, kept in memory alone."""

    def __init__(
        self,
        settings: Settings,
        requests: Requests,
        *,
        by: str,
        today: date,
        names: Iterable[str] = (),
        exports: Exports | None = None,
    ) -> None:
        self.settings, self.requests, self.lake = settings, requests, requests.lake
        self.by, self.today, self.names, self.exports = by, today, tuple(names), exports

    def carry_out(self, entered: Sequence[Request]) -> list[Request]:
        """Erase what requests are about, and return these as they are then: done, partial or deferred.

        Raises
        ------
        UsageError
            one of them also rewrites exports, and nobody says where they are
        TryLater
            questions or an intake were at work for ten minutes
        """
        with self.lake.alone():
            self.lake.recover()
            about = {each.id: self.requests.accounts(each) for each in entered}
            accounts = {account for each in about.values() for account in each}
            for each in unfinished(self.requests, accounts):  # later nobody could say whose they are
                about.setdefault(each.id, self.requests.accounts(each))
            begun = [each for each in map(self.requests.get, sorted(about)) if each.state != "done"]
            free = [each for each in begun if not self._held(each, about[each.id])]
            if self.exports is None and any(each.frozen["exports"] for each in free):
                raise UsageError("This erasure also rewrites the product's exports. Name their folder with --exports.")
            for each in free:
                if not about[each.id]:
                    self._finish(each)  # it was cut short behind the last row
            self._pass([each for each in free if about[each.id]], about)
        return [self.requests.get(each.id) for each in entered]

    def _held(self, request: Request, accounts: Sequence[str]) -> bool:
        """Defer a request while a legal hold forbids it; its accounts leave analytics at once."""
        if not (found := holds(self.requests, accounts)):
            return False
        if fresh := set(accounts) - set(self.lake.marked("hold").collect()["account"]):
            self.lake.mark(fresh, "hold", is_set=True, at=datetime.now(UTC))
        letter = draft(request, "deferred", self.settings, self.today)
        write_private(self.requests.path(request, "letter-deferred.md"), letter)
        if request.state != "deferred":
            what = f"deferred: hold {', '.join(found)}; letter drafted; analytics excluded from now"
            self.requests.step(request, "deferred", what)
        return True

    def _pass(self, requests: Sequence[Request], about: dict[str, tuple[str, ...]]) -> None:
        everyone = sorted({account for each in requests for account in about[each.id]})
        if not everyone:
            return
        done = Done(len(requests))
        with done.store("lake"):
            needles = gather(self.settings, self.lake, everyone, self.names)
        if done.failed:
            self._partial(requests, done)
            return
        stones = Tombstones(self.settings)
        for each in requests:
            stones.add(about[each.id], request=each.id, on=self.today)
            self._working(each, "tombstones stand: no later export brings it back")
        self._files(needles, done)
        self._rows(everyone, done)
        for each in requests:
            self._working(each, done.lake)
        if self.exports:
            with done.store("exports"):
                done.exports = rewrite_exports(self.exports.folder, self.exports.column_map, self.settings, everyone)
        self._verify(needles, done)
        if done.failed:
            self._partial(requests, done)
            return
        self._sweep(needles).forget()
        for each in map(self.requests.get, [each.id for each in requests]):
            write_private(self.requests.path(each, RECEIPT), receipt(self.settings, each, done, on=self.today))
        for other in map(self.requests.get, self._entered(everyone)):
            if other.kind != "erase" and other.state != "done" and set(self.requests.accounts(other)) <= set(everyone):
                self.requests.step(other, "done", "the account is erased", answered=self.today)
        rewrite(self.lake, ABOUT, pl.col("account").is_in(everyone))
        for each in requests:
            self._finish(self.requests.get(each.id))

    def _working(self, request: Request, what: str) -> None:
        self.requests.step(self.requests.get(request.id), "working", what)

    def _partial(self, requests: Iterable[Request], done: Done) -> None:
        for each in requests:
            self.requests.step(self.requests.get(each.id), "partial", " ".join(done.failed))

    def _entered(self, accounts: Iterable[str]) -> list[str]:
        """Requests of any kind about accounts; a crash may have left a subject without its record."""
        there = {each.id for each in self.requests.all()}
        return [each for each in self.requests.about(accounts) if each in there]

    def _files(self, needles: Needles, done: Done) -> None:
        with done.store("quarantine"):
            _release(self.lake, needles.pseudonyms)
        with done.store("requests"):
            for each in self._entered(needles.pseudonyms):
                for file in (self.requests.folder / each).iterdir():
                    if file.name not in (RECORD, RECEIPT):
                        shutil.rmtree(file) if file.is_dir() else file.unlink()
                        done.changed["requests"] += 1
        with done.store("files"):
            done.changed += self._sweep(needles).clean()
        with done.store("published"):
            Withdrawals(self.settings).rebuild(self.today)

    def _rows(self, accounts: Sequence[str], done: Done) -> None:
        theirs = pl.col("account").is_in(accounts)
        for table in sorted(set(self.lake.schemas) - {ABOUT}, key=lambda name: (name == "identities", name)):
            with done.store(table):  # identities last: until then the same input finds them
                done.rewritten.append(rewrite(self.lake, table, theirs))

    def _verify(self, needles: Needles, done: Done) -> None:
        """Live files of the lake by their column ``account``, everything else by the witness."""
        with done.store("verification"):
            left = sum(census(self.lake, needles.pseudonyms).values(), Counter[str]())
            done.failed += [f"{table} still holds {rows} row(s)." for table, rows in left.items()]
            done.failed += self._sweep(needles).left()
        elsewhere = [each for each in self.settings.root.iterdir() if each.name != "lake"]
        done.stores = len(self.lake.schemas) + len(elsewhere) + 1

    def _sweep(self, needles: Needles) -> Sweep:
        return Sweep(self.settings, needles.all, leave(self.lake, self.exports))

    def _finish(self, request: Request) -> None:
        file = self.requests.path(request, RECEIPT)
        if not file.exists():
            self.requests.step(
                request, "partial", "It is not known any more whom this is about. Name the person again."
            )
            return
        told = digest(file)
        self.requests.log.add("erase", request=request.id, by=self.by, accounts=request.accounts, receipt=told)
        write_private(self.requests.path(request, "letter-done.md"), draft(request, "done", self.settings, self.today))
        self.requests.step(request, "done", f"erased; receipt {told}", answered=self.today)


def _quarantined(lake: Lake) -> list[pl.LazyFrame]:
    """Whose the rows of the quarantine are; files of earlier versions do not say."""
    files = [pl.scan_parquet(file, hive_partitioning=False) for file in lake.root.glob("quarantine/*.parquet")]
    return [rows.select("account") for rows in files if "account" in rows.collect_schema()]


def _release(lake: Lake, accounts: Iterable[str]) -> None:
    """Take the rows of accounts out of the quarantine."""
    theirs = pl.col("account").is_in(list(accounts)).fill_null(value=False)
    for file in lake.root.glob("quarantine/*.parquet"):
        rows = pl.read_parquet(file, hive_partitioning=False)
        if "account" in rows.columns and rows.select(theirs.any()).item():
            partial = file.with_suffix(".partial")
            with private_files():
                rows.filter(~theirs).write_parquet(partial, compression="zstd", statistics=False)
            partial.replace(file)
