"""Opens a file the way a curious reader would, and yields every text in it with the place it came from.

    bytes ──> known by their first bytes: parquet, sqlite, zip, gz/zst/bz2/lz4/xz, png ──> what is inside, opened again
          ├─> a notebook: every string of its JSON
          └─> always: as text, in every plausible encoding, unescaped, without tags, and with base64 runs opened again

What cannot be opened is yielded as `Unreadable`, never passed over: a searcher that skips is a searcher that lies.
"""

from __future__ import annotations

import json
import lzma
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from privacy_analytics.witness.decodings import (
    SEPARATOR,
    base64_prefix,
    base64_runs,
    chunks,
    encodings,
    unbase64,
    views,
    wide_encoding,
)
from privacy_analytics.witness.pieces import At, Found, Piece, Unreadable

compute: Any = pyarrow.compute  # its functions are made at run time


def open_file(path: Path, limit: int) -> Found:
    """Every text in the regular file `path`; one compressed stream is unpacked up to `limit` bytes."""
    at = At(name=path.name, limit=limit, path=path)
    yield from _guarded(lambda: open_bytes(path.read_bytes(), at), at)


def open_bytes(data: bytes, at: At) -> Found:
    """Every text in `data`: opened by its first bytes, and read as raw text as well."""
    opener = next((opener for magic, opener in OPENERS.items() if data.startswith(magic)), None)
    suffix = PurePath(at.name).suffix.lower()
    if opener and at.layers <= 0:
        yield Unreadable(at.where, "nested too deep")
    elif opener:
        yield from _guarded(lambda: opener(data, at), at)
    elif data and suffix in PROMISES:
        yield Unreadable(at.where, f"not a {suffix} file")
    elif data.startswith(CLOSED):
        yield Unreadable(at.where, "no opener for this format")
    elif suffix == ".ipynb":
        yield from _guarded(lambda: _notebook(data, at), at)
    raw = at.beside("raw bytes")
    if opener in (None, _sqlite):
        yield from open_text(data, raw)
    else:  # packed bytes hold names and bounds as they stand; escapes in them are accidents, and many
        for chunk in chunks(data):
            yield from (Piece(raw.where, encoding, text) for encoding, text in encodings(chunk, None))


def _guarded(open_it: Callable[[], Found], at: At) -> Found:
    try:
        yield from open_it()
    except Exception as error:  # noqa: BLE001  whatever a parser chokes on hides something
        yield Unreadable(at.where, type(error).__name__)


# Containers


def _unpacked(open_it: Callable[[], IO[bytes]], at: At) -> Found:
    data = bytearray()
    try:
        with open_it() as stream:
            while len(data) <= at.limit and (block := stream.read(1 << 20)):
                data += block
    except Exception as error:  # noqa: BLE001  what came out before the damage is searched all the same
        yield Unreadable(at.where, type(error).__name__)
    if len(data) > at.limit:
        yield Unreadable(at.where, f"more than {at.limit} bytes")
    yield from open_bytes(bytes(data[: at.limit]), at)


def _compressed(codec: str) -> Callable[[bytes, At], Found]:
    def unpack(data: bytes, at: At) -> Found:
        def stream() -> IO[bytes]:
            # unlike zstandard's own reader, Arrow's refuses a truncated frame
            return lzma.open(BytesIO(data)) if codec == "xz" else pa.CompressedInputStream(pa.BufferReader(data), codec)

        return _unpacked(stream, at.into(codec, PurePath(at.name).stem))

    return unpack


def _zip(data: bytes, at: At) -> Found:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        for member in archive.infolist():
            inner = at.into(f"zip member {member.filename}", member.filename)
            yield from _unpacked(lambda member=member: archive.open(member), inner)


