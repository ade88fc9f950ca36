"""Files of an export, read in chunks of bounded size; nothing of a row is ever in an error text.

``.jsonl``, ``.csv`` and ``.parquet``, plain or packed as ``.gz`` or ``.zst``. A chunk is a frame with our column
names, still untyped (text from JSON and CSV, Parquet's own types), ``#line`` (the first row is 1; in CSV the header is
line 1) and ``#rule`` (what already went wrong with the row, else null). Columns that a map selects by are ``?NAME``.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from privacy_analytics.contracts import EXPORTS
from privacy_analytics.errors import ContractError, NotFound
from privacy_analytics.ingest import jsonl
from privacy_analytics.ingest.maps import TURN, ColumnMap, TableMap
from privacy_analytics.ingest.unpack import DAMAGE, TooLarge, opened

MAX_LINE = 16_000_000
"""Bytes of one line; a longer JSON line quarantines itself, a longer CSV line refuses its file."""
MAX_IN_MEMORY = 2_000_000_000
"""Bytes of a packed Parquet file once unpacked: it is read whole, since unscrubbed text may not touch the disk."""
MAX_ROWS = 500_000_000
CHUNK = {"accounts": 20_000, "chats": 400, "support": 1_000, "crashes": 1_000}
ROWS = 50_000
"""Rows of a chunk of any other table."""
CHUNK_BYTES = 64_000_000
_NAME = re.compile(rf"({'|'.join(EXPORTS)})(?:[-_. ].*)?\.(jsonl|csv|parquet)(?:\.(gz|zst))?")
_SUFFIX = re.compile(r".*?\.(jsonl|csv|parquet)(?:\.(gz|zst))?")
_SAYABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,40}")
"""A name of a column, and hardly a value: what a message may repeat."""
_LOOK = 1_000
_DAMAGE = (*DAMAGE, csv.Error, pa.ArrowException, UnicodeError, pl.exceptions.PolarsError)


@dataclass(frozen=True)
class ExportFile:
    """One file of an export and the table that its rows are of."""

    path: Path
    table: str
    format: str
    packing: str | None

    @property
    def name(self) -> str:
        return self.path.name

    def hash(self) -> str:
        """SHA-256 of the file's bytes, by which quarantine names it."""
        with self.path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()


def find(export: Path, column_map: ColumnMap) -> tuple[list[ExportFile], list[str]]:
    """The files to read, accounts first, and the names of those left alone. Raises NotFound without any."""
    if not export.exists():
        raise NotFound(f"There is no {export.name}. Name an export: a folder, or one file of it.")
    found: list[ExportFile] = []
    alone: list[str] = []
    for path in sorted(export.iterdir()) if export.is_dir() else [export]:
        mapped, by_name, suffix = (
            column_map.files.get(path.name),
            _NAME.fullmatch(path.name),
            _SUFFIX.fullmatch(path.name),
        )
        table = mapped or (by_name and by_name[1])
        if not path.is_file() or column_map.ignores(path.name) or not table or not suffix:
            alone.append(path.name)
        else:
            found.append(ExportFile(path, table, suffix[1], suffix[2]))
    if not found:
        raise NotFound(
            f"Nothing in {export.name} is named like a table. Name the files {', '.join(EXPORTS)} "
            "(.jsonl, .csv or .parquet, plain or .gz/.zst), or name their tables under [files] of a column map."
        )
    order = list(EXPORTS)
    return sorted(found, key=lambda file: (order.index(file.table), file.name)), alone


def names(file: ExportFile) -> list[str] | None:
    """The columns that a file names ahead of its rows; None for JSON lines. Raises ContractError where damaged."""
    with _by_name(file), opened(file.path, file.packing) as stream:
        if file.format == "csv":
            return next(iter(_csv(stream)), [])
        if file.format == "parquet":
            return _parquet(file, stream).schema_arrow.names
        stream.read(1)
    return None


def sample(file: ExportFile, rows: int) -> list[dict[str, Any]]:
    """The first rows of a file by its own names, for a draft of a map; what is no JSON object is passed over."""
    with _by_name(file), opened(file.path, file.packing) as stream:
        if file.format == "parquet":
            return next((batch.to_pylist() for batch in _parquet(file, stream).iter_batches(rows)), [])
        if file.format == "csv":
            header, *lines = islice(_csv(stream), rows + 1)
            return [dict(zip(header, line, strict=False)) for line in lines] or [dict.fromkeys(header)]
        parsed = (jsonl.loose(raw) for _, raw in islice(_lines(stream), rows))
        return [row for row in parsed if row is not None]


