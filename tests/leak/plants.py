"""Where a canary may hide: each place is made in a folder, and says in which file and where it has to be found."""

import base64
import bz2
import gzip
import json
import lzma
import random
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from deltalake import DeltaTable, write_deltalake

CANARY = "jane.canary+7@studio.example"
NEEDLES = ["nobody of this name", CANARY, "Zoë Łuczak"]
LETTERS = random.Random(7)
WORDS = ["".join(LETTERS.choices("abcdefghijklmnopqrstuvwxyz", k=12)) for _ in range(2_000)]
MIDDLE = sorted(["a", *WORDS, CANARY, "zz"])  # the canary is neither the least nor the greatest

Plant = Callable[[Path], object]


def as_base64(text: str | bytes, codec: Callable[[bytes], bytes] = base64.b64encode) -> str:
    return codec(text if isinstance(text, bytes) else text.encode()).decode()


def table(folder: Path, values: object, **options: Any) -> None:
    pq.write_table(pa.table({"text": values}), folder / "t.parquet", compression="zstd", **options)


def dictionary_nobody_uses(folder: Path) -> None:
    table(folder, pa.DictionaryArray.from_arrays(pa.array([0, 1] * 50), pa.array(["a", "zz", *WORDS, CANARY])))


def nested_parquet(folder: Path) -> None:
    rows = [{"messages": [{"body": text.encode(), "sent": 1}]} for text in MIDDLE]
    pl.DataFrame(rows).write_parquet(folder / "t.parquet", statistics=False)


def map_in_parquet(folder: Path) -> None:
    pairs = pa.array([[(text, 1)] for text in MIDDLE], pa.map_(pa.string(), pa.int64()))
    table(folder, pairs, row_group_size=500, write_statistics=False)


def number_in_parquet(folder: Path) -> None:
    table(folder, pa.array([0, 4917012345678, 10**15]))


def key_value_metadata(folder: Path) -> None:
    pq.write_table(pa.table({"n": [1]}).replace_schema_metadata({"author": CANARY}), folder / "t.parquet")


def deleted_from_delta(folder: Path) -> None:
    write_deltalake(folder, pl.DataFrame({"who": [CANARY, "zz"], "n": [1, 2]}))
    DeltaTable(folder).create_checkpoint()
    DeltaTable(folder).delete(f"who = '{CANARY}'")


def delta_middle_row(folder: Path) -> None:
    write_deltalake(folder, pl.DataFrame({"who": MIDDLE}))
    DeltaTable(folder).delete("who > 'a'")


def sqlite_table(folder: Path) -> None:
    with sqlite3.connect(folder / "s.db") as connection:
        connection.execute("CREATE TABLE notes (n INTEGER, body BLOB)")
        connection.execute("INSERT INTO notes VALUES (1, ?)", [gzip.compress(f"hello {CANARY}".encode() * 20)])
    connection.close()


def sqlite_freelist(folder: Path) -> None:
    connection = sqlite3.connect(folder / "s.db")
    connection.executescript("PRAGMA secure_delete = OFF; CREATE TABLE notes (body TEXT)")
    connection.executemany("INSERT INTO notes VALUES (?)", [[f"{CANARY} {word}"] for word in WORDS])
    connection.commit()
    connection.execute("DROP TABLE notes")
    assert connection.execute("PRAGMA freelist_count").fetchone()[0] > 10
    connection.close()


def zst_in_zip(folder: Path) -> None:
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner/log.txt.zst", zstandard.compress(" ".join(MIDDLE).encode()))


def parquet_in_gz(folder: Path) -> None:
    table(folder, pa.array(MIDDLE))
    packed = folder / "t.parquet"
    (folder / "t.parquet.gz").write_bytes(gzip.compress(packed.read_bytes()))
    packed.unlink()