def _png(data: bytes, at: At) -> Found:
    offset, kind = 8, b""
    while kind != b"IEND":
        size, kind = struct.unpack_from(">I4s", data, offset)
        body, offset = data[offset + 8 : offset + 8 + size], offset + 12 + size
        keyword, _, rest = body.partition(b"\0")
        inner = at.beside(f"png {kind.decode('latin-1')} chunk")
        if kind == b"tEXt":
            yield from open_text(body, inner)
        elif kind == b"zTXt":
            yield from open_text(keyword + b"\x01" + _inflated(rest[1:], at), inner)
        elif kind == b"iTXt":
            text = rest[2:].split(b"\0", 2)[2]
            yield from open_text(body + b"\x01" + (_inflated(text, at) if rest[0] else text), inner)


def _inflated(data: bytes, at: At) -> bytes:
    stream = zlib.decompressobj()
    text = stream.decompress(data, at.limit)
    if not stream.eof:
        raise EOFError
    return text


# Tables


def _parquet(data: bytes, at: At) -> Found:
    meta = pq.read_metadata(pa.BufferReader(data))
    columns = [meta.schema.column(i) for i in range(meta.num_columns)]
    yield from _cells((c.path.encode() for c in columns), at.beside("column names"))
    key_values = (part for pair in (meta.metadata or {}).items() for part in pair)
    yield from _cells(key_values, at.beside("footer key-value metadata"))
    for i, column in enumerate(columns):
        statistics = [meta.row_group(group).column(i).statistics for group in range(meta.num_row_groups)]
        bounds = (bound for s in statistics if s is not None and s.has_min_max for bound in (s.min, s.max))
        place = at.beside(f"footer statistics of column {column.path}")
        yield from _guarded(lambda b=bounds, p=place: _cells(map(_as_bytes, b), p), place)
    # read as dictionaries, a column keeps the values that no row refers to any more
    texts = [c.path for c in columns if c.physical_type == "BYTE_ARRAY"]
    file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts)
    for group in range(meta.num_row_groups):
        table = file.read_row_group(group)
        for name, column in zip(table.column_names, table.columns, strict=True):
            for leaf, values in (pair for chunk in column.chunks for pair in _leaves(chunk, f"column {name}")):
                place = at.beside(leaf)
                yield from _guarded(lambda v=values, p=place: _values(v, p), place)


def _leaves(array: pa.Array, place: str) -> Iterator[tuple[str, pa.Array]]:
    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        yield from _leaves(array.storage, place)
    elif pa.types.is_dictionary(kind):
        used = array.dictionary_decode().unique()
        unused = compute.invert(compute.is_in(array.dictionary, used))
        yield from _leaves(used, place)
        yield from _leaves(array.dictionary.filter(unused), f"dictionary of {place}")
    elif pa.types.is_struct(kind):
        for field, child in zip(kind, array.flatten(), strict=True):
            yield from _leaves(child, f"{place}.{field.name}")
    elif pa.types.is_map(kind):
        yield from _leaves(array.keys, f"{place}.key")
        yield from _leaves(array.items, f"{place}.value")
    elif pa.types.is_nested(kind):
        yield from _leaves(array.flatten(), f"{place}[]")
    else:
        yield place, array


def _values(array: pa.Array, at: At) -> Found:
    values = array.unique().drop_null()
    if pa.types.is_primitive(values.type):  # numbers and times: nothing is packed into their digits
        yield Piece(at.where, "", SEPARATOR.join(values.cast(pa.large_string()).to_pylist()))
        return
    if not pa.types.is_fixed_size_binary(values.type):
        if not pa.types.is_binary(values.type) and not pa.types.is_large_binary(values.type):
            values = values.cast(pa.large_string())
        values = values.cast(pa.large_binary())  # as bytes: a text column may hold what is no text
    yield from _cells(values.to_pylist(), at)


