"""The lake: one Delta table a contract table, visible batch by batch.

A *batch* is what one intake adds. Its rows may lie in many tables and months; they become visible together, when
``lake/batches/ID.json`` (counts, and how texts were scrubbed) appears. What an interrupted intake left behind is in no
committed batch, so no reader sees it, and ``recover()`` removes it.

Each table is partitioned by ``month`` and ``batch``, its files sorted by account, so that bounding is local and an
erasure touches few files. Neither the Delta log nor a Parquet footer holds a statistic of an id or a text: a
statistic would outlive the erased row.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
from deltalake import DeltaTable, Schema
from deltalake.transaction import AddAction, RemoveAction

from privacy_analytics import settings
from privacy_analytics.errors import TryLater
from privacy_analytics.lake import files
from privacy_analytics.lake.columns import ALWAYS, MARKS, schemas
from privacy_analytics.lake.spans import EVERYBODY, Span, cut, spans
from privacy_analytics.lake.standing import held_back, newest, set_now
from privacy_analytics.workspace import check_rotated

PARTITIONS = ("month", "batch")
FILE_ROWS = 32_768
"""About so many rows lie in one file: what has to be written anew where one account is erased."""
ABOUT_REQUESTS = ("marks", "subjects")
"""Tables that no question counts the rows of; a snapshot does not name their batches."""


class Lake:
    """Append a batch, read committed batches. Safe for many readers and one writer."""

    def __init__(self, root: Path) -> None:
        """``root`` is the folder ``lake`` of a workspace."""
        self.root = root
        self._settings = settings.read(root.parent)
        self._keys = len(self._settings.secret_keys())
        self.schemas = schemas(self._settings)
        self.span = EVERYBODY

    def in_spans(self, of: int) -> Iterator[Lake]:
        """This lake, so many times, each with the accounts of one span; what is live is looked up once."""
        live = cache(self.live)
        for span in spans(of):
            part = copy(self)
            part.span, part.live = span, live
            yield part

    def rows(self, table: str, months: Sequence[str]) -> int:
        """How many rows a table's log counts in these months, committed or not."""
        if (delta := self.delta(table)) is None:
            return 0
        counted = pl.DataFrame(delta.get_add_actions(flatten=True)).filter(pl.col("partition.month").is_in(months))
        return int(counted["num_records"].sum())

    def batches(self) -> tuple[str, ...]:
        """The committed batches, oldest first."""
        return tuple(sorted(file.stem for file in self.root.glob("batches/*.json")))

    def scrubbing(self) -> list[dict[str, Any]]:
        """How the texts of committed batches were scrubbed, each way once: facts of intakes, not of rows."""
        told = (json.loads((self.root / "batches" / f"{batch}.json").read_text()) for batch in self.batches())
        ways = {json.dumps(each["scrubbing"]): each["scrubbing"] for each in told if "scrubbing" in each}
        return list(ways.values())

    def months(self, table: str = "events") -> list[str]:
        """The months with committed rows in a table, read from partition values alone."""
        committed = set(self.batches())
        return sorted({month for month, batch, _ in self.live(table) if batch in committed})

    def batches_of(self, month: str) -> tuple[str, ...]:
        """The committed batches that hold rows of a month, or accounts, oldest first."""
        counted = [table for table in self.schemas if table not in ABOUT_REQUESTS]
        found = {batch for table in counted for held, batch, _ in self.live(table) if held in (month, ALWAYS)}
        return tuple(batch for batch in self.batches() if batch in found)

    def scan(self, table: str, month: str, batches: Sequence[str]) -> pl.LazyFrame:
        """The rows of one table and month in these batches, with ``month`` and ``batch`` as columns.

        Sessions are derived anew for an account when a later batch brings it events of that month: the newest
        batch of each account holds. Without rows: an empty frame of the same columns.
        """
        schema = self.schemas[table]
        there: defaultdict[str, list[Path]] = defaultdict(list)
        for held, batch, file in self.live(table):
            if held == month and self.span.meets(Span.of_file(file)):
                there[batch].append(file)
        parts = [
            pl.scan_parquet(
                there[batch], schema=schema, missing_columns="insert", hive_partitioning=False
            ).with_columns(month=pl.lit(month), batch=pl.lit(batch))
            for batch in batches
            if batch in there
        ]
        if not parts:
            return pl.LazyFrame(schema={**schema, "month": pl.String(), "batch": pl.String()})
        rows = pl.concat(parts)
        rows = rows if self.span == EVERYBODY else rows.filter(self.span.holds())
        return newest(nw.from_native(rows)).to_native() if table == "sessions" else rows

    def accounts(self, batches: Sequence[str]) -> pl.LazyFrame:
        """The newest row of every account among these batches."""
        return newest(nw.from_native(self.scan("accounts", ALWAYS, batches))).to_native()

    def held(self, batches: Sequence[str]) -> pl.LazyFrame:
        """The accounts (one column) held back in these batches and not attested in a later one."""
        held, accounts = self.scan("held", ALWAYS, batches), self.accounts(batches)
        return held_back(nw.from_native(held), nw.from_native(accounts)).to_native()

    def marked(self, *marks: str) -> pl.LazyFrame:
        """The accounts (one column) on which one of these marks is set now, whatever snapshot a question reads."""
        return set_now(nw.from_native(self.scan("marks", ALWAYS, self.batches())), *marks).to_native()

    def mark(self, accounts: Iterable[str], mark: str, *, is_set: bool, at: datetime) -> None:
        """Set a mark on accounts, or take it off, in a batch of its own."""
        rows = pl.DataFrame({"account": sorted(set(accounts))}, schema={"account": pl.String()})
        said = rows.with_columns(mark=pl.lit(mark), is_set=pl.lit(is_set), at=pl.lit(at, MARKS["at"]))
        self.add("marks", said.with_columns(month=pl.lit(ALWAYS)))

    def add(self, table: str, rows: pl.DataFrame) -> None:
        """Append rows (with a ``month`` column) and commit them as one batch. The caller is the writer (``locked``)."""
        batch = new_batch()
        self.append(table, rows, batch)
        self.commit(batch, {})

    def append(self, table: str, parts: pl.DataFrame | Iterable[tuple[Span, pl.DataFrame]], batch: str) -> int:
        """Write rows (with a ``month`` column) in one Delta transaction; returns how many.

        Each part, the rows of one span of accounts, becomes files of about ``FILE_ROWS`` a month, by account. Nothing
        is visible before ``commit``.
        """
        actions: list[AddAction | RemoveAction] = []
        count = 0
        with files.private_files():
            for within, part in [(EVERYBODY, parts)] if isinstance(parts, pl.DataFrame) else parts:
                for month in part.partition_by("month", maintain_order=True):
                    ordered = month.sort("account", maintain_order=True)
                    actions += [
                        self.write(table, rows, str(month.item(0, "month")), batch, span)
                        for span, rows in cut(ordered, FILE_ROWS, within)
                    ]
                    count += month.height
            if actions:
                delta = self.open(table)
                delta.create_write_transaction(actions, "append", delta.schema(), list(PARTITIONS))
        return count

    def commit(self, batch: str, counts: Mapping[str, Any]) -> None:
        """Make a batch visible: the one atomic step of an intake."""
        files.write_private(
            self.root / "batches" / f"{batch}.json",
            json.dumps(counts, indent=1, sort_keys=True),
        )

    def recover(self) -> None:
        """Remove what interrupted intakes left: rows, files and log entries of batches never committed."""
        committed = self.batches()
        with files.private_files():
            for table in self.schemas:
                if (delta := self.delta(table)) is None:
                    continue
                for batch in {batch for _, batch, _ in self.live(table)}.difference(committed):
                    delta.delete(f"batch = '{batch}'")
        for folder in self.root.glob("*/month=*/batch=*"):
            if folder.name.removeprefix("batch=") not in committed:
                shutil.rmtree(folder)
        for leftover in (
            *self.root.glob("batches/*.partial"),
            *self.root.glob("quarantine/*.parquet"),
        ):
            if leftover.stem not in committed:
                leftover.unlink()
        shutil.rmtree(self.root / "staging", ignore_errors=True)

    @contextmanager
    def locked(self) -> Generator[None]:
        """One writer at a time. Raises TryLater while another one writes, or where keys were rotated meanwhile."""
        with files.writing(self.root):
            self._check_keys()
            yield

    @contextmanager
    def reading(self) -> Generator[None]:
        """Many readers at once. Raises TryLater while rows are rewritten in place."""
        with files.reading(self.root):
            check_rotated(self._settings)
            yield

    @contextmanager
    def alone(self) -> Generator[None]:
        """No writer and no running question beside it; waits for those at work. Raises TryLater after ten minutes."""
        with files.alone(self.root):
            self._check_keys()
            yield

    def _check_keys(self) -> None:
        """Whoever writes may have made pseudonyms before it got the lock: they must be those of now."""
        check_rotated(self._settings)
        if self._keys != len(self._settings.secret_keys()):
            raise TryLater("Keys were rotated meanwhile. Run it again; nothing was changed.")

    def delta(self, table: str) -> DeltaTable | None:
        """The Delta table as it is, or None."""
        path = str(self.root / table)
        return DeltaTable(path) if DeltaTable.is_deltatable(path) else None

    def open(self, table: str) -> DeltaTable:
        """The Delta table, with every column of its schema; made where there is none yet."""
        fields = (
            pl.DataFrame(schema={**self.schemas[table], **dict.fromkeys(PARTITIONS, pl.String())}).to_arrow().schema
        )
        delta = DeltaTable.create(
            str(self.root / table),
            fields,
            mode="ignore",
            partition_by=list(PARTITIONS),
            configuration={"delta.dataSkippingNumIndexedCols": "0"},
        )
        stored = {field.name for field in delta.schema().fields}
        if declared := [field for field in Schema.from_arrow(fields).fields if field.name not in stored]:
            delta.alter.add_columns(declared)
        return delta

    def write(self, table: str, rows: pl.DataFrame, month: str, batch: str, span: Span = EVERYBODY) -> AddAction:
        """Write one file, sorted by account as the rows are; what a transaction adds to the table."""
        inside = f"month={month}/batch={batch}/{span}-{secrets.token_hex(8)}.parquet"
        file = self.root / table / inside
        file.parent.mkdir(parents=True, exist_ok=True)
        stored = rows.select(self.schemas[table].names()).cast(self.schemas[table])
        stored.write_parquet(file, compression="zstd", statistics=False)
        about = file.stat()
        where, stats = {"month": month, "batch": batch}, json.dumps({"numRecords": rows.height})
        return AddAction(inside, about.st_size, where, int(about.st_mtime * 1000), True, stats)

    def live(self, table: str) -> list[tuple[str, str, Path]]:
        """(month, batch, file) of every live file of a table, committed or not."""
        if (delta := self.delta(table)) is None:
            return []
        live = pl.DataFrame(delta.get_add_actions(flatten=True)).select("partition.month", "partition.batch", "path")
        return [(month, batch, self.root / table / path) for month, batch, path in live.iter_rows()]


def new_batch(now: datetime | None = None) -> str:
    """A batch id: ordered by time, else random; nothing of the data is in it."""
    return f"{now or datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"
