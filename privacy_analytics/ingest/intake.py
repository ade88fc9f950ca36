"""One intake: an export through its contracts and the scrubber into the lake, all of it or none.

What an account's rows become depends on that account's rows, the workspace and public lists alone (locality): adding
an account to an export leaves every other account's stored rows byte-identical.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from privacy_analytics.contracts import tables
from privacy_analytics.ingest import export, sessions
from privacy_analytics.ingest.check import Checked, check
from privacy_analytics.ingest.export import ExportFile
from privacy_analytics.ingest.maps import ColumnMap
from privacy_analytics.ingest.rows import Rows, TextScrubber
from privacy_analytics.ingest.staging import Staging
from privacy_analytics.lake import ALWAYS, HELD, Lake, new_batch, private_files
from privacy_analytics.scrub.card import scrubbing
from privacy_analytics.settings import Settings

Progress = Callable[[str], AbstractContextManager[Callable[[int], object]]]
"""Opened with the name of a file, gives what is told how many rows were read."""


@contextmanager
def silent(_name: str) -> Generator[Callable[[int], object]]:
    """Progress that nobody watches."""
    yield lambda _rows: None


@dataclass
class Counts:
    """What became of the rows of one table; for the operator alone."""

    read: int = 0
    added: int = 0
    known: int = 0
    dropped: int = 0
    """Left out by the map."""
    without_account: int = 0
    quarantined: Counter[str] = field(default_factory=Counter[str])
    """Rows by the rule that they broke first."""


@dataclass
class IntakeReport:
    """What an intake did, by table."""

    batch: str
    tables: dict[str, Counts]
    alone: list[str]
    """Files that are no export table."""
    scrubbing: Mapping[str, Any]
    """Tier and weights that texts were scrubbed with, and how often those miss (``scrub.card``)."""


def ingest(
    settings: Settings,
    source: Path,
    *,
    column_map: ColumnMap | None = None,
    scrubber: TextScrubber,
    progress: Progress = silent,
) -> IntakeReport:
    """Take an export (a folder, or one file) into the lake as one batch.

    Raises
    ------
    NotFound
        there is no such export, or nothing in it is named like a table
    ContractError
        a file is damaged, truncated or has undeclared columns; nothing of the export was added
    TryLater
        another intake is writing
    """
    lake = Lake(settings.path("lake"))
    with lake.locked():
        lake.recover()
        return _Intake(settings, lake, column_map or ColumnMap(), scrubber, progress).run(source)


class _Intake:
    def __init__(
        self, settings: Settings, lake: Lake, column_map: ColumnMap, scrubber: TextScrubber, progress: Progress
    ) -> None:
        self.lake, self.map, self.progress = lake, column_map, progress
        self.committed = lake.batches()
        self.batch = new_batch()
        self.tables = tables(settings)
        self.rows = Rows(
            settings,
            self.tables,
            scrubber,
            lake.scan("identities", ALWAYS, self.committed).drop("month", "batch").collect(),
        )
        self.staging = Staging(lake.root / "staging")
        self.report = IntakeReport(self.batch, {}, [], scrubbing(scrubber.tier))
        self.quarantine: list[pl.DataFrame] = []

    def run(self, source: Path) -> IntakeReport:
        files, self.report.alone = export.find(source, self.map)
        for file in files:
            export.check_header(file, self._declared(file), self.map.of(file.table))
        held = self._unattested(files)
        for file in files:
            self._read(file, held)
        for table in self.lake.schemas:
            self._land(table)
        self._land_held(held)
        self._land_sessions()
        self._land_quarantine()
        counts = {name: vars(counts) for name, counts in self.report.tables.items()}
        self.lake.commit(self.batch, {**counts, "scrubbing": self.report.scrubbing})
        self.staging.clear()
        return self.report

    def _declared(self, file: ExportFile) -> dict[str, bool]:
        """Whether each column that a file of this table may have is required."""
        return {name: not column.nullable for name, column in self.tables[file.table].export.items()}

    def _checked(self, file: ExportFile, held: frozenset[str]) -> Iterator[tuple[int, Checked]]:
        fit = self.map.of(file.table)
        for chunk in export.chunks(file, self._declared(file), fit):
            yield chunk.height, check(chunk, self.tables[file.table].export, fit, held)

    def _unattested(self, files: list[ExportFile]) -> frozenset[str]:
        """Accounts of this export that are not attested to be of age (policy §2): none of their rows may land."""
        accounts = [file for file in files if file.table == "accounts"]
        return frozenset().union(
            *(part.unattested for file in accounts for _, part in self._checked(file, frozenset()))
        )

    def _read(self, file: ExportFile, held: frozenset[str]) -> None:
        name = pl.lit(file.hash()).alias("file")
        counts = self._counts(file.table)
        with self.progress(file.name) as advance:
            for read, part in self._checked(file, held):
                counts.read += read
                counts.dropped += part.dropped
                counts.without_account += part.without_account
                counts.quarantined.update(part.bad["#rule"])
                columns = pl.col("#line").alias("line"), pl.col("#rule").alias("rule")
                self.quarantine.append(part.bad.select(name, pl.lit(file.table).alias("table"), *columns))
                for table, rows in self.rows.of(file.table, part.good).items() if part.good.height else []:
                    self.staging.add(table, rows)
                    if table == "messages":
                        self._counts(table).read += rows.height
                advance(read)

    def _counts(self, table: str) -> Counts:
        return self.report.tables.setdefault(table, Counts())

    def _land(self, table: str) -> None:
        if months := self.staging.months(table):
            counts = self._counts(table)
            counts.added = self.lake.append(table, self._fresh(table, months, counts), self.batch)

    def _fresh(self, table: str, months: list[str], counts: Counts) -> Iterator[pl.DataFrame]:
        """The staged rows that the lake does not hold yet, month by month."""
        by = {"accounts": ["account"], "identities": ["account", "hash", "type"]}.get(table, ["account", "row_id"])
        for month in months:
            stored = (
                self.lake.accounts(self.committed)
                if table == "accounts"
                else self.lake.scan(table, month, self.committed)
            )
            for accounts, rows in self.staging.parts(table, month):
                new = self.rows.numbered(table, rows).unique(
                    by, keep="last" if table == "accounts" else "first", maintain_order=True
                )
                key = ["account", "row_id"] if table == "accounts" else by
                known = stored.filter(accounts).select(key).collect()
                fresh = new.join(known, on=key, how="anti", nulls_equal=True, maintain_order="left")
                if table == "identities":  # what was corrected or closed since does not come back with a known row
                    landed = self.lake.scan("accounts", ALWAYS, [self.batch]).select("account").collect()
                    fresh = fresh.join(landed, on="account", how="semi", maintain_order="left")
                counts.known += rows.height - fresh.height
                if fresh.height:
                    yield fresh

    def _land_held(self, held: frozenset[str]) -> None:
        """Hold these accounts back from now on, also from rows that came before."""
        accounts = pl.DataFrame({"account": sorted(map(self.rows.hasher.pseudonym, held))}, schema=HELD)
        new = accounts.join(self.lake.held(self.committed).collect(), on="account", how="anti")
        self.lake.append("held", new.with_columns(pl.lit(ALWAYS).alias("month")), self.batch)

    def _land_sessions(self) -> None:
        added = self._counts("sessions") if "events" in self.report.tables else Counts()
        added.added = self.lake.append("sessions", self._sessions(), self.batch)

    def _sessions(self) -> Iterator[pl.DataFrame]:
        for month in self.staging.months("events"):
            new = self.lake.scan("events", month, [self.batch]).select("account").unique()
            events = self.lake.scan("events", month, [*self.committed, self.batch])
            for accounts, _ in self.staging.parts("events", month):
                made = sessions.derive(events.filter(accounts).join(new, on="account", how="semi"), self.rows)
                if made.height:
                    yield made

    def _land_quarantine(self) -> None:
        if self.quarantine:
            folder = self.lake.root / "quarantine"
            with private_files():
                folder.mkdir(exist_ok=True)
                pl.concat(self.quarantine).write_parquet(folder / f"{self.batch}.parquet", compression="zstd")
