"""Who is held back because of age is counted for the officer, who erases them or lets one go."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from click.testing import CliRunner

from privacy_analytics.cli.account.held import held
from privacy_analytics.lake import ALWAYS, Lake
from privacy_analytics.scrub import IdentityHasher


@pytest.fixture
def desk(empty, add, events):
    """Accounts 1 to 4 with events; 1 is not attested, ``kim`` and 2 said to be under 18."""
    lake = Lake(empty.path("lake"))
    kim = IdentityHasher(*empty.secret_keys()).pseudonym("kim")
    add(empty, events=pl.concat([events([1, 2, 3, 4]), events([5]).with_columns(account=pl.lit(kim))]))
    lake.add("held", pl.DataFrame({"account": [f"{1:032x}"], "month": [ALWAYS]}))
    lake.mark([f"{2:032x}", kim], "minor", is_set=True, at=datetime(2026, 11, 1, tzinfo=UTC))
    return empty


def run(settings, *options, people=""):
    return CliRunner().invoke(held, ["-w", str(settings.root), *options], input=people)


def test_they_are_counted_by_reason(desk):
    said = run(desk).output.splitlines()
    assert [line.split()[:2] for line in said[:2]] == [["not-attested", "1"], ["self-disclosed", "2"]]


def test_one_is_let_go_by_name(desk):
    result = run(desk, "--release", "--by", "Ana Ruiz", people="kim\n")
    assert "1 account(s) let go" in result.output
    assert Lake(desk.path("lake")).marked("minor").collect()["account"].to_list() == [f"{2:032x}"]


def test_who_is_not_held_cannot_be_let_go(desk, add, events):
    other = IdentityHasher(*desk.secret_keys()).pseudonym("lee")
    add(desk, events=events([9]).with_columns(account=pl.lit(other)))
    result = run(desk, "--release", "--by", "Ana Ruiz", people="kim\nlee\n")
    assert "Nothing was changed" in str(result.exception)
    assert Lake(desk.path("lake")).marked("minor").collect().height == 2


def test_nothing_is_erased_without_confirmation(desk):
    assert "3 account(s) would be erased" in run(desk, "--erase", "--by", "Ana Ruiz").output
    assert Lake(desk.path("lake")).marked("minor").collect().height == 2


def test_all_of_a_reason_are_erased_together(desk):
    result = run(desk, "--erase", "--reason", "self-disclosed", "--by", "Ana Ruiz", "--confirm")
    assert "2 account(s) erased, 0 not yet" in result.output, result.exception
    lake = Lake(desk.path("lake"))
    left = lake.scan("events", "2026-10", lake.batches()).collect()["account"]
    assert sorted(left) == [f"{n:032x}" for n in (1, 3, 4)]
    assert run(desk).output.splitlines()[1].split()[1] == "0"