def dropped(file: ExportFile, declared: Collection[str], fit: TableMap) -> list[str]:
    """Columns of a file that its table does not know and a map leaves out, as ``table.column``.

    Of JSON lines the first ones are looked at. A name that may be a value is not told.
    """
    header = names(file)
    given = dict.fromkeys(header if header is not None else (name for row in sample(file, _LOOK) for name in row))
    theirs = [name for name in given if name not in declared and name not in fit.rename and name not in fit.where]
    left = [name for name in theirs if fit.drop is None or name in fit.drop]
    return [f"{file.table}.{name}" for name in left if _SAYABLE.fullmatch(name)]


def check_header(file: ExportFile, declared: dict[str, bool], fit: TableMap) -> None:
    """Raise ContractError, naming the file, where its header does not fit its table.

    ``declared`` says of each column of the contract whether it is required.
    """
    if (header := names(file)) is None:
        return
    fitted: list[str] = []
    undeclared: list[str] = []
    for name in header:
        try:
            fitted += [ours] if (ours := fit.ours(name, declared)) else []
        except KeyError:
            undeclared.append(name)
    if not fitted:
        raise ContractError(
            f"{file.name}: its first line names no column of {file.table}. Give it a header, or write a map."
        )
    if len(set(fitted)) < len(fitted):
        raise ContractError(
            f"{file.name}: a column of {file.table} comes twice. Keep one of them, or drop one in a map."
        )
    if undeclared:
        shown = ", ".join(name for name in undeclared if _SAYABLE.fullmatch(name))
        why = "Policy §3 allows what is listed of a project alone. " if file.table == "projects" else ""
        raise ContractError(
            f"{file.name}: {len(undeclared)} undeclared column(s) in {file.table}{': ' + shown if shown else ''}. {why}"
            "Drop or rename them in a map (--draft-map writes one), or declare them under [columns] in workspace.toml."
        )
    if missing := [name for name, required in declared.items() if required and not fit.supplies(name, fitted)]:
        raise ContractError(
            f"{file.name}: {file.table} needs {', '.join(missing)}. Rename a column, or give a constant, in a map."
        )
    if absent := [name for name in fit.where if name not in header]:
        raise ContractError(f"{file.name} has no column {absent[0]}, which the map selects rows by. Mend the map.")
    if file.format == "csv" and "messages" in fitted:
        raise ContractError(
            f"{file.name}: messages do not fit into a CSV cell. Export {file.table} as .jsonl or .parquet."
        )


def chunks(file: ExportFile, declared: dict[str, bool], fit: TableMap) -> Iterator[pl.DataFrame]:
    """The rows of a file, chunk by chunk. Raises ContractError, naming the file, where it is damaged or truncated."""
    read: Callable[..., Iterator[pl.DataFrame]] = {"jsonl": _read_jsonl, "csv": _read_csv, "parquet": _read_parquet}[
        file.format
    ]
    seen = 0
    with _by_name(file), opened(file.path, file.packing) as stream:
        for chunk in read(file, stream, declared, fit):
            seen += chunk.height
            if seen > MAX_ROWS:
                raise TooLarge
            yield chunk


def _read_jsonl(file: ExportFile, stream: BinaryIO, declared: dict[str, bool], fit: TableMap) -> Iterator[pl.DataFrame]:
    reader = jsonl.Reader(declared, fit)
    rows: list[jsonl.Row] = []
    size = 0
    for line, raw in _lines(stream):
        if raw is None or raw.strip():
            rows.append(reader.row(line, raw))
            size += len(raw or b"")
        if len(rows) == CHUNK.get(file.table, ROWS) or size > CHUNK_BYTES:
            yield reader.frame(rows)
            rows, size = [], 0
    if rows:
        yield reader.frame(rows)


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """(line, bytes), where a line beyond the limit has None for its bytes."""
    line = 0
    while raw := stream.readline(MAX_LINE):
        line += 1
        whole = raw.endswith(b"\n") or len(raw) < MAX_LINE
        yield line, raw.removeprefix(b"\xef\xbb\xbf") if whole else None
        while not whole:
            rest = stream.readline(MAX_LINE)
            whole = rest.endswith(b"\n") or not rest


