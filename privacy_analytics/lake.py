"""The lake: one Delta table a contract table, visible batch by batch.

A *batch* is what one intake adds. Its rows may lie in many tables and months; they become visible together, when
``lake/batches/ID.json`` (counts, and how texts were scrubbed) appears. What an interrupted intake left behind is in no
committed batch, so no reader sees it, and ``recover()`` removes it.

Each table is partitioned by ``month`` and ``batch``, its files sorted by account, so that bounding is local and an
erasure touches few files. Neither the Delta log nor a Parquet footer holds a statistic of an id or a text: a
statistic would outlive the erased row.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import DeltaTable, Schema
from deltalake.transaction import AddAction, RemoveAction

from privacy_analytics import settings
from privacy_analytics.contracts import Column, tables
from privacy_analytics.errors import TryLater

ALWAYS = "all"
"""The month of rows that belong to none: accounts and identities."""
PARTITIONS = ("month", "batch")
_TYPES = {
    "time": pl.Datetime("us", "UTC"),
    "key": pl.String(),
    "number": pl.Float64(),
    "flag": pl.Boolean(),
    "text": pl.String(),
}
_TURN = pl.Struct(
    {
        "role": pl.String(),
        "content": pl.String(),
        "sent_at": _TYPES["time"],
        "channel": pl.String(),
        "voice_seconds": pl.Float64(),
    }
)
_OWN: dict[str, dict[str, Any]] = {
    "accounts": {},
    "chats": {
        "conversation": pl.Int64(),
        "messages": pl.Int64(),
        "prompts": pl.Int64(),
    },
    "messages": {"conversation": pl.Int64(), "position": pl.Int64()},
    "events": {"session": pl.Int64()},
    "projects": {},
    "performance": {},
    "crashes": {},
    "support": {"ticket": pl.Int64(), "messages": pl.List(_TURN)},
    "sessions": {"session": pl.Int64()},
    "themes": {"conversation": pl.Int64()},
}
"""Columns beyond the contract's (salted hashes of ids, counts, the scrubbed turns of a ticket), or of another type."""
IDENTITIES = pl.Schema({"account": pl.String(), "hash": pl.String(), "type": pl.String(), "words": pl.Int64()})
"""Keyed hashes of an account's e-mail, user name and name: to find it by (``type`` null), to scrub its texts of."""


HELD = pl.Schema({"account": pl.String()})
"""Accounts that an export did not attest to be of age: none of their rows is read, whenever they came (policy §2)."""


def schemas(workspace: settings.Settings) -> dict[str, pl.Schema]:
    """What each table of this workspace's lake stores, without the partition columns."""
    head = {"account": pl.String(), "account_hash": pl.Int64(), "row_id": pl.Int64()}
    tail = {"day": pl.Date()}

    def stored(columns: Mapping[str, Column], own: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: _TYPES[column.kind] for name, column in columns.items() if not column.joined}
        return {**own, **kept, **own}

    named = {
        name: pl.Schema({**head, **stored(table.columns, _OWN[name]), **tail})
        for name, table in tables(workspace).items()
    }
    return {**named, "identities": IDENTITIES, "held": HELD}


