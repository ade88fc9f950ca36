import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from privacy_analytics.dp.questions import (
    Adopters,
    Bounded,
    CountAccounts,
    CountRows,
    Histogram,
    Key,
    Mean,
    Value,
)
from privacy_analytics.dp.questions.bounded import root
from privacy_analytics.errors import UsageError

OS = Key("os", (("macos", "macos"), ("linux", "linux"), ("other", "other")))
PLAIN = Bounded(CountRows("events", by="os"), (OS,), 2, 10, "all", "2026-10.r0")

VALUE = Value("minutes", 0, 24_000, 100)


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, per_account=1),
        replace(PLAIN, per_cell=9),
        replace(PLAIN, population="not opted out"),
        replace(PLAIN, snapshot="2026-10.r1"),
        replace(PLAIN, versions=(("sessions", 2),)),
        replace(PLAIN, keys=(replace(OS, values=OS.values[:2]),)),
        replace(PLAIN, keys=(replace(OS, values=(*OS.values[:2], ("other", "linux"))),)),
        replace(PLAIN, keys=(replace(OS, edges=(1, 2)),)),
        replace(PLAIN, value=VALUE),
        replace(PLAIN, places=(1, 2)),
        replace(PLAIN, months=("2026-09", "2026-10")),
        replace(PLAIN, again=1),
        replace(PLAIN, question=CountRows("events", by="os", where={"feature": "chat"})),
        replace(PLAIN, question=CountRows("events", by="os", cohort=Adopters("chat"))),
        replace(PLAIN, question=CountAccounts("events", by="os")),
    ],
)
def test_what_decides_the_answer_is_in_its_key(other: Bounded):
    assert other.key != PLAIN.key


@pytest.mark.parametrize("other", [replace(VALUE, low=1), replace(VALUE, high=1), replace(VALUE, units=10),
                                   replace(VALUE, total=(0, 5)), replace(VALUE, column="hours")])  # fmt: skip
def test_the_fixed_point_of_a_value_is_in_its_key(other: Value):
    assert replace(PLAIN, value=other).key != replace(PLAIN, value=VALUE).key


def test_a_bound_that_the_contract_fills_in_is_the_same_question_as_one_written_out():
    assert replace(PLAIN, question=CountRows("events", by="os", per_account=2, per_cell=10)).key == PLAIN.key


@given(st.integers(1, 10_000), st.integers(1, 10_000_000), st.booleans())
@example(1, 2, True)
def test_the_norm_is_never_rounded_down(per_account: int, per_cell: int, mean: bool):
    """All coordinates of one account together: its cells, as many again that count it, one for having met a bound."""
    question = Mean("sessions", "minutes", by="os") if mean else PLAIN.question
    bounded = replace(PLAIN, question=question, per_account=per_account, per_cell=per_cell)
    square = (2 if mean else 1) * per_account * per_cell**2 + bounded.clipped**2
    assert Fraction(bounded.l2) ** 2 >= square
    assert bounded.l2 <= math.sqrt(square) * (1 + 1e-15)
    assert 8 * bounded.clipped**2 <= square - bounded.clipped**2  # so the norm grows by the root of 9/8 at most


def test_a_norm_whose_plain_float_is_too_small_is_rounded_up():
    square = 92 * 2791**2
    assert Fraction(math.nextafter(math.sqrt(92) * 2791, math.inf)) ** 2 < square <= Fraction(root(square)) ** 2


def test_a_question_over_several_months_is_priced_at_twice_its_norm():
    spanning = replace(PLAIN, months=("2026-09", "2026-10"))
    assert (PLAIN.sensitivity, spanning.sensitivity) == (PLAIN.l2, 2 * PLAIN.l2)


def test_who_met_a_bound_is_counted_where_a_bound_can_be_met_and_that_is_cheap():
    everywhere = replace(PLAIN, question=CountAccounts("events", by="os"), per_account=3, per_cell=1)
    assert everywhere.clipped == 0
    assert replace(everywhere, keys=(cells(8),), per_account=8).clipped == 0
    assert replace(everywhere, keys=(cells(9),), per_account=8).clipped == 1
    assert replace(everywhere, keys=(cells(9),), per_account=7).clipped == 0
    assert PLAIN.clipped == math.isqrt(2 * 100) // 4


def cells(count: int) -> Key:
    return Key("feature", tuple((f"f{at}", f"f{at}") for at in range(count)))


@pytest.mark.parametrize(
    "about",
    [
        {"per_account": 1, "per_cell": 2**31},
        {"per_account": 5, "per_cell": 10**9},
        {"value": Value("minutes", 0, 2**31, 1)},
        {"value": Value("minutes", -(2**31), 0, 1)},
        {"value": Value("minutes", 0, 1, 1, total=(0, 2**31))},
        {"places": (1, 2**31), "value": VALUE},
        {"per_account": 10**400},
    ],
)
def test_bounds_that_could_wrap_in_64_bits_are_refused(about: dict[str, Any]):
    with pytest.raises(UsageError, match="too large"):
        replace(PLAIN, **about)
    assert replace(PLAIN, per_account=4, per_cell=10**9).l2 < 2**31


def test_days_of_a_week_share_its_cell():
    week = Key("day", (("2026-10-01", "W40"), ("2026-10-02", "W40"), ("2026-10-05", "W41")))
    assert replace(PLAIN, keys=(week,)).cells == [("W40",), ("W41",)]


def test_a_histogram_has_a_cell_for_each_bin_of_each_group():
    histogram = replace(PLAIN, question=Histogram("sessions", "minutes", [5, 15], by="os"), places=(5, 15))
    assert histogram.cells[:4] == [
        ("macos", "under 5"),
        ("macos", "5 to 15"),
        ("macos", "15 or more"),
        ("linux", "under 5"),
    ]
    assert (len(histogram.cells), len(histogram.groups), histogram.names) == (9, 3, ("os", "minutes"))
