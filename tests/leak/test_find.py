"""The searcher proves itself: it finds a canary in every kind of place that it claims to open."""

import base64
import bz2
import gzip
import json
import lzma
import os
import random
import sqlite3
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from fnmatch import fnmatch
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from deltalake import DeltaTable, write_deltalake
from find import UNREADABLE, Hit, find

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


@pytest.mark.parametrize("place", PLACES)
def test_a_canary_is_found_in(place: str, tmp_path: Path):
    plant, path, where = PLACES[place]
    plant(tmp_path)
    hits = find(tmp_path, NEEDLES)
    assert any(hit.needle == 1 and fnmatch(hit.path, path) and fnmatch(hit.where, where) for hit in hits), hits
    assert {hit.needle for hit in hits} == {1}


@pytest.mark.parametrize("place", [p for p in PLACES if p.startswith(("parquet co", "parquet di", "gz", "zst", "xz"))])
def test_a_plain_search_would_miss_it_in(place: str, tmp_path: Path):
    PLACES[place][0](tmp_path)
    hidden = place != "parquet column name"
    assert hidden is all(CANARY.encode() not in file.read_bytes() for file in tmp_path.iterdir())


def test_a_row_that_is_only_in_the_write_ahead_log_is_found(tmp_path: Path):
    connection = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    connection.executescript("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE notes (body)")
    connection.execute("INSERT INTO notes VALUES (?)", [CANARY])
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    hits = find(tmp_path, NEEDLES)
    assert Hit(1, "s.db", "table notes > column body") in hits
    assert Hit(1, "s.db-wal", "raw bytes") in hits
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    connection.close()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_letters_beyond_ascii_are_found_in(encoding: str, tmp_path: Path):
    (tmp_path / "a.txt").write_bytes("met ZOE\u0308\n   łuczak yesterday".encode(encoding))
    assert [hit.needle for hit in find(tmp_path, NEEDLES)] == [2]


def test_words_in_neighbouring_cells_of_a_html_table_are_found(tmp_path: Path):
    (tmp_path / "a.html").write_text("<td>Zo&euml;</td><td>&#x141;uczak</td>")
    assert find(tmp_path, NEEDLES) == [Hit(2, "a.html", "raw bytes (tags as spaces)")]


def test_a_number_in_a_parquet_column_is_found(tmp_path: Path):
    number_in_parquet(tmp_path)
    assert Hit(0, "t.parquet", "column text") in find(tmp_path, ["4917012345678"])


def test_a_clean_tree_yields_nothing(tmp_path: Path):
    clean = tmp_path / "clean"
    clean.mkdir()
    for i, (plant, _, _) in enumerate(PLACES.values()):
        (clean / str(i)).mkdir()
        plant(clean / str(i))
    (clean / "inside").symlink_to(clean / "0")
    (clean / "empty.parquet").touch()
    assert find(clean, ["nobody of this name"]) == []


def encrypted_zip() -> bytes:
    with zipfile.ZipFile(packed := BytesIO(), "w") as archive:
        archive.writestr("a.txt", "x")
    data = packed.getvalue()
    entry = data.index(b"PK\1\2")
    return data[:6] + b"\1" + data[7 : entry + 8] + b"\1" + data[entry + 9 :]


def parquet_bytes(**options: Any) -> bytes:
    pq.write_table(pa.table({"text": WORDS}), packed := BytesIO(), compression="zstd", **options)
    return packed.getvalue()


def sqlite_bytes() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.executescript("CREATE TABLE t (a)")
    connection.executemany("INSERT INTO t VALUES (?)", [[word] for word in WORDS])
    connection.commit()
    return connection.serialize()


SQLITE = sqlite_bytes()
PACKED_TEXT = " ".join(MIDDLE).encode()
ENDLESS = gzip.compress(CANARY.encode() + b" " * 100_000)


def packed_often(times: int) -> bytes:
    data = b"x"
    for _ in range(times):
        data = gzip.compress(data)
    return data


BROKEN: dict[str, tuple[str, bytes]] = {
    "truncated gz": ("a.gz", gzip.compress(PACKED_TEXT)[:-900]),
    "truncated zst": ("a.zst", zstandard.compress(PACKED_TEXT)[:-900]),
    "truncated xz": ("a.xz", lzma.compress(PACKED_TEXT)[:-900]),
    "damaged bz2": ("a.bz2", bz2.compress(PACKED_TEXT)[:-900] + b"x" * 900),
    "truncated parquet": ("a.parquet", parquet_bytes()[:-30]),
    "parquet with a damaged page": ("a.parquet", b"PAR1" + b"\xff" * 400 + parquet_bytes()[404:]),
    "encrypted zip": ("a.zip", encrypted_zip()),
    "truncated zip": ("a.zip", encrypted_zip()[:-20]),
    "sqlite with a damaged page": ("s.db", SQLITE[:4096] + b"\xff" * 4096 + SQLITE[8192:]),
    "a parquet that is none": ("a.parquet", b"hello"),
    "a notebook that is no JSON": ("n.ipynb", b'{"cells": ['),
    "truncated png": ("a.png", png(b"tEXt", b"Author\0x")[:-12]),
    "damaged png text": ("a.png", png(b"zTXt", b"Author\0\0" + ZTXT[:-9])),
    "a PDF": ("a.pdf", b"%PDF-1.7"),
    "nested too deep": ("a.gz", packed_often(9)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_read_is_reported(what: str, tmp_path: Path):
    name, data = BROKEN[what]
    (tmp_path / name).write_bytes(data)
    hits = find(tmp_path, ["nobody of this name"])
    assert [(hit.needle, hit.path) for hit in hits] == [(UNREADABLE, name)]
    assert hits[0].where.startswith("unreadable: ")


def test_what_is_longer_than_the_limit_is_searched_so_far_and_reported(tmp_path: Path):
    (tmp_path / "a.gz").write_bytes(ENDLESS)
    assert find(tmp_path, NEEDLES, limit=50_000) == [
        Hit(UNREADABLE, "a.gz", "unreadable: gzip: more than 50000 bytes"),
        Hit(1, "a.gz", "gzip > raw bytes"),
    ]


def test_a_link_out_of_the_folder_and_a_pipe_are_reported_and_not_opened(tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.txt").write_text(CANARY)
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out")
    os.mkfifo(tmp_path / "in" / "pipe")
    assert [(hit.needle, hit.path) for hit in find(tmp_path / "in", NEEDLES)] == [
        (UNREADABLE, "link"),
        (UNREADABLE, "pipe"),
    ]


def test_a_blank_needle_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="blank"):
        find(tmp_path, ["x", " \n"])


def test_the_command_prints_numbers_and_places_but_no_canary(tmp_path: Path):
    (tmp_path / f"{CANARY}.txt").write_text(f"by {CANARY}")
    command = [sys.executable, str(Path(__file__).with_name("find.py")), str(tmp_path)]
    run = subprocess.run(command, input=f"nobody of this name\n\n{CANARY}\n", capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (1, "")
    assert run.stdout == "canary 3\t[canary].txt\tname\ncanary 3\t[canary].txt\traw bytes\n"
    assert subprocess.run(command, input="nobody of this name\n", capture_output=True, text=True).returncode == 0
    assert subprocess.run(command, input="", capture_output=True, text=True).returncode == 2
