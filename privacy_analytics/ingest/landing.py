"""Staged rows go into the lake, a span of accounts after the other: what it does not hold yet, and what follows of it.

Every step reads one account at a time, so a span is all that must fit into memory, however large the export or the
lake. One account's own rows of a month do have to fit.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from privacy_analytics.ingest import sessions
from privacy_analytics.ingest.counts import Counts, IntakeReport
from privacy_analytics.ingest.rows import CARDS, MINOR, Rows
from privacy_analytics.ingest.staging import Staging
from privacy_analytics.ingest.unattested import UNATTESTED
from privacy_analytics.lake import ALWAYS, MARKS, Lake
from privacy_analytics.lake.spans import Span

KNOWN_ROWS = 2**20
"""About so many rows of the lake are looked through at once for those that an export brings again."""
SESSION_ROWS = 2**18
"""About so many events are put in order at once."""
_YOUNG = "young"
"""Under which name accounts that say to be under 18 are staged."""
Parts = Iterator[tuple[Span, pl.DataFrame]]


def land(lake: Lake, staging: Staging, rows: Rows, report: IntakeReport) -> None:
    """Write everything that is staged as the report's batch, and count it there. Committing is the caller's."""
    landing = _Landing(lake, staging, rows, report)
    for table in lake.schemas:
        if months := staging.months(table):
            counts = report.of(table)
            counts.added = lake.append(table, landing.fresh(table, months, counts), report.batch)
    lake.append("held", landing.held(), report.batch)
    report.minors = lake.append("marks", landing.young(), report.batch)
    derived = report.of("sessions") if "events" in report.tables else Counts()
    derived.added = lake.append("sessions", landing.sessions(), report.batch)


class _Landing:
    def __init__(self, lake: Lake, staging: Staging, rows: Rows, report: IntakeReport) -> None:
        self.lake, self.staging, self.rows, self.report = lake, staging, rows, report
        self.committed = lake.batches()

    def fresh(self, table: str, months: list[str], counts: Counts) -> Parts:
        """The staged rows that the lake does not hold yet, month by month."""
        by = {"accounts": ["account"], "identities": ["account", "hash", "type"]}.get(table, ["account", "row_id"])
        key = ["account", "row_id"] if table == "accounts" else by
        for month in months:
            for lake, rows in self._spans(table, month, of=table):
                new = self.rows.numbered(table, rows).unique(
                    by, keep="last" if table == "accounts" else "first", maintain_order=True
                )
                accounts = table == "accounts"
                stored = lake.accounts(self.committed) if accounts else lake.scan(table, month, self.committed)
                fresh = _without(new, stored.select(key))
                if table == "identities":
                    fresh = self._landed(fresh, lake)
                counts.known += rows.height - fresh.height
                self._note(fresh)
                if fresh.height:
                    yield lake.span, fresh

    def held(self) -> Parts:
        """Whom to hold back from now on, also from rows that came before."""
        for lake, rows in self._spans(UNATTESTED, ALWAYS, of="held"):
            yield lake.span, _without(rows.unique("account"), lake.held(self.committed))

    def young(self) -> Parts:
        """Who says to be under 18 and is not held back for that already."""
        mark = {"mark": pl.lit("minor"), "is_set": True, "at": pl.lit(self.rows.now, MARKS["at"])}
        for lake, rows in self._spans(_YOUNG, ALWAYS, of="marks"):
            yield lake.span, _without(rows.unique("account"), lake.marked("minor")).with_columns(**mark)

    def sessions(self) -> Parts:
        """The sessions of all accounts to which events were added, of the months of those."""
        for month in sorted({month for month, batch, _ in self.lake.live("events") if batch == self.report.batch}):
            for lake in self.lake.in_spans(self.lake.rows("events", [month]) // SESSION_ROWS + 1):
                new = lake.scan("events", month, [self.report.batch]).select("account").unique()
                events = lake.scan("events", month, [*self.committed, self.report.batch])
                made = sessions.derive(events.join(new, on="account", how="semi"), self.rows)
                if made.height:
                    yield lake.span, made

    def _spans(self, staged: str, month: str, *, of: str) -> Iterator[tuple[Lake, pl.DataFrame]]:
        """What is staged of a month, with the lake of each span of accounts; as many as the rows of both need."""
        if month not in self.staging.months(staged):
            return
        many = max(self.staging.spans(staged, month), self.lake.rows(of, [month]) // KNOWN_ROWS + 1)
        for lake in self.lake.in_spans(many):
            rows = self.staging.rows(staged, month, lake.span)
            if rows.height:
                yield lake, rows

    def _landed(self, identities: pl.DataFrame, lake: Lake) -> pl.DataFrame:
        """Those of accounts new in this batch: what was corrected or closed since does not come back with a known row.

        Nor do those of accounts that were closed: their texts were scrubbed of them, and they go no further.
        """
        landed = lake.scan("accounts", ALWAYS, [self.report.batch]).select("account").collect()
        new = identities.join(landed, on="account", how="semi", maintain_order="left")
        return _without(new, lake.marked("closed"))

    def _note(self, fresh: pl.DataFrame) -> None:
        """What the texts of new rows told; a row that is known told it before, and the officer has seen to it."""
        if MINOR in fresh.columns:
            young = fresh.filter(MINOR).select("account").unique()
            self.staging.add(_YOUNG, young.with_columns(month=pl.lit(ALWAYS)))
        if CARDS in fresh.columns:
            self.report.cards += int(fresh[CARDS].sum())
            self.report.rows_with_cards += fresh.filter(pl.col(CARDS) > 0).height


def _without(rows: pl.DataFrame, known: pl.LazyFrame) -> pl.DataFrame:
    """The rows that are not among the known ones, by all columns of those."""
    there = known.collect()
    return rows.join(there, on=there.columns, how="anti", nulls_equal=True, maintain_order="left")
