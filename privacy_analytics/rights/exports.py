"""Product exports that lie in a folder, without the rows of some accounts: what a lake was made of must not bring
them back.

Whose a row is, is decided as at intake: by the column that the map makes ``account_id``. Every other row stays as it
is, byte for byte in JSON lines and CSV. A row that cannot be read is nobody's: it stays, and is counted.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from privacy_analytics.errors import ContractError
from privacy_analytics.ingest.export import MAX_IN_MEMORY, MAX_LINE, ExportFile, find
from privacy_analytics.ingest.jsonl import loose
from privacy_analytics.ingest.maps import ColumnMap, TableMap
from privacy_analytics.ingest.unpack import DAMAGE, TooLarge, opened
from privacy_analytics.private import on_disk
from privacy_analytics.scrub.identities import IdentityHasher
from privacy_analytics.settings import Settings

Row = Mapping[str, Any]
Read = TypeVar("Read")
_DAMAGE = (*DAMAGE, csv.Error, pa.ArrowException, TooLarge)
_BATCH = 10_000
"""Rows of a Parquet file looked at together."""
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Counts:
    """What became of a folder of exports."""

    rows: int
    """Removed."""
    files: int
    """Written anew."""
    of_files: int
    unread: int
    """Rows that could not be read, so that nobody knows whose they are; they are still there."""
    alone: tuple[str, ...]
    """Names of files that are no table by the map; they were not opened."""


def rewrite_exports(folder: Path, column_map: ColumnMap, settings: Settings, pseudonyms: Collection[str]) -> Counts:
    """Remove the rows of accounts, by their pseudonyms of now, from every export file of a folder.

    A file without such rows is not touched. Another one is replaced at once by a whole new one with the same mode;
    killed at any moment and done again, it ends the same.

    Raises
    ------
    NotFound
        no such folder, or nothing in it is named like a table
    ContractError
        a file is damaged, or has no column of accounts; it was left as it is
    """
    files, alone = find(folder, column_map)
    rows = rewritten = unread = 0
    for file in files:
        _partial(file).unlink(missing_ok=True)  # of a rewrite that was killed
        export = _Export(file, column_map.of(file.table), settings, pseudonyms)
        found, strange = export.count()
        if found:
            export.rewrite()
        rows, rewritten, unread = rows + found, rewritten + bool(found), unread + strange
    return Counts(rows, rewritten, len(files), unread, tuple(alone))


def rows_of(
    folder: Path, column_map: ColumnMap, settings: Settings, pseudonyms: Collection[str]
) -> Iterator[tuple[str, Row]]:
    """(table, row by the export's own names) of these accounts, in the clear as the export has them.

    Text as text (CSV), JSON's or Arrow's values. Raises what ``rewrite_exports`` raises.
    """
    for file in find(folder, column_map)[0]:
        export = _Export(file, column_map.of(file.table), settings, pseudonyms)
        yield from ((file.table, row) for row in export.rows())


class _Export:
    """One file, and who is looked for in it."""

    def __init__(self, file: ExportFile, fit: TableMap, settings: Settings, pseudonyms: Collection[str]) -> None:
        self.file, self.columns = file, _columns(fit)
        wanted, hasher = frozenset(pseudonyms), IdentityHasher(*settings.secret_keys())
        self.wanted: Callable[[str], bool] = cache(lambda account: hasher.pseudonym(account) in wanted)

    def holds(self, row: Row | None) -> bool:
        """Whether a row is of one of the accounts."""
        accounts = (_text((row or {}).get(name)) for name in self.columns)
        account = next(filter(None, accounts), None)
        return account is not None and self.wanted(account)

    def count(self) -> tuple[int, int]:
        """How many rows are theirs, and how many cannot be read."""
        found = unread = 0
        for row in self._read(self._accounts):
            found += self.holds(row)
            unread += row is None
        return found, unread

    def rows(self) -> Iterator[Row]:
        """The rows that are theirs."""
        every = self._read(partial(self._accounts, whole=True))
        return (row for row in every if row is not None and self.holds(row))

    def rewrite(self) -> None:
        """Replace the file by one without their rows."""
        with _replaced(self.file) as handle, _packed(handle, self.file.packing) as out:
            if self.file.format == "parquet":
                self._rewrite_parquet(out)
                return
            for raw, row in self._read(self._records):
                if not self.holds(row):
                    out.write(raw)

    def _rewrite_parquet(self, out: BinaryIO) -> None:
        groups = self._read(self._groups)
        first = next(groups)
        with pq.ParquetWriter(out, first[0].schema, compression=first[1]) as writer:
            for kept, _ in chain([first], groups):
                writer.write_table(kept, row_group_size=max(kept.num_rows, 1))

    def _read(self, pull: Callable[[BinaryIO], Iterator[Read]]) -> Iterator[Read]:
        """What is pulled out of the file, whose damage is named; a fault of who writes meanwhile is not."""
        try:
            with opened(self.file.path, self.file.packing) as stream:
                yield from pull(stream)
        except _DAMAGE:
            raise ContractError(
                f"{self.file.name} cannot be read: it is damaged or truncated. It was left as it is. Remove it, or "
                "export it again; then do this again."
            ) from None

    def _accounts(self, stream: BinaryIO, *, whole: bool = False) -> Iterator[Row | None]:
        """Every row, of a Parquet file its columns of accounts alone unless ``whole``; None where it cannot be read."""
        if self.file.format != "parquet":
            yield from (row for _, row in self._records(stream))
            return
        parquet = self._parquet(stream)
        present = self._present(parquet.schema_arrow.names)
        for batch in parquet.iter_batches(_BATCH, columns=None if whole else present):
            yield from batch.to_pylist()

    def _groups(self, stream: BinaryIO) -> Iterator[tuple[pa.Table, str]]:
        """(what stays, how it is packed) of each row group of a Parquet file."""
        parquet = self._parquet(stream)
        schema, about = parquet.schema_arrow, parquet.metadata
        present = self._present(schema.names)
        plain = pa.schema([field.with_type(_without_dictionary(field.type)) for field in schema], schema.metadata)
        for group in range(about.num_row_groups):
            packing = about.row_group(group).column(0).compression
            table = parquet.read_row_group(group)
            stays = [not self.holds(row) for row in table.select(present).to_pylist()]
            # made anew: a dictionary would keep the values of the rows that are gone
            kept = table.cast(plain).filter(pl.Series(stays, dtype=pl.Boolean).to_arrow()).cast(schema)
            yield kept, "NONE" if packing == "UNCOMPRESSED" else packing

    def _parquet(self, stream: BinaryIO) -> pq.ParquetFile:
        packed = self.file.packing is not None
        return pq.ParquetFile(io.BytesIO(stream.read(MAX_IN_MEMORY + 1)) if packed else self.file.path)

    def _records(self, stream: BinaryIO) -> Iterator[tuple[bytes, Row | None]]:
        """(bytes as they stand, row) of each line or CSV record; no row where it cannot be read."""
        if self.file.format == "csv":
            yield from self._csv(stream)
            return
        whole = True
        while raw := stream.readline(MAX_LINE):
            begins, whole = whole, raw.endswith(b"\n") or len(raw) < MAX_LINE
            text = raw.removeprefix(_BOM)
            if begins and text.strip():
                yield raw, loose(text) if whole else None
            else:
                yield raw, {}

    def _csv(self, stream: BinaryIO) -> Iterator[tuple[bytes, Row | None]]:
        taken: list[bytes] = []

        def lines() -> Iterator[str]:
            while raw := stream.readline(MAX_LINE):
                if len(raw) == MAX_LINE:
                    raise TooLarge
                taken.append(raw)
                yield raw.removeprefix(_BOM).decode("utf-8", "surrogateescape")

        csv.field_size_limit(MAX_LINE)
        records = csv.reader(lines())
        header = next(records, [])
        self._present(header)
        yield b"".join(taken), {}
        taken.clear()
        for cells in records:
            fits = len(cells) == len(header)
            yield b"".join(taken), dict(zip(header, cells, strict=True)) if fits else None if cells else {}
            taken.clear()

    def _present(self, names: Collection[str]) -> list[str]:
        """The columns of accounts among those of a file."""
        present = [name for name in self.columns if name in names]
        if not present:
            raise ContractError(
                f"{self.file.name} has no column of accounts, so nobody knows whose its rows are. Name that column "
                "in a map, or take the file away."
            )
        return present


def _columns(fit: TableMap) -> tuple[str, ...]:
    """Their names of ``account_id``, and of what stands in for it where it is missing."""
    ours = dict.fromkeys(("account_id", fit.fallback.get("account_id", "account_id")))
    return tuple(theirs for name in ours for theirs in ([t for t, o in fit.rename.items() if o == name] or [name]))


def _text(value: object) -> str | None:
    """An account id as intake reads it; None where there is none."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return None if value is None or isinstance(value, (dict, list)) else str(value)


def _without_dictionary(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_without_dictionary(field.type)) for field in kind])
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        make = pa.list_ if pa.types.is_list(kind) else pa.large_list
        return make(kind.value_field.with_type(_without_dictionary(kind.value_type)))
    return kind


def _partial(file: ExportFile) -> Path:
    path = file.path.resolve()
    return path.with_name(f".{path.name}.partial")


@contextmanager
def _replaced(file: ExportFile) -> Generator[BinaryIO]:
    """A new file (of the same mode) that takes the place of an old one once it is whole and on disk."""
    path, new = file.path.resolve(), _partial(file)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
        try:
            yield handle
        except BaseException:
            new.unlink()
            raise
        os.fchmod(handle.fileno(), path.stat().st_mode & 0o7777)
        handle.flush()
        os.fsync(handle.fileno())
    new.replace(path)
    on_disk(path.parent)


@contextmanager
def _packed(handle: BinaryIO, packing: str | None) -> Generator[BinaryIO]:
    if packing is None:
        yield handle
    elif packing == "gz":
        with gzip.GzipFile(filename="", mode="wb", fileobj=handle, mtime=0) as out:
            yield cast("BinaryIO", out)
    else:
        with zstandard.ZstdCompressor().stream_writer(handle, closefd=False) as out:
            yield cast("BinaryIO", out)
