"""polars and DuckDB give the same integers, cell by cell, for every kind of question; Spark: see ``test_spark``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from privacy_analytics import counting
from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp import bounding
from privacy_analytics.engines import duckdb
from privacy_analytics.engines.duckdb import DuckDBEngine
from privacy_analytics.errors import LOST, LedgerError
from privacy_analytics.lake import Lake
from tests.unit.engines.asked import ASKED, FEW, PHRASES
from tests.unit.engines.worlds import WORLDS, World, differs, spells_otherwise


@pytest.fixture(scope="module")
def disturbing(tmp_path_factory: pytest.TempPathFactory) -> World:
    return WORLDS["made"](tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module", params=["sample", "real"])
def peopled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    return WORLDS[request.param](tmp_path_factory.mktemp(request.param))


@pytest.mark.parametrize("name", FEW)
def test_duckdb_counts_what_polars_counts(disturbing: World, name: str):
    assert differs(disturbing, ASKED[name], DuckDBEngine, something=name != "nothing") == []


@pytest.mark.parametrize(
    "changed",
    [
        {"population": "not opted out"},
        {"without": (("events", "2026-08"), ("accounts", ""))},
        {"per_cell": 1, "per_account": 1},
    ],
    ids=["population", "policies", "bounds"],
)
def test_duckdb_leaves_out_whom_polars_leaves_out(disturbing: World, changed: Any):
    assert differs(disturbing, ASKED["systems and hours"], DuckDBEngine, **changed) == []


@pytest.mark.parametrize("name", ["systems and hours", "histogram", "crashed"])
def test_duckdb_counts_the_same_in_spans(disturbing: World, name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(DuckDBEngine, "span_rows", 400)
    assert differs(disturbing, ASKED[name], DuckDBEngine) == []


@pytest.mark.parametrize("name", PHRASES)
def test_duckdb_spells_what_polars_spells(disturbing: World, name: str):
    assert spells_otherwise(disturbing, PHRASES[name], DuckDBEngine) == []


@pytest.mark.long
@pytest.mark.parametrize("name", ASKED)
def test_duckdb_counts_what_polars_counts_of_people(peopled: World, name: str):
    assert differs(peopled, ASKED[name], DuckDBEngine) == []


def test_phrases_spelled_in_spans_are_the_same(disturbing: World, monkeypatch: pytest.MonkeyPatch):
    bounded, about = disturbing.asked(PHRASES["words"])
    whole = LakeEngine(*about).weights(bounded, frozenset())
    monkeypatch.setattr(counting, "SPAN_TEXTS", 20)
    some = LakeEngine(*about)
    assert some.weights(bounded, frozenset()) == whole
    assert (
        some.counts(bounded, ["warm", "mix"]).tolist() == LakeEngine(*about).counts(bounded, ["warm", "mix"]).tolist()
    )


def test_an_account_that_exceeds_a_bound_is_dropped_and_the_operator_told(
    disturbing: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    bounded, about = disturbing.asked(ASKED["weeks"])
    before = DuckDBEngine(*about).sums(bounded)
    honest = bounding.contributions

    def faulty(*of: Any) -> Any:
        return honest(*of).with_columns(n=bounding.nw.col("n") * 2)  # whoever was at a bound is now beyond it

    monkeypatch.setattr(bounding, "contributions", faulty)
    monkeypatch.setattr(counting.OPERATOR, "propagate", True)
    with caplog.at_level(logging.ERROR):
        after = DuckDBEngine(*about).sums(bounded)
    assert 0 < after.accounts.sum() < before.accounts.sum()
    assert "bounding dropped" in caplog.text


def test_what_an_engine_says_of_rows_is_heard_by_nobody(
    disturbing: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    read = duckdb._Files.read
    bounded, about = disturbing.asked(ASKED["everybody"])
    monkeypatch.setattr(duckdb._Files, "read", lambda *of: read(*of).filter("error('CANARY-7') IS NULL"))
    monkeypatch.setattr(counting.OPERATOR, "propagate", True)
    with caplog.at_level(logging.DEBUG), pytest.raises(LedgerError) as raised:
        DuckDBEngine(*about).sums(bounded)
    assert str(raised.value) == LOST
    assert raised.value.__context__ is None
    assert "the engine failed in sums: InvalidInputException" in caplog.text
    assert "CANARY" not in caplog.text


def test_a_column_that_older_files_do_not_have_is_unknown_there(tmp_path: Path):
    world = WORLDS["made"](tmp_path)
    lake = Lake(world.settings.path("lake"))
    for _, _, file in lake.live("events")[:1]:
        pl.read_parquet(file).drop("style", "policy").write_parquet(file)
    assert differs(world, ASKED["their own"], DuckDBEngine, without=(("events", "2026-08"),)) == []
