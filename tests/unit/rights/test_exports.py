"""Rows of an account leave the product's exports, and nothing else changes there."""

import gzip
import io
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from privacy_analytics.errors import ContractError, NotFound
from privacy_analytics.ingest.maps import ColumnMap, TableMap
from privacy_analytics.rights.exports import rewrite_exports, rows_of
from privacy_analytics.scrub.identities import IdentityHasher
from privacy_analytics.witness import find

EVE = "eve-77012"
MAP = ColumnMap(tables={"events": TableMap(rename={"user_id": "account_id"})})
JSON = (
    b"\xef\xbb\xbf"
    + "\r\n".join(
        [
            '{"account_id": "ada-1", "topic":"caf\\u00e9",   "n": 1.0}',
            f'{{"account_id": "{EVE}", "topic": "her words"}}',
            '{"topic": "nobody\'s"}',
            "",
            f'{{"account_id": "ada-1", "topic": "about {EVE[:3]}"}}',
        ]
    ).encode()
)
CSV = f'account_id,topic\r\nada-1,"two\nlines"\r\n"{EVE}","her\nwords, too"\r\n\r\nada-1,\xff plain\n'.encode("latin-1")
PACK = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}
UNPACK = {
    "": bytes,
    ".gz": gzip.decompress,
    ".zst": lambda data: zstandard.ZstdDecompressor().stream_reader(data).read(),
}


@pytest.fixture
def export(tmp_path):
    (tmp_path / "export").mkdir()
    return tmp_path / "export"


def names(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.fixture
def erased(empty):
    """Settings and the pseudonym of EVE, as ``rewrite_exports`` takes them."""
    return empty, [IdentityHasher(*empty.secret_keys()).pseudonym(EVE)]


def parquet(**columns):
    pq.write_table(pa.table(columns), made := io.BytesIO(), row_group_size=2, compression="zstd")
    return made.getvalue()


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize(("name", "data", "lost"), [("chats.jsonl", JSON, 1), ("chats.csv", CSV, 2)])
def test_every_other_row_stays_byte_for_byte(name, data, lost, packing, erased, export):
    file = export / f"{name}{packing}"
    file.write_bytes(PACK[packing](data))
    counts = rewrite_exports(export, ColumnMap(), *erased)
    lines = data.splitlines(keepends=True)
    theirs = next(number for number, line in enumerate(lines) if EVE.encode() in line)
    assert UNPACK[packing](file.read_bytes()) == b"".join(lines[:theirs] + lines[theirs + lost :])
    assert (counts.rows, counts.files, counts.of_files, counts.unread) == (1, 1, 1, 0)


@pytest.mark.parametrize("packing", PACK)
def test_a_parquet_file_keeps_its_schema_and_its_other_rows(packing, erased, export):
    said = pa.array(["a", "only hers", "c", "d", "a"])
    nested = pa.ListArray.from_arrays([0, 1, 2, 3, 4, 5], said.dictionary_encode())
    data = parquet(
        user_id=pa.array(["ada-1", EVE, "bob-2", EVE, "ada-1"]).dictionary_encode(), said=nested, n=[1, 2, 3, 4, 5]
    )
    file = export / f"events.parquet{packing}"
    file.write_bytes(PACK[packing](data))
    counts = rewrite_exports(export, MAP, *erased)
    before, after = (pq.read_table(io.BytesIO(each)) for each in (data, UNPACK[packing](file.read_bytes())))
    assert after.schema.equals(before.schema, check_metadata=True)
    assert after.to_pylist() == [row for row in before.to_pylist() if row["user_id"] != EVE]
    assert counts.rows == 2
    assert find(export, [EVE, "only hers"]) == []


def test_a_file_without_their_rows_is_not_touched(erased, export):
    file = export / "chats.jsonl"
    file.write_text('{"account_id": "ada-1"}\n')
    os.utime(file, ns=(1, 1))
    assert rewrite_exports(export, ColumnMap(), *erased).files == 0
    assert (file.stat().st_mtime_ns, names(export)) == (1, ["chats.jsonl"])


def test_a_rewritten_file_keeps_its_mode_and_what_a_killed_rewrite_left_is_removed(erased, export):
    file = export / "chats.jsonl"
    file.write_bytes(JSON)
    file.chmod(0o640)
    (export / ".chats.jsonl.partial").write_text(EVE)
    (export / "readme.md").write_text("no table")
    counts = rewrite_exports(export, ColumnMap(), *erased)
    assert file.stat().st_mode & 0o777 == 0o640
    assert names(export) == ["chats.jsonl", "readme.md"]
    assert "readme.md" in counts.alone
    assert rewrite_exports(export, ColumnMap(), *erased).rows == 0


def test_an_account_is_found_by_what_stands_in_for_its_id_and_by_a_number(erased, export, empty):
    number = IdentityHasher(*empty.secret_keys()).pseudonym("77012")
    fit = ColumnMap(tables={"chats": TableMap(fallback={"account_id": "topic"})})
    (export / "chats.jsonl").write_text(f'{{"topic": "{EVE}"}}\n{{"account_id": 77012}}\n{{"account_id": 77013}}\n')
    assert rewrite_exports(export, fit, empty, [*erased[1], number]).rows == 2


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("chats.jsonl.gz", gzip.compress(JSON * 50)[:-9]),
        ("chats.jsonl.zst", zstandard.compress(JSON * 50)[:-9]),
        ("events.parquet", parquet(user_id=[EVE, "b"], text=["x" * 500, "y"])[:-30]),
        ("events.parquet", b"PAR1" + b"\xff" * 60 + parquet(user_id=[EVE, "b"], text=["x" * 500, "y"])[64:]),
        ("events.csv", b"name,topic\nx,y\n"),
    ],
)
def test_a_damaged_file_or_one_without_accounts_is_named_and_left_as_it_is(name, data, erased, export):
    file = export / name
    file.write_bytes(data)
    with pytest.raises(ContractError, match=name):
        rewrite_exports(export, MAP, *erased)
    assert (file.read_bytes(), names(export)) == (data, [name])


def test_rows_that_cannot_be_read_are_counted_and_stay(erased, export):
    (export / "chats.jsonl").write_text(f'{{"account_id": "{EVE}"}}\nno json\n')
    (export / "projects.csv").write_text(f"account_id,key\n{EVE},a,b\n")
    counts = rewrite_exports(export, ColumnMap(), *erased)
    assert (counts.rows, counts.unread) == (1, 2)
    assert (export / "chats.jsonl").read_text() == "no json\n"


def test_a_folder_without_exports_is_not_found(erased, export):
    with pytest.raises(NotFound, match="Name an export"):
        rewrite_exports(export / "none", ColumnMap(), *erased)


def test_the_rows_of_an_account_are_told_in_the_clear(erased, export):
    (export / "chats.jsonl").write_bytes(JSON)
    (export / "projects.csv").write_bytes(CSV.replace(b"\xff", b""))
    (export / "events.parquet").write_bytes(parquet(user_id=["ada-1", EVE], n=[1, 2]))
    assert list(rows_of(export, MAP, *erased)) == [
        ("chats", {"account_id": EVE, "topic": "her words"}),
        ("events", {"user_id": EVE, "n": 2}),
        ("projects", {"account_id": EVE, "topic": "her\nwords, too"}),
    ]
