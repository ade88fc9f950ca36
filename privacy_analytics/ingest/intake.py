"""One intake: an export through its contracts and the scrubber into the lake, all of it or none.

What an account's rows become depends on that account's rows, the workspace and public lists alone (locality): adding
an account to an export leaves every other account's stored rows byte-identical.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date
from pathlib import Path

import polars as pl

from privacy_analytics import policy
from privacy_analytics.audit import AuditLog
from privacy_analytics.contracts import tables
from privacy_analytics.ingest import export
from privacy_analytics.ingest.check import Checked, check
from privacy_analytics.ingest.counts import IntakeReport
from privacy_analytics.ingest.export import ExportFile
from privacy_analytics.ingest.identifiers import Identifiers
from privacy_analytics.ingest.landing import land
from privacy_analytics.ingest.maps import ColumnMap
from privacy_analytics.ingest.quarantine import quarantined
from privacy_analytics.ingest.rows import Rows, TextScrubber
from privacy_analytics.ingest.staging import Staging
from privacy_analytics.ingest.unattested import Unattested
from privacy_analytics.lake import Lake, new_batch
from privacy_analytics.scrub.card import scrubbing
from privacy_analytics.settings import Settings

Progress = Callable[[str], AbstractContextManager[Callable[[int], object]]]
"""Opened with the name of a file, gives what is told how many rows were read."""


@contextmanager
def silent(_name: str) -> Generator[Callable[[int], object]]:
    """Progress that nobody watches."""
    yield lambda _rows: None


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
        self.batch = new_batch()
        self.tables = tables(settings)
        self.staging = Staging(lake.root / "staging")
        self.identifiers = Identifiers(lake, lake.batches(), self.staging)
        self.rows = Rows(settings, self.tables, scrubber, self.identifiers.of)
        self.unattested = Unattested(self.rows.accounts, self.staging)
        self.report = IntakeReport(self.batch, {}, [], scrubbing(scrubber.tier))
        self.audit = AuditLog(settings)

    def run(self, source: Path, through: date | None) -> IntakeReport:
        files, self.report.alone = export.find(source, self.map)
        for file in files:
            export.check_header(file, self._declared(file), self.map.of(file.table))
            if file.table == "projects":
                self.report.left_out += export.dropped(file, self._declared(file), self.map.of(file.table))
        with ExitStack() as opened:
            opened.callback(self.identifiers.close)
            opened.callback(self.unattested.close)
            self.quarantine = opened.enter_context(quarantined(self.lake, self.batch))
            for file in files:
                if file.table == "accounts":
                    self._attest(file)
            for file in files:
                self._read(file)
        land(self.lake, self.staging, self.rows, self.report)
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

    def _checked(self, file: ExportFile) -> Iterator[tuple[int, Checked]]:
        fit = self.map.of(file.table)
        for chunk in export.chunks(file, self._declared(file), fit):
            columns, erased = self.tables[file.table].export, self.rows.accounts.erased
            yield chunk.height, check(chunk, columns, fit, held=self.unattested.among, erased=erased)

    def _attest(self, file: ExportFile) -> None:
        """Note the accounts that are not attested to be of age (policy §2): none of their rows may land."""
        for _, part in self._checked(file):
            self.unattested.add(part.unattested)

    def _read(self, file: ExportFile) -> None:
        name = pl.lit(file.hash()).alias("file")
        counts = self.report.of(file.table)
        with self.progress(file.name) as advance:
            for read, part in self._checked(file):
                counts.read += read
                counts.dropped += part.dropped
                counts.without_account += part.without_account
                counts.erased += part.erased
                counts.quarantined.update(part.bad["#rule"])
                columns = pl.col("#line").alias("line"), pl.col("#rule").alias("rule")
                whose = self.rows.accounts.pseudonyms(part.bad["account_id"])
                self.quarantine(part.bad.select(name, pl.lit(file.table).alias("table"), *columns, whose))
                for table, rows in self.rows.of(file.table, part.good).items() if part.good.height else []:
                    self.staging.add(table, rows)
                    if table == "messages":
                        self.report.of(table).read += rows.height
                advance(read)
