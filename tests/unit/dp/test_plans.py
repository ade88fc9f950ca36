from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy_analytics.dp import plans
from privacy_analytics.dp.answering import half_width
from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.questions import (
    Bounded,
    CountAccounts,
    CountRows,
    Key,
    Mean,
    Quantiles,
    Retention,
    TopKeys,
    Value,
)


def block(cells: int, per_account: int = 1, per_cell: int = 1) -> Bounded:
    key = Key("feature", tuple((f"f{i}", f"f{i}") for i in range(cells)))
    return Bounded(CountRows("events", by="feature"), (key,), per_account, per_cell, "all", "2026-10.r0")


MONTH = Bounded(CountAccounts("events"), (), 1, 1, "all", "2026-10.r0")
DAYS, WEEKS = block(31, 31), block(5, 5)

shapes = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 100)), min_size=1, max_size=6)


@given(shapes, st.floats(1, 1e7), st.integers(6, 10**9), st.booleans())
def test_what_is_allotted_is_at_most_the_total(shape: Any, accounts: float, total: int, explicit: bool):
    blocks = {f"b{i}": (block(c, min(a, c), r),) for i, (c, a, r) in enumerate(shape)}
    allotted, dropped = plans.allot(blocks, accounts, Charge(total), all_of_them=explicit)
    assert sum(each.charge.nano_rho for each in allotted) <= total
    assert all(each.charge.nano_rho >= 1 for each in allotted)
    assert {each.name for each in allotted} | {each.name for each in dropped} == set(blocks)
    assert not (explicit and dropped)


@pytest.mark.parametrize(("accounts", "grain"), [(100_000, DAYS), (1_500, WEEKS)])
def test_the_released_population_chooses_the_grain(accounts: int, grain: Bounded):
    (chosen,), dropped = plans.allot({"time": (DAYS, WEEKS)}, accounts, Charge(1_000_000))
    assert chosen.bounded == grain
    assert dropped == []


def test_what_is_too_small_is_named_with_the_population_it_needs():
    allotted, (small,) = plans.allot({"month": (MONTH,), "time": (DAYS, WEEKS)}, 400, Charge(1_000_000))
    assert [each.name for each in allotted] == ["month"]
    assert allotted[0].charge == Charge(1_000_000)
    assert small.name == "time"
    assert small.needs > 400


def test_from_the_population_it_needs_a_block_is_released():
    _, (small,) = plans.allot({"time": (WEEKS,)}, 400, Charge(1_000_000))
    allotted, dropped = plans.allot({"time": (WEEKS,)}, small.needs, Charge(1_000_000))
    assert (len(allotted), dropped) == (1, [])
    assert plans.allot({"time": (WEEKS,)}, small.needs * 0.85, Charge(1_000_000))[1]


def test_every_block_that_is_allotted_is_useful():
    allotted, _ = plans.allot({"a": (DAYS, WEEKS), "b": (block(30, 8),), "c": (MONTH,)}, 5_000, Charge(20_000_000))
    assert allotted
    for each in allotted:
        assert half_width(each.bounded, each.charge.nano_rho) <= plans.USEFUL * plans.expected_cell(each.bounded, 5_000)


def test_a_question_asked_for_by_itself_is_never_dropped():
    (only,), dropped = plans.allot({"answer": (DAYS,)}, 10, Charge(1000), all_of_them=True)
    assert (only.bounded, only.charge, dropped) == (DAYS, Charge(1000), [])


def test_the_same_numbers_give_the_same_plan():
    blocks = {"a": (DAYS, WEEKS), "b": (block(30, 8),)}
    assert plans.allot(blocks, 4321.0, Charge(7_654_321)) == plans.allot(dict(blocks), 4321.0, Charge(7_654_321))


def test_the_harder_block_gets_the_larger_share():
    allotted, _ = plans.allot({"month": (MONTH,), "days": (DAYS,)}, 1e6, Charge(1_000_000))
    prices = {each.name: each.charge.nano_rho for each in allotted}
    assert prices["days"] > 10 * prices["month"]


def test_no_blocks_are_no_plan():
    assert plans.allot({}, 1000, Charge(1000)) == ([], [])


@given(st.floats(1, 1e7), st.integers(1, 10**9))
def test_a_block_alone_gets_everything(accounts: float, total: int):
    (only,), _ = plans.allot({"answer": (DAYS,)}, accounts, Charge(total), all_of_them=True)
    assert only.charge == Charge(total)


PHRASES = Bounded(TopKeys("messages", "content"), (), 30, 1, "all", "2026-10.r0")
MINUTES = Value("minutes", 0, 24_000, 100)
MEAN = Bounded(Mean("sessions", "minutes"), (), 1, 12_000, "all", "2026-10.r0", value=MINUTES)
MEDIAN = Bounded(
    Quantiles("sessions", "minutes", [0.5]), (), 1, 1, "all", "2026-10.r0", value=MINUTES, places=(0, 9, 24_000)
)
STAY = Bounded(Retention(), DAYS.keys, 4, 1, "all", "s", months=("2026-09", "2026-10"))


def test_delta_is_split_evenly_among_the_questions_that_find_phrases():
    blocks = {"a": (PHRASES,), "b": (MONTH,), "c": (replace(PHRASES, snapshot="other"),)}
    allotted, _ = plans.allot(blocks, 1e6, Charge(10**8, 1001), all_of_them=True)
    assert [each.charge.delta for each in allotted] == [500, 0, 500]


@pytest.mark.parametrize("bounded", [MONTH, DAYS, MEAN, MEDIAN, PHRASES, STAY])
def test_every_kind_is_useful_from_the_population_it_is_said_to_need(bounded: Bounded):
    budget = Charge(20_000, 10**6)
    _, (small,) = plans.allot({"a": (bounded,)}, 40, budget)
    assert plans.allot({"a": (bounded,)}, small.needs * 1.01, budget)[1] == []
    assert plans.allot({"a": (bounded,)}, small.needs * 0.8, budget)[1] != []


def test_means_and_quantiles_need_more_accounts_than_a_count_at_the_same_price():
    cells = [plans.expected_cell(each, 1000) for each in (MONTH, MEAN, MEDIAN)]
    assert cells == [1000, 1000 / plans.CLOSER, 1000 / plans.CLOSER]


def test_what_else_could_be_asked_is_narrower_or_cheaper():
    offers = {each["says"]: each for each in plans.alternatives(DAYS, (DAYS, WEEKS), 2000, Charge(100_000))}
    assert list(offers) == ["by feature", "per_account=7", "the price that makes it useful"]
    useful = offers["the price that makes it useful"]
    assert useful["half_width"] == pytest.approx(plans.USEFUL * useful["expected_cell"], rel=0.01)
    cheaper = plans.alternatives(MONTH, (MONTH,), 1e6, Charge(10**8))
    assert [each["says"] for each in cheaper] == ["a quarter of the price"]
    assert cheaper[0]["nano_rho"] == 25_000_000
