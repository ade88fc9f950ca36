"""The release store's Parquet beside its JSON: what others read without us."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from privacy_analytics.dp.releases import Cell, Mechanism, Release
from privacy_analytics.dp.store import FolderStore, parquet

CELLS = (
    Cell(("chat", "p50"), 900.25, 860.0, 940.0, None, "ok"),
    Cell(("chät", "p90"), 13.37, -6.0, 33.0, None, "suppressed"),
)
RELEASE = Release(
    id="r-aaaaaaaaaaaa",
    key="a" * 64,
    unit="quantile",
    table="sessions",
    by=("feature", "quantile"),
    month="2026-10",
    snapshot="2026-10.r0",
    population="all",
    floor=20,
    cells=CELLS,
    question={"kind": "quantiles", "table": "sessions", "column": "minutes", "probs": [0.5, 0.9]},
    mechanism=Mechanism("noisy max of rank scores", None, 1, 1, 1.0, bounds=(0.0, 240.0)),
    nano_rho=5,
    recorded={"purpose": "usage"},
)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    made = FolderStore(tmp_path)
    made.put(RELEASE.id, RELEASE.to_json())
    return made


def _file(store: FolderStore) -> Path:
    return store.folder / f"{RELEASE.id}.parquet"


def test_pandas_polars_and_duckdb_read_the_same_cells(store: FolderStore):
    file, expected = _file(store), RELEASE.to_polars()
    assert pl.read_parquet(file).equals(expected)
    assert pd.read_parquet(file)["feature"].tolist() == ["chat", "chät"]
    assert duckdb.sql(f"SELECT * FROM '{file}'").fetchall() == expected.rows()


def test_a_suppressed_cell_holds_no_number(store: FolderStore):
    assert pl.read_parquet(_file(store)).rows()[1] == ("chät", "p90", None, None, None, None, "suppressed")
    assert b"13.37" not in _file(store).read_bytes()


def test_the_metadata_is_the_release_without_its_cells(store: FolderStore):
    found = json.loads(pq.read_metadata(_file(store)).metadata[b"release"])
    expected = json.loads(RELEASE.to_json())
    del expected["cells"]
    assert found == expected


def test_the_same_release_gives_the_same_parquet():
    assert parquet(RELEASE.to_json()) == parquet(Release.from_json(RELEASE.to_json()).to_json())


@pytest.mark.parametrize("spoil", [lambda file: file.unlink(), lambda file: file.write_bytes(b"PAR1")])
def test_a_missing_or_differing_parquet_is_made_again_from_the_json(store: FolderStore, spoil):
    whole = _file(store).read_bytes()
    spoil(_file(store))
    store.put(RELEASE.id, RELEASE.to_json())
    assert _file(store).read_bytes() == whole


def test_what_is_there_is_not_written_again(store: FolderStore):
    before = {file: file.stat().st_ino for file in store.folder.iterdir()}
    store.put(RELEASE.id, RELEASE.to_json())
    assert {file: file.stat().st_ino for file in store.folder.iterdir()} == before


def test_files_are_private_and_whole(store: FolderStore):
    assert sorted(file.name for file in store.folder.iterdir()) == [f"{RELEASE.id}.json", f"{RELEASE.id}.parquet"]
    assert {file.stat().st_mode & 0o777 for file in store.folder.iterdir()} == {0o600}


def test_a_write_that_fails_leaves_the_old_file(store: FolderStore, monkeypatch: pytest.MonkeyPatch):
    whole = _file(store).read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.put(RELEASE.id, replace(RELEASE, nano_rho=6).to_json())
    assert _file(store).read_bytes() == whole
    assert store.get(RELEASE.id) == RELEASE


def test_a_release_without_cells_is_an_empty_table(store: FolderStore):
    store.put("r-bbbbbbbbbbbb", replace(RELEASE, cells=(), by=("phrase",)).to_json())
    frame = pl.read_parquet(store.folder / "r-bbbbbbbbbbbb.parquet")
    assert (frame.columns[0], frame.height) == ("phrase", 0)


def test_importing_the_store_loads_no_frame_library():
    code = "import privacy_analytics.dp.store, sys; print({'polars', 'pandas', 'pyarrow'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
