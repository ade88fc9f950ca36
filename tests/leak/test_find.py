"""The searcher proves itself: it finds a canary in every kind of place that it claims to open."""

import bz2
import gzip
import lzma
import os
import sqlite3
import subprocess
import sys
import zipfile
from fnmatch import fnmatch
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from plants import CANARY, MIDDLE, NEEDLES, PLACES, WORDS, ZTXT, number_in_parquet, png

from privacy_analytics.witness import UNREADABLE, Hit, find


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
