"""One intake: an export through its contracts and the scrubber into the lake, all of it or none.

What an account's rows become depends on that account's rows, the workspace and public lists alone (locality): adding
an account to an export leaves every other account's stored rows byte-identical.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from privacy_analytics import policy
from privacy_analytics.audit import AuditLog
from privacy_analytics.contracts import tables
from privacy_analytics.ingest import export, sessions
from privacy_analytics.ingest.check import Checked, check
from privacy_analytics.ingest.export import ExportFile
from privacy_analytics.ingest.maps import ColumnMap
from privacy_analytics.ingest.rows import CARDS, MINOR, Rows, TextScrubber
from privacy_analytics.ingest.staging import Staging
from privacy_analytics.lake import ALWAYS, HELD, MARKS, Lake, new_batch, private_files
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
    erased: int = 0
    """Rows of accounts that were erased before: they do not come back, and leave no other trace (policy §8)."""
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
    left_out: list[str] = field(default_factory=list[str])
    """Columns of ``projects`` that a map drops, since policy §3 does not allow them."""
    minors: int = 0
    """Accounts held back from now on: they say in what was added that they are under 18 (policy §2)."""
    cards: int = 0
    """Card numbers masked in what was added (policy §3), in so many rows:"""
    rows_with_cards: int = 0


def ingest(
    settings: Settings,
    source: Path,
    *,
    column_map: ColumnMap | None = None,
    scrubber: TextScrubber,
    progress: Progress = silent,
    through: date | None = None,
) -> IntakeReport:
    """Take an export (a folder, or one file) into the lake as one batch.

    ``through`` says of the tables that it brings: all their rows up to and including that day are here now.

    Raises
    ------
    NotFound
        there is no such export, or nothing in it is named like a table
    PolicyError
        the policy is not filled in, or a version that data was collected under was changed
    ContractError
        a file is damaged, truncated or has undeclared columns; nothing of the export was added
    TryLater
        another intake is writing
    """
    policy.record(settings)
    lake = Lake(settings.path("lake"))
    with lake.locked():
        lake.recover()
        return _Intake(settings, lake, column_map or ColumnMap(), scrubber, progress).run(source, through)


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
        self.closed = lake.marked("closed").collect()
        self.minors: set[str] = set()
        self.audit = AuditLog(settings)

    def run(self, source: Path, through: date | None) -> IntakeReport:
        files, self.report.alone = export.find(source, self.map)
        for file in files:
            export.check_header(file, self._declared(file), self.map.of(file.table))
            if file.table == "projects":
                self.report.left_out += export.dropped(file, self._declared(file), self.map.of(file.table))
        held = self._unattested(files)
        for file in files:
            self._read(file, held)
        for table in self.lake.schemas:
            self._land(table)
        self._land_held(held)
        self._land_minors()
        self._land_sessions()
        self._land_quarantine()
        counts = {name: vars(counts) for name, counts in self.report.tables.items()}
        added = {name: counts.added for name, counts in self.report.tables.items() if counts.added}
        self.audit.add("ingest", batch=self.batch, tables=sorted(added), rows=sum(added.values()))
        whole = {"tables": sorted({file.table for file in files}), "through": through.isoformat()} if through else {}
        self.lake.commit(self.batch, {**counts, "scrubbing": self.report.scrubbing, **whole})
        self.staging.clear()
        return self.report

    def _declared(self, file: ExportFile) -> dict[str, bool]:
        """Whether each column that a file of this table may have is required."""
        return {name: not column.nullable for name, column in self.tables[file.table].export.items()}

    def _checked(self, file: ExportFile, held: frozenset[str]) -> Iterator[tuple[int, Checked]]:
        fit = self.map.of(file.table)
        for chunk in export.chunks(file, self._declared(file), fit):
            columns, erased = self.tables[file.table].export, self.rows.accounts.erased
            yield chunk.height, check(chunk, columns, fit, held=held, erased=erased)

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
                counts.erased += part.erased
                counts.quarantined.update(part.bad["#rule"])
                columns = pl.col("#line").alias("line"), pl.col("#rule").alias("rule")
                whose = self.rows.accounts.pseudonyms(part.bad["account_id"])
                self.quarantine.append(part.bad.select(name, pl.lit(file.table).alias("table"), *columns, whose))
                for table, rows in self.rows.of(file.table, part.good).items() if part.good.height else []:
                    self.staging.add(table, self._anonymous(rows) if table == "identities" else rows)
                    if table == "messages":
                        self._counts(table).read += rows.height
                advance(read)

    def _anonymous(self, identities: pl.DataFrame) -> pl.DataFrame:
        """Without those of accounts that were closed: their texts are scrubbed of them, and they go no further."""
        return identities.join(self.closed, on="account", how="anti", maintain_order="left")

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
                self._note(fresh)
                if fresh.height:
                    yield fresh

    def _note(self, fresh: pl.DataFrame) -> None:
        """What the texts of new rows told; a row that is known told it before, and the officer has seen to it."""
        if MINOR in fresh.columns:
            self.minors.update(fresh.filter(MINOR)["account"])
        if CARDS in fresh.columns:
            self.report.cards += int(fresh[CARDS].sum())
            self.report.rows_with_cards += fresh.filter(pl.col(CARDS) > 0).height

    def _land_minors(self) -> None:
        """Hold back who says to be under 18, unless that is so already."""
        said = pl.DataFrame({"account": sorted(self.minors)}, schema={"account": pl.String})
        new = said.join(self.lake.marked("minor").collect(), on="account", how="anti", maintain_order="left")
        mark = {"mark": pl.lit("minor"), "is_set": True, "at": pl.lit(self.rows.now, MARKS["at"])}
        self.report.minors = self.lake.append("marks", new.with_columns(**mark, month=pl.lit(ALWAYS)), self.batch)

    def _land_held(self, held: frozenset[str]) -> None:
        """Hold these accounts back from now on, also from rows that came before."""
        ids = pl.Series(sorted(held), dtype=pl.String)
        accounts = pl.DataFrame({"account": self.rows.accounts.pseudonyms(ids).sort()}, schema=HELD)
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