class Lake:
    """Append a batch, read committed batches. Safe for many readers and one writer."""

    def __init__(self, root: Path) -> None:
        """``root`` is the folder ``lake`` of a workspace."""
        self.root = root
        self.schemas = schemas(settings.read(root.parent))

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
        return sorted({month for month, batch, _ in self._files(table) if batch in committed})

    def batches_of(self, month: str) -> tuple[str, ...]:
        """The committed batches that hold rows of a month, or accounts, oldest first."""
        found = {batch for table in self.schemas for held, batch, _ in self._files(table) if held in (month, ALWAYS)}
        return tuple(batch for batch in self.batches() if batch in found)

    def scan(self, table: str, month: str, batches: Sequence[str]) -> pl.LazyFrame:
        """The rows of one table and month in these batches, with ``month`` and ``batch`` as columns.

        Sessions are derived anew for an account when a later batch brings it events of that month: the newest
        batch of each account holds. Without rows: an empty frame of the same columns.
        """
        schema = self.schemas[table]
        live = self._files(table)
        parts = [
            pl.scan_parquet(files, schema=schema, missing_columns="insert", hive_partitioning=False).with_columns(
                month=pl.lit(month), batch=pl.lit(batch)
            )
            for batch in batches
            if (files := [file for *where, file in live if where == [month, batch]])
        ]
        if not parts:
            return pl.LazyFrame(schema={**schema, "month": pl.String(), "batch": pl.String()})
        rows = pl.concat(parts)
        return rows.filter(pl.col("batch") == pl.col("batch").max().over("account")) if table == "sessions" else rows

    def accounts(self, batches: Sequence[str]) -> pl.LazyFrame:
        """The newest row of every account among these batches."""
        return self.scan("accounts", ALWAYS, batches).filter(pl.col("batch") == pl.col("batch").max().over("account"))

    def held(self, batches: Sequence[str]) -> pl.LazyFrame:
        """The accounts (one column) held back in these batches and not attested in a later one."""
        since = self.scan("held", ALWAYS, batches).group_by("account").agg(pl.col("batch").max().alias("since"))
        attested = self.accounts(batches).select("account", "batch")
        still = pl.col("batch").is_null() | (pl.col("batch") <= pl.col("since"))
        return since.join(attested, on="account", how="left").filter(still).select("account")

    def append(self, table: str, frames: pl.DataFrame | Iterable[pl.DataFrame], batch: str) -> int:
        """Write rows (with a ``month`` column) in one Delta transaction; returns how many.

        Each frame becomes one file a month, sorted by account. Nothing is visible before ``commit``.
        """
        actions: list[AddAction | RemoveAction] = []
        count = 0
        with private_files():
            for frame in [frames] if isinstance(frames, pl.DataFrame) else frames:
                for rows in frame.partition_by("month", maintain_order=True):
                    actions.append(self._write(table, rows, batch))
                    count += rows.height
            if actions:
                delta = self._open(table)
                delta.create_write_transaction(actions, "append", delta.schema(), list(PARTITIONS))
        return count

    def commit(self, batch: str, counts: Mapping[str, Any]) -> None:
        """Make a batch visible: the one atomic step of an intake."""
        write_private(
            self.root / "batches" / f"{batch}.json",
            json.dumps(counts, indent=1, sort_keys=True),
        )

    def recover(self) -> None:
        """Remove what interrupted intakes left: rows, files and log entries of batches never committed."""
        committed = self.batches()
        with private_files():
            for table in self.schemas:
                if (delta := self._delta(table)) is None:
                    continue
                for batch in {batch for _, batch, _ in self._files(table)}.difference(committed):
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
        """One writer at a time. Raises TryLater while another one writes."""
        with private_files():
            self.root.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TryLater("Another intake is writing to this lake. Try again when it is done.") from None
            yield
        finally:
            os.close(handle)

    def _delta(self, table: str) -> DeltaTable | None:
        path = str(self.root / table)
        return DeltaTable(path) if DeltaTable.is_deltatable(path) else None

    def _open(self, table: str) -> DeltaTable:
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

    def _write(self, table: str, rows: pl.DataFrame, batch: str) -> AddAction:
        month = str(rows.item(0, "month"))
        inside = f"month={month}/batch={batch}/{secrets.token_hex(8)}.parquet"
        file = self.root / table / inside
        file.parent.mkdir(parents=True, exist_ok=True)
        rows.select(self.schemas[table].names()).cast(self.schemas[table]).sort(
            "account", maintain_order=True
        ).write_parquet(file, compression="zstd", statistics=False)
        stats = json.dumps({"numRecords": rows.height})
        return AddAction(
            inside,
            file.stat().st_size,
            {"month": month, "batch": batch},
            int(file.stat().st_mtime * 1000),
            True,
            stats,
        )

    def _files(self, table: str) -> list[tuple[str, str, Path]]:
        """(month, batch, file) of every live file of a table, committed or not."""
        if (delta := self._delta(table)) is None:
            return []
        live = pl.DataFrame(delta.get_add_actions(flatten=True)).select("partition.month", "partition.batch", "path")
        return [(month, batch, self.root / table / path) for month, batch, path in live.iter_rows()]


def new_batch(now: datetime | None = None) -> str:
    """A batch id: ordered by time, else random; nothing of the data is in it."""
    return f"{now or datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"


@contextmanager
def private_files() -> Generator[None]:
    """Files made inside are 0600 and folders 0700."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def write_private(file: Path, text: str) -> None:
    """Write a small file (0600) whole or not at all, also across a power cut."""
    with private_files():
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        with partial.open("w") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(file)
        folder = os.open(file.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