def _csv(stream: BinaryIO) -> Iterator[list[str]]:
    csv.field_size_limit(MAX_LINE)

    def lines() -> Iterator[str]:
        for _, raw in _lines(stream):
            if raw is None:
                raise TooLarge
            yield raw.decode("utf-8", "surrogateescape")

    return csv.reader(lines())


def _read_csv(file: ExportFile, stream: BinaryIO, declared: dict[str, bool], fit: TableMap) -> Iterator[pl.DataFrame]:
    rows = _csv(stream)
    header = next(rows)
    kept = {name: place for place, name in enumerate(header) if fit.ours(name, declared) or name in fit.where}
    schema = {**dict.fromkeys(_names(kept, declared, fit), pl.String), "#line": pl.Int64, "#rule": pl.String}
    places = [*kept.values()]
    batch: list[tuple[object, ...]] = []
    empty = (None,) * len(places)
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            cells, rule = empty, "row|columns" if row else None
        elif not _is_text(row):
            cells, rule = empty, "row|encoding"
        else:
            cells, rule = tuple(row[place] or None for place in places), None
        if row:
            batch.append((*cells, line, rule))
        if len(batch) == CHUNK.get(file.table, ROWS):
            yield pl.DataFrame(batch, schema=schema, orient="row")
            batch = []
    if batch:
        yield pl.DataFrame(batch, schema=schema, orient="row")


def _is_text(row: list[str]) -> bool:
    try:
        "".join(row).encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_parquet(
    file: ExportFile, stream: BinaryIO, declared: dict[str, bool], fit: TableMap
) -> Iterator[pl.DataFrame]:
    parquet = _parquet(file, stream)
    kept = [name for name in parquet.schema_arrow.names if fit.ours(name, declared) or name in fit.where]
    line = 1
    for batch in parquet.iter_batches(CHUNK.get(file.table, ROWS), columns=kept):
        batch.validate(full=True)
        frame = cast("pl.DataFrame", pl.from_arrow(batch)).with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
        frame = frame.rename(dict(zip(kept, _names(kept, declared, fit), strict=True)))
        if "messages" in frame.columns:
            frame = frame.with_columns(_turns(frame.schema["messages"], fit.messages or TableMap()))
        yield frame.with_columns(
            pl.int_range(line, line + frame.height).alias("#line"), pl.lit(None, pl.String).alias("#rule")
        )
        line += frame.height


def _parquet(file: ExportFile, stream: BinaryIO) -> pq.ParquetFile:
    if not file.packing:
        return pq.ParquetFile(file.path, buffer_size=1 << 20)  # else a group of rows is read whole
    whole = stream.read(MAX_IN_MEMORY + 1)
    if len(whole) > MAX_IN_MEMORY:
        raise TooLarge
    return pq.ParquetFile(io.BytesIO(whole))


def _turns(dtype: pl.DataType, fit: TableMap) -> pl.Expr:
    if not isinstance(dtype, pl.List) or not isinstance(dtype.inner, pl.Struct):
        raise pl.exceptions.SchemaError
    fields = {field.name: fit.ours(field.name, TURN) for field in dtype.inner.fields}
    kept = [pl.element().struct.field(theirs).alias(ours) for theirs, ours in fields.items() if ours]
    return pl.col("messages").list.eval(pl.struct(kept))


def _names(kept: dict[str, int] | list[str], declared: dict[str, bool], fit: TableMap) -> list[str]:
    return [fit.ours(name, declared) or f"?{name}" for name in kept]


@contextmanager
def _by_name(file: ExportFile) -> Generator[None]:
    nothing = "Nothing of this export was added."
    try:
        yield
    except TooLarge:
        raise ContractError(
            f"{file.name} unpacks to far more than an export holds, or has a line without end. {nothing}"
        ) from None
    except KeyError:
        raise ContractError(
            f"{file.name}: undeclared columns inside messages. Drop or rename them in a map. {nothing}"
        ) from None
    except _DAMAGE:
        raise ContractError(
            f"{file.name} cannot be read: it is damaged or truncated. Export it again. {nothing}"
        ) from None
