"""What docs/capacity.md says was measured is what was measured."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tables():
    spec = importlib.util.spec_from_file_location("growing_tables", ROOT / "benchmarks" / "growing" / "tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_table_of_the_page_is_made_of_the_stored_result(tables):
    page = tables.PAGE.read_text(encoding="utf-8")
    assert tables.put(page, tables.read()) == page


def test_a_page_without_a_place_for_a_table_is_refused(tables):
    with pytest.raises(ValueError, match="one place"):
        tables.put("nothing", tables.read())


def test_memory_was_flat_where_the_page_says_so(tables):
    result = tables.read()
    ingested = {each["events"]: each for each in result["ingest"]}
    asked = {each["events"]: each["mib"] for each in result["questions"] if each["engine"] == "polars"}
    for run in ("first", "again"):
        assert ingested[10**7][run]["mib"] <= 1.5 * ingested[10**6][run]["mib"]
    assert asked[10**7] <= 1.5 * asked[10**6]
