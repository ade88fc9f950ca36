import json
import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy_analytics.dp.questions import Adopters, Bounded, CountAccounts, CountRows, Key, question_from
from privacy_analytics.errors import UsageError

OS = Key("os", (("macos", "macos"), ("linux", "linux"), ("other", "other")))
PLAIN = Bounded(CountRows("events", by="os"), (OS,), 2, 10, "all", "2026-10.r0")


def test_equivalent_spellings_are_one_question():
    one = CountAccounts("events", by="os", where={"feature": "chat", "event": ["b", "a", "a"]})
    other = CountAccounts("events", by=["os"], where={"event": ("a", "b"), "feature": ["chat"]})
    assert one == other
    assert json.dumps(one.canonical()) == json.dumps(other.canonical())


@pytest.mark.parametrize(
    "question",
    [
        CountAccounts("events"),
        CountAccounts("events", by=["day", "os"], where={"os": "macos"}, cohort=Adopters("chat"), per_account=3),
        CountRows("events", by="os", per_cell=7),
    ],
)
def test_a_question_survives_json(question: Any):
    assert question_from(json.loads(json.dumps(question.canonical()))) == question


def test_kinds_are_different_questions():
    assert CountAccounts("events").canonical() != CountRows("events").canonical()


@pytest.mark.parametrize("bound", [0, -1, 1.5, math.nan, True, "3"])
def test_a_bound_is_a_whole_number(bound: Any):
    with pytest.raises(UsageError, match="per_account is a whole number"):
        CountAccounts("events", per_account=bound)
    with pytest.raises(UsageError, match="per_cell is a whole number"):
        CountRows("events", per_cell=bound)


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ({"by": ["os", "os"]}, "same column twice"),
        ({"by": ["day", "week"]}, "by day or by week"),
        ({"where": {"os": []}}, "names no key"),
        ({"by": [3]}, "names and keys are text"),
        ({"where": {"os": [3]}}, "names and keys are text"),
        ({"cohort": "chat"}, "Adopters"),
    ],
)
def test_what_is_no_question_is_refused_with_the_reason(shape: dict[str, Any], says: str):
    with pytest.raises(UsageError, match=says):
        CountAccounts("events", **shape)


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"kind": "rows_please", "table": "events"},
        {"kind": "count_accounts"},
        {"kind": "count_accounts", "table": ["events"]},
        {"kind": "count_accounts", "table": "events", "secret": 1},
        {"kind": "count_accounts", "table": "events", "per_account": math.nan},
        {"kind": "count_accounts", "table": "events", "by": 5},
        {"kind": "count_accounts", "table": "events", "cohort": {"feature": 5}},
        {"kind": "count_accounts", "table": "events", "where": "os"},
    ],
)
def test_json_that_is_no_question_is_refused(raw: dict[str, Any]):
    with pytest.raises(UsageError):
        question_from(raw)


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, per_account=1),
        replace(PLAIN, per_cell=9),
        replace(PLAIN, population="not opted out"),
        replace(PLAIN, snapshot="2026-10.r1"),
        replace(PLAIN, versions=(("sessions", 2),)),
        replace(PLAIN, keys=(replace(OS, values=OS.values[:2]),)),
        replace(PLAIN, question=CountRows("events", by="os", where={"feature": "chat"})),
        replace(PLAIN, question=CountRows("events", by="os", cohort=Adopters("chat"))),
    ],
)
def test_what_decides_the_answer_is_in_its_key(other: Bounded):
    assert other.key != PLAIN.key


def test_a_bound_that_the_contract_fills_in_is_the_same_question_as_one_written_out():
    assert replace(PLAIN, question=CountRows("events", by="os", per_account=2, per_cell=10)).key == PLAIN.key


@given(st.integers(1, 10_000), st.integers(1, 10_000_000))
def test_the_norm_is_never_rounded_down(per_account: int, per_cell: int):
    bounded = replace(PLAIN, per_account=per_account, per_cell=per_cell)
    square = per_account * per_cell**2 + bounded.clipped**2
    assert Fraction(bounded.l2) ** 2 >= square
    assert bounded.l2 <= math.sqrt(square) * (1 + 1e-15)


def test_a_norm_whose_plain_float_is_too_small_is_rounded_up():
    assert math.nextafter(math.sqrt(92) * 2791, math.inf) < Fraction(replace(PLAIN, per_account=92, per_cell=2791).l2)


def test_bounds_that_could_wrap_in_64_bits_are_refused():
    with pytest.raises(UsageError, match="too large"):
        replace(PLAIN, per_account=1, per_cell=2**31)
    with pytest.raises(UsageError, match="too large"):
        replace(PLAIN, per_account=5, per_cell=10**9)
    assert replace(PLAIN, per_account=4, per_cell=10**9).l2 < 2**31


def test_days_of_a_week_share_its_cell():
    week = Key("day", (("2026-10-01", "W40"), ("2026-10-02", "W40"), ("2026-10-05", "W41")))
    assert replace(PLAIN, keys=(week,)).cells == [("W40",), ("W41",)]