def notebook(**cell: object) -> Plant:
    cells = {"cells": [{"cell_type": "code", "source": [], "metadata": {}, "outputs": []} | cell]}
    return lambda folder: (folder / "n.ipynb").write_text(json.dumps(cells))


def text(name: str, content: str | bytes) -> Plant:
    return lambda folder: (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(kind: bytes, body: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(kind, body) + chunk(b"IEND", b"")


ENTITIES = "".join(f"&#{ord(letter)};" for letter in CANARY)
ESCAPES = "".join(f"\\u{ord(letter):04x}" for letter in CANARY)
TSPANS = "<tspan x='1'>jane.can</tspan><tspan>ary+7@</tspan><tspan>studio.example</tspan>"
ZTXT = zlib.compress(" ".join(MIDDLE).encode())
WRAPPED = base64.encodebytes(" ".join(MIDDLE).encode()).decode()

# what is planted: (how, in which file it must be found, in which place of it)
PLACES: dict[str, tuple[Plant, str, str]] = {
    "parquet column": (lambda f: table(f, pa.array(MIDDLE)), "t.parquet", "column text"),
    "parquet plain pages": (
        lambda f: table(f, pa.array(MIDDLE), use_dictionary=False, row_group_size=100),
        "t.parquet",
        "column text",
    ),
    "parquet dictionary, used by no row": (dictionary_nobody_uses, "t.parquet", "dictionary of column text"),
    "parquet binary in struct in list": (nested_parquet, "t.parquet", "column messages[].body"),
    "parquet map key": (map_in_parquet, "t.parquet", "column text.key"),
    "parquet statistics": (
        lambda f: table(f, pa.array(["b", CANARY])),
        "t.parquet",
        "footer statistics of column text",
    ),
    "parquet key-value metadata": (key_value_metadata, "t.parquet", "footer key-value metadata"),
    "parquet column name": (
        lambda f: pl.DataFrame({CANARY: [1]}).write_parquet(f / "t.parquet"),
        "t.parquet",
        "column names",
    ),
    "base64 in a parquet column": (
        lambda f: table(f, pa.array([*WORDS, "x " + as_base64(CANARY)])),
        "t.parquet",
        "column text > base64",
    ),
    "delta file of a deleted row": (delta_middle_row, "part-*.parquet", "column who"),
    "delta log statistics": (deleted_from_delta, "_delta_log/*0.json", "raw bytes"),
    "delta log predicate": (deleted_from_delta, "_delta_log/*1.json", "raw bytes"),
    "delta checkpoint": (deleted_from_delta, "_delta_log/*.checkpoint.parquet", "column *"),
    "sqlite cell, packed": (sqlite_table, "s.db", "table notes > column body > cell > gzip > raw bytes"),
    "sqlite freelist": (sqlite_freelist, "s.db", "raw bytes"),
    "sqlite schema": (
        lambda f: sqlite3.connect(f / "s.db").execute(f'CREATE TABLE "{CANARY}" (n)').connection.close(),
        "s.db",
        "table sqlite_master > column name",
    ),
    "gz": (text("a.gz", gzip.compress(" ".join(MIDDLE).encode())), "a.gz", "gzip > raw bytes"),
    "second member of a gz": (text("a.gz", gzip.compress(b"x") + gzip.compress(CANARY.encode())), "a.gz", "gzip > *"),
    "zst": (text("a.zst", zstandard.compress(" ".join(MIDDLE).encode())), "a.zst", "zstd > raw bytes"),
    "bz2": (text("a.bz2", bz2.compress(CANARY.encode())), "a.bz2", "bz2 > raw bytes"),
    "xz": (text("a.xz", lzma.compress(" ".join(MIDDLE).encode())), "a.xz", "xz > raw bytes"),
    "zst in zip": (zst_in_zip, "a.zip", "zip member inner/log.txt.zst > zstd > raw bytes"),
    "parquet in gz": (parquet_in_gz, "t.parquet.gz", "gzip > column text"),
    "notebook source": (notebook(source=["mail = '", CANARY]), "n.ipynb", "notebook.cells[[]0[]].source"),
    "notebook output": (
        notebook(outputs=[{"data": {"text/html": ["<b>jane.can</b>", "ary+7@<i>studio.example</i>"]}}]),
        "n.ipynb",
        "notebook.cells[[]0[]].outputs[[]0[]].data.text/html (without tags)",
    ),
    "notebook metadata": (notebook(metadata={"by": CANARY}), "n.ipynb", "notebook.cells[[]0[]].metadata.by"),
    "notebook attachment": (
        notebook(attachments={"a.png": {"image/png": as_base64(png(b"zTXt", b"Author\0\0" + ZTXT))}}),
        "n.ipynb",
        "*.attachments.a.png.image/png > base64 > png zTXt chunk",
    ),
    "html entities": (text("a.html", f"<p>{ENTITIES}"), "a.html", "raw bytes (unescaped)"),
    "html named letter": (text("a.html", "<p>&#106;ane&period;canary&plus;7&commat;studio.example"), "a.html", "raw *"),
    "svg tspans": (text("a.svg", f"<svg><text>{TSPANS}</text></svg>"), "a.svg", "raw bytes (without tags)"),
    "base64 in html": (
        text("a.html", f"<img src='data:image/svg+xml;base64,{as_base64(f'<svg>{TSPANS}</svg>')}'>"),
        "a.html",
        "raw bytes > base64 (without tags)",
    ),
    "percent signs in a data URI": (text("a.html", f"data:,{quote(ENTITIES)}"), "a.html", "raw bytes (unescaped)"),
    "base64, thrice": (
        text("a.log", as_base64(as_base64(as_base64(CANARY)))),
        "a.log",
        "raw bytes > base64 > base64 > base64",
    ),
    "base64, urlsafe, in a path": (
        text("a.log", "/v1/" + as_base64("???>>>" + CANARY, base64.urlsafe_b64encode).rstrip("=")),
        "a.log",
        "raw bytes > base64",
    ),
    "base64 in lines": (text("a.eml", WRAPPED), "a.eml", "raw bytes > base64"),
    "base64 of gz": (text("a.log", as_base64(gzip.compress(CANARY.encode() * 9))), "a.log", "* > base64 > gzip > *"),
    "json escapes": (text("a.json", f'{{"a": "{ESCAPES}"}}'), "a.json", "raw bytes (unescaped)"),
    "json in json": (text("a.json", json.dumps(f'{{"a": "{ESCAPES}"}}')), "a.json", "raw bytes (unescaped)"),
    "utf-16": (text("a.txt", CANARY.encode("utf-16")), "a.txt", "raw bytes (*)"),
    "utf-16 inside a binary file": (text("a.bin", b"\7\xff\1" + CANARY.encode("utf-16-be")), "a.bin", "raw bytes (*)"),
    "png tEXt": (text("a.png", png(b"tEXt", b"Author\0" + CANARY.encode())), "a.png", "png tEXt chunk"),
    "png zTXt": (text("a.png", png(b"zTXt", b"Author\0\0" + ZTXT)), "a.png", "png zTXt chunk"),
    "png iTXt": (text("a.png", png(b"iTXt", b"Author\0\1\0en\0\0" + ZTXT)), "a.png", "png iTXt chunk"),
    "file name": (text(f"{CANARY}.txt", ""), f"{CANARY}.txt", "name"),
    "folder name": (lambda f: (f / "x" / CANARY).mkdir(parents=True), f"x/{CANARY}", "name"),
    "link target": (lambda f: (f / "link").symlink_to(CANARY), "link", "link target"),
    "upper case": (text("a.txt", CANARY.upper()), "a.txt", "raw bytes"),
    "across the edge of a chunk": (text("a.txt", b"." * ((4 << 20) - 9) + CANARY.encode()), "a.txt", "raw bytes"),
}