def _sqlite(data: bytes, at: At) -> Found:
    with TemporaryDirectory() as folder:
        copy = Path(folder, "copy.db")
        copy.write_bytes(data)
        wal = at.path and at.path.with_name(at.path.name + "-wal")
        if wal and wal.is_file():
            Path(folder, "copy.db-wal").write_bytes(wal.read_bytes())
        connection = sqlite3.connect(copy)
        try:
            connection.text_factory = bytes
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for table in ["sqlite_master", *(name.decode() for (name,) in tables)]:
                inner = at.beside(f"table {table}")
                yield from _guarded(lambda table=table, inner=inner: _rows(connection, table, inner), inner)
        finally:
            connection.close()


def _rows(connection: sqlite3.Connection, table: str, at: At) -> Found:
    quoted = table.replace('"', '""')
    rows = connection.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608  # a name can be no parameter
    names = [description[0] for description in rows.description]
    while batch := rows.fetchmany(10_000):
        for name, values in zip(names, zip(*batch, strict=True), strict=True):
            cells = {_as_bytes(value) for value in values if value is not None}
            yield from _cells(cells, at.beside(f"column {name}"))


def _as_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _cells(values: Iterable[bytes], at: At) -> Found:
    cells = list(values)
    for cell in cells:
        if cell.startswith(tuple(OPENERS)):
            yield from open_bytes(cell, at.into("cell"))
    for plain in (True, False):  # apart: one letter beyond ASCII makes a whole chunk slow
        yield from open_text(SEPARATOR.encode().join(cell for cell in cells if cell.isascii() is plain), at)


# Text


def _notebook(data: bytes, at: At) -> Found:
    for place, text in _strings(json.loads(data), "notebook"):
        yield from open_text(text.encode("utf-8", "surrogatepass"), at.beside(place))


def _strings(node: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield place, node
    elif isinstance(node, list) and all(isinstance(line, str) for line in node):
        yield place, "".join(node)  # nbformat keeps a text as a list of its lines
    elif isinstance(node, list):
        for i, child in enumerate(node):
            yield from _strings(child, f"{place}[{i}]")
    elif isinstance(node, dict):
        for key, child in node.items():
            yield from _strings(child, f"{place}.{key}")


def open_text(data: bytes, at: At) -> Found:
    wide = wide_encoding(data)
    for chunk in chunks(data):
        for encoding, text in encodings(chunk, wide):
            runs: set[str] = set()
            for view, shown in views(text):
                yield Piece(at.where, f"{encoding} {view}".strip(), shown)
                runs |= base64_runs(shown)
            if runs and at.layers > 0:
                yield from _base64(sorted(runs), at.into("base64"))


def _base64(runs: list[str], at: At) -> Found:
    for run, following in zip(runs, [*runs[1:], ""], strict=True):
        if run.startswith(PACKED) and not following.startswith(run):  # else another view shows more of it
            yield from open_bytes(unbase64([run]), at)
    for phase in range(4):  # a run may begin with letters that belong to what stands before it, such as a path
        yield from open_text(unbase64(run[phase:] for run in runs), at)


OPENERS: dict[bytes, Callable[[bytes, At], Found]] = {
    b"PAR1": _parquet,
    b"SQLite format 3\0": _sqlite,
    b"PK\x03\x04": _zip,
    b"\x89PNG\r\n\x1a\n": _png,
    b"\x28\xb5\x2f\xfd": _compressed("zstd"),
    b"\x1f\x8b\x08": _compressed("gzip"),
    b"\x04\x22\x4d\x18": _compressed("lz4"),
    b"\xfd7zXZ\0": _compressed("xz"),
    **{b"BZh%d1AY&SY" % level: _compressed("bz2") for level in range(1, 10)},
}
PACKED = tuple(base64_prefix(magic) for magic in OPENERS)
PROMISES = {".parquet", ".sqlite", ".sqlite3", ".db", ".zip", ".png", ".zst", ".gz", ".lz4", ".xz", ".bz2"}
CLOSED = (b"%PDF-", b"ARROW1\0\0", b"7z\xbc\xaf\x27\x1c", b"PARE")
